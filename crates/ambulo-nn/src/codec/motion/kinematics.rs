//! From places to rotations along the chains, and back.

use ambulo::signal::gaussian::{Edge, gaussian_filter1d};
use nalgebra::{Matrix3, Quaternion, UnitQuaternion, Vector3};

use super::skeleton::{CHAINS, LEFT_HIP, LEFT_SHOULDER, RIGHT_HIP, RIGHT_SHOULDER, rest_direction};
use super::{Facing, JOINTS, Pose};

/// Frames of the Gaussian that smooths the way a body faces.
const SMOOTH_FRAMES: f64 = 20.0;

/// The rotation of the body and of each joint against the one before it.
pub(super) type Rotations = [UnitQuaternion<f64>; JOINTS];

/// The smallest rotation that turns `from` into the direction of `to`; none where one has no length, half a
/// turn about an axis across where they are opposite.
pub(super) fn between(from: &Vector3<f64>, to: &Vector3<f64>) -> UnitQuaternion<f64> {
    let axis = from.cross(to);
    let real = (from.norm_squared() * to.norm_squared()).sqrt() + from.dot(to);
    let quaternion = Quaternion::from_parts(real, axis);
    if let Some(unit) = UnitQuaternion::try_new(quaternion, 1e-12) {
        return unit;
    }
    if from.norm() * to.norm() <= 0.0 {
        return UnitQuaternion::identity();
    }
    // Opposite directions: about the vertical, where that lies across.
    let upright = from.cross(&Vector3::y()).norm() > 0.5 * from.norm();
    let axis = if upright { Vector3::y() } else { Vector3::x() };
    UnitQuaternion::from_quaternion(Quaternion::from_parts(0.0, axis))
}

/// From right to left at the hips, the sign of which depends on the rule, and across the shoulders.
fn across(pose: &Pose, facing: Facing) -> Vector3<f64> {
    let hips = pose[RIGHT_HIP] - pose[LEFT_HIP];
    let shoulders = pose[RIGHT_SHOULDER] - pose[LEFT_SHOULDER];
    match facing {
        Facing::Upstream => shoulders - hips,
        Facing::Anatomical => shoulders + hips,
    }
}

/// The way a body faces along the floor.
pub(super) fn forward(pose: &Pose, facing: Facing) -> Vector3<f64> {
    let across = across(pose, facing);
    let unit = across.try_normalize(1e-12).unwrap_or(across);
    Vector3::y().cross(&unit)
}

/// The rotation that turns the way a body faces to +z.
pub(super) fn to_front(forward: &Vector3<f64>) -> UnitQuaternion<f64> {
    let unit = forward.try_normalize(1e-12).unwrap_or(*forward);
    between(&unit, &Vector3::z())
}

/// Whether the way a body faces is smoothed along time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Smooth {
    /// Each frame by itself.
    No,
    /// By a Gaussian of 20 frames.
    Yes,
}

/// Rotations of every frame. Those of the body are the identity in the first frame.
pub(super) fn rotations(poses: &[Pose], facing: Facing, smooth: Smooth) -> Vec<Rotations> {
    let mut fronts: Vec<Vector3<f64>> = poses.iter().map(|pose| forward(pose, facing)).collect();
    if smooth == Smooth::Yes {
        for axis in 0..3 {
            let signal: Vec<f64> = fronts.iter().map(|front| front[axis]).collect();
            let smoothed = gaussian_filter1d(&signal, SMOOTH_FRAMES, Edge::Nearest);
            for (front, value) in fronts.iter_mut().zip(smoothed.unwrap_or(signal)) {
                front[axis] = value;
            }
        }
    }
    let frames = poses.iter().zip(&fronts).enumerate();
    let of_frame = |(frame, (pose, front)): (usize, (&Pose, &Vector3<f64>))| {
        let mut rotations = [UnitQuaternion::identity(); JOINTS];
        if frame > 0 {
            rotations[0] = to_front(front);
        }
        for chain in CHAINS {
            let mut turned = rotations[0];
            for bone in chain.windows(2) {
                let way = pose[bone[1]] - pose[bone[0]];
                let direction = way.try_normalize(1e-12);
                let rest = rest_direction(bone[1]);
                let world = direction.map_or(turned, |direction| between(&rest, &direction));
                rotations[bone[1]] = turned.inverse() * world;
                turned *= rotations[bone[1]];
            }
        }
        rotations
    };
    frames.map(of_frame).collect()
}

/// Places of the joints from the pelvis' place, rotations and lengths of the bones.
pub(super) fn placed(
    pelvis: Vector3<f64>,
    rotations: &[Matrix3<f64>; JOINTS],
    lengths_m: &[f64; JOINTS],
) -> Pose {
    let mut pose = [pelvis; JOINTS];
    for chain in CHAINS {
        let mut turned = rotations[0];
        for bone in chain.windows(2) {
            turned *= rotations[bone[1]];
            let way = turned * (rest_direction(bone[1]) * lengths_m[bone[1]]);
            pose[bone[1]] = pose[bone[0]] + way;
        }
    }
    pose
}

/// Rotations as matrices.
pub(super) fn matrices(rotations: &Rotations) -> [Matrix3<f64>; JOINTS] {
    rotations.map(|rotation| rotation.to_rotation_matrix().into_inner())
}
