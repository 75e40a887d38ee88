//! The motion tokenizer: the reference's numbers, counts, any length, and its statistics.

use std::fs;
use std::path::PathBuf;

use ambulo_nn::codec::motion::MotionFeatures;
use ambulo_nn::config::{NetworkConfig, VqvaeConfig};
use ambulo_nn::import::Checkpoint;
use ambulo_nn::kernels::Isa;
use ambulo_nn::networks::vqvae::{TokenError, Vqvae};
use ambulo_nn::networks::{Network, NetworkError};
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::{Weights, WeightsInfo};
use ambulo_testkit::{SeededRng, repository_root};

fn folder() -> PathBuf {
    repository_root().join("testdata/parity/vqvae/model")
}

fn tensors(file: &str) -> Tensors {
    let bytes = fs::read(folder().join(file)).unwrap();
    Tensors::from_safetensors(&bytes).unwrap().0
}

fn config() -> NetworkConfig {
    NetworkConfig::from_json(&fs::read(folder().join("config.json")).unwrap()).unwrap()
}

fn imported() -> Weights {
    let bytes = fs::read(folder().join("weights.safetensors")).unwrap();
    let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
    let imported = checkpoint
        .import(&config(), WeightsInfo::default())
        .unwrap();
    assert!(imported.dropped.is_empty());
    imported.weights
}

fn settings(config: &NetworkConfig) -> &VqvaeConfig {
    match config {
        NetworkConfig::Vqvae(config) => config,
        other => panic!("{}", other.model()),
    }
}

#[test]
fn everything_is_as_in_the_reference() {
    let weights = imported();
    let input = tensors("input.safetensors").remove("input").unwrap();
    let expected = tensors("expected.safetensors");
    let losses = [
        "commit_loss",
        "loss_reconstruction",
        "loss_velocity_slice",
        "perplexity",
    ];
    for &isa in Isa::available() {
        let engine = Engine::with_isa(Threads::new(2), isa).unwrap();
        let mut network = Network::on_engine(weights.config(), weights.tensors(), &engine).unwrap();
        let traced = network.trace(input.data(), 2).unwrap();
        for (name, expected) in expected.iter().filter(|(name, _)| !losses.contains(name)) {
            let found = &traced[name];
            assert_eq!(found.len(), expected.len(), "{name}");
            let largest = expected.data().iter().fold(1.0_f32, |a, x| a.max(x.abs()));
            let pairs = found.data().iter().zip(expected.data());
            let most = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            let tolerance = if name == "indices" {
                0.0
            } else {
                1e-5 * largest
            };
            assert!(most <= tolerance, "{name} differs by {most} on {isa:?}");
        }
        let output = traced["output"].data();
        let mean = |pairs: Vec<(f32, f32)>, of: fn(f64) -> f64| {
            let sum: f64 = pairs.iter().map(|(a, b)| of(f64::from(a - b).abs())).sum();
            sum / pairs.len() as f64
        };
        let pairs = |a: &[f32], b: &[f32]| a.iter().copied().zip(b.iter().copied()).collect();
        let smooth_l1 = |d: f64| if d < 1.0 { 0.5 * d * d } else { d - 0.5 };
        let slice = |data: &[f32]| -> Vec<f32> {
            data.chunks(263)
                .flat_map(|row| row[4..67].to_vec())
                .collect()
        };
        for (name, loss) in [
            (
                losses[0],
                mean(
                    pairs(traced["latents"].data(), traced["quantised"].data()),
                    |d| d * d,
                ),
            ),
            (losses[1], mean(pairs(output, input.data()), smooth_l1)),
            (
                losses[2],
                mean(pairs(&slice(output), &slice(input.data())), smooth_l1),
            ),
        ] {
            let wanted = f64::from(expected.require(name).unwrap().data()[0]);
            assert!(
                (loss - wanted).abs() <= 1e-5 * wanted,
                "{name} is {loss}, not {wanted}"
            );
        }
    }
}

#[test]
fn decoding_tokens_gives_what_the_whole_pass_gives() {
    let weights = imported();
    let input = tensors("input.safetensors").remove("input").unwrap();
    let expected = tensors("expected.safetensors");
    let engine = Engine::new(Threads::new(3));
    let network =
        Vqvae::from_weights(settings(weights.config()), weights.tensors(), &engine).unwrap();
    for sample in 0..2 {
        let windows = input.data().chunks_exact(64 * 263).nth(sample).unwrap();
        let tokens = network.encode(windows).unwrap();
        let wanted = &expected.require("indices").unwrap().data()[16 * sample..][..16];
        assert!(
            tokens
                .iter()
                .zip(wanted)
                .all(|(&a, &b)| (a as f32 - b).abs() < 0.5)
        );
        let made = network.decode(&tokens).unwrap();
        let wanted = &expected.require("output").unwrap().data()[made.len() * sample..];
        let most = made.iter().zip(wanted).map(|(a, b)| (a - b).abs());
        assert!(most.fold(0.0, f32::max) < 1e-5);
    }
}

#[test]
fn the_published_network_has_as_many_parameters_as_published() {
    let config = NetworkConfig::preset("vqvae_motiongpt").unwrap();
    assert_eq!(config.parameter_count(), 19_436_807);
    let encoder: usize = config
        .tensor_shapes()
        .iter()
        .filter(|tensor| tensor.name.starts_with("encoder."))
        .map(ambulo_nn::config::TensorShape::len)
        .sum();
    assert_eq!(encoder, 9_587_200);
    let settings = settings(&config);
    assert_eq!(
        [54, 27, 64, 3].map(|frames| settings.tokens(frames)),
        [13, 6, 16, 0]
    );
    assert_eq!(settings.dilations(), [9, 3, 1]);
    assert!(config.is_fixed("quantizer.code_sum") && !config.is_fixed("encoder.model.0.weight"));
}

#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn random(config: &VqvaeConfig, seed: u64) -> Tensors {
    let mut rng = SeededRng::new(seed);
    let shapes = config.tensor_shapes().into_iter();
    shapes
        .map(|tensor| {
            let spread = if tensor.name == "std" { 0.0 } else { 0.2 };
            let base = if tensor.name == "std" { 2.0 } else { 0.0 };
            let numbers = (0..tensor.len()).map(|_| (base + spread * rng.normal()) as f32);
            let data = numbers.collect();
            (tensor.name, Tensor::new(tensor.shape, data).unwrap())
        })
        .collect()
}

fn small() -> VqvaeConfig {
    VqvaeConfig {
        codes: 16,
        width: 8,
        ..VqvaeConfig::published()
    }
}

#[test]
fn any_length_is_encoded_and_the_answer_does_not_depend_on_threads() {
    let weights = random(&small(), 3);
    let of = |threads| {
        let engine = Engine::new(Threads::new(threads));
        Vqvae::from_weights(&small(), &weights, &engine).unwrap()
    };
    let (one, three) = (of(1), of(3));
    for frames in [4, 7, 27, 54, 101] {
        let motion = vec![0.25; frames * 263];
        let tokens = one.encode(&motion).unwrap();
        assert_eq!(tokens.len(), frames / 2 / 2);
        assert_eq!(tokens, three.encode(&motion).unwrap());
        let made = one.decode(&tokens).unwrap();
        assert_eq!(made.len(), 4 * tokens.len() * 263);
        assert_eq!(made, three.decode(&tokens).unwrap());
    }
    assert!(matches!(
        one.encode(&[0.0; 3 * 263]),
        Err(TokenError::TooShort {
            frames: 3,
            needed: 4
        })
    ));
    assert!(matches!(
        one.encode(&[0.0; 100]),
        Err(TokenError::Features { .. })
    ));
    assert!(matches!(
        one.decode(&[16]),
        Err(TokenError::NoCode {
            token: 16,
            codes: 16
        })
    ));
    assert!(one.decode(&[]).is_err());
}

#[test]
fn statistics_stand_between_features_and_the_network() {
    let weights = random(&small(), 4);
    let engine = Engine::new(Threads::new(1));
    let network = Vqvae::from_weights(&small(), &weights, &engine).unwrap();
    let mean = weights.require("mean").unwrap().data();
    // Features that are the mean are zeros to the network.
    let rows: Vec<f32> = (0..8).flat_map(|_| mean.iter().copied()).collect();
    let motion = MotionFeatures::from_rows(rows).unwrap();
    let tokens = network.tokens(&motion).unwrap();
    assert_eq!(tokens, network.encode(&[0.0; 8 * 263]).unwrap());
    let made = network.motion(&tokens).unwrap();
    let plain = network.decode(&tokens).unwrap();
    let back = plain
        .iter()
        .zip(mean.iter().cycle())
        .map(|(x, mean)| 2.0 * x + mean);
    assert!(
        made.data()
            .iter()
            .zip(back)
            .all(|(a, b)| (a - b).abs() < 1e-6)
    );
    let without = imported();
    let network =
        Vqvae::from_weights(settings(without.config()), without.tensors(), &engine).unwrap();
    assert!(matches!(
        network.tokens(&motion),
        Err(TokenError::NoStatistics)
    ));
}

#[test]
fn a_standard_deviation_of_zero_is_refused() {
    let mut weights = random(&small(), 5);
    weights.insert("std", Tensor::zeros([263]));
    let refused = Network::from_weights(&NetworkConfig::Vqvae(small()), &weights, Threads::new(1));
    assert!(matches!(refused, Err(NetworkError::Config(_))));
}

#[test]
fn an_import_begins_the_averages_at_the_codes() {
    let weights = imported();
    let of = |name: &str| weights.tensors().require(name).unwrap().data().to_vec();
    assert_eq!(of("quantizer.code_sum"), of("quantizer.codebook"));
    assert!(
        of("quantizer.code_count")
            .iter()
            .all(|&count| (count - 1.0).abs() < 1e-9)
    );
}
