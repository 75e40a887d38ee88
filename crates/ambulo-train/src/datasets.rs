//! Published data sets: Human3.6M, HumanEva-I and MPI-INF-3DHP of lifting, and how examples are drawn from
//! them; COCO and Leeds Sports Poses of keypoints in pictures; Shida et al.'s walks with gait scores.
//!
//! No file of them is shipped: most need the owner's registration. `docs/formats/pose_datasets.md` says
//! which files are read and where they come from.

pub mod cameras;
pub mod coco;
pub mod examples;
pub mod h36m;
pub mod humaneva;
pub mod layout;
pub mod lspet;
pub mod mersenne;
pub mod mpi_3dhp;
mod objects;
mod placed;
pub mod shida;
pub mod takes;

pub use objects::DataSetError;
