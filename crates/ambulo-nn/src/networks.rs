//! The networks' forward passes.

mod cnn1d;
mod convformer;
mod pose;
mod rtpca;
mod stt;
pub mod t5;
pub mod vqvae;

use std::collections::BTreeMap;

pub use cnn1d::Cnn1d;
pub use convformer::ConvFormer;
pub use pose::Pose;
pub use rtpca::Rtpca;
pub use stt::Stt;
pub use vqvae::Vqvae;

use crate::config::{ConfigError, NetworkConfig};
use crate::layers::{Checked, Trace};
use crate::tensors::{Tensor, TensorError, Tensors};
use crate::threads::{Engine, Threads};

/// Why a network could not be made or run.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The settings are out of range.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A tensor is missing.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A tensor has another shape than the settings ask for.
    #[error("tensor {name:?} has the shape {found:?}, but the settings ask for {expected:?}")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that follows from the settings.
        expected: Vec<usize>,
    },
    /// There are tensors that the network has no use for.
    #[error("{count} tensors belong to no part of the network, among them {name:?}")]
    Unused {
        /// One of them.
        name: String,
        /// How many they are.
        count: usize,
    },
    /// The input does not fill the batch.
    #[error("an input of {batch} × {shape:?} has {expected} numbers, not {found}")]
    Input {
        /// Inputs at once.
        batch: usize,
        /// Shape of one.
        shape: [usize; 3],
        /// Numbers they hold.
        expected: usize,
        /// Numbers given.
        found: usize,
    },
    /// The network reads and writes tokens, as [`t5::T5`] does.
    #[error("t5 reads and writes tokens, not windows of numbers")]
    Tokens,
    /// A language model cannot read or write the tokens it is given.
    #[error(transparent)]
    Text(#[from] t5::T5Error),
    /// The memory for the output does not fit it.
    #[error("the output has {expected} numbers, not {found}")]
    Output {
        /// Numbers of the output.
        expected: usize,
        /// Numbers there is room for.
        found: usize,
    },
}

/// A network with its weights, ready to run.
///
/// Memory for a batch is planned at the first forward pass of its size and reused.
#[derive(Debug)]
pub struct Network {
    config: NetworkConfig,
    engine: Engine,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Rtpca(Box<Rtpca>),
    ConvFormer(Box<ConvFormer>),
    Pose(Box<Pose>),
    Stt(Box<Stt>),
    Cnn1d(Box<Cnn1d>),
    Vqvae(Box<Vqvae>),
}

impl Network {
    /// Makes a network of the given settings and weights, on the fastest instruction set.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] if the settings are out of range, or if a tensor is missing, has another shape
    /// or is left over.
    pub fn from_weights(
        config: &NetworkConfig,
        tensors: &Tensors,
        threads: Threads,
    ) -> Result<Self, NetworkError> {
        Self::on_engine(config, tensors, &Engine::new(threads))
    }

    /// The same on a given engine.
    ///
    /// # Errors
    ///
    /// As [`Network::from_weights`].
    pub fn on_engine(
        config: &NetworkConfig,
        tensors: &Tensors,
        engine: &Engine,
    ) -> Result<Self, NetworkError> {
        let weights = Checked::new(config, tensors, engine.cpu)?;
        let body = match config {
            NetworkConfig::Rtpca(config) => Body::Rtpca(Box::new(Rtpca::new(config, weights))),
            NetworkConfig::Mixste(config) => {
                Body::Rtpca(Box::new(Rtpca::of_mixste(config, weights)))
            }
            NetworkConfig::ConvFormer(config) => {
                Body::ConvFormer(Box::new(ConvFormer::new(config, weights)))
            }
            NetworkConfig::TransposeH(config) => {
                Body::Pose(Box::new(Pose::of_transpose_h(config, weights)))
            }
            NetworkConfig::Vttranspose(config) => {
                Body::Pose(Box::new(Pose::of_vttranspose(config, weights)))
            }
            NetworkConfig::VttransposeSmall(config) => {
                Body::Pose(Box::new(Pose::of_small(config, weights)))
            }
            NetworkConfig::Stt(config) => Body::Stt(Box::new(Stt::new(config, weights))),
            NetworkConfig::Cnn1d(config) => Body::Cnn1d(Box::new(Cnn1d::new(config, weights))),
            NetworkConfig::Vqvae(config) => {
                Body::Vqvae(Box::new(Vqvae::from_weights(config, tensors, engine)?))
            }
            NetworkConfig::T5(_) => return Err(NetworkError::Tokens),
        };
        Ok(Self {
            config: config.clone(),
            engine: engine.clone(),
            body,
        })
    }

    /// The settings.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// The engine that runs it.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs the network.
    ///
    /// # Shapes
    ///
    /// - `input`: `[batch, frames, joints, channels]`, or pictures `[batch, 3, height, width]`, see
    ///   [`NetworkConfig::input_shape`]
    /// - returns: `[batch, frames, joints, 3]`, one frame for `ConvFormer`, or heat-maps
    ///   `[batch, joints, height / 4, width / 4]`, or estimates `[batch, 1, 1, n]`, see [`NetworkConfig::output_shape`]
    ///
    /// # Errors
    ///
    /// [`NetworkError::Input`] if the input does not fill the batch exactly.
    pub fn forward(&mut self, input: &[f32], batch: usize) -> Result<Vec<f32>, NetworkError> {
        let mut output = vec![0.0; batch * self.config.output_shape().iter().product::<usize>()];
        self.forward_into(input, batch, &mut output)?;
        Ok(output)
    }

    /// Runs the network into memory of the caller. A second pass with the same batch allocates nothing.
    ///
    /// # Errors
    ///
    /// [`NetworkError::Input`] and [`NetworkError::Output`] if the slices do not fit the batch exactly.
    pub fn forward_into(
        &mut self,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
    ) -> Result<(), NetworkError> {
        self.run(input, batch, output, &mut Trace::off())
    }

    /// Runs the network and keeps intermediate results by the names of the reference cases
    /// (`spatial_block.0`, `temporal.1`, …), and the result as `output`. The arithmetic is that of
    /// [`Network::forward`].
    ///
    /// # Errors
    ///
    /// As [`Network::forward`].
    pub fn trace(
        &mut self,
        input: &[f32],
        batch: usize,
    ) -> Result<BTreeMap<String, Tensor>, NetworkError> {
        let [frames, joints, channels] = self.config.output_shape();
        let mut output = vec![0.0; batch * frames * joints * channels];
        let mut trace = Trace::on();
        self.run(input, batch, &mut output, &mut trace)?;
        trace.keep(
            format_args!("output"),
            &[batch, frames, joints, channels],
            || output,
        );
        Ok(trace.into_tensors())
    }

    /// Runs a network that gives the centre frame of a window over a whole video, one output frame for
    /// each window: `padded_frames - frames + 1` of them. What does not depend on the window is computed
    /// once. For networks that give the whole clip, the video must be one clip.
    ///
    /// # Shapes
    ///
    /// - `video`: `[padded_frames, joints, channels]`, padded at both ends by half a window
    /// - returns: `[padded_frames - frames + 1, joints, 3]`
    ///
    /// # Errors
    ///
    /// [`NetworkError::Input`] if the video is shorter than a window or no whole number of frames.
    pub fn forward_video(&mut self, video: &[f32]) -> Result<Vec<f32>, NetworkError> {
        let shape @ [frames, joints, channels] = self.config.input_shape();
        let frame = joints * channels;
        if !video.len().is_multiple_of(frame) || video.len() < frames * frame {
            return Err(NetworkError::Input {
                batch: 1,
                shape,
                expected: (video.len() / frame).max(frames) * frame,
                found: video.len(),
            });
        }
        match &mut self.body {
            Body::Rtpca(_) | Body::Pose(_) | Body::Stt(_) | Body::Cnn1d(_) | Body::Vqvae(_) => {
                self.forward(video, 1)
            }
            Body::ConvFormer(network) => Ok(network.forward_video(&self.engine, video)),
        }
    }

    fn run(
        &mut self,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) -> Result<(), NetworkError> {
        let shape = self.config.input_shape();
        let expected = batch * shape.iter().product::<usize>();
        if input.len() != expected {
            return Err(NetworkError::Input {
                batch,
                shape,
                expected,
                found: input.len(),
            });
        }
        let expected = batch * self.config.output_shape().iter().product::<usize>();
        if output.len() != expected {
            return Err(NetworkError::Output {
                expected,
                found: output.len(),
            });
        }
        if batch > 0 {
            match &mut self.body {
                Body::Rtpca(network) => network.run(&self.engine, input, batch, output, trace),
                Body::ConvFormer(network) => network.run(&self.engine, input, batch, output, trace),
                Body::Pose(network) => network.run(&self.engine, input, batch, output, trace),
                Body::Stt(network) => network.run(&self.engine, input, batch, output, trace),
                Body::Cnn1d(network) => network.run(&self.engine, input, batch, output, trace),
                Body::Vqvae(network) => network.run(input, batch, output, trace),
            }
        }
        Ok(())
    }
}
