//! Convolutions 3×3 of stride 1 by Winograd's minimal filtering, four by four outputs at a time.
//!
//! The 36 cells that a square of outputs reads become 36 points, each point's channels are multiplied by a
//! matrix of its own, and the products become 16 outputs: a quarter of the multiplications.
//!
//! Source: Lavin & Gray (2015), "Fast algorithms for convolutional neural networks", arXiv:1509.09308. The
//! polynomials are taken at 0, ±5/8, ±3/2 and infinity instead of 0, ±1, ±2 and infinity: all constants
//! stay exact, and the largest errors fall to a quarter, about twice those of plain sums.

use std::ops::Range;

use super::super::buffer::{Buffer, LINE};
use super::super::cpu::{Cpu, Task};
use super::super::gemm::{SharedMut, Tile, load_some, multiply, store_some, tiles, with_rows};
use super::super::maps::Extents;
use super::super::pool::{Chunks, Pool};
use super::super::simd::Simd;
use super::{Cell, Finish, Geometry, VECTORS};

/// Outputs on a side of a square.
const SIDE: usize = 4;

/// Cells on a side of what a square reads, which are also the points on a side.
const READ: usize = 6;

const POINTS: usize = READ * READ;

/// The points, beside 0 and infinity.
const NEAR: f32 = 0.625;
const FAR: f32 = 1.5;

/// Numbers of scratch memory: points and products of the squares done at once stay in the second cache.
const SCRATCH: usize = 1 << 17;

/// Most squares done at once.
const MOST: usize = 28;

/// Fewest channels on either side for which the transforms pay.
const FEWEST: usize = 24;

/// The transformed weights: for each point, panels of two vectors' width; in each, input after input.
#[derive(Debug, Clone)]
pub(super) struct Winograd {
    cpu: Cpu,
    geometry: Geometry,
    /// Outputs, rounded up to whole panels.
    padded: usize,
    /// Squares done at once.
    most: usize,
    weights: Buffer,
}

impl Winograd {
    /// Whether convolutions of this geometry are done this way.
    pub(super) fn suits(geometry: &Geometry) -> bool {
        let Geometry {
            inputs,
            outputs,
            kernel,
            stride,
            ..
        } = *geometry;
        kernel == [3, 3] && stride == 1 && inputs >= FEWEST && outputs >= FEWEST
    }

    pub(super) fn new(cpu: Cpu, geometry: &Geometry, weights: &[f32]) -> Self {
        let Geometry {
            inputs, outputs, ..
        } = *geometry;
        let panel = VECTORS * cpu.lanes();
        let padded = outputs.next_multiple_of(panel);
        let mut packed = Buffer::zeros(POINTS * inputs * padded);
        for (place, kernel) in weights.chunks_exact(9).enumerate() {
            let (output, input) = (place / inputs, place % inputs);
            let (p, column) = (output / panel, output % panel);
            for (point, weight) in points_of(kernel).into_iter().enumerate() {
                let start = point * inputs * padded + (p * inputs + input) * panel;
                packed[start + column] = weight;
            }
        }
        let most = SCRATCH / (POINTS * (inputs + padded));
        Self {
            cpu,
            geometry: *geometry,
            padded,
            most: most.clamp(1, MOST),
            weights: packed,
        }
    }

    /// Numbers of scratch memory that each thread needs.
    pub(super) fn scratch_len(&self) -> usize {
        let [points, products] = self.strides(self.most);
        POINTS * (points + products)
    }

    /// Numbers from one point to the next, of what squares read and of the products.
    fn strides(&self, squares: usize) -> [usize; 2] {
        [self.geometry.inputs, self.padded].map(|channels| apart(squares * channels))
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
        scratch: Chunks<'_>,
    ) {
        let squares = Squares::of(self.geometry.to.extents);
        let count = batch * squares.each();
        let groups = count.div_ceil(self.most);
        let groups = groups.next_multiple_of(pool.threads()).min(count);
        let to = SharedMut(output.as_mut_ptr());
        pool.split_with_scratch(groups, [], scratch, |group, [], scratch| {
            let to = &to;
            assert!(scratch.len() >= self.scratch_len());
            self.cpu.run(Group {
                winograd: self,
                squares: &squares,
                own: count * group / groups..count * (group + 1) / groups,
                from: input.as_ptr(),
                to: to.0,
                finish,
                scratch: scratch.as_mut_ptr(),
            });
        });
    }
}

/// At least so many numbers, as an odd number of cache lines: points at the same place of each are then spread
/// over all sets of the cache.
fn apart(numbers: usize) -> usize {
    (numbers.div_ceil(LINE) | 1) * LINE
}

/// The points of a kernel 3×3.
#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are stored in single precision"
)]
fn points_of(kernel: &[f32]) -> [f32; POINTS] {
    let (near, far) = (f64::from(NEAR), f64::from(FAR));
    let spread = |[x, y, z]: [f64; 3]| -> [f64; READ] {
        let at = |point: f64, other: f64| {
            let scale = 2.0 * point * point * (point * point - other * other);
            (x + point * y + point * point * z) / scale
        };
        let origin = x / (near * far).powi(2);
        let pairs = [at(near, far), at(-near, far), at(far, near), at(-far, near)];
        [origin, pairs[0], pairs[1], pairs[2], pairs[3], z]
    };
    let tap = |row: usize, column: usize| f64::from(kernel[3 * row + column]);
    let rows: [[f64; READ]; 3] =
        std::array::from_fn(|row| spread([tap(row, 0), tap(row, 1), tap(row, 2)]));
    let mut points = [0.0; POINTS];
    for column in 0..READ {
        let down = spread([rows[0][column], rows[1][column], rows[2][column]]);
        for (row, point) in down.into_iter().enumerate() {
            points[row * READ + column] = point as f32;
        }
    }
    points
}

/// The squares of outputs of a map, row by row.
#[derive(Debug, Clone, Copy)]
struct Squares {
    rows: usize,
    columns: usize,
}

impl Squares {
    fn of(extents: Extents) -> Self {
        Self {
            rows: extents.rows.div_ceil(SIDE),
            columns: extents.columns.div_ceil(SIDE),
        }
    }

    /// In each image.
    fn each(self) -> usize {
        self.rows * self.columns
    }

    /// The output at the top left of a square.
    fn corner(self, square: usize) -> Cell {
        let within = square % self.each();
        Cell {
            image: square / self.each(),
            row: within / self.columns * SIDE,
            column: within % self.columns * SIDE,
        }
    }
}

/// Some squares.
struct Group<'a> {
    winograd: &'a Winograd,
    squares: &'a Squares,
    own: Range<usize>,
    from: *const f32,
    to: *mut f32,
    finish: &'a Finish<'a>,
    /// `[points, squares, inputs]`, then `[points, squares, padded outputs]`.
    scratch: *mut f32,
}

impl Task for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Winograd {
            geometry, padded, ..
        } = self.winograd;
        let (inputs, outputs) = (geometry.inputs, geometry.outputs);
        let width = VECTORS * S::LANES;
        // SAFETY: `Winograd::run`, the only maker, has the caller's word for the maps, and scratch memory
        // for as many squares.
        unsafe {
            for (place, square) in self.own.clone().enumerate() {
                let corner = self.squares.corner(square);
                let mut input = 0;
                while input < inputs {
                    read(s, &self, corner, place, input);
                    input += S::LANES;
                }
            }
            for point in 0..POINTS {
                for panel in 0..padded / width {
                    for rows in tiles(0..self.own.len(), S::ROWS) {
                        let m = rows.len();
                        let at = (point, panel, rows.start);
                        with_rows!(S, m, product::<S, _>(s, &self, at));
                    }
                }
            }
            for (place, square) in self.own.clone().enumerate() {
                let corner = self.squares.corner(square);
                let mut output = 0;
                while output < outputs {
                    write(s, &self, corner, place, output);
                    output += S::LANES;
                }
            }
        }
    }
}

/// Columns as rows.
#[inline(always)]
fn turned<V: Copy, const M: usize, const N: usize>(x: [[V; M]; N]) -> [[V; N]; M] {
    std::array::from_fn(|i| std::array::from_fn(|j| x[j][i]))
}

/// Points of six cells in a line.
#[inline(always)]
fn points<S: Simd>(s: S, [a, b, c, d, e, f]: [S::V; READ]) -> [S::V; READ] {
    let by = |factor: f32| s.splat(factor);
    let (near, far) = (NEAR * NEAR, FAR * FAR);
    let [product, sum] = [by(near * far), by(-near - far)];
    let first = s.fma(a, product, s.fma(c, sum, e));
    let last = s.fma(b, product, s.fma(d, sum, f));
    let even = s.fma(c, by(-far), e);
    let odd = s.fma(b, by(-NEAR * far), s.mul(d, by(NEAR)));
    let pair = [s.add(even, odd), s.sub(even, odd)];
    let even = s.fma(c, by(-near), e);
    let odd = s.fma(b, by(-FAR * near), s.mul(d, by(FAR)));
    [
        first,
        pair[0],
        pair[1],
        s.add(even, odd),
        s.sub(even, odd),
        last,
    ]
}

/// Four outputs of six points in a line.
#[inline(always)]
fn outputs<S: Simd>(s: S, [a, b, c, d, e, f]: [S::V; READ]) -> [S::V; SIDE] {
    let by = |factor: f32| s.splat(factor);
    let (near, far) = (NEAR * NEAR, FAR * FAR);
    let (near_even, near_odd) = (s.add(b, c), s.sub(b, c));
    let (far_even, far_odd) = (s.add(d, e), s.sub(d, e));
    [
        s.add(a, s.add(near_even, far_even)),
        s.fma(near_odd, by(NEAR), s.mul(far_odd, by(FAR))),
        s.fma(near_even, by(near), s.mul(far_even, by(far))),
        s.fma(near_odd, by(NEAR * near), s.fma(far_odd, by(FAR * far), f)),
    ]
}

/// Some channels of the points of a square.
///
/// # Safety
///
/// The square is the map's, there is scratch memory for as many squares as `place`, and `input` is below
/// the inputs.
#[inline(always)]
unsafe fn read<S: Simd>(s: S, group: &Group<'_>, corner: Cell, place: usize, input: usize) {
    let geometry = &group.winograd.geometry;
    let (extents, inputs) = (geometry.from.extents, geometry.inputs);
    let start = corner.image * extents.image()
        + corner.row * extents.row()
        + corner.column * extents.channels
        + geometry.from.channel
        + input;
    // With the edges; what lies beyond them counts as zeros.
    let rows = extents.rows + 2 - corner.row;
    let columns = extents.columns + 2 - corner.column;
    let count = inputs - input;
    let [stride, _] = group.winograd.strides(group.own.len());
    let mut half = [[s.splat(0.0); READ]; READ];
    for (j, half) in half.iter_mut().enumerate() {
        let cells = std::array::from_fn(|i| {
            if i < rows && j < columns {
                let at = start + i * extents.row() + j * extents.channels;
                // SAFETY: the cell is one of the map's.
                unsafe { load_some(s, group.from.add(at), count) }
            } else {
                s.splat(0.0)
            }
        });
        *half = points(s, cells);
    }
    for (i, line) in turned(half).into_iter().enumerate() {
        let line = points(s, line);
        for (j, &value) in line.iter().enumerate() {
            let at = (i * READ + j) * stride + place * inputs + input;
            // SAFETY: the caller's word for the scratch memory.
            unsafe { store_some(s, value, group.scratch.add(at), count) };
        }
    }
}

/// Products of `M` squares.
///
/// # Safety
///
/// The point, the panel and `M` squares from the given one on are the group's.
#[inline(always)]
unsafe fn product<S: Simd, const M: usize>(
    s: S,
    group: &Group<'_>,
    (point, panel, first): (usize, usize, usize),
) {
    let Winograd {
        geometry,
        padded,
        weights,
        ..
    } = group.winograd;
    let inputs = geometry.inputs;
    let [stride, apart] = group.winograd.strides(group.own.len());
    let width = VECTORS * S::LANES;
    let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
    // SAFETY: the caller's word.
    unsafe {
        let a = group.scratch.add(point * stride + first * inputs);
        let b = weights
            .as_ptr()
            .add(point * inputs * padded + panel * inputs * width);
        multiply(s, inputs, (a, inputs), (b, width), &mut tile);
        let products = group.scratch.add(POINTS * stride);
        let to = products.add(point * apart + first * padded + panel * width);
        for (r, sums) in tile.iter().enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                s.store(sum, to.add(r * padded + j * S::LANES));
            }
        }
    }
}

/// Some outputs of a square.
///
/// # Safety
///
/// The square is the map's, `place` its own in the scratch memory, and `output` is below the outputs.
#[inline(always)]
unsafe fn write<S: Simd>(s: S, group: &Group<'_>, corner: Cell, place: usize, output: usize) {
    let Winograd {
        geometry, padded, ..
    } = group.winograd;
    let extents = geometry.to.extents;
    let [stride, apart] = group.winograd.strides(group.own.len());
    let mut half = [[s.splat(0.0); SIDE]; READ];
    // SAFETY: the caller's word; outputs are padded to whole vectors.
    unsafe {
        let products = group.scratch.add(POINTS * stride);
        for (j, half) in half.iter_mut().enumerate() {
            let cells = std::array::from_fn(|i| {
                s.load(products.add((i * READ + j) * apart + place * padded + output))
            });
            *half = outputs(s, cells);
        }
        let bias = s.load(group.finish.bias.add(output));
        let rows = turned(half).into_iter().take(extents.rows - corner.row);
        for (i, line) in rows.enumerate() {
            let line = outputs(s, line);
            for (j, &value) in line.iter().enumerate() {
                let cell = Cell {
                    image: corner.image,
                    row: corner.row + i,
                    column: corner.column + j,
                };
                if cell.column < extents.columns {
                    let at = cell.image * extents.image()
                        + extents.origin()
                        + cell.row * extents.row()
                        + cell.column * extents.channels
                        + geometry.to.channel
                        + output;
                    let value = s.add(value, bias);
                    group.finish.store(s, value, cell, output, group.to.add(at));
                }
            }
        }
    }
}
