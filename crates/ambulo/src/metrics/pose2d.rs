//! Errors of keypoints in pictures.
//!
//! [`coco`] scores people as the COCO evaluation does; [`pck`] counts joints that are near enough.

pub mod coco;
pub mod pck;
mod similarity;

pub use similarity::{KEYPOINT_SIGMAS, keypoint_similarity, people_similarity, suppressed};
