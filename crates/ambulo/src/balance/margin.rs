//! The margin of stability: how far the extrapolated centre of mass stays inside the base of support.

use nalgebra::{Point3, Vector3};
use serde::{Deserialize, Serialize};

use super::{CentreOfMass, CentreOfMassMethod, Pendulum, PendulumRule, centre_of_mass, pendulum};
use crate::parameters::{ParameterConfig, ParameterId, StrideView, Values, sample_times};
use crate::skeleton::{Joint, on};
use crate::walk::{LengthUnit, View, Walk, interpolate};
use crate::{PerSide, Side};

/// What the lateral edge of the foot is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeRule {
    /// The head of the fifth metatarsal, or the small toe.
    LateralForefoot,
    /// The lateral malleolus.
    LateralMalleolus,
    /// The ankle's centre and half a foot's width.
    AnkleAndHalfWidth,
}

/// How the margins of stability of a walk are made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BalanceMethod {
    /// Where the centre of mass comes from.
    pub centre_of_mass: CentreOfMassMethod,
    /// The pendulum.
    pub pendulum: Pendulum,
    /// What the lateral edge of the foot is read from; absent where no foot is seen.
    pub edge: Option<EdgeRule>,
}

impl BalanceMethod {
    /// How the margins are made, for people.
    pub fn description(&self) -> String {
        let centre = match self.centre_of_mass {
            CentreOfMassMethod::File => "of the file".to_owned(),
            CentreOfMassMethod::Segments { mass_share } => {
                format!("of segments with {:.0} % of the mass", 100.0 * mass_share)
            }
            CentreOfMassMethod::Pelvis => "taken to be the pelvis".to_owned(),
        };
        let rule = match self.pendulum.rule {
            PendulumRule::TrochanterHeight => "1.34 and 1.24 times the trochanter's height",
            PendulumRule::HipToAnkle => "hip to knee to ankle",
            PendulumRule::LegLength => "the leg length",
        };
        let edge = match self.edge {
            Some(EdgeRule::LateralForefoot) => "the lateral forefoot",
            Some(EdgeRule::LateralMalleolus) => "the lateral malleolus",
            Some(EdgeRule::AnkleAndHalfWidth) => "the ankle and half a foot's width",
            None => "not seen",
        };
        format!(
            "centre of mass {centre}; pendulum of {:.3} m along and {:.3} m across ({rule}); \
             lateral edge: {edge}",
            self.pendulum.sagittal, self.pendulum.frontal
        )
    }
}

/// How the margins of stability of this walk are made; `None` where they cannot be: without a leg's
/// length in metres there is no pendulum, and from the front no depth.
pub fn balance_method(walk: &Walk, config: &ParameterConfig) -> Option<BalanceMethod> {
    Balance::of(walk, 0.0, config).map(|balance| balance.method)
}

/// The centre of mass and its velocity over a bout, ready to be compared with the feet.
pub(crate) struct Balance {
    method: BalanceMethod,
    edge: Option<(PerSide<Joint>, f64)>,
    positions: Vec<Option<Point3<f64>>>,
    /// Metres a second over the ground, one a frame.
    velocities: Vec<Option<Point3<f64>>>,
    gravity_mps2: f64,
}

impl Balance {
    pub(crate) fn of(walk: &Walk, belt_speed: f64, config: &ParameterConfig) -> Option<Self> {
        let LengthUnit::Metres { .. } = walk.unit() else {
            return None;
        };
        if walk.view() == View::Frontal {
            return None;
        }
        let CentreOfMass { method, positions } = centre_of_mass(walk);
        let edge = lateral_edge(walk, config);
        Some(Self {
            method: BalanceMethod {
                centre_of_mass: method,
                pendulum: pendulum(walk)?,
                edge: edge.map(|(rule, ..)| rule),
            },
            edge: edge.map(|(_, joints, outwards)| (joints, outwards)),
            velocities: velocities(walk.time().times_s(), &positions, belt_speed),
            positions,
            gravity_mps2: config.gravity_mps2,
        })
    }

    /// Puts the margins at the opening contact and their least values over single support.
    pub(crate) fn measure(&self, view: &StrideView<'_>, values: &mut Values) {
        let cycle = &view.cycle;
        let side = cycle.side;
        let mut put = |id: ParameterId, value: Option<f64>| {
            if let Some(value) = value {
                values.insert(id, value);
            }
        };
        let contact_s = cycle.start_s;
        let single = (cycle.opposite_foot_off_s, cycle.opposite_contact_s);
        put(
            ParameterId::MosForwardContact,
            self.forward(view, side, contact_s),
        );
        // Backwards the body could fall over the heel of the foot that still stands behind.
        put(
            ParameterId::MosBackwardContact,
            self.backward(view, side.opposite(), contact_s),
        );
        put(
            ParameterId::MosForwardMinimum,
            least(view, single, |time_s| self.forward(view, side, time_s)),
        );
        put(
            ParameterId::MosBackwardMinimum,
            least(view, single, |time_s| self.backward(view, side, time_s)),
        );
        if view.walk.view() == View::Spatial {
            put(
                ParameterId::MosMediolateralContact,
                self.sideways(view, side, contact_s),
            );
            put(
                ParameterId::MosMediolateralMinimum,
                least(view, single, |time_s| self.sideways(view, side, time_s)),
            );
        }
    }

    fn forward(&self, view: &StrideView<'_>, side: Side, time_s: f64) -> Option<f64> {
        let toe = position(view, view.walk.toe(side)?, time_s)?;
        Some(view.along(&toe.coords) - self.extrapolated_along(view, time_s)?)
    }

    fn backward(&self, view: &StrideView<'_>, side: Side, time_s: f64) -> Option<f64> {
        let heel = position(view, view.walk.foot(side)?, time_s)?;
        Some(self.extrapolated_along(view, time_s)? - view.along(&heel.coords))
    }

    fn sideways(&self, view: &StrideView<'_>, side: Side, time_s: f64) -> Option<f64> {
        let (joints, outwards) = self.edge?;
        let joint = position(view, *joints.get(side), time_s)?;
        let edge = view.across(&joint.coords) * side.z_sign() + outwards;
        let (centre, velocity) = self.state(view, time_s)?;
        let frequency = (self.gravity_mps2 / self.method.pendulum.frontal).sqrt();
        let extrapolated = view.across(&centre.coords) + view.across(&velocity) / frequency;
        Some(edge - extrapolated * side.z_sign())
    }

    fn extrapolated_along(&self, view: &StrideView<'_>, time_s: f64) -> Option<f64> {
        let (centre, velocity) = self.state(view, time_s)?;
        let frequency = (self.gravity_mps2 / self.method.pendulum.sagittal).sqrt();
        Some(view.along(&centre.coords) + view.along(&velocity) / frequency)
    }

    /// Centre of mass and its velocity at a time of the trial.
    fn state(&self, view: &StrideView<'_>, time_s: f64) -> Option<(Point3<f64>, Vector3<f64>)> {
        let times_s = view.walk.time().times_s();
        let local_s = crate::parameters::local_time_s(view.walk, time_s);
        let position = interpolate(times_s, &self.positions, local_s)?;
        let velocity = interpolate(times_s, &self.velocities, local_s)?;
        Some((position, velocity.coords))
    }
}

/// A joint in the walk's own space: feet and body are compared at one instant, so the belt's way
/// is in neither.
fn position(view: &StrideView<'_>, joint: Joint, time_s: f64) -> Option<Point3<f64>> {
    let local_s = crate::parameters::local_time_s(view.walk, time_s);
    view.walk.position_at(joint, local_s)
}

/// The least value over a stretch; `None` where more than a tenth of it is missing.
fn least(
    view: &StrideView<'_>,
    (from_s, to_s): (f64, f64),
    margin: impl Fn(f64) -> Option<f64>,
) -> Option<f64> {
    let times_s = sample_times(view.walk, from_s, to_s);
    let margins: Vec<f64> = times_s.iter().filter_map(|&t| margin(t)).collect();
    (margins.len() * 10 >= times_s.len() * 9)
        .then(|| margins.into_iter().reduce(f64::min))
        .flatten()
}

fn lateral_edge(walk: &Walk, config: &ParameterConfig) -> Option<(EdgeRule, PerSide<Joint>, f64)> {
    let found =
        |choose: fn(Side) -> [Joint; 2]| walk.both(|walk, side| walk.first_present(&choose(side)));
    if let Some(joints) = found(|side| [on::fifth_metatarsal(side), on::small_toe(side)]) {
        return Some((EdgeRule::LateralForefoot, joints, 0.0));
    }
    if let Some(joints) = found(|side| [on::lateral_malleolus(side); 2]) {
        return Some((EdgeRule::LateralMalleolus, joints, 0.0));
    }
    let joints = found(|side| [on::ankle(side), on::heel(side)])?;
    Some((
        EdgeRule::AnkleAndHalfWidth,
        joints,
        config.foot_width_m / 2.0,
    ))
}

/// Velocity of each frame from its neighbours in time: metres a second, whatever the frame rate.
fn velocities(
    times_s: &[f64],
    positions: &[Option<Point3<f64>>],
    belt_speed: f64,
) -> Vec<Option<Point3<f64>>> {
    let between = |from: usize, to: usize| {
        let way = positions[to]? - positions[from]?;
        Some(way / (times_s[to] - times_s[from]))
    };
    (0..positions.len())
        .map(|frame| {
            positions[frame]?;
            let before = frame
                .checked_sub(1)
                .and_then(|before| between(before, frame));
            let after = (frame + 1 < positions.len())
                .then(|| between(frame, frame + 1))
                .flatten();
            let velocity = match (before, after) {
                // Weighted so that uneven frames are differenced to second order too.
                (Some(before), Some(after)) => {
                    let to_next = times_s[frame + 1] - times_s[frame];
                    let to_last = times_s[frame] - times_s[frame - 1];
                    (before * to_next + after * to_last) / (to_next + to_last)
                }
                (one, other) => one.or(other)?,
            };
            Some(Point3::from(velocity + Vector3::x() * belt_speed))
        })
        .collect()
}
