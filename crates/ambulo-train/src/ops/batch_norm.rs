//! Normalisation of channels over a batch, with the residual sum and the rectifier behind it.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::channels::{gather, repeated, task};
use super::fused::{FusedOp, Gradient};
use crate::datasets::takes::narrow;

/// Mean and variance of each channel over a batch.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Moments {
    pub(crate) mean: Vec<f32>,
    /// The mean square of the difference from the mean.
    pub(crate) variance: Vec<f32>,
    /// Numbers of a channel.
    pub(crate) count: usize,
}

impl Moments {
    /// Of `[…, channels]`.
    pub(crate) fn of(x: &[f32], channels: usize) -> Self {
        let count = x.len() / channels.max(1);
        let [sums, squares] = gather(x.len(), channels, |part, sums: &mut [Vec<f32>; 2]| {
            let [sums, squares] = sums;
            Arch::new().dispatch(AddMoments {
                x: &x[part],
                sums,
                squares,
            });
        });
        let count_f = (count as f64).max(1.0);
        let mean: Vec<f64> = sums.iter().map(|sum| sum / count_f).collect();
        let variance = squares.iter().zip(&mean);
        Self {
            variance: variance
                .map(|(square, mean)| narrow((square / count_f - mean * mean).max(0.0)))
                .collect(),
            mean: mean.into_iter().map(narrow).collect(),
            count,
        }
    }
}

struct AddMoments<'a> {
    x: &'a [f32],
    sums: &'a mut [f32],
    squares: &'a mut [f32],
}

impl WithSimd for AddMoments<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        for row in self.x.chunks(self.sums.len()) {
            let sums = self.sums.iter_mut().zip(self.squares.iter_mut());
            for ((sum, square), &x) in sums.zip(row) {
                *sum += x;
                *square = x.mul_add(x, *square);
            }
        }
    }
}

/// `x` normalised by these moments, times a factor, plus an offset (and a residual), rectified or not.
#[derive(Debug, Clone)]
pub(crate) struct BatchNorm {
    pub(crate) moments: Moments,
    /// Whether the moments are those of `x`, so that gradients flow through them.
    pub(crate) of_batch: bool,
    pub(crate) rectified: bool,
    pub(crate) eps: f32,
}

impl BatchNorm {
    fn inverse_sds(&self) -> Vec<f32> {
        let variance = self.moments.variance.iter();
        variance.map(|v| 1.0 / (v + self.eps).sqrt()).collect()
    }

    /// Factor and offset of each channel, repeated.
    fn affine(&self, weight: &[f32], bias: &[f32]) -> [Vec<f32>; 2] {
        let factors: Vec<f32> = self
            .inverse_sds()
            .iter()
            .zip(weight)
            .map(|(i, w)| i * w)
            .collect();
        let means = self.moments.mean.iter().zip(&factors);
        let offsets: Vec<f32> = means.zip(bias).map(|((m, f), b)| b - m * f).collect();
        [repeated(&factors), repeated(&offsets)]
    }

    fn normalise(
        &self,
        x: &[f32],
        [weight, bias]: [&[f32]; 2],
        residual: Option<&[f32]>,
    ) -> Vec<f32> {
        let affine = self.affine(weight, bias);
        let size = task(weight.len());
        let mut y = vec![0.0; x.len()];
        y.par_chunks_mut(size).enumerate().for_each(|(part, y)| {
            let range = part * size..part * size + y.len();
            Arch::new().dispatch(Normalise {
                x: &x[range.clone()],
                residual: residual.map(|residual| &residual[range]),
                affine: [&affine[0], &affine[1]],
                rectified: self.rectified,
                y,
            });
        });
        y
    }

    /// The gradients of `x`, factor, offset, and of what is rectified.
    fn differentiate(
        &self,
        x: &[f32],
        [weight, bias]: [&[f32]; 2],
        residual: Option<&[f32]>,
        grad: &[f32],
    ) -> ([Vec<f32>; 3], Option<Vec<f32>>) {
        let channels = weight.len();
        let affine = self.affine(weight, bias);
        let size = task(channels);
        // What is rectified has a gradient of its own, which everything else is made of.
        let inner = self.rectified.then(|| {
            let mut inner = vec![0.0; grad.len()];
            inner
                .par_chunks_mut(size)
                .enumerate()
                .for_each(|(part, inner)| {
                    let range = part * size..part * size + inner.len();
                    Arch::new().dispatch(Rectify {
                        x: &x[range.clone()],
                        residual: residual.map(|residual| &residual[range.clone()]),
                        grad: &grad[range],
                        affine: [&affine[0], &affine[1]],
                        inner,
                    });
                });
            inner
        });
        let g = inner.as_deref().unwrap_or(grad);
        let [sums, products] = gather(x.len(), channels, |part, sums: &mut [Vec<f32>; 2]| {
            let [sums, products] = sums;
            Arch::new().dispatch(AddProducts {
                x: &x[part.clone()],
                grad: &g[part],
                sums,
                products,
            });
        });
        let inverse_sds = self.inverse_sds();
        let mut dweight = Vec::with_capacity(channels);
        let mut parts: [Vec<f32>; 3] = std::array::from_fn(|_| Vec::with_capacity(channels));
        let count = (self.moments.count as f64).max(1.0);
        for channel in 0..channels {
            let mean = f64::from(self.moments.mean[channel]);
            let inverse_sd = f64::from(inverse_sds[channel]);
            let slope = inverse_sd * (products[channel] - mean * sums[channel]);
            let factor = inverse_sd * f64::from(weight[channel]);
            dweight.push(narrow(slope));
            let (of_x, rest) = if self.of_batch {
                let of_x = -factor * slope * inverse_sd / count;
                (of_x, -factor * sums[channel] / count - of_x * mean)
            } else {
                (0.0, 0.0)
            };
            for (part, value) in parts.iter_mut().zip([factor, of_x, rest]) {
                part.push(narrow(value));
            }
        }
        let parts = parts.map(|part| repeated(&part));
        let mut dx = vec![0.0; x.len()];
        dx.par_chunks_mut(size).enumerate().for_each(|(part, dx)| {
            let range = part * size..part * size + dx.len();
            Arch::new().dispatch(Combine {
                x: &x[range.clone()],
                grad: &g[range],
                parts: [&parts[0], &parts[1], &parts[2]],
                dx,
            });
        });
        let dbias = sums.into_iter().map(narrow).collect();
        ([dx, dweight, dbias], inner)
    }
}

impl FusedOp<3> for BatchNorm {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        self.normalise(x, [weight, bias], None)
    }

    fn backward(&self, [x, weight, bias]: [&[f32]; 3], grad: &[f32]) -> [Gradient; 3] {
        let (gradients, _) = self.differentiate(x, [weight, bias], None, grad);
        gradients.map(Gradient::Values)
    }
}

impl FusedOp<4> for BatchNorm {
    fn forward(&self, [x, weight, bias, residual]: [&[f32]; 4]) -> Vec<f32> {
        self.normalise(x, [weight, bias], Some(residual))
    }

    fn backward(&self, [x, weight, bias, residual]: [&[f32]; 4], grad: &[f32]) -> [Gradient; 4] {
        let parameters = [weight, bias];
        let ([dx, dw, db], inner) = self.differentiate(x, parameters, Some(residual), grad);
        let [dx, dw, db] = [dx, dw, db].map(Gradient::Values);
        [dx, dw, db, inner.map_or(Gradient::Passed, Gradient::Values)]
    }
}

struct Normalise<'a> {
    x: &'a [f32],
    residual: Option<&'a [f32]>,
    affine: [&'a [f32]; 2],
    rectified: bool,
    y: &'a mut [f32],
}

impl WithSimd for Normalise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let [factors, offsets] = self.affine;
        let row = factors.len();
        let floor = if self.rectified { 0.0 } else { f32::MIN };
        let affine = || factors.iter().zip(offsets);
        match self.residual {
            None => {
                for (y, x) in self.y.chunks_mut(row).zip(self.x.chunks(row)) {
                    for ((y, &x), (&f, &o)) in y.iter_mut().zip(x).zip(affine()) {
                        *y = x.mul_add(f, o).max(floor);
                    }
                }
            }
            Some(residual) => {
                let inputs = self.x.chunks(row).zip(residual.chunks(row));
                for (y, (x, r)) in self.y.chunks_mut(row).zip(inputs) {
                    for ((y, (&x, &r)), (&f, &o)) in y.iter_mut().zip(x.iter().zip(r)).zip(affine())
                    {
                        *y = (x.mul_add(f, o) + r).max(floor);
                    }
                }
            }
        }
    }
}

/// Lets the gradient pass where what is rectified is above 0.
struct Rectify<'a> {
    x: &'a [f32],
    residual: Option<&'a [f32]>,
    grad: &'a [f32],
    affine: [&'a [f32]; 2],
    inner: &'a mut [f32],
}

impl WithSimd for Rectify<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let [factors, offsets] = self.affine;
        let row = factors.len();
        let affine = || factors.iter().zip(offsets);
        let inputs = self.x.chunks(row).zip(self.grad.chunks(row));
        let outputs = self.inner.chunks_mut(row).zip(inputs);
        match self.residual {
            None => {
                for (inner, (x, g)) in outputs {
                    for ((d, (&x, &g)), (&f, &o)) in
                        inner.iter_mut().zip(x.iter().zip(g)).zip(affine())
                    {
                        *d = if x.mul_add(f, o) > 0.0 { g } else { 0.0 };
                    }
                }
            }
            Some(residual) => {
                for ((inner, (x, g)), r) in outputs.zip(residual.chunks(row)) {
                    let inputs = x.iter().zip(g).zip(r);
                    for ((d, ((&x, &g), &r)), (&f, &o)) in
                        inner.iter_mut().zip(inputs).zip(affine())
                    {
                        *d = if x.mul_add(f, o) + r > 0.0 { g } else { 0.0 };
                    }
                }
            }
        }
    }
}

struct AddProducts<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    sums: &'a mut [f32],
    products: &'a mut [f32],
}

impl WithSimd for AddProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let row = self.sums.len();
        for (x, g) in self.x.chunks(row).zip(self.grad.chunks(row)) {
            let sums = self.sums.iter_mut().zip(self.products.iter_mut());
            for ((sum, product), (&x, &g)) in sums.zip(x.iter().zip(g)) {
                *sum += g;
                *product = x.mul_add(g, *product);
            }
        }
    }
}

/// `parts[0] · grad + parts[1] · x + parts[2]`.
struct Combine<'a> {
    x: &'a [f32],
    grad: &'a [f32],
    parts: [&'a [f32]; 3],
    dx: &'a mut [f32],
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let [factors, of_x, rest] = self.parts;
        let row = factors.len();
        let inputs = self.x.chunks(row).zip(self.grad.chunks(row));
        for (dx, (x, g)) in self.dx.chunks_mut(row).zip(inputs) {
            let parts = factors.iter().zip(of_x).zip(rest);
            for ((d, (&x, &g)), ((&f, &a), &b)) in dx.iter_mut().zip(x.iter().zip(g)).zip(parts) {
                *d = g.mul_add(f, x.mul_add(a, b));
            }
        }
    }
}
