//! Tests of the trainer from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod assess;
mod bodies;
mod codebook;
mod comparison;
mod corpus;
mod datasets;
mod film;
#[cfg(feature = "burn")]
mod fit;
#[cfg(feature = "burn")]
mod language;
#[cfg(feature = "burn")]
mod losses;
#[cfg(feature = "burn")]
mod modules;
mod motion;
#[cfg(feature = "burn")]
mod paper_recipes;
mod params;
mod pictures;
#[cfg(feature = "burn")]
mod pose;
mod reasoner;
#[cfg(feature = "burn")]
mod recipes;
mod text;
#[cfg(feature = "burn")]
mod tokenizer;
