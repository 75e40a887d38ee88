//! Events in space: how near to the truth, and what must not change them.

use ambulo::events::{EventConfig, EventKind, EventSource, FootSignals, GaitEvent, run};
use ambulo::metrics::events::match_events;
use ambulo::motion::Motion3d;
use ambulo::skeleton::Joint;
use ambulo::synth::{FrameTimes, Path, SeededRng, Walker, noise_m};
use ambulo::walk::Surface;
use nalgebra::{Rotation3, Vector3};

use super::{detected, events_of, inner_truth, made};

/// Every true event is found within `tolerance_s`, and none is invented.
#[track_caller]
fn check(walker: &Walker, surface: Surface, tolerance_s: f64) {
    let trial = made(walker);
    let found = events_of(&trial.motion, surface);
    let agreement = match_events(&found, &inner_truth(&trial), tolerance_s);
    assert!(agreement.missed.is_empty(), "{walker:?}: {agreement:#?}");
    assert!(agreement.invented.is_empty(), "{walker:?}: {agreement:#?}");
}

#[test]
fn events_lie_within_a_frame_at_any_rate() {
    for hz in [25.0, 29.97, 30.0, 60.0, 150.0] {
        // At 150 Hz the filter's own width, not the frame, limits the sharpness.
        let frame_s = f64::max(1.0 / hz, 0.012);
        for walker in [
            Walker::default(),
            Walker::child(),
            Walker::shuffling(),
            Walker::fast(),
        ] {
            check(&walker.at_rate(hz), Surface::Overground, frame_s);
        }
    }
}

#[test]
fn events_are_found_through_turns_on_belts_and_in_uneven_gait() {
    let turn = Walker {
        path: Path::Turn {
            before_m: 4.0,
            angle_deg: 90.0,
            radius_m: 1.0,
            after_m: 4.0,
        },
        ..Walker::default()
    };
    let back = Walker {
        path: Path::ThereAndBack {
            length_m: 5.0,
            passes: 2,
        },
        ..Walker::default()
    };
    let limping = Walker {
        step_time_asymmetry: 0.2,
        step_length_asymmetry: -0.2,
        ..Walker::default()
    };
    for walker in [turn, back, limping] {
        check(&walker, Surface::Overground, 0.02);
    }
    let belt = Walker {
        treadmill: true,
        ..Walker::default()
    };
    for belt_speed_mps in [None, Some(1.25)] {
        check(&belt, Surface::Treadmill { belt_speed_mps }, 0.012);
    }
}

#[test]
fn uneven_frame_times_do_no_harm() {
    let mut rng = SeededRng::new(5);
    let mut times_s = vec![0.0];
    while times_s[times_s.len() - 1] < 5.5 {
        let step_s = (1.0 + 0.3 * (2.0 * rng.unit() - 1.0)) / 29.97;
        times_s.push(times_s[times_s.len() - 1] + step_s);
    }
    let walker = Walker {
        frames: FrameTimes::Explicit { times_s },
        ..Walker::default()
    };
    check(&walker, Surface::Overground, 0.02);
}

#[test]
fn more_frames_change_no_time() {
    let times = |hz: f64| {
        events_of(
            &made(&Walker::default().at_rate(hz)).motion,
            Surface::Overground,
        )
    };
    let reference = times(200.0);
    for (hz, tolerance_s) in [(100.0, 0.001), (50.0, 0.002), (25.0, 0.004)] {
        let agreement = match_events(&times(hz), &reference, tolerance_s);
        let judged = agreement.found.len() + agreement.missed.len();
        // An event at the very end may fall outside at one of the rates.
        assert!(
            agreement.found.len() + 1 >= judged,
            "{hz} Hz: {agreement:#?}"
        );
    }
}

#[test]
fn moving_turning_and_mirroring_the_world_change_nothing() {
    let trial = made(&Walker::default());
    let plain = events_of(&trial.motion, Surface::Overground);
    let turned = trial.motion.transformed(
        &Rotation3::from_axis_angle(&Vector3::y_axis(), 2.2),
        &Vector3::new(5.0, 0.3, -2.0),
    );
    let mirrored: Vec<GaitEvent> = events_of(&trial.motion.mirrored(), Surface::Overground)
        .into_iter()
        .map(|event| GaitEvent {
            side: event.side.opposite(),
            ..event
        })
        .collect();
    for other in [events_of(&turned, Surface::Overground), mirrored] {
        assert_eq!(other.len(), plain.len());
        for (a, b) in other.iter().zip(&plain) {
            assert_eq!((a.side, a.kind, a.frame), (b.side, b.kind, b.frame));
            assert!((a.time_s - b.time_s).abs() < 1e-6);
        }
    }
}

#[test]
fn noise_moves_no_mean() {
    let trial = made(&Walker {
        strides: 12,
        ..Walker::default()
    });
    let noisy = noise_m(&trial.motion, 0.01, 3);
    let found = events_of(&noisy, Surface::Overground);
    let agreement = match_events(&found, &inner_truth(&trial), 0.06);
    assert!(agreement.missed.is_empty() && agreement.invented.is_empty());
    for kind in [EventKind::InitialContact, EventKind::FootOff] {
        let differences = agreement.differences_s(kind);
        let mean = differences.iter().sum::<f64>() / differences.len() as f64;
        assert!(mean.abs() < 0.01, "{kind:?}: {mean}");
    }
}

#[test]
fn a_lost_foot_costs_its_own_events_and_says_so() {
    let trial = made(&Walker {
        strides: 8,
        ..Walker::default()
    });
    let joints = trial.motion.joints().to_vec();
    let lost = 250..420;
    let positions = (0..trial.motion.frames())
        .flat_map(|frame| {
            let lost = lost.clone();
            trial
                .motion
                .frame(frame)
                .iter()
                .zip(&joints)
                .map(move |(position, joint)| {
                    let of_left_foot = matches!(
                        joint,
                        Joint::LeftHeel
                            | Joint::LeftAnkle
                            | Joint::LeftToe
                            | Joint::LeftBigToe
                            | Joint::LeftSmallToe
                            | Joint::LeftToeTip
                            | Joint::LeftLateralMalleolus
                    );
                    position.filter(|_| !(of_left_foot && lost.contains(&frame)))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    let motion = Motion3d::new(joints.clone(), trial.motion.time().clone(), positions).unwrap();
    let detections = detected(&motion, Surface::Overground);
    let messages: Vec<&String> = detections.iter().flat_map(|d| &d.messages).collect();
    assert!(
        messages
            .iter()
            .any(|message| message.starts_with("no peaks in left heel signal between")),
        "{messages:?}"
    );
    let found: Vec<GaitEvent> = detections.iter().flat_map(|d| d.events.clone()).collect();
    let truth = inner_truth(&trial);
    let agreement = match_events(&found, &truth, 0.03);
    assert!(agreement.invented.is_empty(), "{agreement:#?}");
    for missed in &agreement.missed {
        assert_eq!(missed.side, ambulo::Side::Left);
        assert!((2.4..4.3).contains(&missed.time_s), "{missed:?}");
    }
}

#[test]
fn every_detector_finds_the_contacts_it_names() {
    let trial = made(&Walker::default());
    let detection = &detected(&trial.motion, Surface::Overground)[0];
    let truth: Vec<GaitEvent> = inner_truth(&trial)
        .into_iter()
        .filter(|event| event.kind == EventKind::InitialContact)
        .collect();
    for found in &detection.by_detector {
        let contacts: Vec<GaitEvent> = found
            .events
            .iter()
            .filter(|event| event.kind == EventKind::InitialContact)
            .copied()
            .collect();
        assert!(contacts.iter().all(|event| event.source == found.source));
        // The published rule of the lowest foot lies in mid-stance.
        let tolerance_s = if found.source == EventSource::FootHeight {
            0.15
        } else {
            0.035
        };
        let agreement = match_events(&contacts, &truth, tolerance_s);
        assert!(
            agreement.found_share().unwrap() > 0.9,
            "{:?}: {agreement:#?}",
            found.source
        );
    }
}

#[test]
fn stillness_has_no_events() {
    let trial = made(&Walker {
        stand_before_s: 3.0,
        ..Walker::default()
    });
    assert!(
        events_of(&trial.motion, Surface::Overground)
            .iter()
            .all(|event| event.time_s > 2.5)
    );
    let signals = ambulo::walk::from_motion(
        &trial.motion,
        &ambulo::bouts::Bout {
            kind: ambulo::bouts::BoutKind::Straight,
            start_frame: 0,
            end_frame: 200,
            start_s: 0.0,
            end_s: 1.99,
            direction: nalgebra::Vector2::x(),
            turned_deg: 0.0,
        },
        &ambulo::walk::WalkConfig::default(),
        Surface::Overground,
        &ambulo::subject::Subject::default(),
    );
    let signals = FootSignals::of(&signals);
    for source in EventSource::DETECTORS {
        let found = run(source, &signals, &EventConfig::default());
        assert!(found.events.is_empty(), "{source:?}");
    }
}
