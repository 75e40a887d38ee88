//! Lifting: keypoints of one camera to a motion in space, beside what the picture itself gives.
//!
//! A [`Lifter`] says how the body stands around its pelvis; [`ambulo::lifting`] puts that on the
//! ground. The numbers of the lifted motion lead only where their measured error is the smaller one.

mod command;
mod errors;
mod network;
mod stage;

use ambulo::keypoints::Keypoints2d;
use ambulo::lifting::{GroundingError, ModelErrors};
use ambulo::motion::Motion3d;
use ambulo::skeleton::{Joint, on};
use ambulo::{PerSide, Side};
use serde::{Deserialize, Serialize};

pub use command::{Frame, Lift, lift};
pub use errors::measured_errors;
pub use network::{NetworkLifter, load, shipped};
pub(crate) use stage::{LiftedPoses, Numbers, lifted_numbers, poses, settings};

/// From keypoints to poses.
pub trait Lifter {
    /// Who it is.
    fn identity(&self) -> &Identity;

    /// The joints in each frame relative to the middle of the hips: X to the right of the image, Y up,
    /// Z to the camera, in units of the person's leg and trunk. Frames and times are those of the
    /// keypoints; what was not seen is `None`.
    ///
    /// # Errors
    ///
    /// [`LiftingError`] if nothing can be lifted.
    fn lift(&mut self, keypoints: &Keypoints2d) -> Result<Motion3d, LiftingError>;

    /// Its measured errors, without which none of its numbers leads.
    fn errors(&self) -> Option<ModelErrors> {
        let sha256 = self.identity().weights_sha256.as_deref()?;
        measured_errors()
            .into_iter()
            .find(|errors| errors.weights_sha256 == sha256)
    }
}

/// Who a lifter is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name and version of the weights.
    pub name: String,
    /// The network: `rtpca`, `mixste` or `convformer`.
    pub network: String,
    /// SHA-256 of the weights file.
    pub weights_sha256: Option<String>,
}

/// Which lifter to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifterChoice {
    /// The one that comes with the program, where it does and the keypoints suffice; else none.
    #[default]
    Auto,
    /// None: only the picture is analysed.
    None,
    /// A network that answers all frames of a window.
    Rtpca,
    /// A network that answers the middle frame of a window.
    Convformer,
}

impl LifterChoice {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::None => "none",
            Self::Rtpca => "rtpca",
            Self::Convformer => "convformer",
        }
    }
}

/// Which frames of a recording an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowChoice {
    /// Frames before and after: the whole recording is there.
    #[default]
    Centre,
    /// Only frames before: as if filmed just now. Less exact.
    Causal,
}

/// Settings of lifting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiftingConfig {
    /// Which lifter.
    pub lifter: LifterChoice,
    /// Which frames an answer rests on.
    pub window: WindowChoice,
}

/// Why keypoints were not lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftingError {
    /// There are no weights.
    #[error(
        "no weights for the lifter {} are installed; give a file with --weights FILE.safetensors, or run \
         with --lifter none, which analyses the keypoints in the image plane", choice.name()
    )]
    NoWeights {
        /// What was asked for.
        choice: LifterChoice,
    },
    /// The weights cannot be used.
    #[error("the weights cannot be used: {0}")]
    Weights(String),
    /// The weights are of another network than asked for.
    #[error("the weights are of a {found}, not of a {}", wanted.name())]
    OtherNetwork {
        /// What was asked for.
        wanted: LifterChoice,
        /// What the file holds.
        found: String,
    },
    /// The keypoints lack joints.
    #[error(
        "the keypoints lack {}; a lifter needs hips, knees, ankles and shoulders (or a neck)",
        names(.missing)
    )]
    TooFewJoints {
        /// What is missing.
        missing: Vec<Joint>,
    },
    /// The recording is too short.
    #[error("{seconds:.2} s are too short to lift; at least {least_s:.1} s of walking are needed")]
    TooShort {
        /// How long it is.
        seconds: f64,
        /// How long it must be.
        least_s: f64,
    },
    /// The network cannot answer without the frames that follow.
    #[error(
        "a {network} answers the middle of its window, so it needs the frames that follow; run with \
         --window centre"
    )]
    NeedsFuture {
        /// The network.
        network: String,
    },
    /// The recording is in space already.
    #[error(
        "the recording holds motion in space, not keypoints of one camera: there is nothing to lift"
    )]
    AlreadyInSpace,
    /// The network or its codec failed.
    #[error("{0}")]
    Network(String),
    /// The poses cannot be put on the ground.
    #[error(transparent)]
    Ground(#[from] GroundingError),
}

fn names(joints: &[Joint]) -> String {
    let names: Vec<&str> = joints.iter().map(|joint| joint.name()).collect();
    names.join(", ")
}

/// The shortest recording that is lifted: less holds no stride.
pub const LEAST_S: f64 = 1.0;

/// Checks that there is enough to lift.
///
/// # Errors
///
/// [`LiftingError::TooFewJoints`] names what the layout lacks or never shows;
/// [`LiftingError::TooShort`].
pub fn check(keypoints: &Keypoints2d) -> Result<(), LiftingError> {
    let shown = |joint: Joint| {
        keypoints
            .trajectory(joint)
            .is_some_and(|points| points.iter().any(Option::is_some))
    };
    let mut missing: Vec<Joint> = [on::hip as fn(Side) -> Joint, on::knee, on::ankle]
        .into_iter()
        .flat_map(|joint| Side::BOTH.map(joint))
        .filter(|&joint| !shown(joint))
        .collect();
    let shoulders = PerSide::from_fn(|side| shown(on::shoulder(side)));
    if !(shoulders.left || shoulders.right || shown(Joint::Neck) || shown(Joint::Thorax)) {
        missing.extend(Side::BOTH.map(on::shoulder));
    }
    if !missing.is_empty() {
        return Err(LiftingError::TooFewJoints { missing });
    }
    let seconds = keypoints.time().duration_s();
    if seconds < LEAST_S {
        let least_s = LEAST_S;
        return Err(LiftingError::TooShort { seconds, least_s });
    }
    Ok(())
}

/// The lifter of a choice, from the weights that come with the program; `None` for none, and for `auto`
/// where none comes along.
///
/// # Errors
///
/// [`LiftingError::NoWeights`] if a network was named that has none.
pub fn chosen(config: &LiftingConfig) -> Result<Option<NetworkLifter>, LiftingError> {
    match config.lifter {
        LifterChoice::None => Ok(None),
        choice => match (shipped(choice, config.window)?, choice) {
            (Some(lifter), _) => Ok(Some(lifter)),
            (None, LifterChoice::Auto) => Ok(None),
            (None, choice) => Err(LiftingError::NoWeights { choice }),
        },
    }
}
