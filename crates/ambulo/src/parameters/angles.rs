//! The foot's angles and clearance, and the knee at its straightest.

use nalgebra::{Point3, Vector3};

use super::ParameterId;
use super::measure::Values;
use super::view::{Samples, StrideView, mean_over_time};
use crate::kinematics::{AngleId, AngleSeries};
use crate::skeleton::Joint;
use crate::walk::View;

/// Puts foot progression, foot strike, foot height, toe clearance and knee extension.
pub(super) fn measure(view: &StrideView<'_>, angles: &AngleSeries, values: &mut Values) {
    if let Some(knee) = least_knee_flexion_deg(view, angles) {
        values.insert(ParameterId::KneeFlexionMaximumExtension, knee);
    }
    if let Some(angle) = foot_progression_deg(view) {
        values.insert(ParameterId::FootProgressionAngle, angle);
    }
    if let Some(angle) = foot_strike_deg(view) {
        values.insert(ParameterId::FootStrikeAngle, angle);
    }
    let side = view.cycle.side;
    let toe = view.walk.toe(side);
    let high = toe.or_else(|| view.walk.foot(side));
    if let Some(height) = high.and_then(|joint| swing_heights(view, joint)) {
        let highest = height.iter().map(|(_, h)| *h).fold(f64::MIN, f64::max);
        values.insert(ParameterId::MaximumFootHeight, highest);
    }
    if let Some(clearance) = toe
        .and_then(|joint| swing_heights(view, joint))
        .and_then(|heights| lowest_in_mid_swing(view, &heights))
    {
        values.insert(ParameterId::MinimumToeClearance, clearance);
    }
}

/// The track of an angle at a time of the trial, linear between frames.
fn angle_at(view: &StrideView<'_>, degrees: &[Option<f64>], time_s: f64) -> Option<f64> {
    let times_s = view.walk.time().times_s();
    let local_s = super::view::local_time_s(view.walk, time_s);
    let after = times_s.partition_point(|&t| t < local_s);
    let b = (*degrees.get(after)?)?;
    let after_s = *times_s.get(after)?;
    if after_s <= local_s {
        return Some(b);
    }
    let before = after.checked_sub(1)?;
    let a = degrees[before]?;
    Some(a + (b - a) * (local_s - times_s[before]) / (after_s - times_s[before]))
}

fn least_knee_flexion_deg(view: &StrideView<'_>, angles: &AngleSeries) -> Option<f64> {
    let cycle = &view.cycle;
    let track = angles
        .tracks
        .get(cycle.side)
        .get(&AngleId::KneeFlexion)?
        .degrees
        .as_slice();
    // Angles come in the walk's frames; a file's own angles may span the whole trial.
    let degrees = if track.len() == view.walk.frames() {
        track
    } else {
        track
            .get(view.walk.start_frame()..)?
            .get(..view.walk.frames())?
    };
    let times_s = super::view::sample_times(view.walk, cycle.start_s, cycle.foot_off_s);
    let seen: Vec<f64> = times_s
        .iter()
        .filter_map(|&time_s| angle_at(view, degrees, time_s))
        .collect();
    (seen.len() * 10 >= times_s.len() * 9)
        .then(|| seen.into_iter().reduce(f64::min))
        .flatten()
}

/// The rear and the front of a foot: heel, else ankle; and the toe.
fn foot_line(view: &StrideView<'_>) -> Option<(Joint, Joint)> {
    let side = view.cycle.side;
    Some((view.walk.foot(side)?, view.walk.toe(side)?))
}

fn foot_progression_deg(view: &StrideView<'_>) -> Option<f64> {
    if view.walk.view() != View::Spatial {
        return None;
    }
    let cycle = &view.cycle;
    let (rear, front) = foot_line(view)?;
    let middle_s = f64::midpoint(cycle.start_s, cycle.foot_off_s);
    let foot = view.at(front, middle_s)? - view.at(rear, middle_s)?;
    let outwards = view.across(&foot) * cycle.side.z_sign();
    Some((-outwards).atan2(view.along(&foot)).to_degrees())
}

/// Sagittal pitch of the foot, toes up positive.
fn pitch_deg(view: &StrideView<'_>, foot: &Vector3<f64>) -> f64 {
    foot.y.atan2(view.along(foot)).to_degrees()
}

fn foot_strike_deg(view: &StrideView<'_>) -> Option<f64> {
    let (rear, front) = foot_line(view)?;
    let contact_s = view.cycle.start_s;
    let at_contact = view.at(front, contact_s)? - view.at(rear, contact_s)?;
    let (from_s, to_s) = view.flat_foot_after(contact_s);
    let flat = view.on_the_spot().over(from_s, to_s, |walk, local_s| {
        let foot = walk.position_at(front, local_s)? - walk.position_at(rear, local_s)?;
        Some(Point3::from(foot))
    })?;
    let pitches: Vec<_> = flat
        .iter()
        .map(|(time_s, foot)| (*time_s, pitch_deg(view, &foot.coords)))
        .collect();
    let flat_deg = mean_over_time(&pitches)?;
    Some(pitch_deg(view, &at_contact) - flat_deg)
}

/// Heights of a joint over the swing above its level while the foot lay flat before and after.
fn swing_heights(view: &StrideView<'_>, joint: Joint) -> Option<Vec<(f64, f64)>> {
    let cycle = &view.cycle;
    let level = |contact_s: f64| {
        let (from_s, to_s) = view.flat_foot_after(contact_s);
        mean_over_time(&heights(&view.joint_over(joint, from_s, to_s)?))
    };
    let before = level(cycle.start_s)?;
    // On a slope, or seen by a tilted camera, the floor rises: the level is drawn between both.
    let after = level(cycle.end_s).unwrap_or(before);
    let swing = view.joint_over(joint, cycle.foot_off_s, cycle.end_s)?;
    let span_s = cycle.end_s - cycle.foot_off_s;
    let above = heights(&swing).into_iter().map(|(time_s, height)| {
        let share = (time_s - cycle.foot_off_s) / span_s;
        (time_s, height - (before + (after - before) * share))
    });
    Some(above.collect())
}

fn heights(samples: &Samples) -> Vec<(f64, f64)> {
    samples.iter().map(|(t, p)| (*t, p.y)).collect()
}

/// The lowest local minimum in mid-swing; where the toe only rises or falls, its lowest point there.
fn lowest_in_mid_swing(view: &StrideView<'_>, heights: &[(f64, f64)]) -> Option<f64> {
    let (from_s, to_s) = (heights.first()?.0, heights.last()?.0);
    let is_middle = |time_s: f64| {
        let share = (time_s - from_s) / (to_s - from_s);
        view.config.mid_swing.contains(share)
    };
    heights
        .windows(3)
        .filter(|w| is_middle(w[1].0) && w[1].1 <= w[0].1 && w[1].1 < w[2].1)
        .map(|w| vertex(w[0], w[1], w[2]))
        .reduce(f64::min)
        .or_else(|| {
            let middle = heights.iter().filter(|(time_s, _)| is_middle(*time_s));
            middle.map(|(_, height)| *height).reduce(f64::min)
        })
}

/// The least value of the parabola through three points around a minimum.
fn vertex(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> f64 {
    let (left, right) = ((b.1 - a.1) / (b.0 - a.0), (c.1 - b.1) / (c.0 - b.0));
    let curvature = (right - left) / (c.0 - a.0);
    if curvature <= 0.0 {
        return b.1;
    }
    let slope = (left * (c.0 - b.0) + right * (b.0 - a.0)) / (c.0 - a.0);
    b.1 - slope * slope / (4.0 * curvature)
}
