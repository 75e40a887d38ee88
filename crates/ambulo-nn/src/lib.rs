//! Inference: kernels for the processor at hand, the networks' forward passes, their weights, and the
//! codecs between domain types and tensors. No framework.

pub mod codec;
pub mod config;
pub mod estimator;
pub mod import;
pub mod kernels;
mod layers;
pub mod networks;
pub mod reasoner;
pub mod tensors;
pub mod threads;
pub mod weights;
