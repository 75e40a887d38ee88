//! Lengths along and across the walk, from where the feet stand.
//!
//! A foot's place is its mean position while it lies flat and still, not its position at the one
//! instant of contact: an event that is two frames off then moves nothing, and the heel that has
//! already risen when the other foot lands does not shorten the step.

use nalgebra::{Point3, Vector3};

use super::measure::Values;
use super::view::{StrideView, mean_over_time, pelvis_at};
use super::{ParameterConfig, ParameterId};
use crate::cycles::GaitCycle;
use crate::skeleton::{Joint, on};
use crate::walk::{LengthUnit, Surface, Walk};
use crate::{PerSide, Side};

/// Where the feet of one bout stand: the same joint of both feet, one place a contact.
pub(super) struct Footprints {
    contacts: PerSide<Vec<Contact>>,
}

#[derive(Clone, Copy)]
struct Contact {
    time_s: f64,
    place: Option<Point3<f64>>,
}

impl Footprints {
    /// Finds the place of every contact that the cycles name.
    pub(super) fn find(views: &[StrideView<'_>]) -> Self {
        let times = PerSide::from_fn(|side| contact_times_s(views, side));
        let found = foot_candidates(views)
            .into_iter()
            .map(|foot| PerSide::from_fn(|side| places(views, times.get(side), *foot.get(side))));
        // The first joint in the list wins unless another sees more of the contacts.
        let best = found.fold(None::<PerSide<Vec<Contact>>>, |best, next| match best {
            Some(best) if seen(&best) >= seen(&next) => Some(best),
            _ => Some(next),
        });
        Self {
            contacts: best.unwrap_or_default(),
        }
    }

    /// The place of the foot whose contact is at that time.
    fn at(&self, side: Side, time_s: f64) -> Option<Point3<f64>> {
        self.contacts
            .get(side)
            .iter()
            .find(|contact| (contact.time_s - time_s).abs() < SAME_CONTACT_S)?
            .place
    }

    /// The first contact of a foot after a time, where it is known.
    fn next_s(&self, side: Side, time_s: f64) -> Option<f64> {
        let later = |contact: &&Contact| contact.time_s > time_s + SAME_CONTACT_S;
        Some(self.contacts.get(side).iter().find(later)?.time_s)
    }
}

/// Whether a contact opens one of the cycles.
fn opens_another(views: &[StrideView<'_>], side: Side, time_s: f64) -> bool {
    views
        .iter()
        .any(|view| view.cycle.side == side && (view.cycle.start_s - time_s).abs() < SAME_CONTACT_S)
}

/// Events of one contact are copies of each other; two contacts of a foot are never so close.
const SAME_CONTACT_S: f64 = 1e-3;

fn seen(contacts: &PerSide<Vec<Contact>>) -> usize {
    contacts
        .iter()
        .flat_map(|(_, contacts)| contacts)
        .filter(|contact| contact.place.is_some())
        .count()
}

fn contact_times_s(views: &[StrideView<'_>], side: Side) -> Vec<f64> {
    let mut times_s: Vec<f64> = views
        .iter()
        .flat_map(|view| {
            let cycle = &view.cycle;
            if cycle.side == side {
                vec![cycle.start_s, cycle.end_s]
            } else {
                std::iter::once(cycle.opposite_contact_s)
                    .chain(cycle.previous_opposite_contact_s)
                    .collect()
            }
        })
        .collect();
    times_s.sort_by(f64::total_cmp);
    times_s.dedup_by(|a, b| (*a - *b).abs() < SAME_CONTACT_S);
    times_s
}

fn foot_candidates(views: &[StrideView<'_>]) -> Vec<PerSide<Joint>> {
    let Some(view) = views.first() else {
        return Vec::new();
    };
    let choices = [
        on::heel,
        on::ankle,
        on::lateral_malleolus,
        on::toe,
        on::big_toe,
    ];
    choices
        .into_iter()
        .filter_map(|joint| {
            view.walk
                .both(|walk, side| walk.first_present(&[joint(side)]))
        })
        .collect()
}

fn places(views: &[StrideView<'_>], times_s: &[f64], foot: Joint) -> Vec<Contact> {
    let Some(view) = typical(views) else {
        return Vec::new();
    };
    let measured: Vec<_> = times_s
        .iter()
        .map(|&time_s| {
            (
                time_s,
                view.at(foot, time_s),
                flat_place(view, foot, time_s),
            )
        })
        .collect();
    // A last contact may have no flat foot after it in the recording. What the foot still moves
    // between contact and flat is then taken from its other contacts.
    let settling: Vec<Vector3<f64>> = measured
        .iter()
        .filter_map(|(_, at_contact, flat)| Some((*flat)? - (*at_contact)?))
        .collect();
    let mean_settling = settling.iter().sum::<Vector3<f64>>() / settling.len().max(1) as f64;
    measured
        .into_iter()
        .map(|(time_s, at_contact, flat)| Contact {
            time_s,
            place: flat.or(at_contact.map(|position| position + mean_settling)),
        })
        .collect()
}

/// The view of the cycle of median duration.
fn typical<'v, 'w>(views: &'v [StrideView<'w>]) -> Option<&'v StrideView<'w>> {
    let mut by_duration: Vec<_> = views.iter().collect();
    by_duration.sort_by(|a, b| a.duration_s().total_cmp(&b.duration_s()));
    by_duration.get(by_duration.len() / 2).copied()
}

/// Mean position of a foot over the flat-foot stretch after a contact.
fn flat_place(view: &StrideView<'_>, foot: Joint, contact_s: f64) -> Option<Point3<f64>> {
    let (from_s, to_s) = view.flat_foot_after(contact_s);
    let samples = view.joint_over(foot, from_s, to_s)?;
    let axis = |read: fn(&Point3<f64>) -> f64| {
        let values: Vec<_> = samples.iter().map(|(t, p)| (*t, read(p))).collect();
        mean_over_time(&values)
    };
    Some(Point3::new(axis(|p| p.x)?, axis(|p| p.y)?, axis(|p| p.z)?))
}

/// Puts step and stride lengths, step width, speeds, and their forms normalised by leg length.
pub(super) fn measure(
    views: &[StrideView<'_>],
    view: &StrideView<'_>,
    prints: &Footprints,
    values: &mut Values,
) {
    let cycle = &view.cycle;
    let (side, other) = (cycle.side, cycle.side.opposite());
    let stride_s = cycle.duration_s();
    let (Some(&cadence_spm), true) = (values.get(&ParameterId::Cadence), stride_s > 0.0) else {
        return;
    };
    let opened = prints.at(side, cycle.start_s);
    let closed = prints.at(side, cycle.end_s);
    let between = prints.at(other, cycle.opposite_contact_s);
    if let (Some(opened), Some(closed)) = (opened, closed) {
        let length = view.along(&(closed - opened));
        values.insert(ParameterId::StrideLength, length);
        values.insert(ParameterId::StrideSpeed, length / stride_s);
    }
    if let (Some(between), Some(closed)) = (between, closed) {
        let length = view.along(&(closed - between));
        values.insert(ParameterId::StepLength, length);
        values.insert(ParameterId::WalkRatio, length / cadence_spm);
    }
    if let Some(width) = step_width(views, view, prints) {
        values.insert(ParameterId::StepWidth, width);
    }
    if let Some(distance) = distance_of_strikes(view) {
        values.insert(ParameterId::LegacyAgirStepDistance, distance);
    }
    let body = |time_s| view.body(time_s, pelvis_at);
    if let (Some(from), Some(to)) = (body(cycle.start_s), body(cycle.end_s)) {
        values.insert(ParameterId::Speed, view.along(&(to - from)) / stride_s);
    }
    normalise(view, values);
}

fn normalise(view: &StrideView<'_>, values: &mut Values) {
    let leg = match view.walk.unit() {
        LengthUnit::Metres { .. } => view.walk.leg_length(),
        LengthUnit::LegLengths => Some(1.0),
    };
    let Some(leg) = leg.filter(|&leg| leg > 0.0) else {
        return;
    };
    for (length, normalised) in [
        (ParameterId::StepLength, ParameterId::NormalisedStepLength),
        (
            ParameterId::StrideLength,
            ParameterId::NormalisedStrideLength,
        ),
    ] {
        if let Some(&length) = values.get(&length) {
            values.insert(normalised, length / leg);
        }
    }
    // Gravity is known in metres only.
    let LengthUnit::Metres { .. } = view.walk.unit() else {
        return;
    };
    let gravity = view.config.gravity_mps2;
    if let Some(&speed) = values.get(&ParameterId::Speed) {
        values.insert(ParameterId::NormalisedSpeed, speed / (gravity * leg).sqrt());
    }
    if let Some(&cadence_spm) = values.get(&ParameterId::Cadence) {
        let steps_hz = cadence_spm / 60.0;
        values.insert(
            ParameterId::NormalisedCadence,
            steps_hz * (leg / gravity).sqrt(),
        );
    }
}

/// Distance of this foot from the line through the other foot's places before and after.
///
/// Of the stride's two contacts the opening one is taken; where the contact before it was not
/// seen, the closing one, unless it opens the next stride and is counted there.
fn step_width(views: &[StrideView<'_>], view: &StrideView<'_>, prints: &Footprints) -> Option<f64> {
    let cycle = &view.cycle;
    let (side, other) = (cycle.side, cycle.side.opposite());
    let opening = || {
        let before = prints.at(other, cycle.previous_opposite_contact_s?)?;
        let after = prints.at(other, cycle.opposite_contact_s)?;
        distance_to_line(&prints.at(side, cycle.start_s)?, &before, &after)
    };
    let closing = || {
        if opens_another(views, side, cycle.end_s) {
            return None;
        }
        let next_s = prints.next_s(other, cycle.end_s)?;
        if next_s - cycle.end_s > cycle.duration_s() {
            return None;
        }
        let before = prints.at(other, cycle.opposite_contact_s)?;
        let after = prints.at(other, next_s)?;
        distance_to_line(&prints.at(side, cycle.end_s)?, &before, &after)
    };
    opening().or_else(closing)
}

/// Horizontal distance of a point from the line through two others.
fn distance_to_line(point: &Point3<f64>, a: &Point3<f64>, b: &Point3<f64>) -> Option<f64> {
    let (dx, dz) = (b.x - a.x, b.z - a.z);
    let length = dx.hypot(dz);
    (length > 1e-6).then(|| ((point.x - a.x) * dz - (point.z - a.z) * dx).abs() / length)
}

/// Distance in space between the forefeet, each at its own contact.
fn distance_of_strikes(view: &StrideView<'_>) -> Option<f64> {
    let cycle = &view.cycle;
    let feet = view.walk.both(Walk::toe).or(view.walk.both(Walk::foot))?;
    let first = view.at(*feet.get(cycle.side.opposite()), cycle.opposite_contact_s)?;
    let second = view.at(*feet.get(cycle.side), cycle.end_s)?;
    Some((second - first).norm())
}

/// Speed of the belt in the walk's unit a second: as declared, else that of the flat feet.
///
/// Zero on firm ground. `None` on a treadmill whose speed is neither declared nor measurable.
pub fn belt_speed(walk: &Walk, cycles: &[GaitCycle], config: &ParameterConfig) -> Option<f64> {
    match (walk.surface(), walk.unit()) {
        (Surface::Overground, _) => Some(0.0),
        (
            Surface::Treadmill {
                belt_speed_mps: Some(speed_mps),
            },
            LengthUnit::Metres { .. },
        ) => Some(speed_mps),
        (Surface::Treadmill { .. }, _) => belt_speed_from_feet(walk, cycles, config),
    }
}

fn belt_speed_from_feet(
    walk: &Walk,
    cycles: &[GaitCycle],
    config: &ParameterConfig,
) -> Option<f64> {
    let foot = walk.both(Walk::foot)?;
    let mut speeds: Vec<f64> = cycles
        .iter()
        .filter_map(|&cycle| {
            let view = StrideView::new(walk, cycle, 0.0, config);
            let (from_s, to_s) = view.flat_foot_after(cycle.start_s);
            slope(&view.joint_over(*foot.get(cycle.side), from_s, to_s)?)
        })
        .map(|slope| -slope)
        .collect();
    speeds.sort_by(f64::total_cmp);
    let middle = speeds.len() / 2;
    if speeds.len() % 2 == 1 {
        speeds.get(middle).copied()
    } else {
        Some(f64::midpoint(
            *speeds.get(middle.checked_sub(1)?)?,
            *speeds.get(middle)?,
        ))
    }
}

/// Least-squares slope of X over time.
fn slope(samples: &[(f64, Point3<f64>)]) -> Option<f64> {
    let n = samples.len() as f64;
    let mean_t = samples.iter().map(|(t, _)| t).sum::<f64>() / n;
    let mean_x = samples.iter().map(|(_, p)| p.x).sum::<f64>() / n;
    let (mut covariance, mut variance) = (0.0, 0.0);
    for (t, p) in samples {
        covariance += (t - mean_t) * (p.x - mean_x);
        variance += (t - mean_t) * (t - mean_t);
    }
    (variance > 0.0).then(|| covariance / variance)
}
