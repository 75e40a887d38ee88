//! Synthetic walkers with known truth.
//!
//! [`walk`] plans where and when each foot stands, and derives the whole body from that plan: feet
//! that roll over heel, sole and ball without sliding, legs by two-link inverse kinematics, pelvis,
//! trunk and arms. Contacts, foot offs, lengths, widths and times are therefore exact, at any frame
//! rate and at uneven frame times. [`film`] sees the walker through a camera, [`noise()`] spoils what
//! the camera saw, and [`faults`] makes the recordings that a quality gate must refuse.
//!
//! The feet's points lie on the sole: a planted heel or ball has exactly the height of the floor.

mod camera;
mod course;
pub mod faults;
mod gait;
mod noise;
mod rng;
mod steps;
mod truth;
mod walker;

pub use camera::{Camera, Projection, film, lifted};
pub use noise::{Noise, noise, noise_m};
pub use rng::SeededRng;
pub use truth::{Footstep, Truth};
pub use walker::{FrameTimes, Path, SynthError, Variability, Walker};

use crate::motion::Motion3d;
use crate::subject::Subject;
use crate::time::TimeBase;
use crate::trial::{Recording, Trial};

/// A synthetic walk: the motion, and what is true of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SyntheticTrial {
    /// The settings it was made from.
    pub walker: Walker,
    /// The body's joints in world space.
    pub motion: Motion3d,
    /// What is exactly true.
    pub truth: Truth,
}

impl SyntheticTrial {
    /// What is told of the subject: the height.
    pub fn subject(&self) -> Subject {
        Subject {
            height_m: Some(self.walker.height_m),
            ..Subject::default()
        }
    }

    /// The trial as motion capture would have recorded it.
    pub fn recorded(&self) -> Trial {
        Trial {
            subject: self.subject(),
            ..Trial::new(Recording::Motion(self.motion.clone()))
        }
    }

    /// The trial as a camera with a perfect detector would have recorded it.
    pub fn filmed(&self, camera: &Camera) -> Trial {
        Trial {
            subject: self.subject(),
            ..Trial::new(Recording::Keypoints(film(self, camera)))
        }
    }
}

/// Lets a walker walk.
///
/// # Errors
///
/// [`SynthError`] if a setting is impossible or the legs cannot reach the steps.
pub fn walk(walker: &Walker) -> Result<SyntheticTrial, SynthError> {
    walker.check()?;
    let gait = gait::Gait::of(walker)?;
    let (time, start_s) = frame_times(walker, gait.plan.end_s)?;
    let mut joints = Vec::new();
    let mut positions_m = Vec::new();
    for (frame, &time_s) in time.times_s().iter().enumerate() {
        for (joint, position) in gait.joints(start_s + time_s) {
            if frame == 0 {
                joints.push(joint);
            }
            positions_m.push(Some(position));
        }
    }
    let truth = truth::truth(walker, &gait, &time, start_s);
    Ok(SyntheticTrial {
        walker: walker.clone(),
        motion: Motion3d::new(joints, time, positions_m)?,
        truth,
    })
}

/// The frames, and the walk's time of the first of them.
fn frame_times(walker: &Walker, end_s: f64) -> Result<(TimeBase, f64), SynthError> {
    match &walker.frames {
        FrameTimes::Rate { hz } => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a checked duration times a checked rate is a small positive number"
            )]
            let frames = (end_s * hz).floor() as usize + 1;
            Ok((TimeBase::uniform(frames, *hz)?, 0.0))
        }
        FrameTimes::Explicit { times_s } => {
            let start_s = times_s.first().copied().unwrap_or(0.0);
            let time = TimeBase::new(times_s.clone())?;
            let last_s = start_s + time.duration_s();
            for value in [start_s, last_s] {
                if !(0.0..=end_s).contains(&value) {
                    return Err(SynthError::Setting {
                        setting: "times_s",
                        value,
                        allowed: "within the walk",
                    });
                }
            }
            Ok((time, start_s))
        }
    }
}
