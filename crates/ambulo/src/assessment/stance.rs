//! Stance against the norm.

use crate::Side;
use crate::parameters::ParameterId;

use super::measured::Direction;
use super::{AssessmentConfig, Measured, Verdict};

/// Stance of one side longer or shorter than in healthy people at a like pace.
pub(super) fn stance(measured: &Measured<'_>, config: &AssessmentConfig, side: Side) -> Verdict {
    measured.compare(
        ParameterId::Stance,
        Some(side),
        Direction::Either,
        ["shorter", "longer"],
        config,
    )
}
