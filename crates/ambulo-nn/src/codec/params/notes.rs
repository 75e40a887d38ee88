//! What weights say of themselves: target, recipe, correction, residuals.

use super::{CorrectionError, Recipe, Target};
use crate::weights::Weights;

impl Target {
    /// The note of a weights file that names it.
    pub const NOTE: &str = "params.target";

    /// The target of weights.
    ///
    /// # Errors
    ///
    /// [`CorrectionError`] if they name none, or an unknown one.
    pub fn of_weights(weights: &Weights) -> Result<Self, CorrectionError> {
        let name = note(weights, Self::NOTE)?;
        let found = Self::ALL.into_iter().find(|target| target.name() == name);
        found.ok_or_else(|| CorrectionError::UnknownTarget {
            name: name.to_owned(),
        })
    }
}

impl Recipe {
    /// The note of a weights file that names it, `paper` or `fixed`.
    pub const NOTE: &str = "params.recipe";

    /// The recipe whose inputs weights learned from; [`Recipe::Fixed`] if they do not say.
    pub fn of_weights(weights: &Weights) -> Self {
        match note(weights, Self::NOTE) {
            Ok("paper") => Self::Paper,
            _ => Self::Fixed,
        }
    }
}

/// A note that must be there.
pub(super) fn note<'a>(
    weights: &'a Weights,
    name: &'static str,
) -> Result<&'a str, CorrectionError> {
    let note = weights.info().notes.get(name);
    let note = note.ok_or(CorrectionError::Missing { note: name })?;
    Ok(note)
}
