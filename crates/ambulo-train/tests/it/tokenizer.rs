//! The trainable motion tokenizer: the reference's numbers, the engine's, its losses, its codes, its runs.
#![expect(
    clippy::cast_possible_truncation,
    reason = "networks compute in single precision"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo::synth::SeededRng;
use ambulo_nn::codec::motion::{FEATURES, MotionFeatures};
use ambulo_nn::config::{NetworkConfig, VqvaeConfig};
use ambulo_nn::import::Checkpoint;
use ambulo_nn::networks::vqvae::Vqvae as Engine;
use ambulo_nn::tensors::{Tensor as Array, Tensors};
use ambulo_nn::threads::{Engine as Threaded, Threads};
use ambulo_nn::weights::{Weights, WeightsInfo};
use ambulo_testkit::repository_root;
use ambulo_train::codebook::Codebook;
use ambulo_train::corpus::{Emphasis, MotionWindows, Statistics};
use ambulo_train::device;
use ambulo_train::fit::{
    Event, MotionLesson, Outcome, RunConfig, Setup, TokenizerTrainConfig, TrainError, fit_tokenizer,
};
use ambulo_train::losses::{MotionLoss, MotionLossConfig};
use ambulo_train::modules::vqvae::Vqvae;
use ambulo_train::modules::{from_tensors, to_tensors};
use ambulo_train::network::initial_weights;
use ambulo_train::optimizer::OptimizerConfig;
use ambulo_train::recipe::{RecipeError, TokenizerRecipe};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

fn read(file: &str) -> Vec<u8> {
    let folder = repository_root().join("testdata/parity/vqvae/model");
    std::fs::read(folder.join(file)).unwrap()
}

fn tensors(file: &str) -> Tensors {
    Tensors::from_safetensors(&read(file)).unwrap().0
}

fn on_device<const D: usize>(array: &Array, device: &Device) -> Tensor<D> {
    let data = TensorData::new(array.data().to_vec(), array.shape().to_vec());
    Tensor::from_data(data, device)
}

fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.try_into_vec_as().unwrap()
}

fn most(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let pairs = found.iter().zip(expected);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn settings(config: &NetworkConfig) -> &VqvaeConfig {
    match config {
        NetworkConfig::Vqvae(config) => config,
        other => panic!("{}", other.model()),
    }
}

#[test]
fn latents_codes_motion_and_losses_are_those_of_the_reference() {
    let config = NetworkConfig::from_json(&read("config.json")).unwrap();
    let bytes = read("weights.safetensors");
    let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
    let imported = checkpoint.import(&config, WeightsInfo::default()).unwrap();
    let weights = imported.weights.tensors();
    let (input, expected) = (
        tensors("input.safetensors"),
        tensors("expected.safetensors"),
    );
    let wanted = |name: &str| expected.require(name).unwrap();
    let device = Device::flex().autodiff();
    let network = Vqvae::new(settings(&config), &device);
    let network = from_tensors(network, weights).unwrap();
    assert_eq!(&to_tensors(&network), weights, "weights survive");
    let motion: Tensor<3> = on_device(input.require("input").unwrap(), &device);
    let latents = network.encode(motion.clone());
    let turned = numbers(latents.clone().swap_dims(1, 2));
    assert!(most(&turned, wanted("latents").data()) < 2e-5);
    let (made, chosen) = network.forward(motion.clone());
    let chosen_numbers: Vec<f32> = chosen.iter().map(|&code| code as f32).collect();
    assert_eq!(chosen_numbers, wanted("indices").data());
    assert!(most(&numbers(made.clone()), wanted("output").data()) < 2e-5);
    let (_, same) = network.valid().forward(motion.clone().inner());
    assert_eq!(chosen, same);

    let turned: Tensor<3> = on_device(wanted("quantised"), &device);
    let codes = turned.swap_dims(1, 2);
    let loss = MotionLoss::of(
        &MotionLossConfig::default(),
        [made, motion],
        [latents, codes],
    );
    let number = |tensor: Tensor<1>| f64::from(tensor.into_scalar::<f32>());
    let of = |name: &str| f64::from(wanted(name).data()[0]);
    let whole =
        of("loss_reconstruction") + 0.5 * of("loss_velocity_slice") + 0.02 * of("commit_loss");
    for (found, wanted) in [
        (number(loss.features.clone()), of("loss_reconstruction")),
        (number(loss.places.clone()), of("loss_velocity_slice")),
        (number(loss.commitment.clone()), of("commit_loss")),
        (number(loss.total()), whole),
    ] {
        assert!((found / wanted - 1.0).abs() < 2e-5, "{found}, not {wanted}");
    }
}

/// Weights of a size that begin at random.
fn random(config: &NetworkConfig, seed: u64) -> Tensors {
    let mut rng = SeededRng::new(seed);
    let tensors = initial_weights(config, seed).into_iter();
    tensors
        .map(|(name, mut tensor)| {
            for value in tensor.data_mut() {
                *value += 0.1 * rng.normal() as f32;
                if name == "std" {
                    *value = value.abs() + 0.5;
                }
            }
            (name, tensor)
        })
        .collect()
}

fn small(more: &str) -> NetworkConfig {
    let json = format!(
        r#"{{"model":"vqvae","frames":16,"nfeats":263,"code_num":12,"width":8,"depth":2,{more}"statistics":true,"down_t":2}}"#
    );
    NetworkConfig::from_json(json.as_bytes()).unwrap()
}

#[test]
fn module_and_engine_agree_and_every_weight_learns() {
    for (seed, more) in [(1, ""), (2, r#""dilation_growth":2,"#)] {
        let config = small(more);
        let weights = random(&config, seed);
        let device = Device::flex().autodiff();
        let network = from_tensors(Vqvae::new(settings(&config), &device), &weights).unwrap();
        let threads = Threaded::new(Threads::new(1));
        // From the module to the engine: what it writes is what the engine reads.
        let engine =
            Engine::from_weights(settings(&config), &to_tensors(&network), &threads).unwrap();
        let mut rng = SeededRng::new(seed);
        // An odd number of frames: both drop the rest.
        for frames in [16, 23, 54] {
            let motion: Vec<f32> = (0..frames * FEATURES)
                .map(|_| rng.normal() as f32)
                .collect();
            let data = TensorData::new(motion.clone(), [1, frames, FEATURES]);
            let (made, chosen) = network.forward(Tensor::from_data(data, &device));
            assert_eq!(chosen, engine.encode(&motion).unwrap(), "{frames} frames");
            let decoded = engine.decode(&chosen).unwrap();
            let off = most(&numbers(made), &decoded);
            assert!(off < 1e-4, "{frames} frames: off by {off}");
        }
        let data: Vec<f32> = (0..2 * 16 * FEATURES)
            .map(|_| rng.normal() as f32)
            .collect();
        let motion = Tensor::from_data(TensorData::new(data, [2, 16, FEATURES]), &device);
        let gradients = network
            .decode(network.encode(motion))
            .square()
            .sum()
            .backward();
        let mut seen = WithGradient {
            gradients,
            counts: [0, 0],
        };
        network.visit(&mut seen);
        // Codes, their sums and counts, mean and standard deviation have none.
        let tensors = weights.len();
        assert_eq!(seen.counts, [tensors - 5, 5]);
    }
}

struct WithGradient {
    gradients: Gradients,
    counts: [usize; 2],
}

impl ModuleVisitor for WithGradient {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let has_none = param.val().grad(&self.gradients).is_none();
        self.counts[usize::from(has_none)] += 1;
    }
}

#[test]
fn gradients_go_straight_through_the_codes() {
    let config = small("");
    let device = Device::flex().autodiff();
    let network =
        from_tensors(Vqvae::new(settings(&config), &device), &random(&config, 3)).unwrap();
    let latents = Tensor::<3>::from_data(TensorData::new(vec![0.3_f32; 8], [1, 1, 8]), &device);
    let latents = latents.require_grad();
    let codes = latents.clone().detach() + 0.25;
    // The same decoder, fed with codes in place of latents and fed with codes themselves.
    let passed = latents.clone() + (codes.clone() - latents.clone()).detach();
    let through = network.decode(passed).sum().backward();
    let codes = codes.detach().require_grad();
    let direct = network.decode(codes.clone()).sum().backward();
    let found = numbers(latents.grad(&through).unwrap());
    let wanted = numbers(codes.grad(&direct).unwrap());
    assert!(most(&found, &wanted) < 1e-6);
    assert!(wanted.iter().any(|gradient| gradient.abs() > 1e-6));
}

#[test]
fn codes_live_in_the_module() {
    let config = small("");
    let device = Device::flex().autodiff();
    let network =
        from_tensors(Vqvae::new(settings(&config), &device), &random(&config, 4)).unwrap();
    let mut codebook = Codebook::new(12, 8);
    let mut rng = SeededRng::new(1);
    let latents: Vec<f32> = (0..20 * 8).map(|_| rng.normal() as f32).collect();
    codebook.begin(&latents, &mut rng);
    let begun = codebook.clone();
    codebook.begin(&latents[8..], &mut rng);
    assert_eq!(codebook, begun, "codes begin once");
    codebook.learn(&latents, 0.5, &mut rng);
    let network = network.with_codebook(&codebook);
    assert_eq!(network.codebook(), codebook);
    let tensors = to_tensors(&network);
    let [codes, sums, counts] = codebook.parts();
    for (name, values) in [
        ("codebook", codes),
        ("code_sum", sums),
        ("code_count", counts),
    ] {
        let name = format!("quantizer.{name}");
        assert_eq!(tensors.require(&name).unwrap().data(), values);
    }
}

/// Motions whose features follow a sine of their own pace.
fn lesson(count: usize) -> MotionLesson {
    let mut rng = SeededRng::new(8);
    let mut motion = || {
        let (pace, phase) = (0.2 + 0.3 * rng.unit(), 6.0 * rng.unit());
        let at = |frame: usize, feature: usize| {
            (phase + pace * frame as f64 + 0.1 * feature as f64).sin() as f32
        };
        let rows = (0..40).flat_map(|frame| (0..FEATURES).map(move |feature| at(frame, feature)));
        MotionFeatures::from_rows(rows.collect()).unwrap()
    };
    let motions: Vec<MotionFeatures> = (0..count).map(|_| motion()).collect();
    let statistics = Statistics::of(&motions, &Emphasis::default());
    let rows = motions.iter().map(|it| statistics.normalised(it)).collect();
    MotionLesson {
        train: Arc::new(MotionWindows::new(16, vec![(1.0, rows)]).unwrap()),
        statistics,
        tune: vec![motion()],
    }
}

fn setup(folder: &Path) -> Setup<TokenizerTrainConfig> {
    Setup {
        network: small(""),
        name: "test".to_owned(),
        train: TokenizerTrainConfig {
            run: RunConfig {
                steps: Some(40),
                batch: 8,
                log_every: 1,
                validate_every: 10,
                checkpoint_every: 10,
                optimizer: OptimizerConfig {
                    learning_rate: 1e-2,
                    average: 0.9,
                    ..OptimizerConfig::default()
                },
                ..RunConfig::default()
            },
            loss: MotionLossConfig::default(),
        },
        notes: BTreeMap::new(),
        folder: folder.to_owned(),
        resume: false,
    }
}

fn run(
    setup: &Setup<TokenizerTrainConfig>,
    lesson: &MotionLesson,
) -> (Result<Outcome, TrainError>, Vec<(u64, f64)>) {
    let mut losses = Vec::new();
    let outcome = fit_tokenizer(setup, lesson, &device::cpu(), &mut |event| {
        if let Event::Logged { step, loss, .. } = event {
            losses.push((*step, *loss));
        }
    });
    (outcome, losses)
}

fn folder(name: &str) -> PathBuf {
    let folder =
        std::env::temp_dir().join(format!("ambulo-tokenizer-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn a_run_learns_and_goes_on_exactly_where_it_was_killed() {
    let (whole, broken) = (folder("whole"), folder("broken"));
    let lesson = lesson(6);
    let (outcome, losses) = run(&setup(&whole), &lesson);
    let weights = std::fs::read(outcome.unwrap().weights).unwrap();
    let (first, last) = (losses[0].1, losses[39].1);
    assert!(last < 0.6 * first, "{first} to {last}");

    // A run of which the last two checkpoints are lost goes on from the one before, codes included.
    run(&setup(&broken), &lesson).0.unwrap();
    let checkpoints = broken.join("checkpoints");
    let mut saved: Vec<PathBuf> = std::fs::read_dir(&checkpoints)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    saved.sort();
    assert!(saved.len() >= 2, "{saved:?}");
    std::fs::remove_file(saved.pop().unwrap()).unwrap();
    let resumed = Setup {
        resume: true,
        ..setup(&broken)
    };
    let (outcome, again) = run(&resumed, &lesson);
    assert!(!again.is_empty() && again.len() < 40);
    assert_eq!(again, losses[40 - again.len()..]);
    let outcome = outcome.unwrap();
    assert_eq!(std::fs::read(outcome.weights).unwrap(), weights);
    let last = |folder: &Path| std::fs::read(folder.join("last.safetensors")).unwrap();
    assert_eq!(last(&whole), last(&broken));

    // The file is one that the engine runs, with its statistics in it.
    let weights = Weights::from_bytes(&weights).unwrap();
    let threads = Threaded::new(Threads::new(1));
    let engine =
        Engine::from_weights(settings(weights.config()), weights.tensors(), &threads).unwrap();
    assert_eq!(engine.statistics().unwrap()[0], lesson.statistics.mean);
    let tokens = engine.tokens(&lesson.tune[0]).unwrap();
    assert_eq!(tokens.len(), 10);
    assert_eq!(engine.motion(&tokens).unwrap().frames(), 40);
    assert_eq!(engine.unquantised(&lesson.tune[0]).unwrap().frames(), 40);
    for folder in [whole, broken] {
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let lesson = lesson(2);
    let refused = |network: &str| {
        let network = NetworkConfig::from_json(network.as_bytes()).unwrap();
        let setup = Setup {
            network,
            ..setup(&folder("refused"))
        };
        matches!(run(&setup, &lesson).0, Err(TrainError::Setting { .. }))
    };
    let frames = r#"{"model":"vqvae","frames":32,"nfeats":263,"code_num":12,"width":8,"depth":2,"down_t":2,"statistics":true}"#;
    let without = frames
        .replace("32", "16")
        .replace(r#","statistics":true"#, "");
    let lifter = r#"{"model":"rtpca","frames":27,"joints":17,"dim":16,"depth":2,"heads":4,"tpca":true,"xlr":true}"#;
    for network in [frames, &without, lifter] {
        assert!(refused(network), "{network}");
    }
}

#[test]
fn the_recipe_of_the_repository_is_understood_and_names_what_is_missing() {
    let path = repository_root().join("recipes/motion_vqvae.toml");
    let mut recipe = TokenizerRecipe::read(&path).unwrap();
    recipe.model.validate().unwrap();
    let config = settings(&recipe.model);
    assert_eq!((config.frames, config.statistics), (64, true));
    recipe.data.folder = "no-such-folder".into();
    assert!(matches!(recipe.lesson(), Err(RecipeError::Motion(_))));
}
