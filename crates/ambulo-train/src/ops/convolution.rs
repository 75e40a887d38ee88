//! Convolutions of pictures with channels innermost, and their gradients.

use ambulo_nn::kernels::Cpu;
use ambulo_nn::kernels::taps::{Grid, Run, Taps, add_products};
use rayon::prelude::*;

use super::channels;
use super::fused::{FusedOp, Gradient};
use super::winograd::Winograd;

/// Numbers of input and output that one task treats, about: they stay in the second cache. Fixed, so that
/// sums do not depend on the number of threads.
const TASK: usize = 1 << 17;

/// A convolution of `[batch, height, width, inputs]` with `[outputs, inputs, kernel height, kernel width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Convolution {
    pub(crate) size: [usize; 2],
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: usize,
    pub(crate) padding: [usize; 2],
}

impl Convolution {
    /// Height and width of the output.
    pub(crate) fn output_size(&self) -> [usize; 2] {
        std::array::from_fn(|axis| {
            let room = self.size[axis] + 2 * self.padding[axis];
            (room - self.kernel[axis]) / self.stride + 1
        })
    }

    fn input_len(&self) -> usize {
        self.size[0] * self.size[1] * self.inputs
    }

    fn output_len(&self) -> usize {
        self.output_size().iter().product::<usize>() * self.outputs
    }

    fn images(&self) -> usize {
        (TASK / (self.input_len() + self.output_len()).max(1)).max(1)
    }

    fn margins(&self) -> [[usize; 2]; 2] {
        self.padding.map(|padding| [padding; 2])
    }

    /// What each output reads of the padded input.
    fn runs(&self) -> Vec<Run> {
        let row = (self.size[1] + 2 * self.padding[1]) * self.inputs;
        let runs = (0..self.kernel[0]).map(|tap| Run {
            offset: tap * row,
            length: self.kernel[1] * self.inputs,
        });
        runs.collect()
    }

    fn grid(&self, images: usize) -> Grid {
        let [rows, columns] = self.output_size();
        let [height, width] = [0, 1].map(|axis| self.size[axis] + 2 * self.padding[axis]);
        let row = width * self.inputs;
        Grid {
            extents: [images, rows, columns],
            input: [height * row, self.stride * row, self.stride * self.inputs],
            output: [
                rows * columns * self.outputs,
                columns * self.outputs,
                self.outputs,
            ],
        }
    }

    fn weight(&self, [output, input]: [usize; 2], [row, column]: [usize; 2]) -> usize {
        ((output * self.inputs + input) * self.kernel[0] + row) * self.kernel[1] + column
    }

    /// The same with fewer multiplications, if it can be done so; `channels` are those read and written.
    fn winograd(&self, channels: [usize; 2]) -> Option<Winograd> {
        let is_plain = self.kernel == [3, 3] && self.stride == 1 && self.padding == [1, 1];
        let winograd = || Winograd::new(self.size, channels, self.images());
        is_plain.then(winograd).flatten()
    }

    fn convolve(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
        if let (Some(winograd), None) = (self.winograd([self.inputs, self.outputs]), bias) {
            return winograd.convolve(x, |pair, tap| weight[self.weight(pair, tap)]);
        }
        let mut matrix = vec![0.0; weight.len()];
        let [rows, columns] = self.kernel;
        for output in 0..self.outputs {
            let own = &weight[self.weight([output, 0], [0, 0])..];
            for (input, taps) in own
                .chunks_exact(rows * columns)
                .take(self.inputs)
                .enumerate()
            {
                for (tap, &value) in taps.iter().enumerate() {
                    matrix[(tap * self.inputs + input) * self.outputs + output] = value;
                }
            }
        }
        let taps = Taps::new(Cpu::best(), &matrix, self.outputs);
        let runs = self.runs();
        let batch = x.len() / self.input_len();
        let mut y = vec![0.0; batch * self.output_len()];
        let images = self.images();
        y.par_chunks_mut(images * self.output_len())
            .zip(x.par_chunks(images * self.input_len()))
            .for_each(|(y, x)| {
                let padded = Padded::new(x, self.size, self.inputs, self.margins());
                let grid = self.grid(x.len() / self.input_len());
                taps.apply(&runs, &grid, padded.numbers(), y, bias);
            });
        y
    }

    fn weight_gradient(&self, x: &[f32], grad: &[f32]) -> Vec<f32> {
        if let Some(winograd) = self.winograd([self.inputs, self.outputs]) {
            return winograd.weight_gradient(x, grad);
        }
        let runs = self.runs();
        let count = self.outputs * self.inputs * self.kernel[0] * self.kernel[1];
        let images = self.images();
        let parts: Vec<Vec<f32>> = x
            .par_chunks(images * self.input_len())
            .zip(grad.par_chunks(images * self.output_len()))
            .map(|(x, grad)| {
                let padded = Padded::new(x, self.size, self.inputs, self.margins());
                let grid = self.grid(x.len() / self.input_len());
                let mut sums = vec![0.0; count];
                let target = (&mut sums[..], self.outputs);
                add_products(Cpu::best(), &runs, &grid, [padded.numbers(), grad], target);
                sums
            })
            .collect();
        let mut parts = parts.into_iter();
        let mut sums = parts.next().unwrap_or_else(|| vec![0.0; count]);
        for part in parts {
            for (sum, part) in sums.iter_mut().zip(part) {
                *sum += part;
            }
        }
        let taps = self.kernel[0] * self.kernel[1];
        let mut gradient = vec![0.0; count];
        for (place, row) in sums.chunks_exact(self.outputs).enumerate() {
            let (tap, input) = (place / self.inputs, place % self.inputs);
            for (output, &value) in row.iter().enumerate() {
                gradient[(output * self.inputs + input) * taps + tap] = value;
            }
        }
        gradient
    }

    /// Each number of the input is reached by the taps of its phase: the rest of its place by the stride.
    fn input_gradient(&self, weight: &[f32], grad: &[f32]) -> Vec<f32> {
        if let Some(winograd) = self.winograd([self.outputs, self.inputs]) {
            // The same convolution with the taps turned about and the channels exchanged.
            return winograd.convolve(grad, |[input, output], [row, column]| {
                weight[self.weight([output, input], [2 - row, 2 - column])]
            });
        }
        let size = self.output_size();
        let phases: [Vec<Phase>; 2] = std::array::from_fn(|axis| {
            let phases = (0..self.stride).filter_map(|rest| self.phase(axis, rest));
            phases.collect()
        });
        let margins: [[usize; 2]; 2] = std::array::from_fn(|axis| {
            let of = |margin: &dyn Fn(&Phase) -> usize| phases[axis].iter().map(margin).max();
            let before = of(&Phase::before).unwrap_or(0);
            let after = of(&|phase: &Phase| phase.after(size[axis])).unwrap_or(0);
            [before, after]
        });
        let parts: Vec<Part> = phases[0]
            .iter()
            .flat_map(|down| phases[1].iter().map(move |along| (down, along)))
            .map(|(down, along)| self.part([down, along], weight, margins))
            .collect();
        let batch = grad.len() / self.output_len();
        let mut dx = vec![0.0; batch * self.input_len()];
        let images = self.images();
        dx.par_chunks_mut(images * self.input_len())
            .zip(grad.par_chunks(images * self.output_len()))
            .for_each(|(dx, grad)| {
                let padded = Padded::new(grad, size, self.outputs, margins);
                for part in &parts {
                    let mut grid = part.grid;
                    grid.extents[0] = grad.len() / self.output_len();
                    let dx = &mut dx[part.start..];
                    part.taps
                        .apply(&part.runs, &grid, padded.numbers(), dx, None);
                }
            });
        dx
    }

    /// The taps that reach the places `rest`, `rest + stride`, … of an axis; `None` if there are none.
    fn phase(&self, axis: usize, rest: usize) -> Option<Phase> {
        let stride = self.stride;
        let shift = rest + self.padding[axis];
        let mut taps: Vec<(isize, usize)> = (0..self.kernel[axis])
            .filter(|tap| (shift + self.kernel[axis] * stride - tap).is_multiple_of(stride))
            .map(|tap| {
                let steps =
                    (shift.cast_signed() - tap.cast_signed()).div_euclid(stride.cast_signed());
                (steps, tap)
            })
            .collect();
        taps.sort_unstable();
        let places = self.size[axis].checked_sub(rest)?.div_ceil(stride);
        let first = taps.first()?.0;
        (places > 0).then(|| Phase {
            rest,
            first,
            taps: taps.into_iter().map(|(_, tap)| tap).collect(),
            places,
        })
    }

    fn part(&self, [down, along]: [&Phase; 2], weight: &[f32], margins: [[usize; 2]; 2]) -> Part {
        let size = self.output_size();
        let [height, width] = [0, 1].map(|axis| size[axis] + margins[axis][0] + margins[axis][1]);
        let row = width * self.outputs;
        let starts = [
            down.first_read(margins[0][0]),
            along.first_read(margins[1][0]),
        ];
        let runs = (0..down.taps.len()).map(|tap| Run {
            offset: (starts[0] + tap) * row + starts[1] * self.outputs,
            length: along.taps.len() * self.outputs,
        });
        let mut matrix =
            Vec::with_capacity(down.taps.len() * along.taps.len() * self.outputs * self.inputs);
        for &tap_row in &down.taps {
            for &tap_column in &along.taps {
                for output in 0..self.outputs {
                    let inputs = 0..self.inputs;
                    matrix.extend(
                        inputs.map(|input| {
                            weight[self.weight([output, input], [tap_row, tap_column])]
                        }),
                    );
                }
            }
        }
        let line = self.size[1] * self.inputs;
        Part {
            start: down.rest * line + along.rest * self.inputs,
            runs: runs.collect(),
            taps: Taps::new(Cpu::best(), &matrix, self.inputs),
            grid: Grid {
                extents: [1, down.places, along.places],
                input: [height * row, row, self.outputs],
                output: [
                    self.input_len(),
                    self.stride * line,
                    self.stride * self.inputs,
                ],
            },
        }
    }

    fn gradients(
        &self,
        [x, weight]: [&[f32]; 2],
        grad: &[f32],
        wanted: [bool; 2],
    ) -> [Gradient; 2] {
        let dx = if wanted[0] {
            Gradient::Values(self.input_gradient(weight, grad))
        } else {
            Gradient::Unused
        };
        let dweight = if wanted[1] {
            Gradient::Values(self.weight_gradient(x, grad))
        } else {
            Gradient::Unused
        };
        [dx, dweight]
    }
}

/// The places of an axis of the input that have the same rest by the stride.
struct Phase {
    rest: usize,
    /// The first output that reaches place `rest`; before 0 is margin.
    first: isize,
    /// The taps by which the outputs from `first` on do.
    taps: Vec<usize>,
    places: usize,
}

impl Phase {
    /// Margin before the first output.
    fn before(&self) -> usize {
        (-self.first).max(0).cast_unsigned()
    }

    /// Margin behind the last of so many outputs.
    fn after(&self, outputs: usize) -> usize {
        let end = self.first + (self.places + self.taps.len() - 1).cast_signed();
        (end - outputs.cast_signed()).max(0).cast_unsigned()
    }

    fn first_read(&self, margin: usize) -> usize {
        (self.first + margin.cast_signed()).max(0).cast_unsigned()
    }
}

/// The convolution that gives the gradients of one phase of rows and one of columns.
struct Part {
    start: usize,
    runs: Vec<Run>,
    taps: Taps,
    grid: Grid,
}

/// Images with zeros around them; themselves where there is no margin.
struct Padded<'a> {
    own: Vec<f32>,
    plain: Option<&'a [f32]>,
}

impl<'a> Padded<'a> {
    fn new(
        x: &'a [f32],
        [height, width]: [usize; 2],
        channels: usize,
        [[top, bottom], [left, right]]: [[usize; 2]; 2],
    ) -> Self {
        if [top, bottom, left, right] == [0; 4] {
            return Self {
                own: Vec::new(),
                plain: Some(x),
            };
        }
        let line = width * channels;
        let (before, after) = (left * channels, right * channels);
        let padded = before + line + after;
        let images = x.len() / (height * line).max(1);
        let mut own = Vec::with_capacity(images * (top + height + bottom) * padded);
        for image in x.chunks_exact((height * line).max(1)) {
            let end = own.len() + top * padded;
            own.resize(end, 0.0);
            for row in image.chunks_exact(line.max(1)) {
                own.resize(own.len() + before, 0.0);
                own.extend_from_slice(row);
                own.resize(own.len() + after, 0.0);
            }
            own.resize(own.len() + bottom * padded, 0.0);
        }
        Self { own, plain: None }
    }

    fn numbers(&self) -> &[f32] {
        self.plain.unwrap_or(&self.own)
    }
}

impl FusedOp<2> for Convolution {
    fn forward(&self, [x, weight]: [&[f32]; 2]) -> Vec<f32> {
        self.convolve(x, weight, None)
    }

    fn backward(&self, inputs: [&[f32]; 2], grad: &[f32]) -> [Gradient; 2] {
        self.gradients(inputs, grad, [true; 2])
    }

    fn backward_of(&self, inputs: [&[f32]; 2], grad: &[f32], wanted: [bool; 2]) -> [Gradient; 2] {
        self.gradients(inputs, grad, wanted)
    }
}

impl FusedOp<3> for Convolution {
    fn forward(&self, [x, weight, bias]: [&[f32]; 3]) -> Vec<f32> {
        self.convolve(x, weight, Some(bias))
    }

    fn backward(&self, inputs: [&[f32]; 3], grad: &[f32]) -> [Gradient; 3] {
        self.backward_of(inputs, grad, [true; 3])
    }

    fn backward_of(
        &self,
        [x, weight, _]: [&[f32]; 3],
        grad: &[f32],
        wanted: [bool; 3],
    ) -> [Gradient; 3] {
        let [dx, dweight] = self.gradients([x, weight], grad, [wanted[0], wanted[1]]);
        let dbias = channels::sums(grad, self.outputs);
        [dx, dweight, Gradient::Values(dbias)]
    }
}
