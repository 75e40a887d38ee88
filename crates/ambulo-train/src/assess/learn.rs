//! From measured walks to a model file.

use std::collections::BTreeMap;

use ambulo::assessment::NormValue;
use ambulo::assessment::features::FEATURES;
use ambulo::assessment::forest::Forest;
use ambulo::assessment::score::{ForestScorer, SCORES, ScoreModel};
use ambulo::parameters::ParameterId;
use ambulo::synth::SeededRng;

use super::{AssessRecipe, Example};
use crate::forest::{ForestConfig, GrowError, grow};

/// Features of the forest for joint angles of the legs alone: ranges, which no zero of an angle can shift.
const LEG_FEATURES: [&str; 5] = [
    "hip_range",
    "knee_range",
    "ankle_range",
    "hip_range_asymmetry",
    "knee_range_asymmetry",
];
/// Features of arms, of steadiness and of feet, which recordings may lack or be too short for.
const ARMS: [&str; 3] = [
    "arm_swing_range",
    "lesser_arm_swing_range",
    "arm_swing_asymmetry",
];
const STEADINESS: [&str; 4] = [
    "step_time_cv",
    "stride_time_cv",
    "step_length_cv",
    "stride_length_cv",
];
const FEET: [&str; 5] = [
    "foot_height_per_leg",
    "toe_clearance_per_leg",
    "foot_strike_angle",
    "ankle_range",
    "least_dorsiflexion",
];
/// Parameters without a published norm that a rationale speaks of.
const REFERENCES: [ParameterId; 5] = [
    ParameterId::MaximumFootHeight,
    ParameterId::MinimumToeClearance,
    ParameterId::FootStrikeAngle,
    ParameterId::ArmSwingRange,
    ParameterId::TrunkLean,
];

/// Why no model could be learned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LearnError {
    /// The forest could not be grown.
    #[error(transparent)]
    Grow(#[from] GrowError),
    /// No feature was measured in any walk.
    #[error("nothing that a score could rest on was measured in any of the walks")]
    NothingMeasured,
}

/// What the features are called, for people, that none of the walks shows; a forest learned from these walks does without
/// them.
pub fn never_measured(examples: &[&Example]) -> Vec<&'static str> {
    let is_missing = |name: &str| {
        examples
            .iter()
            .all(|it| it.walk.features.get(name).is_none())
    };
    let missing = FEATURES.iter().filter(|feature| is_missing(feature.name));
    missing.map(|feature| feature.title).collect()
}

/// Learns from some walks. Features that none of them shows are left out ([`never_measured`]).
///
/// # Errors
///
/// [`LearnError`] without walks, or if nothing was measured in them.
pub fn learn(
    examples: &[&Example],
    recipe: &AssessRecipe,
    threads: usize,
) -> Result<ScoreModel, LearnError> {
    let all: Vec<&str> = FEATURES.iter().map(|feature| feature.name).collect();
    let people: std::collections::BTreeSet<&str> = examples
        .iter()
        .map(|example| example.person.as_str())
        .collect();
    let references = references(examples, people.len());
    Ok(ScoreModel {
        version: "1".to_owned(),
        notes: BTreeMap::new(),
        whole: scorer("assess_forest", &all, examples, recipe, threads)?,
        legs: scorer(
            "assess_forest_legs",
            &LEG_FEATURES,
            examples,
            recipe,
            threads,
        )?,
        references,
    })
}

fn scorer(
    id: &str,
    names: &[&str],
    examples: &[&Example],
    recipe: &AssessRecipe,
    threads: usize,
) -> Result<ForestScorer, LearnError> {
    // What no walk shows, such as arms without markers on them, cannot be learned from.
    let (names, typical): (Vec<&str>, Vec<f64>) = names
        .iter()
        .filter_map(|&name| {
            let values = examples.iter().filter_map(|it| it.walk.features.get(name));
            Some((name, in_six_digits(median(values.collect())?)))
        })
        .unzip();
    if names.is_empty() {
        return Err(LearnError::NothingMeasured);
    }
    let rows = rows(&names, &typical, examples, recipe);
    let targets: Vec<Vec<f64>> = examples
        .iter()
        .map(|example| {
            let mut target = vec![0.0; SCORES];
            target[usize::from(example.score).min(SCORES - 1)] = 1.0;
            target
        })
        .collect();
    let config = ForestConfig {
        trees: recipe.trees,
        least_leaf: recipe.least_leaf,
        one_column_in: recipe.one_feature_in,
        seed: recipe.walkers.seed,
    };
    let forest = grow(&rows, &targets, &config, threads)?;
    let least = recipe.least_measured_share * names.len() as f64;
    Ok(ForestScorer {
        id: id.to_owned(),
        features: names.iter().map(|&name| name.to_owned()).collect(),
        typical,
        least_measured: crate::film::whole(least.ceil()),
        least_certain: recipe.least_certain,
        forest: rounded(forest),
    })
}

/// The walks' features; in some of them arms, feet or steadiness are taken for not measured.
fn rows(
    names: &[&str],
    typical: &[f64],
    examples: &[&Example],
    recipe: &AssessRecipe,
) -> Vec<Vec<f64>> {
    let mut rng = SeededRng::new(recipe.walkers.seed ^ 0xA5);
    examples
        .iter()
        .map(|example| {
            let no_arms = rng.unit() < recipe.unseen_share;
            let no_feet = rng.unit() < recipe.unseen_share;
            let is_short = recipe.short_share > 0.0 && rng.unit() < recipe.short_share;
            let columns = names.iter().zip(typical);
            columns
                .map(|(name, typical)| {
                    let unseen = (no_arms && ARMS.contains(name))
                        || (no_feet && FEET.contains(name))
                        || (is_short && STEADINESS.contains(name));
                    let value = example.walk.features.get(name).filter(|_| !unseen);
                    value.unwrap_or(*typical)
                })
                .collect()
        })
        .collect()
}

/// Few digits keep the file small; a walk on the very edge of a split may fall to the other side.
fn rounded(mut forest: Forest) -> Forest {
    for tree in &mut forest.trees {
        for value in &mut tree.threshold {
            *value = in_six_digits(*value);
        }
        for value in tree.leaves.iter_mut().flatten() {
            *value = (*value * 1000.0).round() / 1000.0;
        }
    }
    forest
}

fn in_six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Mean and standard deviation over the walks of score 0.
fn references(examples: &[&Example], people: usize) -> BTreeMap<ParameterId, NormValue> {
    let healthy = examples.iter().filter(|example| example.score == 0);
    let healthy: Vec<_> = healthy.collect();
    REFERENCES
        .into_iter()
        .filter_map(|id| {
            let values: Vec<f64> = healthy
                .iter()
                .filter_map(|example| example.walk.parameters.get(&id).copied())
                .collect();
            let count = values.len() as f64;
            let mean = values.iter().sum::<f64>() / count;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let sd = (squares / (count - 1.0)).sqrt();
            (values.len() > 1 && sd > 0.0).then(|| {
                let source = format!(
                    "{} simulated walks without impairment from motion capture of {people} people (CMU, biomechZoo)",
                    values.len()
                );
                let norm = NormValue {
                    mean: in_six_digits(mean),
                    sd: in_six_digits(sd),
                    source,
                };
                (id, norm)
            })
        })
        .collect()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
