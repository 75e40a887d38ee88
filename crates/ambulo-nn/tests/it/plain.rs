//! The networks once more, in plain loops in f64 and one clip at a time, to hold the switches that no
//! reference case covers.

mod convformer;
mod pose;
mod rtpca;

use ambulo_nn::config::{
    Axial, Encoder, EncoderNorm, NetworkConfig, Position, RtpcaConfig, TwinFeed, VttransposeConfig,
};
use ambulo_nn::kernels::Isa;
use ambulo_nn::networks::Network;
use ambulo_nn::tensors::Tensors;
use ambulo_nn::threads::{Engine, Threads};

use crate::engine::{random_input, random_weights};

/// Tokens and their features.
type Matrix = Vec<Vec<f64>>;

#[derive(Clone, Copy)]
struct Weights<'a>(&'a Tensors);

impl Weights<'_> {
    fn get(self, name: &str) -> Vec<f64> {
        let tensor = self.0.require(name).unwrap();
        tensor.data().iter().map(|&x| f64::from(x)).collect()
    }

    fn bias(self, name: &str, len: usize) -> Vec<f64> {
        let bias = self.0.get(&format!("{name}.bias"));
        bias.map_or(vec![0.0; len], |_| self.get(&format!("{name}.bias")))
    }

    fn linear(self, name: &str, x: &Matrix) -> Matrix {
        let matrix = self.get(&format!("{name}.weight"));
        let inputs = x[0].len();
        let bias = self.bias(name, matrix.len() / inputs);
        x.iter()
            .map(|row| {
                let outputs = matrix.chunks_exact(inputs).zip(&bias);
                outputs
                    .map(|(weights, bias)| dot(weights, row) + bias)
                    .collect()
            })
            .collect()
    }

    fn norm(self, name: &str, x: &Matrix, eps: f64) -> Matrix {
        let weight = self.get(&format!("{name}.weight"));
        let bias = self.get(&format!("{name}.bias"));
        x.iter()
            .map(|row| {
                let count = row.len() as f64;
                let mean = row.iter().sum::<f64>() / count;
                let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
                let terms = weight.iter().zip(&bias);
                row.iter()
                    .zip(terms)
                    .map(|(x, (w, b))| (x - mean) / (variance + eps).sqrt() * w + b)
                    .collect()
            })
            .collect()
    }

    fn mlp(self, name: &str, x: &Matrix) -> Matrix {
        let hidden = gelu(self.linear(&format!("{name}.fc1"), x));
        self.linear(&format!("{name}.fc2"), &hidden)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn gelu(mut x: Matrix) -> Matrix {
    for x in x.iter_mut().flatten() {
        *x *= 0.5 * (1.0 + erf(*x / std::f64::consts::SQRT_2));
    }
    x
}

/// The error function by its series; beyond 4 it is ±1 to eight digits.
fn erf(x: f64) -> f64 {
    if x.abs() > 4.0 {
        return x.signum();
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..90 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}

fn plus(mut a: Matrix, b: &Matrix) -> Matrix {
    assert_eq!((a.len(), a[0].len()), (b.len(), b[0].len()));
    for (a, b) in a.iter_mut().flatten().zip(b.iter().flatten()) {
        *a += b;
    }
    a
}

fn turned(x: &Matrix) -> Matrix {
    (0..x[0].len())
        .map(|c| x.iter().map(|row| row[c]).collect())
        .collect()
}

fn columns(x: &Matrix, own: std::ops::Range<usize>) -> Matrix {
    x.iter().map(|row| row[own.clone()].to_vec()).collect()
}

fn attention(q: &Matrix, k: &Matrix, v: &Matrix, heads: usize, scale: f64) -> Matrix {
    let width = q[0].len() / heads;
    q.iter()
        .map(|query| {
            let head = |h: usize| {
                let own = h * width..(h + 1) * width;
                let scores: Vec<f64> = k
                    .iter()
                    .map(|key| (scale * dot(&query[own.clone()], &key[own.clone()])).exp())
                    .collect();
                let sum: f64 = scores.iter().sum();
                own.map(|c| {
                    let products = scores.iter().zip(v).map(|(score, value)| score * value[c]);
                    products.sum::<f64>() / sum
                })
                .collect::<Vec<f64>>()
            };
            (0..heads).flat_map(head).collect()
        })
        .collect()
}

/// Compares a network with its plain twin, on every instruction set.
fn check(name: &str, config: &NetworkConfig, seed: u64) {
    let weights = random_weights(config, seed);
    let input = random_input(config, config.input_shape()[0], seed);
    let expected = match config {
        NetworkConfig::Rtpca(config) => rtpca::forward(config, Weights(&weights), &input),
        NetworkConfig::Mixste(_)
        | NetworkConfig::Stt(_)
        | NetworkConfig::Cnn1d(_)
        | NetworkConfig::Vqvae(_)
        | NetworkConfig::T5(_) => {
            unreachable!("{} has reference cases and no switches", config.model())
        }
        NetworkConfig::ConvFormer(config) => convformer::forward(config, Weights(&weights), &input),
        NetworkConfig::TransposeH(config) => {
            pose::forward(&config.as_vttranspose(), Weights(&weights), &input)
        }
        NetworkConfig::Vttranspose(config) => pose::forward(config, Weights(&weights), &input),
        NetworkConfig::VttransposeSmall(config) => pose::small(config, Weights(&weights), &input),
    };
    let size = expected.iter().fold(1.0_f64, |size, x| size.max(x.abs()));
    for &isa in Isa::available() {
        let engine = Engine::with_isa(Threads::new(2), isa).unwrap();
        let mut network = Network::on_engine(config, &weights, &engine).unwrap();
        // Twice, so that what one clip leaves in the buffers would be seen in the next.
        let output = network.forward(&[&input[..], &input].concat(), 2).unwrap();
        let (first, second) = output.split_at(expected.len());
        assert_eq!(first, second, "{name} on {isa:?}");
        for (found, expected) in first.iter().zip(&expected) {
            let difference = (f64::from(*found) - expected).abs();
            assert!(
                difference < 1e-4 * size,
                "{name} on {isa:?}: {found}, not {expected}"
            );
        }
    }
}

fn rtpca(name: &str, change: impl Fn(&mut RtpcaConfig)) {
    let NetworkConfig::Rtpca(mut config) = NetworkConfig::preset(name).unwrap() else {
        panic!("{name} is no RTPCA");
    };
    config.frames = 65;
    config.joints = 3;
    config.dim = 12;
    config.depth = 4;
    config.heads = 2;
    config.in_channels = 5;
    change(&mut config);
    let config = NetworkConfig::Rtpca(config);
    config.validate().unwrap();
    check(name, &config, 11);
}

#[test]
fn every_way_down_and_up_the_pyramid() {
    for preset in NetworkConfig::preset_names() {
        if preset.starts_with("ste_tpca_243") || preset == "rtpca_243" {
            rtpca(&preset, |_| {});
            rtpca(&preset, |config| {
                config.frames = 40;
                config.qkv_bias = false;
            });
        }
    }
    let compress = ambulo_nn::config::Compress::Conv;
    for amplify in [
        ambulo_nn::config::Amplify::Linear,
        ambulo_nn::config::Amplify::Transconv,
    ] {
        rtpca("ste_tpca_243", |config| {
            config.tpca = Some(ambulo_nn::config::TpcaConfig { compress, amplify });
        });
    }
}

#[test]
fn every_topology_of_the_memory() {
    for preset in [
        "rtpca_243_pyramid_q",
        "rtpca_243_pyramid",
        "rtpca_243_pyramid_gated",
        "rtpca_243_residual_prev",
        "ste_xlr_243",
    ] {
        rtpca(preset, |_| {});
        rtpca(preset, |config| {
            config.depth = 6;
            config.dim = 64;
            config.heads = 4;
        });
        rtpca(preset, |config| {
            if let Some(tpca) = &mut config.tpca {
                tpca.amplify = ambulo_nn::config::Amplify::None;
            }
        });
    }
    rtpca("rtpca_243", |config| {
        if let Some(xlr) = &mut config.xlr {
            xlr.fuse = ambulo_nn::config::XlrFuse::Gated;
        }
    });
}

#[test]
fn every_bank_and_head_of_convformer() {
    use ambulo_nn::config::{Bank, Eta, HeadOrder, Scale};
    let NetworkConfig::ConvFormer(mut config) = NetworkConfig::preset("convformer_9").unwrap()
    else {
        panic!("no ConvFormer");
    };
    config.joints_in = 5;
    config.joints_out = 4;
    config.in_channels = 3;
    config.dim = 6;
    config.heads = 3;
    let banks = [Eta::PerProjection, Eta::Shared, Eta::PerHead]
        .into_iter()
        .flat_map(|eta| [true, false].map(|softmax| (eta, softmax)))
        .map(|(eta, softmax)| {
            Some(Bank {
                kernels: vec![1, 5, 3],
                softmax,
                eta,
            })
        });
    for bank in banks.chain([None]) {
        for (head_order, scale) in [
            (HeadOrder::LinearFirst, Scale::HeadWidth),
            (HeadOrder::MeanFirst, Scale::TokenWidth),
        ] {
            let mut config = config.clone();
            config.bank = bank.clone();
            config.head_order = head_order;
            config.scale = scale;
            let name = format!("{bank:?} {head_order:?}");
            check(&name, &NetworkConfig::ConvFormer(config), 13);
        }
    }
}

/// A preset of `VTTransPose`, small and of odd sizes.
fn vttranspose(name: &str, change: impl Fn(&mut VttransposeConfig)) {
    let mut config = match NetworkConfig::preset(name).unwrap() {
        NetworkConfig::Vttranspose(config) => config,
        NetworkConfig::TransposeH(config) => config.as_vttranspose(),
        other => panic!("{name} is {}", other.model()),
    };
    config.image_size = [48, 32];
    config.stem = 6;
    config.stage_channels = [10, 24, 20];
    config.blocks_per_branch = 2;
    config.stage3_modules = 2;
    config.v_blocks.width = 7;
    config.v_blocks.replace.truncate(1);
    config.v_blocks.replace.fill(1);
    config.d_model = 12;
    config.layers = 2;
    config.heads = 2;
    config.joints = 5;
    change(&mut config);
    let config = NetworkConfig::Vttranspose(config);
    config.validate().unwrap();
    check(name, &config, 17);
}

#[test]
fn every_reading_of_vttranspose() {
    for preset in NetworkConfig::preset_names() {
        let is_pose = preset.starts_with("vttranspose") || preset.starts_with("transpose_h_s");
        if is_pose && !preset.starts_with("vttranspose_small") {
            vttranspose(&preset, |_| {});
        }
    }
    for axial in [Axial::Sequential, Axial::Parallel] {
        for norm in [EncoderNorm::Post, EncoderNorm::Pre, EncoderNorm::Rezero] {
            vttranspose("vttranspose_axial_apart", |config| {
                let feed = TwinFeed {
                    leaky_slope: 0.2,
                    ffn: Some(9),
                };
                config.encoder = Encoder::Twin { axial, norm, feed };
            });
            vttranspose("transpose_h_s", |config| {
                config.encoder = Encoder::SelfAttention { ffn: 9, norm };
                config.position = Position::Learnable;
                config.stage3_modules = 1;
            });
        }
    }
}

#[test]
fn every_reading_of_the_small_network() {
    for name in ["vttranspose_small", "vttranspose_small_v"] {
        let NetworkConfig::VttransposeSmall(mut config) = NetworkConfig::preset(name).unwrap()
        else {
            panic!("{name} is not small");
        };
        config.image_size = [80, 112];
        config.stem = 5;
        config.channels = [9, 26, 32];
        config.blocks = [1, 2, 3];
        config.decoder = 27;
        for layers in [0, 2] {
            config.layers = layers;
            check(name, &NetworkConfig::VttransposeSmall(config.clone()), 19);
        }
    }
}
