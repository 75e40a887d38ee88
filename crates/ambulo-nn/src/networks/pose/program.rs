//! A network as a list of steps on maps, and the memory of those maps.
//!
//! Maps of the same extents share memory where no two of them are needed at the same time. Memory never
//! changes its extents, so that the zeros around a map stay where they are.

use super::encoder::Encoder;
use crate::kernels::buffer::Buffer;
use crate::kernels::conv::{After, Conv, MOST_TERMS, Rectify, Scratch};
use crate::kernels::maps::{self, Extents, Place, Term};
use crate::kernels::pool::Chunks;
use crate::layers::Trace;
use crate::threads::Engine;

/// A map by its number: while steps are gathered its own, later that of its memory.
pub(super) type Map = usize;

/// What one step computes.
#[derive(Debug)]
pub(super) enum Step {
    /// A convolution.
    Conv {
        conv: Box<Conv>,
        from: Map,
        to: Map,
        terms: Vec<Addend>,
        rectify: Rectify,
    },
    /// A sum of maps.
    Sum {
        terms: Vec<Addend>,
        to: Map,
        rectified: bool,
    },
    /// The encoder, in place.
    Encode(Box<Encoder>, Map),
    /// Keeps a map under a name if intermediate results are asked for.
    Keep {
        name: String,
        map: Map,
        order: Order,
    },
}

/// Channels of a map to be added to another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addend {
    pub(super) map: Map,
    pub(super) place: Place,
    /// How often it is doubled in size before.
    pub(super) doublings: u32,
}

/// The order of the axes of intermediate results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// `[batch, channels, rows, columns]`.
    Planes,
    /// `[batch, rows, columns, channels]`.
    Cells,
    /// `[rows · columns, batch, channels]`.
    Tokens,
}

impl Step {
    fn maps(&mut self, visit: &mut dyn FnMut(&mut Map)) {
        match self {
            Self::Conv {
                from, to, terms, ..
            } => {
                visit(from);
                visit(to);
                for term in terms {
                    visit(&mut term.map);
                }
            }
            Self::Sum { terms, to, .. } => {
                visit(to);
                for term in terms {
                    visit(&mut term.map);
                }
            }
            Self::Encode(_, map) | Self::Keep { map, .. } => visit(map),
        }
    }
}

/// A list of steps from pictures to heat-maps, with their memory.
#[derive(Debug)]
pub(super) struct Program {
    steps: Vec<Step>,
    memory: Vec<(Extents, Buffer)>,
    input: Map,
    output: (Map, usize),
    scratch: Buffer,
    scratch_each: usize,
    shared: Buffer,
    fits: Option<usize>,
}

impl Program {
    /// Finds memory for `maps`, which the steps name by their places in the list. The first `joints`
    /// channels of the map `output` are the result.
    pub(super) fn new(
        mut steps: Vec<Step>,
        maps: &[Extents],
        input: Map,
        (output, joints): (Map, usize),
    ) -> Self {
        let mut last = vec![0; maps.len()];
        for (at, step) in steps.iter_mut().enumerate() {
            step.maps(&mut |map| last[*map] = at);
        }
        last[output] = steps.len();
        let mut memory: Vec<(Extents, Buffer)> = Vec::new();
        let mut free: Vec<usize> = Vec::new();
        let mut homes: Vec<Option<usize>> = vec![None; maps.len()];
        let mut settle = |map: Map, free: &mut Vec<usize>| -> usize {
            *homes[map].get_or_insert_with(|| {
                let fitting = free.iter().position(|&home| memory[home].0 == maps[map]);
                fitting.map_or_else(
                    || {
                        memory.push((maps[map], Buffer::default()));
                        memory.len() - 1
                    },
                    |at| free.remove(at),
                )
            })
        };
        let first_home = settle(input, &mut free);
        for (at, step) in steps.iter_mut().enumerate() {
            let mut ended = Vec::new();
            step.maps(&mut |map| {
                let home = settle(*map, &mut free);
                if last[*map] == at && !ended.contains(&home) {
                    ended.push(home);
                }
                *map = home;
            });
            free.extend(ended);
        }
        let output = (settle(output, &mut free), joints);
        Self {
            steps,
            memory,
            input: first_home,
            output,
            scratch: Buffer::default(),
            scratch_each: 0,
            shared: Buffer::default(),
            fits: None,
        }
    }

    /// Makes room for `batch` pictures; does nothing if it was called so before.
    fn fit(&mut self, engine: &Engine, batch: usize) {
        if self.fits == Some(batch) {
            return;
        }
        for (extents, buffer) in &mut self.memory {
            buffer.reserve(batch * extents.image());
        }
        let (mut most, mut shared) = (0, 0);
        for step in &mut self.steps {
            most = most.max(match step {
                Step::Conv { conv, .. } => {
                    shared = shared.max(conv.shared_len(batch));
                    conv.scratch_len()
                }
                Step::Encode(encoder, _) => encoder.fit(engine, batch),
                Step::Sum { .. } | Step::Keep { .. } => 0,
            });
        }
        self.scratch_each = most.next_multiple_of(16);
        self.scratch
            .reserve(engine.pool.threads() * self.scratch_each);
        self.shared.reserve(shared);
        self.fits = Some(batch);
    }

    /// Runs all steps; slices have been checked.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        self.fit(engine, batch);
        let memory = &mut self.memory;
        let (extents, buffer) = &mut memory[self.input];
        maps::from_pictures(&engine.pool, batch, input, (buffer, *extents));
        for step in &mut self.steps {
            let scratch = Chunks::new(&mut self.scratch, self.scratch_each);
            match step {
                Step::Conv {
                    conv,
                    from,
                    to,
                    terms,
                    rectify,
                } => {
                    let mut target = std::mem::take(&mut memory[*to].1);
                    let after = After {
                        rectify: *rectify,
                        terms: &gathered(memory, terms)[..terms.len()],
                    };
                    let source = &memory[*from].1;
                    let scratch = Scratch {
                        own: scratch,
                        shared: &mut self.shared,
                    };
                    conv.apply_on(&engine.pool, batch, source, &mut target, &after, scratch);
                    memory[*to].1 = target;
                }
                Step::Sum {
                    terms,
                    to,
                    rectified,
                } => {
                    let (extents, mut target) = (memory[*to].0, std::mem::take(&mut memory[*to].1));
                    let terms = &gathered(memory, terms)[..terms.len()];
                    let on = (engine.cpu, &*engine.pool);
                    maps::sum_on(on, batch, terms, (&mut target, extents), *rectified);
                    memory[*to].1 = target;
                }
                Step::Encode(encoder, map) => {
                    encoder.run(engine, batch, &mut memory[*map].1, scratch, trace);
                }
                Step::Keep { name, map, order } => {
                    if trace.is_on() {
                        let (extents, data) = &memory[*map];
                        keep(trace, name, batch, (data, *extents), *order);
                    }
                }
            }
        }
        let (map, joints) = self.output;
        let (extents, data) = &memory[map];
        let place = Place::from(*extents);
        maps::to_pictures(&engine.pool, batch, data, place, (output, joints));
    }
}

fn gathered<'a>(memory: &'a [(Extents, Buffer)], addends: &[Addend]) -> [Term<'a>; MOST_TERMS] {
    let mut terms = [Term::default(); MOST_TERMS];
    for (term, addend) in terms.iter_mut().zip(addends) {
        *term = Term {
            data: &memory[addend.map].1,
            place: addend.place,
            doublings: addend.doublings,
        };
    }
    terms
}

/// Keeps the cells of a map.
pub(super) fn keep(
    trace: &mut Trace,
    name: &str,
    batch: usize,
    (data, extents): (&[f32], Extents),
    order: Order,
) {
    let Extents {
        rows,
        columns,
        channels,
    } = extents;
    let place = |image: usize, cell: usize, channel: usize| {
        let (row, column) = (cell / columns, cell % columns);
        let start = image * extents.image() + extents.origin();
        data[start + row * extents.row() + column * channels + channel]
    };
    let cells = rows * columns;
    let (shape, strides) = match order {
        Order::Planes => (vec![batch, channels, rows, columns], [0, 2, 1]),
        Order::Cells => (vec![batch, rows, columns, channels], [0, 1, 2]),
        Order::Tokens => (vec![cells, batch, channels], [1, 0, 2]),
    };
    trace.keep(format_args!("{name}"), &shape, || {
        let counts = [batch, cells, channels];
        let [outer, middle, inner] = strides;
        let mut kept = Vec::with_capacity(batch * cells * channels);
        for i in 0..counts[outer] {
            for j in 0..counts[middle] {
                for k in 0..counts[inner] {
                    let mut at = [0; 3];
                    (at[outer], at[middle], at[inner]) = (i, j, k);
                    kept.push(place(at[0], at[1], at[2]));
                }
            }
        }
        kept
    });
}
