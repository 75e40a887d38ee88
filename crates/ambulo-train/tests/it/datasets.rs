//! Published data sets, in miniature (`testdata/datasets`).

use ambulo_train::batch::LiftSamples;
use ambulo_train::datasets::cameras::Cameras;
use ambulo_train::datasets::examples::{Cutting, Examples, PUBLISHED_SHUFFLE_SEED};
use ambulo_train::datasets::layout::{COCO_17, HUMANEVA_15};
use ambulo_train::datasets::takes::Takes;
use ambulo_train::datasets::{DataSetError, h36m, humaneva, mpi_3dhp};
use serde_json::Value;

const TOLERANCE: f64 = 2e-6;

fn file(name: &str) -> Vec<u8> {
    let path = ambulo_testkit::repository_root()
        .join("testdata/datasets")
        .join(name);
    std::fs::read(path).unwrap()
}

fn cameras(name: &str) -> Cameras {
    Cameras::parse(&file(name)).unwrap()
}

fn h36m_takes(keypoints: bool, subjects: &[&str]) -> Result<Takes, DataSetError> {
    let keypoints = keypoints.then(|| file("data_2d_h36m_cpn_ft_h36m_dbb.npz"));
    h36m::read(
        &file("data_3d_h36m.npz"),
        keypoints.as_deref(),
        &cameras("camera-parameters.json"),
        subjects,
    )
}

#[track_caller]
fn near(found: impl IntoIterator<Item = f32>, expected: &Value, what: &str) {
    let expected = expected.as_array().unwrap();
    let found: Vec<f32> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        let apart = (f64::from(*found) - expected.as_f64().unwrap()).abs();
        assert!(apart < TOLERANCE, "{what}: {found} is {apart:e} off");
    }
}

/// Holds takes to `expected.json`, in order.
#[track_caller]
fn check(takes: &Takes, name: &str) {
    let expected: Value = serde_json::from_slice(&file("expected.json")).unwrap();
    let expected = expected[name].as_array().unwrap();
    assert_eq!(takes.takes.len(), expected.len(), "{name}");
    let joints = takes.output.joints();
    for (take, expected) in takes.takes.iter().zip(expected) {
        let what = format!("{} {} {}", take.subject, take.name, take.camera);
        for (found, key) in [
            (&take.subject, "subject"),
            (&take.name, "name"),
            (&take.camera, "camera"),
        ] {
            assert_eq!(Some(found.as_str()), expected[key].as_str(), "{what}");
        }
        let frames = take.frames(takes.input.joints());
        assert_eq!(Some(frames as u64), expected["frames"].as_u64(), "{what}");
        let tail = take.keypoints[take.keypoints.len() - 6..].iter().copied();
        near(tail, &expected["keypoints"], &what);
        let sum = |values: &[f32]| -> f64 { values.iter().map(|&v| f64::from(v)).sum() };
        let apart = sum(&take.keypoints) - expected["keypoint_sum"].as_f64().unwrap();
        assert!(apart.abs() < 1e-4, "{what}: {apart}");

        let mut row = vec![0.0; joints * 3];
        let mut total = 0.0;
        for frame in 0..frames {
            take.write_target(frame, takes.output.root, &mut row);
            total += row.iter().map(|&v| f64::from(v.abs())).sum::<f64>();
        }
        near(row, &expected["target"], &what);
        let apart = total - expected["target_sum"].as_f64().unwrap();
        assert!(apart.abs() < 1e-4, "{what}: {apart}");
        if let Some(valid) = expected["valid"].as_array() {
            let valid: Vec<bool> = valid.iter().map(|v| v.as_bool().unwrap()).collect();
            assert_eq!(take.valid.as_ref(), Some(&valid), "{what}");
        }
    }
}

#[test]
fn human36m_is_read_as_the_recipes_read_it() {
    // Renamed, without S11's Directions, cut to 17 joints and to the frames of motion capture.
    check(&h36m_takes(true, &["S1", "S9", "S11"]).unwrap(), "h36m");
}

#[test]
fn human36m_without_keypoints_is_projected() {
    check(&h36m_takes(false, &["S1"]).unwrap(), "h36m_projected");
}

#[test]
fn a_subject_without_positions_is_named() {
    let error = h36m_takes(true, &["S1", "S2"]).unwrap_err();
    let DataSetError::Absent { place } = error else {
        panic!("{error}");
    };
    assert_eq!(place, "data_3d_h36m.npz: positions_3d[\"S2\"]");
}

#[test]
fn files_of_another_data_set_are_refused() {
    // HumanEva's files in the place of Human3.6M's: other joints, and the message says where.
    let error = h36m::read(
        &file("data_3d_h36m.npz"),
        Some(&file("data_2d_humaneva15_gt.npz")),
        &cameras("camera-parameters.json"),
        &["S1"],
    )
    .unwrap_err();
    assert!(matches!(error, DataSetError::Layout { .. }), "{error}");
    let error = h36m::read(&file("expected.json"), None, &Cameras::default(), &["S1"]);
    assert!(matches!(error, Err(DataSetError::File { .. })));
}

#[test]
fn humaneva_is_read_as_the_recipes_read_it() {
    let subjects = ["Train/S1", "Validate/S1"];
    let read = |keypoints: &str| {
        humaneva::read(
            &file("data_3d_humaneva15.npz"),
            &file(keypoints),
            &cameras("humaneva-cameras.json"),
            &subjects,
        )
        .unwrap()
    };
    let truth = read("data_2d_humaneva15_gt.npz");
    assert_eq!((truth.input, truth.output), (HUMANEVA_15, HUMANEVA_15));
    check(&truth, "humaneva");
    let detected = read("data_2d_humaneva15_detectron_pt_coco.npz");
    assert_eq!((detected.input, detected.output), (COCO_17, HUMANEVA_15));
    check(&detected, "humaneva_coco");
}

#[test]
fn mpi_inf_3dhp_is_read_as_the_recipes_read_it() {
    let training = mpi_3dhp::read_training(&file("data_train_3dhp.npz")).unwrap();
    check(&training, "mpi_train");
    let test = mpi_3dhp::read_test(&file("data_test_3dhp.npz")).unwrap();
    check(&test, "mpi_test");
}

#[test]
fn examples_of_a_detector_have_more_joints_in_than_out() {
    let takes = humaneva::read(
        &file("data_3d_humaneva15.npz"),
        &file("data_2d_humaneva15_detectron_pt_coco.npz"),
        &cameras("humaneva-cameras.json"),
        &["Train/S1"],
    )
    .unwrap();
    let frames = takes.frames();
    let windows = Cutting::Windows { stride: 1 };
    let examples = Examples::new(takes, 3, windows, PUBLISHED_SHUFFLE_SEED).unwrap();
    assert_eq!(examples.per_epoch(), 2 * frames);
    let batch = examples.batch(0, 0, 5);
    assert_eq!(
        (batch.input.len(), batch.target.len(), batch.weight.len()),
        (5 * 3 * 17 * 2, 5 * 15 * 3, 5 * 15)
    );
}

#[test]
fn damaged_files_are_errors() {
    let whole = file("data_test_3dhp.npz");
    for cut in (0..whole.len()).step_by(97) {
        assert!(mpi_3dhp::read_test(&whole[..cut]).is_err(), "{cut} bytes");
    }
}
