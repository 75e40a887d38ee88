//! From a video to one walker's keypoints.
//!
//! Frames stream through a [`Tracker`], which finds people with the pose network itself, follows each by
//! their own keypoints, and keeps nothing but keypoints. At the end the walker is chosen, and left and
//! right are decided over the whole clip ([`ambulo::identity::sides`]). `docs/algorithm/02-pose2d.md` says how.

mod choice;
mod command;
mod everybody;
mod follow;
mod gaze;
mod look;
mod motion;
mod network;
mod search;
mod track;

use std::collections::BTreeMap;

use ambulo::analysis::Method;
use ambulo::identity::sides::{SideConfig, SideReport};
use ambulo::keypoints::Keypoints2d;
use ambulo_io::files::FileError;
use ambulo_io::video::{DecoderChoice, VideoError};
use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::maps::HeatMaps;
use serde::{Deserialize, Serialize};

pub use choice::SeenPerson;
pub use command::{VideoInput, keypoints_of, trial_of};
pub use network::{CropNetwork, load, shipped};
pub use track::Tracker;

use crate::lifting::Identity;

/// A network that draws a map for each joint of the person in a crop.
pub trait PoseNetwork {
    /// Who it is.
    fn identity(&self) -> &Identity;

    /// How pictures become crops, and maps points.
    fn codec(&self) -> &Pose2dCodec;

    /// The maps of `count` crops, which lie one after the other: `[count, 3, height, width]`.
    ///
    /// # Errors
    ///
    /// [`Pose2dError::Network`] if it fails.
    fn maps(&mut self, crops: &[f32], count: usize) -> Result<Vec<HeatMaps>, Pose2dError>;
}

/// How a video is read.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VideoSettings {
    /// Which decoder.
    pub decoder: DecoderChoice,
    /// Where to begin, in seconds of the video; its beginning if absent.
    pub from_s: Option<f64>,
    /// Where to end; its end if absent.
    pub to_s: Option<f64>,
}

/// How people are found and followed, and what their keypoints are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pose2dConfig {
    /// Whether each crop is looked at mirrored too, and both answers averaged: slower, a little better.
    pub flip: bool,
    /// Joints that are less certain are missing.
    pub least_confidence: f64,
    /// How certain the joints of the trunk and the legs must be, on average, for a person to appear.
    pub appears_at: f64,
    /// How certain they must be for a followed person not to be lost.
    pub lost_below: f64,
    /// The same as a share of how certain they usually are: the larger of both counts.
    pub lost_share: f64,
    /// How far the joints of a person may move when the box around them is moved, as a share of the height.
    pub steady_within: f64,
    /// People followed at once.
    pub most_people: usize,
    /// Time between looks for people who move and are not followed yet, in seconds.
    pub look_every_s: f64,
    /// Time between looks all over the picture while nobody is followed, in seconds.
    pub search_every_s: f64,
    /// Time after which a person who is not seen is no longer waited for at the same place, in seconds.
    pub wait_s: f64,
    /// How left and right are decided.
    pub sides: SideConfig,
}

impl Default for Pose2dConfig {
    fn default() -> Self {
        Self {
            flip: false,
            least_confidence: 0.25,
            appears_at: 0.5,
            lost_below: 0.35,
            lost_share: 0.5,
            steady_within: 0.08,
            most_people: 4,
            look_every_s: 0.3,
            search_every_s: 0.5,
            wait_s: 1.5,
            sides: SideConfig::default(),
        }
    }
}

/// A walker's keypoints, and how they came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Filmed {
    /// The keypoints, with the container's times.
    pub keypoints: Keypoints2d,
    /// Everybody who was seen, the walker first as the rule orders them.
    pub people: Vec<SeenPerson>,
    /// Which of them was taken.
    pub chosen: usize,
    /// Frames that show the person.
    pub found_frames: usize,
    /// What was decided about the legs' sides.
    pub legs: SideReport,
    /// What was decided about the arms' sides.
    pub arms: SideReport,
    /// Everybody's keypoints as the network gave them, also of those who were hardly seen; people who
    /// are not there at the same time share a recording. What hides their faces goes by these.
    pub everybody: Vec<Keypoints2d>,
    /// Who found the keypoints.
    pub network: Identity,
    /// Who decoded the video.
    pub decoder: String,
    /// When the first frame is shown, in seconds of the video.
    pub first_frame_s: f64,
    /// What was wrong with the video, and what was decided: a sentence each.
    pub notes: Vec<String>,
}

impl Filmed {
    /// How the keypoints were made, for the report.
    pub fn method(&self, config: &Pose2dConfig) -> Method {
        let frames = self.keypoints.frames();
        let share = 100.0 * self.found_frames as f64 / frames as f64;
        let mut settings: BTreeMap<String, String> = crate::methods::settings_of(config);
        let mut put = |name: &str, value: String| settings.insert(name.to_owned(), value);
        put("network", self.network.name.clone());
        put("architecture", self.network.network.clone());
        if let Some(sha256) = &self.network.weights_sha256 {
            put("weights_sha256", sha256.clone());
        }
        put("decoder", self.decoder.clone());
        put("frames", frames.to_string());
        put("frames_with_the_person", self.found_frames.to_string());
        put("legs_exchanged", self.legs.exchanged.to_string());
        put("legs_cuts", self.legs.cuts.to_string());
        put("legs_support", format!("{:.1}", self.legs.support));
        put(
            "legs_passage_support",
            format!("{:.1}", self.legs.passage_support),
        );
        Method {
            stage: "pose2d".to_owned(),
            description: format!(
                "Keypoints were found in the video by {} ({}), decoded by {}; the person is seen in {} of \
                 {frames} frames ({share:.0} %). {} Left and right were decided over the whole clip: the legs \
                 of {} frames were exchanged against what the single frame said.",
                self.network.name,
                self.network.network,
                self.decoder,
                self.found_frames,
                choice::describe(&self.people, self.chosen),
                self.legs.exchanged,
            ),
            settings,
        }
    }
}

/// Why a video gives no keypoints.
#[derive(Debug, thiserror::Error)]
pub enum Pose2dError {
    /// There are no weights.
    #[error(
        "no weights for finding keypoints are installed; give a file with {option} FILE.safetensors, or run \
         a keypoint detector (such as OpenPose, RTMPose or MediaPipe) on the video and pass its output"
    )]
    NoWeights {
        /// The option that names a file.
        option: &'static str,
    },
    /// The weights cannot be used.
    #[error("the weights cannot be used to find keypoints: {0}")]
    Weights(String),
    /// The network failed.
    #[error("the network failed: {0}")]
    Network(String),
    /// The video cannot be read.
    #[error(transparent)]
    Video(#[from] VideoError),
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// No frame lies between the times asked for.
    #[error("the video has no frame between {from_s} s and {to_s} s; its last is at {last_s:.2} s")]
    NothingBetween {
        /// Where to begin.
        from_s: f64,
        /// Where to end.
        to_s: f64,
        /// The last frame's time.
        last_s: f64,
    },
    /// Nobody was found.
    #[error(
        "no person was found in {frames} frames; the whole body must be in the picture, upright, and at \
         least a fifth of its height tall. Boxes of a person detector can be given with --detections FILE"
    )]
    Nobody {
        /// Frames looked at.
        frames: usize,
    },
    /// There is no such person.
    #[error("there is no person {asked}: {people}")]
    NoSuchPerson {
        /// The number asked for.
        asked: usize,
        /// Who was seen.
        people: String,
    },
}

impl Pose2dError {
    /// Whether the video could be read, and only shows nobody to analyse.
    pub fn was_readable(&self) -> bool {
        matches!(self, Self::Nobody { .. })
    }
}
