//! Weights imported and networks run through the command, against the outputs of reference code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ambulo_nn::tensors::{Storage, Tensors};
use ambulo_nn::weights::{Weights, shipped};
use ambulo_testkit::{parity_dir, repository_root};

use super::{Scratch, ambulo, assert_code, stderr, text};

fn tensors(path: &Path) -> Tensors {
    Tensors::from_safetensors(&fs::read(path).unwrap())
        .unwrap()
        .0
}

/// The model that `config.json` names.
fn model(case: &Path) -> String {
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(case.join("config.json")).unwrap()).unwrap();
    json["model"].as_str().unwrap().to_owned()
}

fn import(case: &Path, config: &Path, weights: &Path) -> std::process::Output {
    ambulo(&[
        "weights",
        "import",
        &model(case),
        &text(&case.join("weights.safetensors")),
        "--config",
        &text(config),
        "-o",
        &text(weights),
    ])
}

fn infer(case: &Path, weights: &Path, output: &Path, more: &[&str]) -> std::process::Output {
    let (network, input) = (model(case), text(&case.join("input.safetensors")));
    let (weights, output) = (text(weights), text(output));
    let mut arguments = vec!["infer", &network, "--weights", &weights];
    arguments.extend(["--input", &input, "-o", &output]);
    arguments.extend(more);
    ambulo(&arguments)
}

/// The largest difference of two tensors of one shape.
#[track_caller]
fn difference(name: &str, found: &Tensors, expected: &Tensors, as_named: &str) -> f32 {
    let (found, expected) = (
        found.require(name).unwrap(),
        expected.require(as_named).unwrap(),
    );
    assert_eq!(found.shape(), expected.shape(), "{name}");
    let pairs = found.data().iter().zip(expected.data());
    pairs.fold(0.0, |most, (a, b)| {
        if (a - b).abs() > most {
            (a - b).abs()
        } else {
            most
        }
    })
}

/// Reference cases of a family of networks: those of the repository, and any beside them.
fn cases(family: &str) -> Vec<PathBuf> {
    let own = repository_root().join("testdata/parity").join(family);
    let beside = parity_dir().map(|folder| folder.join(family));
    let mut cases: Vec<PathBuf> = Vec::new();
    for folder in [Some(own), beside].into_iter().flatten() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_known = cases
                .iter()
                .any(|case| case.file_name() == path.file_name());
            if path.join("weights.safetensors").exists() && !is_known {
                cases.push(path);
            }
        }
    }
    assert!(!cases.is_empty());
    cases.sort();
    cases
}

/// The settings of a case with one key changed, as a file.
fn changed(case: &Path, key: &str, value: &serde_json::Value, scratch: &Scratch) -> PathBuf {
    let mut json: serde_json::Value =
        serde_json::from_slice(&fs::read(case.join("config.json")).unwrap()).unwrap();
    json[key] = value.clone();
    let path = scratch.path("changed.json");
    fs::write(&path, json.to_string()).unwrap();
    path
}

/// What differences are measured in.
#[derive(Clone, Copy, PartialEq)]
enum Measure {
    Numbers,
    /// The largest number of the tensor that is expected.
    Largest,
}

impl Measure {
    fn of(self, expected: &Tensors, name: &str) -> f32 {
        let numbers = expected.require(name).unwrap().data().iter();
        match self {
            Self::Numbers => 1.0,
            Self::Largest => numbers.fold(0.0, |most: f32, x| most.max(x.abs())),
        }
    }
}

/// Imports and runs every case; each variant of the expected outputs under its own settings.
fn check(family: &str, tolerance: f32, measure: Measure, variants: &[(&str, &str, &str)]) {
    for case in cases(family) {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let scratch = Scratch::new(&format!("parity-{family}-{name}"));
        let (weights, output) = (scratch.path("w.safetensors"), scratch.path("y.safetensors"));
        let config = case.join("config.json");
        assert_code(&import(&case, &config, &weights), 0);
        assert_code(
            &infer(&case, &weights, &output, &["--trace", "--threads", "2"]),
            0,
        );
        let expected = tensors(&case.join("expected.safetensors"));
        let found = tensors(&output);
        let most = difference("output", &found, &expected, "output");
        let most = most / measure.of(&expected, "output");
        assert!(most <= tolerance, "{name}: output differs by {most}");
        let mut compared = 0;
        for (intermediate, _) in expected
            .iter()
            .filter(|(name, _)| found.get(name).is_some())
        {
            let most = difference(intermediate, &found, &expected, intermediate);
            let most = most / measure.of(&expected, intermediate);
            assert!(most <= 1e-4, "{name}: {intermediate} differs by {most}");
            compared += 1;
        }
        assert!(
            compared > 5,
            "{name}: only {compared} tensors have names of the reference"
        );
        // Without a trace and on one thread: the same numbers, alone.
        let alone = scratch.path("alone.safetensors");
        assert_code(&infer(&case, &weights, &alone, &["--threads", "1"]), 0);
        let alone = tensors(&alone);
        assert_eq!(
            (alone.len(), alone.get("output")),
            (1, found.get("output")),
            "{name}"
        );
        for (tensor, key, value) in variants {
            if expected.get(tensor).is_none() {
                continue;
            }
            let config = changed(&case, key, &(*value).into(), &scratch);
            assert_code(&import(&case, &config, &weights), 0);
            assert_code(&infer(&case, &weights, &output, &[]), 0);
            let most = difference("output", &tensors(&output), &expected, tensor);
            assert!(most <= tolerance, "{name}: {tensor} differs by {most}");
        }
    }
}

#[test]
fn rtpca_and_mixste_give_the_outputs_of_the_published_code() {
    let variants = [
        ("output_residual_prev", "xlr_residual", "prev"),
        ("output_residual_none", "xlr_residual", "none"),
    ];
    check("rtpca", 1e-4, Measure::Numbers, &variants);
}

#[test]
fn convformer_gives_the_outputs_of_the_reference() {
    check(
        "convformer",
        2e-5,
        Measure::Numbers,
        &[("output_mean_first", "head_order", "mean_first")],
    );
}

#[test]
fn networks_of_keypoints_give_the_outputs_of_the_reference() {
    check("vttranspose", 1e-4, Measure::Largest, &[]);
}

/// The largest difference of two tensors as far as the expected one goes: some hold only the first window.
#[track_caller]
fn difference_of_first(name: &str, found: &Tensors, expected: &Tensors) -> f32 {
    let (found, expected) = (
        found.require(name).unwrap(),
        expected.require(name).unwrap(),
    );
    assert!(found.len() >= expected.len(), "{name}");
    let pairs = found.data().iter().zip(expected.data());
    pairs.fold(0.0, |most, (a, b)| most.max((a - b).abs()))
}

#[test]
fn networks_of_gait_parameters_give_the_outputs_of_the_reference() {
    for case in cases("stt") {
        let name = case.file_name().unwrap().to_str().unwrap().to_owned();
        let scratch = Scratch::new(&format!("parity-stt-{name}"));
        let (weights, output) = (scratch.path("w.safetensors"), scratch.path("y.safetensors"));
        assert_code(&import(&case, &case.join("config.json"), &weights), 0);
        assert_code(
            &infer(&case, &weights, &output, &["--trace", "--threads", "2"]),
            0,
        );
        let (found, expected) = (
            tensors(&output),
            tensors(&case.join("expected.safetensors")),
        );
        for (tensor, _) in expected.iter() {
            let most = difference_of_first(tensor, &found, &expected);
            assert!(most <= 1e-4, "{name}: {tensor} differs by {most}");
        }
    }
}

#[test]
fn the_motion_tokenizer_and_t5_give_the_outputs_of_the_published_code() {
    check("vqvae", 1e-5, Measure::Largest, &[]);
    check("t5", 1e-4, Measure::Numbers, &[]);
}

#[test]
fn t5_writes_tokens_where_none_are_given_and_a_tokenizer_must_fit() {
    let case = repository_root().join("testdata/parity/t5/model");
    let scratch = Scratch::new("t5");
    let (weights, input) = (scratch.path("w.safetensors"), scratch.path("x.safetensors"));
    assert_code(&import(&case, &case.join("config.json"), &weights), 0);
    let (weights, output) = (text(&weights), scratch.path("y.safetensors"));
    let mut tensors_in = tensors(&case.join("input.safetensors"));
    tensors_in.remove("decoder_input_ids");
    tensors_in.remove("labels");
    let file = tensors_in.to_safetensors(&[].into(), Storage::F32).unwrap();
    fs::write(&input, file).unwrap();
    let arguments = [
        "infer",
        "t5",
        "--weights",
        &weights,
        "--input",
        &text(&input),
    ];
    let written = text(&output);
    assert_code(&ambulo(&[&arguments[..], &["-o", &written]].concat()), 0);
    let expected: serde_json::Value =
        serde_json::from_slice(&fs::read(case.join("expected.json")).unwrap()).unwrap();
    let found = tensors(&output).remove("output").unwrap();
    for (row, greedy) in found
        .data()
        .chunks_exact(found.shape()[1])
        .zip(expected["greedy"].as_array().unwrap())
    {
        let free: Vec<f32> = serde_json::from_value(greedy["tokens_free"].clone()).unwrap();
        assert!(row.starts_with(&free));
    }
    // A model of 200 pieces and 100 sentinels has no place in a network of 200 rows.
    let model = text(&repository_root().join("testdata/parity/t5/tokenizer/spiece.model"));
    let arguments = [
        "weights",
        "import",
        "t5",
        &weights,
        "-o",
        &written,
        "--tokenizer",
        &model,
    ];
    let refused = ambulo(&arguments);
    assert_code(&refused, 2);
    assert!(
        stderr(&refused).contains("300 tokens"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn mixste_weights_run_as_rtpca_without_its_parts() {
    let case = repository_root().join("testdata/parity/rtpca/mixste_t27");
    let scratch = Scratch::new("mixste-as-rtpca");
    let mut json: serde_json::Value =
        serde_json::from_slice(&fs::read(case.join("config.json")).unwrap()).unwrap();
    json["model"] = "rtpca".into();
    json["tpca"] = false.into();
    json["xlr"] = false.into();
    json["xlr_residual"] = "none".into();
    let config = scratch.path("config.json");
    fs::write(&config, json.to_string()).unwrap();
    let (weights, output) = (scratch.path("w.safetensors"), scratch.path("y.safetensors"));
    let checkpoint = text(&case.join("weights.safetensors"));
    let input = text(&case.join("input.safetensors"));
    let (config, weights) = (text(&config), text(&weights));
    let arguments = [
        "weights",
        "import",
        "rtpca",
        &checkpoint,
        "--config",
        &config,
        "-o",
        &weights,
    ];
    assert_code(&ambulo(&arguments), 0);
    let written = text(&output);
    let arguments = [
        "infer",
        "rtpca",
        "--weights",
        &weights,
        "--input",
        &input,
        "-o",
        &written,
    ];
    assert_code(&ambulo(&arguments), 0);
    let expected = tensors(&case.join("expected.safetensors"));
    let most = difference("output", &tensors(&output), &expected, "output");
    assert!(most <= 1e-4, "differs by {most}");
}

#[test]
fn an_import_that_does_not_fit_names_ten_tensors_and_writes_nothing() {
    let case = repository_root().join("testdata/parity/rtpca/full_t27");
    let scratch = Scratch::new("misfit");
    let weights = scratch.path("w.safetensors");
    let config = changed(&case, "dim", &32.into(), &scratch);
    let output = import(&case, &config, &weights);
    assert_code(&output, 2);
    let message = stderr(&output);
    assert_eq!(message.matches("(expected [").count(), 10, "{message}");
    assert!(
        message.contains("STEblocks.0.attn.kv.bias (expected [64], found [32])"),
        "{message}"
    );
    assert_eq!(message.trim().lines().count(), 1, "{message}");
    assert!(!weights.exists());
    let config = changed(&case, "dropout", &0.1.into(), &scratch);
    let output = import(&case, &config, &weights);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("dropout"), "{}", stderr(&output));
}

#[test]
fn weights_that_come_along_are_shown_in_lines_that_can_be_read() {
    let inspected = ambulo(&["weights", "inspect", "assess_reasoner"]);
    assert_code(&inspected, 0);
    let printed = String::from_utf8(inspected.stdout).unwrap();
    let tokenizer = printed.lines().find(|line| line.contains("tokenizer: {"));
    assert!(
        tokenizer.unwrap().ends_with("characters more)"),
        "{printed}"
    );
    let longest = printed.lines().map(|line| line.chars().count()).max();
    assert!(longest.unwrap() < 400, "{printed}");
}

#[test]
fn the_program_holds_each_weights_file_once() {
    let program = fs::read(env!("CARGO_BIN_EXE_ambulo")).unwrap();
    for row in shipped() {
        let middle = row.bytes.len() / 2;
        let part = &row.bytes[middle..middle + 64];
        // Most places differ in the first bytes already.
        let copies = program.windows(part.len()).filter(|it| *it == part);
        assert_eq!(copies.count(), 1, "{}", row.id);
    }
}

#[test]
fn whoever_stops_reading_gets_no_error() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ambulo"))
        .args(["weights", "inspect", "lifter_rtpca"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(program.stdout.take());
    let output = program.wait_with_output().unwrap();
    assert_code(&output, 0);
    assert_eq!(stderr(&output), "");
}

#[test]
fn a_checkpoint_of_torch_becomes_a_weights_file_that_can_be_inspected() {
    let scratch = Scratch::new("checkpoint");
    let (config, weights) = (scratch.path("c.json"), scratch.path("tiny.safetensors"));
    let json = r#"{"model":"mixste","frames":9,"joints":3,"dim":4,"depth":1,"heads":2}"#;
    fs::write(&config, json).unwrap();
    let checkpoints = repository_root().join("testdata/checkpoints");
    let import = |name: &str, network: &str| {
        let checkpoint = text(&checkpoints.join(name));
        let (config, weights) = (text(&config), text(&weights));
        ambulo(&[
            "weights",
            "import",
            network,
            &checkpoint,
            "--config",
            &config,
            "-o",
            &weights,
        ])
    };
    for (name, said) in [("hostile.pth", "system"), ("legacy.pth", "torch.save")] {
        let output = import(name, "mixste");
        assert_code(&output, 2);
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    assert_code(&import("mixste.pth", "rtpca"), 2);
    assert!(!weights.exists());
    assert_code(&import("mixste-training.bin", "mixste"), 0);

    let inspected = ambulo(&["weights", "inspect", &text(&weights)]);
    assert_code(&inspected, 0);
    let printed = String::from_utf8(inspected.stdout).unwrap();
    for line in [
        "network     mixste",
        "parameters  443",
        "head.1.weight [3, 4]",
        "spatial mlp",
    ] {
        assert!(printed.contains(line), "{line} is not in {printed}");
    }
    let sha256 = printed
        .lines()
        .find_map(|line| line.strip_prefix("sha256      "))
        .unwrap();
    let verify = |sha256: &str| ambulo(&["weights", "verify", &text(&weights), "--sha256", sha256]);
    assert_code(&verify(sha256), 0);
    assert_code(&verify(&"0".repeat(64)), 2);
    assert_code(&ambulo(&["weights", "list"]), 0);
    // What a weights file says of itself is enough to import it again, and is kept.
    let told = Weights::from_bytes(&fs::read(&weights).unwrap()).unwrap();
    let mut info = told.info().clone();
    info.notes.insert("data".to_owned(), "none".to_owned());
    let told = Weights::new(told.config().clone(), told.tensors().clone(), info).unwrap();
    fs::write(&weights, told.to_bytes(Storage::F32).unwrap()).unwrap();
    let again = scratch.path("again.safetensors");
    let arguments = [
        "weights",
        "import",
        "mixste",
        &text(&weights),
        "-o",
        &text(&again),
        "--f16",
    ];
    assert_code(&ambulo(&arguments), 0);
    assert!(fs::metadata(&again).unwrap().len() < fs::metadata(&weights).unwrap().len());
    let kept = Weights::from_bytes(&fs::read(&again).unwrap()).unwrap();
    assert_eq!(kept.info().notes["data"], "none");
}

#[test]
fn inputs_that_do_not_fit_are_refused_with_both_shapes() {
    let case = repository_root().join("testdata/parity/convformer/t9_in17_out15");
    let scratch = Scratch::new("input");
    let (weights, input) = (scratch.path("w.safetensors"), scratch.path("x.safetensors"));
    assert_code(&import(&case, &case.join("config.json"), &weights), 0);
    let output = scratch.path("y.safetensors");
    let run = |network: &str| {
        let (weights, input, output) = (text(&weights), text(&input), text(&output));
        ambulo(&[
            "infer",
            network,
            "--weights",
            &weights,
            "--input",
            &input,
            "-o",
            &output,
        ])
    };
    let whole = tensors(&case.join("input.safetensors"))
        .remove("input")
        .unwrap();
    let write = |name: &str, tensor| {
        let named: Tensors = [(name.to_owned(), tensor)].into_iter().collect();
        fs::write(
            &input,
            named.to_safetensors(&[].into(), Storage::F32).unwrap(),
        )
        .unwrap();
    };
    write("x", whole.clone());
    let refused = run("convformer");
    assert_code(&refused, 2);
    assert!(
        stderr(&refused).contains("\"input\""),
        "{}",
        stderr(&refused)
    );
    write("input", whole.clone().reshaped([1, 17, 9, 2]).unwrap());
    let refused = run("convformer");
    assert_code(&refused, 2);
    let message = stderr(&refused);
    assert!(
        message.contains("[1, 17, 9, 2]") && message.contains("[batch, 9, 17, 2]"),
        "{message}"
    );
    let mut broken = whole.clone();
    broken.data_mut()[3] = f32::NAN;
    write("input", broken);
    assert_code(&run("convformer"), 2);
    write("input", whole);
    assert_code(&run("rtpca"), 2);
    assert!(!output.exists());
    assert_code(&run("convformer"), 0);
}
