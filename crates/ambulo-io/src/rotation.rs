//! Rotations as skeleton files give them: about one axis, in degrees.

use nalgebra::{Rotation3, Unit, Vector3};

/// The turn about axis 0, 1 or 2.
pub(crate) fn about(axis: usize, degrees: f64) -> Rotation3<f64> {
    let mut direction = Vector3::zeros();
    direction[axis] = 1.0;
    Rotation3::from_axis_angle(&Unit::new_unchecked(direction), degrees.to_radians())
}
