//! Trunk lean and arm swing, seen from the side; the same for one camera and for space.

use nalgebra::Point3;

use super::{AngleId, AngleMethod, AngleSeries, AngleTrack, pelvis, wrap_deg};
use crate::Side;
use crate::skeleton::{Joint, on};
use crate::walk::Walk;

/// Adds trunk lean (the same for both sides) and arm swing.
pub(super) fn insert(series: &mut AngleSeries, walk: &Walk, method: AngleMethod) {
    let track = |degrees: Vec<Option<f64>>| AngleTrack {
        method,
        approximate: false,
        degrees,
    };
    let lean_deg = trunk_lean_deg(walk);
    for side in Side::BOTH {
        let swing_deg = (0..walk.frames()).map(|frame| {
            let arm_deg = arm_inclination_deg(walk, side, frame)?;
            Some(wrap_deg(arm_deg + lean_deg[frame]?))
        });
        series.insert(side, AngleId::ArmSwing, track(swing_deg.collect()));
        series.insert(side, AngleId::TrunkLean, track(lean_deg.clone()));
    }
}

/// Angle of the line from mid-hip to neck against the vertical, forward positive, in each frame.
pub(super) fn trunk_lean_deg(walk: &Walk) -> Vec<Option<f64>> {
    let neck = walk.neck();
    let lean_deg = |frame| {
        let neck = match neck {
            Some(neck) => walk.position(neck, frame)?,
            None => middle(walk, |side| walk.shoulder(side), frame)?,
        };
        let trunk = neck - mid_hip(walk, frame)?;
        Some(wrap_deg(trunk.x.atan2(trunk.y).to_degrees()))
    };
    (0..walk.frames()).map(lean_deg).collect()
}

/// Midpoint of the hip centres, else the pelvis.
fn mid_hip(walk: &Walk, frame: usize) -> Option<Point3<f64>> {
    let hip = |side| pelvis::hip_centre(walk, side, frame);
    match (hip(Side::Left), hip(Side::Right)) {
        (Some(left), Some(right)) => Some(nalgebra::center(&left, &right)),
        _ => walk.position(Joint::Pelvis, frame),
    }
}

/// Midpoint of a point's left and right.
pub(super) fn middle(
    walk: &Walk,
    choose: impl Fn(Side) -> Option<Joint>,
    frame: usize,
) -> Option<Point3<f64>> {
    let left = walk.position(choose(Side::Left)?, frame)?;
    let right = walk.position(choose(Side::Right)?, frame)?;
    Some(nalgebra::center(&left, &right))
}

/// Angle of the line from shoulder to wrist against straight down, forward positive.
fn arm_inclination_deg(walk: &Walk, side: Side, frame: usize) -> Option<f64> {
    let arm = wrist(walk, side, frame)? - walk.position(walk.shoulder(side)?, frame)?;
    Some(arm.x.atan2(-arm.y).to_degrees())
}

/// The wrist, else the hand.
fn wrist(walk: &Walk, side: Side, frame: usize) -> Option<Point3<f64>> {
    let at = |joint| walk.position(joint, frame);
    match walk.wrist(side) {
        Some([a, b]) => Some(nalgebra::center(&at(a)?, &at(b)?)),
        None => at(walk.first_present(&[on::hand(side)])?),
    }
}
