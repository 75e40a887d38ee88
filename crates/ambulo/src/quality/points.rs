//! Are single points steady, in place and at constant distances?

use super::body::{Body, Track, inner_range, median};
use super::{Grade, QualityConfig, QualityFinding};
use crate::Side;

pub(super) fn check(body: &Body, leg: f64, config: &QualityConfig) -> Vec<QualityFinding> {
    let mut findings = Vec::new();
    findings.extend(jitter(body, leg, config));
    findings.extend(spikes(body, leg, config));
    let stuck = stuck(body, leg, config);
    if stuck.is_none() {
        findings.extend(segments(body, config));
    }
    findings.extend(stuck);
    findings
}

/// Whether the frames around this one, `reach` before and after, are evenly spaced.
fn even(body: &Body, frame: usize, before: usize, after: usize) -> bool {
    let times_s = &body.times_s[frame - before..=frame + after];
    let steps = times_s.windows(2).map(|w| w[1] - w[0]);
    let (least, most) = steps.fold((f64::INFINITY, 0.0_f64), |(least, most), step| {
        (least.min(step), most.max(step))
    });
    most <= 1.3 * least
}

fn rate_hz(body: &Body) -> Option<f64> {
    let steps = body.times_s.windows(2).map(|w| w[1] - w[0]).collect();
    median(steps).map(|step_s| 1.0 / step_s)
}

/// Shaking: the third difference of hips and shoulders, which smooth movement hardly has.
fn jitter(body: &Body, leg: f64, config: &QualityConfig) -> Option<QualityFinding> {
    // The standard deviation of a sum with weights 1, 3, 3, 1; the MAD of a normal distribution.
    const THIRD: f64 = 4.472_135_955;
    const NORMAL: f64 = 1.4826;
    let mut differences = Vec::new();
    for side in Side::BOTH {
        for track in [body.hip(side), body.shoulder(side)].into_iter().flatten() {
            for frame in 1..body.frames().saturating_sub(2) {
                if !even(body, frame, 1, 2) {
                    continue;
                }
                let four = (
                    track[frame - 1],
                    track[frame],
                    track[frame + 1],
                    track[frame + 2],
                );
                if let (Some(a), Some(b), Some(c), Some(d)) = four {
                    let third = d - c * 3.0 + b * 3.0 - a;
                    differences.extend([third.x.abs(), third.y.abs()]);
                }
            }
        }
    }
    let sigma_legs = NORMAL * median(differences)? / THIRD / leg;
    let (limit, most, advice) = if body.flat {
        (
            config.max_jitter_keypoints_legs,
            config.reject_jitter_keypoints_legs,
            "Come closer or use a sharper picture",
        )
    } else {
        (
            config.max_jitter_legs,
            config.reject_jitter_legs,
            "Check how the markers were tracked",
        )
    };
    if sigma_legs <= limit {
        return None;
    }
    let shaking = format!(
        "Hips and shoulders shake by {:.1} % of the leg's length from frame to frame",
        100.0 * sigma_legs
    );
    let (grade, message, advice) = if sigma_legs > most {
        (
            Grade::Reject,
            format!(
                "{shaking}: beyond {:.0} % nothing can be measured.",
                100.0 * most
            ),
            format!("{advice}, and record again."),
        )
    } else {
        (
            Grade::Caution,
            format!("{shaking}; up to {:.1} % is usual.", 100.0 * limit),
            format!("{advice}; angles and small differences are unsure."),
        )
    };
    let finding = QualityFinding::new("jitter", grade, message).measured(
        100.0 * sigma_legs,
        100.0 * limit,
        "% of leg length",
    );
    Some(finding.advised(&advice))
}

fn leg_and_shoulder_tracks(body: &Body) -> Vec<&Track> {
    Side::BOTH
        .into_iter()
        .flat_map(|side| body.leg(side).into_iter().chain([body.shoulder(side)]))
        .flatten()
        .collect()
}

/// Single points far from where they are before and after.
fn spikes(body: &Body, leg: f64, config: &QualityConfig) -> Option<QualityFinding> {
    if rate_hz(body)? < config.min_rate_hz {
        return None;
    }
    let (mut spikes, mut points) = (0_usize, 0_usize);
    let mut worst = 0.0_f64;
    for track in leg_and_shoulder_tracks(body) {
        for frame in 1..body.frames().saturating_sub(1) {
            let three = (track[frame - 1], track[frame], track[frame + 1]);
            let (Some(a), Some(b), Some(c)) = three else {
                continue;
            };
            if !even(body, frame, 1, 1) {
                continue;
            }
            points += 1;
            let away = (b - (a + c) * 0.5).norm() / leg;
            if away > config.spike_legs {
                spikes += 1;
                worst = worst.max(away);
            }
        }
    }
    let share = spikes as f64 / points.max(1) as f64;
    (share > config.max_spike_share).then(|| {
        QualityFinding::new(
            "outliers",
            Grade::Caution,
            format!(
                "{spikes} of {points} points ({:.1} %) lie far from where they are in the frames \
                 before and after, at most by {worst:.1} leg lengths.",
                100.0 * share
            ),
        )
        .measured(100.0 * share, 100.0 * config.max_spike_share, "%")
        .advised("Check the labels, or the detector's overlay, at the frames with jumps.")
    })
}

/// Bones do not grow: a segment that changes its length has a wrong end.
fn segments(body: &Body, config: &QualityConfig) -> Option<QualityFinding> {
    let limit = if body.flat {
        config.max_segment_range_keypoints
    } else {
        config.max_segment_range
    };
    let mut worst: Option<(f64, String)> = None;
    for side in Side::BOTH {
        for (name, a, b) in [
            ("thigh", body.hip(side), body.knee(side)),
            ("shank", body.knee(side), body.ankle(side)),
        ] {
            let (Some(a), Some(b)) = (a, b) else { continue };
            let lengths: Vec<f64> = a
                .iter()
                .zip(b)
                .filter_map(|(a, b)| Some(((*a)? - (*b)?).norm()))
                .collect();
            let (Some(usual), Some(range)) = (median(lengths.clone()), inner_range(lengths)) else {
                continue;
            };
            let share = range / usual;
            if worst.as_ref().is_none_or(|(other, _)| share > *other) {
                worst = Some((share, format!("{} {name}", side.name())));
            }
        }
    }
    let (share, name) = worst?;
    (share > limit).then(|| {
        QualityFinding::new(
            "segment_lengths",
            Grade::Caution,
            format!(
                "The {name} changes its length by {:.0} % during the recording; up to {:.0} % is \
                 usual.",
                100.0 * share,
                100.0 * limit
            ),
        )
        .measured(100.0 * share, 100.0 * limit, "%")
        .advised("One of its ends is misplaced: check for exchanged legs, lost markers, or a second person.")
    })
}

/// A point of the leg that stays while the body travels on.
fn stuck(body: &Body, leg: f64, config: &QualityConfig) -> Option<QualityFinding> {
    const STAYS_LEGS: f64 = 0.02;
    let pelvis = body.pelvis()?;
    for side in Side::BOTH {
        let names = ["hip", "knee", "ankle", "heel", "toe"];
        for (track, name) in body.leg(side).into_iter().zip(names) {
            let Some(track) = track else { continue };
            let mut start = 0;
            for frame in 0..body.frames() {
                let (Some(from), Some(here)) = (track[start], track[frame]) else {
                    start = frame;
                    continue;
                };
                if (here - from).norm() > STAYS_LEGS * leg {
                    start = frame;
                    continue;
                }
                let travels = pelvis[start]
                    .zip(pelvis[frame])
                    .map_or(0.0, |(a, b)| (b - a).norm() / leg);
                if travels > config.max_stance_travel_legs {
                    return Some(
                        QualityFinding::new(
                            "stuck_point",
                            Grade::Reject,
                            format!(
                                "The {} {name} stays in one place while the body walks on by \
                                 {travels:.1} leg lengths, further than any step allows.",
                                side.name(),
                            ),
                        )
                        .measured(travels, config.max_stance_travel_legs, "leg lengths")
                        .at([start, frame + 1])
                        .advised("The point is on something else than the body: label it again."),
                    );
                }
            }
        }
    }
    None
}
