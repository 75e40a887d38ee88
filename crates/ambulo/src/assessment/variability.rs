//! Variability from stride to stride against a limit.

use crate::parameters::ParameterId;

use super::{AssessmentConfig, Measured, Verdict};

/// Strides that take unlike times.
pub(super) fn stride_time(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    variability(
        measured,
        config,
        ParameterId::StrideTimeCv,
        config.stride_time_cv_pct,
    )
}

/// Strides of unlike lengths.
pub(super) fn stride_length(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    variability(
        measured,
        config,
        ParameterId::StrideLengthCv,
        config.stride_length_cv_pct,
    )
}

fn variability(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    parameter: ParameterId,
    limit_pct: f64,
) -> Verdict {
    let reading = match measured.reading(parameter, None) {
        Ok(reading) => reading,
        Err(reason) => return Verdict::Withheld(reason),
    };
    if reading.n() < config.fewest_for_variability {
        return Verdict::Withheld(format!(
            "{} rests on {} strides, at least {} are needed",
            parameter.title().to_lowercase(),
            reading.n(),
            config.fewest_for_variability
        ));
    }
    if reading.value < limit_pct {
        return Verdict::Clear;
    }
    let sentence = format!(
        "{} {} over {} strides, above the limit of {} (our choice).{}",
        reading.subject_of_sentence(),
        reading.quantity(reading.value),
        reading.n(),
        reading.quantity(limit_pct),
        reading.caution(),
    );
    Verdict::Finding(measured.finding(&reading, sentence, None, None))
}
