//! Evaluation: how well trained networks do on people that they have never seen.

pub mod pose2d;
pub mod walking;
