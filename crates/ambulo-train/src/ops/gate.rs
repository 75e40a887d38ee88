//! The gate of T5's blocks: the Gaussian error linear unit in its approximation by a hyperbolic tangent, times
//! another number, with its gradient.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::activation::exp;
use super::fused::{FusedOp, Gradient};

/// Numbers that one task treats.
const CHUNK: usize = 1 << 13;
/// The root of 2 over π.
const SLOPE: f32 = 0.797_884_6;
const CUBE: f32 = 0.044_715;

#[derive(Debug, Clone)]
pub(super) struct Gate;

impl FusedOp<2> for Gate {
    fn forward(&self, [x, factor]: [&[f32]; 2]) -> Vec<f32> {
        let mut output = vec![0.0; x.len()];
        let inputs = x.par_chunks(CHUNK).zip(factor.par_chunks(CHUNK));
        output
            .par_chunks_mut(CHUNK)
            .zip(inputs)
            .for_each(|(output, (x, factor))| {
                Arch::new().dispatch(Values { x, factor, output });
            });
        output
    }

    fn backward(&self, [x, factor]: [&[f32]; 2], grad: &[f32]) -> [Gradient; 2] {
        let (mut dx, mut dfactor) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let inputs = x
            .par_chunks(CHUNK)
            .zip(factor.par_chunks(CHUNK))
            .zip(grad.par_chunks(CHUNK));
        dx.par_chunks_mut(CHUNK)
            .zip(dfactor.par_chunks_mut(CHUNK))
            .zip(inputs)
            .for_each(|(gradients, ((x, factor), grad))| {
                Arch::new().dispatch(Slopes {
                    inputs: [x, factor, grad],
                    gradients: gradients.into(),
                });
            });
        [dx, dfactor].map(Gradient::Values)
    }
}

struct Values<'a> {
    x: &'a [f32],
    factor: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Values<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let inputs = self.x.iter().zip(self.factor);
        for (y, (&x, &factor)) in self.output.iter_mut().zip(inputs) {
            *y = x * share(x) * factor;
        }
    }
}

struct Slopes<'a> {
    inputs: [&'a [f32]; 3],
    gradients: [&'a mut [f32]; 2],
}

impl WithSimd for Slopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let [x, factor, grad] = self.inputs;
        let [dx, dfactor] = self.gradients;
        let inputs = x.iter().zip(factor).zip(grad);
        for ((dx, dfactor), ((&x, &factor), &g)) in dx.iter_mut().zip(dfactor).zip(inputs) {
            let share = share(x);
            let inner = 2.0 * SLOPE * (1.0 + 3.0 * CUBE * x * x);
            *dx = g * factor * share * (1.0 + x * (1.0 - share) * inner);
            *dfactor = g * x * share;
        }
    }
}

/// Half of one plus the hyperbolic tangent, as a logistic function.
#[inline(always)]
fn share(x: f32) -> f32 {
    1.0 / (1.0 + exp(-2.0 * SLOPE * (x + CUBE * x * x * x)))
}
