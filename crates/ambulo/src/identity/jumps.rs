//! Joints that jump away and come back within a few frames: errors of the detector, not of the walker.

use std::collections::BTreeMap;

use crate::keypoints::Keypoints2d;
use crate::scale::leg_length_px;
use crate::skeleton::Joint;

/// How jumps are told from motion. Lengths are in leg lengths.
///
/// The step away and the step back are both longer than the way from before the jump to after it.
/// /// A joint deviates from the straight line between the frames before and after a jump by more than
/// `margin + bend · T²`, with T the time between them: the second term is what the fastest part of
/// a step bends (60 m/s² of a leg of 0.9 m would bend by 8 T²).
#[derive(Debug, Clone, PartialEq)]
pub struct JumpConfig {
    /// Longest jump in seconds.
    pub longest_s: f64,
    /// Deviation that noise may reach.
    pub margin: f64,
    /// Deviation that acceleration may reach, for each second squared.
    pub bend_per_s2: f64,
    /// Deviation in units of this joint's usual one in this recording; the larger limit counts.
    pub usual_deviations: f64,
    /// Fastest that a joint moves from before the jump to after it, in leg lengths a second.
    pub fastest_per_s: f64,
}

impl Default for JumpConfig {
    fn default() -> Self {
        Self {
            longest_s: 0.15,
            margin: 0.1,
            bend_per_s2: 8.0,
            usual_deviations: 6.0,
            fastest_per_s: 8.0,
        }
    }
}

/// A recording without jumps.
#[derive(Debug, Clone, PartialEq)]
pub struct JumpRemoval {
    /// The recording; joints that had jumped are missing in those frames.
    pub recording: Keypoints2d,
    /// How many keypoints of each joint were removed, where any was.
    pub removed: BTreeMap<Joint, usize>,
}

impl JumpRemoval {
    /// How many keypoints were removed in all.
    pub fn count(&self) -> usize {
        self.removed.values().sum()
    }
}

/// Removes keypoints that leave the joint's path and return to it within a few frames.
///
/// Nothing is removed if no leg is seen, as there is no length to compare with.
pub fn remove_jumps(keypoints: &Keypoints2d, config: &JumpConfig) -> JumpRemoval {
    let mut points = keypoints.points().to_vec();
    let mut removed = BTreeMap::new();
    let joints = keypoints.joints();
    if let Some(leg_px) = leg_length_px(keypoints) {
        for (index, &joint) in joints.iter().enumerate() {
            let places: Vec<Option<[f64; 2]>> = points[index..]
                .iter()
                .step_by(joints.len())
                .map(|point| point.map(|point| [point.position_px.x, point.position_px.y]))
                .collect();
            let jumps = jumps(keypoints.time().times_s(), &places, leg_px, config);
            if jumps.is_empty() {
                continue;
            }
            removed.insert(joint, jumps.len());
            for frame in jumps {
                points[frame * joints.len() + index] = None;
            }
        }
    }
    let recording = Keypoints2d::new(
        joints.to_vec(),
        keypoints.time().clone(),
        keypoints.image_size_px(),
        points,
    )
    .unwrap_or_else(|_| keypoints.clone());
    JumpRemoval { recording, removed }
}

/// Frames in which one joint has jumped.
fn jumps(
    times_s: &[f64],
    places: &[Option<[f64; 2]>],
    leg_px: f64,
    config: &JumpConfig,
) -> Vec<usize> {
    let seen: Vec<(usize, [f64; 2])> = places
        .iter()
        .enumerate()
        .filter_map(|(frame, place)| Some((frame, (*place)?)))
        .collect();
    let deviation = |before: usize, at: usize, after: usize| {
        let time_s = |index: usize| times_s[seen[index].0];
        let share = (time_s(at) - time_s(before)) / (time_s(after) - time_s(before));
        let offset = |axis: usize| {
            let (a, b) = (seen[before].1[axis], seen[after].1[axis]);
            seen[at].1[axis] - (a + (b - a) * share)
        };
        offset(0).hypot(offset(1))
    };
    let distance = |from: usize, to: usize| {
        let offset = |axis: usize| seen[to].1[axis] - seen[from].1[axis];
        offset(0).hypot(offset(1))
    };
    let mut usual: Vec<f64> = (1..seen.len().saturating_sub(1))
        .map(|at| deviation(at - 1, at, at + 1))
        .collect();
    if usual.is_empty() {
        return Vec::new();
    }
    let middle = usual.len() / 2;
    let usual_px = *usual.select_nth_unstable_by(middle, f64::total_cmp).1;
    let mut found = Vec::new();
    let mut before = 0;
    while before + 2 < seen.len() {
        let start_s = times_s[seen[before].0];
        let mut next = before + 1;
        for after in before + 2..seen.len() {
            let elapsed_s = times_s[seen[after].0] - start_s;
            // The jump itself lasts from the first frame away to the first frame back.
            if times_s[seen[after].0] - times_s[seen[before + 1].0] > config.longest_s {
                break;
            }
            let limit_px = (leg_px * (config.margin + config.bend_per_s2 * elapsed_s.powi(2)))
                .max(config.usual_deviations * usual_px);
            let moved = distance(before, after);
            let came_back = moved <= config.fastest_per_s * elapsed_s * leg_px
                && distance(before, before + 1) > moved
                && distance(after - 1, after) > moved
                && (before + 1..after).all(|at| deviation(before, at, after) > limit_px);
            if came_back {
                found.extend((before + 1..after).map(|at| seen[at].0));
                next = after;
                break;
            }
        }
        before = next;
    }
    found
}
