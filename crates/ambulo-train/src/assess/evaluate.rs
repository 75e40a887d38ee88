//! How well scores are found in people that were never seen.

use std::fmt::Write as _;

use ambulo::assessment::score::{SCORES, ScoreModel, Scorer, likeliest};
use ambulo::metrics::bootstrap;
use ambulo::metrics::classification::{Average, Confusion, Weighting};

use super::learn::{LearnError, learn};
use super::{AssessRecipe, Example};

/// Seed of the draws for intervals: never changed, so that figures stay comparable.
const SEED: u64 = 61_006;

/// A walk with its probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Whose walk it is.
    pub person: String,
    /// Its score.
    pub truth: u8,
    /// Probability of each score; empty where none could be given.
    pub probabilities: Vec<f64>,
}

/// A measure with its 95 % interval over people.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    /// Over all walks.
    pub value: Option<f64>,
    /// By drawing people anew.
    pub ci95: Option<[f64; 2]>,
}

const MEASURES: usize = 12;
const NAMES: [&str; MEASURES] = [
    "accuracy",
    "balanced accuracy",
    "macro precision",
    "macro recall",
    "macro F1",
    "weighted precision",
    "weighted recall",
    "weighted F1",
    "kappa, linear weights",
    "kappa, quadratic weights",
    "mean absolute error",
    "majority class, accuracy",
];

/// Agreement of scores with the truth.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreTable {
    /// Walks that were judged.
    pub walks: usize,
    /// People.
    pub people: usize,
    /// Walks without a score, because too little was measured or the answer was flat.
    pub abstained: usize,
    /// Accuracy among the others.
    pub accuracy_if_answered: Option<f64>,
    /// Counts, one row a true score, one column the likeliest one.
    pub confusion: Vec<Vec<usize>>,
    figures: [Figure; MEASURES],
}

/// Judges every walk by a model that learned from other people: the people are divided into as many parts as the recipe
/// says, in the order of their names, and each part is judged by what the others taught. With the walks come the models
/// and the people that each of them has not seen.
///
/// # Errors
///
/// [`LearnError`] if a part cannot be learned from.
#[expect(clippy::type_complexity, reason = "two lists that belong together")]
pub fn judged_by_folds(
    examples: &[Example],
    recipe: &AssessRecipe,
    threads: usize,
    pick: fn(&ScoreModel) -> &dyn Scorer,
) -> Result<(Vec<Judged>, Vec<(Vec<String>, ScoreModel)>), LearnError> {
    let mut people: Vec<&str> = examples.iter().map(|it| it.person.as_str()).collect();
    people.sort_unstable();
    people.dedup();
    let folds = recipe.folds.clamp(2, people.len().max(2));
    let mut judged = Vec::new();
    let mut models = Vec::new();
    for fold in 0..folds {
        let held: Vec<&str> = people.iter().copied().skip(fold).step_by(folds).collect();
        let is_held = |example: &&Example| held.contains(&example.person.as_str());
        let seen: Vec<&Example> = examples.iter().filter(|it| !is_held(it)).collect();
        let model = learn(&seen, recipe, threads)?;
        for example in examples.iter().filter(is_held) {
            judged.push(Judged::of(pick(&model), example));
        }
        models.push((held.iter().map(|&name| name.to_owned()).collect(), model));
    }
    Ok((judged, models))
}

impl Judged {
    /// Judges a walk.
    pub fn of(scorer: &dyn Scorer, example: &Example) -> Self {
        Self {
            person: example.person.clone(),
            truth: example.score,
            probabilities: scorer
                .probabilities(&example.walk.features)
                .unwrap_or_default(),
        }
    }
}

impl ScoreTable {
    /// The table of these walks; `least_certain` is the probability from which a score is given. `None` without walks.
    ///
    /// Every walk counts by its likeliest score, abstentions too; of equals the lower. A score that is never given has
    /// precision 0. The majority class is that of the walks themselves.
    pub fn of(judged: &[Judged], least_certain: f64) -> Option<Self> {
        let truths: Vec<usize> = judged.iter().map(|it| usize::from(it.truth)).collect();
        let found: Vec<usize> = judged
            .iter()
            .map(|it| usize::from(likeliest(&it.probabilities).0))
            .collect();
        let people: Vec<&str> = judged.iter().map(|it| it.person.as_str()).collect();
        let mut distinct = people.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let mut counts = [0_usize; SCORES];
        for &truth in &truths {
            *counts.get_mut(truth)? += 1;
        }
        let majority = (0..SCORES).max_by_key(|&score| (counts[score], SCORES - score))?;
        let confusion = Confusion::new(&found, &truths, SCORES).ok()?;
        let measures = |places: &[usize]| measures(places, &found, &truths, majority);
        let all: Vec<usize> = (0..judged.len()).collect();
        let values = measures(&all);
        let intervals = bootstrap::clustered(&people, SEED, measures);
        let mut figures = [Figure {
            value: None,
            ci95: None,
        }; MEASURES];
        for ((figure, value), ci95) in figures.iter_mut().zip(values).zip(intervals) {
            *figure = Figure { value, ci95 };
        }
        let answers = |it: &&Judged| likeliest(&it.probabilities).1 >= least_certain;
        let answered: Vec<&Judged> = judged.iter().filter(answers).collect();
        let right = answered
            .iter()
            .filter(|it| likeliest(&it.probabilities).0 == it.truth);
        let right = right.count() as f64;
        Some(Self {
            walks: judged.len(),
            people: distinct.len(),
            abstained: judged.len() - answered.len(),
            accuracy_if_answered: (!answered.is_empty()).then(|| right / answered.len() as f64),
            confusion: confusion.counts().to_vec(),
            figures,
        })
    }

    /// Names and figures in the order of the table. Precision, recall and F1 are averaged over the scores alike
    /// (macro) or by how often they are true (weighted).
    pub fn figures(&self) -> impl Iterator<Item = (&'static str, Figure)> {
        NAMES.into_iter().zip(self.figures)
    }

    /// A figure by its name.
    pub fn figure(&self, name: &str) -> Option<Figure> {
        self.figures()
            .find(|(own, _)| *own == name)
            .map(|(_, figure)| figure)
    }

    /// The table for people.
    pub fn to_text(&self) -> String {
        let mut text = format!("  {} walks of {} people\n", self.walks, self.people);
        for (name, figure) in self.figures() {
            let value = figure
                .value
                .map_or_else(|| "–".to_owned(), |it| format!("{it:.3}"));
            let ci95 = figure.ci95.map_or_else(String::new, |[low, high]| {
                format!("  (95 % interval over people {low:.3} to {high:.3})")
            });
            let _ = writeln!(text, "  {name:<26} {value:>6}{ci95}");
        }
        let share = 100.0 * self.abstained as f64 / self.walks.max(1) as f64;
        let rest = self
            .accuracy_if_answered
            .map_or_else(|| "–".to_owned(), |it| format!("{it:.3}"));
        let _ = writeln!(
            text,
            "  no score given in {share:.1} % of the walks; accuracy of the others {rest}"
        );
        text.push_str("  true score, and how often each was the likeliest\n");
        for (score, row) in self.confusion.iter().enumerate() {
            let counts: Vec<String> = row.iter().map(|count| format!("{count:>5}")).collect();
            let _ = writeln!(text, "  {score}: {}", counts.join(""));
        }
        text
    }
}

fn measures(
    places: &[usize],
    found: &[usize],
    truths: &[usize],
    majority: usize,
) -> [Option<f64>; MEASURES] {
    let of = |list: &[usize]| -> Vec<usize> { places.iter().map(|&place| list[place]).collect() };
    let (found, truths) = (of(found), of(truths));
    let Ok(confusion) = Confusion::new(&found, &truths, SCORES) else {
        return [None; MEASURES];
    };
    let [macro_, weighted] = [Average::Macro, Average::Weighted].map(|it| confusion.averaged(it));
    let often = truths.iter().filter(|&&truth| truth == majority).count();
    [
        Some(confusion.accuracy()),
        Some(confusion.balanced_accuracy()),
        Some(macro_.precision),
        Some(macro_.recall),
        Some(macro_.f1),
        Some(weighted.precision),
        Some(weighted.recall),
        Some(weighted.f1),
        confusion.kappa(Weighting::Linear),
        confusion.kappa(Weighting::Quadratic),
        Some(confusion.mean_absolute_error()),
        Some(often as f64 / truths.len() as f64),
    ]
}
