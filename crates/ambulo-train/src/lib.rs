//! Training and evaluation: data sets, synthetic film of recorded motion, losses, protocols. With feature
//! `burn`, the networks as trainable modules and the loop that trains them.

pub mod batch;
pub mod datasets;
pub mod evaluate;
pub mod film;
pub mod motion;
pub mod protocols;
