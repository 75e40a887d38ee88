//! How trajectories are filled and smoothed on their way into a walk.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::signal::gaps::GapLimits;
use crate::signal::smooth::Smoothing;

/// Settings of the trajectories of a [`super::Walk`].
///
/// # Source
///
/// Gaps and the 5 Hz of keypoints: Stenum, Rossi & Roemmich (2021), `PLoS` Comput. Biol.
/// 17(4):e1008935. 6 Hz for markers: Winter (2009), "Biomechanics and motor control of human
/// movement". 4 Hz for the pelvis: this project's choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WalkConfig {
    /// Filter of joints in space.
    pub markers: Smoothing,
    /// Filter of keypoints.
    pub keypoints: Smoothing,
    /// Filter of the middle of the pelvis.
    pub pelvis: Smoothing,
    /// The longest gaps that are filled.
    pub gaps: GapLimits,
    /// Keypoints that the detector believes less are taken as missing.
    pub min_confidence: f64,
    /// Recording before and after the bout that the filters may use.
    pub margin_s: f64,
}

impl Default for WalkConfig {
    fn default() -> Self {
        Self {
            markers: Smoothing::with_cutoff(6.0),
            keypoints: Smoothing::with_cutoff(5.0),
            pelvis: Smoothing::with_cutoff(4.0),
            gaps: GapLimits::default(),
            min_confidence: 0.2,
            margin_s: 2.0,
        }
    }
}

impl WalkConfig {
    /// What is done to the trajectories, for people.
    pub fn description(&self) -> String {
        format!(
            "gaps up to {:.2} s filled linearly and up to {:.2} s by a cubic; zero-lag Butterworth \
             filters: joints in space {}, keypoints {}, middle of the pelvis {}; nothing is \
             filtered across a gap that stays open",
            self.gaps.linear_s,
            self.gaps.cubic_s,
            filter(&self.markers),
            filter(&self.keypoints),
            filter(&self.pelvis),
        )
    }

    /// Every setting with its unit, for the record of methods.
    pub fn settings(&self) -> BTreeMap<String, String> {
        [
            ("marker_filter", filter(&self.markers)),
            ("keypoint_filter", filter(&self.keypoints)),
            ("pelvis_filter", filter(&self.pelvis)),
            ("linear_gap", format!("{} s", self.gaps.linear_s)),
            ("cubic_gap", format!("{} s", self.gaps.cubic_s)),
            ("min_confidence", self.min_confidence.to_string()),
            ("margin", format!("{} s", self.margin_s)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

fn filter(smoothing: &Smoothing) -> String {
    format!(
        "{} Hz (order {} run both ways, effective order {}, designed at {:.2} Hz)",
        smoothing.cutoff_hz,
        smoothing.order,
        smoothing.effective_order(),
        smoothing.design_cutoff_hz(),
    )
}
