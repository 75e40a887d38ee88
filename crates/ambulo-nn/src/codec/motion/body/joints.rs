//! Where the 22 joints are in one frame.

use ambulo::Side;
use ambulo::skeleton::{Joint, on};
use nalgebra::{Matrix3, Vector3};

use super::super::cluster::Markers;
use super::super::{JOINTS, Pose};
use super::{Calibration, names};

/// The pelvis above the middle of the hips, of the hips' distance: SMPL's 0.08 m of 0.12 m.
const PELVIS_ABOVE_HIPS: f64 = 0.7;
/// Where the three joints of the spine are on the way from pelvis to neck.
const SPINE: [f64; 3] = [0.33, 0.66, 0.80];
/// Where the collar is on the way from the upper spine to the shoulder.
const COLLAR: f64 = 0.45;
/// The shoulder's centre below the acromion, of the acromia's distance.
const SHOULDER_BELOW: f64 = 0.17;
/// The head above the neck where nothing of it was recorded, in metres.
const HEAD_ABOVE_M: f64 = 0.1;
/// Width of the knee, of the thigh's length; of the ankle, of the shank's.
const WIDTHS: [f64; 2] = [0.25, 0.175];
/// A segment whose markers span less than this is not used, in metres.
const FLAT_M: f64 = 1e-3;

/// The markers in one frame.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'a> {
    markers: &'a Markers,
    frame: usize,
}

/// Parts of the body and what each could be made from.
const PARTS: [(&str, &str); 8] = [
    (
        "a hip",
        "hip joint centres, or ASIS and PSIS (or sacrum) of both sides",
    ),
    ("a knee", "a knee joint centre, or the lateral knee marker"),
    (
        "an ankle",
        "an ankle joint centre, or the lateral malleolus",
    ),
    (
        "a foot",
        "first and fifth metatarsal, a toe marker, or big toe",
    ),
    (
        "the neck",
        "C7 and jugular notch, neck, thorax, or shoulders",
    ),
    (
        "a shoulder",
        "a shoulder joint centre, or the acromia of both sides",
    ),
    ("an elbow", "an elbow joint centre, or an elbow marker"),
    ("a wrist", "a wrist joint centre, a wrist marker, or a hand"),
];

/// The first part of the body that no frame shows, with what it could be made from.
pub(super) fn first_missing(
    markers: &Markers,
    frames: usize,
    calibration: &Calibration,
) -> Option<(&'static str, &'static str)> {
    let shows = |part: usize| {
        let mut frames = (0..frames).map(|frame| Frame::at(markers, frame));
        frames.any(|frame| {
            Side::BOTH.into_iter().all(|side| {
                match part {
                    0 => frame.hip(side),
                    1 => frame.knee(side, calibration),
                    2 => frame.ankle(side, calibration),
                    3 => frame.foot(side),
                    4 => frame.neck(),
                    5 => frame.shoulder(side),
                    6 => frame.elbow(side),
                    _ => frame.wrist(side),
                }
                .is_some()
            })
        })
    };
    (0..PARTS.len())
        .find(|&part| !shows(part))
        .map(|part| PARTS[part])
}

/// Whether the recording is of markers on the skin, not of joints.
pub(super) fn are_skin_markers(markers: &Markers) -> bool {
    let skin = [on::asis, on::lateral_knee, on::lateral_malleolus];
    skin.iter().any(|joint| names(markers, joint(Side::Left)))
}

/// Whether anything of the head was recorded.
pub(super) fn has_head(markers: &Markers) -> bool {
    let sided = [on::front_head, on::back_head, on::ear];
    names(markers, Joint::Head)
        || names(markers, Joint::HeadTop)
        || sided
            .iter()
            .any(|joint| Side::BOTH.iter().all(|&side| names(markers, joint(side))))
}

impl<'a> Frame<'a> {
    pub(super) fn at(markers: &'a Markers, frame: usize) -> Self {
        Self { markers, frame }
    }

    /// A recorded point.
    pub(super) fn joint(self, joint: Joint) -> Option<Vector3<f64>> {
        let track = self.markers.get(&joint)?;
        track.get(self.frame).copied().flatten().map(|p| p.coords)
    }

    fn middle(self, a: Joint, b: Joint) -> Option<Vector3<f64>> {
        Some((self.joint(a)? + self.joint(b)?) / 2.0)
    }

    fn middle_of(self, joint: fn(Side) -> Joint) -> Option<Vector3<f64>> {
        self.middle(joint(Side::Left), joint(Side::Right))
    }

    /// All 22 joints.
    pub(super) fn pose(self, calibration: &Calibration) -> Option<Pose> {
        let [left_hip, right_hip] = on_both(|side| self.hip(side))?;
        let [left_knee, right_knee] = on_both(|side| self.knee(side, calibration))?;
        let [left_ankle, right_ankle] = on_both(|side| self.ankle(side, calibration))?;
        let [left_foot, right_foot] = on_both(|side| self.foot(side))?;
        let neck = self.neck()?;
        let [left_shoulder, right_shoulder] = on_both(|side| self.shoulder(side))?;
        let [left_elbow, right_elbow] = on_both(|side| self.elbow(side))?;
        let [left_wrist, right_wrist] = on_both(|side| self.wrist(side))?;
        let hips = (left_hip + right_hip) / 2.0;
        let up = self.up()?;
        let pelvis = hips + up * (PELVIS_ABOVE_HIPS * (left_hip - right_hip).norm());
        let [spine1, spine2, spine3] = SPINE.map(|share| self.along_spine(pelvis, neck, share));
        let head = self.head().unwrap_or(neck + up * HEAD_ABOVE_M);
        let collar = |shoulder: Vector3<f64>| spine3 + (shoulder - spine3) * COLLAR;
        let pose: [Vector3<f64>; JOINTS] = [
            pelvis,
            left_hip,
            right_hip,
            spine1,
            left_knee,
            right_knee,
            spine2,
            left_ankle,
            right_ankle,
            spine3,
            left_foot,
            right_foot,
            neck,
            collar(left_shoulder),
            collar(right_shoulder),
            head,
            left_shoulder,
            right_shoulder,
            left_elbow,
            right_elbow,
            left_wrist,
            right_wrist,
        ];
        Some(pose)
    }

    fn hip(self, side: Side) -> Option<Vector3<f64>> {
        self.joint(on::hip(side)).or_else(|| self.harrington(side))
    }

    /// Source: Harrington et al. (2007), doi:10.1016/j.jbiomech.2006.02.003.
    fn harrington(self, side: Side) -> Option<Vector3<f64>> {
        let [left, right] = on_both(|side| self.joint(on::asis(side)))?;
        let back = self
            .middle_of(on::psis)
            .or_else(|| self.joint(Joint::Sacrum))?;
        let front = (left + right) / 2.0;
        let z = (right - left).try_normalize(FLAT_M)?;
        let depth = front - back;
        let x = (depth - z * depth.dot(&z)).try_normalize(FLAT_M)?;
        let y = z.cross(&x);
        let (width_m, depth_m) = ((right - left).norm(), depth.norm());
        let forward_m = -0.24 * depth_m - 0.0099;
        let up_m = -0.30 * width_m - 0.0109;
        let outward_m = (0.33 * width_m + 0.0073) * side.z_sign();
        Some(front + x * forward_m + y * up_m + z * outward_m)
    }

    fn knee(self, side: Side, calibration: &Calibration) -> Option<Vector3<f64>> {
        self.joint(on::knee(side))
            .or_else(|| self.middle(on::lateral_knee(side), on::medial_knee(side)))
            .or_else(|| {
                let (origin, axes) = self.thigh(side)?;
                Some(origin + axes * calibration.knee(side)?)
            })
            .or_else(|| self.inwards(side, on::lateral_knee(side), self.hip(side)?, WIDTHS[0]))
    }

    fn ankle(self, side: Side, calibration: &Calibration) -> Option<Vector3<f64>> {
        let malleolus = on::lateral_malleolus(side);
        self.joint(on::ankle(side))
            .or_else(|| self.middle(malleolus, on::medial_malleolus(side)))
            .or_else(|| {
                let (origin, axes) = self.shank(side, self.knee(side, calibration)?)?;
                Some(origin + axes * calibration.ankle(side)?)
            })
            .or_else(|| {
                let knee = self.knee(side, calibration)?;
                self.inwards(side, malleolus, knee, WIDTHS[1])
            })
    }

    /// A lateral marker moved by half a width towards the other side, across its segment.
    fn inwards(
        self,
        side: Side,
        lateral: Joint,
        above: Vector3<f64>,
        width: f64,
    ) -> Option<Vector3<f64>> {
        let marker = self.joint(lateral)?;
        let segment = above - marker;
        let along = segment.try_normalize(FLAT_M)?;
        let across = self.hip(side.opposite())? - self.hip(side)?;
        let inward = (across - along * across.dot(&along)).try_normalize(FLAT_M)?;
        Some(marker + inward * (0.5 * width * segment.norm()))
    }

    /// Where the knee's centre lies in the thigh's axes, from both its markers.
    pub(super) fn knee_offset(self, side: Side) -> Option<Vector3<f64>> {
        let centre = self.middle(on::lateral_knee(side), on::medial_knee(side))?;
        let (origin, axes) = self.thigh(side)?;
        Some(axes.transpose() * (centre - origin))
    }

    /// Where the ankle's centre lies in the shank's axes, from both its markers.
    pub(super) fn ankle_offset(self, side: Side) -> Option<Vector3<f64>> {
        let centre = self.middle(on::lateral_malleolus(side), on::medial_malleolus(side))?;
        let knee = self.knee(side, &Calibration::default())?;
        let (origin, axes) = self.shank(side, knee)?;
        Some(axes.transpose() * (centre - origin))
    }

    /// The thigh's own axes: from the lateral knee marker up to the hip, and towards trochanter or wand.
    fn thigh(self, side: Side) -> Option<(Vector3<f64>, Matrix3<f64>)> {
        let origin = self.joint(on::lateral_knee(side))?;
        let beside = self
            .joint(on::trochanter(side))
            .or_else(|| self.joint(on::thigh_wand(side)))?;
        Some((origin, axes(self.hip(side)? - origin, beside - origin)?))
    }

    /// The shank's own axes: from the lateral malleolus up to the knee, and towards its lateral marker.
    fn shank(self, side: Side, knee: Vector3<f64>) -> Option<(Vector3<f64>, Matrix3<f64>)> {
        let origin = self.joint(on::lateral_malleolus(side))?;
        let beside = self.joint(on::lateral_knee(side))?;
        Some((origin, axes(knee - origin, beside - origin)?))
    }

    fn foot(self, side: Side) -> Option<Vector3<f64>> {
        self.middle(on::first_metatarsal(side), on::fifth_metatarsal(side))
            .or_else(|| self.joint(on::toe(side)))
            .or_else(|| self.middle(on::big_toe(side), on::small_toe(side)))
            .or_else(|| self.joint(on::big_toe(side)))
    }

    fn neck(self) -> Option<Vector3<f64>> {
        self.middle(Joint::C7, Joint::Jugular)
            .or_else(|| self.joint(Joint::Neck))
            .or_else(|| self.joint(Joint::Thorax))
            .or_else(|| self.middle_of(on::shoulder))
            .or_else(|| self.middle_of(on::acromion))
    }

    fn head(self) -> Option<Vector3<f64>> {
        let markers = || {
            let front = self.middle_of(on::front_head)?;
            let back = self.middle_of(on::back_head)?;
            Some((front + back) / 2.0)
        };
        self.joint(Joint::Head)
            .or_else(markers)
            .or_else(|| self.middle_of(on::ear))
            .or_else(|| self.joint(Joint::HeadTop))
    }

    /// From the middle of the hips to the neck.
    fn up(self) -> Option<Vector3<f64>> {
        let [left, right] = on_both(|side| self.hip(side))?;
        (self.neck()? - (left + right) / 2.0).try_normalize(FLAT_M)
    }

    fn shoulder(self, side: Side) -> Option<Vector3<f64>> {
        self.joint(on::shoulder(side)).or_else(|| {
            let own = self.joint(on::acromion(side))?;
            let other = self.joint(on::acromion(side.opposite()))?;
            Some(own - self.up()? * (SHOULDER_BELOW * (own - other).norm()))
        })
    }

    fn elbow(self, side: Side) -> Option<Vector3<f64>> {
        self.joint(on::elbow(side))
            .or_else(|| self.middle(on::lateral_elbow(side), on::medial_elbow(side)))
            .or_else(|| self.joint(on::lateral_elbow(side)))
    }

    fn wrist(self, side: Side) -> Option<Vector3<f64>> {
        self.joint(on::wrist(side))
            .or_else(|| self.middle(on::thumb_wrist(side), on::little_wrist(side)))
            .or_else(|| self.joint(on::thumb_wrist(side)))
            .or_else(|| self.joint(on::little_wrist(side)))
            .or_else(|| self.joint(on::hand(side)))
    }

    /// A place on the way from pelvis to neck, by way of what is recorded of the back.
    fn along_spine(self, pelvis: Vector3<f64>, neck: Vector3<f64>, share: f64) -> Vector3<f64> {
        let back = self
            .middle(Joint::T10, Joint::Xiphoid)
            .or_else(|| self.joint(Joint::Spine));
        let way: Vec<Vector3<f64>> = [Some(pelvis), back, Some(neck)]
            .into_iter()
            .flatten()
            .collect();
        let whole: f64 = way.windows(2).map(|part| (part[1] - part[0]).norm()).sum();
        let mut left = share * whole;
        for part in way.windows(2) {
            let length = (part[1] - part[0]).norm();
            if left <= length && length > 0.0 {
                return part[0] + (part[1] - part[0]) * (left / length);
            }
            left -= length;
        }
        neck
    }
}

/// A point of the left, then of the right; `None` if one is missing.
fn on_both(joint: impl Fn(Side) -> Option<Vector3<f64>>) -> Option<[Vector3<f64>; 2]> {
    Some([joint(Side::Left)?, joint(Side::Right)?])
}

/// Axes from two directions: the first, across both, and across those.
fn axes(along: Vector3<f64>, beside: Vector3<f64>) -> Option<Matrix3<f64>> {
    let y = along.try_normalize(FLAT_M)?;
    let x = y.cross(&beside).try_normalize(FLAT_M)?;
    Some(Matrix3::from_columns(&[x, y, x.cross(&y)]))
}
