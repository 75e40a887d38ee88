//! Layers and convolutions that are sums of products.

use ambulo_testkit::SeededRng;

use super::super::gemm::{Finish, Linear};
use super::super::half::{HalfLinear, half};
use super::super::mix::{Mix, Padded, margin, padded_stride};
use super::super::pool::Pool;
use super::super::taps::{Grid, Run, Taps, add_products};
use super::{close, cpus, gelu, random};

fn finished(sum: f64, held: f32, finish: Finish) -> f64 {
    match finish {
        Finish::Set => sum,
        Finish::Gelu => gelu(sum),
        Finish::Leaky(slope) => sum.max(sum * f64::from(slope)),
        Finish::Add => sum + f64::from(held),
    }
}

const FINISHES: [Finish; 4] = [Finish::Set, Finish::Gelu, Finish::Add, Finish::Leaky(0.1)];

#[test]
fn linear_layers_agree_with_plain_sums() {
    let mut rng = SeededRng::new(1);
    let pool = Pool::new(3);
    for cpu in cpus() {
        for round in 0..24 {
            let (rows, inputs, outputs) = match round {
                0 => (1, 1, 1),
                1 => (259, 3, 33),
                2 => (15, 1100, 70),
                _ => (1 + rng.below(60), 1 + rng.below(90), 1 + rng.below(100)),
            };
            // Rows of the input may overlap, as those of a convolution do.
            let input_stride = 1 + rng.below(inputs + 5);
            let output_stride = outputs + rng.below(9);
            let weights = random(&mut rng, inputs * outputs);
            let bias = random(&mut rng, outputs);
            let input = random(&mut rng, (rows - 1) * input_stride + inputs);
            let held = random(&mut rng, (rows - 1) * output_stride + outputs);
            let layer = Linear::new(cpu, &weights, Some(&bias), outputs);
            assert_eq!(layer.unpacked(), (weights.clone(), bias.clone()));
            for finish in FINISHES {
                let mut expected: Vec<f64> = held.iter().map(|&x| f64::from(x)).collect();
                for r in 0..rows {
                    for o in 0..outputs {
                        let products = (0..inputs).map(|i| {
                            f64::from(weights[o * inputs + i])
                                * f64::from(input[r * input_stride + i])
                        });
                        let place = r * output_stride + o;
                        let sum = f64::from(bias[o]) + products.sum::<f64>();
                        expected[place] = finished(sum, held[place], finish);
                    }
                }
                let what = format!("{:?} {finish:?} {rows}×{inputs}×{outputs}", cpu.isa());
                let mut found = held.clone();
                let input = (&input[..], input_stride);
                layer.apply(rows, input, (&mut found, output_stride), finish);
                close(&found, &expected, 1e-4, &what);
                let mut shared = held.clone();
                layer.apply_on(&pool, rows, input, (&mut shared, output_stride), finish);
                assert_eq!(found, shared, "{what} on three threads");
            }
        }
    }
}

#[test]
fn layers_over_rows_agree_with_plain_sums() {
    let mut rng = SeededRng::new(2);
    let pool = Pool::new(2);
    for cpu in cpus() {
        for round in 0..16 {
            let (outputs, inputs) = (1 + rng.below(40), 1 + rng.below(30));
            let (columns, taps) = (1 + rng.below(90), 1 + 2 * rng.below(5));
            let own = if round % 2 == 0 {
                0..columns
            } else {
                columns / 3..columns
            };
            let weights = random(&mut rng, outputs * inputs * taps);
            let bias = random(&mut rng, outputs);
            let mix = Mix::new(cpu, &weights, Some(&bias), (outputs, inputs, taps));
            let (stride, margin) = (padded_stride(columns, taps), margin(taps));
            // Room for a panel that starts late, as heads of odd width need.
            let stride = stride + columns;
            let mut data = vec![0.0; inputs * stride + 64];
            for row in 0..inputs {
                let numbers = random(&mut rng, columns);
                data[row * stride + margin..][..columns].copy_from_slice(&numbers);
            }
            let held = random(&mut rng, outputs * columns);
            for finish in FINISHES {
                let mut expected: Vec<f64> = held.iter().map(|&x| f64::from(x)).collect();
                for o in 0..outputs {
                    for c in own.clone() {
                        let mut sum = f64::from(bias[o]);
                        for i in 0..inputs {
                            for tap in 0..taps {
                                let x = data[i * stride + margin + c + tap - taps / 2];
                                let w = weights[(o * inputs + i) * taps + tap];
                                sum += f64::from(w) * f64::from(x);
                            }
                        }
                        let place = o * columns + c;
                        expected[place] = finished(sum, held[place], finish);
                    }
                }
                let mut found = held.clone();
                let input = Padded {
                    data: &data,
                    stride,
                    margin,
                };
                mix.apply_on(&pool, own.clone(), input, (&mut found, columns), finish);
                let what = format!(
                    "{:?} {finish:?} {outputs}×{inputs}×{taps}, {own:?} of {columns}",
                    cpu.isa()
                );
                close(&found, &expected, 1e-4, &what);
            }
        }
    }
}

#[test]
fn convolutions_by_taps_and_their_gradients_agree_with_plain_sums() {
    let mut rng = SeededRng::new(21);
    for cpu in cpus() {
        for _ in 0..12 {
            let (channels, depth) = (1 + rng.below(70), 1 + rng.below(40));
            let extents = [1 + rng.below(3), 1 + rng.below(4), 1 + rng.below(31)];
            let runs = [
                Run {
                    offset: rng.below(9),
                    length: depth,
                },
                Run {
                    offset: 50 + rng.below(9),
                    length: 1 + rng.below(20),
                },
            ];
            let column = 1 + rng.below(5);
            let row = extents[2] * column;
            let grid = Grid {
                extents,
                input: [extents[1] * row, row, column],
                output: [
                    extents[1] * extents[2] * channels,
                    extents[2] * channels,
                    channels,
                ],
            };
            let total = runs[0].length + runs[1].length;
            let outputs: usize = extents.iter().product();
            let input = random(&mut rng, extents[0] * grid.input[0] + 100);
            let matrix = random(&mut rng, total * channels);
            let bias = random(&mut rng, channels);
            let values = random(&mut rng, outputs * channels);
            let reads = |output: usize| {
                let place = [
                    output / (extents[1] * extents[2]),
                    output / extents[2] % extents[1],
                    output % extents[2],
                ];
                let start: usize = (0..3).map(|axis| place[axis] * grid.input[axis]).sum();
                let input = &input;
                runs.iter().flat_map(move |run| {
                    let start = start + run.offset;
                    input[start..start + run.length].iter().copied()
                })
            };
            let mut expected = Vec::new();
            let mut products = vec![1.0; total * channels];
            for output in 0..outputs {
                let mut sums: Vec<f64> = bias.iter().map(|&x| f64::from(x)).collect();
                for (k, x) in reads(output).enumerate() {
                    for channel in 0..channels {
                        let place = k * channels + channel;
                        sums[channel] += f64::from(x) * f64::from(matrix[place]);
                        products[place] +=
                            f64::from(x) * f64::from(values[output * channels + channel]);
                    }
                }
                expected.extend(sums);
            }
            let mut found = vec![0.0; outputs * channels];
            let taps = Taps::new(cpu, &matrix, channels);
            taps.apply(&runs, &grid, &input, &mut found, Some(&bias));
            close(&found, &expected, 1e-4, "convolution");
            let mut sums = vec![1.0; total * channels];
            add_products(cpu, &runs, &grid, [&input, &values], (&mut sums, channels));
            close(&sums, &products, 1e-4, "products");
        }
    }
}

/// What a bfloat16 stands for.
fn whole(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

#[test]
fn sixteen_bits_round_to_the_nearest_and_ties_to_even() {
    for bits in 0..=u16::MAX {
        let value = whole(bits);
        if value.is_nan() {
            assert!(whole(half(value)).is_nan());
        } else {
            assert_eq!(half(value), bits);
        }
    }
    for (value, bits) in [
        (1.0 + 1.0 / 256.0, 0x3F80),
        (1.0 + 3.0 / 256.0, 0x3F82),
        (1.0 + 1.0 / 255.0, 0x3F81),
        (f32::MAX, 0x7F80),
    ] {
        assert_eq!(half(value), bits, "{value}");
    }
}

#[test]
fn layers_of_sixteen_bits_agree_with_plain_sums() {
    let mut rng = SeededRng::new(21);
    let pool = Pool::new(3);
    for cpu in cpus() {
        for round in 0..16 {
            let (rows, inputs, outputs) = match round {
                0 => (1, 1, 1),
                1 => (31, 5, 200),
                _ => (1 + rng.below(20), 1 + rng.below(90), 1 + rng.below(100)),
            };
            let weights = random(&mut rng, inputs * outputs);
            let input = random(&mut rng, rows * inputs);
            let layer = HalfLinear::new(cpu, &weights, outputs);
            for finish in [Finish::Set, Finish::Add] {
                let held = random(&mut rng, rows * outputs);
                let expected: Vec<f64> = (0..rows * outputs)
                    .map(|place| {
                        let (row, output) = (place / outputs, place % outputs);
                        let sum = (0..inputs).map(|i| {
                            let weight = whole(half(weights[output * inputs + i]));
                            f64::from(weight) * f64::from(input[row * inputs + i])
                        });
                        finished(sum.sum(), held[place], finish)
                    })
                    .collect();
                let mut found = held.clone();
                layer.apply_on(&pool, rows, &input, &mut found, finish);
                close(&found, &expected, 2e-5, "a layer of 16 bits");
            }
        }
    }
}
