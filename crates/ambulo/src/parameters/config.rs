//! Settings of the parameters, each with its source; they are saved beside every result.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Precision;

/// A closed range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Range {
    /// Least value inside.
    pub least: f64,
    /// Largest value inside.
    pub most: f64,
}

impl Range {
    /// Whether the value lies inside, ends included.
    pub fn contains(self, value: f64) -> bool {
        (self.least..=self.most).contains(&value)
    }
}

/// Ranges that a human walk stays in; a mean outside is marked, a stride far outside is not used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Guards {
    /// Steps a minute.
    pub cadence_spm: Range,
    /// Metres a second.
    pub speed_mps: Range,
    /// Stance in percent of the cycle.
    pub stance_pct: Range,
    /// Double support in percent of the cycle.
    pub double_support_pct: Range,
    /// Longest step in leg lengths.
    pub step_leg_lengths: f64,
    /// Steps a minute that a single stride may have to count.
    pub stride_cadence_spm: Range,
    /// Stance in percent that a single stride may have to count.
    pub stride_stance_pct: Range,
    /// How many times the median stride of its bout a single stride may last to count.
    pub stride_to_median: f64,
    /// How far speed may be from step length times cadence, as a share of it.
    pub identity_share: f64,
}

/// Settings of [`super::measure()`] and [`super::summarise`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParameterConfig {
    /// Clean cycles a side below which nothing is given.
    pub least_cycles: usize,
    /// Clean cycles a side below which a variability is marked.
    pub least_cycles_for_cv: usize,
    /// The stretch of the cycle in which the foot lies flat and still, as shares from its contact.
    pub flat_foot: Range,
    /// The stretch of swing in which the toe's clearance is looked for, as shares of swing.
    pub mid_swing: Range,
    /// Seconds of walking that a freezing index is computed from (Moore 2008 uses 6 s).
    pub freezing_window_s: f64,
    /// Breadth of the foot, half of which lies outside the ankle's centre where no lateral marker is known.
    pub foot_width_m: f64,
    /// Acceleration of gravity.
    pub gravity_mps2: f64,
    /// What a human walk stays in.
    pub guards: Guards,
    /// How uncertain a number may be and still be given.
    pub precision: Precision,
}

impl std::fmt::Display for Range {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {}", self.least, self.most)
    }
}

impl ParameterConfig {
    /// How parameters are made, for people.
    pub fn description(&self) -> String {
        format!(
            "a foot's place is its mean position from {:.0} to {:.0} % of the cycle after contact, \
             and step and stride lengths are distances of places along the pelvis's way; means are \
             over strides, standard deviations with n − 1 and pooled within the sides; 95 % \
             intervals join Student's over strides, the events' timing and the scale's error; \
             fewer than {} clean cycles a side are withheld, and so is a number whose interval is too \
             wide for its kind",
            100.0 * self.flat_foot.least,
            100.0 * self.flat_foot.most,
            self.least_cycles,
        )
    }

    /// Every setting with its unit, for the record of methods.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let guards = &self.guards;
        let widest = &self.precision;
        let of_value = |share: f64| format!("±{:.0} % of the value", 100.0 * share);
        [
            ("least_cycles", self.least_cycles.to_string()),
            ("least_cycles_for_cv", self.least_cycles_for_cv.to_string()),
            ("flat_foot", format!("{} of the cycle", self.flat_foot)),
            ("mid_swing", format!("{} of swing", self.mid_swing)),
            ("freezing_window", format!("{} s", self.freezing_window_s)),
            ("foot_width", format!("{} m", self.foot_width_m)),
            ("gravity", format!("{} m/s²", self.gravity_mps2)),
            ("cadence_guard", format!("{} steps/min", guards.cadence_spm)),
            ("speed_guard", format!("{} m/s", guards.speed_mps)),
            ("stance_guard", format!("{} % cycle", guards.stance_pct)),
            (
                "double_support_guard",
                format!("{} % cycle", guards.double_support_pct),
            ),
            (
                "step_length_guard",
                format!("{} leg lengths", guards.step_leg_lengths),
            ),
            (
                "stride_cadence_guard",
                format!("{} steps/min", guards.stride_cadence_spm),
            ),
            (
                "stride_stance_guard",
                format!("{} % cycle", guards.stride_stance_pct),
            ),
            (
                "stride_to_median_guard",
                format!("{} times", guards.stride_to_median),
            ),
            (
                "identity_guard",
                format!("{} of speed", guards.identity_share),
            ),
            (
                "widest_interval_of_lengths_and_times",
                of_value(widest.share),
            ),
            (
                "widest_interval_of_lifted_lengths",
                of_value(widest.lifted_share),
            ),
            (
                "widest_interval_of_heights_and_margins",
                format!("±{} m", widest.small_m),
            ),
            (
                "widest_interval_of_angles",
                format!("±{}°", widest.angle_deg),
            ),
            (
                "widest_interval_of_variability",
                of_value(widest.variability_share),
            ),
            (
                "widest_interval_of_arm_asymmetry",
                format!("±{} %", widest.asymmetry_pct),
            ),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

impl Default for ParameterConfig {
    fn default() -> Self {
        Self {
            least_cycles: 2,
            least_cycles_for_cv: 6,
            flat_foot: Range {
                least: 0.15,
                most: 0.30,
            },
            mid_swing: Range {
                least: 0.35,
                most: 0.75,
            },
            freezing_window_s: 6.0,
            foot_width_m: 0.09,
            gravity_mps2: 9.80665,
            guards: Guards::default(),
            precision: Precision::default(),
        }
    }
}

impl Default for Guards {
    fn default() -> Self {
        let range = |least, most| Range { least, most };
        Self {
            cadence_spm: range(40.0, 200.0),
            speed_mps: range(0.05, 2.5),
            stance_pct: range(45.0, 85.0),
            double_support_pct: range(0.0, 60.0),
            step_leg_lengths: 1.3,
            stride_cadence_spm: range(20.0, 300.0),
            stride_stance_pct: range(30.0, 95.0),
            stride_to_median: 1.75,
            identity_share: 0.05,
        }
    }
}
