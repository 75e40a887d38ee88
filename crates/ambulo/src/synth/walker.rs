//! The settings of a synthetic walker, and its body.

use serde::{Deserialize, Serialize};

use crate::{PerSide, Side};

/// A synthetic walker: who walks, how, where, and when frames are taken.
///
/// Lengths are metres, angles degrees. Everything that is not set takes the value of a healthy
/// adult at comfortable speed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Walker {
    /// Standing height.
    pub height_m: f64,
    /// Hip joint centre to ankle joint centre; the share of the height if absent.
    pub leg_length_m: Option<f64>,
    /// Speed along the path.
    pub speed_mps: f64,
    /// Steps per minute.
    pub cadence_spm: f64,
    /// Heel to heel across the walk.
    pub step_width_m: f64,
    /// How much longer the right step is than the left, as a share of their mean.
    pub step_length_asymmetry: f64,
    /// How much longer the right step lasts than the left, as a share of their mean.
    pub step_time_asymmetry: f64,
    /// Contact to foot off, percent of the cycle. Double support follows: both sides' stance
    /// together, less 100.
    pub stance_pct: PerSide<f64>,
    /// Least height of the toe in the middle of swing.
    pub toe_clearance_m: f64,
    /// Toes turned outward.
    pub toe_out_deg: PerSide<f64>,
    /// Toes above heel at contact; grows with the step if absent.
    pub foot_strike_deg: Option<f64>,
    /// Heel above toes at foot off; grows with the step if absent.
    pub push_off_deg: Option<f64>,
    /// Least knee flexion while walking; large values make a crouch gait.
    pub least_knee_flexion_deg: f64,
    /// Trunk from the vertical, forward.
    pub trunk_lean_deg: f64,
    /// Range of the angle between shoulder to wrist and the trunk.
    pub arm_swing_deg: PerSide<f64>,
    /// Range of the pelvis turning about the vertical.
    pub pelvis_rotation_deg: f64,
    /// Pelvis path from side to side, half its range.
    pub sway_m: f64,
    /// Differences between steps.
    pub variability: Variability,
    /// Where the walk leads.
    pub path: Path,
    /// On a belt that carries the walker back at the walker's speed.
    pub treadmill: bool,
    /// Standing still before the first step.
    pub stand_before_s: f64,
    /// Standing still after the last step.
    pub stand_after_s: f64,
    /// Complete strides a side; a path with an end has as many as it needs.
    pub strides: usize,
    /// The foot that lands first.
    pub first: Side,
    /// Heading in the world: 0 along X, positive to the left.
    pub heading_deg: f64,
    /// World X and Z of the start.
    pub origin_m: [f64; 2],
    /// World Y of the floor.
    pub floor_m: f64,
    /// When frames are taken.
    pub frames: FrameTimes,
    /// Also give skin markers of the pelvis, knees, ankles and head.
    pub markers: bool,
}

/// How much steps differ from each other, drawn from normal distributions cut at 2.5 SD.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Variability {
    /// Standard deviation of the step time, percent of its mean.
    pub step_time_pct: f64,
    /// Standard deviation of the step length, percent of its mean.
    pub step_length_pct: f64,
    /// Standard deviation of each foot's place across the walk.
    pub foot_place_m: f64,
    /// Seed of the draws.
    pub seed: u64,
}

/// Where the walk leads.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Path {
    /// Straight ahead.
    Straight,
    /// Straight, a curve, and straight again.
    Turn {
        /// Length before the curve.
        before_m: f64,
        /// Angle turned through, positive to the left.
        angle_deg: f64,
        /// Radius of the curve.
        radius_m: f64,
        /// Length after the curve.
        after_m: f64,
    },
    /// Up and down between two ends, with a tight half turn to the left at each.
    ThereAndBack {
        /// Straight length of one pass.
        length_m: f64,
        /// How many passes.
        passes: usize,
    },
}

/// When frames are taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum FrameTimes {
    /// Evenly, for as long as the walk lasts.
    Rate {
        /// Frames per second.
        hz: f64,
    },
    /// At these times, in seconds from the start.
    Explicit {
        /// Increasing times.
        times_s: Vec<f64>,
    },
}

/// Why a walker cannot walk.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SynthError {
    /// A setting is outside what the model can do.
    #[error("{setting} of {value} is not possible: it must be {allowed}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What is possible.
        allowed: &'static str,
    },
    /// The legs are too short for the steps.
    #[error(
        "steps of {step_length_m:.2} m are too long for legs of {leg_length_m:.2} m: lower the speed or raise the cadence"
    )]
    Unreachable {
        /// Mean step length.
        step_length_m: f64,
        /// Hip to ankle.
        leg_length_m: f64,
    },
    /// The times of frames are not usable.
    #[error(transparent)]
    Time(#[from] crate::time::TimeError),
    /// The walker's positions do not form a recording.
    #[error(transparent)]
    Shape(#[from] crate::keypoints::ShapeError),
}

impl Default for Walker {
    fn default() -> Self {
        Self {
            height_m: 1.72,
            leg_length_m: None,
            speed_mps: 1.25,
            cadence_spm: 110.0,
            step_width_m: 0.10,
            step_length_asymmetry: 0.0,
            step_time_asymmetry: 0.0,
            stance_pct: PerSide {
                left: 62.0,
                right: 62.0,
            },
            toe_clearance_m: 0.02,
            toe_out_deg: PerSide {
                left: 6.0,
                right: 6.0,
            },
            foot_strike_deg: None,
            push_off_deg: None,
            least_knee_flexion_deg: 5.0,
            trunk_lean_deg: 3.0,
            arm_swing_deg: PerSide {
                left: 36.0,
                right: 36.0,
            },
            pelvis_rotation_deg: 8.0,
            sway_m: 0.02,
            variability: Variability::default(),
            path: Path::Straight,
            treadmill: false,
            stand_before_s: 0.0,
            stand_after_s: 0.0,
            strides: 5,
            first: Side::Left,
            heading_deg: 0.0,
            origin_m: [0.0, 0.0],
            floor_m: 0.0,
            frames: FrameTimes::Rate { hz: 100.0 },
            markers: false,
        }
    }
}

impl Walker {
    /// A child of six years.
    pub fn child() -> Self {
        Self {
            height_m: 1.16,
            speed_mps: 1.05,
            cadence_spm: 135.0,
            step_width_m: 0.08,
            ..Self::default()
        }
    }

    /// Slow short steps with little clearance, stooped, the arms still: as in Parkinson's disease.
    pub fn shuffling() -> Self {
        Self {
            speed_mps: 0.3,
            cadence_spm: 100.0,
            step_width_m: 0.12,
            stance_pct: PerSide {
                left: 72.0,
                right: 72.0,
            },
            toe_clearance_m: 0.01,
            trunk_lean_deg: 18.0,
            least_knee_flexion_deg: 12.0,
            arm_swing_deg: PerSide {
                left: 6.0,
                right: 10.0,
            },
            pelvis_rotation_deg: 3.0,
            ..Self::default()
        }
    }

    /// A brisk walk at 2 m/s.
    pub fn fast() -> Self {
        Self {
            speed_mps: 2.0,
            cadence_spm: 135.0,
            stance_pct: PerSide {
                left: 58.5,
                right: 58.5,
            },
            arm_swing_deg: PerSide {
                left: 60.0,
                right: 60.0,
            },
            ..Self::default()
        }
    }

    /// The same walker with frames at another rate.
    pub fn at_rate(self, hz: f64) -> Self {
        Self {
            frames: FrameTimes::Rate { hz },
            ..self
        }
    }

    /// Mean step length: speed divided by steps per second.
    pub fn step_length_m(&self) -> f64 {
        self.speed_mps * self.step_time_s()
    }

    /// Mean step time.
    pub fn step_time_s(&self) -> f64 {
        60.0 / self.cadence_spm
    }

    /// Both feet on the ground, percent of the cycle: what the two stances leave.
    pub fn double_support_pct(&self) -> f64 {
        self.stance_pct.left + self.stance_pct.right - 100.0
    }

    /// Checks what the model rests on.
    pub(super) fn check(&self) -> Result<(), SynthError> {
        let within = |setting, value: f64, from: f64, to: f64, allowed| {
            if value >= from && value <= to {
                Ok(())
            } else {
                Err(SynthError::Setting {
                    setting,
                    value,
                    allowed,
                })
            }
        };
        within("height_m", self.height_m, 0.5, 2.5, "0.5 to 2.5 m")?;
        if let Some(leg) = self.leg_length_m {
            within("leg_length_m", leg, 0.2, 1.5, "0.2 to 1.5 m")?;
        }
        within("speed_mps", self.speed_mps, 0.02, 4.0, "0.02 to 4 m/s")?;
        within("cadence_spm", self.cadence_spm, 20.0, 300.0, "20 to 300")?;
        within(
            "step_width_m",
            self.step_width_m,
            -0.1,
            0.6,
            "-0.1 to 0.6 m",
        )?;
        for value in [self.step_length_asymmetry, self.step_time_asymmetry] {
            within("asymmetry", value, -1.0, 1.0, "-1 to 1")?;
        }
        for value in [self.stance_pct.left, self.stance_pct.right] {
            within("stance_pct", value, 50.5, 90.0, "50.5 to 90 %")?;
        }
        within(
            "toe_clearance_m",
            self.toe_clearance_m,
            0.0,
            0.3,
            "0 to 0.3 m",
        )?;
        within(
            "least_knee_flexion_deg",
            self.least_knee_flexion_deg,
            0.5,
            50.0,
            "0.5 to 50°",
        )?;
        for (setting, value) in [
            ("toe_out_deg", self.toe_out_deg.left),
            ("toe_out_deg", self.toe_out_deg.right),
            ("foot_strike_deg", self.foot_strike_deg.unwrap_or(0.0)),
            ("push_off_deg", self.push_off_deg.unwrap_or(0.0)),
            ("trunk_lean_deg", self.trunk_lean_deg),
            ("pelvis_rotation_deg", self.pelvis_rotation_deg),
        ] {
            within(setting, value, -80.0, 80.0, "-80 to 80°")?;
        }
        for value in [self.arm_swing_deg.left, self.arm_swing_deg.right] {
            within("arm_swing_deg", value, 0.0, 120.0, "0 to 120°")?;
        }
        within("sway_m", self.sway_m, 0.0, 0.2, "0 to 0.2 m")?;
        for (setting, value) in [
            ("step_time_pct", self.variability.step_time_pct),
            ("step_length_pct", self.variability.step_length_pct),
        ] {
            within(setting, value, 0.0, 20.0, "0 to 20 %")?;
        }
        within(
            "foot_place_m",
            self.variability.foot_place_m,
            0.0,
            0.1,
            "0 to 0.1 m",
        )?;
        for (setting, value) in [
            ("stand_before_s", self.stand_before_s),
            ("stand_after_s", self.stand_after_s),
        ] {
            within(setting, value, 0.0, 600.0, "0 to 600 s")?;
        }
        within("strides", self.strides as f64, 1.0, 10_000.0, "1 to 10,000")?;
        for value in [
            self.heading_deg,
            self.origin_m[0],
            self.origin_m[1],
            self.floor_m,
        ] {
            within("place", value, -1e4, 1e4, "a number")?;
        }
        if let FrameTimes::Rate { hz } = self.frames {
            within("rate", hz, 1.0, 10_000.0, "1 to 10,000 Hz")?;
        }
        self.check_path(within)
    }

    fn check_path(
        &self,
        within: impl Fn(&'static str, f64, f64, f64, &'static str) -> Result<(), SynthError>,
    ) -> Result<(), SynthError> {
        match self.path {
            Path::Straight => Ok(()),
            Path::Turn {
                before_m,
                angle_deg,
                radius_m,
                after_m,
            } => {
                within("before_m", before_m, 0.0, 1000.0, "0 to 1000 m")?;
                within("after_m", after_m, 0.0, 1000.0, "0 to 1000 m")?;
                within("angle_deg", angle_deg, -720.0, 720.0, "-720 to 720°")?;
                within("radius_m", radius_m, 0.2, 100.0, "0.2 to 100 m")
            }
            Path::ThereAndBack { length_m, passes } => {
                within("length_m", length_m, 0.5, 1000.0, "0.5 to 1000 m")?;
                within("passes", passes as f64, 1.0, 1000.0, "1 to 1000")
            }
        }
    }
}

/// Lengths of the body, in metres.
///
/// # Source
///
/// Shares of standing height of Drillis & Contini (1966), as printed in Winter (2009),
/// "Biomechanics and Motor Control of Human Movement", figure 4.1. The distance between hip joint
/// centres and the places along the foot are ours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Body {
    pub(super) height: f64,
    pub(super) thigh: f64,
    pub(super) shank: f64,
    /// Ankle above the sole.
    pub(super) ankle_height: f64,
    /// Heel to ankle along the foot.
    pub(super) ankle_ahead: f64,
    /// Heel to the ball of the foot, about which it rolls.
    pub(super) ball: f64,
    /// Ball to the tips of the toes.
    pub(super) toes: f64,
    /// Half the distance between the hips.
    pub(super) hip_half: f64,
    /// Pelvis to neck.
    pub(super) trunk: f64,
    pub(super) shoulder_half: f64,
    pub(super) upper_arm: f64,
    pub(super) forearm: f64,
    /// Neck to the top of the head.
    pub(super) head: f64,
}

impl Body {
    pub(super) fn of(walker: &Walker) -> Self {
        let height = walker.height_m;
        let legs = walker
            .leg_length_m
            .map_or(1.0, |leg| leg / (height * 0.491));
        let foot = 0.152 * height;
        Self {
            height,
            thigh: 0.245 * height * legs,
            shank: 0.246 * height * legs,
            ankle_height: 0.039 * height,
            ankle_ahead: 0.25 * foot,
            ball: 0.72 * foot,
            toes: 0.28 * foot,
            hip_half: 0.05 * height,
            trunk: 0.288 * height,
            shoulder_half: 0.115 * height,
            upper_arm: 0.186 * height,
            forearm: 0.146 * height,
            head: 0.182 * height,
        }
    }

    /// Hip to ankle with the knee straight.
    pub(super) fn leg(&self) -> f64 {
        self.thigh + self.shank
    }
}
