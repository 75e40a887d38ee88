//! The loop, for any kind of network.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ambulo_io::files::write_atomically;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::tensors::{Storage, Tensors};
use ambulo_nn::weights::{Weights, WeightsInfo};
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::Serialize;

use super::log::{Line, Log};
use super::{Event, Outcome, RunConfig, Setup, TrainError, setting, weights_path};
use crate::batch::{Lookahead, Validation};
use crate::checkpoint::Checkpoint;
use crate::modules::{from_tensors, to_tensors};
use crate::optimizer::Optimizer;

/// What the loop needs to know of a run.
#[derive(Debug, Clone)]
pub(super) struct Course {
    pub(super) network: NetworkConfig,
    name: String,
    notes: BTreeMap<String, String>,
    folder: PathBuf,
    resume: bool,
    /// The settings that make two runs the same run.
    identity: String,
    run: RunConfig,
    /// Of the whole run.
    pub(super) steps: u64,
    epoch_steps: u64,
}

/// What is learned: a kind of network and how it learns from a batch.
pub(super) trait Lesson {
    /// The network.
    type Network: Module;
    /// What it learns from.
    type Batch: Send + 'static;

    /// The parameters that it begins with.
    fn initial_weights(&self) -> Tensors;

    /// The loss of a batch.
    fn loss(&mut self, network: &Self::Network, batch: Self::Batch, step: u64) -> Loss;

    /// The network after a step, if it remembers something of the batch beside the gradients.
    fn remembered(&mut self, network: Self::Network, averaged: f64) -> Self::Network {
        let _ = averaged;
        network
    }

    /// What a validation finds; `None` if there is nothing to validate on.
    fn validate(&mut self, network: Self::Network) -> Option<Validation>;

    /// Whether there is something to validate on.
    fn is_validated(&self) -> bool;

    /// What to store with the weights of the last validation.
    fn notes(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Whether the weights of the last step are kept beside the best ones.
    fn keeps_last(&self) -> bool {
        false
    }
}

/// The loss of a batch, as it is shown and as it is made small.
pub(super) struct Loss {
    pub(super) shown: Tensor<1>,
    pub(super) minimised: Tensor<1>,
}

/// Everything that changes from step to step.
struct State<N> {
    step: u64,
    network: N,
    optimizer: Optimizer,
    /// The best score and its step.
    best: Option<(f64, u64)>,
    /// Validations since the best one.
    stale: u64,
}

pub(super) fn run<L: Lesson>(
    network: L::Network,
    course: &Course,
    lesson: &mut L,
    batches: impl FnOnce(u64) -> Lookahead<L::Batch>,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let steps = course.steps;
    let mut state = State::begin(network, course, lesson, device, listener)?;
    let mut log = Log::open(&course.folder, state.step);
    listener(&Event::Started {
        step: state.step,
        steps,
        parameters: course.network.trainable_count(),
    });
    let mut batches = batches(state.step);
    let (started, first_step) = (Instant::now(), state.step);
    let mut losses = Losses::default();
    let is_exhausted = |stale: u64| course.run.patience > 0 && stale >= course.run.patience;
    while state.step < steps && !is_exhausted(state.stale) {
        let batch = batches
            .next()
            .ok_or(TrainError::Source { step: state.step })?;
        state = state.stepped(course, lesson, batch, &mut losses);
        let step = state.step;
        let is_last = step == steps;
        if step.is_multiple_of(course.run.log_every) || is_last {
            let loss = losses.take().ok_or(TrainError::Diverged { step })?;
            log.push(Line {
                step,
                loss: Some(loss),
                learning_rate: Some(course.run.optimizer.learning_rate * course.rate(step - 1)),
                score: None,
                figures: Vec::new(),
            });
            let seconds = started.elapsed().as_secs_f64();
            let made = (step - first_step) as f64;
            listener(&Event::Logged {
                step,
                steps,
                loss,
                examples_per_s: made * course.run.batch as f64 / seconds,
                left_s: (steps - step) as f64 * seconds / made,
            });
        }
        if lesson.is_validated() && (step.is_multiple_of(course.run.validate_every) || is_last) {
            state.validate(course, lesson, &mut log, listener)?;
        }
        if step.is_multiple_of(course.run.checkpoint_every) || is_last || is_exhausted(state.stale)
        {
            if !lesson.is_validated() {
                state.save_weights(course, &lesson.notes(), &weights_path(&course.folder))?;
            }
            log.save()?;
            let folder = course.folder.join("checkpoints");
            state.checkpoint(course).save(&folder)?;
        }
    }
    if lesson.keeps_last() {
        let path = course.folder.join("last.safetensors");
        state.save_weights(course, &lesson.notes(), &path)?;
    }
    Ok(Outcome {
        steps: state.step,
        best: state.best,
        weights: weights_path(&course.folder),
    })
}

impl Course {
    /// The course of a run over a source that has so many steps in one pass, if it has an end.
    pub(super) fn new<T: AsRef<RunConfig> + Serialize>(
        setup: &Setup<T>,
        epoch_steps: Option<u64>,
    ) -> Result<Self, TrainError> {
        let run = setup.train.as_ref();
        let intervals = [run.log_every, run.validate_every, run.checkpoint_every];
        if intervals.contains(&0) || run.batch == 0 {
            return Err(setting(
                "batch, log_every, validate_every and checkpoint_every must be 1 or more",
            ));
        }
        if !run.checkpoint_every.is_multiple_of(run.log_every) {
            return Err(setting("checkpoint_every must be a multiple of log_every"));
        }
        let [steps, epoch_steps] = lengths(run.steps, run.epochs, epoch_steps)?;
        let text = serde_json::to_string(&setup.train);
        let text = text.expect("settings are plain numbers and words");
        Ok(Self {
            network: setup.network.clone(),
            name: setup.name.clone(),
            notes: setup.notes.clone(),
            folder: setup.folder.clone(),
            resume: setup.resume,
            identity: format!("{} {text}", setup.network.to_json()),
            run: run.clone(),
            steps,
            epoch_steps,
        })
    }

    /// The factor of the learning rate at a step, counted from 0.
    fn rate(&self, step: u64) -> f64 {
        self.run.schedule.factor(step, self.steps, self.epoch_steps)
    }

    pub(super) fn storage(&self) -> Storage {
        if self.run.half_precision {
            Storage::F16
        } else {
            Storage::F32
        }
    }
}

fn lengths(
    steps: Option<u64>,
    epochs: Option<u64>,
    epoch_steps: Option<u64>,
) -> Result<[u64; 2], TrainError> {
    match (steps, epochs, epoch_steps) {
        (Some(steps), None, epoch) => Ok([steps, epoch.unwrap_or(steps)]),
        (None, Some(epochs), Some(epoch)) => Ok([epochs * epoch, epoch]),
        (None, Some(_), None) => Err(setting(
            "this source has no end, so the run must be given in steps",
        )),
        _ => Err(setting("one of steps and epochs must be given")),
    }
}

impl<N: Module> State<N> {
    /// The state at the beginning, or that of the newest whole checkpoint.
    fn begin(
        network: N,
        course: &Course,
        lesson: &impl Lesson<Network = N>,
        device: &Device,
        listener: &mut dyn FnMut(&Event),
    ) -> Result<Self, TrainError> {
        let folder = course.folder.join("checkpoints");
        let (found, damaged) = Checkpoint::newest(&folder)?;
        if !course.resume && (found.is_some() || !damaged.is_empty()) {
            let folder = course.folder.clone();
            return Err(TrainError::FolderInUse { folder });
        }
        // Of several runs that are resumed, the later ones may not have begun.
        std::fs::create_dir_all(&folder).map_err(|source| {
            crate::checkpoint::CheckpointError::Io {
                path: folder.clone(),
                source,
            }
        })?;
        for path in damaged {
            listener(&Event::DamagedCheckpoint(path));
        }
        let Some(checkpoint) = found else {
            return Ok(Self {
                step: 0,
                network: from_tensors(network, &lesson.initial_weights())?,
                optimizer: Optimizer::new(course.run.optimizer),
                best: None,
                stale: 0,
            });
        };
        let note = |key: &str| checkpoint.notes.get(key).map(String::as_str);
        if note("setup") != Some(&course.identity) {
            return Err(TrainError::OtherRun {
                folder: course.folder.clone(),
            });
        }
        let number = |key: &str| note(key).and_then(|text| text.parse::<u64>().ok());
        let score = number("best_score_bits").map(f64::from_bits);
        let weights: Tensors = checkpoint
            .tensors
            .iter()
            .filter_map(|(name, tensor)| {
                Some((name.strip_prefix("weights/")?.to_owned(), tensor.clone()))
            })
            .collect();
        Ok(Self {
            step: checkpoint.step,
            network: from_tensors(network, &weights)?,
            optimizer: Optimizer::restore(
                course.run.optimizer,
                checkpoint.step,
                &checkpoint.tensors,
                device,
            ),
            best: score.zip(number("best_step")),
            stale: number("stale").unwrap_or(0),
        })
    }

    /// The state after one more step.
    fn stepped<L: Lesson<Network = N>>(
        self,
        course: &Course,
        lesson: &mut L,
        batch: L::Batch,
        losses: &mut Losses,
    ) -> Self {
        let Self {
            step,
            network,
            mut optimizer,
            best,
            stale,
        } = self;
        let loss = lesson.loss(&network, batch, step);
        losses.add(loss.shown.inner());
        let gradients = loss.minimised.backward();
        let network = optimizer.step(network, gradients, course.rate(step));
        Self {
            step: step + 1,
            network: lesson.remembered(network, optimizer.average_memory()),
            optimizer,
            best,
            stale,
        }
    }

    fn checkpoint(&self, course: &Course) -> Checkpoint {
        let mut tensors = self.optimizer.state();
        for (name, tensor) in to_tensors(&self.network) {
            tensors.insert(format!("weights/{name}"), tensor);
        }
        let mut notes = BTreeMap::from([
            ("setup".to_owned(), course.identity.clone()),
            ("stale".to_owned(), self.stale.to_string()),
        ]);
        if let Some((score, step)) = self.best {
            notes.insert("best_score_bits".to_owned(), score.to_bits().to_string());
            notes.insert("best_step".to_owned(), step.to_string());
        }
        Checkpoint {
            step: self.step,
            notes,
            tensors,
        }
    }

    fn validate(
        &mut self,
        course: &Course,
        lesson: &mut impl Lesson<Network = N>,
        log: &mut Log,
        listener: &mut dyn FnMut(&Event),
    ) -> Result<(), TrainError> {
        let network = self.optimizer.averaged(self.network.clone()).valid();
        let Some(found) = lesson.validate(network) else {
            return Ok(());
        };
        log.push(Line {
            step: self.step,
            loss: None,
            learning_rate: None,
            score: Some(found.score),
            figures: found.figures.clone(),
        });
        let is_best = self.best.is_none_or(|(score, _)| found.score < score);
        if is_best {
            self.best = Some((found.score, self.step));
            self.stale = 0;
            self.save_weights(course, &lesson.notes(), &weights_path(&course.folder))?;
        } else {
            self.stale += 1;
        }
        listener(&Event::Validated {
            step: self.step,
            validation: found,
            best: is_best,
        });
        Ok(())
    }

    fn save_weights(
        &self,
        course: &Course,
        found: &BTreeMap<String, String>,
        path: &Path,
    ) -> Result<(), TrainError> {
        let tensors = to_tensors(&self.optimizer.averaged(self.network.clone()));
        let mut notes = course.notes.clone();
        notes.extend(found.clone());
        notes.insert("step".to_owned(), self.step.to_string());
        notes.insert("seed".to_owned(), course.run.seed.to_string());
        let info = WeightsInfo {
            id: course.name.clone(),
            version: String::new(),
            notes,
        };
        let weights = Weights::new(course.network.clone(), tensors, info)?;
        let bytes = weights.to_bytes(course.storage())?;
        Ok(write_atomically(path, &bytes)?)
    }
}

/// The sum of losses since the last line of the log, kept on the device.
#[derive(Debug, Default)]
struct Losses {
    sum: Option<Tensor<1>>,
    count: u64,
}

impl Losses {
    fn add(&mut self, loss: Tensor<1>) {
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + loss,
            None => loss,
        });
        self.count += 1;
    }

    /// The mean, if it is finite; begins again.
    fn take(&mut self) -> Option<f64> {
        let sum = self.sum.take()?;
        let mean = f64::from(sum.into_scalar::<f32>()) / self.count as f64;
        self.count = 0;
        mean.is_finite().then_some(mean)
    }
}
