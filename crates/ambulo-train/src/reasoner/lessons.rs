//! Pairs of texts to learn from, step by step.

use std::sync::Arc;

use ambulo::Side;
use ambulo::assessment::Evidence;
use ambulo::assessment::aspects::{Aspect, AspectReading, AspectReadings, Part};
use ambulo::assessment::rationale;
use ambulo::assessment::score::SCORES;
use ambulo::synth::SeededRng;
use ambulo_nn::codec::text::Tokenizer;
use ambulo_nn::reasoner::{Reads, read};
use serde::{Deserialize, Serialize};

use super::templates::Templates;
use super::walks::{GaitText, plain_text};

/// Standard deviations that a quality departs by in a text that says the opposite of what was measured.
const OPPOSITE_Z: f64 = 2.5;
/// Spread of drawn qualities in standard deviations of healthy walkers: each of the levels up to "markedly" is met.
const DRAWN_SD_Z: f64 = 2.0;
/// Share of drawn qualities that are not measured.
const DRAWN_MISSING: f64 = 0.3;

/// What a network learns to write.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Objective {
    /// Motion to a description of feet and arms, and that to motion: a fair coin for each text.
    Generative,
    /// Motion to a rationale and a score.
    Reasoning {
        /// Share of the texts that are those of the generative stage instead: a half is the ablation "EGO".
        #[serde(default)]
        generative_share: f64,
    },
    /// To prefer a walk's own answer to another one ("DPO").
    Preference {
        /// The other answer.
        other: Other,
    },
}

/// The answer that is not preferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Other {
    /// That of another walk with another score.
    Irrelevant,
    /// The same with opposite words and another score.
    Counterfactual,
    /// A fair coin for each text.
    Either,
}

/// Texts of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TextBatch {
    /// What is read.
    pub read: Vec<Vec<u32>>,
    /// What is to be written, with the token for the end.
    pub written: Vec<Vec<u32>>,
    /// The score of each that is an answer.
    pub scores: Vec<Option<usize>>,
    /// To each of them an answer that is not preferred; empty where nothing is preferred.
    pub other: Vec<Vec<u32>>,
}

/// A source of pairs of texts. A batch is a function of seed and step.
#[derive(Debug, Clone)]
pub struct Lessons {
    walks: Arc<Vec<GaitText>>,
    tokenizer: Arc<Tokenizer>,
    templates: Templates,
    objective: Objective,
    reads: Reads,
    departs_z: f64,
    longest: usize,
    plain_share: f64,
    mixed_share: f64,
    drawn_share: f64,
}

impl Lessons {
    /// Lessons over these walks. Answers rest on what is read of a walk, of longer motions on a random stretch of
    /// `longest` codes. Texts that say the opposite draw the line at `departs_z`, as those of the walks do.
    pub fn new(
        walks: Arc<Vec<GaitText>>,
        tokenizer: Arc<Tokenizer>,
        (objective, reads): (Objective, Reads),
        departs_z: f64,
        longest: usize,
    ) -> Self {
        Self {
            walks,
            tokenizer,
            templates: Templates::new(),
            objective,
            reads,
            departs_z,
            longest,
            plain_share: 0.0,
            mixed_share: 0.0,
            drawn_share: 0.0,
        }
    }

    /// The same with a share of the texts in the first words of each kind: less to be guessed, so that what was measured
    /// decides more of what is learned.
    #[must_use]
    pub fn with_plain(mut self, share: f64) -> Self {
        self.plain_share = share;
        self
    }

    /// The same with a share of the answers that rest on mixed measurements, each quality from any walk of the same
    /// score: what was measured then has to be read, for the motion does not tell it. Nothing changes for a network that
    /// reads the motion alone, nor for preferences.
    #[must_use]
    pub fn with_mixed(mut self, share: f64) -> Self {
        // An answer that is not preferred speaks of the walk's own measurements.
        self.mixed_share = match (self.reads, self.objective) {
            (Reads::Motion, _) | (_, Objective::Preference { .. }) => 0.0,
            (Reads::MotionAndMeasurements, _) => share,
        };
        self
    }

    /// The same with a share of the qualities of mixed measurements drawn at random, or missing: what simulated walks
    /// rarely show has to be read too.
    #[must_use]
    pub fn with_drawn(mut self, share: f64) -> Self {
        self.drawn_share = share;
        self
    }

    /// What is learned.
    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// How often each score is true among the walks.
    pub fn score_counts(&self) -> [usize; SCORES] {
        let mut counts = [0; SCORES];
        for walk in self.walks.iter() {
            if let Some(count) = counts.get_mut(usize::from(walk.score)) {
                *count += 1;
            }
        }
        counts
    }

    /// The texts of a step; none without walks.
    pub fn batch(&self, seed: u64, step: u64, size: usize) -> TextBatch {
        let mut rng = SeededRng::new(seed ^ 0x7E87_0000);
        let mut rng = SeededRng::new(rng.next_u64().wrapping_add(step));
        let mut batch = TextBatch::default();
        for _ in 0..size {
            if let Some(walk) = self.walks.get(rng.below(self.walks.len())) {
                self.add(&mut batch, walk, &mut rng);
            }
        }
        batch
    }

    fn add(&self, batch: &mut TextBatch, walk: &GaitText, rng: &mut SeededRng) {
        let share = match self.objective {
            Objective::Generative => 1.0,
            Objective::Reasoning { generative_share } => generative_share,
            Objective::Preference { .. } => 0.0,
        };
        let motion = self.motion(walk, rng);
        let is_plain = rng.unit() < self.plain_share;
        let text = if is_plain { &walk.plain } else { &walk.text };
        let (reads, written, score) = if rng.unit() < share {
            let described = self.tokenizer.encode(&described(text));
            let (template, inner, written) = if rng.unit() < 0.5 {
                (pick(&self.templates.describing, rng), motion, described)
            } else {
                (pick(&self.templates.showing, rng), described, motion)
            };
            let mut written = written;
            written.push(self.tokenizer.end());
            (read(&self.tokenizer, template, &inner), written, None)
        } else {
            let template = pick(&self.templates.reasoning, rng);
            let score = usize::from(walk.score);
            let is_mixed = self.mixed_share > 0.0 && rng.unit() < self.mixed_share;
            let mixed = is_mixed.then(|| self.mixed(walk.score, rng));
            let text = match &mixed {
                Some(readings) if is_plain => &plain_text(readings, self.departs_z),
                Some(readings) => {
                    let written = rationale::write_departing(readings, self.departs_z);
                    &rationale::as_text(&written)
                }
                None => text,
            };
            let answer = answer_tokens(&self.tokenizer, text, score);
            let readings = mixed.as_ref().unwrap_or(&walk.measured.readings);
            let inner = self.reads.tokens(&self.tokenizer, motion, readings);
            (read(&self.tokenizer, template, &inner), answer, Some(score))
        };
        batch.read.push(reads);
        batch.written.push(written);
        batch.scores.push(score);
        if let Objective::Preference { other } = self.objective {
            batch.other.push(self.other(walk, other, rng));
        }
    }

    /// The tokens of a walk's motion: begun at one of the first frames, and of long ones a stretch.
    fn motion(&self, walk: &GaitText, rng: &mut SeededRng) -> Vec<u32> {
        let codes = match walk.codes.len() {
            0 => &[][..],
            count => &walk.codes[rng.below(count)],
        };
        let most = self.longest.min(codes.len());
        let from = rng.below(codes.len() - most + 1);
        let codes = &codes[from..from + most];
        self.tokenizer.motion(codes).unwrap_or_default()
    }

    /// Measurements as walks of a score have them: each quality, with its sides, of any of those walks.
    fn mixed(&self, score: u8, rng: &mut SeededRng) -> AspectReadings {
        let of_score = || self.walks.iter().filter(|walk| walk.score == score);
        let count = of_score().count();
        let mut mixed = AspectReadings::default();
        for aspect in Aspect::ALL {
            if self.drawn_share > 0.0 && rng.unit() < self.drawn_share {
                mixed = drawn(aspect, rng)
                    .into_iter()
                    .fold(mixed, AspectReadings::with);
                continue;
            }
            let Some(walk) = of_score().nth(rng.below(count)) else {
                continue;
            };
            let own = aspect.sides().iter();
            let own = own.filter_map(|&side| walk.measured.readings.get(aspect, side));
            mixed = own.cloned().fold(mixed, AspectReadings::with);
        }
        mixed
    }

    fn other(&self, walk: &GaitText, other: Other, rng: &mut SeededRng) -> Vec<u32> {
        let is_counterfactual = match other {
            Other::Irrelevant => false,
            Other::Counterfactual => true,
            Other::Either => rng.unit() < 0.5,
        };
        let score = usize::from(walk.score);
        let wrong = (score + 1 + rng.below(SCORES - 1)) % SCORES;
        let of_wrong = || {
            self.walks
                .iter()
                .filter(|it| usize::from(it.score) == wrong)
        };
        let count = of_wrong().count();
        if !is_counterfactual && let Some(other) = of_wrong().nth(rng.below(count)) {
            return answer_tokens(&self.tokenizer, &other.text, wrong);
        }
        let opposite = opposite(&walk.measured.readings, self.departs_z);
        let written = rationale::write_departing(&opposite, self.departs_z);
        answer_tokens(&self.tokenizer, &rationale::as_text(&written), wrong)
    }
}

/// A quality somewhere, each side for itself, or not measured at all.
fn drawn(aspect: Aspect, rng: &mut SeededRng) -> Vec<AspectReading> {
    if rng.unit() < DRAWN_MISSING {
        return Vec::new();
    }
    let reading = |&side: &Option<Side>| {
        let z = DRAWN_SD_Z * rng.normal();
        AspectReading {
            aspect,
            side,
            z,
            evidence: Evidence {
                parameter: aspect.name().to_owned(),
                side: side.map_or_else(String::new, |it| it.name().to_owned()),
                value: z,
                unit: "standard deviations".to_owned(),
                norm: None,
                frames: Vec::new(),
            },
        }
    };
    aspect.sides().iter().map(reading).collect()
}

/// The tokens of an answer in its form, with that for the end.
fn answer_tokens(tokenizer: &Tokenizer, text: &str, score: usize) -> Vec<u32> {
    let answer =
        format!("<reasoning_start>{text}<reasoning_end><score_start><score_{score}><score_end>");
    let mut tokens = tokenizer.encode(&answer);
    tokens.push(tokenizer.end());
    tokens
}

/// The part of a rationale that the generative stage describes: feet and arms.
pub(crate) fn described(text: &str) -> String {
    let overall = format!("{}:", Part::Overall.heading());
    let end = text.find(&overall).unwrap_or(text.len());
    text[..end].trim().to_owned()
}

/// What departs from its norm does so to the other side, what is as usual departs.
fn opposite(readings: &AspectReadings, departs_z: f64) -> AspectReadings {
    let flip = |reading: &AspectReading| {
        let z = reading.z;
        let good_when_small = reading.aspect.is_good_when_small();
        let departs = if good_when_small { z } else { z.abs() } >= departs_z;
        AspectReading {
            z: match (departs, good_when_small) {
                (true, true) => 0.0,
                (true, false) => -z,
                (false, true) => OPPOSITE_Z,
                (false, false) => -OPPOSITE_Z.copysign(if z < 0.0 { -1.0 } else { 1.0 }),
            },
            ..reading.clone()
        }
    };
    let changed = readings.iter().map(flip).collect::<Vec<_>>();
    changed
        .into_iter()
        .fold(readings.clone(), AspectReadings::with)
}

fn pick<'a>(texts: &'a [String], rng: &mut SeededRng) -> &'a str {
    texts.get(rng.below(texts.len())).map_or("", String::as_str)
}
