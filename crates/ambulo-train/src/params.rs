//! Data to estimate gait parameters from keypoints: recordings of walks seen from the side, each with what is
//! true of the walk.

mod clip;
mod examples;
pub(crate) mod film;
mod published;
mod rows;

pub use clip::{ParamsClip, Truth};
pub use examples::{Examples, ParamsBatch, Scale, line};
pub use film::{ParamsFilm, film};
pub use published::{
    PublishedError, Segment, SideTargets, Split, SplitEntry, published_rows, read_segments,
    read_split, read_targets,
};
pub use rows::{ParamsRow, rows};
