//! Errors of joints in space against the published evaluations (`testdata/parity/metrics_pose3d`).

use ambulo::metrics::pose3d::{
    ActionTable, Alignment, ClipEdges, CorrectJoints, JointSet, PosePair, acceleration_error,
    aligned_error, aligned_errors, frame_errors, frame_weighted, joint_errors, mean_error,
    scale_aligned_error, velocity_error, weighted_error,
};
use ambulo_testkit::repository_root;
use nalgebra::Point3;
use serde_json::Value;

use super::{number, numbers, read_json, relative};

const TOLERANCE: f64 = 1e-6;
const MM_PER_M: f64 = 1000.0;

fn file(name: &str) -> Value {
    read_json(
        &repository_root()
            .join("testdata/parity/metrics_pose3d")
            .join(name),
    )
}

fn points(frames: &Value, scale: f64) -> Vec<Point3<f64>> {
    let frames = frames.as_array().unwrap().iter();
    frames
        .flat_map(|frame| frame.as_array().unwrap())
        .map(|joint| Point3::from_slice(&numbers(joint)) * scale)
        .collect()
}

#[track_caller]
fn same(found: f64, expected: &Value) {
    relative(&[found], &[number(expected)], TOLERANCE);
}

#[test]
fn errors_equal_those_of_the_published_evaluations() {
    let (input, expected) = (file("input.json"), file("expected.json"));
    let predicted = points(&input["pred"], MM_PER_M);
    let reference = points(&input["gt"], MM_PER_M);
    let pair = PosePair::new(17, &predicted, &reference).unwrap();

    same(mean_error(&pair), &expected["mpjpe"]);
    same(
        aligned_error(&pair, Alignment::Similarity),
        &expected["p_mpjpe"],
    );
    same(
        aligned_error(&pair, Alignment::Rigid),
        &expected["rigid_only_mpjpe"],
    );
    same(scale_aligned_error(&pair), &expected["n_mpjpe"]);
    same(
        weighted_error(&pair, &numbers(&input["weights"])).unwrap(),
        &expected["weighted_mpjpe"],
    );
    let velocity = velocity_error(&[pair], ClipEdges::Apart).unwrap();
    same(velocity, &expected["mpjve_per_frame"]);
    let acceleration = acceleration_error(&[pair], ClipEdges::Apart).unwrap();
    same(acceleration, &expected["accel_mm_per_frame2"]);
    same(
        acceleration / MM_PER_M * 50.0 * 50.0,
        &expected["accel_m_per_s2_at_50hz"],
    );

    let per_frame = &expected["per_frame"];
    relative(
        &frame_errors(&pair),
        &numbers(&per_frame["mpjpe"]),
        TOLERANCE,
    );
    relative(
        &aligned_errors(&pair, Alignment::Similarity),
        &numbers(&per_frame["p_mpjpe"]),
        TOLERANCE,
    );
    relative(
        &joint_errors(&pair),
        &numbers(&expected["per_joint_mpjpe"]),
        TOLERANCE,
    );
}

#[test]
fn steps_within_halves_leave_out_the_one_between_them() {
    let input = file("input.json");
    let predicted = points(&input["pred"], MM_PER_M);
    let reference = points(&input["gt"], MM_PER_M);
    let part = |from: usize, to: usize| {
        let range = from * 17..to * 17;
        PosePair::new(17, &predicted[range.clone()], &reference[range]).unwrap()
    };
    let halves = [part(0, 20), part(20, 40)];
    let expected = &file("expected.json")["mpjve_per_frame"];
    same(
        velocity_error(&halves, ClipEdges::Joined).unwrap(),
        expected,
    );
    let apart = velocity_error(&halves, ClipEdges::Apart).unwrap() * 38.0;
    let between = velocity_error(&[part(19, 21)], ClipEdges::Apart).unwrap();
    relative(&[(apart + between) / 39.0], &[number(expected)], TOLERANCE);
}

struct Mpi {
    predicted: Vec<Point3<f64>>,
    reference: Vec<Point3<f64>>,
    valid: Vec<bool>,
    sequence: Vec<u64>,
}

impl Mpi {
    fn read() -> Self {
        let mpi = &file("input.json")["mpi"];
        let whole = |name: &str| -> Vec<u64> {
            let values = mpi[name].as_array().unwrap().iter();
            values.map(|v| v.as_u64().unwrap()).collect()
        };
        Self {
            predicted: points(&mpi["pred"], 1.0),
            reference: points(&mpi["gt"], 1.0),
            valid: whole("valid").iter().map(|&v| v == 1).collect(),
            sequence: whole("sequence"),
        }
    }

    fn score(&self, set: JointSet, keep: impl Fn(usize) -> bool) -> CorrectJoints {
        let chosen = |all: &[Point3<f64>]| -> Vec<Point3<f64>> {
            let frames = all.chunks(17).enumerate();
            frames
                .filter(|(frame, _)| keep(*frame))
                .flat_map(|(_, joints)| joints.to_vec())
                .collect()
        };
        let (predicted, reference) = (chosen(&self.predicted), chosen(&self.reference));
        CorrectJoints::of(&PosePair::new(17, &predicted, &reference).unwrap(), set).unwrap()
    }
}

#[track_caller]
fn same_score(found: CorrectJoints, expected: &Value) {
    same(found.pck_pct, &expected["pck150"]);
    same(found.auc_pct, &expected["auc"]);
    same(found.mpjpe_mm, &expected["mpjpe"]);
}

#[test]
fn correct_joints_equal_both_conventions() {
    let (mpi, expected) = (Mpi::read(), &file("expected.json")["mpi"]);
    let official = JointSet::Official14;
    same_score(
        mpi.score(official, |frame| mpi.valid[frame]),
        &expected["official14_valid"],
    );
    same_score(mpi.score(official, |_| true), &expected["official14_all"]);
    same_score(
        mpi.score(JointSet::Mmpose17, |_| true),
        &expected["mmpose17_all"],
    );
    same(
        mpi.score(JointSet::Mmpose17, |frame| mpi.valid[frame])
            .mpjpe_mm,
        &expected["valid17_mpjpe"],
    );

    let per_sequence: Vec<_> = (0..3)
        .map(|sequence| {
            mpi.score(official, |frame| {
                mpi.valid[frame] && mpi.sequence[frame] == sequence
            })
        })
        .collect();
    for (sequence, &found) in per_sequence.iter().enumerate() {
        let expected = &expected["per_sequence"][sequence.to_string()];
        assert_eq!(Some(found.frames as u64), expected["frames"].as_u64());
        same_score(found, expected);
    }
    same_score(
        frame_weighted(&per_sequence).unwrap(),
        &expected["frame_weighted"],
    );
}

#[test]
fn the_table_is_the_mean_over_actions() {
    let expected = &file("expected.json")["protocol_table"];
    let mut table = ActionTable::default();
    for item in expected["items"].as_array().unwrap() {
        let frames = usize::try_from(item["frames"].as_u64().unwrap()).unwrap();
        table.add(
            item["action"].as_str().unwrap(),
            frames,
            number(&item["mpjpe"]),
        );
    }
    for (action, found) in table.actions() {
        same(found.error, &expected["per_action"][action]);
    }
    assert_eq!(table.actions().count(), 3);
    same(table.mean_over_actions().unwrap(), &expected["table_value"]);
}
