//! The order of the stages, and the configuration of a run.
//!
//! [`read::read_trial`] turns an input into a trial, [`analyze()`] a trial into an analysis,
//! [`artifacts::of`] an analysis into files.

mod analyze;
pub mod artifacts;
pub mod assess;
pub mod bench;
pub mod config;
pub mod convert;
pub mod demo;
pub mod doctor;
pub mod estimates;
pub mod lifting;
mod methods;
pub mod overlay;
pub mod pose2d;
pub mod read;
mod stages;
mod summary;

pub use analyze::{Analysed, BoutAngles, analyze, analyze_with};
pub use summary::summary_lines;
