//! Synthetic film of recorded walks: other bodies, other postures, cameras anywhere, detectors that err.
//!
//! Everything is drawn from a seed, so an example is a pure function of seed, step and index.

mod body;
mod camera;
mod detector;
mod draw;
mod samples;

pub use body::{Body, Posture, SidePosture, reshape};
pub use camera::{CameraPlan, FilmCamera, Pitch, gravity_from_world};
pub use detector::{Detector, detect};
pub(crate) use draw::{between, chance, either, whole};
pub use draw::{clip_rng, jitter};
pub(crate) use samples::{FOCAL_PX, heading, mirror, pose_at, shoot};
pub use samples::{FilmSamples, FilmSettings};
