//! A walker made of formulas: feet that stand still in stance, and a body that rides over them.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use ambulo::cycles::GaitCycle;
use ambulo::kinematics::{AngleId, AngleMethod, AngleSeries, AngleTrack};
use ambulo::skeleton::{Joint, on};
use ambulo::time::TimeBase;
use ambulo::walk::{LengthUnit, Surface, View, Walk, WalkParts};
use ambulo::{PerSide, Side};
use nalgebra::{Point3, Rotation3, Vector3};

pub(crate) struct Walker {
    pub(crate) rate_hz: f64,
    pub(crate) stride_s: f64,
    /// Share of the stride after the left's contact at which the right foot lands.
    pub(crate) right_phase: f64,
    /// Stance as a share of the stride.
    pub(crate) stance: f64,
    /// Length of the step that each foot ends.
    pub(crate) step_m: PerSide<f64>,
    pub(crate) strides: PerSide<usize>,
    pub(crate) view: View,
    pub(crate) unit: LengthUnit,
    pub(crate) surface: Surface,
    pub(crate) origin_m: [f64; 3],
    pub(crate) start_time_s: f64,
    pub(crate) heading_deg: f64,
}

impl Default for Walker {
    fn default() -> Self {
        Self {
            rate_hz: 100.0,
            stride_s: 1.1,
            right_phase: 0.5,
            stance: 0.6,
            step_m: PerSide {
                left: 0.6,
                right: 0.6,
            },
            strides: PerSide { left: 8, right: 8 },
            view: View::Spatial,
            unit: LengthUnit::Metres {
                relative_error: 0.0,
            },
            surface: Surface::Overground,
            origin_m: [0.0; 3],
            start_time_s: 0.0,
            heading_deg: 0.0,
        }
    }
}

/// Time before the left's first contact.
const LEAD_S: f64 = 0.7;
const TOE_OUT_DEG: f64 = 8.0;
const STRIKE_DEG: f64 = 20.0;
const FOOT_M: f64 = 0.2;

impl Walker {
    pub(crate) fn speed_mps(&self) -> f64 {
        (self.step_m.left + self.step_m.right) / self.stride_s
    }

    fn first_contact_s(&self, side: Side) -> f64 {
        match side {
            Side::Left => LEAD_S,
            Side::Right => LEAD_S + self.right_phase * self.stride_s,
        }
    }

    pub(crate) fn cycles(&self) -> Vec<GaitCycle> {
        let mut cycles = Vec::new();
        for side in Side::BOTH {
            let (first_s, other_s) = (
                self.first_contact_s(side),
                self.first_contact_s(side.opposite()),
            );
            for stride in 0..*self.strides.get(side) {
                let start_s = self.start_time_s + first_s + stride as f64 * self.stride_s;
                let mut opposite_s = self.start_time_s + other_s;
                while opposite_s <= start_s {
                    opposite_s += self.stride_s;
                }
                let previous_s = opposite_s - self.stride_s;
                cycles.push(GaitCycle {
                    side,
                    bout: 0,
                    start_s,
                    opposite_foot_off_s: previous_s + self.stance * self.stride_s,
                    opposite_contact_s: opposite_s,
                    foot_off_s: start_s + self.stance * self.stride_s,
                    end_s: start_s + self.stride_s,
                    previous_opposite_contact_s: (previous_s >= self.start_time_s + LEAD_S - 1e-9)
                        .then_some(previous_s),
                    straight: true,
                });
            }
        }
        cycles.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        cycles
    }

    fn frames(&self) -> usize {
        let most = self.strides.left.max(self.strides.right);
        let duration_s = LEAD_S + (most as f64 + 1.2) * self.stride_s;
        (0..100_000)
            .take_while(|&frame| f64::from(frame) / self.rate_hz <= duration_s)
            .count()
    }

    pub(crate) fn walk(&self) -> Walk {
        let time = TimeBase::uniform(self.frames(), self.rate_hz).expect("a usable rate");
        let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), self.heading_deg.to_radians());
        let belt_mps = match self.surface {
            Surface::Overground => 0.0,
            Surface::Treadmill { .. } => self.speed_mps(),
        };
        let mut trajectories = BTreeMap::<Joint, Vec<_>>::new();
        for &time_s in time.times_s() {
            for (joint, position) in self.body(time_s) {
                let mut moved = turn * (position - Vector3::x() * (belt_mps * time_s));
                moved += Vector3::from(self.origin_m);
                trajectories.entry(joint).or_default().push(Some(moved));
            }
        }
        let start_frame = (0..100_000)
            .take_while(|&frame| f64::from(frame) / self.rate_hz < self.start_time_s - 1e-6)
            .count();
        Walk::new(WalkParts {
            time,
            start_time_s: self.start_time_s,
            start_frame,
            view: self.view,
            unit: self.unit,
            surface: self.surface,
            leg_length: Some(0.9),
            trajectories,
        })
    }

    pub(crate) fn angles(&self) -> AngleSeries {
        let tracks = PerSide::from_fn(|side| {
            let degrees = (0..self.frames())
                .map(|frame| {
                    let time_s = frame as f64 / self.rate_hz;
                    let phase = (time_s - self.first_contact_s(side)) / self.stride_s;
                    // Straightest, 4°, at 40 % of the cycle.
                    Some(4.0 + 20.0 * (1.0 - (TAU * (phase - 0.4)).cos()))
                })
                .collect();
            let track = AngleTrack {
                method: AngleMethod::Markers,
                approximate: false,
                degrees,
            };
            BTreeMap::from([(AngleId::KneeFlexion, track)])
        });
        AngleSeries { tracks }
    }

    /// Every joint at a time from the first frame.
    fn body(&self, time_s: f64) -> Vec<(Joint, Point3<f64>)> {
        let phase = (time_s - LEAD_S) / self.stride_s;
        let pelvis = Point3::new(
            self.speed_mps() * (time_s - LEAD_S) - 0.2,
            0.92 + 0.02 * (TAU * 2.0 * phase).cos(),
            -0.02 * (TAU * phase).sin(),
        );
        let lean = 6.0_f64.to_radians();
        let trunk = Vector3::new(lean.sin(), lean.cos(), 0.0);
        let neck = pelvis + trunk * 0.5;
        let mut joints = vec![(Joint::Pelvis, pelvis), (Joint::Neck, neck)];
        joints.push((Joint::Head, neck + trunk * 0.2));
        for side in Side::BOTH {
            let z = Vector3::z() * side.z_sign();
            let hip = pelvis + z * 0.09;
            let (heel, toe) = self.foot(side, time_s);
            let ankle = heel + (toe - heel) * 0.2 + Vector3::y() * 0.07;
            let knee = hip + (ankle - hip) * 0.5 + Vector3::x() * 0.05;
            let shoulder = neck + z * 0.18;
            let range_deg = match side {
                Side::Left => 40.0,
                Side::Right => 30.0,
            };
            let own = (time_s - self.first_contact_s(side)) / self.stride_s;
            let arm = (-0.5 * f64::to_radians(range_deg) * (TAU * own).cos()) - lean;
            let along = Vector3::new(arm.sin(), -arm.cos(), 0.0);
            joints.extend([
                (on::hip(side), hip),
                (on::knee(side), knee),
                (on::ankle(side), ankle),
                (on::heel(side), heel),
                (on::toe(side), toe),
                (on::shoulder(side), shoulder),
                (on::elbow(side), shoulder + along * 0.28),
                (on::wrist(side), shoulder + along * 0.54),
            ]);
        }
        joints
    }

    /// The toe's highest point in swing above its level in stance.
    pub(crate) fn highest_toe_m(&self) -> f64 {
        let swing_s = LEAD_S + self.stance * self.stride_s;
        let span_s = (1.0 - self.stance) * self.stride_s - 1e-9;
        (0..=1000)
            .map(|step| swing_s + span_s * f64::from(step) / 1000.0)
            .map(|time_s| self.foot(Side::Left, time_s).1.y - 0.03)
            .fold(0.0, f64::max)
    }

    /// Heel and toe: still in stance, on a cycloid in swing, toes up around contact.
    fn foot(&self, side: Side, time_s: f64) -> (Point3<f64>, Point3<f64>) {
        let phase = (time_s - self.first_contact_s(side)) / self.stride_s;
        let stride = phase.floor();
        let share = phase - stride;
        let stride_m = self.step_m.left + self.step_m.right;
        let place_m = match side {
            Side::Left => stride * stride_m,
            Side::Right => stride * stride_m + self.step_m.right,
        };
        let swing = ((share - self.stance) / (1.0 - self.stance)).max(0.0);
        let advance = swing - (TAU * swing).sin() / TAU;
        let heel = Point3::new(
            place_m + advance * stride_m,
            0.03 + 0.1 * (std::f64::consts::PI * swing).sin().powi(2),
            0.05 * side.z_sign(),
        );
        let out = TOE_OUT_DEG.to_radians() * side.z_sign();
        let forward = Vector3::new(out.cos(), 0.0, out.sin()) * FOOT_M;
        // The pitch falls to flat within a tenth of the cycle and rises again late in swing.
        let late = 1.0 + (share - 1.0) / 0.1;
        let early = 1.0 - share / 0.1;
        let lift = late.max(early).max(0.0);
        let pitch = STRIKE_DEG.to_radians() * lift * lift * (3.0 - 2.0 * lift);
        // Two peaks of the toe with the least clearance, 2 cm, half way through swing.
        let toe_m = 0.02 * (std::f64::consts::PI * swing).sin().powi(2)
            + 0.04 * (TAU * swing).sin().powi(2);
        let mut toe = heel + forward;
        toe.y = 0.03 + toe_m;
        if lift > 0.0 {
            let flat = FOOT_M * out.cos();
            toe.y += flat * pitch.tan();
            toe.y += (heel.y - 0.03) * lift;
        }
        (heel, toe)
    }
}
