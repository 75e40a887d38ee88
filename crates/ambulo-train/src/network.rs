//! A lifting network under training, whichever it is, and how its parameters begin.

mod params;
mod pose;
mod reasoner;

use std::collections::BTreeMap;

use ambulo::synth::SeededRng;
use ambulo_nn::config::{NetworkConfig, TensorShape};
use ambulo_nn::tensors::{Tensor as Array, Tensors};
use burn::module::Module;
use burn::tensor::Tensor;

use crate::datasets::takes::narrow as single;
use crate::modules::Noise;
use crate::modules::convformer::ConvFormer;
use crate::modules::rtpca::Rtpca;

pub use params::initial_params_weights;
pub use pose::{Beginning, initial_pose_weights};
pub use reasoner::{copying, initial_reasoner_weights, with_features};

/// A network that lifts.
pub trait LiftNetwork: Module {
    /// Lifts clips; `noise` drives drop-path and dropout in training and is absent in evaluation.
    ///
    /// # Shapes
    ///
    /// - `input`: `[batch, frames, joints, channels]`
    /// - returns: `[batch, frames out, joints out, 3]`
    fn lift(&self, input: Tensor<4>, noise: &mut Noise<'_>) -> Tensor<4>;
}

impl LiftNetwork for Rtpca {
    fn lift(&self, input: Tensor<4>, noise: &mut Noise<'_>) -> Tensor<4> {
        self.forward(input, noise)
    }
}

impl LiftNetwork for ConvFormer {
    fn lift(&self, input: Tensor<4>, noise: &mut Noise<'_>) -> Tensor<4> {
        self.forward(input, noise)
    }
}

/// Random parameters to start from, the same for the same seed.
///
/// Matrices, convolutions and their biases are uniform within one over the root of the number of inputs of
/// an output, as `PyTorch` begins; norms are the identity; tables of places and weights of banks are zero.
///
/// # Panics
///
/// Never: the shapes are the network's own.
pub fn initial_weights(config: &NetworkConfig, seed: u64) -> Tensors {
    let shapes = config.tensor_shapes();
    let weights: BTreeMap<&str, &TensorShape> = shapes
        .iter()
        .filter_map(|tensor| Some((tensor.name.strip_suffix(".weight")?, tensor)))
        .collect();
    let mut rng = SeededRng::new(seed);
    let tensors = shapes.iter().map(|tensor| {
        let (stem, kind) = tensor.name.rsplit_once('.').unwrap_or((&tensor.name, ""));
        let weight = weights.get(stem).copied();
        let values = match (kind, weight) {
            ("weight", Some(weight)) if weight.shape.len() == 1 => vec![1.0; tensor.len()],
            ("weight" | "bias", Some(weight)) if weight.shape.len() > 1 => {
                let inputs: usize = weight.shape[1..].iter().product();
                let bound = 1.0 / (inputs.max(1) as f64).sqrt();
                (0..tensor.len())
                    .map(|_| single(bound * (2.0 * rng.unit() - 1.0)))
                    .collect()
            }
            _ => vec![0.0; tensor.len()],
        };
        let array = Array::new(tensor.shape.clone(), values).expect("the shape is the tensor's");
        (tensor.name.clone(), array)
    });
    tensors.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_begin_as_in_pytorch() {
        let json = r#"{"model":"rtpca","frames":27,"joints":17,"dim":16,"depth":2,"heads":4,"tpca":true,"xlr":true}"#;
        let config = NetworkConfig::from_json(json.as_bytes()).expect("the settings are valid");
        let weights = initial_weights(&config, 1);
        assert_eq!(weights, initial_weights(&config, 1));
        let data = |name: &str| weights.get(name).expect("the tensor is there").data();
        assert!(
            data("Temporal_pos_embed")
                .iter()
                .all(|&x| x.abs() < f32::EPSILON)
        );
        assert!(
            data("head.0.weight")
                .iter()
                .all(|&x| (x - 1.0).abs() < f32::EPSILON)
        );
        assert!(data("head.0.bias").iter().all(|&x| x.abs() < f32::EPSILON));
        let largest = |name: &str| data(name).iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        // 16 inputs; a transposed convolution counts its kernel.
        assert!((0.2..=0.25).contains(&largest("STEblocks.0.attn.kv.weight")));
        assert!((0.5..=0.71).contains(&largest("TTEblocks.0.attn.up1.weight")));
        assert!((0.4..=0.71).contains(&largest("Spatial_patch_to_embedding.bias")));
    }
}
