//! What is exactly true of a synthetic walk.

use std::collections::BTreeMap;

use nalgebra::{Point3, Vector3};

use super::course::{ahead, rightward};
use super::gait::Gait;
use super::steps::{Plan, Plant};
use super::walker::Walker;
use crate::events::{EventKind, EventSource, GaitEvent};
use crate::kinematics::{AngleId, AngleMethod, AngleSeries, AngleTrack};
use crate::time::TimeBase;
use crate::{PerSide, Side};

/// The truth of a synthetic walk. Means are over the steady, straight, complete cycles.
#[derive(Debug, Clone, PartialEq)]
pub struct Truth {
    /// Every contact and foot off inside the recording, in order of time.
    pub events: Vec<GaitEvent>,
    /// Every foot placed on the ground with its contact inside the recording, in order.
    pub footsteps: Vec<Footstep>,
    /// Complete cycles that the means are over, a side.
    pub cycles: PerSide<usize>,
    /// Stride length over stride time.
    pub speed_mps: f64,
    /// 60 over the mean step time.
    pub cadence_spm: f64,
    /// From the other foot's contact to this foot's.
    pub step_time_s: PerSide<f64>,
    /// Heel to heel along the walk at this foot's contact.
    pub step_length_m: PerSide<f64>,
    /// From contact to contact of one foot.
    pub stride_time_s: PerSide<f64>,
    /// Between two contacts of one heel.
    pub stride_length_m: PerSide<f64>,
    /// From this heel to the line through the other heel's contacts before and after.
    pub step_width_m: PerSide<f64>,
    /// Contact to foot off, percent of the cycle.
    pub stance_pct: PerSide<f64>,
    /// Both feet on the ground, percent of the cycle.
    pub double_support_pct: PerSide<f64>,
    /// Toe-in is positive.
    pub foot_progression_deg: PerSide<f64>,
    /// Toes above heel at contact.
    pub foot_strike_deg: PerSide<f64>,
    /// Lowest point of the ball of the foot in mid-swing above the floor.
    pub minimum_toe_clearance_m: PerSide<f64>,
    /// Range of shoulder to wrist against the trunk over a stride.
    pub arm_swing_deg: PerSide<f64>,
    /// Mid-hip to neck against the vertical, forward.
    pub trunk_lean_deg: f64,
    /// Speed of the belt, on a treadmill.
    pub belt_speed_mps: Option<f64>,
    /// Hip joint centre to ankle joint centre with the knee straight.
    pub leg_length_m: f64,
    /// Standing height.
    pub height_m: f64,
    /// Degrees per frame: hip and knee flexion, ankle dorsiflexion and foot pitch, as defined for
    /// one camera from the side. The thigh is measured against the vertical, the ankle from heel to toe.
    pub angles: AngleSeries,
}

/// One foot on the ground.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Footstep {
    /// Whose foot.
    pub side: Side,
    /// Initial contact.
    pub contact_s: f64,
    /// Foot off; absent if it stays.
    pub off_s: Option<f64>,
    /// The heel while it stands, in world space. On a treadmill: at contact, if the belt had stood still.
    pub heel_m: Point3<f64>,
    /// Whether the path is straight from the step before to the step after, and the walk steady.
    pub steady: bool,
}

pub(super) fn truth(walker: &Walker, gait: &Gait, time: &TimeBase, start_s: f64) -> Truth {
    let end_s = start_s + time.duration_s();
    let inside = |time_s: f64| time_s >= start_s && time_s <= end_s;
    let plants = &gait.plan.plants;
    let steady: Vec<bool> = (0..plants.len())
        .map(|index| {
            let from = plants[index.saturating_sub(1)].along_m;
            let to = plants[(index + 1).min(plants.len() - 1)].along_m;
            plants[index].steady && gait.is_straight(from, to)
        })
        .collect();
    let means = Means::over(plants, &steady, inside);
    let steps = |side: Side| means.of(side);
    let footsteps = plants
        .iter()
        .zip(&steady)
        .filter(|(plant, _)| inside(plant.contact_s))
        .map(|(plant, &steady)| Footstep {
            side: plant.side,
            contact_s: plant.contact_s - start_s,
            off_s: (plant.off_s < 1e5).then_some(plant.off_s - start_s),
            heel_m: Point3::new(plant.heel[0], walker.floor_m, plant.heel[1]),
            steady,
        })
        .collect();
    let both = |pick: fn(&SideMeans) -> f64| PerSide::from_fn(|side| pick(steps(side)));
    let mean_of = |pick: fn(&SideMeans) -> f64| {
        f64::midpoint(pick(steps(Side::Left)), pick(steps(Side::Right)))
    };
    Truth {
        events: events(plants, time, start_s, inside),
        footsteps,
        cycles: PerSide::from_fn(|side| steps(side).cycles),
        speed_mps: mean_of(|m| m.stride_length) / mean_of(|m| m.stride_time),
        cadence_spm: 60.0 / mean_of(|m| m.step_time),
        step_time_s: both(|m| m.step_time),
        step_length_m: both(|m| m.step_length),
        stride_time_s: both(|m| m.stride_time),
        stride_length_m: both(|m| m.stride_length),
        step_width_m: both(|m| m.step_width),
        stance_pct: both(|m| m.stance_pct),
        double_support_pct: both(|m| m.double_support_pct),
        foot_progression_deg: walker.toe_out_deg.map(|out| -out),
        foot_strike_deg: PerSide::from_fn(|side| {
            plants
                .iter()
                .find(|plant| plant.side == side && Plan::has_contact(plant))
                .map_or(0.0, |plant| plant.strike_rad.to_degrees())
        }),
        minimum_toe_clearance_m: PerSide::from_fn(|side| gait.toe_clearance(side)),
        arm_swing_deg: walker.arm_swing_deg,
        trunk_lean_deg: walker.trunk_lean_deg,
        belt_speed_mps: walker.treadmill.then_some(walker.speed_mps),
        leg_length_m: gait.body().leg(),
        height_m: walker.height_m,
        angles: angles(gait, time, start_s),
    }
}

fn events(
    plants: &[Plant],
    time: &TimeBase,
    start_s: f64,
    inside: impl Fn(f64) -> bool,
) -> Vec<GaitEvent> {
    let mut events = Vec::new();
    for plant in plants {
        for (kind, at_s) in [
            (EventKind::InitialContact, plant.contact_s),
            (EventKind::FootOff, plant.off_s),
        ] {
            if inside(at_s) {
                let time_s = at_s - start_s;
                events.push(GaitEvent {
                    side: plant.side,
                    kind,
                    time_s,
                    frame: time.nearest_frame(time_s),
                    confidence: 1.0,
                    source: EventSource::Truth,
                });
            }
        }
    }
    events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    events
}

#[derive(Debug, Clone, Copy, Default)]
struct SideMeans {
    cycles: usize,
    step_time: f64,
    step_length: f64,
    stride_time: f64,
    stride_length: f64,
    step_width: f64,
    stance_pct: f64,
    double_support_pct: f64,
}

struct Means(PerSide<SideMeans>);

impl Means {
    fn of(&self, side: Side) -> &SideMeans {
        self.0.get(side)
    }

    /// Over cycles of five plants: the contact before, the cycle's own three, the contact after.
    fn over(plants: &[Plant], steady: &[bool], inside: impl Fn(f64) -> bool) -> Self {
        let mut sums: PerSide<SideMeans> = PerSide::default();
        for index in 1..plants.len().saturating_sub(2) {
            let [before, start, other, close] = [
                &plants[index - 1],
                &plants[index],
                &plants[index + 1],
                &plants[index + 2],
            ];
            let whole = inside(start.contact_s) && inside(close.contact_s);
            if !(whole && steady[index..=index + 2].iter().all(|&s| s)) {
                continue;
            }
            let direction = ahead(start.heading_rad);
            let along = |a: &Plant, b: &Plant| {
                (b.heel[0] - a.heel[0]) * direction[0] + (b.heel[1] - a.heel[1]) * direction[1]
            };
            let stride_s = close.contact_s - start.contact_s;
            let sum = sums.get_mut(start.side);
            sum.cycles += 1;
            sum.step_time += close.contact_s - other.contact_s;
            sum.step_length += along(other, close);
            sum.stride_time += stride_s;
            sum.stride_length +=
                (close.heel[0] - start.heel[0]).hypot(close.heel[1] - start.heel[1]);
            sum.stance_pct += 100.0 * (start.off_s - start.contact_s) / stride_s;
            sum.double_support_pct += 100.0
                * ((before.off_s - start.contact_s) + (start.off_s - other.contact_s))
                / stride_s;
            // The width at the other foot's contact belongs to the other foot.
            sums.get_mut(other.side).step_width += width(start.heel, other.heel, close.heel);
        }
        let (left, right) = (sums.left.cycles, sums.right.cycles);
        let mean = |sum: SideMeans, widths: usize| {
            let n = sum.cycles.max(1) as f64;
            SideMeans {
                cycles: sum.cycles,
                step_time: sum.step_time / n,
                step_length: sum.step_length / n,
                stride_time: sum.stride_time / n,
                stride_length: sum.stride_length / n,
                step_width: sum.step_width / widths.max(1) as f64,
                stance_pct: sum.stance_pct / n,
                double_support_pct: sum.double_support_pct / n,
            }
        };
        Self(PerSide {
            left: mean(sums.left, right),
            right: mean(sums.right, left),
        })
    }
}

/// From a point to the line through two others.
fn width(from: [f64; 2], point: [f64; 2], to: [f64; 2]) -> f64 {
    let line = [to[0] - from[0], to[1] - from[1]];
    let offset = [point[0] - from[0], point[1] - from[1]];
    (line[0] * offset[1] - line[1] * offset[0]).abs() / line[0].hypot(line[1]).max(1e-9)
}

fn angles(gait: &Gait, time: &TimeBase, start_s: f64) -> AngleSeries {
    let mut tracks: PerSide<BTreeMap<AngleId, AngleTrack>> = PerSide::default();
    let ids = [
        AngleId::HipFlexion,
        AngleId::KneeFlexion,
        AngleId::AnkleDorsiflexion,
        AngleId::FootPitch,
    ];
    for side in Side::BOTH {
        for id in ids {
            tracks.get_mut(side).insert(
                id,
                AngleTrack {
                    method: AngleMethod::JointCentres,
                    approximate: false,
                    degrees: Vec::with_capacity(time.frames()),
                },
            );
        }
    }
    for &time_s in time.times_s() {
        let pose = gait.pose(start_s + time_s);
        for side in Side::BOTH {
            let foot = pose.feet.get(side);
            let direction = ahead(pose.heading_rad);
            let front = Vector3::new(direction[0], 0.0, direction[1]);
            let knee = pose.knees.get(side);
            let thigh = knee - pose.hips.get(side);
            let shank = foot.ankle - knee;
            let sole = foot.ball - foot.heel;
            let values = [
                thigh.dot(&front).atan2(-thigh.y),
                thigh.angle(&shank),
                std::f64::consts::FRAC_PI_2 - (-shank).angle(&sole),
                foot.pitch_rad,
            ];
            for (id, value) in ids.iter().zip(values) {
                if let Some(track) = tracks.get_mut(side).get_mut(id) {
                    track.degrees.push(Some(value.to_degrees()));
                }
            }
        }
    }
    AngleSeries { tracks }
}

/// The walker's right at a heading, in three dimensions.
pub(super) fn right_of(heading_rad: f64) -> Vector3<f64> {
    let [x, z] = rightward(heading_rad);
    Vector3::new(x, 0.0, z)
}
