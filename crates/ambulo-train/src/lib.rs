//! Training and evaluation: data sets, synthetic film of recorded motion, losses, protocols. With feature
//! `burn`, the networks as trainable modules and the loop that trains them.

pub mod assess;
pub mod batch;
#[cfg(feature = "burn")]
pub mod checkpoint;
pub mod codebook;
pub mod corpus;
pub mod datasets;
#[cfg(feature = "burn")]
pub mod device;
pub mod evaluate;
pub mod film;
#[cfg(feature = "burn")]
pub mod fit;
pub mod forest;
pub mod impairment;
#[cfg(feature = "burn")]
pub mod losses;
#[cfg(feature = "burn")]
pub mod modules;
pub mod motion;
#[cfg(feature = "burn")]
pub mod network;
#[cfg(feature = "burn")]
mod ops;
#[cfg(feature = "burn")]
pub mod optimizer;
pub mod params;
pub mod people;
pub mod pictures;
pub mod protocols;
pub mod reasoner;
#[cfg(feature = "burn")]
pub mod recipe;
#[cfg(feature = "burn")]
pub mod schedule;
