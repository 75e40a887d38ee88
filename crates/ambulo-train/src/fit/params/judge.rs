//! How good a network under training is: estimates of recordings, corrected by a line.

use std::collections::{BTreeMap, BTreeSet};

use ambulo_nn::codec::params::{Correction, Residuals};

use super::ParamsLesson;
use crate::batch::Validation;
use crate::params::{ParamsRow, Scale, line};

/// Windows that are estimated at once.
const BATCH: usize = 64;

/// The recordings that a network is judged by.
#[derive(Debug)]
pub(super) struct Judge {
    scale: Scale,
    /// Those that the correction is fitted to.
    fitted: Vec<ParamsRow>,
    /// Those of other people.
    held: Vec<ParamsRow>,
}

/// What a judge found.
pub(super) struct Judgement {
    pub(super) validation: Validation,
    /// The correction, and what it leaves on people who taught nothing, as notes of weights.
    pub(super) notes: BTreeMap<String, String>,
}

/// A network seen from outside: windows and their number to one estimate each.
type Estimate<'a> = dyn FnMut(Vec<f32>, usize) -> Vec<f32> + 'a;

impl Judge {
    pub(super) fn new(data: &ParamsLesson, scale: Scale, fitted: Option<usize>) -> Self {
        let step = fitted.map_or(1, |most| data.train.len().div_ceil(most.max(1)).max(1));
        Self {
            scale,
            fitted: data.train.iter().step_by(step).cloned().collect(),
            held: data.tune.clone(),
        }
    }

    /// `None` if the estimates of the recordings that were learned from do not differ.
    pub(super) fn judge(&self, estimate: &mut Estimate<'_>) -> Option<Judgement> {
        let fitted = self.estimates(&self.fitted, estimate);
        // A network that answers the same to everything, or the wrong way round, has no line: the mean of the
        // truth is then the estimate.
        let rising = line(&fitted).filter(|[slope, _]| *slope > 0.0);
        let [slope, intercept] = rising.unwrap_or_else(|| {
            let mean = fitted.iter().map(|[_, truth]| truth).sum::<f64>();
            [1e-9, mean / fitted.len().max(1) as f64]
        });
        let held = self.estimates(&self.held, estimate);
        let errors: Vec<f64> = held
            .iter()
            .map(|[found, truth]| intercept + slope * found - truth)
            .collect();
        let count = errors.len() as f64;
        if errors.is_empty() {
            return None;
        }
        let rmse = (errors.iter().map(|e| e * e).sum::<f64>() / count).sqrt();
        let mae = errors.iter().map(|e| e.abs()).sum::<f64>() / count;
        let mean = held.iter().map(|[_, truth]| truth).sum::<f64>() / count;
        let mean_mae = held
            .iter()
            .map(|[_, truth]| (truth - mean).abs())
            .sum::<f64>()
            / count;
        let correction = Correction {
            target_min: self.scale.min,
            target_range: self.scale.range,
            ols_slope: slope,
            ols_intercept: intercept,
        };
        let people: BTreeSet<&str> = self.held.iter().map(|row| row.person.as_str()).collect();
        let [found, truth] = [0, 1].map(|side| -> Vec<f64> {
            let corrected = |pair: &[f64; 2]| match side {
                0 => intercept + slope * pair[0],
                _ => pair[1],
            };
            held.iter().map(corrected).collect()
        });
        let mut notes = BTreeMap::from([(Correction::NOTE.to_owned(), text(&correction))]);
        if let Some(residuals) = Residuals::of(&found, &truth, people.len()) {
            notes.insert(Residuals::NOTE.to_owned(), text(&residuals));
        }
        Some(Judgement {
            validation: Validation {
                score: rmse,
                figures: vec![
                    ("mae".to_owned(), mae),
                    ("mean predictor's mae".to_owned(), mean_mae),
                    ("r".to_owned(), correlation(&held)),
                    ("slope".to_owned(), slope),
                ],
            },
            notes,
        })
    }

    /// The mean estimate of each recording in the target's unit, and its target.
    fn estimates(&self, rows: &[ParamsRow], estimate: &mut Estimate<'_>) -> Vec<[f64; 2]> {
        let windows: Vec<&Vec<f32>> = rows.iter().flat_map(|row| &row.windows).collect();
        let mut answers = Vec::with_capacity(windows.len());
        for batch in windows.chunks(BATCH) {
            let numbers = batch.iter().flat_map(|window| window.iter().copied());
            answers.extend(estimate(numbers.collect(), batch.len()));
        }
        let mut answers = answers.into_iter();
        rows.iter()
            .map(|row| {
                let own = answers.by_ref().take(row.windows.len());
                let mean = own.map(f64::from).sum::<f64>() / row.windows.len().max(1) as f64;
                [self.scale.unscaled(mean), row.target]
            })
            .collect()
    }
}

fn text(note: &impl serde::Serialize) -> String {
    serde_json::to_string(note).expect("notes are plain numbers")
}

/// Pearson's correlation; 0 where one side does not vary.
fn correlation(pairs: &[[f64; 2]]) -> f64 {
    let count = pairs.len() as f64;
    let mean = |side: usize| pairs.iter().map(|pair| pair[side]).sum::<f64>() / count;
    let means = [mean(0), mean(1)];
    let product = |a: usize, b: usize| -> f64 {
        let pairs = pairs.iter();
        pairs.map(|p| (p[a] - means[a]) * (p[b] - means[b])).sum()
    };
    let spread = (product(0, 0) * product(1, 1)).sqrt();
    if spread > 0.0 {
        product(0, 1) / spread
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use ambulo_nn::codec::params::{Legs, Target};

    use super::*;
    use crate::motion::Role;

    #[test]
    fn estimates_are_corrected_by_the_line_of_those_that_were_learned_from() {
        let row = |value: f32, target: f64| ParamsRow {
            recording: String::new(),
            person: String::new(),
            role: Role::Train,
            legs: Legs::Both,
            windows: vec![vec![value], vec![value + 0.5]],
            target,
        };
        let data = ParamsLesson {
            target: Target::Speed,
            // The mean of the windows is a quarter more; unscaled 2 + 4 of it.
            train: vec![row(0.0, 1.0), row(1.0, 9.0), row(0.5, 5.0)],
            tune: vec![row(0.25, 4.0), row(0.75, 8.0)],
        };
        let scale = Scale {
            min: 2.0,
            range: 4.0,
        };
        let judge = Judge::new(&data, scale, None);
        let found = judge.judge(&mut |windows, _| windows).unwrap();
        // Truth is 8 v + 1, so held-out estimates are 3 and 7.
        assert!((found.validation.score - 1.0).abs() < 1e-6);
        let figures: BTreeMap<_, _> = found.validation.figures.into_iter().collect();
        assert!((figures["slope"] - 2.0).abs() < 1e-6 && (figures["r"] - 1.0).abs() < 1e-9);
        let correction = Correction::from_json(found.notes["correction"].as_bytes()).unwrap();
        assert!((correction.ols_intercept + 5.0).abs() < 1e-5);
        assert!(found.notes.contains_key(Residuals::NOTE));
    }
}
