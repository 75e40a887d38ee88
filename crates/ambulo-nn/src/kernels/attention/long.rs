//! Softmax attention of long sequences, some keys at a time.
//!
//! A block of keys and values stays in the second cache while some queries pass it. Of each query only the sum
//! of its exponentials and the weighted sum of values are kept; no matrix of queries by keys is ever held.
//! Exponentials are taken while scores are still in registers: a query's scores cannot be larger than the
//! product of its length and that of the longest key, and where no power of two of that size leaves the range
//! of `f32`, nothing needs to be known about the largest score. Where it may, the largest so far is taken off, and
//! sums shrink where a block of keys has a larger one.
//!
//! Source: Dao et al. (2022), "`FlashAttention`", arXiv:2205.14135, for the blocks.

use super::super::cpu::{Cpu, Task};
use super::super::gemm::{SharedMut, Tile, load_some, multiply, store_some, tiles, with_rows};
use super::super::math::{exp2, weight2};
use super::super::pool::{Chunks, Pool};
use super::super::simd::Simd;
use super::{Heads, KeyValues, Layout, Tokens};

/// Keys that are passed at once; a multiple of every instruction set's panel.
const BLOCK: usize = 256;

/// Scores from one query of a tile to the next: not a power of two, so that they do not meet in the caches.
const APART: usize = BLOCK + 16;

/// Tiles of queries that are carried along the keys together.
const TILES: usize = 8;

/// Vectors side by side in a tile.
const VECTORS: usize = 2;

/// Scores up to this size, as powers of 2, stay far within the range of `f32`, sums of many included.
const MOST: f32 = 90.0;

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
    /// Features of a head.
    width: usize,
    /// The same, rounded up to whole panels.
    padded: usize,
    /// Numbers of a vector.
    lanes: usize,
    /// Queries of a tile.
    rows: usize,
    /// Queries done together.
    queries: usize,
}

impl Sizes {
    fn new(cpu: Cpu, width: usize, keys: usize) -> Self {
        let panel = VECTORS * cpu.lanes();
        Self {
            panel,
            keys: keys.next_multiple_of(panel),
            width,
            padded: width.next_multiple_of(panel),
            lanes: cpu.lanes(),
            rows: cpu.tile_rows(),
            queries: TILES * cpu.tile_rows(),
        }
    }

    /// Of the keys, their values and the length of the longest key of each block.
    fn packed(self) -> [usize; 3] {
        let lengths = self.keys.div_ceil(BLOCK);
        [
            self.keys * self.width,
            self.keys * self.padded,
            lengths.next_multiple_of(16),
        ]
    }

    /// Keys of the block that begins at one, up to whole panels.
    fn block(self, first: usize) -> usize {
        BLOCK.min(self.keys - first)
    }

    /// Where the sum of a query's values is kept: a panel of features of all queries after the other.
    fn sum(self, query: usize, feature: usize) -> usize {
        (feature / self.panel * self.queries + query) * self.panel + feature % self.panel
    }

    /// Of the scores of a tile; of each query itself, its sum of values, the parts of its sum of exponentials,
    /// and its largest score so far.
    fn scratch(self) -> [usize; 5] {
        [
            self.rows * APART,
            (self.queries * self.width).next_multiple_of(16),
            self.queries * self.padded,
            self.queries * self.lanes,
            self.queries,
        ]
    }
}

/// Numbers of scratch memory that each thread needs for heads of this width.
pub(crate) fn scratch_len(cpu: Cpu, width: usize) -> usize {
    let sizes = Sizes::new(cpu, width, 0).scratch();
    sizes.iter().sum::<usize>().next_multiple_of(16)
}

/// Numbers of memory for the keys and values of one head.
pub(crate) fn packed_len(cpu: Cpu, width: usize, keys: usize) -> usize {
    Sizes::new(cpu, width, keys).packed().iter().sum()
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
        let [of_keys, of_values, of_lengths] = sizes.packed();
        let (turned, rest) = packed.split_at_mut(of_keys);
        let (values, rest) = rest.split_at_mut(of_values);
        let lengths = &mut rest[..of_lengths];
        let to = SharedMut(output.as_mut_ptr());
        for (sequence, head) in (0..sequences).flat_map(|s| (0..heads).map(move |h| (s, h))) {
            let blocks = keys.div_ceil(BLOCK);
            let outputs = [
                Chunks::new(turned, BLOCK * width),
                Chunks::new(values, BLOCK * sizes.padded),
                Chunks::new(&mut lengths[..blocks], 1),
            ];
            pool.split(blocks, outputs, |_, block, [turned, values, length]| {
                length[0] = self.pack((sequence, head), block * BLOCK, sizes, turned, values);
            });
            let longest = lengths[..blocks].iter().copied().fold(0.0, largest);
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
                    longest,
                    turned: turned.as_ptr(),
                    values: values.as_ptr(),
                    scale: scale * std::f32::consts::LOG2_E,
                    sizes,
                    scratch: scratch.as_mut_ptr(),
                });
            });
        }
    }

    /// A block of keys, turned so that a feature of a panel's keys is contiguous, and their values, a panel of
    /// features of all of them after the other. Behind the last key are zeros. Gives the length of the longest.
    fn pack(
        &self,
        (sequence, head): (usize, usize),
        first: usize,
        sizes: Sizes,
        turned: &mut [f32],
        values: &mut [f32],
    ) -> f32 {
        let Sizes { panel, width, .. } = sizes;
        let keys = &self.keys.keys;
        let rows = values.len() / sizes.padded;
        turned.fill(0.0);
        values.fill(0.0);
        let mut longest = 0.0_f32;
        for t in 0..rows.min(keys.count - first) {
            let start = keys.layout.start(sequence) + (first + t) * keys.layout.step + head * width;
            let key = &keys.data[start..][..width];
            let column = &mut turned[t / panel * panel * width + t % panel..];
            for (to, &x) in column.iter_mut().step_by(panel).zip(key) {
                *to = x;
            }
            longest = largest(longest, key.iter().map(|x| x * x).sum::<f32>().sqrt());
            let value = &keys.data[start + self.keys.value_offset..][..width];
            for (part, value) in value.chunks(panel).enumerate() {
                values[(part * rows + t) * panel..][..value.len()].copy_from_slice(value);
            }
        }
        longest
    }
}

/// The larger of two numbers, or what is none.
fn largest(a: f32, b: f32) -> f32 {
    if a > b || a.is_nan() { a } else { b }
}

/// Some queries and where all they need lies.
struct Queries {
    count: usize,
    from: (*const f32, usize),
    to: (*mut f32, usize),
    keys: usize,
    /// Length of the longest key.
    longest: f32,
    /// Panels of keys.
    turned: *const f32,
    /// Panels of values, block by block.
    values: *const f32,
    /// Of scores as powers of 2.
    scale: f32,
    sizes: Sizes,
    scratch: *mut f32,
}

/// The parts of the scratch memory; see [`Sizes::scratch`].
#[derive(Clone, Copy)]
struct Parts {
    scores: *mut f32,
    queries: *mut f32,
    sums: *mut f32,
    totals: *mut f32,
    largest: *mut f32,
}

impl Queries {
    /// # Safety
    ///
    /// The scratch memory is as long as [`scratch_len`] says.
    unsafe fn parts(&self) -> Parts {
        let [scores, queries, sums, totals, _] = self.sizes.scratch();
        let at = |place: usize| self.scratch.wrapping_add(place);
        Parts {
            scores: at(0),
            queries: at(scores),
            sums: at(scores + queries),
            totals: at(scores + queries + sums),
            largest: at(scores + queries + sums + totals),
        }
    }
}

impl Task for Queries {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let width = self.sizes.width;
        // SAFETY: `LongAttention::run_on`, the only maker, has checked all extents and the scratch.
        unsafe {
            let parts = self.parts();
            let mut are_small = true;
            for query in 0..self.count {
                let length = enter(s, &self, query, parts);
                // Not true of what is no number.
                are_small &= length * self.longest < MOST;
            }
            let mut first = 0;
            while first < self.keys {
                for rows in tiles(0..self.count, S::ROWS) {
                    let (m, at) = (rows.len(), (rows.start, first));
                    if are_small {
                        with_rows!(S, m, weigh_small::<S, _>(s, &self, at, parts));
                    } else {
                        with_rows!(S, m, weigh_any::<S, _>(s, &self, at, parts));
                    }
                    with_rows!(S, m, add_values::<S, _>(s, &self, at, parts));
                }
                first += BLOCK;
            }
            for query in 0..self.count {
                let total = s.sum(s.load(parts.totals.add(query * S::LANES)));
                let factor = s.splat(1.0 / total);
                let mut i = 0;
                while i < width {
                    let sum = s.load(parts.sums.add(self.sizes.sum(query, i)));
                    let to = self.to.0.add(query * self.to.1 + i);
                    store_some(s, s.mul(sum, factor), to, width - i);
                    i += S::LANES;
                }
            }
        }
    }
}

/// Copies a query with the scale, makes its sums zeros, and gives its length.
///
/// # Safety
///
/// The query is the task's.
#[inline(always)]
unsafe fn enter<S: Simd>(s: S, task: &Queries, query: usize, parts: Parts) -> f32 {
    let Sizes { width, padded, .. } = task.sizes;
    let mut squares = s.splat(0.0);
    // SAFETY: the caller's word.
    unsafe {
        let from = task.from.0.add(query * task.from.1);
        let mut i = 0;
        while i < width {
            let x = s.mul(load_some(s, from.add(i), width - i), s.splat(task.scale));
            squares = s.fma(x, x, squares);
            store_some(s, x, parts.queries.add(query * width + i), width - i);
            i += S::LANES;
        }
        let mut i = 0;
        while i < padded {
            s.store(s.splat(0.0), parts.sums.add(task.sizes.sum(query, i)));
            i += S::LANES;
        }
        s.store(s.splat(0.0), parts.totals.add(query * S::LANES));
        *parts.largest.add(query) = f32::NEG_INFINITY;
    }
    s.sum(squares).sqrt()
}

/// Scores of `M` queries and a panel of keys.
///
/// # Safety
///
/// The queries from `row` on and the panel at `key` are the task's.
#[inline(always)]
unsafe fn score<S: Simd, const M: usize>(
    s: S,
    task: &Queries,
    (row, key): (usize, usize),
    parts: Parts,
) -> Tile<S::V, M, VECTORS> {
    let Sizes { width, panel, .. } = task.sizes;
    let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
    // SAFETY: the caller's word.
    unsafe {
        let a = (parts.queries.add(row * width).cast_const(), width);
        let b = (task.turned.add(key * width), panel);
        multiply(s, width, a, b, &mut tile);
    }
    tile
}

/// Stores the weights of a block of keys for `M` queries whose scores are small: powers of 2, taken while the scores
/// are still in registers. Adds them to the queries' totals. Behind the last key they are 0.
///
/// # Safety
///
/// The queries from `row` on and the keys from `first` on are the task's.
#[inline(always)]
unsafe fn weigh_small<S: Simd, const M: usize>(
    s: S,
    task: &Queries,
    (row, first): (usize, usize),
    parts: Parts,
) {
    let Sizes { panel, .. } = task.sizes;
    let count = task.sizes.block(first);
    let mut t = 0;
    while t < count {
        let left = task.keys - first - t;
        // SAFETY: the caller's word; there are as many scores as keys of a block, and totals of every query.
        unsafe {
            let tile: Tile<S::V, M, VECTORS> = score(s, task, (row, first + t), parts);
            for (r, scores) in tile.into_iter().enumerate() {
                let total = parts.totals.add((row + r) * S::LANES);
                let mut sum = s.load(total);
                for (j, score) in scores.into_iter().enumerate() {
                    let to = parts.scores.add(r * APART + t + j * S::LANES);
                    let mut weight = exp2(s, score);
                    if left < (j + 1) * S::LANES {
                        s.store(s.splat(0.0), to);
                        store_some(s, weight, to, left.saturating_sub(j * S::LANES));
                        weight = s.load(to);
                    }
                    s.store(weight, to);
                    sum = s.add(sum, weight);
                }
                s.store(sum, total);
            }
        }
        t += panel;
    }
}

/// The same for scores of any size: of all, the largest that the query has met is taken off; where this block has a
/// larger one, what was added up before shrinks.
///
/// # Safety
///
/// That of [`weigh_small`].
#[inline(always)]
unsafe fn weigh_any<S: Simd, const M: usize>(
    s: S,
    task: &Queries,
    (row, first): (usize, usize),
    parts: Parts,
) {
    let Sizes { panel, padded, .. } = task.sizes;
    let count = task.sizes.block(first);
    let none = s.splat(f32::NEG_INFINITY);
    let mut most = [none; M];
    let mut t = 0;
    while t < count {
        let left = task.keys - first - t;
        // SAFETY: the caller's word; there are as many scores as keys of a block.
        unsafe {
            let tile: Tile<S::V, M, VECTORS> = score(s, task, (row, first + t), parts);
            for (r, scores) in tile.into_iter().enumerate() {
                for (j, mut score) in scores.into_iter().enumerate() {
                    let to = parts.scores.add(r * APART + t + j * S::LANES);
                    if left < (j + 1) * S::LANES {
                        s.store(none, to);
                        store_some(s, score, to, left.saturating_sub(j * S::LANES));
                        score = s.load(to);
                    }
                    s.store(score, to);
                    most[r] = s.max(most[r], score);
                }
            }
        }
        t += panel;
    }
    for (r, most) in most.into_iter().enumerate() {
        // SAFETY: likewise; sums and totals of every query.
        unsafe {
            let largest = parts.largest.add(row + r);
            let total = parts.totals.add((row + r) * S::LANES);
            let (before, now) = (*largest, s.largest(most).max(*largest));
            let mut sum = s.load(total);
            if now > before {
                *largest = now;
                let factor = weight2(s, s.splat(before - now));
                sum = s.mul(sum, factor);
                let mut i = 0;
                while i < padded {
                    let own = parts.sums.add(task.sizes.sum(row + r, i));
                    s.store(s.mul(s.load(own), factor), own);
                    i += S::LANES;
                }
            }
            let now = s.splat(now);
            let mut t = 0;
            while t < count {
                let at = parts.scores.add(r * APART + t);
                let weight = weight2(s, s.sub(s.load(at), now));
                s.store(weight, at);
                sum = s.add(sum, weight);
                t += S::LANES;
            }
            s.store(sum, total);
        }
    }
}

/// Adds a block's values, weighted, to the sums of `M` queries.
///
/// # Safety
///
/// That of [`weigh_small`], behind which it comes.
#[inline(always)]
unsafe fn add_values<S: Simd, const M: usize>(
    s: S,
    task: &Queries,
    (row, first): (usize, usize),
    parts: Parts,
) {
    let Sizes { panel, padded, .. } = task.sizes;
    let count = task.sizes.block(first);
    let mut i = 0;
    while i < padded {
        // SAFETY: the caller's word; values are packed up to whole panels.
        unsafe {
            let own = parts.sums.add(task.sizes.sum(row, i));
            let mut tile: Tile<S::V, M, VECTORS> = [[s.splat(0.0); VECTORS]; M];
            for (r, sums) in tile.iter_mut().enumerate() {
                for (j, sum) in sums.iter_mut().enumerate() {
                    *sum = s.load(own.add(r * panel + j * S::LANES));
                }
            }
            let values = task.values.add(first * padded + i * count);
            let a = (parts.scores.cast_const(), APART);
            multiply(s, count, a, (values, panel), &mut tile);
            for (r, sums) in tile.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    s.store(sum, own.add(r * panel + j * S::LANES));
                }
            }
        }
        i += panel;
    }
}

#[cfg(test)]
mod tests;
