//! Networks that find keypoints, on pictures of people they have never seen.
//!
//! In pictures the box is given: what is scored is the network and its decoding, not how people are found. A film is
//! scored with all that finds and follows its walker.

mod answer;
mod baseline;
mod coco;
mod film;
mod pck;
mod text;

pub use answer::{Decoding, KeypointNetwork, Maps, found_joints};
pub use baseline::MeanPose;
pub use coco::{CocoTable, PaperFigure, PaperRow, coco_table};
pub use film::{CONFIDENT, FilmJoint, FilmRow, FilmTable, FilmedView, Reprojection, film_table};
pub use pck::{JointRow, PckRow, PckTable, People, pck_table};
