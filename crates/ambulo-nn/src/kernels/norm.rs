//! Layer norm of rows, and sums of rows.

use super::buffer::Buffer;
use super::cpu::{Cpu, Task};
use super::math::gelu_tanh;
use super::simd::Simd;

/// Layer norm over the last axis: `(x - mean) / √(variance + eps) · weight + bias`, with the variance
/// of the population.
#[derive(Debug, Clone)]
pub(crate) struct Norm {
    cpu: Cpu,
    eps: f32,
    weight: Buffer,
    bias: Buffer,
}

impl Norm {
    /// Takes factor and offset of each place.
    ///
    /// # Panics
    ///
    /// If their lengths differ: callers have checked the shapes.
    pub(crate) fn new(cpu: Cpu, weight: &[f32], bias: &[f32], eps: f32) -> Self {
        assert_eq!(weight.len(), bias.len());
        Self {
            cpu,
            eps,
            weight: Buffer::from_slice(weight),
            bias: Buffer::from_slice(bias),
        }
    }

    /// Length of the rows.
    pub(crate) fn width(&self) -> usize {
        self.weight.len()
    }

    /// Norms `rows` rows. Row `r` of the input starts at `input[r · input_stride]`, and so on.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub(crate) fn apply(
        &self,
        rows: usize,
        (input, input_stride): (&[f32], usize),
        (output, output_stride): (&mut [f32], usize),
    ) {
        self.cpu.run(Apply {
            norm: self,
            rows,
            input,
            input_stride,
            output,
            output_stride,
        });
    }

    /// Norms rows in place.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub(crate) fn apply_in_place(&self, rows: usize, (data, stride): (&mut [f32], usize)) {
        self.cpu.run(ApplyInPlace {
            norm: self,
            rows,
            data,
            stride,
        });
    }
}

struct Apply<'a> {
    norm: &'a Norm,
    rows: usize,
    input: &'a [f32],
    input_stride: usize,
    output: &'a mut [f32],
    output_stride: usize,
}

impl Task for Apply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.norm.width();
        for r in 0..self.rows {
            let x = &self.input[r * self.input_stride..][..width];
            let (mean, scale) = moments(s, x, self.norm.eps);
            let y = &mut self.output[r * self.output_stride..][..width];
            let lanes = S::LANES;
            let places = x.chunks(lanes).zip(y.chunks_mut(lanes));
            let terms = self
                .norm
                .weight
                .chunks(lanes)
                .zip(self.norm.bias.chunks(lanes));
            for ((x, y), (w, b)) in places.zip(terms) {
                let centred = s.sub(s.read(x), mean);
                let factor = s.mul(scale, s.read(w));
                s.write(s.fma(centred, factor, s.read(b)), y);
            }
        }
    }
}

struct ApplyInPlace<'a> {
    norm: &'a Norm,
    rows: usize,
    data: &'a mut [f32],
    stride: usize,
}

impl Task for ApplyInPlace<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.norm.width();
        for r in 0..self.rows {
            let x = &mut self.data[r * self.stride..][..width];
            let (mean, scale) = moments(s, x, self.norm.eps);
            let lanes = S::LANES;
            let terms = self
                .norm
                .weight
                .chunks(lanes)
                .zip(self.norm.bias.chunks(lanes));
            for (x, (w, b)) in x.chunks_mut(lanes).zip(terms) {
                let centred = s.sub(s.read(x), mean);
                let factor = s.mul(scale, s.read(w));
                s.write(s.fma(centred, factor, s.read(b)), x);
            }
        }
    }
}

/// Mean and one over the standard deviation, in every lane.
#[inline(always)]
fn moments<S: Simd>(s: S, x: &[f32], eps: f32) -> (S::V, S::V) {
    let (whole, rest) = x.split_at(x.len() - x.len() % S::LANES);
    let mut sum = s.splat(0.0);
    for chunk in x.chunks(S::LANES) {
        sum = s.add(sum, s.read(chunk));
    }
    let count = x.len() as f32;
    let mean = s.sum(sum) / count;
    let means = s.splat(mean);
    let mut squares = s.splat(0.0);
    for chunk in whole.chunks_exact(S::LANES) {
        let centred = s.sub(s.read(chunk), means);
        squares = s.fma(centred, centred, squares);
    }
    let mut total = s.sum(squares);
    for x in rest {
        total += (x - mean) * (x - mean);
    }
    (means, s.splat(1.0 / (total / count + eps).sqrt()))
}

/// Norm by the root mean square: `x / √(mean of x² + eps) · weight`, without mean and offset.
#[derive(Debug, Clone)]
pub(crate) struct RmsNorm {
    cpu: Cpu,
    eps: f32,
    weight: Buffer,
}

impl RmsNorm {
    /// Takes the factor of each place.
    pub(crate) fn new(cpu: Cpu, weight: &[f32], eps: f32) -> Self {
        Self {
            cpu,
            eps,
            weight: Buffer::from_slice(weight),
        }
    }

    /// Norms whole rows, one behind the other.
    pub(crate) fn apply(&self, input: &[f32], output: &mut [f32]) {
        self.cpu.run(ApplyRms {
            norm: self,
            input,
            output,
        });
    }
}

struct ApplyRms<'a> {
    norm: &'a RmsNorm,
    input: &'a [f32],
    output: &'a mut [f32],
}

impl Task for ApplyRms<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.norm.weight.len();
        let rows = self.input.chunks_exact(width);
        for (x, y) in rows.zip(self.output.chunks_exact_mut(width)) {
            let mut squares = s.splat(0.0);
            for chunk in x.chunks(S::LANES) {
                let chunk = s.read(chunk);
                squares = s.fma(chunk, chunk, squares);
            }
            let mean = s.sum(squares) / width as f32;
            let scale = s.splat(1.0 / (mean + self.norm.eps).sqrt());
            let places = x.chunks(S::LANES).zip(y.chunks_mut(S::LANES));
            for ((x, y), w) in places.zip(self.norm.weight.chunks(S::LANES)) {
                s.write(s.mul(s.mul(s.read(x), scale), s.read(w)), y);
            }
        }
    }
}

/// Replaces the first half of each row by GELU of it times the second half. GELU is the approximation by a
/// hyperbolic tangent, to about 2e-7 of it.
///
/// # Panics
///
/// If rows of `width` have no two halves.
pub(crate) fn gate(cpu: Cpu, rows: &mut [f32], width: usize) {
    assert!(width.is_multiple_of(2));
    cpu.run(Gate { rows, width });
}

struct Gate<'a> {
    rows: &'a mut [f32],
    width: usize,
}

impl Task for Gate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in self.rows.chunks_exact_mut(self.width) {
            let (first, second) = row.split_at_mut(self.width / 2);
            for (x, factor) in first.chunks_mut(S::LANES).zip(second.chunks(S::LANES)) {
                s.write(s.mul(gelu_tanh(s, s.read(x)), s.read(factor)), x);
            }
        }
    }
}

/// Adds `b` to `a`, place by place, as far as both reach.
pub(crate) fn add(cpu: Cpu, a: &mut [f32], b: &[f32]) {
    cpu.run(Add { a, b });
}

struct Add<'a> {
    a: &'a mut [f32],
    b: &'a [f32],
}

impl Task for Add<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (a, b) in self.a.chunks_mut(S::LANES).zip(self.b.chunks(S::LANES)) {
            s.write(s.add(s.read(a), s.read(b)), a);
        }
    }
}

/// Writes the rows of `table`, each with `row` added to it.
///
/// # Panics
///
/// If `output` and `table` have no whole number of rows.
pub(crate) fn add_to_rows(cpu: Cpu, table: &[f32], row: &[f32], output: &mut [f32]) {
    cpu.run(AddToRows { table, row, output });
}

struct AddToRows<'a> {
    table: &'a [f32],
    row: &'a [f32],
    output: &'a mut [f32],
}

impl Task for AddToRows<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.row.len();
        let rows = self.table.chunks_exact(width);
        for (table, output) in rows.zip(self.output.chunks_exact_mut(width)) {
            let parts = table.chunks(S::LANES).zip(self.row.chunks(S::LANES));
            for ((a, b), out) in parts.zip(output.chunks_mut(S::LANES)) {
                s.write(s.add(s.read(a), s.read(b)), out);
            }
        }
    }
}
