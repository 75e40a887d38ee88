//! Is it one person, in whole time, with legs that keep their sides?

use super::body::{Body, Track, median, quantile};
use super::completeness::places;
use super::{Grade, QualityConfig, QualityFinding};
use crate::Side;

pub(super) fn check(body: &Body, leg: f64, config: &QualityConfig) -> Vec<QualityFinding> {
    let paces = paces(body);
    let mut findings = Vec::new();
    findings.extend(frozen(body, leg, &paces, config));
    findings.extend(jumps(body, leg, &paces, config));
    findings.extend(leg_swaps(body, leg));
    findings
}

/// The trunk and the knees: what moves at the body's own pace.
fn slow_tracks(body: &Body) -> Vec<&Track> {
    Side::BOTH
        .into_iter()
        .flat_map(|side| [body.hip(side), body.shoulder(side), body.knee(side)])
        .flatten()
        .collect()
}

/// The body's movement since the frame before: the median of its points.
fn paces(body: &Body) -> Vec<Option<f64>> {
    let tracks = slow_tracks(body);
    (0..body.frames())
        .map(|frame| {
            let before = frame.checked_sub(1)?;
            let moves = tracks
                .iter()
                .filter_map(|track| Some((track[frame]? - track[before]?).norm()))
                .collect();
            median(moves)
        })
        .collect()
}

/// Speed that most frames around this one stay below.
fn usual_speed(body: &Body, paces: &[Option<f64>], frame: usize) -> Option<f64> {
    const AROUND_S: f64 = 0.6;
    let now_s = body.times_s[frame];
    let from = body.times_s.partition_point(|&t| t < now_s - AROUND_S);
    let to = body.times_s.partition_point(|&t| t <= now_s + AROUND_S);
    let speeds = (from.max(1)..to)
        .filter(|&other| other != frame)
        .filter_map(|other| Some(paces[other]? / (body.times_s[other] - body.times_s[other - 1])))
        .collect();
    quantile(speeds, 0.8)
}

fn jumps(
    body: &Body,
    leg: f64,
    paces: &[Option<f64>],
    config: &QualityConfig,
) -> Vec<QualityFinding> {
    let allowance = if body.flat { 0.08 } else { 0.04 } * leg;
    let mut jumps: Vec<(usize, f64)> = Vec::new();
    for frame in 1..body.frames() {
        let Some(pace) = paces[frame].filter(|&pace| pace > allowance) else {
            continue;
        };
        let Some(usual) = usual_speed(body, paces, frame) else {
            continue;
        };
        let step_s = body.times_s[frame] - body.times_s[frame - 1];
        if pace > config.jump_factor * usual * step_s + allowance {
            jumps.push((frame, pace));
        }
    }
    let mut findings = Vec::new();
    let other_person = jumps.iter().find_map(|&(frame, pace)| {
        let change = size_change(body, frame);
        let by_size = change.is_some_and(|change| change.abs() > config.person_size_change);
        (by_size || pace > config.person_jump_legs * leg).then_some((frame, pace, change))
    });
    if let Some((frame, pace, change)) = other_person {
        let size = change.map_or_else(String::new, |change| {
            format!(" and its size changes by {:+.0} %", 100.0 * change)
        });
        findings.push(
            QualityFinding::new(
                "another_person",
                Grade::Reject,
                format!(
                    "At frame {frame} the body jumps by {:.1} leg lengths{size}: the recording goes \
                     on with another person.",
                    pace / leg
                ),
            )
            .measured(pace / leg, config.person_jump_legs, "leg lengths")
            .at([frame - 1, frame + 1])
            .advised("Choose the subject, or cut the recording before the jump."),
        );
        jumps.retain(|&(other, _)| other != frame);
    }
    if let Some(&(frame, pace)) = jumps.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
        findings.push(
            QualityFinding::new(
                "dropped_frames",
                Grade::Caution,
                format!(
                    "The body jumps ahead in {}, most by {:.2} leg lengths from one frame to the \
                     next: frames are lost and time is too short.",
                    places(jumps.len()),
                    pace / leg
                ),
            )
            .measured(pace / leg, config.jump_factor, "leg lengths")
            .at([frame - 1, frame + 1])
            .advised("Times and speeds are wrong; use the original file of the camera."),
        );
    }
    findings
}

/// How much longer the legs are after a frame than before it, as a share.
fn size_change(body: &Body, frame: usize) -> Option<f64> {
    const BESIDE_S: f64 = 0.5;
    let lengths = body.leg_lengths();
    let at_s = body.times_s[frame];
    let from = body.times_s.partition_point(|&t| t < at_s - BESIDE_S);
    let to = body.times_s.partition_point(|&t| t <= at_s + BESIDE_S);
    let before = median(lengths[from..frame].iter().flatten().copied().collect())?;
    let after = median(lengths[frame..to].iter().flatten().copied().collect())?;
    Some(after / before - 1.0)
}

fn frozen(
    body: &Body,
    leg: f64,
    paces: &[Option<f64>],
    config: &QualityConfig,
) -> Option<QualityFinding> {
    const LEAST_SPEED_LEGS: f64 = 0.15;
    let tracks = slow_tracks(body);
    let same = |frame: usize| {
        let mut seen = 0;
        for track in &tracks {
            match (track[frame - 1], track[frame]) {
                (Some(a), Some(b)) if a == b => seen += 1,
                (None, None) => {}
                _ => return false,
            }
        }
        seen >= 3
    };
    let mut longest: Option<[usize; 2]> = None;
    let mut start = 1;
    for frame in 1..=body.frames() {
        if frame < body.frames() && same(frame) {
            continue;
        }
        // Frames start−1 to frame−1 are the same.
        let run_s = body.times_s[frame - 1] - body.times_s[start - 1];
        let moved =
            usual_speed(body, paces, start - 1).is_some_and(|speed| speed > LEAST_SPEED_LEGS * leg);
        let is_longer =
            longest.is_none_or(|[from, to]| run_s > body.times_s[to - 1] - body.times_s[from]);
        if frame >= start + 2 && run_s >= config.min_frozen_s && moved && is_longer {
            longest = Some([start - 1, frame]);
        }
        start = frame + 1;
    }
    let [from, to] = longest?;
    let frozen_s = body.times_s[to - 1] - body.times_s[from];
    Some(
        QualityFinding::new(
            "frozen_frames",
            Grade::Caution,
            format!(
                "The recording stands still for {frozen_s:.2} s while the subject walks: {} frames \
                 are exactly the same.",
                to - from
            ),
        )
        .measured(frozen_s, config.min_frozen_s, "s")
        .at([from, to])
        .advised("Use the original file of the camera, or cut this stretch out."),
    )
}

/// Frames at which the legs fit better with their sides exchanged.
fn leg_swaps(body: &Body, leg: f64) -> Option<QualityFinding> {
    const GAIN: f64 = 0.5;
    let (left, right) = (body.leg(Side::Left), body.leg(Side::Right));
    let pairs: Vec<(&Track, &Track)> = left
        .into_iter()
        .zip(right)
        .filter_map(|(left, right)| left.zip(right))
        .collect();
    let mut swaps = Vec::new();
    for frame in 1..body.frames() {
        let (mut kept, mut exchanged) = (0.0, 0.0);
        for (left, right) in &pairs {
            let four = (left[frame - 1], left[frame], right[frame - 1], right[frame]);
            if let (Some(l0), Some(l1), Some(r0), Some(r1)) = four {
                kept += (l1 - l0).norm() + (r1 - r0).norm();
                exchanged += (l1 - r0).norm() + (r1 - l0).norm();
            }
        }
        if kept > 0.3 * leg && exchanged < GAIN * kept {
            swaps.push(frame);
        }
    }
    let (&first, &last) = swaps.first().zip(swaps.last())?;
    Some(
        QualityFinding::new(
            "leg_swaps",
            Grade::Caution,
            format!(
                "The legs exchange their sides {} between frames {first} and {last}.",
                if swaps.len() == 1 {
                    "once".to_owned()
                } else {
                    format!("{} times", swaps.len())
                }
            ),
        )
        .measured(swaps.len() as f64, 0.0, "exchanges")
        .at([first, last + 1])
        .advised("The sides are repaired where that is certain; check the overlay before trusting differences between left and right."),
    )
}
