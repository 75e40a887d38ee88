//! A person's motion to the 263 features a frame of `HumanML3D`, and back.
//!
//! A recording is brought to the 22 joints of SMPL, without SMPL ([`body`]), and to exactly [`RATE_HZ`] by
//! time ([`BodyClip::resampled`]). Then ([`MotionFeatures::of`]):
//!
//! 1. the bones get the lengths of one person ([`skeleton::LENGTHS_M`]), their directions stay; so metres of
//!    the result are that person's, and clinical lengths are measured before this step;
//! 2. the floor is 0, the pelvis begins at x = z = 0, and the person faces +z;
//! 3. each frame but the last becomes a row:
//!
//! | columns | meaning |
//! | --- | --- |
//! | 0 | sine arc of the turn to the next frame's quaternion: half the turn about the vertical, rad |
//! | 1, 2 | the pelvis' way to the next frame along x and z, as the body faces then, m a frame |
//! | 3 | height of the pelvis, m |
//! | 4 … 66 | places of the other 21 joints from below the pelvis, as the body faces, m |
//! | 67 … 192 | rotations of the 21 joints against the one before: first two columns of each matrix |
//! | 193 … 258 | ways of all 22 joints to the next frame, as the body faces, m a frame |
//! | 259 … 262 | whether left ankle, left foot, right ankle, right foot rest: they move by less than 0.894 m/s |
//!
//! # Source
//!
//! Guo et al. (2022), "Generating diverse and natural 3D human motions from text", and its released code,
//! `EricGuo5513/HumanML3D`, commit 9176e8f.
//!
//! Differences from that code: 64-bit arithmetic; bones without a length keep the direction of rest; the
//! facing can be corrected ([`Facing::Anatomical`]).

pub mod body;
mod cluster;
mod features;
mod inverse;
mod kinematics;
mod rate;
pub mod skeleton;

use ambulo::motion::Motion3d;
use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

pub use body::{BodyClip, Calibration};
pub use features::{MotionFeatures, Prepared};

/// Frames of a second.
pub const RATE_HZ: f64 = 20.0;
/// Joints of a pose, in the order of [`ambulo::skeleton::SMPL_22`].
pub const JOINTS: usize = 22;
/// Numbers of a frame.
pub const FEATURES: usize = 263;

/// Places of the 22 joints in one frame, in metres: Y up, right-handed.
pub type Pose = [Vector3<f64>; JOINTS];

/// How the way a body faces is found from hips and shoulders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Facing {
    /// As in the released code, where the hips count with the wrong sign. Published statistics and weights
    /// were made so.
    #[default]
    Upstream,
    /// Across the body from left to right, at hips and shoulders alike.
    Anatomical,
}

/// Features of a recording that names markers or joints of the whole body: the longest stretch that shows it, at
/// [`RATE_HZ`].
///
/// # Errors
///
/// [`MotionError`] if too little of the body is named, or shown for too short.
pub fn features_of(motion: &Motion3d, facing: Facing) -> Result<MotionFeatures, MotionError> {
    MotionFeatures::of(&BodyClip::of(motion, None)?.resampled()?, facing)
}

/// Why a motion has no features.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MotionError {
    /// The recording names too little of the body.
    #[error("the 22 joints cannot be made: {what} needs one of {needed}")]
    Missing {
        /// The part of the body.
        what: &'static str,
        /// What it could be made from.
        needed: &'static str,
    },
    /// No stretch of the recording shows the whole body.
    #[error("only {frames} frames in a row show the whole body, at least {needed} are needed")]
    TooShort {
        /// The longest stretch.
        frames: usize,
        /// Frames needed.
        needed: usize,
    },
    /// A coordinate is infinite or not a number.
    #[error("a coordinate of frame {frame} is not a number")]
    NotFinite {
        /// The frame.
        frame: usize,
    },
    /// The right leg has no length, so the body has no size.
    #[error("the right leg has no length in the first frame")]
    NoLeg,
    /// Left and right are exchanged: once the shoulders face +z, the left hip is at the right.
    #[error(
        "hips and shoulders contradict each other: left and right are exchanged in one of them"
    )]
    Sides,
    /// The numbers are no whole rows of features.
    #[error("{numbers} numbers are no rows of {FEATURES} features")]
    Rows {
        /// How many there are.
        numbers: usize,
    },
}
