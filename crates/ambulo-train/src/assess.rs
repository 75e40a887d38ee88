//! Learning and judging of the gait score from gait parameters: baseline 0 beside the networks.
//!
//! The walks are those of simulated people ([`crate::impairment`]), their numbers come from the path that analyses
//! motion capture, and people are split, not walks.

mod evaluate;
mod learn;
mod patients;

use std::collections::BTreeMap;
use std::path::Path;

use ambulo::assessment::features::Features;
use ambulo::motion::Motion3d;
use ambulo::parameters::ParameterId;
use serde::{Deserialize, Serialize};

use crate::impairment::{SCORES, WalkerSettings, Walkers};
use crate::motion::{MotionError, Role};

pub use evaluate::{Figure, Judged, ScoreTable, judged_by_folds};
pub use learn::{LearnError, learn, never_measured};
pub use patients::{PatientError, Session, SessionTable, sessions};

/// Settings of the training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssessRecipe {
    /// How walks are made.
    pub walkers: WalkerSettings,
    /// Walks of each person for each score.
    pub walks: u64,
    /// Trees of each forest.
    pub trees: usize,
    /// Walks that a leaf holds at least.
    pub least_leaf: usize,
    /// One feature in so many is looked at for a split.
    pub one_feature_in: usize,
    /// Share of the walks whose arms are taken for not measured, and of those whose feet are.
    pub unseen_share: f64,
    /// Share of the walks that are taken for too short to show how steady their steps are.
    pub short_share: f64,
    /// Share of the features that must have been measured for a score.
    pub least_measured_share: f64,
    /// The probability that the likeliest score must have.
    pub least_certain: f64,
    /// Parts that the people are divided into for judging.
    pub folds: usize,
}

impl Default for AssessRecipe {
    fn default() -> Self {
        Self {
            walkers: WalkerSettings::default(),
            walks: 12,
            trees: 60,
            least_leaf: 6,
            one_feature_in: 4,
            unseen_share: 0.1,
            short_share: 0.0,
            least_measured_share: 0.6,
            least_certain: 0.4,
            folds: 6,
        }
    }
}

impl AssessRecipe {
    /// Reads a recipe; what it leaves out has its default.
    ///
    /// # Errors
    ///
    /// The error of the TOML reader.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The recipe as it is read again.
    ///
    /// # Panics
    ///
    /// Never: numbers alone always have a TOML form.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("numbers have a TOML form")
    }
}

/// What was measured in a walk.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredWalk {
    /// What a score rests on.
    pub features: Features,
    /// Parameters of both sides together, for references of walkers without impairment.
    pub parameters: BTreeMap<ParameterId, f64>,
}

/// A simulated walk as it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// Whose recorded motion it was made from.
    pub person: String,
    /// What that person's recordings are for.
    pub role: Role,
    /// The score that it simulates.
    pub score: u8,
    /// What was measured.
    pub walk: MeasuredWalk,
}

/// Measures a motion; `None` where nothing could be.
pub type Measure<'a> = dyn FnMut(&Motion3d) -> Option<MeasuredWalk> + 'a;

/// Walks of everybody in a folder of recordings (`cmu` and `c3d/biomechzoo` in it), measured. `progress` is told how
/// many of how many people are done. Walks that cannot be made or measured are left out.
///
/// # Errors
///
/// [`MotionError`] if the recordings are missing or damaged.
pub fn examples(
    data: &Path,
    recipe: &AssessRecipe,
    measure: &mut Measure<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Example>, MotionError> {
    let walkers = Walkers::load(data)?;
    let people: Vec<(&str, Role)> = walkers.people().collect();
    let mut examples = Vec::new();
    for (done, &(person, role)) in people.iter().enumerate() {
        progress(done, people.len());
        for score in (0_u8..).take(SCORES) {
            for index in 0..recipe.walks {
                // Walks of unlike scores are made from unlike cycles.
                let index = index * SCORES as u64 + u64::from(score);
                let Ok(walk) = walkers.walk(person, score, index, &recipe.walkers) else {
                    continue;
                };
                examples.extend(measure(&walk.motion).map(|walk| Example {
                    person: person.to_owned(),
                    role,
                    score,
                    walk,
                }));
            }
        }
    }
    Ok(examples)
}
