//! Layer normalisation with its analytic gradient.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::fused::{FusedOp, Gradient};

/// Rows that one task treats. Fixed, so that sums do not depend on the number of threads.
const ROWS: usize = 256;
const LANES: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct LayerNorm {
    pub(super) eps: f32,
}

impl FusedOp<3> for LayerNorm {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        let size = ROWS * weight.len();
        let mut output = vec![0.0; x.len()];
        let chunks = output.par_chunks_mut(size).zip(x.par_chunks(size));
        chunks.for_each(|(output, x)| {
            Arch::new().dispatch(Rows {
                norm: self,
                x,
                weight,
                bias,
                output,
            });
        });
        output
    }

    fn backward(&self, [x, weight, _]: [&[f32]; 3], grad: &[f32]) -> [Gradient; 3] {
        let width = weight.len();
        let size = ROWS * width;
        let mut dx = vec![0.0; x.len()];
        let inputs = x.par_chunks(size).zip(grad.par_chunks(size));
        let parts: Vec<(Vec<f32>, Vec<f32>)> = dx
            .par_chunks_mut(size)
            .zip(inputs)
            .map(|(dx, (x, grad))| {
                let (mut dweight, mut dbias) = (vec![0.0; width], vec![0.0; width]);
                Arch::new().dispatch(RowGradients {
                    norm: self,
                    x,
                    weight,
                    grad,
                    dx,
                    dweight: &mut dweight,
                    dbias: &mut dbias,
                });
                (dweight, dbias)
            })
            .collect();
        let (mut dweight, mut dbias) = (vec![0.0; width], vec![0.0; width]);
        for (weight_part, bias_part) in parts {
            add(&mut dweight, &weight_part);
            add(&mut dbias, &bias_part);
        }
        [dx, dweight, dbias].map(Gradient::Values)
    }
}

struct Rows<'a> {
    norm: &'a LayerNorm,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.weight.len();
        let outputs = self.output.chunks_exact_mut(width);
        for (output, x) in outputs.zip(self.x.chunks_exact(width)) {
            let (mean, inverse_sd) = self.norm.moments(x);
            let parameters = self.weight.iter().zip(self.bias);
            for (y, (x, (w, b))) in output.iter_mut().zip(x.iter().zip(parameters)) {
                *y = (x - mean) * inverse_sd * w + b;
            }
        }
    }
}

struct RowGradients<'a> {
    norm: &'a LayerNorm,
    x: &'a [f32],
    weight: &'a [f32],
    grad: &'a [f32],
    dx: &'a mut [f32],
    dweight: &'a mut [f32],
    dbias: &'a mut [f32],
}

impl WithSimd for RowGradients<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.weight.len();
        let n = width as f32;
        let rows = self
            .x
            .chunks_exact(width)
            .zip(self.grad.chunks_exact(width));
        for (dx, (x, grad)) in self.dx.chunks_exact_mut(width).zip(rows) {
            let (mean, inverse_sd) = self.norm.moments(x);
            let mut sums = [[0.0; LANES]; 2];
            let blocks = x.chunks(LANES).zip(self.weight.chunks(LANES));
            for ((x, w), g) in blocks.zip(grad.chunks(LANES)) {
                for (lane, ((x, w), g)) in x.iter().zip(w).zip(g).enumerate() {
                    let (normed, inner) = ((x - mean) * inverse_sd, g * w);
                    sums[0][lane] += inner;
                    sums[1][lane] += inner * normed;
                }
            }
            let inner_mean = sums[0].iter().sum::<f32>() / n;
            let product_mean = sums[1].iter().sum::<f32>() / n;
            let parameters = self.dweight.iter_mut().zip(self.dbias.iter_mut());
            let numbers = x.iter().zip(self.weight).zip(grad);
            for ((dx, (dw, db)), ((x, w), g)) in dx.iter_mut().zip(parameters).zip(numbers) {
                let normed = (x - mean) * inverse_sd;
                *dw += g * normed;
                *db += g;
                *dx = inverse_sd * (g * w - inner_mean - normed * product_mean);
            }
        }
    }
}

impl LayerNorm {
    /// Mean and one over the standard deviation.
    #[inline(always)]
    fn moments(&self, x: &[f32]) -> (f32, f32) {
        let n = x.len() as f32;
        let mean = sum_of(x, |x| x) / n;
        let variance = sum_of(x, |x| (x - mean) * (x - mean)) / n;
        (mean, 1.0 / (variance + self.eps).sqrt())
    }
}

/// The sum of a function of the numbers, in a fixed order that allows vectors.
#[inline(always)]
fn sum_of(x: &[f32], of: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let blocks = x.chunks_exact(LANES);
    let rest: f32 = blocks.remainder().iter().map(|&x| of(x)).sum();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += of(x);
        }
    }
    lanes.iter().sum::<f32>() + rest
}

fn add(sum: &mut [f32], part: &[f32]) {
    for (sum, part) in sum.iter_mut().zip(part) {
        *sum += part;
    }
}
