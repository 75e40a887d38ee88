//! TRC, MOT, BVH, ASF/AMC, CSV, NPY and NPZ: what is written is read back, and damage never panics.

use ambulo::skeleton::Joint;
use ambulo::space::UpAxis;
use ambulo::synth::{self, Walker};
use ambulo::trial::Recording;
use ambulo_io::files::Input;
use ambulo_io::points::LabelledPoints;
use ambulo_io::table::Table;
use ambulo_io::{acclaim, arrays, bvh, csv, npy, storage, trc};
use ambulo_testkit::data_dir;

use crate::damage::{TEXT_MUTANTS, check_mutants};

/// A short walk, with a gap in one joint where the format allows gaps.
fn walk(with_gap: bool) -> LabelledPoints {
    let trial = synth::walk(&Walker {
        strides: 2,
        ..Walker::default().at_rate(50.0)
    })
    .expect("a possible walker");
    let mut points = LabelledPoints::from_motion(&trial.motion);
    if with_gap {
        let width = points.labels.len();
        for frame in 5..9 {
            points.positions_m[frame * width + 2] = None;
        }
    }
    points
}

#[track_caller]
fn assert_same(read: &LabelledPoints, written: &LabelledPoints, tolerance_m: f64) {
    assert_eq!(read.labels, written.labels);
    assert_eq!(read.time.frames(), written.time.frames());
    for (a, b) in read.time.times_s().iter().zip(written.time.times_s()) {
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
    for (a, b) in read.positions_m.iter().zip(&written.positions_m) {
        match (a, b) {
            (Some(a), Some(b)) => assert!((a - b).norm() <= tolerance_m, "{a} {b}"),
            (a, b) => assert_eq!(a, b),
        }
    }
}

#[test]
fn trc_keeps_positions_gaps_and_times() {
    let points = walk(true);
    assert_same(
        &trc::parse(&trc::write(&points, "walk.trc")).unwrap(),
        &points,
        0.0,
    );
}

#[test]
fn csv_and_npz_keep_positions_gaps_and_times() {
    let points = walk(true);
    let table = csv::parse_table(&csv::write_table(&csv::table_of(&points))).unwrap();
    assert_same(&csv::points_of(&table).unwrap(), &points, 0.0);
    let archive = npy::write_npz(&arrays::of_points(&points)).unwrap();
    let read = arrays::points_of(&npy::parse_npz(&archive).unwrap()).unwrap();
    assert_same(&read, &points, 0.0);
}

#[test]
fn bvh_and_amc_keep_positions() {
    let points = walk(false);
    let read = bvh::parse(&bvh::write(&points))
        .unwrap()
        .to_points()
        .unwrap();
    assert_same(&read, &points, 1e-9);
    let (skeleton, motion) = acclaim::write(&points);
    let skeleton = acclaim::parse_skeleton(&skeleton).unwrap();
    let read = acclaim::parse_motion(&motion, &skeleton, 50.0).unwrap();
    assert_same(&read, &points, 1e-9);
}

#[test]
fn a_laboratory_with_z_up_is_turned_and_not_mirrored() {
    let mut points = walk(false);
    let lab = ambulo::space::world_from_lab(UpAxis::PlusZ).inverse();
    for position in points.positions_m.iter_mut().flatten() {
        *position = lab * *position;
    }
    points.up = None;
    let trial = points.to_trial().unwrap();
    let Recording::Motion(turned) = trial.recording else {
        panic!("motion")
    };
    let original = walk(false).to_trial().unwrap();
    let Recording::Motion(original) = original.recording else {
        panic!("motion")
    };
    for joint in [Joint::LeftAnkle, Joint::RightWrist] {
        let pairs = turned.trajectory(joint).unwrap();
        for (a, b) in pairs.iter().zip(original.trajectory(joint).unwrap()) {
            assert!((a.unwrap() - b.unwrap()).norm() < 1e-12);
        }
    }
    assert!(
        trial.notes.iter().any(|note| note.contains("+Z")),
        "{:?}",
        trial.notes
    );
}

#[test]
fn the_trc_of_pose2sim_is_read() {
    let Some(folder) = data_dir() else { return };
    let file = folder.join("video/pose2sim_single/S00_P00_T01_BalancingTrial_0-100.trc");
    let points = trc::parse(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!((points.time.frames(), points.labels.len()), (100, 21));
    assert!((points.time.rate_hz().unwrap() - 60.0).abs() < 1e-6);
    let trial = points.to_trial().unwrap();
    let Recording::Motion(motion) = trial.recording else {
        panic!("motion")
    };
    assert!(motion.has(Joint::LeftHeel) && motion.has(Joint::RightBigToe));
}

#[test]
fn npz_of_the_cmu_collection_is_read() {
    let Some(folder) = data_dir() else { return };
    let input = Input::load(&folder.join("cmu/cmu_expmap_all.npz")).unwrap();
    let arrays = npy::parse_npz(&input.files[0].bytes).unwrap();
    assert_eq!(arrays.len(), 96);
    assert!(arrays.iter().all(|(_, array)| array.shape[1] == 117));
}

/// Reads bytes with one parser; the answer does not matter, only that there is one.
type Parser = fn(&[u8]);

fn read_trc(bytes: &[u8]) {
    let _ = trc::parse(bytes).map(|points| points.to_trial());
}

fn read_skeleton(bytes: &[u8]) {
    let _ = acclaim::parse_skeleton(bytes);
}

#[test]
fn damaged_text_files_never_panic_or_hang() {
    let points = walk(true);
    let whole = walk(false);
    let table = Table {
        title: "walk".into(),
        in_degrees: Some(true),
        columns: vec!["time".into(), "hip_flexion_r".into()],
        values: (0..200).map(|i| Some(f64::from(i) / 7.0)).collect(),
    };
    let (skeleton, motion) = acclaim::write(&whole);
    let parsed_skeleton = acclaim::parse_skeleton(&skeleton).unwrap();
    let archive = npy::write_npz(&arrays::of_points(&points)).unwrap();
    let cases: [(&str, Vec<u8>, Parser); 8] = [
        ("trc", trc::write(&points, "walk.trc"), read_trc),
        ("mot", storage::write(&table), |b| drop(storage::parse(b))),
        ("bvh", bvh::write(&whole), |b| {
            let _ = bvh::parse(b).map(|bvh| bvh.to_points());
        }),
        ("asf", skeleton, read_skeleton),
        ("csv", csv::write_table(&csv::table_of(&points)), |b| {
            let _ = csv::parse_table(b).map(|table| csv::points_of(&table));
        }),
        ("npy", npy::write(&arrays::of_points(&points)[0].1), |b| {
            let _ = npy::parse(b).map(|array| arrays::points_of_bare(&array, Some(50.0)));
        }),
        ("npz", archive, |b| {
            let _ = npy::parse_npz(b).map(|arrays| arrays::points_of(&arrays));
        }),
        (
            "events",
            b"side,kind,time_s\nleft,foot_off,0.5\n".repeat(40),
            |b| drop(csv::parse_rows(b)),
        ),
    ];
    for (name, original, parse) in &cases {
        check_mutants(name, original, TEXT_MUTANTS, parse);
    }
    check_mutants("amc", &motion, TEXT_MUTANTS, |bytes| {
        drop(acclaim::parse_motion(bytes, &parsed_skeleton, 50.0));
    });
}

#[test]
fn damaged_recorded_text_files_never_panic_or_hang() {
    let Some(folder) = data_dir() else { return };
    let read = |path: &str| std::fs::read(folder.join(path)).unwrap();
    let recorded = read("video/pose2sim_single/S00_P00_T01_BalancingTrial_0-100.trc");
    check_mutants("recorded trc", &recorded, 60, read_trc);
    let skeleton = read("cmu/02.asf");
    check_mutants("recorded asf", &skeleton, 200, read_skeleton);
    let parsed = acclaim::parse_skeleton(&skeleton).unwrap();
    let motion = read("cmu/02_01.amc");
    // The first frames: damage is sought, not length.
    let start = &motion[..motion.len().min(20_000)];
    check_mutants("recorded amc", start, 200, |bytes| {
        drop(acclaim::parse_motion(bytes, &parsed, 120.0));
    });
}
