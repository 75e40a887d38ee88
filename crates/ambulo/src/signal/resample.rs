//! Another rate for an unbroken signal.

use super::spline::{self, CubicSpline};
use super::{SignalError, positive};

/// How values between samples are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interpolation {
    /// Straight lines.
    Linear,
    /// A cubic spline with not-a-knot ends.
    Cubic,
}

/// A signal at even times.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// Seconds, from the first sample on.
    pub times_s: Vec<f64>,
    /// One value a time.
    pub values: Vec<f64>,
}

/// The signal at even times from its first sample to before its last.
///
/// Nothing is filtered: take out what is faster than half the new rate first.
///
/// # Errors
///
/// [`SignalError`] if the rate is not positive, there are fewer than two samples, or times do not
/// increase.
pub fn resample(
    times_s: &[f64],
    values: &[f64],
    rate_hz: f64,
    interpolation: Interpolation,
) -> Result<Resampled, SignalError> {
    positive("the new rate", rate_hz)?;
    let curve = match interpolation {
        Interpolation::Linear => spline::linear(times_s, values)?,
        Interpolation::Cubic => CubicSpline::not_a_knot(times_s, values)?,
    };
    let (start_s, end_s) = (times_s[0], times_s[times_s.len() - 1]);
    let even_s: Vec<f64> = (0..u32::MAX)
        .map(|index| start_s + f64::from(index) / rate_hz)
        .take_while(|&time_s| time_s < end_s)
        .collect();
    Ok(Resampled {
        values: curve.values(&even_s),
        times_s: even_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_a_line_at_any_rate() {
        let resampled = resample(
            &[1.0, 1.5, 3.0],
            &[2.0, 3.0, 6.0],
            4.0,
            Interpolation::Linear,
        )
        .unwrap();
        assert_eq!(resampled.times_s.len(), 8);
        for (time, value) in resampled.times_s.iter().zip(&resampled.values) {
            assert!((value - 2.0 * time).abs() < 1e-12);
        }
    }

    #[test]
    fn a_rate_of_zero_is_refused() {
        assert!(resample(&[0.0, 1.0], &[0.0, 1.0], 0.0, Interpolation::Cubic).is_err());
    }
}
