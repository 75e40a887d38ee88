//! How language models begin.

use ambulo::synth::SeededRng;
use ambulo_nn::config::{NetworkConfig, T5Config};
use ambulo_nn::tensors::{Tensor as Array, Tensors};

use crate::datasets::takes::narrow;

/// Random parameters to start from, the same for the same seed.
///
/// All are normal, as T5 begins: the table with a deviation of 1, queries by the product of the widths of tokens and
/// heads, other matrices by the number of their inputs. The output matrix begins smaller than the published one, by the
/// width of tokens too, so that the first probabilities are nearly alike.
///
/// # Panics
///
/// Never: the shapes are the network's own.
pub fn initial_reasoner_weights(config: &T5Config, seed: u64) -> Tensors {
    let mut rng = SeededRng::new(seed);
    let shapes = NetworkConfig::T5(config.clone()).tensor_shapes();
    let tensors = shapes.into_iter().map(|tensor| {
        let dim = config.dim as f64;
        let is_norm = tensor.shape.len() < 2;
        let deviation = if tensor.name == "shared.weight" {
            1.0
        } else if tensor.name.ends_with("Attention.q.weight") {
            (dim * config.head_dim as f64).powf(-0.5)
        } else if tensor.name.contains("relative_attention_bias") {
            dim.powf(-0.5)
        } else {
            (tensor.shape.last().copied().unwrap_or(1) as f64).powf(-0.5)
        };
        let draw = |_| narrow(deviation * rng.normal());
        let values = if is_norm {
            vec![1.0; tensor.len()]
        } else {
            (0..tensor.len()).map(draw).collect()
        };
        let array = Array::new(tensor.shape, values).expect("the shape is the tensor's");
        (tensor.name, array)
    });
    tensors.collect()
}

/// The weights with other rows of the table for these tokens: those whose features are alike begin alike.
///
/// Each of the features `[tokens, width]`, the codes of motion for instance, is brought to a mean of 0 and a deviation
/// of 1 over all tokens; then a random matrix, the same for the same seed, maps a token's features to its row. Without
/// so many rows nothing is changed.
///
/// # Panics
///
/// Never: the shape is the tensor's own.
pub fn with_features(weights: Tensors, tokens: &[u32], features: &[f32], seed: u64) -> Tensors {
    let width = features.len() / tokens.len().max(1);
    let last = tokens.iter().max().map_or(0, |&token| token as usize);
    let mut rng = SeededRng::new(seed ^ 0xC0DE);
    let change = |(name, tensor): (String, Array)| {
        let &[known, dim] = tensor.shape() else {
            return (name, tensor);
        };
        if name != "shared.weight" || last >= known || width == 0 {
            return (name, tensor);
        }
        let even = standardised(features, width);
        let spread = (width as f64).powf(-0.5);
        let matrix: Vec<f32> = (0..width * dim)
            .map(|_| narrow(spread * rng.normal()))
            .collect();
        let mut values = tensor.data().to_vec();
        for (&token, own) in tokens.iter().zip(even.chunks_exact(width)) {
            let row = &mut values[token as usize * dim..][..dim];
            row.fill(0.0);
            for (x, column) in own.iter().zip(matrix.chunks_exact(dim)) {
                for (value, factor) in row.iter_mut().zip(column) {
                    *value += x * factor;
                }
            }
        }
        let tensor = Array::new([known, dim], values).expect("the shape is the tensor's");
        (name, tensor)
    };
    weights.into_iter().map(change).collect()
}

fn standardised(codes: &[f32], width: usize) -> Vec<f32> {
    let count = (codes.len() / width) as f32;
    let mut even = codes.to_vec();
    for column in 0..width {
        let values = || codes[column..].iter().step_by(width);
        let mean = values().sum::<f32>() / count;
        let square = values().map(|x| (x - mean) * (x - mean)).sum::<f32>() / count;
        let scale = 1.0 / square.sqrt().max(1e-6);
        for value in even[column..].iter_mut().step_by(width) {
            *value = (*value - mean) * scale;
        }
    }
    even
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_whose_features_are_alike_begin_alike() {
        let config = T5Config {
            dim: 8,
            ..T5Config::small(30)
        };
        let weights = initial_reasoner_weights(&config, 1);
        let codes = [0.0, 1.0, 0.01, 1.0, 5.0, -1.0];
        let changed = with_features(weights.clone(), &[20, 21, 22], &codes, 2);
        let rows = |weights: &Tensors| {
            let table = weights.get("shared.weight").expect("there is a table");
            let rows = table.data().chunks_exact(8).map(<[f32]>::to_vec);
            rows.collect::<Vec<_>>()
        };
        let (before, after) = (rows(&weights), rows(&changed));
        assert_eq!(before[..20], after[..20]);
        assert_eq!(before[23..], after[23..]);
        let apart = |a: usize, b: usize| -> f32 {
            let pairs = after[a].iter().zip(&after[b]);
            pairs.map(|(a, b)| (a - b).abs()).sum()
        };
        assert!(20.0 * apart(20, 21) < apart(20, 22));
        let beyond = with_features(weights.clone(), &[28, 29, 30], &codes, 2);
        assert_eq!(beyond, weights);
    }
}
