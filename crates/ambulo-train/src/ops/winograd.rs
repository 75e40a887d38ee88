//! Convolutions 3×3 of stride 1 with fewer multiplications, and their gradients.
//!
//! Four outputs that form a square read a square of sixteen inputs. Transformed, they cost sixteen
//! multiplications for each pair of channels in place of thirty-six. The transforms are linear, so gradients go
//! back through them by their transposes.
//!
//! Source: Lavin & Gray (2016), "Fast algorithms for convolutional neural networks", arXiv:1509.09308.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use ambulo_nn::kernels::Cpu;
use ambulo_nn::kernels::taps::{Grid, Run, Taps, add_products};
use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

/// Channels that are transformed at once.
const LANES: usize = 16;
/// Numbers of a transformed square.
const POINTS: usize = 16;
/// Numbers of input and output of the squares that are treated together: their transforms stay in the
/// second cache.
const TOGETHER: usize = 1 << 14;

/// A convolution 3×3 of stride 1, zeros around, whose channels are whole vectors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Winograd {
    size: [usize; 2],
    inputs: usize,
    outputs: usize,
    /// Images that one task treats.
    images: usize,
}

type Lanes = [f32; LANES];

impl Winograd {
    /// The convolution, if it can be done in this way.
    pub(super) fn new(
        size: [usize; 2],
        [inputs, outputs]: [usize; 2],
        images: usize,
    ) -> Option<Self> {
        let fits = inputs.is_multiple_of(LANES) && outputs.is_multiple_of(LANES);
        fits.then_some(Self {
            size,
            inputs,
            outputs,
            images,
        })
    }

    /// Of `[batch, height, width, inputs]`; `weight` gives what joins an output and an input at a tap.
    pub(super) fn convolve(
        &self,
        x: &[f32],
        weight: impl Fn([usize; 2], [usize; 2]) -> f32,
    ) -> Vec<f32> {
        let matrices = self.transformed_weights(weight);
        let layers: Vec<Taps> = matrices
            .chunks_exact(self.inputs * self.outputs)
            .map(|matrix| Taps::new(Cpu::best(), matrix, self.outputs))
            .collect();
        let area = self.size[0] * self.size[1];
        let batch = x.len() / (area * self.inputs).max(1);
        let mut y = vec![0.0; batch * area * self.outputs];
        y.par_chunks_mut(self.images * area * self.outputs)
            .zip(x.par_chunks(self.images * area * self.inputs))
            .for_each(|(y, x)| {
                let squares = Squares::new(self.size, x.len() / (area * self.inputs));
                let padded = squares.padded(x, self.inputs);
                let together = self.together();
                let mut read = vec![0.0; POINTS * together * self.inputs];
                let mut written = vec![0.0; POINTS * together * self.outputs];
                for first in (0..squares.count()).step_by(together) {
                    let count = together.min(squares.count() - first);
                    Arch::new().dispatch(ReadSquares {
                        squares: &squares,
                        first,
                        count,
                        padded: &padded,
                        channels: self.inputs,
                        points: &mut read,
                    });
                    self.multiply(&layers, count, &read, &mut written);
                    Arch::new().dispatch(WriteSquares {
                        squares: &squares,
                        first,
                        count,
                        points: &written,
                        channels: self.outputs,
                        y: &mut *y,
                    });
                }
            });
        y
    }

    /// The gradient of the weights, `[outputs, inputs, 3, 3]`.
    pub(super) fn weight_gradient(&self, x: &[f32], grad: &[f32]) -> Vec<f32> {
        let area = self.size[0] * self.size[1];
        let matrix = self.inputs * self.outputs;
        let parts: Vec<Vec<f32>> = x
            .par_chunks(self.images * area * self.inputs)
            .zip(grad.par_chunks(self.images * area * self.outputs))
            .map(|(x, grad)| {
                let squares = Squares::new(self.size, x.len() / (area * self.inputs));
                let padded = squares.padded(x, self.inputs);
                let together = self.together();
                let mut read = vec![0.0; POINTS * together * self.inputs];
                let mut slopes = vec![0.0; POINTS * together * self.outputs];
                let mut sums = vec![0.0; POINTS * matrix];
                for first in (0..squares.count()).step_by(together) {
                    let count = together.min(squares.count() - first);
                    Arch::new().dispatch(ReadSquares {
                        squares: &squares,
                        first,
                        count,
                        padded: &padded,
                        channels: self.inputs,
                        points: &mut read,
                    });
                    Arch::new().dispatch(ReadSlopes {
                        squares: &squares,
                        first,
                        count,
                        grad,
                        channels: self.outputs,
                        points: &mut slopes,
                    });
                    let (run, grid) = self.products(count);
                    for (point, sums) in sums.chunks_exact_mut(matrix).enumerate() {
                        let inputs = [
                            &read[point * count * self.inputs..],
                            &slopes[point * count * self.outputs..],
                        ];
                        add_products(Cpu::best(), &run, &grid, inputs, (sums, self.outputs));
                    }
                }
                sums
            })
            .collect();
        let mut parts = parts.into_iter();
        let mut sums = parts.next().unwrap_or_else(|| vec![0.0; POINTS * matrix]);
        for part in parts {
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum += part;
            }
        }
        self.weight_slopes(&sums)
    }

    /// Squares that are treated together.
    fn together(&self) -> usize {
        (TOGETHER / (self.inputs + self.outputs)).max(1)
    }

    fn products(&self, count: usize) -> ([Run; 1], Grid) {
        let run = Run {
            offset: 0,
            length: self.inputs,
        };
        let grid = Grid {
            extents: [1, 1, count],
            input: [0, 0, self.inputs],
            output: [0, 0, self.outputs],
        };
        ([run], grid)
    }

    /// Each point's numbers are those of `count` squares, one after the other.
    fn multiply(&self, layers: &[Taps], count: usize, read: &[f32], written: &mut [f32]) {
        let (run, grid) = self.products(count);
        for (point, layer) in layers.iter().enumerate() {
            let input = &read[point * count * self.inputs..];
            let output = &mut written[point * count * self.outputs..];
            layer.apply(&run, &grid, input, output, None);
        }
    }

    /// `[points, inputs, outputs]`.
    fn transformed_weights(&self, weight: impl Fn([usize; 2], [usize; 2]) -> f32) -> Vec<f32> {
        let matrix = self.inputs * self.outputs;
        let mut transformed = vec![0.0; POINTS * matrix];
        for input in 0..self.inputs {
            for output in 0..self.outputs {
                let taps: [[f32; 3]; 3] = std::array::from_fn(|row| {
                    std::array::from_fn(|column| weight([output, input], [row, column]))
                });
                // Down the columns, then along the rows.
                let down = spread(taps);
                let along = spread(transposed(down));
                for (point, value) in transposed(along).as_flattened().iter().enumerate() {
                    transformed[point * matrix + input * self.outputs + output] = *value;
                }
            }
        }
        transformed
    }

    /// Back from `[points, inputs, outputs]` to `[outputs, inputs, 3, 3]`.
    fn weight_slopes(&self, sums: &[f32]) -> Vec<f32> {
        let matrix = self.inputs * self.outputs;
        let mut gradient = vec![0.0; 9 * matrix];
        for input in 0..self.inputs {
            for output in 0..self.outputs {
                let points: [[f32; 4]; 4] = std::array::from_fn(|row| {
                    std::array::from_fn(|column| {
                        sums[(4 * row + column) * matrix + input * self.outputs + output]
                    })
                });
                let along = gathered(transposed(gathered(points)));
                let taps = transposed(along);
                let place = (output * self.inputs + input) * 9;
                gradient[place..place + 9].copy_from_slice(taps.as_flattened());
            }
        }
        gradient
    }
}

/// Three taps down each of `N` columns become four numbers.
fn spread<const N: usize>(taps: [[f32; N]; 3]) -> [[f32; N]; 4] {
    let [a, b, c] = taps;
    [
        a,
        std::array::from_fn(|i| 0.5 * (a[i] + b[i] + c[i])),
        std::array::from_fn(|i| 0.5 * (a[i] - b[i] + c[i])),
        c,
    ]
}

/// The transpose of [`spread`].
fn gathered<const N: usize>(points: [[f32; N]; 4]) -> [[f32; N]; 3] {
    let [a, b, c, d] = points;
    [
        std::array::from_fn(|i| a[i] + 0.5 * (b[i] + c[i])),
        std::array::from_fn(|i| 0.5 * (b[i] - c[i])),
        std::array::from_fn(|i| 0.5 * (b[i] + c[i]) + d[i]),
    ]
}

#[inline(always)]
fn transposed<T: Copy, const M: usize, const N: usize>(x: [[T; N]; M]) -> [[T; M]; N] {
    std::array::from_fn(|j| std::array::from_fn(|i| x[i][j]))
}

/// The squares of two by two outputs of some images, in order.
struct Squares {
    size: [usize; 2],
    images: usize,
    /// Rows and columns of squares.
    extents: [usize; 2],
}

impl Squares {
    fn new(size: [usize; 2], images: usize) -> Self {
        Self {
            size,
            images,
            extents: size.map(|extent| extent.div_ceil(2)),
        }
    }

    fn count(&self) -> usize {
        self.images * self.extents[0] * self.extents[1]
    }

    /// Image, row and column of a square.
    #[inline(always)]
    fn place(&self, square: usize) -> [usize; 3] {
        let [rows, columns] = self.extents;
        let (line, column) = (square / columns, square % columns);
        [line / rows, line % rows, column]
    }

    /// Height and width of an image with zeros around it, which every square's inputs fit into.
    fn padded_size(&self) -> [usize; 2] {
        self.extents.map(|extent| 2 * extent + 2)
    }

    fn padded(&self, x: &[f32], channels: usize) -> Vec<f32> {
        let [height, width] = self.padded_size();
        let line = self.size[1] * channels;
        let mut padded = vec![0.0; self.images * height * width * channels];
        for (row, numbers) in x.chunks_exact(line.max(1)).enumerate() {
            let (image, row) = (row / self.size[0], row % self.size[0]);
            let place = ((image * height + row + 1) * width + 1) * channels;
            padded[place..place + line].copy_from_slice(numbers);
        }
        padded
    }
}

#[inline(always)]
fn lanes(x: &[f32], place: usize) -> Lanes {
    let part = x[place..].first_chunk::<LANES>();
    *part.expect("channels are whole vectors")
}

#[inline(always)]
fn sum(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] + b[lane])
}

#[inline(always)]
fn difference(a: Lanes, b: Lanes) -> Lanes {
    std::array::from_fn(|lane| a[lane] - b[lane])
}

/// What four inputs in a row give to the points.
#[inline(always)]
fn inputs([a, b, c, d]: [Lanes; 4]) -> [Lanes; 4] {
    [
        difference(a, c),
        sum(b, c),
        difference(c, b),
        difference(b, d),
    ]
}

/// What four points in a row give to two outputs.
#[inline(always)]
fn outputs([a, b, c, d]: [Lanes; 4]) -> [Lanes; 2] {
    [sum(sum(a, b), c), difference(difference(b, c), d)]
}

/// The transpose of [`outputs`].
#[inline(always)]
fn slopes([a, b]: [Lanes; 2]) -> [Lanes; 4] {
    [a, sum(a, b), difference(a, b), b.map(|x| -x)]
}

/// Puts the points of a square's channels where they belong: the first at `start`, each `stride` behind the last.
#[inline(always)]
fn store(rows: [[Lanes; 4]; 4], points: &mut [f32], start: usize, stride: usize) {
    for (point, lanes) in rows.as_flattened().iter().enumerate() {
        let place = start + point * stride;
        points[place..place + LANES].copy_from_slice(lanes);
    }
}

/// Inputs of squares, transformed: `[points, squares, channels]`.
struct ReadSquares<'a> {
    squares: &'a Squares,
    first: usize,
    count: usize,
    padded: &'a [f32],
    channels: usize,
    points: &'a mut [f32],
}

impl WithSimd for ReadSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let [height, width] = self.squares.padded_size();
        let (channels, row) = (self.channels, width * self.channels);
        for square in 0..self.count {
            let [image, down, along] = self.squares.place(self.first + square);
            let corner = (image * height + 2 * down) * row + 2 * along * channels;
            for channel in (0..channels).step_by(LANES) {
                let at = |i: usize, j: usize| {
                    lanes(self.padded, corner + i * row + j * channels + channel)
                };
                let mut half = [[[0.0; LANES]; 4]; 4];
                for (j, half) in half.iter_mut().enumerate() {
                    *half = inputs([at(0, j), at(1, j), at(2, j), at(3, j)]);
                }
                let points = transposed(half).map(inputs);
                store(
                    points,
                    self.points,
                    square * channels + channel,
                    self.count * channels,
                );
            }
        }
    }
}

/// Outputs of squares from their points.
struct WriteSquares<'a> {
    squares: &'a Squares,
    first: usize,
    count: usize,
    points: &'a [f32],
    channels: usize,
    y: &'a mut [f32],
}

impl WithSimd for WriteSquares<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let [height, width] = self.squares.size;
        let (channels, row) = (self.channels, width * self.channels);
        for square in 0..self.count {
            let [image, down, along] = self.squares.place(self.first + square);
            let corner = (image * height + 2 * down) * row + 2 * along * channels;
            let [rows, columns] = [height - 2 * down, width - 2 * along];
            for channel in (0..channels).step_by(LANES) {
                let at = |i: usize, j: usize| {
                    let place = ((4 * i + j) * self.count + square) * channels + channel;
                    lanes(self.points, place)
                };
                let mut half = [[[0.0; LANES]; 2]; 4];
                for (j, half) in half.iter_mut().enumerate() {
                    *half = outputs([at(0, j), at(1, j), at(2, j), at(3, j)]);
                }
                for (i, across) in transposed(half).into_iter().enumerate().take(rows) {
                    let y = outputs(across);
                    for (j, y) in y.iter().enumerate().take(columns) {
                        let place = corner + i * row + j * channels + channel;
                        self.y[place..place + LANES].copy_from_slice(y);
                    }
                }
            }
        }
    }
}

/// Gradients of the outputs of squares, carried back to their points: `[points, squares, channels]`.
struct ReadSlopes<'a> {
    squares: &'a Squares,
    first: usize,
    count: usize,
    grad: &'a [f32],
    channels: usize,
    points: &'a mut [f32],
}

impl WithSimd for ReadSlopes<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let [height, width] = self.squares.size;
        let (channels, row) = (self.channels, width * self.channels);
        for square in 0..self.count {
            let [image, down, along] = self.squares.place(self.first + square);
            let corner = (image * height + 2 * down) * row + 2 * along * channels;
            let [rows, columns] = [height - 2 * down, width - 2 * along];
            for channel in (0..channels).step_by(LANES) {
                let at = |i: usize, j: usize| {
                    if i < rows && j < columns {
                        lanes(self.grad, corner + i * row + j * channels + channel)
                    } else {
                        [0.0; LANES]
                    }
                };
                let half = [slopes([at(0, 0), at(1, 0)]), slopes([at(0, 1), at(1, 1)])];
                let points = transposed(half).map(slopes);
                store(
                    points,
                    self.points,
                    square * channels + channel,
                    self.count * channels,
                );
            }
        }
    }
}
