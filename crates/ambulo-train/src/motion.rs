//! Recorded motion of people, brought to one form: COCO's keypoints with feet, in space.

mod body;
mod cmu;
mod people;
mod recorded;

use std::path::PathBuf;

use nalgebra::Vector3;

pub use body::{PARTS, PelvisMarkers, Pose, at, joints_of, length_of, mid};
pub use cmu::{CmuSkeleton, walks as cmu_walks};
pub use people::{People, Role, load};
pub use recorded::{LaboratoryTrial, from_motion, laboratory_trials, plug_in_gait_walks};

/// Frames in a second of every [`Take`].
pub const RATE_HZ: f64 = 60.0;

/// One recording of one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// Its name in its collection.
    pub name: String,
    /// Who walks.
    pub person: String,
    /// Where it is from.
    pub origin: Origin,
    /// One pose a frame at [`RATE_HZ`], in metres, Y up.
    pub poses: Vec<Pose>,
    /// The pelvis of each pose; empty where the recording does not show how it is tilted.
    pub pelvis: Vec<PelvisMarkers>,
}

/// A collection of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The CMU motion capture database: joint angles on the skeleton of one person.
    Cmu,
    /// Plug-in Gait recordings of a gait laboratory.
    PlugInGait,
    /// Any other file.
    Other,
}

impl Take {
    /// How far the hips go from the first frame to the last, in metres over the ground.
    pub fn travel_m(&self) -> f64 {
        let root = |pose: &Pose| mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
        match (self.poses.first(), self.poses.last()) {
            (Some(first), Some(last)) => {
                let moved: Vector3<f64> = root(last) - root(first);
                moved.x.hypot(moved.z)
            }
            _ => 0.0,
        }
    }

    /// The way of the hips over the ground in steps of a second, so that sway counts little, in metres.
    pub fn way_m(&self) -> f64 {
        const STEP: usize = 60;
        let last = self.poses.last();
        let stops: Vec<Vector3<f64>> = self
            .poses
            .iter()
            .step_by(STEP)
            .chain(last)
            .map(|pose| mid(pose, at::LEFT_HIP, at::RIGHT_HIP))
            .collect();
        stops
            .windows(2)
            .map(|pair| (pair[1].x - pair[0].x).hypot(pair[1].z - pair[0].z))
            .sum()
    }

    /// The median length of leg and trunk, in metres.
    pub fn length_m(&self) -> f64 {
        let mut lengths: Vec<f64> = self.poses.iter().map(length_of).collect();
        if lengths.is_empty() {
            return 0.0;
        }
        let middle = lengths.len() / 2;
        *lengths.select_nth_unstable_by(middle, f64::total_cmp).1
    }
}

/// Why recorded motion could not be used.
#[derive(Debug, thiserror::Error)]
pub enum MotionError {
    /// A file cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An archive of arrays is damaged.
    #[error("the archive of sequences is damaged: {path:?}")]
    Archive {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: ambulo_io::npy::NpyError,
    },
    /// The skeleton's description is not what it should be.
    #[error("the description of the skeleton lacks a usable {field:?}")]
    Skeleton {
        /// The field.
        field: &'static str,
    },
    /// The description of the skeleton is not JSON.
    #[error("the description of the skeleton is not JSON")]
    Json(#[from] serde_json::Error),
    /// A sequence of a person is not in the archive.
    #[error("there is no sequence {name:?}")]
    NoSequence {
        /// Its name.
        name: String,
    },
    /// A sequence has another number of columns than its skeleton.
    #[error("the sequence {name:?} has {columns} columns, its skeleton needs {needed}")]
    Columns {
        /// The sequence.
        name: String,
        /// Columns found.
        columns: usize,
        /// Columns needed.
        needed: usize,
    },
    /// A C3D file cannot be read.
    #[error("not a usable C3D file: {path:?}")]
    C3d {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ambulo_io::c3d::C3dError,
    },
    /// The file holds no recognisable motion.
    #[error("the file holds no motion that is understood: {path:?}")]
    Trial {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ambulo_io::c3d::TrialError,
    },
    /// A motion lacks joints that the lifter answers.
    #[error("the motion lacks {joint}")]
    NoJoint {
        /// The joint.
        joint: ambulo::skeleton::Joint,
    },
    /// The list of people is not what it should be.
    #[error("the list of people is damaged")]
    People(#[from] toml::de::Error),
}

/// Reads a file whole.
fn read(path: &std::path::Path) -> Result<Vec<u8>, MotionError> {
    std::fs::read(path).map_err(|source| MotionError::Read {
        path: path.to_owned(),
        source,
    })
}
