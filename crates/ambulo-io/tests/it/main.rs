//! Integration tests of `ambulo-io`.

mod c3d;
mod damage;
mod angles_on_c3d;
mod keypoints;
