//! Softmax attention of long sequences, some keys at a time.
//!
//! A block of keys and values stays in the second cache while some queries pass it. Each query keeps the
//! largest score so far, the sum of its exponentials and the weighted sum of values; both sums shrink
//! whenever a larger score appears. No matrix of queries by keys is ever held.
//!
//! Source: Milakov & Gimelshein (2018), "Online normalizer calculation for softmax", arXiv:1805.02867; Dao
//! et al. (2022), "`FlashAttention`", arXiv:2205.14135.

use super::super::cpu::{Cpu, Task};
use super::super::gemm::{SharedMut, Tile, multiply, store_some, tiles, with_rows};
use super::super::math::exp2;
use super::super::pool::{Chunks, Pool};
use super::super::simd::Simd;
use super::{Heads, KeyValues, Layout, Tokens};

/// Keys that are passed at once; a multiple of every instruction set's panel.
const BLOCK: usize = 256;

/// Tiles of queries that are carried along the keys together.
const TILES: usize = 8;

/// Vectors side by side in a tile.
const VECTORS: usize = 2;

/// Attention of every sequence and head among long sequences: `softmax(scale · Q Kᵀ) V`.
#[derive(Debug)]
pub(crate) struct LongAttention<'a> {
    /// Sizes.
    pub(crate) heads: Heads,
    /// Queries.
    pub(crate) queries: Tokens<'a>,
    /// Keys and values.
    pub(crate) keys: KeyValues<'a>,
}

/// Sizes of what is packed and of scratch memory, in numbers.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    panel: usize,
    /// Keys, rounded up to whole panels.
    keys: usize,
    /// Features of a head, rounded up to whole panels.
    padded: usize,
    /// Queries done together.
    queries: usize,
}

impl Sizes {
    fn new(cpu: Cpu, width: usize, keys: usize) -> Self {
        let panel = VECTORS * cpu.lanes();
        Self {
            panel,
            keys: keys.next_multiple_of(panel),
            padded: width.next_multiple_of(panel),
            queries: TILES * cpu.tile_rows(),
        }
    }
}

/// Numbers of scratch memory that each thread needs for heads of this width.
pub(crate) fn scratch_len(cpu: Cpu, width: usize) -> usize {
    let sizes = Sizes::new(cpu, width, 0);
    // Scores of a tile; of each query its sum of values, its largest score and its sum.
    let scores = cpu.tile_rows() * BLOCK;
    (scores + sizes.queries * (sizes.padded + 2)).next_multiple_of(16)
}

/// Numbers of memory for the keys and values of one head.
pub(crate) fn packed_len(cpu: Cpu, width: usize, keys: usize) -> usize {
    let sizes = Sizes::new(cpu, width, keys);
    sizes.keys * (width + sizes.padded)
}

impl LongAttention<'_> {
    /// Computes all sequences and heads on all threads.
    ///
    /// # Panics
    ///
    /// If a slice is too short, `packed` than [`packed_len`], or the scratch memory of a thread than
    /// [`scratch_len`].
    pub(crate) fn run_on(
        &self,
        (cpu, pool): (Cpu, &Pool),
        (output, layout): (&mut [f32], Layout),
        packed: &mut [f32],
        mut scratch: Chunks<'_>,
    ) {
        let Heads {
            sequences,
            count: heads,
            width,
            scale,
        } = self.heads;
        let (count, keys) = (self.queries.count, self.keys.keys.count);
        let features = heads * width;
        if sequences == 0 || features == 0 || count == 0 || keys == 0 {
            return;
        }
        let end = |tokens: &Tokens<'_>| tokens.layout.end(sequences, tokens.count, features);
        assert!(end(&self.queries) <= self.queries.data.len());
        assert!(end(&self.keys.keys) + self.keys.value_offset <= self.keys.keys.data.len());
        assert!(layout.end(sequences, count, features) <= output.len());
        let sizes = Sizes::new(cpu, width, keys);
        let packed = &mut packed[..packed_len(cpu, width, keys)];
        let to = SharedMut(output.as_mut_ptr());
        for (sequence, head) in (0..sequences).flat_map(|s| (0..heads).map(move |h| (s, h))) {
            let (turned, values) = packed.split_at_mut(sizes.keys * width);
            let outputs = [
                Chunks::new(turned, sizes.panel * width),
                Chunks::new(values, sizes.panel * sizes.padded),
            ];
            pool.split(
                sizes.keys / sizes.panel,
                outputs,
                |_, panel, [turned, values]| {
                    self.pack((sequence, head), panel * sizes.panel, sizes, turned, values);
                },
            );
            let (turned, values) = (&*turned, &*values);
            let units = count.div_ceil(sizes.queries);
            pool.split_with_scratch(units, [], scratch.again(), |unit, [], scratch| {
                assert!(scratch.len() >= scratch_len(cpu, width));
                let to = &to;
                let first = unit * sizes.queries;
                let from = &self.queries;
                let query = from.layout.start(sequence) + head * width + first * from.layout.step;
                let output = layout.start(sequence) + head * width + first * layout.step;
                cpu.run(Queries {
                    count: sizes.queries.min(count - first),
                    // SAFETY: the ends of both layouts were compared with the slices.
                    from: unsafe { (from.data.as_ptr().add(query), from.layout.step) },
                    // SAFETY: likewise.
                    to: unsafe { (to.0.add(output), layout.step) },
                    keys,
                    turned: turned.as_ptr(),
                    values: values.as_ptr(),
                    width,
                    scale,
                    sizes,
                    scratch: scratch.as_mut_ptr(),
                });
            });
        }
    }

    /// A panel of keys, turned so that a feature of all of them is contiguous, and their values. Behind
    /// the last key are zeros.
    fn pack(
        &self,
        (sequence, head): (usize, usize),
        first: usize,
        sizes: Sizes,
        turned: &mut [f32],
        values: &mut [f32],
    ) {
        let width = self.heads.width;
        let keys = &self.keys.keys;
        turned.fill(0.0);
        values.fill(0.0);
        for t in 0..sizes.panel.min(keys.count - first) {
            let start = keys.layout.start(sequence) + (first + t) * keys.layout.step + head * width;
            for (i, &x) in keys.data[start..][..width].iter().enumerate() {
                turned[i * sizes.panel + t] = x;
            }
            let value = &keys.data[start + self.keys.value_offset..][..width];
            values[t * sizes.padded..][..width].copy_from_slice(value);
        }
    }
}

/// Some queries and where all they need lies.
struct Queries {
    count: usize,
    from: (*const f32, usize),
    to: (*mut f32, usize),
    keys: usize,
    /// Panels of keys.
    turned: *const f32,
    /// Rows of values.
    values: *const f32,
    width: usize,
    scale: f32,
    sizes: Sizes,
    scratch: *mut f32,
}

impl Task for Queries {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let sizes = self.sizes;
        // SAFETY: `LongAttention::run_on`, the only maker, has checked all extents and the scratch.
        unsafe {
            let sums = self.scratch.add(S::ROWS * BLOCK);
            let states = sums.add(sizes.queries * sizes.padded);
            for place in 0..self.count * sizes.padded {
                *sums.add(place) = 0.0;
            }
            for query in 0..self.count {
                *states.add(2 * query) = f32::NEG_INFINITY;
                *states.add(2 * query + 1) = 0.0;
            }
            let mut first = 0;
            while first < self.keys {
                for rows in tiles(0..self.count, S::ROWS) {
                    let m = rows.len();
                    with_rows!(S, m, pass::<S, _>(s, &self, rows.start, first));
                }
                first += BLOCK;
            }
            for query in 0..self.count {
                let factor = s.splat(1.0 / *states.add(2 * query + 1));
                let mut i = 0;
                while i < self.width {
                    let sum = s.load(sums.add(query * sizes.padded + i));
                    let to = self.to.0.add(query * self.to.1 + i);
                    store_some(s, s.mul(sum, factor), to, self.width - i);
                    i += S::LANES;
                }
            }
        }
    }
}

/// `M` queries from `row` on pass the keys from `first` on.
///
/// # Safety
///
/// The queries and keys are the task's.
#[inline(always)]
unsafe fn pass<S: Simd, const M: usize>(s: S, task: &Queries, row: usize, first: usize) {
    let Sizes {
        panel,
        padded,
        queries,
        ..
    } = task.sizes;
    let count = BLOCK.min(task.keys - first);
    // SAFETY: the caller's word; keys are packed up to whole panels, and a block is some of those.
    unsafe {
        let scores = task.scratch;
        let query = task.from.0.add(row * task.from.1);
        let mut t = 0;
        while t < count {
            let turned = task.turned.add((first + t) * task.width);
            let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
            let a = (query, task.from.1);
            multiply(s, task.width, a, (turned, panel), &mut tile);
            for (r, sums) in tile.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    s.store(sum, scores.add(r * BLOCK + t + j * S::LANES));
                }
            }
            t += panel;
        }
        let sums = scores.add(S::ROWS * BLOCK);
        let states = sums.add(queries * padded).add(2 * row);
        let mut factors = [0.0_f32; M];
        for (r, factor) in factors.iter_mut().enumerate() {
            let state = (states.add(2 * r), states.add(2 * r + 1));
            *factor = weigh(s, scores.add(r * BLOCK), count, task.scale, state);
        }
        let mut i = 0;
        while i < padded {
            let own = sums.add(row * padded + i);
            let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
            for (r, sums) in tile.iter_mut().enumerate() {
                for (j, sum) in sums.iter_mut().enumerate() {
                    let held = s.load(own.add(r * padded + j * S::LANES));
                    *sum = s.mul(held, s.splat(factors[r]));
                }
            }
            let values = task.values.add(first * padded + i);
            let a = (scores.cast_const(), BLOCK);
            multiply(s, count, a, (values, padded), &mut tile);
            for (r, sums) in tile.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    s.store(sum, own.add(r * padded + j * S::LANES));
                }
            }
            i += panel;
        }
    }
}

/// Replaces a query's scores by exponentials, as powers of 2, relative to the largest so far. Gives the
/// factor by which what was summed before shrinks, and brings the query's largest score and sum up to date.
///
/// # Safety
///
/// `count` scores can be read and written, rounded up to whole vectors, and so can the state.
#[inline(always)]
unsafe fn weigh<S: Simd>(
    s: S,
    scores: *mut f32,
    count: usize,
    scale: f32,
    (largest, total): (*mut f32, *mut f32),
) -> f32 {
    let scale = scale * std::f32::consts::LOG2_E;
    let scales = s.splat(scale);
    let whole = count - count % S::LANES;
    // SAFETY: the caller's word.
    unsafe {
        let mut most = s.splat(f32::NEG_INFINITY);
        let mut t = 0;
        while t < whole {
            most = s.max(most, s.load(scores.add(t)));
            t += S::LANES;
        }
        // The scale is positive.
        let mut now = s.largest(most);
        for t in whole..count {
            now = now.max(*scores.add(t));
        }
        now = (now * scale).max(*largest);
        let shift = s.splat(-now);
        let mut sum = s.splat(0.0);
        t = 0;
        while t < whole {
            let weight = exp2(s, s.fma(s.load(scores.add(t)), scales, shift));
            s.store(weight, scores.add(t));
            sum = s.add(sum, weight);
            t += S::LANES;
        }
        if whole < count {
            let score = s.load_first(scores.add(t), count - t);
            s.store_first(
                exp2(s, s.fma(score, scales, shift)),
                scores.add(t),
                count - t,
            );
            // Lanes behind the last key count nothing.
            sum = s.add(sum, s.load_first(scores.add(t), count - t));
        }
        // 0 for the first keys, whose largest score so far was none.
        let factor = (*largest - now).exp2();
        *largest = now;
        *total = *total * factor + s.sum(sum);
        factor
    }
}

#[cfg(test)]
mod tests {
    use ambulo_testkit::SeededRng;

    use super::super::super::Isa;
    use super::*;

    /// Against plain sums in f64, for two sequences of two heads.
    #[test]
    #[expect(clippy::cast_possible_truncation, reason = "test data")]
    fn long_attention_agrees_with_plain_sums() {
        let mut rng = SeededRng::new(31);
        let (sequences, heads, width) = (2, 2, 20);
        let features = heads * width;
        for (queries, keys) in [(3, 40), (70, 256), (131, 601)] {
            let numbers = (0..sequences * keys * 3 * features).map(|_| 1.5 * rng.normal() as f32);
            let data: Vec<f32> = numbers.collect();
            let layout = |step: usize, count: usize| Layout {
                offset: 0,
                group: sequences,
                outer: 0,
                inner: count * step,
                step,
            };
            let from = layout(3 * features, keys);
            let tokens = Tokens {
                data: &data,
                layout: from,
                count: queries,
            };
            let attention = LongAttention {
                heads: Heads {
                    sequences,
                    count: heads,
                    width,
                    scale: 0.3,
                },
                queries: tokens,
                keys: KeyValues {
                    keys: Tokens {
                        layout: from.shifted(features),
                        count: keys,
                        ..tokens
                    },
                    value_offset: features,
                },
            };
            for cpu in Isa::available().iter().filter_map(|&isa| Cpu::with(isa)) {
                let mut outputs = [1, 3].map(|threads| {
                    let pool = Pool::new(threads);
                    let mut packed = vec![9.0; packed_len(cpu, width, keys)];
                    let each = scratch_len(cpu, width);
                    let mut scratch = vec![9.0; threads * each];
                    let mut output = vec![0.0; sequences * queries * features];
                    let to = (&mut *output, layout(features, queries));
                    let scratch = Chunks::new(&mut scratch, each);
                    attention.run_on((cpu, &pool), to, &mut packed, scratch);
                    output
                });
                assert_eq!(outputs[0], outputs[1], "any number of threads");
                for (place, found) in outputs[0].iter_mut().enumerate() {
                    let (token, feature) = (place / features, place % features);
                    let (sequence, query) = (token / queries, token % queries);
                    let first = feature / width * width;
                    let at = |token: usize, part: usize, feature: usize| {
                        let token = sequence * keys + token;
                        f64::from(data[(token * 3 + part) * features + feature])
                    };
                    let weights: Vec<f64> = (0..keys)
                        .map(|key| {
                            let products =
                                (first..first + width).map(|i| at(query, 0, i) * at(key, 1, i));
                            (f64::from(0.3_f32) * products.sum::<f64>()).exp()
                        })
                        .collect();
                    let total: f64 = weights.iter().sum();
                    let values = weights.iter().enumerate();
                    let sum: f64 = values.map(|(key, w)| w * at(key, 2, feature)).sum();
                    let difference = (f64::from(*found) - sum / total).abs();
                    assert!(difference < 2e-5, "{:?} {place}: {difference}", cpu.isa());
                }
            }
        }
    }
}
