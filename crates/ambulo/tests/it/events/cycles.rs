//! Cycles: the order of events and what is believed.

use ambulo::Side;
use ambulo::bouts::{BoutConfig, find_bouts};
use ambulo::cycles::{CycleConfig, Cycles, find_cycles};
use ambulo::events::{EventKind, EventSource, GaitEvent};
use ambulo::synth::{Path, Walker};
use ambulo::walk::Surface;

use super::{events_of, made};

fn cycles_of(events: &[GaitEvent], walker: &Walker) -> Cycles {
    let bouts = find_bouts(&made(walker).motion, &BoutConfig::default()).bouts;
    find_cycles(events, &bouts, &CycleConfig::default())
}

#[test]
fn true_events_give_every_cycle_with_its_step() {
    let walker = Walker::default();
    let truth = made(&walker).truth;
    let found = cycles_of(&truth.events, &walker);
    assert!(found.rejected.is_empty());
    for side in Side::BOTH {
        let contacts = truth
            .events
            .iter()
            .filter(|event| event.side == side && event.kind == EventKind::InitialContact)
            .count();
        let cycles: Vec<_> = found.cycles.iter().filter(|c| c.side == side).collect();
        assert_eq!(cycles.len(), contacts - 1);
        for cycle in cycles.iter().skip(1) {
            let stance_pct = 100.0 * (cycle.foot_off_s - cycle.start_s) / cycle.duration_s();
            assert!((stance_pct - 62.0).abs() < 0.01);
            let step_s = cycle.start_s - cycle.previous_opposite_contact_s.unwrap();
            assert!((step_s - walker.step_time_s()).abs() < 1e-6);
            assert!(cycle.straight);
        }
    }
}

#[test]
fn cycles_in_a_turn_are_not_straight() {
    let walker = Walker {
        path: Path::Turn {
            before_m: 4.0,
            angle_deg: 90.0,
            radius_m: 1.0,
            after_m: 4.0,
        },
        ..Walker::default()
    };
    let trial = made(&walker);
    let found = cycles_of(&events_of(&trial.motion, Surface::Overground), &walker);
    let straight = found.cycles.iter().filter(|cycle| cycle.straight).count();
    assert!(found.rejected.is_empty());
    assert!(straight >= 4 && found.cycles.len() - straight >= 3);
}

#[test]
fn broken_order_is_rejected_with_a_sentence() {
    let walker = Walker::default();
    let truth = made(&walker).truth.events;
    let reasons = |change: &dyn Fn(&mut Vec<GaitEvent>)| -> Vec<String> {
        let mut events = truth.clone();
        change(&mut events);
        let found = cycles_of(&events, &walker);
        found.rejected.into_iter().map(|r| r.reason).collect()
    };
    let is = |event: &GaitEvent, side, kind| event.side == side && event.kind == kind;
    let middle = truth
        .iter()
        .rposition(|event| is(event, Side::Left, EventKind::FootOff) && event.time_s < 3.0)
        .unwrap();
    let without = reasons(&|events| {
        events.remove(middle);
    });
    assert!(!without.is_empty());
    assert!(
        without
            .iter()
            .any(|r| r.starts_with("no left foot off was found between")),
        "{without:?}"
    );
    let twice = reasons(&|events| {
        let mut again = events[middle];
        again.time_s += 0.05;
        again.source = EventSource::File;
        events.push(again);
    });
    assert!(
        twice
            .iter()
            .any(|r| r.starts_with("2 left foot offs lie between")),
        "{twice:?}"
    );
    let early = reasons(&|events| events[middle].time_s -= 0.25);
    assert!(
        early.iter().any(|r| r.contains("comes before")),
        "{early:?}"
    );
}

#[test]
fn impossible_shares_are_rejected_and_pauses_are_not_cycles() {
    let walker = Walker::default();
    let bouts = find_bouts(&made(&walker).motion, &BoutConfig::default()).bouts;
    let event = |side, kind, time_s| GaitEvent {
        side,
        kind,
        time_s,
        frame: 0,
        confidence: 1.0,
        source: EventSource::Consensus,
    };
    let slow = [
        event(Side::Left, EventKind::InitialContact, 0.5),
        event(Side::Right, EventKind::FootOff, 0.6),
        event(Side::Right, EventKind::InitialContact, 0.7),
        event(Side::Left, EventKind::FootOff, 0.8),
        event(Side::Left, EventKind::InitialContact, 4.0),
    ];
    let found = find_cycles(&slow, &bouts, &CycleConfig::default());
    assert_eq!(found.cycles.len(), 0);
    assert!(
        found.rejected[0]
            .reason
            .starts_with("a cadence of 34 steps/min")
    );
    let pause = [slow[0], event(Side::Left, EventKind::InitialContact, 4.6)];
    assert_eq!(
        find_cycles(&pause, &bouts, &CycleConfig::default()),
        Cycles::default()
    );
}
