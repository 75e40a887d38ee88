//! Postures: a recorded pose brought to a body, bone by bone.

use nalgebra::{Matrix3, Rotation3, UnitQuaternion, Vector3};

use super::assets::rig::{BONES, Hold, bone};
use super::body::{Figure, follow};
use crate::motion::{Pose, at};

/// A point of a pose.
type Point = Vector3<f32>;

/// What a recorded pose does not say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Details {
    /// How far each foot is pitched toe down when it stands flat, left and right, in radians.
    pub(super) flat: [f32; 2],
    /// How far the fingers are bent, left and right, in radians.
    pub(super) grip: [f32; 2],
    /// Turn of each forearm and hand about itself, palm inward, in radians.
    pub(super) pronation: [f32; 2],
    /// Bend of each wrist, in radians.
    pub(super) wrist: [f32; 2],
}

/// Where every bone of a body goes: a place at rest moves to `turn · place + shift`.
#[derive(Debug, Clone)]
pub(super) struct Stance {
    turns: Vec<Matrix3<f32>>,
    shifts: Vec<Point>,
}

impl Stance {
    /// The stance in which a body's segments point as those of a pose do, hips above the origin.
    pub(super) fn new(figure: &Figure, pose: &Pose, details: &Details) -> Self {
        let goal = pose.map(|point| {
            #[expect(clippy::cast_possible_truncation, reason = "the mesh is in f32")]
            let point = point.map(|x| x as f32);
            point
        });
        let turns = turns(figure, &goal, details);
        let mut places = [Point::zeros(); BONES.len()];
        let mut shifts = vec![Point::zeros(); BONES.len()];
        for (index, (_, parent)) in BONES.iter().enumerate() {
            places[index] = match *parent {
                Some(parent) => {
                    places[parent] + turns[parent] * (figure.heads[index] - figure.heads[parent])
                }
                None => Point::new(0.0, figure.heads[index].y, 0.0),
            };
            shifts[index] = places[index] - turns[index] * figure.heads[index];
        }
        Self { turns, shifts }
    }

    /// Where a vertex goes.
    pub(super) fn place(&self, hold: &Hold, rest: &Point) -> Point {
        follow(hold, rest, &self.turns, &self.shifts)
    }

    /// Where a place goes that follows one bone.
    pub(super) fn on_bone(&self, bone: usize, rest: &Point) -> Point {
        self.turns[bone] * rest + self.shifts[bone]
    }

    /// Moves the whole body.
    pub(super) fn shift(&mut self, way: &Point) {
        for shift in &mut self.shifts {
            *shift += way;
        }
    }

    /// Turns the whole body about the vertical through the origin.
    pub(super) fn turn(&mut self, turn: &Rotation3<f32>) {
        for (matrix, shift) in self.turns.iter_mut().zip(&mut self.shifts) {
            *matrix = turn.matrix() * *matrix;
            *shift = turn * *shift;
        }
    }
}

fn unit(vector: Point, otherwise: Point) -> Point {
    vector.try_normalize(1e-6).unwrap_or(otherwise)
}

/// Axes: the first along `along`, the second as near to `beside` as a right angle allows.
fn axes(along: &Point, beside: &Point) -> Matrix3<f32> {
    let first = unit(*along, Point::x());
    let spare = if first.x.abs() < 0.9 {
        first.cross(&Point::x())
    } else {
        first.cross(&Point::y())
    };
    let third = unit(first.cross(beside), unit(spare, Point::z()));
    Matrix3::from_columns(&[first, third.cross(&first), third])
}

/// The turn that brings one pair of directions to another.
fn between(from: (&Point, &Point), to: (&Point, &Point)) -> Matrix3<f32> {
    axes(to.0, to.1) * axes(from.0, from.1).transpose()
}

/// A turn part of the way from one turn to another.
fn part(from: &Matrix3<f32>, to: &Matrix3<f32>, share: f32) -> Matrix3<f32> {
    let quaternion = |m: &Matrix3<f32>| {
        UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(*m))
    };
    let (a, b) = (quaternion(from), quaternion(to));
    *a.nlerp(&b, share).to_rotation_matrix().matrix()
}

/// The shortest turn from one direction to another.
fn shortest(from: &Point, to: &Point) -> Rotation3<f32> {
    Rotation3::rotation_between(from, to).unwrap_or_else(Rotation3::identity)
}

fn mid(points: &[Point], a: usize, b: usize) -> Point {
    (points[a] + points[b]) * 0.5
}

fn about(axis: Point, angle: f32) -> Rotation3<f32> {
    Rotation3::from_scaled_axis(axis * angle)
}

fn turns(figure: &Figure, goal: &[Point], details: &Details) -> Vec<Matrix3<f32>> {
    let rest = &figure.points;
    let trunk = |p: &[Point]| {
        mid(p, at::LEFT_SHOULDER, at::RIGHT_SHOULDER) - mid(p, at::LEFT_HIP, at::RIGHT_HIP)
    };
    let across = |p: &[Point], left: usize, right: usize| p[left] - p[right];
    let of = |left: usize, right: usize| {
        between(
            (&across(rest, left, right), &trunk(rest)),
            (&across(goal, left, right), &trunk(goal)),
        )
    };
    let pelvis = of(at::LEFT_HIP, at::RIGHT_HIP);
    let chest = of(at::LEFT_SHOULDER, at::RIGHT_SHOULDER);
    let gaze = |p: &[Point]| p[at::NOSE] - mid(p, at::LEFT_EAR, at::RIGHT_EAR);
    let head = between(
        (&across(rest, at::LEFT_EAR, at::RIGHT_EAR), &gaze(rest)),
        (&across(goal, at::LEFT_EAR, at::RIGHT_EAR), &gaze(goal)),
    );
    let mut turns = vec![pelvis; BONES.len()];
    turns[bone::LOWER_BACK] = part(&pelvis, &chest, 0.3);
    turns[bone::SPINE] = part(&pelvis, &chest, 0.7);
    turns[bone::CHEST] = chest;
    turns[bone::NECK] = part(&chest, &head, 0.35);
    turns[bone::NECK_TOP] = part(&chest, &head, 0.7);
    turns[bone::HEAD] = head;
    for side in 0..2 {
        leg(&mut turns, side, rest, goal, &pelvis, details.flat[side]);
        arm(&mut turns, side, figure, goal, &chest, details);
    }
    turns
}

/// Thigh, shank, foot and toes of one side.
fn leg(
    turns: &mut [Matrix3<f32>],
    side: usize,
    rest: &[Point],
    goal: &[Point],
    pelvis: &Matrix3<f32>,
    flat: f32,
) {
    let [_, thigh, shank, foot, toes] = bone::LEGS[side];
    let of = |left: usize, right: usize| if side == 0 { left } else { right };
    let hip = of(at::LEFT_HIP, at::RIGHT_HIP);
    let knee = of(at::LEFT_KNEE, at::RIGHT_KNEE);
    let ankle = of(at::LEFT_ANKLE, at::RIGHT_ANKLE);
    let heel = of(at::LEFT_HEEL, at::RIGHT_HEEL);
    let big = of(at::LEFT_BIG_TOE, at::RIGHT_BIG_TOE);
    let small = of(at::LEFT_SMALL_TOE, at::RIGHT_SMALL_TOE);
    // To the person's left, across the foot.
    let sign = if side == 0 { 1.0 } else { -1.0 };
    let across = |p: &[Point]| unit((p[small] - p[big]) * sign, Point::x());
    let forward = |p: &[Point]| unit(mid(p, big, small) - p[heel], Point::z());

    let upper = unit(goal[knee] - goal[hip], -Point::y());
    let lower = unit(goal[ankle] - goal[knee], -Point::y());
    let foot_left = Point::y().cross(&forward(goal));
    let straight = unit(pelvis * Point::x() + foot_left * 0.6, Point::x());
    let bend = upper.cross(&lower);
    // A knee bends backward only; a straight one says nothing about its hinge.
    let hinge = if bend.dot(&straight) > 0.0 {
        unit(straight * 0.35 + bend * 1.5, straight)
    } else {
        straight
    };
    let rest_upper = rest[knee] - rest[hip];
    let rest_lower = rest[ankle] - rest[knee];
    turns[thigh] = between((&rest_upper, &Point::x()), (&upper, &hinge));
    turns[shank] = between((&rest_lower, &Point::x()), (&lower, &hinge));

    let mut rest_forward = forward(rest);
    rest_forward.y = 0.0;
    let goal_across = across(goal);
    let level = about(goal_across, -flat) * forward(goal);
    let mut rest_across = across(rest);
    rest_across.y = 0.0;
    turns[foot] = between((&rest_forward, &rest_across), (&level, &goal_across));
    // Toes stay on the ground while the heel rises.
    let pitched = (-level.y).clamp(-1.0, 1.0).asin();
    let bend = (pitched * 0.75).clamp(0.0, 0.7);
    turns[toes] =
        *(about(goal_across, -bend) * Rotation3::from_matrix_unchecked(turns[foot])).matrix();
}

/// Collar, arm and hand of one side.
fn arm(
    turns: &mut [Matrix3<f32>],
    side: usize,
    figure: &Figure,
    goal: &[Point],
    chest: &Matrix3<f32>,
    details: &Details,
) {
    let rest = &figure.points;
    let [collar, upper_arm, forearm, hand, knuckles, fingers, thumb] = bone::ARMS[side];
    let of = |left: usize, right: usize| if side == 0 { left } else { right };
    let shoulder = of(at::LEFT_SHOULDER, at::RIGHT_SHOULDER);
    let elbow = of(at::LEFT_ELBOW, at::RIGHT_ELBOW);
    let wrist = of(at::LEFT_WRIST, at::RIGHT_WRIST);
    let rest_upper = unit(rest[elbow] - rest[shoulder], Point::x());
    let rest_lower = unit(rest[wrist] - rest[elbow], Point::x());
    let rest_hinge = unit(rest_upper.cross(&rest_lower), -Point::x());

    let upper = unit(goal[elbow] - goal[shoulder], -Point::y());
    let lower = unit(goal[wrist] - goal[elbow], -Point::y());
    let carried = chest * rest_upper;
    let swing = shortest(&carried, &upper);
    let straight = swing * (chest * rest_hinge);
    let hinge = unit(upper.cross(&lower) * 1.5 + straight * 0.2, straight);
    // The collar follows the arm a little, most when the arm is raised.
    let raised = (upper.dot(&(chest * Point::y())) + 0.6).clamp(0.0, 1.0);
    let eased = part(chest, &(swing.matrix() * chest), 0.05 + 0.25 * raised);
    turns[collar] = eased;
    turns[upper_arm] = between((&rest_upper, &rest_hinge), (&upper, &hinge));
    let lower_turn = between((&rest_lower, &rest_hinge), (&lower, &hinge));
    let sign = if side == 0 { 1.0 } else { -1.0 };
    let twist =
        |share: f32| about(lower, details.pronation[side] * sign * share).matrix() * lower_turn;
    turns[forearm] = twist(0.5);
    // Fingers bend about the line of the knuckles, towards the palm.
    let hand_rest = twist(1.0);
    let line = unit(figure.palms[side], Point::x());
    let reach = figure.tails[fingers] - figure.heads[knuckles];
    let towards_palm = if line.cross(&reach).y < 0.0 {
        1.0
    } else {
        -1.0
    };
    let bent = |angle: f32| hand_rest * about(line, angle * towards_palm).matrix();
    turns[hand] = bent(details.wrist[side]);
    turns[knuckles] = turns[hand];
    turns[fingers] = bent(details.wrist[side] + details.grip[side]);
    turns[thumb] = turns[hand];
}
