//! Writing: one token after the other, freely or in the format of an answer.

use std::ops::Range;

use super::{Encoded, Observer, T5, T5Error};
use crate::kernels::keyed::Keyed;

/// A text on its way, with keys and values of what has been written.
#[derive(Debug, Clone)]
pub struct Writing<'a> {
    encoded: &'a Encoded,
    own: Vec<Keyed>,
}

/// How an answer is built: reasoning between two tokens, then a score between two others, then the end.
///
/// Whatever the weights are, the answer has this form, for tokens that do not fit are never chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerFormat {
    /// Begins and ends the reasoning.
    pub reasoning: [u32; 2],
    /// Begins and ends the score.
    pub score: [u32; 2],
    /// The scores, from 0 on.
    pub scores: Vec<u32>,
    /// Tokens of which reasoning is made.
    pub text: Range<u32>,
    /// Tokens among those that it is never made of.
    pub barred: Vec<u32>,
    /// After so many tokens the reasoning ends.
    pub longest: usize,
}

/// An answer in its format.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Tokens of the reasoning, without those around it.
    pub reasoning: Vec<u32>,
    /// The most probable score; the lowest of equals.
    pub score: usize,
    /// Probability of each score, given that it is one of them.
    pub probabilities: Vec<f32>,
    /// Whether the reasoning was ended because it was as long as allowed.
    pub cut: bool,
    /// All tokens, from the one that begins the reasoning to the end.
    pub tokens: Vec<u32>,
}

impl T5 {
    /// Begins a text about what was read.
    pub fn begin<'a>(&self, encoded: &'a Encoded) -> Writing<'a> {
        /// Tokens that there is room for at first.
        const ROOM: usize = 64;
        let config = self.config();
        let keyed = || Keyed::new(config.heads, config.head_dim, ROOM);
        Writing {
            encoded,
            own: (0..config.decoder_blocks).map(|_| keyed()).collect(),
        }
    }

    /// Adds tokens to a text; returns numbers for each token that could follow each of them,
    /// `[tokens, vocabulary]`.
    ///
    /// # Errors
    ///
    /// [`T5Error`] if a token is not known or there is none; the text is as it was then.
    pub fn advance(&self, writing: &mut Writing<'_>, tokens: &[u32]) -> Result<Vec<f32>, T5Error> {
        self.advance_observed(writing, tokens, &mut |_, _| {})
    }

    pub(super) fn advance_observed(
        &self,
        writing: &mut Writing<'_>,
        tokens: &[u32],
        observe: Observer<'_>,
    ) -> Result<Vec<f32>, T5Error> {
        let states = self.decoded(writing, tokens, observe)?;
        Ok(self.head.product(&self.engine.pool, &states))
    }

    /// The decoder's rows for further tokens, after its last norm.
    fn decoded(
        &self,
        writing: &mut Writing<'_>,
        tokens: &[u32],
        observe: Observer<'_>,
    ) -> Result<Vec<f32>, T5Error> {
        if tokens.is_empty() {
            return Err(T5Error::Empty);
        }
        let mut x = self.embedded(tokens)?;
        let before = writing.own.first().map_or(0, Keyed::count);
        let span = self.decoder_offsets(before + tokens.len());
        let kept = writing.own.iter_mut().zip(&writing.encoded.keyed);
        for (number, (block, (own, read))) in self.decoder.iter().zip(kept).enumerate() {
            block.apply(&self.engine, &mut x, own, (read, &span));
            observe(&format!("decoder.block.{number}"), &x);
        }
        let mut states = vec![0.0; x.len()];
        self.decoder_norm.apply(&x, &mut states);
        Ok(states)
    }

    /// The text whose every token is the most probable one, the lowest of equals; from the token that it
    /// begins with to its end, or for `longest` tokens more.
    ///
    /// # Errors
    ///
    /// [`T5Error`] never for what [`T5::encode`] made.
    pub fn greedy(
        &self,
        encoded: &Encoded,
        longest: usize,
        may_end: MayEnd,
    ) -> Result<Vec<u32>, T5Error> {
        let config = self.config();
        let mut written = vec![config.pad];
        let mut writing = self.begin(encoded);
        let mut last = config.pad;
        for _ in 0..longest {
            let numbers = self.advance(&mut writing, &[last])?;
            let allowed = |token: u32| may_end == MayEnd::Yes || token != config.end;
            last = largest(&numbers, allowed).unwrap_or(config.end);
            written.push(last);
            if last == config.end {
                break;
            }
        }
        Ok(written)
    }

    /// An answer in its format, each token the most probable of those that fit.
    ///
    /// # Errors
    ///
    /// [`T5Error::Format`] if the format cannot be written with this network's tokens.
    pub fn answer(&self, encoded: &Encoded, format: &AnswerFormat) -> Result<Answer, T5Error> {
        self.check_format(format)?;
        let end = self.config().end;
        let mut writing = self.begin(encoded);
        let [begins, ends] = format.reasoning;
        let mut numbers = self.advance(&mut writing, &[self.config().pad, begins])?;
        let rows = self.config().vocabulary;
        let mut reasoning = Vec::new();
        let mut cut = true;
        while reasoning.len() < format.longest {
            let next = &numbers[numbers.len() - rows..];
            let fits = |token: u32| token == ends || format.allows(token);
            let token = largest(next, fits).unwrap_or(ends);
            if token == ends {
                cut = false;
                break;
            }
            reasoning.push(token);
            numbers = self.advance(&mut writing, &[token])?;
        }
        let numbers = self.advance(&mut writing, &[ends, format.score[0]])?;
        let next = &numbers[numbers.len() - rows..];
        let probabilities = softmax(next, &format.scores);
        let score = best(&probabilities);
        let mut tokens = vec![begins];
        tokens.extend_from_slice(&reasoning);
        tokens.extend([
            ends,
            format.score[0],
            format.scores[score],
            format.score[1],
            end,
        ]);
        Ok(Answer {
            reasoning,
            score,
            probabilities,
            cut,
            tokens,
        })
    }

    fn check_format(&self, format: &AnswerFormat) -> Result<(), T5Error> {
        let rows = self.config().vocabulary;
        let mut all = format.scores.clone();
        all.extend(format.reasoning);
        all.extend(format.score);
        if all
            .iter()
            .any(|&token| usize::try_from(token).map_or(true, |token| token >= rows))
        {
            let what = "has a token that the network does not know";
            return Err(T5Error::Format { what });
        }
        if format.scores.is_empty() {
            return Err(T5Error::Format {
                what: "has no score",
            });
        }
        all.push(self.config().end);
        all.sort_unstable();
        if all.windows(2).any(|pair| pair[0] == pair[1]) {
            let what = "has the same token in two places";
            return Err(T5Error::Format { what });
        }
        if all.iter().any(|&token| format.allows(token)) {
            let what = "has a token that reasoning may be made of";
            return Err(T5Error::Format { what });
        }
        Ok(())
    }
}

/// Whether a text may end before it is as long as allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MayEnd {
    /// It ends with the token for that.
    Yes,
    /// That token is never chosen.
    No,
}

impl AnswerFormat {
    fn allows(&self, token: u32) -> bool {
        self.text.contains(&token) && !self.barred.contains(&token)
    }
}

/// The token with the largest number among those allowed; the lowest of equals.
fn largest(numbers: &[f32], allowed: impl Fn(u32) -> bool) -> Option<u32> {
    let mut found: Option<(u32, f32)> = None;
    for (token, &number) in (0_u32..).zip(numbers) {
        if found.is_none_or(|(_, most)| number > most) && allowed(token) {
            found = Some((token, number));
        }
    }
    found.map(|(token, _)| token)
}

/// Probabilities of some tokens, given that it is one of them.
fn softmax(numbers: &[f32], tokens: &[u32]) -> Vec<f32> {
    let of = |&token: &u32| usize::try_from(token).map_or(0.0, |token| numbers[token]);
    let most = tokens.iter().map(of).fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = tokens
        .iter()
        .map(|token| (of(token) - most).exp())
        .collect();
    let total: f32 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
}

fn best(probabilities: &[f32]) -> usize {
    let mut best = 0;
    for (index, &probability) in probabilities.iter().enumerate() {
        if probability > probabilities[best] {
            best = index;
        }
    }
    best
}
