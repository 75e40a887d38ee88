//! Bouts and events of recorded walks against the events that their laboratories stored.

use ambulo::bouts::{BoutConfig, BoutKind, BoutSearch, find_bouts};
use ambulo::cycles::{CycleConfig, find_cycles};
use ambulo::events::{EventConfig, EventKind, GaitEvent, detect, merge};
use ambulo::metrics::events::{EventAgreement, match_events};
use ambulo::motion::Motion3d;
use ambulo::trial::{Recording, Trial};
use ambulo::walk::{Surface, WalkConfig, from_motion, joined};
use ambulo_io::c3d::{C3d, to_trial};

const SUBJECTS: [(&str, &str, &str, &str); 6] = [
    ("HC002D", "02", "06", "25"),
    ("HC030A", "01", "05", "22"),
    ("HC031A", "01", "06", "23"),
    ("HC032A", "01", "03", "18"),
    ("HC033A", "01", "10", "22"),
    ("HC036A", "01", "10", "23"),
];

fn read(path: &str) -> Option<(Trial, Motion3d)> {
    let bytes = std::fs::read(ambulo_testkit::data_dir()?.join("c3d").join(path))
        .expect("the file is among the recorded data");
    let c3d = C3d::parse(&bytes).expect("a C3D file");
    let trial = to_trial(&c3d).expect("a trial");
    let Recording::Motion(motion) = &trial.recording else {
        panic!("a C3D file holds a motion");
    };
    let motion = motion.clone();
    Some((trial, motion))
}

fn biomechzoo(subject: &str, number: &str) -> Option<(Trial, Motion3d)> {
    read(&format!("biomechzoo/{subject}/{subject}{number}.c3d"))
}

fn detected(trial: &Trial, motion: &Motion3d) -> (BoutSearch, Vec<GaitEvent>) {
    let search = find_bouts(motion, &BoutConfig::default());
    let events = search
        .stretches()
        .into_iter()
        .filter_map(joined)
        .flat_map(|bout| {
            let walk = from_motion(
                motion,
                &bout,
                &WalkConfig::default(),
                Surface::Overground,
                &trial.subject,
            );
            detect(&walk, &EventConfig::default()).events
        })
        .collect();
    (search, events)
}

/// Stored events that a recording can show: those inside it, not at its very ends.
fn stored(trial: &Trial, motion: &Motion3d) -> Vec<GaitEvent> {
    let end_s = motion.time().duration_s();
    let inside = |event: &&GaitEvent| event.time_s > 0.08 && event.time_s < end_s - 0.08;
    trial.events.iter().filter(inside).copied().collect()
}

fn median_abs(mut values: Vec<f64>) -> f64 {
    for value in &mut values {
        *value = value.abs();
    }
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[track_caller]
#[expect(clippy::print_stdout, reason = "a test tells what it measured")]
fn check(agreements: &[EventAgreement], least_share: f64, most_invented: usize) {
    let found: usize = agreements.iter().map(|a| a.found.len()).sum();
    let missed: usize = agreements.iter().map(|a| a.missed.len()).sum();
    let invented: usize = agreements.iter().map(|a| a.invented.len()).sum();
    let share = found as f64 / (found + missed) as f64;
    assert!(share >= least_share, "{found} found, {missed} missed");
    assert!(invented <= most_invented, "{invented} invented");
    for kind in [EventKind::InitialContact, EventKind::FootOff] {
        let differences: Vec<f64> = agreements
            .iter()
            .flat_map(|agreement| agreement.differences_s(kind))
            .collect();
        let typical_s = median_abs(differences);
        println!(
            "{kind:?}: median of absolute differences {:.1} ms; {found} found, {missed} missed, {invented} invented",
            1e3 * typical_s
        );
        assert!(typical_s < 0.015, "{kind:?}: {typical_s} s");
    }
}

#[test]
fn static_trials_hold_no_walk() {
    for (subject, still, _, _) in SUBJECTS {
        let Some((trial, motion)) = biomechzoo(subject, still) else {
            return;
        };
        let (search, events) = detected(&trial, &motion);
        assert!(search.bouts.is_empty() && events.is_empty(), "{subject}");
        assert!(
            search
                .why_none
                .is_some_and(|why| why.contains("no walking"))
        );
    }
}

#[test]
fn straight_walks_have_no_turn_and_their_events_agree_with_force_plates() {
    let mut agreements = Vec::new();
    for (subject, _, straight, _) in SUBJECTS {
        let Some((trial, motion)) = biomechzoo(subject, straight) else {
            return;
        };
        let (search, events) = detected(&trial, &motion);
        assert_eq!(search.bouts.len(), 1, "{subject}: {search:?}");
        assert_eq!(search.bouts[0].kind, BoutKind::Straight);
        assert!(!search.looks_like_treadmill);
        assert!(search.facts[0].facing.is_some_and(|cosine| cosine > 0.85));
        let found = find_cycles(&events, &search.bouts, &CycleConfig::default());
        assert!(found.rejected.is_empty(), "{subject}: {found:?}");
        assert!(found.cycles.len() >= 2, "{subject}");
        agreements.push(match_events(&events, &stored(&trial, &motion), 0.1));
    }
    check(&agreements, 0.95, 0);
}

#[test]
fn turns_of_ninety_degrees_are_found_and_walked_through() {
    let mut agreements = Vec::new();
    for (subject, _, _, turn) in SUBJECTS {
        let Some((trial, motion)) = biomechzoo(subject, turn) else {
            return;
        };
        let (search, events) = detected(&trial, &motion);
        let kinds: Vec<BoutKind> = search.bouts.iter().map(|bout| bout.kind).collect();
        assert_eq!(
            kinds,
            [BoutKind::Straight, BoutKind::Turning, BoutKind::Straight],
            "{subject}"
        );
        let [before, turning, after] = &search.bouts[..] else {
            return;
        };
        assert!((60.0..110.0).contains(&turning.turned_deg.abs()));
        assert!(before.direction.dot(&after.direction).abs() < 0.25);
        agreements.push(match_events(&events, &stored(&trial, &motion), 0.1));
    }
    // One foot off was stored where the foot left a plate while still on the ground beside it.
    check(&agreements, 0.95, 1);
}

#[test]
fn plug_in_gait_walks_of_another_laboratory_agree_too() {
    let mut agreements = Vec::new();
    for file in [
        "PiG_Motion-FlatFoot-Full.c3d",
        "PiG_Motion-FlatFoot-Hole.c3d",
    ] {
        let Some((trial, motion)) = read(&format!("btk/{file}")) else {
            return;
        };
        let (search, events) = detected(&trial, &motion);
        assert_eq!(search.bouts.len(), 1, "{file}: {search:?}");
        let merged = merge(&trial.events, &events);
        for event in &trial.events {
            assert!(merged.contains(event), "{file}: stored events are kept");
        }
        agreements.push(match_events(&events, &stored(&trial, &motion), 0.1));
    }
    let found: usize = agreements.iter().map(|a| a.found.len()).sum();
    assert!(found >= 16, "{found}");
    assert!(agreements.iter().all(|a| a.invented.is_empty()));
}
