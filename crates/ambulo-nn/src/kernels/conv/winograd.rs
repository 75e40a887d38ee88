//! Convolutions 3×3 of stride 1 by Winograd's minimal filtering, four by four outputs at a time.
//!
//! The 36 cells that a square of outputs reads become 36 points, each point's channels are multiplied by a
//! matrix of its own, and the products become 16 outputs: a quarter of the multiplications.
//!
//! Source: Lavin & Gray (2015), "Fast algorithms for convolutional neural networks", arXiv:1509.09308. The
//! polynomials are taken at 0, ±5/8, ±3/2 and infinity instead of 0, ±1, ±2 and infinity: all constants
//! stay exact, and the largest errors fall to a quarter, about twice those of plain sums.
//!
//! Kernels become points anew in every pass, six points at a time: they are four times as long then, and reading
//! those of a whole network from memory takes longer than computing them. Each thread makes its own, unless there
//! are many squares for them.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::super::buffer::{Buffer, LINE};
use super::super::cpu::{Cpu, Task};
use super::super::gemm::{SharedMut, Tile, load_some, multiply, store_some, tiles, with_rows};
use super::super::maps::Extents;
use super::super::pool::{Chunks, Pool};
use super::super::simd::Simd;
use super::{Cell, Finish, Geometry, Scratch, VECTORS};

/// Outputs on a side of a square.
const SIDE: usize = 4;

/// Cells on a side of what a square reads, which are also the points on a side.
const READ: usize = 6;

const POINTS: usize = READ * READ;

/// Weights of a kernel.
const TAPS: usize = 9;

/// The points, beside 0 and infinity.
const NEAR: f32 = 0.625;
const FAR: f32 = 1.5;

/// Numbers of scratch memory: points and products of the squares done at once stay in the second cache.
const SCRATCH: usize = 21 << 13;

/// Most squares done at once.
const MOST: usize = 70;

/// Fewest channels on either side for which the transforms pay.
const FEWEST: usize = 24;

/// The weights: panels of two vectors' width; in each, input after input; of each, nine taps.
#[derive(Debug, Clone)]
pub(super) struct Winograd {
    cpu: Cpu,
    geometry: Geometry,
    panels: usize,
    /// Outputs of a panel.
    width: usize,
    /// Squares done at once.
    most: usize,
    weights: Buffer,
}

/// Groups of squares from which on kernels become points once for all of them.
const MANY: usize = 3;

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
        let width = VECTORS * cpu.lanes();
        let panels = outputs.div_ceil(width);
        let mut packed = Buffer::zeros(panels * inputs * TAPS * width);
        for (place, kernel) in weights.chunks_exact(TAPS).enumerate() {
            let (output, input) = (place / inputs, place % inputs);
            let (panel, column) = (output / width, output % width);
            let start = (panel * inputs + input) * TAPS * width + column;
            let to = packed[start..].iter_mut().step_by(width);
            for (to, &weight) in to.zip(kernel) {
                *to = weight;
            }
        }
        let most = SCRATCH / (POINTS * (inputs + width));
        Self {
            cpu,
            geometry: *geometry,
            panels,
            width,
            most: most.clamp(1, MOST),
            weights: packed,
        }
    }

    /// Numbers of memory that all threads share, for so many maps.
    pub(super) fn shared_len(&self, batch: usize) -> usize {
        let squares = batch * Squares::of(self.geometry.to.extents).each();
        if squares.div_ceil(self.most) < MANY {
            return 0;
        }
        self.panels * POINTS * self.kernel()
    }

    /// Numbers of scratch memory that each thread needs.
    pub(super) fn scratch_len(&self) -> usize {
        let [points, products] = self.strides(self.most);
        POINTS * (points + products) + READ * self.kernel()
    }

    /// Numbers from one point to the next, of what squares read and of the products.
    fn strides(&self, squares: usize) -> [usize; 2] {
        [self.geometry.inputs, self.width].map(|channels| apart(squares * channels))
    }

    /// The same, of a panel's kernels.
    fn kernel(&self) -> usize {
        apart(self.geometry.inputs * self.width)
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
        Scratch { own, shared }: Scratch<'_>,
    ) {
        let shared = &mut shared[..self.shared_len(batch)];
        let line = READ * self.kernel();
        let count = shared.len() / line;
        pool.split(count, [Chunks::new(shared, line)], |_, place, [to]| {
            self.cpu.run(Line {
                winograd: self,
                panel: place / READ,
                down: place % READ,
                to,
            });
        });
        let squares = Squares::of(self.geometry.to.extents);
        let count = batch * squares.each();
        let [groups, parts] = self.division(count, pool.threads());
        let to = SharedMut(output.as_mut_ptr());
        let shared = &*shared;
        pool.split_with_scratch(groups * parts, [], own, |unit, [], scratch| {
            let to = &to;
            let (group, part) = (unit / parts, unit % parts);
            assert!(scratch.len() >= self.scratch_len());
            self.cpu.run(Group {
                winograd: self,
                squares: &squares,
                own: count * group / groups..count * (group + 1) / groups,
                panels: self.panels * part / parts..self.panels * (part + 1) / parts,
                from: input.as_ptr(),
                to: to.0,
                finish,
                shared,
                scratch: scratch.as_mut_ptr(),
            });
        });
    }

    /// Groups of squares and parts of the panels, so that there is work for all threads. Parts come first: each
    /// group turns all of its panels' kernels into points.
    fn division(&self, squares: usize, threads: usize) -> [usize; 2] {
        let groups = squares.div_ceil(self.most);
        let parts = threads.div_ceil(groups.max(1)).min(self.panels);
        let groups = if parts == 1 {
            groups.next_multiple_of(threads)
        } else {
            groups.max(threads.div_ceil(parts))
        };
        [groups.min(squares), parts]
    }
}

/// At least so many numbers, as an odd number of cache lines: points at the same place of each are then spread
/// over all sets of the cache.
fn apart(numbers: usize) -> usize {
    (numbers.div_ceil(LINE) | 1) * LINE
}

/// What a tap at one place of a line of three counts for each point of the line.
#[expect(
    clippy::cast_possible_truncation,
    reason = "weights are stored in single precision"
)]
const SHARES: [[f32; 3]; READ] = {
    let (near, far) = (NEAR as f64, FAR as f64);
    let origin = near * near * far * far;
    let mut shares = [[0.0; 3]; READ];
    shares[0][0] = (1.0 / origin) as f32;
    shares[READ - 1][2] = 1.0;
    let places = [(near, far), (-near, far), (far, near), (-far, near)];
    let mut i = 0;
    while i < places.len() {
        let (point, other) = places[i];
        let scale = 2.0 * point * point * (point * point - other * other);
        shares[i + 1] = [
            (1.0 / scale) as f32,
            (point / scale) as f32,
            (point * point / scale) as f32,
        ];
        i += 1;
    }
    shares
};

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
    panels: Range<usize>,
    from: *const f32,
    to: *mut f32,
    finish: &'a Finish<'a>,
    /// Lines of points of all panels, or nothing.
    shared: &'a [f32],
    /// `[points, squares, inputs]`, then of one panel `[points, squares, width]` and of six points
    /// `[points, inputs, width]`.
    scratch: *mut f32,
}

impl Group<'_> {
    /// Where the products are.
    fn products(&self) -> *mut f32 {
        let [points, _] = self.winograd.strides(self.own.len());
        self.scratch.wrapping_add(POINTS * points)
    }

    /// Where a line of points of a panel's kernels is, after having been made if need be.
    ///
    /// # Safety
    ///
    /// The panel is one of the weights', and there is scratch memory.
    #[inline(always)]
    unsafe fn kernels<S: Simd>(&self, s: S, panel: usize, line: usize) -> *const f32 {
        if !self.shared.is_empty() {
            let start = (panel * READ + line) * READ * self.winograd.kernel();
            return self.shared[start..].as_ptr();
        }
        let [_, products] = self.winograd.strides(self.own.len());
        let to = self.products().wrapping_add(POINTS * products);
        // SAFETY: the caller's word.
        unsafe { spread(s, self.winograd, panel, line, to) };
        to
    }
}

impl Task for Group<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Geometry {
            inputs, outputs, ..
        } = self.winograd.geometry;
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
            for panel in self.panels.clone() {
                for line in 0..READ {
                    let kernels = self.kernels(s, panel, line);
                    for along in 0..READ {
                        let kernel = kernels.add(along * self.winograd.kernel());
                        for rows in tiles(0..self.own.len(), S::ROWS) {
                            let m = rows.len();
                            let at = (line * READ + along, rows.start);
                            with_rows!(S, m, product::<S, _>(s, &self, at, kernel));
                        }
                    }
                }
                let first = panel * self.winograd.width;
                for (place, square) in self.own.clone().enumerate() {
                    let corner = self.squares.corner(square);
                    let mut output = first;
                    while output < outputs.min(first + self.winograd.width) {
                        write(s, &self, corner, place, output);
                        output += S::LANES;
                    }
                }
            }
        }
    }
}

/// A line of points of a panel's kernels.
struct Line<'a> {
    winograd: &'a Winograd,
    panel: usize,
    down: usize,
    to: &'a mut [f32],
}

impl Task for Line<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        assert!(self.to.len() >= READ * self.winograd.kernel());
        // SAFETY: there is memory for six points; lines are as many as the panels have.
        unsafe {
            let to = self.to.as_mut_ptr();
            spread(s, self.winograd, self.panel, self.down, to);
        }
    }
}

/// Turns the kernels of a panel into a line of points.
///
/// # Safety
///
/// The panel is one of the weights', which are taps, and six points of a panel can be written.
#[inline(always)]
unsafe fn spread<S: Simd>(s: S, winograd: &Winograd, panel: usize, line: usize, to: *mut f32) {
    let Winograd {
        geometry,
        width,
        weights,
        ..
    } = winograd;
    let apart = winograd.kernel();
    let down = SHARES[line].map(|share| s.splat(share));
    let [origin, near, _, far, _, _] = SHARES.map(|shares| shares.map(|share| s.splat(share)));
    for input in 0..geometry.inputs {
        for j in 0..VECTORS {
            // SAFETY: the caller's word.
            unsafe {
                let start = (panel * geometry.inputs + input) * TAPS * width + j * S::LANES;
                let taps = weights.as_ptr().add(start);
                let [x, y, z]: [S::V; 3] = std::array::from_fn(|column| {
                    let tap = |row: usize| s.load(taps.add((3 * row + column) * width));
                    let first = s.mul(tap(0), down[0]);
                    s.fma(tap(2), down[2], s.fma(tap(1), down[1], first))
                });
                let near_even = s.fma(z, near[2], s.mul(x, near[0]));
                let near_odd = s.mul(y, near[1]);
                let far_even = s.fma(z, far[2], s.mul(x, far[0]));
                let far_odd = s.mul(y, far[1]);
                let points = [
                    s.mul(x, origin[0]),
                    s.add(near_even, near_odd),
                    s.sub(near_even, near_odd),
                    s.add(far_even, far_odd),
                    s.sub(far_even, far_odd),
                    z,
                ];
                let to = to.add(input * width + j * S::LANES);
                for (along, point) in points.into_iter().enumerate() {
                    s.store(point, to.add(along * apart));
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
    // Not zeros first: they would be written to memory for every square.
    let mut half = MaybeUninit::<[[S::V; READ]; READ]>::uninit();
    let lines = half.as_mut_ptr().cast::<[S::V; READ]>();
    for j in 0..READ {
        let cells = std::array::from_fn(|i| {
            if i < rows && j < columns {
                let at = start + i * extents.row() + j * extents.channels;
                // SAFETY: the cell is one of the map's.
                unsafe { load_some(s, group.from.add(at), count) }
            } else {
                s.splat(0.0)
            }
        });
        // SAFETY: there are so many lines.
        unsafe { lines.add(j).write(points(s, cells)) };
    }
    // SAFETY: every line was written.
    let half = unsafe { half.assume_init() };
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
/// `M` squares from the given one on are the group's, and the kernels have as many inputs as those.
#[inline(always)]
unsafe fn product<S: Simd, const M: usize>(
    s: S,
    group: &Group<'_>,
    (point, first): (usize, usize),
    kernel: *const f32,
) {
    let Winograd {
        geometry, width, ..
    } = group.winograd;
    let inputs = geometry.inputs;
    let [stride, apart] = group.winograd.strides(group.own.len());
    let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
    // SAFETY: the caller's word.
    unsafe {
        let a = group.scratch.add(point * stride + first * inputs);
        multiply(s, inputs, (a, inputs), (kernel, *width), &mut tile);
        let to = group.products().add(point * apart + first * width);
        for (r, sums) in tile.iter().enumerate() {
            for (j, &sum) in sums.iter().enumerate() {
                s.store(sum, to.add(r * width + j * S::LANES));
            }
        }
    }
}

/// Some outputs of a square.
///
/// # Safety
///
/// The square is the map's, `place` its own in the scratch memory, and `output` is below the outputs and in the
/// panel whose products are there.
#[inline(always)]
unsafe fn write<S: Simd>(s: S, group: &Group<'_>, corner: Cell, place: usize, output: usize) {
    let Winograd {
        geometry, width, ..
    } = group.winograd;
    let extents = geometry.to.extents;
    let [_, apart] = group.winograd.strides(group.own.len());
    let mut half = MaybeUninit::<[[S::V; SIDE]; READ]>::uninit();
    let lines = half.as_mut_ptr().cast::<[S::V; SIDE]>();
    // SAFETY: the caller's word; outputs are padded to whole vectors; every line is written before it is read.
    unsafe {
        let products = group.products().add(place * width + output % width);
        for j in 0..READ {
            let cells = std::array::from_fn(|i| s.load(products.add((i * READ + j) * apart)));
            lines.add(j).write(outputs(s, cells));
        }
        let half = half.assume_init();
        let bias = s.load(group.finish.bias.add(output));
        let rows = turned(half).into_iter().take(extents.rows - corner.row);
        for (i, sums) in rows.enumerate() {
            let cell = Cell {
                row: corner.row + i,
                ..corner
            };
            let line = group.finish.line(cell);
            let start = cell.image * extents.image()
                + extents.origin()
                + cell.row * extents.row()
                + geometry.to.channel
                + output;
            for (j, value) in outputs(s, sums).into_iter().enumerate() {
                let column = cell.column + j;
                if column < extents.columns {
                    let to = group.to.add(start + column * extents.channels);
                    line.store(s, s.add(value, bias), column, output, to);
                }
            }
        }
    }
}
