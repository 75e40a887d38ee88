//! Faults that recordings have, made on purpose: what a quality gate must notice.

mod flat;
mod spatial;

use super::{Camera, SynthError, SyntheticTrial, Walker, walk};
use crate::Side;
use crate::keypoints::Keypoints2d;
use crate::motion::Motion3d;
use crate::skeleton::Joint;
use crate::trial::Trial;

macro_rules! faults {
    ($($variant:ident, $name:literal, $flat:literal, $doc:literal;)*) => {
        /// A fault of a recording.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault {
            $(#[doc = $doc] $variant,)*
        }

        impl Fault {
            /// Every fault.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in snake case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is, for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $doc,)* }
            }

            /// Whether it is a fault of keypoints of one camera; otherwise of motion in space.
            pub fn is_of_keypoints(self) -> bool {
                match self { $(Self::$variant => $flat,)* }
            }
        }
    };
}

faults! {
    SidesExchanged, "sides_exchanged", false, "Left and right exchange their names in the whole trial.";
    MirroredWorld, "mirrored_world", false, "One axis points the wrong way, so that the world is its mirror image.";
    WrongUpAxis, "wrong_up_axis", false, "The vertical axis is taken for a horizontal one.";
    ReversedTime, "reversed_time", false, "The frames run backwards.";
    MillimetresAsMetres, "millimetres_as_metres", false, "Positions are a thousand times too large.";
    ScaleTenth, "scale_tenth", false, "Positions are ten times too small.";
    ScaleDouble, "scale_double", false, "Positions are twice too large.";
    WrongHeight, "wrong_height", false, "The declared height is a quarter less than the subject's.";
    RateDoubled, "rate_doubled", false, "The declared frame rate is twice the true one.";
    RateHalved, "rate_halved", false, "The declared frame rate is half the true one.";
    MissingStretch, "missing_stretch", false, "Half of the frames are missing in one stretch.";
    SideMissing, "side_missing", false, "One leg is never seen.";
    AnotherPerson, "another_person", false, "Midway the recording goes on with another person.";
    FrozenFrames, "frozen_frames", false, "The recording stands still for half a second while the subject walks on.";
    DroppedFrames, "dropped_frames", false, "Stretches of frames are lost and the rest closes up.";
    HeelToeExchanged, "heel_toe_exchanged", false, "Heel and toes exchange their names.";
    Spikes, "spikes", false, "Single points are thrown far away for single frames.";
    Jitter, "jitter", false, "Every point shakes by three centimetres.";
    StuckFoot, "stuck_foot", false, "The points of one foot stay where they were at first.";
    UndeclaredTreadmill, "undeclared_treadmill", false, "The walk is on a treadmill and nobody says so.";
    StandingOnly, "standing_only", false, "The subject never walks.";
    TooShort, "too_short", false, "The recording ends after one second.";
    LowRate, "low_rate", false, "Ten frames a second.";
    LostFrames, "lost_frames", false, "Frames are lost and time runs on: gaps between frames of a fifth of a second.";
    KeypointRateHalved, "keypoint_rate_halved", true, "Slow motion: the declared frame rate of the video is half the true one.";
    LegSwaps, "leg_swaps", true, "The detector exchanges the legs now and then.";
    KeypointAnotherPerson, "keypoint_another_person", true, "Midway the detector goes on with another person.";
    KeypointJitter, "keypoint_jitter", true, "Every keypoint shakes by a twentieth of the leg.";
    KeypointOutliers, "keypoint_outliers", true, "Single keypoints are thrown far away.";
    KeypointSideMissing, "keypoint_side_missing", true, "The far leg is never detected.";
    LowConfidence, "low_confidence", true, "The detector is hardly sure of anything.";
    LeavesPicture, "leaves_picture", true, "The subject is outside the picture for much of the video.";
    TiltedCamera, "tilted_camera", true, "The camera is turned by 12° about its own axis.";
    RotatedPicture, "rotated_picture", true, "The picture lies on its side.";
    FrontalView, "frontal_view", true, "The camera stands in front of the subject instead of beside.";
    StrongPerspective, "strong_perspective", true, "The subject walks slantwise towards a close camera.";
    KeypointReversedTime, "keypoint_reversed_time", true, "The video runs backwards.";
}

impl Fault {
    /// The walker's recording with this fault.
    ///
    /// # Errors
    ///
    /// [`SynthError`] if the walker cannot walk.
    pub fn recording(self, walker: &Walker) -> Result<Trial, SynthError> {
        let walker = match self {
            Self::UndeclaredTreadmill => Walker {
                treadmill: true,
                ..walker.clone()
            },
            Self::LowRate => walker.clone().at_rate(10.0),
            _ => walker.clone(),
        };
        let trial = walk(&walker)?;
        Ok(if self.is_of_keypoints() {
            flat::recorded(self, &trial)
        } else {
            spatial::recorded(self, &trial)
        })
    }
}

impl Fault {
    /// A motion with this fault; unchanged if the fault is of keypoints, of what is declared, or of
    /// how the walk was recorded.
    pub fn in_motion(self, motion: &Motion3d) -> Motion3d {
        spatial::spoil(self, motion)
    }

    /// Keypoints with this fault; unchanged if the fault is of motion, or of where the camera stood.
    pub fn in_keypoints(self, keypoints: &Keypoints2d) -> Keypoints2d {
        flat::spoil(self, keypoints)
    }
}

/// Length of the floor that the walk covers, from the pelvis.
fn length_m(trial: &SyntheticTrial) -> f64 {
    let path: Vec<_> = trial
        .motion
        .trajectory(Joint::Pelvis)
        .unwrap_or_default()
        .into_iter()
        .flatten()
        .collect();
    match (path.first(), path.last()) {
        (Some(first), Some(last)) => (last.x - first.x).hypot(last.z - first.z),
        _ => 0.0,
    }
}

/// A camera that sees the whole walk from the right.
fn camera(trial: &SyntheticTrial) -> Camera {
    Camera::beside(Side::Right, length_m(trial))
}
