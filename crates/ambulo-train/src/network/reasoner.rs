//! How language models begin.

use ambulo::synth::SeededRng;
use ambulo_nn::config::{NetworkConfig, T5Config};
use ambulo_nn::tensors::{Tensor as Array, Tensors};

use crate::datasets::takes::narrow;

/// How much of a word's row in the output matrix begins as its row in the table; the rest is random.
const OUTPUT_LIKE_INPUT: f32 = 0.3;

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

/// The weights so that the network begins by saying what is like the words that it wrote last and what it read of them.
///
/// The decoder looks at its last words first (each head less far than the next); where it attends to what was read,
/// keys begin as queries, so that a word finds what is like it; what attention brings comes out as it went in (the
/// output matrix begins as the transpose of the values'); and the output matrix begins partly as the table. With
/// [`with_features`] before it, a quality's name so finds its measurement from the first step on. After Trockman &
/// Kolter (2023), "Mimetic initialization of self-attention layers"; what is begun how is ours.
///
/// # Panics
///
/// Never: the shapes are the network's own.
pub fn copying(mut weights: Tensors, config: &T5Config) -> Tensors {
    let put = |weights: &mut Tensors, name: String, shape: [usize; 2], values: Vec<f32>| {
        let array = Array::new(shape, values).expect("the shape is the tensor's");
        weights.insert(name, array);
    };
    let larger = narrow((config.head_dim as f64).sqrt());
    let attentions = (0..config.encoder_blocks)
        .map(|block| format!("encoder.block.{block}.layer.0.SelfAttention"))
        .chain((0..config.decoder_blocks).flat_map(|block| {
            let name = format!("decoder.block.{block}.layer");
            [
                format!("{name}.0.SelfAttention"),
                format!("{name}.1.EncDecAttention"),
            ]
        }));
    for name in attentions {
        let of = |matrix: &str| format!("{name}.{matrix}.weight");
        if name.ends_with("EncDecAttention")
            && let Some(queries) = weights.get(&of("q"))
            && let &[inner, dim] = queries.shape()
        {
            let keys = queries.data().iter().map(|x| larger * x).collect();
            put(&mut weights, of("k"), [inner, dim], keys);
        }
        if let Some(values) = weights.get(&of("v"))
            && let &[inner, dim] = values.shape()
        {
            let scale = narrow((dim as f64 / inner as f64).sqrt());
            let data = values.data();
            let turned = |place: usize| scale * data[place % inner * dim + place / inner];
            let turned = (0..dim * inner).map(turned).collect();
            put(&mut weights, of("o"), [dim, inner], turned);
        }
    }
    let name = "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight";
    if weights.get(name).is_some() {
        let (buckets, heads) = (config.buckets, config.heads);
        // Each head's scores fall half as fast as those of the one before.
        let slopes: Vec<f32> = std::iter::successors(Some(0.5), |slope| Some(0.5 * slope))
            .take(heads)
            .collect();
        let near = |place: usize| -slopes[place % heads] * (place / heads) as f32;
        let values = (0..buckets * heads).map(near).collect();
        put(&mut weights, name.to_owned(), [buckets, heads], values);
    }
    if let (Some(table), Some(outputs)) =
        (weights.get("shared.weight"), weights.get("lm_head.weight"))
        && let &[words, dim] = table.shape()
    {
        let like = OUTPUT_LIKE_INPUT * narrow((dim as f64).powf(-0.5));
        let own = (1.0 - OUTPUT_LIKE_INPUT * OUTPUT_LIKE_INPUT).sqrt();
        let both = table.data().iter().zip(outputs.data());
        let values = both
            .map(|(table, output)| like * table + own * output)
            .collect();
        put(
            &mut weights,
            "lm_head.weight".to_owned(),
            [words, dim],
            values,
        );
    }
    weights
}

/// The weights with other rows of the table for these tokens: those whose features are alike begin alike.
///
/// Each of the features `[tokens, width]`, the codes of motion for instance, is brought to a mean of 0 and a deviation
/// of 1 over all tokens; then a random matrix, the same for the same seed, maps a token's features to its row, to which
/// `own` times what it was before is added. Without so many rows nothing is changed.
///
/// # Panics
///
/// Never: the shape is the tensor's own.
pub fn with_features(
    weights: Tensors,
    (tokens, features): (&[u32], &[f32]),
    own: f32,
    seed: u64,
) -> Tensors {
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
        for (&token, features) in tokens.iter().zip(even.chunks_exact(width)) {
            let row = &mut values[token as usize * dim..][..dim];
            for value in &mut *row {
                *value *= own;
            }
            for (x, column) in features.iter().zip(matrix.chunks_exact(dim)) {
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
    fn what_attention_brings_begins_as_it_was() {
        let config = T5Config {
            dim: 64,
            ..T5Config::small(200)
        };
        let weights = copying(initial_reasoner_weights(&config, 3), &config);
        let of = |name: &str| weights.get(name).expect("it is there");
        let name = "decoder.block.1.layer.1.EncDecAttention";
        let product = |a: &str, b: &str, row: usize, column: usize| -> f32 {
            // Rows of `a` against rows of `b`, both `[inner, dim]`.
            let [a, b] = [a, b].map(|it| of(&format!("{name}.{it}.weight")).data());
            let rows = a.chunks_exact(64).zip(b.chunks_exact(64));
            rows.map(|(a, b)| a[row] * b[column]).sum()
        };
        for row in 0..64 {
            let own = product("q", "k", row, row);
            let other = (0..64)
                .filter(|&it| it != row)
                .map(|it| product("q", "k", row, it).abs());
            assert!(own > other.fold(0.0, f32::max), "row {row}");
        }
        let [values, outputs] = ["v", "o"].map(|it| of(&format!("{name}.{it}.weight")));
        let inner = values.shape()[0];
        assert_eq!(outputs.shape(), [64, inner]);
        let scale = (64.0 / inner as f32).sqrt();
        let apart = outputs.data()[3 * inner + 5] - scale * values.data()[5 * 64 + 3];
        assert!(apart.abs() < 1e-6, "off by {apart}");
        let near = of("decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
        assert!(
            near.data()[0] > near.data()[config.heads],
            "nearer words count more"
        );
        let alike = |a: usize, b: usize| -> f32 {
            let [table, head] = ["shared.weight", "lm_head.weight"].map(|it| of(it).data());
            let pairs = table[a * 64..][..64].iter().zip(&head[b * 64..][..64]);
            pairs.map(|(a, b)| a * b).sum()
        };
        let own: f32 = (0..100).map(|it| alike(it, it)).sum();
        let other: f32 = (0..100).map(|it| alike(it, it + 100)).sum();
        assert!(own > 100.0 && own > 5.0 * other.abs(), "{own} and {other}");
    }

    #[test]
    fn tokens_whose_features_are_alike_begin_alike() {
        let config = T5Config {
            dim: 8,
            ..T5Config::small(30)
        };
        let weights = initial_reasoner_weights(&config, 1);
        let codes = [0.0, 1.0, 0.01, 1.0, 5.0, -1.0];
        let changed = with_features(weights.clone(), (&[20, 21, 22], &codes), 0.0, 2);
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
        let beyond = with_features(weights.clone(), (&[28, 29, 30], &codes), 0.0, 2);
        assert_eq!(beyond, weights);
    }
}
