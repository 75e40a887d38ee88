//! The domain of gait analysis: skeletons, motion, events, cycles, angles, parameters, indices,
//! norms and findings.
//!
//! Nothing here opens a file, reads a clock, starts a thread or knows a network. World space is
//! right-handed with Y up; a [`walk::Walk`] has X along the walk and Z to the walker's right.
//! Left is the subject's left. Units end the names.

pub mod analysis;
pub mod assessment;
pub mod balance;
pub mod bouts;
pub mod camera;
pub mod cycles;
pub mod events;
pub mod identity;
pub mod indices;
pub mod keypoints;
pub mod kinematics;
pub mod lifting;
pub mod metrics;
pub mod motion;
pub mod normative;
pub mod parameters;
pub mod picture;
pub mod quality;
pub mod scale;
mod side;
pub mod signal;
pub mod skeleton;
pub mod space;
pub mod subject;
pub mod synth;
pub mod time;
pub mod trial;
pub mod walk;

pub use side::{PerSide, Side};
