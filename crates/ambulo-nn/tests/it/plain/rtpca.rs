use ambulo_nn::config::{Amplify, Compress, RtpcaConfig, TpcaConfig, XlrFuse, XlrResidual};

use super::{Matrix, Weights, attention, columns, gelu, plus, turned};

/// One clip: frames, joints, channels.
type Clip = Vec<Matrix>;

pub(super) fn forward(config: &RtpcaConfig, weights: Weights<'_>, input: &[f32]) -> Vec<f64> {
    let eps = f64::from(config.block_eps);
    let frame = config.joints * config.in_channels;
    let places = rows(&weights.get("Spatial_pos_embed"), config.dim);
    let mut x: Clip = input
        .chunks_exact(frame)
        .map(|frame| {
            let keypoints: Vec<f64> = frame.iter().map(|&x| f64::from(x)).collect();
            let tokens = rows(&keypoints, config.in_channels);
            plus(
                weights.linear("Spatial_patch_to_embedding", &tokens),
                &places,
            )
        })
        .collect();
    let times = rows(&weights.get("Temporal_pos_embed"), config.dim);
    // Keys and values of each joint that blocks hand on, and what their outputs were.
    let mut handed: Vec<Vec<(Matrix, Matrix)>> = Vec::new();
    let mut trunk: Vec<Clip> = Vec::new();
    for i in 0..config.depth {
        x = x
            .into_iter()
            .map(|tokens| {
                let out = spatial(config, weights, i, tokens);
                weights.norm("Spatial_norm", &out, eps)
            })
            .collect();
        if i == 0 {
            for (tokens, time) in x.iter_mut().zip(&times) {
                for token in tokens {
                    for (x, t) in token.iter_mut().zip(time) {
                        *x += t;
                    }
                }
            }
        }
        let mut memory_out = Vec::new();
        let joints: Vec<Matrix> = (0..config.joints)
            .map(|joint| {
                let sequence: Matrix = x.iter().map(|tokens| tokens[joint].clone()).collect();
                let memory = config.memory_of(i).map(|source| &handed[source][joint]);
                let (out, own) = temporal(config, weights, i, sequence, memory);
                memory_out.push(own);
                weights.norm("Temporal_norm", &out, eps)
            })
            .collect();
        handed.push(memory_out);
        let frames = joints[0].len();
        x = (0..frames)
            .map(|t| joints.iter().map(|joint| joint[t].clone()).collect())
            .collect();
        x = with_residual(config, i, x, &trunk);
        trunk.push(x.clone());
    }
    x.iter()
        .flat_map(|tokens| {
            let normed = weights.norm("head.0", tokens, f64::from(config.head_eps));
            weights.linear("head.1", &normed).concat()
        })
        .collect()
}

fn rows(data: &[f64], width: usize) -> Matrix {
    data.chunks_exact(width).map(<[f64]>::to_vec).collect()
}

fn with_residual(config: &RtpcaConfig, i: usize, x: Clip, trunk: &[Clip]) -> Clip {
    let added = match (config.trunk_skip_of(i), config.xlr_residual) {
        (Some(skipped), _) => trunk[skipped].clone(),
        (None, XlrResidual::SelfDouble) if i > 0 => x.clone(),
        (None, XlrResidual::Prev) if i > 0 => trunk[i - 1].clone(),
        _ => return x,
    };
    x.into_iter().zip(&added).map(|(x, y)| plus(x, y)).collect()
}

fn split(dim: usize, kv: &Matrix) -> (Matrix, Matrix) {
    (columns(kv, 0..dim), columns(kv, dim..2 * dim))
}

fn scale(config: &RtpcaConfig) -> f64 {
    ((config.dim / config.heads) as f64).sqrt().recip()
}

fn spatial(config: &RtpcaConfig, weights: Weights<'_>, i: usize, x: Matrix) -> Matrix {
    let name = format!("STEblocks.{i}");
    let eps = f64::from(config.block_eps);
    let u = weights.norm(&format!("{name}.norm1"), &x, eps);
    let q = weights.linear(&format!("{name}.attn.q"), &u);
    let (k, v) = split(config.dim, &weights.linear(&format!("{name}.attn.kv"), &u));
    let out = attention(&q, &k, &v, config.heads, scale(config));
    let x = plus(x, &weights.linear(&format!("{name}.attn.proj"), &out));
    let u = weights.norm(&format!("{name}.norm2"), &x, eps);
    plus(x, &weights.mlp(&format!("{name}.mlp"), &u))
}

fn temporal(
    config: &RtpcaConfig,
    weights: Weights<'_>,
    i: usize,
    x: Matrix,
    memory: Option<&(Matrix, Matrix)>,
) -> (Matrix, (Matrix, Matrix)) {
    let name = format!("TTEblocks.{i}");
    let eps = f64::from(config.block_eps);
    let u = weights.norm(&format!("{name}.norm1"), &x, eps);
    let q = weights.linear(&format!("{name}.attn.q"), &u);
    let w = match config.tpca {
        None => u,
        Some(tpca) => pyramid(config, weights, &format!("{name}.attn"), tpca, &u),
    };
    let (k, v) = split(config.dim, &weights.linear(&format!("{name}.attn.kv"), &w));
    let pooled = memory.map(|(k, v)| {
        let tokens = config.memory_tokens();
        (pool(k, tokens), pool(v, tokens))
    });
    let gated = config.xlr.is_some_and(|xlr| xlr.fuse == XlrFuse::Gated);
    let (heads, scale) = (config.heads, scale(config));
    let (out, handed) = match pooled {
        None => (attention(&q, &k, &v, heads, scale), (k, v)),
        Some((mk, mv)) if gated => {
            let mut out = attention(&q, &k, &v, heads, scale);
            let more = attention(&q, &mk, &mv, heads, scale);
            let gate = weights.get(&format!("{name}.attn.gate"));
            for ((out, more), gate) in out.iter_mut().zip(&more).zip(gate) {
                for (out, more) in out.iter_mut().zip(more) {
                    *out += gate * more;
                }
            }
            (out, (k, v))
        }
        Some((mk, mv)) => {
            let (k, v) = ([k, mk].concat(), [v, mv].concat());
            (attention(&q, &k, &v, heads, scale), (k, v))
        }
    };
    let x = plus(x, &weights.linear(&format!("{name}.attn.proj"), &out));
    let u = weights.norm(&format!("{name}.norm2"), &x, eps);
    let out = if config.mlp_mixes_frames(i) {
        let (before, after) = config.block_frames(i);
        let mixed = turned(&weights.mlp(&format!("{name}.mlp"), &turned(&u)));
        let shortcut = if after <= before {
            pool(&x, after)
        } else {
            interpolate(&x, after)
        };
        plus(shortcut, &mixed)
    } else {
        plus(x, &weights.mlp(&format!("{name}.mlp"), &u))
    };
    (out, handed)
}

fn pool(x: &Matrix, to: usize) -> Matrix {
    let from = x.len();
    (0..to)
        .map(|i| {
            let window = &x[i * from / to..((i + 1) * from).div_ceil(to)];
            let sum = |c: usize| window.iter().map(|row| row[c]).sum::<f64>();
            (0..x[0].len())
                .map(|c| sum(c) / window.len() as f64)
                .collect()
        })
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small whole number"
)]
fn interpolate(x: &Matrix, to: usize) -> Matrix {
    (0..to)
        .map(|i| {
            let place = i as f64 * (x.len() - 1) as f64 / (to - 1) as f64;
            let low = (place as usize).min(x.len() - 2);
            let share = place - low as f64;
            x[low]
                .iter()
                .zip(&x[low + 1])
                .map(|(a, b)| a + (b - a) * share)
                .collect()
        })
        .collect()
}

fn down(weights: Weights<'_>, name: &str, x: &Matrix, to: usize) -> Matrix {
    let (kernels, bias) = (
        weights.get(&format!("{name}.weight")),
        weights.get(&format!("{name}.bias")),
    );
    let taps = kernels.len() / bias.len();
    (0..to)
        .map(|i| {
            let channel = |c: usize| {
                let kernel = &kernels[c * taps..][..taps];
                let products = kernel.iter().enumerate().map(|(k, w)| w * x[2 * i + k][c]);
                bias[c] + products.sum::<f64>()
            };
            (0..bias.len()).map(channel).collect()
        })
        .collect()
}

fn up(weights: Weights<'_>, name: &str, x: &Matrix, to: usize) -> Matrix {
    let (kernels, bias) = (
        weights.get(&format!("{name}.weight")),
        weights.get(&format!("{name}.bias")),
    );
    let taps = kernels.len() / bias.len();
    let mut out = vec![bias.clone(); to];
    for (i, row) in x.iter().enumerate() {
        for (c, x) in row.iter().enumerate() {
            for k in 0..taps {
                out[2 * i + k][c] += x * kernels[c * taps + k];
            }
        }
    }
    out
}

fn pyramid(
    config: &RtpcaConfig,
    weights: Weights<'_>,
    name: &str,
    tpca: TpcaConfig,
    z: &Matrix,
) -> Matrix {
    let eps = f64::from(config.tpca_eps);
    let frames = z.len();
    let lengths = [frames / 2, frames / 4, frames / 8];
    let normed = tpca.compress != Compress::PoolConv;
    let over_time = |x: Matrix, norm: String| {
        if normed {
            gelu(turned(&weights.norm(&norm, &turned(&x), eps)))
        } else {
            x
        }
    };
    let mut levels = Vec::new();
    let mut above = z.clone();
    for (level, length) in (1..).zip(lengths) {
        let conv = format!("{name}.conv{level}");
        let next = match tpca.compress {
            Compress::Pool => pool(&above, length),
            Compress::Conv => down(weights, &conv, &above, length),
            Compress::PoolConv => plus(down(weights, &conv, &above, length), &pool(z, length)),
        };
        above = over_time(next, format!("{name}.norm{level}"));
        levels.push(above.clone());
    }
    let mut below = above;
    if tpca.amplify != Amplify::None {
        let skips = [&levels[1], &levels[0], z];
        for ((level, length), skip) in (1..).zip([lengths[1], lengths[0], frames]).zip(skips) {
            let next = if tpca.amplify == Amplify::Linear {
                if below.len() > 1 {
                    interpolate(&below, length)
                } else {
                    vec![below[0].clone(); length]
                }
            } else {
                up(weights, &format!("{name}.up{level}"), &below, length)
            };
            below = plus(over_time(next, format!("{name}.upnorm{level}")), skip);
        }
    }
    weights.norm(&format!("{name}.norm4"), &below, eps)
}
