//! Matrix products with the weights on the left: layers that mix rows, such as frames, and
//! convolutions along the columns whose channels are rows.

use std::ops::Range;

use super::buffer::Buffer;
use super::cpu::{Cpu, Task};
use super::gemm::{
    Accumulated, Activated, Finish, Leaky, PANEL, Plain, SharedMut, Store, Tile, store_some, tiles,
    with_rows,
};
use super::pool::Pool;
use super::simd::Simd;

/// A layer over rows: each output row is a weighted sum of the input rows, each shifted along the
/// columns by each tap of a centred kernel.
#[derive(Debug, Clone)]
pub(crate) struct Mix {
    cpu: Cpu,
    outputs: usize,
    inputs: usize,
    taps: usize,
    weights: Buffer,
    bias: Buffer,
}

/// Rows for a [`Mix`]: the input with zeros on both sides of every row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Padded<'a> {
    /// The numbers; column 0 of row `r` is at `r · stride + margin`.
    pub(crate) data: &'a [f32],
    /// From one row to the next: see [`padded_stride`].
    pub(crate) stride: usize,
    /// Zeros before each row.
    pub(crate) margin: usize,
}

/// Zeros before each row of [`Padded`], the same for all kernels up to 33 so that rows stay aligned.
pub(crate) const MARGIN: usize = 16;

/// The stride of rows of [`Padded`] for kernels of `taps`, with the margin [`margin`].
pub(crate) fn padded_stride(columns: usize, taps: usize) -> usize {
    columns.next_multiple_of(PANEL) + 2 * margin(taps)
}

/// Zeros before each row that a kernel of `taps` needs, rounded up to keep rows aligned.
pub(crate) fn margin(taps: usize) -> usize {
    (taps / 2).next_multiple_of(MARGIN)
}

impl Mix {
    /// Takes weights `[outputs, inputs, taps]` and biases `[outputs]` (`None`: zeros).
    ///
    /// # Panics
    ///
    /// If the slices do not fit the extents: callers have checked the shapes.
    pub(crate) fn new(
        cpu: Cpu,
        weights: &[f32],
        bias: Option<&[f32]>,
        (outputs, inputs, taps): (usize, usize, usize),
    ) -> Self {
        assert_eq!(weights.len(), outputs * inputs * taps, "a whole tensor");
        let mut own = Buffer::zeros(outputs);
        if let Some(bias) = bias {
            own.copy_from_slice(bias);
        }
        Self {
            cpu,
            outputs,
            inputs,
            taps,
            weights: Buffer::from_slice(weights),
            bias: own,
        }
    }

    /// The weights `[outputs, inputs, taps]`.
    pub(crate) fn weights(&self) -> &[f32] {
        &self.weights
    }

    /// The bias of each output.
    pub(crate) fn bias(&self) -> &[f32] {
        &self.bias
    }

    /// Applies the layer to the columns `columns` of the input, on all threads. The output's row `r`
    /// starts at `output[r · output_stride]`, with column 0 of the input first.
    ///
    /// # Panics
    ///
    /// If a slice is too short or the margin too small.
    pub(crate) fn apply_on(
        &self,
        pool: &Pool,
        columns: Range<usize>,
        input: Padded<'_>,
        (output, output_stride): (&mut [f32], usize),
        finish: Finish,
    ) {
        if columns.is_empty() || self.outputs == 0 || self.inputs == 0 {
            return;
        }
        let reach = columns.start + columns.len().next_multiple_of(PANEL) + self.taps / 2;
        assert!(input.margin >= self.taps / 2);
        assert!((self.inputs - 1) * input.stride + input.margin + reach <= input.data.len());
        assert!((self.outputs - 1) * output_stride + columns.end <= output.len());
        assert!(columns.end <= output_stride || self.outputs == 1);
        let tile = self.cpu.tile_rows();
        let count = self.outputs.div_ceil(tile);
        let panel = 2 * self.cpu.lanes();
        let panels = columns.len().div_ceil(panel);
        // Few tiles are divided by columns too, so that all threads have work.
        let groups = (4 * pool.threads()).div_ceil(count).clamp(1, panels);
        let out = SharedMut(output.as_mut_ptr());
        pool.run(count * groups, |_, unit| {
            let out = &out;
            let (i, group) = (unit / groups, unit % groups);
            let rows = self.outputs * i / count..self.outputs * (i + 1) / count;
            let first = columns.start + panels * group / groups * panel;
            let last = columns.start + panels * (group + 1) / groups * panel;
            // SAFETY: the extents were checked; units write different rows or columns.
            self.cpu.run(Apply {
                layer: self,
                rows,
                columns: first..last.min(columns.end),
                input,
                output: (out.0, output_stride),
                finish,
            });
        });
    }
}

struct Apply<'a> {
    layer: &'a Mix,
    rows: Range<usize>,
    columns: Range<usize>,
    input: Padded<'a>,
    output: (*mut f32, usize),
    finish: Finish,
}

impl Task for Apply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // SAFETY: `apply_on`, the only maker, has checked the extents.
        unsafe {
            match self.finish {
                Finish::Set => mix(s, &self, Plain),
                Finish::Gelu => mix(s, &self, Activated),
                Finish::Leaky(slope) => mix(s, &self, Leaky(slope)),
                Finish::Add => mix(s, &self, Accumulated),
            }
        }
    }
}

#[inline(always)]
unsafe fn mix<S: Simd, E: Store>(s: S, task: &Apply<'_>, store: E) {
    for rows in tiles(task.rows.clone(), S::ROWS) {
        let mut column = task.columns.start;
        while column < task.columns.end {
            let m = rows.len();
            // SAFETY: rows and columns are the task's.
            unsafe {
                with_rows!(
                    S,
                    m,
                    mix_tile::<S, _, E>(s, task, rows.start, column, store)
                );
            }
            column += 2 * S::LANES;
        }
    }
}

#[inline(always)]
unsafe fn mix_tile<S: Simd, const M: usize, E: Store>(
    s: S,
    task: &Apply<'_>,
    row: usize,
    column: usize,
    store: E,
) {
    let layer = task.layer;
    let depth = layer.inputs * layer.taps;
    let mut tile: Tile<S::V, M, 2> = [[s.splat(0.0); 2]; M];
    // SAFETY: `apply_on` has checked that all taps of a whole panel can be read in every input row and
    // that the columns can be written.
    unsafe {
        let mut a = layer.weights.as_ptr().add(row * depth);
        let mut b = task.input.data.as_ptr();
        b = b.add(task.input.margin + column - layer.taps / 2);
        for _ in 0..layer.inputs {
            super::gemm::multiply(s, layer.taps, (a, depth), (b, 1), &mut tile);
            a = a.wrapping_add(layer.taps);
            b = b.wrapping_add(task.input.stride);
        }
        for (r, sums) in tile.iter().enumerate() {
            let bias = s.splat(layer.bias[row + r]);
            let to = task.output.0.add((row + r) * task.output.1);
            for (j, &sum) in sums.iter().enumerate() {
                let column = column + j * S::LANES;
                let Some(count @ 1..) = task.columns.end.checked_sub(column) else {
                    continue;
                };
                let to = to.add(column);
                let value = store.value(s, s.add(sum, bias), to, count);
                store_some(s, value, to, count);
            }
        }
    }
}
