//! The cut-off that a recording's own noise asks for.

use super::runs;
use super::smooth::{Smoothing, smooth};

/// The highest cut-off that a filter can have, as a share of half the frame rate; what lies above is
/// noise.
const TOP_SHARE_OF_NYQUIST: f64 = 0.72;
/// Samples before and after an impulse, more than a filter near that cut-off remembers.
const IMPULSE_AT: u32 = 100;
/// Distance between two cut-offs that are compared.
const STEP_HZ: f64 = 0.5;

/// The lowest cut-off within `range_hz` at which a filter takes no more from the signals than
/// their noise, so that it rounds them no more than it lets noise pass.
///
/// All signals count together. The noise is what a filter at 0.72 of half the frame rate still takes
/// away, spread evenly over all frequencies. The result is the lower end of the range where the
/// rate is too low to tell, and where there are no signals.
///
/// # Source
///
/// Winter (2009), "Biomechanics and motor control of human movement", section 3.4.4.3 (residual
/// analysis). He extends the noise by a line through the residuals of high cut-offs; ours is that
/// of white noise through the filter, which needs one of them.
pub fn cutoff_by_residuals(
    times_s: &[f64],
    signals: &[Vec<Option<f64>>],
    range_hz: [f64; 2],
) -> f64 {
    let [lowest_hz, highest_hz] = range_hz;
    let Some(step_s) = runs::median_step_s(times_s).filter(|&step_s| step_s > 0.0) else {
        return lowest_hz;
    };
    let top_hz = TOP_SHARE_OF_NYQUIST * 0.5 / step_s;
    let highest_hz = highest_hz.min(top_hz);
    let residual = |cutoff_hz: f64| -> f64 {
        let smoothing = Smoothing::with_cutoff(cutoff_hz);
        signals
            .iter()
            .flat_map(|signal| {
                let smoothed = smooth(times_s, signal, &smoothing);
                signal.clone().into_iter().zip(smoothed)
            })
            .filter_map(|(raw, smoothed)| Some((raw? - smoothed?).powi(2)))
            .sum()
    };
    let steps = (0..u32::MAX)
        .map(|step| lowest_hz + STEP_HZ * f64::from(step))
        .take_while(|&cutoff_hz| cutoff_hz <= highest_hz);
    let choices: Vec<f64> = steps.collect();
    let noise = residual(top_hz) / share_of_noise(&Smoothing::with_cutoff(top_hz), step_s);
    // The higher the cut-off, the less is taken away.
    let first = choices.partition_point(|&cutoff_hz| residual(cutoff_hz) > noise);
    choices
        .get(first)
        .or(choices.last())
        .copied()
        .unwrap_or(lowest_hz)
}

/// The share of white noise's power that a filter takes away.
fn share_of_noise(smoothing: &Smoothing, step_s: f64) -> f64 {
    let times_s: Vec<f64> = (0..=2 * IMPULSE_AT)
        .map(|i| step_s * f64::from(i))
        .collect();
    let impulse: Vec<Option<f64>> = (0..=2 * IMPULSE_AT)
        .map(|i| Some(f64::from(u8::from(i == IMPULSE_AT))))
        .collect();
    let passed = smooth(&times_s, &impulse, smoothing);
    impulse
        .iter()
        .zip(passed)
        .filter_map(|(raw, passed)| Some(((*raw)? - passed?).powi(2)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::SeededRng;
    use std::f64::consts::TAU;

    /// A movement of 1 Hz with harmonics that fall off like those of a gait marker.
    fn cutoff_hz(rate_hz: f64, noise_m: f64) -> f64 {
        let mut rng = SeededRng::new(1);
        let times_s: Vec<f64> = (0..600).map(|i| f64::from(i) / rate_hz).collect();
        let signal = times_s.iter().map(|t| {
            let movement: f64 = (1..=8)
                .map(|k| 0.2 * 0.45_f64.powi(k) * (TAU * f64::from(k) * t + f64::from(k)).sin())
                .sum();
            Some(movement + noise_m * rng.normal())
        });
        cutoff_by_residuals(&times_s, &[signal.collect()], [6.0, 12.0])
    }

    #[test]
    fn noise_lowers_the_cutoff() {
        let [none, little, much] =
            [(150.0, 0.0), (100.0, 0.0003), (100.0, 0.01)].map(|(hz, m)| cutoff_hz(hz, m));
        assert!((none - 12.0).abs() < 1e-9, "{none}");
        assert!(little > 6.5 && little < 12.0, "{little}");
        assert!((much - 6.0).abs() < 1e-9, "{much}");
    }

    #[test]
    fn a_low_rate_limits_the_cutoff() {
        assert!(cutoff_hz(25.0, 0.0) <= 9.0);
        assert!((cutoff_hz(15.0, 0.0) - 6.0).abs() < 1e-9);
        assert!((cutoff_by_residuals(&[], &[], [6.0, 12.0]) - 6.0).abs() < 1e-9);
    }
}
