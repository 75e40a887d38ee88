//! Gait events: when each foot meets and leaves the ground.

use serde::{Deserialize, Serialize};

use crate::Side;

/// What happens to the foot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The foot meets the ground.
    InitialContact,
    /// The foot leaves the ground.
    FootOff,
}

/// Who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventSource {
    /// The recording's own file: manual or force-plate events of the laboratory.
    File,
    /// Known truth of a synthetic walker.
    Truth,
    /// The median of several detectors.
    Consensus,
    /// Extremes of heel and toe ahead of the sacrum.
    Zeni,
    /// Zero crossings of the velocity of heel and toe relative to the sacrum.
    ZeniVelocity,
    /// Extremes of the ankle ahead of the mid-hip, from the side.
    #[serde(rename = "ankle_pelvis_2d")]
    AnklePelvis2d,
    /// Extremes of the acceleration of heel and toe.
    Hreljac,
    /// Extremes of the vertical velocity of the foot centre.
    #[serde(rename = "oconnor_fva")]
    OconnorFva,
    /// Minima of the height of the foot.
    FootHeight,
    /// Vertical separation of the ankles, from the front or back.
    FrontView,
}

/// One event of one foot.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GaitEvent {
    /// Whose foot.
    pub side: Side,
    /// What happens.
    pub kind: EventKind,
    /// Seconds from the first frame of the trial; may lie between frames.
    pub time_s: f64,
    /// The nearest frame of the trial, from 0.
    pub frame: usize,
    /// How well the detectors agree, 0 to 1; 1 for the file's own events.
    pub confidence: f64,
    /// Who says so.
    pub source: EventSource,
}
