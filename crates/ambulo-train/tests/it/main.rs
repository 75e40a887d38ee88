//! Tests of the trainer from outside.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod comparison;
mod datasets;
mod film;
mod motion;
