//! Heading, and where it changes faster than in straight walking.
//!
//! The pelvis sways once a stride by a few centimetres, which swings the momentary heading by ten
//! degrees and more. Everything here is therefore taken over exactly one stride, where the sway
//! cancels.

use nalgebra::Vector2;

use super::BoutConfig;
use super::path::Path;

/// Velocity of the pelvis over the stride around each frame.
///
/// Nearer to the ends than half a stride, the nearest full stride's value holds.
pub(crate) fn stride_velocity(
    pelvis: &Path<'_>,
    frames: std::ops::Range<usize>,
    stride_s: f64,
) -> Vec<Option<Vector2<f64>>> {
    let times_s = pelvis.times_s();
    let velocity = frames
        .clone()
        .map(|frame| {
            let [from_s, to_s] = [
                times_s[frame] - stride_s / 2.0,
                times_s[frame] + stride_s / 2.0,
            ];
            let inside =
                from_s >= times_s[frames.start] - 1e-9 && to_s <= times_s[frames.end - 1] + 1e-9;
            if !inside {
                return None;
            }
            Some((pelvis.at(to_s)? - pelvis.at(from_s)?) / stride_s)
        })
        .collect::<Vec<_>>();
    if velocity.iter().all(Option::is_none) {
        let whole = pelvis.fitted_velocity(frames.clone());
        return vec![whole; frames.len()];
    }
    held(velocity)
}

/// Known values spread to the nearest unknown frames.
fn held<T: Copy>(mut values: Vec<Option<T>>) -> Vec<Option<T>> {
    let known: Vec<usize> = (0..values.len()).filter(|&i| values[i].is_some()).collect();
    for index in 0..values.len() {
        if values[index].is_none() && !known.is_empty() {
            let after = known.partition_point(|&k| k < index);
            let nearest = match (after.checked_sub(1), known.get(after)) {
                (Some(before), Some(&next)) if index - known[before] > next - index => next,
                (Some(before), _) => known[before],
                (None, Some(&next)) => next,
                (None, None) => continue,
            };
            values[index] = values[nearest];
        }
    }
    values
}

/// Heading in radians, positive to the left, continuous in time.
///
/// It follows the path where the pelvis covers enough ground in a stride, and the body's own
/// facing where it nearly turns on the spot.
pub(crate) fn heading_rad(
    pelvis: &Path<'_>,
    facing: Option<&Path<'_>>,
    frames: std::ops::Range<usize>,
    stride_s: f64,
    min_speed: f64,
) -> Vec<f64> {
    let velocity = stride_velocity(pelvis, frames.clone(), stride_s);
    let facing: Vec<Option<Vector2<f64>>> = facing
        .map(|facing| held(stride_mean(facing, frames.clone(), stride_s)))
        .unwrap_or_default();
    let mut heading = Vec::with_capacity(frames.len());
    let mut turned = 0.0;
    let mut last: [Option<f64>; 2] = [None, None];
    for (index, velocity) in velocity.into_iter().enumerate() {
        let by_path = velocity.filter(|v| v.norm() >= min_speed).map(left_angle);
        let by_body = facing
            .get(index)
            .copied()
            .flatten()
            .filter(|f| f.norm() > 1e-6)
            .map(left_angle);
        let change = |now: Option<f64>, before: Option<f64>| Some(wrapped(now? - before?));
        turned += change(by_path, last[0])
            .or_else(|| change(by_body, last[1]))
            .unwrap_or(0.0);
        last = [by_path, by_body];
        heading.push(turned);
    }
    heading
}

fn stride_mean(
    path: &Path<'_>,
    frames: std::ops::Range<usize>,
    stride_s: f64,
) -> Vec<Option<Vector2<f64>>> {
    let times_s = path.times_s();
    let (start_s, end_s) = (times_s[frames.start], times_s[frames.end - 1]);
    frames
        .map(|frame| {
            let (from_s, to_s) = (
                times_s[frame] - stride_s / 2.0,
                times_s[frame] + stride_s / 2.0,
            );
            if from_s < start_s - 1e-9 || to_s > end_s + 1e-9 {
                return None;
            }
            let mut sum = Vector2::zeros();
            let mut count = 0.0;
            for inside in path.frames_between(from_s, to_s) {
                if let Some(point) = path.get(inside) {
                    sum += point;
                    count += 1.0;
                }
            }
            (count > 0.0).then(|| sum / count)
        })
        .collect()
}

/// Angle to the left of world X, seen from above with Y up: −Z lies to the left of X.
fn left_angle(direction: Vector2<f64>) -> f64 {
    (-direction.y).atan2(direction.x)
}

fn wrapped(angle_rad: f64) -> f64 {
    let turn = std::f64::consts::TAU;
    angle_rad - turn * (angle_rad / turn).round()
}

/// Whether the subject turns in each frame, from the heading of consecutive frames.
pub(crate) fn turning_frames(
    times_s: &[f64],
    heading_rad: &[f64],
    stride_s: f64,
    config: &BoutConfig,
) -> Vec<bool> {
    let count = times_s.len();
    let mut turning: Vec<bool> = (0..count)
        .map(|frame| {
            let window = super::path::frames_between(
                times_s,
                times_s[frame] - stride_s / 4.0,
                times_s[frame] + stride_s / 4.0,
            );
            let (first, last) = (window.start, window.end.saturating_sub(1));
            let span_s = times_s[last] - times_s[first];
            span_s > 0.0
                && ((heading_rad[last] - heading_rad[first]) / span_s)
                    .abs()
                    .to_degrees()
                    > config.turning_rate_dps
        })
        .collect();
    // Short pauses inside one turn belong to it; a brush past the limit that turns little does not count.
    for run in runs(&turning, false) {
        let short = times_s[run.end - 1] - times_s[run.start] < stride_s / 2.0;
        if short && run.start > 0 && run.end < count {
            turning[run].fill(true);
        }
    }
    for run in runs(&turning, true) {
        let turned = (heading_rad[run.end - 1] - heading_rad[run.start]).to_degrees();
        if turned.abs() < config.min_turn_deg {
            turning[run].fill(false);
        }
    }
    turning
}

/// Ranges of consecutive frames that have a value.
pub(crate) fn runs(values: &[bool], wanted: bool) -> Vec<std::ops::Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (index, &value) in values.iter().enumerate() {
        match (value == wanted, start) {
            (true, None) => start = Some(index),
            (false, Some(from)) => {
                found.push(from..index);
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        found.push(from..values.len());
    }
    found
}
