//! A walk: one bout seen in walking space, the form that events, angles and parameters are computed from.
//!
//! Both paths meet here. A motion in space is turned so that X points along the walk; keypoints of
//! one camera are flipped, scaled and laid into the same plane, with Z zero and never read.

mod config;
mod construction;

use std::collections::BTreeMap;

use nalgebra::{Point3, Vector3};
use serde::{Deserialize, Serialize};

use crate::skeleton::{Joint, on};
use crate::time::TimeBase;
use crate::{PerSide, Side};

pub use config::WalkConfig;
pub use construction::{PixelLengths, from_keypoints, from_motion, from_motion_in, joined};

/// What a recording can show of the walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// All three axes are measured.
    Spatial,
    /// One camera from the side: X and Y are measured, Z is not.
    Sagittal,
    /// One camera from the front or back: only timing is measured.
    Frontal,
}

/// What a length of 1 stands for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "unit")]
pub enum LengthUnit {
    /// Metres, with the scale's own relative standard error (0 for motion capture).
    Metres {
        /// Standard error of the scale divided by the scale.
        relative_error: f64,
    },
    /// The subject's leg length, because no scale is known.
    LegLengths,
}

/// The ground walked on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Default)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Surface {
    /// Firm ground: the body moves through the world.
    #[default]
    Overground,
    /// A belt that carries the feet backwards.
    Treadmill {
        /// Speed of the belt, where it was declared; otherwise it is taken from the stance feet.
        belt_speed_mps: Option<f64>,
    },
}

/// One bout in walking space: X along the walk, Y up from the floor, Z to the walker's right.
///
/// Trajectories are smoothed and their short gaps filled; `None` is what stayed missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Walk {
    time: TimeBase,
    start_time_s: f64,
    start_frame: usize,
    view: View,
    unit: LengthUnit,
    surface: Surface,
    leg_length: Option<f64>,
    trajectories: BTreeMap<Joint, Vec<Option<Point3<f64>>>>,
}

/// What a [`Walk`] is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct WalkParts {
    /// Time of each frame of the bout, from the bout's first frame.
    pub time: TimeBase,
    /// Time of the bout's first frame in the trial.
    pub start_time_s: f64,
    /// Index of the bout's first frame in the trial.
    pub start_frame: usize,
    /// What the recording can show.
    pub view: View,
    /// What a length of 1 stands for.
    pub unit: LengthUnit,
    /// The ground.
    pub surface: Surface,
    /// The subject's leg length in `unit`, where known.
    pub leg_length: Option<f64>,
    /// Each joint's position in each frame of the bout.
    pub trajectories: BTreeMap<Joint, Vec<Option<Point3<f64>>>>,
}

impl Walk {
    /// Keeps the parts of a walk.
    ///
    /// # Panics
    ///
    /// If a trajectory has another number of frames than the time: a bug of the caller.
    pub fn new(parts: WalkParts) -> Self {
        for (joint, trajectory) in &parts.trajectories {
            assert_eq!(trajectory.len(), parts.time.frames(), "frames of {joint}");
        }
        let WalkParts {
            time,
            start_time_s,
            start_frame,
            view,
            unit,
            surface,
            leg_length,
            trajectories,
        } = parts;
        Self {
            time,
            start_time_s,
            start_frame,
            view,
            unit,
            surface,
            leg_length,
            trajectories,
        }
    }

    /// Time of each frame, in seconds from the bout's first frame.
    pub fn time(&self) -> &TimeBase {
        &self.time
    }

    /// How many frames the bout has.
    pub fn frames(&self) -> usize {
        self.time.frames()
    }

    /// Time of the bout's first frame in the trial.
    pub fn start_time_s(&self) -> f64 {
        self.start_time_s
    }

    /// Index of the bout's first frame in the trial.
    pub fn start_frame(&self) -> usize {
        self.start_frame
    }

    /// What the recording can show.
    pub fn view(&self) -> View {
        self.view
    }

    /// What a length of 1 stands for.
    pub fn unit(&self) -> LengthUnit {
        self.unit
    }

    /// The ground walked on.
    pub fn surface(&self) -> Surface {
        self.surface
    }

    /// The subject's leg length in [`Walk::unit`], where known.
    pub fn leg_length(&self) -> Option<f64> {
        self.leg_length
    }

    /// The joints of this walk.
    pub fn joints(&self) -> impl Iterator<Item = Joint> {
        self.trajectories.keys().copied()
    }

    /// One joint's positions, one a frame.
    pub fn trajectory(&self, joint: Joint) -> Option<&[Option<Point3<f64>>]> {
        self.trajectories.get(&joint).map(Vec::as_slice)
    }

    /// One joint in one frame.
    pub fn position(&self, joint: Joint, frame: usize) -> Option<Point3<f64>> {
        self.trajectories.get(&joint)?.get(frame).copied().flatten()
    }

    /// A joint at any time of the bout, linear between frames; `None` outside or beside a gap.
    pub fn position_at(&self, joint: Joint, time_s: f64) -> Option<Point3<f64>> {
        interpolate(self.time.times_s(), self.trajectory(joint)?, time_s)
    }

    /// The first of these joints that the walk has.
    pub fn first_present(&self, choices: &[Joint]) -> Option<Joint> {
        choices
            .iter()
            .copied()
            .find(|joint| self.trajectories.contains_key(joint))
    }

    /// Two points whose middle stands for the wrist: its joint centre twice, else its two markers, else either of them
    /// twice.
    pub fn wrist(&self, side: Side) -> Option<[Joint; 2]> {
        let (thumb, little) = (on::thumb_wrist(side), on::little_wrist(side));
        let markers = [thumb, little];
        if !self.trajectories.contains_key(&on::wrist(side))
            && markers.iter().all(|it| self.trajectories.contains_key(it))
        {
            return Some(markers);
        }
        let one = self.first_present(&[on::wrist(side), thumb, little])?;
        Some([one; 2])
    }

    /// The point that stands for the forefoot: second metatarsal head, else big toe, else toe tip.
    pub fn toe(&self, side: Side) -> Option<Joint> {
        self.first_present(&[on::toe(side), on::big_toe(side), on::toe_tip(side)])
    }

    /// The point that stands for the ankle: joint centre, else lateral malleolus.
    pub fn ankle(&self, side: Side) -> Option<Joint> {
        self.first_present(&[on::ankle(side), on::lateral_malleolus(side)])
    }

    /// The point that stands for the knee: joint centre, else lateral epicondyle.
    pub fn knee(&self, side: Side) -> Option<Joint> {
        self.first_present(&[on::knee(side), on::lateral_knee(side)])
    }

    /// The point that stands for the shoulder: joint centre, else acromion.
    pub fn shoulder(&self, side: Side) -> Option<Joint> {
        self.first_present(&[on::shoulder(side), on::acromion(side)])
    }

    /// The point that stands for the base of the neck.
    pub fn neck(&self) -> Option<Joint> {
        self.first_present(&[Joint::C7, Joint::Neck, Joint::Thorax])
    }

    /// The point that a foot's place on the ground is read from: heel, else ankle.
    pub fn foot(&self, side: Side) -> Option<Joint> {
        self.first_present(&[on::heel(side), on::ankle(side), on::lateral_malleolus(side)])
    }

    /// The walk of the mirror image: left and right change names, Z changes sign.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let mut mirrored = self.clone();
        mirrored.trajectories = self
            .trajectories
            .iter()
            .map(|(joint, trajectory)| {
                let flipped = trajectory
                    .iter()
                    .map(|position| position.map(|p| Point3::new(p.x, p.y, -p.z)))
                    .collect();
                (joint.mirrored(), flipped)
            })
            .collect();
        mirrored
    }

    /// For both sides at once: the joint that `choose` finds, or `None` unless both have one.
    pub fn both(&self, choose: impl Fn(&Self, Side) -> Option<Joint>) -> Option<PerSide<Joint>> {
        Some(PerSide {
            left: choose(self, Side::Left)?,
            right: choose(self, Side::Right)?,
        })
    }
}

/// A trajectory at any time, linear between frames; `None` outside or beside a gap.
pub fn interpolate(
    times_s: &[f64],
    trajectory: &[Option<Point3<f64>>],
    time_s: f64,
) -> Option<Point3<f64>> {
    let after = times_s.partition_point(|&t| t < time_s);
    if after == times_s.len() {
        return None;
    }
    let b = trajectory[after]?;
    if times_s[after] <= time_s {
        return Some(b);
    }
    let a = trajectory[after.checked_sub(1)?]?;
    let share = (time_s - times_s[after - 1]) / (times_s[after] - times_s[after - 1]);
    Some(a + Vector3::from(b - a) * share)
}
