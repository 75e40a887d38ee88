//! Keypoints: joints seen in images, in pixels, each with a confidence.

use std::ops::Range;

use nalgebra::Point2;
use serde::{Deserialize, Serialize};

use crate::skeleton::{Joint, JointMap};
use crate::time::TimeBase;

/// A joint seen in an image.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Keypoint {
    /// Pixels from the top left corner of the image: x to the right, y down.
    pub position_px: Point2<f64>,
    /// The detector's certainty, 0 to 1.
    pub confidence: f64,
}

/// One person's keypoints over a trial.
///
/// # Shapes
///
/// `[frames, joints]`, frame-major. A joint that was not seen is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Keypoints2d {
    joints: Vec<Joint>,
    time: TimeBase,
    image_size_px: Option<[u32; 2]>,
    points: Vec<Option<Keypoint>>,
    sides_decided: bool,
}

/// Why positions cannot form a recording.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// The number of positions is not frames × joints.
    #[error("{points} points do not fill {frames} frames of {joints} joints")]
    WrongLength {
        /// Points given.
        points: usize,
        /// Frames expected.
        frames: usize,
        /// Joints expected.
        joints: usize,
    },
    /// There are no joints.
    #[error("the recording names no joint that is known here")]
    NoJoints,
    /// A joint is named twice.
    #[error("the joint {joint} is named twice")]
    RepeatedJoint {
        /// The joint.
        joint: Joint,
    },
    /// A coordinate is infinite or not a number.
    #[error("{joint} has a coordinate that is not a number in frame {frame}")]
    NotFinite {
        /// The joint.
        joint: Joint,
        /// Index of the frame.
        frame: usize,
    },
}

pub(crate) fn check_shape(
    joints: &[Joint],
    frames: usize,
    points: usize,
) -> Result<(), ShapeError> {
    if joints.is_empty() {
        return Err(ShapeError::NoJoints);
    }
    for (index, &joint) in joints.iter().enumerate() {
        if joints[..index].contains(&joint) {
            return Err(ShapeError::RepeatedJoint { joint });
        }
    }
    if frames.checked_mul(joints.len()) != Some(points) {
        return Err(ShapeError::WrongLength {
            points,
            frames,
            joints: joints.len(),
        });
    }
    Ok(())
}

impl Keypoints2d {
    /// Checks and keeps keypoints.
    ///
    /// # Shapes
    ///
    /// `points` is `[frames, joints]`, frame-major. `image_size_px` is width, height where known.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if lengths disagree, a joint repeats, or a coordinate is not finite.
    pub fn new(
        joints: Vec<Joint>,
        time: TimeBase,
        image_size_px: Option<[u32; 2]>,
        points: Vec<Option<Keypoint>>,
    ) -> Result<Self, ShapeError> {
        check_shape(&joints, time.frames(), points.len())?;
        for (index, point) in points.iter().enumerate() {
            let finite = point.is_none_or(|point| {
                point.position_px.coords.iter().all(|c| c.is_finite())
                    && point.confidence.is_finite()
            });
            if !finite {
                return Err(ShapeError::NotFinite {
                    joint: joints[index % joints.len()],
                    frame: index / joints.len(),
                });
            }
        }
        Ok(Self {
            joints,
            time,
            image_size_px,
            points,
            sides_decided: false,
        })
    }

    /// The same keypoints, whose left and right were decided over the whole clip: they need no repair, and
    /// [`crate::identity::repair_keypoints`] may know less than who decided.
    #[must_use]
    pub fn with_sides_decided(self) -> Self {
        Self {
            sides_decided: true,
            ..self
        }
    }

    /// Whether left and right were decided over the whole clip.
    pub fn are_sides_decided(&self) -> bool {
        self.sides_decided
    }

    /// The joints, in storage order.
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// The time of each frame.
    pub fn time(&self) -> &TimeBase {
        &self.time
    }

    /// How many frames there are; never zero.
    pub fn frames(&self) -> usize {
        self.time.frames()
    }

    /// Width and height of the images in pixels, where known.
    pub fn image_size_px(&self) -> Option<[u32; 2]> {
        self.image_size_px
    }

    /// All keypoints, `[frames, joints]`.
    pub fn points(&self) -> &[Option<Keypoint>] {
        &self.points
    }

    /// The keypoints of one frame, in joint order.
    pub fn frame(&self, frame: usize) -> &[Option<Keypoint>] {
        &self.points[frame * self.joints.len()..][..self.joints.len()]
    }

    /// One joint's keypoint in each frame; `None` if this recording does not name the joint.
    pub fn trajectory(&self, joint: Joint) -> Option<Vec<Option<Keypoint>>> {
        let index = self.joints.iter().position(|&have| have == joint)?;
        Some(
            self.points[index..]
                .iter()
                .step_by(self.joints.len())
                .copied()
                .collect(),
        )
    }

    /// Some of the frames as a recording of their own; its time begins at zero.
    ///
    /// # Panics
    ///
    /// If the frames are none, or lie outside the recording.
    #[must_use]
    pub fn cut(&self, frames: Range<usize>) -> Self {
        let joints = self.joints.len();
        let times_s = self.time.times_s()[frames.clone()].to_vec();
        Self {
            joints: self.joints.clone(),
            time: TimeBase::new(times_s).expect("some increasing times"),
            image_size_px: self.image_size_px,
            points: self.points[frames.start * joints..frames.end * joints].to_vec(),
            sides_decided: self.sides_decided,
        }
    }

    /// The same recording with other joints; a made joint has the lowest confidence of its parts.
    ///
    /// # Panics
    ///
    /// If `map` was made for another number of joints.
    #[must_use]
    pub fn mapped(&self, target: &[Joint], map: &JointMap) -> Self {
        assert_eq!(map.source_joints(), self.joints.len(), "map of another set");
        assert_eq!(map.rows().len(), target.len(), "map to another set");
        let mut points = Vec::with_capacity(self.frames() * target.len());
        for frame in 0..self.frames() {
            let from = self.frame(frame);
            for row in map.rows() {
                points.push(mean(row, from));
            }
        }
        Self {
            joints: target.to_vec(),
            time: self.time.clone(),
            image_size_px: self.image_size_px,
            points,
            sides_decided: self.sides_decided,
        }
    }
}

fn mean(row: &[(usize, f64)], from: &[Option<Keypoint>]) -> Option<Keypoint> {
    let mut position_px = Point2::origin();
    let mut confidence = f64::INFINITY;
    for &(index, weight) in row {
        let part = from[index]?;
        position_px += part.position_px.coords * weight;
        confidence = confidence.min(part.confidence);
    }
    Some(Keypoint {
        position_px,
        confidence,
    })
}
