//! Joint angles: over time, and over the gait cycle.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::PerSide;

macro_rules! angles {
    ($($variant:ident, $name:literal, $title:literal, $positive:literal;)*) => {
        /// A joint or segment angle, in degrees.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum AngleId {
            $(#[doc = concat!($title, "; positive is ", $positive, ".")] $variant,)*
        }

        impl AngleId {
            /// Every angle, in report order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name in files.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The name for people.
            pub fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What a positive value means.
            pub fn positive(self) -> &'static str {
                match self { $(Self::$variant => $positive,)* }
            }
        }
    };
}

angles! {
    PelvicTilt, "pelvic_tilt", "Pelvic tilt", "anterior";
    PelvicObliquity, "pelvic_obliquity", "Pelvic obliquity", "this side up";
    PelvicRotation, "pelvic_rotation", "Pelvic rotation", "this side forward";
    HipFlexion, "hip_flexion", "Hip flexion", "flexion";
    HipAdduction, "hip_adduction", "Hip adduction", "adduction";
    HipRotation, "hip_rotation", "Hip rotation", "internal";
    KneeFlexion, "knee_flexion", "Knee flexion", "flexion";
    KneeAdduction, "knee_adduction", "Knee adduction", "adduction (varus)";
    KneeRotation, "knee_rotation", "Knee rotation", "internal";
    AnkleDorsiflexion, "ankle_dorsiflexion", "Ankle dorsiflexion", "dorsiflexion";
    FootProgression, "foot_progression", "Foot progression", "toe-in";
    FootPitch, "foot_pitch", "Foot pitch", "toes above heel";
    TrunkLean, "trunk_lean", "Trunk lean", "forward";
    ArmSwing, "arm_swing", "Arm swing", "forward";
}

impl AngleId {
    /// The nine variables of GPS and GDI, in their order (Schwartz & Rozumalski 2008; Baker 2009).
    pub const GAIT_PROFILE: [Self; 9] = [
        Self::PelvicTilt,
        Self::PelvicObliquity,
        Self::PelvicRotation,
        Self::HipFlexion,
        Self::HipAdduction,
        Self::HipRotation,
        Self::KneeFlexion,
        Self::AnkleDorsiflexion,
        Self::FootProgression,
    ];
}

/// How an angle was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AngleMethod {
    /// The laboratory's own model, as stored in the file.
    File,
    /// Segment spaces from markers, by joint coordinate systems.
    Markers,
    /// Joint centres only: rotations about a segment's long axis are not observable.
    JointCentres,
    /// One camera from the side.
    Sagittal2d,
}

/// One angle over time.
#[derive(Debug, Clone, PartialEq)]
pub struct AngleTrack {
    /// How it was measured.
    pub method: AngleMethod,
    /// Whether it rests on an approximation and is kept out of GPS and GDI.
    pub approximate: bool,
    /// Degrees, one a frame of the trial; `None` where it could not be computed.
    pub degrees: Vec<Option<f64>>,
}

/// Angles of both sides in every frame of a trial.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AngleSeries {
    /// The angles that could be computed, each a side.
    pub tracks: PerSide<BTreeMap<AngleId, AngleTrack>>,
}

/// An angle over the gait cycle: mean and SD over the cycles of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AngleCurve {
    /// How it was measured.
    pub method: AngleMethod,
    /// Whether it rests on an approximation and is kept out of GPS and GDI.
    pub approximate: bool,
    /// Cycles averaged.
    pub n: usize,
    /// Mean in degrees at 0, 1, …, 100 % of the cycle.
    pub mean_deg: Vec<f64>,
    /// Standard deviation over cycles in degrees, at the same points; absent for one cycle.
    pub sd_deg: Option<Vec<f64>>,
}

/// Angle curves of both sides.
pub type AngleCurves = BTreeMap<AngleId, PerSide<Option<AngleCurve>>>;
