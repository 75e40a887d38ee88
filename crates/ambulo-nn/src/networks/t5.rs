//! T5: reads tokens with an encoder, writes tokens with a decoder.
//!
//! Scores of attention are not divided by a root, and get an offset for the distance between query and key,
//! one table for all blocks of a stack. Norms divide by the root mean square. Keys and values of what was
//! read and written are kept, so that each further token costs one pass of one row.

mod batch;
mod layers;
mod writing;

use std::collections::BTreeMap;

use crate::config::{NetworkConfig, T5Config};
use crate::kernels::keyed::{Keyed, Offsets};
use crate::kernels::norm::RmsNorm;
use crate::layers::Checked;
use crate::networks::NetworkError;
use crate::tensors::{Tensor, Tensors};
use crate::threads::Engine;
use layers::{DecoderBlock, EncoderBlock, Matrix, Table};

pub use batch::Keep;
pub use writing::{Answer, AnswerFormat, MayEnd, Writing};

/// How weights are kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// 32 bits, as they are.
    #[default]
    F32,
    /// bfloat16: half the memory, and half the time of a token where memory is what a step waits for.
    Bf16,
}

/// Why tokens could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum T5Error {
    /// A token has no row in the table.
    #[error("token {token} is none of the {rows} that the network knows")]
    NoToken {
        /// The token.
        token: u32,
        /// Rows of the table.
        rows: usize,
    },
    /// There is nothing to read.
    #[error("there is no token to read")]
    Empty,
    /// More tokens are to be read than there are.
    #[error("{valid} tokens are to be attended to, but there are {tokens}")]
    Mask {
        /// Tokens that count.
        valid: usize,
        /// All tokens.
        tokens: usize,
    },
    /// A tensor is missing or holds no tokens of a batch.
    #[error(
        "{what} must be whole numbers [batch, tokens], as many rows as input; a mask is ones, then zeros"
    )]
    Batch {
        /// The tensor.
        what: &'static str,
    },
    /// The format asks for tokens that the network does not know, or for no score.
    #[error("the format of the answer {what}")]
    Format {
        /// What is wrong with it.
        what: &'static str,
    },
}

/// The network.
#[derive(Debug)]
pub struct T5 {
    config: T5Config,
    engine: Engine,
    table: Table,
    encoder: Vec<EncoderBlock>,
    encoder_norm: RmsNorm,
    /// Offset of each kind of distance, `[buckets, heads]`, of the encoder and the decoder.
    offsets: [Vec<f32>; 2],
    decoder: Vec<DecoderBlock>,
    decoder_norm: RmsNorm,
    head: Matrix,
}

/// Tokens that have been read.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// What the encoder gives, `[tokens, dim]`.
    states: Vec<f32>,
    dim: usize,
    /// Keys and values for each block of the decoder.
    keyed: Vec<Keyed>,
}

impl Encoded {
    /// What the encoder gives for each token, `[tokens, dim]`.
    pub fn states(&self) -> &[f32] {
        &self.states
    }

    /// Numbers of a token.
    pub fn dim(&self) -> usize {
        self.dim
    }
}

/// Is shown intermediate results `[tokens, dim]` by name.
type Observer<'a> = &'a mut dyn FnMut(&str, &[f32]);

impl T5 {
    /// Makes the network of settings and weights.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] if the settings are out of range, or if a tensor is missing, has another shape or is
    /// left over.
    pub fn from_weights(
        config: &T5Config,
        tensors: &Tensors,
        engine: &Engine,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let network = NetworkConfig::T5(config.clone());
        let weights = Checked::new(&network, tensors, engine.cpu)?;
        let norm = |name: &str| layers::norm(weights, config, name);
        let offsets = |stack: &str| {
            let layer = "block.0.layer.0.SelfAttention.relative_attention_bias";
            weights.data(&format!("{stack}.{layer}.weight")).to_vec()
        };
        let encoder = |block| EncoderBlock::new(config, weights, block, precision);
        let decoder = |block| DecoderBlock::new(config, weights, block, precision);
        Ok(Self {
            config: config.clone(),
            engine: engine.clone(),
            table: Table::new(weights.data("shared.weight"), config.dim, precision),
            encoder: (0..config.encoder_blocks).map(encoder).collect(),
            encoder_norm: norm("encoder.final_layer_norm"),
            offsets: [offsets("encoder"), offsets("decoder")],
            decoder: (0..config.decoder_blocks).map(decoder).collect(),
            decoder_norm: norm("decoder.final_layer_norm"),
            head: Matrix::new(weights, &["lm_head"], precision),
        })
    }

    /// The settings.
    pub fn config(&self) -> &T5Config {
        &self.config
    }

    /// Reads tokens.
    ///
    /// # Errors
    ///
    /// [`T5Error`] if there is none, or one that the network does not know.
    pub fn encode(&self, tokens: &[u32]) -> Result<Encoded, T5Error> {
        self.encode_padded(tokens, tokens.len())
    }

    /// Reads tokens of which only the first `valid` count; the others are computed, but nothing attends to
    /// them.
    ///
    /// # Errors
    ///
    /// [`T5Error`] as for [`T5::encode`], or if more are to count than there are, or none.
    pub fn encode_padded(&self, tokens: &[u32], valid: usize) -> Result<Encoded, T5Error> {
        self.encode_observed(tokens, valid, &mut |_, _| {})
    }

    fn encode_observed(
        &self,
        tokens: &[u32],
        valid: usize,
        observe: Observer<'_>,
    ) -> Result<Encoded, T5Error> {
        if tokens.is_empty() || valid == 0 {
            return Err(T5Error::Empty);
        }
        if valid > tokens.len() {
            return Err(T5Error::Mask {
                valid,
                tokens: tokens.len(),
            });
        }
        let dim = self.config.dim;
        let mut x = self.embedded(tokens)?;
        let span = self.encoder_offsets(tokens.len());
        for (number, block) in self.encoder.iter().enumerate() {
            block.apply(&self.engine, &mut x, valid, &span);
            observe(&format!("encoder.block.{number}"), &x);
        }
        let mut states = vec![0.0; x.len()];
        self.encoder_norm.apply(&x, &mut states);
        let keyed = self.decoder.iter().map(|block| {
            let (keys, values) = block
                .cross()
                .keys_and_values(&self.engine, &states[..valid * dim]);
            let mut keyed = Keyed::new(self.config.heads, self.config.head_dim, valid);
            let inner = self.config.inner();
            for (key, value) in keys.chunks_exact(inner).zip(values.chunks_exact(inner)) {
                keyed.push(key, value);
            }
            keyed
        });
        let keyed = keyed.collect();
        Ok(Encoded { states, dim, keyed })
    }

    /// Numbers for each token that could come next, after each of `written`, `[written, vocabulary]`: as in
    /// training, where the answer is known.
    ///
    /// # Errors
    ///
    /// [`T5Error`] if a token is not known or there is none.
    pub fn teacher_forced(&self, encoded: &Encoded, written: &[u32]) -> Result<Vec<f32>, T5Error> {
        let mut writing = self.begin(encoded);
        self.advance(&mut writing, written)
    }

    /// Reads tokens and answers as [`T5::teacher_forced`], and keeps what is computed on the way:
    /// `encoder.block.i`, `decoder.block.i`, `encoder_output`, `output`, each `[tokens, …]`.
    ///
    /// # Errors
    ///
    /// As [`T5::encode_padded`] and [`T5::teacher_forced`].
    pub fn trace(
        &self,
        tokens: &[u32],
        valid: usize,
        written: &[u32],
    ) -> Result<BTreeMap<String, Tensor>, T5Error> {
        let dim = self.config.dim;
        let mut kept = BTreeMap::new();
        let mut keep = |name: &str, width: usize, data: &[f32]| {
            if let Ok(tensor) = Tensor::new([data.len() / width, width], data.to_vec()) {
                kept.insert(name.to_owned(), tensor);
            }
        };
        let encoded =
            self.encode_observed(tokens, valid, &mut |name, data| keep(name, dim, data))?;
        keep("encoder_output", dim, encoded.states());
        let mut writing = self.begin(&encoded);
        let output = self.advance_observed(&mut writing, written, &mut |name, data| {
            keep(name, dim, data);
        })?;
        keep("output", self.config.vocabulary, &output);
        Ok(kept)
    }

    /// The offsets of the encoder's scores, `[heads, tokens, tokens]`.
    pub fn encoder_bias(&self, tokens: usize) -> Vec<f32> {
        let span = self.encoder_offsets(tokens);
        let stride = 2 * tokens - 1;
        let mut bias = Vec::with_capacity(self.config.heads * tokens * tokens);
        for head in span.chunks_exact(stride) {
            for query in 0..tokens {
                bias.extend_from_slice(&head[tokens - 1 - query..][..tokens]);
            }
        }
        bias
    }

    /// Offsets of the encoder by distance, `[heads, 2·tokens - 1]`: a key `tokens - 1` before the query first.
    fn encoder_offsets(&self, tokens: usize) -> Vec<f32> {
        let reach = i64::try_from(tokens).unwrap_or(i64::MAX) - 1;
        let bucket = |distance| self.config.bucket(distance);
        self.offsets_of(0, (-reach..=reach).map(bucket))
    }

    /// Offsets of the decoder by distance, `[heads, tokens]`: the key furthest before the query first.
    fn decoder_offsets(&self, tokens: usize) -> Vec<f32> {
        let reach = i64::try_from(tokens).unwrap_or(i64::MAX) - 1;
        let bucket = |distance| self.config.causal_bucket(distance);
        self.offsets_of(1, (-reach..=0).map(bucket))
    }

    fn offsets_of(&self, stack: usize, buckets: impl Iterator<Item = usize>) -> Vec<f32> {
        let heads = self.config.heads;
        let buckets: Vec<usize> = buckets.collect();
        let of_head = |head: usize| {
            let table = &self.offsets[stack];
            buckets
                .iter()
                .map(move |bucket| table[bucket * heads + head])
        };
        (0..heads).flat_map(of_head).collect()
    }

    fn embedded(&self, tokens: &[u32]) -> Result<Vec<f32>, T5Error> {
        let mut x = Vec::with_capacity(tokens.len() * self.config.dim);
        for &token in tokens {
            let row = usize::try_from(token)
                .ok()
                .filter(|&row| row < self.config.vocabulary);
            let row = row.ok_or(T5Error::NoToken {
                token,
                rows: self.config.vocabulary,
            })?;
            self.table.append(row, &mut x);
        }
        Ok(x)
    }

    /// The row of a token in the table that the encoder and the decoder read.
    ///
    /// # Errors
    ///
    /// [`T5Error::NoToken`] if it has none.
    pub fn embedding(&self, token: u32) -> Result<Vec<f32>, T5Error> {
        self.embedded(&[token])
    }
}

/// Offsets of one query.
fn offsets_at(span: &[f32], stride: usize, start: usize) -> Offsets<'_> {
    Offsets {
        data: span,
        stride,
        start,
    }
}
