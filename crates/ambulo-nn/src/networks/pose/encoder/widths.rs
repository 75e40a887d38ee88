//! How long rows of cells are, and how scratch memory is divided.

use super::layer::Attend;
use crate::config::Encoder;
use crate::kernels::Cpu;
use crate::kernels::attention::{Attention, Blend, Heads, KeyValues, Layout, Tokens};
use crate::kernels::maps::{Extents, inner_row};

/// Extents of an encoder's map, its heads, and the width of its hidden layer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Widths {
    pub(super) extents: Extents,
    pub(super) heads: usize,
    hidden: usize,
}

/// Scratch memory of a thread.
pub(super) struct Parts<'a> {
    /// A row of cells.
    pub(super) normed: &'a mut [f32],
    /// Queries, keys, values and what attention gives for a row of cells; or its hidden layer.
    pub(super) wide: &'a mut [f32],
    /// What attention needs.
    pub(super) attention: &'a mut [f32],
}

impl Widths {
    pub(super) fn new(encoder: &Encoder, extents: Extents, heads: usize) -> Self {
        let hidden = match encoder {
            Encoder::SelfAttention { ffn, .. } => *ffn,
            Encoder::Twin { feed, .. } => feed.ffn.unwrap_or(0),
        };
        Self {
            extents,
            heads,
            hidden,
        }
    }

    /// Rows of an image with its edges.
    pub(super) fn rows(self) -> usize {
        self.extents.rows + 2
    }

    /// Numbers in a row of cells without its edges, `features` for each channel.
    pub(super) fn row(self, features: usize) -> usize {
        self.extents.columns * features * self.extents.channels
    }

    /// The row of the map that a row of the memory holds; none for an edge.
    pub(super) fn row_of(self, unit: usize) -> Option<usize> {
        inner_row(unit % self.rows(), self.extents.rows)
    }

    /// A row of a map with its edges, between the one above and the one below.
    pub(super) fn around(self, map: &[f32], unit: usize) -> [&[f32]; 3] {
        let row = self.extents.row();
        [unit - 1, unit, unit + 1].map(|unit| &map[unit * row..][..row])
    }

    fn wide(self) -> usize {
        self.row(4).max(self.extents.columns * self.hidden)
    }

    /// Scratch memory of a thread, but for that of attention.
    pub(super) fn scratch_len(self) -> usize {
        (self.row(1) + self.wide()).next_multiple_of(16)
    }

    pub(super) fn parts(self, scratch: &mut [f32]) -> Parts<'_> {
        let (normed, rest) = scratch.split_at_mut(self.row(1));
        let (wide, attention) = rest.split_at_mut(self.wide());
        Parts {
            normed,
            wide,
            attention,
        }
    }

    pub(super) fn heads_of(self, sequences: usize) -> Heads {
        let width = self.extents.channels / self.heads;
        Heads {
            sequences,
            count: self.heads,
            width,
            scale: 1.0 / (width as f32).sqrt(),
        }
    }

    /// The keys and values that lie behind these queries.
    pub(super) fn keys_of(self, queries: Tokens<'_>) -> KeyValues<'_> {
        let channels = self.extents.channels;
        KeyValues {
            keys: Tokens {
                layout: queries.layout.shifted(channels),
                ..queries
            },
            value_offset: channels,
        }
    }

    /// Attention within a row of cells, and what it gives for each.
    pub(super) fn within_row<'a>(
        self,
        cpu: Cpu,
        (attend, row): (&Attend, usize),
        cells: &[f32],
        wide: &'a mut [f32],
        scratch: &mut [f32],
    ) -> &'a [f32] {
        let (qkv, attended) = wide.split_at_mut(self.row(3));
        attend.project(row, cells, qkv);
        let layout = |features: usize| Layout {
            offset: 0,
            group: 1,
            outer: 0,
            inner: 0,
            step: features * self.extents.channels,
        };
        let queries = Tokens {
            data: qkv,
            layout: layout(3),
            count: self.extents.columns,
        };
        let attention = Attention {
            heads: self.heads_of(1),
            queries,
            segments: &[self.keys_of(queries)],
            blend: Blend::Set,
        };
        attention.run(cpu, (&mut *attended, layout(1)), scratch, None);
        attended
    }
}
