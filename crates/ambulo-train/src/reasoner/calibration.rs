//! How sure a language model may be of its scores.

use ambulo_nn::networks::t5::T5Error;
use ambulo_nn::reasoner::{INSTRUCTION, Reasoner, ReasonerError, TEMPERATURE_NOTE, tempered};
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::Weights;

use super::walks::GaitText;
use super::written::answered;

/// Temperatures that are looked through, as logarithms to base 2.
const RANGE: [f64; 2] = [-3.0, 4.0];
/// Nothing is taken for less probable than this.
const LEAST: f64 = 1e-6;

/// Why weights were not calibrated.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// The weights write nothing about motion.
    #[error(transparent)]
    Reasoner(#[from] ReasonerError),
    /// A walk cannot be read.
    #[error(transparent)]
    T5(#[from] T5Error),
}

/// The weights with the temperature at which the true scores of these walks are most probable. Their people must be
/// none that the network learned from. Without walks it is 1.
///
/// # Errors
///
/// [`CalibrationError`] if the weights write nothing about motion, or have no token for a walk's codes.
pub fn calibrated(weights: Weights, walks: &[GaitText]) -> Result<Weights, CalibrationError> {
    let weights = weights.with_note(TEMPERATURE_NOTE, "1");
    let reasoner = Reasoner::from_weights(&weights, &Engine::new(Threads::new(0)))?;
    let walks: Vec<&GaitText> = walks.iter().collect();
    let said = answered(&reasoner, INSTRUCTION, &walks)?;
    let scored = said.into_iter().map(|it| (it.probabilities, it.walk.score));
    let scored: Vec<(Vec<f64>, u8)> = scored.collect();
    Ok(match temperature(&scored) {
        Some(found) => weights.with_note(TEMPERATURE_NOTE, &format!("{found:.2}")),
        None => weights,
    })
}

/// The temperature, from 1/8 to 16, at which the true classes are most probable; `None` of nothing.
pub fn temperature(scored: &[(Vec<f64>, u8)]) -> Option<f64> {
    let surprise = |log_temperature: f64| -> f64 {
        let each = scored.iter().map(|(probabilities, truth)| {
            let found = tempered(probabilities, log_temperature.exp2());
            let found = found.get(usize::from(*truth)).copied().unwrap_or(0.0);
            -found.max(LEAST).ln()
        });
        each.sum()
    };
    // The surprise has one minimum along the temperature: by thirds.
    let [mut low, mut high] = RANGE;
    while high - low > 1e-4 {
        let third = (high - low) / 3.0;
        if surprise(low + third) <= surprise(high - third) {
            high -= third;
        } else {
            low += third;
        }
    }
    (!scored.is_empty()).then(|| f64::midpoint(low, high).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_right_in_seven_of_ten_may_be_sure_to_seven_tenths() {
        // Sure to 0.94, one way or the other.
        let scored: Vec<(Vec<f64>, u8)> = (0..10)
            .map(|walk| (vec![0.94, 0.06], u8::from(walk >= 7)))
            .collect();
        let found = temperature(&scored).unwrap();
        let tempered = tempered(&scored[0].0, found);
        assert!((tempered[0] - 0.7).abs() < 1e-3, "{tempered:?}");
        let modest: Vec<(Vec<f64>, u8)> = (0..10)
            .map(|walk| (vec![0.55, 0.45], u8::from(walk >= 7)))
            .collect();
        assert!(temperature(&modest).unwrap() < 1.0);
        assert_eq!(temperature(&[]), None);
    }
}
