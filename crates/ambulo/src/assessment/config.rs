//! Limits of the assessment's rules.

use serde::{Deserialize, Serialize};

/// Limits from which a rule reports a finding.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AssessmentConfig {
    /// Standard deviations from the norm: 2, beyond which about 5 % of healthy people lie.
    pub z: f64,
    /// Difference between the sides in percent of their mean (Robinson's index). 10 is our choice,
    /// a common one.
    pub asymmetry_pct: f64,
    /// Stride time variability in percent. 4 is our choice: healthy adults lie below it.
    pub stride_time_cv_pct: f64,
    /// Stride length variability in percent. 6 is our choice: healthy adults lie below it.
    pub stride_length_cv_pct: f64,
    /// Values that a variability must rest on.
    pub fewest_for_variability: usize,
    /// Forward lean of the trunk in degrees from which posture is called stooped; our choice.
    pub forward_lean_deg: f64,
    /// Backward lean in degrees (negative); our choice.
    pub backward_lean_deg: f64,
    /// Foot strike angle in degrees below which the foot lands flat (Altman & Davis 2012, running).
    pub flat_strike_deg: f64,
    /// Foot strike angle in degrees below which the forefoot lands first (same source).
    pub forefoot_strike_deg: f64,
    /// Toe clearance in metres below which it is called low; our choice.
    pub toe_clearance_m: f64,
    /// Whether a language model is asked beside baseline 0, where one is at hand.
    pub second_opinion: bool,
}

impl Default for AssessmentConfig {
    fn default() -> Self {
        Self {
            z: 2.0,
            asymmetry_pct: 10.0,
            stride_time_cv_pct: 4.0,
            stride_length_cv_pct: 6.0,
            fewest_for_variability: 6,
            forward_lean_deg: 15.0,
            backward_lean_deg: -5.0,
            flat_strike_deg: 8.0,
            forefoot_strike_deg: -1.6,
            toe_clearance_m: 0.005,
            second_opinion: true,
        }
    }
}
