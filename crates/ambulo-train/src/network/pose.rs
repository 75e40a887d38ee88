//! How the parameters of networks that find keypoints begin.

use std::collections::BTreeMap;

use ambulo::synth::SeededRng;
use ambulo_nn::config::{NetworkConfig, TensorShape, sine_table};
use ambulo_nn::tensors::{Tensor as Array, Tensors};
use serde::{Deserialize, Serialize};

use crate::datasets::takes::narrow;

/// How parameters begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beginning {
    /// Uniform within one over the root of the number of inputs of an output, as `PyTorch` begins.
    #[default]
    Uniform,
    /// As `TransPose` was trained: convolutions normal with a deviation of 0.001, matrices of the encoder
    /// uniform by the sum of inputs and outputs, biases 0. Convolutions of V blocks are normal by their
    /// outputs, and each V block begins as the identity.
    Published,
}

/// Random parameters to start from, the same for the same seed.
///
/// Batch and layer norms are the identity; learned tables of places are normal, with a deviation of 1 as
/// published and of 0.02 otherwise.
///
/// # Panics
///
/// Never: the shapes are the network's own.
pub fn initial_pose_weights(config: &NetworkConfig, beginning: Beginning, seed: u64) -> Tensors {
    let shapes = config.tensor_shapes();
    let weights: BTreeMap<&str, &TensorShape> = shapes
        .iter()
        .filter_map(|tensor| Some((tensor.name.strip_suffix(".weight")?, tensor)))
        .collect();
    let mut rng = SeededRng::new(seed);
    let tensors = shapes.iter().map(|tensor| {
        let values = values(config, beginning, &weights, tensor, &mut rng);
        let array = Array::new(tensor.shape.clone(), values).expect("the shape is the tensor's");
        (tensor.name.clone(), array)
    });
    tensors.collect()
}

fn values(
    config: &NetworkConfig,
    beginning: Beginning,
    weights: &BTreeMap<&str, &TensorShape>,
    tensor: &TensorShape,
    rng: &mut SeededRng,
) -> Vec<f32> {
    let is_published = beginning == Beginning::Published;
    let (stem, kind) = tensor.name.rsplit_once('.').unwrap_or(("", &tensor.name));
    let matrix = weights.get(stem).filter(|weight| weight.shape.len() > 1);
    let all = |value: f32| vec![value; tensor.len()];
    match (kind, matrix) {
        ("weight", None) if is_published && is_exit(stem) => all(0.0),
        ("running_var", _) | ("weight", None) => all(1.0),
        ("pos_embedding", _) if config.is_fixed("pos_embedding") => {
            let [_, rows, columns] = config.output_shape();
            sine_table([rows, columns], tensor.shape[2])
        }
        ("pos_embedding" | "pe_row" | "pe_col", _) => {
            normal(rng, tensor.len(), if is_published { 1.0 } else { 0.02 })
        }
        ("weight", Some(matrix)) if matrix.shape.len() == 4 && is_published => {
            let deviation = if is_in_v_block(stem) {
                let outputs = matrix.shape[0] * matrix.shape[2] * matrix.shape[3];
                (2.0 / outputs as f64).sqrt()
            } else {
                0.001
            };
            normal(rng, tensor.len(), deviation)
        }
        ("in_proj_weight", _) | ("weight", Some(_)) => spread(rng, tensor, is_published),
        ("bias", Some(matrix)) if !is_published => {
            let bound = 1.0 / (inputs(matrix) as f64).sqrt();
            uniform(rng, tensor.len(), bound)
        }
        _ => all(0.0),
    }
}

/// The norm behind the last convolution of a V block.
fn is_exit(stem: &str) -> bool {
    stem.ends_with(".out.bn")
}

/// Whether a convolution belongs to a V block: its name ends with a part or a link of the chains.
fn is_in_v_block(stem: &str) -> bool {
    let in_branch = stem.contains("branches.") || stem.starts_with("stages.");
    let parts = stem.split('.');
    in_branch
        && parts
            .into_iter()
            .any(|part| part == "out" || part.starts_with(['P', 'A']))
}

fn inputs(matrix: &TensorShape) -> usize {
    matrix.shape[1..].iter().product::<usize>().max(1)
}

fn spread(rng: &mut SeededRng, tensor: &TensorShape, is_published: bool) -> Vec<f32> {
    let inputs = inputs(tensor);
    let bound = if is_published {
        (6.0 / (inputs + tensor.shape[0]) as f64).sqrt()
    } else {
        1.0 / (inputs as f64).sqrt()
    };
    uniform(rng, tensor.len(), bound)
}

fn uniform(rng: &mut SeededRng, count: usize, bound: f64) -> Vec<f32> {
    (0..count)
        .map(|_| narrow(bound * (2.0 * rng.unit() - 1.0)))
        .collect()
}

fn normal(rng: &mut SeededRng, count: usize, deviation: f64) -> Vec<f32> {
    (0..count)
        .map(|_| narrow(deviation * rng.normal()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_begin_as_published() {
        let json = r#"{"model":"vttranspose","image_size":[32,32],"stem":4,"stage_channels":[4,8,16],
            "d_model":8,"position":"sine","layers":1}"#;
        let config = NetworkConfig::from_json(json.as_bytes()).expect("the settings are valid");
        let weights = initial_pose_weights(&config, Beginning::Published, 1);
        let data = |name: &str| weights.get(name).expect("the tensor is there").data();
        let largest = |name: &str| data(name).iter().fold(0.0_f32, |m, x| m.max(x.abs()));
        assert!(largest("conv1.weight") < 0.006);
        assert!(largest("stage3.0.branches.2.2.A1.v.weight") > 0.2);
        assert!(largest("stage3.0.branches.2.2.out.bn.weight") < f32::EPSILON);
        assert!((largest("stage3.0.branches.2.1.bn2.weight") - 1.0).abs() < f32::EPSILON);
        assert!((largest("bn1.running_var") - 1.0).abs() < f32::EPSILON);
        assert!((largest("pos_embedding") - 1.0).abs() < 0.1);
        let bound = (6.0_f32 / 32.0).sqrt();
        let found = largest("global_encoder.layers.0.col.in_proj.weight");
        assert!((0.8 * bound..=bound).contains(&found), "{found}");
    }
}
