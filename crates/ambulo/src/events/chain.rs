//! The most believable sequence of events: left contact, right foot off, right contact, left foot
//! off, and again.
//!
//! Candidates come with their confidence; the sequence may leave candidates out and may skip events
//! that nobody saw, and pays for skipping and for intervals far from those of walking. Dynamic
//! programming finds the best of all sequences.

use super::{EventKind, GaitEvent};
use crate::Side;

/// What one skipped event costs, in confidence. Our choice.
const SKIP: f64 = 0.35;
/// What a break of the sequence costs. Our choice.
const BREAK: f64 = 1.0;
/// An interval that is off by this share of the stride costs [`OFF_COST`]. Our choice.
const OFF_SHARE: f64 = 0.15;
const OFF_COST: f64 = 0.1;
/// Longest interval, in strides, that is still one sequence.
const LONGEST_STRIDES: f64 = 1.4;
/// Contact to the other foot's foot off, as a share of the stride; the rest of a step is the swing
/// of the other foot.
const DOUBLE_SUPPORT: f64 = 0.12;
/// A foot off may seem to come this share of a stride before the contact that it follows.
const EARLY_OFF: f64 = 0.05;

fn place(event: &GaitEvent) -> usize {
    match (event.kind, event.side) {
        (EventKind::InitialContact, Side::Left) => 0,
        (EventKind::FootOff, Side::Right) => 1,
        (EventKind::InitialContact, Side::Right) => 2,
        (EventKind::FootOff, Side::Left) => 3,
    }
}

/// Splits candidates into the best sequence and the rest, each in order of time.
pub(super) fn best(candidates: &[GaitEvent], stride_s: f64) -> (Vec<GaitEvent>, Vec<GaitEvent>) {
    let rank_s = |event: &GaitEvent| match event.kind {
        EventKind::InitialContact => event.time_s,
        EventKind::FootOff => event.time_s + EARLY_OFF * stride_s,
    };
    let mut ordered = candidates.to_vec();
    ordered.sort_by(|a, b| {
        rank_s(a)
            .total_cmp(&rank_s(b))
            .then(place(a).cmp(&place(b)))
    });
    let mut scores: Vec<f64> = Vec::with_capacity(ordered.len());
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(ordered.len());
    // The best sequence that ended longer ago than one sequence can pause.
    let (mut settled, mut oldest): (Option<usize>, usize) = (None, 0);
    for (index, event) in ordered.iter().enumerate() {
        while rank_s(event) - rank_s(&ordered[oldest]) > LONGEST_STRIDES * stride_s {
            if settled.is_none_or(|best| scores[oldest] > scores[best]) {
                settled = Some(oldest);
            }
            oldest += 1;
        }
        let mut score = 0.0;
        let mut from = None;
        if let Some(before) = settled
            && scores[before] - BREAK > score
        {
            (score, from) = (scores[before] - BREAK, settled);
        }
        for before in oldest..index {
            let reached = scores[before] - cost(&ordered[before], event, stride_s);
            if reached > score {
                (score, from) = (reached, Some(before));
            }
        }
        scores.push(score + event.confidence);
        previous.push(from);
    }
    let mut at = (0..scores.len()).reduce(|best, index| {
        if scores[index] > scores[best] {
            index
        } else {
            best
        }
    });
    let mut chosen = vec![false; ordered.len()];
    while let Some(index) = at {
        chosen[index] = true;
        at = previous[index];
    }
    let pick = |wanted: bool| -> Vec<GaitEvent> {
        let mut events: Vec<GaitEvent> = ordered
            .iter()
            .zip(&chosen)
            .filter(|(_, chosen)| **chosen == wanted)
            .map(|(event, _)| *event)
            .collect();
        super::sort(&mut events);
        events
    };
    (pick(true), pick(false))
}

/// What it costs that `after` directly follows `before`.
fn cost(before: &GaitEvent, after: &GaitEvent, stride_s: f64) -> f64 {
    let (from, to) = (place(before), place(after));
    let steps = if to > from { to - from } else { to + 4 - from };
    let expected: f64 = (from..from + steps)
        .map(|place| {
            if place % 2 == 0 {
                DOUBLE_SUPPORT
            } else {
                0.5 - DOUBLE_SUPPORT
            }
        })
        .sum();
    let off = (after.time_s - before.time_s) / stride_s - expected;
    SKIP * (steps - 1) as f64 + OFF_COST * (off / OFF_SHARE).powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventSource;

    fn event(place: usize, time_s: f64, confidence: f64) -> GaitEvent {
        let (kind, side) = [
            (EventKind::InitialContact, Side::Left),
            (EventKind::FootOff, Side::Right),
            (EventKind::InitialContact, Side::Right),
            (EventKind::FootOff, Side::Left),
        ][place];
        GaitEvent {
            side,
            kind,
            time_s,
            frame: 0,
            confidence,
            source: EventSource::Consensus,
        }
    }

    fn walk() -> Vec<GaitEvent> {
        (0..16)
            .map(|i| {
                let half = f64::from(i / 2) * 0.55;
                let late = if i % 2 == 0 { 0.0 } else { 0.13 };
                event(usize::try_from(i % 4).unwrap(), half + late, 0.9)
            })
            .collect()
    }

    #[test]
    fn a_clean_walk_is_kept_whole() {
        let (kept, left_out) = best(&walk(), 1.1);
        assert_eq!(kept, walk());
        assert!(left_out.is_empty());
    }

    #[test]
    fn a_false_event_is_left_out_and_a_missing_one_does_no_harm() {
        let mut candidates = walk();
        candidates.remove(5);
        let expected = candidates.clone();
        candidates.push(event(0, 0.30, 0.6));
        let (kept, left_out) = best(&candidates, 1.1);
        assert_eq!(kept, expected);
        assert_eq!(left_out.len(), 1);
    }

    #[test]
    fn a_pause_breaks_the_sequence_but_loses_nothing() {
        let mut candidates = walk();
        let count = candidates.len();
        candidates.extend(walk().iter().map(|event| GaitEvent {
            time_s: event.time_s + 9.3,
            ..*event
        }));
        assert_eq!(best(&candidates, 1.1).0.len(), 2 * count);
        assert_eq!(best(&[], 1.1).0.len(), 0);
    }
}
