//! Motion: joints in space, in metres.

use std::ops::Range;

use nalgebra::{Point3, Rotation3, Vector3};

use crate::keypoints::{ShapeError, check_shape};
use crate::skeleton::{Joint, JointMap};
use crate::time::TimeBase;

/// One person's joints in world space over a trial.
///
/// World space is right-handed, in metres, with Y up. The horizontal axes may point anywhere: a
/// bout's own direction of walking is found later and turned onto X.
///
/// # Shapes
///
/// `[frames, joints]`, frame-major. A joint that was not seen is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Motion3d {
    joints: Vec<Joint>,
    time: TimeBase,
    positions_m: Vec<Option<Point3<f64>>>,
}

impl Motion3d {
    /// Checks and keeps a motion.
    ///
    /// # Errors
    ///
    /// [`ShapeError`] if lengths disagree, a joint repeats, or a coordinate is not finite.
    pub fn new(
        joints: Vec<Joint>,
        time: TimeBase,
        positions_m: Vec<Option<Point3<f64>>>,
    ) -> Result<Self, ShapeError> {
        check_shape(&joints, time.frames(), positions_m.len())?;
        for (index, position_m) in positions_m.iter().enumerate() {
            if position_m.is_some_and(|p| p.coords.iter().any(|c| !c.is_finite())) {
                return Err(ShapeError::NotFinite {
                    joint: joints[index % joints.len()],
                    frame: index / joints.len(),
                });
            }
        }
        Ok(Self {
            joints,
            time,
            positions_m,
        })
    }

    /// The joints, in storage order.
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// The time of each frame.
    pub fn time(&self) -> &TimeBase {
        &self.time
    }

    /// How many frames there are; never zero.
    pub fn frames(&self) -> usize {
        self.time.frames()
    }

    /// All positions, `[frames, joints]`.
    pub fn positions_m(&self) -> &[Option<Point3<f64>>] {
        &self.positions_m
    }

    /// Frames and joints.
    pub fn shape(&self) -> [usize; 2] {
        [self.frames(), self.joints.len()]
    }

    /// The positions of one frame, in joint order.
    pub fn frame(&self, frame: usize) -> &[Option<Point3<f64>>] {
        &self.positions_m[frame * self.joints.len()..][..self.joints.len()]
    }

    /// Whether the recording names the joint.
    pub fn has(&self, joint: Joint) -> bool {
        self.joints.contains(&joint)
    }

    /// One joint's position in each frame; `None` if this recording does not name the joint.
    pub fn trajectory(&self, joint: Joint) -> Option<Vec<Option<Point3<f64>>>> {
        let index = self.joints.iter().position(|&have| have == joint)?;
        Some(
            self.positions_m[index..]
                .iter()
                .step_by(self.joints.len())
                .copied()
                .collect(),
        )
    }

    /// One joint's position in some frames; `None` if this recording does not name the joint.
    ///
    /// # Panics
    ///
    /// If the frames lie outside the recording.
    pub fn trajectory_in(
        &self,
        joint: Joint,
        frames: Range<usize>,
    ) -> Option<Vec<Option<Point3<f64>>>> {
        let index = self.joints.iter().position(|&have| have == joint)?;
        let joints = self.joints.len();
        let rows = &self.positions_m[frames.start * joints..frames.end * joints];
        Some(rows.iter().skip(index).step_by(joints).copied().collect())
    }

    /// The same motion turned about the origin, then moved.
    #[must_use]
    pub fn transformed(&self, rotation: &Rotation3<f64>, shift_m: &Vector3<f64>) -> Self {
        let positions_m = self
            .positions_m
            .iter()
            .map(|position| position.map(|p| rotation * p + shift_m))
            .collect();
        Self {
            joints: self.joints.clone(),
            time: self.time.clone(),
            positions_m,
        }
    }

    /// The motion of the mirror image: Z is negated, and left and right change names.
    #[must_use]
    pub fn mirrored(&self) -> Self {
        let positions_m = self
            .positions_m
            .iter()
            .map(|position| position.map(|p| Point3::new(p.x, p.y, -p.z)))
            .collect();
        Self {
            joints: self.joints.iter().map(|joint| joint.mirrored()).collect(),
            time: self.time.clone(),
            positions_m,
        }
    }

    /// The same motion with other joints. A made joint is missing where any of its parts is.
    ///
    /// # Panics
    ///
    /// If `map` was made for another number of joints.
    #[must_use]
    pub fn mapped(&self, target: &[Joint], map: &JointMap) -> Self {
        assert_eq!(map.source_joints(), self.joints.len(), "map of another set");
        assert_eq!(map.rows().len(), target.len(), "map to another set");
        let mut positions_m = Vec::with_capacity(self.frames() * target.len());
        for frame in 0..self.frames() {
            let from = self.frame(frame);
            for row in map.rows() {
                positions_m.push(row.iter().try_fold(Point3::origin(), |sum, &(i, w)| {
                    from[i].map(|p| sum + p.coords * w)
                }));
            }
        }
        Self {
            joints: target.to_vec(),
            time: self.time.clone(),
            positions_m,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirroring_twice_is_identity() {
        let motion = Motion3d::new(
            vec![Joint::LeftHip, Joint::Pelvis],
            TimeBase::uniform(1, 100.0).unwrap(),
            vec![Some(Point3::new(1.0, 2.0, 3.0)), None],
        )
        .unwrap();
        assert_eq!(motion.mirrored().joints()[0], Joint::RightHip);
        assert_eq!(motion.mirrored().mirrored(), motion);
    }

    #[test]
    fn a_position_that_is_not_a_number_is_refused() {
        let error = Motion3d::new(
            vec![Joint::Pelvis],
            TimeBase::uniform(1, 100.0).unwrap(),
            vec![Some(Point3::new(f64::NAN, 0.0, 0.0))],
        )
        .unwrap_err();
        assert!(matches!(error, ShapeError::NotFinite { frame: 0, .. }));
    }
}
