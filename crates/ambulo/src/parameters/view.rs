//! One cycle of a walk, seen along its own direction: what every measurement of a stride reads from.

use nalgebra::{Point3, Vector3};

use super::ParameterConfig;
use crate::cycles::GaitCycle;
use crate::skeleton::{Joint, on};
use crate::walk::{View, Walk};

/// A point of the body in each frame it is seen in, with the time in the trial.
pub(crate) type Samples = Vec<(f64, Point3<f64>)>;

/// One cycle of a walk. Positions are of the ground: on a treadmill the belt's way is added.
pub(crate) struct StrideView<'a> {
    pub(crate) walk: &'a Walk,
    pub(crate) cycle: GaitCycle,
    pub(crate) config: &'a ParameterConfig,
    /// Speed of the belt, in the walk's unit a second; zero on firm ground.
    pub(crate) belt_speed: f64,
    /// Horizontal direction of the body over this cycle.
    pub(crate) forward: Vector3<f64>,
    /// To the walker's right.
    pub(crate) right: Vector3<f64>,
}

impl<'a> StrideView<'a> {
    pub(crate) fn new(
        walk: &'a Walk,
        cycle: GaitCycle,
        belt_speed: f64,
        config: &'a ParameterConfig,
    ) -> Self {
        let mut view = Self {
            walk,
            cycle,
            config,
            belt_speed,
            forward: Vector3::x(),
            right: Vector3::z(),
        };
        if walk.view() == View::Spatial
            && let Some(forward) = view.body_direction()
        {
            view.forward = forward;
            view.right = forward.cross(&Vector3::y());
        }
        view
    }

    /// Where the body went over the cycle; `None` if it hardly moved.
    fn body_direction(&self) -> Option<Vector3<f64>> {
        let from = self.body(self.cycle.start_s, pelvis_at)?;
        let to = self.body(self.cycle.end_s, pelvis_at)?;
        let way = Vector3::new(to.x - from.x, 0.0, to.z - from.z);
        // A body that walks on the spot has no direction of its own: the bout's stays.
        let still = 0.05 * self.walk.leg_length().unwrap_or(1.0);
        (way.norm() > still).then(|| way.normalize())
    }

    /// A point at a time of the trial, on the ground's own terms.
    pub(crate) fn body(
        &self,
        time_s: f64,
        point: impl Fn(&Walk, f64) -> Option<Point3<f64>>,
    ) -> Option<Point3<f64>> {
        let local_s = local_time_s(self.walk, time_s);
        let mut position = point(self.walk, local_s)?;
        position.x += self.belt_speed * local_s;
        Some(position)
    }

    /// A joint at a time of the trial, on the ground's own terms.
    pub(crate) fn at(&self, joint: Joint, time_s: f64) -> Option<Point3<f64>> {
        self.body(time_s, |walk, local_s| walk.position_at(joint, local_s))
    }

    /// A point over a stretch of the trial: both ends and every frame between them.
    ///
    /// `None` where an end or more than a tenth of the frames is missing.
    pub(crate) fn over(
        &self,
        from_s: f64,
        to_s: f64,
        point: impl Fn(&Walk, f64) -> Option<Point3<f64>>,
    ) -> Option<Samples> {
        let times_s = sample_times(self.walk, from_s, to_s);
        let samples: Samples = times_s
            .iter()
            .filter_map(|&time_s| Some((time_s, self.body(time_s, &point)?)))
            .collect();
        let (first, last) = (samples.first()?.0, samples.last()?.0);
        let ends = first <= from_s && last >= to_s;
        (ends && samples.len() * 10 >= times_s.len() * 9 && samples.len() > 1).then_some(samples)
    }

    /// A joint over a stretch of the trial, as [`StrideView::over`].
    pub(crate) fn joint_over(&self, joint: Joint, from_s: f64, to_s: f64) -> Option<Samples> {
        self.over(from_s, to_s, |walk, local_s| {
            walk.position_at(joint, local_s)
        })
    }

    /// The same cycle in the walk's own space, without the belt's way: for differences of points
    /// of one instant.
    pub(crate) fn on_the_spot(&self) -> Self {
        Self {
            belt_speed: 0.0,
            ..*self
        }
    }

    /// How far along the cycle's direction a vector points.
    pub(crate) fn along(&self, vector: &Vector3<f64>) -> f64 {
        vector.x * self.forward.x + vector.z * self.forward.z
    }

    /// How far to the walker's right a vector points.
    pub(crate) fn across(&self, vector: &Vector3<f64>) -> f64 {
        vector.x * self.right.x + vector.z * self.right.z
    }

    /// Duration of the cycle.
    pub(crate) fn duration_s(&self) -> f64 {
        self.cycle.duration_s()
    }

    /// The flat-foot stretch that follows a contact, in the trial's time.
    pub(crate) fn flat_foot_after(&self, contact_s: f64) -> (f64, f64) {
        let flat = self.config.flat_foot;
        (
            contact_s + flat.least * self.duration_s(),
            contact_s + flat.most * self.duration_s(),
        )
    }
}

/// A time of the trial in the bout's own time, put onto its ends where only rounding is between.
pub(crate) fn local_time_s(walk: &Walk, time_s: f64) -> f64 {
    let local_s = time_s - walk.start_time_s();
    let duration_s = walk.time().duration_s();
    if (-1e-6..=duration_s + 1e-6).contains(&local_s) {
        local_s.clamp(0.0, duration_s)
    } else {
        local_s
    }
}

/// The ends of a stretch and the frames strictly inside it, as times of the trial.
pub(crate) fn sample_times(walk: &Walk, from_s: f64, to_s: f64) -> Vec<f64> {
    let inside = walk
        .time()
        .times_s()
        .iter()
        .map(|time_s| time_s + walk.start_time_s())
        .filter(|&time_s| time_s > from_s + 1e-9 && time_s < to_s - 1e-9);
    std::iter::once(from_s)
        .chain(inside)
        .chain(std::iter::once(to_s))
        .collect()
}

/// The pelvis: its joint, else the middle of the hips, of the iliac spines, or the sacrum.
pub(crate) fn pelvis_at(walk: &Walk, local_s: f64) -> Option<Point3<f64>> {
    if walk.trajectory(Joint::Pelvis).is_some() {
        return walk.position_at(Joint::Pelvis, local_s);
    }
    for pair in [on::hip, on::asis, on::trochanter] {
        if let Some(sides) = walk.both(|walk, side| walk.first_present(&[pair(side)])) {
            return middle_at(walk, [sides.left, sides.right], local_s);
        }
    }
    walk.position_at(Joint::Sacrum, local_s)
}

/// The middle of the hips, else the pelvis joint.
pub(crate) fn hips_at(walk: &Walk, local_s: f64) -> Option<Point3<f64>> {
    match walk.both(|walk, side| walk.first_present(&[on::hip(side)])) {
        Some(hips) => middle_at(walk, [hips.left, hips.right], local_s),
        None => walk.position_at(Joint::Pelvis, local_s),
    }
}

/// The base of the neck, else the middle of the shoulders.
pub(crate) fn neck_at(walk: &Walk, local_s: f64) -> Option<Point3<f64>> {
    match walk.neck() {
        Some(neck) => walk.position_at(neck, local_s),
        None => shoulders_at(walk, local_s),
    }
}

/// The middle of the shoulders.
pub(crate) fn shoulders_at(walk: &Walk, local_s: f64) -> Option<Point3<f64>> {
    let shoulders = walk.both(Walk::shoulder)?;
    middle_at(walk, [shoulders.left, shoulders.right], local_s)
}

/// The middle of two joints.
pub(crate) fn middle_at(walk: &Walk, [a, b]: [Joint; 2], local_s: f64) -> Option<Point3<f64>> {
    let (a, b) = (walk.position_at(a, local_s)?, walk.position_at(b, local_s)?);
    Some(nalgebra::center(&a, &b))
}

/// Mean over time of a sampled quantity, by trapezoids: frames may be spaced unevenly.
pub(crate) fn mean_over_time(samples: &[(f64, f64)]) -> Option<f64> {
    let (first, last) = (samples.first()?, samples.last()?);
    let span_s = last.0 - first.0;
    if span_s <= 0.0 {
        return Some(first.1);
    }
    let area: f64 = samples
        .windows(2)
        .map(|pair| (pair[1].0 - pair[0].0) * f64::midpoint(pair[0].1, pair[1].1))
        .sum();
    Some(area / span_s)
}

/// Largest minus smallest value.
pub(crate) fn range_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (least, most) = values.fold(
        (f64::INFINITY, f64::NEG_INFINITY),
        |(least, most), value| (least.min(value), most.max(value)),
    );
    (least <= most).then_some(most - least)
}
