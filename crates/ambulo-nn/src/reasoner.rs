//! A language model that reads a motion as tokens, and what was measured of it if it learned to, and writes a rationale
//! and a score.

use ambulo::assessment::aspects::AspectReadings;
use ambulo::assessment::levels::level_words;
use serde::{Deserialize, Serialize};

use crate::codec::text::{Special, TextError, Tokenizer};
use crate::config::NetworkConfig;
use crate::networks::NetworkError;
use crate::networks::t5::{AnswerFormat, MayEnd, Precision, T5, T5Error};
use crate::threads::Engine;
use crate::weights::Weights;

/// What stands in an instruction where the motion is put.
pub const MOTION_PLACE: &str = "<Motion_Placeholder>";
/// The instruction that is given if nobody asks otherwise.
pub const INSTRUCTION: &str =
    "Assess this gait and give the gait score with its reasons: <Motion_Placeholder>";
/// The note of weights that says how many codes of a motion are read at most.
pub const LONGEST_NOTE: &str = "longest";
/// The note of weights that says with which motion tokenizer they learned: its SHA-256.
pub const CODES_NOTE: &str = "motion_tokenizer";

/// The note of weights that says what they read: [`Reads`] by its name.
pub const READS_NOTE: &str = "reads";
/// The note of weights that says by how much their probabilities of scores are too sure: see [`tempered`].
pub const TEMPERATURE_NOTE: &str = "score_temperature";

/// Tokens of a rationale at most.
const LONGEST_ANSWER: usize = 192;
/// Codes of a motion that are read where the weights say nothing.
const LONGEST_MOTION: usize = 64;

/// What a language model reads of a walk before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reads {
    /// The tokens of its motion, as published.
    #[default]
    Motion,
    /// Those, then how far each measured quality is from its norm: our addition, for tokens of postures say little of
    /// lengths, speeds and variability.
    MotionAndMeasurements,
}

impl Reads {
    /// Its name in weights and recipes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Motion => "motion",
            Self::MotionAndMeasurements => "motion_and_measurements",
        }
    }

    fn named(name: &str) -> Option<Self> {
        let all = [Self::Motion, Self::MotionAndMeasurements];
        all.into_iter().find(|reads| reads.name() == name)
    }

    /// The tokens that stand in an instruction's place for the motion.
    pub fn tokens(
        self,
        tokenizer: &Tokenizer,
        motion: Vec<u32>,
        readings: &AspectReadings,
    ) -> Vec<u32> {
        let mut tokens = motion;
        if self == Self::MotionAndMeasurements {
            tokens.extend(tokenizer.encode(&level_words(readings)));
        }
        tokens
    }
}

/// The language model with its tokenizer.
#[derive(Debug)]
pub struct Reasoner {
    t5: T5,
    tokenizer: Tokenizer,
    format: AnswerFormat,
    longest: usize,
    reads: Reads,
    temperature: f64,
}

/// What a language model says of a motion.
#[derive(Debug, Clone, PartialEq)]
pub struct GaitAnswer {
    /// The rationale as it was written: "Foot: … Arm: … Overall: …".
    pub text: String,
    /// Probability of each score, 0 first.
    pub probabilities: Vec<f64>,
    /// Whether the rationale was ended because it was as long as allowed.
    pub cut: bool,
}

/// Why weights write nothing about motion.
#[derive(Debug, thiserror::Error)]
pub enum ReasonerError {
    /// The network is of another kind.
    #[error("a network of kind {model} writes no texts")]
    OtherNetwork {
        /// Its kind.
        model: &'static str,
    },
    /// The weights hold no tokenizer.
    #[error("the weights hold no tokenizer")]
    NoTokenizer,
    /// The tokenizer has no tokens for motion or around answers.
    #[error("the tokenizer has no tokens for motion, or none around answers")]
    NoTokens,
    /// The weights read something that this program does not know.
    #[error("the weights read {name:?}, which this version of the program does not know")]
    Reads {
        /// What they say.
        name: String,
    },
    /// The temperature of the scores is none.
    #[error("the weights have a score_temperature of {text:?}, which is no number above 0")]
    Temperature {
        /// What they say.
        text: String,
    },
    /// The tokenizer cannot be read.
    #[error(transparent)]
    Tokenizer(#[from] TextError),
    /// The network cannot be made.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl Reasoner {
    /// The language model of weights that hold their tokenizer.
    ///
    /// # Errors
    ///
    /// [`ReasonerError`] if they are of another network, or their tokenizer does not fit.
    pub fn from_weights(weights: &Weights, engine: &Engine) -> Result<Self, ReasonerError> {
        let NetworkConfig::T5(config) = weights.config() else {
            let model = weights.config().model();
            return Err(ReasonerError::OtherNetwork { model });
        };
        let notes = &weights.info().notes;
        let tokenizer = notes
            .get(Tokenizer::NOTE)
            .ok_or(ReasonerError::NoTokenizer)?;
        let tokenizer = Tokenizer::from_json(tokenizer)?;
        let longest = notes.get(LONGEST_NOTE).and_then(|text| text.parse().ok());
        let t5 = T5::from_weights(config, weights.tensors(), engine, Precision::F32)?;
        let reads = match notes.get(READS_NOTE) {
            Some(name) => {
                Reads::named(name).ok_or_else(|| ReasonerError::Reads { name: name.clone() })?
            }
            None => Reads::Motion,
        };
        let temperature = match notes.get(TEMPERATURE_NOTE) {
            Some(text) => {
                let found = text
                    .parse()
                    .ok()
                    .filter(|it: &f64| it.is_finite() && *it > 0.0);
                found.ok_or_else(|| ReasonerError::Temperature { text: text.clone() })?
            }
            None => 1.0,
        };
        let reasoner = Self::new(t5, tokenizer, longest.unwrap_or(LONGEST_MOTION), reads)?;
        Ok(Self {
            temperature,
            ..reasoner
        })
    }

    /// A language model with its tokenizer, that reads at most `longest` codes of a motion.
    ///
    /// # Errors
    ///
    /// [`ReasonerError`] if the tokenizer is not made for motion and answers, or has more tokens than the network.
    pub fn new(
        t5: T5,
        tokenizer: Tokenizer,
        longest: usize,
        reads: Reads,
    ) -> Result<Self, ReasonerError> {
        let (rows, tokens) = (t5.config().vocabulary, tokenizer.len());
        if tokens > rows {
            return Err(TextError::Rows { rows, tokens }.into());
        }
        let format = tokenizer.answer_format(LONGEST_ANSWER);
        let format = format.filter(|_| tokenizer.motion(&[]).is_some());
        Ok(Self {
            format: format.ok_or(ReasonerError::NoTokens)?,
            t5,
            tokenizer,
            longest,
            reads,
            temperature: 1.0,
        })
    }

    /// The network.
    pub fn network(&self) -> &T5 {
        &self.t5
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// What it reads of a walk.
    pub fn reads(&self) -> Reads {
        self.reads
    }

    /// Rationale and score of a motion's codes, of long ones of the stretch in the middle, and of what was measured if
    /// the network reads that. The answer always has its form: only tokens that fit are chosen.
    ///
    /// # Errors
    ///
    /// [`T5Error`] if a code has no token.
    pub fn answer(
        &self,
        instruction: &str,
        codes: &[usize],
        readings: &AspectReadings,
    ) -> Result<GaitAnswer, T5Error> {
        let motion = self.motion(codes)?;
        let inner = self.reads.tokens(&self.tokenizer, motion, readings);
        let encoded = self
            .t5
            .encode(&read(&self.tokenizer, instruction, &inner))?;
        let answer = self.t5.answer(&encoded, &self.format)?;
        Ok(GaitAnswer {
            text: self.tokenizer.decode(&answer.reasoning, Special::Skip),
            probabilities: tempered(
                &answer
                    .probabilities
                    .into_iter()
                    .map(f64::from)
                    .collect::<Vec<_>>(),
                self.temperature,
            ),
            cut: answer.cut,
        })
    }

    /// What is written without any form about a motion's codes.
    ///
    /// # Errors
    ///
    /// [`T5Error`] if a code has no token.
    pub fn text(&self, instruction: &str, codes: &[usize]) -> Result<String, T5Error> {
        let read = read(&self.tokenizer, instruction, &self.motion(codes)?);
        let encoded = self.t5.encode(&read)?;
        let written = self.t5.greedy(&encoded, LONGEST_ANSWER, MayEnd::Yes)?;
        Ok(self.tokenizer.decode(&written, Special::Skip))
    }

    fn motion(&self, codes: &[usize]) -> Result<Vec<u32>, T5Error> {
        let most = self.longest.min(codes.len());
        let from = (codes.len() - most) / 2;
        let motion = self.tokenizer.motion(&codes[from..from + most]);
        motion.ok_or(T5Error::Format {
            what: "has no token for a code of the motion",
        })
    }
}

/// The tokens of an instruction with those of a motion or a text in their place, and the token for the end.
pub fn read(tokenizer: &Tokenizer, instruction: &str, inner: &[u32]) -> Vec<u32> {
    let split = instruction.split_once(MOTION_PLACE);
    let (before, after) = split.unwrap_or((instruction, ""));
    let mut tokens = tokenizer.encode(before);
    tokens.extend_from_slice(inner);
    tokens.extend(tokenizer.encode(after));
    tokens.push(tokenizer.end());
    tokens
}

/// Probabilities at a temperature: each to the power of its inverse, so that their sum is 1 again. Above 1 they become
/// more alike, and none changes its rank. Networks tend to be too sure; the temperature at which they are not is found
/// on people that they did not learn from (Guo et al. 2017, "On Calibration of Modern Neural Networks").
pub fn tempered(probabilities: &[f64], temperature: f64) -> Vec<f64> {
    let powers = probabilities.iter().map(|it| it.powf(temperature.recip()));
    let powers: Vec<f64> = powers.collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|it| it / sum).collect()
}

#[cfg(test)]
mod tests {
    use crate::threads::Threads;
    use crate::weights::shipped;

    use super::*;

    fn with_temperature(text: &str) -> Result<Reasoner, ReasonerError> {
        let mut all = shipped().iter();
        let weights = all.find(|it| it.id == "assess_reasoner").unwrap();
        let weights = weights.load().unwrap().with_note(TEMPERATURE_NOTE, text);
        Reasoner::from_weights(&weights, &Engine::new(Threads::new(1)))
    }

    #[test]
    fn a_higher_temperature_changes_how_sure_an_answer_is_and_nothing_else() {
        let codes: Vec<usize> = (0..40).map(|place| place * 7 % 256).collect();
        let answers = ["1", "2"].map(|temperature| {
            let reasoner = with_temperature(temperature).unwrap();
            let readings = AspectReadings::default();
            reasoner.answer(INSTRUCTION, &codes, &readings).unwrap()
        });
        let [sure, modest] = &answers;
        assert_eq!(sure.text, modest.text);
        let roots = sure.probabilities.iter().map(|it| it.sqrt());
        let sum: f64 = roots.clone().sum();
        for (found, root) in modest.probabilities.iter().zip(roots) {
            assert!((found - root / sum).abs() < 1e-12, "{answers:?}");
        }
    }

    #[test]
    fn a_temperature_that_is_none_is_refused() {
        for text in ["0", "-1", "inf", "NaN", "warm", ""] {
            let error = with_temperature(text).unwrap_err().to_string();
            assert!(
                error.contains(&format!("score_temperature of {text:?}")),
                "{error}"
            );
        }
    }
}
