//! The skeleton of the features: chains, directions of rest, and one person's lengths.

use nalgebra::Vector3;

use super::{JOINTS, Pose};

pub(super) const LEFT_HIP: usize = 1;
pub(super) const RIGHT_HIP: usize = 2;
pub(super) const RIGHT_KNEE: usize = 5;
pub(super) const RIGHT_ANKLE: usize = 8;
pub(super) const LEFT_SHOULDER: usize = 16;
pub(super) const RIGHT_SHOULDER: usize = 17;

/// Left ankle and foot, right ankle and foot: in the order of the contact features.
pub(super) const FEET: [usize; 4] = [7, 10, 8, 11];

/// Right leg, left leg, trunk, right arm, left arm. Each chain starts from the body's own turn, also those
/// of the arms.
pub const CHAINS: [&[usize]; 5] = [
    &[0, 2, 5, 8, 11],
    &[0, 1, 4, 7, 10],
    &[0, 3, 6, 9, 12, 15],
    &[9, 14, 17, 19, 21],
    &[9, 13, 16, 18, 20],
];

/// Lengths of the bones that end at each joint, in metres; the pelvis has none.
///
/// # Source
///
/// The skeleton that the released code takes for all: the first frame of clip 000021.
pub const LENGTHS_M: [f64; JOINTS] = [
    0.0, 0.103_074, 0.109_883, 0.131_568, 0.393_623, 0.390_188, 0.143_190, 0.432_433, 0.425_644,
    0.057_365, 0.143_382, 0.149_419, 0.219_360, 0.137_487, 0.143_383, 0.103_039, 0.131_614,
    0.122_984, 0.256_840, 0.263_092, 0.266_012, 0.269_876,
];

/// The direction of the bone that ends at a joint, at rest: Y up, Z forward, X to the left.
pub fn rest_direction(joint: usize) -> Vector3<f64> {
    match joint {
        1 | 13 => Vector3::x(),
        2 | 14 => -Vector3::x(),
        3 | 6 | 9 | 12 => Vector3::y(),
        4 | 5 | 7 | 8 | 16..=21 => -Vector3::y(),
        10 | 11 | 15 => Vector3::z(),
        _ => Vector3::zeros(),
    }
}

/// Lengths of the bones of a pose, by the joint that each ends at.
pub fn lengths_m(pose: &Pose) -> [f64; JOINTS] {
    let mut lengths = [0.0; JOINTS];
    for chain in CHAINS {
        for bone in chain.windows(2) {
            lengths[bone[1]] = (pose[bone[1]] - pose[bone[0]]).norm();
        }
    }
    lengths
}
