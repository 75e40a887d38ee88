//! RTPCA and its parent MixSTE: blocks over the joints of a frame and over the frames of a joint, in turn.
//!
//! Source: Liu et al. (2023), arXiv:2309.01365, and its released code; Zhang et al. (2022), arXiv:2203.00859.
//!
//! Tokens are stored `[batch, frames, joints, channels]` throughout: both attentions read them where
//! they are. All that concerns a single token, from the output of one attention to the input of the
//! next, is done at once for some rows that stay in the caches.

mod blocks;
mod plan;
mod pyramid;

use blocks::{Block, Hidden};
use plan::Plan;
use pyramid::{Channels, Pyramid};

use crate::config::{MixsteConfig, RtpcaConfig, XlrFuse, XlrResidual};
use crate::kernels::attention::{Attention, Blend, Heads, KeyValues, Layout, Tokens};
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::mix::Padded;
use crate::kernels::norm::{Norm, add};
use crate::kernels::pool::Chunks;
use crate::kernels::time::{Rows, interpolate_row, pool_row};
use crate::layers::{Checked, Trace, block_rows, swapped};
use crate::threads::Engine;

/// The network and its memory.
#[derive(Debug)]
pub struct Rtpca {
    config: RtpcaConfig,
    embed: Linear,
    spatial_pos: Vec<f32>,
    temporal_pos: Vec<f32>,
    spatial_norm: Norm,
    temporal_norm: Norm,
    spatial: Vec<Block>,
    temporal: Vec<Block>,
    head_norm: Norm,
    head: Linear,
    plan: Plan,
}

/// What follows a block, for the tokens it gives.
#[derive(Clone, Copy)]
enum Next<'a> {
    /// Queries, keys and values of a block.
    Attention(&'a Block),
    /// The network's output.
    Head,
}

/// What happens to the output of a block after its norm.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Residual {
    None,
    Double,
    /// Adds what a slot holds.
    Add(usize),
    /// Leaves a copy in a slot.
    Keep(usize),
    /// Adds what a slot holds and leaves the sum there.
    AddAndKeep(usize),
}

impl Rtpca {
    pub(super) fn new(config: &RtpcaConfig, weights: Checked<'_>) -> Self {
        let spatial = |i| {
            let name = format!("STEblocks.{i}");
            let hidden = Hidden::channels(config, weights, &name);
            Block::new(config, weights, &name, hidden)
        };
        let temporal = |i| {
            let name = format!("TTEblocks.{i}");
            let (before, after) = config.block_frames(i);
            let hidden = if config.mlp_mixes_frames(i) {
                Hidden::frames(weights, &format!("{name}.mlp"), before, after)
            } else {
                Hidden::channels(config, weights, &name)
            };
            let mut block = Block::new(config, weights, &name, hidden);
            if let Some(tpca) = config.tpca {
                let attention = format!("{name}.attn");
                block.pyramid = Some(Pyramid::new(config, tpca, i, weights, &attention));
            }
            block.gate = weights
                .optional(&format!("{name}.attn.gate"))
                .map(<[f32]>::to_vec);
            block
        };
        let spatial = (0..config.depth).map(spatial).collect();
        let temporal = (0..config.depth).map(temporal).collect();
        Self::of_blocks(config, weights, spatial, temporal)
    }

    pub(super) fn of_mixste(config: &MixsteConfig, weights: Checked<'_>) -> Self {
        let config = config.as_rtpca();
        let blocks = |stack: &str| {
            (0..config.depth)
                .map(|i| Block::of_mixste(&config, weights, &format!("{stack}.{i}")))
                .collect()
        };
        Self::of_blocks(&config, weights, blocks("STEblocks"), blocks("TTEblocks"))
    }

    fn of_blocks(
        config: &RtpcaConfig,
        weights: Checked<'_>,
        spatial: Vec<Block>,
        temporal: Vec<Block>,
    ) -> Self {
        Self {
            embed: weights.linear("Spatial_patch_to_embedding", config.dim),
            spatial_pos: weights.data("Spatial_pos_embed").to_vec(),
            temporal_pos: weights.data("Temporal_pos_embed").to_vec(),
            spatial_norm: weights.norm("Spatial_norm", config.block_eps),
            temporal_norm: weights.norm("Temporal_norm", config.block_eps),
            spatial,
            temporal,
            head_norm: weights.norm("head.0", config.head_eps),
            head: weights.linear("head.1", 3),
            plan: Plan::default(),
            config: config.clone(),
        }
    }

    /// Lifts `batch` clips; slices have been checked.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        let mut plan = std::mem::take(&mut self.plan);
        plan.fit(&self.config, engine, batch, trace.is_on());
        let mut pass = Pass {
            network: self,
            engine,
            batch,
            plan: &mut plan,
            trace,
        };
        pass.embed(input);
        for i in 0..pass.network.config.depth {
            pass.spatial_block(i);
            pass.temporal_block(i, output);
        }
        self.plan = plan;
    }
}

/// One forward pass.
struct Pass<'a> {
    network: &'a Rtpca,
    engine: &'a Engine,
    batch: usize,
    plan: &'a mut Plan,
    trace: &'a mut Trace,
}

impl Pass<'_> {
    fn embed(&mut self, input: &[f32]) {
        let network = self.network;
        let config = &network.config;
        let (channels, dim) = (config.in_channels, config.dim);
        let rows = self.batch * config.frames * config.joints;
        let block = block_rows(&self.engine.pool, rows);
        let plan = &mut *self.plan;
        let outputs = [
            Chunks::new(&mut plan.x[..rows * dim], block * dim),
            Chunks::new(&mut plan.qkv[..rows * 3 * dim], block * 3 * dim),
        ];
        let scratch = Chunks::new(&mut plan.scratch, plan.scratch_each);
        let first = &network.spatial[0];
        self.engine.pool.split_with_scratch(
            rows.div_ceil(block),
            outputs,
            scratch,
            |unit, [x, qkv], scratch| {
                let count = x.len() / dim;
                let keypoints = &input[unit * block * channels..];
                network
                    .embed
                    .apply(count, (keypoints, channels), (x, dim), Finish::Set);
                for (r, token) in x.chunks_exact_mut(dim).enumerate() {
                    let joint = (unit * block + r) % config.joints;
                    add(
                        self.engine.cpu,
                        token,
                        &network.spatial_pos[joint * dim..][..dim],
                    );
                }
                let normed = &mut scratch[..count * dim];
                first.norm1.apply(count, (x, dim), (normed, dim));
                first.queries(count, normed, qkv);
                first.keys_and_values(count, normed, qkv);
            },
        );
    }

    /// Attention over joints, then all that concerns single tokens, up to the temporal attention.
    fn spatial_block(&mut self, i: usize) {
        let network = self.network;
        let config = &network.config;
        let (joints, dim) = (config.joints, config.dim);
        let frames = config.block_frames(i).0;
        let sequences = self.batch * frames;
        let layout = |features: usize| Layout {
            offset: 0,
            group: sequences,
            outer: 0,
            inner: joints * features,
            step: features,
        };
        let heads = self.heads(sequences);
        let plan = &mut *self.plan;
        let tokens = Tokens {
            data: &plan.qkv,
            layout: layout(3 * dim),
            count: joints,
        };
        let keys = Tokens {
            layout: layout(3 * dim).shifted(dim),
            ..tokens
        };
        let segments = [KeyValues {
            keys,
            value_offset: dim,
        }];
        let attention = Attention {
            heads,
            queries: tokens,
            segments: &segments,
            blend: Blend::Set,
        };
        attention.run_on(
            (self.engine.cpu, &self.engine.pool),
            (&mut plan.attended, layout(dim)),
            Chunks::new(&mut plan.scratch, plan.scratch_each),
            None,
        );
        let table = (i == 0).then_some(network.temporal_pos.as_slice());
        let step = TokenStep {
            block: &network.spatial[i],
            channels: true,
            norm: &network.spatial_norm,
            table,
            residual: Residual::None,
            next: Next::Attention(&network.temporal[i]),
            frames,
        };
        self.tokens(&step, &mut []);
        let shape = [sequences, joints, dim];
        self.keep_taps(i, ["spatial_block", "spatial_norm_out"], shape, |data| {
            data.to_vec()
        });
    }

    /// Pyramid, memory, attention over frames, then all that concerns single tokens.
    fn temporal_block(&mut self, i: usize, output: &mut [f32]) {
        let network = self.network;
        let config = &network.config;
        let (joints, dim) = (config.joints, config.dim);
        let (before, after) = config.block_frames(i);
        let block = &network.temporal[i];
        if let Some(pyramid) = &block.pyramid {
            self.filter(pyramid, i);
            self.filtered_keys_and_values(block, pyramid, i);
        }
        self.hand_over(i);
        self.keep_memory(i);
        self.attend_frames(i);
        if let Hidden::Frames { .. } = block.hidden {
            self.mix_frames(block, before, after);
        }
        let step = TokenStep {
            block,
            channels: matches!(block.hidden, Hidden::Channels(_)),
            norm: &network.temporal_norm,
            table: None,
            residual: network.residual(i),
            next: network
                .spatial
                .get(i + 1)
                .map_or(Next::Head, Next::Attention),
            frames: after,
        };
        self.tokens(&step, output);
        let batch = self.batch;
        let shape = [batch * joints, after, dim];
        self.keep_taps(i, ["temporal_block", "temporal_norm_out"], shape, |data| {
            swapped(data, [batch, after, joints, dim])
        });
    }

    fn heads(&self, sequences: usize) -> Heads {
        let config = &self.network.config;
        let width = config.dim / config.heads;
        Heads {
            sequences,
            count: config.heads,
            width,
            scale: 1.0 / (width as f32).sqrt(),
        }
    }

    /// Filters the keys' and values' input of temporal block `i` through its pyramid.
    fn filter(&mut self, pyramid: &Pyramid, i: usize) {
        let config = &self.network.config;
        let (joints, dim) = (config.joints, config.dim);
        let (frames, own) = (config.block_frames(i).0, config.own_tokens(i));
        let width = pyramid.width();
        let blocks = joints * dim / width;
        let plan = &mut *self.plan;
        let (input, stride) = (&plan.normed, joints * dim);
        let outputs = plan.filtered[..self.batch * own * stride].as_mut();
        let scratch = Chunks::new(&mut plan.scratch, plan.scratch_each);
        self.engine.pool.split_columns(
            (outputs, own, stride, width),
            scratch,
            |clip, columns, mut out, scratch| {
                debug_assert!(columns / width < blocks);
                let channels = Channels {
                    input: &input[clip * frames * stride + columns..],
                    stride,
                    first: columns % dim,
                };
                let filtered = pyramid.run(self.engine.cpu, channels, scratch, &mut |_, _| {});
                for (frame, row) in filtered.chunks_exact(width).enumerate() {
                    out.row(frame).copy_from_slice(row);
                }
            },
        );
        if i == 0 && self.trace.is_on() {
            self.keep_levels(pyramid);
        }
    }

    /// Repeats the pyramid of the first block to keep its levels.
    fn keep_levels(&mut self, pyramid: &Pyramid) {
        let config = &self.network.config;
        let (joints, dim, frames) = (config.joints, config.dim, config.frames);
        let width = pyramid.width();
        let sequences = self.batch * joints;
        let mut levels: std::collections::BTreeMap<&'static str, Vec<f32>> =
            std::collections::BTreeMap::new();
        for sequence in 0..sequences {
            for first in (0..dim).step_by(width) {
                let (clip, joint) = (sequence / joints, sequence % joints);
                let place = clip * frames * joints * dim + joint * dim + first;
                let channels = Channels {
                    input: &self.plan.normed[place..],
                    stride: joints * dim,
                    first,
                };
                let scratch = &mut self.plan.scratch[..self.plan.scratch_each];
                let _ = pyramid.run(self.engine.cpu, channels, scratch, &mut |name, level| {
                    let turned = swapped(level, [1, level.len() / width, width, 1]);
                    levels.entry(name).or_default().extend(turned);
                });
            }
        }
        for (name, data) in levels {
            let shape = [sequences, dim, data.len() / (sequences * dim)];
            self.trace
                .keep(format_args!("tpca_block0.{name}"), &shape, || data);
        }
    }

    /// Norm of the filtered input, then keys and values.
    fn filtered_keys_and_values(&mut self, block: &Block, pyramid: &Pyramid, i: usize) {
        let config = &self.network.config;
        let (joints, dim) = (config.joints, config.dim);
        let (frames, own) = (config.block_frames(i).0, config.own_tokens(i));
        let plan = &mut *self.plan;
        let mut normed = Vec::new();
        // Clips whose keys are as many as their queries follow one another without gaps.
        let (clips, rows) = if own == frames {
            (1, self.batch * own * joints)
        } else {
            (self.batch, own * joints)
        };
        for clip in 0..clips {
            let rows_each = block_rows(&self.engine.pool, rows);
            let start = clip * frames * joints * 3 * dim;
            let outputs = [Chunks::new(
                &mut plan.qkv[start..start + rows * 3 * dim],
                rows_each * 3 * dim,
            )];
            let scratch = Chunks::new(&mut plan.scratch, plan.scratch_each);
            let filtered = &plan.filtered[clip * own * joints * dim..];
            self.engine.pool.split_with_scratch(
                rows.div_ceil(rows_each),
                outputs,
                scratch,
                |unit, [qkv], scratch| {
                    let count = qkv.len() / (3 * dim);
                    let input = &filtered[unit * rows_each * dim..];
                    let normed = &mut scratch[..count * dim];
                    pyramid.norm.apply(count, (input, dim), (normed, dim));
                    block.keys_and_values(count, normed, qkv);
                },
            );
        }
        if i == 0 && self.trace.is_on() {
            normed.resize(self.batch * own * joints * dim, 0.0);
            let rows = self.batch * own * joints;
            pyramid
                .norm
                .apply(rows, (&plan.filtered, dim), (&mut normed, dim));
            let shape = [self.batch * joints, own, dim];
            let batch = self.batch;
            self.trace
                .keep(format_args!("tpca_block0.kv_input"), &shape, || {
                    swapped(&normed, [batch, own, joints, dim])
                });
        }
    }

    /// Pools keys and values of block `i`, with its memory, for the block that remembers them.
    fn hand_over(&mut self, i: usize) {
        let network = self.network;
        let config = &network.config;
        let Some(reader) = (i + 1..config.depth).find(|&later| config.memory_of(later) == Some(i))
        else {
            return;
        };
        let (joints, dim) = (config.joints, config.dim);
        let (frames, own) = (config.block_frames(i).0, config.own_tokens(i));
        let tokens = config.memory_tokens();
        let concatenates = config.xlr.is_some_and(|xlr| xlr.fuse == XlrFuse::Concat);
        let plan = &mut *self.plan;
        let mut target = std::mem::take(&mut plan.memories[reader]);
        let remembered = &plan.memories[i];
        let has_memory = concatenates && config.memory_of(i).is_some();
        let qkv = &plan.qkv;
        self.engine.pool.split(
            self.batch * tokens * joints,
            [Chunks::new(&mut target, 2 * dim)],
            |_, unit, [out]| {
                let (clip, row, joint) = (
                    unit / (tokens * joints),
                    unit / joints % tokens,
                    unit % joints,
                );
                let own = Rows {
                    data: qkv,
                    offset: (clip * frames * joints + joint) * 3 * dim + dim,
                    stride: joints * 3 * dim,
                    count: own,
                };
                let memory = Rows {
                    data: remembered,
                    offset: (clip * tokens * joints + joint) * 2 * dim,
                    stride: joints * 2 * dim,
                    count: tokens,
                };
                let parts = [own, memory];
                let parts = if has_memory { &parts[..] } else { &parts[..1] };
                pool_row(self.engine.cpu, parts, (tokens, row), out);
            },
        );
        plan.memories[reader] = target;
    }

    /// Attention over the frames of each joint, with the memory of an earlier block.
    fn attend_frames(&mut self, i: usize) {
        let network = self.network;
        let config = &network.config;
        let (joints, dim) = (config.joints, config.dim);
        let (frames, own) = (config.block_frames(i).0, config.own_tokens(i));
        let sequences = self.batch * joints;
        let layout = |frames: usize, features: usize| Layout {
            offset: 0,
            group: joints,
            outer: frames * joints * features,
            inner: features,
            step: joints * features,
        };
        let heads = self.heads(sequences);
        let plan = &mut *self.plan;
        let queries = Tokens {
            data: &plan.qkv,
            layout: layout(frames, 3 * dim),
            count: frames,
        };
        let keys = Tokens {
            layout: queries.layout.shifted(dim),
            count: own,
            ..queries
        };
        let own = KeyValues {
            keys,
            value_offset: dim,
        };
        let tokens = config.memory_tokens();
        let remembered = KeyValues {
            keys: Tokens {
                data: &plan.memories[i],
                layout: layout(tokens, 2 * dim),
                count: tokens,
            },
            value_offset: dim,
        };
        let gate = network.temporal[i].gate.as_deref();
        let both = [own, remembered];
        let joined = if config.memory_of(i).is_some() && gate.is_none() {
            &both[..]
        } else {
            &both[..1]
        };
        let mut attend = |segments: &[KeyValues<'_>], blend| {
            let attention = Attention {
                heads,
                queries,
                segments,
                blend,
            };
            attention.run_on(
                (self.engine.cpu, &self.engine.pool),
                (&mut plan.attended, layout(frames, dim)),
                Chunks::new(&mut plan.scratch, plan.scratch_each),
                None,
            );
        };
        attend(joined, Blend::Set);
        if let (Some(gate), Some(_)) = (gate, config.memory_of(i)) {
            attend(&both[1..], Blend::AddTimes(gate));
        }
    }

    /// The rest of a block whose hidden layer mixes frames: `x` gets the block's output, of another
    /// number of frames.
    fn mix_frames(&mut self, block: &Block, before: usize, after: usize) {
        let config = &self.network.config;
        let (joints, dim) = (config.joints, config.dim);
        let width = joints * dim;
        let Hidden::Frames { first, second } = &block.hidden else {
            return;
        };
        let plan = &mut *self.plan;
        let (cpu, pool) = (self.engine.cpu, &self.engine.pool);
        let rows = self.batch * before * joints;
        block.proj.apply_on(
            pool,
            rows,
            (&plan.attended, dim),
            (&mut plan.x, dim),
            Finish::Add,
        );
        let stride = crate::kernels::mix::padded_stride(width, 1);
        for clip in 0..self.batch {
            let x = &plan.x[clip * before * width..][..before * width];
            for (frame, row) in x.chunks_exact(width).enumerate() {
                let normed = &mut plan.normed[frame * stride..][..width];
                block.norm2.apply(joints, (row, dim), (normed, dim));
            }
            let input = Padded {
                data: &plan.normed,
                stride,
                margin: 0,
            };
            first.apply_on(
                pool,
                0..width,
                input,
                (&mut plan.hidden, stride),
                Finish::Gelu,
            );
            let shortcut = &mut plan.filtered[clip * after * width..][..after * width];
            let rows = Rows {
                data: x,
                offset: 0,
                stride: width,
                count: before,
            };
            for (frame, row) in shortcut.chunks_exact_mut(width).enumerate() {
                if after <= before {
                    pool_row(cpu, &[rows], (after, frame), row);
                } else {
                    interpolate_row(cpu, rows, (after, frame), row);
                }
            }
            let hidden = Padded {
                data: &plan.hidden,
                stride,
                margin: 0,
            };
            second.apply_on(pool, 0..width, hidden, (shortcut, width), Finish::Add);
        }
        let len = self.batch * after * width;
        plan.x[..len].copy_from_slice(&plan.filtered[..len]);
    }

    /// All that concerns single tokens, from one attention to the next.
    fn tokens(&mut self, step: &TokenStep<'_>, output: &mut [f32]) {
        let config = &self.network.config;
        let (joints, dim) = (config.joints, config.dim);
        let rows = self.batch * step.frames * joints;
        let block = block_rows(&self.engine.pool, rows);
        let plan = &mut *self.plan;
        let tap = if self.trace.is_on() { rows * dim } else { 0 };
        let has_pyramid = matches!(step.next, Next::Attention(next) if next.pyramid.is_some());
        let normed = if has_pyramid { rows * dim } else { 0 };
        let no_slot = &mut crate::kernels::buffer::Buffer::default();
        let slot = match step.residual {
            Residual::Add(slot) | Residual::Keep(slot) | Residual::AddAndKeep(slot) => {
                &mut plan.slots[slot][..rows * dim]
            }
            Residual::None | Residual::Double => &mut no_slot[..],
        };
        let [tap_block, tap_norm] = &mut plan.taps;
        let outputs = [
            Chunks::new(&mut plan.x[..rows * dim], block * dim),
            Chunks::new(&mut plan.qkv[..rows * 3 * dim], block * 3 * dim),
            Chunks::new(&mut plan.normed[..normed], block * dim),
            Chunks::new(slot, block * dim),
            Chunks::new(&mut tap_block[..tap], block * dim),
            Chunks::new(&mut tap_norm[..tap], block * dim),
            Chunks::new(output, block * 3),
        ];
        let scratch = Chunks::new(&mut plan.scratch, plan.scratch_each);
        let attended = &plan.attended;
        self.engine.pool.split_with_scratch(
            rows.div_ceil(block),
            outputs,
            scratch,
            |unit, chunks, scratch| {
                let attended = &attended[unit * block * dim..];
                self.network
                    .token_rows(self.engine, step, unit * block, attended, chunks, scratch);
            },
        );
    }

    fn keep_taps(
        &mut self,
        i: usize,
        names: [&str; 2],
        shape: [usize; 3],
        order: impl Fn(&[f32]) -> Vec<f32>,
    ) {
        let len = shape.iter().product();
        for (name, tap) in names.into_iter().zip(&self.plan.taps) {
            self.trace
                .keep(format_args!("{name}.{i}"), &shape, || order(&tap[..len]));
        }
    }

    /// Keys and values of the first joint, as block `i` hands them on.
    fn keep_memory(&mut self, i: usize) {
        let config = &self.network.config;
        if config.xlr.is_none() || !self.trace.is_on() {
            return;
        }
        let (joints, dim, heads) = (config.joints, config.dim, config.heads);
        let own = config.own_tokens(i);
        let memory = config.handed_tokens(i) - own;
        for (name, part) in [("temporal_keys", 0), ("temporal_values", 1)] {
            let mut data = Vec::new();
            for token in 0..own {
                let start = token * joints * 3 * dim + (1 + part) * dim;
                data.extend_from_slice(&self.plan.qkv[start..][..dim]);
            }
            for token in 0..memory {
                let start = token * joints * 2 * dim + part * dim;
                data.extend_from_slice(&self.plan.memories[i][start..][..dim]);
            }
            let (tokens, width) = (own + memory, dim / heads);
            let shape = [1, heads, tokens, width];
            self.trace.keep(format_args!("{name}.{i}"), &shape, || {
                swapped(&data, [1, tokens, heads, width])
            });
        }
    }
}

/// What a pass over single tokens does.
struct TokenStep<'a> {
    block: &'a Block,
    /// Whether the hidden layer mixes channels, and is thus done here.
    channels: bool,
    norm: &'a Norm,
    /// Added after the norm: one row for each frame.
    table: Option<&'a [f32]>,
    residual: Residual,
    next: Next<'a>,
    frames: usize,
}

impl Rtpca {
    /// What is added to the output of temporal block `i`, and what is kept for later blocks.
    fn residual(&self, i: usize) -> Residual {
        let config = &self.config;
        let mirrored = (0..config.depth).any(|block| config.trunk_skip_of(block).is_some());
        if mirrored {
            let kept = (i + 1..config.depth).any(|later| config.trunk_skip_of(later) == Some(i));
            return match config.trunk_skip_of(i) {
                Some(slot) => Residual::Add(slot),
                None if kept => Residual::Keep(i),
                None => Residual::None,
            };
        }
        match config.xlr_residual {
            XlrResidual::SelfDouble if i > 0 => Residual::Double,
            XlrResidual::Prev if i > 0 => Residual::AddAndKeep(0),
            XlrResidual::Prev => Residual::Keep(0),
            XlrResidual::SelfDouble | XlrResidual::None => Residual::None,
        }
    }

    /// [`Pass::tokens`] for the rows from `first`.
    fn token_rows(
        &self,
        engine: &Engine,
        step: &TokenStep<'_>,
        first: usize,
        attended: &[f32],
        [x, qkv, normed, slot, tap_block, tap_norm, output]: [&mut [f32]; 7],
        scratch: &mut [f32],
    ) {
        let (cpu, dim) = (engine.cpu, self.config.dim);
        let rows = x.len() / dim;
        let (own, hidden) = scratch.split_at_mut(rows * dim);
        if let (true, Hidden::Channels(mlp)) = (step.channels, &step.block.hidden) {
            step.block
                .proj
                .apply(rows, (attended, dim), (x, dim), Finish::Add);
            step.block.norm2.apply(rows, (x, dim), (own, dim));
            mlp.add_to(rows, own, hidden, x);
        }
        if !tap_block.is_empty() {
            tap_block.copy_from_slice(x);
        }
        step.norm.apply_in_place(rows, (x, dim));
        if !tap_norm.is_empty() {
            tap_norm.copy_from_slice(x);
        }
        if let Some(table) = step.table {
            for (r, token) in x.chunks_exact_mut(dim).enumerate() {
                let frame = (first + r) / self.config.joints % step.frames;
                add(cpu, token, &table[frame * dim..][..dim]);
            }
        }
        match step.residual {
            Residual::None => {}
            Residual::Double => x.iter_mut().for_each(|x| *x *= 2.0),
            Residual::Add(_) => add(cpu, x, slot),
            Residual::Keep(_) => slot.copy_from_slice(x),
            Residual::AddAndKeep(_) => {
                add(cpu, x, slot);
                slot.copy_from_slice(x);
            }
        }
        match step.next {
            Next::Attention(next) if next.pyramid.is_some() => {
                next.norm1.apply(rows, (x, dim), (normed, dim));
                next.queries(rows, normed, qkv);
            }
            Next::Attention(next) => {
                next.norm1.apply(rows, (x, dim), (own, dim));
                next.queries(rows, own, qkv);
                next.keys_and_values(rows, own, qkv);
            }
            Next::Head => {
                self.head_norm.apply(rows, (x, dim), (own, dim));
                self.head.apply(rows, (own, dim), (output, 3), Finish::Set);
            }
        }
    }
}
