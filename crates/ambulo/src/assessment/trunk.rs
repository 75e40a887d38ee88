//! Lean of the trunk against limits.

use crate::parameters::ParameterId;

use super::{AssessmentConfig, Measured, Verdict};

/// The trunk leans far forward (stoop) or backward.
pub(super) fn trunk_lean(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    let reading = match measured.reading(ParameterId::TrunkLean, None) {
        Ok(reading) => reading,
        Err(reason) => return Verdict::Withheld(reason),
    };
    let (direction, limit) = if reading.value >= config.forward_lean_deg {
        ("forward", config.forward_lean_deg)
    } else if reading.value <= config.backward_lean_deg {
        ("backward", config.backward_lean_deg)
    } else {
        return Verdict::Clear;
    };
    let sentence = format!(
        "The trunk leans {direction} by {} on average, beyond the limit of {} (our choice).{}",
        reading.quantity(reading.value.abs()),
        reading.quantity(limit.abs()),
        reading.caution(),
    );
    Verdict::Finding(measured.finding(&reading, sentence, None, None))
}
