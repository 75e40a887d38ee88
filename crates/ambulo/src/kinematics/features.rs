//! Numbers read from angles: ranges, extremes and where they lie.

use crate::cycles::GaitCycle;

/// An extreme of a curve over the cycle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Its value in degrees.
    pub degrees: f64,
    /// Where it lies, percent of the cycle.
    pub cycle_pct: f64,
}

/// Greatest less least value of a curve, in degrees; `None` for an empty one.
pub fn range_deg(curve_deg: &[f64]) -> Option<f64> {
    let most = curve_deg.iter().copied().reduce(f64::max)?;
    let least = curve_deg.iter().copied().reduce(f64::min)?;
    Some(most - least)
}

/// The greatest value of a curve between two percentages of the cycle, both included; the first of
/// equals. The curve's points are evenly spaced from 0 to 100 %. `None` if no point lies there.
pub fn maximum(curve_deg: &[f64], from_pct: f64, to_pct: f64) -> Option<Peak> {
    extreme(curve_deg, from_pct, to_pct, |new, old| new > old)
}

/// The least value of a curve between two percentages of the cycle, as [`maximum`].
pub fn minimum(curve_deg: &[f64], from_pct: f64, to_pct: f64) -> Option<Peak> {
    extreme(curve_deg, from_pct, to_pct, |new, old| new < old)
}

/// The greatest knee flexion from foot off to the end of the cycle.
pub fn peak_knee_flexion_in_swing(knee_flexion_deg: &[f64], foot_off_pct: f64) -> Option<Peak> {
    maximum(knee_flexion_deg, foot_off_pct, 100.0)
}

/// The least knee flexion from contact to foot off: "knee flexion at maximum extension".
pub fn least_knee_flexion_in_stance(knee_flexion_deg: &[f64], foot_off_pct: f64) -> Option<Peak> {
    minimum(knee_flexion_deg, 0.0, foot_off_pct)
}

/// The greatest value over time from `from_s` to `to_s`, both included. `None` if a frame there has
/// no value, or there is no frame.
pub fn largest_between(
    times_s: &[f64],
    degrees: &[Option<f64>],
    from_s: f64,
    to_s: f64,
) -> Option<f64> {
    all_between(times_s, degrees, from_s, to_s)?.reduce(f64::max)
}

/// The least value over time, as [`largest_between`].
pub fn least_between(
    times_s: &[f64],
    degrees: &[Option<f64>],
    from_s: f64,
    to_s: f64,
) -> Option<f64> {
    all_between(times_s, degrees, from_s, to_s)?.reduce(f64::min)
}

impl GaitCycle {
    /// Where a time of the trial lies in this cycle, percent of its duration.
    pub fn percent_at(&self, time_s: f64) -> f64 {
        100.0 * (time_s - self.start_s) / self.duration_s()
    }
}

fn extreme(
    curve_deg: &[f64],
    from_pct: f64,
    to_pct: f64,
    better: impl Fn(f64, f64) -> bool,
) -> Option<Peak> {
    let step_pct = 100.0 / (curve_deg.len().checked_sub(1)?.max(1)) as f64;
    let mut best: Option<Peak> = None;
    for (point, &degrees) in curve_deg.iter().enumerate() {
        let cycle_pct = point as f64 * step_pct;
        let inside = cycle_pct >= from_pct && cycle_pct <= to_pct;
        if inside && best.is_none_or(|best| better(degrees, best.degrees)) {
            best = Some(Peak { degrees, cycle_pct });
        }
    }
    best
}

fn all_between(
    times_s: &[f64],
    degrees: &[Option<f64>],
    from_s: f64,
    to_s: f64,
) -> Option<impl Iterator<Item = f64>> {
    let from = times_s.partition_point(|&t| t < from_s);
    let to = times_s.partition_point(|&t| t <= to_s);
    let inside = degrees.get(from..to)?;
    let complete = inside.iter().all(Option::is_some);
    complete.then(|| inside.iter().copied().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_are_looked_for_in_their_part_of_the_cycle_only() {
        let knee: Vec<f64> = (0..=100).map(|i| f64::from((i - 70_i32).abs())).collect();
        let least = least_knee_flexion_in_stance(&knee, 60.0).unwrap();
        assert_eq!((least.degrees, least.cycle_pct), (10.0, 60.0));
        let peak = peak_knee_flexion_in_swing(&knee, 60.0).unwrap();
        assert_eq!((peak.degrees, peak.cycle_pct), (30.0, 100.0));
        assert_eq!(range_deg(&knee), Some(70.0));
        assert_eq!(maximum(&knee, 60.2, 60.8), None);
        assert_eq!(range_deg(&[]), None);
    }

    #[test]
    fn a_stretch_with_a_missing_frame_has_no_extreme() {
        let times = [0.0, 0.1, 0.2, 0.3];
        let degrees = [Some(4.0), Some(1.0), None, Some(7.0)];
        assert_eq!(least_between(&times, &degrees, 0.0, 0.1), Some(1.0));
        assert_eq!(largest_between(&times, &degrees, 0.0, 0.3), None);
        assert_eq!(largest_between(&times, &degrees, 0.31, 0.4), None);
    }
}
