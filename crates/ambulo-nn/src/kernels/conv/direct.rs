//! Convolutions as sums over runs of the input: a tile is some neighbouring cells of a row by two vectors
//! of outputs, and stays in registers over all runs.

use std::ops::Range;

use super::super::buffer::Buffer;
use super::super::cpu::{Cpu, Task};
use super::super::gemm::{SharedMut, Tile, multiply_runs, tiles, with_rows};
use super::super::pool::Pool;
use super::super::simd::Simd;
use super::super::taps::Run;
use super::{Cell, Finish, Geometry, VECTORS};

/// Numbers of the input that a unit of work reads: what stays in the second cache.
const UNIT: usize = 1 << 16;

/// Weights that stay in the second cache while row after row of the output passes them.
const FEW: usize = 1 << 15;

/// Units for each thread, if there are rows enough.
const UNITS_EACH: usize = 3;

/// The weights of a convolution: panels of two vectors' width; in each, number after number of the runs.
#[derive(Debug, Clone)]
pub(super) struct Direct {
    cpu: Cpu,
    geometry: Geometry,
    runs: Vec<Run>,
    depth: usize,
    weights: Buffer,
}

impl Direct {
    pub(super) fn new(cpu: Cpu, geometry: &Geometry, weights: &[f32]) -> Self {
        let Geometry {
            from,
            inputs,
            outputs,
            kernel: [height, width],
            ..
        } = *geometry;
        let cells = from.extents.channels;
        let mut runs = Vec::new();
        for down in 0..height {
            let offset = down * from.extents.row();
            if inputs == cells {
                let length = width * inputs;
                runs.push(Run { offset, length });
            } else {
                runs.extend((0..width).map(|along| Run {
                    offset: offset + along * cells,
                    length: inputs,
                }));
            }
        }
        let depth = height * width * inputs;
        let panel = VECTORS * cpu.lanes();
        let mut packed = Buffer::zeros(outputs.div_ceil(panel) * depth * panel);
        for (output, kernel) in weights.chunks_exact(depth).enumerate() {
            let (p, column) = (output / panel, output % panel);
            for (place, &weight) in kernel.iter().enumerate() {
                let (input, tap) = (place / (height * width), place % (height * width));
                packed[(p * depth + tap * inputs + input) * panel + column] = weight;
            }
        }
        Self {
            cpu,
            geometry: *geometry,
            runs,
            depth,
            weights: packed,
        }
    }

    /// # Safety
    ///
    /// Both slices hold `batch` maps of the geometry, and the terms are as large as the output.
    pub(super) unsafe fn run(
        &self,
        pool: &Pool,
        batch: usize,
        (input, output): (&[f32], &mut [f32]),
        finish: &Finish<'_>,
    ) {
        let rows = batch * self.geometry.to.extents.rows;
        let most = UNIT / (self.geometry.stride * self.geometry.from.extents.row());
        let each = rows.div_ceil(UNITS_EACH * pool.threads());
        let each = each.clamp(1, most.max(1));
        let to = SharedMut(output.as_mut_ptr());
        pool.run(rows.div_ceil(each), |_, unit| {
            let to = &to;
            self.cpu.run(Apply {
                direct: self,
                rows: unit * each..((unit + 1) * each).min(rows),
                from: input.as_ptr(),
                to: to.0,
                finish,
            });
        });
    }
}

struct Apply<'a> {
    direct: &'a Direct,
    /// Of all images, one behind the other.
    rows: Range<usize>,
    from: *const f32,
    to: *mut f32,
    finish: &'a Finish<'a>,
}

impl Task for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let panels = 0..self.direct.geometry.outputs.div_ceil(VECTORS * S::LANES);
        if self.direct.weights.len() <= FEW {
            for row in self.rows.clone() {
                for panel in panels.clone() {
                    convolve_row(s, &self, panel, row);
                }
            }
        } else {
            for panel in panels {
                for row in self.rows.clone() {
                    convolve_row(s, &self, panel, row);
                }
            }
        }
    }
}

/// A panel of the outputs of a row.
#[inline(always)]
fn convolve_row<S: Simd>(s: S, task: &Apply<'_>, panel: usize, row: usize) {
    let extents = task.direct.geometry.to.extents;
    for tile in tiles(0..extents.columns, S::ROWS) {
        let cell = Cell {
            image: row / extents.rows,
            row: row % extents.rows,
            column: tile.start,
        };
        // SAFETY: the rows are the output's, and the tile is in them.
        unsafe {
            with_rows!(S, tile.len(), convolve::<S, _>(s, task, panel, cell));
        }
    }
}

/// # Safety
///
/// `M` cells from `cell` on are in one row of the output, and the panel is one of the weights'.
#[inline(always)]
unsafe fn convolve<S: Simd, const M: usize>(s: S, task: &Apply<'_>, panel: usize, cell: Cell) {
    let Direct {
        geometry,
        runs,
        depth,
        weights,
        ..
    } = task.direct;
    let width = VECTORS * S::LANES;
    let (from, to) = (geometry.from.extents, geometry.to.extents);
    let step = geometry.stride * from.channels;
    // SAFETY: the caller's word; the edges of the map hold what the kernel reads beyond it.
    unsafe {
        let bias = task.finish.bias.add(panel * width);
        let mut tile: Tile<S::V, M, VECTORS> = [[s.load(bias), s.load(bias.add(S::LANES))]; M];
        let from = task.from.add(
            cell.image * from.image()
                + cell.row * geometry.stride * from.row()
                + cell.column * step
                + geometry.reads_from(),
        );
        let weights = weights.as_ptr().add(panel * depth * width);
        multiply_runs(s, runs, (from, step), (weights, width), &mut tile);
        let at = cell.image * to.image()
            + to.origin()
            + cell.row * to.row()
            + cell.column * to.channels
            + geometry.to.channel
            + panel * width;
        let line = task.finish.line(cell);
        for (r, sums) in tile.iter().enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                let output = panel * width + j * S::LANES;
                let to = task.to.wrapping_add(at + r * to.channels + j * S::LANES);
                line.store(s, sum, cell.column + r, output, to);
            }
        }
    }
}
