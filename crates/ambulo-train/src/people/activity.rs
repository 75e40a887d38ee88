//! What people do: moments of recorded walks in other postures, and postures made from joint angles.

use ambulo::synth::SeededRng;
use nalgebra::{Rotation3, Unit, Vector3};

use super::stance::Details;
use super::wardrobe::{real, span};
use crate::film::{Body, Posture, between, chance, either, reshape};
use crate::motion::{PARTS, Pose, RATE_HZ, Take, at, mid};

/// One moment of somebody's doing, facing +Z, X to the person's left, Y up.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    pub(super) pose: Pose,
    pub(super) details: Details,
    /// What it is.
    pub(super) kind: Kind,
    /// Where each hand holds something that stands on the ground, if it does.
    pub(super) aids: [Aid; 2],
}

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Walk,
    Stand,
    Run,
    Sit,
    Other,
}

/// What a hand holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aid {
    None,
    Stick,
    Crutch,
    /// One half of a walking frame.
    Frame,
}

/// Recorded walks to draw from, person by person.
#[derive(Debug)]
pub(super) struct Motions {
    people: Vec<Vec<Recorded>>,
}

#[derive(Debug)]
struct Recorded {
    poses: Vec<Pose>,
    flat: [f32; 2],
    /// How far the trunk must lean forward beyond the recorded joints, in radians.
    upright: f64,
}

impl Motions {
    /// Motions of some takes.
    pub(super) fn new(takes: Vec<Take>) -> Self {
        let mut names: Vec<String> = Vec::new();
        let mut people: Vec<Vec<Recorded>> = Vec::new();
        for take in takes {
            if take.poses.is_empty() {
                continue;
            }
            let index = names
                .iter()
                .position(|name| *name == take.person)
                .unwrap_or_else(|| {
                    names.push(take.person.clone());
                    people.push(Vec::new());
                    names.len() - 1
                });
            let flat = [
                flat_pitch(
                    &take.poses,
                    [at::LEFT_HEEL, at::LEFT_BIG_TOE, at::LEFT_SMALL_TOE],
                ),
                flat_pitch(
                    &take.poses,
                    [at::RIGHT_HEEL, at::RIGHT_BIG_TOE, at::RIGHT_SMALL_TOE],
                ),
            ];
            people[index].push(Recorded {
                upright: lean_correction(&take.poses),
                poses: take.poses,
                flat,
            });
        }
        Self { people }
    }

    /// Whether there is anything to draw from.
    pub(super) fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// A moment of what somebody does.
    pub(super) fn draw(&self, rng: &mut SeededRng) -> Moment {
        let what = rng.unit();
        let mut moment = if what < 0.68 && !self.people.is_empty() {
            self.walk(rng)
        } else if what < 0.80 {
            made(rng, Kind::Stand)
        } else if what < 0.87 {
            made(rng, Kind::Run)
        } else if what < 0.93 {
            made(rng, Kind::Sit)
        } else {
            made(rng, Kind::Other)
        };
        face_ahead(&mut moment.pose);
        moment
    }

    fn walk(&self, rng: &mut SeededRng) -> Moment {
        let takes = &self.people[rng.below(self.people.len())];
        let take = &takes[rng.below(takes.len())];
        let frame = rng.below(take.poses.len());
        let diversity = between(rng, 0.5, 1.6);
        let mut posture = Posture::draw(rng, diversity);
        posture.lean += take.upright;
        posture.nod -= take.upright;
        // A posture is made against the means of its walk: every so many frames are enough for those.
        let step = (take.poses.len() / 24).max(1);
        let mut poses = vec![take.poses[frame]];
        poses.extend(take.poses.iter().step_by(step));
        reshape(&mut poses, &Body::RECORDED, &posture);
        let mut moment = Moment {
            pose: poses[0],
            details: details(rng),
            kind: Kind::Walk,
            aids: [Aid::None; 2],
        };
        moment.details.flat = take.flat;
        look_around(rng, &mut moment.pose);
        if chance(rng, 0.25) {
            busy_arms(rng, &mut moment);
        }
        moment
    }
}

/// How far a foot that stands still is pitched toe down, in radians: the median.
fn flat_pitch(poses: &[Pose], [heel, big, small]: [usize; 3]) -> f32 {
    let still_m = 0.15 / RATE_HZ;
    let pitch = |pose: &Pose| {
        let along = mid(pose, big, small) - pose[heel];
        (-along.y / along.norm().max(1e-6)).clamp(-1.0, 1.0).asin()
    };
    let mut pitches: Vec<f64> = poses
        .windows(2)
        .filter(|pair| {
            let moved = |point: usize| (pair[1][point] - pair[0][point]).norm();
            moved(heel) < still_m && moved(big) < still_m
        })
        .map(|pair| pitch(&pair[0]))
        .collect();
    if pitches.len() < 5 {
        pitches = poses.iter().map(pitch).collect();
    }
    pitches.sort_by(f64::total_cmp);
    real(pitches.get(pitches.len() / 2).copied().unwrap_or(0.0))
}

/// How far to lean trunks forward so that over a walk they lean as people's do, in radians.
///
/// Where a skeleton's hips and shoulders lie in the flesh differs between collections: CMU's hips lie
/// so far ahead that all its people would lean back.
fn lean_correction(poses: &[Pose]) -> f64 {
    const LEANS: f64 = 0.05;
    const MOST: f64 = 0.18;
    let mut leans: Vec<f64> = poses
        .iter()
        .map(|pose| {
            let trunk = mid(pose, at::LEFT_SHOULDER, at::RIGHT_SHOULDER)
                - mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
            let left = pose[at::LEFT_HIP] - pose[at::RIGHT_HIP];
            let ahead = left.cross(&Vector3::y());
            let ahead = ahead.try_normalize(1e-6).unwrap_or_else(Vector3::z);
            trunk.dot(&ahead).atan2(trunk.y)
        })
        .collect();
    leans.sort_by(f64::total_cmp);
    let middle = leans.get(leans.len() / 2).copied().unwrap_or(LEANS);
    (LEANS - middle).clamp(-MOST, MOST)
}

fn details(rng: &mut SeededRng) -> Details {
    let mut pair = |low: f64, high: f64| [span(rng, low, high), span(rng, low, high)];
    Details {
        flat: [0.0; 2],
        grip: pair(0.1, 1.3),
        pronation: pair(-0.3, 0.8),
        wrist: pair(-0.3, 0.4),
    }
}

/// Turns a pose so that its hips look along +Z.
fn face_ahead(pose: &mut Pose) {
    let left = pose[at::LEFT_HIP] - pose[at::RIGHT_HIP];
    let yaw = left.z.atan2(left.x);
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), yaw);
    let root = mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    for point in pose.iter_mut() {
        *point = turn * (*point - root);
    }
}

/// Left, up and ahead of the shoulders.
fn shoulders(pose: &Pose) -> [Vector3<f64>; 3] {
    let trunk =
        mid(pose, at::LEFT_SHOULDER, at::RIGHT_SHOULDER) - mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
    let up = trunk.try_normalize(1e-6).unwrap_or_else(Vector3::y);
    let left = pose[at::LEFT_SHOULDER] - pose[at::RIGHT_SHOULDER];
    let left = (left - up * left.dot(&up))
        .try_normalize(1e-6)
        .unwrap_or_else(Vector3::x);
    [left, up, left.cross(&up)]
}

fn about(axis: &Vector3<f64>, angle: f64) -> Rotation3<f64> {
    Rotation3::from_axis_angle(&Unit::new_normalize(*axis), angle)
}

/// Turns the head somewhat.
fn look_around(rng: &mut SeededRng, pose: &mut Pose) {
    if chance(rng, 0.5) {
        return;
    }
    let [left, up, _] = shoulders(pose);
    let turn = about(&up, either(rng, 0.6)) * about(&left, either(rng, 0.35));
    let ears = mid(pose, at::LEFT_EAR, at::RIGHT_EAR);
    for point in [
        at::NOSE,
        at::LEFT_EYE,
        at::RIGHT_EYE,
        at::LEFT_EAR,
        at::RIGHT_EAR,
    ] {
        pose[point] = ears + turn * (pose[point] - ears);
    }
}

/// Angles of one arm in radians: forward, outward, inward turn of the upper arm, elbow.
#[derive(Debug, Clone, Copy)]
struct ArmAngles {
    flexion: f64,
    abduction: f64,
    inward: f64,
    elbow: f64,
}

fn set_arm(pose: &mut Pose, side: usize, angles: ArmAngles) {
    let [left, up, ahead] = shoulders(pose);
    let (shoulder, elbow, wrist, sign) = if side == 0 {
        (at::LEFT_SHOULDER, at::LEFT_ELBOW, at::LEFT_WRIST, 1.0)
    } else {
        (at::RIGHT_SHOULDER, at::RIGHT_ELBOW, at::RIGHT_WRIST, -1.0)
    };
    let arm = about(&ahead, sign * angles.abduction) * about(&left, -angles.flexion);
    let forearm = arm * about(&up, -sign * angles.inward) * about(&left, -angles.elbow);
    pose[elbow] = pose[shoulder] - arm * up * 0.29;
    pose[wrist] = pose[elbow] - forearm * up * 0.26;
}

/// Arms that do something else than swing.
fn busy_arms(rng: &mut SeededRng, moment: &mut Moment) {
    let wobble = |rng: &mut SeededRng| either(rng, 0.12);
    let kind = rng.below(7);
    let first = rng.below(2);
    let sides: &[usize] = if chance(rng, 0.5) { &[0, 1] } else { &[0] };
    for side in sides.iter().map(|side| (side + first) % 2) {
        let [flexion, abduction, inward, elbow] = match kind {
            // Hand in a pocket.
            0 => [-0.25, 0.3, 0.1, 0.75],
            // Hand on the hip.
            1 => [-0.35, 0.85, 0.9, 1.6],
            // Something carried or looked at before the chest.
            2 => [0.45, 0.15, 0.6, 1.75],
            // Stick.
            3 => {
                moment.aids[side] = Aid::Stick;
                moment.details.grip[side] = 1.2;
                [0.2, 0.2, 0.1, 0.35]
            }
            // Crutch.
            4 => {
                moment.aids[side] = Aid::Crutch;
                moment.details.grip[side] = 1.2;
                [0.1, 0.25, 0.1, 0.45]
            }
            // Arm out for balance, or raised.
            5 => [
                between(rng, -0.3, 1.5),
                between(rng, 0.3, 1.6),
                0.0,
                between(rng, 0.0, 0.8),
            ],
            _ => [
                between(rng, -0.6, 2.6),
                between(rng, 0.0, 1.2),
                between(rng, -0.5, 1.0),
                between(rng, 0.0, 2.2),
            ],
        };
        let angles = ArmAngles {
            flexion: flexion + wobble(rng),
            abduction: abduction + wobble(rng),
            inward: inward + wobble(rng),
            elbow: (elbow + wobble(rng)).max(0.0),
        };
        set_arm(&mut moment.pose, side, angles);
    }
    if chance(rng, 0.12) {
        // Both hands on a walking frame.
        let elbow = between(rng, 0.3, 0.9);
        for side in 0..2 {
            moment.aids[side] = Aid::Frame;
            moment.details.grip[side] = 1.2;
            let angles = ArmAngles {
                flexion: 0.45 - 0.3 * elbow + wobble(rng) * 0.5,
                abduction: 0.12 + wobble(rng) * 0.5,
                inward: 0.0,
                elbow,
            };
            set_arm(&mut moment.pose, side, angles);
        }
    }
}

/// Angles of one leg in radians: hip forward, outward, outward turn, knee, ankle (toes up).
#[derive(Debug, Clone, Copy, Default)]
struct LegAngles {
    flexion: f64,
    abduction: f64,
    outward: f64,
    knee: f64,
    /// Toes up against the shank; level with the ground if not given.
    ankle: Option<f64>,
}

/// Angles of a whole body, in radians.
#[derive(Debug, Clone, Copy)]
struct BodyAngles {
    legs: [LegAngles; 2],
    arms: [ArmAngles; 2],
    /// Of the trunk, forward.
    lean: f64,
}

/// Between two angles given in degrees.
fn deg(rng: &mut SeededRng, low: f64, high: f64) -> f64 {
    between(rng, low, high).to_radians()
}

/// A posture made from angles, for what no recording shows.
fn made(rng: &mut SeededRng, kind: Kind) -> Moment {
    let mut body = BodyAngles {
        legs: [LegAngles::default(); 2],
        arms: std::array::from_fn(|_| ArmAngles {
            flexion: deg(rng, -12.0, 20.0),
            abduction: deg(rng, 2.0, 15.0),
            inward: deg(rng, -10.0, 40.0),
            elbow: deg(rng, 3.0, 45.0),
        }),
        lean: deg(rng, -4.0, 10.0),
    };
    for leg in &mut body.legs {
        leg.abduction = deg(rng, -2.0, 9.0);
        leg.outward = deg(rng, -5.0, 25.0);
    }
    match kind {
        Kind::Stand | Kind::Walk => stand(rng, &mut body),
        Kind::Run => run(rng, &mut body),
        Kind::Sit => sit(rng, &mut body),
        Kind::Other => anything(rng, &mut body),
    }
    let pelvis_tilt = match kind {
        Kind::Sit => body.lean * 0.6 - 0.15,
        _ => body.lean * 0.5,
    };
    let trunk = [body.lean, deg(rng, -6.0, 6.0), deg(rng, -12.0, 12.0)];
    let mut moment = Moment {
        pose: posed(&body.legs, trunk, pelvis_tilt),
        details: details(rng),
        kind,
        aids: [Aid::None; 2],
    };
    for (side, angles) in body.arms.into_iter().enumerate() {
        set_arm(&mut moment.pose, side, angles);
    }
    look_around(rng, &mut moment.pose);
    if kind == Kind::Stand && chance(rng, 0.4) {
        busy_arms(rng, &mut moment);
    }
    moment
}

fn stand(rng: &mut SeededRng, body: &mut BodyAngles) {
    for leg in &mut body.legs {
        leg.flexion = deg(rng, -8.0, 12.0);
        leg.knee = deg(rng, 0.0, 12.0);
    }
    if chance(rng, 0.2) {
        // On one leg.
        let leg = &mut body.legs[rng.below(2)];
        leg.flexion = deg(rng, 20.0, 100.0);
        leg.knee = deg(rng, 20.0, 115.0);
        leg.ankle = Some(deg(rng, -25.0, 10.0));
    }
}

fn run(rng: &mut SeededRng, body: &mut BodyAngles) {
    let front = rng.below(2);
    let [ahead, behind] = [front, 1 - front];
    body.legs[ahead].flexion = deg(rng, 20.0, 75.0);
    body.legs[ahead].knee = deg(rng, 15.0, 110.0);
    body.legs[behind].flexion = deg(rng, -30.0, 10.0);
    body.legs[behind].knee = if chance(rng, 0.5) {
        deg(rng, 10.0, 40.0)
    } else {
        deg(rng, 50.0, 115.0)
    };
    for leg in &mut body.legs {
        leg.ankle = Some(deg(rng, -25.0, 12.0));
    }
    for (side, arm) in body.arms.iter_mut().enumerate() {
        let forward = if side == front { -1.0 } else { 1.0 };
        arm.flexion = forward * deg(rng, 10.0, 50.0);
        arm.elbow = deg(rng, 60.0, 115.0);
        arm.inward = deg(rng, 0.0, 40.0);
    }
    body.lean = deg(rng, 0.0, 20.0);
}

fn sit(rng: &mut SeededRng, body: &mut BodyAngles) {
    body.lean = if chance(rng, 0.3) {
        deg(rng, 20.0, 50.0)
    } else {
        deg(rng, -15.0, 20.0)
    };
    let (hip, knee) = (deg(rng, 75.0, 95.0), deg(rng, 65.0, 110.0));
    for leg in &mut body.legs {
        leg.flexion = hip + deg(rng, -5.0, 5.0);
        leg.knee = knee + deg(rng, -15.0, 15.0);
        leg.abduction = deg(rng, 0.0, 18.0);
    }
    for arm in &mut body.arms {
        arm.flexion = deg(rng, 5.0, 50.0);
        arm.elbow = deg(rng, 20.0, 90.0);
    }
}

fn anything(rng: &mut SeededRng, body: &mut BodyAngles) {
    body.lean = deg(rng, -10.0, 70.0);
    let squat = chance(rng, 0.4);
    let depth = deg(rng, 20.0, 110.0);
    for leg in &mut body.legs {
        [leg.flexion, leg.knee] = if squat {
            [depth * 0.9, depth]
        } else {
            [deg(rng, -20.0, 70.0), deg(rng, 0.0, 80.0)]
        };
        leg.abduction = deg(rng, -3.0, 35.0);
        leg.outward = deg(rng, -10.0, 35.0);
    }
    for arm in &mut body.arms {
        arm.flexion = deg(rng, -40.0, 170.0);
        arm.abduction = deg(rng, 0.0, 90.0);
        arm.inward = deg(rng, -40.0, 60.0);
        arm.elbow = deg(rng, 0.0, 130.0);
    }
}

/// A pose from the angles of the legs and the trunk's lean forward, to the left and turn.
fn posed(legs: &[LegAngles; 2], [lean, side_lean, twist]: [f64; 3], tilt: f64) -> Pose {
    let (left, up, ahead) = (Vector3::x(), Vector3::y(), Vector3::z());
    let mut pose = [Vector3::zeros(); PARTS];
    let points = [
        (
            at::LEFT_HIP,
            at::LEFT_KNEE,
            at::LEFT_ANKLE,
            at::LEFT_BIG_TOE,
            at::LEFT_SMALL_TOE,
            at::LEFT_HEEL,
        ),
        (
            at::RIGHT_HIP,
            at::RIGHT_KNEE,
            at::RIGHT_ANKLE,
            at::RIGHT_BIG_TOE,
            at::RIGHT_SMALL_TOE,
            at::RIGHT_HEEL,
        ),
    ];
    for ((angles, points), sign) in legs.iter().zip(points).zip([1.0, -1.0]) {
        let (hip, knee, ankle, big, small, heel) = points;
        let thigh = about(&ahead, sign * angles.abduction)
            * about(&left, tilt * 0.3 - angles.flexion)
            * about(&up, sign * angles.outward);
        let shank = thigh * about(&left, angles.knee);
        pose[hip] = left * (0.09 * sign);
        pose[knee] = pose[hip] - thigh * up * 0.42;
        pose[ankle] = pose[knee] - shank * up * 0.41;
        let (toward, across) = if let Some(ankle) = angles.ankle {
            let foot = shank * about(&left, -ankle);
            (foot * ahead, foot * left)
        } else {
            // Level, where the knee points.
            let toward = about(&up, sign * angles.outward) * ahead;
            (toward, up.cross(&toward))
        };
        pose[heel] = pose[ankle] - toward * 0.06;
        pose[big] = pose[heel] + toward * 0.24 - across * (0.03 * sign);
        pose[small] = pose[heel] + toward * 0.24 + across * (0.03 * sign);
    }
    let trunk = about(&left, lean) * about(&ahead, -side_lean);
    let neck = trunk * up * 0.5;
    let shoulders = trunk * about(&up, twist);
    pose[at::LEFT_SHOULDER] = neck + shoulders * left * 0.18;
    pose[at::RIGHT_SHOULDER] = neck - shoulders * left * 0.18;
    // The head stays more upright than the trunk.
    let head = about(&left, lean * 0.4) * about(&up, twist * 0.5);
    let ears = neck + trunk * up * 0.18;
    pose[at::LEFT_EAR] = ears + head * left * 0.07;
    pose[at::RIGHT_EAR] = ears - head * left * 0.07;
    pose[at::LEFT_EYE] = ears + head * (left * 0.032 + up * 0.01 + ahead * 0.075);
    pose[at::RIGHT_EYE] = ears + head * (left * -0.032 + up * 0.01 + ahead * 0.075);
    pose[at::NOSE] = ears + head * (ahead * 0.10 - up * 0.025);
    pose
}

/// Somebody who stands straight, arms a little before the body.
#[cfg(test)]
pub(super) fn standing_straight() -> Moment {
    let mut pose = posed(&[LegAngles::default(); 2], [0.0; 3], 0.0);
    for side in 0..2 {
        let angles = ArmAngles {
            flexion: 0.5,
            abduction: 0.15,
            inward: 0.0,
            elbow: 0.1,
        };
        set_arm(&mut pose, side, angles);
    }
    Moment {
        pose,
        details: Details::default(),
        kind: Kind::Stand,
        aids: [Aid::None; 2],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knees_bend_backward_and_elbows_forward() {
        let bent = LegAngles {
            knee: 1.0,
            ..LegAngles::default()
        };
        let mut pose = posed(&[bent; 2], [0.0; 3], 0.0);
        assert!(pose[at::LEFT_ANKLE].z < pose[at::LEFT_KNEE].z - 0.1);
        assert!(pose[at::LEFT_HIP].x > 0.0 && pose[at::NOSE].z > 0.0);
        for side in 0..2 {
            let angles = ArmAngles {
                flexion: 0.0,
                abduction: 0.1,
                inward: 0.0,
                elbow: 1.0,
            };
            set_arm(&mut pose, side, angles);
        }
        assert!(pose[at::LEFT_WRIST].z > 0.1 && pose[at::RIGHT_WRIST].z > 0.1);
        assert!(pose[at::LEFT_ELBOW].x > pose[at::LEFT_SHOULDER].x);
        assert!(pose[at::RIGHT_ELBOW].x < pose[at::RIGHT_SHOULDER].x);
    }

    #[test]
    fn whoever_is_turned_ahead_has_the_left_hip_at_the_left() {
        let mut pose = posed(&[LegAngles::default(); 2], [0.0; 3], 0.0);
        let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), 2.0);
        for point in &mut pose {
            *point = turn * *point;
        }
        face_ahead(&mut pose);
        assert!((pose[at::LEFT_HIP] - Vector3::new(0.09, 0.0, 0.0)).norm() < 1e-9);
        assert!(pose[at::NOSE].z > 0.05);
    }
}
