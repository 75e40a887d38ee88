//! Errors of joints in space: the measures by which lifting is published.
//!
//! The results have the unit of the positions (papers print millimetres). Nothing is aligned unless
//! the name says so: subtract the root joint first where the protocol wants that.

mod alignment;
mod correct;
mod protocol;
mod velocity;

pub use alignment::{Alignment, align, aligned_error, aligned_errors, scale_aligned_error};
pub use correct::{AUC_STEP_MM, CorrectJoints, JointSet, PCK_THRESHOLD_MM, frame_weighted};
pub use protocol::{ActionError, ActionTable, action_of};
pub use velocity::{ClipEdges, acceleration_error, velocity_error};

use nalgebra::Point3;

use super::{MetricError, mean};

/// Predicted and true joints of the same frames, checked once.
///
/// # Shapes
///
/// `[frames, joints]` each, frame-major, with the joints in the same order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PosePair<'a> {
    joints: usize,
    predicted: &'a [Point3<f64>],
    reference: &'a [Point3<f64>],
}

impl<'a> PosePair<'a> {
    /// Checks and keeps the two sides.
    ///
    /// # Errors
    ///
    /// [`MetricError`] for unequal lengths, no frames (zero would read as a perfect score), a part
    /// of a frame, or a coordinate that is not finite.
    pub fn new(
        joints: usize,
        predicted: &'a [Point3<f64>],
        reference: &'a [Point3<f64>],
    ) -> Result<Self, MetricError> {
        super::check_pairs(predicted.len(), reference.len(), 1)?;
        if joints == 0 || !predicted.len().is_multiple_of(joints) {
            return Err(MetricError::BrokenFrame {
                values: predicted.len(),
                joints,
            });
        }
        let broken = |p: &Point3<f64>| p.coords.iter().any(|c| !c.is_finite());
        if let Some(index) = predicted
            .iter()
            .zip(reference)
            .position(|(p, r)| broken(p) || broken(r))
        {
            return Err(MetricError::NotFinite {
                joint: index % joints,
                frame: index / joints,
            });
        }
        Ok(Self {
            joints,
            predicted,
            reference,
        })
    }

    /// How many frames there are; never zero.
    pub fn frames(&self) -> usize {
        self.predicted.len() / self.joints
    }

    /// How many joints a frame has; never zero.
    pub fn joints(&self) -> usize {
        self.joints
    }

    /// Predicted and true joints, frame by frame.
    fn each_frame(&self) -> impl ExactSizeIterator<Item = (&'a [Point3<f64>], &'a [Point3<f64>])> {
        self.predicted
            .chunks_exact(self.joints)
            .zip(self.reference.chunks_exact(self.joints))
    }

    /// The distance of every joint in every frame, `[frames, joints]`.
    fn distances(&self) -> impl ExactSizeIterator<Item = f64> {
        self.predicted
            .iter()
            .zip(self.reference)
            .map(|(p, r)| nalgebra::distance(p, r))
    }
}

/// Mean per-joint position error (MPJPE), also called "protocol 1".
///
/// # Source
///
/// Ionescu et al. (2014), "Human3.6M", doi:10.1109/TPAMI.2013.248.
pub fn mean_error(pair: &PosePair) -> f64 {
    mean(pair.distances())
}

/// MPJPE of each frame.
pub fn frame_errors(pair: &PosePair) -> Vec<f64> {
    pair.each_frame().map(|(p, r)| frame_error(p, r)).collect()
}

/// MPJPE of each joint.
pub fn joint_errors(pair: &PosePair) -> Vec<f64> {
    let mut sums = vec![0.0; pair.joints];
    for (index, distance) in pair.distances().enumerate() {
        sums[index % pair.joints] += distance;
    }
    let frames = pair.frames() as f64;
    sums.iter().map(|sum| sum / frames).collect()
}

/// MPJPE with each joint's distance multiplied by its weight; not divided by the sum of weights.
///
/// # Errors
///
/// [`MetricError::LengthMismatch`] if there is not one weight a joint.
///
/// # Source
///
/// Zhang et al. (2022), "`MixSTE`", arXiv:2203.00859: the first term of its loss.
pub fn weighted_error(pair: &PosePair, weights: &[f64]) -> Result<f64, MetricError> {
    super::check_pairs(weights.len(), pair.joints, 1)?;
    let joints = pair.joints;
    Ok(mean(pair.distances().enumerate().map(
        |(index, distance)| weights[index % joints] * distance,
    )))
}

/// The mean distance of two poses of equally many joints.
fn frame_error(predicted: &[Point3<f64>], reference: &[Point3<f64>]) -> f64 {
    mean(
        predicted
            .iter()
            .zip(reference)
            .map(|(p, r)| nalgebra::distance(p, r)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points<const N: usize>(values: [[f64; 3]; N]) -> Vec<Point3<f64>> {
        values.map(Point3::from).to_vec()
    }

    #[test]
    fn two_joints_off_by_three_and_five_are_four_off() {
        let predicted = points([[3.0, 0.0, 0.0], [1.0, 3.0, 4.0]]);
        let reference = points([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]);
        let pair = PosePair::new(2, &predicted, &reference).unwrap();
        assert!((mean_error(&pair) - 4.0).abs() < 1e-15);
        assert_eq!(joint_errors(&pair), [3.0, 5.0]);
        assert_eq!(weighted_error(&pair, &[1.0, 3.0]), Ok(9.0));
        let frames = PosePair::new(1, &predicted, &reference).unwrap();
        assert_eq!(frame_errors(&frames), [3.0, 5.0]);
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let two = points([[0.0; 3], [1.0; 3]]);
        assert_eq!(
            PosePair::new(1, &[], &[]),
            Err(MetricError::TooFew {
                pairs: 0,
                needed: 1
            })
        );
        assert_eq!(
            PosePair::new(3, &two, &two),
            Err(MetricError::BrokenFrame {
                values: 2,
                joints: 3
            })
        );
        assert!(matches!(
            PosePair::new(1, &two, &two[..1]),
            Err(MetricError::LengthMismatch { .. })
        ));
        let bad = points([[0.0; 3], [f64::NAN, 0.0, 0.0]]);
        assert_eq!(
            PosePair::new(1, &bad, &two),
            Err(MetricError::NotFinite { joint: 0, frame: 1 })
        );
    }
}
