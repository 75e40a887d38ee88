//! Joint angles: over time, and over the gait cycle.
//!
//! [`angles`] chooses the way by what a walk holds: markers give segment spaces and all angles,
//! joint centres give those that do not turn about a segment's long axis, one camera from the side
//! gives the sagittal ones. [`prefer_file`] lets a laboratory's own angles lead, [`curves()`] averages
//! over cycles. Every definition stands in `docs/conventions.md`.

mod axial;
mod config;
mod curves;
mod features;
mod foot;
mod pelvis;
mod planar;
mod space;
mod spatial;

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use config::{AngleConfig, FootZero, HipReference, PelvicOrder};
pub use curves::{CURVE_POINTS, CurveConfig, CurveInput, CycleAngles, Ensemble, curves, ensembles};
pub use features::{
    Peak, largest_between, least_between, least_knee_flexion_in_stance, maximum, minimum,
    peak_knee_flexion_in_swing, range_deg,
};
pub use pelvis::{HipCentreSource, hip_centre_source};

use crate::walk::{View, Walk};
use crate::{PerSide, Side};

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

    /// Whether the angle is measured against the direction of the walk, not against another segment.
    pub fn is_against_the_walk(self) -> bool {
        matches!(
            self,
            Self::PelvicTilt | Self::PelvicObliquity | Self::PelvicRotation | Self::FootProgression
        )
    }
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
    /// Joint centres of a motion that a network made of one camera's keypoints.
    Lifted,
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

/// Pelvic rotations further apart were measured against different directions.
const TURNED_PELVIS_DEG: f64 = 10.0;
/// So were other angles against the walk that are further apart; models differ by far less.
const TURNED_ANGLE_DEG: f64 = 45.0;

impl AngleSeries {
    /// One angle of one side, where it could be computed.
    pub fn track(&self, side: Side, angle: AngleId) -> Option<&AngleTrack> {
        self.tracks.get(side).get(&angle)
    }

    /// The same angles in a range of frames, such as those of one bout. Frames outside the series
    /// have no angle.
    #[must_use]
    pub fn cut(&self, frames: Range<usize>) -> Self {
        let cut_track = |track: &AngleTrack| AngleTrack {
            method: track.method,
            approximate: track.approximate,
            degrees: frames
                .clone()
                .map(|frame| track.degrees.get(frame).copied().flatten())
                .collect(),
        };
        let cut_side = |tracks: &BTreeMap<AngleId, AngleTrack>| {
            tracks
                .iter()
                .map(|(&angle, track)| (angle, cut_track(track)))
                .collect()
        };
        Self {
            tracks: self.tracks.as_ref().map(cut_side),
        }
    }

    /// Keeps a track unless it has no value in any frame.
    fn insert(&mut self, side: Side, angle: AngleId, track: AngleTrack) {
        if track.degrees.iter().any(Option::is_some) {
            self.tracks.get_mut(side).insert(angle, track);
        }
    }
}

/// Every angle that a walk allows, in each of its frames.
///
/// An angle is absent if no frame allows it. A frontal view allows none.
///
/// # Units
///
/// Degrees in (−180, 180], zero near the neutral pose, so that no angle of walking wraps.
///
/// # Source
///
/// Markers: Grood & Suntay (1983), doi:10.1115/1.3138397, with the segments and signs of Kadaba et
/// al. (1990) and Davis et al. (1991), known as Plug-in Gait. One camera: Stenum et al. (2021),
/// doi:10.1371/journal.pcbi.1008935.
pub fn angles(walk: &Walk, config: &AngleConfig) -> AngleSeries {
    match walk.view() {
        View::Spatial => spatial::angles(walk, config),
        View::Sagittal => planar::angles(walk, config),
        View::Frontal => AngleSeries::default(),
    }
}

/// The laboratory's own angles where the file brings them, ours for the rest.
///
/// Both series hold the same frames: [`AngleSeries::cut`] the file's to the walk first. An angle of
/// a side comes wholly from one of them, since two models differ by an offset and a mixture would
/// jump.
///
/// Angles against the walk (the pelvis' and foot progression) stay ours where the two pelvic
/// rotations differ by more than 10° in the median, or they themselves by more than 45°: the
/// laboratory then measured against another direction than this bout's, such as the room's axis in
/// a walk across it or after a turn.
#[must_use]
pub fn prefer_file(file: &AngleSeries, computed: AngleSeries) -> AngleSeries {
    let mut merged = computed;
    let turned = PerSide::from_fn(|side| {
        let offset_deg = median_offset_deg(file, &merged, side, AngleId::PelvicRotation);
        offset_deg.is_some_and(|offset_deg| offset_deg > TURNED_PELVIS_DEG)
    });
    for (side, tracks) in file.tracks.iter() {
        for (&angle, track) in tracks {
            let offset_deg = median_offset_deg(file, &merged, side, angle);
            let other_direction = *turned.get(side)
                || offset_deg.is_some_and(|offset_deg| offset_deg > TURNED_ANGLE_DEG);
            let ours_leads = angle.is_against_the_walk()
                && other_direction
                && merged.track(side, angle).is_some();
            if !ours_leads {
                merged.insert(side, angle, track.clone());
            }
        }
    }
    merged
}

/// Median size of the difference of two series in one angle; `None` where they share no frame.
fn median_offset_deg(a: &AngleSeries, b: &AngleSeries, side: Side, angle: AngleId) -> Option<f64> {
    let pairs = a
        .track(side, angle)?
        .degrees
        .iter()
        .zip(&b.track(side, angle)?.degrees);
    let mut offsets: Vec<f64> = pairs
        .filter_map(|(a, b)| Some(wrap_deg((*a)? - (*b)?).abs()))
        .collect();
    offsets.sort_by(f64::total_cmp);
    offsets.get(offsets.len() / 2).copied()
}

/// Brings an angle into (−180, 180].
fn wrap_deg(degrees: f64) -> f64 {
    let wrapped = degrees.rem_euclid(360.0);
    if wrapped > 180.0 {
        wrapped - 360.0
    } else {
        wrapped
    }
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
