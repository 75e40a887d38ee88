//! The points of a pose, and what is made from them.

use ambulo::skeleton::LIFT_21;
use nalgebra::Vector3;

/// Points of a pose.
pub const PARTS: usize = 23;

/// One body: the points of [`ambulo::skeleton::COCO_23`] in its order, in metres, Y up.
pub type Pose = [Vector3<f64>; PARTS];

/// The skin over the pelvis in metres, Y up: its anterior superior spines, left and right, then the posterior
/// ones.
pub type PelvisMarkers = [Vector3<f64>; 4];

/// Where each point of a [`Pose`] is stored: the order of [`ambulo::skeleton::COCO_23`].
#[expect(missing_docs, reason = "the names say what they are")]
pub mod at {
    pub const NOSE: usize = 0;
    pub const LEFT_EYE: usize = 1;
    pub const RIGHT_EYE: usize = 2;
    pub const LEFT_EAR: usize = 3;
    pub const RIGHT_EAR: usize = 4;
    pub const LEFT_SHOULDER: usize = 5;
    pub const RIGHT_SHOULDER: usize = 6;
    pub const LEFT_ELBOW: usize = 7;
    pub const RIGHT_ELBOW: usize = 8;
    pub const LEFT_WRIST: usize = 9;
    pub const RIGHT_WRIST: usize = 10;
    pub const LEFT_HIP: usize = 11;
    pub const RIGHT_HIP: usize = 12;
    pub const LEFT_KNEE: usize = 13;
    pub const RIGHT_KNEE: usize = 14;
    pub const LEFT_ANKLE: usize = 15;
    pub const RIGHT_ANKLE: usize = 16;
    pub const LEFT_BIG_TOE: usize = 17;
    pub const LEFT_SMALL_TOE: usize = 18;
    pub const LEFT_HEEL: usize = 19;
    pub const RIGHT_BIG_TOE: usize = 20;
    pub const RIGHT_SMALL_TOE: usize = 21;
    pub const RIGHT_HEEL: usize = 22;
}

/// The midpoint of two points of a pose.
pub fn mid(pose: &Pose, one: usize, other: usize) -> Vector3<f64> {
    (pose[one] + pose[other]) * 0.5
}

/// Length of leg (both sides' mean) and trunk (mid-hips to mid-shoulders), in metres.
pub fn length_of(pose: &Pose) -> f64 {
    let bone = |a: usize, b: usize| (pose[a] - pose[b]).norm();
    let left = bone(at::LEFT_HIP, at::LEFT_KNEE) + bone(at::LEFT_KNEE, at::LEFT_ANKLE);
    let right = bone(at::RIGHT_HIP, at::RIGHT_KNEE) + bone(at::RIGHT_KNEE, at::RIGHT_ANKLE);
    let trunk =
        mid(pose, at::LEFT_HIP, at::RIGHT_HIP) - mid(pose, at::LEFT_SHOULDER, at::RIGHT_SHOULDER);
    f64::midpoint(left, right) + trunk.norm()
}

/// The joints of [`LIFT_21`], from the same space's origin.
pub fn joints_of(pose: &Pose) -> [Vector3<f64>; LIFT_21.joints.len()] {
    let root = mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let thorax = mid(pose, at::LEFT_SHOULDER, at::RIGHT_SHOULDER);
    [
        root,
        pose[at::RIGHT_HIP],
        pose[at::RIGHT_KNEE],
        pose[at::RIGHT_ANKLE],
        pose[at::LEFT_HIP],
        pose[at::LEFT_KNEE],
        pose[at::LEFT_ANKLE],
        (root + thorax) * 0.5,
        thorax,
        pose[at::NOSE],
        mid(pose, at::LEFT_EAR, at::RIGHT_EAR),
        pose[at::LEFT_SHOULDER],
        pose[at::LEFT_ELBOW],
        pose[at::LEFT_WRIST],
        pose[at::RIGHT_SHOULDER],
        pose[at::RIGHT_ELBOW],
        pose[at::RIGHT_WRIST],
        pose[at::LEFT_HEEL],
        mid(pose, at::LEFT_BIG_TOE, at::LEFT_SMALL_TOE),
        pose[at::RIGHT_HEEL],
        mid(pose, at::RIGHT_BIG_TOE, at::RIGHT_SMALL_TOE),
    ]
}

/// Eyes, ears and nose around the midpoint of the ears.
///
/// An adult's head: ears 14 cm apart, eyes 7.5 cm before them and 6.4 cm apart, the tip of the nose
/// 10 cm before them and 2.5 cm below. `size` scales it; the directions are unit vectors.
pub(super) fn put_face(
    pose: &mut Pose,
    ears: &Vector3<f64>,
    forward: &Vector3<f64>,
    up: &Vector3<f64>,
    size: f64,
) {
    let right = forward.cross(up);
    let place = |ahead: f64, above: f64, aside: f64| {
        ears + (forward * ahead + up * above + right * aside) * size
    };
    pose[at::NOSE] = place(0.10, -0.025, 0.0);
    pose[at::LEFT_EYE] = place(0.075, 0.01, -0.032);
    pose[at::RIGHT_EYE] = place(0.075, 0.01, 0.032);
    pose[at::LEFT_EAR] = place(0.0, 0.0, -0.07);
    pose[at::RIGHT_EAR] = place(0.0, 0.0, 0.07);
}

/// Big and small toe on either side of a forefoot point, across a foot that points `forward`.
pub(super) fn put_toes(
    pose: &mut Pose,
    left: bool,
    toe: &Vector3<f64>,
    forward: &Vector3<f64>,
    size: f64,
) {
    let right = forward.cross(&Vector3::y());
    let right = right.try_normalize(1e-9).unwrap_or_else(Vector3::zeros);
    let half = right * 0.03 * size;
    if left {
        pose[at::LEFT_BIG_TOE] = toe + half;
        pose[at::LEFT_SMALL_TOE] = toe - half;
    } else {
        pose[at::RIGHT_BIG_TOE] = toe - half;
        pose[at::RIGHT_SMALL_TOE] = toe + half;
    }
}

/// How far to pitch a head, in radians, so that over a walk it looks `LOOKS_DOWN` below the horizon.
///
/// A head's own axes point anywhere between the eyes' line of sight and the floor: they hang on where
/// a head band sat. People look ahead as they walk. What is left of a larger correction is taken to be
/// real.
pub(super) fn gaze_correction(pitches: impl Iterator<Item = f64>) -> f64 {
    const LOOKS_DOWN: f64 = 0.09;
    const MOST: f64 = 0.35;
    let (sum, count) = pitches.fold((0.0, 0.0), |(sum, count), p| (sum + p, count + 1.0));
    if count == 0.0 {
        return 0.0;
    }
    (-LOOKS_DOWN - sum / count).clamp(-MOST, MOST)
}
