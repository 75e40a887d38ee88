//! Matrix products: weights times activations, kept in registers tile by tile.
//!
//! A tile is [`Simd::ROWS`] rows by two vectors. Its loop reads one number of each row (broadcast) and two
//! vectors of the other matrix for every step of the sum. Each element of the product is summed in the
//! order of the inner index alone, in parts of [`DEPTH`], whatever the tile it falls into.

use std::ops::Range;

use super::buffer::{Buffer, LINE};
use super::cpu::{Cpu, Task};
use super::math::gelu;
use super::pool::Pool;
use super::simd::Simd;
use super::taps::Run;

/// Vectors side by side in a tile.
const VECTORS: usize = 2;

/// Columns of the widest panel of any instruction set: what padded buffers are rounded up to.
pub(crate) const PANEL: usize = 32;

/// Steps of the sum done at once: a panel this deep and its rows fit the first caches.
const DEPTH: usize = 512;

/// Rows handled together with one panel: their inputs stay in the second cache.
pub(crate) const BLOCK_ROWS: usize = 168;

/// Weights that stay in the second cache; nothing is fetched ahead.
const NEAR: usize = 1 << 15;

/// Cache lines that a step of the sum asks for ahead of their use, while there are some to ask for.
const REQUESTS: usize = 2;

/// What happens to a sum before it is stored. The bias has been added.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Finish {
    /// Stored as it is.
    Set,
    /// GELU of it is stored.
    Gelu,
    /// It is stored where it is above 0, else its product with this slope, which is from 0 to 1.
    Leaky(f32),
    /// Added to what the output holds.
    Add,
}

/// The weights of a linear layer, in the order the kernel reads them.
///
/// Panels of two vectors' width; in each, input after input, the weights of the panel's outputs.
#[derive(Debug, Clone)]
pub(crate) struct Linear {
    cpu: Cpu,
    inputs: usize,
    outputs: usize,
    panel: usize,
    weights: Buffer,
    bias: Buffer,
}

impl Linear {
    /// Packs a matrix `[outputs, inputs]` and its bias (`None`: zeros).
    ///
    /// # Panics
    ///
    /// If the slices do not fit the extents: callers have checked the shapes.
    pub(crate) fn new(cpu: Cpu, weights: &[f32], bias: Option<&[f32]>, outputs: usize) -> Self {
        let inputs = weights.len().checked_div(outputs).unwrap_or(0);
        assert_eq!(weights.len(), inputs * outputs, "a whole matrix");
        let panel = cpu.lanes() * VECTORS;
        let panels = outputs.div_ceil(panel);
        let mut packed = Buffer::zeros(panels * inputs * panel);
        for (output, row) in weights.chunks_exact(inputs.max(1)).enumerate() {
            let (p, column) = (output / panel, output % panel);
            for (input, &weight) in row.iter().enumerate() {
                packed[(p * inputs + input) * panel + column] = weight;
            }
        }
        let mut padded = Buffer::zeros(panels * panel);
        if let Some(bias) = bias {
            assert_eq!(bias.len(), outputs, "a bias for each output");
            padded[..outputs].copy_from_slice(bias);
        }
        Self {
            cpu,
            inputs,
            outputs,
            panel,
            weights: packed,
            bias: padded,
        }
    }

    /// The matrix `[outputs, inputs]` and the bias as they were given.
    pub(crate) fn unpacked(&self) -> (Vec<f32>, Vec<f32>) {
        let mut matrix = vec![0.0; self.outputs * self.inputs];
        for (output, row) in matrix.chunks_exact_mut(self.inputs.max(1)).enumerate() {
            let (p, column) = (output / self.panel, output % self.panel);
            for (input, weight) in row.iter_mut().enumerate() {
                *weight = self.weights[(p * self.inputs + input) * self.panel + column];
            }
        }
        (matrix, self.bias[..self.outputs].to_vec())
    }

    /// The bias of each output.
    pub(crate) fn bias(&self) -> &[f32] {
        &self.bias[..self.outputs]
    }

    /// Inputs of the layer.
    pub(crate) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Outputs of the layer.
    pub(crate) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Applies the layer to `rows` rows on this thread.
    ///
    /// Row `r` of the input starts at `input[r · input_stride]`, that of the output at
    /// `output[r · output_stride]`. Input rows may overlap.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub(crate) fn apply(
        &self,
        rows: usize,
        (input, input_stride): (&[f32], usize),
        (output, output_stride): (&mut [f32], usize),
        finish: Finish,
    ) {
        if rows == 0 || self.outputs == 0 {
            return;
        }
        assert!((rows - 1) * input_stride + self.inputs <= input.len());
        assert!((rows - 1) * output_stride + self.outputs <= output.len());
        assert!(output_stride >= self.outputs || rows == 1);
        let panels = 0..self.outputs.div_ceil(self.panel);
        // SAFETY: the extents were just checked.
        unsafe {
            self.apply_raw(
                0..rows,
                panels,
                (input.as_ptr(), input_stride),
                (output.as_mut_ptr(), output_stride),
                finish,
            );
        }
    }

    /// Applies the layer to `rows` rows on all threads, divided by rows and by outputs.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub(crate) fn apply_on(
        &self,
        pool: &Pool,
        rows: usize,
        (input, input_stride): (&[f32], usize),
        (output, output_stride): (&mut [f32], usize),
        finish: Finish,
    ) {
        if rows == 0 || self.outputs == 0 {
            return;
        }
        assert!((rows - 1) * input_stride + self.inputs <= input.len());
        assert!((rows - 1) * output_stride + self.outputs <= output.len());
        assert!(output_stride >= self.outputs || rows == 1);
        let panels = self.outputs.div_ceil(self.panel);
        let row_blocks = rows.div_ceil(BLOCK_ROWS);
        let tile = self.cpu.tile_rows();
        let tiles = rows.div_ceil(tile);
        let tiles_of = |block: usize| tiles * block / row_blocks;
        // Two units a thread at least, where there are enough panels.
        let groups = (2 * pool.threads()).div_ceil(row_blocks).clamp(1, panels);
        let out = SharedMut(output.as_mut_ptr());
        pool.run(row_blocks * groups, |_, unit| {
            let out = &out;
            let (block, group) = (unit / groups, unit % groups);
            let rows = tiles_of(block) * tile..(tiles_of(block + 1) * tile).min(rows);
            let panels = panels * group / groups..panels * (group + 1) / groups;
            // SAFETY: the extents were checked; units write different rows or different columns.
            unsafe {
                self.apply_raw(
                    rows,
                    panels,
                    (input.as_ptr(), input_stride),
                    (out.0, output_stride),
                    finish,
                );
            }
        });
    }

    /// # Safety
    ///
    /// The rows lie within both matrices, and nothing else touches their outputs in these panels.
    unsafe fn apply_raw(
        &self,
        rows: Range<usize>,
        panels: Range<usize>,
        input: (*const f32, usize),
        output: (*mut f32, usize),
        finish: Finish,
    ) {
        self.cpu.run(Apply {
            layer: self,
            rows,
            panels,
            input,
            output,
            finish,
        });
    }
}

/// A pointer that may cross to other threads; those who use it keep their parts apart.
#[derive(Clone, Copy)]
pub(super) struct SharedMut(pub(super) *mut f32);

// SAFETY: plain address; every use is in an `unsafe` block that argues for itself.
unsafe impl Sync for SharedMut {}

struct Apply<'a> {
    layer: &'a Linear,
    rows: Range<usize>,
    panels: Range<usize>,
    input: (*const f32, usize),
    output: (*mut f32, usize),
    finish: Finish,
}

impl Task for Apply<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // SAFETY: `apply_raw`, the only maker, has the caller's word for the extents.
        unsafe {
            match self.finish {
                Finish::Set => linear(s, &self, Plain),
                Finish::Gelu => linear(s, &self, Activated),
                Finish::Leaky(slope) => linear(s, &self, Leaky(slope)),
                Finish::Add => linear(s, &self, Accumulated),
            }
        }
    }
}

/// [`Finish`] as a type, so that each has its own loop.
pub(super) trait Store: Copy {
    /// The number to store, from the sum with bias and the pointer to what the output holds.
    ///
    /// # Safety
    ///
    /// `count` numbers at `to` can be read.
    unsafe fn value<S: Simd>(self, s: S, sum: S::V, to: *const f32, count: usize) -> S::V;
}

#[derive(Clone, Copy)]
pub(super) struct Plain;
#[derive(Clone, Copy)]
pub(super) struct Activated;
#[derive(Clone, Copy)]
pub(super) struct Leaky(pub(super) f32);
#[derive(Clone, Copy)]
pub(super) struct Accumulated;

impl Store for Plain {
    #[inline(always)]
    unsafe fn value<S: Simd>(self, _: S, sum: S::V, _: *const f32, _: usize) -> S::V {
        sum
    }
}

impl Store for Activated {
    #[inline(always)]
    unsafe fn value<S: Simd>(self, s: S, sum: S::V, _: *const f32, _: usize) -> S::V {
        gelu(s, sum)
    }
}

impl Store for Leaky {
    #[inline(always)]
    unsafe fn value<S: Simd>(self, s: S, sum: S::V, _: *const f32, _: usize) -> S::V {
        s.max(sum, s.mul(sum, s.splat(self.0)))
    }
}

impl Store for Accumulated {
    #[inline(always)]
    unsafe fn value<S: Simd>(self, s: S, sum: S::V, to: *const f32, count: usize) -> S::V {
        // SAFETY: the caller's word.
        s.add(unsafe { load_some(s, to, count) }, sum)
    }
}

/// # Safety
///
/// `count` numbers at `from` can be read.
#[inline(always)]
pub(super) unsafe fn load_some<S: Simd>(s: S, from: *const f32, count: usize) -> S::V {
    if count >= S::LANES {
        // SAFETY: the caller's word.
        unsafe { s.load(from) }
    } else {
        // SAFETY: the caller's word.
        unsafe { s.load_first(from, count) }
    }
}

/// # Safety
///
/// `count` numbers at `to` can be written.
#[inline(always)]
pub(super) unsafe fn store_some<S: Simd>(s: S, v: S::V, to: *mut f32, count: usize) {
    if count >= S::LANES {
        // SAFETY: the caller's word.
        unsafe { s.store(v, to) }
    } else {
        // SAFETY: the caller's word.
        unsafe { s.store_first(v, to, count) }
    }
}

/// Sums of `M` rows by `N` vectors.
pub(super) type Tile<V, const M: usize, const N: usize> = [[V; N]; M];

/// Adds `depth` steps of the product of rows at `a` and vectors at `b` to a tile.
///
/// # Safety
///
/// `M` rows of `depth` numbers, `a_stride` apart, and `depth` rows of `N` vectors, `b_stride` apart,
/// can be read.
#[inline(always)]
pub(super) unsafe fn multiply<S: Simd, const M: usize, const N: usize>(
    s: S,
    depth: usize,
    (a, a_stride): (*const f32, usize),
    (b, b_stride): (*const f32, usize),
    tile: &mut Tile<S::V, M, N>,
) {
    let mut sums = *tile;
    let (mut a, mut b) = (a, b);
    for _ in 0..depth {
        // SAFETY: the caller's word: step below `depth`.
        unsafe { step(s, (a, a_stride), b, &mut sums) };
        a = a.wrapping_add(1);
        b = b.wrapping_add(b_stride);
    }
    *tile = sums;
}

/// The same, and asks for memory that will be needed soon: [`REQUESTS`] lines in each of the first steps.
///
/// # Safety
///
/// As for [`multiply`].
#[inline(always)]
unsafe fn multiply_ahead<S: Simd, const M: usize, const N: usize>(
    s: S,
    depth: usize,
    (a, a_stride): (*const f32, usize),
    (b, b_stride): (*const f32, usize),
    (ahead, requests): (*const f32, usize),
    tile: &mut Tile<S::V, M, N>,
) {
    let mut sums = *tile;
    let (mut a, mut b, mut ahead) = (a, b, ahead);
    for place in 0..depth {
        if place < requests {
            for line in 0..REQUESTS {
                s.prefetch(ahead.wrapping_add(line * LINE));
            }
            ahead = ahead.wrapping_add(REQUESTS * LINE);
        }
        // SAFETY: the caller's word: step below `depth`.
        unsafe { step(s, (a, a_stride), b, &mut sums) };
        a = a.wrapping_add(1);
        b = b.wrapping_add(b_stride);
    }
    *tile = sums;
}

/// The same for rows whose numbers lie in several runs, each at its offset from `a`.
///
/// # Safety
///
/// As for [`multiply`], for each run of the rows and for all vectors.
#[inline(always)]
pub(super) unsafe fn multiply_runs<S: Simd, const M: usize, const N: usize>(
    s: S,
    runs: &[Run],
    (a, a_stride): (*const f32, usize),
    (b, b_stride): (*const f32, usize),
    tile: &mut Tile<S::V, M, N>,
) {
    let mut sums = *tile;
    let mut b = b;
    for run in runs {
        let mut a = a.wrapping_add(run.offset);
        for _ in 0..run.length {
            // SAFETY: the caller's word: step below the run's length.
            unsafe { step(s, (a, a_stride), b, &mut sums) };
            a = a.wrapping_add(1);
            b = b.wrapping_add(b_stride);
        }
    }
    *tile = sums;
}

/// One step of a product.
///
/// # Safety
///
/// A number of each of `M` rows and `N` vectors can be read.
#[inline(always)]
unsafe fn step<S: Simd, const M: usize, const N: usize>(
    s: S,
    (a, a_stride): (*const f32, usize),
    b: *const f32,
    sums: &mut Tile<S::V, M, N>,
) {
    // SAFETY: the caller's word: row below `M`, vector below `N`.
    unsafe {
        let mut columns = [s.splat(0.0); N];
        for (j, column) in columns.iter_mut().enumerate() {
            *column = s.load(b.add(j * S::LANES));
        }
        for (r, sums) in sums.iter_mut().enumerate() {
            let x = s.splat(*a.add(r * a_stride));
            for (sum, &column) in sums.iter_mut().zip(&columns) {
                *sum = s.fma(x, column, *sum);
            }
        }
    }
}

/// Calls a function with the number of rows as a constant.
macro_rules! with_rows {
    ($S:ty, $rows:expr, $function:ident::<$first:ty, _ $(, $more:tt)*>($($argument:expr),* $(,)?)) => {
        match $rows {
            1 => $function::<$first, 1 $(, $more)*>($($argument),*),
            2 => $function::<$first, 2 $(, $more)*>($($argument),*),
            3 => $function::<$first, 3 $(, $more)*>($($argument),*),
            4 => $function::<$first, 4 $(, $more)*>($($argument),*),
            5 if <$S>::ROWS > 4 => $function::<$first, 5 $(, $more)*>($($argument),*),
            6 if <$S>::ROWS > 4 => $function::<$first, 6 $(, $more)*>($($argument),*),
            7 if <$S>::ROWS > 6 => $function::<$first, 7 $(, $more)*>($($argument),*),
            8 if <$S>::ROWS > 6 => $function::<$first, 8 $(, $more)*>($($argument),*),
            9 if <$S>::ROWS > 6 => $function::<$first, 9 $(, $more)*>($($argument),*),
            10 if <$S>::ROWS > 6 => $function::<$first, 10 $(, $more)*>($($argument),*),
            11 if <$S>::ROWS > 6 => $function::<$first, 11 $(, $more)*>($($argument),*),
            12 if <$S>::ROWS > 6 => $function::<$first, 12 $(, $more)*>($($argument),*),
            13 if <$S>::ROWS > 12 => $function::<$first, 13 $(, $more)*>($($argument),*),
            14 if <$S>::ROWS > 12 => $function::<$first, 14 $(, $more)*>($($argument),*),
            _ => unreachable!("tiles have at most {} rows", <$S>::ROWS),
        }
    };
}
pub(super) use with_rows;

/// Divides `rows` into tiles of nearly equal height, none above `most`.
pub(super) fn tiles(rows: Range<usize>, most: usize) -> impl Iterator<Item = Range<usize>> {
    let (start, len) = (rows.start, rows.len());
    let count = len.div_ceil(most);
    (0..count).map(move |i| start + len * i / count..start + len * (i + 1) / count)
}

/// Sums of a block of rows between parts of a deep sum.
const PARTIAL: usize = (BLOCK_ROWS + 16) * PANEL;

#[inline(always)]
unsafe fn linear<S: Simd, E: Store>(s: S, task: &Apply<'_>, store: E) {
    let inputs = task.layer.inputs;
    let parts = inputs.div_ceil(DEPTH).max(1);
    let mut partial = std::mem::MaybeUninit::<[f32; PARTIAL]>::uninit();
    let partial = partial.as_mut_ptr().cast::<f32>();
    for block in tiles(task.rows.clone(), BLOCK_ROWS) {
        for panel in task.panels.clone() {
            for part in 0..parts {
                let depth = inputs * part / parts..inputs * (part + 1) / parts;
                let mut place = partial;
                // The next part of this panel, or the first of the next one, follows in memory.
                let width = VECTORS * S::LANES;
                let end = (panel * inputs + depth.end) * width;
                let mut ahead = task.layer.weights.as_ptr().wrapping_add(end);
                let count = block.len().div_ceil(S::ROWS);
                let requests = if task.layer.weights.len() <= NEAR {
                    0
                } else {
                    (depth.len() * width).div_ceil(LINE * REQUESTS * count)
                };
                for rows in tiles(block.clone(), S::ROWS) {
                    let m = rows.len();
                    let step = Step {
                        panel,
                        row: rows.start,
                        depth: depth.clone(),
                        partial: place,
                        first: part == 0,
                        last: part + 1 == parts,
                        ahead,
                        requests,
                    };
                    ahead = ahead.wrapping_add(requests * REQUESTS * LINE);
                    // SAFETY: rows and panel are the task's; `partial` holds a panel's width for each
                    // row of the block.
                    unsafe { with_rows!(S, m, linear_tile::<S, _, E>(s, task, &step, store)) };
                    place = place.wrapping_add(m * PANEL);
                }
            }
        }
    }
}

struct Step {
    panel: usize,
    row: usize,
    depth: Range<usize>,
    partial: *mut f32,
    first: bool,
    last: bool,
    /// What to fetch during this tile.
    ahead: *const f32,
    /// Steps of the sum that fetch [`REQUESTS`] cache lines each.
    requests: usize,
}

#[inline(always)]
unsafe fn linear_tile<S: Simd, const M: usize, E: Store>(
    s: S,
    task: &Apply<'_>,
    step: &Step,
    store: E,
) {
    let layer = task.layer;
    let width = VECTORS * S::LANES;
    let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
    // SAFETY: every address below lies in the packed weights, in the task's rows, or in the partial
    // sums of this tile.
    unsafe {
        let a = task.input.0.add(step.row * task.input.1 + step.depth.start);
        let b = layer
            .weights
            .as_ptr()
            .add((step.panel * layer.inputs + step.depth.start) * width);
        // Meanwhile the next panel is fetched from a farther cache, a share of it during each tile.
        let ahead = (step.ahead, step.requests);
        let depth = step.depth.len();
        multiply_ahead(s, depth, (a, task.input.1), (b, width), ahead, &mut tile);
        let bias = layer.bias.as_ptr().add(step.panel * width);
        for (r, sums) in tile.iter().enumerate() {
            let row = task.output.0.add((step.row + r) * task.output.1);
            for (j, &sum) in sums.iter().enumerate() {
                let partial = step.partial.add(r * PANEL + j * S::LANES);
                let sum = if step.first {
                    sum
                } else {
                    s.add(sum, s.load(partial))
                };
                if !step.last {
                    s.store(sum, partial);
                    continue;
                }
                let column = step.panel * width + j * S::LANES;
                let Some(count @ 1..) = layer.outputs.checked_sub(column) else {
                    continue;
                };
                let sum = s.add(sum, s.load(bias.add(j * S::LANES)));
                let to = row.add(column);
                store_some(s, store.value(s, sum, to, count), to, count);
            }
        }
    }
}
