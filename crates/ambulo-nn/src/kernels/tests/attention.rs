//! Attention.

use ambulo_testkit::SeededRng;

use super::super::attention::{Attention, Blend, Heads, KeyValues, Layout, Tokens, scratch_len};
use super::super::keyed::{Keyed, Offsets};
use super::super::pool::{Chunks, Pool};
use super::{close, cpus, random};

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
