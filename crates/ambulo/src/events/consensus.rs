//! One answer from several detectors.
//!
//! The detectors agree on which events there are; the moment is then read from the foot's own speed
//! over the ground, which depends least on frame rate and filter. Where heel and toe are not both
//! known, the moment is the detectors' weighted median.
//!
//! Each published rule marks a slightly different moment: the heel is farthest ahead of the pelvis
//! some 35 ms before it carries load. The known offset of every detector is taken off before they
//! vote, so that it does not matter which of them a recording allows.

use super::signals::{Foot, FootSignals};
use super::{Detected, Detection, EventConfig, EventKind, EventSource, GaitEvent, chain, sort};
use crate::Side;
use crate::walk::View;

/// How a detector votes on one kind of event.
#[derive(Debug, Clone, Copy)]
struct Vote {
    /// Weight, from the accuracies published: 1 for a spread of about 10 ms.
    weight: f64,
    /// Seconds by which the rule is late against force plates; negative where it is early.
    late_s: f64,
}

/// Offsets measured with this project's filters against force plates of children and adults; see
/// the validation of events.
///
/// Where the recording has no heel and toe, the ankle stands for both and only its way ahead of the
/// pelvis tells events.
fn vote(source: EventSource, kind: EventKind, has_sole: bool) -> Option<Vote> {
    use EventKind::{FootOff, InitialContact};
    let (weight, late_s) = match (source, kind) {
        (EventSource::Zeni | EventSource::ZeniVelocity, _) if !has_sole => {
            return vote(EventSource::AnklePelvis2d, kind, has_sole);
        }
        (EventSource::Hreljac | EventSource::OconnorFva, _) if !has_sole => return None,
        (EventSource::Zeni | EventSource::ZeniVelocity, InitialContact) => (1.0, -0.035),
        (EventSource::Zeni | EventSource::ZeniVelocity, FootOff) => (1.0, 0.011),
        (EventSource::AnklePelvis2d, InitialContact) => (0.7, -0.033),
        (EventSource::AnklePelvis2d, FootOff) => (0.7, -0.020),
        (EventSource::Hreljac, InitialContact) => (0.3, 0.0),
        (EventSource::Hreljac, FootOff) => (0.7, 0.030),
        (EventSource::OconnorFva, InitialContact) => (0.4, 0.0),
        (EventSource::OconnorFva, FootOff) => (0.7, 0.0),
        (EventSource::FrontView, _) => (1.0, 0.0),
        _ => return None,
    };
    Some(Vote { weight, late_s })
}

/// Forward speed of the heel, as a share of walking speed, at contact. Force plates show contact
/// at 0.3; smoothing spreads the braking, more so with the lower cut-off of keypoints, and their
/// noise hides where the flat end of the braking crosses a low speed.
const CONTACT_SPEED: f64 = 0.4;
const CONTACT_SPEED_SEEN: f64 = 0.58;
/// Forward speed of the toe, as a share of walking speed, with which it leaves the ground.
const FOOT_OFF_SPEED: f64 = 0.70;

/// The share of the detectors' weight that makes a candidate.
const LEAST_SUPPORT: f64 = 0.35;
/// Candidates of one foot and kind lie at least this share of a stride apart.
const APART_STRIDES: f64 = 0.2;
/// Confidence from which a candidate that was left out is worth a message.
const WORTH_TELLING: f64 = 0.6;

/// A detector's event with its known offset taken off.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    time_s: f64,
    weight: f64,
    clearness: f64,
}

pub(crate) fn of(
    signals: &FootSignals,
    by_detector: Vec<Detected>,
    config: &EventConfig,
) -> Detection {
    let mut messages = Vec::new();
    if signals.stride_s.is_none() {
        messages.push(format!(
            "no rhythm of steps was found between {:.2} s and {:.2} s",
            signals.start_s,
            signals.start_s + signals.times_s.last().copied().unwrap_or(0.0)
        ));
    }
    let mut events = Vec::new();
    for side in Side::BOTH {
        for kind in [EventKind::InitialContact, EventKind::FootOff] {
            events.extend(agreed(signals, &by_detector, side, kind, config));
        }
    }
    sort(&mut events);
    if let Some(stride_s) = signals.stride_s {
        let (kept, left_out) = chain::best(&events, stride_s);
        let doubtful = left_out
            .iter()
            .filter(|event| event.confidence >= WORTH_TELLING);
        messages.extend(doubtful.map(|event| {
            format!(
                "a {} {} at {:.2} s does not fit the order of steps and was left out",
                event.side.name(),
                event.kind.name(),
                event.time_s
            )
        }));
        events = kept;
    }
    if let Some(first) = by_detector.first() {
        messages.extend(first.messages.iter().cloned());
    }
    messages.dedup();
    Detection {
        events,
        by_detector,
        messages,
        stride_period_s: signals.stride_s,
    }
}

/// The events of one foot and kind on which the detectors agree.
fn agreed(
    signals: &FootSignals,
    by_detector: &[Detected],
    side: Side,
    kind: EventKind,
    config: &EventConfig,
) -> Vec<GaitEvent> {
    let has_sole = signals
        .feet
        .get(side)
        .as_ref()
        .is_some_and(|foot| foot.has_sole);
    let mut pool: Vec<Candidate> = Vec::new();
    let mut electorate = 0.0;
    for detected in by_detector {
        let Some(vote) = vote(detected.source, kind, has_sole) else {
            continue;
        };
        let before = pool.len();
        pool.extend(
            detected
                .events
                .iter()
                .filter(|event| event.side == side && event.kind == kind)
                .map(|event| Candidate {
                    time_s: event.time_s - signals.start_s - vote.late_s,
                    weight: vote.weight,
                    clearness: event.confidence,
                }),
        );
        if pool.len() > before {
            electorate += vote.weight;
        }
    }
    let mut events = Vec::new();
    // Near alternatives stay: the order of all events decides between them.
    let apart_s = APART_STRIDES * signals.stride_s.unwrap_or(1.1);
    let far_s = apart_s.max(config.agreement_s);
    for mut pool in apart(&pool, far_s) {
        while let Some(group) = heaviest(&pool, config.agreement_s) {
            let support: f64 = group.iter().map(|candidate| candidate.weight).sum();
            let centre_s = weighted_median(&group);
            pool.retain(|candidate| (candidate.time_s - centre_s).abs() >= apart_s);
            if support < LEAST_SUPPORT * electorate {
                continue;
            }
            let clearness = group.iter().map(|c| c.weight * c.clearness).sum::<f64>() / support;
            // That there is an event is the detectors' finding; when it was, the foot itself tells best.
            let time_s = signals
                .feet
                .get(side)
                .as_ref()
                .filter(|foot| foot.has_sole)
                .and_then(|foot| speed_change(signals, foot, centre_s, kind, config.agreement_s))
                .unwrap_or(centre_s);
            let confidence = (support / electorate).min(1.0) * (0.5 + 0.5 * clearness);
            events.push(signals.event(side, kind, time_s, confidence));
        }
    }
    events
}

/// The candidates in pools farther apart than `far_s`, which cannot touch each other: a long
/// recording then costs no more for each step than a short one.
fn apart(candidates: &[Candidate], far_s: f64) -> Vec<Vec<Candidate>> {
    let mut sorted = candidates.to_vec();
    sorted.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    sorted
        .chunk_by(|a, b| b.time_s - a.time_s <= far_s)
        .map(<[Candidate]>::to_vec)
        .collect()
}

/// The group of candidates within reach of one of them that weighs most; the earliest of equals.
fn heaviest(pool: &[Candidate], within_s: f64) -> Option<Vec<Candidate>> {
    let mut best: Option<(f64, Vec<Candidate>)> = None;
    for seed in pool {
        let group: Vec<Candidate> = pool
            .iter()
            .filter(|candidate| (candidate.time_s - seed.time_s).abs() <= within_s)
            .copied()
            .collect();
        let weight: f64 = group
            .iter()
            .map(|candidate| candidate.weight * (0.5 + candidate.clearness))
            .sum();
        if best.as_ref().is_none_or(|(most, _)| weight > *most + 1e-12) {
            best = Some((weight, group));
        }
    }
    best.map(|(_, group)| group)
}

fn weighted_median(group: &[Candidate]) -> f64 {
    let mut sorted = group.to_vec();
    sorted.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    let half = sorted.iter().map(|candidate| candidate.weight).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    for (index, candidate) in sorted.iter().enumerate() {
        sum += candidate.weight;
        if sum > half + 1e-12 {
            return candidate.time_s;
        }
        if (sum - half).abs() <= 1e-12 {
            let next = sorted.get(index + 1).unwrap_or(candidate);
            return f64::midpoint(candidate.time_s, next.time_s);
        }
    }
    sorted.last().map_or(0.0, |candidate| candidate.time_s)
}

/// When the heel has slowed to its speed at contact, or the toe has gained that of foot off.
///
/// Noise lets a standing foot cross these speeds again and again: the crossing that counts is the
/// one next to where the foot is as fast as the body.
fn speed_change(
    signals: &FootSignals,
    foot: &Foot,
    near_s: f64,
    kind: EventKind,
    within_s: f64,
) -> Option<f64> {
    let (forward, share, sign) = match kind {
        EventKind::InitialContact if signals.view == View::Sagittal => {
            (&foot.heel_forward, CONTACT_SPEED_SEEN, -1.0)
        }
        EventKind::InitialContact => (&foot.heel_forward, CONTACT_SPEED, -1.0),
        EventKind::FootOff => (&foot.toe_forward, FOOT_OFF_SPEED, 1.0),
    };
    let times_s = &signals.times_s;
    let window =
        crate::bouts::frames_between(times_s, near_s - within_s - 0.1, near_s + within_s + 0.1);
    let crossings = |share: f64| -> Vec<f64> {
        let over = |frame: usize| Some(sign * (forward[frame]? - share * signals.speed[frame]?));
        window
            .clone()
            .skip(1)
            .filter_map(|frame| {
                let (before, after) = (over(frame - 1)?, over(frame)?);
                (before < 0.0 && after >= 0.0).then(|| {
                    let step_s = times_s[frame] - times_s[frame - 1];
                    times_s[frame - 1] + step_s * before / (before - after)
                })
            })
            .collect()
    };
    let as_body_s = crossings(1.0)
        .into_iter()
        .min_by(|a, b| (a - near_s).abs().total_cmp(&(b - near_s).abs()))?;
    let changes = crossings(share);
    match kind {
        EventKind::InitialContact => changes.into_iter().find(|&time_s| time_s >= as_body_s),
        EventKind::FootOff => changes.into_iter().rfind(|&time_s| time_s <= as_body_s),
    }
    .filter(|time_s| (time_s - near_s).abs() <= within_s)
}
