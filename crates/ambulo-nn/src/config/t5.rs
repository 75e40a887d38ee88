//! Settings of T5, the language model that reads and writes tokens.
//!
//! Source: Raffel et al. (2020), "Exploring the limits of transfer learning with a unified text-to-text
//! transformer"; version 1.1 as Flan-T5 uses it: gated GELU, an output matrix of its own.
//!
//! Names of tensors are those of Hugging Face's checkpoints.

use serde::{Deserialize, Serialize};

use super::{
    ConfigError, MacCount, Shapes, TensorShape, agree, check, check_eps, check_size, product,
};

/// Tokens that [`T5Config::macs`] counts for: a motion read, a rationale written.
const COUNTED: [usize; 2] = [128, 128];
const FEED_FORWARD: &str = "gated-gelu";

/// Settings of T5: an encoder of the tokens read, a decoder that writes one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawT5", into = "RawT5")]
pub struct T5Config {
    /// Rows of the table of tokens and of the output matrix.
    pub vocabulary: usize,
    /// Numbers of a token.
    pub dim: usize,
    /// Numbers of a head's query.
    pub head_dim: usize,
    /// Width between the two layers of a block.
    pub hidden: usize,
    /// Heads of every attention; together they need not be as wide as a token.
    pub heads: usize,
    /// Blocks of the encoder.
    pub encoder_blocks: usize,
    /// Blocks of the decoder.
    pub decoder_blocks: usize,
    /// Kinds of distance between tokens that a head can tell apart.
    pub buckets: usize,
    /// Distances from here on are one kind.
    pub max_distance: usize,
    /// Epsilon of the norms.
    pub eps: f32,
    /// The token that fills batches, and that the decoder begins with.
    pub pad: u32,
    /// The token that ends a text.
    pub end: u32,
}

impl T5Config {
    /// Flan-T5-base with this many rows of tokens: 32,128 as published.
    pub fn base(vocabulary: usize) -> Self {
        Self {
            vocabulary,
            dim: 768,
            head_dim: 64,
            hidden: 2048,
            heads: 12,
            encoder_blocks: 12,
            decoder_blocks: 12,
            buckets: 32,
            max_distance: 128,
            eps: 1e-6,
            pad: 0,
            end: 1,
        }
    }

    /// Flan-T5-small with this many rows of tokens: 32,128 as published.
    pub fn small(vocabulary: usize) -> Self {
        Self {
            dim: 512,
            hidden: 1024,
            heads: 6,
            encoder_blocks: 8,
            decoder_blocks: 8,
            ..Self::base(vocabulary)
        }
    }

    /// Width of all heads together.
    pub fn inner(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_size("vocab_size", self.vocabulary, 1 << 20)?;
        check_size("d_model", self.dim, 16_384)?;
        check_size("d_kv", self.head_dim, 1024)?;
        check_size("d_ff", self.hidden, 65_536)?;
        check_size("num_heads", self.heads, 256)?;
        check_size("encoder_layers", self.encoder_blocks, 256)?;
        check_size("decoder_layers", self.decoder_blocks, 256)?;
        check_size("relative_buckets", self.buckets, 1024)?;
        let rule = "it must be a multiple of 4";
        check(
            "relative_buckets",
            &self.buckets,
            self.buckets.is_multiple_of(4),
            rule,
        )?;
        check_size("relative_max_distance", self.max_distance, 1 << 20)?;
        let rule = "it must be above half the buckets";
        let fits = self.max_distance > self.buckets / 2;
        check("relative_max_distance", &self.max_distance, fits, rule)?;
        check_eps("eps", self.eps)?;
        let rule = "it must be a row of the table of tokens";
        for (key, token) in [("pad", self.pad), ("eos", self.end)] {
            let fits = usize::try_from(token).is_ok_and(|token| token < self.vocabulary);
            check(key, &token, fits, rule)?;
        }
        Ok(())
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Shapes::default();
        shapes.weight("shared", &[self.vocabulary, self.dim]);
        for block in 0..self.encoder_blocks {
            let name = format!("encoder.block.{block}.layer");
            self.attention(
                &mut shapes,
                &format!("{name}.0"),
                "SelfAttention",
                block == 0,
            );
            self.feed(&mut shapes, &format!("{name}.1"));
        }
        shapes.weight("encoder.final_layer_norm", &[self.dim]);
        for block in 0..self.decoder_blocks {
            let name = format!("decoder.block.{block}.layer");
            self.attention(
                &mut shapes,
                &format!("{name}.0"),
                "SelfAttention",
                block == 0,
            );
            self.attention(&mut shapes, &format!("{name}.1"), "EncDecAttention", false);
            self.feed(&mut shapes, &format!("{name}.2"));
        }
        shapes.weight("decoder.final_layer_norm", &[self.dim]);
        shapes.weight("lm_head", &[self.vocabulary, self.dim]);
        shapes.0
    }

    fn attention(&self, shapes: &mut Shapes, name: &str, kind: &str, has_bias: bool) {
        let inner = self.inner();
        for part in ["q", "k", "v"] {
            shapes.weight(&format!("{name}.{kind}.{part}"), &[inner, self.dim]);
        }
        shapes.weight(&format!("{name}.{kind}.o"), &[self.dim, inner]);
        if has_bias {
            let bias = format!("{name}.{kind}.relative_attention_bias");
            shapes.weight(&bias, &[self.buckets, self.heads]);
        }
        shapes.weight(&format!("{name}.layer_norm"), &[self.dim]);
    }

    fn feed(&self, shapes: &mut Shapes, name: &str) {
        for part in ["wi_0", "wi_1"] {
            let part = format!("{name}.DenseReluDense.{part}");
            shapes.weight(&part, &[self.hidden, self.dim]);
        }
        shapes.weight(
            &format!("{name}.DenseReluDense.wo"),
            &[self.dim, self.hidden],
        );
        shapes.weight(&format!("{name}.layer_norm"), &[self.dim]);
    }

    /// The arithmetic of reading 128 tokens and writing as many.
    pub fn macs(&self) -> MacCount {
        let [read, written] = COUNTED;
        let (dim, inner) = (self.dim, self.inner());
        let projections = product(&[4, dim, inner]);
        let feed = product(&[3, dim, self.hidden]);
        let tokens = |count: usize| count as u64;
        let attended = |queries: u64, keys: u64| 2 * queries * keys * inner as u64;
        let encoder = tokens(read) * (projections + feed) + attended(tokens(read), tokens(read));
        let causal = attended(1, tokens(written) * (tokens(written) + 1) / 2);
        let decoder = tokens(written) * (projections + product(&[2, dim, inner]) + feed)
            + tokens(read) * product(&[2, dim, inner])
            + causal
            + attended(tokens(written), tokens(read));
        MacCount {
            stages: vec![
                ("encoder", encoder * self.encoder_blocks as u64),
                ("decoder", decoder * self.decoder_blocks as u64),
                ("head", product(&[written, dim, self.vocabulary])),
            ],
        }
    }

    /// Which kind of distance it is from a query to a key, `key - query`, where keys lie on both sides.
    pub fn bucket(&self, distance: i64) -> usize {
        let half = self.buckets / 2;
        let after = if distance > 0 { half } else { 0 };
        after + self.bucket_of(distance.unsigned_abs(), half)
    }

    /// The same where keys lie before the query; later ones are as near as none.
    pub fn causal_bucket(&self, distance: i64) -> usize {
        self.bucket_of(distance.min(0).unsigned_abs(), self.buckets)
    }

    /// Half of the buckets are exact, the others grow with the logarithm.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bucket: a small number that is not negative"
    )]
    fn bucket_of(&self, distance: u64, buckets: usize) -> usize {
        let exact = buckets / 2;
        if let Ok(distance) = usize::try_from(distance)
            && distance < exact
        {
            return distance;
        }
        // In f32 and in this order, as the published code rounds.
        let ratio = (distance as f32 / exact as f32).ln();
        let whole = (self.max_distance as f64 / exact as f64).ln() as f32;
        let steps = ratio / whole * (buckets - exact) as f32;
        (exact + steps as usize).min(buckets - 1)
    }
}

/// `config.json` of T5 as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawT5 {
    vocab_size: usize,
    d_model: usize,
    d_kv: usize,
    d_ff: usize,
    num_heads: usize,
    encoder_layers: usize,
    decoder_layers: usize,
    #[serde(default = "default_buckets")]
    relative_buckets: usize,
    #[serde(default = "default_distance")]
    relative_max_distance: usize,
    #[serde(default = "super::default_block_eps")]
    eps: f32,
    #[serde(default)]
    pad: u32,
    #[serde(default = "default_end")]
    eos: u32,
    #[serde(default, skip_serializing)]
    decoder_start: Option<u32>,
    #[serde(default, skip_serializing)]
    feed_forward: Option<String>,
    #[serde(default, skip_serializing)]
    tie_word_embeddings: Option<bool>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
}

fn default_buckets() -> usize {
    32
}

fn default_distance() -> usize {
    128
}

fn default_end() -> u32 {
    1
}

impl TryFrom<RawT5> for T5Config {
    type Error = ConfigError;

    fn try_from(raw: RawT5) -> Result<Self, ConfigError> {
        let config = Self {
            vocabulary: raw.vocab_size,
            dim: raw.d_model,
            head_dim: raw.d_kv,
            hidden: raw.d_ff,
            heads: raw.num_heads,
            encoder_blocks: raw.encoder_layers,
            decoder_blocks: raw.decoder_layers,
            buckets: raw.relative_buckets,
            max_distance: raw.relative_max_distance,
            eps: raw.eps,
            pad: raw.pad,
            end: raw.eos,
        };
        config.validate()?;
        agree("decoder_start", raw.decoder_start.as_ref(), &config.pad)?;
        agree(
            "tie_word_embeddings",
            raw.tie_word_embeddings.as_ref(),
            &false,
        )?;
        let feed_forward = raw.feed_forward.as_deref();
        let feed_forward = feed_forward.and_then(|text| text.split_whitespace().next());
        agree("feed_forward", feed_forward, FEED_FORWARD)?;
        let params = super::count(&config.tensor_shapes());
        // Files of the published code hold the table three times; some count it so.
        let copies = 2 * product(&[config.vocabulary, config.dim]);
        if raw.params != Some(params + copies) {
            agree("params", raw.params.as_ref(), &params)?;
        }
        Ok(config)
    }
}

impl From<T5Config> for RawT5 {
    fn from(config: T5Config) -> Self {
        Self {
            vocab_size: config.vocabulary,
            d_model: config.dim,
            d_kv: config.head_dim,
            d_ff: config.hidden,
            num_heads: config.heads,
            encoder_layers: config.encoder_blocks,
            decoder_layers: config.decoder_blocks,
            relative_buckets: config.buckets,
            relative_max_distance: config.max_distance,
            eps: config.eps,
            pad: config.pad,
            eos: config.end,
            decoder_start: None,
            feed_forward: None,
            tie_word_embeddings: None,
            params: None,
        }
    }
}
