//! Evaluation: how well trained networks do on people that they have never seen.

mod columns;
pub mod params;
pub mod pictures;
pub mod pose2d;
pub mod text;
pub mod tokens;
pub mod walking;
