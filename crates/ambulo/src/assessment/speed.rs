//! Walking speed and cadence against the norm.

use crate::parameters::ParameterId;

use super::measured::Direction;
use super::{AssessmentConfig, Measured, Verdict};

/// Speed well below that of healthy people of the subject's age and sex.
pub(super) fn slow_speed(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    measured.compare(
        ParameterId::Speed,
        None,
        Direction::Low,
        ["slower", "faster"],
        config,
    )
}

/// Cadence far from that of healthy people at a like pace, in either direction.
pub(super) fn cadence(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    measured.compare(
        ParameterId::Cadence,
        None,
        Direction::Either,
        ["lower", "higher"],
        config,
    )
}
