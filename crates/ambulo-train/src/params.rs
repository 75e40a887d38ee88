//! Data to estimate gait parameters from keypoints: recordings of walks seen from the side, each with what is
//! true of the walk.

mod clip;
mod rows;

pub use clip::{ParamsClip, Truth};
pub use rows::{ParamsRow, rows};
