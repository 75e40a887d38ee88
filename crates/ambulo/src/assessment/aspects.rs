//! What a rationale talks about: qualities of a walk, each measured and compared with healthy walkers.

use std::collections::BTreeMap;

use crate::Side;
use crate::parameters::ParameterId;

use super::measured::Reading;
use super::{AssessmentConfig, Evidence, Measured, NormValue};

/// Part of a rationale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Steps and feet.
    Foot,
    /// Arms.
    Arm,
    /// The walk as a whole.
    Overall,
}

impl Part {
    /// All parts in the order of a rationale.
    pub const ALL: [Self; 3] = [Self::Foot, Self::Arm, Self::Overall];

    /// Its heading.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Foot => "Foot",
            Self::Arm => "Arm",
            Self::Overall => "Overall",
        }
    }
}

/// A quality of a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say what they are")]
pub enum Aspect {
    StepLength,
    StepWidth,
    FootLift,
    ToeClearance,
    FootStrike,
    KneeBend,
    StepLengthAsymmetry,
    StepTimeAsymmetry,
    ArmSwing,
    ArmSwingAsymmetry,
    Speed,
    Cadence,
    DoubleSupport,
    StepTimeVariability,
    StepLengthVariability,
    TrunkLean,
}

/// How an aspect is measured.
#[derive(Clone, Copy)]
enum Source {
    /// A parameter against its norm.
    Parameter(ParameterId),
    /// The sides' difference of a parameter against the limit for it.
    Asymmetry(ParameterId),
    /// A variability against the limit for it.
    Variability(ParameterId),
}

impl Aspect {
    /// All of them, in the order in which a rationale takes them up where none stands out.
    pub const ALL: [Self; 16] = [
        Self::StepLength,
        Self::StepWidth,
        Self::FootLift,
        Self::ToeClearance,
        Self::FootStrike,
        Self::KneeBend,
        Self::StepLengthAsymmetry,
        Self::StepTimeAsymmetry,
        Self::ArmSwing,
        Self::ArmSwingAsymmetry,
        Self::Speed,
        Self::Cadence,
        Self::DoubleSupport,
        Self::StepTimeVariability,
        Self::StepLengthVariability,
        Self::TrunkLean,
    ];

    /// Its name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::StepLength => "step_length",
            Self::StepWidth => "step_width",
            Self::FootLift => "foot_lift",
            Self::ToeClearance => "toe_clearance",
            Self::FootStrike => "foot_strike",
            Self::KneeBend => "knee_bend",
            Self::StepLengthAsymmetry => "step_length_asymmetry",
            Self::StepTimeAsymmetry => "step_time_asymmetry",
            Self::ArmSwing => "arm_swing",
            Self::ArmSwingAsymmetry => "arm_swing_asymmetry",
            Self::Speed => "speed",
            Self::Cadence => "cadence",
            Self::DoubleSupport => "double_support",
            Self::StepTimeVariability => "step_time_variability",
            Self::StepLengthVariability => "step_length_variability",
            Self::TrunkLean => "trunk_lean",
        }
    }

    /// The part of a rationale that it belongs to.
    pub fn part(self) -> Part {
        match self {
            Self::ArmSwing | Self::ArmSwingAsymmetry => Part::Arm,
            Self::Speed
            | Self::Cadence
            | Self::DoubleSupport
            | Self::StepTimeVariability
            | Self::StepLengthVariability
            | Self::TrunkLean => Part::Overall,
            _ => Part::Foot,
        }
    }

    /// Whether each side has its own.
    pub fn is_sided(self) -> bool {
        matches!(
            self,
            Self::StepLength
                | Self::FootLift
                | Self::ToeClearance
                | Self::FootStrike
                | Self::KneeBend
                | Self::ArmSwing
        )
    }

    /// What it is measured of: the whole walk, and each side where each has its own.
    pub fn sides(self) -> &'static [Option<Side>] {
        if self.is_sided() {
            &[None, Some(Side::Left), Some(Side::Right)]
        } else {
            &[None]
        }
    }

    /// Every quality with each of its sides.
    pub fn all_sides() -> impl Iterator<Item = (Self, Option<Side>)> {
        let aspects = Self::ALL.into_iter();
        aspects.flat_map(|aspect| aspect.sides().iter().map(move |&side| (aspect, side)))
    }

    /// Whether only large values are out of the ordinary.
    pub fn is_good_when_small(self) -> bool {
        matches!(
            self,
            Self::StepLengthAsymmetry
                | Self::StepTimeAsymmetry
                | Self::ArmSwingAsymmetry
                | Self::StepTimeVariability
                | Self::StepLengthVariability
                | Self::TrunkLean
        )
    }

    fn source(self) -> Source {
        use ParameterId as P;
        match self {
            Self::StepLength => Source::Parameter(P::StepLength),
            Self::StepWidth => Source::Parameter(P::StepWidth),
            Self::FootLift => Source::Parameter(P::MaximumFootHeight),
            Self::ToeClearance => Source::Parameter(P::MinimumToeClearance),
            Self::FootStrike => Source::Parameter(P::FootStrikeAngle),
            Self::KneeBend => Source::Parameter(P::KneeFlexionMaximumExtension),
            Self::StepLengthAsymmetry => Source::Asymmetry(P::StepLength),
            Self::StepTimeAsymmetry => Source::Asymmetry(P::StepTime),
            Self::ArmSwing => Source::Parameter(P::ArmSwingRange),
            Self::ArmSwingAsymmetry => Source::Parameter(P::ArmSwingAsymmetry),
            Self::Speed => Source::Parameter(P::Speed),
            Self::Cadence => Source::Parameter(P::Cadence),
            Self::DoubleSupport => Source::Parameter(P::DoubleSupport),
            Self::StepTimeVariability => Source::Variability(P::StepTimeCv),
            Self::StepLengthVariability => Source::Variability(P::StepLengthCv),
            Self::TrunkLean => Source::Parameter(P::TrunkLean),
        }
    }
}

/// An aspect as it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct AspectReading {
    /// The aspect.
    pub aspect: Aspect,
    /// The side; `None` for both together, or the whole walk.
    pub side: Option<Side>,
    /// How far from the norm's mean, in its standard deviations.
    pub z: f64,
    /// Parameter, value, norm and frames.
    pub evidence: Evidence,
}

/// All aspects of a walk that were measured and have a norm.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AspectReadings {
    readings: BTreeMap<(Aspect, Option<Side>), AspectReading>,
}

/// Norms of parameters for which none is published.
pub type References = BTreeMap<ParameterId, NormValue>;

impl AspectReadings {
    /// Reads every aspect. Published norms go before `references`; asymmetry of steps and variability are compared with
    /// the limits of the settings, as if they lay two standard deviations from the mean.
    pub fn of(measured: &Measured<'_>, references: &References, config: &AssessmentConfig) -> Self {
        let mut readings = BTreeMap::new();
        for (aspect, side) in Aspect::all_sides() {
            if let Some(reading) = read(measured, references, config, aspect, side) {
                readings.insert((aspect, side), reading);
            }
        }
        Self { readings }
    }

    /// An aspect of a side.
    pub fn get(&self, aspect: Aspect, side: Option<Side>) -> Option<&AspectReading> {
        self.readings.get(&(aspect, side))
    }

    /// All of them, by aspect and side.
    pub fn iter(&self) -> impl Iterator<Item = &AspectReading> {
        self.readings.values()
    }

    /// The same with one reading put in, or put in place of another.
    #[must_use]
    pub fn with(mut self, reading: AspectReading) -> Self {
        self.readings
            .insert((reading.aspect, reading.side), reading);
        self
    }
}

fn read(
    measured: &Measured<'_>,
    references: &References,
    config: &AssessmentConfig,
    aspect: Aspect,
    side: Option<Side>,
) -> Option<AspectReading> {
    match aspect.source() {
        Source::Parameter(parameter) => {
            let reading = measured.reading(parameter, side).ok()?;
            let norm = norm(measured, references, &reading)?;
            let z = (reading.value - norm.mean) / norm.sd;
            Some(AspectReading {
                aspect,
                side,
                z,
                evidence: measured.evidence(&reading, Some(norm)),
            })
        }
        Source::Asymmetry(parameter) => {
            let symmetry = measured.parameters.get(&parameter)?.symmetry?;
            let value = symmetry.robinson_pct.abs();
            let norm = up_to(config.asymmetry_pct, "%");
            Some(AspectReading {
                aspect,
                side,
                z: (value - norm.mean) / norm.sd,
                evidence: Evidence {
                    parameter: aspect.name().to_owned(),
                    side: "both".to_owned(),
                    value,
                    unit: "%".to_owned(),
                    norm: Some(norm),
                    frames: measured.frames(Some(parameter), None),
                },
            })
        }
        Source::Variability(parameter) => {
            let reading = measured.reading(parameter, side).ok()?;
            if reading.n() < config.fewest_for_variability {
                return None;
            }
            let limit_pct = match parameter {
                ParameterId::StepLengthCv => config.stride_length_cv_pct,
                _ => config.stride_time_cv_pct,
            };
            let norm = up_to(limit_pct, "%");
            Some(AspectReading {
                aspect,
                side,
                z: (reading.value - norm.mean) / norm.sd,
                evidence: measured.evidence(&reading, Some(&norm)),
            })
        }
    }
}

/// A published norm in the reading's unit, else that of the reference walkers.
fn norm<'a>(
    measured: &Measured<'a>,
    references: &'a References,
    reading: &Reading<'_>,
) -> Option<&'a NormValue> {
    measured.norm(reading).ok().or_else(|| {
        let norm = references.get(&reading.parameter)?;
        (reading.unit() == reading.parameter.unit() && norm.sd > 0.0).then_some(norm)
    })
}

/// A limit as a norm whose mean plus two standard deviations it is.
fn up_to(limit: f64, unit: &str) -> NormValue {
    NormValue {
        mean: 0.5 * limit,
        sd: 0.25 * limit,
        source: format!("limit of {limit} {unit}, our choice, taken as two standard deviations"),
    }
}
