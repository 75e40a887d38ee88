//! Peaks that can be events, and what to say where one is missing.

use super::signals::{Foot, FootSignals, Signal};
use super::{EventConfig, EventKind, GaitEvent};
use crate::Side;
use crate::signal::peaks::{Limits, PeakConfig, find_peaks_in_runs, refine};

/// A candidate: when, and how clear it is from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pick {
    pub(crate) time_s: f64,
    pub(crate) frame: usize,
    pub(crate) clearness: f64,
}

/// What a rule finds on one foot.
#[derive(Debug, Default)]
pub(crate) struct FootPicks {
    pub(crate) contacts: Vec<Pick>,
    pub(crate) offs: Vec<Pick>,
    pub(crate) messages: Vec<String>,
}

/// Applies a rule to each foot that is known, and makes events of what it finds.
pub(crate) fn each_foot(
    signals: &FootSignals,
    mut rule: impl FnMut(Side, &Foot) -> FootPicks,
) -> (Vec<GaitEvent>, Vec<String>) {
    let mut events = Vec::new();
    let mut messages = Vec::new();
    for side in Side::BOTH {
        let Some(foot) = signals.feet.get(side) else {
            messages.push(format!("no point of the {} foot is known", side.name()));
            continue;
        };
        let found = rule(side, foot);
        messages.extend(found.messages);
        for (kind, picks) in [
            (EventKind::InitialContact, found.contacts),
            (EventKind::FootOff, found.offs),
        ] {
            events.extend(
                picks
                    .iter()
                    .map(|pick| signals.event(side, kind, pick.time_s, pick.clearness)),
            );
        }
    }
    (events, messages)
}

/// Prominence, as a share of the range, from which a peak is as clear as it gets.
const CLEAR: f64 = 0.5;

/// The maxima of a signal, refined between frames.
pub(crate) fn maxima(signals: &FootSignals, values: &Signal, config: &EventConfig) -> Vec<Pick> {
    let Some(range) = range(values) else {
        return Vec::new();
    };
    let Some(stride_s) = signals.stride_s else {
        return Vec::new();
    };
    let Some(step_s) = step_s(&signals.times_s) else {
        return Vec::new();
    };
    let limits = PeakConfig {
        distance: Some((config.min_distance_strides * stride_s / step_s).max(1.0)),
        prominence: Limits {
            min: Some(config.min_prominence * range),
            max: None,
        },
        ..PeakConfig::default()
    };
    let plain: Vec<f64> = values.iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    find_peaks_in_runs(&signals.times_s, values, &limits)
        .into_iter()
        .map(|peak| Pick {
            time_s: refined(&signals.times_s, &plain, peak.index),
            frame: peak.index,
            clearness: (peak.prominence / range / CLEAR).min(1.0),
        })
        .collect()
}

/// The minima of a signal, refined between frames.
pub(crate) fn minima(signals: &FootSignals, values: &Signal, config: &EventConfig) -> Vec<Pick> {
    maxima(signals, &negated(values), config)
}

pub(crate) fn negated(values: &Signal) -> Signal {
    values.iter().map(|v| v.map(|v| -v)).collect()
}

/// The vertex beside a frame, where both neighbours are known.
pub(crate) fn refined(times_s: &[f64], plain: &[f64], index: usize) -> f64 {
    let known = |i: usize| plain.get(i).is_some_and(|v| v.is_finite());
    let inner = index > 0 && known(index - 1) && known(index + 1);
    match refine(times_s, plain, index) {
        Some((time_s, _)) if inner => time_s,
        _ => times_s[index],
    }
}

/// The range of a signal without its extreme 2 %.
pub(crate) fn range(values: &Signal) -> Option<f64> {
    let mut known: Vec<f64> = values.iter().flatten().copied().collect();
    known.sort_by(f64::total_cmp);
    let cut = known.len() / 50;
    let range = known.get(known.len().checked_sub(1 + cut)?)? - known.get(cut)?;
    (range > 0.0).then_some(range)
}

fn step_s(times_s: &[f64]) -> Option<f64> {
    let steps = times_s.windows(2).map(|w| w[1] - w[0]).collect();
    crate::bouts::median(steps)
}

/// Where a signal has no peak for longer than strides last: one sentence each.
pub(crate) fn missing(
    signals: &FootSignals,
    side: Side,
    what: &str,
    picks: &[Pick],
) -> Vec<String> {
    let Some(stride_s) = signals.stride_s else {
        return vec![format!(
            "no rhythm of steps was found between {:.2} s and {:.2} s",
            signals.start_s,
            signals.start_s + signals.times_s.last().copied().unwrap_or(0.0)
        )];
    };
    let end_s = signals.times_s.last().copied().unwrap_or(0.0);
    let mut marks: Vec<f64> = picks.iter().map(|pick| pick.time_s).collect();
    marks.sort_by(f64::total_cmp);
    marks.insert(0, 0.0);
    marks.push(end_s);
    let count = marks.len();
    marks
        .windows(2)
        .enumerate()
        .filter(|(index, pair)| {
            let at_an_end = *index == 0 || index + 2 == count;
            pair[1] - pair[0] > if at_an_end { 1.3 } else { 1.6 } * stride_s
        })
        .map(|(_, pair)| {
            format!(
                "no peaks in {} {what} signal between {:.2} s and {:.2} s",
                side.name(),
                signals.start_s + pair[0],
                signals.start_s + pair[1]
            )
        })
        .collect()
}
