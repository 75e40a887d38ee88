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
mod temporal;
mod tokens;

use blocks::{Block, Hidden};
use plan::Plan;
use pyramid::Pyramid;
use tokens::TokenStep;

use crate::config::{MixsteConfig, RtpcaConfig};
use crate::kernels::attention::{Attention, Blend, Heads, KeyValues, Layout, Tokens};
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::norm::{Norm, add};
use crate::kernels::pool::Chunks;
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
}
