//! Logarithms of the probabilities of chosen tokens, with their gradient.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use std::sync::Arc;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::activation::exp;
use super::fused::{FusedOp, Gradient};

const LANES: usize = 16;

/// For each row of `[rows, tokens]` the logarithm of the softmax at one token.
#[derive(Debug, Clone)]
pub(super) struct LogProbability {
    pub(super) tokens: usize,
    /// One a row, below `tokens`.
    pub(super) chosen: Arc<Vec<usize>>,
}

impl FusedOp<1> for LogProbability {
    fn forward(&self, [logits]: [&[f32]; 1]) -> Vec<f32> {
        logits
            .par_chunks(self.tokens)
            .zip(self.chosen.par_iter())
            .map(|(row, &chosen)| row[chosen] - Arch::new().dispatch(LogSum(row)))
            .collect()
    }

    fn backward(&self, [logits]: [&[f32]; 1], grad: &[f32]) -> [Gradient; 1] {
        let mut output = vec![0.0; logits.len()];
        output
            .par_chunks_mut(self.tokens)
            .zip(logits.par_chunks(self.tokens))
            .zip(self.chosen.par_iter().zip(grad))
            .for_each(|((output, row), (&chosen, &grad))| {
                // Rows that do not count are most of a padded batch.
                if grad != 0.0 {
                    Arch::new().dispatch(Shares { row, grad, output });
                    output[chosen] += grad;
                }
            });
        [Gradient::Values(output)]
    }
}

/// The logarithm of the sum of the exponentials.
struct LogSum<'a>(&'a [f32]);

impl WithSimd for LogSum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) -> f32 {
        log_sum(self.0)
    }
}

/// Minus the probabilities, times a number.
struct Shares<'a> {
    row: &'a [f32],
    grad: f32,
    output: &'a mut [f32],
}

impl WithSimd for Shares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let total = log_sum(self.row);
        for (output, &x) in self.output.iter_mut().zip(self.row) {
            *output = -self.grad * exp(x - total);
        }
    }
}

#[inline(always)]
fn log_sum(row: &[f32]) -> f32 {
    let mut largest = [f32::MIN; LANES];
    for part in row.chunks(LANES) {
        for (largest, &x) in largest.iter_mut().zip(part) {
            *largest = largest.max(x);
        }
    }
    let largest = largest.iter().copied().fold(f32::MIN, f32::max);
    let mut sums = [0.0_f32; LANES];
    for part in row.chunks(LANES) {
        for (sum, &x) in sums.iter_mut().zip(part) {
            *sum += exp(x - largest);
        }
    }
    largest + sums.iter().sum::<f32>().ln()
}
