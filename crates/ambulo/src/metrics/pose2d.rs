//! Errors of keypoints in pictures.
//!
//! [`coco`] scores people as the COCO evaluation does; [`pck`] counts joints that are near enough; [`film`]
//! compares the keypoints of a whole film with given ones.

pub mod coco;
pub mod film;
pub mod pck;
mod similarity;

pub use similarity::{KEYPOINT_SIGMAS, keypoint_similarity, people_similarity, suppressed};
