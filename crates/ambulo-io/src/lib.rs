//! Bytes to domain types and back: every file format.
//!
//! Parsers take bytes, bound their memory by them, and never panic; [`files`] alone touches the disk,
//! and [`video`], whose files are too large for memory.

pub mod acclaim;
pub mod arrays;
pub mod boxes;
pub mod bvh;
pub mod c3d;
pub mod calibration;
pub mod csv;
pub mod files;
pub mod formats;
pub mod keypoints;
pub mod npy;
pub mod points;
mod rotation;
pub mod storage;
pub mod table;
mod text;
pub mod trc;
pub mod video;

pub use text::TextError;
