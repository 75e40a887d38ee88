//! Markers, lifted joints or joints of motion capture to the 22 joints, without SMPL.
//!
//! World space is right-handed with Y up: the recording's laboratory was turned into it by one proper
//! rotation ([`ambulo::space::world_from_lab`]), so left stays left.
//!
//! | joint | is |
//! | --- | --- |
//! | hips | the recording's own; else by Harrington et al. (2007) from the pelvis' markers |
//! | knees, ankles | the recording's own; else between lateral and medial marker; else by a standing trial ([`Calibration`]); else half a joint width inwards from the lateral marker |
//! | feet | between first and fifth metatarsal head; else the second; else between big and small toe |
//! | pelvis | above the middle of the hips by 0.7 of their distance, as in SMPL |
//! | neck | between C7 and the jugular notch; else the recording's own; else between the shoulders |
//! | spine | at 0.33, 0.66 and 0.80 of the line from pelvis through the back to the neck |
//! | head | the recording's own; else the middle of its markers; else above the neck, and said to be made up |
//! | shoulders | the recording's own; else 0.17 of the acromia's distance below the acromion (Rab et al. 2002) |
//! | collars | at 0.45 of the way from the upper spine to the shoulders |
//! | elbows, wrists | the recording's own; else between their two markers; else the one there is |
//!
//! Gaps of 0.2 s are bridged; longer ones are filled where three markers of the same segment are seen; then
//! skin markers lose what is faster than 6 Hz. The longest stretch that shows the whole body is taken.

mod joints;

use ambulo::motion::Motion3d;
use ambulo::signal::gaps::{GapLimits, fill_gaps_points};
use ambulo::signal::smooth::{Smoothing, smooth_points};
use ambulo::skeleton::{Joint, SMPL_22};
use ambulo::{PerSide, Side};
use nalgebra::Vector3;

use super::cluster::{self, Markers};
use super::{JOINTS, MotionError, Pose};
use joints::Frame;

/// What is faster than this at skin markers is noise.
const CUTOFF_HZ: f64 = 6.0;

/// The whole body over an unbroken stretch of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct BodyClip {
    times_s: Vec<f64>,
    poses: Vec<Pose>,
    start_frame: usize,
    head_synthetic: bool,
}

/// Where centres of knees and ankles lie among the markers of thigh and shank, from a standing trial that
/// shows the medial markers too.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Calibration {
    knees: PerSide<Option<Vector3<f64>>>,
    ankles: PerSide<Option<Vector3<f64>>>,
}

impl Calibration {
    /// Means over all frames that show lateral, medial and tracking markers. What they never show is not
    /// calibrated.
    pub fn of(standing: &Motion3d) -> Self {
        let markers = cleaned(standing);
        let frames = || (0..standing.frames()).map(|frame| Frame::at(&markers, frame));
        let mean = |offset: &dyn Fn(Frame<'_>) -> Option<Vector3<f64>>| {
            let offsets: Vec<Vector3<f64>> = frames().filter_map(offset).collect();
            let count = offsets.len() as f64;
            (count > 0.0).then(|| offsets.iter().sum::<Vector3<f64>>() / count)
        };
        Self {
            knees: PerSide::from_fn(|side| mean(&|frame| frame.knee_offset(side))),
            ankles: PerSide::from_fn(|side| mean(&|frame| frame.ankle_offset(side))),
        }
    }

    /// Where the centre of the knee lies, if the standing trial showed it.
    pub(super) fn knee(&self, side: Side) -> Option<Vector3<f64>> {
        *self.knees.get(side)
    }

    /// Where the centre of the ankle lies, if the standing trial showed it.
    pub(super) fn ankle(&self, side: Side) -> Option<Vector3<f64>> {
        *self.ankles.get(side)
    }
}

impl BodyClip {
    /// Makes the 22 joints in every frame and keeps the longest stretch that has all.
    ///
    /// # Errors
    ///
    /// [`MotionError::Missing`] names a part of the body that the recording never shows;
    /// [`MotionError::TooShort`] if no two frames in a row show all parts.
    pub fn of(motion: &Motion3d, calibration: Option<&Calibration>) -> Result<Self, MotionError> {
        let markers = cleaned(motion);
        let none = Calibration::default();
        let calibration = calibration.unwrap_or(&none);
        let frames = (0..motion.frames()).map(|frame| Frame::at(&markers, frame));
        let poses: Vec<Option<Pose>> = if SMPL_22.joints.iter().all(|&joint| motion.has(joint)) {
            frames.map(own_joints).collect()
        } else {
            let first = joints::first_missing(&markers, motion.frames(), calibration);
            if let Some((what, needed)) = first {
                return Err(MotionError::Missing { what, needed });
            }
            frames.map(|frame| frame.pose(calibration)).collect()
        };
        let longest = longest_run(&poses);
        if longest.len() < 2 {
            return Err(MotionError::TooShort {
                frames: longest.len(),
                needed: 2,
            });
        }
        let times_s = &motion.time().times_s()[longest.clone()];
        let start_s = times_s[0];
        Ok(Self {
            times_s: times_s.iter().map(|time_s| time_s - start_s).collect(),
            start_frame: longest.start,
            poses: poses[longest].iter().flatten().copied().collect(),
            head_synthetic: !joints::has_head(&markers),
        })
    }

    /// Seconds from the first pose, one a pose.
    pub fn times_s(&self) -> &[f64] {
        &self.times_s
    }

    /// The poses at the recording's own times.
    pub fn poses(&self) -> &[Pose] {
        &self.poses
    }

    /// The frame of the recording that the first pose is.
    pub fn start_frame(&self) -> usize {
        self.start_frame
    }

    /// Whether nothing of the head was recorded, so that its place only follows the trunk.
    pub fn head_synthetic(&self) -> bool {
        self.head_synthetic
    }
}

/// All tracks, gaps filled, skin markers low-passed.
fn cleaned(motion: &Motion3d) -> Markers {
    let times_s = motion.time().times_s();
    let limits = GapLimits::default();
    let mut markers: Markers = Markers::new();
    for &joint in motion.joints() {
        if let Some(track) = motion.trajectory(joint) {
            markers.insert(joint, fill_gaps_points(times_s, &track, &limits).values);
        }
    }
    cluster::complete(&mut markers);
    if joints::are_skin_markers(&markers) {
        let smoothing = Smoothing::with_cutoff(CUTOFF_HZ);
        for track in markers.values_mut() {
            *track = smooth_points(times_s, track, &smoothing);
        }
    }
    markers
}

/// The pose of a frame whose recording names all 22 joints.
fn own_joints(frame: Frame<'_>) -> Option<Pose> {
    let mut pose = [Vector3::zeros(); JOINTS];
    for (place, &joint) in pose.iter_mut().zip(SMPL_22.joints) {
        *place = frame.joint(joint)?;
    }
    Some(pose)
}

/// The longest stretch of frames that have a value; the first of equals.
fn longest_run<T>(values: &[Option<T>]) -> std::ops::Range<usize> {
    let (mut longest, mut start) = (0..0, 0);
    for (frame, value) in values.iter().enumerate() {
        if value.is_none() {
            start = frame + 1;
        } else if frame + 1 - start > longest.len() {
            longest = start..frame + 1;
        }
    }
    longest
}

/// Whether a marker set names this point.
fn names(markers: &Markers, joint: Joint) -> bool {
    markers
        .get(&joint)
        .is_some_and(|track| track.iter().any(Option::is_some))
}
