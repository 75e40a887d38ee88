//! The steps of the pyramid over time, on `[batch, frames, numbers]`: along the frames no number meets
//! another, so many run side by side in vectors.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::activation::{gelu_slope, normal_distribution};
use super::fused::{FusedOp, Gradient};

/// Numbers treated side by side.
const BLOCK: usize = 64;

/// Normalisation over the frames of each number, with a factor and an offset a frame, and GELU.
#[derive(Debug, Clone)]
pub(super) struct NormGelu {
    pub(super) batch: usize,
    pub(super) eps: f32,
}

impl FusedOp<3> for NormGelu {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        let clip = (x.len() / self.batch.max(1)).max(1);
        let mut output = vec![0.0; x.len()];
        let clips = output.par_chunks_mut(clip).zip(x.par_chunks(clip));
        clips.for_each(|(output, x)| {
            Arch::new().dispatch(NormForward {
                eps: self.eps,
                x,
                weight,
                bias,
                output,
            });
        });
        output
    }

    fn backward(&self, [x, weight, bias]: [&[f32]; 3], grad: &[f32]) -> [Gradient; 3] {
        let clip = (x.len() / self.batch.max(1)).max(1);
        let mut dx = vec![0.0; x.len()];
        let inputs = x.par_chunks(clip).zip(grad.par_chunks(clip));
        let parts: Vec<[Vec<f32>; 2]> = dx
            .par_chunks_mut(clip)
            .zip(inputs)
            .map(|(dx, (x, grad))| {
                let mut parameters = [vec![0.0; weight.len()], vec![0.0; weight.len()]];
                Arch::new().dispatch(NormBackward {
                    eps: self.eps,
                    x,
                    weight,
                    bias,
                    grad,
                    dx,
                    parameters: &mut parameters,
                });
                parameters
            })
            .collect();
        let [dweight, dbias] = sums(&parts, weight.len());
        [dx, dweight, dbias].map(Gradient::Values)
    }
}

/// The sums of the parts of two gradients, in the order of the parts.
fn sums<const N: usize>(parts: &[[Vec<f32>; N]], length: usize) -> [Vec<f32>; N] {
    let mut total = [const { Vec::new() }; N].map(|mut sum: Vec<f32>| {
        sum.resize(length, 0.0);
        sum
    });
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            for (total, part) in total.iter_mut().zip(part) {
                *total += part;
            }
        }
    }
    total
}

/// Means and inverse standard deviations over the frames, for some numbers side by side.
#[inline(always)]
fn moments(x: &[f32], stride: usize, place: usize, count: usize, eps: f32) -> [[f32; BLOCK]; 2] {
    let frames = x.len() / stride;
    let (mut mean, mut spread) = ([0.0; BLOCK], [0.0; BLOCK]);
    for row in x.chunks_exact(stride) {
        for (mean, x) in mean.iter_mut().zip(&row[place..place + count]) {
            *mean += x;
        }
    }
    for mean in &mut mean {
        *mean /= frames as f32;
    }
    for row in x.chunks_exact(stride) {
        let numbers = row[place..place + count].iter().zip(&mean);
        for (spread, (x, mean)) in spread.iter_mut().zip(numbers) {
            *spread += (x - mean) * (x - mean);
        }
    }
    for spread in &mut spread {
        *spread = 1.0 / (*spread / frames as f32 + eps).sqrt();
    }
    [mean, spread]
}

struct NormForward<'a> {
    eps: f32,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for NormForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let stride = self.x.len() / self.weight.len();
        for place in (0..stride).step_by(BLOCK) {
            let count = BLOCK.min(stride - place);
            let [mean, inverse] = moments(self.x, stride, place, count, self.eps);
            let rows = self
                .x
                .chunks_exact(stride)
                .zip(self.output.chunks_exact_mut(stride));
            for ((x, output), (&w, &b)) in rows.zip(self.weight.iter().zip(self.bias)) {
                let numbers = x[place..place + count]
                    .iter()
                    .zip(mean.iter().zip(&inverse));
                for (y, (x, (mean, inverse))) in
                    output[place..place + count].iter_mut().zip(numbers)
                {
                    let before = ((x - mean) * inverse).mul_add(w, b);
                    *y = before * normal_distribution(before).0;
                }
            }
        }
    }
}

struct NormBackward<'a> {
    eps: f32,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    grad: &'a [f32],
    dx: &'a mut [f32],
    parameters: &'a mut [Vec<f32>; 2],
}

impl WithSimd for NormBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let frames = self.weight.len() as f32;
        let stride = self.x.len() / self.weight.len();
        let [dweight, dbias] = self.parameters;
        for place in (0..stride).step_by(BLOCK) {
            let count = BLOCK.min(stride - place);
            let [mean, inverse] = moments(self.x, stride, place, count, self.eps);
            let (mut inner_sum, mut product_sum) = ([0.0; BLOCK], [0.0; BLOCK]);
            // First the gradients before the norm, kept in dx, and their sums.
            let rows = self
                .x
                .chunks_exact(stride)
                .zip(self.grad.chunks_exact(stride));
            let rows = rows.zip(self.dx.chunks_exact_mut(stride));
            for (frame, ((x, grad), dx)) in rows.enumerate() {
                let (w, b) = (self.weight[frame], self.bias[frame]);
                let (mut dw, mut db) = ([0.0; BLOCK], [0.0; BLOCK]);
                let (x, grad) = (&x[place..place + count], &grad[place..place + count]);
                let dx = &mut dx[place..place + count];
                for i in 0..count {
                    let normed = (x[i] - mean[i]) * inverse[i];
                    let before = grad[i] * gelu_slope(normed.mul_add(w, b));
                    dw[i] = before * normed;
                    db[i] = before;
                    let inner = before * w;
                    inner_sum[i] += inner;
                    product_sum[i] += inner * normed;
                    dx[i] = inner;
                }
                dweight[frame] += lanes_sum(&dw);
                dbias[frame] += lanes_sum(&db);
            }
            let rows = self
                .x
                .chunks_exact(stride)
                .zip(self.dx.chunks_exact_mut(stride));
            for (x, dx) in rows {
                let (x, dx) = (&x[place..place + count], &mut dx[place..place + count]);
                for i in 0..count {
                    let normed = (x[i] - mean[i]) * inverse[i];
                    let mean_part = (inner_sum[i] + normed * product_sum[i]) / frames;
                    dx[i] = inverse[i] * (dx[i] - mean_part);
                }
            }
        }
    }
}

/// The sum of a block, by halves.
#[inline(always)]
fn lanes_sum(lanes: &[f32; BLOCK]) -> f32 {
    let mut sixteen = [0.0; 16];
    for part in lanes.chunks_exact(16) {
        for (sum, x) in sixteen.iter_mut().zip(part) {
            *sum += x;
        }
    }
    sixteen.iter().sum()
}

/// A transposed convolution of stride 2 along the frames, each channel with a kernel of its own.
///
/// `x` is `[batch, frames, joints, channels]`, `weight` `[channels, 1, kernel]`, `bias` `[channels]`.
#[derive(Debug, Clone)]
pub(super) struct Upsample {
    pub(super) batch: usize,
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) channels: usize,
}

impl Upsample {
    /// The kernels with the taps outermost: `[kernel, channels]`.
    fn taps(&self, weight: &[f32]) -> Vec<f32> {
        let kernel = weight.len() / self.channels;
        (0..weight.len())
            .map(|index| weight[index % self.channels * kernel + index / self.channels])
            .collect()
    }
}

impl FusedOp<3> for Upsample {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        let stride = (x.len() / (self.batch * self.inputs).max(1)).max(1);
        let taps = self.taps(weight);
        let mut output = vec![0.0; self.batch * self.outputs * stride];
        output
            .par_chunks_mut(self.outputs * stride)
            .zip(x.par_chunks(self.inputs * stride))
            .for_each(|(output, x)| {
                Arch::new().dispatch(UpForward {
                    x,
                    taps: &taps,
                    bias,
                    stride,
                    output,
                });
            });
        output
    }

    fn backward(&self, [x, weight, _]: [&[f32]; 3], grad: &[f32]) -> [Gradient; 3] {
        let stride = (x.len() / (self.batch * self.inputs).max(1)).max(1);
        let taps = self.taps(weight);
        let mut dx = vec![0.0; x.len()];
        let inputs = x
            .par_chunks(self.inputs * stride)
            .zip(grad.par_chunks(self.outputs * stride));
        let parts: Vec<[Vec<f32>; 2]> = dx
            .par_chunks_mut(self.inputs * stride)
            .zip(inputs)
            .map(|(dx, (x, grad))| {
                let mut parameters = [vec![0.0; taps.len()], vec![0.0; taps.len()]];
                Arch::new().dispatch(UpBackward {
                    x,
                    taps: &taps,
                    grad,
                    channels: self.channels,
                    stride,
                    dx,
                    parameters: &mut parameters,
                });
                parameters
            })
            .collect();
        let [dtaps, dbias] = sums(&parts, taps.len());
        let kernel = taps.len() / self.channels;
        let dweight = (0..taps.len())
            .map(|index| dtaps[index % kernel * self.channels + index / kernel])
            .collect();
        let dbias = dbias[..self.channels].to_vec();
        [dx, dweight, dbias].map(Gradient::Values)
    }
}

struct UpForward<'a> {
    x: &'a [f32],
    taps: &'a [f32],
    bias: &'a [f32],
    stride: usize,
    output: &'a mut [f32],
}

impl WithSimd for UpForward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let channels = self.bias.len();
        for output in self.output.chunks_exact_mut(channels) {
            output.copy_from_slice(self.bias);
        }
        for (frame, x) in self.x.chunks_exact(self.stride).enumerate() {
            for (tap, taps) in self.taps.chunks_exact(channels).enumerate() {
                let start = (2 * frame + tap) * self.stride;
                let output = &mut self.output[start..start + self.stride];
                let joints = output
                    .chunks_exact_mut(channels)
                    .zip(x.chunks_exact(channels));
                for (output, x) in joints {
                    for (y, (x, w)) in output.iter_mut().zip(x.iter().zip(taps)) {
                        *y = x.mul_add(*w, *y);
                    }
                }
            }
        }
    }
}

struct UpBackward<'a> {
    x: &'a [f32],
    taps: &'a [f32],
    grad: &'a [f32],
    channels: usize,
    stride: usize,
    dx: &'a mut [f32],
    /// Of the taps, and of the offset in the first `channels` numbers.
    parameters: &'a mut [Vec<f32>; 2],
}

impl WithSimd for UpBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let channels = self.channels;
        let [dtaps, dbias] = self.parameters;
        let dbias = &mut dbias[..channels];
        for grad in self.grad.chunks_exact(channels) {
            for (sum, g) in dbias.iter_mut().zip(grad) {
                *sum += g;
            }
        }
        let rows = self
            .x
            .chunks_exact(self.stride)
            .zip(self.dx.chunks_exact_mut(self.stride));
        for (frame, (x, dx)) in rows.enumerate() {
            let taps = self
                .taps
                .chunks_exact(channels)
                .zip(dtaps.chunks_exact_mut(channels));
            for (tap, (taps, dtaps)) in taps.enumerate() {
                let start = (2 * frame + tap) * self.stride;
                let grad = self.grad[start..start + self.stride].chunks_exact(channels);
                let joints = x.chunks_exact(channels).zip(dx.chunks_exact_mut(channels));
                for (grad, (x, dx)) in grad.zip(joints) {
                    for i in 0..channels {
                        dx[i] = grad[i].mul_add(taps[i], dx[i]);
                        dtaps[i] = grad[i].mul_add(x[i], dtaps[i]);
                    }
                }
            }
        }
    }
}
