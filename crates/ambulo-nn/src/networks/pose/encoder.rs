//! Attention among the cells of a map.
//!
//! All that concerns a single row of cells is done at once, so that it stays in the caches: from the end of
//! one attention to the projections of the next, attention within rows included.

mod layer;
mod places;
mod widths;

use layer::{Attend, Layer, Mixing};
use places::Places;
use widths::{Parts, Widths};

use super::program::{Order, keep};
use crate::config::{self, Axial, Position};
use crate::kernels::attention::long::{self, LongAttention};
use crate::kernels::attention::{self, Attention, Blend, Layout, Tokens};
use crate::kernels::buffer::Buffer;
use crate::kernels::maps::{Extents, inner, inner_mut};
use crate::kernels::pool::Chunks;
use crate::layers::{Checked, Trace};
use crate::threads::Engine;

/// The layers, one after the other, and their memory.
#[derive(Debug)]
pub(super) struct Encoder {
    widths: Widths,
    layers: Vec<Layer>,
    order: Order,
    memory: Memory,
}

/// Buffers whose rows are as many as those of a map with its edges.
#[derive(Debug, Default)]
struct Memory {
    /// Queries, keys and values of each cell.
    qkv: Buffer,
    /// Keys and values of one head of one picture, for attention among all.
    packed: Buffer,
    /// Result of attention.
    attended: Buffer,
    /// Between the two separable convolutions; a map.
    hidden: Buffer,
    /// What enters the separable convolutions if it is normed before; a map.
    normed: Buffer,
}

impl Encoder {
    /// Layers, what they do and what tells them places; extents, heads and epsilon.
    pub(super) fn new(
        (layers, encoder, position): (usize, &config::Encoder, Position),
        (extents, heads, eps): (Extents, usize, f32),
        order: Order,
        weights: Checked<'_>,
    ) -> Self {
        let widths = Widths::new(encoder, extents, heads);
        let places = Places::new(position, extents, weights);
        let layer = |layer| {
            let name = format!("global_encoder.layers.{layer}");
            Layer::new(encoder, widths, eps, &places, weights, &name)
        };
        Self {
            widths,
            layers: (0..layers).map(layer).collect(),
            order,
            memory: Memory::default(),
        }
    }

    /// Makes room for `batch` maps and says how much scratch memory a thread needs.
    pub(super) fn fit(&mut self, engine: &Engine, batch: usize) -> usize {
        let Widths { extents, heads, .. } = self.widths;
        let cells = batch * (extents.rows + 2) * extents.columns * extents.channels;
        self.memory.qkv.reserve(3 * cells);
        self.memory.attended.reserve(cells);
        if self.layers.iter().any(|layer| layer.separable.is_some()) {
            self.memory.hidden.reserve(batch * extents.image());
            if self.layers.iter().any(|layer| layer.is_pre_norm) {
                self.memory.normed.reserve(batch * extents.image());
            }
        }
        let width = extents.channels / heads;
        let is_long = matches!(
            self.layers.first().map(|layer| &layer.mixing),
            Some(Mixing::All(_))
        );
        let attention = if is_long {
            let keys = extents.rows * extents.columns;
            let packed = long::packed_len(engine.cpu, width, keys);
            self.memory.packed.reserve(packed);
            // Nothing else needs its own scratch memory meanwhile.
            let needed = long::scratch_len(engine.cpu, width);
            needed.saturating_sub(self.widths.scratch_len())
        } else {
            let keys = extents.rows.max(extents.columns);
            attention::scratch_len(engine.cpu, width, keys)
        };
        self.widths.scratch_len() + attention.next_multiple_of(16)
    }

    /// Runs all layers on `x`, maps of the given extents.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        batch: usize,
        x: &mut [f32],
        scratch: Chunks<'_>,
        trace: &mut Trace,
    ) {
        let mut pass = Pass {
            widths: self.widths,
            memory: &mut self.memory,
            engine,
            batch,
            x,
            scratch,
        };
        if let Some(first) = self.layers.first() {
            pass.enter(first);
        }
        for (index, layer) in self.layers.iter().enumerate() {
            let next = self.layers.get(index + 1);
            match &layer.mixing {
                Mixing::All(attend) => {
                    pass.attend_all();
                    pass.close(layer, attend, next);
                }
                Mixing::Twin {
                    columns,
                    rows,
                    axial,
                } => {
                    pass.attend_columns();
                    pass.attend_rows(layer, [columns, rows], *axial);
                    pass.separate(layer);
                    pass.join(layer, next);
                }
            }
            if trace.is_on() {
                let map = (&*pass.x, self.widths.extents);
                keep(trace, &format!("encoder.{index}"), batch, map, self.order);
            }
        }
    }
}

/// One forward pass.
struct Pass<'a> {
    widths: Widths,
    memory: &'a mut Memory,
    engine: &'a Engine,
    batch: usize,
    x: &'a mut [f32],
    scratch: Chunks<'a>,
}

impl Pass<'_> {
    /// Projects the map for the first layer.
    fn enter(&mut self, first: &Layer) {
        let (widths, cells) = (self.widths, &*self.x);
        let qkv = Chunks::new(&mut self.memory.qkv, widths.row(3));
        self.engine.pool.split_with_scratch(
            self.batch * widths.rows(),
            [qkv],
            self.scratch.again(),
            |unit, [qkv], scratch| {
                if let Some(row) = widths.row_of(unit) {
                    let x = inner(&cells[unit * widths.extents.row()..], widths.extents);
                    first.project(row, x, qkv, &mut widths.parts(scratch));
                }
            },
        );
    }

    /// Attention of each cell to all, some keys at a time.
    fn attend_all(&mut self) {
        let widths = self.widths;
        let Extents { rows, columns, .. } = widths.extents;
        let layout = |features: usize| Layout {
            // The first row of an image is an edge.
            offset: widths.row(features),
            group: self.batch,
            outer: 0,
            inner: widths.rows() * widths.row(features),
            step: features * widths.extents.channels,
        };
        let queries = Tokens {
            data: &self.memory.qkv,
            layout: layout(3),
            count: rows * columns,
        };
        let attention = LongAttention {
            heads: widths.heads_of(self.batch),
            queries,
            keys: widths.keys_of(queries),
        };
        attention.run_on(
            (self.engine.cpu, &self.engine.pool),
            (&mut self.memory.attended, layout(1)),
            &mut self.memory.packed,
            self.scratch.again(),
        );
    }

    /// Attention within columns.
    fn attend_columns(&mut self) {
        let widths = self.widths;
        let Extents { rows, columns, .. } = widths.extents;
        let layout = |features: usize| Layout {
            offset: widths.row(features),
            group: columns,
            outer: widths.rows() * widths.row(features),
            inner: features * widths.extents.channels,
            step: widths.row(features),
        };
        let queries = Tokens {
            data: &self.memory.qkv,
            layout: layout(3),
            count: rows,
        };
        let attention = Attention {
            heads: widths.heads_of(self.batch * columns),
            queries,
            segments: &[widths.keys_of(queries)],
            blend: Blend::Set,
        };
        attention.run_on(
            (self.engine.cpu, &self.engine.pool),
            (&mut self.memory.attended, layout(1)),
            self.scratch.again(),
            None,
        );
    }

    /// The end of an attention among all, the linear layers, and what the next layer begins with.
    fn close(&mut self, layer: &Layer, attend: &Attend, next: Option<&Layer>) {
        let widths = self.widths;
        let Memory { qkv, attended, .. } = &mut *self.memory;
        let attended = &*attended;
        let outputs = [
            Chunks::new(self.x, widths.extents.row()),
            Chunks::new(qkv, widths.row(3)),
        ];
        self.engine.pool.split_with_scratch(
            self.batch * widths.rows(),
            outputs,
            self.scratch.again(),
            |unit, [x, qkv], scratch| {
                if let Some(row) = widths.row_of(unit) {
                    let x = inner_mut(x, widths.extents);
                    let parts = &mut widths.parts(scratch);
                    attend.leave(&attended[unit * widths.row(1)..], x);
                    layer.norm_after(0, x);
                    layer.feed(1, x, parts);
                    if let Some(next) = next {
                        next.project(row, x, qkv, parts);
                    }
                }
            },
        );
    }

    /// The end of the attention within columns, and all of that within rows. Leaves what the separable
    /// convolutions read, if that is not the map itself.
    fn attend_rows(&mut self, layer: &Layer, [columns, rows]: [&Attend; 2], axial: Axial) {
        let (widths, cpu) = (self.widths, self.engine.cpu);
        let Memory {
            attended, normed, ..
        } = &mut *self.memory;
        let attended = &*attended;
        let outputs = [
            Chunks::new(self.x, widths.extents.row()),
            Chunks::new(normed, widths.extents.row()),
        ];
        self.engine.pool.split_with_scratch(
            self.batch * widths.rows(),
            outputs,
            self.scratch.again(),
            |unit, [x, normed], scratch| {
                if let Some(row) = widths.row_of(unit) {
                    let x = inner_mut(x, widths.extents);
                    let Parts {
                        normed: own,
                        wide,
                        attention,
                    } = widths.parts(scratch);
                    let within_columns = &attended[unit * widths.row(1)..];
                    match axial {
                        Axial::Sequential => {
                            columns.leave(within_columns, x);
                            layer.norm_after(0, x);
                            let entered = layer.norm_before(1, x, own);
                            let within_row =
                                widths.within_row(cpu, (rows, row), entered, wide, attention);
                            rows.leave(within_row, x);
                            layer.norm_after(1, x);
                        }
                        Axial::Parallel => {
                            let entered = layer.norm_before(0, x, own);
                            let within_row =
                                widths.within_row(cpu, (rows, row), entered, wide, attention);
                            columns.leave(within_columns, x);
                            rows.leave(within_row, x);
                            layer.norm_after(0, x);
                        }
                    }
                    if layer.is_pre_norm {
                        layer.norm_before(2, x, inner_mut(normed, widths.extents));
                    }
                }
            },
        );
    }

    /// The first separable convolution.
    fn separate(&mut self, layer: &Layer) {
        let widths = self.widths;
        let Some(separable) = &layer.separable else {
            return;
        };
        let Memory { hidden, normed, .. } = &mut *self.memory;
        let from = if layer.is_pre_norm {
            &**normed
        } else {
            &*self.x
        };
        let outputs = [Chunks::new(hidden, widths.extents.row())];
        self.engine.pool.split_with_scratch(
            self.batch * widths.rows(),
            outputs,
            self.scratch.again(),
            |unit, [hidden], scratch| {
                if widths.row_of(unit).is_some() {
                    let filtered = widths.parts(scratch).normed;
                    separable.depthwise[0].row(widths.around(from, unit), filtered);
                    separable.first(filtered, inner_mut(hidden, widths.extents));
                }
            },
        );
    }

    /// The second separable convolution, the linear layers, and what the next layer begins with.
    fn join(&mut self, layer: &Layer, next: Option<&Layer>) {
        let widths = self.widths;
        let Some(separable) = &layer.separable else {
            return;
        };
        let Memory { hidden, qkv, .. } = &mut *self.memory;
        let hidden = &*hidden;
        let outputs = [
            Chunks::new(self.x, widths.extents.row()),
            Chunks::new(qkv, widths.row(3)),
        ];
        self.engine.pool.split_with_scratch(
            self.batch * widths.rows(),
            outputs,
            self.scratch.again(),
            |unit, [x, qkv], scratch| {
                if let Some(row) = widths.row_of(unit) {
                    let x = inner_mut(x, widths.extents);
                    let parts = &mut widths.parts(scratch);
                    separable.depthwise[1].row(widths.around(hidden, unit), parts.normed);
                    separable.second(parts.normed, x);
                    layer.norm_after(2, x);
                    layer.feed(3, x, parts);
                    if let Some(next) = next {
                        next.project(row, x, qkv, parts);
                    }
                }
            },
        );
    }
}
