//! The strides of a walk drawn together: mean, scatter, interval, and whether to trust them.

use super::error::{FALLING_SHARE, Timing, timing_of};
use super::family::{Derived, derived, is_margin, scales, travels, unit_of};
use super::variability::{mean, pooled_sd, ratio_pct, sample_sd, t_quantile_975};
use super::{
    GaitParameters, Origin, ParameterConfig, ParameterId, ParameterSummary, Quantity, Sidedness,
    Status, Stride, Summary, SummaryContext, Symmetry, guards, requirement, symmetry,
};
use crate::balance::CentreOfMassMethod;
use crate::walk::View;
use crate::{PerSide, Side};

/// Draws the strides of all bouts together. Strides that are not used count nowhere.
///
/// Every parameter is in the result, with a value or with the reason why there is none.
/// `both` is the mean of the two sides' means, and its scatter is that within the sides, so that
/// asymmetry inflates neither. The interval is Student's over strides, joined in quadrature with
/// the error of the events' timing and, for lengths, of the scale.
pub fn summarise(
    strides: &[Stride],
    context: &SummaryContext,
    config: &ParameterConfig,
) -> GaitParameters {
    let sides = PerSide::from_fn(|side| -> Vec<&Stride> {
        strides
            .iter()
            .filter(|stride| stride.used && stride.side == side)
            .collect()
    });
    let table = Table {
        sides,
        context,
        config,
    };
    let mut parameters: GaitParameters = ParameterId::ALL
        .iter()
        .map(|&id| (id, table.parameter(id)))
        .collect();
    guards::check(&mut parameters, context, config);
    parameters
}

struct Table<'a> {
    sides: PerSide<Vec<&'a Stride>>,
    context: &'a SummaryContext,
    config: &'a ParameterConfig,
}

/// A value with what is needed to give its interval.
struct Estimate {
    value: f64,
    sd: Option<f64>,
    n: usize,
    /// Standard error over strides, and its degrees of freedom.
    error: Option<(f64, usize)>,
}

impl Table<'_> {
    fn parameter(&self, id: ParameterId) -> ParameterSummary {
        match derived(id) {
            Some(Derived::CvOf(base)) => self.whole(id, self.variability(id, base)),
            Some(Derived::ArmAsymmetry) => self.whole(id, self.arm_asymmetry()),
            None => self.measured(id),
        }
    }

    fn whole(&self, id: ParameterId, estimate: Result<Estimate, String>) -> ParameterSummary {
        ParameterSummary {
            both: Some(self.summary(id, estimate)),
            ..ParameterSummary::default()
        }
    }

    fn measured(&self, id: ParameterId) -> ParameterSummary {
        let sides = PerSide::from_fn(|side| self.one_side(id, side));
        let both = self.both_sides(id, &sides);
        if id.sidedness() == Sidedness::Whole {
            return self.whole(id, both);
        }
        let values = sides
            .as_ref()
            .map(|side| side.as_ref().ok().map(|estimate| estimate.value));
        // A ratio of sides means nothing for what may be zero or change its sign, as angles do.
        let has_sides = !is_margin(id)
            && (id == ParameterId::ArmSwingRange || id.quantity() != Quantity::Angle);
        let symmetry = values
            .left
            .zip(values.right)
            .filter(|_| has_sides)
            .and_then(|(left, right)| Symmetry::of(left, right));
        ParameterSummary {
            left: Some(self.summary(id, sides.left)),
            right: Some(self.summary(id, sides.right)),
            both: Some(self.summary(id, both)),
            symmetry,
        }
    }

    fn values(&self, id: ParameterId, side: Side) -> Vec<f64> {
        self.sides
            .get(side)
            .iter()
            .filter_map(|stride| stride.values.get(&id).copied())
            .collect()
    }

    /// The values of a side, or why they are too few.
    fn enough(&self, id: ParameterId, side: Side) -> Result<Vec<f64>, String> {
        if let Some(reason) = self.out_of_view(id) {
            return Err(reason);
        }
        let cycles = self.sides.get(side).len();
        let least = self.config.least_cycles.max(2);
        if cycles < least {
            return Err(format!(
                "fewer than {} clean cycles on the {}: {cycles}",
                in_words(least),
                side.name()
            ));
        }
        let values = self.values(id, side);
        if values.is_empty() {
            return Err(format!(
                "not measured in any of {cycles} clean cycles on the {}: it needs {}",
                side.name(),
                self.need(id)
            ));
        }
        if values.len() < least {
            return Err(format!(
                "measured in {} of {cycles} clean cycles on the {}, {} are needed: it needs {}",
                values.len(),
                side.name(),
                in_words(least),
                self.need(id)
            ));
        }
        Ok(values)
    }

    fn need(&self, id: ParameterId) -> String {
        let need = requirement::of(id, self.config);
        let on_belt = self.context.belt_is_estimated() && travels(id);
        if on_belt {
            format!(
                "{need}, and feet from which the belt's speed can be taken, or its declared speed"
            )
        } else {
            need
        }
    }

    /// Why the view cannot show this parameter.
    fn out_of_view(&self, id: ParameterId) -> Option<String> {
        let base = match derived(id) {
            Some(Derived::CvOf(base)) => base,
            _ => id,
        };
        match (self.context.view, base.quantity()) {
            (_, Quantity::Temporal) | (View::Spatial, _) => None,
            (View::Frontal, _) => {
                Some("one camera from the front or back measures timing only".to_owned())
            }
            (View::Sagittal, Quantity::Mediolateral) => Some(
                "needs 3D or a frontal view: one camera from the side sees no depth".to_owned(),
            ),
            (View::Sagittal, _) if base == ParameterId::FootProgressionAngle => {
                Some("needs 3D: one camera from the side sees no depth".to_owned())
            }
            (View::Sagittal, _) => None,
        }
    }

    fn one_side(&self, id: ParameterId, side: Side) -> Result<Estimate, String> {
        let values = self.enough(id, side)?;
        let plain = mean(&values).ok_or_else(|| "no strides".to_owned())?;
        let value = match id {
            // Rates are those of the mean time; a mean of rates would be larger.
            ParameterId::Cadence => self
                .mean_of(ParameterId::StrideTime, side)
                .map(|stride_s| 120.0 / stride_s),
            ParameterId::StrideFrequency => self
                .mean_of(ParameterId::StrideTime, side)
                .map(|stride_s| 1.0 / stride_s),
            ParameterId::Speed => self.over_time(id, side),
            _ => None,
        };
        let sd = sample_sd(&values);
        let n = values.len();
        Ok(Estimate {
            value: value.unwrap_or(plain),
            sd,
            n,
            error: sd.map(|sd| (sd / (n as f64).sqrt(), n - 1)),
        })
    }

    fn mean_of(&self, id: ParameterId, side: Side) -> Option<f64> {
        mean(&self.values(id, side)).filter(|&mean| mean > 0.0)
    }

    /// Mean weighted by the strides' durations: path over time.
    fn over_time(&self, id: ParameterId, side: Side) -> Option<f64> {
        let (path, time_s) = self
            .sides
            .get(side)
            .iter()
            .filter_map(|stride| Some((stride.values.get(&id)?, stride.end_s - stride.start_s)))
            .fold((0.0, 0.0), |(path, time_s), (speed, span_s)| {
                (path + speed * span_s, time_s + span_s)
            });
        (time_s > 0.0).then(|| path / time_s)
    }

    fn both_sides(
        &self,
        id: ParameterId,
        sides: &PerSide<Result<Estimate, String>>,
    ) -> Result<Estimate, String> {
        let (left, right) = match (&sides.left, &sides.right) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(left), Err(right)) if left != right => return Err(format!("{left}; {right}")),
            (Err(reason), _) | (_, Err(reason)) => return Err(reason.clone()),
        };
        let value = match id {
            ParameterId::Cadence => self
                .mean_of(ParameterId::StepTime, Side::Left)
                .zip(self.mean_of(ParameterId::StepTime, Side::Right))
                .map(|(left_s, right_s)| 60.0 / f64::midpoint(left_s, right_s)),
            _ => None,
        };
        let pooled = |l: f64, r: f64| f64::midpoint(l * l, r * r).sqrt();
        let sd = left.sd.zip(right.sd).map(|(l, r)| pooled(l, r));
        let error = left.error.zip(right.error).map(|((l, dl), (r, dr))| {
            // Strides of left and right share their time. What describes the whole body is then
            // seen twice, not two times as often: the error of the mean stays that of a side, and
            // only its estimate draws on both.
            match id.sidedness() {
                Sidedness::PerSide => (l.hypot(r) / 2.0, dl + dr),
                Sidedness::Whole => (f64::midpoint(l, r), dl + dr),
            }
        });
        Ok(Estimate {
            value: value.unwrap_or(f64::midpoint(left.value, right.value)),
            sd,
            n: left.n + right.n,
            error,
        })
    }

    fn variability(&self, id: ParameterId, base: ParameterId) -> Result<Estimate, String> {
        let reasons = PerSide::from_fn(|side| self.enough(base, side));
        let (left, right) = match (reasons.left, reasons.right) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(left), Err(right)) if left != right => return Err(format!("{left}; {right}")),
            (Err(reason), _) | (_, Err(reason)) => return Err(reason),
        };
        let centre = mean(&left)
            .zip(mean(&right))
            .map(|(left, right)| f64::midpoint(left, right));
        let value = pooled_sd(&left, &right)
            .zip(centre)
            .and_then(|(sd, centre)| ratio_pct(sd, centre))
            .ok_or_else(|| {
                format!(
                    "the mean is zero, so {} has no meaning",
                    id.title().to_lowercase()
                )
            })?;
        let n = left.len() + right.len();
        let degrees = n - 2;
        // The sampling error of a coefficient of variation (McKay), for near-normal strides.
        let share = 1.0 / (2.0 * degrees as f64) + (value / 100.0).powi(2) / n as f64;
        Ok(Estimate {
            value,
            sd: None,
            n,
            error: Some((value * share.sqrt(), degrees)),
        })
    }

    fn arm_asymmetry(&self) -> Result<Estimate, String> {
        let swing = PerSide::from_fn(|side| self.one_side(ParameterId::ArmSwingRange, side));
        let (left, right) = match (swing.left, swing.right) {
            (Ok(left), Ok(right)) => (left, right),
            (Err(left), Err(right)) if left != right => return Err(format!("{left}; {right}")),
            (Err(reason), _) | (_, Err(reason)) => return Err(reason),
        };
        let value = symmetry::arm_swing_asymmetry_pct(left.value, right.value)
            .ok_or_else(|| "neither arm swings".to_owned())?;
        let (less, more) = if left.value < right.value {
            (&left, &right)
        } else {
            (&right, &left)
        };
        // The error of the two ranges, carried through the arctangent.
        let error = less.error.zip(more.error).map(|((l, dl), (m, dm))| {
            let square = less.value * less.value + more.value * more.value;
            let slope = 100.0 / 90.0 * 1.0_f64.to_degrees() / square;
            ((more.value * l).hypot(less.value * m) * slope, dl + dm)
        });
        Ok(Estimate {
            value,
            sd: None,
            n: left.n + right.n,
            error,
        })
    }

    fn summary(&self, id: ParameterId, estimate: Result<Estimate, String>) -> Summary {
        let unit = unit_of(id, self.context);
        let estimate = match estimate {
            Ok(estimate) => estimate,
            Err(reason) => return withheld(unit, reason),
        };
        let ci95 = self.interval(id, &estimate);
        let mut cautions = self.cautions(id);
        if ci95.is_none() {
            cautions.push("no interval: too few strides".to_owned());
        }
        let cv_pct = match estimate.sd {
            Some(sd) if id.quantity() != Quantity::Angle => ratio_pct(sd, estimate.value),
            _ => None,
        };
        Summary {
            value: Some(estimate.value),
            unit,
            sd: estimate.sd,
            cv_pct,
            n: estimate.n,
            ci95,
            status: if cautions.is_empty() {
                Status::Valid
            } else {
                Status::Caution
            },
            reason: (!cautions.is_empty()).then(|| cautions.join("; ")),
            origin: Origin::Measured,
        }
    }

    fn interval(&self, id: ParameterId, estimate: &Estimate) -> Option<[f64; 2]> {
        let (error, degrees) = estimate.error?;
        let strides = t_quantile_975(degrees) * error;
        let scale = match id.quantity() {
            Quantity::Sagittal | Quantity::Mediolateral => self.context.relative_error(),
            Quantity::Ratio if scales(id) => self.context.relative_error(),
            _ => 0.0,
        };
        let timing = self.timing_error(id, estimate);
        let half = strides
            .hypot(1.96 * scale * estimate.value)
            .hypot(1.96 * timing);
        // What cannot be negative has no interval below zero.
        let least = if estimate.value >= 0.0 && is_never_negative(id) {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        half.is_finite()
            .then_some([(estimate.value - half).max(least), estimate.value + half])
    }

    /// Standard error that the events' timing adds.
    fn timing_error(&self, id: ParameterId, estimate: &Estimate) -> f64 {
        let sd_s = self.context.event_timing_sd_s;
        let stride_s = Side::BOTH
            .iter()
            .find_map(|&side| self.mean_of(ParameterId::StrideTime, side))
            .unwrap_or(1.0);
        let per_root_n = 1.0 / (estimate.n.max(1) as f64).sqrt();
        match timing_of(id) {
            Timing::None => 0.0,
            Timing::LikeEventsS => std::f64::consts::SQRT_2 * sd_s * per_root_n,
            Timing::Rate => {
                estimate.value * std::f64::consts::SQRT_2 * sd_s / stride_s * per_root_n
            }
            // An event found late is found late in every cycle: more strides do not help.
            Timing::UnlikeEventsS(pairs) => std::f64::consts::SQRT_2 * sd_s * pairs,
            Timing::FallingFoot => estimate.value.abs() / (FALLING_SHARE * stride_s) * sd_s,
            Timing::UnlikeEventsPct(pairs) => {
                100.0 * std::f64::consts::SQRT_2 * sd_s * pairs / stride_s
            }
        }
    }

    /// What the measurement itself adds to a variability.
    fn measurement_in_cv(&self, base: ParameterId) -> Option<String> {
        if base.quantity() != Quantity::Temporal {
            return (self.context.view == View::Sagittal).then(|| {
                "from one camera, perspective and the detector's scatter add to it".to_owned()
            });
        }
        let (left, right) = (
            self.values(base, Side::Left),
            self.values(base, Side::Right),
        );
        let mean_s = f64::midpoint(mean(&left)?, mean(&right)?);
        let whole = ratio_pct(pooled_sd(&left, &right)?, mean_s)?;
        let sd_s = std::f64::consts::SQRT_2 * self.context.event_timing_sd_s;
        let events = ratio_pct(sd_s, mean_s)?;
        (events > 0.5 * whole).then(|| {
            format!(
                "the timing of the events alone scatters {} by {events:.1} %",
                base.title().to_lowercase()
            )
        })
    }

    fn cautions(&self, id: ParameterId) -> Vec<String> {
        let mut cautions = Vec::new();
        let base = match derived(id) {
            Some(Derived::CvOf(base)) => {
                let few = PerSide::from_fn(|side| self.values(base, side).len());
                let least = self.config.least_cycles_for_cv;
                if few.left < least || few.right < least {
                    cautions.push(format!(
                        "variability from {} strides on the left and {} on the right; {least} a side or more are wanted",
                        few.left, few.right
                    ));
                }
                base
            }
            _ => id,
        };
        if base != id {
            cautions.extend(self.measurement_in_cv(base));
        }
        if id == ParameterId::MinimumToeClearance && self.context.view == View::Sagittal {
            cautions.push(
                "a centimetre or two is hardly more than keypoints resolve: compare within one recording"
                    .to_owned(),
            );
        }
        let is_length = matches!(base.quantity(), Quantity::Sagittal | Quantity::Mediolateral);
        if is_length && !self.context.has_scale() && base == id {
            cautions.push("no scale is known: in leg lengths, not metres".to_owned());
        }
        if travels(base) && self.context.belt_is_estimated() {
            cautions.push("the belt's speed is taken from the standing feet".to_owned());
        }
        if is_margin(id) {
            match self.context.balance.map(|balance| balance.centre_of_mass) {
                Some(CentreOfMassMethod::Pelvis) => {
                    cautions.push("the pelvis stands for the centre of mass".to_owned());
                }
                Some(CentreOfMassMethod::Segments { mass_share }) if mass_share < 0.9 => {
                    cautions.push(format!(
                        "the centre of mass is of {:.0} % of the body",
                        100.0 * mass_share
                    ));
                }
                _ => {}
            }
        }
        cautions.extend(
            self.context
                .cautions
                .get(&id)
                .into_iter()
                .flatten()
                .cloned(),
        );
        cautions
    }
}

/// Whether the parameter is a magnitude: margins of stability, step lengths and angles may lie on
/// either side of zero.
fn is_never_negative(id: ParameterId) -> bool {
    use ParameterId as P;
    let is_signed_length = matches!(
        id,
        P::MosMediolateralContact
            | P::MosMediolateralMinimum
            | P::MosForwardContact
            | P::MosForwardMinimum
            | P::MosBackwardContact
            | P::MosBackwardMinimum
            | P::StepLength
            | P::NormalisedStepLength
            | P::WalkRatio
    );
    !is_signed_length && (id == P::ArmSwingRange || id.quantity() != Quantity::Angle)
}

pub(super) fn withheld(unit: String, reason: String) -> Summary {
    Summary {
        value: None,
        unit,
        sd: None,
        cv_pct: None,
        n: 0,
        ci95: None,
        status: Status::Withheld,
        reason: Some(reason),
        origin: Origin::Measured,
    }
}

fn in_words(count: usize) -> String {
    match count {
        2 => "two".to_owned(),
        3 => "three".to_owned(),
        _ => count.to_string(),
    }
}
