//! The quality gate notices every injected fault and lets clean walks pass.

use ambulo::bouts::{BoutConfig, BoutKind, find_bouts, find_bouts_2d};
use ambulo::cycles::{CycleConfig, find_cycles};
use ambulo::events::{EventConfig, detect};
use ambulo::quality::{
    Grade, Quality, QualityConfig, QualityFinding, WalkEvidence, check_recording, check_walk,
};
use ambulo::synth::faults::Fault;
use ambulo::synth::{Camera, Noise, Path, Variability, Walker, noise, walk};
use ambulo::trial::{Recording, Trial};
use ambulo::walk::{PixelLengths, Surface, WalkConfig, from_keypoints, from_motion};
use ambulo::{PerSide, Side};

/// Every check, as a pipeline would run them.
fn gate(trial: &Trial, surface: Surface) -> Vec<QualityFinding> {
    let config = QualityConfig::default();
    let mut findings = check_recording(trial, surface, &config);
    if findings.iter().any(|f| f.grade == Grade::Reject) {
        return findings;
    }
    let bout_config = BoutConfig {
        surface,
        ..BoutConfig::default()
    };
    let walk_config = WalkConfig::default();
    let subject = &trial.subject;
    let (search, walks): (_, Vec<_>) = match &trial.recording {
        Recording::Motion(motion) => {
            let search = find_bouts(motion, &bout_config);
            let walks = search
                .bouts
                .iter()
                .filter(|bout| bout.kind == BoutKind::Straight)
                .map(|bout| from_motion(motion, bout, &walk_config, surface, subject))
                .collect();
            (search, walks)
        }
        Recording::Keypoints(keypoints) => {
            let search = find_bouts_2d(keypoints, &bout_config);
            let scale = PixelLengths::in_leg_lengths(keypoints, 0.2);
            let walks = search
                .bouts
                .iter()
                .zip(&search.facts)
                .filter(|(bout, _)| bout.kind == BoutKind::Straight)
                .filter_map(|(bout, facts)| {
                    let scale = scale.as_ref()?;
                    Some(from_keypoints(
                        keypoints,
                        bout,
                        scale,
                        &walk_config,
                        facts.view,
                        surface,
                        subject,
                    ))
                })
                .collect();
            (search, walks)
        }
    };
    let events: Vec<_> = walks
        .iter()
        .flat_map(|walk| detect(walk, &EventConfig::default()).events)
        .collect();
    let cycles = find_cycles(&events, &search.bouts, &CycleConfig::default());
    findings.extend(check_walk(
        &WalkEvidence {
            subject,
            walks: &walks,
            cycles: &cycles.cycles,
            rejected: &cycles.rejected,
            parameters: None,
            frames: trial.time().frames(),
            repaired_frames: 0,
            filled_share: 0.0,
        },
        &config,
    ));
    findings
}

/// The code that each fault must be found under.
fn expected(fault: Fault) -> &'static str {
    match fault {
        Fault::SidesExchanged | Fault::MirroredWorld => "handedness",
        Fault::WrongUpAxis | Fault::RotatedPicture => "not_upright",
        Fault::ReversedTime | Fault::KeypointReversedTime => "walks_backwards",
        Fault::MillimetresAsMetres | Fault::ScaleTenth | Fault::ScaleDouble => "scale",
        Fault::WrongHeight => "height_mismatch",
        Fault::RateDoubled | Fault::RateHalved | Fault::KeypointRateHalved => "frame_rate",
        Fault::MissingStretch => "missing_frames",
        Fault::SideMissing | Fault::KeypointSideMissing => "side_missing",
        Fault::AnotherPerson | Fault::KeypointAnotherPerson => "another_person",
        Fault::FrozenFrames => "frozen_frames",
        Fault::DroppedFrames => "dropped_frames",
        Fault::HeelToeExchanged => "heel_toe_exchanged",
        Fault::Spikes | Fault::KeypointOutliers => "outliers",
        Fault::Jitter | Fault::KeypointJitter => "jitter",
        Fault::StuckFoot => "stuck_point",
        Fault::UndeclaredTreadmill => "treadmill",
        Fault::StandingOnly => "no_walking",
        Fault::TooShort => "too_short",
        Fault::LowRate => "low_rate",
        Fault::LostFrames => "time_gaps",
        Fault::LegSwaps => "leg_swaps",
        Fault::LowConfidence => "low_confidence",
        Fault::LeavesPicture => "leaves_picture",
        Fault::TiltedCamera => "camera_tilt",
        Fault::FrontalView => "frontal_view",
        Fault::StrongPerspective => "perspective",
    }
}

#[test]
fn every_injected_fault_is_found_under_its_name() {
    for (name, walker) in [
        ("adult", Walker::default()),
        ("child, 50 Hz", Walker::child().at_rate(50.0)),
        ("fast, 30 Hz", Walker::fast().at_rate(30.0)),
        ("slow", slow()),
    ] {
        let mut found = 0;
        println!("{name}");
        for &fault in Fault::ALL {
            let trial = fault.recording(&walker).expect("the walker can walk");
            let findings = gate(&trial, Surface::Overground);
            let code = expected(fault);
            let right = findings.iter().find(|finding| finding.code == code);
            found += usize::from(right.is_some());
            println!(
                "{} | {:24} | {:20} | {}",
                if right.is_some() { "ok    " } else { "MISSED" },
                fault.name(),
                code,
                right.map_or_else(
                    || format!("{:?}", findings.iter().map(|f| &f.code).collect::<Vec<_>>()),
                    |finding| finding.message.clone()
                )
            );
        }
        println!("{found} of {}", Fault::ALL.len());
        assert_eq!(found, Fault::ALL.len(), "{name}");
    }
}

fn slow() -> Walker {
    Walker {
        speed_mps: 0.7,
        cadence_spm: 85.0,
        stance_pct: PerSide {
            left: 66.0,
            right: 66.0,
        },
        ..Walker::default()
    }
}

fn clean_walkers() -> Vec<(String, Walker)> {
    let mut walkers = Vec::new();
    for (name, walker) in [
        ("adult", Walker::default()),
        ("child", Walker::child()),
        ("shuffling", Walker::shuffling()),
        ("fast", Walker::fast()),
        ("slow", slow()),
        (
            "limping",
            Walker {
                step_length_asymmetry: 0.25,
                step_time_asymmetry: 0.2,
                stance_pct: PerSide {
                    left: 66.0,
                    right: 60.0,
                },
                ..Walker::default()
            },
        ),
        (
            "varied, towards another wall",
            Walker {
                heading_deg: 130.0,
                variability: Variability {
                    step_time_pct: 3.0,
                    step_length_pct: 4.0,
                    foot_place_m: 0.015,
                    seed: 8,
                },
                stand_before_s: 1.0,
                stand_after_s: 1.0,
                ..Walker::default()
            },
        ),
    ] {
        for hz in [25.0, 60.0, 150.0] {
            walkers.push((format!("{name} at {hz} Hz"), walker.clone().at_rate(hz)));
        }
    }
    walkers
}

/// What the gate says of a recording that should pass, one line a finding.
fn complaints(what: &str, trial: &Trial, surface: Surface) -> Vec<String> {
    let quality = Quality::of(gate(trial, surface));
    assert_eq!(quality.grade == Grade::Pass, quality.findings.is_empty());
    quality
        .findings
        .iter()
        .map(|finding| format!("{what}: {} {}", finding.code, finding.message))
        .collect()
}

#[test]
fn clean_walks_in_space_pass_without_findings() {
    let mut complained = Vec::new();
    for (name, walker) in clean_walkers() {
        let trial = walk(&walker).expect("the walker can walk");
        complained.extend(complaints(&name, &trial.recorded(), Surface::Overground));
        let belt = walk(&Walker {
            treadmill: true,
            ..walker
        })
        .expect("the walker can walk");
        let surface = Surface::Treadmill {
            belt_speed_mps: None,
        };
        if belt.walker.stand_before_s == 0.0 {
            let what = format!("{name}, treadmill");
            complained.extend(complaints(&what, &belt.recorded(), surface));
        }
    }
    for path in [
        Path::Turn {
            before_m: 5.0,
            angle_deg: 90.0,
            radius_m: 0.8,
            after_m: 5.0,
        },
        Path::ThereAndBack {
            length_m: 6.0,
            passes: 2,
        },
    ] {
        let trial = walk(&Walker {
            path,
            ..Walker::default()
        })
        .expect("the walker can walk");
        complained.extend(complaints(
            &format!("{path:?}"),
            &trial.recorded(),
            Surface::Overground,
        ));
    }
    assert_eq!(complained, Vec::<String>::new());
}

#[test]
fn clean_walks_from_the_side_pass_without_findings() {
    let mut complained = Vec::new();
    for (name, walker) in clean_walkers() {
        let trial = walk(&walker).expect("the walker can walk");
        let length_m = walker.speed_mps * trial.motion.time().duration_s();
        for side in Side::BOTH {
            let filmed = trial.filmed(&Camera::beside(side, length_m));
            let what = format!("{name} from the {}", side.name());
            complained.extend(complaints(&what, &filmed, Surface::Overground));
            let Recording::Keypoints(keypoints) = &filmed.recording else {
                continue;
            };
            let shaken = noise(
                keypoints,
                &Noise {
                    seed: 2,
                    jitter_px: 1.5,
                    dropout_share: 0.02,
                    ..Noise::default()
                },
            );
            let shaken = Trial {
                recording: Recording::Keypoints(shaken),
                ..filmed
            };
            let what = format!("{what}, shaken");
            complained.extend(complaints(&what, &shaken, Surface::Overground));
        }
    }
    assert_eq!(complained, Vec::<String>::new());
}
