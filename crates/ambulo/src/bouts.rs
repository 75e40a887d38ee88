//! Bouts: the uninterrupted straight and turning parts of a trial, and their direction.

use nalgebra::Vector2;
use serde::{Deserialize, Serialize};

/// What the subject does in a stretch of the trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoutKind {
    /// Walks ahead.
    Straight,
    /// Walks and turns faster than the limit.
    Turning,
}

/// One stretch of walking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bout {
    /// What happens in it.
    pub kind: BoutKind,
    /// First frame.
    pub start_frame: usize,
    /// One past the last frame.
    pub end_frame: usize,
    /// Time of the first frame.
    pub start_s: f64,
    /// Time of the last frame.
    pub end_s: f64,
    /// Horizontal unit vector of the walk: world X and Z; for keypoints, ±1 along the image's x.
    pub direction: Vector2<f64>,
    /// Angle turned through, positive to the left; zero for keypoints.
    pub turned_deg: f64,
}
