//! 2D keypoints of one person to the input of a lifter, and its answers to a motion in metres.
//!
//! # Input
//!
//! The recording is cleaned of spikes and short gaps, low-passed without lag, and sampled by time at
//! [`LiftCodec::rate_hz`]. A window is [`LiftCodec::frames`] of these samples,
//! [`LiftCodec::dilation`] samples apart. Each frame has the 21 joints of
//! [`ambulo::skeleton::LIFT_21`], each joint seven channels:
//!
//! | channel | meaning |
//! | --- | --- |
//! | 0, 1 | place from the frame's root (mid-hips): x to the right, y **up**, in units of S |
//! | 2 | confidence; 0 where the joint was not seen, and then x = y = 0 |
//! | 3, 4 | the window's mean root from the centre of the image, in units of S; 0 if the image size is unknown |
//! | 5, 6 | the frame's root from the window's mean root, in units of S |
//!
//! S is the median over the window of the length of leg and trunk in the image. So the input does not
//! depend on the focal length or the resolution.
//!
//! # Output
//!
//! Joints from the mid-hips, in units of the person's own leg and trunk length, in a **gravity frame**:
//! X to the right of the image and level, Y up, Z level and towards the camera. It is right-handed,
//! like every world of this project. The network itself undoes the pitch of the camera.

mod answer;
mod stream;
mod track;
mod window;

use serde::{Deserialize, Serialize};

use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::LIFT_21;

use crate::weights::Weights;

pub use answer::{Answers, Lifted};
pub use stream::{LiftStream, StreamedPose};
pub use track::{LiftTrack, SOURCES, Seen, sources};
pub use window::LiftWindow;

/// Joints in and out.
pub const JOINTS: usize = 21;
/// Numbers of each joint in the input.
pub const CHANNELS: usize = 7;
/// Leg and trunk as a share of the standing height of the walkers that trained the lifter (±0.013).
pub const LENGTH_OF_HEIGHT: f64 = 0.73;

/// How recordings become windows. It is stored with the weights, which are worth nothing without it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiftCodec {
    /// Frames of a window: T.
    pub frames: usize,
    /// Samples in a second that recordings are brought to.
    pub rate_hz: f64,
    /// Samples from one frame of a window to the next.
    pub dilation: usize,
    /// Cut-off of the zero-lag low-pass filter.
    pub cutoff_hz: f64,
    /// Which frames of a window the network answers.
    pub answers: AnsweredFrames,
}

/// Which frames of a window a network answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnsweredFrames {
    /// Every frame (RTPCA).
    All,
    /// The one in the middle (`ConvFormer`).
    Centre,
}

impl Default for LiftCodec {
    /// 27 frames 1/15 s apart: 1.8 s, more than a cycle of walking.
    fn default() -> Self {
        Self {
            frames: 27,
            rate_hz: 30.0,
            dilation: 2,
            cutoff_hz: 6.0,
            answers: AnsweredFrames::All,
        }
    }
}

/// Why weights are not those of a lifter that this codec serves.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The weights do not say how recordings become windows.
    #[error(
        "the weights hold no settings of the lifter's codec: they are not of a lifter for walks"
    )]
    Missing,
    /// The settings are not understood.
    #[error("the settings of the lifter's codec are not understood")]
    Json(#[from] serde_json::Error),
    /// The network takes or gives other shapes than the codec.
    #[error(
        "the network takes {input:?} and answers {output:?}, which the lifter's codec cannot serve"
    )]
    Shape {
        /// Frames, joints and channels of the network's input.
        input: [usize; 3],
        /// Frames, joints and coordinates of its output.
        output: [usize; 3],
    },
}

/// Why keypoints cannot be lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftError<E> {
    /// The settings stored with the weights make no windows.
    #[error(
        "a codec of {frames} frames, {dilation} samples apart, at {rate_hz} Hz is not possible"
    )]
    BadCodec {
        /// Frames of a window.
        frames: usize,
        /// Samples between frames.
        dilation: usize,
        /// Samples in a second.
        rate_hz: f64,
    },
    /// No frame shows the hips together with enough of the body to measure it.
    #[error("no frame shows both the hips and a leg or the trunk, so there is nothing to lift")]
    NothingSeen,
    /// The person's size is not a positive number.
    #[error("a body of {size_m} m of leg and trunk is not possible")]
    BadSize {
        /// The length of leg and trunk.
        size_m: f64,
    },
    /// The network answered with another number of values than its shape says.
    #[error("the network answered {got} numbers instead of {expected}")]
    WrongAnswer {
        /// Numbers answered.
        got: usize,
        /// Numbers expected.
        expected: usize,
    },
    /// The network failed.
    #[error("the network failed")]
    Network(#[source] E),
}

/// Windows given to the network at once.
const BATCH: usize = 16;

impl LiftCodec {
    /// The note of a weights file that holds these settings, as JSON.
    pub const NOTE: &str = "codec";

    /// The codec that a lifter's weights were trained with.
    ///
    /// # Errors
    ///
    /// [`CodecError`] if the weights do not name one or do not fit it.
    pub fn of_weights(weights: &Weights) -> Result<Self, CodecError> {
        let note = weights.info().notes.get(Self::NOTE);
        let codec: Self = serde_json::from_str(note.ok_or(CodecError::Missing)?)?;
        let (input, output) = (
            weights.config().input_shape(),
            weights.config().output_shape(),
        );
        let fits = codec.is_possible()
            && input == [codec.frames, JOINTS, CHANNELS]
            && output == [codec.frames_out(), JOINTS, 3];
        if fits {
            Ok(codec)
        } else {
            Err(CodecError::Shape { input, output })
        }
    }

    /// Frames that the network answers of each window.
    pub fn frames_out(&self) -> usize {
        match self.answers {
            AnsweredFrames::All => self.frames,
            AnsweredFrames::Centre => 1,
        }
    }

    /// Samples from the first frame of a window to its last.
    pub fn reach(&self) -> usize {
        self.frames.saturating_sub(1) * self.dilation
    }

    /// How long after a moment its answer can be known if the answer is taken from the window's middle.
    pub fn centre_latency_s(&self) -> f64 {
        (self.frames / 2 * self.dilation) as f64 / self.rate_hz
    }

    /// Numbers of one window's input.
    pub fn input_len(&self) -> usize {
        self.frames * JOINTS * CHANNELS
    }

    /// Numbers of one window's answer.
    pub fn output_len(&self) -> usize {
        self.frames_out() * JOINTS * 3
    }

    /// Whether the settings make windows at all.
    fn is_possible(&self) -> bool {
        (1..=4096).contains(&self.frames)
            && (1..=1024).contains(&self.dilation)
            && (1.0..=1000.0).contains(&self.rate_hz)
            && self.cutoff_hz > 0.0
    }

    fn impossible<E>(&self) -> LiftError<E> {
        LiftError::BadCodec {
            frames: self.frames,
            dilation: self.dilation,
            rate_hz: self.rate_hz,
        }
    }

    /// Lifts a recording: windows that overlap, each also mirrored, averaged.
    ///
    /// `size_m` is the person's length of leg and trunk: [`LENGTH_OF_HEIGHT`] of the standing height.
    /// `network` takes `[windows, frames, 21, 7]` and the number of windows and answers
    /// `[windows, frames_out, 21, 3]`.
    ///
    /// # Errors
    ///
    /// [`LiftError`] if nobody can be seen, the size or the settings are impossible, or the network
    /// fails.
    pub fn lift<E>(
        &self,
        keypoints: &Keypoints2d,
        size_m: f64,
        mut network: impl FnMut(&[f32], usize) -> Result<Vec<f32>, E>,
    ) -> Result<Lifted, LiftError<E>> {
        if !self.is_possible() {
            return Err(self.impossible());
        }
        if !(size_m.is_finite() && size_m > 0.0) {
            return Err(LiftError::BadSize { size_m });
        }
        let track = LiftTrack::of(self, keypoints);
        let mut answers = Answers::new(self, &track);
        let mut windows = self
            .starts(track.samples())
            .into_iter()
            .filter_map(|start| self.window(&track, start))
            .peekable();
        while windows.peek().is_some() {
            let batch: Vec<LiftWindow> = windows.by_ref().take(BATCH).collect();
            let mut input = Vec::with_capacity(2 * batch.len() * self.input_len());
            for window in &batch {
                input.extend_from_slice(&window.input);
                input.extend(mirrored_input(&window.input));
            }
            let output = network(&input, 2 * batch.len()).map_err(LiftError::Network)?;
            let expected = 2 * batch.len() * self.output_len();
            if output.len() != expected {
                return Err(LiftError::WrongAnswer {
                    got: output.len(),
                    expected,
                });
            }
            for (window, pair) in batch.iter().zip(output.chunks_exact(2 * self.output_len())) {
                let (plain, flipped) = pair.split_at(self.output_len());
                let mean: Vec<f32> = plain
                    .iter()
                    .zip(mirrored_output(flipped))
                    .map(|(a, b)| 0.5 * (a + b))
                    .collect();
                answers.add(window.start, &mean);
            }
        }
        answers
            .finish(&track, keypoints.time(), size_m)
            .ok_or(LiftError::NothingSeen)
    }
}

/// Where the mirror image of each joint is stored.
pub fn mirror_partners() -> [usize; JOINTS] {
    std::array::from_fn(|joint| {
        LIFT_21
            .index_of(LIFT_21.joints[joint].mirrored())
            .unwrap_or(joint)
    })
}

/// The input of the mirrored recording: horizontal channels change sign, left and right change places.
pub fn mirrored_input(input: &[f32]) -> Vec<f32> {
    let partners = mirror_partners();
    let mut mirrored = Vec::with_capacity(input.len());
    for frame in input.chunks_exact(JOINTS * CHANNELS) {
        for partner in partners {
            let from = &frame[partner * CHANNELS..][..CHANNELS];
            for (channel, &value) in from.iter().enumerate() {
                let across = matches!(channel, 0 | 3 | 5);
                mirrored.push(if across { -value } else { value });
            }
        }
    }
    mirrored
}

/// The answer for the mirrored person: X changes sign, left and right change places.
pub fn mirrored_output(output: &[f32]) -> Vec<f32> {
    let partners = mirror_partners();
    let mut mirrored = Vec::with_capacity(output.len());
    for frame in output.chunks_exact(JOINTS * 3) {
        for partner in partners {
            let from = &frame[partner * 3..][..3];
            mirrored.extend([-from[0], from[1], from[2]]);
        }
    }
    mirrored
}
