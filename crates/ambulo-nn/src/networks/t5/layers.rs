//! Matrices in either precision, and the blocks of both stacks.

use super::{Precision, offsets_at};
use crate::config::T5Config;
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::half::{HalfLinear, half};
use crate::kernels::keyed::Keyed;
use crate::kernels::norm::{RmsNorm, gate};
use crate::kernels::pool::{Chunks, Pool};
use crate::layers::Checked;
use crate::threads::Engine;

/// Weights of a linear layer without bias.
#[derive(Debug)]
pub(super) enum Matrix {
    Full(Linear),
    Half(HalfLinear),
}

impl Matrix {
    /// The rows of several layers that read the same, one below the other.
    pub(super) fn new(
        weights: Checked<'_>,
        names: &[impl AsRef<str>],
        precision: Precision,
    ) -> Self {
        let mut joined = Vec::new();
        let mut outputs = 0;
        for name in names {
            let name = format!("{}.weight", name.as_ref());
            joined.extend_from_slice(weights.data(&name));
            outputs += weights.shape(&name).first().copied().unwrap_or(0);
        }
        match precision {
            Precision::F32 => Self::Full(Linear::new(weights.cpu, &joined, None, outputs)),
            Precision::Bf16 => Self::Half(HalfLinear::new(weights.cpu, &joined, outputs)),
        }
    }

    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Full(layer) => layer.outputs(),
            Self::Half(layer) => layer.outputs(),
        }
    }

    fn inputs(&self) -> usize {
        match self {
            Self::Full(layer) => layer.inputs(),
            Self::Half(layer) => layer.inputs(),
        }
    }

    /// Whole rows of the product.
    pub(super) fn product(&self, pool: &Pool, input: &[f32]) -> Vec<f32> {
        let rows = input.len() / self.inputs();
        let mut output = vec![0.0; rows * self.outputs()];
        self.run(pool, input, &mut output, Finish::Set);
        output
    }

    /// Adds the product to rows.
    fn add_to(&self, pool: &Pool, input: &[f32], output: &mut [f32]) {
        self.run(pool, input, output, Finish::Add);
    }

    fn run(&self, pool: &Pool, input: &[f32], output: &mut [f32], finish: Finish) {
        let rows = input.len() / self.inputs();
        match self {
            Self::Full(layer) => {
                let width = layer.outputs();
                layer.apply_on(pool, rows, (input, layer.inputs()), (output, width), finish);
            }
            Self::Half(layer) => layer.apply_on(pool, rows, input, output, finish),
        }
    }
}

/// Rows of tokens.
#[derive(Debug)]
pub(super) enum Table {
    Full(Vec<f32>, usize),
    Half(Vec<u16>, usize),
}

impl Table {
    pub(super) fn new(rows: &[f32], width: usize, precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::Full(rows.to_vec(), width),
            Precision::Bf16 => Self::Half(rows.iter().map(|&x| half(x)).collect(), width),
        }
    }

    /// Appends a row, which exists.
    pub(super) fn append(&self, row: usize, to: &mut Vec<f32>) {
        match self {
            Self::Full(rows, width) => to.extend_from_slice(&rows[row * width..][..*width]),
            Self::Half(rows, width) => {
                let row = &rows[row * width..][..*width];
                to.extend(
                    row.iter()
                        .map(|&half| f32::from_bits(u32::from(half) << 16)),
                );
            }
        }
    }
}

pub(super) fn norm(weights: Checked<'_>, config: &T5Config, name: &str) -> RmsNorm {
    RmsNorm::new(
        weights.cpu,
        weights.data(&format!("{name}.weight")),
        config.eps,
    )
}

/// A norm, the projections of an attention, and its output.
#[derive(Debug)]
pub(super) struct Attention {
    norm: RmsNorm,
    heads: usize,
    width: usize,
    /// Queries; with keys and values behind them where they come from the same rows.
    queries: Matrix,
    /// Keys and values of other rows.
    others: Option<Matrix>,
    output: Matrix,
}

/// Which keys a query looks at.
#[derive(Debug, Clone, Copy)]
enum Reach<'a> {
    /// The first so many, with offsets `[heads, 2·rows - 1]` by distance.
    All(usize, &'a [f32]),
    /// Those up to the query's own, with offsets `[heads, keys]` by distance.
    Before(&'a [f32]),
    /// All that were read, without offsets.
    Read,
}

impl Attention {
    fn own(config: &T5Config, weights: Checked<'_>, name: &str, precision: Precision) -> Self {
        let part = |part: &str| format!("{name}.SelfAttention.{part}");
        Self {
            norm: norm(weights, config, &format!("{name}.layer_norm")),
            heads: config.heads,
            width: config.head_dim,
            queries: Matrix::new(weights, &["q", "k", "v"].map(part), precision),
            others: None,
            output: Matrix::new(weights, &[part("o")], precision),
        }
    }

    fn of_others(
        config: &T5Config,
        weights: Checked<'_>,
        name: &str,
        precision: Precision,
    ) -> Self {
        let part = |part: &str| format!("{name}.EncDecAttention.{part}");
        Self {
            norm: norm(weights, config, &format!("{name}.layer_norm")),
            heads: config.heads,
            width: config.head_dim,
            queries: Matrix::new(weights, &[part("q")], precision),
            others: Some(Matrix::new(weights, &["k", "v"].map(part), precision)),
            output: Matrix::new(weights, &[part("o")], precision),
        }
    }

    fn inner(&self) -> usize {
        self.heads * self.width
    }

    /// Keys and values of rows that were read, each `[rows, inner]`.
    pub(super) fn keys_and_values(&self, engine: &Engine, rows: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let Some(others) = &self.others else {
            return (Vec::new(), Vec::new());
        };
        let inner = self.inner();
        let both = others.product(&engine.pool, rows);
        both.chunks_exact(2 * inner)
            .map(|row| row.split_at(inner))
            .fold(
                (Vec::new(), Vec::new()),
                |(mut keys, mut values), (key, value)| {
                    keys.extend_from_slice(key);
                    values.extend_from_slice(value);
                    (keys, values)
                },
            )
    }

    /// Queries of rows, norm first; what follows them in each row goes to `keyed`.
    fn queries(&self, engine: &Engine, x: &[f32], keyed: Option<&mut Keyed>) -> Vec<f32> {
        let mut normed = vec![0.0; x.len()];
        self.norm.apply(x, &mut normed);
        let projected = self.queries.product(&engine.pool, &normed);
        let Some(keyed) = keyed else {
            return projected;
        };
        let inner = self.inner();
        let mut queries = Vec::with_capacity(projected.len() / 3);
        for row in projected.chunks_exact(3 * inner) {
            let (query, rest) = row.split_at(inner);
            let (key, value) = rest.split_at(inner);
            queries.extend_from_slice(query);
            keyed.push(key, value);
        }
        queries
    }

    /// Adds the answers to queries to rows.
    fn answer(
        &self,
        engine: &Engine,
        queries: &[f32],
        (keyed, reach): (&Keyed, Reach<'_>),
        x: &mut [f32],
    ) {
        let (heads, width) = (self.heads, self.width);
        let rows = queries.len() / self.inner();
        let mut answers = vec![0.0; queries.len()];
        let mut scratch = vec![0.0; keyed.scratch_len() * engine.pool.threads()];
        engine.pool.split_with_scratch(
            rows * heads,
            [Chunks::new(&mut answers, width)],
            Chunks::new(&mut scratch, keyed.scratch_len()),
            |index, [answer], scores| {
                let (row, head) = (index / heads, index % heads);
                let query = &queries[index * width..][..width];
                let (count, offsets) = match reach {
                    Reach::All(count, span) => {
                        let offsets = offsets_at(span, 2 * rows - 1, rows - 1 - row);
                        (count, Some(offsets))
                    }
                    Reach::Before(span) => {
                        let all = keyed.count();
                        let count = all - (rows - 1 - row);
                        (count, Some(offsets_at(span, all, all - count)))
                    }
                    Reach::Read => (keyed.count(), None),
                };
                keyed.attend(engine.cpu, (head, count), query, offsets, scores, answer);
            },
        );
        self.output.add_to(&engine.pool, &answers, x);
    }
}

/// A norm and two layers, the first of two halves that are multiplied.
#[derive(Debug)]
struct Feed {
    norm: RmsNorm,
    first: Matrix,
    second: Matrix,
}

impl Feed {
    fn new(config: &T5Config, weights: Checked<'_>, name: &str, precision: Precision) -> Self {
        let part = |part: &str| format!("{name}.DenseReluDense.{part}");
        Self {
            norm: norm(weights, config, &format!("{name}.layer_norm")),
            first: Matrix::new(weights, &["wi_0", "wi_1"].map(part), precision),
            second: Matrix::new(weights, &[part("wo")], precision),
        }
    }

    fn add_to(&self, engine: &Engine, x: &mut [f32]) {
        let mut normed = vec![0.0; x.len()];
        self.norm.apply(x, &mut normed);
        let mut wide = self.first.product(&engine.pool, &normed);
        let width = self.first.outputs();
        gate(engine.cpu, &mut wide, width);
        let halves = wide.chunks_exact(width).flat_map(|row| &row[..width / 2]);
        let gated: Vec<f32> = halves.copied().collect();
        self.second.add_to(&engine.pool, &gated, x);
    }
}

/// A block of the encoder.
#[derive(Debug)]
pub(super) struct EncoderBlock {
    attention: Attention,
    feed: Feed,
}

impl EncoderBlock {
    pub(super) fn new(
        config: &T5Config,
        weights: Checked<'_>,
        block: usize,
        precision: Precision,
    ) -> Self {
        let name = format!("encoder.block.{block}.layer");
        Self {
            attention: Attention::own(config, weights, &format!("{name}.0"), precision),
            feed: Feed::new(config, weights, &format!("{name}.1"), precision),
        }
    }

    /// Applies the block to rows of which the first `valid` are looked at.
    pub(super) fn apply(&self, engine: &Engine, x: &mut [f32], valid: usize, span: &[f32]) {
        let attention = &self.attention;
        let rows = span.len() / attention.heads / 2 + 1;
        let mut keyed = Keyed::new(attention.heads, attention.width, rows);
        let queries = attention.queries(engine, x, Some(&mut keyed));
        attention.answer(engine, &queries, (&keyed, Reach::All(valid, span)), x);
        self.feed.add_to(engine, x);
    }
}

/// A block of the decoder.
#[derive(Debug)]
pub(super) struct DecoderBlock {
    attention: Attention,
    cross: Attention,
    feed: Feed,
}

impl DecoderBlock {
    pub(super) fn new(
        config: &T5Config,
        weights: Checked<'_>,
        block: usize,
        precision: Precision,
    ) -> Self {
        let name = format!("decoder.block.{block}.layer");
        Self {
            attention: Attention::own(config, weights, &format!("{name}.0"), precision),
            cross: Attention::of_others(config, weights, &format!("{name}.1"), precision),
            feed: Feed::new(config, weights, &format!("{name}.2"), precision),
        }
    }

    /// The attention to what was read.
    pub(super) fn cross(&self) -> &Attention {
        &self.cross
    }

    /// Applies the block to the rows of further tokens, whose keys and values join `own`. `span` holds the
    /// offsets for as many keys as there are then.
    pub(super) fn apply(
        &self,
        engine: &Engine,
        x: &mut [f32],
        own: &mut Keyed,
        (read, span): (&Keyed, &[f32]),
    ) {
        let queries = self.attention.queries(engine, x, Some(own));
        self.attention
            .answer(engine, &queries, (own, Reach::Before(span)), x);
        let queries = self.cross.queries(engine, x, None);
        self.cross.answer(engine, &queries, (read, Reach::Read), x);
        self.feed.add_to(engine, x);
    }
}
