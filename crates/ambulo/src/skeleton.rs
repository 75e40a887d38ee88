//! Joint sets ("skeletons") of detectors, datasets and motion capture, and the checked maps between them.

mod joint;
mod map;
pub mod markers;

pub use joint::{Joint, UnknownJoint, on};
pub use map::{JointMap, MapError};

use Joint::{
    HeadTop, LeftAnkle, LeftBigToe, LeftCollar, LeftEar, LeftElbow, LeftEye, LeftEyeInner,
    LeftEyeOuter, LeftHeel, LeftHip, LeftIndex, LeftKnee, LeftMouth, LeftPinky, LeftShoulder,
    LeftSmallToe, LeftThumb, LeftToe, LeftWrist, Neck, Nose, Pelvis, RightAnkle, RightBigToe,
    RightCollar, RightEar, RightElbow, RightEye, RightEyeInner, RightEyeOuter, RightHeel, RightHip,
    RightIndex, RightKnee, RightMouth, RightPinky, RightShoulder, RightSmallToe, RightThumb,
    RightToe, RightWrist, Spine, Spine1, Spine2, Spine3, Thorax,
};

/// A named, ordered set of joints: the order in which a file or a network stores them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skeleton {
    /// The name users write, such as `coco17`.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Its joints, in storage order, without repetition.
    pub joints: &'static [Joint],
}

/// The 17 keypoints of COCO.
pub const COCO_17: Skeleton = Skeleton {
    name: "coco17",
    title: "COCO, 17 keypoints",
    joints: &[
        Nose,
        LeftEye,
        RightEye,
        LeftEar,
        RightEar,
        LeftShoulder,
        RightShoulder,
        LeftElbow,
        RightElbow,
        LeftWrist,
        RightWrist,
        LeftHip,
        RightHip,
        LeftKnee,
        RightKnee,
        LeftAnkle,
        RightAnkle,
    ],
};

/// COCO's 17 keypoints and the six of the feet, in the order of COCO-WholeBody's first 23.
pub const COCO_23: Skeleton = Skeleton {
    name: "coco23",
    title: "COCO with feet (the first 23 of COCO-WholeBody)",
    joints: &[
        Nose,
        LeftEye,
        RightEye,
        LeftEar,
        RightEar,
        LeftShoulder,
        RightShoulder,
        LeftElbow,
        RightElbow,
        LeftWrist,
        RightWrist,
        LeftHip,
        RightHip,
        LeftKnee,
        RightKnee,
        LeftAnkle,
        RightAnkle,
        LeftBigToe,
        LeftSmallToe,
        LeftHeel,
        RightBigToe,
        RightSmallToe,
        RightHeel,
    ],
};

/// The 26 keypoints of Halpe (AlphaPose, RTMPose with feet).
pub const HALPE_26: Skeleton = Skeleton {
    name: "halpe26",
    title: "Halpe, 26 keypoints",
    joints: &[
        Nose,
        LeftEye,
        RightEye,
        LeftEar,
        RightEar,
        LeftShoulder,
        RightShoulder,
        LeftElbow,
        RightElbow,
        LeftWrist,
        RightWrist,
        LeftHip,
        RightHip,
        LeftKnee,
        RightKnee,
        LeftAnkle,
        RightAnkle,
        HeadTop,
        Neck,
        Pelvis,
        LeftBigToe,
        RightBigToe,
        LeftSmallToe,
        RightSmallToe,
        LeftHeel,
        RightHeel,
    ],
};

/// The 25 keypoints of OpenPose's `BODY_25` model.
pub const BODY_25: Skeleton = Skeleton {
    name: "body25",
    title: "OpenPose BODY_25",
    joints: &[
        Nose,
        Neck,
        RightShoulder,
        RightElbow,
        RightWrist,
        LeftShoulder,
        LeftElbow,
        LeftWrist,
        Pelvis,
        RightHip,
        RightKnee,
        RightAnkle,
        LeftHip,
        LeftKnee,
        LeftAnkle,
        RightEye,
        LeftEye,
        RightEar,
        LeftEar,
        LeftBigToe,
        LeftSmallToe,
        LeftHeel,
        RightBigToe,
        RightSmallToe,
        RightHeel,
    ],
};

/// The 25 keypoints of OpenPose's experimental `BODY_25B` model: as many as `BODY_25`, in another order.
pub const BODY_25B: Skeleton = Skeleton {
    name: "body25b",
    title: "OpenPose BODY_25B",
    joints: &[
        Nose,
        LeftEye,
        RightEye,
        LeftEar,
        RightEar,
        LeftShoulder,
        RightShoulder,
        LeftElbow,
        RightElbow,
        LeftWrist,
        RightWrist,
        LeftHip,
        RightHip,
        LeftKnee,
        RightKnee,
        LeftAnkle,
        RightAnkle,
        Neck,
        HeadTop,
        LeftBigToe,
        LeftSmallToe,
        LeftHeel,
        RightBigToe,
        RightSmallToe,
        RightHeel,
    ],
};

/// The 33 landmarks of BlazePose (MediaPipe); its "foot index" is our big toe.
pub const BLAZEPOSE_33: Skeleton = Skeleton {
    name: "blazepose33",
    title: "BlazePose (MediaPipe), 33 landmarks",
    joints: &[
        Nose,
        LeftEyeInner,
        LeftEye,
        LeftEyeOuter,
        RightEyeInner,
        RightEye,
        RightEyeOuter,
        LeftEar,
        RightEar,
        LeftMouth,
        RightMouth,
        LeftShoulder,
        RightShoulder,
        LeftElbow,
        RightElbow,
        LeftWrist,
        RightWrist,
        LeftPinky,
        RightPinky,
        LeftIndex,
        RightIndex,
        LeftThumb,
        RightThumb,
        LeftHip,
        RightHip,
        LeftKnee,
        RightKnee,
        LeftAnkle,
        RightAnkle,
        LeftHeel,
        RightHeel,
        LeftBigToe,
        RightBigToe,
    ],
};

/// The 17 joints of Human3.6M in the order of `VideoPose3D`; its ninth lies in the face.
pub const H36M_17: Skeleton = Skeleton {
    name: "h36m17",
    title: "Human3.6M, 17 joints",
    joints: &[
        Pelvis,
        RightHip,
        RightKnee,
        RightAnkle,
        LeftHip,
        LeftKnee,
        LeftAnkle,
        Spine,
        Thorax,
        Nose,
        HeadTop,
        LeftShoulder,
        LeftElbow,
        LeftWrist,
        RightShoulder,
        RightElbow,
        RightWrist,
    ],
};

/// What the lifter takes and answers: Human3.6M's 17 joints in their order, then heels and toes.
///
/// The pelvis is the midpoint of the hips, the thorax that of the shoulders, the spine the midpoint of
/// the two, the head that of the ears, and a toe lies between big and small toe.
pub const LIFT_21: Skeleton = Skeleton {
    name: "lift21",
    title: "Human3.6M's 17 joints with heels and toes",
    joints: &[
        Pelvis,
        RightHip,
        RightKnee,
        RightAnkle,
        LeftHip,
        LeftKnee,
        LeftAnkle,
        Spine,
        Thorax,
        Nose,
        Joint::Head,
        LeftShoulder,
        LeftElbow,
        LeftWrist,
        RightShoulder,
        RightElbow,
        RightWrist,
        LeftHeel,
        LeftToe,
        RightHeel,
        RightToe,
    ],
};

/// The joint that each joint of [`LIFT_21`] hangs on; the pelvis hangs on none.
pub const LIFT_21_PARENTS: [Option<usize>; 21] = [
    None,
    Some(0),
    Some(1),
    Some(2),
    Some(0),
    Some(4),
    Some(5),
    Some(0),
    Some(7),
    Some(8),
    Some(9),
    Some(8),
    Some(11),
    Some(12),
    Some(8),
    Some(14),
    Some(15),
    Some(6),
    Some(6),
    Some(3),
    Some(3),
];

/// The first 22 joints of SMPL, as `HumanML3D` uses them.
pub const SMPL_22: Skeleton = Skeleton {
    name: "smpl22",
    title: "SMPL, 22 joints",
    joints: &[
        Pelvis,
        LeftHip,
        RightHip,
        Spine1,
        LeftKnee,
        RightKnee,
        Spine2,
        LeftAnkle,
        RightAnkle,
        Spine3,
        LeftToe,
        RightToe,
        Neck,
        LeftCollar,
        RightCollar,
        Joint::Head,
        LeftShoulder,
        RightShoulder,
        LeftElbow,
        RightElbow,
        LeftWrist,
        RightWrist,
    ],
};

/// The joints that the CMU motion-capture skeleton (ASF/AMC) measures.
pub const CMU: Skeleton = Skeleton {
    name: "cmu",
    title: "CMU motion capture (ASF/AMC)",
    joints: &[
        Pelvis,
        LeftHip,
        LeftKnee,
        LeftAnkle,
        LeftToe,
        Joint::LeftToeTip,
        RightHip,
        RightKnee,
        RightAnkle,
        RightToe,
        Joint::RightToeTip,
        Spine1,
        Spine2,
        Thorax,
        Neck,
        Joint::Head,
        HeadTop,
        LeftShoulder,
        LeftElbow,
        LeftWrist,
        Joint::LeftHand,
        RightShoulder,
        RightElbow,
        RightWrist,
        Joint::RightHand,
    ],
};

/// Every built-in skeleton.
pub const ALL: &[&Skeleton] = &[
    &COCO_17,
    &COCO_23,
    &HALPE_26,
    &BODY_25,
    &BODY_25B,
    &BLAZEPOSE_33,
    &H36M_17,
    &LIFT_21,
    &SMPL_22,
    &CMU,
];

impl Skeleton {
    /// The built-in skeleton of that name.
    pub fn by_name(name: &str) -> Option<&'static Self> {
        ALL.iter().copied().find(|skeleton| skeleton.name == name)
    }

    /// Where a joint is stored, or `None` if this skeleton lacks it.
    pub fn index_of(&self, joint: Joint) -> Option<usize> {
        self.joints.iter().position(|&have| have == joint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_names() {
        let sizes: Vec<_> = ALL.iter().map(|skeleton| skeleton.joints.len()).collect();
        assert_eq!(sizes, [17, 23, 26, 25, 25, 33, 17, 21, 22, 25]);
    }

    #[test]
    fn parents_of_the_lifter_s_joints_come_from_the_same_side_or_the_middle() {
        for (&joint, parent) in LIFT_21.joints.iter().zip(LIFT_21_PARENTS) {
            let side = parent.and_then(|parent| LIFT_21.joints[parent].side());
            assert!(side.is_none() || side == joint.side(), "{joint}");
        }
    }

    #[test]
    fn no_skeleton_repeats_a_joint_and_each_has_both_sides() {
        for skeleton in ALL {
            for (index, &joint) in skeleton.joints.iter().enumerate() {
                assert_eq!(skeleton.index_of(joint), Some(index), "{}", skeleton.name);
                assert!(
                    skeleton.index_of(joint.mirrored()).is_some(),
                    "{}",
                    skeleton.name
                );
            }
        }
    }
}
