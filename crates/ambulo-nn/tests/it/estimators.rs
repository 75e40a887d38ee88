//! STT and the 1D-CNN: counts, settings, import, and the outputs of the reference.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ambulo::Side;
use ambulo_nn::codec::params::{Correction, Legs, ParamsTrack, Recipe, Residuals, Target};
use ambulo_nn::config::{ConfigError, NetworkConfig};
use ambulo_nn::estimator::Estimator;
use ambulo_nn::import::Checkpoint;
use ambulo_nn::networks::Network;
use ambulo_nn::tensors::Tensors;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::{Weights, WeightsInfo};
use ambulo_testkit::repository_root;

use crate::params::beside;

fn case(name: &str) -> PathBuf {
    repository_root().join("testdata/parity/stt").join(name)
}

fn tensors(path: &Path) -> Tensors {
    Tensors::from_safetensors(&fs::read(path).unwrap())
        .unwrap()
        .0
}

fn imported(case: &Path) -> Weights {
    let config = NetworkConfig::from_json(&fs::read(case.join("config.json")).unwrap()).unwrap();
    let bytes = fs::read(case.join("weights.safetensors")).unwrap();
    let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
    let imported = checkpoint.import(&config, WeightsInfo::default()).unwrap();
    assert!(imported.dropped.is_empty());
    imported.weights
}

/// Runs a reference case: every expected tensor that the network names too, as far as the reference goes,
/// for it keeps only the first window of some.
fn check(name: &str, tolerance: f32, least: usize) {
    let case = case(name);
    let weights = imported(&case);
    let input = tensors(&case.join("input.safetensors"))
        .remove("input")
        .unwrap();
    let expected = tensors(&case.join("expected.safetensors"));
    let batch = input.shape()[0];
    let network =
        |threads| Network::from_weights(weights.config(), weights.tensors(), Threads::new(threads));
    let traced = network(2).unwrap().trace(input.data(), batch).unwrap();
    let mut compared = 0;
    for (tensor, expected) in expected.iter() {
        let found = traced
            .get(tensor)
            .unwrap_or_else(|| panic!("{name}: no {tensor}"));
        assert!(found.len() >= expected.len(), "{name}: {tensor} is short");
        let pairs = found.data().iter().zip(expected.data());
        let most = pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(most <= tolerance, "{name}: {tensor} differs by {most}");
        compared += 1;
    }
    assert!(compared >= least, "{name}: {compared} tensors");
    for threads in [1, 2, 3] {
        let mut network = network(threads).unwrap();
        let output = network.forward(input.data(), batch).unwrap();
        assert_eq!(
            output,
            traced["output"].data(),
            "{name} on {threads} threads"
        );
        let window = input.len() / batch;
        let alone = network.forward(&input.data()[..window], 1).unwrap();
        assert_eq!(alone, output[..alone.len()], "{name}: one window alone");
    }
}

#[test]
fn stt_gives_the_outputs_of_the_published_code() {
    check("n4", 2e-5, 8);
    check("n8", 2e-5, 8);
}

#[test]
fn the_1d_cnn_gives_the_outputs_of_the_reference() {
    check("cnn1d_f12", 1e-4, 5);
    check("cnn1d_f23", 1e-4, 5);
}

#[test]
fn rows_of_attention_sum_to_one() {
    let case = case("n4");
    let weights = imported(&case);
    let input = tensors(&case.join("input.safetensors"))
        .remove("input")
        .unwrap();
    let mut network =
        Network::from_weights(weights.config(), weights.tensors(), Threads::new(1)).unwrap();
    let traced = network.trace(input.data(), 3).unwrap();
    for (name, shape) in [
        ("spatial_attention", &[3, 124, 2, 4, 4][..]),
        ("temporal_attention", &[3, 2, 124, 124]),
    ] {
        let attention = &traced[name];
        assert_eq!(attention.shape(), shape);
        for row in attention.data().chunks_exact(shape[shape.len() - 1]) {
            assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{name}");
        }
    }
}

#[test]
fn parameters_are_those_of_the_released_code() {
    for (preset, parameters, trainable) in [
        ("stt_4", 27_022, 27_022),
        ("stt_8", 89_422, 89_422),
        ("cnn1d_12", 48_224, 48_224 - 384),
        ("cnn1d_23", 51_040, 51_040 - 384),
    ] {
        let config = NetworkConfig::preset(preset).unwrap();
        assert_eq!(config.parameter_count(), parameters, "{preset}");
        assert_eq!(config.trainable_count(), trainable, "{preset}");
        let again = NetworkConfig::from_json(config.to_json().as_bytes()).unwrap();
        assert_eq!(again, config, "{preset}");
    }
    // The paper says that its network has 36.5 % fewer than the 1D-CNN: one has 44.0 % fewer, one 75.2 % more.
    let share = |a: &str, b: &str| {
        let [a, b] =
            [a, b].map(|name| NetworkConfig::preset(name).unwrap().parameter_count() as f64);
        (1000.0 * (a / b - 1.0)).round() / 10.0
    };
    assert_eq!(share("stt_4", "cnn1d_12").to_string(), "-44");
    assert_eq!(share("stt_8", "cnn1d_23").to_string(), "75.2");
}

#[test]
fn arithmetic_is_counted_by_stage() {
    let macs = NetworkConfig::preset("stt_4").unwrap().macs();
    assert_eq!(macs.stage("joint embedding"), 496 * 2 * 12);
    assert_eq!(macs.stage("temporal attention"), 2 * 124 * 124 * 48);
    assert_eq!(macs.stage("head"), 48 * 8 + 8);
    let macs = NetworkConfig::preset("cnn1d_12").unwrap().macs();
    let convolutions = 124 * 8 * 32 * (12 + 32) + (62 + 31) * 2 * 8 * 32 * 32;
    assert_eq!(macs.stage("convolutions"), convolutions);
    assert_eq!(macs.total(), convolutions + 3200 + 20);
}

#[test]
fn settings_that_do_not_fit_are_named() {
    let refused =
        |json: &str| -> ConfigError { NetworkConfig::from_json(json.as_bytes()).unwrap_err() };
    let stt = r#"{"model":"stt","frames":124,"joints":4,"dim":12,"heads":5}"#;
    assert!(refused(stt).to_string().contains("heads is 5"));
    let cnn = r#"{"model":"cnn1d","frames":124,"features":12,"filters":32,"kernel":8,"dense":10,"bn_eps":0.001"#;
    let pools = refused(&format!("{cnn},\"pools\":[2,63]}}")).to_string();
    assert!(
        pools.contains("pools is 63") && pools.contains("62 frames"),
        "{pools}"
    );
    let params = refused(&format!("{cnn},\"pools\":[2,2,3],\"params\":47840}}")).to_string();
    assert!(
        params.contains("47840") && params.contains("48224"),
        "{params}"
    );
}

/// A network of the reference that says what it estimates.
fn estimating(name: &str, target: Target, residuals: Option<Residuals>) -> Weights {
    let weights = imported(&case(name));
    let correction = Correction {
        target_min: 0.5,
        target_range: 2.0,
        ols_slope: 1.5,
        ols_intercept: -0.25,
    };
    let mut notes = BTreeMap::from([
        (Target::NOTE.to_owned(), target.name().to_owned()),
        (
            Correction::NOTE.to_owned(),
            serde_json::to_string(&correction).unwrap(),
        ),
    ]);
    if let Some(residuals) = residuals {
        let json = serde_json::to_string(&residuals).unwrap();
        notes.insert(Residuals::NOTE.to_owned(), json);
    }
    let info = WeightsInfo {
        notes,
        ..WeightsInfo::default()
    };
    let (config, tensors) = (weights.config().clone(), weights.into_tensors());
    Weights::new(config, tensors, info).unwrap()
}

const RESIDUALS: Residuals = Residuals {
    people: 5,
    recordings: 20,
    low: -100.0,
    high: 50.0,
    rms: 30.0,
};

#[test]
fn an_estimate_is_the_corrected_mean_with_its_interval() {
    let keypoints = beside(25.0, "body25", 90.0);
    let track = ParamsTrack::new(&keypoints, Recipe::Fixed).unwrap();
    let mut usable = track.usable(None).unwrap();
    for (name, target, legs) in [
        ("n8", Target::Speed, Legs::Both),
        ("n4", Target::Gdi, Legs::One(Side::Right)),
        ("cnn1d_f23", Target::Cadence, Legs::Both),
    ] {
        let weights = estimating(name, target, Some(RESIDUALS));
        let mut network =
            Network::from_weights(weights.config(), weights.tensors(), Threads::new(1)).unwrap();
        let answers = usable.starts.iter().map(|&start| {
            let input = match name {
                "cnn1d_f23" => track.cnn1d_input(start, legs),
                _ => track.stt_input(start, legs),
            };
            f64::from(network.forward(&input.unwrap(), 1).unwrap()[0])
        });
        let mean = answers.sum::<f64>() / usable.starts.len() as f64;
        let expected = -0.25 + 1.5 * (0.5 + 2.0 * mean);
        let mut estimator = Estimator::new(&weights, Threads::new(2)).unwrap();
        assert_eq!(estimator.target(), target);
        usable.widening = 1.0;
        let estimate = estimator.estimate(&track, &usable, legs).unwrap().unwrap();
        assert!(
            (estimate.value - expected).abs() < 1e-6,
            "{name}: {estimate:?}"
        );
        assert_eq!(estimate.windows, usable.starts.len());
        let [low, high] = estimate.ci95.unwrap();
        assert!((low - (expected - 100.0)).abs() < 1e-6, "{name}: {low}");
        assert!(
            (high - (expected + 1.96 * 30.0)).abs() < 1e-6,
            "{name}: {high}"
        );
        usable.widening = 2.0;
        let wide = estimator.estimate(&track, &usable, legs).unwrap().unwrap();
        assert!((wide.ci95.unwrap()[0] - (expected - 200.0)).abs() < 1e-6);
    }
}

#[test]
fn weights_that_do_not_say_what_they_estimate_are_refused() {
    let refusal = |weights: &Weights| Estimator::new(weights, Threads::new(1)).unwrap_err();
    let bare = refusal(&imported(&case("n8"))).to_string();
    assert!(
        bare.contains("params.target") && bare.contains("--correction"),
        "{bare}"
    );
    let one_leg = refusal(&estimating("n4", Target::Speed, None)).to_string();
    assert!(one_leg.contains("one leg"), "{one_leg}");
    let keypoints = beside(25.0, "body25", 90.0);
    let track = ParamsTrack::new(&keypoints, Recipe::Fixed).unwrap();
    let usable = track.usable(None).unwrap();
    let weights = estimating("n8", Target::Speed, None);
    let mut estimator = Estimator::new(&weights, Threads::new(1)).unwrap();
    let estimate = estimator.estimate(&track, &usable, Legs::Both).unwrap();
    assert_eq!(estimate.unwrap().ci95, None);
}
