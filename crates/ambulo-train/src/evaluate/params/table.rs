//! Every way to a gait parameter on the same recordings of people that none has learned from.

use std::collections::BTreeMap;
use std::rc::Rc;

use ambulo::metrics::agreement::{Line, calibration_line};
use ambulo::metrics::bootstrap;
use ambulo::metrics::correlation::pearson;
use ambulo_nn::codec::params::{Legs, ParamsTrack, Recipe, Target, Usable};
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::estimator::{Estimate, Estimator};
use serde::Serialize;

use super::forest::{Forest, ForestConfig};
use super::published::{PaperFigure, PaperNetwork, published};
use super::ridge::{FitError, Ridge};
use super::score::{Figure, Pair, SEED, Score};
use super::summary::summary;
use crate::motion::Role;
use crate::params::ParamsClip;

/// What is measured by events in a recording: the number of these legs in [`Target::unit`], a speed in leg
/// lengths a second.
pub type Measure<'a> = dyn FnMut(&ParamsClip, Target, Legs) -> Option<f64> + 'a;

/// Every way to one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParamsTable {
    /// The parameter.
    pub target: Target,
    /// Its unit.
    pub unit: &'static str,
    /// Recordings that were judged; of parameters of one leg each counts twice.
    pub recordings: usize,
    /// Recordings in which nothing can be estimated: too short, from the front, with gaps.
    pub refused: usize,
    /// People.
    pub people: usize,
    /// A row a way.
    pub rows: Vec<Row>,
    /// How much smaller the mean absolute error of the first STT is than that of the first 1D-CNN, on the same
    /// recordings.
    pub stt_over_cnn1d: Option<Figure>,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub way: String,
    /// What the paper gives for such a network, on other people.
    pub paper: Option<PaperFigure>,
    /// Ours.
    pub score: Option<Score>,
    /// The same of each person by itself.
    pub by_person: BTreeMap<String, PersonScore>,
    /// The share of truths within the estimate's 95 % interval, for what gives one.
    pub inside: Option<f64>,
    /// Why there is none.
    pub missing: Option<String>,
}

/// How well one person's recordings are estimated, in the target's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PersonScore {
    /// Estimates.
    pub n: usize,
    /// Pearson's correlation; `None` where one side does not vary.
    pub r: Option<f64>,
    /// Mean absolute error.
    pub mae: f64,
    /// Mean of estimate minus truth.
    pub bias: f64,
}

/// A recording, or one leg of one, with its truth.
struct Case<'a> {
    clip: &'a ParamsClip,
    /// The recording as networks see it; only for testing, for it is large.
    seen: Option<Rc<(ParamsTrack, Usable)>>,
    legs: Legs,
    truth: f64,
    features: Vec<f64>,
}

/// The recordings of a role that can be judged, and how many cannot.
fn cases(clips: &[ParamsClip], role: Role, target: Target) -> (Vec<Case<'_>>, usize) {
    let (mut cases, mut refused) = (Vec::new(), 0);
    for clip in clips.iter().filter(|clip| clip.role == role) {
        let track = ParamsTrack::new(&clip.keypoints, Recipe::Fixed);
        let prepared = track.and_then(|track| Ok((track.usable(None)?, track)));
        let Ok((usable, track)) = prepared else {
            refused += 1;
            continue;
        };
        let seen = Rc::new((track, usable));
        let (track, usable) = &*seen;
        for &legs in target.legs() {
            let Some(truth) = clip.truth.get(target, legs) else {
                continue;
            };
            let windows = usable.starts.iter();
            let frames: Vec<f32> = windows
                .filter_map(|&start| track.cnn1d_input(start, legs))
                .flatten()
                .collect();
            if !frames.is_empty() {
                cases.push(Case {
                    clip,
                    seen: (role == Role::Test).then(|| Rc::clone(&seen)),
                    legs,
                    truth,
                    features: summary(&frames, legs.columns()),
                });
            }
        }
    }
    (cases, refused)
}

fn learnable(cases: &[Case<'_>]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let rows = cases.iter().map(|case| case.features.clone());
    (
        rows.collect(),
        cases.iter().map(|case| case.truth).collect(),
    )
}

/// Judges every way on the recordings for testing: estimators of this target, ridge regression and a forest (both
/// learn from the recordings for training, the ridge's penalty is chosen on those for tuning), the mean of the
/// training, and what is measured by events (a speed in leg lengths becomes one in m/s by a line through the
/// recordings for tuning).
///
/// Trees grow on this many threads; any number of them gives the same table.
pub fn params_table(
    clips: &[ParamsClip],
    target: Target,
    estimators: &mut [Estimator],
    measure: &mut Measure<'_>,
    threads: usize,
) -> ParamsTable {
    let (test, refused) = cases(clips, Role::Test, target);
    let (train, _) = cases(clips, Role::Train, target);
    let (tune, _) = cases(clips, Role::Tune, target);
    let (mut rows, first) = by_networks(&test, target, estimators);
    rows.extend(by_summaries(&test, &train, &tune, threads));
    rows.push(by_events(&test, &tune, target, measure));
    let mut people: Vec<&str> = test.iter().map(|case| case.clip.person.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    let stt_over_cnn1d = match &first {
        [Some(stt), Some(cnn1d)] => difference(&test, stt, cnn1d),
        _ => None,
    };
    ParamsTable {
        target,
        unit: target.unit(),
        recordings: test.len(),
        refused,
        people: people.len(),
        rows,
        stt_over_cnn1d,
    }
}

/// Answers of the first STT and of the first 1D-CNN.
type First = [Option<Vec<Option<f64>>>; 2];

/// The rows of networks; a kind without weights still has the paper's figures.
fn by_networks(
    test: &[Case<'_>],
    target: Target,
    estimators: &mut [Estimator],
) -> (Vec<Row>, First) {
    let mut rows = Vec::new();
    let mut first: First = [None, None];
    for estimator in estimators.iter_mut().filter(|it| it.target() == target) {
        let (network, place) = match estimator.config() {
            NetworkConfig::Stt(_) => (PaperNetwork::Stt, 0),
            _ => (PaperNetwork::Cnn1d, 1),
        };
        let of = |case: &Case<'_>| -> Option<Estimate> {
            let estimate = if estimator.recipe() == Recipe::Fixed {
                let (track, usable) = &**case.seen.as_ref()?;
                estimator.estimate(track, usable, case.legs)
            } else {
                let track = ParamsTrack::new(&case.clip.keypoints, estimator.recipe()).ok()?;
                estimator.estimate(&track, &track.usable(None).ok()?, case.legs)
            };
            estimate.ok()?
        };
        let estimates: Vec<Option<Estimate>> = test.iter().map(of).collect();
        let found: Vec<Option<f64>> = estimates.iter().map(|it| Some((*it)?.value)).collect();
        let paper = Some(published(network, target));
        rows.push(Row {
            inside: share_inside(test, &estimates),
            ..row(network_name(estimator), test, &found, paper)
        });
        first[place].get_or_insert(found);
    }
    let kinds = [("STT", PaperNetwork::Stt), ("1D-CNN", PaperNetwork::Cnn1d)];
    for ((name, network), found) in kinds.into_iter().zip(&first) {
        if found.is_none() {
            rows.push(Row {
                way: name.to_owned(),
                paper: Some(published(network, target)),
                score: None,
                by_person: BTreeMap::new(),
                inside: None,
                missing: Some(format!("needs weights that estimate {}", target.name())),
            });
        }
    }
    (rows, first)
}

/// How often the truth lies within the interval.
fn share_inside(cases: &[Case<'_>], estimates: &[Option<Estimate>]) -> Option<f64> {
    let pairs = cases.iter().zip(estimates);
    let inside: Vec<bool> = pairs
        .filter_map(|(case, estimate)| {
            let [low, high] = (*estimate)?.ci95?;
            Some((low..=high).contains(&case.truth))
        })
        .collect();
    let count = inside.iter().filter(|inside| **inside).count();
    (!inside.is_empty()).then(|| count as f64 / inside.len() as f64)
}

/// What was fitted to summaries, or why nothing was.
type Fit<'a> = Result<&'a dyn Fn(&[f64]) -> f64, &'a FitError>;

/// The rows of what learns from the summary of a recording, and of the mean.
fn by_summaries(
    test: &[Case<'_>],
    train: &[Case<'_>],
    tune: &[Case<'_>],
    threads: usize,
) -> [Row; 3] {
    let (train_rows, train_targets) = learnable(train);
    let (tune_rows, tune_targets) = learnable(tune);
    let judged = |name: String, fit: Fit<'_>| match fit {
        Ok(fit) => {
            let found: Vec<_> = test.iter().map(|case| Some(fit(&case.features))).collect();
            row(name, test, &found, None)
        }
        Err(why) => Row {
            way: name,
            paper: None,
            score: None,
            by_person: BTreeMap::new(),
            inside: None,
            missing: Some(why.to_string()),
        },
    };
    let ridge = Ridge::tuned((&train_rows, &train_targets), (&tune_rows, &tune_targets));
    let ridge = match &ridge {
        Ok(ridge) => judged(
            format!("ridge regression (penalty {:e})", ridge.alpha),
            Ok(&|row| ridge.predict(row)),
        ),
        Err(why) => judged("ridge regression".to_owned(), Err(why)),
    };
    let config = ForestConfig::default();
    let forest = match &Forest::fit(&train_rows, &train_targets, &config, threads) {
        Ok(forest) => judged("random forest".to_owned(), Ok(&|row| forest.predict(row))),
        Err(why) => judged("random forest".to_owned(), Err(why)),
    };
    let mean = train_targets.iter().sum::<f64>() / train_targets.len() as f64;
    let mean = (!train_targets.is_empty()).then_some(mean);
    let found: Vec<_> = test.iter().map(|_| mean).collect();
    let mean = row("mean of the training".to_owned(), test, &found, None);
    [ridge, forest, mean]
}

/// The row of what is measured without any network; a speed in leg lengths becomes one in m/s by a line.
fn by_events(
    test: &[Case<'_>],
    tune: &[Case<'_>],
    target: Target,
    measure: &mut Measure<'_>,
) -> Row {
    let mut measured = |cases: &[Case<'_>]| -> Vec<Option<f64>> {
        let found = cases
            .iter()
            .map(|case| measure(case.clip, target, case.legs));
        found.collect()
    };
    let mut found = measured(test);
    let mut name = "measured by events".to_owned();
    if target == Target::Speed {
        name += ", in leg lengths; a line gives m/s";
        let line = line_of(tune, &measured(tune));
        for speed in &mut found {
            *speed = speed.zip(line).map(|(speed, line)| line.at(speed));
        }
    }
    row(name, test, &found, None)
}

/// The line from what was measured to what is true.
fn line_of(cases: &[Case<'_>], found: &[Option<f64>]) -> Option<Line> {
    let pairs = cases.iter().zip(found);
    let (found, truths): (Vec<f64>, Vec<f64>) = pairs
        .filter_map(|(case, found)| Some(((*found)?, case.truth)))
        .unzip();
    calibration_line(&found, &truths).ok()
}

fn network_name(estimator: &Estimator) -> String {
    let name = match estimator.config() {
        NetworkConfig::Stt(config) => format!("STT-{}", config.joints),
        NetworkConfig::Cnn1d(config) => format!("1D-CNN ({} series)", config.features),
        _ => String::new(),
    };
    let id = &estimator.info().id;
    if id.is_empty() {
        name
    } else {
        format!("{name}, {id}")
    }
}

fn row(way: String, cases: &[Case<'_>], found: &[Option<f64>], paper: Option<PaperFigure>) -> Row {
    let pairs: Vec<Pair<'_>> = cases
        .iter()
        .zip(found)
        .filter_map(|(case, found)| {
            Some(Pair {
                person: &case.clip.person,
                estimate: (*found)?,
                truth: case.truth,
            })
        })
        .collect();
    let score = Score::of(&pairs);
    Row {
        way,
        paper,
        missing: score.is_none().then(|| "gives no number here".to_owned()),
        inside: None,
        by_person: by_person(&pairs),
        score,
    }
}

fn by_person(pairs: &[Pair<'_>]) -> BTreeMap<String, PersonScore> {
    let mut people: BTreeMap<String, [Vec<f64>; 2]> = BTreeMap::new();
    for pair in pairs {
        let [estimates, truths] = people.entry(pair.person.to_owned()).or_default();
        estimates.push(pair.estimate);
        truths.push(pair.truth);
    }
    let score = |[estimates, truths]: [Vec<f64>; 2]| {
        let n = estimates.len();
        let errors = || estimates.iter().zip(&truths).map(|(e, t)| e - t);
        PersonScore {
            n,
            r: pearson(&estimates, &truths).ok().map(|pearson| pearson.r),
            mae: errors().map(f64::abs).sum::<f64>() / n as f64,
            bias: errors().sum::<f64>() / n as f64,
        }
    };
    let people = people.into_iter();
    people.map(|(name, both)| (name, score(both))).collect()
}

/// The mean absolute error of the second minus that of the first, with its interval over people.
fn difference(cases: &[Case<'_>], a: &[Option<f64>], b: &[Option<f64>]) -> Option<Figure> {
    let both = cases.iter().zip(a.iter().zip(b));
    let (people, differences): (Vec<&str>, Vec<f64>) = both
        .filter_map(|(case, (a, b))| {
            let [a, b] = [(*a)?, (*b)?].map(|it| (it - case.truth).abs());
            Some((case.clip.person.as_str(), b - a))
        })
        .unzip();
    let mean = |places: &[usize]| {
        let sum: f64 = places.iter().map(|&place| differences[place]).sum();
        [(!places.is_empty()).then(|| sum / places.len() as f64)]
    };
    let all: Vec<usize> = (0..differences.len()).collect();
    let [value] = mean(&all);
    let [ci95] = bootstrap::clustered(&people, SEED, mean);
    value.map(|value| Figure {
        value: Some(value),
        ci95,
    })
}

#[cfg(test)]
mod tests {
    use ambulo::Side;
    use ambulo::synth::{Camera, SeededRng, Walker, film, walk};

    use super::*;
    use crate::params::Truth;

    /// Recordings of people who walk at random cadences, two of each person.
    fn clips(role: Role, people: usize, rng: &mut SeededRng) -> Vec<ParamsClip> {
        let clip = |number: usize, cadence_spm: f64| {
            let walker = Walker {
                cadence_spm,
                strides: 9,
                ..Walker::default()
            };
            let trial = walk(&walker.at_rate(25.0)).unwrap();
            let camera = Camera {
                skeleton: "body25".to_owned(),
                ..Camera::beside(Side::Right, 20.0)
            };
            ParamsClip {
                name: format!("{role:?}-{number}"),
                person: format!("{role:?}-{}", number / 2),
                role,
                keypoints: film(&trial, &camera),
                near: Side::Right,
                truth: Truth {
                    cadence_hz: Some(cadence_spm / 120.0),
                    ..Truth::default()
                },
            }
        };
        (0..2 * people)
            .map(|number| clip(number, 85.0 + 40.0 * rng.unit()))
            .collect()
    }

    #[test]
    fn every_way_stands_beside_the_paper_s_figures() {
        let mut rng = SeededRng::new(8);
        let mut all = clips(Role::Train, 8, &mut rng);
        all.extend(clips(Role::Tune, 3, &mut rng));
        all.extend(clips(Role::Test, 4, &mut rng));
        let mut exact =
            |clip: &ParamsClip, target: Target, legs: Legs| clip.truth.get(target, legs);
        let table = params_table(&all, Target::Cadence, &mut [], &mut exact, 2);
        assert_eq!((table.recordings, table.people, table.refused), (8, 4, 0));
        let of = |way: &str| {
            table
                .rows
                .iter()
                .find(|row| row.way.starts_with(way))
                .unwrap()
        };
        assert_eq!(of("STT").paper.map(|paper| paper.r), Some(0.7421));
        assert!(
            of("1D-CNN")
                .missing
                .as_deref()
                .unwrap()
                .contains("estimate cadence")
        );
        let score = |way: &str| of(way).score.clone().unwrap();
        assert_eq!(score("measured").mae.value, Some(0.0));
        let people = &of("measured").by_person;
        assert!(people.len() == 4 && people.values().all(|one| (one.n, one.mae) == (2, 0.0)));
        assert_eq!(score("mean").r.value, None);
        let mean = score("mean").mae.value.unwrap();
        for way in ["ridge", "random forest"] {
            let found = score(way).mae.value.unwrap();
            assert!(found < mean, "{way}: {found} beside {mean}");
        }
        let text = table.to_text();
        for said in ["0.7421 / 0.1078", "random forest", "needs weights"] {
            assert!(text.contains(said), "{said} in {text}");
        }
    }

    #[test]
    fn intervals_are_judged_by_how_often_the_truth_lies_in_them() {
        let mut rng = SeededRng::new(10);
        let all = clips(Role::Test, 2, &mut rng);
        let (cases, _) = cases(&all, Role::Test, Target::Cadence);
        let off = |case: &Case<'_>, by: f64| Estimate {
            value: case.truth + by,
            ci95: Some([case.truth + by - 0.1, case.truth + by + 0.1]),
            windows: 1,
        };
        let found: Vec<Option<Estimate>> = cases
            .iter()
            .zip([0.05, -0.05, 0.2, 0.0])
            .map(|(case, by)| Some(off(case, by)))
            .collect();
        assert_eq!(share_inside(&cases, &found), Some(0.75));
        assert_eq!(share_inside(&cases, &[None; 4]), None);
    }

    #[test]
    fn a_speed_in_leg_lengths_becomes_metres_by_a_line_through_people_for_tuning() {
        let mut rng = SeededRng::new(9);
        let mut all = clips(Role::Tune, 2, &mut rng);
        all.extend(clips(Role::Test, 2, &mut rng));
        for (clip, speed) in all.iter_mut().zip([0.8, 1.0, 1.1, 1.4, 0.9, 1.2, 1.3, 0.7]) {
            clip.truth.speed_mps = Some(speed);
        }
        let mut legs = |clip: &ParamsClip, _: Target, _: Legs| {
            clip.truth.speed_mps.map(|speed| speed / 0.85 - 0.1)
        };
        let table = params_table(&all, Target::Speed, &mut [], &mut legs, 1);
        let measured = table.rows.last().unwrap().score.as_ref().unwrap();
        assert!(measured.mae.value.unwrap() < 1e-9);
        let ridge = table.rows.iter().find(|row| row.way.starts_with("ridge"));
        assert!(
            ridge
                .unwrap()
                .missing
                .as_deref()
                .unwrap()
                .contains("nothing to learn")
        );
    }
}
