//! What a network that estimates a gait parameter learns.

mod judge;

use std::collections::BTreeMap;
use std::sync::Arc;

use ambulo_nn::codec::params::{Recipe, Target};
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::tensors::Tensors;
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::run::{Course, Lesson, Loss, run};
use super::{Event, Outcome, RunConfig, Setup, TrainError, setting, step_rng};
use crate::batch::{Lookahead, Validation};
use crate::modules::numbers;
use crate::modules::params::{Cnn1d, ParamsNetwork, Stt};
use crate::modules::pose::Training;
use crate::network::initial_params_weights;
use crate::params::{Examples, ParamsBatch, ParamsRow, Scale};
use judge::Judge;

/// Settings of the run of a network that estimates a gait parameter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParamsTrainConfig {
    /// What every run has. A checkpoint's score is the root mean square error over the people that choose
    /// when to stop, after the correction that was fitted to the people that are learned from.
    #[serde(flatten)]
    pub run: RunConfig,
    /// Whose rules: those of the published code with its defects (windows in the order of the file, every
    /// window as heavy as the other whatever the weights say), with a validation after every pass; or ours.
    pub recipe: Recipe,
    /// Share of windows of which the mirror image is shown instead. No part of the published code.
    pub mirrored: f64,
    /// Share of numbers left out behind the poolings of the 1D-CNN.
    pub dropout: f64,
    /// Memory of the means and variances of batch norms.
    pub batch_norm_memory: f64,
    /// What the squares of the kernels of the 1D-CNN's last four convolutions cost.
    pub kernel_penalty: f64,
    /// At most so many recordings, evenly taken, make the correction while the run goes on; all if left
    /// out.
    pub correction_rows: Option<usize>,
}

impl Default for ParamsTrainConfig {
    fn default() -> Self {
        Self {
            run: RunConfig::default(),
            recipe: Recipe::Fixed,
            mirrored: 0.0,
            dropout: 0.5,
            batch_norm_memory: 0.99,
            kernel_penalty: 10.0_f64.powf(-3.5),
            correction_rows: None,
        }
    }
}

impl AsRef<RunConfig> for ParamsTrainConfig {
    fn as_ref(&self) -> &RunConfig {
        &self.run
    }
}

/// What a network learns one target from.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsLesson {
    /// The target.
    pub target: Target,
    /// Recordings to learn from.
    pub train: Vec<ParamsRow>,
    /// Recordings of other people, which choose when to stop.
    pub tune: Vec<ParamsRow>,
}

/// Trains a network for one target. What it writes, and when, is as for a lifter ([`super::fit`]); the
/// weights hold their correction as a note, and `last.safetensors` holds the weights of the last step
/// with its own.
///
/// # Errors
///
/// [`TrainError`] if settings and data do not fit together, if a file cannot be written, or if the loss
/// stops being a number.
pub fn fit_params(
    setup: &Setup<ParamsTrainConfig>,
    lesson: &ParamsLesson,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let device = device.clone().autodiff();
    match &setup.network {
        NetworkConfig::Stt(config) => {
            let network = Stt::new(config, &device);
            params(network, setup, lesson, &device, listener)
        }
        NetworkConfig::Cnn1d(config) => {
            let network = Cnn1d::new(config, &device);
            let network =
                network.ok_or_else(|| setting("the 1D-CNN is trained with three poolings"))?;
            params(network, setup, lesson, &device, listener)
        }
        other => Err(setting(&format!(
            "{} estimates no gait parameter",
            other.model()
        ))),
    }
}

/// Estimating with one kind of network.
struct Estimating<'a, N> {
    setup: &'a Setup<ParamsTrainConfig>,
    device: &'a Device,
    judge: Judge,
    /// What every loss is multiplied by: the published code's weights do no more.
    factor: f64,
    /// The correction of the last validation.
    notes: BTreeMap<String, String>,
    /// The pass of the step under way.
    pass: Option<Training>,
    network: std::marker::PhantomData<N>,
}

fn params<N: ParamsNetwork>(
    network: N,
    setup: &Setup<ParamsTrainConfig>,
    data: &ParamsLesson,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let train = &setup.train;
    let size: usize = setup.network.input_shape().iter().product();
    let rows = data.train.iter().chain(&data.tune);
    if rows.flat_map(|row| &row.windows).any(|w| w.len() != size) {
        return Err(setting("the windows are none of this network"));
    }
    if data.tune.is_empty() {
        return Err(setting("there is nobody to choose the best weights by"));
    }
    let scale = Scale::of(&data.train)
        .ok_or_else(|| setting("the targets of the people to learn from do not differ"))?;
    let is_published = train.recipe == Recipe::Paper;
    let factor = if is_published {
        published_factor(&data.train, &data.tune)
    } else {
        1.0
    };
    let examples = Examples::new(&data.train, scale, &setup.network, train.recipe);
    let examples = Arc::new(examples.mirrored(train.mirrored));
    let pass = examples.steps(train.run.batch);
    let mut timed = setup.clone();
    if is_published {
        timed.train.run.validate_every = pass;
    }
    let course = Course::new(&timed, Some(pass))?;
    let mut lesson = Estimating::<N> {
        setup,
        device,
        judge: Judge::new(data, scale, train.correction_rows),
        factor,
        notes: BTreeMap::new(),
        pass: None,
        network: std::marker::PhantomData,
    };
    let (seed, batch, workers) = (train.run.seed, train.run.batch, train.run.workers);
    let batches = |first| {
        let make = move |step| examples.batch(seed, step, batch);
        Lookahead::start(make, first, workers)
    };
    run(network, &course, &mut lesson, batches, device, listener)
}

/// The mean weight of the windows to learn from over that of all windows, where a window weighs one over
/// the windows of its recording. The published code multiplies every error by all weights at once.
fn published_factor(train: &[ParamsRow], tune: &[ParamsRow]) -> f64 {
    let windows =
        |rows: &[ParamsRow]| -> f64 { rows.iter().map(|row| row.windows.len() as f64).sum() };
    // The windows of a recording weigh 1 together.
    let mean = |rows: f64, windows: f64| rows / windows.max(1.0);
    let own = mean(train.len() as f64, windows(train));
    let all = mean(
        (train.len() + tune.len()) as f64,
        windows(train) + windows(tune),
    );
    own / all
}

impl<N: ParamsNetwork> Lesson for Estimating<'_, N> {
    type Network = N;
    type Batch = ParamsBatch;

    fn initial_weights(&self) -> Tensors {
        initial_params_weights(&self.setup.network, self.setup.train.run.seed)
    }

    fn loss(&mut self, network: &N, batch: ParamsBatch, step: u64) -> Loss {
        let (train, device) = (&self.setup.train, self.device);
        let size = batch.target.len();
        let windows = tensor(batch.input, size, device);
        let of = |values: Vec<f32>| Tensor::<1>::from_data(TensorData::new(values, [size]), device);
        let (target, weight) = (of(batch.target), of(batch.weight));
        let mut pass = Training::new(step_rng(train.run.seed, step), train.dropout);
        let estimated = network.estimate(windows, &mut Some(&mut pass));
        self.pass = Some(pass);
        let error = ((estimated - target).square() * weight).mean() * self.factor;
        let penalty = network
            .penalised()
            .filter(|_| train.kernel_penalty > 0.0)
            .map(|squares| squares * train.kernel_penalty);
        Loss {
            shown: error.clone(),
            minimised: match penalty {
                Some(penalty) => error + penalty,
                None => error,
            },
        }
    }

    fn remembered(&mut self, network: N, _averaged: f64) -> N {
        match self.pass.take() {
            Some(pass) => pass.remembered(network, self.setup.train.batch_norm_memory),
            None => network,
        }
    }

    fn validate(&mut self, network: N) -> Option<Validation> {
        let device = self.device.clone().without_autodiff();
        let judgement = self.judge.judge(&mut |windows, size| {
            numbers(network.estimate(tensor(windows, size, &device), &mut None))
        })?;
        self.notes = judgement.notes;
        Some(judgement.validation)
    }

    fn is_validated(&self) -> bool {
        true
    }

    fn notes(&self) -> BTreeMap<String, String> {
        self.notes.clone()
    }

    fn keeps_last(&self) -> bool {
        true
    }
}

fn tensor(numbers: Vec<f32>, windows: usize, device: &Device) -> Tensor<2> {
    let each = numbers.len() / windows.max(1);
    Tensor::from_data(TensorData::new(numbers, [windows, each]), device)
}
