//! `ambulo eval lift` on the data sets of the papers.

use ambulo_testkit::repository_root;
use serde_json::Value;

use super::{Scratch, ambulo, assert_code, stderr, text};

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn without_data_the_papers_figures_stand_with_what_is_missing() {
    let output = ambulo(&["eval", "lift"]);
    assert_code(&output, 0);
    let out = stdout(&output);
    for said in [
        "Human3.6M",
        "HumanEva-I",
        "MPI-INF-3DHP",
        "rtpca_243",
        "19.5",
        "43.2",
        "SittingDown",
    ] {
        assert!(out.contains(said), "{said} in {out}");
    }
    assert!(out.contains("needs data_3d_h36m.npz, camera-parameters.json"));
}

#[test]
fn with_data_alone_the_trivial_methods_are_judged_and_json_holds_them() {
    let data = text(&repository_root().join("testdata/datasets"));
    let arguments = [
        "eval",
        "lift",
        "--data",
        &data,
        "--dataset",
        "h36m",
        "--json",
    ];
    let output = ambulo(&arguments);
    assert_code(&output, 0);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cpn = &json[0]["tables"][1];
    assert_eq!(
        (&json[0]["data"], &cpn["input"]),
        (&"h36m".into(), &"cpn".into())
    );
    assert_eq!(cpn["network_missing"], "needs --weights");
    assert_eq!(cpn["baselines_missing"], Value::Null);
    // The mean of 935.52 (Walking) and 801.18 (Directions), computed with NumPy.
    let mean_pose = cpn["average"]["mean_pose_mm"].as_f64().unwrap();
    assert!((mean_pose - 868.351_473).abs() < 1e-3, "{mean_pose}");
}

#[test]
fn what_cannot_be_evaluated_is_refused() {
    for (arguments, said) in [
        (
            &["--noise", "2"][..],
            "--noise 2 is not a standard deviation",
        ),
        (&["--data", "no-such-folder"], "wants a folder"),
        (&["--weights", "no-such-file"], "no-such-file"),
        (&["--dataset", "coco"], "h36m"),
    ] {
        let output = ambulo(&[&["eval", "lift"], arguments].concat());
        assert_code(&output, 2);
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn walks_need_a_folder_of_recordings() {
    let output = ambulo(&["eval", "lift", "--walking"]);
    assert_code(&output, 2);
    let output = ambulo(&["eval", "lift", "--walking", "--data", "nowhere"]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("cannot film the recordings"));
}

#[test]
fn keypoints_without_data_or_weights_print_the_papers_figures_and_what_is_missing() {
    let output = ambulo(&["eval", "pose2d"]);
    assert_code(&output, 0);
    let out = stdout(&output);
    for said in [
        "vttranspose",
        "76.5",
        "needs annotations/person_keypoints_val2017.json",
        "needs the detector's boxes",
        "needs labels.csv",
        "needs makehuman and cmu",
    ] {
        assert!(out.contains(said), "{said} in {out}");
    }
    let output = ambulo(&["eval", "pose2d", "--dataset", "coco", "--json"]);
    assert_code(&output, 0);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["coco"]["figures"][2]["paper"]["value"], 76.5);
    assert_eq!(json["coco"]["figures"][2]["ours"], Value::Null);
}

#[test]
fn keypoints_of_recorded_people_are_judged_by_the_mean_pose_alone() {
    let Some(data) = ambulo_testkit::data_dir() else {
        return;
    };
    let data = text(&data);
    let output = ambulo(&[
        "eval",
        "pose2d",
        "--dataset",
        "lspet",
        "--data",
        &data,
        "--json",
    ]);
    assert_code(&output, 0);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let table = &json["lspet"];
    assert_eq!(table["network_missing"], "needs --weights");
    assert!(table["people"].as_u64().unwrap() > 300);
    let row = &table["rows"][0];
    assert_eq!(row["title"], "upright, strict sides");
    let share = row["mean_pose"]["share"].as_f64().unwrap();
    assert!((0.05..0.5).contains(&share), "{share}");
}

/// Another detector's own keypoints, taken for ours: they are at no distance from themselves, and how far they are
/// from the motion that was made of them says that cameras, axes and units are read rightly.
#[test]
fn a_recording_s_given_keypoints_lie_where_its_cameras_see_its_motion() {
    let Some(data) = ambulo_testkit::data_dir() else {
        return;
    };
    let recording = data.join("video/pose2sim_single");
    let scratch = Scratch::new("recording");
    for camera in ["cam01", "cam02", "cam03", "cam04"] {
        let given = recording.join(format!("openpose_body25b/{camera}_json"));
        let own = scratch.path(&format!("{camera}.json"));
        let (given, own) = (text(&given), text(&own));
        let format = ["--from", "openpose-body25b", "--fps", "60"];
        let output = ambulo(&[&["convert", &given, &own], &format[..]].concat());
        assert_code(&output, 0);
    }
    let recording = text(&recording);
    let folder = text(&scratch.0);
    let arguments = ["eval", "pose2d", "--recording", &recording];
    let output = ambulo(&[&arguments[..], &["--keypoints", &folder, "--json"]].concat());
    assert_code(&output, 0);
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let views = json["views"].as_array().unwrap();
    assert_eq!(views.len(), 4);
    for view in views {
        assert_eq!(view["frames"], 100);
        assert_eq!(view["all"]["median_px"], 0.0);
        assert_eq!(view["legs"]["strict"]["frames"], 1.0);
        let apart = &view["reprojection"]["given"]["median_px"];
        assert!(apart.as_f64().unwrap() < 20.0, "{view}");
    }

    let output = ambulo(&["eval", "pose2d", "--recording", &folder]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("NAME_json"), "{}", stderr(&output));
}

#[test]
fn without_data_the_paper_s_figures_of_gait_parameters_stand_and_the_sizes_are_drawn() {
    let scratch = Scratch::new("eval-params");
    let folder = text(&scratch.path(""));
    let output = ambulo(&["eval", "params", "--figures", &folder]);
    assert_code(&output, 0);
    let out = stdout(&output);
    for said in [
        "0.7466 / 6.3137",
        "0.8298 / 5.9129",
        "0.7565 / 0.1481",
        "0.7601 / 0.1035",
        "random forest",
        "needs --data DIR",
    ] {
        assert!(out.contains(said), "{said} in {out}");
    }
    let svg = std::fs::read_to_string(scratch.path("parameters.svg")).unwrap();
    assert!(svg.contains("89,422") && svg.contains("51,040"));
    let json = ambulo(&["eval", "params", "--target", "speed", "--json"]);
    assert_code(&json, 0);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&json[0]["target"], &json[1]),
        (&"speed".into(), &Value::Null)
    );
    let nowhere = ambulo(&["eval", "params", "--data", "no-such-folder"]);
    assert_code(&nowhere, 2);
    assert!(stderr(&nowhere).contains("wants a folder"));
}
