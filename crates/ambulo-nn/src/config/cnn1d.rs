//! Settings of the 1D-CNN that estimates a gait parameter from keypoints.
//!
//! Source: Kidziński et al. (2020), doi:10.1038/s41467-020-17807-z; `stanfordnmbl/mobile-gaitlab`, commit
//! 4167ee6.
//!
//! Tensors have layouts of `PyTorch` and names of our own; [`crate::import`] knows those of Keras.

use serde::{Deserialize, Serialize};

use super::{
    ConfigError, MacCount, Shapes, TensorShape, agree, check, check_eps, check_size, count, product,
};

/// Convolutions between two poolings.
const CONVOLUTIONS: usize = 2;
/// Numbers out: the first is the estimate, the second only carried a weight in training.
const OUTPUTS: usize = 2;

/// Settings of the 1D-CNN: groups of two convolutions over frames, each with rectifier and then batch norm,
/// and a pooling; two dense layers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawCnn1d", into = "RawCnn1d")]
pub struct Cnn1dConfig {
    /// Frames of a window.
    pub frames: usize,
    /// Numbers a frame: 12 of a leg, or 23 of both.
    pub features: usize,
    /// Channels of every convolution.
    pub filters: usize,
    /// Frames under the kernel of every convolution; with zeros around, one more behind than before.
    pub kernel: usize,
    /// Frames that each pooling makes one; what is left over is dropped.
    pub pools: Vec<usize>,
    /// Width of the first dense layer.
    pub dense: usize,
    /// Epsilon of the batch norms.
    pub bn_eps: f32,
}

impl Cnn1dConfig {
    /// The published network for one leg (12 features) or both (23).
    pub fn published(features: usize) -> Self {
        Self {
            frames: 124,
            features,
            filters: 32,
            kernel: 8,
            pools: vec![2, 2, 3],
            dense: 10,
            bn_eps: 1e-3,
        }
    }

    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_size("frames", self.frames, 4096)?;
        check_size("features", self.features, 1024)?;
        check_size("filters", self.filters, 1024)?;
        check_size("kernel", self.kernel, 64)?;
        check_size("dense", self.dense, 1024)?;
        check_size("pools", self.pools.len(), 16)?;
        let mut frames = self.frames;
        for &pool in &self.pools {
            let rule = format!("each must be from 1 to the {frames} frames that are left");
            let fits = (1..=frames).contains(&pool);
            check("pools", &pool, fits, &rule)?;
            frames /= pool;
        }
        check_eps("bn_eps", self.bn_eps)
    }

    /// Frames before each pooling, then those after the last.
    pub fn lengths(&self) -> Vec<usize> {
        let mut lengths = vec![self.frames];
        let mut frames = self.frames;
        for pool in &self.pools {
            frames /= pool;
            lengths.push(frames);
        }
        lengths
    }

    /// Numbers that the first dense layer reads: time-major, channels innermost.
    pub fn flat(&self) -> usize {
        self.filters * self.lengths().last().copied().unwrap_or(0)
    }

    /// How many convolutions there are; they are called `conv1` and so on, their norms `norm1` and so on.
    pub fn convolutions(&self) -> usize {
        CONVOLUTIONS * self.pools.len()
    }

    /// What convolution `index`, counted from 0, reads: its channels and frames.
    fn reads(&self, index: usize) -> (usize, usize) {
        let inputs = if index == 0 {
            self.features
        } else {
            self.filters
        };
        (inputs, self.lengths()[index / CONVOLUTIONS])
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Shapes::default();
        for index in 0..self.convolutions() {
            let (inputs, _) = self.reads(index);
            let number = index + 1;
            shapes.conv(&format!("conv{number}"), self.filters, inputs, self.kernel);
            let norm = format!("norm{number}");
            shapes.norm(&norm, self.filters);
            for statistic in ["running_mean", "running_var"] {
                shapes.tensor(&format!("{norm}.{statistic}"), &[self.filters]);
            }
        }
        shapes.linear("dense1", self.dense, self.flat());
        shapes.linear("dense2", OUTPUTS, self.dense);
        shapes.0
    }

    /// How many numbers the network holds, with the means and variances of batch norms, as Keras counts.
    pub fn parameter_count(&self) -> u64 {
        count(&self.tensor_shapes())
    }

    /// The arithmetic of one window.
    pub fn macs(&self) -> MacCount {
        let convolution = |index: usize| {
            let (inputs, frames) = self.reads(index);
            product(&[frames, self.kernel, inputs, self.filters])
        };
        let dense = product(&[self.flat(), self.dense]) + product(&[self.dense, OUTPUTS]);
        MacCount {
            stages: vec![
                (
                    "convolutions",
                    (0..self.convolutions()).map(convolution).sum(),
                ),
                ("dense", dense),
            ],
        }
    }
}

/// `config.json` of the 1D-CNN as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCnn1d {
    frames: usize,
    features: usize,
    filters: usize,
    kernel: usize,
    pools: Vec<usize>,
    dense: usize,
    bn_eps: f32,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
    #[serde(default, skip_serializing)]
    output_used: Option<usize>,
}

impl TryFrom<RawCnn1d> for Cnn1dConfig {
    type Error = ConfigError;

    fn try_from(raw: RawCnn1d) -> Result<Self, ConfigError> {
        let config = Self {
            frames: raw.frames,
            features: raw.features,
            filters: raw.filters,
            kernel: raw.kernel,
            pools: raw.pools,
            dense: raw.dense,
            bn_eps: raw.bn_eps,
        };
        config.validate()?;
        agree("params", raw.params.as_ref(), &config.parameter_count())?;
        agree("output_used", raw.output_used.as_ref(), &0)?;
        Ok(config)
    }
}

impl From<Cnn1dConfig> for RawCnn1d {
    fn from(config: Cnn1dConfig) -> Self {
        Self {
            frames: config.frames,
            features: config.features,
            filters: config.filters,
            kernel: config.kernel,
            pools: config.pools,
            dense: config.dense,
            bn_eps: config.bn_eps,
            params: None,
            output_used: None,
        }
    }
}
