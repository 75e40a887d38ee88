//! Convolutions of maps against plain loops in f64, on every instruction set of this processor.

use ambulo_testkit::SeededRng;

use super::super::buffer::Buffer;
use super::super::depthwise::Depthwise;
use super::super::maps::{Extents, Place, Term, sum_on};
use super::super::pool::{Chunks, Pool};
use super::super::{Cpu, Isa};
use super::{After, Conv, Geometry, Rectify, Scratch};

fn cpus() -> impl Iterator<Item = Cpu> {
    Isa::available().iter().filter_map(|&isa| Cpu::with(isa))
}

#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn random(rng: &mut SeededRng, len: usize) -> Vec<f32> {
    (0..len).map(|_| rng.normal() as f32).collect()
}

/// Random maps with zeros around them.
fn maps(rng: &mut SeededRng, batch: usize, extents: Extents) -> Vec<f32> {
    let mut data = vec![0.0; batch * extents.image()];
    for image in 0..batch {
        for row in 0..extents.rows {
            let start = image * extents.image() + extents.origin() + row * extents.row();
            let numbers = random(rng, extents.columns * extents.channels);
            data[start..start + numbers.len()].copy_from_slice(&numbers);
        }
    }
    data
}

fn place_of(extents: Extents, image: usize, [row, column, channel]: [usize; 3]) -> usize {
    let start = image * extents.image() + extents.origin();
    start + row * extents.row() + column * extents.channels + channel
}

struct Case {
    geometry: Geometry,
    batch: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
    input: Vec<f32>,
    rectify: Rectify,
    terms: Vec<(Vec<f32>, Place, u32)>,
}

impl Case {
    fn new(rng: &mut SeededRng, geometry: Geometry, rectify: Rectify, doublings: &[u32]) -> Self {
        let batch = 2;
        let Geometry {
            from,
            inputs,
            to,
            outputs,
            kernel: [height, width],
            ..
        } = geometry;
        let terms = doublings.iter().map(|&doublings| {
            let extents = Extents {
                rows: to.extents.rows.div_ceil(1 << doublings),
                columns: to.extents.columns.div_ceil(1 << doublings),
                channels: outputs + 1,
            };
            let place = Place {
                extents,
                channel: 1,
            };
            (maps(rng, batch, extents), place, doublings)
        });
        Self {
            terms: terms.collect(),
            weights: random(rng, outputs * inputs * height * width),
            bias: random(rng, outputs),
            input: maps(rng, batch, from.extents),
            geometry,
            batch,
            rectify,
        }
    }

    fn expected(&self, image: usize, [row, column, output]: [usize; 3]) -> f64 {
        let Geometry {
            from,
            inputs,
            kernel: [height, width],
            stride,
            ..
        } = self.geometry;
        let mut sum = f64::from(self.bias[output]);
        for down in 0..height {
            for along in 0..width {
                let row = (row * stride + down).checked_sub(height / 2);
                let column = (column * stride + along).checked_sub(width / 2);
                let (Some(row), Some(column)) = (row, column) else {
                    continue;
                };
                if row >= from.extents.rows || column >= from.extents.columns {
                    continue;
                }
                for input in 0..inputs {
                    let cell = [row, column, from.channel + input];
                    let x = self.input[place_of(from.extents, image, cell)];
                    let tap = ((output * inputs + input) * height + down) * width + along;
                    sum += f64::from(x) * f64::from(self.weights[tap]);
                }
            }
        }
        if self.rectify == Rectify::First {
            sum = sum.max(0.0);
        }
        for (data, place, doublings) in &self.terms {
            let cell = [
                row >> doublings,
                column >> doublings,
                place.channel + output,
            ];
            sum += f64::from(data[place_of(place.extents, image, cell)]);
        }
        if self.rectify == Rectify::Last {
            sum = sum.max(0.0);
        }
        sum
    }

    fn check(&self) {
        let to = self.geometry.to;
        for cpu in cpus() {
            let conv = Conv::new(cpu, self.geometry, &self.weights, &self.bias);
            let mut outputs = [1, 3].map(|threads| {
                let pool = Pool::new(threads);
                let mut scratch = Buffer::zeros(threads * conv.scratch_len());
                let mut output = vec![0.0; self.batch * to.extents.image()];
                let terms: Vec<Term<'_>> = self
                    .terms
                    .iter()
                    .map(|(data, place, doublings)| Term {
                        data,
                        place: *place,
                        doublings: *doublings,
                    })
                    .collect();
                let after = After {
                    rectify: self.rectify,
                    terms: &terms,
                };
                let mut shared = Buffer::zeros(conv.shared_len(self.batch));
                let scratch = Scratch {
                    own: Chunks::new(&mut scratch, conv.scratch_len()),
                    shared: &mut shared,
                };
                conv.apply_on(&pool, self.batch, &self.input, &mut output, &after, scratch);
                output
            });
            assert_eq!(outputs[0], outputs[1], "any number of threads");
            let output = &mut outputs[0];
            for image in 0..self.batch {
                for row in 0..to.extents.rows {
                    for column in 0..to.extents.columns {
                        for channel in 0..self.geometry.outputs {
                            let cell = [row, column, to.channel + channel];
                            let found = &mut output[place_of(to.extents, image, cell)];
                            let expected = self.expected(image, [row, column, channel]);
                            let most = 2e-5 * (self.geometry.inputs as f64).sqrt();
                            let difference = (f64::from(*found) - expected).abs();
                            assert!(
                                difference <= most,
                                "{:?} {:?}: {cell:?} is {found}, not {expected}",
                                cpu.isa(),
                                self.geometry
                            );
                            *found = 0.0;
                        }
                    }
                }
            }
            assert!(output.iter().all(|&x| x == 0.0), "nothing else is written");
        }
    }
}

fn geometry(
    [rows, columns]: [usize; 2],
    [inputs, outputs]: [usize; 2],
    kernel: [usize; 2],
    stride: usize,
) -> Geometry {
    let from = Extents {
        rows,
        columns,
        channels: inputs,
    };
    let to = Extents {
        rows: rows.div_ceil(stride),
        columns: columns.div_ceil(stride),
        channels: outputs,
    };
    Geometry {
        from: from.into(),
        inputs,
        to: to.into(),
        outputs,
        kernel,
        stride,
    }
}

#[test]
fn convolutions_agree_with_plain_sums() {
    let mut rng = SeededRng::new(21);
    let rectifiers = [Rectify::Never, Rectify::First, Rectify::Last];
    let sizes = [[1, 1], [5, 3], [4, 19], [7, 12]];
    let channels = [[3, 5], [8, 33], [17, 64], [33, 7]];
    let kernels = [[1, 1], [3, 3], [3, 1], [1, 3]];
    for (round, kernel) in kernels.into_iter().cycle().take(16).enumerate() {
        let stride = if round < 8 { 1 } else { 2 };
        let shape = geometry(sizes[round / 2 % 4], channels[round / 4], kernel, stride);
        let doublings = [&[][..], &[0], &[0, 1]][round % 3];
        Case::new(&mut rng, shape, rectifiers[round / 3 % 3], doublings).check();
    }
}

#[test]
fn winograd_agrees_with_plain_sums() {
    let mut rng = SeededRng::new(22);
    let sizes = [[1, 2], [4, 4], [5, 9], [12, 7]];
    let channels = [[24, 24], [32, 41], [45, 32], [64, 128]];
    for (round, (size, channels)) in sizes.into_iter().zip(channels).enumerate() {
        let shape = geometry(size, channels, [3, 3], 1);
        assert!(super::Winograd::suits(&shape));
        let doublings = [&[][..], &[0], &[1, 0], &[2]][round];
        Case::new(&mut rng, shape, Rectify::Last, doublings).check();
    }
}

#[test]
fn parts_of_maps_are_read_and_written_in_place() {
    let mut rng = SeededRng::new(23);
    for (kernel, inputs) in [([1, 1], 9), ([3, 3], 9), ([3, 3], 32), ([1, 3], 9)] {
        let mut shape = geometry([6, 5], [inputs + 7, 50], kernel, 1);
        shape.inputs = inputs;
        shape.from.channel = 3;
        shape.outputs = 37;
        shape.to.channel = 11;
        Case::new(&mut rng, shape, Rectify::First, &[0]).check();
    }
}

#[test]
fn depthwise_convolutions_agree_with_plain_sums() {
    let mut rng = SeededRng::new(24);
    for [columns, channels] in [[1, 5], [6, 16], [9, 40], [4, 64]] {
        let weights = random(&mut rng, 9 * channels);
        let bias = random(&mut rng, channels);
        let rows: [Vec<f32>; 3] =
            std::array::from_fn(|_| random(&mut rng, (columns + 2) * channels));
        for cpu in cpus() {
            let depthwise = Depthwise::new(cpu, &weights, &bias);
            let mut output = vec![0.0; columns * channels];
            let around = rows.each_ref().map(Vec::as_slice);
            depthwise.row(around, &mut output);
            for (place, &found) in output.iter().enumerate() {
                let (column, channel) = (place / channels, place % channels);
                let mut expected = f64::from(bias[channel]);
                for (down, row) in rows.iter().enumerate() {
                    for along in 0..3 {
                        let x = row[(column + along) * channels + channel];
                        let weight = weights[channel * 9 + down * 3 + along];
                        expected += f64::from(x) * f64::from(weight);
                    }
                }
                assert!((f64::from(found) - expected).abs() < 1e-5, "{place}");
            }
        }
    }
}

#[test]
fn sums_of_maps_repeat_the_cells_of_smaller_ones() {
    let mut rng = SeededRng::new(25);
    let extents = Extents {
        rows: 6,
        columns: 5,
        channels: 19,
    };
    let half = Extents {
        rows: 3,
        columns: 3,
        channels: 20,
    };
    let [whole, small] = [extents, half].map(|extents| maps(&mut rng, 2, extents));
    let terms = [
        (&whole, Place::from(extents), 0),
        (
            &small,
            Place {
                extents: half,
                channel: 1,
            },
            1,
        ),
    ];
    let terms = terms.map(|(data, place, doublings)| Term {
        data,
        place,
        doublings,
    });
    for cpu in cpus() {
        let mut output = vec![0.0; 2 * extents.image()];
        let pool = Pool::new(2);
        sum_on((cpu, &pool), 2, &terms, (&mut output, extents), true);
        let mut expected = vec![0.0; output.len()];
        for image in 0..2 {
            for row in 0..extents.rows {
                for column in 0..extents.columns {
                    for channel in 0..extents.channels {
                        let at = place_of(extents, image, [row, column, channel]);
                        let doubled = [row / 2, column / 2, channel + 1];
                        let other = small[place_of(half, image, doubled)];
                        expected[at] = (whole[at] + other).max(0.0);
                    }
                }
            }
        }
        assert_eq!(output, expected);
    }
}
