//! Runs of the training loop: they learn, stop, and go on after an end at any step.
#![expect(
    clippy::cast_possible_truncation,
    reason = "networks compute in single precision"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::weights::Weights;
use ambulo_train::batch::{Lift, LiftBatch, LiftSamples, LiftShape, LiftValidation, Validation};
use ambulo_train::device;
use ambulo_train::fit::{Event, Outcome, RunConfig, Setup, TrainConfig, TrainError, fit};

const RTPCA: &str = r#"{"model":"rtpca","frames":9,"joints":3,"dim":8,"depth":2,"heads":2,"tpca":true,"xlr":true,"xlr_residual":"none"}"#;
const CONVFORMER: &str = r#"{"model":"convformer","frames":9,"joints_in":3,"joints_out":3,"dim":4,"heads":2,"spatial_blocks":2,"temporal_blocks":1,"kernels":[3,5]}"#;

/// Points on circles: the target follows from the input.
struct Circles {
    shape: LiftShape,
    /// Ends the run like a kill would: the thread that makes batches dies at this step.
    dies_at: Option<u64>,
}

impl LiftSamples for Circles {
    fn shape(&self) -> LiftShape {
        self.shape
    }

    fn batch(&self, seed: u64, step: u64, size: usize) -> LiftBatch {
        assert!(self.dies_at != Some(step), "the run is killed here");
        let mut rng = SeededRng::new(seed ^ step.wrapping_mul(0x9E37_79B9));
        let mut batch = LiftBatch {
            input: Vec::new(),
            target: Vec::new(),
            weight: vec![1.0; size * self.shape.points_out()],
        };
        for _ in 0..size {
            let (phase, radius) = (rng.unit() * 6.3, 0.5 + rng.unit());
            for frame in 0..self.shape.frames {
                for joint in 0..self.shape.joints {
                    let angle = phase + 0.3 * frame as f64 + joint as f64;
                    let place = [radius * angle.cos(), radius * angle.sin()];
                    batch.input.extend(place.map(|x| x as f32));
                    if self.shape.frames_out > 1 || frame == self.shape.frames / 2 {
                        let place = [place[0], place[1], 0.3 * radius];
                        batch.target.extend(place.map(|x| x as f32));
                    }
                }
            }
        }
        batch
    }
}

/// Scores that are given beforehand.
struct Scores(Vec<f64>);

impl LiftValidation for Scores {
    fn validate(&mut self, lift: &mut Lift<'_>) -> Validation {
        let answer = lift(&vec![0.0; 2 * 9 * 3 * 2], 2);
        assert!(answer.iter().all(|x| x.is_finite()));
        Validation {
            score: self.0.remove(0),
            figures: Vec::new(),
        }
    }
}

fn setup(json: &str, folder: &Path) -> Setup {
    Setup {
        network: NetworkConfig::from_json(json.as_bytes()).expect("the settings are valid"),
        name: "test".to_owned(),
        train: TrainConfig {
            run: RunConfig {
                steps: Some(12),
                batch: 4,
                log_every: 1,
                validate_every: 2,
                checkpoint_every: 3,
                optimizer: ambulo_train::optimizer::OptimizerConfig {
                    average: 0.9,
                    clip_norm: Some(1.0),
                    amsgrad: true,
                    ..Default::default()
                },
                ..RunConfig::default()
            },
            ..TrainConfig::default()
        },
        notes: BTreeMap::new(),
        folder: folder.to_owned(),
        resume: false,
    }
}

fn samples(setup: &Setup, dies_at: Option<u64>) -> Arc<dyn LiftSamples> {
    let [frames, joints, channels] = setup.network.input_shape();
    let [frames_out, joints_out, _] = setup.network.output_shape();
    let shape = LiftShape {
        frames,
        joints,
        channels,
        frames_out,
        joints_out,
    };
    Arc::new(Circles { shape, dies_at })
}

fn run(setup: &Setup, dies_at: Option<u64>) -> (Result<Outcome, TrainError>, Vec<(u64, u64)>) {
    let mut losses = Vec::new();
    let outcome = fit(
        setup,
        &samples(setup, dies_at),
        None,
        &device::cpu(),
        &mut |event| {
            if let Event::Logged { step, loss, .. } = event {
                losses.push((*step, loss.to_bits()));
            }
        },
    );
    (outcome, losses)
}

/// An empty folder of this name.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ambulo-fit-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("checkpoints")).expect("there are checkpoints");
    let mut files: Vec<PathBuf> = entries.filter_map(|e| Some(e.ok()?.path())).collect();
    files.sort();
    files
}

#[track_caller]
fn check_resumed(json: &str, name: &str) {
    let (whole, cut) = (
        folder(&format!("{name}-whole")),
        folder(&format!("{name}-cut")),
    );
    let (outcome, unbroken) = run(&setup(json, &whole), None);
    assert_eq!(outcome.expect("the run ends").steps, 12);
    assert_eq!(unbroken.len(), 12);

    let mut setup = setup(json, &cut);
    let (outcome, before) = run(&setup, Some(8));
    assert!(matches!(outcome, Err(TrainError::Source { .. })));
    assert_eq!(before[..], unbroken[..before.len()]);
    setup.resume = true;
    let (outcome, after) = run(&setup, None);
    outcome.expect("the run goes on and ends");
    // The last checkpoint before the end at step 8 is that of step 6.
    assert_eq!(after[..], unbroken[6..]);
    let [a, b] = [&whole, &cut].map(|folder| {
        ["weights.safetensors", "metrics.jsonl"]
            .map(|file| std::fs::read(folder.join(file)).expect("it was written"))
    });
    assert_eq!(a, b);
    for folder in [whole, cut] {
        std::fs::remove_dir_all(folder).expect("the folder can be removed");
    }
}

#[test]
fn a_killed_run_of_rtpca_goes_on_as_if_it_had_not_been() {
    check_resumed(RTPCA, "rtpca");
}

#[test]
fn a_killed_run_of_convformer_goes_on_as_if_it_had_not_been() {
    check_resumed(CONVFORMER, "convformer");
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let folder = folder("damaged");
    let mut setup = setup(RTPCA, &folder);
    let (_, unbroken) = run(&setup, None);
    let kept = files(&folder);
    assert_eq!(kept.len(), 2);
    let mut bytes = std::fs::read(&kept[1]).expect("it can be read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&kept[1], bytes).expect("it can be written");

    setup.resume = true;
    let mut damaged = Vec::new();
    let mut losses = Vec::new();
    let samples = samples(&setup, None);
    fit(
        &setup,
        &samples,
        None,
        &device::cpu(),
        &mut |event| match event {
            Event::DamagedCheckpoint(path) => damaged.push(path.clone()),
            Event::Logged { step, loss, .. } => losses.push((*step, loss.to_bits())),
            _ => {}
        },
    )
    .expect("the run goes on");
    assert_eq!(damaged, [kept[1].clone()]);
    assert_eq!(losses[..], unbroken[9..]);
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn a_folder_holds_one_run() {
    let folder = folder("folder");
    let mut setup = setup(RTPCA, &folder);
    run(&setup, None).0.expect("the run ends");
    assert!(matches!(
        run(&setup, None).0,
        Err(TrainError::FolderInUse { .. })
    ));
    setup.resume = true;
    setup.train.run.seed = 2;
    assert!(matches!(
        run(&setup, None).0,
        Err(TrainError::OtherRun { .. })
    ));
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn the_best_weights_are_kept_and_patience_ends_the_run() {
    let folder = folder("patience");
    let mut setup = setup(RTPCA, &folder);
    setup.train.run.patience = 2;
    let mut scores = Scores(vec![3.0, 1.0, 2.0, 1.5]);
    let outcome = fit(
        &setup,
        &samples(&setup, None),
        Some(&mut scores),
        &device::cpu(),
        &mut |_| {},
    )
    .expect("the run ends");
    assert_eq!((outcome.steps, outcome.best), (8, Some((1.0, 4))));
    let bytes = std::fs::read(&outcome.weights).expect("the weights were written");
    let weights = Weights::from_bytes(&bytes).expect("they are whole");
    assert_eq!(weights.info().notes["step"], "4");
    assert!(folder.join("loss.svg").exists());
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn the_loss_falls() {
    for (json, name) in [(RTPCA, "rtpca"), (CONVFORMER, "convformer")] {
        let folder = folder(&format!("falls-{name}"));
        let mut setup = setup(json, &folder);
        setup.train.run.steps = Some(60);
        setup.train.run.checkpoint_every = 60;
        setup.train.run.optimizer.learning_rate = 1e-2;
        let (outcome, losses) = run(&setup, None);
        outcome.expect("the run ends");
        let mean = |range: std::ops::Range<usize>| -> f64 {
            let part = &losses[range];
            part.iter()
                .map(|(_, bits)| f64::from_bits(*bits))
                .sum::<f64>()
                / part.len() as f64
        };
        assert!(mean(50..60) < 0.5 * mean(0..10), "{name}: {losses:?}");
        std::fs::remove_dir_all(folder).expect("the folder can be removed");
    }
}

#[test]
fn data_of_another_shape_are_refused() {
    let folder = folder("shape");
    let rtpca = setup(RTPCA, &folder);
    let other = samples(&setup(CONVFORMER, &folder), None);
    let refused = fit(&rtpca, &other, None, &device::cpu(), &mut |_| {});
    assert!(matches!(refused, Err(TrainError::Shape { .. })));
}
