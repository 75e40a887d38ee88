//! Attention over short clips, fused: scores, softmax and blend of one head at a time, in registers.
//!
//! Queries run along the vector lanes, so the softmax needs no sum across lanes. The gradient computes the
//! probabilities again in place of keeping them.
#![expect(
    clippy::inline_always,
    reason = "kernels must be compiled for the processor that their caller chose"
)]

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::activation::exp;
use super::fused::{FusedOp, Gradient};

/// Sequences that one task treats, at least.
const SEQUENCES: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Attention {
    tokens: usize,
    kept: usize,
    /// Sequences side by side: the tokens of one are this many rows apart.
    inner: usize,
    width: usize,
    heads: usize,
    kernels: Kernels,
}

/// Queries and memory of a group to its output.
type ForwardKernel = fn(&Attention, &[f32], &[f32], &mut [f32]);
/// Queries, memory and gradient of the output to the gradients of queries and memory.
type BackwardKernel = fn(&Attention, [&[f32]; 3], [&mut [f32]; 2]);

/// The code for a head width and a number of lanes.
#[derive(Debug, Clone, Copy)]
struct Kernels {
    forward: ForwardKernel,
    backward: BackwardKernel,
}

impl Attention {
    /// The operation, if there is code for these sizes.
    pub(super) fn new(
        [tokens, kept]: [usize; 2],
        inner: usize,
        width: usize,
        heads: usize,
    ) -> Option<Self> {
        let head_width = width / heads;
        let kernels = match (tokens.max(kept), head_width) {
            // STT: the joints of a frame, then the frames of a window.
            (0..=8, 6) => Some(kernels_for::<8, 6>()),
            (65..=128, 24) => Some(kernels_for::<128, 24>()),
            (65..=128, 48) => Some(kernels_for::<128, 48>()),
            (0..=32, _) => kernels_of::<32>(head_width),
            (33..=64, _) => kernels_of::<64>(head_width),
            _ => None,
        };
        kernels.map(|kernels| Self {
            tokens,
            kept,
            inner,
            width,
            heads,
            kernels,
        })
    }

    /// Numbers of queries, and of keys and values, of all sequences that lie side by side.
    fn sizes(&self) -> [usize; 2] {
        [self.tokens, 2 * self.kept].map(|tokens| tokens * self.inner * self.width)
    }

    /// How many such groups one task treats.
    fn groups(&self) -> usize {
        (SEQUENCES / self.inner).max(1)
    }
}

fn kernels_of<const LANES: usize>(head_width: usize) -> Option<Kernels> {
    match head_width {
        4 => Some(kernels_for::<LANES, 4>()),
        6 => Some(kernels_for::<LANES, 6>()),
        8 => Some(kernels_for::<LANES, 8>()),
        16 => Some(kernels_for::<LANES, 16>()),
        32 => Some(kernels_for::<LANES, 32>()),
        _ => None,
    }
}

fn kernels_for<const LANES: usize, const WIDTH: usize>() -> Kernels {
    Kernels {
        forward: |op, queries, memory, output| {
            Arch::new().dispatch(Forward::<LANES, WIDTH> {
                op,
                queries,
                memory,
                output,
            });
        },
        backward: |op, inputs, gradients| {
            Arch::new().dispatch(Backward::<LANES, WIDTH> {
                op,
                inputs,
                gradients,
            });
        },
    }
}

struct Forward<'a, const LANES: usize, const WIDTH: usize> {
    op: &'a Attention,
    queries: &'a [f32],
    memory: &'a [f32],
    output: &'a mut [f32],
}

impl<const LANES: usize, const WIDTH: usize> WithSimd for Forward<'_, LANES, WIDTH> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        let op = self.op;
        op.group::<LANES, WIDTH>(self.queries, self.memory, self.output);
    }
}

struct Backward<'a, const LANES: usize, const WIDTH: usize> {
    op: &'a Attention,
    inputs: [&'a [f32]; 3],
    gradients: [&'a mut [f32]; 2],
}

impl<const LANES: usize, const WIDTH: usize> WithSimd for Backward<'_, LANES, WIDTH> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _simd: S) {
        self.op
            .group_backward::<LANES, WIDTH>(self.inputs, self.gradients);
    }
}

impl FusedOp<2> for Attention {
    fn forward(&self, [queries, memory]: [&[f32]; 2]) -> Vec<f32> {
        let [asking, asked] = self.sizes();
        let groups = self.groups();
        let mut output = vec![0.0; queries.len()];
        output
            .par_chunks_mut(groups * asking)
            .zip(queries.par_chunks(groups * asking))
            .zip(memory.par_chunks(groups * asked))
            .for_each(|((output, queries), memory)| {
                let inputs = queries.chunks_exact(asking).zip(memory.chunks_exact(asked));
                for (output, (queries, memory)) in output.chunks_exact_mut(asking).zip(inputs) {
                    (self.kernels.forward)(self, queries, memory, output);
                }
            });
        output
    }

    fn backward(&self, [queries, memory]: [&[f32]; 2], grad: &[f32]) -> [Gradient; 2] {
        let [asking, asked] = self.sizes();
        let groups = self.groups();
        let mut dqueries = vec![0.0; queries.len()];
        let mut dmemory = vec![0.0; memory.len()];
        let inputs = queries
            .par_chunks(groups * asking)
            .zip(memory.par_chunks(groups * asked))
            .zip(grad.par_chunks(groups * asking));
        dqueries
            .par_chunks_mut(groups * asking)
            .zip(dmemory.par_chunks_mut(groups * asked))
            .zip(inputs)
            .for_each(|((dqueries, dmemory), ((queries, memory), grad))| {
                let inputs = queries
                    .chunks_exact(asking)
                    .zip(memory.chunks_exact(asked))
                    .zip(grad.chunks_exact(asking));
                let outputs = dqueries
                    .chunks_exact_mut(asking)
                    .zip(dmemory.chunks_exact_mut(asked));
                for ((dqueries, dmemory), ((queries, memory), grad)) in outputs.zip(inputs) {
                    (self.kernels.backward)(self, [queries, memory, grad], [dqueries, dmemory]);
                }
            });
        [dqueries, dmemory].map(Gradient::Values)
    }
}

/// Numbers of one head with the queries along the lanes: `[feature or key][query]`.
type Lanes<const ROWS: usize, const LANES: usize> = [[f32; LANES]; ROWS];

/// One head of one of the sequences that lie side by side.
#[derive(Debug, Clone, Copy)]
struct Part {
    inner: usize,
    width: usize,
    place: usize,
    head: usize,
}

impl Attention {
    #[inline(always)]
    fn group<const LANES: usize, const WIDTH: usize>(
        &self,
        queries: &[f32],
        memory: &[f32],
        output: &mut [f32],
    ) {
        for part in self.parts() {
            let q = part.along_lanes::<LANES, WIDTH>(queries, scale::<WIDTH>());
            let mut p = [[0.0; LANES]; LANES];
            self.probabilities(&q, memory, part, &mut p);
            let mut blend = [[0.0; LANES]; WIDTH];
            for (value, p) in part.values::<WIDTH>(memory).zip(&p) {
                for (blend, &v) in blend.iter_mut().zip(value) {
                    add_scaled(blend, p, v);
                }
            }
            part.store(&blend, output);
        }
    }

    #[inline(always)]
    fn group_backward<const LANES: usize, const WIDTH: usize>(
        &self,
        [queries, memory, grad]: [&[f32]; 3],
        [dqueries, dmemory]: [&mut [f32]; 2],
    ) {
        for part in self.parts() {
            let q = part.along_lanes::<LANES, WIDTH>(queries, scale::<WIDTH>());
            let g = part.along_lanes::<LANES, WIDTH>(grad, 1.0);
            let mut p = [[0.0; LANES]; LANES];
            self.probabilities(&q, memory, part, &mut p);

            let mut ds = [[0.0; LANES]; LANES];
            let mut mean = [0.0; LANES];
            for (value, (ds, p)) in part.values::<WIDTH>(memory).zip(ds.iter_mut().zip(&p)) {
                for (g, &v) in g.iter().zip(value) {
                    add_scaled(ds, g, v);
                }
                for lane in 0..LANES {
                    mean[lane] += p[lane] * ds[lane];
                }
            }
            for (ds, p) in ds.iter_mut().zip(&p).take(self.kept) {
                for lane in 0..LANES {
                    ds[lane] = p[lane] * (ds[lane] - mean[lane]);
                }
            }

            let mut dq = [[0.0; LANES]; WIDTH];
            for (key, ds) in part.keys::<WIDTH>(memory).zip(&ds) {
                for (dq, &k) in dq.iter_mut().zip(key) {
                    add_scaled(dq, ds, k * scale::<WIDTH>());
                }
            }
            part.store(&dq, dqueries);
            part.memory_gradients::<LANES, WIDTH>([queries, grad], [&p, &ds], dmemory);
        }
    }

    fn parts(&self) -> impl Iterator<Item = Part> {
        let (inner, width, heads) = (self.inner, self.width, self.heads);
        (0..inner * heads).map(move |index| Part {
            inner,
            width,
            place: index / heads,
            head: index % heads,
        })
    }

    /// Softmax of the products of queries and keys, for each query over the keys.
    #[inline(always)]
    fn probabilities<const LANES: usize, const WIDTH: usize>(
        &self,
        q: &Lanes<WIDTH, LANES>,
        memory: &[f32],
        part: Part,
        p: &mut Lanes<LANES, LANES>,
    ) {
        let mut largest = [f32::MIN; LANES];
        for (key, scores) in part.keys::<WIDTH>(memory).zip(p.iter_mut()) {
            for (q, &k) in q.iter().zip(key) {
                add_scaled(scores, q, k);
            }
            for lane in 0..LANES {
                largest[lane] = largest[lane].max(scores[lane]);
            }
        }
        let mut sum = [0.0; LANES];
        for scores in p.iter_mut().take(self.kept) {
            for lane in 0..LANES {
                scores[lane] = exp(scores[lane] - largest[lane]);
                sum[lane] += scores[lane];
            }
        }
        let mut inverse = [0.0; LANES];
        for lane in 0..LANES {
            inverse[lane] = 1.0 / sum[lane];
        }
        for scores in p.iter_mut().take(self.kept) {
            for lane in 0..LANES {
                scores[lane] *= inverse[lane];
            }
        }
    }
}

impl Part {
    /// The rows of its sequence among those of `width` numbers.
    #[inline(always)]
    fn rows(self, x: &[f32], width: usize) -> impl Iterator<Item = &[f32]> {
        x.chunks_exact(width).skip(self.place).step_by(self.inner)
    }

    #[inline(always)]
    fn keys<const WIDTH: usize>(self, memory: &[f32]) -> impl Iterator<Item = &[f32; WIDTH]> {
        let start = self.head * WIDTH;
        let rows = self.rows(memory, 2 * self.width);
        rows.map(move |row| row[start..].first_chunk().expect("a row holds all heads"))
    }

    #[inline(always)]
    fn values<const WIDTH: usize>(self, memory: &[f32]) -> impl Iterator<Item = &[f32; WIDTH]> {
        let start = self.width + self.head * WIDTH;
        let rows = self.rows(memory, 2 * self.width);
        rows.map(move |row| row[start..].first_chunk().expect("a row holds all heads"))
    }

    #[inline(always)]
    fn tokens<const WIDTH: usize>(self, x: &[f32]) -> impl Iterator<Item = &[f32; WIDTH]> {
        let start = self.head * WIDTH;
        let rows = self.rows(x, self.width);
        rows.map(move |row| row[start..].first_chunk().expect("a row holds all heads"))
    }

    /// Its numbers with the tokens along the lanes, times `factor`; 0 past the last token.
    #[inline(always)]
    fn along_lanes<const LANES: usize, const WIDTH: usize>(
        self,
        x: &[f32],
        factor: f32,
    ) -> Lanes<WIDTH, LANES> {
        let mut lanes = [[0.0; LANES]; WIDTH];
        for (token, row) in self.tokens::<WIDTH>(x).take(LANES).enumerate() {
            for (lanes, x) in lanes.iter_mut().zip(row) {
                lanes[token] = x * factor;
            }
        }
        lanes
    }

    #[inline(always)]
    fn store<const LANES: usize, const WIDTH: usize>(
        self,
        lanes: &Lanes<WIDTH, LANES>,
        x: &mut [f32],
    ) {
        let rows = x.chunks_exact_mut(self.width);
        let rows = rows.skip(self.place).step_by(self.inner).take(LANES);
        for (token, row) in rows.enumerate() {
            let row = &mut row[self.head * WIDTH..(self.head + 1) * WIDTH];
            for (x, lanes) in row.iter_mut().zip(lanes) {
                *x = lanes[token];
            }
        }
    }

    /// Sums over the queries: they run along the features, not along the lanes.
    #[inline(always)]
    fn memory_gradients<const LANES: usize, const WIDTH: usize>(
        self,
        [queries, grad]: [&[f32]; 2],
        [p, ds]: [&Lanes<LANES, LANES>; 2],
        dmemory: &mut [f32],
    ) {
        let rows = dmemory.chunks_exact_mut(2 * self.width);
        let rows = rows.skip(self.place).step_by(self.inner);
        for (row, (p, ds)) in rows.zip(p.iter().zip(ds)) {
            let (mut dkey, mut dvalue) = ([0.0; WIDTH], [0.0; WIDTH]);
            let tokens = self
                .tokens::<WIDTH>(queries)
                .zip(self.tokens::<WIDTH>(grad));
            for ((query, grad), (&p, &ds)) in tokens.zip(p.iter().zip(ds)) {
                add_scaled(&mut dkey, query, ds * scale::<WIDTH>());
                add_scaled(&mut dvalue, grad, p);
            }
            let start = self.head * WIDTH;
            row[start..start + WIDTH].copy_from_slice(&dkey);
            let start = self.width + start;
            row[start..start + WIDTH].copy_from_slice(&dvalue);
        }
    }
}

#[inline(always)]
fn add_scaled<const N: usize>(sum: &mut [f32; N], x: &[f32; N], factor: f32) {
    for lane in 0..N {
        sum[lane] = x[lane].mul_add(factor, sum[lane]);
    }
}

fn scale<const WIDTH: usize>() -> f32 {
    1.0 / (WIDTH as f32).sqrt()
}
