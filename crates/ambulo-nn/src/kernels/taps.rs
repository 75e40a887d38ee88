//! Convolutions as sums over runs of the input, straight from memory: no copy of the input for each tap.
//!
//! Channels lie innermost, so what one output reads of one row of the input is one run of numbers. A tile is
//! `Simd::ROWS` neighbouring outputs by two vectors of channels; it stays in registers over all runs. With
//! other runs and strides the same loops give strided convolutions, and the gradients of all of them.

use std::ops::Range;

use super::buffer::Buffer;
use super::cpu::{Cpu, Task};
use super::gemm::{Tile, load_some, multiply, store_some, tiles, with_rows};
use super::simd::Simd;

/// Vectors side by side in a tile.
const VECTORS: usize = 2;

/// What an output reads of one row of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first number, counted from where the output begins to read.
    pub offset: usize,
    /// How many numbers follow each other.
    pub length: usize,
}

/// Where the outputs lie, and where each begins to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    /// Images, rows and columns of outputs.
    pub extents: [usize; 3],
    /// Numbers of the input from one image, row and column of outputs to the next.
    pub input: [usize; 3],
    /// Numbers of the output from one image, row and column to the next.
    pub output: [usize; 3],
}

impl Grid {
    /// Whether it has no outputs.
    fn is_empty(&self) -> bool {
        self.extents.contains(&0)
    }

    /// Where the last output begins to read, and where it begins.
    fn last(&self) -> [usize; 2] {
        [self.input, self.output].map(|strides| {
            let places = self.extents.iter().zip(strides);
            places.map(|(extent, stride)| (extent - 1) * stride).sum()
        })
    }

    /// Checks that everything lies within slices of these lengths.
    fn check(&self, runs: &[Run], channels: usize, [input, output]: [usize; 2]) {
        let [reads, writes] = self.last();
        let reach = runs.iter().map(|run| run.offset + run.length).max();
        assert!(
            reads + reach.unwrap_or(0) <= input,
            "the input is too short"
        );
        assert!(writes + channels <= output, "the output is too short");
    }
}

/// The weights of a convolution, in the order the kernel reads them.
///
/// Panels of two vectors' width; in each, number after number of the runs, the weights of the panel's
/// channels.
#[derive(Debug, Clone)]
pub struct Taps {
    cpu: Cpu,
    depth: usize,
    channels: usize,
    panel: usize,
    weights: Buffer,
}

impl Taps {
    /// Packs a matrix `[numbers of all runs, channels]`.
    ///
    /// # Panics
    ///
    /// If the matrix is no whole number of rows.
    pub fn new(cpu: Cpu, matrix: &[f32], channels: usize) -> Self {
        let depth = matrix.len().checked_div(channels).unwrap_or(0);
        assert_eq!(matrix.len(), depth * channels, "a whole matrix");
        let panel = cpu.lanes() * VECTORS;
        let panels = channels.div_ceil(panel);
        let mut weights = Buffer::zeros(panels * depth * panel);
        for (k, row) in matrix.chunks_exact(channels.max(1)).enumerate() {
            for (p, part) in row.chunks(panel).enumerate() {
                let start = (p * depth + k) * panel;
                weights[start..start + part.len()].copy_from_slice(part);
            }
        }
        Self {
            cpu,
            depth,
            channels,
            panel,
            weights,
        }
    }

    /// Convolves on this thread: each output is the product of what it reads and the matrix, plus `bias`
    /// (`None`: zeros).
    ///
    /// # Panics
    ///
    /// If a slice is too short, or if the runs are not as long as the matrix.
    pub fn apply(
        &self,
        runs: &[Run],
        grid: &Grid,
        input: &[f32],
        output: &mut [f32],
        bias: Option<&[f32]>,
    ) {
        let depth: usize = runs.iter().map(|run| run.length).sum();
        assert_eq!(depth, self.depth, "runs and matrix");
        if grid.is_empty() || self.channels == 0 {
            return;
        }
        grid.check(runs, self.channels, [input.len(), output.len()]);
        let mut padded = Buffer::zeros(self.channels.next_multiple_of(self.panel));
        if let Some(bias) = bias {
            padded[..self.channels].copy_from_slice(&bias[..self.channels]);
        }
        self.cpu.run(Apply {
            taps: self,
            runs,
            grid,
            input: input.as_ptr(),
            output: output.as_mut_ptr(),
            bias: &padded,
        });
    }
}

struct Apply<'a> {
    taps: &'a Taps,
    runs: &'a [Run],
    grid: &'a Grid,
    input: *const f32,
    output: *mut f32,
    bias: &'a Buffer,
}

impl Task for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let [images, rows, columns] = self.grid.extents;
        let panels = self.taps.channels.div_ceil(VECTORS * S::LANES);
        for image in 0..images {
            for panel in 0..panels {
                for row in 0..rows {
                    for tile in tiles(0..columns, S::ROWS) {
                        let place = [image, row, tile.start];
                        // SAFETY: `Taps::apply`, the only maker, has checked every output of the grid.
                        unsafe {
                            with_rows!(S, tile.len(), convolve::<S, _>(s, &self, panel, place));
                        }
                    }
                }
            }
        }
    }
}

/// # Safety
///
/// The outputs `place` to `M` columns on are in the grid, and the panel in the weights.
#[inline(always)]
unsafe fn convolve<S: Simd, const M: usize>(
    s: S,
    task: &Apply<'_>,
    panel: usize,
    place: [usize; 3],
) {
    let (taps, grid) = (task.taps, task.grid);
    let width = VECTORS * S::LANES;
    let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
    let at = |strides: [usize; 3]| -> usize {
        let places = place.iter().zip(strides);
        places.map(|(place, stride)| place * stride).sum()
    };
    // SAFETY: the caller's word; runs and weights have the same depth.
    unsafe {
        let bias = task.bias.as_ptr().add(panel * width);
        for sums in &mut tile {
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum = s.load(bias.add(j * S::LANES));
            }
        }
        let from = task.input.add(at(grid.input));
        let mut weights = taps.weights.as_ptr().add(panel * taps.depth * width);
        for run in task.runs {
            let a = (from.add(run.offset), grid.input[2]);
            multiply(s, run.length, a, (weights, width), &mut tile);
            weights = weights.add(run.length * width);
        }
        let to = task.output.add(at(grid.output) + panel * width);
        for (r, sums) in tile.iter().enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                let column = panel * width + j * S::LANES;
                let Some(count @ 1..) = taps.channels.checked_sub(column) else {
                    continue;
                };
                store_some(s, sum, to.add(r * grid.output[2] + j * S::LANES), count);
            }
        }
    }
}

/// Adds to `sums`, `[numbers of all runs, channels]`, the products of what each output reads and of what
/// `values` holds in its place: the gradient of the matrix, if `values` is that of the outputs.
///
/// # Panics
///
/// If a slice is too short, or if `sums` is no such matrix.
pub fn add_products(
    cpu: Cpu,
    runs: &[Run],
    grid: &Grid,
    [input, values]: [&[f32]; 2],
    (sums, channels): (&mut [f32], usize),
) {
    let depth: usize = runs.iter().map(|run| run.length).sum();
    assert_eq!(sums.len(), depth * channels, "a whole matrix");
    if grid.is_empty() || channels == 0 {
        return;
    }
    grid.check(runs, channels, [input.len(), values.len()]);
    cpu.run(Products {
        runs,
        grid,
        input: input.as_ptr(),
        values: values.as_ptr(),
        sums: sums.as_mut_ptr(),
        channels,
    });
}

struct Products<'a> {
    runs: &'a [Run],
    grid: &'a Grid,
    input: *const f32,
    values: *const f32,
    sums: *mut f32,
    channels: usize,
}

impl Task for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = VECTORS * S::LANES;
        for panel in 0..self.channels.div_ceil(width) {
            let column = panel * width;
            let is_whole = column + width <= self.channels;
            let mut first = 0;
            for run in self.runs {
                for part in tiles(0..run.length, S::ROWS) {
                    let m = part.len();
                    let target = Target {
                        offset: run.offset + part.start,
                        row: first + part.start,
                        columns: column..self.channels,
                    };
                    // SAFETY: `add_products`, the only maker, has checked the grid, and the rows of `sums`.
                    unsafe {
                        if is_whole {
                            with_rows!(S, m, products::<S, _, true>(s, &self, &target));
                        } else {
                            with_rows!(S, m, products::<S, _, false>(s, &self, &target));
                        }
                    }
                }
                first += run.length;
            }
        }
    }
}

/// A tile of `sums`, and what it is made of.
struct Target {
    /// Of the tile's first row in what an output reads.
    offset: usize,
    row: usize,
    columns: Range<usize>,
}

/// # Safety
///
/// `M` rows of the target are in `sums`, and its offset in what every output reads. `WHOLE` only if there
/// are two vectors of columns.
#[inline(always)]
unsafe fn products<S: Simd, const M: usize, const WHOLE: bool>(
    s: S,
    task: &Products<'_>,
    target: &Target,
) {
    let grid = task.grid;
    let [images, rows, columns] = grid.extents;
    let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
    let counts: [usize; VECTORS] =
        std::array::from_fn(|j| target.columns.len().saturating_sub(j * S::LANES));
    // SAFETY: the caller's word.
    unsafe {
        for image in 0..images {
            for row in 0..rows {
                let mut a = task
                    .input
                    .add(image * grid.input[0] + row * grid.input[1] + target.offset);
                let mut b = task
                    .values
                    .add(image * grid.output[0] + row * grid.output[1] + target.columns.start);
                for _ in 0..columns {
                    let mut values = [s.splat(0.0); VECTORS];
                    for (j, value) in values.iter_mut().enumerate() {
                        *value = if WHOLE {
                            s.load(b.add(j * S::LANES))
                        } else if counts[j] > 0 {
                            load_some(s, b.add(j * S::LANES), counts[j])
                        } else {
                            s.splat(0.0)
                        };
                    }
                    for (r, sums) in tile.iter_mut().enumerate() {
                        let x = s.splat(*a.add(r));
                        for (sum, &value) in sums.iter_mut().zip(&values) {
                            *sum = s.fma(x, value, *sum);
                        }
                    }
                    a = a.wrapping_add(grid.input[2]);
                    b = b.wrapping_add(grid.output[2]);
                }
            }
        }
        for (r, sums) in tile.iter().enumerate() {
            let to = task
                .sums
                .add((target.row + r) * task.channels + target.columns.start);
            for (j, &sum) in sums.iter().enumerate() {
                if counts[j] > 0 {
                    let to = to.add(j * S::LANES);
                    let held = load_some(s, to, counts[j]);
                    store_some(s, s.add(held, sum), to, counts[j]);
                }
            }
        }
    }
}
