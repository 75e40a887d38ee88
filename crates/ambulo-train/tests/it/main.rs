//! Tests of the trainer from outside.

mod datasets;
mod film;
mod motion;
