//! Attention of single queries over keys and values that are kept, one head at a time, with an offset for
//! each distance: what a language model does from token to token.
//!
//! Keys are stored by component, so that vectors hold neighbouring keys and no sum crosses lanes; values
//! by key, so that vectors hold neighbouring components.

use super::buffer::{Buffer, LINE};
use super::cpu::{Cpu, Task};
use super::math::{exp, without_least};
use super::simd::Simd;

/// Components whose sums are kept in registers together, in vectors.
const TOGETHER: usize = 4;

/// Keys and values of all heads.
#[derive(Debug, Clone)]
pub(crate) struct Keyed {
    heads: usize,
    width: usize,
    capacity: usize,
    count: usize,
    /// `[heads][width][capacity]`
    keys: Buffer,
    /// `[heads][capacity][width]`
    values: Buffer,
}

/// Offsets of scores by head and place: those of a query begin at `start` in each head's row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Offsets<'a> {
    /// `[heads][stride]`
    pub(crate) data: &'a [f32],
    /// From one head to the next.
    pub(crate) stride: usize,
    /// Where the first key's is.
    pub(crate) start: usize,
}

impl Keyed {
    /// Room for `capacity` keys.
    pub(crate) fn new(heads: usize, width: usize, capacity: usize) -> Self {
        let capacity = capacity.next_multiple_of(LINE);
        Self {
            heads,
            width,
            capacity,
            count: 0,
            keys: Buffer::zeros(heads * width * capacity),
            values: Buffer::zeros(heads * width * capacity),
        }
    }

    /// Keys that are kept.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Numbers of scratch memory that a query needs.
    pub(crate) fn scratch_len(&self) -> usize {
        self.capacity
    }

    /// Keeps the key and the value of one more token, each with its heads one behind the other. Makes more
    /// room if there is none.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub(crate) fn push(&mut self, key: &[f32], value: &[f32]) {
        if self.count == self.capacity {
            self.grow();
        }
        let (width, capacity, at) = (self.width, self.capacity, self.count);
        for head in 0..self.heads {
            let key = &key[head * width..][..width];
            for (component, &x) in key.iter().enumerate() {
                self.keys[(head * width + component) * capacity + at] = x;
            }
            let place = (head * capacity + at) * width;
            self.values[place..place + width].copy_from_slice(&value[head * width..][..width]);
        }
        self.count += 1;
    }

    fn grow(&mut self) {
        let mut larger = Self::new(self.heads, self.width, 2 * self.capacity.max(LINE));
        for row in 0..self.heads * self.width {
            let from = &self.keys[row * self.capacity..][..self.count];
            larger.keys[row * larger.capacity..][..self.count].copy_from_slice(from);
        }
        for head in 0..self.heads {
            let len = self.count * self.width;
            let from = &self.values[head * self.capacity * self.width..][..len];
            larger.values[head * larger.capacity * self.width..][..len].copy_from_slice(from);
        }
        larger.count = self.count;
        *self = larger;
    }

    /// One head's answer to one query over the first `count` keys: the values weighted by the softmax of
    /// query times key plus offset.
    ///
    /// # Panics
    ///
    /// If a slice is too short or there are fewer keys.
    pub(crate) fn attend(
        &self,
        cpu: Cpu,
        (head, count): (usize, usize),
        query: &[f32],
        offsets: Option<Offsets<'_>>,
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        assert!(head < self.heads && count <= self.count);
        assert!(query.len() >= self.width && out.len() >= self.width);
        let (width, capacity) = (self.width, self.capacity);
        let offsets =
            offsets.map(|offsets| &offsets.data[head * offsets.stride + offsets.start..][..count]);
        cpu.run(Attend {
            keys: &self.keys[head * width * capacity..][..width * capacity],
            values: &self.values[head * width * capacity..][..width * capacity],
            capacity,
            count,
            query: &query[..width],
            offsets,
            scores: &mut scores[..capacity],
            out: &mut out[..width],
        });
    }
}

struct Attend<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    capacity: usize,
    count: usize,
    query: &'a [f32],
    offsets: Option<&'a [f32]>,
    scores: &'a mut [f32],
    out: &'a mut [f32],
}

impl Task for Attend<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let count = self.count;
        if count == 0 {
            self.out.fill(0.0);
            return;
        }
        let mut at = 0;
        while at < count {
            let mut sum = s.splat(0.0);
            for (component, &x) in self.query.iter().enumerate() {
                let keys = s.read(&self.keys[component * self.capacity + at..][..S::LANES]);
                sum = s.fma(s.splat(x), keys, sum);
            }
            s.write(sum, &mut self.scores[at..][..S::LANES]);
            at += S::LANES;
        }
        let scores = &mut self.scores[..count];
        if let Some(offsets) = self.offsets {
            for (score, offset) in scores.iter_mut().zip(offsets) {
                *score += offset;
            }
        }
        let largest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let most = s.splat(largest);
        for chunk in scores.chunks_mut(S::LANES) {
            let weight = exp(s, s.sub(s.read(chunk), most));
            s.write(without_least(s, weight), chunk);
        }
        let total: f32 = scores.iter().sum();
        let share = s.splat(1.0 / total);
        let width = self.query.len();
        let mut at = 0;
        while at < width {
            let lanes = [0, 1, 2, 3].map(|vector| {
                let from = (at + vector * S::LANES).min(width);
                from..(from + S::LANES).min(width)
            });
            let mut sums = [s.splat(0.0); TOGETHER];
            for (key, &score) in scores.iter().enumerate() {
                let weight = s.splat(score);
                let row = &self.values[key * width..][..width];
                for (sum, lanes) in sums.iter_mut().zip(&lanes) {
                    *sum = s.fma(weight, s.read(&row[lanes.clone()]), *sum);
                }
            }
            for (sum, lanes) in sums.into_iter().zip(lanes) {
                s.write(s.mul(sum, share), &mut self.out[lanes]);
            }
            at += TOGETHER * S::LANES;
        }
    }
}
