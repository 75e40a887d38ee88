//! Bytes to domain types and back: every file format.
//!
//! Parsers take bytes, bound their memory by them, and never panic; [`files`] alone touches the disk.

pub mod c3d;
pub mod files;
pub mod keypoints;
pub mod npy;
pub mod storage;
pub mod table;
mod text;

pub use text::TextError;
