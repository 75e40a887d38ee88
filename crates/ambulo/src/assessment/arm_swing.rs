//! Arm swing against the norm.

use crate::parameters::ParameterId;

use super::measured::Direction;
use super::{AssessmentConfig, Measured, Verdict};

/// One arm swings less than the other, beyond what healthy adults show.
///
/// # Source
///
/// Lewek et al. (2010), Gait & Posture 31:256: 5.1 ± 4.0 % in healthy adults, 13.9 ± 7.9 % in early
/// Parkinson's disease.
pub(super) fn arm_swing_asymmetry(measured: &Measured<'_>, config: &AssessmentConfig) -> Verdict {
    let verdict = measured.compare(
        ParameterId::ArmSwingAsymmetry,
        None,
        Direction::High,
        ["lower", "higher"],
        config,
    );
    let Verdict::Finding(mut finding) = verdict else {
        return verdict;
    };
    let ranges = crate::Side::BOTH.map(|side| {
        measured
            .reading(ParameterId::ArmSwingRange, Some(side))
            .ok()
    });
    if let [Some(left), Some(right)] = &ranges {
        let swings = format!(
            " The left arm swings {} and the right {}.",
            left.quantity(left.value),
            right.quantity(right.value)
        );
        finding.sentence.push_str(&swings);
        finding
            .evidence
            .extend([left, right].map(|range| measured.evidence(range, None)));
    }
    Verdict::Finding(finding)
}
