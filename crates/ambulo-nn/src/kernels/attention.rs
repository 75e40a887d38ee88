//! Softmax attention of many short sequences, head by head; of long ones in `long`.

pub(crate) mod long;

use super::cpu::{Cpu, Task};
use super::gemm::{SharedMut, Tile, load_some, multiply, store_some, tiles, with_rows};
use super::math::weight2;
use super::pool::{Chunks, Pool};
use super::simd::Simd;

/// Where the tokens of each sequence lie in a slice.
///
/// Sequence `i` begins at `offset + (i / group) · outer + (i % group) · inner`; its tokens are `step` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Place of the first feature of the first token.
    pub(crate) offset: usize,
    /// Sequences in a group.
    pub(crate) group: usize,
    /// From one group to the next.
    pub(crate) outer: usize,
    /// From one sequence of a group to the next.
    pub(crate) inner: usize,
    /// From one token to the next.
    pub(crate) step: usize,
}

impl Layout {
    /// Where a sequence begins.
    pub(crate) fn start(&self, sequence: usize) -> usize {
        self.offset + sequence / self.group * self.outer + sequence % self.group * self.inner
    }

    /// The same layout, `by` numbers further.
    pub(crate) fn shifted(self, by: usize) -> Self {
        Self {
            offset: self.offset + by,
            ..self
        }
    }

    /// One more than the last place that `tokens` tokens of `width` numbers reach in any of `sequences`.
    fn end(&self, sequences: usize, tokens: usize, width: usize) -> usize {
        if sequences == 0 || tokens == 0 {
            return 0;
        }
        // The last sequence of all, or the last of the last whole group, lies furthest.
        let last = self.start(sequences - 1);
        let whole = sequences - sequences % self.group;
        let furthest = whole
            .checked_sub(1)
            .map_or(last, |i| last.max(self.start(i)));
        furthest + (tokens - 1) * self.step + width
    }
}

/// Tokens of all sequences.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens<'a> {
    /// The numbers.
    pub(crate) data: &'a [f32],
    /// Where each token is.
    pub(crate) layout: Layout,
    /// Tokens in a sequence.
    pub(crate) count: usize,
}

/// Keys and values, which have the same layout but for the offset.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyValues<'a> {
    /// Keys.
    pub(crate) keys: Tokens<'a>,
    /// From a key to its value.
    pub(crate) value_offset: usize,
}

/// What attention computes, beside the tokens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Heads {
    /// Sequences.
    pub(crate) sequences: usize,
    /// Heads; head `h` has the features from `h · width`.
    pub(crate) count: usize,
    /// Features of a head.
    pub(crate) width: usize,
    /// Factor of the products of queries and keys.
    pub(crate) scale: f32,
}

/// What happens to the result.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Blend<'a> {
    /// It is stored.
    Set,
    /// It is added to the output, multiplied by one number for each query.
    AddTimes(&'a [f32]),
}

/// Numbers of scratch memory that each thread needs.
pub(crate) fn scratch_len(cpu: Cpu, width: usize, keys: usize) -> usize {
    Sizes::new(cpu.lanes(), cpu.tile_rows(), width, keys).total()
}

/// Scratch memory: keys by feature, values by key, scores of a tile, queries of a tile.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    panel: usize,
    keys_padded: usize,
    width_padded: usize,
    keys: usize,
    values: usize,
    scores: usize,
    queries: usize,
}

impl Sizes {
    fn new(lanes: usize, rows: usize, width: usize, keys: usize) -> Self {
        let panel = 2 * lanes;
        let keys_padded = keys.next_multiple_of(panel);
        let width_padded = width.next_multiple_of(panel);
        Self {
            panel,
            keys_padded,
            width_padded,
            keys: keys_padded * width,
            values: keys * width_padded,
            scores: rows * keys_padded,
            queries: rows * width,
        }
    }

    fn total(&self) -> usize {
        (self.keys + self.values + self.scores + self.queries).next_multiple_of(16) + 16
    }
}

/// Attention of every sequence and head: `softmax(scale · Q Kᵀ) V`, over all key-value segments
/// together.
#[derive(Debug)]
pub(crate) struct Attention<'a> {
    /// Sizes.
    pub(crate) heads: Heads,
    /// Queries.
    pub(crate) queries: Tokens<'a>,
    /// Keys and values, one part behind the other.
    pub(crate) segments: &'a [KeyValues<'a>],
    /// What happens to the result.
    pub(crate) blend: Blend<'a>,
}

impl Attention<'_> {
    /// Computes all sequences and heads on all threads.
    ///
    /// `probabilities`, where asked for, receive the softmax as `[sequences, heads, queries, keys]`.
    ///
    /// # Panics
    ///
    /// If a slice is too short or the scratch memory smaller than [`scratch_len`] for each thread.
    pub(crate) fn run_on(
        &self,
        (cpu, pool): (Cpu, &Pool),
        (output, layout): (&mut [f32], Layout),
        scratch: Chunks<'_>,
        probabilities: Option<&mut [f32]>,
    ) {
        let Heads {
            sequences,
            count: heads,
            ..
        } = self.heads;
        let Some(places) = self.places(cpu, (output, layout), probabilities) else {
            return;
        };
        // Many short sequences: all heads of one are a unit. Few: each head is.
        let heads_each = if sequences >= 16 * pool.threads() {
            heads
        } else {
            1
        };
        let units_each = heads.div_ceil(heads_each);
        pool.split_with_scratch(sequences * units_each, [], scratch, |unit, [], scratch| {
            let (sequence, part) = (unit / units_each, unit % units_each);
            let first = part * heads_each;
            let last = (first + heads_each).min(heads);
            // SAFETY: each unit has outputs of its own: other sequences or other heads.
            unsafe { self.run_unit(&places, sequence, first..last, scratch) };
        });
    }

    /// Computes all sequences and heads on this thread.
    ///
    /// # Panics
    ///
    /// If a slice is too short or the scratch memory smaller than [`scratch_len`].
    pub(crate) fn run(
        &self,
        cpu: Cpu,
        output: (&mut [f32], Layout),
        scratch: &mut [f32],
        probabilities: Option<&mut [f32]>,
    ) {
        if let Some(places) = self.places(cpu, output, probabilities) {
            for sequence in 0..self.heads.sequences {
                // SAFETY: one after the other.
                unsafe { self.run_unit(&places, sequence, 0..self.heads.count, scratch) };
            }
        }
    }

    fn keys(&self) -> usize {
        let counts = self.segments.iter().map(|segment| segment.keys.count);
        counts.sum()
    }

    /// Checks all extents; `None` if there is nothing to compute.
    fn places(
        &self,
        cpu: Cpu,
        (output, layout): (&mut [f32], Layout),
        probabilities: Option<&mut [f32]>,
    ) -> Option<Places> {
        let Heads {
            sequences,
            count: heads,
            width,
            ..
        } = self.heads;
        let (features, keys) = (heads * width, self.keys());
        if keys == 0 || features == 0 || sequences == 0 || self.queries.count == 0 {
            return None;
        }
        let end = |tokens: &Tokens<'_>| tokens.layout.end(sequences, tokens.count, features);
        assert!(end(&self.queries) <= self.queries.data.len());
        for segment in self.segments {
            assert!(end(&segment.keys) + segment.value_offset <= segment.keys.data.len());
        }
        assert!(layout.end(sequences, self.queries.count, features) <= output.len());
        if let Blend::AddTimes(factors) = self.blend {
            assert!(factors.len() >= self.queries.count);
        }
        if let Some(all) = &probabilities {
            assert!(sequences * heads * self.queries.count * keys <= all.len());
        }
        Some(Places {
            cpu,
            output: SharedMut(output.as_mut_ptr()),
            layout,
            probabilities: probabilities.map(|all| SharedMut(all.as_mut_ptr())),
        })
    }

    /// # Safety
    ///
    /// The places are those of [`Attention::places`], and nothing else touches the outputs of these
    /// heads.
    unsafe fn run_unit(
        &self,
        places: &Places,
        sequence: usize,
        heads: std::ops::Range<usize>,
        scratch: &mut [f32],
    ) {
        let keys = self.keys();
        assert!(scratch.len() >= scratch_len(places.cpu, self.heads.width, keys));
        let each = self.heads.count * self.queries.count * keys;
        // SAFETY: all ends were checked against the slices.
        let (queries, output, probabilities) = unsafe {
            let start = self.queries.layout.start(sequence);
            (
                self.queries.data.as_ptr().add(start),
                places.output.0.add(places.layout.start(sequence)),
                places
                    .probabilities
                    .map(|all| SharedMut(all.0.add(sequence * each))),
            )
        };
        places.cpu.run(Unit {
            heads,
            width: self.heads.width,
            scale: self.heads.scale,
            queries: (queries, self.queries.layout.step),
            query_count: self.queries.count,
            keys,
            segments: self.segments,
            sequence,
            output: (output, places.layout.step),
            blend: self.blend,
            scratch: scratch.as_mut_ptr(),
            probabilities,
        });
    }
}

/// Checked places of the results.
struct Places {
    cpu: Cpu,
    output: SharedMut,
    layout: Layout,
    probabilities: Option<SharedMut>,
}

struct Unit<'a> {
    heads: std::ops::Range<usize>,
    width: usize,
    scale: f32,
    queries: (*const f32, usize),
    query_count: usize,
    keys: usize,
    segments: &'a [KeyValues<'a>],
    sequence: usize,
    output: (*mut f32, usize),
    blend: Blend<'a>,
    scratch: *mut f32,
    probabilities: Option<SharedMut>,
}

impl Task for Unit<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let sizes = Sizes::new(S::LANES, S::ROWS, self.width, self.keys);
        for head in self.heads.clone() {
            // SAFETY: `attention`, the only maker, has checked all extents and the scratch.
            unsafe {
                pack(s, &self, head, sizes);
                for rows in tiles(0..self.query_count, S::ROWS) {
                    let m = rows.len();
                    with_rows!(S, m, attend::<S, _>(s, &self, head, rows.start, sizes));
                }
            }
        }
    }
}

/// Copies keys, turned so that a feature of all keys is contiguous, and values of one head.
#[inline(always)]
unsafe fn pack<S: Simd>(s: S, unit: &Unit<'_>, head: usize, sizes: Sizes) {
    let width = unit.width;
    let keys = unit.scratch;
    // SAFETY: within the scratch memory, whose length was checked.
    let values = unsafe { keys.add(sizes.keys) };
    let mut t = 0;
    for segment in unit.segments {
        let layout = segment.keys.layout;
        // SAFETY: the end of the layout was checked against the slice.
        let mut key = unsafe {
            let start = layout.start(unit.sequence) + head * width;
            segment.keys.data.as_ptr().add(start)
        };
        for _ in 0..segment.keys.count {
            // SAFETY: key and value have `width` numbers in the slice; token `t` has its column in the
            // keys and its row in the values.
            unsafe {
                let column = keys.add(t / sizes.panel * sizes.panel * width + t % sizes.panel);
                for i in 0..width {
                    *column.add(i * sizes.panel) = *key.add(i);
                }
                let value = key.add(segment.value_offset);
                let row = values.add(t * sizes.width_padded);
                let mut i = 0;
                while i < width {
                    let v = load_some(s, value.add(i), width - i);
                    s.store(v, row.add(i));
                    i += S::LANES;
                }
            }
            key = key.wrapping_add(layout.step);
            t += 1;
        }
    }
    // Columns behind the last key: their products are masked, but must be numbers.
    for t in unit.keys..sizes.keys_padded {
        // SAFETY: within the panel of the last keys.
        unsafe {
            let column = keys.add(t / sizes.panel * sizes.panel * width + t % sizes.panel);
            for i in 0..width {
                *column.add(i * sizes.panel) = 0.0;
            }
        }
    }
}

/// Attention of `M` queries.
#[inline(always)]
unsafe fn attend<S: Simd, const M: usize>(
    s: S,
    unit: &Unit<'_>,
    head: usize,
    first: usize,
    sizes: Sizes,
) {
    let width = unit.width;
    let keys = unit.scratch;
    // SAFETY: all parts of the scratch memory lie within its checked length; queries and outputs of the
    // head lie within their checked layouts.
    unsafe {
        let values = keys.add(sizes.keys);
        let scores = values.add(sizes.values);
        let queries = scores.add(sizes.scores);
        // Softmax is by powers of 2. Queries that lie far apart would drive each other out of the first cache.
        let scale = s.splat(unit.scale * std::f32::consts::LOG2_E);
        for r in 0..M {
            let query = (first + r) * unit.queries.1 + head * width;
            let mut i = 0;
            while i < width {
                let x = load_some(s, unit.queries.0.add(query + i), width - i);
                store_some(s, s.mul(x, scale), queries.add(r * width + i), width - i);
                i += S::LANES;
            }
        }
        let mut t = 0;
        while t < unit.keys {
            let panel = keys.add(t * width);
            let mut tile: Tile<S::V, M, 2> = [[s.splat(0.0); 2]; M];
            multiply(
                s,
                width,
                (queries.cast_const(), width),
                (panel, sizes.panel),
                &mut tile,
            );
            for (r, sums) in tile.iter().enumerate() {
                for (j, &sum) in sums.iter().enumerate() {
                    s.store(sum, scores.add(r * sizes.keys_padded + t + j * S::LANES));
                }
            }
            t += sizes.panel;
        }
        let mut factors = [0.0_f32; M];
        for (r, factor) in factors.iter_mut().enumerate() {
            let row = scores.add(r * sizes.keys_padded);
            *factor = 1.0 / softmax(s, row, unit.keys);
            if let Some(all) = &unit.probabilities {
                let place = (head * unit.query_count + first + r) * unit.keys;
                for t in 0..unit.keys {
                    *all.0.add(place + t) = *row.add(t) * *factor;
                }
            }
            if let Blend::AddTimes(times) = unit.blend {
                *factor *= times[first + r];
            }
        }
        let output = unit.output.0.add(first * unit.output.1 + head * width);
        let mut i = 0;
        while i < width {
            let left = width - i;
            let (scores, values) = (scores.cast_const(), values.add(i).cast_const());
            let a = (scores, sizes.keys_padded);
            let b = (values, sizes.width_padded);
            let output = output.add(i);
            if left > S::LANES {
                let mut tile: Tile<S::V, M, 2> = [[s.splat(0.0); 2]; M];
                multiply(s, unit.keys, a, b, &mut tile);
                finish(s, unit, &tile, &factors, output, left);
                i += 2 * S::LANES;
            } else {
                let mut tile: Tile<S::V, M, 1> = [[s.splat(0.0); 1]; M];
                multiply(s, unit.keys, a, b, &mut tile);
                finish(s, unit, &tile, &factors, output, left);
                i += S::LANES;
            }
        }
    }
}

/// Replaces scores by powers of 2, relative to the largest, and returns their sum.
#[inline(always)]
unsafe fn softmax<S: Simd>(s: S, row: *mut f32, keys: usize) -> f32 {
    let whole = keys - keys % S::LANES;
    let rest = keys - whole;
    // SAFETY: the row holds `keys` numbers, rounded up to whole panels.
    unsafe {
        let mut most = s.splat(f32::NEG_INFINITY);
        let mut t = 0;
        while t < whole {
            most = s.max(most, s.load(row.add(t)));
            t += S::LANES;
        }
        let mut largest = s.largest(most);
        for t in whole..keys {
            largest = largest.max(*row.add(t));
        }
        let largest = s.splat(largest);
        let mut sum = s.splat(0.0);
        t = 0;
        while t < whole {
            let e = weight2(s, s.sub(s.load(row.add(t)), largest));
            s.store(e, row.add(t));
            sum = s.add(sum, e);
            t += S::LANES;
        }
        if rest > 0 {
            let e = weight2(s, s.sub(s.load_first(row.add(whole), rest), largest));
            s.store_first(e, row.add(whole), rest);
            sum = s.add(sum, s.load_first(row.add(whole), rest));
        }
        s.sum(sum)
    }
}

#[inline(always)]
unsafe fn finish<S: Simd, const M: usize, const N: usize>(
    s: S,
    unit: &Unit<'_>,
    tile: &Tile<S::V, M, N>,
    factors: &[f32; M],
    output: *mut f32,
    left: usize,
) {
    for (r, sums) in tile.iter().enumerate() {
        let factor = s.splat(factors[r]);
        for (j, &sum) in sums.iter().enumerate() {
            let Some(count @ 1..) = left.checked_sub(j * S::LANES) else {
                continue;
            };
            // SAFETY: `left` numbers of the head's output follow in this row.
            unsafe {
                let to = output.add(r * unit.output.1 + j * S::LANES);
                let value = match unit.blend {
                    Blend::Set => s.mul(sum, factor),
                    Blend::AddTimes(_) => s.fma(sum, factor, load_some(s, to, count)),
                };
                store_some(s, value, to, count);
            }
        }
    }
}
