//! Left compared with right.

use crate::Side;
use crate::parameters::ParameterId;

use super::{AssessmentConfig, Finding, Measured, Verdict};

/// Steps of one side longer than those of the other.
pub(super) fn step_length(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    asymmetry(measured, config, ParameterId::StepLength, "longer")
}

/// Steps of one side that take longer than those of the other.
pub(super) fn step_time(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    asymmetry(measured, config, ParameterId::StepTime, "longer")
}

/// Swing of one side longer than that of the other.
pub(super) fn swing(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    asymmetry(measured, config, ParameterId::Swing, "longer")
}

/// Robinson's index against the limit.
///
/// # Source
///
/// Robinson, Herzog & Nigg (1987), J. Manipulative Physiol. Ther. 10:172, for the index; the limit
/// is our choice.
fn asymmetry(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    parameter: ParameterId,
    more: &str,
) -> Verdict {
    let sides = measured
        .reading(parameter, Some(Side::Left))
        .and_then(|left| Ok((left, measured.reading(parameter, Some(Side::Right))?)));
    let (left, right) = match sides {
        Ok(both) => both,
        Err(reason) => return Verdict::Withheld(reason),
    };
    let title = parameter.title().to_lowercase();
    let Some(symmetry) = measured
        .parameters
        .get(&parameter)
        .and_then(|sides| sides.symmetry)
    else {
        return Verdict::Withheld(format!("{title}: the sides could not be compared"));
    };
    if symmetry.robinson_pct.abs() < config.asymmetry_pct {
        return Verdict::Clear;
    }
    let (most, least) = if symmetry.robinson_pct > 0.0 {
        (&right, &left)
    } else {
        (&left, &right)
    };
    let name = |reading: &super::measured::Reading<'_>| reading.side.map_or("", Side::name);
    let sentence = format!(
        "{} {title} is {more} than {}: {} against {}, a difference of {:.0} % of their mean \
         (limit {:.0} %).{}",
        super::measured::capitalised(name(most)),
        name(least),
        most.quantity(most.value),
        least.quantity(least.value),
        symmetry.robinson_pct.abs(),
        config.asymmetry_pct,
        left.caution(),
    );
    Verdict::Finding(Finding {
        rule: String::new(),
        sentence,
        z: None,
        evidence: vec![
            measured.evidence(&left, None),
            measured.evidence(&right, None),
        ],
    })
}
