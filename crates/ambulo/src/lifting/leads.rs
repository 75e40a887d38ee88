//! Picture or lifted motion: the way with the smaller measured error leads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CameraView;
use crate::PerSide;
use crate::analysis::Lead;
use crate::kinematics::{AngleCurves, AngleId};
use crate::parameters::{
    GaitParameters, Origin, ParameterId, ParameterSummary, Precision, Quantity, Status, Summary,
};

/// How far a number lies from motion capture, over people.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residual {
    /// Mean of number minus reference.
    pub bias: f64,
    /// Standard deviation of number minus reference.
    pub sd: f64,
    /// Trials compared.
    pub n: usize,
}

impl Residual {
    /// Root mean square.
    pub fn rms(&self) -> f64 {
        self.bias.hypot(self.sd)
    }
}

/// Measured errors of one quantity in one view, in the quantity's own unit (degrees for angles,
/// where the error is that of the curve over the cycle).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow<Id> {
    /// The quantity.
    pub quantity: Id,
    /// From which side the camera saw the walk.
    pub view: CameraView,
    /// Of the lifted motion.
    pub lifted: Residual,
    /// Of the picture; absent where the picture gives nothing, or was not compared.
    pub picture: Option<Residual>,
}

/// Measured errors of one network with its weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelErrors {
    /// The weights they were measured with.
    pub weights_sha256: String,
    /// How they were measured: people, motion capture, cameras, command.
    pub source: String,
    /// Errors of parameters.
    #[serde(default)]
    pub parameters: Vec<ErrorRow<ParameterId>>,
    /// Errors of angles.
    #[serde(default)]
    pub angles: Vec<ErrorRow<AngleId>>,
}

/// What leads, and what it left behind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// Parameters, the leading ones.
    pub parameters: GaitParameters,
    /// Angles, the leading ones.
    pub angles: AngleCurves,
    /// Why each parameter leads.
    pub parameter_leads: BTreeMap<ParameterId, Lead>,
    /// Why each angle leads.
    pub angle_leads: BTreeMap<AngleId, Lead>,
    /// Parameters of the picture whose place a lifted one took.
    pub outdone_parameters: GaitParameters,
    /// Angles of the picture whose place a lifted one took.
    pub outdone_angles: AngleCurves,
}

/// Thigh and shank of an adult: what an error in metres is divided by where lengths are in legs.
const USUAL_LEG_M: f64 = 0.83;

/// Whether lifting can change the parameter: those of time alone come from the same events.
pub fn is_liftable(id: ParameterId) -> bool {
    use ParameterId as P;
    match id.quantity() {
        Quantity::Temporal => false,
        Quantity::Sagittal | Quantity::Mediolateral | Quantity::Angle => true,
        Quantity::Ratio => matches!(
            id,
            P::NormalisedSpeed
                | P::NormalisedStepLength
                | P::NormalisedStrideLength
                | P::ArmSwingAsymmetry
                | P::StepLengthCv
                | P::StrideLengthCv
                | P::SpeedCv
        ),
    }
}

/// Chooses for each quantity whether the picture or the lifted motion leads.
///
/// The smaller measured error in this view wins. A lifted number without a measured error never
/// leads; where the picture gives nothing, a lifted number with a measured error does, marked with
/// caution. Its interval is widened by its error; a lifted number that is then too uncertain by
/// `limits` is withheld, and the picture's, whose error is larger still, with it.
pub fn lead(
    picture: (&GaitParameters, &AngleCurves),
    lifted: (&GaitParameters, &AngleCurves),
    view: CameraView,
    errors: Option<&ModelErrors>,
    limits: &Precision,
) -> Outcome {
    let mut outcome = Outcome {
        parameters: picture.0.clone(),
        angles: picture.1.clone(),
        ..Outcome::default()
    };
    for (&id, summary) in lifted.0 {
        if !is_liftable(id) || !has_value(summary) {
            continue;
        }
        let row = errors.and_then(|errors| row_of(&errors.parameters, id, view));
        let measured = picture.0.get(&id).filter(|summary| has_value(summary));
        let lead = judged(row, measured.is_some(), view);
        if let (Origin::Lifted, Some(row)) = (lead.by, row) {
            let error = row.lifted.rms();
            let mut marked = marked(summary, id, error, view);
            limits.withhold_the_vague(id, &mut marked);
            if let Some(outdone) = outcome.parameters.insert(id, marked)
                && has_value(&outdone)
            {
                outcome.outdone_parameters.insert(id, outdone);
            }
        }
        outcome.parameter_leads.insert(id, lead);
    }
    for (&angle, curves) in lifted.1 {
        if curves.iter().all(|(_, curve)| curve.is_none()) {
            continue;
        }
        let row = errors.and_then(|errors| row_of(&errors.angles, angle, view));
        let seen = |curves: &&PerSide<Option<_>>| curves.iter().any(|(_, curve)| curve.is_some());
        let measured = picture.1.get(&angle).filter(seen);
        let lead = judged(row, measured.is_some(), view);
        if lead.by == Origin::Lifted
            && let Some(outdone) = outcome.angles.insert(angle, curves.clone())
            && seen(&&outdone)
        {
            outcome.outdone_angles.insert(angle, outdone);
        }
        outcome.angle_leads.insert(angle, lead);
    }
    outcome
}

fn row_of<Id: PartialEq + Copy>(
    rows: &[ErrorRow<Id>],
    id: Id,
    view: CameraView,
) -> Option<&ErrorRow<Id>> {
    rows.iter()
        .find(|row| row.quantity == id && row.view == view)
}

fn judged<Id>(row: Option<&ErrorRow<Id>>, is_in_picture: bool, view: CameraView) -> Lead {
    let lifted_error = row.map(|row| row.lifted.rms());
    let picture_error = row.and_then(|row| Some(row.picture?.rms()));
    let seen = view.title();
    let (by, why) = match (lifted_error, picture_error, is_in_picture) {
        (None, _, true) => (
            Origin::Measured,
            format!("the error of the lifted number {seen} is not known"),
        ),
        (None, _, false) => (
            Origin::Measured,
            format!(
                "the picture does not give it, and the error of the lifted number {seen} is not \
                 known, so none is given"
            ),
        ),
        (Some(_), _, false) => (
            Origin::Lifted,
            format!("seen {seen}, the picture alone does not give it"),
        ),
        (Some(_), None, true) => (
            Origin::Measured,
            format!("the error of the number from the picture {seen} is not known to be larger"),
        ),
        (Some(lifted), Some(picture), true) if lifted < picture => (
            Origin::Lifted,
            format!("seen {seen}, the lifted number has the smaller error"),
        ),
        (Some(_), Some(_), true) => (
            Origin::Measured,
            format!("seen {seen}, the number from the picture has the smaller error"),
        ),
    };
    Lead {
        by,
        lifted_error,
        picture_error,
        why,
    }
}

fn has_value(parameter: &ParameterSummary) -> bool {
    [&parameter.left, &parameter.right, &parameter.both]
        .into_iter()
        .flatten()
        .any(|summary| summary.value.is_some() && summary.status != Status::Withheld)
}

/// The parameter as one that leads: marked, with caution, its interval widened by its error.
fn marked(
    parameter: &ParameterSummary,
    id: ParameterId,
    error: f64,
    view: CameraView,
) -> ParameterSummary {
    let widened = |summary: &Summary| {
        let mut summary = summary.clone();
        let Some(value) = summary.value else {
            return summary;
        };
        let error = if summary.unit == id.unit() {
            error
        } else {
            error / USUAL_LEG_M
        };
        let spread = summary
            .ci95
            .map_or(0.0, |[low, high]| (high - value).max(value - low));
        let half = spread.hypot(1.96 * error);
        summary.ci95 = Some([value - half, value + half]);
        summary.status = Status::Caution;
        summary.origin = Origin::Lifted;
        let note = format!(
            "estimated in three dimensions from one camera {}",
            view.title()
        );
        summary.reason = Some(match summary.reason {
            Some(reason) => format!("{note}; {reason}"),
            None => note,
        });
        summary
    };
    ParameterSummary {
        left: parameter.left.as_ref().map(widened),
        right: parameter.right.as_ref().map(widened),
        both: parameter.both.as_ref().map(widened),
        symmetry: parameter.symmetry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinematics::{AngleCurve, AngleMethod};

    const EXACT: Residual = Residual {
        bias: 3.0,
        sd: 4.0,
        n: 20,
    };
    const POOR: Residual = Residual {
        bias: 0.0,
        sd: 9.0,
        n: 20,
    };

    fn speed(value: Option<f64>) -> GaitParameters {
        let summary = Summary {
            value,
            unit: "m/s".to_owned(),
            sd: None,
            cv_pct: None,
            n: 6,
            ci95: value.map(|v| [v - 0.3, v + 0.3]),
            status: if value.is_some() {
                Status::Valid
            } else {
                Status::Withheld
            },
            reason: None,
            origin: Origin::Measured,
        };
        let summary = ParameterSummary {
            both: Some(summary),
            ..ParameterSummary::default()
        };
        GaitParameters::from([(ParameterId::Speed, summary)])
    }

    fn knee(method: AngleMethod) -> AngleCurves {
        let curve = AngleCurve {
            method,
            approximate: false,
            n: 4,
            mean_deg: vec![0.0; 101],
            sd_deg: None,
        };
        let sides = PerSide {
            left: Some(curve),
            right: None,
        };
        AngleCurves::from([(AngleId::KneeFlexion, sides)])
    }

    fn errors(lifted: Residual, picture: Option<Residual>) -> ModelErrors {
        let view = CameraView::Side;
        ModelErrors {
            weights_sha256: String::new(),
            source: String::new(),
            parameters: vec![ErrorRow {
                quantity: ParameterId::Speed,
                view,
                lifted: Residual {
                    bias: 0.0,
                    sd: 0.1,
                    n: 20,
                },
                picture: None,
            }],
            angles: vec![ErrorRow {
                quantity: AngleId::KneeFlexion,
                view,
                lifted,
                picture,
            }],
        }
    }

    #[track_caller]
    fn check_knee(errors: Option<&ModelErrors>, view: CameraView, expected: AngleMethod) {
        let none = GaitParameters::new();
        let (flat, lifted) = (knee(AngleMethod::Sagittal2d), knee(AngleMethod::Lifted));
        let limits = Precision::default();
        let outcome = lead((&none, &flat), (&none, &lifted), view, errors, &limits);
        let leading = outcome.angles[&AngleId::KneeFlexion].left.as_ref();
        assert_eq!(leading.map(|curve| curve.method), Some(expected));
        let is_outdone = outcome.outdone_angles.contains_key(&AngleId::KneeFlexion);
        assert_eq!(is_outdone, expected == AngleMethod::Lifted);
    }

    #[test]
    fn the_smaller_measured_error_leads() {
        let better = errors(EXACT, Some(POOR));
        check_knee(Some(&better), CameraView::Side, AngleMethod::Lifted);
        let worse = errors(POOR, Some(EXACT));
        check_knee(Some(&worse), CameraView::Side, AngleMethod::Sagittal2d);
    }

    #[test]
    fn nothing_lifted_leads_without_a_measured_error_of_both_in_this_view() {
        let better = errors(EXACT, Some(POOR));
        check_knee(None, CameraView::Side, AngleMethod::Sagittal2d);
        check_knee(Some(&better), CameraView::Oblique, AngleMethod::Sagittal2d);
        let alone = errors(EXACT, None);
        check_knee(Some(&alone), CameraView::Side, AngleMethod::Sagittal2d);
    }

    #[test]
    fn where_the_picture_gives_nothing_the_lifted_number_leads_with_caution_and_a_wider_interval() {
        let (none, errors) = (AngleCurves::new(), errors(EXACT, None));
        let (withheld, lifted) = (speed(None), speed(Some(1.2)));
        let picture = (&withheld, &none);
        let limits = Precision::default();
        let view = CameraView::Side;
        let outcome = lead(picture, (&lifted, &none), view, Some(&errors), &limits);
        let leading = outcome.parameters[&ParameterId::Speed]
            .both
            .clone()
            .unwrap();
        assert_eq!(leading.origin, Origin::Lifted);
        assert_eq!(leading.status, Status::Caution);
        let half = 0.3_f64.hypot(0.196);
        assert!((leading.ci95.unwrap()[1] - 1.2 - half).abs() < 1e-12);
        assert!(outcome.outdone_parameters.is_empty());
        let outcome = lead(picture, (&lifted, &none), view, None, &limits);
        assert_eq!(outcome.parameters, withheld);
    }
}
