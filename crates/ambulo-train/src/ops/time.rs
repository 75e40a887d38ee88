//! Fixed linear maps along the frames of `[batch, frames, …]`: pooling, interpolation, taps of convolutions.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::fused::{FusedOp, Gradient};

/// A matrix `[out, in]` that acts on frames.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FrameMap {
    pub(crate) outputs: usize,
    pub(crate) inputs: usize,
    /// Row-major.
    pub(crate) values: Vec<f32>,
}

impl FrameMap {
    fn from_fn(outputs: usize, inputs: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let values = (0..outputs * inputs)
            .map(|index| value(index / inputs, index % inputs))
            .collect();
        Self {
            outputs,
            inputs,
            values,
        }
    }

    /// Adaptive average pooling: output i is the mean of the inputs ⌊i·in/out⌋ to ⌈(i+1)·in/out⌉ − 1.
    pub(crate) fn pooling(inputs: usize, outputs: usize) -> Self {
        Self::from_fn(outputs, inputs, |output, input| {
            let window = output * inputs / outputs..((output + 1) * inputs).div_ceil(outputs);
            if window.contains(&input) {
                1.0 / window.len() as f32
            } else {
                0.0
            }
        })
    }

    /// Linear interpolation with both ends aligned.
    pub(crate) fn interpolation(inputs: usize, outputs: usize) -> Self {
        Self::from_fn(outputs, inputs, |output, input| {
            let position = if outputs > 1 {
                (output * (inputs - 1)) as f32 / (outputs - 1) as f32
            } else {
                0.0
            };
            (1.0 - (position - input as f32).abs()).max(0.0)
        })
    }

    /// Takes frame 2i + `tap` to frame i: one tap of a convolution of stride 2.
    pub(crate) fn down_tap(inputs: usize, outputs: usize, tap: usize) -> Self {
        Self::from_fn(outputs, inputs, |output, input| {
            f32::from(u8::from(input == 2 * output + tap))
        })
    }

    /// Takes frame i to frame 2i + `tap`: one tap of a transposed convolution of stride 2.
    pub(crate) fn up_tap(inputs: usize, outputs: usize, tap: usize) -> Self {
        Self::from_fn(outputs, inputs, |output, input| {
            f32::from(u8::from(output == 2 * input + tap))
        })
    }

    fn transposed(&self) -> Self {
        Self::from_fn(self.inputs, self.outputs, |output, input| {
            self.values[input * self.inputs + output]
        })
    }

    /// Maps `[batch, in, n]` to `[batch, out, n]`.
    fn mapped(&self, x: &[f32], batch: usize) -> Vec<f32> {
        let width = x.len() / (batch * self.inputs).max(1);
        let mut output = vec![0.0; batch * self.outputs * width];
        if width > 0 {
            output
                .par_chunks_mut(self.outputs * width)
                .zip(x.par_chunks(self.inputs * width))
                .for_each(|(output, x)| {
                    Arch::new().dispatch(MapOne {
                        map: self,
                        x,
                        output,
                    });
                });
        }
        output
    }
}

/// A [`FrameMap`] on this many clips.
#[derive(Debug, Clone)]
pub(super) struct ApplyMap {
    pub(super) map: FrameMap,
    pub(super) batch: usize,
}

impl FusedOp<1> for ApplyMap {
    fn forward(&self, [x]: [&[f32]; 1]) -> Vec<f32> {
        self.map.mapped(x, self.batch)
    }

    fn backward(&self, _inputs: [&[f32]; 1], grad: &[f32]) -> [Gradient; 1] {
        [Gradient::Values(
            self.map.transposed().mapped(grad, self.batch),
        )]
    }
}

struct MapOne<'a> {
    map: &'a FrameMap,
    x: &'a [f32],
    output: &'a mut [f32],
}

impl WithSimd for MapOne<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let width = self.x.len() / self.map.inputs;
        let rows = self.map.values.chunks_exact(self.map.inputs);
        for (output, factors) in self.output.chunks_exact_mut(width).zip(rows) {
            for (x, &factor) in self.x.chunks_exact(width).zip(factors) {
                if factor != 0.0 {
                    for (sum, x) in output.iter_mut().zip(x) {
                        *sum = x.mul_add(factor, *sum);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(map: &FrameMap, i: usize) -> &[f32] {
        &map.values[i * map.inputs..(i + 1) * map.inputs]
    }

    #[test]
    fn pooling_windows_overlap_where_lengths_do_not_divide() {
        let map = FrameMap::pooling(9, 4);
        assert_eq!(row(&map, 3)[6..], [1.0 / 3.0; 3]);
        let map = FrameMap::pooling(273, 30);
        let first = row(&map, 26).iter().position(|&x| x > 0.0);
        assert_eq!((first, row(&map, 26)[245] > 0.0), (Some(236), true));
    }

    #[test]
    fn interpolation_keeps_both_ends() {
        let map = FrameMap::interpolation(3, 5);
        assert_eq!(row(&map, 0), [1.0, 0.0, 0.0]);
        assert_eq!(row(&map, 1), [0.5, 0.5, 0.0]);
        assert_eq!(row(&map, 4), [0.0, 0.0, 1.0]);
    }
}
