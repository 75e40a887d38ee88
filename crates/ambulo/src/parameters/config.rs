//! Settings of the parameters, each with its source; they are saved beside every result.

use serde::{Deserialize, Serialize};

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
    /// How far speed may be from step length times cadence, as a share of it.
    pub identity_share: f64,
}

/// Settings of [`super::measure`] and [`super::summarise`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
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
            identity_share: 0.05,
        }
    }
}
