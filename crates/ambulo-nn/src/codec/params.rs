//! Keypoints of a walk seen from the side to the inputs of networks that estimate gait parameters.
//!
//! The recording is brought to [`RATE_HZ`]. Then, over the whole of it: gaps are bridged by straight
//! lines, those at both ends filled with the mean of the column; every column is smoothed by a Gaussian of
//! one frame; places are counted from the midpoint of the hips, in units of the **thighs' length in that
//! frame**; and, where both legs are looked at together, the walker is turned to face left. Eight series
//! made of these places follow the 25 keypoints of `BODY_25`: 58 columns.
//!
//! | column | meaning |
//! | --- | --- |
//! | 2k, 2k + 1 | x to the right and y down of keypoint k of `BODY_25`, from the mid-hips, in thighs |
//! | 50, 51 | angle in the left, the right knee, between hip and ankle |
//! | 52, 53 | angle in the left, the right ankle, between big toe and knee |
//! | 54, 55 | distance from the left, the right big toe to its ankle |
//! | 56, 57 | x of the right ankle from the left one, and the reverse |
//!
//! Angles are inner angles in radians; a straight knee is π. Confidences are not used.
//!
//! A window is [`FRAMES`] frames, about five seconds; windows begin [`HOP`] frames apart.
//!
//! # Source
//!
//! Kidziński et al. (2020), "Deep neural networks enable quantitative movement analysis using single-camera
//! videos", doi:10.1038/s41467-020-17807-z, and its released code.
//!
//! Differences from that code: frames without a thigh, and angles without a direction, are missing instead
//! of not a number; the last window is aligned with the end of the recording; [`Recipe::Fixed`] smooths
//! the direction of the walk.

mod columns;
mod correction;
mod notes;
mod rate;
mod residuals;
mod target;
mod usable;
mod window;

use serde::{Deserialize, Serialize};

use ambulo::Side;
use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::{BODY_25, Joint};

use columns::Frame;
pub use correction::{Correction, CorrectionError};
pub use residuals::Residuals;
pub use target::Target;
pub use usable::{FRONTAL, OBLIQUE, Usable};
pub use window::{ParamsWindow, WindowQuality};

/// Frames of a second.
pub const RATE_HZ: f64 = 25.0;
/// Frames of a window.
pub const FRAMES: usize = 124;
/// Frames from the start of a window to that of the next.
pub const HOP: usize = 31;
/// The largest share of frames in which a coordinate of a window may be missing.
pub const MAX_MISSING: f64 = 0.25;
/// Columns of [`ParamsTrack::row`].
pub const COLUMNS: usize = 58;

/// The joints that must be seen: ankle, knee, hip and big toe of the left, then of the right.
pub const JOINTS: [Joint; 8] = [
    Joint::LeftAnkle,
    Joint::LeftKnee,
    Joint::LeftHip,
    Joint::LeftBigToe,
    Joint::RightAnkle,
    Joint::RightKnee,
    Joint::RightHip,
    Joint::RightBigToe,
];

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipe {
    /// Those of the published code: the direction of the walk is found in each frame by itself, windows
    /// begin in the first 376 frames, and what is left at the end is dropped.
    Paper,
    /// The direction is that of most frames within half a second; all of the recording is used.
    #[default]
    Fixed,
}

/// Which legs one estimate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Legs {
    /// Both together (speed, cadence); the walker is turned to face left.
    Both,
    /// One of them (knee flexion, GDI); the walker goes as filmed.
    One(Side),
}

/// Whether the walker is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facing {
    /// Toes point to the left, whichever way the walk went.
    Left,
    /// As in the picture.
    AsFilmed,
}

impl Legs {
    /// How the published code turns walkers for these estimates.
    pub fn facing(self) -> Facing {
        match self {
            Self::Both => Facing::Left,
            Self::One(_) => Facing::AsFilmed,
        }
    }

    /// Joints of an input of STT: 8 or 4.
    pub fn joints(self) -> usize {
        window::stt_columns(self).len()
    }

    /// Columns of an input of the 1D-CNN: 23 or 12.
    pub fn columns(self) -> usize {
        window::cnn1d_columns(self).len()
    }

    /// Which columns of a frame STT is given, in its order.
    pub fn stt_columns(self) -> Vec<usize> {
        window::stt_columns(self).into_iter().flatten().collect()
    }

    /// Which columns of a frame the 1D-CNN is given, in its order.
    pub fn cnn1d_columns(self) -> Vec<usize> {
        window::cnn1d_columns(self)
    }
}

/// Why gait parameters cannot be estimated from keypoints.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ParamsError {
    /// The layout of the keypoints lacks a joint.
    #[error(
        "the keypoints have no {joint}; both ankles, knees, hips and big toes are needed: use a detector with \
         feet, such as BODY_25"
    )]
    MissingJoint {
        /// The joint.
        joint: Joint,
    },
    /// A joint is in the layout but was hardly ever seen.
    #[error(
        "{joint} was seen in {seen} of {frames} frames; both legs must be seen: film from the side, with nothing \
         before the legs"
    )]
    NotSeen {
        /// The joint.
        joint: Joint,
        /// Frames that show it.
        seen: usize,
        /// All frames, at [`RATE_HZ`].
        frames: usize,
    },
    /// The recording is shorter than a window.
    #[error(
        "too short: {frames} frames at {RATE_HZ} Hz, but {FRAMES} are needed: film at least {:.0} s of walking",
        (FRAMES as f64 / RATE_HZ).ceil()
    )]
    TooShort {
        /// Frames at [`RATE_HZ`].
        frames: usize,
    },
    /// Nobody walks straight for long enough.
    #[error(
        "the longest straight walk lasts {longest_s:.1} s, and four fifths of 5 s are needed: let the walk lead \
         across the whole picture, from further away"
    )]
    NotWalking {
        /// Seconds of the longest one.
        longest_s: f64,
    },
    /// No window shows every joint often enough.
    #[error(
        "{joint} was seen in only {seen} frames of {FRAMES} where it was seen best, and three quarters are needed: \
         film from the side, with nothing before the legs, or use a better detector"
    )]
    Gaps {
        /// The joint seen least.
        joint: Joint,
        /// Frames of a window that show it.
        seen: usize,
    },
    /// The walk goes towards the camera or away from it, or nobody walks.
    #[error(
        "the feet hardly pass each other across the picture: film a walk from the side, not from the front"
    )]
    Frontal {
        /// The least [`WindowQuality::frontality`] of a window.
        frontality: f64,
    },
}

/// A recording, ready to be cut into windows.
#[derive(Debug, Clone)]
pub struct ParamsTrack {
    recipe: Recipe,
    /// Coordinates as they were seen, `[50][frames]`.
    raw: Vec<Vec<Option<f64>>>,
    frames: Vec<Option<Frame>>,
    /// The sign of each frame's direction that is used.
    facing: Vec<f64>,
}

impl ParamsTrack {
    /// Prepares a recording of any layout that names the joints of both legs, at any frame rate.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] names the joint that is missing, or the number of frames that are too few.
    pub fn new(keypoints: &Keypoints2d, recipe: Recipe) -> Result<Self, ParamsError> {
        let missing = JOINTS.iter().find(|j| !keypoints.joints().contains(j));
        if let Some(&joint) = missing {
            return Err(ParamsError::MissingJoint { joint });
        }
        let raw = rate::coordinates(keypoints);
        let frames = raw[0].len();
        if frames < FRAMES {
            return Err(ParamsError::TooShort { frames });
        }
        for joint in JOINTS {
            let seen = |axis: usize| {
                let values = raw[2 * place(joint) + axis].iter();
                values.filter(|value| value.is_some()).count()
            };
            let seen = seen(0).min(seen(1));
            if seen < 2 {
                return Err(ParamsError::NotSeen {
                    joint,
                    seen,
                    frames,
                });
            }
        }
        let frames = columns::normalised(&raw);
        let facing = columns::facing(&frames, recipe);
        Ok(Self {
            recipe,
            raw,
            frames,
            facing,
        })
    }

    /// How many frames there are at [`RATE_HZ`]; at least [`FRAMES`].
    pub fn frames(&self) -> usize {
        self.frames.len()
    }

    /// The columns of a frame, in the order that the module describes. `None` is what cannot be computed:
    /// joints never seen, and all of a frame whose thighs have no length.
    ///
    /// # Panics
    ///
    /// If there is no such frame.
    pub fn row(&self, frame: usize, facing: Facing) -> [Option<f64>; COLUMNS] {
        let sign = match facing {
            Facing::Left => self.facing[frame],
            Facing::AsFilmed => 1.0,
        };
        self.frames[frame]
            .as_ref()
            .map_or([None; COLUMNS], |frame| frame.columns(sign))
    }
}

/// The index of a joint in `BODY_25`. The joints asked for are in it.
fn place(joint: Joint) -> usize {
    BODY_25.index_of(joint).unwrap_or(0)
}
