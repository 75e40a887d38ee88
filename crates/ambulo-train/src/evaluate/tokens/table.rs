//! A tokenizer judged on walks.

use std::fmt::Write as _;

use ambulo::metrics::bootstrap;
use ambulo_nn::codec::motion::{FEATURES, MotionFeatures, Pose};
use ambulo_nn::networks::vqvae::{TokenError, Vqvae};

use super::{Distances, Usage};
use crate::corpus::{Clip, Origin};

/// Seed of the draws for intervals: never changed, so that figures stay comparable.
const SEED: u64 = 61_007;
/// Ways to give a walk back.
const WAYS: usize = 4;
/// Their names: the tokenizer, and what it must beat.
const NAMES: [&str; WAYS] = [
    "tokens",
    "the network without codes",
    "the walk's own mean, gliding",
    "the mean of training, gliding",
];

/// A walk and what was made of its tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Remade {
    /// Who walks.
    pub person: String,
    /// Whether it was recorded; else it is simulated.
    pub is_recorded: bool,
    /// Its score, if it has one.
    pub score: Option<u8>,
    /// Its tokens.
    pub tokens: Vec<usize>,
    distances: [Distances; WAYS],
}

/// How well a tokenizer keeps walks.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenTable {
    remade: Vec<Remade>,
    codes: usize,
}

impl Remade {
    /// Turns a walk into tokens and back.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the walk is shorter than a token or the weights hold no statistics.
    pub fn of(tokenizer: &Vqvae, clip: &Clip) -> Result<Self, TokenError> {
        let [mean, _] = tokenizer.statistics().ok_or(TokenError::NoStatistics)?;
        let features = &clip.features;
        let tokens = tokenizer.tokens(features)?;
        let made = tokenizer.motion(&tokens)?;
        let frames = made.frames();
        let gliding = |row: &[f32]| MotionFeatures::from_rows(row.repeat(frames));
        let ways = [
            made.joints(),
            tokenizer.unquantised(features)?.joints(),
            gliding(&mean_row(features))?.joints(),
            gliding(mean)?.joints(),
        ];
        let motion = features.joints();
        let distance = |made: &Vec<Pose>| Distances::of(&motion, made);
        let too_short = || TokenError::TooShort {
            frames: motion.len(),
            needed: tokenizer.config().frames_of_token(),
        };
        let mut distances = [distance(&ways[0]).ok_or_else(too_short)?; WAYS];
        for (found, made) in distances.iter_mut().zip(&ways) {
            *found = distance(made).ok_or_else(too_short)?;
        }
        Ok(Self {
            person: clip.person.clone(),
            is_recorded: matches!(clip.origin, Origin::Recorded(_)),
            score: clip.score,
            tokens,
            distances,
        })
    }

    /// How far the motion that the tokens stand for is from the walk.
    pub fn distances(&self) -> Distances {
        self.distances[0]
    }
}

fn mean_row(features: &MotionFeatures) -> Vec<f32> {
    let mut sums = vec![0.0_f64; FEATURES];
    for frame in 0..features.frames() {
        for (sum, &x) in sums.iter_mut().zip(features.row(frame)) {
            *sum += f64::from(x);
        }
    }
    let count = features.frames().max(1) as f64;
    let mean = sums
        .iter()
        .map(|sum| crate::datasets::takes::narrow(sum / count));
    mean.collect()
}

impl TokenTable {
    /// The table of these walks, by a tokenizer of so many codes.
    pub fn new(remade: Vec<Remade>, codes: usize) -> Self {
        Self { remade, codes }
    }

    /// Mean distances of the walks that `keep` keeps, every walk as heavy as the other: those of the tokens' motion.
    pub fn mean(&self, keep: impl Fn(&Remade) -> bool) -> Option<Distances> {
        let kept = self.remade.iter().filter(|it| keep(it));
        let distances: Vec<Distances> = kept.map(Remade::distances).collect();
        Distances::mean(&distances)
    }

    /// How the codes are used in the walks that `keep` keeps.
    pub fn usage(&self, keep: impl Fn(&Remade) -> bool) -> Usage {
        let mut usage = Usage::new(self.codes);
        for remade in self.remade.iter().filter(|it| keep(it)) {
            usage.add(&remade.tokens);
        }
        usage
    }

    /// The table for people, distances in millimetres.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        self.group(&mut text, "Recorded walks", |it| it.is_recorded);
        let simulated = |it: &Remade| !it.is_recorded && it.score.is_some();
        self.group(&mut text, "Simulated walks, all scores", simulated);
        for score in 0..4 {
            let title = format!("Simulated walks of score {score}");
            self.group(&mut text, &title, |it| {
                simulated(it) && it.score == Some(score)
            });
        }
        self.people(&mut text);
        text
    }

    fn group(&self, text: &mut String, title: &str, keep: impl Fn(&Remade) -> bool) {
        let kept: Vec<&Remade> = self.remade.iter().filter(|it| keep(it)).collect();
        if kept.is_empty() {
            return;
        }
        let people: Vec<&str> = kept.iter().map(|it| it.person.as_str()).collect();
        let mut distinct = people.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let usage = self.usage(keep);
        let _ = writeln!(
            text,
            "{title}: {} of {} people, {} tokens; perplexity {:.1}, {} of {} codes used",
            kept.len(),
            distinct.len(),
            usage.tokens(),
            usage.perplexity(),
            usage.used(),
            usage.codes(),
        );
        let _ = writeln!(
            text,
            "  {:<32} {:>26} {:>26}",
            "mm (95 % over people)", "joints in space", "from the pelvis"
        );
        for (way, name) in NAMES.iter().enumerate() {
            let measures = |places: &[usize]| {
                let all: Vec<Distances> =
                    places.iter().map(|&at| kept[at].distances[way]).collect();
                let mean = Distances::mean(&all);
                [mean.map(|it| it.place_m), mean.map(|it| it.pose_m)]
            };
            let all: Vec<usize> = (0..kept.len()).collect();
            let values = measures(&all);
            let intervals = bootstrap::clustered(&people, SEED, measures);
            let cells = values.iter().zip(intervals).map(|(value, ci95)| {
                let value = value.map_or_else(|| "–".to_owned(), |it| format!("{:.1}", it * 1e3));
                ci95.map_or(value.clone(), |[low, high]| {
                    format!("{value} ({:.1} to {:.1})", low * 1e3, high * 1e3)
                })
            });
            let cells: Vec<String> = cells.map(|cell| format!("{cell:>26}")).collect();
            let _ = writeln!(text, "  {name:<32} {}", cells.join(" "));
        }
        text.push('\n');
    }

    /// One line a person.
    fn people(&self, text: &mut String) {
        let mut people: Vec<&str> = self.remade.iter().map(|it| it.person.as_str()).collect();
        people.sort_unstable();
        people.dedup();
        let _ = writeln!(
            text,
            "By person, tokens, mm: joints in space / from the pelvis\n  {:<12} {:>18} {:>18}",
            "", "recorded", "simulated"
        );
        for person in people {
            let cell = |is_recorded: bool| {
                let mean = self.mean(|it| it.person == person && it.is_recorded == is_recorded);
                mean.map_or_else(
                    || "–".to_owned(),
                    |it| format!("{:.1} / {:.1}", it.place_m * 1e3, it.pose_m * 1e3),
                )
            };
            let _ = writeln!(
                text,
                "  {person:<12} {:>18} {:>18}",
                cell(true),
                cell(false)
            );
        }
    }
}
