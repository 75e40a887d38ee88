//! What temporal attention takes: the pyramid's keys and values, and the memory of an earlier block.

use std::collections::BTreeMap;

use super::Pass;
use super::blocks::{Block, Hidden};
use super::pyramid::{Channels, Pyramid};
use crate::config::XlrFuse;
use crate::kernels::attention::{Attention, Blend, KeyValues, Layout, Tokens};
use crate::kernels::gemm::Finish;
use crate::kernels::mix::{Padded, padded_stride};
use crate::kernels::pool::Chunks;
use crate::kernels::time::{Rows, interpolate_row, pool_row};
use crate::layers::{block_rows, swapped};

impl Pass<'_> {
    /// Filters the keys' and values' input of temporal block `i` through its pyramid.
    pub(super) fn filter(&mut self, pyramid: &Pyramid, i: usize) {
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
    pub(super) fn keep_levels(&mut self, pyramid: &Pyramid) {
        let config = &self.network.config;
        let (joints, dim, frames) = (config.joints, config.dim, config.frames);
        let width = pyramid.width();
        let sequences = self.batch * joints;
        let mut levels: BTreeMap<&'static str, Vec<f32>> = BTreeMap::new();
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
    pub(super) fn filtered_keys_and_values(&mut self, block: &Block, pyramid: &Pyramid, i: usize) {
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
    pub(super) fn hand_over(&mut self, i: usize) {
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
    pub(super) fn attend_frames(&mut self, i: usize) {
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
    pub(super) fn mix_frames(&mut self, block: &Block, before: usize, after: usize) {
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
        let stride = padded_stride(width, 1);
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

    /// Keys and values of the first joint, as block `i` hands them on.
    pub(super) fn keep_memory(&mut self, i: usize) {
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
