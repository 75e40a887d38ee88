//! Signal processing: filters, splines, gaps, peaks, spectra.
//!
//! Functions take plain slices: times in seconds, strictly increasing, and values that are `None`
//! where nothing was measured. Nothing is ever filtered or interpolated across what stayed missing.

pub mod butterworth;
pub mod cycle;
pub mod derivative;
pub mod detrend;
pub mod gaps;
pub mod gaussian;
pub mod peaks;
pub mod resample;
pub mod residual;
mod runs;
pub mod smooth;
pub mod spectrum;
pub mod spline;

/// Why a signal cannot be processed as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SignalError {
    /// There are fewer samples than the method needs.
    #[error("{samples} samples are too few, at least {needed} are needed")]
    TooShort {
        /// Samples given.
        samples: usize,
        /// Samples needed.
        needed: usize,
    },
    /// A filter of this order is not offered.
    #[error("a filter of order {order} is not offered, only 1 to 12")]
    BadOrder {
        /// The order.
        order: usize,
    },
    /// A cut-off does not lie between zero and half the frame rate, or a band is empty.
    #[error("a cut-off of {cutoff_hz} Hz is not possible at {rate_hz} Hz")]
    BadCutoff {
        /// The cut-off.
        cutoff_hz: f64,
        /// The frame rate.
        rate_hz: f64,
    },
    /// A rate, a width or another setting is not a positive number.
    #[error("{name} is {value}, which is not a positive number")]
    NotPositive {
        /// What it is.
        name: &'static str,
        /// Its value.
        value: f64,
    },
    /// Times and values are not equally many.
    #[error("{times} times but {values} values")]
    LengthMismatch {
        /// Number of times.
        times: usize,
        /// Number of values.
        values: usize,
    },
    /// A time is not later than the one before it.
    #[error("the time of sample {index} is not after the one before it")]
    NotIncreasing {
        /// Index of the sample.
        index: usize,
    },
}

/// Checks that a setting is a positive number.
fn positive(name: &'static str, value: f64) -> Result<(), SignalError> {
    if value.is_finite() && value > 0.0 {
        Ok(())
    } else {
        Err(SignalError::NotPositive { name, value })
    }
}
