//! Checks that summaries are those of a human walk and agree with each other.

use super::{
    GaitParameters, ParameterConfig, ParameterId, Status, Summary, SummaryContext, precision,
    summary,
};
use crate::walk::LengthUnit;

/// Marks what lies outside the ranges of human walking, and withholds what cannot be.
pub(super) fn check(
    parameters: &mut GaitParameters,
    context: &SummaryContext,
    config: &ParameterConfig,
) {
    let guards = &config.guards;
    let metres = matches!(context.unit, LengthUnit::Metres { .. });
    let mut ranges = vec![
        (ParameterId::Cadence, guards.cadence_spm),
        (ParameterId::Stance, guards.stance_pct),
        (ParameterId::DoubleSupport, guards.double_support_pct),
    ];
    if metres {
        ranges.push((ParameterId::Speed, guards.speed_mps));
        ranges.push((ParameterId::StrideSpeed, guards.speed_mps));
    }
    let leg_length = if metres {
        context.leg_length
    } else {
        Some(1.0)
    };
    if let Some(leg) = leg_length {
        let longest = super::Range {
            least: 0.0,
            most: guards.step_leg_lengths * leg,
        };
        ranges.push((ParameterId::StepLength, longest));
    }
    for (id, range) in ranges {
        for summary in summaries(parameters, id) {
            if let Some(value) = summary.value
                && !range.contains(value)
            {
                caution(
                    summary,
                    &format!(
                        "outside the range of human walking, {:.2} to {:.2} {}",
                        range.least,
                        range.most,
                        summary.unit.clone()
                    ),
                );
            }
        }
    }
    withhold_the_impossible(parameters);
    check_identity(parameters, guards.identity_share);
    precision::check(parameters, &config.precision);
}

/// Lengths, times and scatter below zero are errors of measurement, not of walking.
fn withhold_the_impossible(parameters: &mut GaitParameters) {
    use ParameterId as P;
    for id in [
        P::Speed,
        P::StrideSpeed,
        P::StrideLength,
        P::StepTime,
        P::StrideTime,
        P::Stance,
        P::Swing,
        P::SingleSupport,
    ] {
        for summary in summaries(parameters, id) {
            if let Some(value) = summary.value.filter(|&value| value <= 0.0) {
                *summary = summary::withheld(
                    summary.unit.clone(),
                    format!("{value:.3} is not possible in walking ahead"),
                );
            }
        }
    }
}

/// Speed is step length times cadence, however each was measured.
fn check_identity(parameters: &mut GaitParameters, share: f64) {
    let value = |id| parameters.get(&id)?.both.as_ref()?.value;
    let (Some(speed), Some(step), Some(cadence_spm)) = (
        value(ParameterId::Speed),
        value(ParameterId::StepLength),
        value(ParameterId::Cadence),
    ) else {
        return;
    };
    let expected = step * cadence_spm / 60.0;
    if (speed - expected).abs() <= share * expected.abs() {
        return;
    }
    let reason = format!(
        "speed {speed:.2} and step length times cadence {expected:.2} differ by more than {:.0} %",
        100.0 * share
    );
    for id in [ParameterId::Speed, ParameterId::StepLength] {
        if let Some(both) = parameters.get_mut(&id).and_then(|p| p.both.as_mut()) {
            caution(both, &reason);
        }
    }
}

fn summaries(
    parameters: &mut GaitParameters,
    id: ParameterId,
) -> impl Iterator<Item = &mut Summary> {
    parameters
        .get_mut(&id)
        .into_iter()
        .flat_map(|p| [&mut p.left, &mut p.right, &mut p.both])
        .flatten()
}

fn caution(summary: &mut Summary, reason: &str) {
    summary.status = summary.status.max(Status::Caution);
    summary.reason = Some(match summary.reason.take() {
        Some(before) => format!("{before}; {reason}"),
        None => reason.to_owned(),
    });
}
