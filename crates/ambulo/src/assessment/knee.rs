//! The knee in stance and swing.

use crate::Side;
use crate::kinematics::{AngleId, AngleMethod};
use crate::normative::peak_knee_flexion;
use crate::parameters::ParameterId;

use super::measured::{Direction, quantity, quantity_with_sd, signed, whom};
use super::{AssessmentConfig, Evidence, Finding, Measured, Verdict};

/// From this percentage of the cycle on, the greatest flexion is looked for.
const SWING_FROM_PCT: usize = 60;
/// Below this speed healthy people bend their knees visibly less in swing.
const SLOW_MPS: f64 = 0.9;

/// The knee stays bent in stance (crouch), or extends beyond straight.
pub(super) fn knee_extension(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    side: Side,
) -> Verdict {
    measured.compare(
        ParameterId::KneeFlexionMaximumExtension,
        Some(side),
        Direction::Either,
        ["more extended", "more flexed"],
        config,
    )
}

/// The knee bends less in swing than in healthy adults.
///
/// # Source
///
/// Norm: the 42 adults of Fukuchi et al. (2018). Peak flexion falls with speed (Schwartz et al. 2008),
/// which the sentence says of slow walkers.
pub(super) fn stiff_knee(
    measured: &Measured<'_>,
    config: &AssessmentConfig,
    side: Side,
) -> Verdict {
    let curves = measured.angles.get(&AngleId::KneeFlexion);
    let Some(curve) = curves.and_then(|sides| sides.get(side).as_ref()) else {
        return Verdict::Withheld("knee flexion over the cycle was not measured".to_owned());
    };
    if let Some(reason) = measured.too_young_for_adult_angles() {
        return Verdict::Withheld(format!("peak knee flexion: {reason}"));
    }
    let Some(peak_deg) = curve
        .mean_deg
        .iter()
        .skip(SWING_FROM_PCT)
        .copied()
        .max_by(f64::total_cmp)
    else {
        return Verdict::Withheld("knee flexion over the cycle has no swing".to_owned());
    };
    let norm = peak_knee_flexion();
    let z = (peak_deg - norm.mean) / norm.sd;
    if -z < config.z {
        return Verdict::Clear;
    }
    let mut sentence = format!(
        "Peak {} knee flexion in swing is {}, less than in {} ({}, z {}).",
        side.name(),
        quantity(peak_deg, "°", 1),
        whom(&norm),
        quantity_with_sd(&norm, "°", 1),
        signed(z),
    );
    if let Ok(speed) = measured.reading(ParameterId::Speed, None)
        && speed.value < SLOW_MPS
    {
        let slow = format!(
            " At {} the knee bends less in healthy people too.",
            speed.quantity(speed.value)
        );
        sentence.push_str(&slow);
    }
    match curve.method {
        AngleMethod::Sagittal2d => {
            sentence += " One camera measures the knee to within about 5° (Stenum et al. 2021).";
        }
        AngleMethod::Lifted => {
            sentence += " To be read with caution: estimated in three dimensions from one camera.";
        }
        _ => {}
    }
    Verdict::Finding(Finding {
        rule: String::new(),
        sentence,
        z: Some(z),
        evidence: vec![Evidence {
            parameter: "peak_knee_flexion".to_owned(),
            side: side.name().to_owned(),
            value: peak_deg,
            unit: "°".to_owned(),
            norm: Some(norm),
            frames: measured.frames(None, Some(side)),
        }],
    })
}
