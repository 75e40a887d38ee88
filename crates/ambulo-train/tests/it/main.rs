//! Tests of the trainer from outside.

mod comparison;
mod datasets;
mod film;
mod motion;
