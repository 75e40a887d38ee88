//! How far the arms swing.

use nalgebra::{Point3, Vector3};

use super::ParameterId;
use super::measure::Values;
use super::view::{StrideView, hips_at, middle_at, neck_at, pelvis_at, range_of};
use crate::Side;
use crate::walk::Walk;

/// Puts the range of the arm's angle against the trunk and of the wrist along the walk.
pub(super) fn measure(view: &StrideView<'_>, values: &mut Values) {
    let cycle = &view.cycle;
    let (from_s, to_s) = (cycle.start_s, cycle.end_s);
    let on_the_spot = view.on_the_spot();
    let arm = on_the_spot.over(from_s, to_s, |walk, local_s| {
        let angle_rad = arm_angle_rad(view, walk, local_s)?;
        Some(Point3::new(angle_rad, 0.0, 0.0))
    });
    if let Some(range_rad) = arm.and_then(|arm| range_of(arm.iter().map(|(_, p)| p.x))) {
        values.insert(ParameterId::ArmSwingRange, range_rad.to_degrees());
    }
    let wrist = on_the_spot.over(from_s, to_s, |walk, local_s| {
        let wrist = wrist_at(walk, cycle.side, local_s)?;
        Some(Point3::from(wrist - pelvis_at(walk, local_s)?))
    });
    if let Some(excursion) =
        wrist.and_then(|wrist| range_of(wrist.iter().map(|(_, p)| view.along(&p.coords))))
    {
        values.insert(ParameterId::WristExcursion, excursion);
    }
}

/// Sagittal angle from the trunk's downward axis to shoulder–wrist, forward positive.
fn arm_angle_rad(view: &StrideView<'_>, walk: &Walk, local_s: f64) -> Option<f64> {
    let side = view.cycle.side;
    let shoulder = walk.position_at(walk.shoulder(side)?, local_s)?;
    let wrist = wrist_at(walk, side, local_s)?;
    let trunk_down = hips_at(walk, local_s)? - neck_at(walk, local_s)?;
    let arm_rad = forward_of_down_rad(view, &(wrist - shoulder));
    let trunk_rad = forward_of_down_rad(view, &trunk_down);
    let turn = arm_rad - trunk_rad;
    Some(turn.sin().atan2(turn.cos()))
}

fn wrist_at(walk: &Walk, side: Side, local_s: f64) -> Option<Point3<f64>> {
    middle_at(walk, walk.wrist(side)?, local_s)
}

fn forward_of_down_rad(view: &StrideView<'_>, vector: &Vector3<f64>) -> f64 {
    view.along(vector).atan2(-vector.y)
}
