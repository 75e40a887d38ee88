//! Networks that find keypoints, on pictures of people they have never seen.
//!
//! The box is given: what is scored is the network and its decoding, not how people are found.

mod answer;
mod baseline;
mod coco;
mod pck;
mod text;

pub use answer::{Decoding, KeypointNetwork, Maps, found_joints};
pub use baseline::MeanPose;
pub use coco::{CocoTable, PaperFigure, PaperRow, coco_table};
pub use pck::{JointRow, PckRow, PckTable, People, pck_table};
