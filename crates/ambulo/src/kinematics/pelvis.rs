//! The pelvis and the hip centres: from markers, or from hip centres and the vertical.

use nalgebra::{Point3, Vector3};

use super::axial::middle;
use super::space::SegmentSpace;
use crate::Side;
use crate::skeleton::{Joint, on};
use crate::walk::{LengthUnit, Walk};

/// The pelvis in one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Pelvis {
    /// Its axes.
    pub space: SegmentSpace,
    /// Whether markers measured its tilt; otherwise its Y is as upright as the hips allow.
    pub tilt_measured: bool,
}

/// Where a walk's hip joint centres come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HipCentreSource {
    /// The recording's own joint centres.
    Recording,
    /// Regression on the distances between the pelvis markers: Harrington et al. (2007),
    /// doi:10.1016/j.jbiomech.2006.02.003.
    Harrington,
    /// There are none.
    Absent,
}

/// Where a walk's hip joint centres come from.
pub fn hip_centre_source(walk: &Walk) -> HipCentreSource {
    if walk
        .both(|walk, side| walk.first_present(&[on::hip(side)]))
        .is_some()
    {
        HipCentreSource::Recording
    } else if has_markers(walk) && matches!(walk.unit(), LengthUnit::Metres { .. }) {
        HipCentreSource::Harrington
    } else {
        HipCentreSource::Absent
    }
}

/// Whether the walk has the markers that a pelvis needs.
pub(super) fn has_markers(walk: &Walk) -> bool {
    let has = |joint| walk.trajectory(joint).is_some();
    Side::BOTH.iter().all(|&side| has(on::asis(side)))
        && (has(Joint::Sacrum) || Side::BOTH.iter().all(|&side| has(on::psis(side))))
}

/// The pelvis in one frame, by the markers if the walk has them.
pub(super) fn pelvis(walk: &Walk, frame: usize) -> Option<Pelvis> {
    if has_markers(walk) {
        let markers = Markers::at(walk, frame)?;
        return Some(Pelvis {
            space: markers.space()?,
            tilt_measured: true,
        });
    }
    let hip = |side| {
        walk.position(on::hip(side), frame)
            .or_else(|| walk.position(on::trochanter(side), frame))
    };
    let right = hip(Side::Right)? - hip(Side::Left)?;
    Some(Pelvis {
        space: SegmentSpace::across(right, Vector3::y())?,
        tilt_measured: false,
    })
}

/// The hip joint centre of one side: the recording's own, else by regression, else the trochanter.
pub(super) fn hip_centre(walk: &Walk, side: Side, frame: usize) -> Option<Point3<f64>> {
    match hip_centre_source(walk) {
        HipCentreSource::Recording => walk.position(on::hip(side), frame),
        HipCentreSource::Harrington => Markers::at(walk, frame)?.harrington(side),
        HipCentreSource::Absent => walk.position(
            walk.first_present(&[on::hip(side), on::trochanter(side)])?,
            frame,
        ),
    }
}

/// Pelvis markers of one frame.
struct Markers {
    left_front: Point3<f64>,
    right_front: Point3<f64>,
    back: Point3<f64>,
}

impl Markers {
    fn at(walk: &Walk, frame: usize) -> Option<Self> {
        Some(Self {
            left_front: walk.position(Joint::LeftAsis, frame)?,
            right_front: walk.position(Joint::RightAsis, frame)?,
            back: middle(walk, |side| Some(on::psis(side)), frame)
                .or_else(|| walk.position(Joint::Sacrum, frame))?,
        })
    }

    fn front(&self) -> Point3<f64> {
        nalgebra::center(&self.left_front, &self.right_front)
    }

    /// Z from the left spine to the right, X in the plane of all of them.
    fn space(&self) -> Option<SegmentSpace> {
        let right = self.right_front - self.left_front;
        SegmentSpace::across(right, right.cross(&(self.front() - self.back)))
    }

    /// The hip centre from pelvic depth and width, in metres.
    fn harrington(&self, side: Side) -> Option<Point3<f64>> {
        let space = self.space()?;
        let width_m = (self.right_front - self.left_front).norm();
        let depth_m = (self.front() - self.back).norm();
        let forward_m = -0.24 * depth_m - 0.0099;
        let up_m = -0.30 * width_m - 0.0109;
        let outward_m = 0.33 * width_m + 0.0073;
        let from_front =
            space.x * forward_m + space.y * up_m + space.z * (outward_m * side.z_sign());
        Some(self.front() + from_front)
    }
}
