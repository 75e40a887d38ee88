//! What a language model learns: to write about motion.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ambulo_io::files::{load_file, write_atomically};
use ambulo_nn::codec::text::Tokenizer;
use ambulo_nn::config::{NetworkConfig, T5Config};
use ambulo_nn::networks::t5::{AnswerFormat, Precision, T5 as Engine5};
use ambulo_nn::reasoner::{INSTRUCTION, LONGEST_NOTE, READS_NOTE, Reads, Reasoner};
use ambulo_nn::tensors::Tensors;
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::Weights;
use burn::module::Module as _;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::run::{Course, Lesson, Loss, run};
use super::{Event, Outcome, RunConfig, Setup, TrainError, setting, step_rng};
use crate::batch::{Lookahead, Validation};
use crate::datasets::takes::narrow;
use crate::losses::{
    AnswerLoss, AnswerLossConfig, PreferenceConfig, Targets, preference_loss,
    text_log_probabilities,
};
use crate::modules::t5::{T5, Tokens};
use crate::modules::{Noise, from_tensors, to_tensors};
use crate::network::{copying, initial_reasoner_weights, with_features};
use crate::reasoner::{
    GaitText, Lessons, Objective, TextBatch, answered, calibrated, described_walks, figures,
    token_features,
};

/// How much a word's first row has of its own beside what it shares with the words that mean the like.
const WORD_OF_ITS_OWN: f32 = 0.7;

/// Settings of a language model's run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReasonerTrainConfig {
    /// What every run has.
    #[serde(flatten)]
    pub run: RunConfig,
    /// What is learned.
    pub objective: Objective,
    /// What answers rest on.
    pub reads: Reads,
    /// The run of the same recipe whose weights this one begins with; random ones if left out.
    pub begin_with: Option<String>,
    /// Share of numbers left out in training.
    pub dropout: f64,
    /// The loss of answers.
    pub loss: AnswerLossConfig,
    /// How preferences are learned.
    pub preference: PreferenceConfig,
    /// Codes of a motion that are read at most.
    pub longest: usize,
    /// Share of the texts whose words are the first of each kind.
    pub plain_share: f64,
    /// Share of the answers that rest on measurements mixed from walks of the same score, where measurements are read.
    pub mixed_share: f64,
    /// Share of the qualities of mixed measurements that are drawn at random, or missing.
    pub drawn_share: f64,
}

impl Default for ReasonerTrainConfig {
    fn default() -> Self {
        Self {
            run: RunConfig::default(),
            objective: Objective::Reasoning {
                generative_share: 0.0,
            },
            reads: Reads::Motion,
            begin_with: None,
            dropout: 0.1,
            loss: AnswerLossConfig::default(),
            preference: PreferenceConfig::default(),
            longest: 64,
            plain_share: 0.0,
            mixed_share: 0.0,
            drawn_share: 0.0,
        }
    }
}

impl AsRef<RunConfig> for ReasonerTrainConfig {
    fn as_ref(&self) -> &RunConfig {
        &self.run
    }
}

/// What a language model learns from.
#[derive(Debug, Clone)]
pub struct ReasonerLesson {
    /// Walks to learn from.
    pub train: Arc<Vec<GaitText>>,
    /// Walks of other people, which choose the weights to keep.
    pub tune: Vec<GaitText>,
    /// The tokenizer.
    pub tokenizer: Arc<Tokenizer>,
    /// From how many standard deviations on the walks' rationales call a quality out of the ordinary.
    pub departs_z: f64,
    /// The codes of the motion tokenizer, `[codes, width]`, by which the tokens of motion begin; may be empty.
    pub codes: Vec<f32>,
    /// The weights that the run begins with, and where they were read; random ones without.
    pub beginning: Option<(PathBuf, Tensors)>,
}

/// Trains a language model. What it writes, and when, is as for a lifter ([`super::fit`]); the weights hold the
/// tokenizer as a note, and `last.safetensors` holds those of the last step beside the best ones. The score of a
/// validation is minus the `CIDEr` of what the network writes. At the end the probabilities of the scores are
/// [calibrated] on the walks to choose by.
///
/// # Errors
///
/// [`TrainError`] if settings and data do not fit together, if a file cannot be written, or if the loss stops being a
/// number.
pub fn fit_reasoner(
    setup: &Setup<ReasonerTrainConfig>,
    data: &ReasonerLesson,
    device: &Device,
    listener: &mut dyn FnMut(&Event),
) -> Result<Outcome, TrainError> {
    let NetworkConfig::T5(config) = &setup.network else {
        let model = setup.network.model();
        return Err(setting(&format!("{model} writes no texts")));
    };
    if config.vocabulary != data.tokenizer.len() {
        return Err(setting("the network knows other tokens than the tokenizer"));
    }
    let train = &setup.train;
    let format = data
        .tokenizer
        .answer_format(1)
        .ok_or_else(|| setting("the tokenizer has no tokens around answers"))?;
    let tracked = device.clone().autodiff();
    let network = T5::new(config, train.dropout, &tracked);
    let initial = initial(config, data, train.run.seed);
    let before = match (train.objective, &data.beginning) {
        (Objective::Preference { .. }, Some(_)) => {
            let network = from_tensors(T5::new(config, 0.0, &tracked), &initial)?;
            Some(network.valid())
        }
        (Objective::Preference { .. }, None) => {
            return Err(setting(
                "preferences are learned by a network that can write: give begin_with",
            ));
        }
        _ => None,
    };
    let course = Course::new(setup, None)?;
    let lessons = Lessons::new(
        Arc::clone(&data.train),
        Arc::clone(&data.tokenizer),
        (train.objective, train.reads),
        data.departs_z,
        train.longest,
    )
    .with_plain(train.plain_share)
    .with_mixed(train.mixed_share)
    .with_drawn(train.drawn_share);
    let mut lesson = Writing {
        train,
        data,
        config,
        weights: score_weights(&lessons, train.loss.balanced),
        format,
        initial,
        before,
        device: &tracked,
    };
    let (seed, size, workers) = (train.run.seed, train.run.batch, train.run.workers);
    let batches = |first| {
        let make = move |step| lessons.batch(seed, step, size);
        Lookahead::start(make, first, workers)
    };
    let outcome = run(network, &course, &mut lesson, batches, &tracked, listener)?;
    if !data.tune.is_empty() && !matches!(train.objective, Objective::Generative) {
        let weights = Weights::from_bytes(&load_file(&outcome.weights)?.bytes)?;
        let weights = calibrated(weights, &data.tune)?;
        write_atomically(&outcome.weights, &weights.to_bytes(course.storage())?)?;
    }
    Ok(outcome)
}

fn initial(config: &T5Config, data: &ReasonerLesson, seed: u64) -> Tensors {
    if let Some((_, weights)) = &data.beginning {
        return weights.clone();
    }
    let weights = initial_reasoner_weights(config, seed);
    let (words, features) = token_features(&data.tokenizer);
    let weights = with_features(weights, (&words, &features), WORD_OF_ITS_OWN, seed);
    let count = data.tokenizer.motion_codes().unwrap_or(0);
    let motion = data.tokenizer.motion(&[0]).unwrap_or_default();
    let weights = match (motion.get(1), u32::try_from(count)) {
        (Some(&first), Ok(count)) if !data.codes.is_empty() => {
            let tokens: Vec<u32> = (first..first + count).collect();
            with_features(weights, (&tokens, &data.codes), 0.0, seed)
        }
        _ => weights,
    };
    copying(weights, config)
}

/// One over how often each score is true, with a mean of 1; or all alike.
fn score_weights(lessons: &Lessons, balanced: bool) -> Vec<f32> {
    let counts = lessons.score_counts();
    let total = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    counts
        .iter()
        .map(|&count| match count {
            0 => 0.0,
            count if balanced => narrow(total / count as f64),
            _ => 1.0,
        })
        .collect()
}

/// Writing under training.
struct Writing<'a> {
    train: &'a ReasonerTrainConfig,
    data: &'a ReasonerLesson,
    config: &'a T5Config,
    weights: Vec<f32>,
    format: AnswerFormat,
    initial: Tensors,
    /// The network that a run for preferences began as.
    before: Option<T5>,
    device: &'a Device,
}

impl Writing<'_> {
    fn tokens(&self, texts: &[Vec<u32>]) -> Tokens {
        Tokens::new(texts, self.config.pad)
    }

    /// What the decoder reads while it writes a text: the token that every text begins with, then all but the last.
    fn shifted(&self, texts: &[Vec<u32>]) -> Tokens {
        let shifted: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| {
                let before = &text[..text.len().saturating_sub(1)];
                [&[self.config.pad], before].concat()
            })
            .collect();
        self.tokens(&shifted)
    }

    fn preference(
        &self,
        network: &T5,
        before: &T5,
        batch: &TextBatch,
        noise: &mut Noise<'_>,
    ) -> Loss {
        let read = self.tokens(&batch.read);
        let of = |network: &T5, texts: &[Vec<u32>], noise: &mut Noise<'_>| {
            let logits = network.forward(&read, &self.shifted(texts), noise);
            text_log_probabilities(&logits, texts)
        };
        let own = [&batch.written, &batch.other].map(|texts| of(network, texts, noise));
        let began = [&batch.written, &batch.other].map(|texts| {
            let found = of(before, texts, &mut None);
            Tensor::<1>::from_data(found.into_data(), self.device)
        });
        let loss = preference_loss(&self.train.preference, own, began);
        Loss {
            shown: loss.clone(),
            minimised: loss,
        }
    }
}

impl Lesson for Writing<'_> {
    type Network = T5;
    type Batch = TextBatch;

    fn initial_weights(&self) -> Tensors {
        self.initial.clone()
    }

    fn loss(&mut self, network: &T5, batch: TextBatch, step: u64) -> Loss {
        let mut rng = step_rng(self.train.run.seed, step);
        let noise = &mut Some(&mut rng);
        if let Some(before) = &self.before {
            return self.preference(network, before, &batch, noise);
        }
        let logits = network.forward(
            &self.tokens(&batch.read),
            &self.shifted(&batch.written),
            noise,
        );
        let targets = Targets {
            texts: &batch.written,
            scores: &batch.scores,
        };
        let config = &self.train.loss;
        let loss = AnswerLoss::of(config, &logits, &targets, &self.format, &self.weights);
        Loss {
            shown: loss.words.clone(),
            minimised: loss.total(config),
        }
    }

    fn validate(&mut self, network: T5) -> Option<Validation> {
        let engine = Engine::new(Threads::new(1));
        let weights = to_tensors(&network);
        let t5 = Engine5::from_weights(self.config, &weights, &engine, Precision::F32).ok()?;
        let tokenizer = Tokenizer::clone(&self.data.tokenizer);
        let reasoner = Reasoner::new(t5, tokenizer, self.train.longest, self.train.reads).ok()?;
        let walks: Vec<&GaitText> = self.data.tune.iter().collect();
        let said = match self.train.objective {
            Objective::Generative => described_walks(&reasoner, &walks),
            _ => answered(&reasoner, INSTRUCTION, &walks),
        };
        let found = figures(&said.ok()?)?;
        Some(Validation {
            score: -found.cider,
            figures: vec![
                ("CIDEr".to_owned(), found.cider),
                ("accuracy".to_owned(), found.accuracy),
                ("supported".to_owned(), found.supported),
            ],
        })
    }

    fn is_validated(&self) -> bool {
        !self.data.tune.is_empty()
    }

    fn keeps_last(&self) -> bool {
        true
    }

    fn notes(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            (Tokenizer::NOTE.to_owned(), self.data.tokenizer.to_json()),
            (LONGEST_NOTE.to_owned(), self.train.longest.to_string()),
            (READS_NOTE.to_owned(), self.train.reads.name().to_owned()),
        ])
    }
}
