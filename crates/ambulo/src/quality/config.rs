//! The limits of the quality gate.

use serde::{Deserialize, Serialize};

/// The limits of the checks. Lengths named `_legs` are in leg lengths (hip to knee to ankle), so
/// that pixels, metres, children and adults share them.
///
/// The ranges of human walking follow the plausibility guards of the specification; the others are
/// this project's choices, set so that clean walks of all kinds pass and every injected fault of
/// [`crate::synth::faults`] is found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QualityConfig {
    /// Keypoints that the detector believes less are taken as not seen.
    pub min_confidence: f64,
    /// Shortest recording that can hold a stride.
    pub reject_duration_s: f64,
    /// Shortest recording that is likely to hold two strides a side.
    pub min_duration_s: f64,
    /// Lowest frame rate at which events are timed well.
    pub min_rate_hz: f64,
    /// Longest time between two frames.
    pub max_time_gap_s: f64,
    /// Longest time inside the recording without the body.
    pub max_missing_s: f64,
    /// Largest share of frames without the body at the ends of a video.
    pub max_absent_share: f64,
    /// Smallest share of frames in which a leg must be seen.
    pub min_side_share: f64,
    /// Median confidence of the legs below which a detector is unsure.
    pub min_median_confidence: f64,
    /// Largest angle between the body and the vertical.
    pub max_body_tilt_deg: f64,
    /// Shortest and longest leg of a person who walks, metres.
    pub leg_length_m: [f64; 2],
    /// Largest relative difference between the declared height and that which the legs suggest.
    pub max_height_difference: f64,
    /// Pace, in multiples of the usual, that only a jump of the recording reaches.
    pub jump_factor: f64,
    /// Jump that no lost frame explains.
    pub person_jump_legs: f64,
    /// Change of size across a jump that makes it another person.
    pub person_size_change: f64,
    /// Shortest stretch of identical frames.
    pub min_frozen_s: f64,
    /// Shaking of hips and shoulders in space.
    pub max_jitter_legs: f64,
    /// Shaking of hips and shoulders in keypoints.
    pub max_jitter_keypoints_legs: f64,
    /// Shaking in space beyond which nothing can be measured.
    pub reject_jitter_legs: f64,
    /// The same in keypoints.
    pub reject_jitter_keypoints_legs: f64,
    /// Distance of a point from the middle of its neighbours in time that no movement explains.
    pub spike_legs: f64,
    /// Largest share of such points.
    pub max_spike_share: f64,
    /// Largest range of a segment's length, as a share of its median, in space.
    pub max_segment_range: f64,
    /// The same for keypoints, whose segments also turn out of the plane.
    pub max_segment_range_keypoints: f64,
    /// Travel of the pelvis over a foot that stays, longer than any stance.
    pub max_stance_travel_legs: f64,
    /// Least range of the feet's distance in walking, in space or from the side.
    pub min_walking_legs: f64,
    /// Travel of the pelvis below this share of the travel of the steps means a belt.
    pub treadmill_share: f64,
    /// Largest slope of the floor in the picture.
    pub max_camera_roll_deg: f64,
    /// Largest change of the body's size in the picture.
    pub max_size_change: f64,
    /// Width of the shoulders over the length of the trunk in a view that is no longer from the side.
    pub oblique_shoulders: f64,
    /// The same in a view from the front or back.
    pub frontal_shoulders: f64,
    /// Fewest cycles a side.
    pub min_cycles: usize,
    /// Largest share of cycles that were rejected.
    pub max_rejected_share: f64,
    /// Largest share of frames in which exchanged legs were repaired.
    pub max_repaired_share: f64,
    /// Largest share of points that were filled in.
    pub max_filled_share: f64,
    /// Largest relative error of the scale.
    pub max_scale_error: f64,
    /// Steps per minute.
    pub cadence_spm: [f64; 2],
    /// Walking speed, m/s.
    pub speed_mps: [f64; 2],
    /// Stance, percent of the cycle.
    pub stance_pct: [f64; 2],
    /// Double support, percent of the cycle.
    pub double_support_pct: [f64; 2],
    /// Longest step.
    pub max_step_legs: f64,
    /// Swing time divided by the time in which a leg of that length would swing freely by half a
    /// period as a thin rod.
    pub swing_of_pendulum: [f64; 2],
    /// Step length in leg lengths over steps per minute.
    pub max_walk_ratio_legs: f64,
    /// Largest difference between speed and step length times cadence, as a share.
    pub max_identity_difference: f64,
}

impl Default for QualityConfig {
    fn default() -> Self {
        Self {
            min_confidence: 0.2,
            reject_duration_s: 1.2,
            min_duration_s: 2.0,
            min_rate_hz: 19.5,
            max_time_gap_s: 0.12,
            max_missing_s: 0.5,
            max_absent_share: 0.25,
            min_side_share: 0.3,
            min_median_confidence: 0.45,
            max_body_tilt_deg: 40.0,
            leg_length_m: [0.25, 1.25],
            max_height_difference: 0.18,
            jump_factor: 2.5,
            person_jump_legs: 1.0,
            person_size_change: 0.1,
            min_frozen_s: 0.1,
            max_jitter_legs: 0.015,
            max_jitter_keypoints_legs: 0.025,
            reject_jitter_legs: 0.06,
            reject_jitter_keypoints_legs: 0.1,
            spike_legs: 0.15,
            max_spike_share: 0.003,
            max_segment_range: 0.2,
            max_segment_range_keypoints: 0.5,
            max_stance_travel_legs: 1.7,
            min_walking_legs: 0.12,
            treadmill_share: 0.3,
            max_camera_roll_deg: 5.0,
            max_size_change: 0.15,
            oblique_shoulders: 0.42,
            frontal_shoulders: 0.6,
            min_cycles: 2,
            max_rejected_share: 0.5,
            max_repaired_share: 0.02,
            max_filled_share: 0.1,
            max_scale_error: 0.1,
            cadence_spm: [40.0, 200.0],
            speed_mps: [0.05, 2.5],
            stance_pct: [45.0, 85.0],
            double_support_pct: [0.0, 60.0],
            max_step_legs: 1.3,
            swing_of_pendulum: [0.35, 0.86],
            max_walk_ratio_legs: 0.0115,
            max_identity_difference: 0.1,
        }
    }
}
