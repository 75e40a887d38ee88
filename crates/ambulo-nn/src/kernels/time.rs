//! Filters along time: pooling, norms, strided convolutions and interpolation of many channels at once.
//!
//! A signal is `[frames, channels]`; the rows may be `stride` apart. All channels are independent, so
//! vectors hold neighbouring channels and no filter crosses lanes.

use std::ops::Range;

use super::buffer::Buffer;
use super::cpu::{Cpu, Task};
use super::math::gelu;
use super::simd::Simd;

/// The inputs that an adaptive average pooling from `from` to `to` frames averages into output `i`.
pub(crate) fn pool_window(from: usize, to: usize, i: usize) -> Range<usize> {
    i * from / to..((i + 1) * from).div_ceil(to)
}

/// Rows of a signal in two parts, one behind the other: frames of a clip, then memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// The numbers.
    pub(crate) data: &'a [f32],
    /// Where the first row begins.
    pub(crate) offset: usize,
    /// From one row to the next.
    pub(crate) stride: usize,
    /// Rows.
    pub(crate) count: usize,
}

impl<'a> Rows<'a> {
    /// `width` numbers of row `r`.
    #[inline(always)]
    fn row(&self, r: usize, width: usize) -> &'a [f32] {
        &self.data[self.offset + r * self.stride..][..width]
    }
}

/// One row of an adaptive average pooling of `from` (its parts concatenated) to `to` rows.
///
/// # Panics
///
/// If a slice is too short.
pub(crate) fn pool_row(cpu: Cpu, from: &[Rows<'_>], (to, i): (usize, usize), out: &mut [f32]) {
    cpu.run(PoolRow { from, to, i, out });
}

struct PoolRow<'a> {
    from: &'a [Rows<'a>],
    to: usize,
    i: usize,
    out: &'a mut [f32],
}

impl Task for PoolRow<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let count = self.from.iter().map(|rows| rows.count).sum();
        let window = pool_window(count, self.to, self.i);
        let factor = s.splat(1.0 / window.len() as f32);
        let mut at = 0;
        while at < self.out.len() {
            let width = S::LANES.min(self.out.len() - at);
            let mut sum = s.splat(0.0);
            for r in window.clone() {
                let mut r = r;
                for part in self.from {
                    if r < part.count {
                        let row = &part.data[part.offset + r * part.stride + at..][..width];
                        sum = s.add(sum, s.read(row));
                        break;
                    }
                    r -= part.count;
                }
            }
            s.write(s.mul(sum, factor), &mut self.out[at..][..width]);
            at += S::LANES;
        }
    }
}

/// One row of a linear interpolation from `from` to `to` rows with ends aligned.
///
/// # Panics
///
/// If a slice is too short.
pub(crate) fn interpolate_row(cpu: Cpu, from: Rows<'_>, (to, i): (usize, usize), out: &mut [f32]) {
    cpu.run(InterpolateRow { from, to, i, out });
}

struct InterpolateRow<'a> {
    from: Rows<'a>,
    to: usize,
    i: usize,
    out: &'a mut [f32],
}

/// The lower neighbour of output `i` of an interpolation with ends aligned, and the share of the upper.
fn neighbour(from: usize, to: usize, i: usize) -> (usize, f32) {
    if to < 2 || from < 2 {
        return (0, 0.0);
    }
    let (steps, place) = (to - 1, i * (from - 1));
    let lower = (place / steps).min(from - 2);
    (lower, (place - lower * steps) as f32 / steps as f32)
}

impl Task for InterpolateRow<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.out.len();
        let (lower, share) = neighbour(self.from.count, self.to, self.i);
        let upper = (lower + 1).min(self.from.count - 1);
        let (low, high) = (self.from.row(lower, width), self.from.row(upper, width));
        let share = s.splat(share);
        let places = low.chunks(S::LANES).zip(high.chunks(S::LANES));
        for ((low, high), out) in places.zip(self.out.chunks_mut(S::LANES)) {
            let low = s.read(low);
            let step = s.sub(s.read(high), low);
            s.write(s.fma(step, share, low), out);
        }
    }
}

/// Norm over time, of each channel by itself, then GELU. Factor and offset belong to frames.
#[derive(Debug, Clone)]
pub(crate) struct TimeNorm {
    /// Factor of each frame.
    pub(crate) weight: Vec<f32>,
    /// Offset of each frame.
    pub(crate) bias: Vec<f32>,
    /// Added to the variance.
    pub(crate) eps: f32,
}

/// A convolution of stride 2 without padding, each channel with its own kernel.
#[derive(Debug, Clone)]
pub(crate) struct TimeConv {
    taps: usize,
    /// `[taps, channels]`
    weights: Buffer,
    bias: Buffer,
}

impl TimeConv {
    /// Takes weights `[channels, 1, taps]` and biases `[channels]`.
    ///
    /// # Panics
    ///
    /// If the slices do not fit the extents: callers have checked the shapes.
    pub(crate) fn new(weights: &[f32], bias: &[f32]) -> Self {
        let channels = bias.len();
        let taps = weights.len().checked_div(channels).unwrap_or(0);
        assert_eq!(weights.len(), channels * taps, "a kernel for each channel");
        let mut turned = Buffer::zeros(weights.len());
        for (channel, kernel) in weights.chunks_exact(taps.max(1)).enumerate() {
            for (tap, &weight) in kernel.iter().enumerate() {
                turned[tap * channels + channel] = weight;
            }
        }
        Self {
            taps,
            weights: turned,
            bias: Buffer::from_slice(bias),
        }
    }

    fn tap(&self, tap: usize, channels: Range<usize>) -> &[f32] {
        &self.weights[tap * self.bias.len()..][channels]
    }
}

/// A step of a filter on signals of some neighbouring channels, rows contiguous.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Filter<'a> {
    /// Adaptive average pooling to the length of the output.
    Pool,
    /// Convolution of stride 2 with these channels' kernels.
    Down(&'a TimeConv, usize),
    /// Transposed convolution of stride 2 with the kernels of the channels from the given one.
    Up(&'a TimeConv, usize),
    /// Linear interpolation to the length of the output, ends aligned.
    Interpolate,
}

/// Filters `from` into `to`; both have rows of `channels` numbers.
///
/// # Panics
///
/// If a slice is no whole number of rows or too short for the filter.
pub(crate) fn filter(cpu: Cpu, filter: Filter<'_>, channels: usize, from: &[f32], to: &mut [f32]) {
    let length = to.len() / channels;
    match filter {
        Filter::Pool => {
            let rows = rows_of(from, channels);
            for (i, out) in to.chunks_exact_mut(channels).enumerate() {
                pool_row(cpu, &[rows], (length, i), out);
            }
        }
        Filter::Interpolate => {
            let rows = rows_of(from, channels);
            for (i, out) in to.chunks_exact_mut(channels).enumerate() {
                interpolate_row(cpu, rows, (length, i), out);
            }
        }
        Filter::Down(conv, first) | Filter::Up(conv, first) => cpu.run(Strided {
            conv,
            first,
            channels,
            from,
            to,
            up: matches!(filter, Filter::Up(..)),
        }),
    }
}

fn rows_of(data: &[f32], channels: usize) -> Rows<'_> {
    Rows {
        data,
        offset: 0,
        stride: channels,
        count: data.len() / channels,
    }
}

struct Strided<'a> {
    conv: &'a TimeConv,
    first: usize,
    channels: usize,
    from: &'a [f32],
    to: &'a mut [f32],
    up: bool,
}

impl Task for Strided<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let channels = self.channels;
        let length = self.from.len() / channels;
        for (i, out) in self.to.chunks_exact_mut(channels).enumerate() {
            let mut at = 0;
            while at < channels {
                let width = S::LANES.min(channels - at);
                let own = self.first + at..self.first + at + width;
                let mut sum = s.read(&self.conv.bias[own.clone()]);
                for tap in 0..self.conv.taps {
                    let source = if self.up {
                        i.checked_sub(tap)
                            .filter(|place| place % 2 == 0)
                            .map(|place| place / 2)
                    } else {
                        Some(2 * i + tap)
                    };
                    if let Some(source) = source.filter(|&source| source < length) {
                        let x = s.read(&self.from[source * channels + at..][..width]);
                        sum = s.fma(x, s.read(self.conv.tap(tap, own.clone())), sum);
                    }
                }
                s.write(sum, &mut out[at..][..width]);
                at += S::LANES;
            }
        }
    }
}

impl TimeNorm {
    /// Norms each channel over all rows of `data`, `[frames, channels]`, and applies GELU.
    ///
    /// # Panics
    ///
    /// If there are not as many rows as factors.
    pub(crate) fn apply(&self, cpu: Cpu, channels: usize, data: &mut [f32]) {
        assert_eq!(data.len(), channels * self.weight.len());
        cpu.run(NormAndGelu {
            norm: self,
            channels,
            data,
        });
    }
}

struct NormAndGelu<'a> {
    norm: &'a TimeNorm,
    channels: usize,
    data: &'a mut [f32],
}

impl Task for NormAndGelu<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let channels = self.channels;
        let frames = self.norm.weight.len();
        let share = s.splat(1.0 / frames as f32);
        let mut at = 0;
        while at < channels {
            let width = S::LANES.min(channels - at);
            let mut sum = s.splat(0.0);
            for row in self.data.chunks_exact(channels) {
                sum = s.add(sum, s.read(&row[at..][..width]));
            }
            let mean = s.mul(sum, share);
            let mut squares = s.splat(0.0);
            for row in self.data.chunks_exact(channels) {
                let centred = s.sub(s.read(&row[at..][..width]), mean);
                squares = s.fma(centred, centred, squares);
            }
            let mut roots = [0.0; 16];
            let variance = s.mul(squares, share);
            s.write(variance, &mut roots[..S::LANES]);
            for root in &mut roots[..S::LANES] {
                *root = 1.0 / (*root + self.norm.eps).sqrt();
            }
            let scale = s.read(&roots[..S::LANES]);
            let terms = self.norm.weight.iter().zip(&self.norm.bias);
            for (row, (&weight, &bias)) in self.data.chunks_exact_mut(channels).zip(terms) {
                let place = &mut row[at..][..width];
                let normed = s.mul(s.sub(s.read(place), mean), scale);
                let y = s.fma(normed, s.splat(weight), s.splat(bias));
                s.write(gelu(s, y), place);
            }
            at += S::LANES;
        }
    }
}
