//! A language model that reads one text and writes another, token by token.

use std::hint::black_box;

use ambulo_nn::config::T5Config;
use ambulo_nn::networks::NetworkError;
use ambulo_nn::networks::t5::{Encoded, MayEnd, Precision, T5};
use ambulo_nn::tensors::Tensors;
use ambulo_nn::threads::Engine;

/// Tokens that are read.
const READ: usize = 64;

/// Tokens that are written.
const WRITTEN: usize = 32;

/// Times that the input is read to find how long that takes.
const READINGS: usize = 5;

/// A language model, and what it has read.
#[derive(Debug)]
pub(super) struct Tokens {
    t5: T5,
    read: Vec<u32>,
    encoded: Encoded,
}

impl Tokens {
    /// Takes weights and reads the input.
    pub(super) fn new(
        config: &T5Config,
        weights: &Tensors,
        engine: &Engine,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let t5 = T5::from_weights(config, weights, engine, precision)?;
        // Any tokens will do, of the small ones that are in every table.
        let rows = u32::try_from(config.vocabulary).unwrap_or(u32::MAX);
        let read: Vec<u32> = (0..)
            .map(|place| (7 * place + 2) % rows)
            .take(READ)
            .collect();
        let encoded = t5.encode(&read)?;
        Ok(Self { t5, read, encoded })
    }

    /// Writes a text, the most probable token each time; returns how many there are.
    pub(super) fn write(&mut self) -> usize {
        black_box(self.t5.greedy(&self.encoded, WRITTEN, MayEnd::No).is_ok());
        WRITTEN
    }

    /// Median seconds of reading the input.
    pub(super) fn reading_s(&self) -> f64 {
        let spread = super::timed(READINGS, || {
            black_box(self.t5.encode(&self.read).is_ok());
        });
        spread.median_s
    }

    /// Operations of one token that is written half-way through, a multiply-add counted as two.
    pub(super) fn operations(config: &T5Config) -> f64 {
        let (dim, inner) = (config.dim as f64, config.inner() as f64);
        let matrices = dim * (6.0 * inner + 3.0 * config.hidden as f64);
        let attended = 2.0 * inner * (READ as f64 + 0.5 * (WRITTEN + 1) as f64);
        let blocks = config.decoder_blocks as f64 * (matrices + attended);
        2.0 * (blocks + dim * config.vocabulary as f64)
    }
}
