//! The sum of a fine map and a coarse one, each cell of which is repeated.

use rayon::prelude::*;

use super::fused::{FusedOp, Gradient};

/// `[batch, height, width, channels]` plus `[batch, coarse height, coarse width, channels]`, the latter
/// enlarged by a whole factor; what reaches beyond the fine map is left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct AddEnlarged {
    pub(super) fine: [usize; 2],
    pub(super) coarse: [usize; 2],
    pub(super) channels: usize,
    pub(super) factor: usize,
}

impl FusedOp<2> for AddEnlarged {
    fn forward(&self, [fine, coarse]: [&[f32]; 2]) -> Vec<f32> {
        let line = self.fine[1] * self.channels;
        let coarse_line = self.coarse[1] * self.channels;
        let mut output = fine.to_vec();
        output
            .par_chunks_mut((self.fine[0] * line).max(1))
            .zip(coarse.par_chunks((self.coarse[0] * coarse_line).max(1)))
            .for_each(|(output, coarse)| {
                for (row, output) in output.chunks_exact_mut(line).enumerate() {
                    let coarse = &coarse[row / self.factor * coarse_line..][..coarse_line];
                    for (column, pixel) in output.chunks_exact_mut(self.channels).enumerate() {
                        let place = column / self.factor * self.channels;
                        let from = &coarse[place..place + self.channels];
                        for (value, add) in pixel.iter_mut().zip(from) {
                            *value += add;
                        }
                    }
                }
            });
        output
    }

    fn backward(&self, [_, coarse]: [&[f32]; 2], grad: &[f32]) -> [Gradient; 2] {
        let line = self.fine[1] * self.channels;
        let coarse_line = self.coarse[1] * self.channels;
        let mut sums = vec![0.0; coarse.len()];
        sums.par_chunks_mut((self.coarse[0] * coarse_line).max(1))
            .zip(grad.par_chunks((self.fine[0] * line).max(1)))
            .for_each(|(sums, grad)| {
                for (row, grad) in grad.chunks_exact(line).enumerate() {
                    let sums = &mut sums[row / self.factor * coarse_line..][..coarse_line];
                    for (column, pixel) in grad.chunks_exact(self.channels).enumerate() {
                        let place = column / self.factor * self.channels;
                        let to = &mut sums[place..place + self.channels];
                        for (sum, value) in to.iter_mut().zip(pixel) {
                            *sum += value;
                        }
                    }
                }
            });
        [Gradient::Passed, Gradient::Values(sums)]
    }
}
