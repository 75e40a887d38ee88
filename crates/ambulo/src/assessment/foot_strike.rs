//! How the foot lands.

use crate::Side;
use crate::parameters::ParameterId;

use super::{AssessmentConfig, Measured, Verdict};

/// The foot lands flat or with the forefoot first.
///
/// # Source
///
/// Altman & Davis (2012), Gait & Posture 35:298: limits of 8° and −1.6°, made for running.
pub(super) fn foot_strike(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    side: Side,
) -> Verdict {
    let reading = match measured.reading(ParameterId::FootStrikeAngle, Some(side)) {
        Ok(reading) => reading,
        Err(reason) => return Verdict::Withheld(reason),
    };
    let (how, limit_deg) = if reading.value < config.forefoot_strike_deg {
        ("with the forefoot first", config.forefoot_strike_deg)
    } else if reading.value < config.flat_strike_deg {
        ("nearly flat", config.flat_strike_deg)
    } else {
        return Verdict::Clear;
    };
    let sentence = format!(
        "The {} foot lands {how}: its strike angle is {}, below {} (limits of Altman & Davis 2012, \
         made for running).{}",
        side.name(),
        reading.quantity(reading.value),
        reading.quantity(limit_deg),
        reading.caution(),
    );
    Verdict::Finding(measured.finding(&reading, sentence, None, None))
}
