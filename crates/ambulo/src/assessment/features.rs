//! The numbers of a walk that a score rests on.

use crate::Side;
use crate::kinematics::{AngleCurves, AngleId};
use crate::parameters::{GaitParameters, ParameterId, ParameterSummary, Status, Summary};

/// Standard gravity in m/s².
const GRAVITY: f64 = 9.80665;

/// One number of a walk.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    /// Its name in model files.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    source: Source,
}

/// Where a feature comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Source {
    /// A parameter of the whole walk, or of both sides.
    Parameter(ParameterId),
    /// The lesser of the two sides.
    Lesser(ParameterId),
    /// Difference of the sides in percent of their mean.
    Asymmetry(ParameterId),
    /// A length divided by that of the legs.
    PerLeg(ParameterId),
    /// Range of an angle over the cycle, mean of the sides.
    Range(AngleId),
    /// Greatest value of an angle, mean of the sides.
    Greatest(AngleId),
    /// Least value of an angle, mean of the sides.
    Least(AngleId),
    /// Difference of the sides' ranges in percent of their mean.
    RangeAsymmetry(AngleId),
}

/// Every feature, in the order of [`Features`].
pub const FEATURES: &[Feature] = {
    use AngleId as A;
    use ParameterId as P;
    use Source::{Asymmetry, Greatest, Least, Lesser, Parameter, PerLeg, Range, RangeAsymmetry};
    const fn feature(name: &'static str, title: &'static str, source: Source) -> Feature {
        Feature {
            name,
            title,
            source,
        }
    }
    &[
        feature(
            "normalised_speed",
            "normalised speed",
            Parameter(P::NormalisedSpeed),
        ),
        feature(
            "normalised_step_length",
            "normalised step length",
            Parameter(P::NormalisedStepLength),
        ),
        feature(
            "normalised_cadence",
            "normalised cadence",
            Parameter(P::NormalisedCadence),
        ),
        feature(
            "double_support",
            "double support",
            Parameter(P::DoubleSupport),
        ),
        feature(
            "step_time_cv",
            "step time variability",
            Parameter(P::StepTimeCv),
        ),
        feature(
            "stride_time_cv",
            "stride time variability",
            Parameter(P::StrideTimeCv),
        ),
        feature(
            "step_length_cv",
            "step length variability",
            Parameter(P::StepLengthCv),
        ),
        feature(
            "stride_length_cv",
            "stride length variability",
            Parameter(P::StrideLengthCv),
        ),
        feature(
            "step_length_asymmetry",
            "step length asymmetry",
            Asymmetry(P::StepLength),
        ),
        feature(
            "step_time_asymmetry",
            "step time asymmetry",
            Asymmetry(P::StepTime),
        ),
        feature(
            "step_width_per_leg",
            "step width in leg lengths",
            PerLeg(P::StepWidth),
        ),
        feature(
            "foot_height_per_leg",
            "foot height in leg lengths",
            PerLeg(P::MaximumFootHeight),
        ),
        feature(
            "toe_clearance_per_leg",
            "toe clearance in leg lengths",
            PerLeg(P::MinimumToeClearance),
        ),
        feature(
            "foot_strike_angle",
            "foot strike angle",
            Parameter(P::FootStrikeAngle),
        ),
        feature(
            "arm_swing_range",
            "arm swing range",
            Parameter(P::ArmSwingRange),
        ),
        feature(
            "lesser_arm_swing_range",
            "arm swing range of the lesser arm",
            Lesser(P::ArmSwingRange),
        ),
        feature(
            "arm_swing_asymmetry",
            "arm swing asymmetry",
            Parameter(P::ArmSwingAsymmetry),
        ),
        feature("trunk_lean", "trunk lean", Parameter(P::TrunkLean)),
        feature("hip_range", "range of hip flexion", Range(A::HipFlexion)),
        feature("knee_range", "range of knee flexion", Range(A::KneeFlexion)),
        feature(
            "ankle_range",
            "range of ankle dorsiflexion",
            Range(A::AnkleDorsiflexion),
        ),
        feature(
            "greatest_knee_flexion",
            "greatest knee flexion",
            Greatest(A::KneeFlexion),
        ),
        feature(
            "least_knee_flexion",
            "least knee flexion",
            Least(A::KneeFlexion),
        ),
        feature(
            "least_dorsiflexion",
            "greatest plantarflexion",
            Least(A::AnkleDorsiflexion),
        ),
        feature(
            "hip_range_asymmetry",
            "asymmetry of the hips' range",
            RangeAsymmetry(A::HipFlexion),
        ),
        feature(
            "knee_range_asymmetry",
            "asymmetry of the knees' range",
            RangeAsymmetry(A::KneeFlexion),
        ),
    ]
};

/// The features of one walk, each where it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    values: Vec<Option<f64>>,
}

impl Features {
    /// Takes them from what was measured. What is withheld is missing, and so are lengths without a scale.
    pub fn of(parameters: &GaitParameters, angles: &AngleCurves) -> Self {
        let values = FEATURES
            .iter()
            .map(|feature| value(feature.source, parameters, angles))
            .map(|value| value.filter(|value| value.is_finite()))
            .collect();
        Self { values }
    }

    /// A feature by its name; `None` if it was not measured or there is none of this name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let place = FEATURES.iter().position(|feature| feature.name == name)?;
        self.values[place]
    }

    /// Names and values of those that were measured.
    pub fn measured(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let named = FEATURES.iter().zip(&self.values);
        named.filter_map(|(feature, value)| Some((feature.name, (*value)?)))
    }
}

impl Feature {
    /// The feature of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FEATURES.iter().find(|feature| feature.name == name)
    }
}

fn value(source: Source, parameters: &GaitParameters, angles: &AngleCurves) -> Option<f64> {
    match source {
        Source::Parameter(id) => mean(parameters.get(&id)?),
        Source::Lesser(id) => {
            let [left, right] = sides(parameters.get(&id)?);
            Some(left?.min(right?))
        }
        Source::Asymmetry(id) => {
            let symmetry = parameters.get(&id)?.symmetry?;
            Some(symmetry.robinson_pct.abs())
        }
        Source::PerLeg(id) => {
            let summary = parameters.get(&id)?;
            is_metric(summary).then_some(mean(summary)? / leg_m(parameters)?)
        }
        Source::Range(id) => over_sides(angles, id, |curve| Some(greatest(curve)? - least(curve)?)),
        Source::Greatest(id) => over_sides(angles, id, greatest),
        Source::Least(id) => over_sides(angles, id, least),
        Source::RangeAsymmetry(id) => {
            let range = |curve: &[f64]| Some(greatest(curve)? - least(curve)?);
            let [left, right] = of_sides(angles, id, range);
            let (left, right) = (left?, right?);
            let mean = f64::midpoint(left, right);
            (mean > 0.0).then(|| 100.0 * (left - right).abs() / mean)
        }
    }
}

fn number(summary: Option<&Summary>) -> Option<f64> {
    let summary = summary.filter(|summary| summary.status != Status::Withheld)?;
    summary.value
}

fn sides(summary: &ParameterSummary) -> [Option<f64>; 2] {
    [
        number(summary.left.as_ref()),
        number(summary.right.as_ref()),
    ]
}

/// Both sides together, or what there is of them.
fn mean(summary: &ParameterSummary) -> Option<f64> {
    number(summary.both.as_ref()).or_else(|| match sides(summary) {
        [Some(left), Some(right)] => Some(f64::midpoint(left, right)),
        [left, right] => left.or(right),
    })
}

fn is_metric(summary: &ParameterSummary) -> bool {
    let any = [&summary.both, &summary.left, &summary.right];
    any.into_iter().flatten().all(|summary| summary.unit == "m")
}

/// The length of the legs that normalised speed was made with.
fn leg_m(parameters: &GaitParameters) -> Option<f64> {
    let speed = parameters.get(&ParameterId::Speed)?;
    let is_metric = speed.both.as_ref().is_some_and(|it| it.unit == "m/s");
    let normalised = mean(parameters.get(&ParameterId::NormalisedSpeed)?)?;
    let ratio = mean(speed)? / normalised;
    (is_metric && normalised > 0.0).then_some(ratio * ratio / GRAVITY)
}

fn of_sides(
    angles: &AngleCurves,
    id: AngleId,
    of: impl Fn(&[f64]) -> Option<f64>,
) -> [Option<f64>; 2] {
    let Some(curves) = angles.get(&id) else {
        return [None, None];
    };
    Side::BOTH.map(|side| of(&curves.get(side).as_ref()?.mean_deg))
}

fn over_sides(
    angles: &AngleCurves,
    id: AngleId,
    of: impl Fn(&[f64]) -> Option<f64>,
) -> Option<f64> {
    match of_sides(angles, id, of) {
        [Some(left), Some(right)] => Some(f64::midpoint(left, right)),
        [left, right] => left.or(right),
    }
}

fn greatest(curve: &[f64]) -> Option<f64> {
    curve.iter().copied().max_by(f64::total_cmp)
}

fn least(curve: &[f64]) -> Option<f64> {
    curve.iter().copied().min_by(f64::total_cmp)
}
