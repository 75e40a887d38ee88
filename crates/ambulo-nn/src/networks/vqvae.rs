//! The motion tokenizer: features of a motion to the nearest of some codes, a code for every four frames,
//! and back.
//!
//! Signals are `[frames, channels]`, channels innermost. A convolution is one matrix product over the
//! frames under its kernel where those lie side by side, else one a tap, added up.

mod convolution;

use crate::codec::motion::{MotionError, MotionFeatures};
use crate::config::{ConfigError, NetworkConfig, VqvaeConfig};
use crate::kernels::gemm::{Finish, Linear};
use crate::layers::{Checked, Trace, swapped};
use crate::networks::NetworkError;
use crate::tensors::Tensors;
use crate::threads::Engine;
use convolution::{Convolution, Signal, rectify};

/// The network.
#[derive(Debug)]
pub struct Vqvae {
    config: VqvaeConfig,
    engine: Engine,
    encoder: Encoder,
    /// Dot product with each code, less half of its square: the largest is the nearest code.
    nearness: Linear,
    codes: Vec<f32>,
    decoder: Decoder,
    /// Mean and standard deviation of each feature.
    statistics: Option<[Vec<f32>; 2]>,
}

#[derive(Debug)]
struct Encoder {
    first: Convolution,
    stages: Vec<(Convolution, Vec<Residual>)>,
    last: Convolution,
}

#[derive(Debug)]
struct Decoder {
    first: Convolution,
    stages: Vec<(Vec<Residual>, Convolution)>,
    wide: Convolution,
    last: Convolution,
}

/// Two convolutions, each after a rectifier, added to what was there.
#[derive(Debug)]
struct Residual {
    dilated: Convolution,
    single: Convolution,
}

/// Why motion could not be turned into tokens or back.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The weights hold no mean and standard deviation of the features.
    #[error(
        "the weights hold no mean and standard deviation of the features; import them again with \
         --mean FILE.npy --std FILE.npy"
    )]
    NoStatistics,
    /// The motion is shorter than what a token stands for.
    #[error("{frames} frames are too few, a token stands for {needed}")]
    TooShort {
        /// Frames of the motion.
        frames: usize,
        /// Frames of a token.
        needed: usize,
    },
    /// A token is no code.
    #[error("token {token} is no code, there are {codes}")]
    NoCode {
        /// The token.
        token: usize,
        /// How many codes there are.
        codes: usize,
    },
    /// The network reads other features.
    #[error("the network has {features} features a frame")]
    Features {
        /// How many.
        features: usize,
    },
    /// What the network made is no motion.
    #[error(transparent)]
    Motion(#[from] MotionError),
}

impl Vqvae {
    /// Makes the network of settings and weights.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] if the settings are out of range, or if a tensor is missing, has another shape or is
    /// left over; a standard deviation of 0 is refused.
    pub fn from_weights(
        config: &VqvaeConfig,
        tensors: &Tensors,
        engine: &Engine,
    ) -> Result<Self, NetworkError> {
        let network = NetworkConfig::Vqvae(config.clone());
        let weights = Checked::new(&network, tensors, engine.cpu)?;
        let is_spread = |std: &&f32| **std > 0.0 && std.is_finite();
        if let Some(flat) = weights
            .optional("std")
            .unwrap_or_default()
            .iter()
            .find(|s| !is_spread(s))
        {
            return Err(NetworkError::Config(ConfigError::Value {
                key: "std",
                value: flat.to_string(),
                rule: "a standard deviation must be above 0".to_owned(),
            }));
        }
        Ok(Self::new(config, weights, engine))
    }

    pub(super) fn new(config: &VqvaeConfig, weights: Checked<'_>, engine: &Engine) -> Self {
        let residuals = |name: &str| -> Vec<Residual> {
            let blocks = config.dilations().into_iter().enumerate();
            let block = |(block, dilation): (usize, usize)| {
                let name = format!("{name}.model.{block}");
                Residual {
                    dilated: Convolution::dilated(weights, &format!("{name}.conv1"), dilation),
                    single: Convolution::new(weights, &format!("{name}.conv2")),
                }
            };
            blocks.map(block).collect()
        };
        let last = config.stages + 2;
        let convolution = |name: &str| Convolution::new(weights, name);
        let down = |stage: usize| {
            let name = format!("encoder.model.{}", 2 + stage);
            let halving = Convolution::halving(weights, &format!("{name}.0"));
            (halving, residuals(&format!("{name}.1")))
        };
        let up = |stage: usize| {
            let name = format!("decoder.model.{}", 2 + stage);
            (
                residuals(&format!("{name}.0")),
                convolution(&format!("{name}.2")),
            )
        };
        let codes = weights.data("quantizer.codebook");
        let squares = codes.chunks_exact(config.width);
        let halves: Vec<f32> = squares
            .map(|code| -0.5 * code.iter().map(|x| x * x).sum::<f32>())
            .collect();
        let statistic = |name: &str| weights.optional(name).map(<[f32]>::to_vec);
        Self {
            config: config.clone(),
            engine: engine.clone(),
            encoder: Encoder {
                first: convolution("encoder.model.0"),
                stages: (0..config.stages).map(down).collect(),
                last: convolution(&format!("encoder.model.{last}")),
            },
            nearness: Linear::new(weights.cpu, codes, Some(&halves), config.codes),
            codes: codes.to_vec(),
            decoder: Decoder {
                first: convolution("decoder.model.0"),
                stages: (0..config.stages).map(up).collect(),
                wide: convolution(&format!("decoder.model.{last}")),
                last: convolution(&format!("decoder.model.{}", last + 2)),
            },
            statistics: statistic("mean")
                .zip(statistic("std"))
                .map(|(mean, std)| [mean, std]),
        }
    }

    /// The settings.
    pub fn config(&self) -> &VqvaeConfig {
        &self.config
    }

    /// Mean and standard deviation of each feature, if the weights hold them.
    pub fn statistics(&self) -> Option<[&[f32]; 2]> {
        let [mean, std] = self.statistics.as_ref()?;
        Some([mean, std])
    }

    /// Tokens of a motion.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the weights hold no statistics or the motion is too short.
    pub fn tokens(&self, motion: &MotionFeatures) -> Result<Vec<usize>, TokenError> {
        self.encode(&self.normalised(motion)?)
    }

    /// The motion as the decoder makes it of what the encoder gives, without codes between them: how much of the
    /// error of [`Vqvae::motion`] is not due to there being so few codes.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the weights hold no statistics or the motion is too short.
    pub fn unquantised(&self, motion: &MotionFeatures) -> Result<MotionFeatures, TokenError> {
        let normalised = self.normalised(motion)?;
        self.whole_tokens(motion.frames())?;
        let latents = self.latents(&normalised, &mut |_, _| {});
        self.restored(self.decoded(&latents, &mut |_, _| {}).data)
    }

    fn normalised(&self, motion: &MotionFeatures) -> Result<Vec<f32>, TokenError> {
        let [mean, std] = self.statistics.as_ref().ok_or(TokenError::NoStatistics)?;
        let features = self.config.features;
        if features != crate::codec::motion::FEATURES {
            return Err(TokenError::Features { features });
        }
        let rows = motion.data().chunks_exact(features);
        let normalised = rows.flat_map(|row| {
            let terms = row.iter().zip(mean).zip(std);
            terms.map(|((x, mean), std)| (x - mean) / std)
        });
        Ok(normalised.collect())
    }

    fn restored(&self, mut rows: Vec<f32>) -> Result<MotionFeatures, TokenError> {
        let [mean, std] = self.statistics.as_ref().ok_or(TokenError::NoStatistics)?;
        for row in rows.chunks_exact_mut(self.config.features) {
            for ((x, mean), std) in row.iter_mut().zip(mean).zip(std) {
                *x = *x * std + mean;
            }
        }
        Ok(MotionFeatures::from_rows(rows)?)
    }

    /// How many tokens so many frames are; at least one.
    fn whole_tokens(&self, frames: usize) -> Result<usize, TokenError> {
        match self.config.tokens(frames) {
            0 => Err(TokenError::TooShort {
                frames,
                needed: self.config.frames_of_token(),
            }),
            tokens => Ok(tokens),
        }
    }

    /// The motion that tokens stand for.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the weights hold no statistics, a token is no code, or there is none.
    pub fn motion(&self, tokens: &[usize]) -> Result<MotionFeatures, TokenError> {
        if self.statistics.is_none() {
            return Err(TokenError::NoStatistics);
        }
        self.restored(self.decode(tokens)?)
    }

    /// Tokens of normalised features `[frames, features]`, one for every four frames; an odd rest is dropped.
    ///
    /// # Errors
    ///
    /// [`TokenError::TooShort`] and [`TokenError::Features`].
    pub fn encode(&self, normalised: &[f32]) -> Result<Vec<usize>, TokenError> {
        let features = self.config.features;
        if !normalised.len().is_multiple_of(features) {
            return Err(TokenError::Features { features });
        }
        self.whole_tokens(normalised.len() / features)?;
        let latents = self.latents(normalised, &mut |_, _| {});
        Ok(self.nearest(&latents.data))
    }

    /// Normalised features that tokens stand for, `[frames, features]`.
    ///
    /// # Errors
    ///
    /// [`TokenError::NoCode`], and [`TokenError::TooShort`] for no token.
    pub fn decode(&self, tokens: &[usize]) -> Result<Vec<f32>, TokenError> {
        let codes = self.config.codes;
        if let Some(&token) = tokens.iter().find(|&&token| token >= codes) {
            return Err(TokenError::NoCode { token, codes });
        }
        if tokens.is_empty() {
            return Err(TokenError::TooShort {
                frames: 0,
                needed: self.config.frames_of_token(),
            });
        }
        Ok(self.decoded(&self.chosen(tokens), &mut |_, _| {}).data)
    }

    /// Runs the network on windows of the settings' length; slices have been checked.
    pub(super) fn run(&self, input: &[f32], batch: usize, output: &mut [f32], trace: &mut Trace) {
        let (window, answer) = (input.len() / batch, output.len() / batch);
        let windows = input
            .chunks_exact(window)
            .zip(output.chunks_exact_mut(answer));
        for (index, (input, output)) in windows.enumerate() {
            let mut observe = |name: &str, signal: &Signal| {
                if trace.is_on() {
                    let [frames, width] = [signal.frames(), signal.width];
                    let turned = swapped(&signal.data, [1, frames, width, 1]);
                    trace.append(name, &[batch, width, frames], index, &turned);
                }
            };
            let latents = self.latents(input, &mut observe);
            let tokens = self.nearest(&latents.data);
            let chosen = self.chosen(&tokens);
            observe("latents", &latents);
            observe("quantised", &chosen);
            let made = self.decoded(&chosen, &mut observe);
            output.copy_from_slice(&made.data);
            if trace.is_on() {
                let numbers: Vec<f32> = tokens.iter().map(|&token| token as f32).collect();
                trace.append("indices", &[batch, tokens.len()], index, &numbers);
            }
        }
    }

    /// What the encoder gives, with what it computes on the way.
    fn latents(&self, input: &[f32], observe: &mut dyn FnMut(&str, &Signal)) -> Signal {
        let pool = &self.engine.pool;
        let mut x = Signal {
            data: input.to_vec(),
            width: self.config.features,
        };
        x = self.encoder.first.apply(pool, &x);
        observe("encoder.0", &x);
        rectify(&mut x);
        for (stage, (halving, residuals)) in self.encoder.stages.iter().enumerate() {
            x = halving.apply(pool, &x);
            for block in residuals {
                block.add_to(&self.engine, &mut x);
            }
            observe(&format!("encoder.{}", 2 + stage), &x);
        }
        self.encoder.last.apply(pool, &x)
    }

    /// The nearest code of each latent; the first of equals.
    fn nearest(&self, latents: &[f32]) -> Vec<usize> {
        let (width, codes) = (self.config.width, self.config.codes);
        let rows = latents.len() / width;
        let mut nearness = vec![0.0; rows * codes];
        self.nearness.apply_on(
            &self.engine.pool,
            rows,
            (latents, width),
            (&mut nearness, codes),
            Finish::Set,
        );
        let largest = |row: &[f32]| {
            let mut best = 0;
            for (code, &near) in row.iter().enumerate() {
                if near > row[best] {
                    best = code;
                }
            }
            best
        };
        nearness.chunks_exact(codes).map(largest).collect()
    }

    fn chosen(&self, tokens: &[usize]) -> Signal {
        let width = self.config.width;
        let rows = tokens
            .iter()
            .map(|&token| &self.codes[token * width..][..width]);
        Signal {
            data: rows.flatten().copied().collect(),
            width,
        }
    }

    fn decoded(&self, chosen: &Signal, observe: &mut dyn FnMut(&str, &Signal)) -> Signal {
        let pool = &self.engine.pool;
        let mut x = self.decoder.first.apply(pool, chosen);
        observe("decoder.0", &x);
        rectify(&mut x);
        for (stage, (residuals, convolution)) in self.decoder.stages.iter().enumerate() {
            for block in residuals {
                block.add_to(&self.engine, &mut x);
            }
            x = convolution.apply(pool, &x.doubled());
            observe(&format!("decoder.{}", 2 + stage), &x);
        }
        let number = 2 + self.decoder.stages.len();
        x = self.decoder.wide.apply(pool, &x);
        observe(&format!("decoder.{number}"), &x);
        rectify(&mut x);
        observe(&format!("decoder.{}", number + 1), &x);
        self.decoder.last.apply(pool, &x)
    }
}

impl Residual {
    fn add_to(&self, engine: &Engine, x: &mut Signal) {
        let mut inner = x.clone();
        rectify(&mut inner);
        inner = self.dilated.apply(&engine.pool, &inner);
        rectify(&mut inner);
        self.single.add(&engine.pool, &inner, x);
    }
}
