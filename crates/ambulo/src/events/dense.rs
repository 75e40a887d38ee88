//! A walk with more frames, so that the rate of the recording does not shift its events.
//!
//! The trajectories are smoothed to a few hertz: a spline between frames gives back what lies
//! between them, where differences of neighbouring frames would smear it further.

use std::collections::BTreeMap;

use nalgebra::Point3;

use crate::signal::spline::CubicSpline;
use crate::time::TimeBase;
use crate::walk::{Walk, WalkParts};

/// Rate from which frames are dense enough.
const DENSE_HZ: f64 = 110.0;

/// The walk, with frames put between its own if they are sparse.
pub(super) fn dense(walk: &Walk) -> Walk {
    let pieces = walk
        .time()
        .rate_hz()
        .map_or(1.0, |rate_hz| (DENSE_HZ / rate_hz).ceil());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 1..=32"
    )]
    let pieces = pieces.clamp(1.0, 32.0) as usize;
    if pieces == 1 {
        return walk.clone();
    }
    let times_s = walk.time().times_s();
    let mut dense_s = Vec::with_capacity(times_s.len() * pieces);
    for pair in times_s.windows(2) {
        dense_s.extend(
            (0..pieces).map(|piece| pair[0] + (pair[1] - pair[0]) * piece as f64 / pieces as f64),
        );
    }
    dense_s.extend(times_s.last());
    let trajectories: BTreeMap<_, _> = walk
        .joints()
        .filter_map(|joint| {
            let trajectory = walk.trajectory(joint)?;
            Some((joint, between(times_s, trajectory, &dense_s, pieces)))
        })
        .collect();
    let Ok(time) = TimeBase::new(dense_s) else {
        return walk.clone();
    };
    Walk::new(WalkParts {
        time,
        start_time_s: walk.start_time_s(),
        start_frame: walk.start_frame(),
        view: walk.view(),
        unit: walk.unit(),
        surface: walk.surface(),
        leg_length: walk.leg_length(),
        trajectories,
    })
}

/// Points at the dense times: a spline through every unbroken run of frames.
fn between(
    times_s: &[f64],
    points: &[Option<Point3<f64>>],
    dense_s: &[f64],
    pieces: usize,
) -> Vec<Option<Point3<f64>>> {
    let mut dense = vec![None; dense_s.len()];
    let mut start = 0;
    while start < points.len() {
        let run = points[start..].iter().take_while(|p| p.is_some()).count();
        let frames = start..start + run;
        if run == 1 {
            dense[start * pieces] = points[start];
        } else if run > 1 {
            let axes = [0, 1, 2].map(|axis| {
                let values: Vec<f64> = points[frames.clone()]
                    .iter()
                    .flatten()
                    .map(|p| p[axis])
                    .collect();
                CubicSpline::not_a_knot(&times_s[frames.clone()], &values)
            });
            if let [Ok(x), Ok(y), Ok(z)] = axes {
                for index in frames.start * pieces..=(frames.end - 1) * pieces {
                    let t = dense_s[index];
                    dense[index] = Some(Point3::new(x.value(t), y.value(t), z.value(t)));
                }
            }
        }
        start += run + 1;
    }
    dense
}
