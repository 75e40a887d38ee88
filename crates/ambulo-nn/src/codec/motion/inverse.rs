//! Features to joints.

use nalgebra::{Matrix3, UnitQuaternion, Vector3};

use super::kinematics::placed;
use super::skeleton::LENGTHS_M;
use super::{JOINTS, MotionFeatures, Pose};

const PLACES: usize = 4;
const ROTATIONS: usize = 67;

impl MotionFeatures {
    /// The poses that the features' places of joints describe, from the origin and facing +z.
    pub fn joints(&self) -> Vec<Pose> {
        let bodies = self.bodies();
        let of_frame = |(frame, (turn, pelvis)): (usize, &(UnitQuaternion<f64>, Vector3<f64>))| {
            let below = Vector3::new(pelvis.x, 0.0, pelvis.z);
            let mut pose = [*pelvis; JOINTS];
            for (joint, place) in pose.iter_mut().enumerate().skip(1) {
                let own = self.vector(frame, PLACES + 3 * (joint - 1));
                *place = turn.inverse() * own + below;
            }
            pose
        };
        bodies.iter().enumerate().map(of_frame).collect()
    }

    /// The poses that the features' rotations describe, with bones of [`LENGTHS_M`].
    pub fn joints_from_rotations(&self) -> Vec<Pose> {
        let bodies = self.bodies();
        let of_frame = |(frame, (turn, pelvis)): (usize, &(UnitQuaternion<f64>, Vector3<f64>))| {
            let mut rotations = [turn.to_rotation_matrix().into_inner(); JOINTS];
            for (joint, rotation) in rotations.iter_mut().enumerate().skip(1) {
                let at = ROTATIONS + 6 * (joint - 1);
                *rotation = orthonormal(self.vector(frame, at), self.vector(frame, at + 3));
            }
            placed(*pelvis, &rotations, &LENGTHS_M)
        };
        bodies.iter().enumerate().map(of_frame).collect()
    }

    /// Turn to the front and place of the pelvis, a frame each.
    fn bodies(&self) -> Vec<(UnitQuaternion<f64>, Vector3<f64>)> {
        let (mut half_rad, mut place) = (0.0_f64, Vector3::zeros());
        let mut bodies = Vec::with_capacity(self.frames());
        for frame in 0..self.frames() {
            if frame > 0 {
                let before = self.row(frame - 1);
                half_rad += f64::from(before[0]);
                let way = Vector3::new(f64::from(before[1]), 0.0, f64::from(before[2]));
                place += turn(half_rad).inverse() * way;
            }
            let height = f64::from(self.row(frame)[3]);
            bodies.push((turn(half_rad), Vector3::new(place.x, height, place.z)));
        }
        bodies
    }

    fn vector(&self, frame: usize, column: usize) -> Vector3<f64> {
        let row = &self.row(frame)[column..];
        Vector3::new(f64::from(row[0]), f64::from(row[1]), f64::from(row[2]))
    }
}

/// A turn about the vertical by twice the angle.
fn turn(half_rad: f64) -> UnitQuaternion<f64> {
    UnitQuaternion::from_axis_angle(&Vector3::y_axis(), 2.0 * half_rad)
}

/// The rotation whose first column has the direction of `first`, its second as nearly as it can that of
/// `second`.
fn orthonormal(first: Vector3<f64>, second: Vector3<f64>) -> Matrix3<f64> {
    let x = first.try_normalize(1e-12).unwrap_or_else(Vector3::x);
    let z = x.cross(&second).try_normalize(1e-12).unwrap_or_else(|| {
        let aside = if x.y.abs() < 0.9 {
            Vector3::y()
        } else {
            Vector3::z()
        };
        x.cross(&aside).normalize()
    });
    Matrix3::from_columns(&[x, z.cross(&x), z])
}
