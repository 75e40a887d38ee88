//! Attention among long sequences, held to plain loops.

use ambulo_testkit::SeededRng;

use super::super::super::Isa;
use super::*;

/// Attention over `keys` tokens of each sequence, whose queries, keys and values stand side by side; the first
/// `queries` of them ask.
fn side_by_side(data: &[f32], heads: Heads, queries: usize, keys: usize) -> LongAttention<'_> {
    let features = heads.count * heads.width;
    let layout = layout(heads.sequences, 3 * features, keys);
    LongAttention {
        heads,
        queries: Tokens {
            data,
            layout,
            count: queries,
        },
        keys: KeyValues {
            keys: Tokens {
                data,
                layout: layout.shifted(features),
                count: keys,
            },
            value_offset: features,
        },
    }
}

fn layout(sequences: usize, step: usize, count: usize) -> Layout {
    Layout {
        offset: 0,
        group: sequences,
        outer: 0,
        inner: count * step,
        step,
    }
}

fn attend(attention: &LongAttention<'_>, cpu: Cpu, threads: usize) -> Vec<f32> {
    let Heads {
        sequences,
        count,
        width,
        ..
    } = attention.heads;
    let (features, queries) = (count * width, attention.queries.count);
    let pool = Pool::new(threads);
    let mut packed = vec![9.0; packed_len(cpu, width, attention.keys.keys.count)];
    let each = scratch_len(cpu, width);
    let mut scratch = vec![9.0; threads * each];
    let mut output = vec![0.0; sequences * queries * features];
    let to = (&mut *output, layout(sequences, features, queries));
    attention.run_on(
        (cpu, &pool),
        to,
        &mut packed,
        Chunks::new(&mut scratch, each),
    );
    output
}

/// A key that is no number makes every answer none, and a query its own alone, however large scores are.
#[test]
#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn what_is_no_number_is_not_hidden() {
    let (queries, keys, width) = (20, 600, 24);
    let mut rng = SeededRng::new(7);
    let numbers: Vec<f32> = (0..keys * 3 * width).map(|_| rng.normal() as f32).collect();
    for scale in [0.1, 40.0] {
        let heads = Heads {
            sequences: 1,
            count: 1,
            width,
            scale,
        };
        for cpu in Isa::available().iter().filter_map(|&isa| Cpu::with(isa)) {
            let none = |token: usize, part: usize| {
                let mut data = numbers.clone();
                data[(token * 3 + part) * width + 1] = f32::NAN;
                let found = attend(&side_by_side(&data, heads, queries, keys), cpu, 1);
                found
                    .chunks(width)
                    .map(|answer| answer.iter().any(|x| x.is_nan()))
                    .collect()
            };
            let of_query: Vec<bool> = none(3, 0);
            let expected: Vec<bool> = (0..queries).map(|query| query == 3).collect();
            assert_eq!(of_query, expected, "{:?} {scale}", cpu.isa());
            assert_eq!(none(400, 1), vec![true; queries], "{:?} {scale}", cpu.isa());
        }
    }
}

/// Against plain sums in f64, for two sequences of two heads; with scores within the range of exponentials and
/// beyond it, also where all of a query's are far below zero.
#[test]
#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn long_attention_agrees_with_plain_sums() {
    let mut rng = SeededRng::new(31);
    let (sequences, heads, width) = (2, 2, 20);
    let features = heads * width;
    let cases = [
        (3, 40, 0.3, 0.0, 2e-5),
        (70, 256, 0.3, 0.0, 2e-5),
        (131, 601, 0.3, 0.0, 2e-5),
        (131, 601, 30.0, 0.0, 1e-3),
        (20, 70, 0.3, 9.0, 1e-3),
    ];
    for (queries, keys, scale, apart, tolerance) in cases {
        let numbers = (0..sequences * keys * 3 * features).map(|place| {
            // Queries on one side of zero, keys on the other.
            let side = [1.0, -1.0, 0.0][place / features % 3];
            1.5 * rng.normal() as f32 + side * apart
        });
        let data: Vec<f32> = numbers.collect();
        let shape = Heads {
            sequences,
            count: heads,
            width,
            scale,
        };
        let attention = side_by_side(&data, shape, queries, keys);
        for cpu in Isa::available().iter().filter_map(|&isa| Cpu::with(isa)) {
            let mut outputs = [1, 3].map(|threads| attend(&attention, cpu, threads));
            assert_eq!(outputs[0], outputs[1], "any number of threads");
            for (place, found) in outputs[0].iter_mut().enumerate() {
                let (token, feature) = (place / features, place % features);
                let (sequence, query) = (token / queries, token % queries);
                let first = feature / width * width;
                let at = |token: usize, part: usize, feature: usize| {
                    let token = sequence * keys + token;
                    f64::from(data[(token * 3 + part) * features + feature])
                };
                let scores = (0..keys).map(|key| {
                    let products = (first..first + width).map(|i| at(query, 0, i) * at(key, 1, i));
                    f64::from(scale) * products.sum::<f64>()
                });
                let scores: Vec<f64> = scores.collect();
                let most = scores.iter().copied().fold(f64::MIN, f64::max);
                let weights: Vec<f64> = scores.iter().map(|x| (x - most).exp()).collect();
                let total: f64 = weights.iter().sum();
                let values = weights.iter().enumerate();
                let sum: f64 = values.map(|(key, w)| w * at(key, 2, feature)).sum();
                let difference = (f64::from(*found) - sum / total).abs();
                assert!(
                    difference < tolerance,
                    "{:?} {place}: {difference}",
                    cpu.isa()
                );
            }
        }
    }
}
