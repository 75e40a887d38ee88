//! Errors of change over time.
//!
//! The results are in the unit of the positions per frame (or frame²). Multiply by the frame rate,
//! or its square, for a second.

use nalgebra::{Point3, Vector3};

use super::PosePair;
use crate::metrics::MetricError;

/// Whether a step leads from the last frame of a clip to the first of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClipEdges {
    /// Clips are apart.
    Apart,
    /// Clips are joined end to end, as `MixSTE` and RTPCA do. Where clips overlap or belong to other
    /// recordings this counts jumps that no one made.
    Joined,
}

/// Mean per-joint velocity error (MPJVE), per frame.
///
/// # Errors
///
/// [`MetricError::TooFew`] if no two frames follow each other;
/// [`MetricError::LengthMismatch`] if the clips differ in joints.
///
/// # Source
///
/// Pavllo et al. (2019), arXiv:1811.11742.
pub fn velocity_error(clips: &[PosePair], edges: ClipEdges) -> Result<f64, MetricError> {
    mean_of_differences(clips, edges, &[-1.0, 1.0])
}

/// Mean error of the second difference, per frame².
///
/// # Errors
///
/// As [`velocity_error`], for three frames.
pub fn acceleration_error(clips: &[PosePair], edges: ClipEdges) -> Result<f64, MetricError> {
    mean_of_differences(clips, edges, &[1.0, -2.0, 1.0])
}

/// The mean norm of the weighted sum of consecutive errors. Differences are linear, so that the
/// error of a difference is the difference of the errors.
fn mean_of_differences(
    clips: &[PosePair],
    edges: ClipEdges,
    weights: &[f64],
) -> Result<f64, MetricError> {
    let joints = clips.first().map_or(0, |clip| clip.joints);
    if let Some(other) = clips.iter().find(|clip| clip.joints != joints) {
        return Err(MetricError::LengthMismatch {
            predicted: other.joints,
            reference: joints,
        });
    }
    let errors = |clip: &PosePair| -> Vec<Vector3<f64>> {
        let apart = |(p, r): (&Point3<f64>, &Point3<f64>)| p - r;
        clip.predicted
            .iter()
            .zip(clip.reference)
            .map(apart)
            .collect()
    };
    let runs: Vec<Vec<Vector3<f64>>> = match edges {
        ClipEdges::Apart => clips.iter().map(errors).collect(),
        ClipEdges::Joined => vec![clips.iter().flat_map(errors).collect()],
    };
    let (mut sum, mut count) = (0.0, 0);
    for run in &runs {
        let steps = (run.len() / joints.max(1)).saturating_sub(weights.len() - 1);
        for index in 0..steps * joints {
            let difference: Vector3<f64> = weights
                .iter()
                .enumerate()
                .map(|(step, &weight)| run[index + step * joints] * weight)
                .sum();
            sum += difference.norm();
            count += 1;
        }
    }
    if count == 0 {
        return Err(MetricError::TooFew {
            pairs: clips.iter().map(PosePair::frames).max().unwrap_or(0),
            needed: weights.len(),
        });
    }
    Ok(sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_x(xs: &[f64]) -> Vec<Point3<f64>> {
        xs.iter().map(|&x| Point3::new(x, 0.0, 0.0)).collect()
    }

    #[test]
    fn joining_clips_counts_the_jump_between_them() {
        let still = on_x(&[0.0; 3]);
        let (first, second) = (on_x(&[0.0, 1.0, 2.0]), on_x(&[10.0, 11.0, 12.0]));
        let clips = [
            PosePair::new(1, &first, &still).unwrap(),
            PosePair::new(1, &second, &still).unwrap(),
        ];
        assert_eq!(velocity_error(&clips, ClipEdges::Apart), Ok(1.0));
        // Steps 1, 1, 8, 1, 1.
        assert_eq!(velocity_error(&clips, ClipEdges::Joined), Ok(12.0 / 5.0));
        assert_eq!(acceleration_error(&clips, ClipEdges::Apart), Ok(0.0));
        // Second differences 0, 7, −7, 0.
        assert_eq!(acceleration_error(&clips, ClipEdges::Joined), Ok(3.5));
    }

    #[test]
    fn a_constant_offset_has_no_error_of_velocity() {
        let reference = on_x(&[0.0, 2.0, 1.0, 5.0]);
        let predicted = on_x(&[3.0, 5.0, 4.0, 8.0]);
        let clip = [PosePair::new(1, &predicted, &reference).unwrap()];
        assert_eq!(velocity_error(&clip, ClipEdges::Apart), Ok(0.0));
    }

    #[test]
    fn clips_of_one_frame_have_no_velocity() {
        let one = on_x(&[1.0]);
        let clips = [PosePair::new(1, &one, &one).unwrap(); 2];
        assert_eq!(
            velocity_error(&clips, ClipEdges::Apart),
            Err(MetricError::TooFew {
                pairs: 1,
                needed: 2
            })
        );
        assert_eq!(velocity_error(&clips, ClipEdges::Joined), Ok(0.0));
    }
}
