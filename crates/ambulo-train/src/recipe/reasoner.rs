//! Recipes of language models that write about motion: one set of walks, several runs over them.

use std::path::{Path, PathBuf};

use ambulo_nn::config::{NetworkConfig, T5Config};
use ambulo_nn::reasoner::Reads;
use serde::{Deserialize, Serialize};

use super::{RecipeError, read};
use crate::fit::ReasonerTrainConfig;
use crate::reasoner::{Objective, TextSettings};
use crate::schedule::Schedule;

/// A recipe of several runs, as its TOML file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonerRecipe {
    /// The network of every run.
    #[serde(default)]
    pub model: ReasonerModel,
    /// What is read and what is to be written.
    pub data: ReasonerData,
    /// How the networks learn.
    #[serde(default)]
    pub train: ReasonerTrainConfig,
    /// The runs, in their order: one may begin where an earlier one ended.
    pub runs: Vec<ReasonerRun>,
}

/// The size of the network; its tokens are those of the motion tokenizer and of our words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReasonerModel {
    /// Numbers of a token.
    pub dim: usize,
    /// Numbers of a head's query.
    pub head_dim: usize,
    /// Heads of every attention.
    pub heads: usize,
    /// Width between the two layers of a block.
    pub hidden: usize,
    /// Blocks of the encoder.
    pub encoder_blocks: usize,
    /// Blocks of the decoder.
    pub decoder_blocks: usize,
}

impl Default for ReasonerModel {
    fn default() -> Self {
        Self {
            dim: 128,
            head_dim: 32,
            heads: 4,
            hidden: 256,
            encoder_blocks: 3,
            decoder_blocks: 2,
        }
    }
}

/// What language models learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonerData {
    /// The folder of recordings.
    pub folder: PathBuf,
    /// The weights of the motion tokenizer; those that come with the program if left out.
    #[serde(default)]
    pub tokenizer: Option<PathBuf>,
    /// How walks are made and what is said of them.
    #[serde(default)]
    pub texts: TextSettings,
}

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReasonerRun {
    /// The name of the weights.
    pub name: String,
    /// What is learned.
    pub objective: Objective,
    /// What answers rest on.
    #[serde(default)]
    pub reads: Reads,
    /// An earlier run whose weights this one begins with.
    #[serde(default)]
    pub begin_with: Option<String>,
    /// Steps, in place of those of all runs.
    #[serde(default)]
    pub steps: Option<u64>,
    /// Steps between validations, in place of those of all runs; as many as there are steps keeps the last weights.
    #[serde(default)]
    pub validate_every: Option<u64>,
    /// The learning rate, in place of that of all runs.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// Steps of the rise of the learning rate, in place of those of all runs.
    #[serde(default)]
    pub warmup_steps: Option<u64>,
    /// How much DPO-positive keeps preferred texts as probable as they were.
    #[serde(default)]
    pub positive: Option<f64>,
}

impl ReasonerRecipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the file cannot be read or is not understood.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        read(path)
    }

    /// The network for so many tokens.
    pub fn network(&self, tokens: usize) -> NetworkConfig {
        let model = self.model;
        NetworkConfig::T5(T5Config {
            dim: model.dim,
            head_dim: model.head_dim,
            heads: model.heads,
            hidden: model.hidden,
            encoder_blocks: model.encoder_blocks,
            decoder_blocks: model.decoder_blocks,
            ..T5Config::base(tokens)
        })
    }

    /// The settings of one run.
    pub fn train_of(&self, run: &ReasonerRun) -> ReasonerTrainConfig {
        let mut train = self.train.clone();
        train.objective = run.objective;
        train.reads = run.reads;
        train.begin_with.clone_from(&run.begin_with);
        train.run.steps = run.steps.or(train.run.steps);
        if let Some(every) = run.validate_every {
            train.run.validate_every = every;
        }
        if let Some(rate) = run.learning_rate {
            train.run.optimizer.learning_rate = rate;
        }
        if let (Some(steps), Schedule::Cosine { warmup_steps, .. }) =
            (run.warmup_steps, &mut train.run.schedule)
        {
            *warmup_steps = steps;
        }
        if let Some(positive) = run.positive {
            train.preference.positive = positive;
        }
        train
    }
}
