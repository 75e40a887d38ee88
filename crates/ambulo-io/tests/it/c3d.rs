//! C3D: our own files in every dialect, recorded files, damaged files.

mod fixtures;
mod recorded;
mod trial;

use ambulo_io::c3d::{
    C3d, C3dError, Group, Parameter, ParameterData, Processor, Storage, to_trial,
};

use crate::damage::{C3D_MUTANTS, check_bytes, check_mutants};

/// Asserts that two files say the same, but for what the number format itself decides.
#[track_caller]
fn check_same(name: &str, a: &C3d, b: &C3d, processors: [Processor; 2]) {
    let facts = |c: &C3d| {
        (
            (c.first_frame, c.frames, c.rate_hz.to_bits(), c.max_gap),
            c.header_events.clone(),
            c.events(),
            c.trailing.clone(),
        )
    };
    assert_eq!(facts(a), facts(b), "{name}");
    assert_eq!(stable(&a.groups), stable(&b.groups), "{name}");
    if processors.contains(&Processor::Dec) {
        // A VAX has no negative zero.
        assert!(a.points.values == b.points.values, "{name}");
        assert!(a.analog.values == b.analog.values, "{name}");
    } else {
        assert!(a.points == b.points, "{name}");
        assert!(a.analog == b.analog, "{name}");
    }
}

/// The groups without the parameters that say how and where the data are stored.
fn stable(groups: &[Group]) -> Vec<Group> {
    let mut groups = groups.to_vec();
    for group in groups.iter_mut().filter(|group| group.name == "POINT") {
        group
            .parameters
            .retain(|p| !["SCALE", "DATA_START"].contains(&p.name.as_str()));
    }
    groups
}

#[test]
fn our_files_survive_every_pair_of_dialects() {
    for (name, original) in [
        ("small", fixtures::small()),
        ("many points", fixtures::many_points()),
    ] {
        for (from, from_storage) in fixtures::dialects() {
            let first = original.to_bytes_as(from, from_storage).unwrap();
            let first = C3d::parse(&first).unwrap();
            assert_eq!((first.processor, first.storage), (from, from_storage));
            assert!(first.notes.is_empty(), "{:?}", first.notes);
            check_same(name, &original, &first, [Processor::Intel, from]);
            for (to, to_storage) in fixtures::dialects() {
                let second = first.to_bytes_as(to, to_storage).unwrap();
                let second = C3d::parse(&second).unwrap();
                check_same(name, &original, &second, [from, to]);
            }
        }
    }
}

#[test]
fn writing_what_was_read_gives_the_same_bytes() {
    for (processor, storage) in fixtures::dialects() {
        let bytes = fixtures::small().to_bytes_as(processor, storage).unwrap();
        assert_eq!(C3d::parse(&bytes).unwrap().to_bytes().unwrap(), bytes);
    }
}

#[test]
fn more_frames_than_16_bits_count_are_kept() {
    let original = fixtures::long();
    let again = C3d::parse(&original.to_bytes().unwrap()).unwrap();
    assert_eq!((again.first_frame, again.frames), (66_000, 70_000));
    assert!(again.points == original.points);
    assert!(again.number("TRIAL", "ACTUAL_END_FIELD").is_some());
}

#[test]
fn labels_past_255_are_found() {
    let c3d = fixtures::many_points();
    let again = C3d::parse(&c3d.to_bytes().unwrap()).unwrap();
    assert_eq!(again.point_labels()[299], "P299");
    assert_eq!(again.point_labels().len(), 300);
}

#[test]
fn residuals_cameras_and_scaled_samples_are_understood() {
    let c3d = fixtures::small();
    assert_eq!(c3d.residual(0, 1), Some(1.5));
    assert_eq!(c3d.points.cameras(0, 1), Some(3));
    assert_eq!(c3d.points.position(0, 1), Some([0.0, -120.5, 900.0]));
    assert_eq!(c3d.points.position(0, 0), None);
    assert_eq!(c3d.points.position(0, 6), None);
    assert_eq!(c3d.points.position(24, 0), None);
    // (stored + 16) × −0.5 × 0.5
    assert_eq!(
        c3d.analog_channel(1).unwrap()[0].to_bits(),
        ((37.0_f64 - 2048.0 + 16.0) * -0.25).to_bits()
    );
    assert_eq!(c3d.analog_channel(1).unwrap().len(), 96);
    assert_eq!(c3d.analog_channel(3), None);
    let plates = c3d.force_plates();
    assert_eq!(plates.len(), 1);
    assert_eq!(plates[0].channels, [0, 1, 2]);
    assert_eq!(
        plates[0].corners[1].map(f64::to_bits),
        [3.0_f64, 4.0, 5.0].map(f64::to_bits)
    );
    let values = c3d.analysis_values();
    assert_eq!(values.len(), 1);
    assert_eq!(
        (values[0].name.as_str(), values[0].unit.as_str()),
        ("Cadence", "steps/min")
    );
}

#[test]
fn unsigned_samples_use_all_16_bits() {
    let mut c3d = fixtures::small();
    c3d.analog.values.iter_mut().for_each(|v| *v += 50_000.0);
    let analog = c3d.groups.iter_mut().find(|g| g.name == "ANALOG").unwrap();
    analog.set(Parameter::text("FORMAT", "UNSIGNED"));
    analog.set(Parameter::new(
        "OFFSET",
        vec![3],
        // 40,000 as the integer of the same bits.
        ParameterData::Int(vec![0, -25_536, 0]),
    ));
    let bytes = c3d.to_bytes_as(Processor::Intel, Storage::Integer).unwrap();
    let again = C3d::parse(&bytes).unwrap();
    assert!(again.analog == c3d.analog);
    let first = again.analog_channel(1).unwrap()[0];
    let stored = f64::from(c3d.analog.values[1]);
    assert!((first - (stored - 40_000.0) * -0.25).abs() < 1e-9);
}

#[test]
fn integers_keep_what_lies_off_their_grid_within_half_a_step() {
    let mut c3d = fixtures::small();
    for (n, value) in (0_u16..).zip(&mut c3d.points.values) {
        if n % 4 != 3 {
            *value += f32::from(n) * 0.0137;
        }
    }
    // Far beyond 16 bits on the file's own grid.
    c3d.points.values[4] = 40_000.0;
    for (n, value) in (0_u16..).zip(&mut c3d.analog.values) {
        *value += f32::from(n % 10) * 0.01;
    }
    let bytes = c3d.to_bytes_as(Processor::Sgi, Storage::Integer).unwrap();
    let again = C3d::parse(&bytes).unwrap();
    assert!(again.point_scale > 0.5 && again.point_scale < 2.0);
    for frame in 0..c3d.frames {
        for point in 0..c3d.points.count {
            let pair = [&c3d, &again].map(|c| c.points.position(frame, point));
            let [Some(a), Some(b)] = pair else {
                assert_eq!(pair, [None, None]);
                continue;
            };
            for axis in 0..3 {
                let step = again.point_scale / 2.0 + 1e-3;
                assert!((a[axis] - b[axis]).abs() <= step, "{a:?} {b:?}");
            }
        }
    }
    for channel in 0..3 {
        let (before, after) = (c3d.analog_channel(channel), again.analog_channel(channel));
        let (before, after) = (before.unwrap(), after.unwrap());
        let largest = before.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        for (a, b) in before.iter().zip(&after) {
            assert!((a - b).abs() <= largest / 32_000.0, "{channel}: {a} {b}");
        }
    }
}

#[test]
fn a_number_that_the_format_lacks_is_refused() {
    let mut c3d = fixtures::small();
    c3d.points.values[0] = f32::INFINITY;
    let error = c3d.to_bytes_as(Processor::Dec, Storage::Float).unwrap_err();
    assert!(matches!(error, C3dError::NotRepresentable { .. }));
    assert!(c3d.to_bytes().is_ok());
}

#[test]
fn counts_that_do_not_match_the_values_are_refused() {
    let mut c3d = fixtures::small();
    c3d.points.values.pop();
    assert!(matches!(c3d.to_bytes(), Err(C3dError::Shape { .. })));
}

#[test]
fn a_file_that_ends_early_gives_its_whole_frames_and_says_so() {
    let mut c3d = fixtures::small();
    c3d.frames = 24;
    let bytes = c3d.to_bytes().unwrap();
    let frame_bytes = 4 * (6 * 4 + 3 * 4);
    // The padding of the last block hides less than a block.
    let data: usize = 24 * frame_bytes;
    let start = bytes.len() - data.next_multiple_of(512);
    let again = C3d::parse(&bytes[..start + 10 * frame_bytes + 5]).unwrap();
    assert_eq!(again.frames, 10);
    assert_eq!(again.points.values[..], c3d.points.values[..10 * 24]);
    assert!(again.notes.iter().any(|note| note.contains("ends early")));
    let error = C3d::parse(&bytes[..start + frame_bytes - 1]).unwrap_err();
    assert!(
        matches!(error, C3dError::NoFrames { frames: 24, .. }),
        "{error}"
    );
    let error = C3d::parse(&bytes[..600]).unwrap_err();
    assert!(
        matches!(error, C3dError::TruncatedParameters { .. }),
        "{error}"
    );
    assert_eq!(
        C3d::parse(&bytes[..512]).unwrap_err(),
        C3dError::NoParameters {
            start: 512,
            bytes: 512
        }
    );
    assert_eq!(
        C3d::parse(&[]).unwrap_err(),
        C3dError::NoHeader { bytes: 0 }
    );
}

/// Whichever statement about the frames is wrong, the file's own size decides.
#[test]
fn wrong_frame_counts_are_seen_through() {
    let counts: [(&str, Parameter); 4] = [
        ("POINT", Parameter::integer("FRAMES", 65_535)),
        ("POINT", Parameter::float("FRAMES", 24.0)),
        ("POINT", Parameter::integer("FRAMES", 3)),
        (
            "TRIAL",
            Parameter::new(
                "ACTUAL_END_FIELD",
                vec![2],
                ParameterData::Int(vec![900, 0]),
            ),
        ),
    ];
    for (group, parameter) in counts {
        let c3d = fixtures::small();
        let mut groups = c3d.groups.clone();
        let mut trial = Group::new(9, "TRIAL");
        trial.set(Parameter::new(
            "ACTUAL_START_FIELD",
            vec![2],
            ParameterData::Int(vec![11, 0]),
        ));
        groups.push(trial);
        let what = format!("{parameter:?}");
        groups
            .iter_mut()
            .find(|have| have.name == group)
            .unwrap()
            .set(parameter);
        // The writer corrects counts: put the wrong one into the finished file.
        let mut wrong = c3d.clone();
        wrong.groups = groups.clone();
        let bytes = patched(&wrong, &groups);
        let again = C3d::parse(&bytes).unwrap();
        assert_eq!((again.first_frame, again.frames), (11, 24), "{what}");
        assert!(again.points == c3d.points, "{what}");
    }
}

/// The file with the frame counts of `groups`, which the writer would correct.
fn patched(c3d: &C3d, groups: &[Group]) -> Vec<u8> {
    let mut bytes = c3d.to_bytes().expect("a writable file");
    for (group, name) in [("POINT", "FRAMES"), ("TRIAL", "ACTUAL_END_FIELD")] {
        let wanted = groups
            .iter()
            .filter(|have| have.name == group)
            .find_map(|have| have.get(name));
        let Some(wanted) = wanted else { continue };
        let at = bytes
            .windows(name.len())
            .position(|window| window == name.as_bytes())
            .expect("the parameter is in the file");
        let values = at + name.len() + 2 + 2 + wanted.dimensions.len();
        let raw: Vec<u8> = match &wanted.data {
            ParameterData::Int(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ParameterData::Float(values) => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            _ => continue,
        };
        bytes[values..values + raw.len()].copy_from_slice(&raw);
    }
    bytes
}

/// Found by fuzzing: a scale too small for a processor's floats was written as 0.
#[test]
fn a_scale_near_zero_is_not_written_as_zero() {
    let mut c3d = fixtures::small();
    c3d.point_scale = f32::from_bits(1);
    c3d.points.values.fill(0.0);
    for (processor, storage) in fixtures::dialects() {
        let written = c3d.to_bytes_as(processor, storage).unwrap();
        assert!(C3d::parse(&written).is_ok(), "{processor:?} {storage:?}");
    }
}

/// A file of nothing but a header that promises much must not cost memory.
#[test]
fn promises_of_the_header_allocate_nothing() {
    let mut bytes = fixtures::small().to_bytes().unwrap();
    for (at, value) in [(2, u16::MAX), (4, u16::MAX), (6, 1), (8, u16::MAX)] {
        bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    check_bytes("promises", &bytes, |bytes| {
        let _ = C3d::parse(bytes);
    });
}

#[test]
fn damaged_files_of_our_own_neither_panic_nor_swell() {
    for (processor, storage) in fixtures::dialects() {
        let bytes = fixtures::small().to_bytes_as(processor, storage).unwrap();
        let name = format!("{processor:?} {storage:?}");
        check_mutants(&name, &bytes, C3D_MUTANTS, read_all);
    }
}

#[test]
fn damaged_recorded_files_neither_panic_nor_swell() {
    for (name, bytes) in recorded::all() {
        if bytes.len() < 100_000 {
            check_mutants(&name, &bytes, 60, read_all);
        }
    }
}

/// Does with a file all that can be done, and keeps what was read to be able to write it.
fn read_all(bytes: &[u8]) {
    let Ok(c3d) = C3d::parse(bytes) else { return };
    let _ = to_trial(&c3d);
    let _ = (c3d.events(), c3d.force_plates(), c3d.analysis_values());
    let _ = (c3d.analog_channel(0), c3d.analog_labels());
    if let Ok(written) = c3d.to_bytes() {
        assert!(C3d::parse(&written).is_ok(), "what was written is readable");
    }
}

#[test]
fn every_recorded_file_is_read_but_the_empty_one() {
    for (name, bytes) in recorded::all() {
        let read = C3d::parse(&bytes);
        if bytes.is_empty() {
            assert_eq!(read, Err(C3dError::NoHeader { bytes: 0 }), "{name}");
            continue;
        }
        let c3d = read.unwrap();
        let repaired = ["badParameterOffset.c3d", "sgi_int.c3d"];
        let is_repaired = repaired.iter().any(|file| name.ends_with(file));
        assert_eq!(
            !c3d.notes.is_empty(),
            is_repaired,
            "{name}: {:?}",
            c3d.notes
        );
    }
}

#[test]
fn recorded_files_survive_every_dialect() {
    for (name, bytes) in recorded::all() {
        let Ok(original) = C3d::parse(&bytes) else {
            continue;
        };
        for (processor, storage) in fixtures::dialects() {
            let is_exact = storage == Storage::Float || original.storage == Storage::Integer;
            // Off the grid, integers are tested on files of our own.
            if !is_exact {
                continue;
            }
            let written = original.to_bytes_as(processor, storage).unwrap();
            let again = C3d::parse(&written).unwrap();
            let what = format!("{name} {processor:?} {storage:?}");
            check_same(&what, &original, &again, [original.processor, processor]);
        }
    }
}

/// The high byte of a point's fourth word is its cameras: nothing can be seen by a single one.
#[test]
fn recorded_points_were_seen_by_two_cameras_or_more() {
    for name in ["Eb015pr.c3d", "Eb015pi.c3d", "DEC_INT.C3D"] {
        let Some(bytes) = recorded::one(name) else {
            return;
        };
        let c3d = C3d::parse(&bytes).unwrap();
        let mut seen = 0;
        for frame in 0..c3d.frames {
            for point in 0..c3d.points.count {
                // Zero marks an interpolated point.
                if let Some(cameras) = c3d.points.cameras(frame, point).filter(|&c| c != 0) {
                    assert!(cameras.count_ones() > 1, "{name} {frame} {point}");
                    seen += 1;
                }
            }
        }
        assert!(seen > 1000, "{name}");
    }
}

/// Four files of one recording, in as many dialects, say the same.
#[test]
fn one_recording_in_several_dialects_is_one_recording() {
    let families = [
        vec!["Eb015pi.c3d", "Eb015pr.c3d", "Eb015vi.c3d", "TESTAPI.c3d"],
        vec!["DEC_INT.C3D", "Dec_real.c3d", "pc_real.c3d", "sgi_int.c3d"],
    ];
    for family in families {
        let files: Vec<C3d> = family
            .iter()
            .filter_map(|name| recorded::one(name))
            .map(|bytes| C3d::parse(&bytes).unwrap())
            .collect();
        let Some(first) = files.first() else { return };
        for (other, name) in files.iter().zip(&family) {
            assert_eq!(other.frames, first.frames, "{name}");
            for frame in 0..first.frames {
                for point in 0..first.points.count {
                    let pair = [first, other].map(|c| c.points.position(frame, point));
                    let [Some(a), Some(b)] = pair else {
                        assert_eq!(pair, [None, None], "{name} {frame} {point}");
                        continue;
                    };
                    for axis in 0..3 {
                        let step = first.point_scale.max(other.point_scale);
                        assert!((a[axis] - b[axis]).abs() <= step, "{name} {a:?} {b:?}");
                    }
                }
            }
        }
    }
}
