//! Integration tests of `ambulo-io`.

mod c3d;
mod damage;
mod keypoints;
