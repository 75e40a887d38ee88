//! Integration tests of `ambulo-io`.

mod keypoints;
