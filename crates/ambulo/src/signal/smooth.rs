//! Zero-lag smoothing of trajectories: each unbroken run on its own, at its own times.

use nalgebra::Point3;
use serde::{Deserialize, Serialize};

use super::butterworth::Butterworth;
use super::runs;
use super::spline::CubicSpline;

/// A cut-off at or above this share of half the frame rate leaves the signal as it is.
const HIGHEST_SHARE_OF_NYQUIST: f64 = 0.9;
/// Runs with fewer samples stay as they are.
const SHORTEST_RUN: usize = 4;
/// Times that stray less than this share of a step from an even grid count as even.
const EVEN_SHARE: f64 = 0.05;
/// The even grid has at most this many steps a sample, however uneven the times are.
const DENSEST_GRID: f64 = 16.0;

/// Settings of [`smooth`].
///
/// # Source
///
/// Winter (2009), "Biomechanics and motor control of human movement", section 3.4.4.2: the passes
/// together attenuate more than one, so the design cut-off is raised to keep −3 dB at `cutoff_hz`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Smoothing {
    /// Where the smoothed signal has lost 3 dB (with `corrected`), in hertz.
    pub cutoff_hz: f64,
    /// Order of the Butterworth filter of one pass.
    pub order: usize,
    /// Whether the design cut-off is raised for the second pass.
    pub corrected: bool,
}

impl Smoothing {
    /// A second-order filter, run both ways, with a corrected cut-off.
    pub fn with_cutoff(cutoff_hz: f64) -> Self {
        Self {
            cutoff_hz,
            order: 2,
            corrected: true,
        }
    }

    /// The cut-off each pass is designed with.
    pub fn design_cutoff_hz(&self) -> f64 {
        if self.corrected {
            self.cutoff_hz / correction(self.order, 2)
        } else {
            self.cutoff_hz
        }
    }

    /// The order of both passes together: twice that of one.
    pub fn effective_order(&self) -> usize {
        2 * self.order
    }

    /// Whether a signal of this rate is filtered at all, or is too slow for the cut-off.
    pub fn applies_at(&self, rate_hz: f64) -> bool {
        self.design_cutoff_hz() < HIGHEST_SHARE_OF_NYQUIST * rate_hz / 2.0
    }
}

/// The factor by which several passes of one filter lower its cut-off: 0.802 for two passes of
/// order 2.
pub fn correction(order: usize, passes: usize) -> f64 {
    let per_pass = 2.0_f64.powf(1.0 / passes.max(1) as f64) - 1.0;
    per_pass.powf(0.5 / order.max(1) as f64)
}

/// The signal without what is faster than the cut-off, and without lag.
///
/// A run too short for the usual padding is padded as far as it goes; one of fewer than four
/// samples stays as it is, as does everything where the cut-off is not below 0.9 of half the rate.
/// Uneven times are brought to an even grid and back by a cubic spline.
pub fn smooth(times_s: &[f64], values: &[Option<f64>], smoothing: &Smoothing) -> Vec<Option<f64>> {
    let mut smoothed = values.to_vec();
    for run in runs::of(times_s, values) {
        let signal: Vec<f64> = values[run.clone()].iter().flatten().copied().collect();
        if let Some(passed) = smooth_run(&times_s[run.clone()], &signal, smoothing) {
            for (place, value) in smoothed[run].iter_mut().zip(passed) {
                *place = Some(value);
            }
        }
    }
    smoothed
}

/// [`smooth`] for each coordinate of a point.
pub fn smooth_points(
    times_s: &[f64],
    points: &[Option<Point3<f64>>],
    smoothing: &Smoothing,
) -> Vec<Option<Point3<f64>>> {
    let [x, y, z] = [0, 1, 2].map(|axis| {
        let values: Vec<Option<f64>> = points.iter().map(|p| p.map(|p| p[axis])).collect();
        smooth(times_s, &values, smoothing)
    });
    (0..points.len())
        .map(|frame| Some(Point3::new(x[frame]?, y[frame]?, z[frame]?)))
        .collect()
}

/// One unbroken run; `None` if it has to stay as it is.
fn smooth_run(times_s: &[f64], signal: &[f64], smoothing: &Smoothing) -> Option<Vec<f64>> {
    let samples = signal.len();
    if samples < SHORTEST_RUN {
        return None;
    }
    let start_s = times_s[0];
    let duration_s = times_s[samples - 1] - start_s;
    let mean_step_s = duration_s / (samples - 1) as f64;
    let even = times_s.iter().enumerate().all(|(index, time_s)| {
        (time_s - start_s - index as f64 * mean_step_s).abs() <= EVEN_SHARE * mean_step_s
    });
    if even {
        return filter_even(signal, 1.0 / mean_step_s, smoothing);
    }
    let steps = (duration_s / runs::median_step_s(times_s)?)
        .round()
        .clamp(3.0, DENSEST_GRID * samples as f64);
    let step_s = duration_s / steps;
    let grid_s: Vec<f64> = (0..u32::MAX)
        .map(f64::from)
        .take_while(|&index| index <= steps)
        .map(|index| start_s + index * step_s)
        .collect();
    let resampled = CubicSpline::not_a_knot(times_s, signal)
        .ok()?
        .values(&grid_s);
    let passed = filter_even(&resampled, 1.0 / step_s, smoothing)?;
    let back = CubicSpline::not_a_knot(&grid_s, &passed).ok()?;
    Some(back.values(times_s))
}

fn filter_even(signal: &[f64], rate_hz: f64, smoothing: &Smoothing) -> Option<Vec<f64>> {
    if !smoothing.applies_at(rate_hz) {
        return None;
    }
    let filter =
        Butterworth::lowpass(smoothing.order, smoothing.design_cutoff_hz(), rate_hz).ok()?;
    let padding = filter.default_sos_padding().min(signal.len() - 1);
    filter.sosfiltfilt_padded(signal, padding).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn tone(times_s: &[f64], hz: f64) -> Vec<Option<f64>> {
        times_s.iter().map(|t| Some((TAU * hz * t).sin())).collect()
    }

    fn largest(times_s: &[f64], values: &[Option<f64>]) -> f64 {
        let inner = times_s.len() / 4..3 * times_s.len() / 4;
        values[inner]
            .iter()
            .flatten()
            .fold(0.0, |most: f64, v| most.max(v.abs()))
    }

    #[test]
    fn three_decibels_are_lost_at_the_corrected_cutoff() {
        let times: Vec<f64> = (0..800).map(|i| f64::from(i) / 200.0).collect();
        let smoothed = smooth(&times, &tone(&times, 6.0), &Smoothing::with_cutoff(6.0));
        assert!((largest(&times, &smoothed) - 0.5_f64.sqrt()).abs() < 0.005);
        assert!((correction(2, 2) - 0.802_243_262_923_150_2).abs() < 1e-12);
    }

    #[test]
    fn uneven_times_give_the_same_curve_as_even_ones() {
        let times: Vec<f64> = (0..400)
            .map(|i| f64::from(i) / 100.0 + 0.003 * (f64::from(i) * 1.7).sin())
            .collect();
        let smoothed = smooth(&times, &tone(&times, 1.0), &Smoothing::with_cutoff(6.0));
        for (time, value) in times.iter().zip(&smoothed).skip(30).take(340) {
            let lost = (value.unwrap() - (TAU * time).sin()).abs();
            assert!(lost < 2e-3, "at {time} s: {lost}");
        }
    }

    #[test]
    fn nothing_leaks_across_a_gap() {
        let times: Vec<f64> = (0..60).map(|i| f64::from(i) / 60.0).collect();
        let step: Vec<Option<f64>> = (0..60)
            .map(|i| (i != 30).then_some(if i < 30 { 0.0 } else { 1.0 }))
            .collect();
        let smoothed = smooth(&times, &step, &Smoothing::with_cutoff(5.0));
        for (before, after) in step.iter().zip(&smoothed) {
            match (before, after) {
                (Some(before), Some(after)) => assert!((before - after).abs() < 1e-9),
                (before, after) => assert_eq!(before, after),
            }
        }
    }

    #[test]
    fn short_runs_and_slow_recordings_stay_as_they_are() {
        let values = [Some(1.0), Some(5.0), Some(2.0)];
        let smoothing = Smoothing::with_cutoff(5.0);
        assert_eq!(smooth(&[0.0, 0.1, 0.2], &values, &smoothing), values);
        let times: Vec<f64> = (0..40).map(|i| f64::from(i) / 10.0).collect();
        let noisy = tone(&times, 3.3);
        assert_eq!(smooth(&times, &noisy, &smoothing), noisy);
    }

    #[test]
    fn a_run_shorter_than_the_padding_is_still_smoothed() {
        let times: Vec<f64> = (0..6).map(|i| f64::from(i) / 100.0).collect();
        let values = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0].map(Some);
        let smoothed = smooth(&times, &values, &Smoothing::with_cutoff(6.0));
        assert!(smoothed.iter().flatten().all(|v| (-0.3..1.3).contains(v)));
        assert_ne!(smoothed, values);
    }
}
