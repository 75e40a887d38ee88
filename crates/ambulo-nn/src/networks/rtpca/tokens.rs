//! All that concerns single tokens, from the output of one attention to the input of the next.

use super::blocks::{Block, Hidden};
use super::{Next, Pass, Residual, Rtpca};
use crate::config::XlrResidual;
use crate::kernels::buffer::Buffer;
use crate::kernels::gemm::Finish;
use crate::kernels::norm::{Norm, add};
use crate::kernels::pool::Chunks;
use crate::layers::block_rows;
use crate::threads::Engine;

/// What a pass over single tokens does.
pub(super) struct TokenStep<'a> {
    pub(super) block: &'a Block,
    /// Whether the hidden layer mixes channels, and is thus done here.
    pub(super) channels: bool,
    pub(super) norm: &'a Norm,
    /// Added after the norm: one row for each frame.
    pub(super) table: Option<&'a [f32]>,
    pub(super) residual: Residual,
    pub(super) next: Next<'a>,
    pub(super) frames: usize,
}

impl Pass<'_> {
    /// All that concerns single tokens, from one attention to the next.
    pub(super) fn tokens(&mut self, step: &TokenStep<'_>, output: &mut [f32]) {
        let config = &self.network.config;
        let (joints, dim) = (config.joints, config.dim);
        let rows = self.batch * step.frames * joints;
        let block = block_rows(&self.engine.pool, rows);
        let plan = &mut *self.plan;
        let tap = if self.trace.is_on() { rows * dim } else { 0 };
        let has_pyramid = matches!(step.next, Next::Attention(next) if next.pyramid.is_some());
        let normed = if has_pyramid { rows * dim } else { 0 };
        let no_slot = &mut Buffer::default();
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
}

impl Rtpca {
    /// What is added to the output of temporal block `i`, and what is kept for later blocks.
    pub(super) fn residual(&self, i: usize) -> Residual {
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
