//! Step width against the norm.

use crate::parameters::ParameterId;

use super::measured::Direction;
use super::{AssessmentConfig, Measured, Verdict};

/// Steps wider or narrower than those of healthy people.
pub(super) fn step_width(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    measured.compare(
        ParameterId::StepWidth,
        None,
        Direction::Either,
        ["narrower", "wider"],
        config,
    )
}
