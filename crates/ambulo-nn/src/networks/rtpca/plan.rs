//! Memory of a forward pass, planned once for each batch.

use crate::config::{RtpcaConfig, XlrResidual};
use crate::kernels::attention;
use crate::kernels::buffer::Buffer;
use crate::kernels::mix::padded_stride;
use crate::layers::block_rows;
use crate::threads::Engine;

use super::pyramid;

#[derive(Debug, Default)]
pub(super) struct Plan {
    /// What buffers were last sized for.
    fits: Option<(usize, bool)>,
    /// Tokens, `[batch, frames, joints, dim]`.
    pub(super) x: Buffer,
    /// Queries, keys and values of each token.
    pub(super) qkv: Buffer,
    /// Result of attention.
    pub(super) attended: Buffer,
    /// Input of a pyramid; of a hidden layer that mixes frames.
    pub(super) normed: Buffer,
    /// Output of a pyramid; of a hidden layer that mixes frames.
    pub(super) filtered: Buffer,
    /// Between the layers that mix frames.
    pub(super) hidden: Buffer,
    /// Pooled keys and values for the block of the same index, `[batch, tokens, joints, 2 · dim]`.
    pub(super) memories: Vec<Buffer>,
    /// Outputs of blocks that later ones add.
    pub(super) slots: Vec<Buffer>,
    /// Output of a block before and after its norm, if traced.
    pub(super) taps: [Buffer; 2],
    /// Scratch memory of all threads.
    pub(super) scratch: Buffer,
    /// Scratch memory of each.
    pub(super) scratch_each: usize,
}

impl Plan {
    /// Makes room for `batch` clips; does nothing if it was called so before.
    pub(super) fn fit(
        &mut self,
        config: &RtpcaConfig,
        engine: &Engine,
        batch: usize,
        traced: bool,
    ) {
        if self.fits == Some((batch, traced)) {
            return;
        }
        let (joints, dim) = (config.joints, config.dim);
        let tokens = batch * config.frames * joints;
        let mixes_frames = (0..config.depth).any(|block| config.mlp_mixes_frames(block));
        self.x.reserve(tokens * dim);
        self.qkv.reserve(tokens * 3 * dim);
        self.attended.reserve(tokens * dim);
        let padded = config.frames * padded_stride(joints * dim, 1);
        if config.tpca.is_some() || mixes_frames {
            self.filtered.reserve(tokens * dim);
            self.normed.reserve((tokens * dim).max(padded));
        }
        if mixes_frames {
            self.hidden.reserve(padded);
        }
        let memory = batch * config.memory_tokens() * joints * 2 * dim;
        self.memories.resize_with(config.depth, Buffer::default);
        self.slots.resize_with(config.depth, Buffer::default);
        for block in 0..config.depth {
            if config.memory_of(block).is_some() {
                self.memories[block].reserve(memory);
            }
            if let Some(skipped) = config.trunk_skip_of(block) {
                self.slots[skipped].reserve(tokens * dim);
            }
        }
        if config.xlr_residual == XlrResidual::Prev {
            self.slots[0].reserve(tokens * dim);
        }
        for tap in &mut self.taps {
            tap.reserve(if traced { tokens * dim } else { 0 });
        }
        self.scratch_each = scratch_each(config, engine, tokens).next_multiple_of(16);
        self.scratch
            .reserve(engine.pool.threads() * self.scratch_each);
        self.fits = Some((batch, traced));
    }
}

fn scratch_each(config: &RtpcaConfig, engine: &Engine, tokens: usize) -> usize {
    let dim = config.dim;
    // Blocks of fewer tokens, in networks that shorten the clip, never have more rows.
    let rows = block_rows(&engine.pool, tokens);
    let token_step = rows * dim * (1 + config.mlp_ratio);
    let keys = (config.frames + config.memory_tokens()).max(config.joints);
    let attention = attention::scratch_len(engine.cpu, dim / config.heads, keys);
    let pyramid = pyramid::scratch_len(config);
    token_step.max(attention).max(pyramid)
}
