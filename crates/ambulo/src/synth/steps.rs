//! Where and when each foot stands: the plan from which all else follows.

use super::course::{Course, rightward};
use super::rng::SeededRng;
use super::walker::{Body, Walker};
use crate::Side;

/// One foot on the ground from contact to foot off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plant {
    pub(super) side: Side,
    /// When the foot meets the ground; far in the past for a foot that stands from the start.
    pub(super) contact_s: f64,
    /// When it leaves; far in the future for a foot that stays.
    pub(super) off_s: f64,
    /// When the sole lies flat.
    pub(super) flat_s: f64,
    /// When the heel begins to rise.
    pub(super) heel_rise_s: f64,
    /// Heel on the floor: world X and Z.
    pub(super) heel: [f64; 2],
    /// Distance along the course.
    pub(super) along_m: f64,
    /// Direction of the foot.
    pub(super) yaw_rad: f64,
    /// Direction of the course there.
    pub(super) heading_rad: f64,
    /// Toes above heel at contact.
    pub(super) strike_rad: f64,
    /// Heel above toes at foot off.
    pub(super) push_rad: f64,
    /// Whether it counts as steady walking: neither the first nor the last steps.
    pub(super) steady: bool,
}

/// Stands for "always": before any recording or after it.
const FOREVER_S: f64 = 1e6;
/// Steps walked before the recording starts and after it ends, where the walker does not stand.
const MARGIN: usize = 6;
/// Share of stance from contact to flat foot.
const LOADING: f64 = 0.12;
/// Share of stance in which the heel rises.
const HEEL_RISE: f64 = 0.42;
/// Most that a step turns.
const MOST_TURN_RAD: f64 = 0.55;

/// The whole plan.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// Every stand of a foot, in order of contact; sides alternate.
    pub(super) plants: Vec<Plant>,
    /// Time and distance along the course of the pelvis.
    pub(super) pelvis: Vec<[f64; 2]>,
    /// Length of the recording.
    pub(super) end_s: f64,
}

struct Raw {
    side: Side,
    contact_s: f64,
    along_m: f64,
}

impl Plan {
    pub(super) fn of(walker: &Walker, body: &Body, course: &Course) -> Self {
        let mut rng = SeededRng::new(walker.variability.seed);
        let raw = contacts(walker, course, &mut rng);
        let stands = walker.stand_before_s > 0.0;
        let stops = walker.stand_after_s > 0.0;
        let first_contact = if stands { 2 } else { 0 };
        let stride_s = 2.0 * walker.step_time_s();
        let strike_rad = strike_rad(walker, body);
        let push_rad = push_rad(walker, body);
        let mut plants: Vec<Plant> = raw
            .iter()
            .enumerate()
            .map(|(index, step)| {
                let place = course.place(step.along_m);
                let spread = 0.5 * walker.step_width_m * step.side.z_sign()
                    + walker.variability.foot_place_m * rng.normal_within(2.5);
                let right = rightward(place.heading_rad);
                let stance_s = walker.stance_pct.get(step.side) / 100.0 * stride_s;
                let swing_s = stride_s - stance_s;
                let off_s = raw
                    .get(index + 2)
                    .map_or(FOREVER_S, |next| next.contact_s - swing_s);
                let rise_s = (HEEL_RISE * stance_s).min(0.5 * (off_s - step.contact_s));
                let standing = index < first_contact;
                // The last two feet of a walk that stops stand on, whatever the step before.
                let staying = stops && index + 2 >= raw.len();
                Plant {
                    side: step.side,
                    contact_s: step.contact_s,
                    off_s: if staying { FOREVER_S } else { off_s },
                    flat_s: step.contact_s + if standing { 0.0 } else { LOADING * stance_s },
                    heel_rise_s: if staying { FOREVER_S } else { off_s - rise_s },
                    heel: [
                        place.at[0] + right[0] * spread,
                        place.at[1] + right[1] * spread,
                    ],
                    along_m: step.along_m,
                    yaw_rad: place.heading_rad
                        - step.side.z_sign() * walker.toe_out_deg.get(step.side).to_radians(),
                    heading_rad: place.heading_rad,
                    strike_rad: if standing { 0.0 } else { strike_rad },
                    push_rad,
                    steady: !(stands && index < 4 || stops && index + 2 >= raw.len()),
                }
            })
            .collect();
        plants.retain(|plant| plant.off_s > plant.contact_s);
        let pelvis = pelvis_knots(walker, &raw);
        let last = raw.len().saturating_sub(1);
        let end_s = if stops {
            raw[last].contact_s + 0.5 * stride_s + walker.stand_after_s
        } else {
            raw[last - MARGIN].contact_s + 0.5 * walker.step_time_s()
        };
        Self {
            plants,
            pelvis,
            end_s,
        }
    }

    /// The foot's stand that holds at a time, or the swing between two stands.
    pub(super) fn phase(&self, side: Side, time_s: f64) -> Option<Phase<'_>> {
        let after = self
            .plants
            .partition_point(|plant| plant.contact_s <= time_s);
        let mine = |plant: &&Plant| plant.side == side;
        let before = self.plants[..after].iter().rfind(mine)?;
        if time_s <= before.off_s {
            return Some(Phase::Stance(before));
        }
        let next = self.plants[after..].iter().find(mine)?;
        Some(Phase::Swing {
            from: before,
            to: next,
        })
    }

    /// Whether contact and foot off of this stand are events: not those of standing still.
    pub(super) fn has_contact(plant: &Plant) -> bool {
        plant.contact_s > -0.5 * FOREVER_S
    }
}

/// What a foot does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase<'a> {
    Stance(&'a Plant),
    Swing { from: &'a Plant, to: &'a Plant },
}

/// Contacts in order, with those before and after the recording.
fn contacts(walker: &Walker, course: &Course, rng: &mut SeededRng) -> Vec<Raw> {
    let step_s = walker.step_time_s();
    let step_m = walker.step_length_m();
    let mut draw = |side: Side| {
        let sign = 0.5 * side.z_sign();
        let variability = &walker.variability;
        let time = 1.0
            + sign * walker.step_time_asymmetry
            + variability.step_time_pct / 100.0 * rng.normal_within(2.5);
        let length = 1.0
            + sign * walker.step_length_asymmetry
            + variability.step_length_pct / 100.0 * rng.normal_within(2.5);
        (step_s * time.max(0.3), step_m * length)
    };
    let mut raw = Vec::new();
    let (mut side, mut time_s, mut along_m);
    if walker.stand_before_s > 0.0 {
        for standing in [walker.first, walker.first.opposite()] {
            raw.push(Raw {
                side: standing,
                contact_s: -FOREVER_S,
                along_m: 0.0,
            });
        }
        let swing_s = (1.0 - walker.stance_pct.get(walker.first) / 100.0) * 2.0 * step_s;
        side = walker.first;
        time_s = walker.stand_before_s + 0.5 * step_s + swing_s;
        along_m = 0.5 * step_m;
    } else {
        side = walker.first;
        if MARGIN % 2 == 1 {
            side = side.opposite();
        }
        time_s = (0.5 - MARGIN as f64) * step_s;
        along_m = -(MARGIN as f64) * step_m;
    }
    let before = if walker.stand_before_s > 0.0 {
        0
    } else {
        MARGIN
    };
    let mut walked = 0;
    loop {
        raw.push(Raw {
            side,
            contact_s: time_s,
            along_m,
        });
        walked += 1;
        let enough = match course.length_m {
            Some(length_m) => walked > before + 2 && along_m >= length_m,
            None => walked >= before + 2 * walker.strides + 2,
        };
        if enough {
            break;
        }
        advance(course, &mut draw, &mut side, &mut time_s, &mut along_m);
    }
    if walker.stand_after_s > 0.0 {
        // The other foot comes beside the one that landed last.
        raw.push(Raw {
            side: side.opposite(),
            contact_s: time_s + step_s,
            along_m,
        });
    } else {
        for _ in 0..MARGIN {
            advance(course, &mut draw, &mut side, &mut time_s, &mut along_m);
            raw.push(Raw {
                side,
                contact_s: time_s,
                along_m,
            });
        }
    }
    raw
}

fn advance(
    course: &Course,
    draw: &mut impl FnMut(Side) -> (f64, f64),
    side: &mut Side,
    time_s: &mut f64,
    along_m: &mut f64,
) {
    *side = side.opposite();
    let (step_s, mut step_m) = draw(*side);
    for probe in [0.0, 0.35, 0.7, 1.0] {
        let curvature = course.place(*along_m + probe * step_m).curvature.abs();
        if curvature > 0.0 {
            step_m = step_m.min(MOST_TURN_RAD / curvature);
        }
    }
    *time_s += step_s;
    *along_m += step_m;
}

/// The pelvis is midway between the feet at each contact.
fn pelvis_knots(walker: &Walker, raw: &[Raw]) -> Vec<[f64; 2]> {
    let mut knots = Vec::with_capacity(raw.len() + 3);
    if walker.stand_before_s > 0.0 {
        knots.push([-FOREVER_S, 0.0]);
        knots.push([walker.stand_before_s, 0.0]);
    }
    for pair in raw.windows(2) {
        if pair[1].contact_s > -0.5 * FOREVER_S {
            knots.push([
                pair[1].contact_s,
                f64::midpoint(pair[0].along_m, pair[1].along_m),
            ]);
        }
    }
    if walker.stand_after_s > 0.0
        && let Some(&[last_s, along_m]) = knots.last()
    {
        knots.push([last_s + 0.5 * walker.step_time_s(), along_m]);
        knots.push([FOREVER_S, along_m]);
    }
    knots
}

/// The step's share of the height, against that of a comfortable walk.
fn stride_share(walker: &Walker, body: &Body) -> f64 {
    walker.step_length_m() / (0.4 * body.height)
}

fn strike_rad(walker: &Walker, body: &Body) -> f64 {
    walker
        .foot_strike_deg
        .unwrap_or_else(|| (20.0 * stride_share(walker, body)).clamp(1.0, 28.0))
        .to_radians()
}

fn push_rad(walker: &Walker, body: &Body) -> f64 {
    walker
        .push_off_deg
        .unwrap_or_else(|| (52.0 * stride_share(walker, body).powf(0.6)).clamp(15.0, 62.0))
        .to_radians()
}

/// Values at the beats of the gait, joined by half cosines.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Beats {
    knots: Vec<[f64; 2]>,
}

impl Beats {
    pub(super) fn at(&self, time_s: f64) -> f64 {
        let after = self.knots.partition_point(|knot| knot[0] < time_s);
        match (after.checked_sub(1), self.knots.get(after)) {
            (_, None) => self.knots.last().map_or(0.0, |knot| knot[1]),
            (None, Some(first)) => first[1],
            (Some(before), Some(&[to_s, to])) => {
                let [from_s, from] = self.knots[before];
                let share = (time_s - from_s) / (to_s - from_s);
                from + (to - from) * 0.5 * (1.0 - (std::f64::consts::PI * share).cos())
            }
        }
    }
}

/// The beats that the upper body and the pelvis follow, each between −1 and 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rhythm {
    /// +1 when the left foot lands, −1 when the right foot lands, 0 while standing.
    pub(super) landing: Beats,
    /// +1 over the right foot in its single support, −1 over the left.
    pub(super) sway: Beats,
    /// +1 in the middle of single support, −1 in the middle of double support.
    pub(super) height: Beats,
}

impl Rhythm {
    pub(super) fn of(walker: &Walker, plan: &Plan) -> Self {
        let mut landing = Vec::new();
        let mut sway = Vec::new();
        let mut height = Vec::new();
        let rest = |knots: &mut Vec<[f64; 2]>, time_s: f64| {
            if knots.last().is_none_or(|knot| knot[0] < time_s) {
                knots.push([time_s, 0.0]);
            }
        };
        if walker.stand_before_s > 0.0 {
            for knots in [&mut landing, &mut sway, &mut height] {
                rest(knots, walker.stand_before_s);
            }
        }
        for index in 1..plan.plants.len() {
            let (before, plant) = (&plan.plants[index - 1], &plan.plants[index]);
            if !Plan::has_contact(plant) {
                continue;
            }
            landing.push([plant.contact_s, -plant.side.z_sign()]);
            // Double support after this contact, then single support on this foot.
            if before.off_s < 0.5 * FOREVER_S {
                height.push([f64::midpoint(plant.contact_s, before.off_s), -1.0]);
                if let Some(next) = plan.plants.get(index + 1) {
                    let middle_s = f64::midpoint(before.off_s, next.contact_s);
                    height.push([middle_s, 1.0]);
                    sway.push([middle_s, plant.side.z_sign()]);
                }
            }
        }
        if walker.stand_after_s > 0.0 {
            let rest_s = plan.end_s - walker.stand_after_s;
            for knots in [&mut landing, &mut sway, &mut height] {
                rest(knots, rest_s);
            }
        }
        Self {
            landing: Beats { knots: landing },
            sway: Beats { knots: sway },
            height: Beats { knots: height },
        }
    }
}

/// A smooth course through knots that never turns back between them: quintic pieces with the
/// harmonic mean of the neighbouring slopes and no acceleration at the knots.
pub(super) fn smooth(knots: &[[f64; 2]], time_s: f64) -> f64 {
    let after = knots.partition_point(|knot| knot[0] <= time_s);
    if after == 0 || after == knots.len() {
        let edge = if after == 0 { 0 } else { after - 1 };
        let at = knots.get(edge).map_or([0.0, 0.0], |&knot| knot);
        return at[1] + slope(knots, edge) * (time_s - at[0]);
    }
    let ([from_s, from], [to_s, to]) = (knots[after - 1], knots[after]);
    let span = to_s - from_s;
    let u = (time_s - from_s) / span;
    let (v0, v1) = (slope(knots, after - 1) * span, slope(knots, after) * span);
    quintic([from, v0, 0.0], [to, v1, 0.0], u)
}

fn slope(knots: &[[f64; 2]], index: usize) -> f64 {
    let between = |a: [f64; 2], b: [f64; 2]| (b[1] - a[1]) / (b[0] - a[0]);
    let before = index
        .checked_sub(1)
        .map(|previous| between(knots[previous], knots[index]));
    let after = knots
        .get(index + 1)
        .map(|&next| between(knots[index], next));
    match (before, after) {
        (Some(a), Some(b)) if a > 0.0 && b > 0.0 => 2.0 * a * b / (a + b),
        (Some(_), Some(_)) | (None, None) => 0.0,
        (Some(one), None) | (None, Some(one)) => one,
    }
}

/// The quintic with these positions, velocities and accelerations at 0 and 1.
pub(super) fn quintic(start: [f64; 3], end: [f64; 3], u: f64) -> f64 {
    let (u2, u3) = (u * u, u * u * u);
    let (u4, u5) = (u2 * u2, u2 * u3);
    let rise = 10.0 * u3 - 15.0 * u4 + 6.0 * u5;
    start[0] * (1.0 - rise)
        + end[0] * rise
        + start[1] * (u - 6.0 * u3 + 8.0 * u4 - 3.0 * u5)
        + end[1] * (-4.0 * u3 + 7.0 * u4 - 3.0 * u5)
        + start[2] * 0.5 * (u2 - 3.0 * u3 + 3.0 * u4 - u5)
        + end[2] * 0.5 * (u3 - 2.0 * u4 + u5)
}
