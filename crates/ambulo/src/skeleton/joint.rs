//! The points of the body that any skeleton, keypoint layout or marker set can name.

use std::fmt;
use std::str::FromStr;

use crate::Side;

macro_rules! joints {
    ($($variant:ident, $name:literal, $side:expr, $mirror:ident, $doc:literal;)*) => {
        /// A named point of the body: a joint centre, a detected keypoint or a skin marker.
        ///
        /// One list serves every layout, so that "left ankle" means the same in all of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Joint {
            $(#[doc = $doc] $variant,)*
        }

        impl Joint {
            /// Every point, in order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in files: snake case, `left_` or `right_` first.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The side it belongs to; `None` on the midline.
            pub fn side(self) -> Option<Side> {
                match self {
                    $(Self::$variant => $side,)*
                }
            }

            /// The same point on the other side; midline points are their own mirror.
            pub fn mirrored(self) -> Self {
                match self {
                    $(Self::$variant => Self::$mirror,)*
                }
            }
        }
    };
}

joints! {
    Nose, "nose", None, Nose, "Tip of the nose.";
    HeadTop, "head_top", None, HeadTop, "Top of the head.";
    Head, "head", None, Head, "Centre of the head, or the joint between neck and head.";
    Jaw, "jaw", None, Jaw, "Jaw.";
    Neck, "neck", None, Neck, "Base of the neck: midpoint of the shoulders where nothing better is measured.";
    C7, "c7", None, C7, "Spinous process of the seventh cervical vertebra.";
    T10, "t10", None, T10, "Spinous process of the tenth thoracic vertebra.";
    Jugular, "jugular", None, Jugular, "Jugular notch, where the clavicles meet the sternum (CLAV).";
    Xiphoid, "xiphoid", None, Xiphoid, "Xiphoid process of the sternum (STRN).";
    Thorax, "thorax", None, Thorax, "Upper spine, about the height of the shoulders.";
    Spine, "spine", None, Spine, "Middle of the spine.";
    Spine1, "spine1", None, Spine1, "Lowest of three spine joints.";
    Spine2, "spine2", None, Spine2, "Second of three spine joints.";
    Spine3, "spine3", None, Spine3, "Highest of three spine joints.";
    Pelvis, "pelvis", None, Pelvis, "Root: midpoint of the hip joint centres.";
    Sacrum, "sacrum", None, Sacrum, "Skin over the sacrum, midway between the posterior superior iliac spines (SACR).";
    CentreOfMass, "centre_of_mass", None, CentreOfMass, "Whole-body centre of mass, when a file brings it.";
    LeftEye, "left_eye", Some(Side::Left), RightEye, "Left eye.";
    RightEye, "right_eye", Some(Side::Right), LeftEye, "Right eye.";
    LeftEyeInner, "left_eye_inner", Some(Side::Left), RightEyeInner, "Left inner corner of the eye.";
    RightEyeInner, "right_eye_inner", Some(Side::Right), LeftEyeInner, "Right inner corner of the eye.";
    LeftEyeOuter, "left_eye_outer", Some(Side::Left), RightEyeOuter, "Left outer corner of the eye.";
    RightEyeOuter, "right_eye_outer", Some(Side::Right), LeftEyeOuter, "Right outer corner of the eye.";
    LeftEar, "left_ear", Some(Side::Left), RightEar, "Left ear.";
    RightEar, "right_ear", Some(Side::Right), LeftEar, "Right ear.";
    LeftMouth, "left_mouth", Some(Side::Left), RightMouth, "Left corner of the mouth.";
    RightMouth, "right_mouth", Some(Side::Right), LeftMouth, "Right corner of the mouth.";
    LeftFrontHead, "left_front_head", Some(Side::Left), RightFrontHead, "Left temple marker (FHD).";
    RightFrontHead, "right_front_head", Some(Side::Right), LeftFrontHead, "Right temple marker (FHD).";
    LeftBackHead, "left_back_head", Some(Side::Left), RightBackHead, "Left back of the head marker (BHD).";
    RightBackHead, "right_back_head", Some(Side::Right), LeftBackHead, "Right back of the head marker (BHD).";
    LeftCollar, "left_collar", Some(Side::Left), RightCollar, "Left inner end of the clavicle.";
    RightCollar, "right_collar", Some(Side::Right), LeftCollar, "Right inner end of the clavicle.";
    LeftShoulder, "left_shoulder", Some(Side::Left), RightShoulder, "Left shoulder joint centre.";
    RightShoulder, "right_shoulder", Some(Side::Right), LeftShoulder, "Right shoulder joint centre.";
    LeftAcromion, "left_acromion", Some(Side::Left), RightAcromion, "Left acromion marker (SHO).";
    RightAcromion, "right_acromion", Some(Side::Right), LeftAcromion, "Right acromion marker (SHO).";
    LeftElbow, "left_elbow", Some(Side::Left), RightElbow, "Left elbow joint centre.";
    RightElbow, "right_elbow", Some(Side::Right), LeftElbow, "Right elbow joint centre.";
    LeftLateralElbow, "left_lateral_elbow", Some(Side::Left), RightLateralElbow, "Left lateral epicondyle of the humerus (ELB).";
    RightLateralElbow, "right_lateral_elbow", Some(Side::Right), LeftLateralElbow, "Right lateral epicondyle of the humerus (ELB).";
    LeftMedialElbow, "left_medial_elbow", Some(Side::Left), RightMedialElbow, "Left medial epicondyle of the humerus.";
    RightMedialElbow, "right_medial_elbow", Some(Side::Right), LeftMedialElbow, "Right medial epicondyle of the humerus.";
    LeftWrist, "left_wrist", Some(Side::Left), RightWrist, "Left wrist joint centre.";
    RightWrist, "right_wrist", Some(Side::Right), LeftWrist, "Right wrist joint centre.";
    LeftThumbWrist, "left_thumb_wrist", Some(Side::Left), RightThumbWrist, "Left wrist marker on the thumb's side (WRA).";
    RightThumbWrist, "right_thumb_wrist", Some(Side::Right), LeftThumbWrist, "Right wrist marker on the thumb's side (WRA).";
    LeftLittleWrist, "left_little_wrist", Some(Side::Left), RightLittleWrist, "Left wrist marker on the little finger's side (WRB).";
    RightLittleWrist, "right_little_wrist", Some(Side::Right), LeftLittleWrist, "Right wrist marker on the little finger's side (WRB).";
    LeftHand, "left_hand", Some(Side::Left), RightHand, "Left hand, or the base of the middle finger (FIN).";
    RightHand, "right_hand", Some(Side::Right), LeftHand, "Right hand, or the base of the middle finger (FIN).";
    LeftPinky, "left_pinky", Some(Side::Left), RightPinky, "Left knuckle of the little finger.";
    RightPinky, "right_pinky", Some(Side::Right), LeftPinky, "Right knuckle of the little finger.";
    LeftIndex, "left_index", Some(Side::Left), RightIndex, "Left knuckle of the index finger.";
    RightIndex, "right_index", Some(Side::Right), LeftIndex, "Right knuckle of the index finger.";
    LeftThumb, "left_thumb", Some(Side::Left), RightThumb, "Left knuckle of the thumb.";
    RightThumb, "right_thumb", Some(Side::Right), LeftThumb, "Right knuckle of the thumb.";
    LeftHip, "left_hip", Some(Side::Left), RightHip, "Left hip joint centre.";
    RightHip, "right_hip", Some(Side::Right), LeftHip, "Right hip joint centre.";
    LeftAsis, "left_asis", Some(Side::Left), RightAsis, "Left anterior superior iliac spine (ASI).";
    RightAsis, "right_asis", Some(Side::Right), LeftAsis, "Right anterior superior iliac spine (ASI).";
    LeftPsis, "left_psis", Some(Side::Left), RightPsis, "Left posterior superior iliac spine (PSI).";
    RightPsis, "right_psis", Some(Side::Right), LeftPsis, "Right posterior superior iliac spine (PSI).";
    LeftThighWand, "left_thigh_wand", Some(Side::Left), RightThighWand, "Left thigh marker or wand (THI).";
    RightThighWand, "right_thigh_wand", Some(Side::Right), LeftThighWand, "Right thigh marker or wand (THI).";
    LeftTrochanter, "left_trochanter", Some(Side::Left), RightTrochanter, "Left greater trochanter.";
    RightTrochanter, "right_trochanter", Some(Side::Right), LeftTrochanter, "Right greater trochanter.";
    LeftKnee, "left_knee", Some(Side::Left), RightKnee, "Left knee joint centre.";
    RightKnee, "right_knee", Some(Side::Right), LeftKnee, "Right knee joint centre.";
    LeftLateralKnee, "left_lateral_knee", Some(Side::Left), RightLateralKnee, "Left lateral epicondyle of the femur (KNE).";
    RightLateralKnee, "right_lateral_knee", Some(Side::Right), LeftLateralKnee, "Right lateral epicondyle of the femur (KNE).";
    LeftMedialKnee, "left_medial_knee", Some(Side::Left), RightMedialKnee, "Left medial epicondyle of the femur (MKNE).";
    RightMedialKnee, "right_medial_knee", Some(Side::Right), LeftMedialKnee, "Right medial epicondyle of the femur (MKNE).";
    LeftShankWand, "left_shank_wand", Some(Side::Left), RightShankWand, "Left shank marker or wand (TIB).";
    RightShankWand, "right_shank_wand", Some(Side::Right), LeftShankWand, "Right shank marker or wand (TIB).";
    LeftAnkle, "left_ankle", Some(Side::Left), RightAnkle, "Left ankle joint centre.";
    RightAnkle, "right_ankle", Some(Side::Right), LeftAnkle, "Right ankle joint centre.";
    LeftLateralMalleolus, "left_lateral_malleolus", Some(Side::Left), RightLateralMalleolus, "Left lateral malleolus (ANK).";
    RightLateralMalleolus, "right_lateral_malleolus", Some(Side::Right), LeftLateralMalleolus, "Right lateral malleolus (ANK).";
    LeftMedialMalleolus, "left_medial_malleolus", Some(Side::Left), RightMedialMalleolus, "Left medial malleolus (MED).";
    RightMedialMalleolus, "right_medial_malleolus", Some(Side::Right), LeftMedialMalleolus, "Right medial malleolus (MED).";
    LeftHeel, "left_heel", Some(Side::Left), RightHeel, "Left back of the heel (HEE).";
    RightHeel, "right_heel", Some(Side::Right), LeftHeel, "Right back of the heel (HEE).";
    LeftToe, "left_toe", Some(Side::Left), RightToe, "Left forefoot: head of the second metatarsal (TOE), or a motion-capture toe joint.";
    RightToe, "right_toe", Some(Side::Right), LeftToe, "Right forefoot: head of the second metatarsal (TOE), or a motion-capture toe joint.";
    LeftBigToe, "left_big_toe", Some(Side::Left), RightBigToe, "Left tip or base of the big toe, as detectors mark it.";
    RightBigToe, "right_big_toe", Some(Side::Right), LeftBigToe, "Right tip or base of the big toe, as detectors mark it.";
    LeftSmallToe, "left_small_toe", Some(Side::Left), RightSmallToe, "Left tip or base of the small toe, as detectors mark it.";
    RightSmallToe, "right_small_toe", Some(Side::Right), LeftSmallToe, "Right tip or base of the small toe, as detectors mark it.";
    LeftFirstMetatarsal, "left_first_metatarsal", Some(Side::Left), RightFirstMetatarsal, "Left head of the first metatarsal.";
    RightFirstMetatarsal, "right_first_metatarsal", Some(Side::Right), LeftFirstMetatarsal, "Right head of the first metatarsal.";
    LeftFifthMetatarsal, "left_fifth_metatarsal", Some(Side::Left), RightFifthMetatarsal, "Left head of the fifth metatarsal (MT5).";
    RightFifthMetatarsal, "right_fifth_metatarsal", Some(Side::Right), LeftFifthMetatarsal, "Right head of the fifth metatarsal (MT5).";
    LeftToeTip, "left_toe_tip", Some(Side::Left), RightToeTip, "Left end of the toes.";
    RightToeTip, "right_toe_tip", Some(Side::Right), LeftToeTip, "Right end of the toes.";
}

impl fmt::Display for Joint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no joint's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no joint is called {0:?}")]
pub struct UnknownJoint(pub String);

impl FromStr for Joint {
    type Err = UnknownJoint;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|joint| joint.name() == name)
            .ok_or_else(|| UnknownJoint(name.to_owned()))
    }
}

impl serde::Serialize for Joint {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Joint {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

/// Functions that name the joint of a side: `on::knee(Side::Left)`.
pub mod on {
    use super::{Joint, Side};

    /// Eye, of that side.
    pub fn eye(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftEye,
            Side::Right => Joint::RightEye,
        }
    }

    /// Inner corner of the eye, of that side.
    pub fn eye_inner(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftEyeInner,
            Side::Right => Joint::RightEyeInner,
        }
    }

    /// Outer corner of the eye, of that side.
    pub fn eye_outer(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftEyeOuter,
            Side::Right => Joint::RightEyeOuter,
        }
    }

    /// Ear, of that side.
    pub fn ear(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftEar,
            Side::Right => Joint::RightEar,
        }
    }

    /// Corner of the mouth, of that side.
    pub fn mouth(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftMouth,
            Side::Right => Joint::RightMouth,
        }
    }

    /// Temple marker (FHD), of that side.
    pub fn front_head(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftFrontHead,
            Side::Right => Joint::RightFrontHead,
        }
    }

    /// Back of the head marker (BHD), of that side.
    pub fn back_head(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftBackHead,
            Side::Right => Joint::RightBackHead,
        }
    }

    /// Inner end of the clavicle, of that side.
    pub fn collar(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftCollar,
            Side::Right => Joint::RightCollar,
        }
    }

    /// Shoulder joint centre, of that side.
    pub fn shoulder(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftShoulder,
            Side::Right => Joint::RightShoulder,
        }
    }

    /// Acromion marker (SHO), of that side.
    pub fn acromion(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftAcromion,
            Side::Right => Joint::RightAcromion,
        }
    }

    /// Elbow joint centre, of that side.
    pub fn elbow(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftElbow,
            Side::Right => Joint::RightElbow,
        }
    }

    /// Lateral epicondyle of the humerus (ELB), of that side.
    pub fn lateral_elbow(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftLateralElbow,
            Side::Right => Joint::RightLateralElbow,
        }
    }

    /// Medial epicondyle of the humerus, of that side.
    pub fn medial_elbow(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftMedialElbow,
            Side::Right => Joint::RightMedialElbow,
        }
    }

    /// Wrist joint centre, of that side.
    pub fn wrist(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftWrist,
            Side::Right => Joint::RightWrist,
        }
    }

    /// Wrist marker on the thumb's side (WRA), of that side.
    pub fn thumb_wrist(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftThumbWrist,
            Side::Right => Joint::RightThumbWrist,
        }
    }

    /// Wrist marker on the little finger's side (WRB), of that side.
    pub fn little_wrist(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftLittleWrist,
            Side::Right => Joint::RightLittleWrist,
        }
    }

    /// Hand, or the base of the middle finger (FIN), of that side.
    pub fn hand(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftHand,
            Side::Right => Joint::RightHand,
        }
    }

    /// Knuckle of the little finger, of that side.
    pub fn pinky(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftPinky,
            Side::Right => Joint::RightPinky,
        }
    }

    /// Knuckle of the index finger, of that side.
    pub fn index(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftIndex,
            Side::Right => Joint::RightIndex,
        }
    }

    /// Knuckle of the thumb, of that side.
    pub fn thumb(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftThumb,
            Side::Right => Joint::RightThumb,
        }
    }

    /// Hip joint centre, of that side.
    pub fn hip(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftHip,
            Side::Right => Joint::RightHip,
        }
    }

    /// Anterior superior iliac spine (ASI), of that side.
    pub fn asis(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftAsis,
            Side::Right => Joint::RightAsis,
        }
    }

    /// Posterior superior iliac spine (PSI), of that side.
    pub fn psis(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftPsis,
            Side::Right => Joint::RightPsis,
        }
    }

    /// Thigh marker or wand (THI), of that side.
    pub fn thigh_wand(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftThighWand,
            Side::Right => Joint::RightThighWand,
        }
    }

    /// Greater trochanter, of that side.
    pub fn trochanter(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftTrochanter,
            Side::Right => Joint::RightTrochanter,
        }
    }

    /// Knee joint centre, of that side.
    pub fn knee(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftKnee,
            Side::Right => Joint::RightKnee,
        }
    }

    /// Lateral epicondyle of the femur (KNE), of that side.
    pub fn lateral_knee(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftLateralKnee,
            Side::Right => Joint::RightLateralKnee,
        }
    }

    /// Medial epicondyle of the femur (MKNE), of that side.
    pub fn medial_knee(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftMedialKnee,
            Side::Right => Joint::RightMedialKnee,
        }
    }

    /// Shank marker or wand (TIB), of that side.
    pub fn shank_wand(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftShankWand,
            Side::Right => Joint::RightShankWand,
        }
    }

    /// Ankle joint centre, of that side.
    pub fn ankle(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftAnkle,
            Side::Right => Joint::RightAnkle,
        }
    }

    /// Lateral malleolus (ANK), of that side.
    pub fn lateral_malleolus(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftLateralMalleolus,
            Side::Right => Joint::RightLateralMalleolus,
        }
    }

    /// Medial malleolus (MED), of that side.
    pub fn medial_malleolus(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftMedialMalleolus,
            Side::Right => Joint::RightMedialMalleolus,
        }
    }

    /// Back of the heel (HEE), of that side.
    pub fn heel(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftHeel,
            Side::Right => Joint::RightHeel,
        }
    }

    /// Forefoot: head of the second metatarsal (TOE), or a motion-capture toe joint, of that side.
    pub fn toe(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftToe,
            Side::Right => Joint::RightToe,
        }
    }

    /// Tip or base of the big toe, as detectors mark it, of that side.
    pub fn big_toe(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftBigToe,
            Side::Right => Joint::RightBigToe,
        }
    }

    /// Tip or base of the small toe, as detectors mark it, of that side.
    pub fn small_toe(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftSmallToe,
            Side::Right => Joint::RightSmallToe,
        }
    }

    /// Head of the first metatarsal, of that side.
    pub fn first_metatarsal(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftFirstMetatarsal,
            Side::Right => Joint::RightFirstMetatarsal,
        }
    }

    /// Head of the fifth metatarsal (MT5), of that side.
    pub fn fifth_metatarsal(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftFifthMetatarsal,
            Side::Right => Joint::RightFifthMetatarsal,
        }
    }

    /// End of the toes, of that side.
    pub fn toe_tip(side: Side) -> Joint {
        match side {
            Side::Left => Joint::LeftToeTip,
            Side::Right => Joint::RightToeTip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_parse_back() {
        for &joint in Joint::ALL {
            assert_eq!(joint.name().parse(), Ok(joint));
        }
    }

    #[test]
    fn the_mirror_changes_the_side_and_nothing_else() {
        for &joint in Joint::ALL {
            assert_eq!(joint.mirrored().mirrored(), joint);
            assert_eq!(joint.mirrored().side(), joint.side().map(Side::opposite));
        }
    }
}
