//! Codecs between domain types and tensors: one for each task, used by training, evaluation and analysis.

pub mod lift;
pub mod motion;
pub mod params;
pub mod pose2d;
pub mod text;
