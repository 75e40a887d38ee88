//! `ambulo synth people` from a folder of bodies to pictures.

use std::fs;

use super::{Scratch, ambulo, assert_code, data_dir, stderr, text};

#[test]
fn pictures_keypoints_and_a_sheet_are_written_and_the_same_seed_writes_the_same() {
    let Some(data) = data_dir() else { return };
    let scratch = Scratch::new("synth");
    let run = |folder: &str| {
        let folder = scratch.path(folder);
        let output = ambulo(&[
            "synth",
            "people",
            "--data",
            &text(&data),
            "-o",
            &text(&folder),
            "--count",
            "2",
            "--seed",
            "7",
            "--size",
            "96x128",
            "--sheet",
            "2",
        ]);
        assert_code(&output, 0);
        assert!(stderr(&output).contains("2 of 2 pictures"));
        folder
    };
    let (once, again) = (run("once"), run("again"));
    for name in ["000000.png", "000001.png", "sheet.png", "keypoints.json"] {
        let bytes = fs::read(once.join(name)).unwrap();
        assert_eq!(bytes, fs::read(again.join(name)).unwrap(), "{name}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(once.join("keypoints.json")).unwrap()).unwrap();
    assert_eq!(json["annotations"].as_array().unwrap().len(), 2);
    assert_eq!(json["images"][1]["width"], 96);
}

#[test]
fn without_bodies_it_says_what_is_needed() {
    let scratch = Scratch::new("synth-nothing");
    let folder = text(&scratch.0);
    let output = ambulo(&["synth", "people", "--data", &folder, "-o", &folder]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("MakeHuman"), "{}", stderr(&output));
    let output = ambulo(&[
        "synth", "people", "--data", &folder, "-o", &folder, "--size", "12",
    ]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("240x320"), "{}", stderr(&output));
}
