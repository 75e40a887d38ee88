//! The length of the pendulum that a walking body is compared with.

use serde::{Deserialize, Serialize};

use crate::skeleton::on;
use crate::walk::Walk;
use crate::{PerSide, Side};

/// How the length was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendulumRule {
    /// 1.34 (sagittal) or 1.24 (frontal) times the height of the greater trochanter.
    TrochanterHeight,
    /// Distance of hip and ankle.
    HipToAnkle,
    /// The subject's leg length.
    LegLength,
}

/// An inverted pendulum: its equivalent length in each plane, in the walk's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pendulum {
    /// How the lengths were found.
    pub rule: PendulumRule,
    /// Length for movement along the walk.
    pub sagittal: f64,
    /// Length for movement across the walk.
    pub frontal: f64,
}

/// The pendulum of a walk; `None` where no leg is seen and none is known.
///
/// # Source
///
/// Hof, Gazendam & Sinke (2005), "The condition for dynamic stability",
/// doi:10.1016/j.jbiomech.2004.03.025; the factors after Massen & Kodde (1979).
pub fn pendulum(walk: &Walk) -> Option<Pendulum> {
    if let Some(height) = trochanter_height(walk) {
        return Some(Pendulum {
            rule: PendulumRule::TrochanterHeight,
            sagittal: 1.34 * height,
            frontal: 1.24 * height,
        });
    }
    let (rule, length) = hip_to_ankle(walk)
        .map(|length| (PendulumRule::HipToAnkle, length))
        .or_else(|| Some((PendulumRule::LegLength, walk.leg_length()?)))?;
    Some(Pendulum {
        rule,
        sagittal: length,
        frontal: length,
    })
}

fn trochanter_height(walk: &Walk) -> Option<f64> {
    mean_of_sides(|side| {
        let trochanter = walk.trajectory(on::trochanter(side))?;
        mean(trochanter.iter().flatten().map(|p| p.y))
    })
    .filter(|&height| height > 0.0)
}

/// Thigh and shank at their stretched length, so that a bent knee does not shorten the leg.
fn hip_to_ankle(walk: &Walk) -> Option<f64> {
    mean_of_sides(|side| {
        let (knee, ankle) = (walk.knee(side)?, walk.ankle(side)?);
        let length = |from, to| {
            mean((0..walk.frames()).filter_map(|frame| {
                let way = walk.position(to, frame)? - walk.position(from, frame)?;
                Some(way.norm())
            }))
        };
        Some(length(on::hip(side), knee)? + length(knee, ankle)?)
    })
    .filter(|&length| length > 0.0)
}

fn mean_of_sides(length: impl Fn(Side) -> Option<f64>) -> Option<f64> {
    let sides = PerSide::from_fn(length);
    Some(f64::midpoint(sides.left?, sides.right?))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, n), value| (sum + value, n + 1));
    (count > 0).then(|| sum / count as f64)
}
