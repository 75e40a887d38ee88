//! Recordings that people really have: right numbers, or none and the reason.

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::motion::Motion3d;
use ambulo::parameters::{ParameterId, Status};
use ambulo::skeleton::Joint;
use ambulo::synth::{
    Camera, FrameTimes, Noise, Path, Projection, SyntheticTrial, Variability, Walker,
};
use ambulo::trial::{Recording, Trial};
use ambulo::walk::Surface;
use ambulo::{PerSide, Side};
use ambulo_io::files::{Input, NamedBytes};
use ambulo_io::keypoints::KeypointFormat;
use ambulo_io::points::LabelledPoints;
use ambulo_io::{keypoints, trc};
use ambulo_pipeline::config::Config;
use ambulo_pipeline::read::read_trial;
use ambulo_pipeline::{Analysed, analyze};

use super::whole::{
    BELT, analysed, analysed_on, codes, filmed, shaken, sound, summary, value, walk,
};

/// How far a number may be from the truth.
#[derive(Debug, Clone, Copy)]
struct Tolerance {
    speed_mps: f64,
    length_m: f64,
    time_s: f64,
    stance_pct: f64,
}

const IN_SPACE: Tolerance = Tolerance {
    speed_mps: 0.02,
    length_m: 0.010,
    time_s: 0.015,
    stance_pct: 2.5,
};
const FILMED: Tolerance = Tolerance {
    speed_mps: 0.05,
    length_m: 0.030,
    time_s: 0.025,
    stance_pct: 4.0,
};

/// Compares every number that was given with its truth; the names of those that were given.
#[track_caller]
fn right_or_withheld(
    what: &str,
    analysed: &Analysed,
    trial: &SyntheticTrial,
    tolerance: Tolerance,
) -> Vec<ParameterId> {
    let truth = &trial.truth;
    let mean = |sides: &PerSide<f64>| f64::midpoint(sides.left, sides.right);
    let mut given = Vec::new();
    let mut wrong = Vec::new();
    for (id, truth, tolerance) in [
        (ParameterId::Speed, truth.speed_mps, tolerance.speed_mps),
        (
            ParameterId::StepLength,
            mean(&truth.step_length_m),
            tolerance.length_m,
        ),
        (
            ParameterId::StrideLength,
            mean(&truth.stride_length_m),
            2.0 * tolerance.length_m,
        ),
        (
            ParameterId::StepWidth,
            mean(&truth.step_width_m),
            tolerance.length_m,
        ),
        (
            ParameterId::StrideTime,
            mean(&truth.stride_time_s),
            tolerance.time_s,
        ),
        (
            ParameterId::StepTime,
            mean(&truth.step_time_s),
            tolerance.time_s,
        ),
        (
            ParameterId::Stance,
            mean(&truth.stance_pct),
            tolerance.stance_pct,
        ),
    ] {
        let summary = summary(analysed, id, None);
        let Some(value) = summary.value else {
            println!("  {}: withheld: {:?}", id.name(), summary.reason);
            continue;
        };
        given.push(id);
        println!("  {}: {value:.3}, truly {truth:.3}", id.name());
        if (value - truth).abs() > tolerance && summary.status == Status::Valid {
            wrong.push(format!("{what}, {}: {value}, truly {truth}", id.name()));
        }
        if (value - truth).abs() > 3.0 * tolerance {
            wrong.push(format!(
                "{what}, {}: {value}, truly {truth}, with caution only: {:?}",
                id.name(),
                summary.reason
            ));
        }
    }
    println!("{what}: {} of 7 given, {:?}", given.len(), codes(analysed));
    assert_eq!(wrong, Vec::<String>::new());
    given
}

fn varied(walker: Walker, seed: u64) -> Walker {
    Walker {
        variability: Variability {
            step_time_pct: 2.0,
            step_length_pct: 3.0,
            foot_place_m: 0.01,
            seed,
        },
        ..walker
    }
}

#[test]
fn two_strides_are_enough_and_one_is_not() {
    for strides in [1, 2, 3] {
        for hz in [30.0, 100.0] {
            let trial = walk(&Walker {
                strides,
                ..Walker::default().at_rate(hz)
            });
            for (way, recording, tolerance) in [
                ("in space", trial.recorded(), IN_SPACE),
                ("filmed", filmed(&trial, Side::Right), FILMED),
            ] {
                let what = format!("{strides} strides {way} at {hz} Hz");
                let analysed = analysed(recording);
                let given = right_or_withheld(&what, &analysed, &trial, tolerance);
                if strides == 3 {
                    assert!(!given.is_empty(), "{what}");
                }
            }
        }
    }
}

#[test]
fn a_small_childs_steps() {
    let child = Walker {
        height_m: 0.85,
        speed_mps: 0.7,
        cadence_spm: 165.0,
        step_width_m: 0.10,
        toe_clearance_m: 0.01,
        strides: 8,
        ..Walker::default()
    };
    for hz in [30.0, 120.0] {
        let trial = walk(&varied(child.clone().at_rate(hz), 2));
        let noise = Noise {
            seed: 5,
            jitter_px: 2.0,
            ..Noise::default()
        };
        let given = right_or_withheld(
            "child in space",
            &analysed(trial.recorded()),
            &trial,
            IN_SPACE,
        );
        assert!(given.len() == 7);
        let film = shaken(filmed(&trial, Side::Left), &noise);
        let given = right_or_withheld("child filmed", &analysed(film), &trial, FILMED);
        assert!(given.contains(&ParameterId::StepLength));
    }
}

#[test]
fn shuffling_at_a_third_of_a_metre_a_second() {
    for hz in [30.0, 100.0] {
        let trial = walk(&varied(Walker::shuffling().at_rate(hz), 6));
        let given = right_or_withheld(
            "shuffling in space",
            &analysed(trial.recorded()),
            &trial,
            IN_SPACE,
        );
        assert!(given.contains(&ParameterId::Speed));
        for jitter_px in [0.0, 2.0] {
            let noise = Noise {
                seed: 7,
                jitter_px,
                ..Noise::default()
            };
            let film = shaken(filmed(&trial, Side::Right), &noise);
            right_or_withheld(
                &format!("shuffling filmed at {hz} Hz, {jitter_px} px"),
                &analysed(film),
                &trial,
                FILMED,
            );
        }
    }
}

#[test]
fn a_treadmill_with_and_without_its_speed() {
    for (name, walker) in [
        ("adult", Walker::default()),
        (
            "slow",
            Walker {
                speed_mps: 0.5,
                cadence_spm: 80.0,
                ..Walker::default()
            },
        ),
        ("fast", Walker::fast()),
    ] {
        let trial = walk(&varied(
            Walker {
                treadmill: true,
                strides: 8,
                ..walker.at_rate(60.0)
            },
            3,
        ));
        let told = Surface::Treadmill {
            belt_speed_mps: trial.truth.belt_speed_mps,
        };
        for (belt, surface) in [("told", told), ("found", BELT)] {
            for (way, recording, tolerance) in [
                ("in space", trial.recorded(), IN_SPACE),
                ("filmed", filmed(&trial, Side::Right), FILMED),
            ] {
                let what = format!("{name} on a belt, its speed {belt}, {way}");
                let analysed = analysed_on(recording, surface);
                let given = right_or_withheld(&what, &analysed, &trial, tolerance);
                assert!(given.contains(&ParameterId::Speed), "{what}");
            }
        }
        // Nobody says that it is a treadmill: no speed is better than that of standing.
        let silent = analysed(trial.recorded());
        println!("{name} undeclared: {:?}", codes(&silent));
        assert!(codes(&silent).contains(&"treadmill"), "{name}");
        assert!(
            summary(&silent, ParameterId::Speed, None).status != Status::Valid,
            "{name}"
        );
    }
}

#[test]
fn a_subject_who_leaves_the_picture() {
    for focal_px in [2200.0, 3400.0, 6000.0] {
        let trial = walk(&varied(
            Walker {
                strides: 8,
                ..Walker::default().at_rate(30.0)
            },
            1,
        ));
        let length_m = trial.truth.speed_mps * trial.motion.time().duration_s();
        let camera = Camera {
            projection: Projection::Pinhole { focal_px },
            ..Camera::beside(Side::Right, length_m)
        };
        let analysed = analysed(trial.filmed(&camera));
        right_or_withheld(
            &format!("close-up of {focal_px} px"),
            &analysed,
            &trial,
            FILMED,
        );
    }
}

/// Whether a joint is missing at a time.
type Gone = fn(Joint, f64) -> bool;

/// The same motion with points gone where `gone` says so.
fn without(motion: &Motion3d, gone: Gone) -> Motion3d {
    let joints = motion.joints();
    let positions = motion
        .positions_m()
        .iter()
        .enumerate()
        .map(|(index, p)| {
            let time_s = motion.time().times_s()[index / joints.len()];
            p.filter(|_| !gone(joints[index % joints.len()], time_s))
        })
        .collect();
    Motion3d::new(joints.to_vec(), motion.time().clone(), positions).expect("the same shape")
}

#[test]
fn gaps_in_markers() {
    let trial = walk(&varied(
        Walker {
            strides: 8,
            ..Walker::default()
        },
        9,
    ));
    let gaps: [(&str, Gone); 4] = [
        ("short gaps of the left heel", |joint, time_s| {
            joint.name() == "left_heel" && time_s % 0.7 < 0.08
        }),
        ("half a second without the right foot", |joint, time_s| {
            let of_foot = ["right_heel", "right_toe", "right_ankle"].contains(&joint.name());
            of_foot && (3.0..3.5).contains(&time_s)
        }),
        ("a second without anything", |_, time_s| {
            (4.0..5.0).contains(&time_s)
        }),
        ("no heels and no toes", |joint, _| {
            joint.name().ends_with("heel") || joint.name().ends_with("toe")
        }),
    ];
    for (what, gone) in gaps {
        let recording = Recording::Motion(without(&trial.motion, gone));
        let analysed = analysed(Trial {
            recording,
            ..trial.recorded()
        });
        let given = right_or_withheld(what, &analysed, &trial, IN_SPACE);
        println!("  {} given", given.len());
    }
}

#[test]
fn gaps_in_keypoints() {
    let trial = walk(&varied(
        Walker {
            strides: 8,
            ..Walker::default().at_rate(30.0)
        },
        9,
    ));
    for dropout_share in [0.1, 0.3, 0.6] {
        let noise = Noise {
            seed: 8,
            jitter_px: 1.0,
            dropout_share,
            ..Noise::default()
        };
        let analysed = analysed(shaken(filmed(&trial, Side::Right), &noise));
        let what = format!("{dropout_share} of the keypoints lost");
        right_or_withheld(&what, &analysed, &trial, FILMED);
    }
}

/// A file of this name and content, read and analysed as a user would.
fn analysed_file(name: &str, bytes: Vec<u8>, height_m: Option<f64>) -> Analysed {
    let input = Input {
        name: name.to_owned(),
        files: vec![NamedBytes {
            name: name.to_owned(),
            bytes,
        }],
        is_folder: false,
        companions: Vec::new(),
    };
    let mut config = Config::default();
    config.subject.height_m = height_m;
    let loaded = read_trial(&input, &config).expect("the file can be read");
    let analysed = analyze(&loaded, &config, &mut |_| {});
    sound(&analysed);
    analysed
}

#[test]
fn nan_in_a_file_is_a_gap() {
    let trial = walk(&Walker {
        strides: 6,
        ..Walker::default()
    });
    let bytes = trc::write(&LabelledPoints::from_motion(&trial.motion), "walk.trc");
    let text = String::from_utf8(bytes).expect("a TRC file is text");
    // Every seventh row from the eighth on loses one point to the words that programs write.
    let spoiled: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(row, line)| {
            if row < 8 || row % 7 != 0 {
                return line.to_owned();
            }
            let mut fields: Vec<&str> = line.split('\t').collect();
            let word = if row % 2 == 0 { "NaN" } else { "nan" };
            let from = 2 + 3 * (row % 13);
            for field in fields.iter_mut().skip(from).take(3) {
                *field = word;
            }
            fields.join("\t")
        })
        .collect();
    let spoiled = spoiled.join("\n") + "\n";
    assert!(spoiled.contains("NaN") && spoiled.contains("nan"));
    let analysed = analysed_file("walk.trc", spoiled.into_bytes(), Some(1.72));
    let given = right_or_withheld("NaN in a TRC", &analysed, &trial, IN_SPACE);
    assert_eq!(given.len(), 7);

    let film = filmed(&trial, Side::Right);
    let Recording::Keypoints(clean) = &film.recording else {
        panic!("a film")
    };
    let files = keypoints::write(clean, KeypointFormat::Ambulo).expect("keypoints can be written");
    let analysed = analysed_file("walk.json", files[0].bytes.clone(), Some(1.72));
    right_or_withheld("keypoints from a file", &analysed, &trial, FILMED);
}

#[test]
fn television_rate_and_uneven_times() {
    let uneven = |mean_hz: f64, jitter: f64, frames: u32| {
        let times_s = (0..frames)
            .map(f64::from)
            .map(|index| (index + jitter * (2.399_963 * index).sin()) / mean_hz)
            .collect();
        FrameTimes::Explicit { times_s }
    };
    let phone = |seconds: f64| {
        // A phone that drops from 60 to 30 frames a second and back.
        let mut times_s = vec![0.0];
        while let Some(&last) = times_s.last()
            && last < seconds
        {
            let step_s = if (last * 0.7).fract() < 0.5 {
                1.0 / 60.0
            } else {
                1.0 / 30.0
            };
            times_s.push(last + step_s);
        }
        FrameTimes::Explicit { times_s }
    };
    for (what, frames) in [
        (
            "29.97 Hz",
            FrameTimes::Rate {
                hz: 30_000.0 / 1001.0,
            },
        ),
        ("uneven 30 Hz", uneven(30.0, 0.3, 150)),
        ("uneven 60 Hz", uneven(60.0, 0.4, 300)),
        ("60 and 30 Hz in turns", phone(5.0)),
    ] {
        let trial = walk(&Walker {
            frames,
            ..Walker::default()
        });
        let found = analysed(trial.recorded());
        let given = right_or_withheld(what, &found, &trial, IN_SPACE);
        assert_eq!(given.len(), 7, "{what}");
        let found = analysed(filmed(&trial, Side::Right));
        let given = right_or_withheld(&format!("{what}, filmed"), &found, &trial, FILMED);
        assert!(given.contains(&ParameterId::StepLength), "{what}");
    }
}

#[test]
fn no_height_gives_leg_lengths_and_says_so() {
    let trial = walk(&Walker::default().at_rate(30.0));
    let mut film = filmed(&trial, Side::Right);
    film.subject.height_m = None;
    let analysed = analysed(film);
    let length = summary(&analysed, ParameterId::StepLength, None);
    let truth = f64::midpoint(
        trial.truth.step_length_m.left,
        trial.truth.step_length_m.right,
    ) / trial.truth.leg_length_m;
    println!("{length:?}, truly {truth}");
    assert_eq!(length.unit, "leg lengths");
    assert!((length.value.expect("measured") - truth).abs() < 0.05);
    assert_eq!(length.status, Status::Caution);
    assert!(value(&analysed, ParameterId::StrideTime, None).is_some());
}

#[test]
fn keypoints_that_never_were_are_refused() {
    let trial = walk(&Walker::default().at_rate(30.0));
    let film = filmed(&trial, Side::Right);
    let Recording::Keypoints(clean) = &film.recording else {
        panic!("a film")
    };
    let nothing: Vec<Option<Keypoint>> = vec![None; clean.points().len()];
    let empty = Keypoints2d::new(
        clean.joints().to_vec(),
        clean.time().clone(),
        clean.image_size_px(),
        nothing,
    );
    let recording = Recording::Keypoints(empty.expect("the same shape"));
    let analysed = analysed(Trial { recording, ..film });
    assert!(!analysed.is_valid());
    println!("{:?}", analysed.reasons());
}

/// Half turns at the ends of the room bring the walker back at another distance from the camera.
#[test]
fn walking_up_and_down_keeps_the_speed_of_the_straight_parts() {
    let trial = walk(
        &Walker {
            strides: 50,
            path: Path::ThereAndBack {
                length_m: 8.0,
                passes: 8,
            },
            ..Walker::default()
        }
        .at_rate(50.0),
    );
    let speed = |trial: Trial| {
        let analysis = analysed(trial).analysis;
        analysis.parameters[&ParameterId::Speed]
            .both
            .clone()
            .unwrap()
    };
    let truth_mps = trial.truth.speed_mps;
    let in_space = speed(trial.recorded()).value.unwrap();
    println!("truth {truth_mps:.3} m/s, in space {in_space:.3} m/s");
    assert!((in_space / truth_mps - 1.0).abs() < 0.01, "{in_space}");
    let filmed = speed(trial.filmed(&Camera::beside(Side::Right, 10.0)));
    let [low, high] = filmed.ci95.unwrap();
    println!(
        "filmed {:.3} m/s ({low:.3} to {high:.3})",
        filmed.value.unwrap()
    );
    assert!(low <= truth_mps && truth_mps <= high);
    assert!((filmed.value.unwrap() / truth_mps - 1.0).abs() < 0.03);
}
