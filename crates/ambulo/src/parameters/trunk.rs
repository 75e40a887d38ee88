//! Lean of the trunk, sway of pelvis and trunk.

use nalgebra::Point3;

use super::ParameterId;
use super::measure::Values;
use super::view::{StrideView, hips_at, mean_over_time, neck_at, pelvis_at, range_of};
use crate::walk::{View, Walk};

type Point = fn(&Walk, f64) -> Option<Point3<f64>>;

/// Puts the mean sagittal lean, and the sway across the walk where it is measured.
pub(super) fn measure(view: &StrideView<'_>, values: &mut Values) {
    if let Some(lean) = lean_deg(view) {
        values.insert(ParameterId::TrunkLean, lean);
    }
    if view.walk.view() != View::Spatial {
        return;
    }
    let swaying: [(Point, ParameterId, ParameterId); 2] = [
        (
            pelvis_at,
            ParameterId::PelvisSwayRange,
            ParameterId::PelvisSwayRms,
        ),
        (
            neck_at,
            ParameterId::TrunkSwayRange,
            ParameterId::TrunkSwayRms,
        ),
    ];
    for (point, range, rms) in swaying {
        if let Some(sway) = sway(view, point) {
            if let Some(value) = range_of(sway.iter().map(|(_, z)| *z)) {
                values.insert(range, value);
            }
            let squares: Vec<_> = sway.iter().map(|(t, z)| (*t, z * z)).collect();
            if let Some(square) = mean_over_time(&squares) {
                values.insert(rms, square.sqrt());
            }
        }
    }
}

fn lean_deg(view: &StrideView<'_>) -> Option<f64> {
    let cycle = &view.cycle;
    let times_s = super::view::sample_times(view.walk, cycle.start_s, cycle.end_s);
    let leans: Vec<(f64, f64)> = times_s
        .iter()
        .filter_map(|&time_s| {
            let trunk = view.body(time_s, neck_at)? - view.body(time_s, hips_at)?;
            Some((time_s, view.along(&trunk).atan2(trunk.y).to_degrees()))
        })
        .collect();
    if leans.len() * 10 < times_s.len() * 9 {
        return None;
    }
    mean_over_time(&leans)
}

/// Position across the walk over the cycle, about its mean, without the drift from start to end.
fn sway(
    view: &StrideView<'_>,
    point: impl Fn(&Walk, f64) -> Option<Point3<f64>>,
) -> Option<Vec<(f64, f64)>> {
    let samples = view.over(view.cycle.start_s, view.cycle.end_s, point)?;
    let across: Vec<_> = samples
        .iter()
        .map(|(t, p)| (*t, view.across(&p.coords)))
        .collect();
    let (first, last) = (across.first()?, across.last()?);
    // End to end, not least squares: a line fitted to one period of a sway would lean with it.
    let drift = (last.1 - first.1) / (last.0 - first.0);
    let level: Vec<_> = across
        .iter()
        .map(|(t, z)| (*t, z - drift * (t - first.0)))
        .collect();
    let mean = mean_over_time(&level)?;
    Some(level.into_iter().map(|(t, z)| (t, z - mean)).collect())
}
