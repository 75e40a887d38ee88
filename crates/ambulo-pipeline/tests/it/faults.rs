//! Faults on purpose, whole path: each is flagged under its name, and clean walks pass.

use ambulo::quality::Grade;
use ambulo::synth::Walker;
use ambulo::synth::faults::Fault;
use ambulo::{PerSide, Side};

use super::whole::{BELT, analysed, analysed_on, filmed, findings, walk};

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
        // The legs are put back before the gate looks; it tells how many.
        Fault::LegSwaps => "legs_repaired",
        Fault::LowConfidence => "low_confidence",
        Fault::LeavesPicture => "leaves_picture",
        Fault::TiltedCamera => "camera_tilt",
        Fault::FrontalView => "frontal_view",
        Fault::StrongPerspective => "perspective",
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

#[test]
fn every_injected_fault_is_flagged() {
    let mut missed = Vec::new();
    for (name, walker) in [
        ("adult", Walker::default()),
        ("child, 50 Hz", Walker::child().at_rate(50.0)),
        ("fast, 30 Hz", Walker::fast().at_rate(30.0)),
        ("slow", slow()),
    ] {
        let mut found = 0;
        println!("\n{name}");
        println!("{:24} | {:18} | grade   | finding", "fault", "code");
        for &fault in Fault::ALL {
            let trial = fault.recording(&walker).expect("the walker can walk");
            let analysed = analysed(trial);
            let quality = &analysed.analysis.quality;
            let code = expected(fault);
            let right = quality.findings.iter().find(|finding| finding.code == code);
            let flagged = right.is_some() && quality.grade != Grade::Pass;
            found += usize::from(flagged);
            println!(
                "{:24} | {code:18} | {:7?} | {}",
                fault.name(),
                quality.grade,
                right.map_or_else(
                    || format!("MISSED: {:?}", findings(&analysed)),
                    |finding| finding.message.clone()
                )
            );
            if !flagged {
                missed.push(format!("{name}: {}", fault.name()));
            }
        }
        println!("{found} of {} faults flagged", Fault::ALL.len());
    }
    assert!(Fault::ALL.len() >= 20);
    assert_eq!(missed, Vec::<String>::new());
}

#[test]
fn clean_walks_pass() {
    let mut complaints = Vec::new();
    let mut passed = 0;
    for (name, walker) in [
        ("adult", Walker::default()),
        ("child", Walker::child()),
        ("slow", slow()),
        ("fast", Walker::fast()),
    ] {
        for hz in [25.0, 50.0, 150.0] {
            let ground = walk(&walker.clone().at_rate(hz));
            let belt = walk(&Walker {
                treadmill: true,
                ..walker.clone().at_rate(hz)
            });
            for (way, analysed) in [
                ("in space", analysed(ground.recorded())),
                ("from the right", analysed(filmed(&ground, Side::Right))),
                ("from the left", analysed(filmed(&ground, Side::Left))),
                ("on a belt", analysed_on(belt.recorded(), BELT)),
                (
                    "on a belt from the right",
                    analysed_on(filmed(&belt, Side::Right), BELT),
                ),
            ] {
                if analysed.analysis.quality.grade == Grade::Pass && analysed.is_valid() {
                    passed += 1;
                }
                for finding in findings(&analysed) {
                    complaints.push(format!("{name} {way} at {hz} Hz: {finding}"));
                }
            }
        }
    }
    println!("{passed} clean walks passed");
    assert_eq!(complaints, Vec::<String>::new());
    assert_eq!(passed, 4 * 3 * 5);
}
