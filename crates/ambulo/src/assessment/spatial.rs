//! Step length and foot progression against the norm.

use crate::Side;
use crate::parameters::ParameterId;

use super::measured::Direction;
use super::{AssessmentConfig, Measured, Verdict};

/// Steps of one side shorter than those of healthy people at a like pace. The norm knows age and sex
/// but not height.
pub(super) fn short_step(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    side: Side,
) -> Verdict {
    measured.compare(
        ParameterId::StepLength,
        Some(side),
        Direction::Low,
        ["shorter", "longer"],
        config,
    )
}

/// The foot points further out or in than in healthy adults.
pub(super) fn foot_progression(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    side: Side,
) -> Verdict {
    measured.compare(
        ParameterId::FootProgressionAngle,
        Some(side),
        Direction::Either,
        ["further toe-out", "further toe-in"],
        config,
    )
}
