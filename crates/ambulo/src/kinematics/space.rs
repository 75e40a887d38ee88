//! Segment spaces, and the angles between two of them.

use nalgebra::Vector3;

/// Axes of a segment in walking space: right-handed and orthonormal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SegmentSpace {
    /// Forward.
    pub x: Vector3<f64>,
    /// Along the segment, up.
    pub y: Vector3<f64>,
    /// To the walker's right.
    pub z: Vector3<f64>,
}

/// The three angles of a joint coordinate system, in radians, as right-handed rotations of the
/// distal segment: about the proximal Z, the floating X and the distal Y.
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(
    clippy::struct_field_names,
    reason = "each names its axis and its unit"
)]
pub(super) struct JointRotation {
    /// About the proximal axis to the right: the segment's lower end swings forward.
    pub about_right_rad: f64,
    /// About the floating forward axis: the segment's lower end swings to the left.
    pub about_forward_rad: f64,
    /// About the distal long axis: the segment's front turns to the left.
    pub about_up_rad: f64,
}

impl SegmentSpace {
    /// Walking space itself.
    pub(super) const WALK: Self = Self {
        x: Vector3::new(1.0, 0.0, 0.0),
        y: Vector3::new(0.0, 1.0, 0.0),
        z: Vector3::new(0.0, 0.0, 1.0),
    };

    /// The space whose Y is `up` exactly, and whose Z is as near to `right` as that allows.
    /// `None` where the two are parallel or without length.
    pub(super) fn along(up: Vector3<f64>, right: Vector3<f64>) -> Option<Self> {
        let y = unit(up)?;
        let x = unit(y.cross(&unit(right)?))?;
        Some(Self {
            x,
            y,
            z: x.cross(&y),
        })
    }

    /// The space whose Z is `right` exactly, and whose Y is as near to `up` as that allows.
    pub(super) fn across(right: Vector3<f64>, up: Vector3<f64>) -> Option<Self> {
        let z = unit(right)?;
        let x = unit(unit(up)?.cross(&z))?;
        Some(Self {
            x,
            y: z.cross(&x),
            z,
        })
    }

    /// The space whose X is `forward` exactly, and whose Z is as near to `right` as that allows.
    pub(super) fn facing(forward: Vector3<f64>, right: Vector3<f64>) -> Option<Self> {
        let x = unit(forward)?;
        let y = unit(unit(right)?.cross(&x))?;
        Some(Self {
            x,
            y,
            z: x.cross(&y),
        })
    }

    /// A vector's coordinates in this space.
    pub(super) fn coordinates(&self, vector: Vector3<f64>) -> Vector3<f64> {
        Vector3::new(
            self.x.dot(&vector),
            self.y.dot(&vector),
            self.z.dot(&vector),
        )
    }

    /// Rotation of `distal` against this space, flexion first: Grood & Suntay (1983).
    pub(super) fn rotation_of(&self, distal: &Self) -> JointRotation {
        let (up, right) = (self.coordinates(distal.y), self.coordinates(distal.z));
        let forward = self.coordinates(distal.x);
        JointRotation {
            about_right_rad: (-up.x).atan2(up.y),
            about_forward_rad: up.z.clamp(-1.0, 1.0).asin(),
            about_up_rad: (-forward.z).atan2(right.z),
        }
    }

    /// Rotation of `distal` against this space, rotation about this space's Y first and flexion
    /// about the distal Z last: Baker (2001).
    pub(super) fn rotation_of_turn_first(&self, distal: &Self) -> JointRotation {
        let (up, right) = (self.coordinates(distal.y), self.coordinates(distal.z));
        let forward = self.coordinates(distal.x);
        JointRotation {
            about_right_rad: forward.y.atan2(up.y),
            about_forward_rad: (-right.y).clamp(-1.0, 1.0).asin(),
            about_up_rad: right.x.atan2(right.z),
        }
    }
}

/// The vector at length one; `None` for one too short to have a direction.
pub(super) fn unit(vector: Vector3<f64>) -> Option<Vector3<f64>> {
    vector.try_normalize(1e-9)
}

#[cfg(test)]
mod tests {
    use nalgebra::Rotation3;

    use super::*;

    fn turned(rotation: Rotation3<f64>) -> SegmentSpace {
        SegmentSpace {
            x: rotation * Vector3::x(),
            y: rotation * Vector3::y(),
            z: rotation * Vector3::z(),
        }
    }

    #[test]
    fn both_orders_return_the_angles_they_were_built_from() {
        let about = |axis, angle| Rotation3::from_axis_angle(&axis, angle);
        let (x, y, z) = (Vector3::x_axis(), Vector3::y_axis(), Vector3::z_axis());
        for (a, b, c) in [(0.3, -0.2, 0.5), (-1.2, 0.4, -0.7), (2.0, 0.1, 0.0)] {
            let flexion_first = turned(about(z, a) * about(x, b) * about(y, c));
            let turn_first = turned(about(y, c) * about(x, b) * about(z, a));
            for found in [
                SegmentSpace::WALK.rotation_of(&flexion_first),
                SegmentSpace::WALK.rotation_of_turn_first(&turn_first),
            ] {
                assert!((found.about_right_rad - a).abs() < 1e-12);
                assert!((found.about_forward_rad - b).abs() < 1e-12);
                assert!((found.about_up_rad - c).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_space_is_right_handed_and_refuses_parallel_axes() {
        let up = Vector3::new(0.1, 2.0, 0.3);
        let space = SegmentSpace::along(up, Vector3::new(0.2, 0.5, 1.0)).unwrap();
        assert!((space.x.cross(&space.y) - space.z).norm() < 1e-12);
        assert!(space.z.z > 0.0 && space.x.x > 0.0);
        let foot = SegmentSpace::facing(Vector3::new(1.0, -0.5, 0.4), space.z).unwrap();
        assert!((foot.x.cross(&foot.y) - foot.z).norm() < 1e-12 && foot.y.y > 0.0);
        assert_eq!(SegmentSpace::along(up, 3.0 * up), None);
        assert_eq!(SegmentSpace::across(up, Vector3::zeros()), None);
    }
}
