//! What detectors do to keypoints: jitter, outliers, losses and exchanged legs.

use nalgebra::Vector3;
use serde::{Deserialize, Serialize};

use super::rng::SeededRng;
use crate::keypoints::{Keypoint, Keypoints2d};
use crate::motion::Motion3d;
use crate::skeleton::Joint;

/// How keypoints are spoiled.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Noise {
    /// Seed of the draws.
    pub seed: u64,
    /// Standard deviation of each coordinate.
    pub jitter_px: f64,
    /// Share of keypoints thrown far away.
    pub outlier_share: f64,
    /// Standard deviation of an outlier's throw.
    pub outlier_px: f64,
    /// Share of keypoints lost.
    pub dropout_share: f64,
    /// Share of frames in which the two legs are exchanged; exchanges come in runs.
    pub swap_share: f64,
    /// Frames that a run of exchanged legs lasts.
    pub swap_frames: usize,
}

/// Whether a joint belongs to the leg, and is exchanged with the other leg's.
pub(super) fn is_of_leg(joint: Joint) -> bool {
    let name = joint.name();
    joint.side().is_some()
        && [
            "hip",
            "knee",
            "ankle",
            "heel",
            "toe",
            "malleolus",
            "metatarsal",
        ]
        .iter()
        .any(|part| name.contains(part))
}

/// Where each joint's mirror is stored; itself where there is none or it is not of the legs.
pub(super) fn leg_partners(joints: &[Joint]) -> Vec<usize> {
    joints
        .iter()
        .enumerate()
        .map(|(index, &joint)| {
            if !is_of_leg(joint) {
                return index;
            }
            joints
                .iter()
                .position(|&other| other == joint.mirrored())
                .unwrap_or(index)
        })
        .collect()
}

/// Spoils keypoints. The same seed spoils in the same way; noise that is not finite spoils nothing.
pub fn noise(keypoints: &Keypoints2d, spec: &Noise) -> Keypoints2d {
    let mut rng = SeededRng::new(spec.seed);
    let joints = keypoints.joints();
    let partners = leg_partners(joints);
    let run = spec.swap_frames.max(1);
    let mut swapped_until = 0;
    let mut points = Vec::with_capacity(keypoints.points().len());
    for frame in 0..keypoints.frames() {
        let from = keypoints.frame(frame);
        if frame >= swapped_until && rng.unit() < spec.swap_share / run as f64 {
            swapped_until = frame + run;
        }
        let swapped = frame < swapped_until;
        for (index, &partner) in partners.iter().enumerate() {
            let source = if swapped { partner } else { index };
            points.push(from[source].and_then(|point| spoil(point, spec, &mut rng)));
        }
    }
    Keypoints2d::new(
        joints.to_vec(),
        keypoints.time().clone(),
        keypoints.image_size_px(),
        points,
    )
    .unwrap_or_else(|_| keypoints.clone())
}

fn spoil(mut point: Keypoint, spec: &Noise, rng: &mut SeededRng) -> Option<Keypoint> {
    let lost = rng.unit() < spec.dropout_share;
    let thrown = rng.unit() < spec.outlier_share;
    point.position_px.x += spec.jitter_px * rng.normal();
    point.position_px.y += spec.jitter_px * rng.normal();
    if thrown {
        point.position_px.x += spec.outlier_px * rng.normal();
        point.position_px.y += spec.outlier_px * rng.normal();
        point.confidence *= 0.5;
    }
    (!lost).then_some(point)
}

/// Adds normal noise of `sigma_m` to every coordinate of a motion; nothing if it is not finite.
pub fn noise_m(motion: &Motion3d, sigma_m: f64, seed: u64) -> Motion3d {
    let mut rng = SeededRng::new(seed);
    let positions_m = motion
        .positions_m()
        .iter()
        .map(|position| position.map(|p| p + Vector3::from_fn(|_, _| sigma_m * rng.normal())))
        .collect();
    Motion3d::new(motion.joints().to_vec(), motion.time().clone(), positions_m)
        .unwrap_or_else(|_| motion.clone())
}
