//! The networks in their trainable form, on burn.
//!
//! Each reads and writes the same tensors, by name and layout, as the forward pass in `ambulo-nn`: nothing
//! but weights passes between the two.

pub mod convformer;
mod layers;
pub mod params;
pub mod pose;
mod pyramid;
pub mod rtpca;
pub mod t5;
mod tensors;
pub mod vqvae;

pub use layers::Noise;
pub use tensors::{ModuleError, from_tensors, to_tensors};
pub(crate) use tensors::{file_name, numbers};
