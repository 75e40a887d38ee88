//! Which points of the feet stand: by the events where there are any, else by height and rest.

use nalgebra::{Point3, Vector3};

use crate::Side;
use crate::bouts::Found;
use crate::events::{EventKind, GaitEvent};
use crate::motion::Motion3d;
use crate::signal::smooth::{Smoothing, smooth_points};
use crate::skeleton::{Joint, on};

/// Cut-off of the places that decide which point stands; the pelvis moves by the unfiltered ones.
const JUDGED_AT_HZ: f64 = 5.0;
/// Height above the lowest point at which a point hardly counts where no event tells, in leg lengths.
const HEIGHT_LEGS: f64 = 0.04;
/// Speed over the ground at which a point counts less, as a share of the pelvis' speed and, at no
/// speed, in leg lengths a second. Wide: noise must not choose the points.
const REST_SHARE: f64 = 0.5;
const REST_LEGS_PER_S: f64 = 0.15;
/// A contact without its foot off, or the other way round, stands or swings this long.
const USUAL_STANCE_S: f64 = 0.65;
const USUAL_SWING_S: f64 = 0.4;
const LONGEST_STANCE_S: f64 = 3.0;
const LONGEST_SWING_S: f64 = 1.2;

/// Phase of stance, 0 at contact and 1 at foot off, and how much a point stands then.
type Course = [(f64, f64); 4];
/// The heel stands from contact until it rises.
const HEEL: Course = [(0.02, 0.0), (0.10, 1.0), (0.40, 1.0), (0.60, 0.0)];
/// The forefoot stands from when it is down until the foot leaves.
const FOREFOOT: Course = [(0.12, 0.0), (0.25, 1.0), (0.90, 1.0), (0.98, 0.0)];
/// The ankle hardly moves while the foot is flat; while the heel rises it moves ahead.
const ANKLE: Course = [(0.08, 0.0), (0.20, 1.0), (0.45, 1.0), (0.60, 0.02)];

/// A point of a foot that can stand: heel, forefoot, or the ankle of a foot without either.
#[derive(Debug, Clone)]
pub(super) struct ContactPoint {
    pub(super) side: Side,
    course: Course,
    /// Height in each interval between frames, filtered.
    heights: Vec<Option<f64>>,
    /// Velocity in each interval, filtered.
    judged: Vec<Option<Vector3<f64>>>,
    /// Velocity in each interval as given.
    pub(super) velocities: Vec<Option<Vector3<f64>>>,
    /// Place as given.
    pub(super) places: Found,
}

/// The points of both feet that can stand.
pub(super) fn contact_points(poses: &Motion3d) -> Vec<ContactPoint> {
    let mut points = Vec::new();
    for side in Side::BOTH {
        let first = |choices: &[Joint]| choices.iter().find_map(|&joint| seen(poses, joint));
        let heel = first(&[on::heel(side)]);
        let toe = first(&[on::toe(side), on::big_toe(side), on::toe_tip(side)]);
        let ankle = if heel.is_none() && toe.is_none() {
            first(&[on::ankle(side), on::lateral_malleolus(side)])
        } else {
            None
        };
        for (places, course) in [(heel, HEEL), (toe, FOREFOOT), (ankle, ANKLE)] {
            if let Some(places) = places {
                let times_s = poses.time().times_s();
                points.push(ContactPoint::of(side, course, places, times_s));
            }
        }
    }
    points
}

fn seen(poses: &Motion3d, joint: Joint) -> Option<Found> {
    poses
        .trajectory(joint)
        .filter(|places| places.iter().any(Option::is_some))
}

impl ContactPoint {
    fn of(side: Side, course: Course, places: Found, times_s: &[f64]) -> Self {
        let smooth = smooth_points(times_s, &places, &Smoothing::with_cutoff(JUDGED_AT_HZ));
        Self {
            side,
            course,
            heights: smooth
                .windows(2)
                .map(|pair| Some(f64::midpoint(pair[0]?.y, pair[1]?.y)))
                .collect(),
            judged: velocities(times_s, &smooth),
            velocities: velocities(times_s, &places),
            places,
        }
    }
}

fn velocities(times_s: &[f64], places: &[Option<Point3<f64>>]) -> Vec<Option<Vector3<f64>>> {
    places
        .windows(2)
        .zip(times_s.windows(2))
        .map(|(pair, times_s)| Some((pair[1]? - pair[0]?) / (times_s[1] - times_s[0])))
        .collect()
}

/// What a foot does by its events.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Phase {
    /// It stands; 0 at contact, 1 at foot off.
    Stance(f64),
    /// It is in the air.
    Swing,
    /// No event tells.
    Unknown,
}

/// What a foot does in the middle of each interval between frames.
pub(super) fn phases(times_s: &[f64], events: &[GaitEvent], side: Side) -> Vec<Phase> {
    let mine: Vec<&GaitEvent> = events.iter().filter(|event| event.side == side).collect();
    times_s
        .windows(2)
        .map(|pair| {
            let time_s = f64::midpoint(pair[0], pair[1]);
            let after = mine.partition_point(|event| event.time_s <= time_s);
            let before = after.checked_sub(1).map(|index| mine[index]);
            phase(time_s, before, mine.get(after).copied())
        })
        .collect()
}

fn phase(time_s: f64, before: Option<&GaitEvent>, after: Option<&GaitEvent>) -> Phase {
    let contact = |event: &&GaitEvent| event.kind == EventKind::InitialContact;
    let off = |event: &&GaitEvent| event.kind == EventKind::FootOff;
    let (contact_s, off_s) = (
        before.filter(contact).map(|event| event.time_s),
        after.filter(off).map(|event| event.time_s),
    );
    let within = |from_s: f64, to_s: f64, most_s: f64| {
        let is_inside = to_s - from_s <= most_s && (from_s..to_s).contains(&time_s);
        is_inside.then(|| (time_s - from_s) / (to_s - from_s))
    };
    let standing = match (contact_s, off_s) {
        (Some(contact_s), Some(off_s)) => within(contact_s, off_s, LONGEST_STANCE_S),
        (Some(contact_s), None) => within(contact_s, contact_s + USUAL_STANCE_S, f64::INFINITY),
        (None, Some(off_s)) => within(off_s - USUAL_STANCE_S, off_s, f64::INFINITY),
        (None, None) => None,
    };
    if let Some(phase) = standing {
        return Phase::Stance(phase);
    }
    let (off_s, contact_s) = (
        before.filter(off).map(|event| event.time_s),
        after.filter(contact).map(|event| event.time_s),
    );
    let swinging = match (off_s, contact_s) {
        (Some(off_s), Some(contact_s)) => within(off_s, contact_s, LONGEST_SWING_S),
        (Some(off_s), None) => within(off_s, off_s + USUAL_SWING_S, f64::INFINITY),
        (None, Some(contact_s)) => within(contact_s - USUAL_SWING_S, contact_s, f64::INFINITY),
        (None, None) => None,
    };
    match swinging {
        Some(_) => Phase::Swing,
        None => Phase::Unknown,
    }
}

/// How well each point stands in each interval, 0 to 1: by its foot's phase, or by its height where
/// no event tells, and less where it does not rest while the pelvis goes with `pelvis`.
pub(super) fn weights(
    points: &[ContactPoint],
    leg: f64,
    phases: impl Fn(Side, usize) -> Phase,
    pelvis: Option<&[Vector3<f64>]>,
) -> Vec<Vec<f64>> {
    let intervals = points.first().map_or(0, |point| point.velocities.len());
    let mut weights = vec![vec![0.0; intervals]; points.len()];
    for interval in 0..intervals {
        let lowest = points
            .iter()
            .filter_map(|point| point.heights[interval])
            .fold(f64::INFINITY, f64::min);
        for (point, weights) in points.iter().zip(&mut weights) {
            let (Some(height), Some(judged)) = (point.heights[interval], point.judged[interval])
            else {
                continue;
            };
            let stands = match phases(point.side, interval) {
                Phase::Stance(phase) => at(&point.course, phase),
                Phase::Swing => 0.0,
                Phase::Unknown => {
                    let high = (height - lowest) / (HEIGHT_LEGS * leg);
                    (-0.5 * high * high).exp()
                }
            };
            let rests = pelvis.map_or(1.0, |pelvis| {
                let pelvis = pelvis[interval];
                let tolerated = REST_SHARE * pelvis.norm() + REST_LEGS_PER_S * leg;
                let fast = (judged + pelvis).norm() / tolerated;
                (-0.5 * fast * fast).exp()
            });
            weights[interval] = stands * rests;
        }
    }
    weights
}

/// A course at a phase, straight between its corners.
fn at(course: &Course, phase: f64) -> f64 {
    let after = course.partition_point(|(corner, _)| *corner < phase);
    match (
        after.checked_sub(1).map(|index| course[index]),
        course.get(after),
    ) {
        (Some((a, from)), Some(&(b, to))) => from + (to - from) * (phase - a) / (b - a),
        (Some((_, only)), None) | (None, Some(&(_, only))) => only,
        (None, None) => 0.0,
    }
}

/// Speed over the ground of the points as far as they stand (root mean square), as a share of the
/// pelvis' speed: how well the poses keep a foot in place.
pub(super) fn slip(points: &[ContactPoint], weights: &[Vec<f64>], pelvis: &[Vector3<f64>]) -> f64 {
    let (mut slip, mut sum) = (0.0, 0.0);
    let (mut speed, mut count) = (0.0, 0.0);
    for (interval, velocity) in pelvis.iter().enumerate() {
        for (point, weights) in points.iter().zip(weights) {
            if let Some(judged) = point.judged[interval] {
                slip += weights[interval] * (judged + velocity).norm_squared();
                sum += weights[interval];
            }
        }
        speed += velocity.norm_squared();
        count += 1.0;
    }
    if sum > 0.0 && speed > 0.0 {
        (slip / sum / (speed / count)).sqrt()
    } else {
        0.0
    }
}
