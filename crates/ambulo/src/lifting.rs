//! From poses without a place to a motion in the world.
//!
//! A lifter says how the body stands around its pelvis, not where the pelvis is. A foot that stands
//! does not move, so the pelvis moves as that foot seems to move backward: [`grounded()`] adds up that
//! motion, lets the camera's own view of the pelvis across the picture take the drift out, and puts
//! the floor at zero. After that a lifted motion is a [`crate::motion::Motion3d`] like any other.

mod banded;
mod grounded;
mod leads;
mod seen;
mod standing;

pub use grounded::{Evidence, Grounded, GroundingError, events_of, grounded};
pub use leads::{ErrorRow, ModelErrors, Outcome, Residual, is_liftable, lead};
pub use seen::{Seen, seen_across};

use nalgebra::{Rotation3, Vector2, Vector3};
use serde::{Deserialize, Serialize};

use crate::motion::Motion3d;
use crate::skeleton::Joint;
use crate::walk::Surface;

/// From which side the camera sees a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CameraView {
    /// The walk leads across the picture, within 30°.
    Side,
    /// Between the two.
    Oblique,
    /// The walk leads towards the camera or away from it, within 30°.
    Frontal,
}

impl CameraView {
    /// The view of a walk that leads this way, where the first component is the image's x and the
    /// second points to the camera; of any length but zero.
    pub fn of(direction: Vector2<f64>) -> Self {
        match angle_out_of_picture_deg(direction) {
            angle if angle < 30.0 => Self::Side,
            angle if angle <= 60.0 => Self::Oblique,
            _ => Self::Frontal,
        }
    }

    /// The name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Side => "side",
            Self::Oblique => "oblique",
            Self::Frontal => "frontal",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Side => "from the side",
            Self::Oblique => "slantwise",
            Self::Frontal => "from the front or back",
        }
    }
}

/// Length of thigh and shank, hip to ankle: the median over frames, then the mean of both legs; `None`
/// if no frame shows a leg.
pub fn leg_length(motion: &Motion3d) -> Option<f64> {
    crate::bouts::leg_length(|joint| motion.trajectory(joint))
}

/// Angle between the walk and the picture's plane: 0 from the side, 90 from the front or back.
pub fn angle_out_of_picture_deg(direction: Vector2<f64>) -> f64 {
    direction.y.abs().atan2(direction.x.abs()).to_degrees()
}

/// The way the pelvis goes over some frames (the slope of its fitted line), or on a belt the way it
/// faces; horizontal, of length 1. `None` if it neither goes nor faces anywhere.
pub fn direction_of(
    motion: &Motion3d,
    frames: std::ops::Range<usize>,
    surface: Surface,
) -> Option<Vector2<f64>> {
    if matches!(surface, Surface::Treadmill { .. }) {
        return facing(motion, frames);
    }
    let pelvis = crate::bouts::pelvis_points(|joint| motion.trajectory_in(joint, frames.clone()))?;
    let times_s = &motion.time().times_s()[frames];
    let known: Vec<(f64, Vector2<f64>)> = times_s
        .iter()
        .zip(&pelvis)
        .filter_map(|(&time_s, p)| Some((time_s, (*p)?)))
        .map(|(time_s, p)| (time_s, Vector2::new(p.x, p.z)))
        .collect();
    let count = known.len().max(1) as f64;
    let middle_s = known.iter().map(|(t, _)| t).sum::<f64>() / count;
    known
        .iter()
        .map(|(time_s, place)| place * (time_s - middle_s))
        .sum::<Vector2<f64>>()
        .try_normalize(1e-9)
}

fn facing(motion: &Motion3d, frames: std::ops::Range<usize>) -> Option<Vector2<f64>> {
    let left = motion.trajectory_in(Joint::LeftHip, frames.clone())?;
    let right = motion.trajectory_in(Joint::RightHip, frames)?;
    let across: Vector3<f64> = left
        .iter()
        .zip(&right)
        .filter_map(|(left, right)| Some((*right)? - (*left)?))
        .sum();
    let forward = Vector3::y().cross(&across);
    Vector2::new(forward.x, forward.z).try_normalize(1e-9)
}

/// The motion turned about the vertical so that a direction of its ground is X: the world of ISB.
#[must_use]
pub fn along_the_walk(motion: &Motion3d, direction: Vector2<f64>) -> Motion3d {
    let turn = direction.y.atan2(direction.x);
    let rotation = Rotation3::from_axis_angle(&Vector3::y_axis(), turn);
    motion.transformed(&rotation, &Vector3::zeros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeBase;
    use nalgebra::Point3;

    #[test]
    fn the_direction_of_the_walk_becomes_x() {
        let way = Vector2::new(0.6, -0.8);
        let points = (0..10).map(|i| {
            let along = f64::from(i) * 0.1;
            Some(Point3::new(way.x * along, 1.0, way.y * along))
        });
        let time = TimeBase::uniform(10, 30.0).unwrap();
        let motion = Motion3d::new(vec![Joint::Pelvis], time, points.collect()).unwrap();
        let found = direction_of(&motion, 0..10, Surface::Overground).unwrap();
        assert!((found - way).norm() < 1e-9);
        let turned = along_the_walk(&motion, found);
        let last = turned.frame(9)[0].unwrap();
        assert!((last - Point3::new(0.9, 1.0, 0.0)).norm() < 1e-9, "{last}");
    }

    #[test]
    fn views_are_told_by_the_angle_to_the_picture() {
        for (degrees, view) in [
            (0.0, CameraView::Side),
            (20.0, CameraView::Side),
            (160.0, CameraView::Side),
            (45.0, CameraView::Oblique),
            (-120.0, CameraView::Frontal),
            (90.0, CameraView::Frontal),
        ] {
            let (sin, cos) = f64::to_radians(degrees).sin_cos();
            assert_eq!(
                CameraView::of(Vector2::new(cos, sin) * 3.0),
                view,
                "{degrees}"
            );
        }
    }
}
