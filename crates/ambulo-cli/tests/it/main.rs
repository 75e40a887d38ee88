//! The command as a user calls it: arguments in, files, messages and exit codes out.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod assess;
mod deposit;
mod eval;
mod networks;
mod synth;
mod train;
mod video;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ambulo_nn::codec::lift::{CHANNELS, JOINTS, LiftCodec};
use ambulo_nn::config::{MixsteConfig, NetworkConfig};
use ambulo_nn::tensors::{Storage, Tensor, Tensors};
use ambulo_nn::weights::{Weights, WeightsInfo};
use ambulo_testkit::{SeededRng, data_dir};

/// A folder of its own for one test, removed when the test passes.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ambulo-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.0);
        }
    }
}

fn ambulo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ambulo"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn assert_code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
}

/// The walker of the demonstration, made once for each test that wants it.
fn demo(scratch: &Scratch) -> PathBuf {
    let folder = scratch.path("demo");
    assert_code(&ambulo(&["demo", "-o", &text(&folder)]), 0);
    folder
}

#[test]
fn the_demo_prints_truth_beside_estimate_and_leaves_reports() {
    let scratch = Scratch::new("demo");
    let folder = scratch.path("demo");
    let output = ambulo(&["demo", "-o", &text(&folder)]);
    assert_code(&output, 0);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("truth") && table.contains("Walking speed"),
        "{table}"
    );
    for name in ["motion-capture", "one-camera"] {
        for file in [
            "report.html",
            "result.json",
            "parameters.csv",
            "events.csv",
            "angles.csv",
        ] {
            assert!(folder.join(name).join(file).is_file(), "{name}/{file}");
        }
    }
    assert!(folder.join("motion-capture/motion.trc").is_file());
    assert!(folder.join("one-camera/keypoints.json").is_file());
}

#[test]
fn analysing_twice_gives_the_same_bytes() {
    let scratch = Scratch::new("same");
    let folder = demo(&scratch);
    let input = text(&folder.join("walker.trc"));
    let outputs = ["first", "second"].map(|name| {
        let out = scratch.path(name);
        assert_code(&ambulo(&["analyze", &input, "-o", &text(&out), "-q"]), 0);
        out
    });
    for entry in fs::read_dir(&outputs[0]).unwrap() {
        let name = entry.unwrap().file_name();
        let [a, b] = outputs
            .each_ref()
            .map(|out| fs::read(out.join(&name)).unwrap());
        assert!(a == b, "{name:?} differs");
    }
}

#[test]
fn json_on_standard_output_is_the_result_file() {
    let scratch = Scratch::new("json");
    let folder = demo(&scratch);
    let out = scratch.path("out");
    let input = text(&folder.join("walker-filmed.json"));
    let output = ambulo(&[
        "analyze",
        &input,
        "--height",
        "1.75",
        "--json",
        "-o",
        &text(&out),
    ]);
    assert_code(&output, 0);
    assert_eq!(output.stdout, fs::read(out.join("result.json")).unwrap());
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let speed = &result["parameters"]["speed"]["both"];
    assert_eq!(speed["unit"], "m/s");
    assert!(
        speed["ci95"][0].as_f64() < speed["value"].as_f64(),
        "{speed}"
    );
}

#[test]
fn a_report_made_again_from_its_result_is_the_same() {
    let scratch = Scratch::new("report");
    let folder = demo(&scratch);
    let again = scratch.path("again.html");
    let result = text(&folder.join("motion-capture/result.json"));
    assert_code(&ambulo(&["report", &result, "-o", &text(&again)]), 0);
    let first = fs::read(folder.join("motion-capture/report.html")).unwrap();
    assert!(first == fs::read(again).unwrap());
}

#[test]
fn events_feed_the_parameters_again() {
    let scratch = Scratch::new("events");
    let folder = demo(&scratch);
    let input = text(&folder.join("walker.trc"));
    let events = text(&scratch.path("events.csv"));
    assert_code(&ambulo(&["events", &input, "-o", &events]), 0);
    let outputs = ["with.json", "without.json"].map(|name| text(&scratch.path(name)));
    assert_code(
        &ambulo(&["parameters", &input, "--events", &events, "-o", &outputs[0]]),
        0,
    );
    assert_code(&ambulo(&["parameters", &input, "-o", &outputs[1]]), 0);
    let [with, without] = outputs.map(|path| {
        let parameters: serde_json::Value =
            serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        parameters["speed"]["both"]["value"].as_f64().unwrap()
    });
    assert!((with - without).abs() < 0.005, "{with} {without}");
}

#[test]
fn every_conversion_of_points_can_be_analysed_again() {
    let scratch = Scratch::new("convert");
    let folder = demo(&scratch);
    let source = text(&folder.join("walker.trc"));
    let speed = |path: &str, more: &[&str]| -> f64 {
        let out = scratch.path("parameters.json");
        let mut arguments = vec!["parameters", path, "-o"];
        let out_text = text(&out);
        arguments.push(&out_text);
        arguments.extend(more);
        assert_code(&ambulo(&arguments), 0);
        let parameters: serde_json::Value =
            serde_json::from_slice(&fs::read(out).unwrap()).unwrap();
        parameters["speed"]["both"]["value"].as_f64().unwrap()
    };
    let expected = speed(&source, &[]);
    for ending in ["c3d", "trc", "bvh", "amc", "csv", "npz"] {
        let target = text(&scratch.path(&format!("walk.{ending}")));
        assert_code(&ambulo(&["convert", &source, &target]), 0);
        let more: &[&str] = if ending == "amc" {
            &["--fps", "100"]
        } else {
            &[]
        };
        let found = speed(&target, more);
        assert!(
            (found - expected).abs() < 1e-3,
            "{ending}: {found}, not {expected}"
        );
    }
    for ending in ["mot", "sto"] {
        let target = scratch.path(&format!("walk.{ending}"));
        assert_code(&ambulo(&["convert", &source, &text(&target)]), 0);
        let written = fs::read_to_string(target).unwrap();
        assert!(
            written.contains("endheader") && written.contains("knee_angle_r"),
            "{ending}"
        );
    }
}

#[test]
fn keypoints_convert_between_every_detector_format() {
    let scratch = Scratch::new("keypoints");
    let folder = demo(&scratch);
    let source = text(&folder.join("walker-filmed.json"));
    for format in [
        "openpose",
        "coco",
        "alphapose",
        "mmpose",
        "mediapipe",
        "deeplabcut",
        "npz",
    ] {
        let target = match format {
            "openpose" => scratch.path("openpose"),
            "deeplabcut" => scratch.path("deeplabcut.csv"),
            "npz" => scratch.path("keypoints.npz"),
            format => scratch.path(&format!("{format}.json")),
        };
        let target = text(&target);
        let mut arguments = vec!["convert", source.as_str(), target.as_str()];
        if format != "npz" {
            arguments.extend(["--to", format]);
        }
        assert_code(&ambulo(&arguments), 0);
        let back = text(&scratch.path(&format!("{format}-back.json")));
        let mut arguments = vec!["convert", target.as_str(), back.as_str()];
        arguments.extend(["--fps", "100", "--image-size", "1920x1080"]);
        if format != "npz" {
            arguments.extend([
                "--from",
                if format == "openpose" {
                    "openpose-body25"
                } else {
                    format
                },
            ]);
        }
        assert_code(&ambulo(&arguments), 0);
    }
}

#[test]
fn what_cannot_be_converted_says_what_to_choose() {
    let scratch = Scratch::new("impossible");
    let folder = demo(&scratch);
    let source = text(&folder.join("walker-filmed.json"));
    let output = ambulo(&["convert", &source, &text(&scratch.path("walk.c3d"))]);
    assert_code(&output, 2);
    assert!(
        stderr(&output).contains("another keypoint format"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn errors_are_one_line_and_say_what_to_do() {
    let scratch = Scratch::new("errors");
    let file = |name: &str, bytes: &[u8]| {
        let path = scratch.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        text(&path)
    };
    let cases = [
        (file("walk.mp4", b"\0\0\0\x18ftyp"), "video"),
        (file("empty.c3d", b""), "empty"),
        (file("walk.c3d", &[2, 0x50, 0, 0]), ""),
        (file("skeleton.asf", b":version 1.10"), "AMC"),
        (file("apart/walk.amc", b":DEGREES\n"), "--skeleton"),
        (file("walk.xyz", b"what is this"), "--format"),
        (text(&scratch.path("not-there.c3d")), "cannot read"),
        (
            file("joint_angles.mot", b"a\nendheader\ntime\tknee\n0\t1\n"),
            "without positions",
        ),
    ];
    for (path, hint) in cases {
        let output = ambulo(&["analyze", &path, "-o", &text(&scratch.path("out"))]);
        // A table of angles can be read; it only holds no walk.
        let code = if hint == "without positions" { 1 } else { 2 };
        assert_code(&output, code);
        let message = stderr(&output);
        let errors: Vec<_> = message.lines().filter(|l| l.contains("error:")).collect();
        assert_eq!(errors.len(), 1, "{message}");
        assert!(errors[0].contains(hint), "{path}: {message}");
        assert!(!message.contains("panicked"), "{message}");
    }
}

#[test]
fn impossible_settings_are_refused() {
    let scratch = Scratch::new("settings");
    let folder = demo(&scratch);
    let input = text(&folder.join("walker-filmed.json"));
    let settings = scratch.path("settings.toml");
    fs::write(&settings, "[walk]\nmarker_filter = 6\n").unwrap();
    for (arguments, hint) in [
        (vec!["--height", "175"], "between 0.4 and 2.6"),
        (vec!["--fps", "0"], "frame rate"),
        (
            vec!["--lifter", "convformer", "--window", "causal"],
            "--window centre",
        ),
        (
            vec!["--config", settings.to_str().unwrap()],
            "marker_filter",
        ),
    ] {
        let mut all = vec!["analyze", input.as_str()];
        all.extend(arguments);
        let output = ambulo(&all);
        assert_code(&output, 2);
        assert!(stderr(&output).contains(hint), "{}", stderr(&output));
    }
}

#[test]
fn standing_still_exits_with_1_and_the_reason() {
    let Some(data) = data_dir() else { return };
    let scratch = Scratch::new("standing");
    let input = text(&data.join("c3d/biomechzoo/HC030A/HC030A01.c3d"));
    let output = ambulo(&["analyze", &input, "-o", &text(&scratch.path("out"))]);
    assert_code(&output, 1);
    assert!(
        stderr(&output).contains("no walking found"),
        "{}",
        stderr(&output)
    );
    assert!(scratch.path("out/report.html").is_file());
}

#[test]
fn every_c3d_file_ends_with_a_code_and_a_reason() {
    let Some(data) = data_dir() else { return };
    let scratch = Scratch::new("c3d");
    let mut codes = [0; 3];
    for folder in ["c3d/btk", "c3d/btk/dialects"] {
        for entry in fs::read_dir(data.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if !path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("c3d"))
            {
                continue;
            }
            let output = ambulo(&["analyze", &text(&path), "-o", &text(&scratch.path("out"))]);
            let code = output.status.code().unwrap();
            let message = stderr(&output);
            assert!(!message.contains("panicked"), "{path:?}: {message}");
            if code != 0 {
                assert!(
                    message.contains("no valid analysis: ") || message.contains("error: "),
                    "{path:?}: {message}"
                );
            }
            codes[usize::try_from(code).unwrap()] += 1;
        }
    }
    // Only the empty file cannot be read at all.
    assert_eq!(codes[2], 1, "{codes:?}");
    assert!(codes[0] >= 3 && codes[1] >= 10, "{codes:?}");
}

#[test]
fn completions_and_doctor_speak() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = ambulo(&["completions", shell]);
        assert_code(&output, 0);
        assert!(
            String::from_utf8(output.stdout)
                .unwrap()
                .contains("analyze"),
            "{shell}"
        );
    }
    let output = ambulo(&["doctor"]);
    assert_code(&output, 0);
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(
        report.contains("self test") && !report.contains("FAILED"),
        "{report}"
    );
}

/// Weights of a tiny network with its codec: the path is real, its poses are nonsense.
fn tiny_weights(scratch: &Scratch) -> String {
    let config = NetworkConfig::Mixste(MixsteConfig {
        frames: 9,
        joints: JOINTS,
        in_channels: CHANNELS,
        dim: 8,
        depth: 1,
        heads: 2,
        mlp_ratio: 2,
        qkv_bias: true,
        block_eps: 1e-6,
        head_eps: 1e-5,
    });
    let codec = LiftCodec {
        frames: 9,
        ..LiftCodec::default()
    };
    let mut rng = SeededRng::new(7);
    let mut tensors = Tensors::new();
    for tensor in config.tensor_shapes() {
        let numbers = (0..tensor.len())
            .map(|_| f32_of(0.3 * rng.normal()))
            .collect();
        tensors.insert(tensor.name, Tensor::new(tensor.shape, numbers).unwrap());
    }
    let notes = [("codec".to_owned(), serde_json::to_string(&codec).unwrap())].into();
    let info = WeightsInfo {
        id: "tiny".to_owned(),
        notes,
        ..WeightsInfo::default()
    };
    let weights = Weights::new(config, tensors, info).unwrap();
    let path = scratch.path("tiny.safetensors");
    fs::write(&path, weights.to_bytes(Storage::F32).unwrap()).unwrap();
    text(&path)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are single precision"
)]
fn f32_of(value: f64) -> f32 {
    value as f32
}

#[test]
fn a_weights_file_lifts_keypoints_to_a_motion_file() {
    let scratch = Scratch::new("lift");
    let folder = demo(&scratch);
    let input = text(&folder.join("walker-filmed.json"));
    let weights = tiny_weights(&scratch);
    for (name, more) in [
        ("world.trc", vec!["--height", "1.75"]),
        ("gravity.c3d", vec!["--frame", "gravity"]),
        (
            "causal.csv",
            vec!["--window", "causal", "--lifter", "rtpca"],
        ),
    ] {
        let out = text(&scratch.path(name));
        let mut all = vec!["lift", &input, "--weights", &weights, "-o", &out];
        all.extend(more.clone());
        let output = ambulo(&all);
        assert_code(&output, 0);
        assert!(Path::new(&out).is_file(), "{name}");
        let has_note = stderr(&output).contains("leg lengths");
        assert_eq!(has_note, !more.contains(&"--height"), "{}", stderr(&output));
    }
    let out = scratch.path("out");
    let all = [
        "analyze",
        &input,
        "--weights",
        &weights,
        "--height",
        "1.75",
        "-o",
        &text(&out),
    ];
    assert_code(&ambulo(&all), 0);
    assert!(out.join("motion.trc").is_file());
    let json = fs::read_to_string(out.join("result.json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["lifting"]["model"], "tiny");
    let sha256 = json["provenance"]["weights_sha256"]["lifter"].as_str();
    assert_eq!(sha256.map(str::len), Some(64));
    // Weights whose errors nobody measured lead nowhere.
    let leads = json["lifting"]["parameter_leads"].as_object().unwrap();
    assert!(leads.values().all(|lead| lead["by"] == "measured"));
}

#[test]
fn lifting_refuses_with_one_clear_line() {
    let scratch = Scratch::new("lift-refused");
    let folder = demo(&scratch);
    let input = text(&folder.join("walker-filmed.json"));
    let motion = text(&folder.join("walker.trc"));
    let weights = tiny_weights(&scratch);
    let nonsense = text(&scratch.path("nonsense.safetensors"));
    fs::write(&nonsense, "no weights").unwrap();
    let out = text(&scratch.path("out.trc"));
    for (arguments, code, hint) in [
        (
            vec![input.as_str(), "--lifter", "none"],
            2,
            "--weights FILE",
        ),
        (
            vec![&input, "--lifter", "convformer", "--window", "causal"],
            2,
            "--window centre",
        ),
        (
            vec![&input, "--weights", &nonsense],
            2,
            "weights cannot be used",
        ),
        (
            vec![&input, "--weights", &weights, "--lifter", "convformer"],
            2,
            "not of a convformer",
        ),
        (vec![&motion, "--weights", &weights], 1, "nothing to lift"),
    ] {
        let mut all = vec!["lift", "-o", out.as_str()];
        all.extend(arguments);
        let output = ambulo(&all);
        assert_code(&output, code);
        assert!(stderr(&output).contains(hint), "{}", stderr(&output));
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn the_lifters_that_come_along_agree_about_a_walker() {
    let scratch = Scratch::new("lifters");
    let folder = demo(&scratch);
    let input = text(&folder.join("walker-filmed.json"));
    let speeds = ["rtpca", "convformer"].map(|lifter| {
        let out = text(&scratch.path(lifter));
        let output = ambulo(&[
            "analyze", &input, "-o", &out, "--height", "1.75", "--lifter", lifter,
        ]);
        assert_code(&output, 0);
        let json = fs::read(Path::new(&out).join("result.json")).unwrap();
        let result: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            result["lifting"]["model"],
            format!("lifter_{lifter}").as_str(),
            "{}",
            result["lifting"]
        );
        result["lifting"]["parameters"]["speed"]["both"]["value"]
            .as_f64()
            .expect("a lifted speed")
    });
    assert!(
        (speeds[0] - speeds[1]).abs() < 0.1 * speeds[0],
        "{speeds:?} m/s"
    );
}
