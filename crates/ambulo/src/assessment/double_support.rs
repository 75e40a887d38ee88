//! Double support against the norm.

use crate::parameters::ParameterId;

use super::measured::Direction;
use super::{AssessmentConfig, Measured, Verdict};

/// Both feet on the ground for longer than in healthy people at a like pace.
pub(super) fn double_support(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    measured.compare(
        ParameterId::DoubleSupport,
        None,
        Direction::High,
        ["shorter", "longer"],
        config,
    )
}
