//! What makes a language model write answers: words, form and score; and answers that are preferred to others.

use ambulo_nn::networks::t5::AnswerFormat;
use burn::tensor::activation::{log_sigmoid, relu, sigmoid};
use burn::tensor::{Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::ops;

/// Tokens of an answer that its form prescribes: one at the beginning, four before the end.
const FORM: usize = 5;

/// Settings of the loss of an answer.
///
/// Its words count 1. Factors are our choice: the paper gives none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerLossConfig {
    /// What is made small for the form.
    pub form: FormLoss,
    /// How much the form counts.
    pub form_factor: f64,
    /// Among which tokens the score must be found.
    pub score: ScoreLoss,
    /// How much the score counts.
    pub score_factor: f64,
    /// Whether scores that are rare in training count more, so that all scores count alike.
    pub balanced: bool,
}

impl Default for AnswerLossConfig {
    fn default() -> Self {
        Self {
            form: FormLoss::Paper,
            form_factor: 0.1,
            score: ScoreLoss::Scores,
            score_factor: 1.0,
            balanced: true,
        }
    }
}

/// The loss of an answer's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FormLoss {
    /// Nothing beside the words' own.
    None,
    /// The sum over the five tokens of one minus the logistic function of the token's log probability, as the paper
    /// has it: from 2.5 to below 5, and without a gradient where the token is improbable.
    #[default]
    Paper,
    /// The sum of the five negative log probabilities.
    Nll,
}

/// Among which tokens the score must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreLoss {
    /// The scores alone.
    #[default]
    Scores,
    /// All tokens.
    Vocabulary,
}

/// Texts of a batch with the scores of those that are answers.
#[derive(Debug, Clone, Copy)]
pub struct Targets<'a> {
    /// The tokens to write, the last the end of the text.
    pub texts: &'a [Vec<u32>],
    /// The score of each that is an answer in its form.
    pub scores: &'a [Option<usize>],
}

/// The terms of the loss of a batch, as tensors of one number, without their factors.
#[derive(Debug, Clone)]
pub struct AnswerLoss {
    /// Mean negative log probability of a token.
    pub words: Tensor<1>,
    /// Mean over the answers of what the form costs; absent without answers or where nothing is asked of the form.
    pub form: Option<Tensor<1>>,
    /// Weighted mean cross-entropy of the scores; absent without answers.
    pub score: Option<Tensor<1>>,
}

impl AnswerLoss {
    /// The loss of numbers for each next token, `[texts · width, vocabulary]`. Texts shorter than the width are filled
    /// up; what is written behind their ends does not count.
    ///
    /// `weights` are those of the scores.
    pub fn of(
        config: &AnswerLossConfig,
        logits: &Tensor<2>,
        targets: &Targets<'_>,
        format: &AnswerFormat,
        weights: &[f32],
    ) -> Self {
        let logs = text_logs(logits, targets.texts);
        let rows = logits.dims()[0];
        let width = rows / targets.texts.len().max(1);
        let counted: usize = targets.texts.iter().map(Vec::len).sum();
        let each = 1.0 / counted.max(1) as f32;
        let words = logs.clone() * places(targets.texts, width, each, logits);
        let mut form = vec![0.0_f32; rows];
        let (mut answers, mut scores) = (Vec::new(), Vec::new());
        for (text, (tokens, score)) in targets.texts.iter().zip(targets.scores).enumerate() {
            let Some(score) = score.filter(|_| tokens.len() > FORM) else {
                continue;
            };
            let (first, end) = (text * width, text * width + tokens.len() - 1);
            form[first] = 1.0;
            form[end - 4..end].fill(1.0);
            answers.push(end - 2);
            scores.push(score);
        }
        let count = answers.len();
        let form = (count > 0).then(|| {
            let form: Vec<f32> = form.iter().map(|x| x / count as f32).collect();
            let form = Tensor::<1>::from_floats(form.as_slice(), &logits.device());
            match config.form {
                FormLoss::None => None,
                FormLoss::Paper => Some(((-sigmoid(logs.clone()) + 1.0) * form).sum()),
                FormLoss::Nll => Some((-logs.clone() * form).sum()),
            }
        });
        let score = (count > 0).then(|| {
            let rows = indices(&answers, logits);
            let found = match config.score {
                ScoreLoss::Vocabulary => logs.select(0, rows),
                ScoreLoss::Scores => {
                    let tokens: Vec<usize> =
                        format.scores.iter().map(|&token| token as usize).collect();
                    let logits = logits.clone().select(0, rows);
                    let logits = logits.clone().select(1, indices(&tokens, &logits));
                    ops::log_probability(logits, scores.clone())
                }
            };
            let weight = |&score: &usize| weights.get(score).copied().unwrap_or(1.0);
            let own: Vec<f32> = scores.iter().map(weight).collect();
            let total: f32 = own.iter().sum();
            let own: Vec<f32> = own.iter().map(|w| w / total.max(1e-6)).collect();
            -(found * Tensor::<1>::from_floats(own.as_slice(), &logits.device())).sum()
        });
        Self {
            words: -words.sum(),
            form: form.flatten(),
            score,
        }
    }

    /// All terms with their factors.
    pub fn total(&self, config: &AnswerLossConfig) -> Tensor<1> {
        let mut total = self.words.clone();
        for (term, factor) in [
            (&self.form, config.form_factor),
            (&self.score, config.score_factor),
        ] {
            if let Some(term) = term {
                total = total + term.clone() * factor;
            }
        }
        total
    }
}

/// The log probability of each text, `[texts]`.
pub fn text_log_probabilities(logits: &Tensor<2>, texts: &[Vec<u32>]) -> Tensor<1> {
    let width = logits.dims()[0] / texts.len().max(1);
    let logs = text_logs(logits, texts) * places(texts, width, 1.0, logits);
    logs.reshape([texts.len(), width])
        .sum_dim(1)
        .reshape([texts.len()])
}

/// Settings of learning from preferences.
///
/// # Source
///
/// Rafailov et al. (2023), "Direct preference optimization", arXiv:2305.18290; Pal et al. (2024), "Smaug",
/// arXiv:2402.13228.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PreferenceConfig {
    /// How strongly the network is held near the one it began as; less is freer.
    pub beta: f64,
    /// How strongly a preferred text is kept as probable as it was (DPO-positive); 0 is plain DPO.
    pub positive: f64,
}

impl Default for PreferenceConfig {
    fn default() -> Self {
        Self {
            beta: 0.1,
            positive: 0.0,
        }
    }
}

/// The mean loss of preferring texts to others.
///
/// Each is `[pairs]` of log probabilities: of the preferred texts and of the others, by the network under training and
/// by the one that it began as.
pub fn preference_loss(
    config: &PreferenceConfig,
    [preferred, other]: [Tensor<1>; 2],
    [preferred_before, other_before]: [Tensor<1>; 2],
) -> Tensor<1> {
    let gained = preferred - preferred_before;
    let lost = relu(-gained.clone());
    let margin = gained - (other - other_before) - lost * config.positive;
    -log_sigmoid(margin * config.beta).mean()
}

/// The log probability of each token, `[texts · width]`; of the first token where a text has ended.
fn text_logs(logits: &Tensor<2>, texts: &[Vec<u32>]) -> Tensor<1> {
    let width = logits.dims()[0] / texts.len().max(1);
    let chosen = texts.iter().flat_map(|text| {
        let rest = std::iter::repeat_n(0, width.saturating_sub(text.len()));
        text.iter().map(|&token| token as usize).chain(rest)
    });
    ops::log_probability(logits.clone(), chosen.collect())
}

/// `value` where a text has a token, 0 behind its end, `[texts · width]`.
fn places(texts: &[Vec<u32>], width: usize, value: f32, logits: &Tensor<2>) -> Tensor<1> {
    let rows = texts.iter().flat_map(|text| {
        let counts = text.len();
        (0..width).map(move |place| if place < counts { value } else { 0.0 })
    });
    let rows: Vec<f32> = rows.collect();
    Tensor::from_floats(rows.as_slice(), &logits.device())
}

fn indices(places: &[usize], like: &Tensor<2>) -> Tensor<1, Int> {
    let places: Vec<i64> = places
        .iter()
        .map(|&place| i64::try_from(place).unwrap_or(i64::MAX))
        .collect();
    let count = places.len();
    Tensor::from_data(TensorData::new(places, [count]), &like.device())
}
