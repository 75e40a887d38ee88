//! What the rules read, and how a value becomes evidence and a sentence.

use crate::Side;
use crate::analysis::{Indices, Norms};
use crate::kinematics::AngleCurves;
use crate::parameters::{GaitParameters, ParameterId, Status, Stride, Summary};
use crate::subject::Subject;

use super::{AssessmentConfig, Evidence, Finding, NormValue, Verdict};

/// The results of one trial that the assessment rests on.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// What is known of the subject.
    pub subject: &'a Subject,
    /// Every parameter, summarised.
    pub parameters: &'a GaitParameters,
    /// Every stride, used or not.
    pub strides: &'a [Stride],
    /// Angles over the cycle.
    pub angles: &'a AngleCurves,
    /// Indices of deviation.
    pub indices: &'a Indices,
    /// What to compare with.
    pub norms: &'a Norms,
}

/// A parameter with a value.
pub(super) struct Reading<'a> {
    pub(super) parameter: ParameterId,
    pub(super) side: Option<Side>,
    pub(super) value: f64,
    summary: &'a Summary,
}

/// Which side of the norm counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Low,
    High,
    Either,
}

impl<'a> Measured<'a> {
    /// A parameter's value, or why there is none.
    pub(super) fn reading(
        &self,
        parameter: ParameterId,
        side: Option<Side>,
    ) -> Result<Reading<'a>, String> {
        let title = parameter.title().to_lowercase();
        let summary = self
            .parameters
            .get(&parameter)
            .and_then(|sides| match side {
                Some(Side::Left) => sides.left.as_ref(),
                Some(Side::Right) => sides.right.as_ref(),
                None => sides.both.as_ref(),
            });
        let Some(summary) = summary else {
            return Err(format!("{title} was not measured"));
        };
        match (summary.value, summary.status) {
            (Some(value), Status::Valid | Status::Caution) if value.is_finite() => Ok(Reading {
                parameter,
                side,
                value,
                summary,
            }),
            _ => Err(match &summary.reason {
                Some(reason) => format!("{title}: {reason}"),
                None => format!("{title} has no value"),
            }),
        }
    }

    /// The norm of a reading, if it is in the same unit; otherwise why there is none.
    pub(super) fn norm(&self, reading: &Reading<'_>) -> Result<&'a NormValue, String> {
        let title = reading.parameter.title().to_lowercase();
        if reading.summary.unit != reading.parameter.unit() {
            return Err(format!(
                "{title} is in {}, and the norm in {}: the recording has no scale",
                reading.summary.unit,
                reading.parameter.unit()
            ));
        }
        let norms = self.norms.parameters.iter();
        let mut fitting = norms.filter(|norm| norm.parameter == reading.parameter);
        fitting
            .next()
            .map(|norm| &norm.norm)
            .filter(|norm| norm.sd > 0.0)
            .ok_or_else(|| format!("{title}: no norm for a subject of this age"))
    }

    /// Compares a parameter with its norm.
    ///
    /// `words` are what the sentence calls a value below and above the norm.
    pub(super) fn compare(
        &self,
        parameter: ParameterId,
        side: Option<Side>,
        direction: Direction,
        words: [&str; 2],
        config: &AssessmentConfig,
    ) -> Verdict {
        let compared = self
            .reading(parameter, side)
            .and_then(|reading| Ok((self.norm(&reading)?, reading)));
        let (norm, reading) = match compared {
            Ok(both) => both,
            Err(reason) => return Verdict::Withheld(reason),
        };
        let z = (reading.value - norm.mean) / norm.sd;
        let beyond = match direction {
            Direction::Low => -z >= config.z,
            Direction::High => z >= config.z,
            Direction::Either => z.abs() >= config.z,
        };
        if !beyond {
            return Verdict::Clear;
        }
        let sentence = format!(
            "{} {}, {} than in {} ({}, z {}).{}",
            reading.subject_of_sentence(),
            reading.quantity(reading.value),
            words[usize::from(z > 0.0)],
            whom(norm),
            quantity_with_sd(norm, parameter.unit(), parameter.decimals()),
            signed(z),
            reading.caution(),
        );
        Verdict::Finding(self.finding(&reading, sentence, Some(z), Some(norm)))
    }

    /// A finding on one reading.
    pub(super) fn finding(
        &self,
        reading: &Reading<'_>,
        sentence: String,
        z: Option<f64>,
        norm: Option<&NormValue>,
    ) -> Finding {
        Finding {
            rule: String::new(),
            sentence,
            z,
            evidence: vec![self.evidence(reading, norm)],
        }
    }

    /// A reading as evidence.
    pub(super) fn evidence(&self, reading: &Reading<'_>, norm: Option<&NormValue>) -> Evidence {
        Evidence {
            parameter: reading.parameter.name().to_owned(),
            side: reading.side.map_or("both", Side::name).to_owned(),
            value: reading.value,
            unit: reading.summary.unit.clone(),
            norm: norm.cloned(),
            frames: self.frames(Some(reading.parameter), reading.side),
        }
    }

    /// Frames of the strides that a value rests on: those that hold the parameter, else all that
    /// were used.
    pub(super) fn frames(
        &self,
        parameter: Option<ParameterId>,
        side: Option<Side>,
    ) -> Vec<[usize; 2]> {
        let of_side = |stride: &&Stride| stride.used && side.is_none_or(|side| side == stride.side);
        let used = || self.strides.iter().filter(of_side);
        let frames = |stride: &Stride| [stride.start_frame, stride.end_frame];
        let holding: Vec<[usize; 2]> = used()
            .filter(|stride| parameter.is_some_and(|p| stride.values.contains_key(&p)))
            .map(frames)
            .collect();
        if holding.is_empty() {
            used().map(frames).collect()
        } else {
            holding
        }
    }

    /// Why the adults' angles do not fit this subject, if they do not.
    pub(super) fn too_young_for_adult_angles(&self) -> Option<String> {
        let age = self.subject.age_years.filter(|&age| age < 18.0)?;
        Some(format!(
            "the norm describes adults, and the subject is {age:.0} years old"
        ))
    }
}

impl Reading<'_> {
    /// `Left stance is` or `Walking speed is`.
    pub(super) fn subject_of_sentence(&self) -> String {
        let title = self.parameter.title();
        match self.side {
            Some(side) => format!("{} {} is", capitalised(side.name()), title.to_lowercase()),
            None => format!("{title} is"),
        }
    }

    /// A value in this reading's unit.
    pub(super) fn quantity(&self, value: f64) -> String {
        quantity(value, &self.summary.unit, self.parameter.decimals())
    }

    /// What to keep in mind, as a sentence with a space before it; empty if nothing.
    pub(super) fn caution(&self) -> String {
        match &self.summary.reason {
            Some(reason) if self.summary.status == Status::Caution => {
                format!(" To be read with caution: {reason}.")
            }
            _ => String::new(),
        }
    }

    /// Values averaged.
    pub(super) fn n(&self) -> usize {
        self.summary.n
    }

    /// Its unit.
    pub(super) fn unit(&self) -> &str {
        &self.summary.unit
    }
}

/// A number with its unit.
pub(super) fn quantity(value: f64, unit: &str, decimals: usize) -> String {
    format!("{value:.decimals$}{}", suffix(unit))
}

/// Whom a norm describes, for a sentence: its source up to the details, which the evidence keeps.
pub(super) fn whom(norm: &NormValue) -> String {
    let first = norm.source.split(';').next().unwrap_or_default();
    first.replace(" (CC BY 4.0)", "")
}

/// A z-score with its sign, as print writes it.
pub(super) fn signed(z: f64) -> String {
    format!("{z:+.1}").replace('-', "\u{2212}")
}

/// A norm's mean and SD with their unit.
pub(super) fn quantity_with_sd(norm: &NormValue, unit: &str, decimals: usize) -> String {
    format!(
        "{:.decimals$} ± {:.decimals$}{}",
        norm.mean,
        norm.sd,
        suffix(unit)
    )
}

fn suffix(unit: &str) -> String {
    match unit {
        "1" | "" => String::new(),
        "°" => "°".to_owned(),
        "% cycle" => " % of the cycle".to_owned(),
        unit => format!(" {unit}"),
    }
}

pub(super) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}
