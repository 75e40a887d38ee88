//! What a text claims of a walk, and whether the measurements bear it out.
//!
//! The reader knows the words of our own writer and those that people and language models use for the same: it looks in
//! each clause for a quality ("arm swing", "step time"), for what is said of it ("reduced", "normal", "asymmetric"),
//! for a side, and for a negation. What it does not know it passes over; a claim about something that was not measured
//! (balance, freezing, turning) is told apart from one that was.

mod lexicon;
mod reader;

use crate::Side;

use super::aspects::{Aspect, AspectReading, AspectReadings};
use super::rationale::DEPARTS_Z;
pub use reader::claims_of;

/// What a claim says of a quality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Smaller than in healthy walkers.
    Low,
    /// As in healthy walkers.
    Usual,
    /// Larger than in healthy walkers.
    High,
    /// Not as in healthy walkers.
    Unusual,
}

/// One claim of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What it is about; `None` for something that is not measured.
    pub aspect: Option<Aspect>,
    /// What the text calls it.
    pub topic: String,
    /// Of which side; `None` for both.
    pub side: Option<Side>,
    /// What it says.
    pub direction: Direction,
}

/// Whether the measurements bear a claim out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They do.
    Supported,
    /// They say otherwise.
    Contradicted,
    /// They say nothing of it.
    NotCheckable,
}

/// Smaller distances from the norm than this may be called usual, in standard deviations.
const USUAL_Z: f64 = 2.0;

impl Claim {
    /// The reading that it is checked against.
    pub fn reading<'a>(&self, readings: &'a AspectReadings) -> Option<&'a AspectReading> {
        let aspect = self.aspect?;
        match self.side {
            Some(side) if aspect.is_sided() => readings.get(aspect, Some(side)),
            _ => readings.get(aspect, None).or_else(|| {
                let sides = Side::BOTH.map(|side| readings.get(aspect, Some(side)));
                sides.into_iter().flatten().next()
            }),
        }
    }

    /// Checks it.
    ///
    /// "Small" and "large" need one standard deviation from the norm, "usual" less than two: between one and two both
    /// may be said. Of qualities that are good when small, small values are usual.
    pub fn verdict(&self, readings: &AspectReadings) -> Verdict {
        let Some(reading) = self.reading(readings) else {
            return Verdict::NotCheckable;
        };
        let z = reading.z;
        let holds = if reading.aspect.is_good_when_small() {
            match self.direction {
                Direction::Low => z < DEPARTS_Z,
                Direction::Usual => z < USUAL_Z,
                Direction::High | Direction::Unusual => z >= DEPARTS_Z,
            }
        } else {
            match self.direction {
                Direction::Low => z <= -DEPARTS_Z,
                Direction::Usual => z.abs() < USUAL_Z,
                Direction::High => z >= DEPARTS_Z,
                Direction::Unusual => z.abs() >= DEPARTS_Z,
            }
        };
        if holds {
            Verdict::Supported
        } else {
            Verdict::Contradicted
        }
    }
}

/// A claim with its verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckedClaim {
    /// The claim.
    pub claim: Claim,
    /// Whether it holds.
    pub verdict: Verdict,
}

impl CheckedClaim {
    /// The reading that it was checked against.
    pub fn reading<'a>(&self, readings: &'a AspectReadings) -> Option<&'a AspectReading> {
        self.claim.reading(readings)
    }
}

/// All claims of a text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FactCheck {
    /// The claims in their order.
    pub claims: Vec<CheckedClaim>,
    /// How many the measurements bear out.
    pub supported: usize,
    /// How many they contradict.
    pub contradicted: usize,
    /// How many are about something that was not measured.
    pub not_checkable: usize,
}

impl FactCheck {
    /// Checks every claim of a text.
    pub fn of(text: &str, readings: &AspectReadings) -> Self {
        let mut check = Self::default();
        for (_, sentence) in super::rationale::sentences_of(text) {
            for claim in claims_of(&sentence) {
                let verdict = claim.verdict(readings);
                match verdict {
                    Verdict::Supported => check.supported += 1,
                    Verdict::Contradicted => check.contradicted += 1,
                    Verdict::NotCheckable => check.not_checkable += 1,
                }
                check.claims.push(CheckedClaim { claim, verdict });
            }
        }
        check
    }

    /// The share of the checkable claims that the measurements bear out; `None` without any.
    pub fn supported_share(&self) -> Option<f64> {
        let checkable = self.supported + self.contradicted;
        (checkable > 0).then(|| self.supported as f64 / checkable as f64)
    }

    /// In a line, for people.
    pub fn summary(&self) -> String {
        let share = self.supported_share().map_or_else(
            || "none can be checked".to_owned(),
            |share| format!("{:.0} % of those that can be checked", 100.0 * share),
        );
        format!(
            "{} claims: {} supported, {} contradicted, {} about what was not measured ({share})",
            self.claims.len(),
            self.supported,
            self.contradicted,
            self.not_checkable
        )
    }
}

#[cfg(test)]
mod tests;
