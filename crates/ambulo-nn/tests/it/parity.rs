//! Forward passes against reference results.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ambulo_nn::config::{HeadOrder, NetworkConfig, XlrResidual, mirror_pairs};
use ambulo_nn::kernels::Isa;
use ambulo_nn::networks::Network;
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_nn::threads::{Engine, Threads};

pub(crate) struct Case {
    pub(crate) config: NetworkConfig,
    pub(crate) weights: Tensors,
    pub(crate) input: Tensor,
    pub(crate) expected: Tensors,
}

fn folder(case: &str) -> PathBuf {
    ambulo_testkit::repository_root()
        .join("testdata/parity")
        .join(case)
}

fn tensors(case: &str, file: &str) -> Tensors {
    let bytes = std::fs::read(folder(case).join(file)).unwrap();
    Tensors::from_safetensors(&bytes).unwrap().0
}

/// Reads a case, without the tensors that the network has no use for.
pub(crate) fn case(name: &str) -> Case {
    let json = std::fs::read(folder(name).join("config.json")).unwrap();
    let config = NetworkConfig::from_json(&json).unwrap();
    let mut all = tensors(name, "weights.safetensors");
    let used = config.tensor_shapes().into_iter();
    let weights = used
        .map(|tensor| {
            let data = all.remove(&tensor.name).unwrap();
            (tensor.name, data)
        })
        .collect();
    let dead = |name: &str| {
        let pyramid = name.starts_with("STEblocks.") && name.contains(".attn.");
        pyramid || name.ends_with(".num_batches_tracked")
    };
    assert!(
        all.iter().all(|(name, _)| dead(name)),
        "only the dead pyramids of spatial blocks and the counts of batch norms may be left over"
    );
    Case {
        config,
        weights,
        input: tensors(name, "input.safetensors").remove("input").unwrap(),
        expected: tensors(name, "expected.safetensors"),
    }
}

fn engines() -> impl Iterator<Item = Engine> {
    Isa::available()
        .iter()
        .map(|&isa| Engine::with_isa(Threads::new(2), isa).unwrap())
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| {
            if a.is_nan() || b.is_nan() {
                f32::INFINITY
            } else {
                (a - b).abs()
            }
        })
        .fold(0.0, f32::max)
}

/// What a network of keypoints gives for mirrored pictures, left and right exchanged; the same mirrored
/// back; the means with what it gives for the pictures as they are.
fn mirrored(case: &Case, network: &mut Network, output: &Tensor) -> [Tensor; 3] {
    let [_, _, width] = case.config.input_shape();
    let [joints, rows, columns] = case.config.output_shape();
    let turned = |data: &[f32], width: usize| -> Vec<f32> {
        let rows = data.chunks_exact(width);
        rows.flat_map(|row| row.iter().rev().copied()).collect()
    };
    let pictures = turned(case.input.data(), width);
    let batch = case.input.shape()[0];
    let mut exchanged = network.forward(&pictures, batch).unwrap();
    for maps in exchanged.chunks_exact_mut(joints * rows * columns) {
        for [left, right] in mirror_pairs(joints) {
            let plane = rows * columns;
            let (first, second) = maps.split_at_mut(right * plane);
            first[left * plane..][..plane].swap_with_slice(&mut second[..plane]);
        }
    }
    let back = turned(&exchanged, columns);
    let pairs = output.data().iter().zip(&back);
    let merged = pairs.map(|(a, b)| 0.5 * (a + b)).collect();
    [exchanged, back, merged].map(|data| Tensor::new(output.shape(), data).unwrap())
}

/// Compares everything that a case of a network of keypoints holds, on every instruction set: to 1e-4 of
/// the largest number.
fn check_pose(name: &str) {
    let case = case(name);
    for engine in engines() {
        let mut network = Network::on_engine(&case.config, &case.weights, &engine).unwrap();
        let batch = case.input.shape()[0];
        let mut traced = network.trace(case.input.data(), batch).unwrap();
        let output = traced["output"].clone();
        let names = ["output_flipped_input", "flip_back", "flip_merged"].map(str::to_owned);
        traced.extend(
            names
                .into_iter()
                .zip(mirrored(&case, &mut network, &output)),
        );
        for (tensor, expected) in case.expected.iter().filter(|(t, _)| *t != "pos_embedding") {
            let found = traced
                .get(tensor)
                .unwrap_or_else(|| panic!("{name}: no {tensor}"));
            assert_eq!(found.shape(), expected.shape(), "{name}: {tensor}");
            let largest = expected
                .data()
                .iter()
                .fold(0.0_f32, |most, x| most.max(x.abs()));
            let difference = largest_difference(found.data(), expected.data()) / largest;
            assert!(
                difference <= 1e-4,
                "{name}: {tensor} differs by {difference} of its largest on {:?}",
                engine.isa()
            );
        }
        let plain = network.forward(case.input.data(), batch).unwrap();
        assert_eq!(plain, output.data(), "{name}: the trace computes the same");
    }
}

/// Compares everything that the case holds, on every instruction set.
fn check(name: &str, output_tolerance: f32) {
    let case = case(name);
    for engine in engines() {
        let mut network = Network::on_engine(&case.config, &case.weights, &engine).unwrap();
        let batch = case.input.shape()[0];
        let traced = network.trace(case.input.data(), batch).unwrap();
        let mut compared = 0;
        for (tensor, expected) in case.expected.iter() {
            let found = match tensor {
                "output_residual_prev" => variant(&case, &engine, |config| {
                    residual(config, XlrResidual::Prev);
                }),
                "output_residual_none" => variant(&case, &engine, |config| {
                    residual(config, XlrResidual::None);
                }),
                "output_mean_first" => variant(&case, &engine, |config| {
                    if let NetworkConfig::ConvFormer(config) = config {
                        config.head_order = HeadOrder::MeanFirst;
                    }
                }),
                "output_folded_bank" => traced.get("output").cloned(),
                _ => traced.get(tensor).cloned(),
            };
            let found = found.unwrap_or_else(|| panic!("{name}: no {tensor} in the trace"));
            assert_eq!(found.shape(), expected.shape(), "{name}: {tensor}");
            let tolerance = if tensor.starts_with("output") {
                output_tolerance
            } else {
                1e-4
            };
            let difference = largest_difference(found.data(), expected.data());
            assert!(
                difference <= tolerance,
                "{name}: {tensor} differs by {difference} on {:?}",
                engine.isa()
            );
            compared += 1;
        }
        assert!(compared >= 6);
        let plain = network.forward(case.input.data(), batch).unwrap();
        assert_eq!(
            plain,
            traced["output"].data(),
            "{name}: the trace computes the same"
        );
    }
}

fn residual(config: &mut NetworkConfig, residual: XlrResidual) {
    if let NetworkConfig::Rtpca(config) = config {
        config.xlr_residual = residual;
    }
}

/// The output of the same weights under other settings.
fn variant(case: &Case, engine: &Engine, change: impl Fn(&mut NetworkConfig)) -> Option<Tensor> {
    let mut config = case.config.clone();
    change(&mut config);
    let mut network = Network::on_engine(&config, &case.weights, engine).unwrap();
    let mut traced: BTreeMap<String, Tensor> = network
        .trace(case.input.data(), case.input.shape()[0])
        .unwrap();
    traced.remove("output")
}

#[test]
fn rtpca_of_27_frames() {
    check("rtpca/full_t27", 1e-4);
}

#[test]
fn rtpca_of_81_frames() {
    check("rtpca/full_t81", 1e-4);
}

#[test]
fn rtpca_with_odd_pyramid_lengths_and_two_clips() {
    check("rtpca/full_odd_lengths", 1e-4);
}

#[test]
fn blocks_alone() {
    check("rtpca/ste_t27", 1e-4);
}

#[test]
fn blocks_with_pyramid() {
    check("rtpca/ste_tpca_t27", 1e-4);
}

#[test]
fn blocks_with_memory() {
    check("rtpca/ste_xlr_t27", 1e-4);
}

#[test]
fn mixste() {
    check("rtpca/mixste_t27", 1e-4);
}

#[test]
fn convformer_with_three_kernels() {
    check("convformer/t27_k357", 2e-5);
}

#[test]
fn convformer_with_equal_kernels() {
    check("convformer/t9_k777", 2e-5);
}

#[test]
fn convformer_with_other_joints_out_than_in() {
    check("convformer/t9_in17_out15", 2e-5);
}

#[test]
fn transpose_h() {
    check_pose("vttranspose/transpose_h");
}

#[test]
fn vttranspose() {
    check_pose("vttranspose/vtt_default");
}

/// The networks of `lifting_formula.json`, whose weights and inputs follow from formulas.
#[test]
#[expect(clippy::cast_possible_truncation, reason = "the formulas round to f32")]
fn networks_whose_weights_follow_from_a_formula() {
    let json = std::fs::read(folder("lifting_formula.json")).unwrap();
    let all: serde_json::Value = serde_json::from_slice(&json).unwrap();
    for (name, case) in all["cases"].as_object().unwrap() {
        let listed = match &case["tensors"] {
            serde_json::Value::String(as_other) => {
                &all["cases"][as_other.trim_start_matches("as ")]["tensors"]
            }
            own => own,
        };
        let weights: Tensors = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|tensor| {
                let number = |key: &str| tensor[key].as_f64().unwrap();
                let shape = usizes(&tensor["shape"]);
                let data = (1..=shape.iter().product())
                    .map(|i: usize| {
                        let angle = 0.7391 * i as f64 + 1.7 * number("n");
                        (number("base") + number("amp") * angle.sin()) as f32
                    })
                    .collect();
                let name = tensor["name"].as_str().unwrap().to_owned();
                (name, Tensor::new(shape, data).unwrap())
            })
            .collect();
        let shape = usizes(&case["input_shape"]);
        let seed = case["config"]["input_seed"].as_f64().unwrap();
        let input: Vec<f32> = (1..=shape.iter().product())
            .map(|i: usize| {
                let i = i as f64;
                (0.8 * (0.311 * i + seed).sin() + 0.2 * (1.93 * i).cos()) as f32
            })
            .collect();
        let expected: Vec<f32> = case["output"]
            .as_array()
            .unwrap()
            .iter()
            .map(|x| x.as_f64().unwrap() as f32)
            .collect();
        let config = formula_config(&case["config"]);
        for engine in engines() {
            let mut network = Network::on_engine(&config, &weights, &engine).unwrap();
            let output = network.forward(&input, shape[0]).unwrap();
            let difference = largest_difference(&output, &expected);
            assert!(
                difference < 1e-4,
                "{name} differs by {difference} on {:?}",
                engine.isa()
            );
        }
    }
}

fn usizes(values: &serde_json::Value) -> Vec<usize> {
    serde_json::from_value(values.clone()).unwrap()
}

fn formula_config(case: &serde_json::Value) -> NetworkConfig {
    let json = if case["kernels"].is_array() {
        serde_json::json!({
            "model": "convformer", "frames": case["T"], "joints_in": case["J"],
            "joints_out": case["J"], "dim": case["d"], "heads": case["H"],
            "spatial_blocks": case["Bs"], "temporal_blocks": case["Bt"],
            "kernels": case["kernels"],
        })
    } else {
        serde_json::json!({
            "model": "rtpca", "frames": case["T"], "joints": case["J"], "dim": case["C"],
            "depth": case["D"], "heads": case["H"], "tpca": true, "xlr": true,
            "xlr_residual": case["residual"],
        })
    };
    NetworkConfig::from_json(json.to_string().as_bytes()).unwrap()
}
