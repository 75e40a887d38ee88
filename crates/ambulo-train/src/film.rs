//! Synthetic film of recorded walks: other bodies, other postures, cameras anywhere, detectors that err.
//!
//! Everything is drawn from a seed, so an example is a pure function of seed, step and index.

mod body;
mod camera;
mod detector;
mod draw;
mod samples;

pub use body::{Body, Posture, SidePosture, reshape};
pub use camera::{CameraPlan, FilmCamera, gravity_from_world};
pub use detector::{Detector, detect};
pub use draw::{clip_rng, jitter};
pub use samples::{FilmSamples, FilmSettings};
