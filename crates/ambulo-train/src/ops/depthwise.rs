//! Depthwise 3×3 convolution of pictures with channels innermost.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::channels;
use super::fused::{FusedOp, Gradient};

/// Of `[batch, height, width, channels]` with `[channels, 1, 3, 3]` and a bias, zeros around.
#[derive(Debug, Clone, Copy)]
pub(super) struct Depthwise {
    pub(super) size: [usize; 2],
    pub(super) channels: usize,
}

const TAPS: usize = 9;

impl Depthwise {
    fn line(&self) -> usize {
        self.size[1] * self.channels
    }

    fn image(&self) -> usize {
        self.size[0] * self.line()
    }

    /// Each tap's factors, repeated along a row of pixels.
    fn rows(&self, weight: &[f32], mirrored: bool) -> Vec<f32> {
        let mut rows = Vec::with_capacity(TAPS * self.line());
        for tap in 0..TAPS {
            let tap = if mirrored { TAPS - 1 - tap } else { tap };
            let factors: Vec<f32> = weight.chunks_exact(TAPS).map(|taps| taps[tap]).collect();
            for _ in 0..self.size[1] {
                rows.extend_from_slice(&factors);
            }
        }
        rows
    }

    fn convolve(&self, x: &[f32], rows: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        let mut y = vec![0.0; x.len()];
        y.par_chunks_mut(self.image())
            .zip(x.par_chunks(self.image()))
            .for_each(|(y, x)| {
                Arch::new().dispatch(ConvolveImage {
                    op: self,
                    x,
                    rows,
                    bias,
                    y,
                });
            });
        y
    }

    fn weight_gradient(&self, x: &[f32], grad: &[f32]) -> Vec<f32> {
        let parts: Vec<Vec<f32>> = x
            .par_chunks(self.image())
            .zip(grad.par_chunks(self.image()))
            .map(|(x, grad)| {
                let mut rows = vec![0.0; TAPS * self.line()];
                Arch::new().dispatch(MultiplyImage {
                    op: self,
                    x,
                    grad,
                    rows: &mut rows,
                });
                rows
            })
            .collect();
        let mut gradient = vec![0.0; TAPS * self.channels];
        for rows in parts {
            for (tap, row) in rows.chunks_exact(self.line()).enumerate() {
                for pixel in row.chunks_exact(self.channels) {
                    for (channel, value) in pixel.iter().enumerate() {
                        gradient[channel * TAPS + tap] += value;
                    }
                }
            }
        }
        gradient
    }

    /// The row that a tap reads for this row of outputs; `None` if it lies outside.
    fn source(&self, row: usize, tap: usize) -> Option<usize> {
        (row + tap / 3)
            .checked_sub(1)
            .filter(|&source| source < self.size[0])
    }

    /// The parts of an output row and of an input row that a tap joins.
    fn ranges(&self, tap: usize) -> [std::ops::Range<usize>; 2] {
        let (line, step) = (self.line(), self.channels);
        match tap % 3 {
            0 => [step..line, 0..line - step],
            1 => [0..line, 0..line],
            _ => [0..line - step, step..line],
        }
    }
}

impl FusedOp<3> for Depthwise {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        self.convolve(x, &self.rows(weight, false), Some(bias))
    }

    fn backward(&self, [x, weight, _]: [&[f32]; 3], grad: &[f32]) -> [Gradient; 3] {
        let dx = self.convolve(grad, &self.rows(weight, true), None);
        let dweight = self.weight_gradient(x, grad);
        [dx, dweight, channels::sums(grad, self.channels)].map(Gradient::Values)
    }
}

struct ConvolveImage<'a> {
    op: &'a Depthwise,
    x: &'a [f32],
    rows: &'a [f32],
    bias: Option<&'a [f32]>,
    y: &'a mut [f32],
}

impl WithSimd for ConvolveImage<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let (op, line) = (self.op, self.op.line());
        for (row, y) in self.y.chunks_exact_mut(line).enumerate() {
            if let Some(bias) = self.bias {
                for pixel in y.chunks_exact_mut(op.channels) {
                    pixel.copy_from_slice(bias);
                }
            }
            for tap in 0..TAPS {
                let Some(source) = op.source(row, tap) else {
                    continue;
                };
                let [to, from] = op.ranges(tap);
                let factors = &self.rows[tap * line..][to.clone()];
                let x = &self.x[source * line..][from];
                for ((y, x), factor) in y[to].iter_mut().zip(x).zip(factors) {
                    *y = x.mul_add(*factor, *y);
                }
            }
        }
    }
}

struct MultiplyImage<'a> {
    op: &'a Depthwise,
    x: &'a [f32],
    grad: &'a [f32],
    rows: &'a mut [f32],
}

impl WithSimd for MultiplyImage<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let (op, line) = (self.op, self.op.line());
        for (row, grad) in self.grad.chunks_exact(line).enumerate() {
            for tap in 0..TAPS {
                let Some(source) = op.source(row, tap) else {
                    continue;
                };
                let [to, from] = op.ranges(tap);
                let sums = &mut self.rows[tap * line..][to.clone()];
                let x = &self.x[source * line..][from];
                for ((sum, x), g) in sums.iter_mut().zip(x).zip(&grad[to]) {
                    *sum = x.mul_add(*g, *sum);
                }
            }
        }
    }
}
