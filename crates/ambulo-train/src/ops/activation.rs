//! The Gaussian error linear unit, and the functions it is made of, in a form that compilers vectorise.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::fused::{FusedOp, Gradient};

/// Numbers that one task treats.
const CHUNK: usize = 1 << 13;

#[derive(Debug, Clone)]
pub(super) struct Gelu;

impl FusedOp<1> for Gelu {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        let mut output = vec![0.0; x.len()];
        let chunks = output.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK));
        chunks.for_each(|(output, x)| Arch::new().dispatch(Values { x, output }));
        output
    }

    fn backward(&self, [x]: [&[f32]; 1], grad: &[f32]) -> [Gradient; 1] {
        let mut output = vec![0.0; x.len()];
        let inputs = x.par_chunks(CHUNK).zip(grad.par_chunks(CHUNK));
        let chunks = output.par_chunks_mut(CHUNK).zip(inputs);
        chunks.for_each(|(output, (x, grad))| Arch::new().dispatch(Slopes { x, grad, output }));
        [Gradient::Values(output)]
    }
}

struct Values<'a> {
    x: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (y, &x) in self.output.iter_mut().zip(self.x) {
            *y = x * normal_distribution(x).0;
        }
    }
}

struct Slopes<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for (d, (&x, &g)) in self.output.iter_mut().zip(self.x.iter().zip(self.grad)) {
            *d = g * gelu_slope(x);
        }
    }
}

/// The derivative of GELU.
#[inline(always)]
pub(super) fn gelu_slope(x: f32) -> f32 {
    let (share, density) = normal_distribution(x);
    x * density + share
}

/// The standard normal distribution at `x`: the share below it, to 1e-7, and the density.
///
/// # Source
///
/// Abramowitz & Stegun (1964), "Handbook of mathematical functions", formula 7.1.26.
#[inline(always)]
pub(super) fn normal_distribution(x: f32) -> (f32, f32) {
    const DENSITY_AT_0: f32 = 0.398_942_3;
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let fall = exp(-z * z);
    let t = 1.0 / (0.327_591_1 * z + 1.0);
    let series = ((((1.061_405_4 * t - 1.453_152) * t + 1.421_413_8) * t - 0.284_496_72) * t
        + 0.254_829_6)
        * t;
    let tail = 0.5 * series * fall;
    let share = if x < 0.0 { tail } else { 1.0 - tail };
    (share, DENSITY_AT_0 * fall)
}

/// The exponential function, within 2 units in the last place; 0 far below, finite far above.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to whole numbers, which then stand in the low bits.
    const ROUNDING: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUNDING;
    let whole = shifted - ROUNDING;
    let rest = x - whole * 0.693_145_75;
    let rest = rest - whole * 1.428_606_8e-6;
    let series = ((((1.987_569_1e-4 * rest + 1.398_199_9e-3) * rest + 8.333_452e-3) * rest
        + 4.166_579_6e-2)
        * rest
        + 1.666_666_5e-1)
        * rest
        + 0.5;
    let fraction = rest * rest * series + rest + 1.0;
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    fraction * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_that_of_the_standard_library() {
        for i in -8600..8700 {
            let x = i as f32 * 0.01;
            let expected = x.exp();
            assert!((exp(x) - expected).abs() <= 4e-7 * expected, "at {x}");
        }
    }
}
