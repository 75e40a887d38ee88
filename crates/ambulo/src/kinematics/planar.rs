//! Sagittal angles from one camera at the side: inclinations of the segments and their differences.

use super::foot::{self, Foot};
use super::{AngleConfig, AngleId, AngleMethod, AngleSeries, AngleTrack, HipReference};
use super::{axial, wrap_deg};
use crate::Side;
use crate::skeleton::{Joint, on};
use crate::walk::Walk;

/// The sagittal angles of both sides.
pub(super) fn angles(walk: &Walk, config: &AngleConfig) -> AngleSeries {
    let mut series = AngleSeries::default();
    axial::insert(&mut series, walk, AngleMethod::Sagittal2d);
    let lean_deg = axial::trunk_lean_deg(walk);
    for side in Side::BOTH {
        let hip = walk.first_present(&[on::hip(side), on::trochanter(side)]);
        let (knee, ankle) = (walk.knee(side), walk.ankle(side));
        let thigh_deg = inclinations_deg(walk, hip, knee);
        let shank_deg = inclinations_deg(walk, knee, ankle);
        let foot = foot::foot(walk, side, config.foot_zero);
        let foot_deg = pitches_deg(walk, foot.as_ref());
        let foot_is_estimated = foot.is_some_and(|foot| foot.approximate);

        let hip_deg = match config.hip_reference {
            HipReference::Vertical => thigh_deg.clone(),
            HipReference::Trunk => combine(&thigh_deg, &lean_deg, |thigh, lean| thigh + lean),
        };
        let knee_deg = combine(&thigh_deg, &shank_deg, |thigh, shank| thigh - shank);
        let ankle_deg = combine(&foot_deg, &shank_deg, |foot, shank| foot - shank);
        for (angle, degrees, approximate) in [
            (AngleId::HipFlexion, hip_deg, false),
            (AngleId::KneeFlexion, knee_deg, false),
            (AngleId::AnkleDorsiflexion, ankle_deg, foot_is_estimated),
            (AngleId::FootPitch, foot_deg, foot_is_estimated),
        ] {
            let track = AngleTrack {
                method: AngleMethod::Sagittal2d,
                approximate,
                degrees,
            };
            series.insert(side, angle, track);
        }
    }
    series
}

/// Pitch of the foot in each frame, zero when flat.
pub(super) fn pitches_deg(walk: &Walk, foot: Option<&Foot>) -> Vec<Option<f64>> {
    let pitch_deg = |frame: usize| {
        let foot = foot?;
        let pitch_rad = foot::pitch_rad(foot.axis[frame]?) - foot.flat_pitch_rad;
        Some(wrap_deg(pitch_rad.to_degrees()))
    };
    (0..walk.frames()).map(pitch_deg).collect()
}

/// Angle of a segment against straight down in each frame; lower end forward is positive.
fn inclinations_deg(walk: &Walk, upper: Option<Joint>, lower: Option<Joint>) -> Vec<Option<f64>> {
    let inclination_deg = |frame| {
        let segment = walk.position(lower?, frame)? - walk.position(upper?, frame)?;
        let long_enough = segment.xy().norm() > 1e-9;
        long_enough.then(|| segment.x.atan2(-segment.y).to_degrees())
    };
    (0..walk.frames()).map(inclination_deg).collect()
}

/// One angle from two in each frame that has both.
fn combine(
    a: &[Option<f64>],
    b: &[Option<f64>],
    combine: impl Fn(f64, f64) -> f64,
) -> Vec<Option<f64>> {
    a.iter()
        .zip(b)
        .map(|(&a, &b)| Some(wrap_deg(combine(a?, b?))))
        .collect()
}
