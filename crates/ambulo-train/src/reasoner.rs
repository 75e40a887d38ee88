//! What the language model learns to write about walks: instructions, words, walks as tokens with their rationales, and
//! the pairs of texts of a training step.
//!
//! Source: Wang et al. (2025), "AGIR", whose training code was not released; what follows its text is said so, and all
//! texts are our own.

mod calibration;
mod judged;
mod lessons;
mod levels;
mod probe;
mod published;
mod templates;
mod vocabulary;
mod walks;
mod written;

pub use calibration::{CalibrationError, calibrated, temperature};
pub use judged::{SaidTable, Trivial};
pub use lessons::{Lessons, Objective, Other, TextBatch};
pub use levels::token_features;
pub use probe::probed;
pub use published::published_tables;
pub use templates::{HELD_OUT, TEMPLATES, Templates};
pub use vocabulary::vocabulary;
pub use walks::{
    CodesError, GaitText, MeasureText, MeasuredText, TextSettings, WalkError, gait_codes,
    gait_texts,
};
pub use written::{Figures, Said, answered, claims_by_aspect, described_walks, figures};
