//! Convolutions 3×3 of each channel with its own kernel.

use super::buffer::Buffer;
use super::cpu::{Cpu, Task};
use super::simd::Simd;

/// Cells whose sums are in registers at once.
const CELLS: usize = 4;

/// Kernels and biases of all channels.
#[derive(Debug, Clone)]
pub(crate) struct Depthwise {
    cpu: Cpu,
    channels: usize,
    /// `[taps, channels]`.
    weights: Buffer,
    bias: Buffer,
}

impl Depthwise {
    /// Takes weights `[channels, 1, 3, 3]` and biases `[channels]`.
    ///
    /// # Panics
    ///
    /// If the slices do not fit each other: callers have checked the shapes.
    pub(crate) fn new(cpu: Cpu, weights: &[f32], bias: &[f32]) -> Self {
        let channels = bias.len();
        assert_eq!(weights.len(), 9 * channels, "a kernel for each channel");
        let mut turned = Buffer::zeros(weights.len());
        for (channel, kernel) in weights.chunks_exact(9).enumerate() {
            for (tap, &weight) in kernel.iter().enumerate() {
                turned[tap * channels + channel] = weight;
            }
        }
        Self {
            cpu,
            channels,
            weights: turned,
            bias: Buffer::from_slice(bias),
        }
    }

    /// One row of the output, from the row above it, its own and the one below. Those have one more cell
    /// at either end.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub(crate) fn row(&self, rows: [&[f32]; 3], output: &mut [f32]) {
        let columns = output.len() / self.channels;
        for row in rows {
            assert!((columns + 2) * self.channels <= row.len());
        }
        self.cpu.run(Row {
            depthwise: self,
            rows,
            output,
        });
    }
}

struct Row<'a> {
    depthwise: &'a Depthwise,
    rows: [&'a [f32]; 3],
    output: &'a mut [f32],
}

impl Task for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, s: S) {
        let channels = self.depthwise.channels;
        let columns = self.output.len() / channels;
        let mut first = 0;
        while first < channels {
            let count = S::LANES.min(channels - first);
            let kernel: [S::V; 9] = std::array::from_fn(|tap| {
                s.read(&self.depthwise.weights[tap * channels + first..][..count])
            });
            let mut column = 0;
            while column + CELLS <= columns {
                cells::<S, CELLS>(s, &mut self, &kernel, column, first..first + count);
                column += CELLS;
            }
            while column < columns {
                cells::<S, 1>(s, &mut self, &kernel, column, first..first + count);
                column += 1;
            }
            first += S::LANES;
        }
    }
}

#[inline(always)]
fn cells<S: Simd, const N: usize>(
    s: S,
    task: &mut Row<'_>,
    kernel: &[S::V; 9],
    column: usize,
    part: std::ops::Range<usize>,
) {
    let channels = task.depthwise.channels;
    let mut sums = [s.read(&task.depthwise.bias[part.clone()]); N];
    for (row, taps) in task.rows.iter().zip(kernel.chunks_exact(3)) {
        for (n, sum) in sums.iter_mut().enumerate() {
            for (along, &tap) in taps.iter().enumerate() {
                let start = (column + n + along) * channels + part.start;
                let x = s.read(&row[start..][..part.len()]);
                *sum = s.fma(x, tap, *sum);
            }
        }
    }
    for (n, &sum) in sums.iter().enumerate() {
        let start = (column + n) * channels + part.start;
        s.write(sum, &mut task.output[start..][..part.len()]);
    }
}
