//! Bouts: the uninterrupted straight and turning parts of a trial, and their direction.
//!
//! Someone walks where both feet travel and take turns. Overground the pelvis travels too; where
//! it stays, the ground must be a belt, and [`BoutSearch::looks_like_treadmill`] says so. The
//! direction of a bout is that of the pelvis path, never that of single frames of a foot.

mod path;
mod pelvis;
mod planar;
mod search;
mod spatial;
mod stride_period;
mod turning;

use nalgebra::Vector2;
use serde::{Deserialize, Serialize};

use crate::walk::{Surface, View};

pub use planar::find_bouts_2d;
pub use spatial::find_bouts;

pub(crate) use path::{Path, frames_between, median};
pub(crate) use pelvis::{Found, leg_length, pelvis_points};
pub(crate) use stride_period::stride_period_s;
pub(crate) use turning::stride_velocity;

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

/// Settings of the search for bouts. Lengths are in leg lengths, so that children, adults and
/// pixels need no settings of their own.
///
/// The turning rate follows the usual 20 °/s; the rest are this project's choices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BoutConfig {
    /// The ground, as the user declares it; saved with the run's other settings, not with these.
    #[serde(skip)]
    pub surface: Surface,
    /// Window over which travel is judged.
    pub window_s: f64,
    /// Least net speed of the pelvis overground, leg lengths per second.
    pub min_speed_legs_per_s: f64,
    /// Least travel of the feet in the window, leg lengths.
    pub min_foot_travel_legs: f64,
    /// Least change of the distance between the feet in the window, leg lengths.
    pub min_foot_exchange_legs: f64,
    /// Longest interruption that does not end a stretch of walking.
    pub max_interruption_s: f64,
    /// Shortest stretch of walking.
    pub min_duration_s: f64,
    /// Least path of the pelvis in an overground stretch, leg lengths.
    pub min_path_legs: f64,
    /// Rate of heading above which walking is turning, degrees per second.
    pub turning_rate_dps: f64,
    /// Smallest angle that counts as a turn, degrees.
    pub min_turn_deg: f64,
    /// Longest gap of the pelvis or a foot that is bridged.
    pub max_gap_s: f64,
    /// Keypoints that the detector believes less are taken as not seen.
    pub min_confidence: f64,
    /// What is cut off a bout of keypoints where the subject enters or leaves the picture, beyond
    /// the frames in which the border cuts the body: detectors guess there with confidence.
    pub border_trim_s: f64,
}

impl Default for BoutConfig {
    fn default() -> Self {
        Self {
            surface: Surface::Overground,
            window_s: 1.2,
            min_speed_legs_per_s: 0.1,
            min_foot_travel_legs: 0.12,
            min_foot_exchange_legs: 0.08,
            max_interruption_s: 0.6,
            min_duration_s: 0.7,
            min_path_legs: 0.4,
            turning_rate_dps: 20.0,
            min_turn_deg: 25.0,
            max_gap_s: 0.5,
            min_confidence: 0.2,
            border_trim_s: 0.25,
        }
    }
}

/// What was measured on one bout, for the quality gate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BoutFacts {
    /// Which continuous stretch of walking the bout is a part of, from 0: bouts of one stretch
    /// follow each other without a break.
    pub stretch: usize,
    /// Duration of a stride as the feet repeat it; `None` where no rhythm was found.
    pub stride_period_s: Option<f64>,
    /// Net speed of the pelvis, leg lengths per second.
    pub speed_legs_per_s: f64,
    /// Mean cosine between the direction of the walk and the way the feet (or the pelvis) point:
    /// about 1 in walking ahead, about −1 in walking backward or reversed time.
    pub facing: Option<f64>,
    /// What the recording shows of this bout.
    pub view: View,
}

/// The bouts of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoutSearch {
    /// Stretches of walking, in order of time.
    pub bouts: Vec<Bout>,
    /// What was measured on each, in the same order.
    pub facts: Vec<BoutFacts>,
    /// Whether the feet walk while the pelvis stays.
    pub looks_like_treadmill: bool,
    /// Leg length that lengths were compared with: metres, or pixels for keypoints.
    pub leg_length: Option<f64>,
    /// Why there is no bout, with the numbers; `None` if there is one.
    pub why_none: Option<String>,
}

impl BoutSearch {
    pub(crate) fn none(why: String, leg_length: Option<f64>) -> Self {
        Self {
            bouts: Vec::new(),
            facts: Vec::new(),
            looks_like_treadmill: false,
            leg_length,
            why_none: Some(why),
        }
    }

    /// The bouts of each continuous stretch of walking, in order of time.
    pub fn stretches(&self) -> Vec<&[Bout]> {
        self.facts
            .chunk_by(|a, b| a.stretch == b.stretch)
            .scan(0, |start, facts| {
                let bouts = &self.bouts[*start..*start + facts.len()];
                *start += facts.len();
                Some(bouts)
            })
            .collect()
    }
}
