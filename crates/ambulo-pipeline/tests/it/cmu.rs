//! The CMU collection: walks of real people, stored as rotations of one skeleton.

use ambulo::motion::Motion3d;
use ambulo::parameters::ParameterId;
use ambulo::skeleton::Joint;
use ambulo::time::TimeBase;
use ambulo::trial::{Recording, Trial};
use ambulo_io::files::{Input, NamedBytes};
use ambulo_io::formats::Format;
use ambulo_io::npy;
use ambulo_pipeline::analyze;
use ambulo_pipeline::config::Config;
use ambulo_pipeline::read::{LoadedTrial, read_trial};
use ambulo_testkit::data_dir;
use nalgebra::{Matrix3, Point3, Rotation3, RowVector3, Vector3};

/// Metres of one ASF unit of the collection.
const UNIT_M: f64 = 0.056_44;

/// The collection's skeleton: parents, offsets and columns, as its description file holds them.
struct Skeleton {
    parents: Vec<Option<usize>>,
    offsets: Vec<RowVector3<f64>>,
    columns: Vec<[usize; 3]>,
}

const JOINTS: [(Joint, usize); 21] = [
    (Joint::Pelvis, 0),
    (Joint::LeftHip, 2),
    (Joint::LeftKnee, 3),
    (Joint::LeftAnkle, 4),
    (Joint::LeftToe, 5),
    (Joint::LeftToeTip, 6),
    (Joint::RightHip, 8),
    (Joint::RightKnee, 9),
    (Joint::RightAnkle, 10),
    (Joint::RightToe, 11),
    (Joint::RightToeTip, 12),
    (Joint::Spine1, 14),
    (Joint::Thorax, 16),
    (Joint::Neck, 17),
    (Joint::HeadTop, 19),
    (Joint::LeftShoulder, 21),
    (Joint::LeftElbow, 22),
    (Joint::LeftWrist, 24),
    (Joint::RightShoulder, 30),
    (Joint::RightElbow, 31),
    (Joint::RightWrist, 33),
];

impl Skeleton {
    fn parse(text: &str) -> Self {
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let list = |name: &str| json[name].as_array().unwrap().clone();
        let triple = |value: &serde_json::Value| -> [f64; 3] {
            std::array::from_fn(|axis| value[axis].as_f64().unwrap())
        };
        Self {
            parents: list("parent")
                .iter()
                .map(|parent| usize::try_from(parent.as_i64().unwrap()).ok())
                .collect(),
            offsets: list("offset")
                .iter()
                .map(|offset| RowVector3::from(triple(offset)))
                .collect(),
            columns: list("exp_index")
                .iter()
                .map(|columns| {
                    std::array::from_fn(|axis| {
                        usize::try_from(columns[axis].as_u64().unwrap()).unwrap()
                    })
                })
                .collect(),
        }
    }

    /// Joints of one frame in metres, by the collection's own recipe (row vectors).
    fn positions_m(&self, row: &[f64]) -> Vec<Point3<f64>> {
        let mut turned: Vec<Matrix3<f64>> = Vec::new();
        let mut placed: Vec<RowVector3<f64>> = Vec::new();
        for joint in 0..self.parents.len() {
            let [a, b, c] = self.columns[joint];
            let local = *Rotation3::new(Vector3::new(row[a], row[b], row[c])).matrix();
            if let Some(parent) = self.parents[joint] {
                placed.push(self.offsets[joint] * turned[parent] + placed[parent]);
                turned.push(local * turned[parent]);
            } else {
                placed.push(RowVector3::new(row[0], row[1], row[2]));
                turned.push(local);
            }
        }
        placed
            .iter()
            .map(|p| Point3::from(p.transpose() * UNIT_M))
            .collect()
    }
}

fn sequences() -> Option<Vec<(String, Motion3d)>> {
    let folder = data_dir()?.join("cmu");
    let skeleton =
        Skeleton::parse(&std::fs::read_to_string(folder.join("cmu_skeleton.json")).unwrap());
    let archive = std::fs::read(folder.join("cmu_expmap_all.npz")).unwrap();
    let sequences = npy::parse_npz(&archive).unwrap();
    let motion = |array: &npy::Array| {
        let width = array.shape[1];
        // Row 0 is a rest pose, not a part of the motion.
        let rows = array.numbers().unwrap().chunks_exact(width).skip(1);
        let frames = rows.len();
        let positions = rows
            .flat_map(|row| {
                let all = skeleton.positions_m(row);
                JOINTS.map(|(_, index)| Some(all[index]))
            })
            .collect();
        let joints = JOINTS.iter().map(|(joint, _)| *joint).collect();
        let time = TimeBase::uniform(frames, 120.0).unwrap();
        Motion3d::new(joints, time, positions).unwrap()
    };
    Some(
        sequences
            .iter()
            .filter(|(name, _)| name.contains("walking"))
            .map(|(name, array)| (name.clone(), motion(array)))
            .collect(),
    )
}

fn analysed(motion: Motion3d) -> ambulo_pipeline::Analysed {
    let loaded = LoadedTrial {
        trial: Trial::new(Recording::Motion(motion)),
        name: "cmu".to_owned(),
        format: Format::Amc,
        sha256: String::new(),
        pose2d: None,
    };
    analyze(&loaded, &Config::default(), &mut |_| {})
}

#[test]
fn the_walks_have_the_speeds_and_cadences_of_people() {
    let Some(walks) = sequences() else { return };
    assert_eq!(walks.len(), 64);
    let mut speeds = Vec::new();
    let mut cadences = Vec::new();
    for (name, motion) in walks {
        let analysis = analysed(motion).analysis;
        let value = |id: ParameterId| analysis.parameters[&id].both.as_ref().unwrap().value;
        let (speed, cadence) = (value(ParameterId::Speed), value(ParameterId::Cadence));
        println!(
            "{name}: {speed:?} m/s, {cadence:?} steps/min, {:?}",
            analysis.quality.grade
        );
        speeds.extend(speed);
        cadences.extend(cadence);
    }
    speeds.sort_by(f64::total_cmp);
    cadences.sort_by(f64::total_cmp);
    let at = |sorted: &[f64], pct: usize| sorted[(sorted.len() - 1) * pct / 100];
    println!(
        "{} of 64 measured; speed 5-95 %: {:.2} to {:.2} m/s; cadence 5-95 %: {:.0} to {:.0}",
        speeds.len(),
        at(&speeds, 5),
        at(&speeds, 95),
        at(&cadences, 5),
        at(&cadences, 95),
    );
    assert!(
        speeds.len() >= 37,
        "only {} walks were measured",
        speeds.len()
    );
    assert!(at(&speeds, 5) >= 0.6 && at(&speeds, 95) <= 1.7);
    assert!(
        cadences
            .iter()
            .all(|cadence| (60.0..=160.0).contains(cadence))
    );
}

#[test]
fn asf_and_amc_give_the_joints_of_the_packed_collection() {
    let Some(folder) = data_dir() else { return };
    let folder = folder.join("cmu");
    let input = Input::load(&folder.join("02_01.amc")).unwrap();
    assert_eq!(input.companions.len(), 1, "the skeleton beside it is found");
    let trial = read_trial(&input, &Config::default()).unwrap().trial;
    let Recording::Motion(read) = trial.recording else {
        panic!("motion")
    };
    let sequences = sequences().unwrap();
    let (_, packed) = sequences
        .iter()
        .find(|(name, _)| name == "train__walking__walking_1")
        .unwrap();
    assert_eq!(read.frames(), packed.frames());
    // The packed sequences were re-encoded, and one table of bones serves all of them.
    let mut worst_m = 0.0_f64;
    for joint in [Joint::LeftAnkle, Joint::RightKnee, Joint::LeftHip] {
        let ours = read.trajectory(joint).unwrap();
        let theirs = packed.trajectory(joint).unwrap();
        for (a, b) in ours.iter().zip(&theirs) {
            worst_m = worst_m.max((a.unwrap() - b.unwrap()).norm());
        }
    }
    assert!(worst_m < 0.013, "{worst_m} m");
}

#[test]
fn a_motion_without_its_skeleton_says_so() {
    let input = Input {
        name: "walk.amc".to_owned(),
        files: vec![NamedBytes {
            name: "walk.amc".to_owned(),
            bytes: b":DEGREES\n1\nroot 0 0 0 0 0 0\n".to_vec(),
        }],
        is_folder: false,
        companions: Vec::new(),
    };
    let error = read_trial(&input, &Config::default()).unwrap_err();
    assert!(error.to_string().contains("--skeleton"), "{error}");
}
