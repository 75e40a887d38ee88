//! The spatial stage: blocks over the joints of a frame, for each frame by itself.

use std::collections::BTreeMap;
use std::fmt;

use super::bank::{Alphas, Folded, fold};
use crate::config::{ConvFormerConfig, Scale};
use crate::kernels::Cpu;
use crate::kernels::attention::{self, Attention, Blend, Heads, KeyValues, Layout, Tokens};
use crate::kernels::buffer::Buffer;
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::norm::{Norm, add};
use crate::kernels::pool::Chunks;
use crate::layers::{Checked, Mlp, Trace, swapped};
use crate::threads::Engine;

/// Frames that a thread handles together, at most.
const GROUP: usize = 6;

#[derive(Debug)]
pub(super) struct Spatial {
    joints: usize,
    dim: usize,
    channels: usize,
    heads: usize,
    scale: f32,
    embed: Linear,
    pos: Vec<f32>,
    blocks: Vec<Block>,
    norm: Norm,
    alphas: Alphas,
    scratch: Buffer,
}

#[derive(Debug)]
struct Block {
    norm1: Norm,
    /// Queries, keys and values of a joint, from `taps` neighbouring joints.
    qkv: Linear,
    taps: usize,
    proj: Linear,
    norm2: Norm,
    mlp: Mlp,
}

/// Is shown intermediate results of some frames.
type Observer<'a> = &'a mut dyn FnMut(fmt::Arguments<'_>, &[f32]);

impl Spatial {
    pub(super) fn new(config: &ConvFormerConfig, weights: Checked<'_>) -> Self {
        let dim = config.dim;
        let mut alphas = Alphas::default();
        let blocks = (0..config.spatial_blocks)
            .map(|i| {
                let name = format!("spatial.{i}");
                alphas.add(config, weights, &name);
                Block::new(config, weights, &name)
            })
            .collect();
        let scaled = match config.scale {
            Scale::HeadWidth => dim / config.heads,
            Scale::TokenWidth => dim,
        };
        Self {
            joints: config.joints_in,
            dim,
            channels: config.in_channels,
            heads: config.heads,
            scale: 1.0 / (scaled as f32).sqrt(),
            embed: weights.linear("embed", dim),
            pos: weights.data("spatial_pos").to_vec(),
            blocks,
            norm: weights.norm("spatial_norm", config.block_eps),
            alphas,
            scratch: Buffer::default(),
        }
    }

    /// Makes the token of every frame.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        input: &[f32],
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        let (frame_in, frame_out) = (self.joints * self.channels, self.joints * self.dim);
        let frames = output.len() / frame_out;
        let threads = engine.pool.threads();
        let group = frames.div_ceil(2 * threads).clamp(1, GROUP);
        let each = self.scratch_len(engine.cpu, group);
        let mut scratch = std::mem::take(&mut self.scratch);
        if scratch.len() < each * threads {
            scratch.reserve(each * threads);
        }
        let traced = trace.is_on();
        let work =
            |first: usize, tokens: &mut [f32], scratch: &mut [f32], observe: Observer<'_>| {
                let count = tokens.len() / frame_out;
                let keypoints = &input[first * frame_in..][..count * frame_in];
                self.frames(engine.cpu, keypoints, tokens, scratch, (traced, observe));
            };
        if traced {
            let mut levels: BTreeMap<String, Vec<f32>> = BTreeMap::new();
            for (frame, token) in output.chunks_exact_mut(frame_out).enumerate() {
                work(frame, token, &mut scratch, &mut |name, data| {
                    levels
                        .entry(name.to_string())
                        .or_default()
                        .extend_from_slice(data);
                });
            }
            self.keep(frames, levels, trace);
        } else {
            engine.pool.split_with_scratch(
                frames.div_ceil(group),
                [Chunks::new(output, group * frame_out)],
                Chunks::new(&mut scratch, each),
                |unit, [tokens], scratch| work(unit * group, tokens, scratch, &mut |_, _| {}),
            );
        }
        self.scratch = scratch;
    }

    fn scratch_len(&self, cpu: Cpu, frames: usize) -> usize {
        let rows = frames * self.joints;
        let block = |block: &Block| {
            let padded = frames * (self.joints + block.taps - 1) * self.dim;
            padded + rows * (3 * self.dim + block.mlp.first.outputs())
        };
        let most = self.blocks.iter().map(block).max().unwrap_or(0);
        let width = self.dim / self.heads;
        let len = most + 2 * rows * self.dim + attention::scratch_len(cpu, width, self.joints);
        len.next_multiple_of(16)
    }

    /// The stage for some frames on this thread.
    fn frames(
        &self,
        cpu: Cpu,
        keypoints: &[f32],
        tokens: &mut [f32],
        scratch: &mut [f32],
        (traced, observe): (bool, Observer<'_>),
    ) {
        let dim = self.dim;
        let rows = tokens.len() / dim;
        let x = tokens;
        self.embed
            .apply(rows, (keypoints, self.channels), (x, dim), Finish::Set);
        for frame in x.chunks_exact_mut(self.joints * dim) {
            add(cpu, frame, &self.pos);
        }
        observe(format_args!("embed"), x);
        for (i, block) in self.blocks.iter().enumerate() {
            self.block(cpu, block, x, scratch, (traced && i == 0, observe));
            observe(format_args!("spatial.{i}"), x);
        }
        self.norm.apply_in_place(rows, (x, dim));
    }

    fn block(
        &self,
        cpu: Cpu,
        block: &Block,
        x: &mut [f32],
        scratch: &mut [f32],
        (traced, observe): (bool, Observer<'_>),
    ) {
        let (dim, joints) = (self.dim, self.joints);
        let rows = x.len() / dim;
        let frames = rows / joints;
        let frame_padded = (joints + block.taps - 1) * dim;
        let before = block.taps / 2 * dim;
        let (padded, rest) = scratch.split_at_mut(frames * frame_padded);
        let (qkv, rest) = rest.split_at_mut(rows * 3 * dim);
        let (attended, rest) = rest.split_at_mut(rows * dim);
        for ((padded, x), qkv) in padded
            .chunks_exact_mut(frame_padded)
            .zip(x.chunks_exact(joints * dim))
            .zip(qkv.chunks_exact_mut(joints * 3 * dim))
        {
            padded[..before].fill(0.0);
            padded[before + joints * dim..].fill(0.0);
            let own = &mut padded[before..];
            block.norm1.apply(joints, (x, dim), (own, dim));
            block
                .qkv
                .apply(joints, (padded, dim), (qkv, 3 * dim), Finish::Set);
        }
        let probabilities = self.attend(cpu, qkv, attended, rest, traced);
        if traced {
            observe(format_args!("spatial.0.attn"), &probabilities);
            observe(format_args!("spatial.0.heads"), attended);
            for (part, name) in ["q", "k", "v"].into_iter().enumerate() {
                let all = swapped(qkv, [1, joints, 3 * dim, 1]);
                let own = &all[part * dim * joints..][..dim * joints];
                observe(format_args!("spatial.0.{name}"), own);
            }
        }
        block
            .proj
            .apply(rows, (attended, dim), (x, dim), Finish::Add);
        let normed = attended;
        block.norm2.apply(rows, (x, dim), (normed, dim));
        block.mlp.add_to(rows, normed, rest, x);
    }

    fn attend(
        &self,
        cpu: Cpu,
        qkv: &[f32],
        attended: &mut [f32],
        scratch: &mut [f32],
        traced: bool,
    ) -> Vec<f32> {
        let (dim, joints) = (self.dim, self.joints);
        let frames = attended.len() / (joints * dim);
        let layout = |width: usize| Layout {
            offset: 0,
            group: frames,
            outer: 0,
            inner: joints * width,
            step: width,
        };
        let queries = Tokens {
            data: qkv,
            layout: layout(3 * dim),
            count: joints,
        };
        let keys = Tokens {
            layout: queries.layout.shifted(dim),
            ..queries
        };
        let segments = [KeyValues {
            keys,
            value_offset: dim,
        }];
        let attention = Attention {
            heads: Heads {
                sequences: frames,
                count: self.heads,
                width: dim / self.heads,
                scale: self.scale,
            },
            queries,
            segments: &segments,
            blend: Blend::Set,
        };
        let mut probabilities = vec![
            0.0;
            if traced {
                self.heads * joints * joints
            } else {
                0
            }
        ];
        let asked = traced.then_some(&mut probabilities[..]);
        attention.run(cpu, (attended, layout(dim)), scratch, asked);
        probabilities
    }

    fn keep(&self, frames: usize, levels: BTreeMap<String, Vec<f32>>, trace: &mut Trace) {
        let (dim, joints, heads) = (self.dim, self.joints, self.heads);
        for (name, data) in levels {
            let shape = match name.rsplit('.').next() {
                Some("attn") => vec![frames, heads, joints, joints],
                Some("q" | "k" | "v") => vec![frames, dim, joints],
                _ => vec![frames, joints, dim],
            };
            trace.keep(format_args!("{name}"), &shape, || data);
        }
        self.alphas.keep(trace);
        for (i, block) in self.blocks.iter().enumerate() {
            block.keep(i, dim, trace);
        }
    }
}

impl Block {
    fn new(config: &ConvFormerConfig, weights: Checked<'_>, name: &str) -> Self {
        let dim = config.dim;
        let (qkv, taps) = match &config.bank {
            None => (weights.linear(&format!("{name}.attn.qkv"), 3 * dim), 1),
            Some(bank) => {
                let folded = ["q", "k", "v"].map(|part| fold(weights, bank, name, part, dim));
                let taps = folded[0].taps;
                let (matrix, bias) = over_joints(&folded, config.heads);
                let qkv = Linear::new(weights.cpu, &matrix, Some(&bias), 3 * dim);
                (qkv, taps)
            }
        };
        Self {
            norm1: weights.norm(&format!("{name}.norm1"), config.block_eps),
            qkv,
            taps,
            proj: weights.linear(&format!("{name}.attn.proj"), dim),
            norm2: weights.norm(&format!("{name}.norm2"), config.block_eps),
            mlp: Mlp::new(weights, &format!("{name}.mlp"), config.mlp_ratio * dim, dim),
        }
    }

    /// Keeps the folded convolutions.
    fn keep(&self, i: usize, dim: usize, trace: &mut Trace) {
        if !trace.is_on() {
            return;
        }
        let (matrix, bias) = self.qkv.unpacked();
        let filters = swapped(&matrix, [3 * dim, self.taps, dim, 1]);
        for (part, name) in ["q", "k", "v"].into_iter().enumerate() {
            let len = dim * dim * self.taps;
            let filter = &filters[part * len..][..len];
            let name = format!("folded.spatial.{i}.{name}");
            trace.keep(
                format_args!("{name}.weight"),
                &[dim, dim, self.taps],
                || filter.to_vec(),
            );
            trace.keep(format_args!("{name}.bias"), &[dim], || {
                bias[part * dim..][..dim].to_vec()
            });
        }
    }
}

/// The convolutions of queries, keys and values as one matrix `[3 · channels, taps · channels]` over
/// neighbouring joints. A head's channels take the blend of the head.
fn over_joints(folded: &[Folded; 3], heads: usize) -> (Vec<f32>, Vec<f32>) {
    let (mut matrix, mut biases) = (Vec::new(), Vec::new());
    for bank in folded {
        let (channels, taps) = (bank.channels, bank.taps);
        for output in 0..channels {
            let head = output * heads / channels;
            let (filters, bias) = &bank.blends[head % bank.blends.len()];
            let filter = &filters[output * channels * taps..][..channels * taps];
            matrix.extend(swapped(filter, [1, channels, taps, 1]));
            biases.push(bias[output]);
        }
    }
    (matrix, biases)
}
