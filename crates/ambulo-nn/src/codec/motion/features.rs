//! Joints to features.

use nalgebra::Vector3;

use super::kinematics::{Smooth, between, forward, matrices, placed, rotations};
use super::skeleton::{FEET, LEFT_HIP, LENGTHS_M, RIGHT_ANKLE, RIGHT_KNEE, lengths_m};
use super::{FEATURES, Facing, JOINTS, MotionError, Pose};

/// A joint whose squared way to the next frame is below this rests, in m².
const CONTACT_M2: f64 = 0.002;
/// Frames that a motion must have.
const FEWEST: usize = 2;

/// Features of a motion, a row a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct MotionFeatures {
    /// `[frames, 263]`.
    data: Vec<f32>,
}

/// A motion on its way to features.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// By how much the body was enlarged so that its legs have the lengths of [`LENGTHS_M`].
    pub scale: f64,
    /// The poses with those bones, where they were recorded.
    pub uniform: Vec<Pose>,
    /// On the floor, from the origin, facing +z.
    pub placed: Vec<Pose>,
}

impl Prepared {
    /// Gives the bones their lengths and brings the motion to the origin.
    ///
    /// # Errors
    ///
    /// [`MotionError`] if there are fewer than two frames, a coordinate is not finite, the right leg has no
    /// length, or left and right contradict each other.
    pub fn of(poses: &[Pose], facing: Facing) -> Result<Self, MotionError> {
        let (Some(first), true) = (poses.first(), poses.len() >= FEWEST) else {
            let frames = poses.len();
            return Err(MotionError::TooShort {
                frames,
                needed: FEWEST,
            });
        };
        let finite = |pose: &Pose| pose.iter().all(|p| p.iter().all(|x| x.is_finite()));
        if let Some(frame) = poses.iter().position(|pose| !finite(pose)) {
            return Err(MotionError::NotFinite { frame });
        }
        let own = lengths_m(first);
        let leg_m = own[RIGHT_KNEE] + own[RIGHT_ANKLE];
        if leg_m <= f64::EPSILON {
            return Err(MotionError::NoLeg);
        }
        let scale = (LENGTHS_M[RIGHT_KNEE] + LENGTHS_M[RIGHT_ANKLE]) / leg_m;
        let turns = rotations(poses, facing, Smooth::No);
        let uniform: Vec<Pose> = poses
            .iter()
            .zip(&turns)
            .map(|(pose, turns)| placed(pose[0] * scale, &matrices(turns), &LENGTHS_M))
            .collect();
        let placed = at_origin(&uniform);
        if placed[0][LEFT_HIP].x <= placed[0][super::skeleton::RIGHT_HIP].x {
            return Err(MotionError::Sides);
        }
        Ok(Self {
            scale,
            uniform,
            placed,
        })
    }
}

/// The motion on the floor, the pelvis above the origin and the body facing +z in the first frame.
fn at_origin(poses: &[Pose]) -> Vec<Pose> {
    let heights = poses.iter().flatten().map(|place| place.y);
    let floor = heights.fold(f64::INFINITY, f64::min);
    let pelvis = poses[0][0];
    let start = Vector3::new(pelvis.x, floor, pelvis.z);
    // Here the released code takes the hips with the right sign.
    let front = forward(&poses[0], Facing::Anatomical);
    let turn = between(&front, &Vector3::z());
    let moved = |pose: &Pose| pose.map(|place| turn * (place - start));
    poses.iter().map(moved).collect()
}

impl MotionFeatures {
    /// The features of poses at [`super::RATE_HZ`]; one row fewer than there are poses.
    ///
    /// # Errors
    ///
    /// As [`Prepared::of`].
    pub fn of(poses: &[Pose], facing: Facing) -> Result<Self, MotionError> {
        Prepared::of(poses, facing).map(|prepared| Self::of_prepared(&prepared, facing))
    }

    /// The features of a motion that has been prepared.
    pub fn of_prepared(prepared: &Prepared, facing: Facing) -> Self {
        let poses = &prepared.placed;
        let turns = rotations(poses, facing, Smooth::Yes);
        let mut data = Vec::with_capacity(poses.len().saturating_sub(1) * FEATURES);
        for (poses, turns) in poses.windows(2).zip(turns.windows(2)) {
            let (now, next) = (&poses[0], &poses[1]);
            let front = turns[0][0];
            let step = turns[1][0] * front.inverse();
            let way = turns[1][0] * (next[0] - now[0]);
            let mut row = Vec::with_capacity(FEATURES);
            row.extend([step.j.clamp(-1.0, 1.0).asin(), way.x, way.z, now[0].y]);
            let below = Vector3::new(now[0].x, 0.0, now[0].z);
            for place in &now[1..] {
                row.extend((front * (place - below)).iter());
            }
            for matrix in &matrices(&turns[0])[1..] {
                row.extend(matrix.column(0).iter().chain(matrix.column(1).iter()));
            }
            for joint in 0..JOINTS {
                row.extend((front * (next[joint] - now[joint])).iter());
            }
            let rests = |joint: usize| (next[joint] - now[joint]).norm_squared() < CONTACT_M2;
            row.extend(FEET.map(|joint| f64::from(u8::from(rests(joint)))));
            #[expect(clippy::cast_possible_truncation, reason = "networks compute in f32")]
            data.extend(row.into_iter().map(|value| value as f32));
        }
        Self { data }
    }

    /// Features that a network made.
    ///
    /// # Errors
    ///
    /// [`MotionError`] if the numbers are no whole rows, or one is not finite.
    pub fn from_rows(data: Vec<f32>) -> Result<Self, MotionError> {
        if !data.len().is_multiple_of(FEATURES) {
            let numbers = data.len();
            return Err(MotionError::Rows { numbers });
        }
        if let Some(place) = data.iter().position(|value| !value.is_finite()) {
            let frame = place / FEATURES;
            return Err(MotionError::NotFinite { frame });
        }
        Ok(Self { data })
    }

    /// How many rows there are.
    pub fn frames(&self) -> usize {
        self.data.len() / FEATURES
    }

    /// All rows, `[frames, 263]`.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// One row.
    ///
    /// # Panics
    ///
    /// If there is no such frame.
    pub fn row(&self, frame: usize) -> &[f32] {
        &self.data[frame * FEATURES..][..FEATURES]
    }
}
