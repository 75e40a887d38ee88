//! T5: an encoder reads tokens, a decoder writes tokens, all of an answer at once (teacher forcing).
//!
//! Source: Raffel et al. (2020), "Exploring the limits of transfer learning with a unified text-to-text
//! transformer"; version 1.1 as Flan-T5 uses it: gated GELU, an output matrix of its own.
//!
//! Differences from the published training code: probabilities of attention are never left out, only numbers of
//! the trunk's branches, of the table and behind the last norms.
#![expect(
    non_snake_case,
    reason = "fields have the names of the published tensors"
)]

use ambulo_nn::config::T5Config;
use burn::module::{Module, Param};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::layers::{Linear, Noise, dropout};
use super::tensors::zeros;
use crate::ops;

/// Added to scores of tokens that are not to be looked at.
const HIDDEN: f32 = -1e9;

/// The network. Field names are those of its tensors.
#[derive(Module, Debug)]
pub struct T5 {
    shared: Table,
    encoder: Encoder,
    decoder: Decoder,
    lm_head: Linear,
    #[module(skip)]
    plan: Plan,
}

#[derive(Debug, Clone)]
struct Plan {
    config: T5Config,
    dropout: f64,
}

/// Texts of a batch, filled up to the longest with tokens that count for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    ids: Vec<u32>,
    lengths: Vec<usize>,
    width: usize,
}

impl Tokens {
    /// These texts, filled up with `pad`.
    pub fn new(texts: &[Vec<u32>], pad: u32) -> Self {
        let width = texts.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let filled = texts.iter().flat_map(|text| {
            let rest = std::iter::repeat_n(pad, width - text.len());
            text.iter().copied().chain(rest)
        });
        Self {
            ids: filled.collect(),
            lengths: texts.iter().map(Vec::len).collect(),
            width,
        }
    }

    /// How many texts there are.
    pub fn texts(&self) -> usize {
        self.lengths.len()
    }

    /// Tokens of each text, with those that fill it up.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Tokens of each text that count.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }
}

/// Rows of numbers, `[rows, width]`.
#[derive(Module, Debug)]
struct Table {
    weight: Param<Tensor<2>>,
}

#[derive(Module, Debug)]
struct Encoder {
    block: Vec<EncoderBlock>,
    final_layer_norm: RmsNorm,
}

#[derive(Module, Debug)]
struct Decoder {
    block: Vec<DecoderBlock>,
    final_layer_norm: RmsNorm,
}

#[derive(Module, Debug)]
struct EncoderBlock {
    layer: (OwnLayer, FeedLayer),
}

#[derive(Module, Debug)]
struct DecoderBlock {
    layer: (OwnLayer, CrossLayer, FeedLayer),
}

/// Looks at the rows themselves.
#[derive(Module, Debug)]
struct OwnLayer {
    SelfAttention: Attention,
    layer_norm: RmsNorm,
}

/// Looks at what was read.
#[derive(Module, Debug)]
struct CrossLayer {
    EncDecAttention: Attention,
    layer_norm: RmsNorm,
}

#[derive(Module, Debug)]
struct FeedLayer {
    DenseReluDense: Feed,
    layer_norm: RmsNorm,
}

#[derive(Module, Debug)]
struct Feed {
    wi_0: Linear,
    wi_1: Linear,
    wo: Linear,
}

#[derive(Module, Debug)]
struct Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
    /// Offset of each kind of distance, in the first block of a stack only.
    relative_attention_bias: Option<Table>,
    #[module(skip)]
    heads: usize,
}

/// Division by the root mean square of the last axis.
#[derive(Module, Debug)]
struct RmsNorm {
    weight: Param<Tensor<1>>,
    #[module(skip)]
    eps: f32,
}

impl T5 {
    /// The network of these settings, all parameters zero. `dropout` is the share of numbers left out in training.
    pub fn new(config: &T5Config, dropout: f64, device: &Device) -> Self {
        let table = |rows, width| Table {
            weight: zeros([rows, width], device),
        };
        let encoder = |block| EncoderBlock {
            layer: (
                OwnLayer::new(config, block == 0, device),
                FeedLayer::new(config, device),
            ),
        };
        let decoder = |block| DecoderBlock {
            layer: (
                OwnLayer::new(config, block == 0, device),
                CrossLayer {
                    EncDecAttention: Attention::new(config, false, device),
                    layer_norm: RmsNorm::new(config, device),
                },
                FeedLayer::new(config, device),
            ),
        };
        Self {
            shared: table(config.vocabulary, config.dim),
            encoder: Encoder {
                block: (0..config.encoder_blocks).map(encoder).collect(),
                final_layer_norm: RmsNorm::new(config, device),
            },
            decoder: Decoder {
                block: (0..config.decoder_blocks).map(decoder).collect(),
                final_layer_norm: RmsNorm::new(config, device),
            },
            lm_head: Linear::with_bias(config.dim, config.vocabulary, false, device),
            plan: Plan {
                config: config.clone(),
                dropout,
            },
        }
    }

    /// The settings.
    pub fn config(&self) -> &T5Config {
        &self.plan.config
    }

    /// Numbers for each token that could follow each of `written`, after `read`.
    ///
    /// # Shapes
    ///
    /// - returns: `[texts · width of written, vocabulary]`
    pub fn forward(&self, read: &Tokens, written: &Tokens, noise: &mut Noise<'_>) -> Tensor<2> {
        let states = self.encode(read, noise);
        self.decode(&states, read, written, noise)
    }

    /// What the encoder gives, `[texts, width, dim]`.
    fn encode(&self, read: &Tokens, noise: &mut Noise<'_>) -> Tensor<3> {
        let config = &self.plan.config;
        let mut x = self.embedded(read, noise);
        let offsets = self.encoder.block.first().and_then(|block| {
            let bucket = |query: usize, key: usize| config.bucket(signed(key) - signed(query));
            block.layer.0.SelfAttention.offsets(read.width, bucket)
        });
        let hidden = hidden_keys(read, &x.device());
        let scores = match offsets {
            Some(offsets) => hidden + offsets,
            None => hidden,
        };
        for block in &self.encoder.block {
            let (own, feed) = &block.layer;
            x = own.forward(x, &scores, self.plan.dropout, noise);
            x = feed.forward(x, self.plan.dropout, noise);
        }
        let x = self.encoder.final_layer_norm.forward(x);
        dropout(x, self.plan.dropout, noise)
    }

    fn decode(
        &self,
        states: &Tensor<3>,
        read: &Tokens,
        written: &Tokens,
        noise: &mut Noise<'_>,
    ) -> Tensor<2> {
        let config = &self.plan.config;
        let [texts, width] = [written.texts(), written.width];
        let mut x = self.embedded(written, noise);
        let device = x.device();
        let offsets = self.decoder.block.first().and_then(|block| {
            let bucket =
                |query: usize, key: usize| config.causal_bucket(signed(key) - signed(query));
            block.layer.0.SelfAttention.offsets(width, bucket)
        });
        let later = later_keys(width, &device);
        let own_scores = match offsets {
            Some(offsets) => later + offsets,
            None => later,
        };
        let read_scores = hidden_keys(read, &device);
        for block in &self.decoder.block {
            let (own, cross, feed) = &block.layer;
            x = own.forward(x, &own_scores, self.plan.dropout, noise);
            x = cross.forward(x, states, &read_scores, self.plan.dropout, noise);
            x = feed.forward(x, self.plan.dropout, noise);
        }
        let x = self.decoder.final_layer_norm.forward(x);
        let x = dropout(x, self.plan.dropout, noise);
        self.lm_head.forward(x.reshape([texts * width, config.dim]))
    }

    fn embedded(&self, tokens: &Tokens, noise: &mut Noise<'_>) -> Tensor<3> {
        let rows = self.shared.rows(&tokens.ids);
        let x = rows.reshape([tokens.texts(), tokens.width, self.plan.config.dim]);
        dropout(x, self.plan.dropout, noise)
    }
}

impl Table {
    fn rows(&self, places: &[u32]) -> Tensor<2> {
        let weight = self.weight.val();
        let places: Vec<i64> = places.iter().map(|&place| i64::from(place)).collect();
        let count = places.len();
        let places =
            Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &weight.device());
        weight.select(0, places)
    }
}

impl OwnLayer {
    fn new(config: &T5Config, has_offsets: bool, device: &Device) -> Self {
        Self {
            SelfAttention: Attention::new(config, has_offsets, device),
            layer_norm: RmsNorm::new(config, device),
        }
    }

    /// `scores` are added to those of queries and keys.
    fn forward(
        &self,
        x: Tensor<3>,
        scores: &Tensor<4>,
        share: f64,
        noise: &mut Noise<'_>,
    ) -> Tensor<3> {
        let normed = self.layer_norm.forward(x.clone());
        let branch = self.SelfAttention.forward(normed.clone(), normed, scores);
        x + dropout(branch, share, noise)
    }
}

impl CrossLayer {
    fn forward(
        &self,
        x: Tensor<3>,
        states: &Tensor<3>,
        scores: &Tensor<4>,
        share: f64,
        noise: &mut Noise<'_>,
    ) -> Tensor<3> {
        let normed = self.layer_norm.forward(x.clone());
        let branch = self.EncDecAttention.forward(normed, states.clone(), scores);
        x + dropout(branch, share, noise)
    }
}

impl FeedLayer {
    fn new(config: &T5Config, device: &Device) -> Self {
        let linear = |inputs, outputs| Linear::with_bias(inputs, outputs, false, device);
        Self {
            DenseReluDense: Feed {
                wi_0: linear(config.dim, config.hidden),
                wi_1: linear(config.dim, config.hidden),
                wo: linear(config.hidden, config.dim),
            },
            layer_norm: RmsNorm::new(config, device),
        }
    }

    fn forward(&self, x: Tensor<3>, share: f64, noise: &mut Noise<'_>) -> Tensor<3> {
        let feed = &self.DenseReluDense;
        let normed = self.layer_norm.forward(x.clone());
        let gated = ops::gate(feed.wi_0.forward(normed.clone()), feed.wi_1.forward(normed));
        let branch = feed.wo.forward(dropout(gated, share, noise));
        x + dropout(branch, share, noise)
    }
}

impl Attention {
    fn new(config: &T5Config, has_offsets: bool, device: &Device) -> Self {
        let (dim, inner) = (config.dim, config.inner());
        let linear = |inputs, outputs| Linear::with_bias(inputs, outputs, false, device);
        Self {
            q: linear(dim, inner),
            k: linear(dim, inner),
            v: linear(dim, inner),
            o: linear(inner, dim),
            relative_attention_bias: has_offsets.then(|| Table {
                weight: zeros([config.buckets, config.heads], device),
            }),
            heads: config.heads,
        }
    }

    /// The offset of each query and key, `[1, heads, width, width]`.
    fn offsets(&self, width: usize, bucket: impl Fn(usize, usize) -> usize) -> Option<Tensor<4>> {
        let table = self.relative_attention_bias.as_ref()?;
        let pairs = (0..width).flat_map(|query| (0..width).map(move |key| (query, key)));
        let places: Vec<u32> = pairs
            .map(|(query, key)| u32::try_from(bucket(query, key)).unwrap_or(0))
            .collect();
        let rows = table.rows(&places); // [width · width, heads]
        let offsets = rows.swap_dims(0, 1).reshape([1, self.heads, width, width]);
        Some(offsets)
    }

    /// `[texts, queries, dim]` looks at `[texts, keys, dim]`; `scores` are added, and reach `[texts, heads,
    /// queries, keys]` by repetition.
    fn forward(&self, x: Tensor<3>, memory: Tensor<3>, scores: &Tensor<4>) -> Tensor<3> {
        let heads = |x: Tensor<3>| {
            let [texts, tokens, inner] = x.dims();
            x.reshape([texts, tokens, self.heads, inner / self.heads])
                .swap_dims(1, 2)
        };
        let queries = heads(self.q.forward(x));
        let keys = heads(self.k.forward(memory.clone()));
        let values = heads(self.v.forward(memory));
        let found = queries.matmul(keys.swap_dims(2, 3)) + scores.clone();
        let blend = softmax(found, 3).matmul(values).swap_dims(1, 2);
        let [texts, tokens, heads, width] = blend.dims();
        self.o
            .forward(blend.reshape([texts, tokens, heads * width]))
    }
}

impl RmsNorm {
    fn new(config: &T5Config, device: &Device) -> Self {
        Self {
            weight: zeros([config.dim], device),
            eps: config.eps,
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let mean = x.clone().square().mean_dim(2);
        x / (mean + self.eps).sqrt() * self.weight.val().unsqueeze()
    }
}

/// Scores that hide the tokens that fill texts up, `[texts, 1, 1, width]`.
fn hidden_keys(tokens: &Tokens, device: &Device) -> Tensor<4> {
    let rows = tokens.lengths.iter().flat_map(|&length| {
        (0..tokens.width).map(move |place| if place < length { 0.0 } else { HIDDEN })
    });
    let shape = [tokens.texts(), 1, 1, tokens.width];
    Tensor::from_data(TensorData::new(rows.collect::<Vec<f32>>(), shape), device)
}

/// Scores that hide what comes after a token, `[1, 1, width, width]`.
fn later_keys(width: usize, device: &Device) -> Tensor<4> {
    let pairs = (0..width).flat_map(|query| (0..width).map(move |key| (query, key)));
    let scores: Vec<f32> = pairs
        .map(|(query, key)| if key > query { HIDDEN } else { 0.0 })
        .collect();
    Tensor::from_data(TensorData::new(scores, [1, 1, width, width]), device)
}

fn signed(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}
