//! Numbers that are too uncertain to be of use: withheld rather than shown.
//!
//! A value stands for its interval only while the interval says something. What is too wide depends
//! on the kind of the quantity ([`Precision`]): a share of the value where zero would mean no walk,
//! a fixed width where zero is an ordinary value.

use serde::{Deserialize, Serialize};

use super::family::{Derived, derived, is_margin};
use super::{GaitParameters, Origin, ParameterId, ParameterSummary, Quantity, Summary, summary};

/// The widest half of a 95 % interval with which a number is still given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Precision {
    /// Of speeds, lengths, widths, times, rates and shares of the cycle, as a share of the value.
    pub share: f64,
    /// The same of lifted numbers: their error is the network's, alike in every stride, and more
    /// strides do not show it.
    pub lifted_share: f64,
    /// Of heights of the foot, excursions, sway and margins of stability, in metres (or leg lengths).
    pub small_m: f64,
    /// Of angles.
    pub angle_deg: f64,
    /// Of variabilities and of the freezing index, as a share of the value: at 1, the interval
    /// reaches zero.
    pub variability_share: f64,
    /// Of the asymmetry of the arms' swing, in its percent.
    pub asymmetry_pct: f64,
}

impl Default for Precision {
    fn default() -> Self {
        Self {
            share: 0.5,
            lifted_share: 1.0 / 3.0,
            small_m: 0.1,
            angle_deg: 15.0,
            variability_share: 1.0,
            asymmetry_pct: 25.0,
        }
    }
}

/// A limit on half the interval.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    /// A share of the value.
    Share(f64),
    /// In the value's unit.
    Width(f64),
}

impl Precision {
    fn of(&self, id: ParameterId, origin: Origin) -> Limit {
        use ParameterId as P;
        match id {
            P::MaximumFootHeight
            | P::MinimumToeClearance
            | P::WristExcursion
            | P::PelvisSwayRange
            | P::PelvisSwayRms
            | P::TrunkSwayRange
            | P::TrunkSwayRms => Limit::Width(self.small_m),
            P::ArmSwingAsymmetry => Limit::Width(self.asymmetry_pct),
            P::FreezingIndex => Limit::Share(self.variability_share),
            _ if is_margin(id) => Limit::Width(self.small_m),
            _ if matches!(derived(id), Some(Derived::CvOf(_))) => {
                Limit::Share(self.variability_share)
            }
            _ if id.quantity() == Quantity::Angle => Limit::Width(self.angle_deg),
            _ => Limit::Share(match origin {
                Origin::Measured => self.share,
                Origin::Lifted => self.lifted_share,
            }),
        }
    }

    /// Why a number is too uncertain to be given; `None` if it is not, or has no interval.
    pub(crate) fn objection(&self, id: ParameterId, summary: &Summary) -> Option<String> {
        let (value, [low, high]) = summary.value.zip(summary.ci95)?;
        let half = (high - value).max(value - low);
        let limit = self.of(id, summary.origin);
        let (widest, rule) = match limit {
            Limit::Share(share) => (
                share * value.abs(),
                format!("{:.0} % of the value", 100.0 * share),
            ),
            Limit::Width(width) => (width, number(width, 2, &summary.unit)),
        };
        // Written so that what is not a number objects too.
        if half <= widest {
            return None;
        }
        Some(format!(
            "too uncertain to be given: half the 95 % interval is {}, more than {rule}",
            number(half, id.decimals(), &summary.unit)
        ))
    }

    /// Withholds a parameter's numbers that are too uncertain.
    pub(crate) fn withhold_the_vague(&self, id: ParameterId, parameter: &mut ParameterSummary) {
        let sides = [
            &mut parameter.left,
            &mut parameter.right,
            &mut parameter.both,
        ];
        for summary in sides.into_iter().flatten() {
            let Some(objection) = self.objection(id, summary) else {
                continue;
            };
            let reason = match summary.reason.take() {
                Some(before) => format!("{objection}; {before}"),
                None => objection,
            };
            *summary = Summary {
                origin: summary.origin,
                n: summary.n,
                ..summary::withheld(summary.unit.clone(), reason)
            };
        }
        let has = |side: &Option<Summary>| side.as_ref().is_some_and(|it| it.value.is_some());
        if !(has(&parameter.left) && has(&parameter.right)) {
            parameter.symmetry = None;
        }
    }
}

/// Withholds every number that is too uncertain.
pub(super) fn check(parameters: &mut GaitParameters, limits: &Precision) {
    for (&id, parameter) in parameters.iter_mut() {
        limits.withhold_the_vague(id, parameter);
    }
}

fn number(value: f64, decimals: usize, unit: &str) -> String {
    match unit {
        "°" => format!("±{value:.decimals$}°"),
        "1" | "" => format!("±{value:.decimals$}"),
        "% cycle" => format!("±{value:.decimals$} % of the cycle"),
        unit => format!("±{value:.decimals$} {unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{Status, Symmetry};

    fn summary_of(id: ParameterId, value: f64, half: f64) -> Summary {
        Summary {
            value: Some(value),
            unit: id.unit().to_owned(),
            sd: Some(half / 2.0),
            cv_pct: None,
            n: 6,
            ci95: Some([value - half, value + half]),
            status: Status::Caution,
            reason: Some("it was dark".to_owned()),
            origin: Origin::Measured,
        }
    }

    #[track_caller]
    fn check_limit(id: ParameterId, value: f64, widest: f64) {
        let limits = Precision::default();
        let just = summary_of(id, value, widest - 1e-9);
        assert_eq!(limits.objection(id, &just), None, "{id:?}");
        let beyond = summary_of(id, value, widest + 1e-9);
        assert!(limits.objection(id, &beyond).is_some(), "{id:?}");
    }

    #[test]
    fn each_kind_of_quantity_has_a_limit_of_its_own() {
        check_limit(ParameterId::Speed, 1.2, 0.6);
        check_limit(ParameterId::StepLength, 0.6, 0.3);
        check_limit(ParameterId::StepWidth, 0.1, 0.05);
        check_limit(ParameterId::StepTime, 0.5, 0.25);
        check_limit(ParameterId::Stance, 60.0, 30.0);
        check_limit(ParameterId::MinimumToeClearance, 0.01, 0.1);
        check_limit(ParameterId::MosForwardMinimum, -0.02, 0.1);
        check_limit(ParameterId::FootStrikeAngle, 0.5, 15.0);
        check_limit(ParameterId::StrideTimeCv, 2.0, 2.0);
    }

    #[test]
    fn a_lifted_number_must_be_surer() {
        let limits = Precision::default();
        let mut speed = summary_of(ParameterId::Speed, 1.2, 0.45);
        assert_eq!(limits.objection(ParameterId::Speed, &speed), None);
        speed.origin = Origin::Lifted;
        let objection = limits.objection(ParameterId::Speed, &speed);
        assert!(objection.is_some_and(|it| it.contains("±0.45 m/s, more than 33 % of the value")));
    }

    #[test]
    fn a_width_whose_interval_reaches_below_zero_is_withheld_with_the_rule() {
        let id = ParameterId::StepWidth;
        let mut width = ParameterSummary {
            left: Some(summary_of(id, 0.08, 0.01)),
            right: Some(summary_of(id, 0.09, 0.11)),
            both: Some(summary_of(id, 0.085, 0.02)),
            symmetry: Symmetry::of(0.08, 0.09),
        };
        Precision::default().withhold_the_vague(id, &mut width);
        let right = width.right.unwrap();
        assert_eq!((right.value, right.ci95, right.sd), (None, None, None));
        assert_eq!(
            (right.status, right.n, right.origin),
            (Status::Withheld, 6, Origin::Measured)
        );
        assert_eq!(
            right.reason.as_deref(),
            Some(
                "too uncertain to be given: half the 95 % interval is ±0.110 m, more than 50 % of \
                 the value; it was dark"
            )
        );
        assert_eq!(width.symmetry, None);
        assert!(width.left.unwrap().value.is_some() && width.both.unwrap().value.is_some());
    }

    #[test]
    fn a_number_without_an_interval_is_not_judged() {
        let mut alone = summary_of(ParameterId::Speed, 1.0, 9.0);
        alone.ci95 = None;
        assert_eq!(
            Precision::default().objection(ParameterId::Speed, &alone),
            None
        );
    }
}
