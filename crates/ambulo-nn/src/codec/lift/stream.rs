//! Lifting as frames arrive: one pose for each frame, as soon as its window is full.

use std::collections::VecDeque;

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::Joint;
use ambulo::time::TimeBase;
use nalgebra::Vector3;

use super::{
    AnsweredFrames, JOINTS, LiftCodec, LiftError, LiftTrack, mirrored_input, mirrored_output,
};

/// A pose of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamedPose {
    /// Time of its frame.
    pub time_s: f64,
    /// The joints of [`ambulo::skeleton::LIFT_21`] from the mid-hips in units of leg and trunk: X to the
    /// right of the image, Y up, Z to the camera; `None` where nobody is seen.
    pub joints: Option<[Vector3<f64>; JOINTS]>,
}

/// Lifts frame by frame, with memory for one window.
///
/// Centred on its window, a pose comes [`LiftStream::latency_s`] after its frame and equals what
/// [`LiftCodec::lift`] answers for that window; causal, it comes at once and rests on the frames before.
#[derive(Debug, Clone)]
pub struct LiftStream {
    codec: LiftCodec,
    joints: Vec<Joint>,
    image_size_px: Option<[u32; 2]>,
    is_causal: bool,
    /// Time and keypoints of the frames that windows still need.
    frames: VecDeque<(f64, Vec<Option<Keypoint>>)>,
    /// Time of the next frame that has no pose yet, by its place in `frames`.
    pending: usize,
}

/// What the filter needs beyond a window to settle.
const SETTLING_S: f64 = 1.0;
/// What a centred window waits for beyond its own end, for the same reason.
const LOOK_AHEAD_S: f64 = 0.2;

impl LiftStream {
    /// A stream whose poses stand in the middle of their windows.
    pub fn centred(codec: LiftCodec, joints: Vec<Joint>, image_size_px: Option<[u32; 2]>) -> Self {
        Self {
            codec,
            joints,
            image_size_px,
            is_causal: false,
            frames: VecDeque::new(),
            pending: 0,
        }
    }

    /// A stream whose poses stand at the end of their windows, for networks that answer every frame.
    pub fn causal(codec: LiftCodec, joints: Vec<Joint>, image_size_px: Option<[u32; 2]>) -> Self {
        Self {
            is_causal: true,
            ..Self::centred(codec, joints, image_size_px)
        }
    }

    /// How long after a frame its pose comes.
    pub fn latency_s(&self) -> f64 {
        if self.is_causal {
            0.0
        } else {
            self.codec.centre_latency_s() + LOOK_AHEAD_S
        }
    }

    /// Takes a frame and gives the poses that became possible: none or one as a rule.
    ///
    /// Frames that are not later than the one before, or lack a joint, are left out.
    ///
    /// # Errors
    ///
    /// [`LiftError`] if the settings make no windows or the network fails.
    pub fn push<E>(
        &mut self,
        time_s: f64,
        points: &[Option<Keypoint>],
        mut network: impl FnMut(&[f32], usize) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<StreamedPose>, LiftError<E>> {
        let is_later = self
            .frames
            .back()
            .is_none_or(|(last_s, _)| time_s > *last_s);
        if !(is_later && time_s.is_finite() && points.len() == self.joints.len()) {
            return Ok(Vec::new());
        }
        self.frames.push_back((time_s, points.to_vec()));
        let ready_s = time_s - self.latency_s();
        self.answered(ready_s + 1e-9, &mut network)
    }

    /// The poses of the frames that still wait for frames that will not come.
    ///
    /// # Errors
    ///
    /// As [`LiftStream::push`].
    pub fn finish<E>(
        &mut self,
        mut network: impl FnMut(&[f32], usize) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<StreamedPose>, LiftError<E>> {
        self.answered(f64::INFINITY, &mut network)
    }

    fn answered<E>(
        &mut self,
        ready_s: f64,
        network: &mut impl FnMut(&[f32], usize) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<StreamedPose>, LiftError<E>> {
        if !self.codec.is_possible() {
            return Err(self.codec.impossible());
        }
        let mut poses = Vec::new();
        while let Some(&(time_s, _)) = self.frames.get(self.pending)
            && time_s <= ready_s
        {
            poses.push(StreamedPose {
                time_s,
                joints: self.pose_at(time_s, network)?,
            });
            self.pending += 1;
            let keep_s = time_s - self.before_s();
            while self.frames.front().is_some_and(|(t, _)| *t < keep_s) {
                self.frames.pop_front();
                self.pending -= 1;
            }
        }
        Ok(poses)
    }

    /// How far before a pose its window and the filter reach.
    fn before_s(&self) -> f64 {
        let reach = self.codec.reach() as f64 / self.codec.rate_hz;
        let share = if self.is_causal { 1.0 } else { 0.5 };
        (share * reach).max(self.codec.centre_latency_s().min(reach)) + SETTLING_S
    }

    fn pose_at<E>(
        &self,
        time_s: f64,
        network: &mut impl FnMut(&[f32], usize) -> Result<Vec<f32>, E>,
    ) -> Result<Option<[Vector3<f64>; JOINTS]>, LiftError<E>> {
        let codec = &self.codec;
        let Some((track, at)) = self.track(time_s) else {
            return Ok(None);
        };
        if at >= track.samples() || track.sample(at)[0].is_none() {
            return Ok(None);
        }
        let answered = match (codec.answers, self.is_causal) {
            (AnsweredFrames::All, true) => codec.frames - 1,
            _ => codec.frames / 2,
        };
        let offset = |samples: usize| isize::try_from(samples).unwrap_or(isize::MAX);
        let start = offset(at) - offset(answered * codec.dilation);
        let Some(window) = codec.window(&track, start) else {
            return Ok(None);
        };
        let mut input = window.input.clone();
        input.extend(mirrored_input(&window.input));
        let output = network(&input, 2).map_err(LiftError::Network)?;
        let expected = 2 * codec.output_len();
        if output.len() != expected {
            return Err(LiftError::WrongAnswer {
                got: output.len(),
                expected,
            });
        }
        let (plain, flipped) = output.split_at(codec.output_len());
        let flipped = mirrored_output(flipped);
        let frame = match codec.answers {
            AnsweredFrames::All => answered,
            AnsweredFrames::Centre => 0,
        };
        let from = frame * JOINTS * 3;
        Ok(Some(std::array::from_fn(|joint| {
            if joint == 0 {
                return Vector3::zeros();
            }
            Vector3::from_fn(|axis, _| {
                let index = from + 3 * joint + axis;
                f64::from(0.5 * (plain[index] + flipped[index]))
            })
        })))
    }

    /// The frames around a time as a track whose samples meet that time, and the sample that does.
    ///
    /// A frame without joints stands at the head, a whole number of samples before `time_s`.
    fn track(&self, time_s: f64) -> Option<(LiftTrack, usize)> {
        let step_s = 1.0 / self.codec.rate_hz;
        let (first_s, _) = *self.frames.front()?;
        let whole = ((time_s - first_s) / step_s - 1e-6).max(0.0).ceil() + 1.0;
        let head_s = time_s - whole * step_s;
        let mut times_s = vec![head_s];
        let mut points = vec![None; self.joints.len()];
        let last_s = if self.is_causal {
            time_s
        } else {
            time_s + self.latency_s() + SETTLING_S
        };
        for (frame_s, frame) in self.frames.iter().take_while(|(t, _)| *t <= last_s + 1e-9) {
            if *frame_s > head_s {
                times_s.push(*frame_s);
                points.extend_from_slice(frame);
            }
        }
        let time = TimeBase::new(times_s).ok()?;
        let keypoints =
            Keypoints2d::new(self.joints.clone(), time, self.image_size_px, points).ok()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small whole number of samples"
        )]
        let at = whole as usize;
        Some((LiftTrack::of(&self.codec, &keypoints), at))
    }
}
