//! How far estimates lay beside the truth on people who took no part in training.

use serde::{Deserialize, Serialize};

use super::CorrectionError;
use super::notes::note;
use crate::weights::Weights;

/// Differences of the truth from estimates, on people who chose the best epoch but taught nothing.
///
/// # Units
///
/// Those of the target, see [`super::Target::unit`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residuals {
    /// People.
    pub people: usize,
    /// Recordings; where one leg is estimated, each counts twice.
    pub recordings: usize,
    /// 2.5th percentile of truth minus estimate.
    pub low: f64,
    /// 97.5th percentile of truth minus estimate.
    pub high: f64,
    /// Root mean square of truth minus estimate.
    pub rms: f64,
}

/// The two-sided 95 % point of the standard normal distribution.
const NORMAL_95: f64 = 1.96;

impl Residuals {
    /// The note of a weights file that holds them, as JSON.
    pub const NOTE: &str = "params.residuals";

    /// Of estimates, each of a recording of one of `people` people; `None` for fewer than two pairs or
    /// unequal lengths.
    pub fn of(estimates: &[f64], truths: &[f64], people: usize) -> Option<Self> {
        if estimates.len() != truths.len() || estimates.len() < 2 {
            return None;
        }
        let pairs = truths.iter().zip(estimates);
        let mut residuals: Vec<f64> = pairs.map(|(truth, estimate)| truth - estimate).collect();
        residuals.sort_by(f64::total_cmp);
        let square: f64 = residuals.iter().map(|r| r * r).sum();
        Some(Self {
            people,
            recordings: residuals.len(),
            low: quantile(&residuals, 0.025),
            high: quantile(&residuals, 0.975),
            rms: (square / residuals.len() as f64).sqrt(),
        })
    }

    /// The 95 % interval around an estimate: the wider of the percentiles and ±1.96 root mean squares
    /// on each side, times `widening`. Few people have no tails, so percentiles alone would be too narrow.
    pub fn interval(&self, estimate: f64, widening: f64) -> [f64; 2] {
        let half = NORMAL_95 * self.rms;
        [
            estimate + widening * self.low.min(-half),
            estimate + widening * self.high.max(half),
        ]
    }

    /// The residuals that stand with weights.
    ///
    /// # Errors
    ///
    /// [`CorrectionError`] if there are none, or a number is not possible.
    pub fn of_weights(weights: &Weights) -> Result<Self, CorrectionError> {
        let residuals: Self = serde_json::from_str(note(weights, Self::NOTE)?)?;
        let numbers = [
            ("low", residuals.low),
            ("high", residuals.high),
            ("rms", residuals.rms),
        ];
        for (field, value) in numbers {
            if !value.is_finite() || (field == "rms" && value < 0.0) {
                return Err(CorrectionError::Value { field, value });
            }
        }
        Ok(residuals)
    }
}

/// A quantile of sorted values, between two of them by a line.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let below = place.floor();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in the slice"
    )]
    let index = below as usize;
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    sorted[index] + (place - below) * (next - sorted[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_never_narrower_than_the_spread() {
        // Truth minus estimate is −1, 0 and 4: percentiles −0.95 and 3.8, root mean square √(17/3).
        let residuals = Residuals::of(&[1.0, 2.0, 3.0], &[0.0, 2.0, 7.0], 2).unwrap();
        assert!((residuals.low + 0.95).abs() < 1e-12 && (residuals.high - 3.8).abs() < 1e-12);
        let half = 1.96 * (17.0_f64 / 3.0).sqrt();
        let [low, high] = residuals.interval(10.0, 2.0);
        assert!((low - (10.0 - 2.0 * half)).abs() < 1e-12);
        assert!((high - (10.0 + 2.0 * half)).abs() < 1e-12);
        assert_eq!(Residuals::of(&[1.0], &[1.0], 1), None);
        assert_eq!(Residuals::of(&[1.0, 2.0], &[1.0], 1), None);
    }
}
