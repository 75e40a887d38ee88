//! Published data sets of lifting: Human3.6M, HumanEva-I and MPI-INF-3DHP, and how examples are drawn
//! from them.
//!
//! No file of them is shipped: each needs the owner's registration. `docs/formats/pose_datasets.md` says
//! which files are read and where they come from.

pub mod cameras;
pub mod examples;
pub mod h36m;
pub mod humaneva;
pub mod layout;
pub mod mersenne;
pub mod mpi_3dhp;
mod objects;
mod placed;
pub mod takes;

pub use objects::DataSetError;
