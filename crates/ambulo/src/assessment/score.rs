//! A gait score from the numbers of a walk: 0 no problem, 1 slight, 2 clear, 3 strong impairment.
//!
//! The scale is that of the item "gait" of the MDS-UPDRS, in words of our own. A score describes one walk; it is no
//! diagnosis, and whether a person needs a stick or a frame (which the scale's 3 asks for) is not in a motion.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::NormValue;
use super::features::{Feature, Features};
use super::forest::{Forest, ForestError};
use crate::parameters::ParameterId;

/// Missing numbers that a refusal names.
const NAMED: usize = 4;

/// Scores that are told apart: 0 to 3.
pub const SCORES: usize = 4;

/// Whatever gives probabilities of scores from the numbers of a walk.
pub trait Scorer {
    /// Its identity.
    fn id(&self) -> &str;

    /// Probability of each score, 0 first.
    ///
    /// # Errors
    ///
    /// [`Unscored`] if too little was measured.
    fn probabilities(&self, features: &Features) -> Result<Vec<f64>, Unscored>;

    /// The probability that the likeliest score must have; below it there is no score.
    fn least_certain(&self) -> f64;
}

/// Why there is no score.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unscored {
    /// Too few of the numbers that it rests on were measured.
    #[error(
        "of {needed} numbers that the score rests on, {measured} were measured; missing are {missing}"
    )]
    TooLittleMeasured {
        /// Numbers that were measured.
        measured: usize,
        /// All that it rests on.
        needed: usize,
        /// The others.
        missing: String,
    },
    /// No score is likely enough.
    #[error(
        "no score is likely enough: the likeliest, {score}, has a probability of {probability:.2}, and \
         {least:.2} is needed"
    )]
    Flat {
        /// The likeliest score.
        score: u8,
        /// Its probability.
        probability: f64,
        /// What it must be.
        least: f64,
    },
}

/// A score, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Identity of the scorer.
    pub scorer: String,
    /// Probability of each score; empty where too little was measured.
    pub probabilities: Vec<f64>,
    /// The likeliest score, or why there is none.
    pub score: Result<u8, Unscored>,
}

/// Scores a walk.
pub fn score(scorer: &dyn Scorer, features: &Features) -> Scored {
    let name = scorer.id().to_owned();
    let probabilities = match scorer.probabilities(features) {
        Ok(probabilities) => probabilities,
        Err(why) => {
            return Scored {
                scorer: name,
                probabilities: Vec::new(),
                score: Err(why),
            };
        }
    };
    let (score, probability) = likeliest(&probabilities);
    let least = scorer.least_certain();
    Scored {
        scorer: name,
        score: if probability < least {
            Err(Unscored::Flat {
                score,
                probability,
                least,
            })
        } else {
            Ok(score)
        },
        probabilities,
    }
}

/// The score with the greatest probability (of equals the lower), and it.
pub fn likeliest(probabilities: &[f64]) -> (u8, f64) {
    let mut best = (0, f64::NEG_INFINITY);
    for (score, &probability) in (0_u8..).zip(probabilities) {
        if probability > best.1 {
            best = (score, probability);
        }
    }
    best
}

/// A random forest over some features: "baseline 0" beside the networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForestScorer {
    /// Its identity.
    pub id: String,
    /// Names of the features in the order of the forest's columns.
    pub features: Vec<String>,
    /// What stands in for a feature that was not measured: the median of those it learned from.
    pub typical: Vec<f64>,
    /// How many of the features must have been measured.
    pub least_measured: usize,
    /// The probability that the likeliest score must have.
    pub least_certain: f64,
    /// The trees.
    pub forest: Forest,
}

impl Scorer for ForestScorer {
    fn id(&self) -> &str {
        &self.id
    }

    fn probabilities(&self, features: &Features) -> Result<Vec<f64>, Unscored> {
        let found: Vec<Option<f64>> = self
            .features
            .iter()
            .map(|name| features.get(name))
            .collect();
        let measured = found.iter().flatten().count();
        if measured < self.least_measured {
            let names = self.features.iter().zip(&found);
            let missing: Vec<&str> = names
                .filter(|(_, value)| value.is_none())
                .map(|(name, _)| Feature::named(name).map_or(name.as_str(), |it| it.title))
                .collect();
            let rest = missing.len().saturating_sub(NAMED);
            let named = missing[..missing.len() - rest].join(", ");
            return Err(Unscored::TooLittleMeasured {
                measured,
                needed: self.features.len(),
                missing: match rest {
                    0 => named,
                    rest => format!("{named} and {rest} more"),
                },
            });
        }
        let row: Vec<f64> = found
            .iter()
            .zip(&self.typical)
            .map(|(value, typical)| value.unwrap_or(*typical))
            .collect();
        Ok(self.forest.predict(&row))
    }

    fn least_certain(&self) -> f64 {
        self.least_certain
    }
}

/// What a model file of the assessment holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreModel {
    /// Its version.
    pub version: String,
    /// What is known of it: data, command, seed, figures.
    pub notes: BTreeMap<String, String>,
    /// The forest over all features.
    pub whole: ForestScorer,
    /// The forest over joint angles of the legs alone.
    pub legs: ForestScorer,
    /// Values of the unimpaired walkers it learned from, for parameters without a published norm.
    pub references: BTreeMap<ParameterId, NormValue>,
}

/// Why a model file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ScoreModelError {
    /// The forest is damaged.
    #[error(transparent)]
    Forest(#[from] ForestError),
    /// It names a feature that there is not.
    #[error("there is no feature {name:?}")]
    UnknownFeature {
        /// The name.
        name: String,
    },
    /// Lists do not fit each other.
    #[error("the forest {id:?} has lists of unlike length, or does not answer {SCORES} scores")]
    Shape {
        /// The forest.
        id: String,
    },
}

impl ScoreModel {
    /// Checks a model that was read.
    ///
    /// # Errors
    ///
    /// [`ScoreModelError`] if it could not be used.
    pub fn checked(self) -> Result<Self, ScoreModelError> {
        Ok(Self {
            whole: self.whole.checked()?,
            legs: self.legs.checked()?,
            ..self
        })
    }
}

impl ForestScorer {
    fn checked(self) -> Result<Self, ScoreModelError> {
        let columns = self.features.len();
        let fits = self.typical.len() == columns
            && self.forest.columns == columns
            && self.forest.outputs == SCORES
            && self.least_measured <= columns;
        if !fits {
            return Err(ScoreModelError::Shape { id: self.id });
        }
        let is_unknown = |name: &&String| Feature::named(name).is_none();
        if let Some(name) = self.features.iter().find(is_unknown) {
            return Err(ScoreModelError::UnknownFeature { name: name.clone() });
        }
        Ok(Self {
            forest: self.forest.checked()?,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assessment::forest::Tree;
    use crate::kinematics::AngleCurves;
    use crate::parameters::GaitParameters;

    fn scorer(leaf: [f64; SCORES]) -> ForestScorer {
        ForestScorer {
            id: "test".to_owned(),
            features: vec!["trunk_lean".to_owned()],
            typical: vec![0.0],
            least_measured: 0,
            least_certain: 0.4,
            forest: Forest {
                columns: 1,
                outputs: SCORES,
                trees: vec![Tree {
                    column: vec![-1],
                    threshold: vec![0.0],
                    right: vec![0],
                    leaves: vec![leaf.to_vec()],
                }],
            },
        }
    }

    fn nothing() -> Features {
        Features::of(&GaitParameters::new(), &AngleCurves::new())
    }

    #[test]
    fn a_flat_answer_is_none() {
        let sure = score(&scorer([0.1, 0.6, 0.2, 0.1]), &nothing());
        assert_eq!(sure.score, Ok(1));
        let flat = score(&scorer([0.1, 0.3, 0.3, 0.3]), &nothing());
        assert!(matches!(flat.score, Err(Unscored::Flat { score: 1, .. })));
        assert_eq!(flat.probabilities.len(), SCORES);
    }

    #[test]
    fn without_measurements_there_is_no_score() {
        let strict = ForestScorer {
            least_measured: 1,
            ..scorer([1.0, 0.0, 0.0, 0.0])
        };
        let found = score(&strict, &nothing());
        let why = found.score.unwrap_err().to_string();
        assert!(
            why.contains("0 were measured; missing are trunk lean"),
            "{why}"
        );
        assert!(found.probabilities.is_empty());
    }

    #[test]
    fn models_that_do_not_fit_are_refused() {
        let unknown = ForestScorer {
            features: vec!["shoe_size".to_owned()],
            ..scorer([1.0, 0.0, 0.0, 0.0])
        };
        assert!(matches!(
            unknown.checked(),
            Err(ScoreModelError::UnknownFeature { .. })
        ));
        let short = ForestScorer {
            typical: Vec::new(),
            ..scorer([1.0, 0.0, 0.0, 0.0])
        };
        assert!(matches!(
            short.checked(),
            Err(ScoreModelError::Shape { .. })
        ));
    }
}
