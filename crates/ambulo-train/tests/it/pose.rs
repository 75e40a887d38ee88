//! Networks that find keypoints: against the reference, and in training.
#![expect(
    clippy::cast_possible_truncation,
    reason = "networks compute in single precision"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::tensors::Tensors;
use ambulo_train::batch::{PoseBatch, PoseSamples};
use ambulo_train::device;
use ambulo_train::fit::{
    Event, Outcome, PoseTrainConfig, RunConfig, Setup, Size, TrainError, fit_pose,
};
use ambulo_train::losses::HeatmapLoss;
use ambulo_train::modules::pose::{PoseNetwork, Training, Vttranspose, VttransposeSmall};
use ambulo_train::modules::{from_tensors, to_tensors};
use ambulo_train::network::{Beginning, initial_pose_weights};
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};

fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).expect("the case is there");
    let (tensors, _) = Tensors::from_safetensors(&bytes).expect("the case is readable");
    tensors
}

/// Loads the weights of a case and compares the outputs.
#[track_caller]
fn check(case: &str) {
    let Some(dir) = ambulo_testkit::parity_dir() else {
        return;
    };
    let dir = dir.join("vttranspose").join(case);
    let json = std::fs::read(dir.join("config.json")).expect("the case has a config");
    let config = match NetworkConfig::from_json(&json).expect("the config is valid") {
        NetworkConfig::TransposeH(config) => config.as_vttranspose(),
        NetworkConfig::Vttranspose(config) => config,
        other => panic!("{case} is {}", other.model()),
    };
    let device = Device::flex().autodiff();
    let weights: Tensors = read(&dir.join("weights.safetensors"))
        .into_iter()
        .filter(|(name, _)| !name.ends_with("num_batches_tracked"))
        .collect();
    let network = from_tensors(Vttranspose::new(&config, &device), &weights);
    let network = network.expect("the weights fit");
    assert_eq!(
        to_tensors(&network),
        weights,
        "weights survive a round trip"
    );
    let input = read(&dir.join("input.safetensors"));
    let input = input.require("input").expect("the case has an input");
    let data = TensorData::new(input.data().to_vec(), input.shape().to_vec());
    let x = Tensor::<4>::from_data(data, &Device::flex()).permute([0, 2, 3, 1]);
    let y = network.valid().heatmaps(x, &mut None).permute([0, 3, 1, 2]);
    let expected = read(&dir.join("expected.safetensors"));
    let expected = expected.require("output").expect("the case has an output");
    assert_eq!(y.dims().to_vec(), expected.shape());
    let found: Vec<f32> = y.try_into_vec_as().expect("floats");
    let largest = expected.data().iter().fold(0.0_f32, |m, x| m.max(x.abs()));
    for (found, expected) in found.iter().zip(expected.data()) {
        assert!(
            (found - expected).abs() < 1e-4 * largest,
            "{case}: {found}, not {expected}, of {largest}"
        );
    }
}

#[test]
fn transpose_agrees_with_the_released_network() {
    check("transpose_h");
}

#[test]
fn vttranspose_agrees_with_the_reference() {
    check("vtt_default");
}

struct WithoutGradient<'a> {
    gradients: Gradients,
    config: &'a NetworkConfig,
    path: Vec<String>,
    missing: Vec<String>,
}

impl ModuleVisitor for WithoutGradient<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let fixed = self.config.is_fixed(name.trim_start_matches("places."));
        if param.val().grad(&self.gradients).is_none() && !fixed {
            self.missing.push(name);
        }
    }
}

/// Each variant is made of the tensors that its settings list, and has a gradient for every learned one.
#[test]
fn every_variant_learns_all_its_tensors() {
    const HRNET: &str = r#""model":"vttranspose","image_size":[32,32],"stem":4,"stage_channels":[4,8,16],
        "blocks_per_branch":2,"stage3_modules":2,"d_model":8,"layers":1,"joints":2"#;
    const SMALL: &str = r#""model":"vttranspose_small","image_size":[32,32],"stem":4,
        "channels":[4,8,16],"blocks":[1,1,2],"layers":1,"heads":2,"decoder":8,"joints":2"#;
    let hrnet = |more: &str| format!("{{{HRNET},{more}}}");
    let small = |more: &str| format!("{{{SMALL},{more}}}");
    let device = Device::flex().autodiff();
    for json in [
        hrnet(r#""v_replace":[1]"#),
        hrnet(r#""v_replace":[0,1],"v_entry":"joint","position":"sine""#),
        hrnet(r#""v_replace":[0],"v_kernel":"square","encoder":"self","position":"learnable""#),
        hrnet(r#""v_replace":[],"encoder_norm":"pre","axial_sum":false"#),
        hrnet(r#""v_replace":[],"encoder_axial":"parallel","ffn":8"#),
        hrnet(r#""v_replace":[],"encoder":"self","encoder_norm":"rezero","position":"none""#),
        small(r#""v_replace":[1]"#),
        small(r#""encoder_axial":"parallel","encoder_norm":"pre""#),
    ] {
        let config = NetworkConfig::from_json(json.as_bytes())
            .unwrap_or_else(|error| panic!("{json}: {error}"));
        match &config {
            NetworkConfig::Vttranspose(c) => learns_all(Vttranspose::new(c, &device), &config),
            NetworkConfig::VttransposeSmall(c) => {
                learns_all(VttransposeSmall::new(c, &device), &config);
            }
            other => panic!("{} is not tried here", other.model()),
        }
    }
}

fn learns_all<N: PoseNetwork>(network: N, config: &NetworkConfig) {
    let json = config.to_json();
    let mut rng = SeededRng::new(5);
    let weights: Tensors = initial_pose_weights(config, Beginning::Uniform, 1)
        .into_iter()
        .map(|(name, mut tensor)| {
            // Gates begin with zeros, which would hide their branches.
            for value in tensor.data_mut() {
                *value += 0.1 * rng.unit() as f32;
            }
            (name, tensor)
        })
        .collect();
    let network = from_tensors(network, &weights).unwrap_or_else(|e| panic!("{json}: {e}"));
    assert_eq!(to_tensors(&network), weights, "{json}");
    // Another size than the settings': 40 wide and 56 high, 10 and 14 cells.
    let [joints, ..] = config.output_shape();
    let size = if json.contains("vttranspose_small") {
        [56, 40]
    } else {
        [48, 64]
    };
    let numbers: Vec<f32> = (0..2 * size[0] * size[1] * 3)
        .map(|_| rng.normal() as f32)
        .collect();
    let device = Device::flex().autodiff();
    let data = TensorData::new(numbers, [2, size[0], size[1], 3]);
    let x = Tensor::from_data(data, &device);
    let mut pass = Training::new(SeededRng::new(1), 0.1);
    let y = network.heatmaps(x, &mut Some(&mut pass));
    assert_eq!(y.dims(), [2, size[0] / 4, size[1] / 4, joints], "{json}");
    let points = vec![[3.0, 4.0, 1.0]; 2 * joints];
    let loss = HeatmapLoss::SquaredError { sigma: 2.0 }.of(y, points);
    let mut visitor = WithoutGradient {
        gradients: loss.backward(),
        config,
        path: Vec::new(),
        missing: Vec::new(),
    };
    network.visit(&mut visitor);
    assert!(visitor.missing.is_empty(), "{json}: {:?}", visitor.missing);
}

const TINY: &str = r#"{"model":"vttranspose_small","image_size":[32,32],"stem":8,"channels":[8,8,16],
    "blocks":[1,1,1],"layers":1,"heads":2,"decoder":8,"joints":2}"#;

/// Two coloured spots on grey: a joint each.
struct Spots {
    /// Ends the run like a kill would: the thread that makes batches dies at this step.
    dies_at: Option<u64>,
}

impl PoseSamples for Spots {
    fn joints(&self) -> usize {
        2
    }

    fn batch(&self, seed: u64, step: u64, people: usize, size: [usize; 2]) -> PoseBatch {
        assert!(self.dies_at != Some(step), "the run is killed here");
        let mut rng = SeededRng::new(seed ^ step.wrapping_mul(0x9E37_79B9));
        let [height, width] = size;
        let mut batch = PoseBatch {
            size,
            input: Vec::new(),
            points: Vec::new(),
        };
        for _ in 0..people {
            let mut picture = vec![0.1; height * width * 3];
            for colour in 0..2 {
                let (x, y) = (2 + rng.below(width - 4), 2 + rng.below(height - 4));
                for (dy, dx) in (0..5).flat_map(|dy| (0..5).map(move |dx| (dy, dx))) {
                    picture[((y + dy - 2) * width + x + dx - 2) * 3 + colour] = 2.0;
                }
                let cell = |place: usize, extent: usize| {
                    let cells = extent.div_ceil(4);
                    (place * (cells - 1)) as f32 / (extent - 1) as f32
                };
                batch.points.push([cell(x, width), cell(y, height), 1.0]);
            }
            batch.input.extend(picture);
        }
        batch
    }
}

fn setup(folder: &Path) -> Setup<PoseTrainConfig> {
    Setup {
        network: NetworkConfig::from_json(TINY.as_bytes()).expect("the settings are valid"),
        name: "spots".to_owned(),
        train: PoseTrainConfig {
            run: RunConfig {
                steps: Some(6),
                batch: 4,
                log_every: 1,
                checkpoint_every: 2,
                optimizer: ambulo_train::optimizer::OptimizerConfig {
                    learning_rate: 1e-2,
                    average: 0.9,
                    ..Default::default()
                },
                ..RunConfig::default()
            },
            sizes: vec![Size {
                until: 0.4,
                image_size: [24, 28],
            }],
            ..PoseTrainConfig::default()
        },
        notes: BTreeMap::new(),
        folder: folder.to_owned(),
        resume: false,
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ambulo-pose-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn run(
    setup: &Setup<PoseTrainConfig>,
    dies_at: Option<u64>,
) -> (Result<Outcome, TrainError>, Vec<f64>) {
    let samples: Arc<dyn PoseSamples> = Arc::new(Spots { dies_at });
    let mut losses = Vec::new();
    let outcome = fit_pose(setup, &samples, None, &device::cpu(), &mut |event| {
        if let Event::Logged { loss, .. } = event {
            losses.push(*loss);
        }
    });
    (outcome, losses)
}

#[test]
fn a_killed_run_goes_on_as_if_it_had_not_been() {
    let (whole, cut) = (folder("whole"), folder("cut"));
    let (outcome, unbroken) = run(&setup(&whole), None);
    assert_eq!(outcome.expect("the run ends").steps, 6);
    let mut setup = setup(&cut);
    let (outcome, before) = run(&setup, Some(5));
    assert!(matches!(outcome, Err(TrainError::Source { .. })));
    assert_eq!(before[..], unbroken[..before.len()]);
    setup.resume = true;
    let (outcome, after) = run(&setup, None);
    outcome.expect("the run goes on and ends");
    assert_eq!(after[..], unbroken[4..]);
    let [a, b] = [&whole, &cut]
        .map(|folder| std::fs::read(folder.join("weights.safetensors")).expect("it was written"));
    assert_eq!(a, b);
    for folder in [whole, cut] {
        std::fs::remove_dir_all(folder).expect("the folder can be removed");
    }
}

#[test]
fn a_network_learns_to_find_spots() {
    let folder = folder("spots");
    let mut setup = setup(&folder);
    setup.train.run.steps = Some(80);
    setup.train.run.checkpoint_every = 80;
    setup.train.run.workers = 0;
    let (outcome, losses) = run(&setup, None);
    outcome.expect("the run ends");
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
    // A Gaussian of 1.6 cells has an entropy of 3.7; evenly spread maps begin at 4.2.
    let (first, last) = (mean(&losses[32..40]), mean(&losses[72..]));
    assert!(last < first - 0.03, "{first} to {last}");
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn data_with_other_joints_are_refused() {
    let folder = folder("joints");
    let mut setup = setup(&folder);
    let json = TINY.replace(r#""joints":2"#, r#""joints":3"#);
    setup.network = NetworkConfig::from_json(json.as_bytes()).expect("the settings are valid");
    assert!(matches!(
        run(&setup, None).0,
        Err(TrainError::Setting { .. })
    ));
}
