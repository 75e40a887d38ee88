//! Clearance of the toe in swing.

use crate::Side;
use crate::parameters::ParameterId;

use super::{AssessmentConfig, Measured, Verdict};

/// The toe passes close to the ground in mid-swing.
pub(super) fn toe_clearance(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    side: Side,
) -> Verdict {
    let reading = match measured.reading(ParameterId::MinimumToeClearance, Some(side)) {
        Ok(reading) => reading,
        Err(reason) => return Verdict::Withheld(reason),
    };
    if reading.unit() != ParameterId::MinimumToeClearance.unit() {
        return Verdict::Withheld(format!(
            "minimum toe clearance is in {}: the recording has no scale",
            reading.unit()
        ));
    }
    if reading.value < 0.0 {
        return Verdict::Withheld(format!(
            "minimum toe clearance is {}, below the ground: the toe is not tracked well enough",
            reading.quantity(reading.value)
        ));
    }
    if reading.value >= config.toe_clearance_m {
        return Verdict::Clear;
    }
    let sentence = format!(
        "The {} toe clears the ground by only {} in mid-swing (limit {}, our choice).{}",
        side.name(),
        reading.quantity(reading.value),
        reading.quantity(config.toe_clearance_m),
        reading.caution(),
    );
    Verdict::Finding(measured.finding(&reading, sentence, None, None))
}
