//! How well language models do on walks of people that they never saw, beside trivial answers.

use std::fmt::Write as _;

use ambulo::assessment::score::SCORES;
use ambulo::metrics::bootstrap;
use ambulo::metrics::text::{Cider, cider};
use ambulo::synth::SeededRng;
use ambulo_nn::networks::t5::T5Error;
use ambulo_nn::reasoner::Reasoner;

use super::walks::GaitText;
use super::written::{Said, texts};
use crate::assess::{Figure, Judged, ScoreTable};
use crate::evaluate::text::t5score_f1;

/// Seed of the draws for intervals and trivial answers: never changed, so that figures stay comparable.
const SEED: u64 = 61_007;
const MEASURES: usize = 5;

/// Names of the figures of texts.
const NAMES: [&str; MEASURES] = [
    "CIDEr",
    "CIDEr-D",
    "t5score_f1",
    "claims borne out",
    "sentences borne out",
];

/// What a language model, or a trivial answer, is worth.
#[derive(Debug, Clone, PartialEq)]
pub struct SaidTable {
    /// Agreement of the scores; `None` where no scores were given.
    pub scores: Option<ScoreTable>,
    /// Figures of the texts, in the order of their names; none where no texts were written.
    texts: Option<[Figure; MEASURES]>,
}

impl SaidTable {
    /// The table of what was said. `ruler` is the language model whose states measure how near texts are: one and the
    /// same for all that are compared. A score needs `least_certain`.
    ///
    /// # Errors
    ///
    /// [`T5Error`] if the ruler cannot read a text.
    pub fn of(said: &[Said<'_>], ruler: &Reasoner, least_certain: f64) -> Result<Self, T5Error> {
        let judged: Vec<Judged> = said
            .iter()
            .map(|it| Judged {
                person: it.walk.person.clone(),
                truth: it.walk.score,
                probabilities: it.probabilities.clone(),
            })
            .collect();
        let has_scores = said.iter().any(|it| !it.probabilities.is_empty());
        let scores = has_scores.then(|| ScoreTable::of(&judged, least_certain));
        let has_texts = said.iter().any(|it| !it.text.is_empty());
        Ok(Self {
            scores: scores.flatten(),
            texts: if has_texts {
                text_figures(said, ruler)?
            } else {
                None
            },
        })
    }

    /// Names and figures of the texts.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, Figure)> {
        let figures = self.texts.into_iter().flatten();
        NAMES.into_iter().zip(figures)
    }

    /// A figure of scores or texts by its name.
    pub fn figure(&self, name: &str) -> Option<Figure> {
        let own = self.texts().find(|(own, _)| *own == name);
        own.map(|(_, figure)| figure)
            .or_else(|| self.scores.as_ref()?.figure(name))
    }

    /// The table for people.
    pub fn to_text(&self) -> String {
        let mut text = self
            .scores
            .as_ref()
            .map_or_else(String::new, ScoreTable::to_text);
        for (name, figure) in self.texts() {
            let value = figure
                .value
                .map_or_else(|| "–".to_owned(), |it| format!("{it:.3}"));
            let ci95 = figure.ci95.map_or_else(String::new, |[low, high]| {
                format!("  (95 % interval over people {low:.3} to {high:.3})")
            });
            let _ = writeln!(text, "  {name:<26} {value:>6}{ci95}");
        }
        text
    }
}

fn text_figures(
    said: &[Said<'_>],
    ruler: &Reasoner,
) -> Result<Option<[Figure; MEASURES]>, T5Error> {
    let written = texts(said);
    let each = |variant: Cider| cider(&written, variant).map(|scores| scores.each);
    let (Ok(plain), Ok(d)) = (each(Cider::Plain), each(Cider::D)) else {
        return Ok(None);
    };
    let mut near = Vec::with_capacity(said.len());
    for it in &written {
        let pair = [(it.hypothesis.clone(), it.references.clone())];
        near.push(t5score_f1(ruler.network(), ruler.tokenizer(), &pair)?);
    }
    let people: Vec<&str> = said.iter().map(|it| it.walk.person.as_str()).collect();
    let measures = |places: &[usize]| -> [Option<f64>; MEASURES] {
        let count = places.len() as f64;
        let mean = |values: &[f64]| {
            let sum: f64 = places.iter().map(|&place| values[place]).sum();
            (count > 0.0).then(|| sum / count)
        };
        let share = |of: &dyn Fn(&Said<'_>) -> [usize; 2]| {
            let sums = places.iter().fold([0, 0], |[held, all], &place| {
                let [own, checked] = of(&said[place]);
                [held + own, all + checked]
            });
            (sums[1] > 0).then(|| sums[0] as f64 / sums[1] as f64)
        };
        [
            mean(&plain),
            mean(&d),
            mean(&near),
            share(&|it| it.supported),
            share(&|it| it.sentences),
        ]
    };
    let all: Vec<usize> = (0..said.len()).collect();
    let values = measures(&all);
    let intervals = bootstrap::clustered(&people, SEED, measures);
    let mut figures = [Figure {
        value: None,
        ci95: None,
    }; MEASURES];
    for ((figure, value), ci95) in figures.iter_mut().zip(values).zip(intervals) {
        *figure = Figure { value, ci95 };
    }
    Ok(Some(figures))
}

/// A trivial way to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trivial {
    /// The text of a random walk that was learned from, and a random score.
    Random,
    /// The most frequent score, and the most typical text of it.
    Majority,
    /// The text of a random walk with the true score: what knowing the score alone would give.
    CopyOfScore,
    /// The most typical text of the true score.
    TypicalOfScore,
    /// The text of a random other walk of the same person and score: what memory of the person would give.
    CopyOfPerson,
}

impl Trivial {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Random,
        Self::Majority,
        Self::CopyOfScore,
        Self::TypicalOfScore,
        Self::CopyOfPerson,
    ];

    /// What it does, in a line.
    pub fn title(self) -> &'static str {
        match self {
            Self::Random => "random text of the training walks, random score",
            Self::Majority => "most frequent score, most typical text of it",
            Self::CopyOfScore => "random training text of the TRUE score",
            Self::TypicalOfScore => "most typical training text of the TRUE score",
            Self::CopyOfPerson => "text of another walk of the same person and TRUE score",
        }
    }

    /// Its answers about walks; `learned` are those that others learn from.
    pub fn said<'a>(self, walks: &[&'a GaitText], learned: &[&GaitText]) -> Vec<Said<'a>> {
        let mut rng = SeededRng::new(SEED);
        let mut of_score: [Vec<&GaitText>; SCORES] = std::array::from_fn(|_| Vec::new());
        for &walk in learned {
            if let Some(own) = of_score.get_mut(usize::from(walk.score)) {
                own.push(walk);
            }
        }
        let typical: Vec<String> = of_score.iter().map(|own| typical(own)).collect();
        let most = (0..SCORES).max_by_key(|&score| (of_score[score].len(), SCORES - score));
        let most = most.unwrap_or(0);
        let mut said = Vec::with_capacity(walks.len());
        for (place, &walk) in walks.iter().enumerate() {
            let truth = usize::from(walk.score).min(SCORES - 1);
            let drawn = |from: &[&GaitText], rng: &mut SeededRng| {
                let walk = from.get(rng.below(from.len()));
                walk.map_or_else(String::new, |walk| walk.text.clone())
            };
            let (text, score) = match self {
                Self::Random => (drawn(learned, &mut rng), Some(rng.below(SCORES))),
                Self::Majority => (typical[most].clone(), Some(most)),
                Self::CopyOfScore => (drawn(&of_score[truth], &mut rng), None),
                Self::TypicalOfScore => (typical[truth].clone(), None),
                Self::CopyOfPerson => {
                    let is_like = |other: &&GaitText| {
                        other.person == walk.person && other.score == walk.score
                    };
                    let others = walks.iter().enumerate().filter(|(at, _)| *at != place);
                    let others: Vec<&GaitText> =
                        others.map(|(_, &it)| it).filter(is_like).collect();
                    (drawn(&others, &mut rng), None)
                }
            };
            let mut probabilities = vec![0.0; if score.is_some() { SCORES } else { 0 }];
            if let Some(score) = score {
                probabilities[score] = 1.0;
            }
            said.push(Said::of(walk, &walk.text, text, probabilities));
        }
        said
    }
}

/// The text that is nearest to the others of some walks, of at most a hundred.
fn typical(walks: &[&GaitText]) -> String {
    const MOST: usize = 100;
    let step = walks.len().div_ceil(MOST).max(1);
    let own: Vec<&GaitText> = walks.iter().copied().step_by(step).collect();
    let references: Vec<String> = own.iter().map(|walk| walk.text.clone()).collect();
    let written: Vec<_> = own
        .iter()
        .map(|walk| ambulo::metrics::text::Written {
            hypothesis: walk.text.clone(),
            references: references.clone(),
        })
        .collect();
    let Ok(scores) = cider(&written, Cider::Plain) else {
        return String::new();
    };
    let scores = scores.each.iter().enumerate();
    let best = scores
        .max_by(|a, b| a.1.total_cmp(b.1))
        .map(|(place, _)| place);
    best.map_or_else(String::new, |place| own[place].text.clone())
}
