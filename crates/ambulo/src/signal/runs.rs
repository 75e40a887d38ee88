//! Runs of measured samples: the stretches that may be processed as one.

use std::ops::Range;

/// A step in time longer than this ends a run, however complete its frames are.
const LONGEST_STEP_S: f64 = 0.2;

/// The longest stretches without a missing sample and without a jump in time.
pub(super) fn of<T>(times_s: &[f64], values: &[Option<T>]) -> Vec<Range<usize>> {
    let longest_s = median_step_s(times_s).map_or(LONGEST_STEP_S, |s| LONGEST_STEP_S.max(1.5 * s));
    let frames = times_s.len().min(values.len());
    let mut runs: Vec<Range<usize>> = Vec::new();
    for frame in 0..frames {
        if values[frame].is_none() {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == frame && times_s[frame] - times_s[frame - 1] <= longest_s => {
                run.end = frame + 1;
            }
            _ => runs.push(frame..frame + 1),
        }
    }
    runs
}

/// The stretches of missing samples, those at both ends included.
pub(super) fn missing<T>(values: &[Option<T>]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (frame, value) in values.iter().enumerate() {
        if value.is_some() {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == frame => run.end = frame + 1,
            _ => runs.push(frame..frame + 1),
        }
    }
    runs
}

/// Median time between samples; `None` for fewer than two.
pub(super) fn median_step_s(times_s: &[f64]) -> Option<f64> {
    let mut steps: Vec<f64> = times_s.windows(2).map(|w| w[1] - w[0]).collect();
    if steps.is_empty() {
        return None;
    }
    let middle = steps.len() / 2;
    Some(*steps.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_at_missing_samples_and_at_jumps_in_time() {
        let times = [0.0, 0.1, 0.2, 0.3, 0.9, 1.0];
        let values = [Some(1), Some(1), None, Some(1), Some(1), Some(1)];
        assert_eq!(of(&times, &values), [0..2, 3..4, 4..6]);
        assert_eq!(missing(&values).first(), Some(&(2..3)));
    }
}
