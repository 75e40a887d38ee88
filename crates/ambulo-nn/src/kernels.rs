//! Arithmetic on slices of `f32`, compiled for several instruction sets and chosen at run time.
//!
//! This is the only module with `unsafe` code. What its users call is safe: lengths are checked, or
//! follow from slices.

#![expect(
    unsafe_code,
    reason = "vector instructions, memory shared among threads; each block states why it holds"
)]
#![expect(
    clippy::inline_always,
    reason = "functions must be compiled with the instruction set of their caller"
)]

pub(crate) mod attention;
pub(crate) mod buffer;
pub(crate) mod conv;
pub(crate) mod cpu;
pub(crate) mod depthwise;
pub(crate) mod gemm;
pub(crate) mod half;
pub(crate) mod keyed;
pub(crate) mod maps;
pub(crate) mod math;
pub(crate) mod mix;
pub(crate) mod norm;
pub mod peak;
pub(crate) mod pool;
mod simd;
pub mod taps;
pub(crate) mod time;

#[cfg(test)]
mod tests;

pub use cpu::{Cpu, Isa};
