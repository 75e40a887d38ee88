use ambulo_nn::config::{Bank, ConvFormerConfig, Eta, HeadOrder, Scale};

use super::{Matrix, Weights, attention, columns, dot, plus, turned};

pub(super) fn forward(config: &ConvFormerConfig, weights: Weights<'_>, input: &[f32]) -> Vec<f64> {
    let eps = f64::from(config.block_eps);
    let places: Matrix = weights
        .get("spatial_pos")
        .chunks_exact(config.dim)
        .map(<[f64]>::to_vec)
        .collect();
    let times = weights.get("temporal_pos");
    let mut x: Matrix = input
        .chunks_exact(config.joints_in * config.in_channels)
        .zip(times.chunks_exact(config.frame_dim()))
        .map(|(frame, time)| {
            let tokens: Matrix = frame
                .chunks_exact(config.in_channels)
                .map(|keypoint| keypoint.iter().map(|&x| f64::from(x)).collect())
                .collect();
            let mut x = plus(weights.linear("embed", &tokens), &places);
            for i in 0..config.spatial_blocks {
                x = block(config, weights, &format!("spatial.{i}"), x, true);
            }
            let token = weights.norm("spatial_norm", &x, eps).concat();
            token.iter().zip(time).map(|(x, t)| x + t).collect()
        })
        .collect();
    for i in 0..config.temporal_blocks {
        x = block(config, weights, &format!("temporal.{i}"), x, false);
    }
    let x = weights.norm("temporal_norm", &x, eps);
    head(config, weights, &x)
}

fn head(config: &ConvFormerConfig, weights: Weights<'_>, x: &Matrix) -> Vec<f64> {
    let eps = f64::from(config.head_eps);
    let shares = weights.get("head.frames.weight");
    let bias = weights.get("head.frames.bias")[0];
    let mean = |x: &Matrix| -> Vec<f64> {
        turned(x)
            .iter()
            .map(|column| dot(column, &shares) + bias)
            .collect()
    };
    match config.head_order {
        HeadOrder::LinearFirst => {
            let normed = weights.norm("head.norm", x, eps);
            mean(&weights.linear("head.linear", &normed))
        }
        HeadOrder::MeanFirst => {
            let normed = weights.norm("head.norm", &vec![mean(x)], eps);
            weights.linear("head.linear", &normed).concat()
        }
    }
}

/// One block; in spatial ones the channels of convolutions are features, in temporal ones tokens.
fn block(
    config: &ConvFormerConfig,
    weights: Weights<'_>,
    name: &str,
    x: Matrix,
    is_spatial: bool,
) -> Matrix {
    let eps = f64::from(config.block_eps);
    let width = x[0].len();
    let z = weights.norm(&format!("{name}.norm1"), &x, eps);
    let [q, k, v] = match &config.bank {
        None => {
            let all = weights.linear(&format!("{name}.attn.qkv"), &z);
            [0, 1, 2].map(|part| columns(&all, part * width..(part + 1) * width))
        }
        Some(bank) => ["q", "k", "v"].map(|part| {
            let from = if is_spatial { turned(&z) } else { z.clone() };
            let out = convolved(config, weights, bank, (name, part), &from, is_spatial);
            if is_spatial { turned(&out) } else { out }
        }),
    };
    let scaled = match config.scale {
        Scale::HeadWidth => width / config.heads,
        Scale::TokenWidth => width,
    };
    let out = attention(&q, &k, &v, config.heads, (scaled as f64).sqrt().recip());
    let proj = format!("{name}.attn.proj");
    let out = if is_spatial || config.bank.is_none() {
        weights.linear(&proj, &out)
    } else {
        turned(&weights.linear(&proj, &turned(&out)))
    };
    let x = plus(x, &out);
    let u = weights.norm(&format!("{name}.norm2"), &x, eps);
    plus(x, &weights.mlp(&format!("{name}.mlp"), &u))
}

/// The blended bank on `[channels, length]`.
fn convolved(
    config: &ConvFormerConfig,
    weights: Weights<'_>,
    bank: &Bank,
    (name, part): (&str, &str),
    x: &Matrix,
    is_spatial: bool,
) -> Matrix {
    let eta = match bank.eta {
        Eta::Shared => weights.get(&format!("{name}.attn.eta")),
        Eta::PerProjection | Eta::PerHead => weights.get(&format!("{name}.attn.eta_{part}")),
    };
    let kernels = bank.kernels.len();
    let (channels, length) = (x.len(), x[0].len());
    // The head of a feature, which is a channel in spatial blocks and a place in temporal ones.
    let alpha = |channel: usize, place: usize, m: usize| {
        let head = if is_spatial {
            channel * config.heads / channels
        } else {
            place * config.heads / length
        };
        let set = if bank.eta == Eta::PerHead { head } else { 0 };
        let etas = &eta[set * kernels..][..kernels];
        if bank.softmax {
            etas[m].exp() / etas.iter().map(|eta| eta.exp()).sum::<f64>()
        } else {
            etas[m]
        }
    };
    let mut out = vec![vec![0.0; length]; channels];
    for (m, &kernel) in bank.kernels.iter().enumerate() {
        let filters = weights.get(&format!("{name}.attn.{part}.{m}.weight"));
        let bias = weights.get(&format!("{name}.attn.{part}.{m}.bias"));
        for (o, row) in out.iter_mut().enumerate() {
            for (place, y) in row.iter_mut().enumerate() {
                let mut sum = bias[o];
                for (i, x) in x.iter().enumerate() {
                    for tap in 0..kernel {
                        let source = (place + tap).checked_sub(kernel / 2);
                        let x = source.and_then(|source| x.get(source)).unwrap_or(&0.0);
                        sum += filters[(o * channels + i) * kernel + tap] * x;
                    }
                }
                *y += alpha(o, place, m) * sum;
            }
        }
    }
    out
}
