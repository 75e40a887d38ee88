//! Sentences that say what a score may rest on, each from a number and its norm.
//!
//! The writer is deterministic: the same numbers give the same words. It says what was measured, in three parts
//! (foot, arm, overall), and nothing about causes.

mod phrases;
mod prompt;

use crate::Side;
use crate::synth::SeededRng;

use super::aspects::{Aspect, AspectReading, AspectReadings, Part};
use super::claims::{Direction, FactCheck, Verdict};
use super::measured::capitalised;
use super::{Evidence, Finding};
use phrases::{CLEAR, DEPARTING, MARKED, SLIGHT, USUAL, words};
pub use prompt::prompt;

/// From how many standard deviations on a quality departs from its norm.
pub const DEPARTS_Z: f64 = 1.0;
/// From how many on it is called clear, and from how many marked.
const CLEAR_Z: f64 = 2.0;
const MARKED_Z: f64 = 3.0;
/// Sentences of a part about what departs, and how many there are of it at least.
const MOST_SENTENCES: usize = 3;
const LEAST_SENTENCES: usize = 1;

/// A rationale as it is shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rationale {
    /// Its sentences with their evidence, in the order of [`Part::ALL`].
    pub sentences: Vec<Finding>,
    /// Sentences that the measurements contradict: not shown.
    pub struck: usize,
    /// Sentences that say nothing that was measured: not shown either.
    pub unchecked: usize,
}

/// Writes a rationale from what was measured.
pub fn write(readings: &AspectReadings) -> Rationale {
    write_departing(readings, DEPARTS_Z)
}

/// The same with another distance from the norm, in standard deviations, from which on a quality is said to depart.
///
/// Between one and two standard deviations both words are true. So whoever learns to write from texts that draw the line
/// between the two may err by half of one, to either side, and still say what holds.
pub fn write_departing(readings: &AspectReadings, least_z: f64) -> Rationale {
    written(readings, least_z, Wording::Drawn)
}

/// The same in the first words of each kind alone: what is said is the same, and nothing but what was measured decides
/// the words.
pub fn write_plainly(readings: &AspectReadings, least_z: f64) -> Rationale {
    written(readings, least_z, Wording::First)
}

/// How words are chosen among those that mean the same.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wording {
    /// By what the sentence rests on.
    Drawn,
    /// The first of them.
    First,
}

fn written(readings: &AspectReadings, least_z: f64, wording: Wording) -> Rationale {
    let mut sentences = Vec::new();
    for part in Part::ALL {
        let mut chosen = chosen(readings, part, least_z);
        chosen.sort_by(|a, b| departs(b).total_cmp(&departs(a)));
        let departing = chosen.iter().filter(|it| departs(it) >= least_z).count();
        chosen.truncate(departing.clamp(LEAST_SENTENCES, MOST_SENTENCES));
        sentences.extend(chosen.into_iter().map(|it| sentence(it, least_z, wording)));
    }
    Rationale {
        sentences,
        struck: 0,
        unchecked: 0,
    }
}

/// How far a quality is from its norm, where that is out of the ordinary.
fn departs(reading: &AspectReading) -> f64 {
    if reading.aspect.is_good_when_small() {
        reading.z
    } else {
        reading.z.abs()
    }
}

/// One reading for each aspect of a part: both sides together, or the side that departs while the other does not.
fn chosen(readings: &AspectReadings, part: Part, least_z: f64) -> Vec<&AspectReading> {
    let aspects = Aspect::ALL
        .into_iter()
        .filter(|aspect| aspect.part() == part);
    aspects
        .filter_map(|aspect| {
            let whole = readings.get(aspect, None);
            let sides = Side::BOTH.map(|side| readings.get(aspect, Some(side)));
            match sides {
                [Some(left), Some(right)] => {
                    let apart = departs(left).max(departs(right)) >= least_z
                        && (left.z - right.z).abs() >= 1.0;
                    let worse = if departs(right) > departs(left) {
                        right
                    } else {
                        left
                    };
                    match whole {
                        Some(whole) if !apart => Some(whole),
                        _ => Some(worse),
                    }
                }
                [left, right] => whole.or(left).or(right),
            }
        })
        .collect()
}

fn sentence(reading: &AspectReading, least_z: f64, wording: Wording) -> Finding {
    let mut rng = rng_of(&reading.evidence);
    let words = words(reading.aspect);
    let mut pick = |from: &'static [&'static str]| match wording {
        Wording::Drawn => pick(from, &mut rng),
        Wording::First => from.first().copied().unwrap_or_default(),
    };
    let noun = match reading.side {
        Some(side) if !words.sided.is_empty() => pick(words.sided).replace("{side}", side.name()),
        _ => pick(words.whole).to_owned(),
    };
    let text = if departs(reading) < least_z {
        form(pick(USUAL), &noun, "", "")
    } else {
        let called = if reading.z > 0.0 {
            words.high
        } else {
            words.low
        };
        let frame = pick(DEPARTING);
        form(frame, &noun, pick(strengths(reading.z)), pick(called))
    };
    Finding {
        rule: rule(reading),
        sentence: text,
        z: Some(reading.z),
        evidence: vec![reading.evidence.clone()],
    }
}

fn rule(reading: &AspectReading) -> String {
    let part = reading.aspect.part().heading().to_lowercase();
    let side = reading
        .side
        .map_or_else(String::new, |side| format!("_{}", side.name()));
    format!("{part}_{}{side}", reading.aspect.name())
}

fn strengths(z: f64) -> &'static [&'static str] {
    match z.abs() {
        z if z >= MARKED_Z => MARKED,
        z if z >= CLEAR_Z => CLEAR,
        _ => SLIGHT,
    }
}

fn form(frame: &str, noun: &str, strength: &str, called: &str) -> String {
    frame
        .replace("{N}", &capitalised(noun))
        .replace("{n}", noun)
        .replace("{s}", strength)
        .replace("{a}", called)
}

fn pick<'a>(from: &'a [&'a str], rng: &mut SeededRng) -> &'a str {
    from[rng.below(from.len())]
}

/// Words are drawn by what the sentence rests on, to the digits that are printed.
fn rng_of(evidence: &Evidence) -> SeededRng {
    let text = format!(
        "{} {} {:.2}",
        evidence.parameter, evidence.side, evidence.value
    );
    // FNV-1a.
    let seed = text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    SeededRng::new(seed)
}

/// Every sentence that the writer can form, with what it claims.
pub fn all_sentences() -> impl Iterator<Item = (String, Aspect, Option<Side>, Direction)> {
    Aspect::all_sides().flat_map(|(aspect, side)| {
        let words = words(aspect);
        let nouns: Vec<String> = match side {
            None => words.whole.iter().map(|&noun| noun.to_owned()).collect(),
            Some(side) => {
                let sided = words.sided.iter();
                sided
                    .map(|noun| noun.replace("{side}", side.name()))
                    .collect()
            }
        };
        let mut all = Vec::new();
        for noun in &nouns {
            for frame in USUAL {
                all.push((form(frame, noun, "", ""), aspect, side, Direction::Usual));
            }
            for (called, direction) in [(words.low, Direction::Low), (words.high, Direction::High)]
            {
                for called in called {
                    for strength in [SLIGHT, CLEAR, MARKED].concat() {
                        for frame in DEPARTING {
                            let text = form(frame, noun, strength, called);
                            all.push((text, aspect, side, direction));
                        }
                    }
                }
            }
        }
        all
    })
}

/// Keeps the sentences of any text that the measurements support, each with what it rests on. Those that they
/// contradict are struck, and those that claim nothing that was measured are left out; both are counted.
pub fn vetted(text: &str, readings: &AspectReadings) -> Rationale {
    let mut rationale = Rationale::default();
    for (part, sentence) in sentences_of(text) {
        let check = FactCheck::of(&sentence, readings);
        if check.contradicted > 0 {
            rationale.struck += 1;
            continue;
        }
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut z: Option<f64> = None;
        for claim in &check.claims {
            if let (Verdict::Supported, Some(reading)) = (claim.verdict, claim.reading(readings)) {
                evidence.push(reading.evidence.clone());
                z = z.or(Some(reading.z));
            }
        }
        if evidence.is_empty() {
            rationale.unchecked += 1;
            continue;
        }
        let aspect = check.claims.iter().find_map(|claim| claim.claim.aspect);
        let part = part
            .or_else(|| aspect.map(Aspect::part))
            .unwrap_or(Part::Overall);
        let named = aspect.map_or("walk", Aspect::name);
        rationale.sentences.push(Finding {
            rule: format!("{}_{named}", part.heading().to_lowercase()),
            sentence,
            z,
            evidence,
        });
    }
    rationale
}

/// The sentences of a text with the part that its headings put them in. Marks of emphasis are dropped.
pub fn sentences_of(text: &str) -> Vec<(Option<Part>, String)> {
    let plain = text.replace(['*', '_', '#'], "");
    let mut part = None;
    let mut sentences = Vec::new();
    let mut rest = plain.as_str();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let heading = Part::ALL.into_iter().find_map(|part| {
            let head = rest.get(..part.heading().len())?;
            let after = rest[head.len()..].trim_start();
            (head.eq_ignore_ascii_case(part.heading()) && after.starts_with(':'))
                .then(|| (part, &after[1..]))
        });
        if let Some((found, after)) = heading {
            part = Some(found);
            rest = after;
            continue;
        }
        let end = end_of_sentence(rest);
        let sentence = rest[..end].trim();
        if !sentence.is_empty() {
            sentences.push((part, sentence.to_owned()));
        }
        rest = &rest[end..];
    }
    sentences
}

/// Where the first sentence ends: behind a mark that no digit follows, at a line's end, or before a heading.
fn end_of_sentence(text: &str) -> usize {
    let bytes = text.as_bytes();
    for (place, mark) in text.char_indices() {
        let next = bytes.get(place + 1);
        match mark {
            '.' | '!' | '?' | ';' if next.is_none_or(|next| !next.is_ascii_digit()) => {
                return place + 1;
            }
            '\n' => return place + 1,
            ' ' => {
                let starts = |part: Part| {
                    let rest = &text[place + 1..];
                    let head = rest.get(..part.heading().len());
                    head == Some(part.heading()) && rest[part.heading().len()..].starts_with(':')
                };
                if Part::ALL.into_iter().any(starts) {
                    return place + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The rationale as one text: "Foot: … Arm: … Overall: …".
pub fn as_text(rationale: &Rationale) -> String {
    let mut parts: Vec<String> = Vec::new();
    for part in Part::ALL {
        let prefix = format!("{}_", part.heading().to_lowercase());
        let own = rationale
            .sentences
            .iter()
            .filter(|it| it.rule.starts_with(&prefix));
        let sentences: Vec<&str> = own.map(|it| it.sentence.as_str()).collect();
        let text = if sentences.is_empty() {
            "not measured.".to_owned()
        } else {
            sentences.join(" ")
        };
        parts.push(format!("{}: {text}", part.heading()));
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests;
