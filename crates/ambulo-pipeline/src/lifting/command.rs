//! What `ambulo lift` does: keypoints in, motion out.

use ambulo::motion::Motion3d;
use ambulo::trial::Recording;
use ambulo::walk::LengthUnit;
use serde::{Deserialize, Serialize};

use super::{Identity, Lifter, LiftingError, stage};
use crate::config::Config;
use crate::read::LoadedTrial;
use crate::stages;

/// The space of a lifted motion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// On the ground: X along the walk, Y up, Z to the walker's right.
    #[default]
    World,
    /// Around the pelvis: X to the image's right, Y up, Z to the camera.
    Gravity,
}

/// A lifted motion.
#[derive(Debug, Clone, PartialEq)]
pub struct Lift {
    /// The motion.
    pub motion: Motion3d,
    /// The unit of its lengths.
    pub unit: LengthUnit,
    /// Who lifted it.
    pub identity: Identity,
    /// What was decided on the way, one sentence each.
    pub notes: Vec<String>,
}

/// Lifts a trial.
///
/// # Errors
///
/// [`LiftingError`] says what is missing.
pub fn lift(
    loaded: &LoadedTrial,
    lifter: &mut dyn Lifter,
    frame: Frame,
    config: &Config,
) -> Result<Lift, LiftingError> {
    let prepared = stages::prepare(loaded, config);
    let Recording::Keypoints(keypoints) = &prepared.recording else {
        return Err(LiftingError::AlreadyInSpace);
    };
    let lifted = stage::poses(keypoints, prepared.scale.as_ref(), lifter)?;
    let mut notes = Vec::new();
    if lifted.unit == LengthUnit::LegLengths {
        notes.push(
            "no height is known: lengths are in leg lengths (hip to ankle is 1); give --height for metres"
                .to_owned(),
        );
    }
    let motion = match frame {
        Frame::Gravity => lifted.poses,
        Frame::World => {
            let search = stages::bouts(&prepared, config);
            let walked = stages::events(&loaded.trial, &prepared, &search, config);
            if let Some(why) = &search.why_none {
                notes.push(format!("{why}; the path on the ground is a guess"));
            }
            stage::placed(&lifted, keypoints, &walked.events, &search.bouts, config)?.motion
        }
    };
    Ok(Lift {
        motion,
        unit: lifted.unit,
        identity: lifted.identity,
        notes,
    })
}
