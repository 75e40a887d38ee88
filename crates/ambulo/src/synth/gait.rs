//! The body in motion: feet from the plan, pelvis above them, legs between, trunk and arms on top.

use nalgebra::{Point3, Vector3};

use super::course::{Course, ahead, rightward};
use super::steps::{Phase, Plan, Plant, Rhythm, quintic, smooth};
use super::walker::{Body, SynthError, Walker};
use crate::skeleton::{Joint, on};
use crate::{PerSide, Side};

/// The foot leaves the ground with this acceleration, as a multiple of swing's mean speed over its time.
const LAUNCH: f64 = 12.0;
/// The foot brakes to contact with this acceleration, in the same unit.
const BRAKE: f64 = 10.0;
/// Upward share of the launch and of the brake.
const LAUNCH_UP: f64 = 0.2;
const BRAKE_UP: f64 = 0.15;
/// The pitch rate at foot off dies away in this share of swing; that before contact grows as late.
const PITCH_SETTLES: f64 = 0.125;
/// Share of the inverted pendulum's fall that the pelvis follows, half its range.
const PENDULUM: f64 = 0.26;
/// The pelvis is ahead of the middle between the heels by this share of heel to ball.
const PELVIS_AHEAD: f64 = 0.3;
/// Samples of a walk in which reach is checked, a second.
const REACH_HZ: f64 = 240.0;

/// Everything that does not change over time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gait {
    walker: Walker,
    body: Body,
    course: Course,
    pub(super) plan: Plan,
    rhythm: Rhythm,
    /// Height of the hips' midpoint above the floor, on average.
    hip_height: f64,
    /// Half the range of the pelvis going up and down.
    bob: f64,
    /// Extra height of the ankle in mid-swing.
    lift: f64,
}

/// A foot: heel, ball and ankle, with its direction and pitch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Foot {
    pub(super) heel: Vector3<f64>,
    pub(super) ball: Vector3<f64>,
    pub(super) ankle: Vector3<f64>,
    pub(super) yaw_rad: f64,
    /// Toes above heel.
    pub(super) pitch_rad: f64,
    /// The same of the toes, which stay on the ground while the heel rises.
    pub(super) toes_pitch_rad: f64,
}

/// The body at one time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pose {
    pub(super) feet: PerSide<Foot>,
    pub(super) hips: PerSide<Vector3<f64>>,
    pub(super) knees: PerSide<Vector3<f64>>,
    pub(super) pelvis: Vector3<f64>,
    /// Direction of the walk there.
    pub(super) heading_rad: f64,
    /// Direction of the pelvis.
    pub(super) pelvis_yaw_rad: f64,
}

fn flat(direction: [f64; 2]) -> Vector3<f64> {
    Vector3::new(direction[0], 0.0, direction[1])
}

/// Ahead and up of something that points along `yaw` with its front raised by `pitch`.
fn pitched(yaw_rad: f64, pitch_rad: f64) -> (Vector3<f64>, Vector3<f64>) {
    let forward = flat(ahead(yaw_rad));
    let (sin, cos) = pitch_rad.sin_cos();
    (
        forward * cos + Vector3::y() * sin,
        Vector3::y() * cos - forward * sin,
    )
}

impl Gait {
    pub(super) fn of(walker: &Walker) -> Result<Self, SynthError> {
        let body = Body::of(walker);
        let course = Course::of(walker);
        let plan = Plan::of(walker, &body, &course);
        let rhythm = Rhythm::of(walker, &plan);
        let half_step = 0.5 * walker.step_length_m().min(1.6 * body.leg());
        let fall = body.leg() - (body.leg().powi(2) - half_step.powi(2)).sqrt();
        let mut gait = Self {
            walker: walker.clone(),
            body,
            course,
            plan,
            rhythm,
            hip_height: 0.0,
            bob: PENDULUM * fall,
            lift: 0.0,
        };
        gait.lift = gait.lift_for_clearance();
        gait.hip_height = gait.highest_hips();
        let standing = body.leg() + body.ankle_height;
        if gait.hip_height < 0.72 * standing {
            return Err(SynthError::Unreachable {
                step_length_m: walker.step_length_m(),
                leg_length_m: body.leg(),
            });
        }
        Ok(gait)
    }

    /// Whether the course is straight from one distance to another.
    pub(super) fn is_straight(&self, from_m: f64, to_m: f64) -> bool {
        self.course.is_straight(from_m, to_m)
    }

    /// Lowest point of the ball of the foot in the middle of a swing, above the floor.
    pub(super) fn toe_clearance(&self, side: Side) -> f64 {
        let mine: Vec<&Plant> = self
            .plan
            .plants
            .iter()
            .filter(|plant| plant.side == side && Plan::has_contact(plant) && plant.steady)
            .collect();
        let Some(&[from, to]) = mine.windows(2).next() else {
            return 0.0;
        };
        let span_s = to.contact_s - from.off_s;
        (35..=75)
            .map(|percent| {
                let u = f64::from(percent) / 100.0;
                self.swing(from, to, span_s, u, self.lift).ball.y
            })
            .fold(f64::INFINITY, f64::min)
    }

    pub(super) fn body(&self) -> &Body {
        &self.body
    }

    /// The foot at a time, on a floor at height zero.
    pub(super) fn foot(&self, side: Side, time_s: f64) -> Foot {
        match self.plan.phase(side, time_s) {
            Some(Phase::Stance(plant)) => self.stance(plant, time_s),
            Some(Phase::Swing { from, to }) => {
                let span_s = to.contact_s - from.off_s;
                self.swing(from, to, span_s, (time_s - from.off_s) / span_s, self.lift)
            }
            None => {
                // Outside the plan: the nearest stand. Recordings never reach there.
                let edge = if time_s < 0.0 {
                    self.plan.plants.iter().find(|plant| plant.side == side)
                } else {
                    self.plan.plants.iter().rfind(|plant| plant.side == side)
                };
                edge.map_or_else(
                    || self.posed(Vector3::zeros(), 0.0, 0.0, 0.0),
                    |plant| self.posed(flat(plant.heel), plant.yaw_rad, 0.0, 0.0),
                )
            }
        }
    }

    fn posed(&self, heel: Vector3<f64>, yaw_rad: f64, pitch_rad: f64, toes: f64) -> Foot {
        let (forward, up) = pitched(yaw_rad, pitch_rad);
        Foot {
            heel,
            ball: heel + forward * self.body.ball,
            ankle: heel + forward * self.body.ankle_ahead + up * self.body.ankle_height,
            yaw_rad,
            pitch_rad,
            toes_pitch_rad: toes,
        }
    }

    /// Rolls over the heel to the flat sole, then over the ball.
    fn stance(&self, plant: &Plant, time_s: f64) -> Foot {
        let planted = flat(plant.heel);
        if time_s < plant.flat_s {
            let u = (time_s - plant.contact_s) / (plant.flat_s - plant.contact_s);
            let pitch = plant.strike_rad * (1.0 - u).powi(3) * (1.0 + 2.0 * u);
            return self.posed(planted, plant.yaw_rad, pitch, pitch);
        }
        if time_s <= plant.heel_rise_s {
            return self.posed(planted, plant.yaw_rad, 0.0, 0.0);
        }
        let u = (time_s - plant.heel_rise_s) / (plant.off_s - plant.heel_rise_s);
        let pitch = -plant.push_rad * (1.6 * u.powi(3) - 0.6 * u.powi(4));
        let ball = planted + flat(ahead(plant.yaw_rad)) * self.body.ball;
        let (forward, _) = pitched(plant.yaw_rad, pitch);
        self.posed(ball - forward * self.body.ball, plant.yaw_rad, pitch, 0.0)
    }

    /// The ankle follows a quintic that meets both stances in place and speed; so do pitch and yaw.
    fn swing(&self, from: &Plant, to: &Plant, span_s: f64, u: f64, lift: f64) -> Foot {
        let body = &self.body;
        let travel = flat(to.heel) - flat(from.heel);
        // Pitch, with rates and accelerations per swing instead of per second.
        let (pitch0, pitch1) = (-from.push_rad, to.strike_rad);
        let rate0 = -2.4 * from.push_rad * span_s / (from.off_s - from.heel_rise_s);
        let rate1 = -to.strike_rad * span_s / (to.flat_s - to.contact_s);
        let (bend0, bend1) = (-rate0 / PITCH_SETTLES, rate1 / PITCH_SETTLES);
        let pitch = quintic([pitch0, rate0, bend0], [pitch1, rate1, bend1], u);
        let yaw = quintic([from.yaw_rad, 0.0, 0.0], [to.yaw_rad, 0.0, 0.0], u);

        let (forward0, up0) = pitched(from.yaw_rad, pitch0);
        let ball = flat(from.heel) + flat(ahead(from.yaw_rad)) * body.ball;
        let (back, over) = (body.ankle_ahead - body.ball, body.ankle_height);
        let arm0 = forward0 * back + up0 * over;
        let turn0 = up0 * back - forward0 * over;
        let launch = travel * LAUNCH + Vector3::y() * (LAUNCH_UP * LAUNCH * travel.norm());
        let start = [
            ball + arm0,
            turn0 * rate0,
            launch + turn0 * bend0 - arm0 * rate0.powi(2),
        ];

        let (forward1, up1) = pitched(to.yaw_rad, pitch1);
        let arm1 = forward1 * body.ankle_ahead + up1 * body.ankle_height;
        let turn1 = up1 * body.ankle_ahead - forward1 * body.ankle_height;
        let brake = Vector3::y() * (BRAKE_UP * BRAKE * travel.norm()) - travel * BRAKE;
        let end = [
            flat(to.heel) + arm1,
            turn1 * rate1,
            brake + turn1 * bend1 - arm1 * rate1.powi(2),
        ];
        let mut ankle = Vector3::zeros();
        for axis in 0..3 {
            ankle[axis] = quintic(
                [start[0][axis], start[1][axis], start[2][axis]],
                [end[0][axis], end[1][axis], end[2][axis]],
                u,
            );
        }
        ankle.y += lift * 64.0 * (u * (1.0 - u)).powi(3);
        let (forward, up) = pitched(yaw, pitch);
        let heel = ankle - forward * body.ankle_ahead - up * body.ankle_height;
        // The toes leave the ground flat and come into line with the foot late in swing.
        let line = (u / 0.75).min(1.0);
        let toes = pitch * quintic([0.0; 3], [1.0, 0.0, 0.0], line);
        self.posed(heel, yaw, pitch, toes)
    }

    /// The extra lift that gives the wanted toe clearance without any part going through the floor.
    fn lift_for_clearance(&self) -> f64 {
        let stride_s = 2.0 * self.walker.step_time_s();
        let mut most: f64 = -0.5;
        for side in Side::BOTH {
            let plants: Vec<&Plant> = self
                .plan
                .plants
                .iter()
                .filter(|plant| plant.side == side && Plan::has_contact(plant))
                .collect();
            // The longest swing decides; swings of one walk differ little.
            let swing = plants.windows(2).max_by(|a, b| {
                let travel = |w: &[&Plant]| (flat(w[1].heel) - flat(w[0].heel)).norm();
                travel(a).total_cmp(&travel(b))
            });
            let Some(&[from, to]) = swing else { continue };
            let span_s = (to.contact_s - from.off_s).min(stride_s);
            let (mut low, mut high) = (-0.5, 0.6);
            for _ in 0..40 {
                let lift = f64::midpoint(low, high);
                if self.clears(from, to, span_s, lift) {
                    high = lift;
                } else {
                    low = lift;
                }
            }
            most = most.max(high);
        }
        most
    }

    fn clears(&self, from: &Plant, to: &Plant, span_s: f64, lift: f64) -> bool {
        (1..100).all(|percent| {
            let u = f64::from(percent) / 100.0;
            let foot = self.swing(from, to, span_s, u, lift);
            let (toes, _) = pitched(foot.yaw_rad, foot.toes_pitch_rad);
            let tip = foot.ball.y + toes.y * self.body.toes;
            let floor = if (0.35..=0.75).contains(&u) {
                self.walker.toe_clearance_m
            } else {
                0.0
            };
            foot.heel.y >= 0.0 && foot.ball.y >= floor && tip >= -0.002
        })
    }

    /// Highest steady pelvis from which both legs always reach their ankles.
    fn highest_hips(&self) -> f64 {
        let body = &self.body;
        let bend = self.walker.least_knee_flexion_deg.to_radians();
        let reach =
            (body.thigh.powi(2) + body.shank.powi(2) + 2.0 * body.thigh * body.shank * bend.cos())
                .sqrt();
        let mut highest = f64::INFINITY;
        let samples = (self.plan.end_s * REACH_HZ).ceil();
        let mut sample = 0.0;
        while sample <= samples {
            let time_s = sample / REACH_HZ;
            let (pelvis, _, _, hips) = self.pelvis(time_s, 0.0);
            for side in Side::BOTH {
                let ankle = self.foot(side, time_s).ankle;
                let hip = hips.get(side);
                let across = (hip.x - ankle.x).hypot(hip.z - ankle.z);
                let rise = (reach.powi(2) - across.powi(2)).max(0.0).sqrt();
                // The hip's own height over the average is in `pelvis` and `hip` alike.
                highest = highest.min(ankle.y + rise - hip.y);
            }
            debug_assert!(pelvis.y.is_finite(), "the pelvis has a place");
            sample += 1.0;
        }
        highest
    }

    /// Pelvis, heading, yaw of the pelvis, and hips.
    fn pelvis(
        &self,
        time_s: f64,
        hip_height: f64,
    ) -> (Vector3<f64>, f64, f64, PerSide<Vector3<f64>>) {
        let along_m = smooth(&self.plan.pelvis, time_s);
        let place = self.course.place(along_m);
        let heading = place.heading_rad;
        // The heels are the plan's points; the pelvis is above the middle of the soles.
        let offset = flat(ahead(heading)) * (PELVIS_AHEAD * self.body.ball)
            + flat(rightward(heading)) * (self.walker.sway_m * self.rhythm.sway.at(time_s));
        let height = hip_height + self.bob * self.rhythm.height.at(time_s);
        let pelvis = flat(place.at) + offset + Vector3::y() * height;
        // The side that lands is ahead: the left foot landing turns the pelvis to the right.
        let turned = -0.5 * self.walker.pelvis_rotation_deg.to_radians();
        let yaw = heading + turned * self.rhythm.landing.at(time_s);
        let right = flat(rightward(yaw));
        let hips = PerSide::from_fn(|side| pelvis + right * (side.z_sign() * self.body.hip_half));
        (pelvis, heading, yaw, hips)
    }

    pub(super) fn pose(&self, time_s: f64) -> Pose {
        let (pelvis, heading_rad, pelvis_yaw_rad, hips) = self.pelvis(time_s, self.hip_height);
        let feet = PerSide::from_fn(|side| self.foot(side, time_s));
        let knees = PerSide::from_fn(|side| {
            let foot = feet.get(side);
            let front = flat(ahead(0.5 * (foot.yaw_rad + pelvis_yaw_rad)));
            bent(
                hips.get(side),
                &foot.ankle,
                self.body.thigh,
                self.body.shank,
                &front,
            )
        });
        Pose {
            feet,
            hips,
            knees,
            pelvis,
            heading_rad,
            pelvis_yaw_rad,
        }
    }

    /// Every joint at a time, in world space.
    pub(super) fn joints(&self, time_s: f64) -> Vec<(Joint, Point3<f64>)> {
        let pose = self.pose(time_s);
        let mut points = Vec::with_capacity(64);
        self.lower(&pose, &mut points);
        self.upper(&pose, time_s, &mut points);
        if self.walker.markers {
            self.skin(&pose, &mut points);
        }
        let carried = if self.walker.treadmill {
            flat(ahead(self.walker.heading_deg.to_radians())) * (self.walker.speed_mps * time_s)
        } else {
            Vector3::zeros()
        };
        let shift = Vector3::y() * self.walker.floor_m - carried;
        points
            .into_iter()
            .map(|(joint, at)| (joint, Point3::from(at + shift)))
            .collect()
    }

    fn lower(&self, pose: &Pose, points: &mut Vec<(Joint, Vector3<f64>)>) {
        let body = &self.body;
        points.push((Joint::Pelvis, pose.pelvis));
        for side in Side::BOTH {
            let foot = pose.feet.get(side);
            let (toes, _) = pitched(foot.yaw_rad, foot.toes_pitch_rad);
            let outward = flat(rightward(foot.yaw_rad)) * side.z_sign();
            points.extend([
                (on::hip(side), *pose.hips.get(side)),
                (on::knee(side), *pose.knees.get(side)),
                (on::ankle(side), foot.ankle),
                (on::heel(side), foot.heel),
                (on::toe(side), foot.ball),
                (
                    on::big_toe(side),
                    foot.ball + toes * (0.9 * body.toes) - outward * (0.012 * body.height),
                ),
                (
                    on::small_toe(side),
                    foot.ball + toes * (0.45 * body.toes) + outward * (0.024 * body.height),
                ),
                (on::toe_tip(side), foot.ball + toes * body.toes),
            ]);
        }
    }

    fn upper(&self, pose: &Pose, time_s: f64, points: &mut Vec<(Joint, Vector3<f64>)>) {
        let body = &self.body;
        let (front, right) = (
            flat(ahead(pose.heading_rad)),
            flat(rightward(pose.heading_rad)),
        );
        let lean = self.walker.trunk_lean_deg.to_radians();
        let spine = Vector3::y() * lean.cos() + front * lean.sin();
        let chest = front * lean.cos() - Vector3::y() * lean.sin();
        let neck = pose.pelvis + spine * body.trunk;
        // The shoulders turn against the pelvis.
        let landing = self.rhythm.landing.at(time_s);
        let twist = 0.35 * self.walker.pelvis_rotation_deg.to_radians() * landing;
        let across = flat(rightward(pose.heading_rad + twist));
        for (joint, share) in [
            (Joint::Spine1, 0.2),
            (Joint::Spine, 0.5),
            (Joint::Spine2, 0.45),
            (Joint::Spine3, 0.72),
            (Joint::Thorax, 0.96),
            (Joint::Neck, 1.0),
        ] {
            points.push((joint, pose.pelvis + spine * (body.trunk * share)));
        }
        let skull = neck + Vector3::y() * (0.5 * body.head) + front * (0.015 * body.height);
        let height = body.height;
        points.extend([
            (Joint::Head, skull),
            (
                Joint::HeadTop,
                neck + Vector3::y() * body.head + front * (0.015 * height),
            ),
            (
                Joint::Nose,
                skull + front * (0.062 * height) + Vector3::y() * (0.005 * height),
            ),
        ]);
        for side in Side::BOTH {
            let outward = right * side.z_sign();
            let eye = skull + front * (0.05 * height) + Vector3::y() * (0.022 * height);
            points.extend([
                (on::eye(side), eye + outward * (0.018 * height)),
                (
                    on::ear(side),
                    skull + outward * (0.043 * height) + Vector3::y() * (0.01 * height),
                ),
            ]);
            let shoulder =
                neck - spine * (0.01 * height) + across * (side.z_sign() * body.shoulder_half);
            // The arm swings ahead while the other foot lands.
            let range = self.walker.arm_swing_deg.get(side).to_radians();
            let swing = 0.5 * range * side.z_sign() * landing + 0.05;
            let down = chest * swing.sin() - spine * swing.cos();
            let wrist = shoulder + down * (0.97 * (body.upper_arm + body.forearm));
            let elbow = bent(&shoulder, &wrist, body.upper_arm, body.forearm, &(-chest));
            points.extend([
                (on::shoulder(side), shoulder),
                (on::elbow(side), elbow),
                (on::wrist(side), wrist),
                (on::hand(side), wrist + down * (0.05 * height)),
            ]);
        }
    }

    /// Skin markers as in Plug-in Gait, fixed to their segments.
    fn skin(&self, pose: &Pose, points: &mut Vec<(Joint, Vector3<f64>)>) {
        let height = self.body.height;
        let (front, right) = (
            flat(ahead(pose.pelvis_yaw_rad)),
            flat(rightward(pose.pelvis_yaw_rad)),
        );
        let up = Vector3::y();
        let sacrum = pose.pelvis - front * (0.065 * height) + up * (0.055 * height);
        points.push((Joint::Sacrum, sacrum));
        let lean = self.walker.trunk_lean_deg.to_radians();
        let ahead_now = flat(ahead(pose.heading_rad));
        let spine = up * lean.cos() + ahead_now * lean.sin();
        let chest = ahead_now * lean.cos() - up * lean.sin();
        let neck = pose.pelvis + spine * self.body.trunk;
        points.extend([
            (
                Joint::C7,
                neck + spine * (0.015 * height) - chest * (0.03 * height),
            ),
            (
                Joint::T10,
                neck - spine * (0.1 * height) - chest * (0.06 * height),
            ),
            (
                Joint::Jugular,
                neck - spine * (0.02 * height) + chest * (0.05 * height),
            ),
            (
                Joint::Xiphoid,
                neck - spine * (0.11 * height) + chest * (0.065 * height),
            ),
        ]);
        for side in Side::BOTH {
            let outward = right * side.z_sign();
            points.extend([
                (
                    on::asis(side),
                    pose.pelvis
                        + front * (0.05 * height)
                        + up * (0.045 * height)
                        + outward * (0.068 * height),
                ),
                (on::psis(side), sacrum + outward * (0.025 * height)),
            ]);
            let (hip, knee) = (*pose.hips.get(side), *pose.knees.get(side));
            let foot = pose.feet.get(side);
            // The knee's axis is normal to the plane of the leg.
            let (thigh, shank) = (knee - hip, foot.ankle - knee);
            let axis = thigh
                .cross(&shank)
                .try_normalize(1e-9)
                .map_or(right, |n| if n.dot(&right) < 0.0 { -n } else { n });
            let out = axis * side.z_sign();
            let foot_out = flat(rightward(foot.yaw_rad)) * side.z_sign();
            points.extend([
                (on::lateral_knee(side), knee + out * (0.03 * height)),
                (on::medial_knee(side), knee - out * (0.03 * height)),
                (
                    on::thigh_wand(side),
                    hip + thigh * 0.6 + out * (0.045 * height),
                ),
                (
                    on::shank_wand(side),
                    knee + shank * 0.5 + out * (0.03 * height),
                ),
                (
                    on::lateral_malleolus(side),
                    foot.ankle + foot_out * (0.02 * height),
                ),
                (
                    on::medial_malleolus(side),
                    foot.ankle - foot_out * (0.02 * height),
                ),
                (
                    on::fifth_metatarsal(side),
                    foot.ball + foot_out * (0.024 * height),
                ),
            ]);
        }
    }
}

/// The joint between two segments of known length that bends towards `front`.
fn bent(
    top: &Vector3<f64>,
    end: &Vector3<f64>,
    upper: f64,
    lower: f64,
    front: &Vector3<f64>,
) -> Vector3<f64> {
    let line = end - top;
    let length = line.norm().clamp(1e-9, upper + lower);
    let direction = line / line.norm().max(1e-9);
    let along = (upper.powi(2) - lower.powi(2) + length.powi(2)) / (2.0 * length);
    let out = (upper.powi(2) - along.powi(2)).max(0.0).sqrt();
    let towards = front - direction * front.dot(&direction);
    top + direction * along + towards.try_normalize(1e-9).unwrap_or_default() * out
}
