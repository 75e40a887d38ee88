//! Identity of left and right: detectors exchange the legs where one hides the other, and throw
//! single joints far off. Both are found from the motion alone and repaired before anything is filtered.
//!
//! Call [`repair_keypoints`] first and [`remove_jumps`] after it: a short exchange looks like a jump.

use std::collections::BTreeMap;

use nalgebra::Vector3;

use crate::Side;
use crate::keypoints::Keypoints2d;
use crate::motion::Motion3d;
use crate::skeleton::{Joint, on};

mod exchange;
mod jumps;
pub mod sides;

pub use exchange::ExchangeConfig;
pub use jumps::{JumpConfig, JumpRemoval, remove_jumps};

use exchange::{Pair, exchanged_frames};

/// A recording whose left and right were repaired.
#[derive(Debug, Clone, PartialEq)]
pub struct SwapRepair<R> {
    /// The recording with left and right put back.
    pub recording: R,
    /// Runs of frames (half-open) in which the legs were exchanged.
    pub legs: Vec<[usize; 2]>,
    /// Runs of frames (half-open) in which the arms were exchanged.
    pub arms: Vec<[usize; 2]>,
}

impl<R> SwapRepair<R> {
    /// Of a recording in which nothing is exchanged.
    pub fn none(recording: R) -> Self {
        Self {
            recording,
            legs: Vec::new(),
            arms: Vec::new(),
        }
    }

    /// How many frames had their legs exchanged.
    pub fn leg_frames(&self) -> usize {
        self.legs.iter().map(|[start, end]| end - start).sum()
    }

    /// How many frames had their arms exchanged.
    pub fn arm_frames(&self) -> usize {
        self.arms.iter().map(|[start, end]| end - start).sum()
    }
}

/// The joints that a swap of the legs exchanges, and by whose motion it is found.
const LEGS: [fn(Side) -> Joint; 10] = [
    on::hip,
    on::knee,
    on::ankle,
    on::heel,
    on::toe,
    on::big_toe,
    on::small_toe,
    on::lateral_knee,
    on::lateral_malleolus,
    on::toe_tip,
];

/// The joints that a swap of the arms exchanges, and by whose motion it is found.
const ARMS: [fn(Side) -> Joint; 8] = [
    on::shoulder,
    on::elbow,
    on::wrist,
    on::hand,
    on::pinky,
    on::index,
    on::thumb,
    on::lateral_elbow,
];

/// Arms closer together than this share of a leg length, on average, are not told apart: of arms
/// that hang still, one over the other, noise would decide.
const ARMS_APART: f64 = 0.1;

/// Puts left and right back where the detector exchanged them; legs and arms are judged apart.
///
/// Of the two labellings of a recording the one is kept that leaves more frames as they are: what
/// is exchanged in most frames cannot be told from motion.
///
/// # Source
///
/// Viterbi (1967); the cost is described at [`ExchangeConfig`].
pub fn repair_keypoints(
    keypoints: &Keypoints2d,
    config: &ExchangeConfig,
) -> SwapRepair<Keypoints2d> {
    let times_s = keypoints.time().times_s();
    let joints = keypoints.joints();
    let place = |frame: usize, index: usize| {
        let point = keypoints.frame(frame)[index]?;
        Some(Vector3::new(point.position_px.x, point.position_px.y, 0.0))
    };
    let [legs, arms] = find(times_s, joints, place, config);
    let mut points = keypoints.points().to_vec();
    exchange(&mut points, joints, &LEGS, &legs);
    exchange(&mut points, joints, &ARMS, &arms);
    let recording = Keypoints2d::new(
        joints.to_vec(),
        keypoints.time().clone(),
        keypoints.image_size_px(),
        points,
    )
    .unwrap_or_else(|_| keypoints.clone());
    SwapRepair {
        recording,
        legs: runs(&legs),
        arms: runs(&arms),
    }
}

/// Puts left and right back where markers or joints of a motion were exchanged.
pub fn repair_motion(motion: &Motion3d, config: &ExchangeConfig) -> SwapRepair<Motion3d> {
    let times_s = motion.time().times_s();
    let joints = motion.joints();
    let place = |frame: usize, index: usize| Some(motion.frame(frame)[index]?.coords);
    let [legs, arms] = find(times_s, joints, place, config);
    let mut positions_m = motion.positions_m().to_vec();
    exchange(&mut positions_m, joints, &LEGS, &legs);
    exchange(&mut positions_m, joints, &ARMS, &arms);
    let recording = Motion3d::new(joints.to_vec(), motion.time().clone(), positions_m)
        .unwrap_or_else(|_| motion.clone());
    SwapRepair {
        recording,
        legs: runs(&legs),
        arms: runs(&arms),
    }
}

/// Whether each frame has its legs exchanged, and its arms.
fn find(
    times_s: &[f64],
    joints: &[Joint],
    place: impl Fn(usize, usize) -> Option<Vector3<f64>>,
    config: &ExchangeConfig,
) -> [Vec<bool>; 2] {
    let pairs_of = |set: &[fn(Side) -> Joint]| -> Vec<Pair> {
        indices(joints, set)
            .into_iter()
            .map(|[left, right]| {
                let both = |frame| [place(frame, left), place(frame, right)];
                (0..times_s.len()).map(both).collect()
            })
            .collect()
    };
    let (legs, arms) = (pairs_of(&LEGS), pairs_of(&ARMS));
    let apart = leg_length(times_s.len(), joints, &place).map(|length| ARMS_APART * length);
    [
        exchanged_frames(times_s, &legs, config, 0.0),
        exchanged_frames(times_s, &arms, config, apart.unwrap_or(0.0)),
    ]
}

/// Median length of thigh and shank together, in the recording's unit.
fn leg_length(
    frames: usize,
    joints: &[Joint],
    place: impl Fn(usize, usize) -> Option<Vector3<f64>>,
) -> Option<f64> {
    let index = |joint| joints.iter().position(|&have| have == joint);
    let mut lengths = Vec::new();
    for side in Side::BOTH {
        let [hip, knee, ankle] = [on::hip(side), on::knee(side), on::ankle(side)].map(index);
        let (Some(hip), Some(knee), Some(ankle)) = (hip, knee, ankle) else {
            continue;
        };
        lengths.extend((0..frames).filter_map(|frame| {
            let knee = place(frame, knee)?;
            Some((place(frame, hip)? - knee).norm() + (knee - place(frame, ankle)?).norm())
        }));
    }
    let middle = lengths.len() / 2;
    (!lengths.is_empty()).then(|| *lengths.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// Indices of the left and right joint of each pair that is there.
fn indices(joints: &[Joint], set: &[fn(Side) -> Joint]) -> Vec<[usize; 2]> {
    let order: BTreeMap<Joint, usize> = joints.iter().copied().zip(0..).collect();
    set.iter()
        .filter_map(|name| {
            let index = |side| order.get(&name(side)).copied();
            Some([index(Side::Left)?, index(Side::Right)?])
        })
        .collect()
}

fn exchange<T>(points: &mut [T], joints: &[Joint], set: &[fn(Side) -> Joint], frames: &[bool]) {
    let pairs = indices(joints, set);
    for (points, _) in points
        .chunks_mut(joints.len())
        .zip(frames)
        .filter(|(_, exchanged)| **exchanged)
    {
        for &[left, right] in &pairs {
            points.swap(left, right);
        }
    }
}

/// Runs of `true`, half-open.
fn runs(flags: &[bool]) -> Vec<[usize; 2]> {
    let mut runs: Vec<[usize; 2]> = Vec::new();
    for (frame, _) in flags.iter().enumerate().filter(|(_, flag)| **flag) {
        match runs.last_mut() {
            Some(run) if run[1] == frame => run[1] += 1,
            _ => runs.push([frame, frame + 1]),
        }
    }
    runs
}
