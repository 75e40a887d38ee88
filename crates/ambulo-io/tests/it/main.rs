//! Integration tests of `ambulo-io`.

mod angles_on_c3d;
mod c3d;
mod damage;
mod events_on_c3d;
mod keypoints;
mod stored_parameters;
mod text;
mod video;
