//! Other bodies and other postures for a recorded walk.

use ambulo::PerSide;
use ambulo::Side;
use ambulo::synth::SeededRng;
use nalgebra::{Rotation3, Unit, Vector3};

use super::draw::{between, chance, either};
use crate::motion::{Pose, at, mid};

/// Lengths of a body, each against the recorded one's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Body {
    /// The whole of it, way included.
    pub size: f64,
    /// Between the hips.
    pub hip_width: f64,
    /// Hips to shoulders.
    pub trunk: f64,
    /// Between the shoulders.
    pub shoulder_width: f64,
    /// Shoulders to head, and the face.
    pub head: f64,
    /// Lengths of the limbs.
    pub limbs: PerSide<Limbs>,
}

/// Lengths of one side's limbs against the recorded ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limbs {
    /// Hip to knee.
    pub thigh: f64,
    /// Knee to ankle.
    pub shank: f64,
    /// Ankle to heel and toes.
    pub foot: f64,
    /// Shoulder to elbow.
    pub upper_arm: f64,
    /// Elbow to wrist.
    pub forearm: f64,
}

/// How a posture differs from the recorded one, in radians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posture {
    /// Forward lean of the trunk.
    pub lean: f64,
    /// Lean of the trunk to the right.
    pub side_lean: f64,
    /// Turn of the shoulders to the left against the hips.
    pub twist: f64,
    /// Nod of the head.
    pub nod: f64,
    /// The limbs.
    pub sides: PerSide<SidePosture>,
}

/// How one side's limbs differ from the recorded ones; angles in radians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SidePosture {
    /// Added flexion of the hip.
    pub hip_flexion: f64,
    /// Added abduction of the hip.
    pub hip_abduction: f64,
    /// Added flexion of the knee.
    pub knee_flexion: f64,
    /// Added dorsiflexion of the ankle.
    pub dorsiflexion: f64,
    /// Foot turned outward.
    pub toe_out: f64,
    /// Added flexion of the shoulder.
    pub shoulder_flexion: f64,
    /// Added abduction of the shoulder.
    pub shoulder_abduction: f64,
    /// Added flexion of the elbow.
    pub elbow_flexion: f64,
    /// Swing of the thigh against the recorded one.
    pub leg_swing: f64,
    /// Range of the knee's flexion against the recorded one.
    pub knee_swing: f64,
    /// Swing of the upper arm against the recorded one.
    pub arm_swing: f64,
    /// Range of the elbow's flexion against the recorded one.
    pub elbow_swing: f64,
}

impl Body {
    /// The recorded body.
    pub const RECORDED: Self = {
        let limbs = Limbs {
            thigh: 1.0,
            shank: 1.0,
            foot: 1.0,
            upper_arm: 1.0,
            forearm: 1.0,
        };
        Self {
            size: 1.0,
            hip_width: 1.0,
            trunk: 1.0,
            shoulder_width: 1.0,
            head: 1.0,
            limbs: PerSide {
                left: limbs,
                right: limbs,
            },
        }
    };

    /// Another body. Some are the recorded one at another size.
    pub fn draw(rng: &mut SeededRng, diversity: f64) -> Self {
        let size = between(rng, 0.65, 1.15);
        if chance(rng, 0.15) {
            return Self {
                size,
                ..Self::RECORDED
            };
        }
        let mut span = |low: f64, high: f64| 1.0 + diversity * (between(rng, low, high) - 1.0);
        let both = Limbs {
            thigh: span(0.90, 1.09),
            shank: span(0.94, 1.16),
            foot: span(0.88, 1.22),
            upper_arm: span(0.90, 1.10),
            forearm: span(0.90, 1.10),
        };
        let mut uneven = || {
            let mut own = |length: f64| length * span(0.985, 1.015);
            Limbs {
                thigh: own(both.thigh),
                shank: own(both.shank),
                foot: own(both.foot),
                upper_arm: own(both.upper_arm),
                forearm: own(both.forearm),
            }
        };
        let limbs = PerSide {
            left: uneven(),
            right: uneven(),
        };
        Self {
            size,
            hip_width: span(0.65, 1.08),
            trunk: span(0.90, 1.12),
            shoulder_width: span(0.75, 1.08),
            head: span(0.85, 1.30),
            limbs,
        }
    }
}

impl Posture {
    /// The recorded posture.
    pub const RECORDED: Self = {
        let side = SidePosture {
            hip_flexion: 0.0,
            hip_abduction: 0.0,
            knee_flexion: 0.0,
            dorsiflexion: 0.0,
            toe_out: 0.0,
            shoulder_flexion: 0.0,
            shoulder_abduction: 0.0,
            elbow_flexion: 0.0,
            leg_swing: 1.0,
            knee_swing: 1.0,
            arm_swing: 1.0,
            elbow_swing: 1.0,
        };
        Self {
            lean: 0.0,
            side_lean: 0.0,
            twist: 0.0,
            nod: 0.0,
            sides: PerSide {
                left: side,
                right: side,
            },
        }
    };

    /// Another posture; both sides differ mostly in the same way.
    pub fn draw(rng: &mut SeededRng, diversity: f64) -> Self {
        if chance(rng, 0.15) {
            return Self::RECORDED;
        }
        let degrees = |rng: &mut SeededRng, limit: f64| diversity * either(rng, limit.to_radians());
        let gain = |rng: &mut SeededRng, low: f64, high: f64| {
            1.0 + diversity * (between(rng, low, high) - 1.0)
        };
        let both = SidePosture {
            hip_flexion: degrees(rng, 8.0),
            hip_abduction: degrees(rng, 4.0),
            knee_flexion: degrees(rng, 8.0),
            dorsiflexion: degrees(rng, 6.0),
            toe_out: degrees(rng, 8.0),
            shoulder_flexion: degrees(rng, 12.0),
            shoulder_abduction: degrees(rng, 8.0),
            elbow_flexion: degrees(rng, 20.0),
            leg_swing: gain(rng, 0.75, 1.2),
            knee_swing: gain(rng, 0.8, 1.15),
            arm_swing: gain(rng, 0.5, 1.4),
            elbow_swing: 1.0,
        };
        let mut own = || SidePosture {
            hip_flexion: both.hip_flexion + degrees(rng, 3.0),
            hip_abduction: both.hip_abduction + degrees(rng, 2.5),
            knee_flexion: both.knee_flexion + degrees(rng, 3.0),
            dorsiflexion: both.dorsiflexion + degrees(rng, 3.0),
            toe_out: both.toe_out + degrees(rng, 5.0),
            shoulder_flexion: both.shoulder_flexion + degrees(rng, 5.0),
            shoulder_abduction: both.shoulder_abduction + degrees(rng, 4.0),
            elbow_flexion: both.elbow_flexion + degrees(rng, 10.0),
            leg_swing: both.leg_swing * gain(rng, 0.95, 1.05),
            knee_swing: both.knee_swing * gain(rng, 0.95, 1.05),
            arm_swing: both.arm_swing * gain(rng, 0.8, 1.2),
            elbow_swing: 1.0,
        };
        let sides = PerSide {
            left: own(),
            right: own(),
        };
        Self {
            lean: degrees(rng, 8.0),
            side_lean: degrees(rng, 3.0),
            twist: degrees(rng, 5.0),
            nod: degrees(rng, 12.0),
            sides,
        }
    }
}

/// Points of one side's limbs.
struct Points {
    hip: usize,
    knee: usize,
    ankle: usize,
    foot: [usize; 3],
    shoulder: usize,
    elbow: usize,
    wrist: usize,
}

fn points(side: Side) -> Points {
    match side {
        Side::Left => Points {
            hip: at::LEFT_HIP,
            knee: at::LEFT_KNEE,
            ankle: at::LEFT_ANKLE,
            foot: [at::LEFT_BIG_TOE, at::LEFT_SMALL_TOE, at::LEFT_HEEL],
            shoulder: at::LEFT_SHOULDER,
            elbow: at::LEFT_ELBOW,
            wrist: at::LEFT_WRIST,
        },
        Side::Right => Points {
            hip: at::RIGHT_HIP,
            knee: at::RIGHT_KNEE,
            ankle: at::RIGHT_ANKLE,
            foot: [at::RIGHT_BIG_TOE, at::RIGHT_SMALL_TOE, at::RIGHT_HEEL],
            shoulder: at::RIGHT_SHOULDER,
            elbow: at::RIGHT_ELBOW,
            wrist: at::RIGHT_WRIST,
        },
    }
}

/// A side of a body in one frame: how far thigh, knee, upper arm and elbow are flexed.
#[derive(Clone, Copy)]
struct Flexed {
    thigh: f64,
    knee: f64,
    arm: f64,
    elbow: f64,
}

/// The same walk with another body and another posture.
///
/// Segments are turned about the axes of the pelvis (legs) or of the shoulders (arms) and stretched;
/// the body is put together again from the hips outward. The way of the hips is scaled with the body's
/// size. Feet may leave the ground by a few centimetres; the lifter answers from the hips, so they may.
pub fn reshape(poses: &mut [Pose], body: &Body, posture: &Posture) {
    let means = Side::BOTH.map(|side| {
        let mut sum = Flexed {
            thigh: 0.0,
            knee: 0.0,
            arm: 0.0,
            elbow: 0.0,
        };
        for pose in poses.iter() {
            let own = flexed(pose, side);
            sum.thigh += own.thigh;
            sum.knee += own.knee;
            sum.arm += own.arm;
            sum.elbow += own.elbow;
        }
        let count = poses.len().max(1) as f64;
        Flexed {
            thigh: sum.thigh / count,
            knee: sum.knee / count,
            arm: sum.arm / count,
            elbow: sum.elbow / count,
        }
    });
    for pose in poses {
        reshape_pose(pose, body, posture, &means);
    }
}

/// Right and forward of a pair of points, level.
fn directions(pose: &Pose, left: usize, right: usize) -> (Unit<Vector3<f64>>, Unit<Vector3<f64>>) {
    let mut across = pose[right] - pose[left];
    across.y = 0.0;
    let right = Unit::try_new(across, 1e-9).unwrap_or_else(Vector3::z_axis);
    let forward = Unit::new_unchecked(Vector3::y().cross(&right));
    (right, forward)
}

fn flexed(pose: &Pose, side: Side) -> Flexed {
    let p = points(side);
    let (_, forward) = directions(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let angle = |from: usize, to: usize| {
        let bone = pose[to] - pose[from];
        bone.dot(&forward).atan2(-bone.y)
    };
    let (thigh, arm) = (angle(p.hip, p.knee), angle(p.shoulder, p.elbow));
    Flexed {
        thigh,
        knee: thigh - angle(p.knee, p.ankle),
        arm,
        elbow: angle(p.elbow, p.wrist) - arm,
    }
}

fn reshape_pose(pose: &mut Pose, body: &Body, posture: &Posture, means: &[Flexed; 2]) {
    let old = *pose;
    let (right, forward) = directions(&old, at::LEFT_HIP, at::RIGHT_HIP);
    let up = Vector3::y_axis();
    let about = Rotation3::from_axis_angle;
    let old_root = mid(&old, at::LEFT_HIP, at::RIGHT_HIP);
    let old_neck = mid(&old, at::LEFT_SHOULDER, at::RIGHT_SHOULDER);
    let root = old_root * body.size;
    let trunk_turn = about(&right, -posture.lean) * about(&forward, posture.side_lean);
    let neck = root + trunk_turn * (old_neck - old_root) * (body.trunk * body.size);
    let shoulders_turn = trunk_turn * about(&up, posture.twist);
    for (side, mean) in Side::BOTH.into_iter().zip(means) {
        let p = points(side);
        let outward = side.z_sign();
        let own = posture.sides.get(side);
        let limbs = body.limbs.get(side);
        let now = flexed(&old, side);
        let put = |bone: Vector3<f64>, length: f64| bone * (length * body.size);

        let hip_flexion = own.hip_flexion + (own.leg_swing - 1.0) * (now.thigh - mean.thigh);
        let knee_flexion = own.knee_flexion + (own.knee_swing - 1.0) * (now.knee - mean.knee);
        let leg = about(&forward, -outward * own.hip_abduction) * about(&right, hip_flexion);
        let shank = leg * about(&right, -knee_flexion);
        let foot = about(&up, -outward * own.toe_out) * shank * about(&right, own.dorsiflexion);
        pose[p.hip] = root + put(old[p.hip] - old_root, body.hip_width);
        pose[p.knee] = pose[p.hip] + put(leg * (old[p.knee] - old[p.hip]), limbs.thigh);
        pose[p.ankle] = pose[p.knee] + put(shank * (old[p.ankle] - old[p.knee]), limbs.shank);
        for point in p.foot {
            pose[point] = pose[p.ankle] + put(foot * (old[point] - old[p.ankle]), limbs.foot);
        }

        let arm_flexion = own.shoulder_flexion + (own.arm_swing - 1.0) * (now.arm - mean.arm);
        let arm = shoulders_turn
            * about(&forward, -outward * own.shoulder_abduction)
            * about(&right, arm_flexion);
        let elbow_flexion = own.elbow_flexion + (own.elbow_swing - 1.0) * (now.elbow - mean.elbow);
        let forearm = arm * about(&right, elbow_flexion);
        pose[p.shoulder] = neck
            + put(
                shoulders_turn * (old[p.shoulder] - old_neck),
                body.shoulder_width,
            );
        pose[p.elbow] =
            pose[p.shoulder] + put(arm * (old[p.elbow] - old[p.shoulder]), limbs.upper_arm);
        pose[p.wrist] = pose[p.elbow] + put(forearm * (old[p.wrist] - old[p.elbow]), limbs.forearm);
    }
    let old_ears = mid(&old, at::LEFT_EAR, at::RIGHT_EAR);
    let ears = neck + trunk_turn * (old_ears - old_neck) * (body.head * body.size);
    let face = trunk_turn * about(&right, -posture.nod);
    for point in [
        at::NOSE,
        at::LEFT_EYE,
        at::RIGHT_EYE,
        at::LEFT_EAR,
        at::RIGHT_EAR,
    ] {
        // A larger head is mostly a longer neck.
        let size = 0.5 * (1.0 + body.head) * body.size;
        pose[point] = ears + face * (old[point] - old_ears) * size;
    }
}
