//! The training loop.
//!
//! Step n sees the batch and the noise of step n of its seed, and nothing else random. So a run that was
//! killed and resumed gives the numbers of one that was not.

mod lift;
mod log;
mod params;
mod plot;
mod pose;
mod reasoner;
mod run;
mod tokenizer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo::synth::SeededRng;
use ambulo_io::files::FileError;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::weights::WeightsError;
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

use crate::batch::{LiftSamples, LiftShape, LiftValidation, Validation};
use crate::checkpoint::CheckpointError;
use crate::losses::{LossConfig, LossError};
use crate::modules::ModuleError;
use crate::modules::convformer::ConvFormer;
use crate::modules::rtpca::Rtpca;
use crate::optimizer::OptimizerConfig;
use crate::reasoner::CalibrationError;
use crate::schedule::Schedule;

pub use params::{ParamsLesson, ParamsTrainConfig, fit_params};
pub use pose::{PoseTrainConfig, Size, fit_pose};
pub use reasoner::{ReasonerLesson, ReasonerTrainConfig, fit_reasoner};
pub use tokenizer::{MotionLesson, TokenizerTrainConfig, fit_tokenizer};

/// Settings that runs of every kind have.
///
/// They stand beside those of one kind, in one table of a recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunConfig {
    /// Seeds everything random.
    pub seed: u64,
    /// Steps of the run. Left out, `epochs` says how many.
    pub steps: Option<u64>,
    /// Passes over the data, for sources that end.
    pub epochs: Option<u64>,
    /// Examples of a step.
    pub batch: usize,
    /// The optimiser.
    pub optimizer: OptimizerConfig,
    /// The course of the learning rate.
    pub schedule: Schedule,
    /// Steps between two lines of the log, each the mean since the last.
    pub log_every: u64,
    /// Steps between two validations.
    pub validate_every: u64,
    /// Validations without a better score after which the run ends; 0 never ends it early.
    pub patience: u64,
    /// Steps between two checkpoints; a multiple of `log_every`.
    pub checkpoint_every: u64,
    /// Threads that make batches ahead of time; with none, the training thread makes them.
    pub workers: usize,
    /// Whether the delivered weights are stored in half precision.
    pub half_precision: bool,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            steps: None,
            epochs: None,
            batch: 32,
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::default(),
            log_every: 50,
            validate_every: 500,
            patience: 0,
            checkpoint_every: 500,
            workers: 1,
            half_precision: false,
        }
    }
}

/// Settings of a lifter's run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// What every run has.
    #[serde(flatten)]
    pub run: RunConfig,
    /// Largest share of branches left out in training.
    pub drop_path: f64,
    /// Share of the blended queries, keys and values of `ConvFormer` left out in training.
    pub dropout: f64,
    /// The loss.
    pub loss: LossConfig,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            run: RunConfig::default(),
            drop_path: 0.1,
            dropout: 0.2,
            loss: LossConfig::default(),
        }
    }
}

impl AsRef<RunConfig> for TrainConfig {
    fn as_ref(&self) -> &RunConfig {
        &self.run
    }
}

/// What to train, how, and where to put it; `T` are the settings of one kind of run.
#[derive(Debug, Clone)]
pub struct Setup<T = TrainConfig> {
    /// The network.
    pub network: NetworkConfig,
    /// The name of the weights.
    pub name: String,
    /// The run.
    pub train: T,
    /// Texts to store with the weights, such as the settings of the codec.
    pub notes: BTreeMap<String, String>,
    /// The folder for weights, log, plot and checkpoints.
    pub folder: PathBuf,
    /// Whether to go on from the newest whole checkpoint of the folder.
    pub resume: bool,
}

/// What a run says while it goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A checkpoint is damaged and was passed over.
    DamagedCheckpoint(PathBuf),
    /// Training begins or goes on.
    Started {
        /// Steps made before.
        step: u64,
        /// Steps of the whole run.
        steps: u64,
        /// Numbers that are learned.
        parameters: u64,
    },
    /// A line of the log.
    Logged {
        /// Steps made.
        step: u64,
        /// Steps of the whole run.
        steps: u64,
        /// Mean loss since the last line.
        loss: f64,
        /// Examples a second since the run began or was resumed.
        examples_per_s: f64,
        /// Time left at this pace.
        left_s: f64,
    },
    /// A validation.
    Validated {
        /// Steps made.
        step: u64,
        /// What it found.
        validation: Validation,
        /// Whether no earlier score was better.
        best: bool,
    },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Steps made, with those before resuming.
    pub steps: u64,
    /// The best score and its step, if there was a validation.
    pub best: Option<(f64, u64)>,
    /// Where the weights are.
    pub weights: PathBuf,
}

/// Why training failed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The settings make no run.
    #[error("{what}")]
    Setting {
        /// What is wrong, as a sentence without a full stop.
        what: String,
    },
    /// The source gives examples of other sizes than the network takes.
    #[error("the network takes {network:?}, but the data are {data:?}")]
    Shape {
        /// What the network takes and gives.
        network: LiftShape,
        /// What the source gives.
        data: LiftShape,
    },
    /// The checkpoint belongs to a run with other settings.
    #[error("the checkpoint in {folder:?} is of a run with other settings; use another folder")]
    OtherRun {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder already holds a run.
    #[error("{folder:?} already holds a run; resume it or use another folder")]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The file whose weights the run should begin with cannot be used.
    #[error("cannot begin with the weights in {path:?}")]
    BeginWith {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The loss is no longer a number.
    #[error("the loss is no longer finite at step {step}; a smaller learning rate may help")]
    Diverged {
        /// The step.
        step: u64,
    },
    /// The thread that makes batches ended.
    #[error("the source of examples failed at step {step}")]
    Source {
        /// The step.
        step: u64,
    },
    /// The loss does not fit the joints.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// A checkpoint could not be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The weights do not fit the network.
    #[error(transparent)]
    Weights(#[from] ModuleError),
    /// What a language model says of its scores could not be calibrated.
    #[error("the probabilities of the scores could not be calibrated")]
    Calibration(#[from] CalibrationError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The weights could not be put into a file.
    #[error(transparent)]
    WeightsFile(#[from] WeightsError),
}

/// Trains a lifter.
///
/// Writes `weights.safetensors` (the averaged weights; the best by validation, if there is one),
/// `metrics.jsonl`, `loss.svg` and `checkpoints/` into the folder.
///
/// # Errors
///
/// [`TrainError`] if settings and data do not fit together, if a file cannot be written, or if the loss
/// stops being a number.
pub fn fit(
    setup: &Setup,
    samples: &Arc<dyn LiftSamples>,
    validation: Option<&mut dyn LiftValidation>,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    check(setup, samples.shape())?;
    let device = device.clone().autodiff();
    let train = &setup.train;
    match &setup.network {
        NetworkConfig::Rtpca(config) => {
            let network = Rtpca::new(config, train.drop_path, &device);
            lift::lift(network, setup, samples, validation, &device, listener)
        }
        NetworkConfig::Mixste(config) => {
            let network = Rtpca::mixste(config, train.drop_path, &device);
            lift::lift(network, setup, samples, validation, &device, listener)
        }
        NetworkConfig::ConvFormer(config) => {
            let network = ConvFormer::new(config, train.drop_path, train.dropout, &device);
            lift::lift(network, setup, samples, validation, &device, listener)
        }
        other => Err(setting(&format!(
            "{} lifts no keypoints; it is trained by train pose2d",
            other.model()
        ))),
    }
}

fn check(setup: &Setup, data: LiftShape) -> Result<(), TrainError> {
    let [frames, joints, channels] = setup.network.input_shape();
    let [frames_out, joints_out, _] = setup.network.output_shape();
    let network = LiftShape {
        frames,
        joints,
        channels,
        frames_out,
        joints_out,
    };
    if network != data {
        return Err(TrainError::Shape { network, data });
    }
    Ok(())
}

fn setting(what: &str) -> TrainError {
    TrainError::Setting {
        what: what.to_owned(),
    }
}

/// Where a run keeps its files.
fn weights_path(folder: &Path) -> PathBuf {
    folder.join("weights.safetensors")
}

/// The random numbers of one step.
fn step_rng(seed: u64, step: u64) -> SeededRng {
    let mut rng = SeededRng::new(seed ^ 0x6E6F_6973_6500_0000);
    SeededRng::new(rng.next_u64().wrapping_add(step))
}
