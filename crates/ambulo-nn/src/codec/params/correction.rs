//! From a network's numbers to a gait parameter.

use serde::{Deserialize, Serialize};

use super::notes::note;
use crate::weights::Weights;

/// How a network's numbers become a parameter. Checkpoints do not hold it; a side file does, and weights
/// files keep it as a note.
///
/// # Units
///
/// A network answers 0 to 1 for the range of the parameter in training. The parameter has the unit of
/// `target_min`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// The smallest target in training.
    pub target_min: f64,
    /// From the smallest to the largest.
    pub target_range: f64,
    /// Slope of the least-squares line of targets on mean answers, in the parameter's unit.
    pub ols_slope: f64,
    /// Where that line begins.
    pub ols_intercept: f64,
}

/// Why what stands with weights is refused.
#[derive(Debug, thiserror::Error)]
pub enum CorrectionError {
    /// The weights lack a note, so their answers have no meaning or no unit.
    #[error(
        "the weights have no note {note:?}; import them with --correction FILE.json --target NAME"
    )]
    Missing {
        /// The note.
        note: &'static str,
    },
    /// The weights estimate what is not known here.
    #[error("no gait parameter {name:?} is known")]
    UnknownTarget {
        /// Its name.
        name: String,
    },
    /// It is not understood.
    #[error("the correction is not understood")]
    Json(#[from] serde_json::Error),
    /// A number is not finite, or the range or slope is not positive.
    #[error("a correction with {field} {value} is not possible")]
    Value {
        /// The field.
        field: &'static str,
        /// Its value.
        value: f64,
    },
}

impl Correction {
    /// The note of a weights file that holds it, as JSON.
    pub const NOTE: &str = "correction";

    /// Reads a side file.
    ///
    /// # Errors
    ///
    /// [`CorrectionError`] if it is not understood or not possible.
    pub fn from_json(json: &[u8]) -> Result<Self, CorrectionError> {
        let correction: Self = serde_json::from_slice(json)?;
        for (field, value, is_factor) in [
            ("target_min", correction.target_min, false),
            ("target_range", correction.target_range, true),
            ("ols_slope", correction.ols_slope, true),
            ("ols_intercept", correction.ols_intercept, false),
        ] {
            if !value.is_finite() || (is_factor && value <= 0.0) {
                return Err(CorrectionError::Value { field, value });
            }
        }
        Ok(correction)
    }

    /// The correction that stands with weights.
    ///
    /// # Errors
    ///
    /// [`CorrectionError`] if there is none, or it is not possible.
    pub fn of_weights(weights: &Weights) -> Result<Self, CorrectionError> {
        Self::from_json(note(weights, Self::NOTE)?.as_bytes())
    }

    /// What a network is to answer for a value of the parameter in training, before any line is fitted.
    pub fn scaled(&self, value: f64) -> f64 {
        (value - self.target_min) / self.target_range
    }

    /// The parameter, from the network's answers for all windows of a recording; `None` without any.
    pub fn parameter(&self, answers: &[f32]) -> Option<f64> {
        let sum: f64 = answers.iter().copied().map(f64::from).sum();
        let mean = sum / answers.len() as f64;
        let raw = self.target_min + self.target_range * mean;
        (!answers.is_empty()).then_some(self.ols_intercept + self.ols_slope * raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_applied_to_the_mean_in_the_parameter_s_unit() {
        let json = br#"{"target_min":0.5,"target_range":2,"ols_slope":1.5,"ols_intercept":-0.25}"#;
        let correction = Correction::from_json(json).unwrap();
        assert_eq!(correction.parameter(&[0.25, 0.75]), Some(2.0));
        assert_eq!(correction.parameter(&[]), None);
        let flat = br#"{"target_min":0.5,"target_range":0,"ols_slope":1.5,"ols_intercept":-0.25}"#;
        let refused = Correction::from_json(flat).unwrap_err().to_string();
        assert!(refused.contains("target_range 0"), "{refused}");
    }
}
