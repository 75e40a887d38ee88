//! The papers' figures beside ours, with and without data.

use ambulo_nn::config::NetworkConfig;
use ambulo_train::protocols::comparison::{Comparison, Judged};
use ambulo_train::protocols::folder::Folder;
use ambulo_train::protocols::published::{DataSet, FIGURES, H36M_ACTIONS, Input2d, Measure};
use serde_json::Value;

fn expected(name: &str) -> Value {
    let folder = ambulo_testkit::repository_root().join("testdata/datasets");
    let all: Value =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    all[name].clone()
}

fn fixtures() -> Folder {
    Folder::new(Some(
        &ambulo_testkit::repository_root().join("testdata/datasets"),
    ))
}

/// A comparison with a network of these settings that puts every joint onto the root.
fn with_zeros(data: DataSet, preset: &str, noise_sds: &[f64]) -> Comparison {
    let config = NetworkConfig::preset(preset).unwrap();
    let numbers: usize = config.output_shape().iter().product();
    let mut lift = |_: &[f32], count: usize| vec![0.0; count * numbers];
    let judged = Judged {
        config: &config,
        lift: &mut lift,
    };
    Comparison::of(data, &fixtures(), Some(judged), noise_sds, &mut |_| {}).unwrap()
}

#[track_caller]
fn near(found: Option<f64>, expected: &Value) {
    let (found, expected) = (found.unwrap(), expected.as_f64().unwrap());
    assert!(
        (found - expected).abs() < 1e-3,
        "{found}, expected {expected}"
    );
}

#[test]
fn without_data_every_figure_of_the_papers_stands_with_what_is_missing() {
    let mut figures = 0;
    for data in DataSet::ALL {
        let comparison = Comparison::of(data, &Folder::new(None), None, &[], &mut |_| {}).unwrap();
        for figure in &comparison.figures {
            assert_eq!(figure.ours, None);
            let missing = figure.missing.as_ref().unwrap();
            assert!(missing.starts_with("needs data_"), "{missing}");
        }
        figures += comparison.figures.len();
        let text = comparison.to_text();
        assert!(text.contains("needs data_"), "{text}");
        if data == DataSet::H36m {
            for action in H36M_ACTIONS {
                assert!(
                    text.contains(&format!("\n  {action} ")),
                    "{action} in {text}"
                );
            }
        }
    }
    assert_eq!(figures, FIGURES.len());
}

#[test]
fn human36m_is_judged_by_action_beside_the_papers() {
    let comparison = with_zeros(DataSet::H36m, "convformer_9", &[]);
    let expected = expected("h36m_judged");
    let table = comparison
        .tables
        .iter()
        .find(|table| table.input == Input2d::Cpn)
        .unwrap();
    let mut sum = 0.0;
    for (action, error) in expected["zero_mm"].as_object().unwrap() {
        let row = table.rows.iter().find(|row| row.group == *action).unwrap();
        near(row.upstream.map(|m| m.mpjpe_mm), error);
        near(row.unique.map(|m| m.mpjpe_mm), error);
        near(row.mean_pose_mm, &expected["mean_pose_mm"][action]);
        assert_eq!(Some(row.frames as u64), expected["frames"][action].as_u64());
        sum += error.as_f64().unwrap();
    }
    let average = sum / expected["zero_mm"].as_object().unwrap().len() as f64;
    let ours = comparison.figures.iter().find(|figure| {
        figure.paper.preset == "convformer_9" && figure.paper.measure == Measure::Mpjpe
    });
    near(ours.unwrap().ours, &Value::from(average));
    near(ours.unwrap().gap, &Value::from(average - 49.4));
    // Figures of other networks are not ours to fill.
    for figure in &comparison.figures {
        let same = figure.paper.preset == "convformer_9" && figure.paper.input == Input2d::Cpn;
        assert_eq!(figure.ours.is_some(), same, "{figure:?}");
        assert_eq!(figure.missing.is_none(), same);
    }
}

#[test]
fn projected_keypoints_take_the_place_of_a_missing_file_and_noise_is_swept() {
    // The miniature has no data_2d_h36m_gt.npz; the camera file has lenses.
    let comparison = with_zeros(DataSet::H36m, "rtpca_27", &[0.01, 0.02]);
    let table = &comparison.tables[0];
    assert_eq!(
        (table.input, &table.network_missing),
        (Input2d::Truth, &None)
    );
    assert!(table.average.unique.is_some());
    let [first, second] = comparison.noise[..] else {
        panic!("{:?}", comparison.noise);
    };
    assert_eq!((first.sd, second.sd), (0.01, 0.02));
    // Zeros do not depend on their input.
    assert!((first.mpjpe_mm - table.average.upstream.unwrap().mpjpe_mm).abs() < 1e-9);
    // Takes of fewer than 27 frames are filled up, and that counts upstream only.
    let row = table
        .rows
        .iter()
        .find(|row| row.group == "Walking")
        .unwrap();
    let apart = row.upstream.unwrap().mpjpe_mm - row.unique.unwrap().mpjpe_mm;
    assert!(apart.abs() > 1e-3);
}

#[test]
fn mpi_inf_3dhp_is_judged_on_14_and_on_17_joints() {
    let comparison = with_zeros(DataSet::Mpi3dhp, "convformer_9", &[]);
    let (expected, table) = (expected("mpi_judged"), &comparison.tables[0]);
    for (found, name) in [
        (table.correct, "zero"),
        (table.correct_mean_pose, "mean_pose"),
    ] {
        for (correct, joints) in found.unwrap().iter().zip(["14", "17"]) {
            let expected = &expected[format!("{name}{joints}")];
            near(Some(correct.pck_pct), &expected["pck"]);
            near(Some(correct.auc_pct), &expected["auc"]);
            near(Some(correct.mpjpe_mm), &expected["mpjpe"]);
        }
    }
    let figure = |measure: Measure| {
        let mut figures = comparison.figures.iter();
        figures.find(|f| f.paper.measure == measure).unwrap().ours
    };
    near(figure(Measure::Pck), &expected["zero14"]["pck"]);
    near(figure(Measure::Auc), &expected["zero14"]["auc"]);
    near(figure(Measure::Mpjpe), &expected["zero17"]["mpjpe"]);
}

#[test]
fn a_network_of_other_joints_is_told_so() {
    let comparison = with_zeros(DataSet::Humaneva, "rtpca_27", &[]);
    let table = &comparison.tables[0];
    let missing = table.network_missing.as_ref().unwrap();
    assert!(missing.contains("15 joints"), "{missing}");
    assert!(table.average.mean_pose_mm.is_some());
    let right = with_zeros(DataSet::Humaneva, "rtpca_27_humaneva", &[]);
    let names: Vec<&str> = right.tables[0]
        .rows
        .iter()
        .filter(|row| row.frames > 0)
        .map(|row| row.group.as_str())
        .collect();
    assert_eq!(names, ["Walking/S1", "Walking/S2", "Walking/S3", "Jog/S1"]);
    assert!(right.figures[0].ours.is_some());
}
