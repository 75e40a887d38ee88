//! Tests of the trainer from outside.

mod film;
mod motion;
