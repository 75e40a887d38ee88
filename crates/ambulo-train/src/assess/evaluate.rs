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

const MEASURES: usize = 14;
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
    "mean certainty",
    "Brier score",
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

    /// Σ (probability − truth)² over the scores.
    fn brier(&self) -> f64 {
        let scores = self.probabilities.iter().zip(0..);
        let wrong = scores
            .map(|(probability, score)| probability - f64::from(u8::from(score == self.truth)));
        wrong.map(|it| it * it).sum()
    }
}

impl ScoreTable {
    /// The table of these walks; `least_certain` is the probability from which a score is given. `None` without walks.
    ///
    /// Every walk counts by its likeliest score, abstentions too; of equals the lower. A score that is never given has
    /// precision 0. The majority class is that of the walks themselves.
    pub fn of(judged: &[Judged], least_certain: f64) -> Option<Self> {
        let people: Vec<&str> = judged.iter().map(|it| it.person.as_str()).collect();
        let mut distinct = people.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let mut counts = [0_usize; SCORES];
        for it in judged {
            *counts.get_mut(usize::from(it.truth))? += 1;
        }
        let majority = (0..SCORES).max_by_key(|&score| (counts[score], SCORES - score))?;
        let drawn = |places: &[usize]| -> Vec<&Judged> {
            places.iter().map(|&place| &judged[place]).collect()
        };
        let all: Vec<&Judged> = judged.iter().collect();
        let confusion = confusion(&all)?;
        let values = measures(&all, majority);
        let intervals =
            bootstrap::clustered(&people, SEED, |places| measures(&drawn(places), majority));
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
    /// (macro) or by how often they are true (weighted). The mean certainty is that of the likeliest score: above the
    /// accuracy, probabilities are too sure. The Brier score is the mean of Σ (probability − truth)² over the four
    /// scores: 0.75 if all are always alike. Both are of the walks that were given probabilities.
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

fn confusion(judged: &[&Judged]) -> Option<Confusion> {
    let found = judged.iter().map(|it| likeliest(&it.probabilities).0);
    let found: Vec<usize> = found.map(usize::from).collect();
    let truths: Vec<usize> = judged.iter().map(|it| usize::from(it.truth)).collect();
    Confusion::new(&found, &truths, SCORES).ok()
}

fn measures(judged: &[&Judged], majority: usize) -> [Option<f64>; MEASURES] {
    let Some(confusion) = confusion(judged) else {
        return [None; MEASURES];
    };
    let [macro_, weighted] = [Average::Macro, Average::Weighted].map(|it| confusion.averaged(it));
    let often = judged.iter().filter(|it| usize::from(it.truth) == majority);
    let answered: Vec<&Judged> = judged
        .iter()
        .copied()
        .filter(|it| !it.probabilities.is_empty())
        .collect();
    let mean = |of: fn(&Judged) -> f64| {
        let sum: f64 = answered.iter().map(|it| of(it)).sum();
        (!answered.is_empty()).then(|| sum / answered.len() as f64)
    };
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
        mean(|it| likeliest(&it.probabilities).1),
        mean(Judged::brier),
        Some(often.count() as f64 / judged.len() as f64),
    ]
}
