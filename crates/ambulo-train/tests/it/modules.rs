//! The trainable networks against the reference implementations.
#![expect(
    clippy::cast_possible_truncation,
    reason = "networks compute in single precision"
)]

use std::path::Path;

use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::Network;
use ambulo_nn::tensors::{Tensor as Array, Tensors};
use ambulo_nn::threads::Threads;
use ambulo_train::modules::convformer::ConvFormer;
use ambulo_train::modules::rtpca::Rtpca;
use ambulo_train::modules::{from_tensors, to_tensors};
use ambulo_train::network::{LiftNetwork, initial_weights};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).expect("the case is there");
    let (tensors, _) = Tensors::from_safetensors(&bytes).expect("the case is readable");
    tensors
}

fn on_device(array: &Array, device: &Device) -> Tensor<4> {
    let data = TensorData::new(array.data().to_vec(), array.shape().to_vec());
    Tensor::from_data(data, device)
}

fn largest_difference(found: &Tensor<4>, expected: &Array) -> f32 {
    assert_eq!(found.dims().to_vec(), expected.shape());
    let found: Vec<f32> = found.clone().try_into_vec_as().expect("floats");
    let pairs = found.iter().zip(expected.data());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// Loads the weights of a case and compares the outputs, in training (with gradients) and in evaluation.
#[track_caller]
fn check_rtpca(case: &str, residual: &str, expected: &str) {
    let Some(dir) = ambulo_testkit::parity_dir() else {
        return;
    };
    let dir = dir.join("rtpca").join(case);
    let json = std::fs::read_to_string(dir.join("config.json")).expect("the case has a config");
    let json = json.replace("self_double", residual);
    let config = NetworkConfig::from_json(json.as_bytes()).expect("the config is valid");
    let device = Device::flex().autodiff();
    let network = match &config {
        NetworkConfig::Rtpca(config) => Rtpca::new(config, 0.1, &device),
        NetworkConfig::Mixste(config) => Rtpca::mixste(config, 0.1, &device),
        other => panic!("{case} is {}", other.model()),
    };
    let is_dead = |name: &str| {
        name.starts_with("STEblocks.") && (name.contains("attn.norm") || name.contains("attn.up"))
    };
    let weights: Tensors = read(&dir.join("weights.safetensors"))
        .into_iter()
        .filter(|(name, _)| !is_dead(name))
        .collect();
    let network = from_tensors(network, &weights).expect("the weights fit");
    assert_eq!(
        to_tensors(&network),
        weights,
        "weights survive a round trip"
    );

    let input = read(&dir.join("input.safetensors"));
    let outputs = read(&dir.join("expected.safetensors"));
    let expected = outputs.require(expected).expect("the case has the output");
    let x = on_device(
        input.require("input").expect("the case has an input"),
        &device,
    );
    let training = network.forward(x.clone(), &mut None);
    let evaluation = network.valid().forward(x.inner(), &mut None);
    for (mode, output) in [("training", training), ("evaluation", evaluation)] {
        let difference = largest_difference(&output, expected);
        assert!(difference < 1e-4, "{case}, {mode}: off by {difference}");
    }
}

/// The same for ConvFormer.
#[track_caller]
fn check_convformer(case: &str, head_order: &str, expected: &str) {
    let Some(dir) = ambulo_testkit::parity_dir() else {
        return;
    };
    let dir = dir.join("convformer").join(case);
    let json = std::fs::read_to_string(dir.join("config.json")).expect("the case has a config");
    let json = json.replace("linear_first", head_order);
    let NetworkConfig::ConvFormer(config) =
        NetworkConfig::from_json(json.as_bytes()).expect("the config is valid")
    else {
        panic!("{case} is no ConvFormer");
    };
    let device = Device::flex().autodiff();
    let weights = read(&dir.join("weights.safetensors"));
    let network = ConvFormer::new(&config, 0.2, 0.2, &device);
    let network = from_tensors(network, &weights).expect("the weights fit");
    assert_eq!(
        to_tensors(&network),
        weights,
        "weights survive a round trip"
    );
    let input = read(&dir.join("input.safetensors"));
    let outputs = read(&dir.join("expected.safetensors"));
    let expected = outputs.require(expected).expect("the case has the output");
    let x = on_device(
        input.require("input").expect("the case has an input"),
        &device,
    );
    let difference = largest_difference(&network.forward(x, &mut None), expected);
    assert!(difference < 2e-5, "{case}: off by {difference}");
}

#[test]
fn convformer_agrees_with_the_reference_in_both_orders_of_its_head() {
    for case in ["t9_k777", "t27_k357", "t9_in17_out15"] {
        check_convformer(case, "linear_first", "output");
        check_convformer(case, "mean_first", "output_mean_first");
    }
}

/// The ablations have no reference, but each must be made of the tensors that its settings list, have a
/// gradient for every one of them, and answer as the network of `ambulo-nn` does with the same weights.
#[test]
fn every_variant_learns_all_its_tensors_and_agrees_with_inference() {
    let rtpca = |more: &str| {
        format!(r#"{{"model":"rtpca","frames":64,"joints":3,"dim":8,"depth":4,"heads":2,{more}}}"#)
    };
    let convformer = |more: &str| {
        format!(
            r#"{{"model":"convformer","frames":9,"joints_in":4,"joints_out":3,"dim":4,"heads":2,"spatial_blocks":2,"temporal_blocks":1,{more}}}"#
        )
    };
    let variants = [
        rtpca(r#""tpca":true,"xlr":true"#),
        rtpca(r#""tpca":true,"xlr":true,"xlr_residual":"none","qkv_bias":false"#),
        rtpca(r#""tpca":true,"compress":"conv","xlr":false"#),
        rtpca(r#""tpca":true,"compress":"pool_conv","xlr":false"#),
        rtpca(r#""tpca":true,"compress":"pool_conv","amplify":"linear","xlr":false"#),
        rtpca(r#""tpca":true,"amplify":"none","xlr":true"#),
        rtpca(r#""tpca":true,"amplify":"linear","xlr":false"#),
        rtpca(r#""tpca":true,"xlr":true,"xlr_topology":"pyramid","xlr_residual":"none""#),
        rtpca(
            r#""tpca":true,"xlr":true,"xlr_topology":"pyramid","xlr_fuse":"gated","xlr_residual":"none""#,
        ),
        rtpca(r#""tpca":true,"xlr":true,"xlr_topology":"pyramid_q","xlr_residual":"none""#),
        convformer(r#""kernels":[7,7,7]"#),
        convformer(r#""kernels":[3,5],"eta":"shared","bank_softmax":false"#),
        convformer(r#""kernels":[3,5],"eta":"per_head","scale":"1/sqrt(token width)""#),
        convformer(r#""qkv":"dense""#),
    ];
    let device = Device::flex().autodiff();
    for json in &variants {
        let config = NetworkConfig::from_json(json.as_bytes())
            .unwrap_or_else(|error| panic!("{json}: {error}"));
        match &config {
            NetworkConfig::Rtpca(c) => check_variant(Rtpca::new(c, 0.1, &device), &config, json),
            NetworkConfig::ConvFormer(c) => {
                check_variant(ConvFormer::new(c, 0.1, 0.1, &device), &config, json);
            }
            other => panic!("{} is not tried here", other.model()),
        }
    }
}

fn check_variant<N: LiftNetwork>(network: N, config: &NetworkConfig, json: &str) {
    let mut rng = SeededRng::new(5);
    // Tables of places and blending weights begin with zeros, which would hide them.
    let weights: Tensors = initial_weights(config, 1)
        .into_iter()
        .map(|(name, mut tensor)| {
            for value in tensor.data_mut() {
                *value += 0.1 * rng.normal() as f32;
            }
            (name, tensor)
        })
        .collect();
    let network = from_tensors(network, &weights).unwrap_or_else(|e| panic!("{json}: {e}"));
    let [frames, joints, channels] = config.input_shape();
    let device = Device::flex().autodiff();
    let shape = [2, frames, joints, channels];
    let numbers: Vec<f32> = (0..shape.iter().product())
        .map(|_| rng.normal() as f32)
        .collect();
    let inferred = Network::from_weights(config, &weights, Threads::default())
        .unwrap_or_else(|e| panic!("{json}: {e}"))
        .forward(&numbers, 2)
        .expect("the input fills the batch");
    let x = Tensor::from_data(TensorData::new(numbers, shape), &device);
    let output = network.lift(x, &mut None);
    let shape = output.dims();
    assert_eq!(shape[1..], config.output_shape(), "{json}");
    let inferred = Array::new(shape, inferred).expect("the network answers its shape");
    let difference = largest_difference(&output, &inferred);
    assert!(
        difference < 1e-4,
        "{json}: off by {difference} from inference"
    );
    let gradients = output.square().sum().backward();
    let mut missing = WithoutGradient {
        gradients,
        count: 0,
    };
    network.visit(&mut missing);
    assert_eq!(missing.count, 0, "{json}: tensors without a gradient");
}

struct WithoutGradient {
    gradients: Gradients,
    count: usize,
}

impl ModuleVisitor for WithoutGradient {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.count += usize::from(param.val().grad(&self.gradients).is_none());
    }
}

#[test]
fn rtpca_agrees_with_the_released_network() {
    check_rtpca("full_t27", "self_double", "output");
    check_rtpca("full_odd_lengths", "self_double", "output");
    check_rtpca("full_t81", "self_double", "output");
}

#[test]
fn rtpca_agrees_in_every_reading_of_the_residual() {
    check_rtpca("full_t27", "prev", "output_residual_prev");
    check_rtpca("full_t27", "none", "output_residual_none");
    check_rtpca("ste_xlr_t27", "prev", "output_residual_prev");
}

#[test]
fn rtpca_agrees_without_pyramid_or_memory() {
    for case in ["ste_t27", "ste_tpca_t27", "ste_xlr_t27", "mixste_t27"] {
        check_rtpca(case, "self_double", "output");
    }
}
