//! Coordinates at 25 frames a second.

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::BODY_25;
use ambulo::time::TimeBase;

use super::RATE_HZ;

/// Seconds from frame to frame.
const STEP_S: f64 = 1.0 / RATE_HZ;
/// Two times this close are one.
const ROUNDING_S: f64 = 1e-6;

/// The columns of `BODY_25`, x and y of each keypoint in turn, `[50][frames]` at 25 Hz. An exact 0 is how
/// detectors write what they did not see.
pub(super) fn coordinates(keypoints: &Keypoints2d) -> Vec<Vec<Option<f64>>> {
    let times_s = sample_times_s(keypoints.time());
    let mut columns = Vec::with_capacity(2 * BODY_25.joints.len());
    for &joint in BODY_25.joints {
        let Some(points) = keypoints.trajectory(joint) else {
            let frames = times_s.as_ref().map_or(keypoints.frames(), Vec::len);
            columns.extend([vec![None; frames], vec![None; frames]]);
            continue;
        };
        for axis in 0..2 {
            let seen = |point: &Option<Keypoint>| {
                let value = point.map(|point| point.position_px[axis]);
                value.filter(|&value| value != 0.0)
            };
            let values: Vec<Option<f64>> = points.iter().map(seen).collect();
            columns.push(match &times_s {
                None => values,
                Some(times_s) => resampled(keypoints.time(), &values, times_s),
            });
        }
    }
    columns
}

/// The times to sample at; `None` if the frames lie there already, to a quarter of a step.
fn sample_times_s(time: &TimeBase) -> Option<Vec<f64>> {
    let at = |frame: usize| frame as f64 * STEP_S;
    let frames = time.times_s().iter().enumerate();
    let fits = |(frame, time_s): (usize, &f64)| (time_s - at(frame)).abs() <= STEP_S / 4.0;
    if frames.into_iter().all(fits) {
        return None;
    }
    let inside = |time_s: &f64| *time_s <= time.duration_s() + ROUNDING_S;
    Some(
        (0..u32::MAX)
            .map(|i| f64::from(i) * STEP_S)
            .take_while(inside)
            .collect(),
    )
}

/// A coordinate at other times: at each, the value of the line that fits the frames within a step best.
/// Between frames further apart than a step that is the straight line between them; of more frames it
/// is a mean, so that what is faster than the new rate can show is taken out.
///
/// A value is missing where no frame within half a step shows the joint, or none before or none after.
fn resampled(time: &TimeBase, values: &[Option<f64>], times_s: &[f64]) -> Vec<Option<f64>> {
    let step_s = time.median_step_s().unwrap_or(STEP_S).max(STEP_S);
    let seen: Vec<(f64, f64)> = time
        .times_s()
        .iter()
        .zip(values)
        .filter_map(|(&time_s, value)| value.map(|value| (time_s, value)))
        .collect();
    times_s
        .iter()
        .map(|&at_s| sample(&seen, at_s, step_s))
        .collect()
}

fn sample(seen: &[(f64, f64)], at_s: f64, step_s: f64) -> Option<f64> {
    let after = seen.partition_point(|(time_s, _)| *time_s < at_s - ROUNDING_S);
    let next_s = seen.get(after)?.0 - at_s;
    let is_hit = next_s <= ROUNDING_S;
    let previous_s = if is_hit {
        0.0
    } else {
        at_s - seen.get(after.checked_sub(1)?)?.0
    };
    let nearest_s = next_s.min(previous_s);
    if nearest_s > 0.5 * step_s + ROUNDING_S || next_s.max(previous_s) > 1.5 * step_s {
        return None;
    }
    let reach_s = STEP_S.max(next_s).max(previous_s) + ROUNDING_S;
    let first = seen.partition_point(|(time_s, _)| *time_s <= at_s - reach_s);
    let near = seen[first..]
        .iter()
        .take_while(|(time_s, _)| *time_s < at_s + reach_s);
    // Sums of a weighted straight-line fit, times counted from the sample.
    let [mut w0, mut w1, mut w2, mut v0, mut v1] = [0.0; 5];
    for (time_s, value) in near {
        let offset_s = time_s - at_s;
        let weight = 1.0 - offset_s.abs() / reach_s;
        w0 += weight;
        w1 += weight * offset_s;
        w2 += weight * offset_s * offset_s;
        v0 += weight * value;
        v1 += weight * offset_s * value;
    }
    let spread = w0 * w2 - w1 * w1;
    Some(if spread > 1e-9 * w0 * w0 * step_s * step_s {
        (w2 * v0 - w1 * v1) / spread
    } else {
        v0 / w0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_from_any_rate() {
        for rate_hz in [15.0, 24.0, 29.97, 50.0, 120.0] {
            let time = TimeBase::uniform(60, rate_hz).unwrap();
            let line: Vec<_> = time.times_s().iter().map(|t| Some(3.0 + 2.0 * t)).collect();
            let times_s = sample_times_s(&time).unwrap();
            for (time_s, value) in times_s.iter().zip(resampled(&time, &line, &times_s)) {
                let error = value.unwrap() - (3.0 + 2.0 * time_s);
                assert!(error.abs() < 1e-9, "{rate_hz} Hz at {time_s} s: {error}");
            }
        }
    }

    #[test]
    fn gaps_stay_gaps_and_single_frames_of_a_fast_camera_are_not_missed() {
        let time = TimeBase::uniform(41, 50.0).unwrap();
        let mut values = vec![Some(1.0); 41];
        values[10] = None;
        values[20..30].fill(None);
        let times_s = sample_times_s(&time).unwrap();
        let found = resampled(&time, &values, &times_s);
        let missing: Vec<usize> = (0..found.len()).filter(|&i| found[i].is_none()).collect();
        assert_eq!(missing, [10, 11, 12, 13, 14]);
    }

    #[test]
    fn frames_at_25_hz_are_taken_as_they_are() {
        assert_eq!(sample_times_s(&TimeBase::uniform(500, 25.0).unwrap()), None);
        assert!(sample_times_s(&TimeBase::uniform(500, 24.9).unwrap()).is_some());
    }
}
