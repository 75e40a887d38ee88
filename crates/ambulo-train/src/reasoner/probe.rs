//! How much of the score is in the tokens alone: a linear classifier over the rows of motion tokens, one person left out
//! at a time.
//!
//! Source: Wang et al. (2025), "AGIR", its protocol for encoders. A clip is the mean of its tokens' rows, normalised over
//! its numbers; clips vote, the most votes are the walk's score, of equals the one with the larger sum of outputs.
//!
//! Differences from the paper: clips are counted in tokens, 13 of 54 frames and 7 from one clip to the next (the paper
//! steps 27 frames); the table of tokens is taken for the "motion token embeddings".

use ambulo::assessment::score::SCORES;
use ambulo_nn::codec::text::Tokenizer;
use ambulo_nn::networks::t5::{T5, T5Error};

use super::walks::GaitText;
use crate::assess::Judged;

/// Tokens of a clip, and from one to the next.
const CLIP: usize = 13;
const STRIDE: usize = 7;
/// Steps of the classifier's descent, its step size, and how much its weights cost.
const STEPS: usize = 300;
const RATE: f64 = 0.5;
const PENALTY: f64 = 1e-3;
const EPS: f64 = 1e-5;

/// A walk as its clips, normalised, `[clips][dim]`.
struct Clips {
    person: String,
    score: u8,
    rows: Vec<Vec<f64>>,
}

/// Scores of walks by classifiers that have not seen the person, as shares of the clips' votes.
///
/// # Errors
///
/// [`T5Error`] if the tokenizer is not that of the network.
pub fn probed(t5: &T5, tokenizer: &Tokenizer, walks: &[&GaitText]) -> Result<Vec<Judged>, T5Error> {
    let walks: Vec<Clips> = walks
        .iter()
        .map(|walk| clips(t5, tokenizer, walk))
        .collect::<Result<_, _>>()?;
    let mut people: Vec<&str> = walks.iter().map(|walk| walk.person.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    let mut judged = Vec::with_capacity(walks.len());
    for person in people {
        let seen = walks.iter().filter(|walk| walk.person != person);
        let rows: Vec<(&[f64], usize)> = seen
            .flat_map(|walk| {
                let score = usize::from(walk.score);
                walk.rows.iter().map(move |clip| (clip.as_slice(), score))
            })
            .collect();
        let classifier = Classifier::learn(&rows);
        for walk in walks.iter().filter(|walk| walk.person == person) {
            judged.push(Judged {
                person: walk.person.clone(),
                truth: walk.score,
                probabilities: classifier.votes(&walk.rows),
            });
        }
    }
    Ok(judged)
}

fn clips(t5: &T5, tokenizer: &Tokenizer, walk: &GaitText) -> Result<Clips, T5Error> {
    let codes = walk.codes.first().map_or(&[][..], Vec::as_slice);
    let missing = T5Error::Format {
        what: "has no token for a code of the motion",
    };
    let motion = tokenizer.motion(codes).ok_or(missing)?;
    let inner = motion.get(1..motion.len().saturating_sub(1));
    let rows = inner
        .unwrap_or_default()
        .iter()
        .map(|&token| t5.embedding(token))
        .collect::<Result<Vec<_>, _>>()?;
    let length = CLIP.min(rows.len()).max(1);
    let clips = rows.windows(length).step_by(STRIDE).map(mean).collect();
    Ok(Clips {
        person: walk.person.clone(),
        score: walk.score,
        rows: clips,
    })
}

/// The mean of rows, normalised over its numbers.
fn mean(rows: &[Vec<f32>]) -> Vec<f64> {
    let dim = rows.first().map_or(0, Vec::len);
    let mut sum = vec![0.0; dim];
    for row in rows {
        for (sum, &x) in sum.iter_mut().zip(row) {
            *sum += f64::from(x) / rows.len() as f64;
        }
    }
    let centre = sum.iter().sum::<f64>() / dim as f64;
    let square = sum.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / dim as f64;
    let scale = 1.0 / (square + EPS).sqrt();
    sum.iter().map(|x| (x - centre) * scale).collect()
}

/// Softmax regression: weights and an offset for each score.
struct Classifier {
    weights: Vec<Vec<f64>>,
}

impl Classifier {
    /// By steps along the gradient of the mean cross-entropy of all rows.
    fn learn(rows: &[(&[f64], usize)]) -> Self {
        let dim = rows.first().map_or(0, |(row, _)| row.len());
        let mut own = Self {
            weights: vec![vec![0.0; dim + 1]; SCORES],
        };
        // Rows have a mean square of 1: their number bounds the curvature.
        let rate = RATE * 4.0 / (dim + 1) as f64;
        for _ in 0..STEPS {
            let mut gradient = vec![vec![0.0; dim + 1]; SCORES];
            for (row, score) in rows {
                let shares = softmax(&own.outputs(row));
                for (place, (gradient, share)) in gradient.iter_mut().zip(shares).enumerate() {
                    let wrong = share - f64::from(u8::from(place == *score));
                    for (gradient, &x) in gradient.iter_mut().zip(*row) {
                        *gradient += wrong * x;
                    }
                    gradient[dim] += wrong;
                }
            }
            for (weights, gradient) in own.weights.iter_mut().zip(&gradient) {
                for (weight, gradient) in weights.iter_mut().zip(gradient) {
                    *weight -= rate * (gradient / rows.len().max(1) as f64 + PENALTY * *weight);
                }
            }
        }
        own
    }

    fn outputs(&self, row: &[f64]) -> [f64; SCORES] {
        std::array::from_fn(|score| {
            let weights = &self.weights[score];
            let offset = weights.last().copied().unwrap_or(0.0);
            offset + weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>()
        })
    }

    /// Shares of the votes, the winner of equals a little ahead.
    fn votes(&self, clips: &[Vec<f64>]) -> Vec<f64> {
        let mut votes = [0.0; SCORES];
        let mut sums = [0.0; SCORES];
        for clip in clips {
            let outputs = self.outputs(clip);
            votes[best(&outputs)] += 1.0 / clips.len() as f64;
            for (sum, output) in sums.iter_mut().zip(outputs) {
                *sum += output;
            }
        }
        let most = votes[best(&votes)];
        let tied = sums.iter().zip(&votes).map(
            |(&sum, &vote)| {
                if vote < most { f64::NEG_INFINITY } else { sum }
            },
        );
        let tied: Vec<f64> = tied.collect();
        votes[best(&tied)] += 1e-9;
        votes.to_vec()
    }
}

fn best(values: &[f64]) -> usize {
    let mut best = 0;
    for (place, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = place;
        }
    }
    best
}

fn softmax(outputs: &[f64; SCORES]) -> [f64; SCORES] {
    let most = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers = outputs.map(|x| (x - most).exp());
    let total: f64 = powers.iter().sum();
    powers.map(|power| power / total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classifier_finds_what_is_linear_and_votes_decide() {
        let rows: Vec<Vec<f64>> = (0..SCORES)
            .map(|score| {
                (0..8)
                    .map(|x| if x == score { 2.0 } else { -0.2 })
                    .collect()
            })
            .collect();
        let examples: Vec<(&[f64], usize)> = rows
            .iter()
            .enumerate()
            .map(|(score, row)| (row.as_slice(), score))
            .collect();
        let classifier = Classifier::learn(&examples);
        for (row, score) in &examples {
            assert_eq!(best(&classifier.outputs(row)), *score);
        }
        let clips = [rows[2].clone(), rows[1].clone(), rows[2].clone()];
        assert_eq!(best(&classifier.votes(&clips)), 2);
        let sure: Vec<f64> = rows[3].iter().map(|x| 2.0 * x).collect();
        let tied = [rows[0].clone(), sure];
        assert_eq!(best(&classifier.votes(&tied)), 3, "the surer clip decides");
    }
}
