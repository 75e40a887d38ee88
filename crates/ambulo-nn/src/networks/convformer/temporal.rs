//! The temporal stage: blocks over the frames of a window, and the head.
//!
//! Here frames are the channels of the convolutions, which slide along the features of a token. A window
//! is `[frames, features]` as it is: a convolution is a product with its weights on the left.

use std::ops::Range;

use super::bank::{Alphas, fold};
use crate::config::{ConvFormerConfig, HeadOrder, Scale};
use crate::kernels::attention::{self, Attention, Blend, Heads, KeyValues, Layout, Tokens};
use crate::kernels::buffer::Buffer;
use crate::kernels::gemm::{Finish, Linear, PANEL};
use crate::kernels::mix::{Mix, Padded, margin, padded_stride};
use crate::kernels::norm::{Norm, add};
use crate::kernels::pool::Chunks;
use crate::layers::{Checked, Mlp, Trace, block_rows};
use crate::threads::Engine;

#[derive(Debug)]
pub(super) struct Temporal {
    frames: usize,
    width: usize,
    outputs: usize,
    heads: usize,
    scale: f32,
    pos: Vec<f32>,
    blocks: Vec<Block>,
    norm: Norm,
    head: Head,
    alphas: Alphas,
    plan: Plan,
}

#[derive(Debug)]
struct Block {
    norm1: Norm,
    projections: Projections,
    proj: Projection,
    norm2: Norm,
    mlp: Mlp,
}

/// Queries, keys and values, one below the other: `[3 · frames, features]`.
#[derive(Debug)]
enum Projections {
    /// Convolutions of all features, or of each head's.
    Conv {
        blends: Vec<Mix>,
        taps: usize,
    },
    Dense(Box<[Linear; 3]>),
}

/// After attention: mixes frames, or features.
#[derive(Debug)]
enum Projection {
    Frames(Mix),
    Features(Linear),
}

#[derive(Debug)]
struct Head {
    order: HeadOrder,
    norm: Norm,
    linear: Linear,
    /// Of each frame in the mean.
    weights: Vec<f32>,
    bias: f32,
}

#[derive(Debug, Default)]
struct Plan {
    fits: Option<usize>,
    /// Tokens of all windows, `[batch, frames, features]`.
    x: Buffer,
    /// Normed tokens of a window with zeros beside every row.
    padded: Buffer,
    /// Queries, keys and values of a window.
    qkv: Buffer,
    /// Result of attention of a window, rows padded.
    attended: Buffer,
    /// Hidden layer of all windows.
    hidden: Buffer,
    /// Normed tokens of all windows.
    normed: Buffer,
    scratch: Buffer,
    scratch_each: usize,
}

impl Temporal {
    pub(super) fn new(config: &ConvFormerConfig, weights: Checked<'_>) -> Self {
        let width = config.frame_dim();
        let outputs = 3 * config.joints_out;
        let mut alphas = Alphas::default();
        let blocks = (0..config.temporal_blocks)
            .map(|i| {
                let name = format!("temporal.{i}");
                alphas.add(config, weights, &name);
                Block::new(config, weights, &name)
            })
            .collect();
        let scaled = match config.scale {
            Scale::HeadWidth => width / config.heads,
            Scale::TokenWidth => width,
        };
        let bias = weights.data("head.frames.bias");
        Self {
            frames: config.frames,
            width,
            outputs,
            heads: config.heads,
            scale: 1.0 / (scaled as f32).sqrt(),
            pos: weights.data("temporal_pos").to_vec(),
            blocks,
            norm: weights.norm("temporal_norm", config.block_eps),
            head: Head {
                order: config.head_order,
                norm: weights.norm("head.norm", config.head_eps),
                linear: weights.linear("head.linear", outputs),
                weights: weights.data("head.frames.weight").to_vec(),
                bias: bias.first().copied().unwrap_or(0.0),
            },
            alphas,
            plan: Plan::default(),
        }
    }

    /// Lifts `batch` windows, `hop` frames apart.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        tokens: &[f32],
        (batch, hop): (usize, usize),
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        let mut plan = std::mem::take(&mut self.plan);
        self.fit(&mut plan, engine, batch);
        let window = self.frames * self.width;
        let windows = plan.x[..batch * window].chunks_exact_mut(window);
        for (i, x) in windows.enumerate() {
            x.copy_from_slice(&tokens[i * hop * self.width..][..window]);
            add(engine.cpu, x, &self.pos);
        }
        for (i, block) in self.blocks.iter().enumerate() {
            for clip in 0..batch {
                self.attend(engine, (i, block), &mut plan, (clip, batch), trace);
            }
            self.mlp(engine, block, &mut plan, batch);
            trace.keep(
                format_args!("temporal.{i}"),
                &[batch, self.frames, self.width],
                || plan.x[..batch * window].to_vec(),
            );
        }
        self.finish(engine, &mut plan, batch, output, trace);
        self.plan = plan;
        if trace.is_on() {
            self.alphas.keep(trace);
            for (i, block) in self.blocks.iter().enumerate() {
                block.keep(i, self.frames, trace);
            }
        }
    }

    fn fit(&self, plan: &mut Plan, engine: &Engine, batch: usize) {
        if plan.fits == Some(batch) {
            return;
        }
        let (frames, width) = (self.frames, self.width);
        let taps = self.blocks.iter().map(Block::taps).max().unwrap_or(1);
        plan.x.reserve(batch * frames * width);
        plan.normed.reserve(batch * frames * width);
        // A head's last panel may reach beyond the last row.
        plan.padded
            .reserve(frames * padded_stride(width, taps) + PANEL);
        plan.qkv.reserve(3 * frames * width);
        plan.attended.reserve(frames * padded_stride(width, 1));
        let hidden = self.blocks.iter().map(|block| block.mlp.first.outputs());
        let hidden = hidden.max().unwrap_or(0);
        plan.hidden.reserve(batch * frames * hidden);
        let scratch = attention::scratch_len(engine.cpu, width / self.heads, frames);
        plan.scratch_each = scratch.next_multiple_of(16);
        plan.scratch
            .reserve(engine.pool.threads() * plan.scratch_each);
        plan.fits = Some(batch);
    }

    /// The attention of one window, added to its tokens.
    fn attend(
        &self,
        engine: &Engine,
        (i, block): (usize, &Block),
        plan: &mut Plan,
        (clip, batch): (usize, usize),
        trace: &mut Trace,
    ) {
        let (frames, width) = (self.frames, self.width);
        let window = frames * width;
        let x = &mut plan.x[clip * window..][..window];
        let taps = block.taps();
        let (stride, margin) = (padded_stride(width, taps), margin(taps));
        let rows = block_rows(&engine.pool, frames);
        engine.pool.split(
            frames.div_ceil(rows),
            [Chunks::new(
                &mut plan.padded[..frames * stride],
                rows * stride,
            )],
            |_, unit, [padded]| {
                let count = padded.len() / stride;
                // What is beside the rows may come from a block with another kernel.
                for row in padded.chunks_exact_mut(stride) {
                    row[..margin].fill(0.0);
                    row[margin + width..].fill(0.0);
                }
                let x = &x[unit * rows * width..];
                block
                    .norm1
                    .apply(count, (x, width), (&mut padded[margin..], stride));
            },
        );
        let input = Padded {
            data: &plan.padded,
            stride,
            margin,
        };
        block
            .projections
            .apply(engine, input, (frames, width), &mut plan.qkv);
        let attended_stride = padded_stride(width, 1);
        let layout = |step: usize| Layout {
            offset: 0,
            group: 1,
            outer: 0,
            inner: 0,
            step,
        };
        let queries = Tokens {
            data: &plan.qkv,
            layout: layout(width),
            count: frames,
        };
        let segments = [KeyValues {
            keys: Tokens {
                layout: queries.layout.shifted(window),
                ..queries
            },
            value_offset: window,
        }];
        let attention = Attention {
            heads: Heads {
                sequences: 1,
                count: self.heads,
                width: width / self.heads,
                scale: self.scale,
            },
            queries,
            segments: &segments,
            blend: Blend::Set,
        };
        let traced = i == 0 && trace.is_on();
        let mut probabilities = vec![
            0.0;
            if traced {
                self.heads * frames * frames
            } else {
                0
            }
        ];
        attention.run_on(
            (engine.cpu, &engine.pool),
            (&mut plan.attended, layout(attended_stride)),
            Chunks::new(&mut plan.scratch, plan.scratch_each),
            traced.then_some(&mut probabilities[..]),
        );
        let attended = Padded {
            data: &plan.attended,
            stride: attended_stride,
            margin: 0,
        };
        match &block.proj {
            Projection::Frames(mix) => {
                mix.apply_on(&engine.pool, 0..width, attended, (x, width), Finish::Add);
            }
            Projection::Features(linear) => {
                linear.apply_on(
                    &engine.pool,
                    frames,
                    (&plan.attended, attended_stride),
                    (x, width),
                    Finish::Add,
                );
            }
        }
        if traced {
            self.keep_first(plan, &probabilities, (clip, batch), trace);
        }
    }

    /// Keeps what the first block's attention made of one window, behind that of the windows before.
    fn keep_first(
        &self,
        plan: &Plan,
        probabilities: &[f32],
        (clip, batch): (usize, usize),
        trace: &mut Trace,
    ) {
        let (frames, width) = (self.frames, self.width);
        let mut keep = |name: &str, shape: &[usize], data: &[f32]| {
            let shape = [&[batch], shape].concat();
            trace.append(&format!("temporal.0.{name}"), &shape, clip, data);
        };
        keep("attn", &[self.heads, frames, frames], probabilities);
        for (part, name) in ["q", "k", "v"].into_iter().enumerate() {
            let own = &plan.qkv[part * frames * width..][..frames * width];
            keep(name, &[frames, width], own);
        }
        let stride = padded_stride(width, 1);
        let rows = plan.attended.chunks_exact(stride).take(frames);
        let heads: Vec<f32> = rows.flat_map(|row| row[..width].iter().copied()).collect();
        keep("heads", &[frames, width], &heads);
    }

    fn mlp(&self, engine: &Engine, block: &Block, plan: &mut Plan, batch: usize) {
        let width = self.width;
        let rows = batch * self.frames;
        let each = block_rows(&engine.pool, rows);
        let x = &plan.x;
        engine.pool.split(
            rows.div_ceil(each),
            [Chunks::new(&mut plan.normed[..rows * width], each * width)],
            |_, unit, [normed]| {
                let count = normed.len() / width;
                let x = &x[unit * each * width..];
                block.norm2.apply(count, (x, width), (normed, width));
            },
        );
        let hidden = block.mlp.first.outputs();
        block.mlp.first.apply_on(
            &engine.pool,
            rows,
            (&plan.normed, width),
            (&mut plan.hidden, hidden),
            Finish::Gelu,
        );
        block.mlp.second.apply_on(
            &engine.pool,
            rows,
            (&plan.hidden, hidden),
            (&mut plan.x, width),
            Finish::Add,
        );
    }

    fn finish(
        &self,
        engine: &Engine,
        plan: &mut Plan,
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        let (frames, width) = (self.frames, self.width);
        let window = frames * width;
        let head = &self.head;
        let first = head.order == HeadOrder::LinearFirst;
        let outputs = [
            Chunks::new(&mut plan.x[..batch * window], window),
            Chunks::new(&mut plan.normed[..batch * window], window),
            Chunks::new(output, self.outputs),
        ];
        let traced = trace.is_on();
        let mut kept = vec![0.0; if traced { batch * window } else { 0 }];
        let [x, normed, output] = outputs;
        let kept_chunks = Chunks::new(&mut kept, window);
        engine.pool.split(
            batch,
            [x, normed, output, kept_chunks],
            |_, _, [x, normed, output, kept]| {
                self.norm.apply_in_place(frames, (x, width));
                if traced {
                    kept.copy_from_slice(x);
                }
                if first {
                    head.norm.apply_in_place(frames, (x, width));
                }
                // Mean and linear layer commute: the mean comes first for either order, and the biases
                // of the linear layer are weighted as the frames are.
                let (mean, rest) = normed.split_at_mut(width);
                mean.fill(0.0);
                for (row, &weight) in x.chunks_exact(width).zip(&head.weights) {
                    for (mean, x) in mean.iter_mut().zip(row) {
                        *mean += weight * x;
                    }
                }
                let _ = rest;
                if !first {
                    for mean in mean.iter_mut() {
                        *mean += head.bias;
                    }
                    head.norm.apply_in_place(1, (mean, width));
                }
                head.linear
                    .apply(1, (mean, width), (output, self.outputs), Finish::Set);
                if first {
                    let total: f32 = head.weights.iter().sum();
                    let bias = head.linear.bias();
                    for (y, bias) in output.iter_mut().zip(bias) {
                        *y += (total - 1.0) * bias + head.bias;
                    }
                }
            },
        );
        trace.keep(
            format_args!("temporal_out"),
            &[batch, frames, width],
            || kept,
        );
    }
}

impl Block {
    fn new(config: &ConvFormerConfig, weights: Checked<'_>, name: &str) -> Self {
        let (frames, width) = (config.frames, config.frame_dim());
        let cpu = weights.cpu;
        let matrix = weights.data(&format!("{name}.attn.proj.weight"));
        let bias = weights.data(&format!("{name}.attn.proj.bias"));
        let (projections, proj) = match &config.bank {
            None => {
                let qkv = weights.data(&format!("{name}.attn.qkv.weight"));
                let biases = weights.data(&format!("{name}.attn.qkv.bias"));
                let part = |i: usize| {
                    let rows = &qkv[i * width * width..][..width * width];
                    Linear::new(cpu, rows, Some(&biases[i * width..][..width]), width)
                };
                (
                    Projections::Dense(Box::new([part(0), part(1), part(2)])),
                    Projection::Features(Linear::new(cpu, matrix, Some(bias), width)),
                )
            }
            Some(bank) => {
                let folded = ["q", "k", "v"].map(|part| fold(weights, bank, name, part, frames));
                let taps = folded[0].taps;
                let blends = (0..folded[0].blends.len())
                    .map(|blend| {
                        let (mut rows, mut biases) = (Vec::new(), Vec::new());
                        for bank in &folded {
                            let (filters, bias) = &bank.blends[blend];
                            rows.extend_from_slice(filters);
                            biases.extend_from_slice(bias);
                        }
                        Mix::new(cpu, &rows, Some(&biases), (3 * frames, frames, taps))
                    })
                    .collect();
                (
                    Projections::Conv { blends, taps },
                    Projection::Frames(Mix::new(cpu, matrix, Some(bias), (frames, frames, 1))),
                )
            }
        };
        Self {
            norm1: weights.norm(&format!("{name}.norm1"), config.block_eps),
            projections,
            proj,
            norm2: weights.norm(&format!("{name}.norm2"), config.block_eps),
            mlp: Mlp::new(
                weights,
                &format!("{name}.mlp"),
                config.mlp_ratio * width,
                width,
            ),
        }
    }

    fn taps(&self) -> usize {
        match &self.projections {
            Projections::Conv { taps, .. } => *taps,
            Projections::Dense(_) => 1,
        }
    }

    /// Keeps the folded convolutions.
    fn keep(&self, i: usize, frames: usize, trace: &mut Trace) {
        let Projections::Conv { blends, taps } = &self.projections else {
            return;
        };
        let [mix] = &blends[..] else { return };
        for (part, name) in ["q", "k", "v"].into_iter().enumerate() {
            let len = frames * frames * taps;
            let name = format!("folded.temporal.{i}.{name}");
            trace.keep(
                format_args!("{name}.weight"),
                &[frames, frames, *taps],
                || mix.weights()[part * len..][..len].to_vec(),
            );
            trace.keep(format_args!("{name}.bias"), &[frames], || {
                mix.bias()[part * frames..][..frames].to_vec()
            });
        }
    }
}

impl Projections {
    fn apply(
        &self,
        engine: &Engine,
        input: Padded<'_>,
        (frames, width): (usize, usize),
        qkv: &mut [f32],
    ) {
        match self {
            Self::Conv { blends, .. } => {
                let columns = width / blends.len();
                for (i, mix) in blends.iter().enumerate() {
                    let own: Range<usize> = i * columns..(i + 1) * columns;
                    mix.apply_on(&engine.pool, own, input, (qkv, width), Finish::Set);
                }
            }
            Self::Dense(layers) => {
                let parts = qkv.chunks_exact_mut(frames * width);
                for (layer, part) in layers.iter().zip(parts) {
                    layer.apply_on(
                        &engine.pool,
                        frames,
                        (&input.data[input.margin..], input.stride),
                        (part, width),
                        Finish::Set,
                    );
                }
            }
        }
    }
}
