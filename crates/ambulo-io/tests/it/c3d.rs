//! C3D: our own files in every dialect, recorded files, damaged files.

use ambulo::Side;
use ambulo::events::EventKind;
use ambulo::skeleton::Joint;
use ambulo::trial::Recording;
use ambulo_io::c3d::{C3d, C3dError, Processor, Storage, to_trial};

/// Every recorded file, with its path below the folder of C3D files.
fn recorded() -> Vec<(String, Vec<u8>)> {
    let Some(folder) = ambulo_testkit::data_dir().map(|data| data.join("c3d")) else {
        return Vec::new();
    };
    let mut open = vec![folder.clone()];
    let mut files = Vec::new();
    while let Some(next) = open.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("c3d"))
            {
                let name = path.strip_prefix(&folder).unwrap();
                files.push((
                    name.to_string_lossy().into_owned(),
                    std::fs::read(&path).unwrap(),
                ));
            }
        }
    }
    files.sort();
    files
}

#[test]
fn every_recorded_file_is_read_but_the_empty_one() {
    for (name, bytes) in recorded() {
        match C3d::parse(&bytes) {
            Ok(c3d) => println!(
                "{name}: {:?} {:?} {} frames from {}, {} points, {} channels, notes {:?}",
                c3d.processor,
                c3d.storage,
                c3d.frames,
                c3d.first_frame,
                c3d.points.count,
                c3d.analog.channels,
                c3d.notes
            ),
            Err(error) => {
                assert_eq!(error, C3dError::NoHeader { bytes: 0 }, "{name}");
                assert!(name.ends_with("Empty.c3d"), "{name}: {error}");
            }
        }
    }
}

#[test]
fn recorded_files_survive_every_dialect() {
    for (name, bytes) in recorded() {
        let Ok(original) = C3d::parse(&bytes) else {
            continue;
        };
        for processor in Processor::ALL {
            let bytes = original.to_bytes_as(processor, Storage::Float).unwrap();
            let again = C3d::parse(&bytes).unwrap();
            // A VAX has no negative zero; else every bit is kept.
            if processor == Processor::Dec {
                assert!(again.points.values == original.points.values, "{name}");
                assert!(again.analog.values == original.analog.values, "{name}");
            } else {
                assert!(again.points == original.points, "{name} {processor:?}");
                assert!(again.analog == original.analog, "{name} {processor:?}");
            }
            assert_eq!(again.events(), original.events(), "{name} {processor:?}");
        }
    }
}

#[test]
fn recorded_trials_stand_upright_in_metres() {
    for (name, bytes) in recorded() {
        let Ok(c3d) = C3d::parse(&bytes) else {
            continue;
        };
        match to_trial(&c3d) {
            Err(error) => println!("{name}: {error}"),
            Ok(trial) => {
                println!(
                    "{name}: {:?} events {} notes {:?}",
                    trial.subject,
                    trial.events.len(),
                    trial.notes
                );
                let Recording::Motion(motion) = &trial.recording else {
                    panic!("a motion was expected");
                };
                let mean_height = |joint: Joint| {
                    let heights: Vec<f64> = motion
                        .trajectory(joint)
                        .unwrap()
                        .into_iter()
                        .flatten()
                        .map(|p| p.y)
                        .collect();
                    heights.iter().sum::<f64>() / heights.len() as f64
                };
                if motion.has(Joint::LeftHip) {
                    assert!((0.5..1.1).contains(&mean_height(Joint::LeftHip)), "{name}");
                    assert!(mean_height(Joint::LeftAnkle) < 0.25, "{name}");
                }
            }
        }
    }
}

#[test]
fn a_recorded_walk_has_its_events_and_subject() {
    let Some((_, bytes)) = recorded()
        .into_iter()
        .find(|(name, _)| name.ends_with("HC002D06.c3d"))
    else {
        return;
    };
    let trial = to_trial(&C3d::parse(&bytes).unwrap()).unwrap();
    assert_eq!(trial.file_number_of_first_frame, 125);
    assert!((trial.file_time_of_first_frame_s - 1.24).abs() < 1e-9);
    assert_eq!(trial.subject.height_m, Some(1.45));
    assert_eq!(trial.subject.leg_length_m.left, Some(0.74));
    let first = trial.events.first().unwrap();
    assert_eq!(
        (first.side, first.kind),
        (Side::Right, EventKind::InitialContact)
    );
    assert!((first.time_s - (1.83 - 1.24)).abs() < 1e-3);
    assert_eq!(first.frame, 59);
}
