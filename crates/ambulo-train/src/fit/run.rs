//! One run of the loop for one kind of network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use ambulo::synth::SeededRng;
use ambulo_io::files::write_atomically;
use ambulo_nn::tensors::Tensors;
use ambulo_nn::weights::{Weights, WeightsInfo};
use burn::tensor::{Device, Tensor, TensorData};

use super::log::{Line, Log};
use super::{Event, Outcome, Setup, TrainError, storage, weights_path};
use crate::batch::{LiftBatch, LiftSamples, LiftShape, LiftValidation, Lookahead};
use crate::checkpoint::Checkpoint;
use crate::losses::LiftLoss;
use crate::modules::{from_tensors, numbers, to_tensors};
use crate::network::{LiftNetwork, initial_weights};
use crate::optimizer::Optimizer;

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

/// What stays the same from step to step.
struct Plan<'a> {
    setup: &'a Setup,
    shape: LiftShape,
    device: &'a Device,
    /// Of the whole run.
    steps: u64,
    epoch_steps: u64,
    joint_weights: Vec<f32>,
}

pub(super) fn run<N: LiftNetwork>(
    network: N,
    setup: &Setup,
    samples: &Arc<dyn LiftSamples>,
    mut validation: Option<&mut (dyn LiftValidation + '_)>,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let plan = Plan::new(setup, samples.as_ref(), device)?;
    let (train, steps) = (&setup.train, plan.steps);
    let mut state = State::begin(network, setup, device, listener)?;
    let mut log = Log::open(&setup.folder, state.step);
    listener(&Event::Started {
        step: state.step,
        steps,
        parameters: setup.network.parameter_count(),
    });
    let mut batches = Lookahead::start(samples, train.seed, state.step, train.batch, train.workers);
    let (started, first_step) = (Instant::now(), state.step);
    let mut losses = Losses::default();
    let is_exhausted = |stale: u64| train.patience > 0 && stale >= train.patience;
    while state.step < steps && !is_exhausted(state.stale) {
        let batch = batches
            .next()
            .ok_or(TrainError::Source { step: state.step })?;
        state = state.stepped(&plan, batch, &mut losses);
        let step = state.step;
        let is_last = step == steps;
        if step.is_multiple_of(train.log_every) || is_last {
            let loss = losses.take().ok_or(TrainError::Diverged { step })?;
            log.push(Line {
                step,
                loss: Some(loss),
                learning_rate: Some(plan.learning_rate(step - 1)),
                score: None,
                figures: Vec::new(),
            });
            let seconds = started.elapsed().as_secs_f64();
            let made = (step - first_step) as f64;
            listener(&Event::Logged {
                step,
                steps,
                loss,
                examples_per_s: made * train.batch as f64 / seconds,
                left_s: (steps - step) as f64 * seconds / made,
            });
        }
        if let Some(validation) = &mut validation
            && (step.is_multiple_of(train.validate_every) || is_last)
        {
            state.validate(&plan, &mut **validation, &mut log, listener)?;
        }
        if step.is_multiple_of(train.checkpoint_every) || is_last || is_exhausted(state.stale) {
            if validation.is_none() {
                state.save_weights(setup)?;
            }
            log.save()?;
            let folder = setup.folder.join("checkpoints");
            state.checkpoint(setup).save(&folder)?;
        }
    }
    Ok(Outcome {
        steps: state.step,
        best: state.best,
        weights: weights_path(&setup.folder),
    })
}

impl<'a> Plan<'a> {
    fn new(
        setup: &'a Setup,
        samples: &dyn LiftSamples,
        device: &'a Device,
    ) -> Result<Self, TrainError> {
        let train = &setup.train;
        let shape = samples.shape();
        let epoch_steps = samples.steps_per_epoch(train.batch);
        let steps = match (train.steps, train.epochs, epoch_steps) {
            (Some(steps), ..) => steps,
            (None, Some(epochs), Some(epoch_steps)) => epochs * epoch_steps,
            _ => {
                return Err(TrainError::Setting {
                    what: "this source has no end, so the run must be given in steps".to_owned(),
                });
            }
        };
        Ok(Self {
            setup,
            shape,
            device,
            steps,
            epoch_steps: epoch_steps.unwrap_or(steps),
            joint_weights: train.loss.joint_weights.for_joints(shape.joints_out)?,
        })
    }

    /// The factor of the learning rate at a step, counted from 0.
    fn rate(&self, step: u64) -> f64 {
        let schedule = self.setup.train.schedule;
        schedule.factor(step, self.steps, self.epoch_steps)
    }

    fn learning_rate(&self, step: u64) -> f64 {
        self.setup.train.optimizer.learning_rate * self.rate(step)
    }
}

impl<N: LiftNetwork> State<N> {
    /// The state at the beginning, or that of the newest whole checkpoint.
    fn begin(
        network: N,
        setup: &Setup,
        device: &Device,
        listener: &mut dyn FnMut(&Event),
    ) -> Result<Self, TrainError> {
        let folder = setup.folder.join("checkpoints");
        let (found, damaged) = Checkpoint::newest(&folder)?;
        if !setup.resume {
            if found.is_some() || !damaged.is_empty() {
                let folder = setup.folder.clone();
                return Err(TrainError::FolderInUse { folder });
            }
            std::fs::create_dir_all(&folder).map_err(|source| {
                crate::checkpoint::CheckpointError::Io {
                    path: folder.clone(),
                    source,
                }
            })?;
        }
        for path in damaged {
            listener(&Event::DamagedCheckpoint(path));
        }
        let Some(checkpoint) = found else {
            let weights = initial_weights(&setup.network, setup.train.seed);
            return Ok(Self {
                step: 0,
                network: from_tensors(network, &weights)?,
                optimizer: Optimizer::new(setup.train.optimizer),
                best: None,
                stale: 0,
            });
        };
        let note = |key: &str| checkpoint.notes.get(key).map(String::as_str);
        if note("setup") != Some(&settings(setup)) {
            return Err(TrainError::OtherRun {
                folder: setup.folder.clone(),
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
                setup.train.optimizer,
                checkpoint.step,
                &checkpoint.tensors,
                device,
            ),
            best: score.zip(number("best_step")),
            stale: number("stale").unwrap_or(0),
        })
    }

    /// The state after one more step.
    fn stepped(self, plan: &Plan<'_>, batch: LiftBatch, losses: &mut Losses) -> Self {
        let Self {
            step,
            network,
            mut optimizer,
            best,
            stale,
        } = self;
        let (train, shape, device) = (&plan.setup.train, plan.shape, plan.device);
        // The last batch of an epoch may be smaller than the others.
        let size = batch.weight.len() / shape.points_out().max(1);
        let input = tensor(&batch.input, shape.input(), size, device);
        let target = tensor(&batch.target, shape.target(), size, device);
        let counted = TensorData::new(batch.weight, [size, shape.frames_out, shape.joints_out]);
        let counted = Tensor::from_data(counted, device);
        let mut noise = step_rng(train.seed, step);
        let predicted = network.lift(input, &mut Some(&mut noise));
        let weights = &plan.joint_weights;
        let loss = LiftLoss::of(&train.loss, weights, predicted, target, counted).total();
        losses.add(loss.clone().inner());
        let minimised = if train.loss.square {
            loss.square() * 0.5
        } else {
            loss
        };
        let gradients = minimised.backward();
        Self {
            step: step + 1,
            network: optimizer.step(network, gradients, plan.rate(step)),
            optimizer,
            best,
            stale,
        }
    }

    fn checkpoint(&self, setup: &Setup) -> Checkpoint {
        let mut tensors = self.optimizer.state();
        for (name, tensor) in to_tensors(&self.network) {
            tensors.insert(format!("weights/{name}"), tensor);
        }
        let mut notes = BTreeMap::from([
            ("setup".to_owned(), settings(setup)),
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
        plan: &Plan<'_>,
        validation: &mut (dyn LiftValidation + '_),
        log: &mut Log,
        listener: &mut dyn FnMut(&Event),
    ) -> Result<(), TrainError> {
        let network = self.optimizer.averaged(self.network.clone()).valid();
        let (setup, shape) = (plan.setup, plan.shape);
        let device = plan.device.clone().without_autodiff();
        let found = validation.validate(&mut |input, size| {
            let input = tensor(input, shape.input(), size, &device);
            numbers(network.lift(input, &mut None))
        });
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
            self.save_weights(setup)?;
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

    fn save_weights(&self, setup: &Setup) -> Result<(), TrainError> {
        let tensors = to_tensors(&self.optimizer.averaged(self.network.clone()));
        let mut notes = setup.notes.clone();
        notes.insert("step".to_owned(), self.step.to_string());
        notes.insert("seed".to_owned(), setup.train.seed.to_string());
        let info = WeightsInfo {
            id: setup.name.clone(),
            version: String::new(),
            notes,
        };
        let weights = Weights::new(setup.network.clone(), tensors, info)?;
        let bytes = weights.to_bytes(storage(&setup.train))?;
        Ok(write_atomically(&weights_path(&setup.folder), &bytes)?)
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

impl LiftShape {
    fn input(&self) -> [usize; 3] {
        [self.frames, self.joints, self.channels]
    }

    fn target(&self) -> [usize; 3] {
        [self.frames_out, self.joints_out, 3]
    }
}

fn tensor(numbers: &[f32], [a, b, c]: [usize; 3], size: usize, device: &Device) -> Tensor<4> {
    let data = TensorData::new(numbers.to_vec(), [size, a, b, c]);
    Tensor::from_data(data, device)
}

/// The random numbers of one step.
fn step_rng(seed: u64, step: u64) -> SeededRng {
    let mut rng = SeededRng::new(seed ^ 0x6E6F_6973_6500_0000);
    SeededRng::new(rng.next_u64().wrapping_add(step))
}

/// The settings that make two runs the same run.
fn settings(setup: &Setup) -> String {
    let train = serde_json::to_string(&setup.train).expect("settings are plain numbers and words");
    format!("{} {train}", setup.network.to_json())
}
