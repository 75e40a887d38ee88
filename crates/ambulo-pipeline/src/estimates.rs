//! Gait parameters that networks estimate from keypoints alone, beside those that are measured.

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo::analysis::{Indices, Learned, Method};
use ambulo::bouts::{Bout, BoutKind};
use ambulo::keypoints::Keypoints2d;
use ambulo::parameters::{GaitParameters, ParameterId, Status};
use ambulo_nn::codec::params::{Legs, ParamsTrack, Recipe, Target};
use ambulo_nn::estimator::{Estimator, EstimatorError};
use ambulo_nn::threads::Threads;
use ambulo_nn::weights;

/// What estimators gave for a recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estimates {
    /// Estimates by name, as in [`ambulo::analysis::Analysis::learned`].
    pub learned: BTreeMap<String, Learned>,
    /// Why there is no estimate, by the same names.
    pub not_estimated: BTreeMap<String, String>,
    /// SHA-256 of each weights file, by the name of its target.
    pub weights_sha256: BTreeMap<String, String>,
    /// How it was done; `None` without estimators.
    pub method: Option<Method>,
}

/// The estimators that come with the program, one for each target: the first in the table.
///
/// # Errors
///
/// [`EstimatorError`] if the program was built with weights that cannot be used.
pub fn shipped() -> Result<Vec<Estimator>, EstimatorError> {
    let mut estimators: Vec<Estimator> = Vec::new();
    // Others are larger and need not be read.
    let params = weights::shipped()
        .iter()
        .filter(|it| it.id.starts_with("params_"));
    for shipped in params {
        let Ok(weights) = shipped.load() else {
            continue;
        };
        if !weights.info().notes.contains_key(Target::NOTE) {
            continue;
        }
        let estimator = Estimator::new(&weights, Threads::default())?;
        let is_new = |known: &Estimator| known.target() != estimator.target();
        if estimators.iter().all(is_new) {
            estimators.push(estimator);
        }
    }
    Ok(estimators)
}

/// What of a recording is already known when its parameters are estimated.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The stretches of walking.
    pub bouts: &'a [Bout],
    /// What was measured.
    pub parameters: &'a GaitParameters,
    /// Indices of what was measured.
    pub indices: &'a Indices,
}

/// Estimates every parameter that an estimator is given for. There is never a number without an interval: what
/// cannot be estimated is named with what to do about it.
pub fn estimates(
    keypoints: &Keypoints2d,
    known: &Known<'_>,
    estimators: &mut [Estimator],
) -> Estimates {
    let mut found = Estimates::default();
    if estimators.is_empty() {
        return found;
    }
    let straight = known
        .bouts
        .iter()
        .filter(|it| it.kind == BoutKind::Straight);
    let walking_s: Vec<[f64; 2]> = straight.map(|it| [it.start_s, it.end_s]).collect();
    let mut tracks: Vec<(Recipe, Result<ParamsTrack, _>)> = Vec::new();
    for estimator in &mut *estimators {
        let recipe = estimator.recipe();
        if tracks.iter().all(|(known, _)| *known != recipe) {
            tracks.push((recipe, ParamsTrack::new(keypoints, recipe)));
        }
    }
    for estimator in &mut *estimators {
        let recipe = estimator.recipe();
        let track = tracks.iter().find(|(known, _)| *known == recipe);
        for &legs in estimator.target().legs() {
            let name = name(estimator.target(), legs);
            match track.map(|(_, track)| learned(track.as_ref(), &walking_s, estimator, legs)) {
                Some(Ok(mut learned)) => {
                    learned.leads = !is_measured(&name, &learned.unit, known);
                    found.learned.insert(name, learned);
                }
                Some(Err(why)) => {
                    found.not_estimated.insert(name, why);
                }
                None => {}
            }
        }
        if let Some(sha256) = estimator.sha256() {
            let key = format!("params_{}", estimator.target().name());
            found.weights_sha256.insert(key, sha256.to_owned());
        }
    }
    found.method = Some(method(estimators));
    found
}

/// The name of an estimate in `result.json`.
fn name(target: Target, legs: Legs) -> String {
    let base = match target {
        Target::Gdi => "gdi_star",
        other => other.name(),
    };
    match legs {
        Legs::Both => base.to_owned(),
        Legs::One(side) => format!("{base}_{}", side.name()),
    }
}

/// The unit that people read, and how many of it are one of the network's.
fn unit(target: Target) -> (&'static str, f64) {
    match target {
        Target::Gdi => (target.unit(), 1.0),
        Target::KneeFlexionMaximumExtension => {
            (ParameterId::KneeFlexionMaximumExtension.unit(), 1.0)
        }
        Target::Speed => (ParameterId::Speed.unit(), 1.0),
        Target::Cadence => (ParameterId::Cadence.unit(), 120.0),
    }
}

fn learned(
    track: Result<&ParamsTrack, &ambulo_nn::codec::params::ParamsError>,
    walking_s: &[[f64; 2]],
    estimator: &mut Estimator,
    legs: Legs,
) -> Result<Learned, String> {
    let track = track.map_err(ToString::to_string)?;
    let usable = track
        .usable(Some(walking_s))
        .map_err(|error| error.to_string())?;
    let estimate = estimator.estimate(track, &usable, legs);
    let estimate = estimate.map_err(|error| error.to_string())?;
    let estimate = estimate.ok_or("no stretch of 5 s has all numbers that the network reads")?;
    let ci95 = estimate.ci95.ok_or(
        "the network's weights do not say how far it errs, so its number would have no interval",
    )?;
    let (unit, factor) = unit(estimator.target());
    let info = estimator.info();
    Ok(Learned {
        value: factor * estimate.value,
        unit: unit.to_owned(),
        ci95: ci95.map(|end| factor * end),
        model: format!("{} {}", info.id, info.version).trim().to_owned(),
        status: if usable.cautions.is_empty() {
            Status::Valid
        } else {
            Status::Caution
        },
        reason: (!usable.cautions.is_empty()).then(|| usable.cautions.join("; ")),
        leads: false,
    })
}

/// Whether a number was measured in the same unit: a speed in leg lengths, for want of a scale, is not.
fn is_measured(name: &str, unit: &str, known: &Known<'_>) -> bool {
    let (base, side) = Side::BOTH
        .into_iter()
        .find_map(|side| {
            Some((
                name.strip_suffix(side.name())?.strip_suffix('_')?,
                Some(side),
            ))
        })
        .unwrap_or((name, None));
    let Some(id) = ParameterId::ALL.iter().find(|id| id.name() == base) else {
        return side.is_some_and(|side| known.indices.gdi_star.get(side).is_some());
    };
    let Some(summary) = known.parameters.get(id) else {
        return false;
    };
    let summary = match side {
        Some(Side::Left) => &summary.left,
        Some(Side::Right) => &summary.right,
        None => &summary.both,
    };
    let summary = summary.as_ref().filter(|it| it.status != Status::Withheld);
    summary.is_some_and(|it| it.value.is_some() && it.unit == unit)
}

fn method(estimators: &[Estimator]) -> Method {
    let settings = estimators.iter().map(|estimator| {
        let info = estimator.info();
        let residuals = estimator.residuals().map_or_else(
            || "no residuals".to_owned(),
            |it| {
                format!(
                    "errors on {} people for tuning: {:.3} {} (root mean square)",
                    it.people,
                    it.rms,
                    estimator.target().unit()
                )
            },
        );
        let value = format!("{} ({}); {residuals}", info.id, estimator.config().model());
        (estimator.target().name().to_owned(), value)
    });
    Method {
        stage: "estimates".to_owned(),
        description: "Networks estimated gait parameters from windows of 5 s of the keypoints at 25 Hz, in \
                      lengths of the thigh; the mean over the windows was corrected by a line, and the interval comes \
                      from errors on people who took no part in training, widened where the recording is unlike \
                      theirs. A measured number goes before them."
            .to_owned(),
        settings: settings.collect(),
    }
}
