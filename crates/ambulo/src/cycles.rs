//! Gait cycles: from an initial contact of one foot to the next of the same foot.

use serde::{Deserialize, Serialize};

use crate::Side;

/// One gait cycle with its four events inside, in checked order. Times are of the trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaitCycle {
    /// The side whose contacts open and close the cycle.
    pub side: Side,
    /// Index of the bout it lies in.
    pub bout: usize,
    /// Initial contact that opens it.
    pub start_s: f64,
    /// Foot off of the other foot.
    pub opposite_foot_off_s: f64,
    /// Initial contact of the other foot.
    pub opposite_contact_s: f64,
    /// Foot off of this foot.
    pub foot_off_s: f64,
    /// Initial contact that closes it.
    pub end_s: f64,
    /// Time of the other foot's contact before `start_s`, where it was seen: the step's start.
    pub previous_opposite_contact_s: Option<f64>,
    /// Whether it lies on a straight part of the walk; turning cycles are kept out of means.
    pub straight: bool,
}

impl GaitCycle {
    /// From contact to contact.
    pub fn duration_s(&self) -> f64 {
        self.end_s - self.start_s
    }
}

/// A cycle that was not used, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectedCycle {
    /// The side whose contacts open and close it.
    pub side: Side,
    /// Index of the bout.
    pub bout: usize,
    /// Its start in the trial.
    pub start_s: f64,
    /// Its end in the trial.
    pub end_s: f64,
    /// Why it was not used, one sentence.
    pub reason: String,
}
