//! Agreement of events with a reference: how many are found, missed and invented, and how far off.

use serde::{Deserialize, Serialize};

use crate::Side;
use crate::events::{EventKind, GaitEvent};

/// Two events of one foot and kind closer than this cannot both be true.
const TOO_CLOSE_S: f64 = 0.3;
/// Consecutive events of one foot and kind in the reference this near leave no room between them.
const ONE_STRIDE_S: f64 = 2.0;

/// An event and the reference's event it means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EventPair {
    /// What was predicted.
    pub predicted: GaitEvent,
    /// What the reference says.
    pub reference: GaitEvent,
    /// Predicted minus reference, in seconds: positive is late.
    pub difference_s: f64,
}

/// Predicted events held against a reference.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EventAgreement {
    /// Events found, in order of the reference's time.
    pub found: Vec<EventPair>,
    /// Events of the reference that were not found.
    pub missed: Vec<GaitEvent>,
    /// Predicted events where the reference says there is none.
    pub invented: Vec<GaitEvent>,
    /// Predicted events that the reference says nothing about.
    pub unjudged: usize,
}

impl EventAgreement {
    /// The share of the reference's events that were found; `None` without reference.
    pub fn found_share(&self) -> Option<f64> {
        let all = self.found.len() + self.missed.len();
        (all > 0).then(|| self.found.len() as f64 / all as f64)
    }

    /// Differences of one kind in seconds, in order of time.
    pub fn differences_s(&self, kind: EventKind) -> Vec<f64> {
        self.found
            .iter()
            .filter(|pair| pair.reference.kind == kind)
            .map(|pair| pair.difference_s)
            .collect()
    }
}

/// Pairs events of the same foot and kind within `tolerance_s`, nearest first, each used once.
///
/// A reference often covers only a part of a trial, such as the steps on force plates. A predicted
/// event without a partner counts as invented only where the reference shows that there is none:
/// within 0.3 s of one of its events of the same foot and kind, or between two of them at most 2 s
/// apart. Elsewhere it is not judged.
pub fn match_events(
    predicted: &[GaitEvent],
    reference: &[GaitEvent],
    tolerance_s: f64,
) -> EventAgreement {
    let mut agreement = EventAgreement::default();
    for side in Side::BOTH {
        for kind in [EventKind::InitialContact, EventKind::FootOff] {
            let of = |events: &[GaitEvent]| -> Vec<GaitEvent> {
                let mut own: Vec<GaitEvent> = events
                    .iter()
                    .filter(|event| event.side == side && event.kind == kind)
                    .copied()
                    .collect();
                own.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
                own
            };
            match_one_kind(&of(predicted), &of(reference), tolerance_s, &mut agreement);
        }
    }
    agreement
        .found
        .sort_by(|a, b| a.reference.time_s.total_cmp(&b.reference.time_s));
    for events in [&mut agreement.missed, &mut agreement.invented] {
        events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    }
    agreement
}

fn match_one_kind(
    predicted: &[GaitEvent],
    reference: &[GaitEvent],
    tolerance_s: f64,
    agreement: &mut EventAgreement,
) {
    let mut candidates: Vec<(f64, usize, usize)> = Vec::new();
    for (p, own) in predicted.iter().enumerate() {
        for (r, other) in reference.iter().enumerate() {
            let apart_s = (own.time_s - other.time_s).abs();
            if apart_s <= tolerance_s {
                candidates.push((apart_s, p, r));
            }
        }
    }
    candidates.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut used = vec![false; predicted.len()];
    let mut met = vec![false; reference.len()];
    for (_, p, r) in candidates {
        if !used[p] && !met[r] {
            (used[p], met[r]) = (true, true);
            agreement.found.push(EventPair {
                predicted: predicted[p],
                reference: reference[r],
                difference_s: predicted[p].time_s - reference[r].time_s,
            });
        }
    }
    let unmet = reference.iter().zip(&met).filter(|(_, met)| !**met);
    agreement.missed.extend(unmet.map(|(event, _)| *event));
    for (event, _) in predicted.iter().zip(&used).filter(|(_, used)| !**used) {
        if denied(event.time_s, reference) {
            agreement.invented.push(*event);
        } else {
            agreement.unjudged += 1;
        }
    }
}

/// Whether the reference's events of the same foot and kind leave no room for one at that time.
fn denied(time_s: f64, reference: &[GaitEvent]) -> bool {
    let near = reference
        .iter()
        .any(|event| (event.time_s - time_s).abs() < TOO_CLOSE_S);
    let between = reference.windows(2).any(|pair| {
        pair[0].time_s <= time_s
            && time_s <= pair[1].time_s
            && pair[1].time_s - pair[0].time_s <= ONE_STRIDE_S
    });
    near || between
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventSource;

    fn contacts(times_s: &[f64]) -> Vec<GaitEvent> {
        times_s
            .iter()
            .map(|&time_s| GaitEvent {
                side: Side::Left,
                kind: EventKind::InitialContact,
                time_s,
                frame: 0,
                confidence: 1.0,
                source: EventSource::Consensus,
            })
            .collect()
    }

    #[test]
    fn events_are_found_missed_invented_or_not_judged() {
        let agreement = match_events(
            &contacts(&[1.02, 1.5, 2.2, 8.0]),
            &contacts(&[1.0, 2.0, 3.0]),
            0.1,
        );
        assert_eq!(agreement.found.len(), 1);
        assert!((agreement.found[0].difference_s - 0.02).abs() < 1e-12);
        assert_eq!(agreement.missed.len(), 2);
        assert_eq!(agreement.invented.len(), 2);
        assert_eq!(agreement.unjudged, 1);
        assert_eq!(agreement.found_share(), Some(1.0 / 3.0));
    }

    #[test]
    fn each_event_is_used_once_and_the_nearest_wins() {
        let agreement = match_events(&contacts(&[1.05, 0.99]), &contacts(&[1.0]), 0.1);
        assert_eq!(agreement.found.len(), 1);
        assert!((agreement.found[0].predicted.time_s - 0.99).abs() < 1e-12);
        assert_eq!(agreement.invented.len(), 1);
    }

    #[test]
    fn nothing_against_nothing_has_no_share() {
        assert_eq!(match_events(&[], &[], 0.1).found_share(), None);
    }
}
