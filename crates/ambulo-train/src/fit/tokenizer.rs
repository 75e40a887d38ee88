//! What the motion tokenizer learns.

use std::sync::Arc;

use ambulo_nn::codec::motion::{FEATURES, MotionFeatures};
use ambulo_nn::config::{NetworkConfig, VqvaeConfig};
use ambulo_nn::tensors::{Tensor as Array, Tensors};
use burn::tensor::{Device, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use super::run::{Course, Lesson, Loss, run};
use super::{Event, Outcome, RunConfig, Setup, TrainError, setting, step_rng};
use crate::batch::{Lookahead, Validation};
use crate::codebook::Codebook;
use crate::corpus::{MotionWindows, Statistics};
use crate::evaluate::tokens::{Distances, Usage};
use crate::losses::{MotionLoss, MotionLossConfig};
use crate::modules::numbers;
use crate::modules::vqvae::{Vqvae, rows_of};
use crate::network::initial_weights;

/// Windows that the network sees at once in a validation.
const AT_ONCE: usize = 64;

/// Settings of the run of a motion tokenizer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenizerTrainConfig {
    /// What every run has. A checkpoint's score is the mean distance of the joints in windows of the people that
    /// choose when to stop, in millimetres, errors of the way included.
    #[serde(flatten)]
    pub run: RunConfig,
    /// The loss.
    pub loss: MotionLossConfig,
}

impl AsRef<RunConfig> for TokenizerTrainConfig {
    fn as_ref(&self) -> &RunConfig {
        &self.run
    }
}

/// What a motion tokenizer learns from.
#[derive(Debug, Clone, PartialEq)]
pub struct MotionLesson {
    /// What the features are normalised by; they become part of the weights.
    pub statistics: Statistics,
    /// Windows to learn from, normalised.
    pub train: Arc<MotionWindows>,
    /// Motions of other people, which choose the best weights.
    pub tune: Vec<MotionFeatures>,
}

/// Trains a motion tokenizer. What it writes, and when, is as for a lifter ([`super::fit`]).
///
/// # Errors
///
/// [`TrainError`] if settings and data do not fit together, if a file cannot be written, or if the loss
/// stops being a number.
pub fn fit_tokenizer(
    setup: &Setup<TokenizerTrainConfig>,
    lesson: &MotionLesson,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let NetworkConfig::Vqvae(config) = &setup.network else {
        let model = setup.network.model();
        return Err(setting(&format!("{model} is no motion tokenizer")));
    };
    if config.features != FEATURES || !config.statistics {
        return Err(setting(
            "a tokenizer is trained on 263 features and with statistics = true",
        ));
    }
    if lesson.train.frames() != config.frames {
        return Err(setting("the windows are none of this network"));
    }
    let device = device.clone().autodiff();
    let run_config = &setup.train.run;
    let (seed, size) = (run_config.seed, run_config.batch);
    let pass = lesson.train.count().div_ceil(size.max(1) * config.frames);
    let course = Course::new(setup, Some(pass.max(1) as u64))?;
    let mut tokenizing = Tokenizing {
        setup,
        config,
        device: &device,
        statistics: &lesson.statistics,
        tune: windows(&lesson.tune, config.frames),
        learned: None,
    };
    if tokenizing.tune.is_empty() {
        return Err(setting("there is nobody to choose the best weights by"));
    }
    let source = Arc::clone(&lesson.train);
    let batches = |first| {
        let make = move |step| source.batch(seed, step, size);
        Lookahead::start(make, first, run_config.workers)
    };
    let network = Vqvae::new(config, &device);
    run(
        network,
        &course,
        &mut tokenizing,
        batches,
        &device,
        listener,
    )
}

/// Whole windows of motions, one after the other.
fn windows(motions: &[MotionFeatures], frames: usize) -> Vec<MotionFeatures> {
    let length = frames * FEATURES;
    let cut = motions
        .iter()
        .flat_map(|motion| motion.data().chunks_exact(length));
    cut.filter_map(|rows| MotionFeatures::from_rows(rows.to_vec()).ok())
        .collect()
}

struct Tokenizing<'a> {
    setup: &'a Setup<TokenizerTrainConfig>,
    config: &'a VqvaeConfig,
    device: &'a Device,
    statistics: &'a Statistics,
    tune: Vec<MotionFeatures>,
    /// The codes after the step under way.
    learned: Option<Codebook>,
}

impl Tokenizing<'_> {
    fn tensor(&self, rows: Vec<f32>, device: &Device) -> Tensor<3> {
        let size = rows.len() / (self.config.frames * FEATURES);
        let shape = [size, self.config.frames, FEATURES];
        Tensor::from_data(TensorData::new(rows, shape), device)
    }

    /// Distances of remade windows from the windows.
    fn distances(&self, made: &[f32], windows: &[MotionFeatures]) -> Vec<Distances> {
        let each = made.len() / windows.len().max(1);
        let pairs = made.chunks_exact(each.max(1)).zip(windows);
        let remade = pairs.filter_map(|(made, window)| {
            let made = MotionFeatures::from_rows(self.statistics.restored(made)).ok()?;
            Distances::of(&window.joints(), &made.joints())
        });
        remade.collect()
    }
}

impl Lesson for Tokenizing<'_> {
    type Network = Vqvae;
    type Batch = Vec<f32>;

    fn initial_weights(&self) -> Tensors {
        let mut weights = initial_weights(&self.setup.network, self.setup.train.run.seed);
        let statistics = [
            ("mean", &self.statistics.mean),
            ("std", &self.statistics.std),
        ];
        for (name, values) in statistics {
            let array = Array::new(vec![values.len()], values.clone());
            weights.insert(name.to_owned(), array.expect("a list fills its shape"));
        }
        weights
    }

    fn loss(&mut self, network: &Vqvae, batch: Vec<f32>, step: u64) -> Loss {
        let train = &self.setup.train;
        let motion = self.tensor(batch, self.device);
        let latents = network.encode(motion.clone());
        let values = numbers(latents.clone());
        let mut rng = step_rng(train.run.seed, step);
        let mut codebook = network.codebook();
        codebook.begin(&values, &mut rng);
        let before = codebook.parts()[0].to_vec();
        let learned = codebook.learn(&values, self.config.decay, &mut rng);
        let codes = rows_of(&before, &learned.chosen, &latents);
        self.learned = Some(codebook);
        // The decoder sees codes; the encoder gets the decoder's gradient as if it had seen the latents.
        let passed = latents.clone() + (codes.clone() - latents.clone()).detach();
        let made = network.decode(passed);
        let loss = MotionLoss::of(&train.loss, [made, motion], [latents, codes]).total();
        Loss {
            shown: loss.clone(),
            minimised: loss,
        }
    }

    fn remembered(&mut self, network: Vqvae, _averaged: f64) -> Vqvae {
        match self.learned.take() {
            Some(codebook) => network.with_codebook(&codebook),
            None => network,
        }
    }

    fn validate(&mut self, network: Vqvae) -> Option<Validation> {
        let device = self.device.clone().without_autodiff();
        let (mut found, mut unquantised) = (Vec::new(), Vec::new());
        let mut usage = Usage::new(self.config.codes);
        for windows in self.tune.chunks(AT_ONCE) {
            let rows = windows.iter().flat_map(|it| self.statistics.normalised(it));
            let motion = self.tensor(rows.collect(), &device);
            let (made, tokens) = network.forward(motion.clone());
            usage.add(&tokens);
            found.extend(self.distances(&numbers(made), windows));
            let made = network.decode(network.encode(motion));
            unquantised.extend(self.distances(&numbers(made), windows));
        }
        let whole = Distances::mean(&found)?;
        let without = Distances::mean(&unquantised)?;
        let figures = [
            ("pose_mm", whole.pose_m * 1e3),
            ("unquantised_mm", without.place_m * 1e3),
            ("unquantised_pose_mm", without.pose_m * 1e3),
            ("perplexity", usage.perplexity()),
            ("codes_used", usage.used() as f64),
        ];
        Some(Validation {
            score: whole.place_m * 1e3,
            figures: figures.map(|(name, value)| (name.to_owned(), value)).into(),
        })
    }

    fn is_validated(&self) -> bool {
        true
    }

    fn keeps_last(&self) -> bool {
        true
    }
}
