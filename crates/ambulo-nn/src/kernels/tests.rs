//! Every kernel against plain loops in f64, on random shapes, on every instruction set of this processor.

use ambulo_testkit::SeededRng;

use super::attention::{Attention, Blend, Heads, KeyValues, Layout, Tokens, scratch_len};
use super::gemm::{Finish, Linear};
use super::half::{HalfLinear, half};
use super::keyed::{Keyed, Offsets};
use super::mix::{Mix, Padded, margin, padded_stride};
use super::norm::{Norm, RmsNorm, add, gate};
use super::pool::{Chunks, Pool};
use super::taps::{Grid, Run, Taps, add_products};
use super::time::{Filter, Rows, TimeConv, TimeNorm, filter, pool_row, pool_window};
use super::{Cpu, Isa};

fn cpus() -> impl Iterator<Item = Cpu> {
    Isa::available().iter().filter_map(|&isa| Cpu::with(isa))
}

#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn random(rng: &mut SeededRng, len: usize) -> Vec<f32> {
    (0..len).map(|_| rng.normal() as f32).collect()
}

#[track_caller]
fn close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(found) - expected).abs();
        assert!(
            difference <= tolerance * expected.abs().max(1.0),
            "{what}: place {place} is {found}, not {expected}"
        );
    }
}

fn gelu(x: f64) -> f64 {
    x / 2.0 * (1.0 + erf(x / std::f64::consts::SQRT_2))
}

/// The error function by its series, or by the continued fraction of its complement.
fn erf(x: f64) -> f64 {
    if x.abs() > 3.0 {
        let z = x.abs();
        let fraction = (1..60)
            .rev()
            .fold(z, |below, n| z + f64::from(n) / 2.0 / below);
        let rest = (-z * z).exp() / (fraction * std::f64::consts::PI.sqrt());
        return (1.0 - rest).copysign(x);
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}

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

fn plain_softmax(scores: &mut [f64]) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
    }
    let sum: f64 = scores.iter().sum();
    for score in scores {
        *score /= sum;
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "the formula, then the call")]
fn attention_agrees_with_plain_loops() {
    let mut rng = SeededRng::new(3);
    for cpu in cpus() {
        for width in [1, 4, 5, 16, 17, 33, 64, 68] {
            let sequences = 1 + rng.below(3);
            let (count, own, more) = (1 + rng.below(3), 1 + rng.below(50), rng.below(9));
            let queries = 1 + rng.below(40);
            let features = count * width;
            let scale = 0.3;
            let layout = |tokens: usize, parts: usize| Layout {
                offset: 0,
                group: 2,
                outer: 2 * tokens * parts * features,
                inner: tokens * parts * features,
                step: parts * features,
            };
            let q = random(&mut rng, sequences * queries * features);
            let kv: Vec<Vec<f32>> = [own, more]
                .iter()
                .map(|&tokens| random(&mut rng, sequences * tokens * 2 * features))
                .collect();
            let keys_total = own + more;
            let mut expected = vec![0.0; q.len()];
            let mut probabilities = Vec::new();
            for s in 0..sequences {
                let token = |t: usize| {
                    if t < own {
                        &kv[0][(s * own + t) * 2 * features..]
                    } else {
                        &kv[1][(s * more + t - own) * 2 * features..]
                    }
                };
                for h in 0..count {
                    for i in 0..queries {
                        let query = &q[(s * queries + i) * features + h * width..][..width];
                        let mut scores: Vec<f64> = (0..keys_total)
                            .map(|t| {
                                let key = &token(t)[h * width..][..width];
                                let products = query.iter().zip(key);
                                let dot: f64 =
                                    products.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                                dot * scale
                            })
                            .collect();
                        plain_softmax(&mut scores);
                        for (t, p) in scores.iter().enumerate() {
                            let value = &token(t)[features + h * width..][..width];
                            for (c, v) in value.iter().enumerate() {
                                expected[(s * queries + i) * features + h * width + c] +=
                                    p * f64::from(*v);
                            }
                        }
                        probabilities.extend(scores);
                    }
                }
            }
            let segment = |part: usize, tokens: usize| KeyValues {
                keys: Tokens {
                    data: &kv[part],
                    layout: layout(tokens, 2),
                    count: tokens,
                },
                value_offset: features,
            };
            let segments = [segment(0, own), segment(1, more)];
            let attention = |blend| Attention {
                heads: Heads {
                    sequences,
                    count,
                    width,
                    scale: 0.3,
                },
                queries: Tokens {
                    data: &q,
                    layout: layout(queries, 1),
                    count: queries,
                },
                segments: if more > 0 {
                    &segments[..]
                } else {
                    &segments[..1]
                },
                blend,
            };
            let each = scratch_len(cpu, width, keys_total);
            let what = format!(
                "{:?} {sequences}×{count}×{width}, {queries} queries, {keys_total} keys",
                cpu.isa()
            );
            let mut found = vec![0.0; q.len()];
            let mut found_probabilities = vec![0.0; probabilities.len()];
            attention(Blend::Set).run(
                cpu,
                (&mut found, layout(queries, 1)),
                &mut vec![f32::NAN; each],
                Some(&mut found_probabilities),
            );
            close(&found, &expected, 1e-4, &what);
            close(&found_probabilities, &probabilities, 1e-5, &what);
            let times: Vec<f32> = (0..queries).map(|i| i as f32 / 10.0).collect();
            let mut added = found.clone();
            let pool = Pool::new(2);
            attention(Blend::AddTimes(&times)).run_on(
                (cpu, &pool),
                (&mut added, layout(queries, 1)),
                Chunks::new(&mut vec![f32::NAN; 2 * each], each),
                None,
            );
            for (i, row) in expected.chunks_exact_mut(features).enumerate() {
                for x in row {
                    *x *= 1.0 + f64::from(times[i % queries]);
                }
            }
            close(&added, &expected, 1e-4, &what);
        }
    }
}

#[test]
fn scores_far_apart_leave_one_key() {
    for cpu in cpus() {
        let q = [100.0];
        let kv = [100.0, 1.0, -100.0, 2.0, 0.0, 3.0];
        let layout = |step: usize| Layout {
            offset: 0,
            group: 1,
            outer: 0,
            inner: 0,
            step,
        };
        let mut found = [0.0];
        let tokens = |data, step, count| Tokens {
            data,
            layout: layout(step),
            count,
        };
        Attention {
            heads: Heads {
                sequences: 1,
                count: 1,
                width: 1,
                scale: 1.0,
            },
            queries: tokens(&q, 1, 1),
            segments: &[KeyValues {
                keys: tokens(&kv, 2, 3),
                value_offset: 1,
            }],
            blend: Blend::Set,
        }
        .run(
            cpu,
            (&mut found, layout(1)),
            &mut vec![0.0; scratch_len(cpu, 1, 3)],
            None,
        );
        close(&found, &[1.0], 1e-6, "softmax of 10000, -10000 and 0");
    }
}

fn plain_norm(row: &[f64], eps: f64) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = row.iter().sum::<f64>() / count;
    let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
    row.iter()
        .map(|x| (x - mean) / (variance + eps).sqrt())
        .collect()
}

#[test]
fn norms_agree_with_plain_loops() {
    let mut rng = SeededRng::new(4);
    for cpu in cpus() {
        for width in [1, 2, 7, 16, 31, 64, 512, 545] {
            for eps in [1e-6, 1e-5] {
                let rows = 1 + rng.below(4);
                let stride = width + rng.below(5);
                let (weight, bias) = (random(&mut rng, width), random(&mut rng, width));
                let input = random(&mut rng, rows * stride);
                let norm = Norm::new(cpu, &weight, &bias, eps);
                let mut expected = Vec::new();
                for row in input.chunks_exact(stride) {
                    let row: Vec<f64> = row[..width].iter().map(|&x| f64::from(x)).collect();
                    let normed = plain_norm(&row, f64::from(eps)).into_iter();
                    let terms = weight.iter().zip(&bias);
                    expected.extend(
                        normed
                            .zip(terms)
                            .map(|(x, (&w, &b))| x * f64::from(w) + f64::from(b)),
                    );
                }
                let mut found = vec![0.0; rows * width];
                norm.apply(rows, (&input, stride), (&mut found, width));
                close(&found, &expected, 1e-4, &format!("{:?} {width}", cpu.isa()));
                let mut in_place = input.clone();
                norm.apply_in_place(rows, (&mut in_place, stride));
                let own: Vec<f32> = in_place
                    .chunks_exact(stride)
                    .flat_map(|row| row[..width].to_vec())
                    .collect();
                assert_eq!(own, found, "in place");
                let mut sum = found.clone();
                add(cpu, &mut sum, &weight);
                let plain: Vec<f32> = found.iter().zip(&weight).map(|(a, b)| a + b).collect();
                assert_eq!(sum[..width], plain[..]);
            }
        }
    }
}

#[test]
fn norms_over_time_agree_with_plain_loops() {
    let mut rng = SeededRng::new(5);
    for cpu in cpus() {
        for (frames, channels) in [(1, 3), (5, 1), (30, 16), (121, 19), (13, 64)] {
            let norm = TimeNorm {
                weight: random(&mut rng, frames),
                bias: random(&mut rng, frames),
                eps: 1e-5,
            };
            let data = random(&mut rng, frames * channels);
            let mut expected = vec![0.0; data.len()];
            for c in 0..channels {
                let column: Vec<f64> = (0..frames)
                    .map(|t| f64::from(data[t * channels + c]))
                    .collect();
                for (t, x) in plain_norm(&column, 1e-5).into_iter().enumerate() {
                    let y = x * f64::from(norm.weight[t]) + f64::from(norm.bias[t]);
                    expected[t * channels + c] = gelu(y);
                }
            }
            let mut found = data;
            norm.apply(cpu, channels, &mut found);
            let what = format!("{:?} {frames}×{channels}", cpu.isa());
            close(&found, &expected, 1e-4, &what);
        }
    }
}

#[test]
fn pooling_windows_are_those_of_adaptive_pooling() {
    let windows = |from: usize, to: usize| -> Vec<(usize, usize)> {
        (0..to)
            .map(|i| pool_window(from, to, i))
            .map(|window| (window.start, window.len()))
            .collect()
    };
    // 243 to 121 and 121 to 60: three wide, one shared; 60 to 30: pairs.
    assert!(
        windows(243, 121)[..120]
            .iter()
            .enumerate()
            .all(|(i, &w)| w == (2 * i, 3))
    );
    assert_eq!(windows(243, 121)[120], (240, 3));
    assert_eq!(windows(121, 60)[..2], [(0, 3), (2, 3)]);
    assert!(
        windows(60, 30)
            .iter()
            .enumerate()
            .all(|(i, &w)| w == (2 * i, 2))
    );
    // Ten wide; number 26 straddles the last frame of the clip.
    assert_eq!(windows(273, 30)[26], (236, 10));
    let signal: Vec<f32> = (0..9_u8).map(f32::from).collect();
    for cpu in cpus() {
        for (to, expected) in [(4, &[1.0, 3.0, 5.0, 7.0][..]), (2, &[2.0, 6.0])] {
            let mut found = vec![0.0; to];
            filter(cpu, Filter::Pool, 1, &signal, &mut found);
            close(&found, expected, 1e-6, "pooled ramp");
        }
    }
}

#[test]
fn pooling_runs_over_two_parts_as_over_one() {
    let mut rng = SeededRng::new(6);
    for cpu in cpus() {
        let (clip, memory, width) = (27, 3, 21);
        let data = random(&mut rng, (clip + memory) * width);
        let rows = |offset: usize, count| Rows {
            data: &data,
            offset: offset * width,
            stride: width,
            count,
        };
        for i in 0..memory {
            let (mut one, mut two) = (vec![0.0; width], vec![0.0; width]);
            pool_row(cpu, &[rows(0, clip + memory)], (memory, i), &mut one);
            let parts = [rows(0, clip), rows(clip, memory)];
            pool_row(cpu, &parts, (memory, i), &mut two);
            assert_eq!(one, two);
            let window = pool_window(clip + memory, memory, i);
            let expected: Vec<f64> = (0..width)
                .map(|c| {
                    let sum: f64 = window.clone().map(|r| f64::from(data[r * width + c])).sum();
                    sum / window.len() as f64
                })
                .collect();
            close(&one, &expected, 1e-5, "pooled rows");
        }
    }
}

#[test]
fn strided_convolutions_and_interpolation_agree_with_plain_loops() {
    let mut rng = SeededRng::new(7);
    for cpu in cpus() {
        for (length, channels, taps) in [(1, 1, 2), (4, 5, 3), (30, 16, 2), (61, 37, 3)] {
            let weights = random(&mut rng, channels * taps);
            let bias = random(&mut rng, channels);
            let conv = TimeConv::new(&weights, &bias);
            let what = format!("{:?} {length}×{channels}×{taps}", cpu.isa());
            let at = |x: &[f32], t: usize, c: usize| f64::from(x[t * channels + c]);
            // Up: each input spreads over `taps` outputs.
            let short = random(&mut rng, length * channels);
            let up = 2 * (length - 1) + taps;
            let mut expected: Vec<f64> = (0..up)
                .flat_map(|_| bias.iter().map(|&b| f64::from(b)))
                .collect();
            for t in 0..length {
                for c in 0..channels {
                    for tap in 0..taps {
                        expected[(2 * t + tap) * channels + c] +=
                            at(&short, t, c) * f64::from(weights[c * taps + tap]);
                    }
                }
            }
            let mut found = vec![0.0; up * channels];
            filter(cpu, Filter::Up(&conv, 0), channels, &short, &mut found);
            close(&found, &expected, 1e-4, &what);
            // Down again.
            let mut expected = vec![0.0; length * channels];
            for t in 0..length {
                for c in 0..channels {
                    let products = (0..taps)
                        .map(|tap| at(&found, 2 * t + tap, c) * f64::from(weights[c * taps + tap]));
                    expected[t * channels + c] = f64::from(bias[c]) + products.sum::<f64>();
                }
            }
            let mut down = vec![0.0; length * channels];
            filter(cpu, Filter::Down(&conv, 0), channels, &found, &mut down);
            close(&down, &expected, 1e-4, &what);
            // Interpolation with ends aligned.
            let mut stretched = vec![0.0; up * channels];
            filter(cpu, Filter::Interpolate, channels, &short, &mut stretched);
            let expected: Vec<f64> = (0..up)
                .flat_map(|i| {
                    let place = i as f64 * (length - 1) as f64 / (up - 1) as f64;
                    let short = &short;
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a small whole number"
                    )]
                    let low = (place.floor() as usize).min(length.saturating_sub(2));
                    let high = (low + 1).min(length - 1);
                    (0..channels).map(move |c| {
                        let (low, high, share) =
                            (at(short, low, c), at(short, high, c), place - low as f64);
                        low + (high - low) * share
                    })
                })
                .collect();
            close(&stretched, &expected, 1e-4, &what);
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

#[test]
fn norms_by_the_root_mean_square_and_gates_agree_with_plain_loops() {
    let mut rng = SeededRng::new(22);
    for cpu in cpus() {
        for width in [1, 7, 16, 64, 101] {
            let (weight, input) = (random(&mut rng, width), random(&mut rng, 3 * width));
            let norm = RmsNorm::new(cpu, &weight, 1e-6);
            let mut found = vec![0.0; 3 * width];
            norm.apply(&input, &mut found);
            let expected: Vec<f64> = input
                .chunks(width)
                .flat_map(|row| {
                    let squares = row.iter().map(|&x| f64::from(x).powi(2));
                    let mean = squares.sum::<f64>() / width as f64;
                    let scale = 1.0 / (mean + 1e-6).sqrt();
                    let terms = row.iter().zip(&weight);
                    terms.map(move |(&x, &w)| f64::from(x) * scale * f64::from(w))
                })
                .collect();
            close(&found, &expected, 1e-5, "a norm");
            let mut rows = random(&mut rng, 6 * width);
            rows[0] = 30.0;
            rows[2 * width] = -30.0;
            let before = rows.clone();
            gate(cpu, &mut rows, 2 * width);
            for (row, before) in rows.chunks(2 * width).zip(before.chunks(2 * width)) {
                let expected: Vec<f64> = (0..width)
                    .map(|i| {
                        let (x, factor) = (f64::from(before[i]), f64::from(before[width + i]));
                        let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                        0.5 * x * (1.0 + u.tanh()) * factor
                    })
                    .collect();
                close(&row[..width], &expected, 1e-5, "a gate");
            }
        }
    }
}

#[test]
fn attention_to_kept_keys_agrees_with_plain_loops() {
    let mut rng = SeededRng::new(23);
    for cpu in cpus() {
        for (heads, width, count) in [(1, 1, 1), (2, 5, 17), (3, 16, 40), (2, 64, 33), (1, 100, 3)]
        {
            let mut keyed = Keyed::new(heads, width, 1);
            let mut kept = Vec::new();
            for _ in 0..count {
                let (key, value) = (
                    random(&mut rng, heads * width),
                    random(&mut rng, heads * width),
                );
                keyed.push(&key, &value);
                kept.push((key, value));
            }
            assert_eq!(keyed.count(), count);
            let table = random(&mut rng, heads * (count + 4));
            let offsets = Offsets {
                data: &table,
                stride: count + 4,
                start: 3,
            };
            let query = random(&mut rng, width);
            let looked = count.div_ceil(2);
            for head in 0..heads {
                let mut scores = vec![0.0; keyed.scratch_len()];
                let mut found = vec![0.0; width];
                let place = (head, looked);
                keyed.attend(cpu, place, &query, Some(offsets), &mut scores, &mut found);
                let of_head = |row: &[f32]| row[head * width..][..width].to_vec();
                let powers: Vec<f64> = (0..looked)
                    .map(|k| {
                        let terms = query.iter().zip(of_head(&kept[k].0));
                        let dot: f64 = terms.map(|(&q, k)| f64::from(q) * f64::from(k)).sum();
                        (dot + f64::from(table[head * (count + 4) + 3 + k])).exp()
                    })
                    .collect();
                let total: f64 = powers.iter().sum();
                let expected: Vec<f64> = (0..width)
                    .map(|c| {
                        let terms = powers.iter().zip(&kept);
                        let weighted = terms.map(|(p, (_, v))| p * f64::from(of_head(v)[c]));
                        weighted.sum::<f64>() / total
                    })
                    .collect();
                close(&found, &expected, 2e-5, "attention");
            }
        }
    }
}
