//! What is known of the person who walks.

use serde::{Deserialize, Serialize};

use crate::PerSide;

/// Facts about the subject, each where it is known.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Subject {
    /// Standing height in metres.
    pub height_m: Option<f64>,
    /// Body mass in kilograms.
    pub mass_kg: Option<f64>,
    /// Leg length in metres: anterior superior iliac spine to medial malleolus.
    pub leg_length_m: PerSide<Option<f64>>,
    /// Age in years.
    pub age_years: Option<f64>,
    /// Sex, for norms that differ by it.
    pub sex: Option<Sex>,
}

/// Sex, as norms tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
}

impl Subject {
    /// Mean of the leg lengths that are known.
    pub fn mean_leg_length_m(&self) -> Option<f64> {
        match (self.leg_length_m.left, self.leg_length_m.right) {
            (Some(left), Some(right)) => Some(f64::midpoint(left, right)),
            (one, other) => one.or(other),
        }
    }
}
