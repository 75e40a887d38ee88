//! Settings of the motion tokenizer.
//!
//! Source: Jiang et al. (2023), "`MotionGPT`", arXiv:2306.14795; `OpenMotionLab/MotionGPT`, commit 001aaca.
//!
//! Names of tensors are those of its checkpoints without `vae.`. Of our own are `mean` and `std` of the
//! features, and `quantizer.{code_sum,code_count}`, without which training cannot go on where it ended.

use serde::{Deserialize, Serialize};

use super::{ConfigError, MacCount, Shapes, TensorShape, agree, check, check_size, count, product};

/// Frames under the kernel of most convolutions.
const KERNEL: usize = 3;
/// Frames under the kernel of those that halve the frames.
const HALVING_KERNEL: usize = 4;
/// By how much a stage shortens the motion.
const STRIDE: usize = 2;
/// The one quantiser there is.
const QUANTIZER: &str = "ema_reset";

/// Settings of the motion tokenizer: convolutions down, the nearest of some codes, convolutions up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawVqvae", into = "RawVqvae")]
pub struct VqvaeConfig {
    /// Frames of a window in training; any motion of four frames or more can be encoded.
    pub frames: usize,
    /// Features of a frame.
    pub features: usize,
    /// Codes to choose from.
    pub codes: usize,
    /// Channels of every convolution but the last, and numbers of a code.
    pub width: usize,
    /// Stages, each of which halves the frames.
    pub stages: usize,
    /// Residual blocks of a stage.
    pub depth: usize,
    /// By how much the dilation falls from block to block; the last has 1.
    pub dilation_growth: usize,
    /// How much of its sum and count a code keeps at a step of training.
    pub decay: f32,
    /// Whether mean and standard deviation of the features are with the weights. Without them the network
    /// reads and writes normalised features only.
    pub statistics: bool,
}

impl VqvaeConfig {
    /// The published network.
    pub fn published() -> Self {
        Self {
            frames: 64,
            features: 263,
            codes: 512,
            width: 512,
            stages: 2,
            depth: 3,
            dilation_growth: 3,
            decay: 0.99,
            statistics: true,
        }
    }

    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_size("nfeats", self.features, 4096)?;
        check_size("code_num", self.codes, 65_536)?;
        check_size("width", self.width, 4096)?;
        check_size("down_t", self.stages, 6)?;
        check_size("depth", self.depth, 8)?;
        check_size("dilation_growth", self.dilation_growth, 8)?;
        check_size("frames", self.frames, 65_536)?;
        let fits = self.frames >= self.frames_of_token();
        let rule = "it must be at least as many frames as one token stands for";
        check("frames", &self.frames, fits, rule)?;
        let rule = "it must be from 0 to below 1";
        check("mu", &self.decay, (0.0..1.0).contains(&self.decay), rule)
    }

    /// Frames that one token stands for.
    pub fn frames_of_token(&self) -> usize {
        STRIDE.pow(u32::try_from(self.stages).unwrap_or(0))
    }

    /// Tokens of a motion: each stage halves its frames and drops an odd one.
    pub fn tokens(&self, frames: usize) -> usize {
        (0..self.stages).fold(frames, |frames, _| frames / STRIDE)
    }

    /// Dilations of the residual blocks of a stage, in the order they are applied, on both ways.
    pub fn dilations(&self) -> Vec<usize> {
        let powers = (0..u32::try_from(self.depth).unwrap_or(0)).rev();
        powers
            .map(|power| self.dilation_growth.pow(power))
            .collect()
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Shapes::default();
        let width = self.width;
        shapes.conv("encoder.model.0", width, self.features, KERNEL);
        for stage in 0..self.stages {
            let name = format!("encoder.model.{}", 2 + stage);
            shapes.conv(&format!("{name}.0"), width, width, HALVING_KERNEL);
            self.residuals(&mut shapes, &format!("{name}.1"));
        }
        let last = 2 + self.stages;
        shapes.conv(&format!("encoder.model.{last}"), width, width, KERNEL);
        shapes.tensor("quantizer.codebook", &[self.codes, width]);
        shapes.tensor("quantizer.code_sum", &[self.codes, width]);
        shapes.tensor("quantizer.code_count", &[self.codes]);
        shapes.conv("decoder.model.0", width, width, KERNEL);
        for stage in 0..self.stages {
            let name = format!("decoder.model.{}", 2 + stage);
            self.residuals(&mut shapes, &format!("{name}.0"));
            shapes.conv(&format!("{name}.2"), width, width, KERNEL);
        }
        shapes.conv(&format!("decoder.model.{last}"), width, width, KERNEL);
        let last = format!("decoder.model.{}", last + 2);
        shapes.conv(&last, self.features, width, KERNEL);
        if self.statistics {
            shapes.tensor("mean", &[self.features]);
            shapes.tensor("std", &[self.features]);
        }
        shapes.0
    }

    fn residuals(&self, shapes: &mut Shapes, name: &str) {
        for block in 0..self.depth {
            let name = format!("{name}.model.{block}");
            shapes.conv(&format!("{name}.conv1"), self.width, self.width, KERNEL);
            shapes.conv(&format!("{name}.conv2"), self.width, self.width, 1);
        }
    }

    /// Whether a tensor is no result of gradients: codes and what they are averaged from, statistics.
    pub(super) fn is_fixed(name: &str) -> bool {
        name.starts_with("quantizer.") || matches!(name, "mean" | "std")
    }

    /// How many parameters the network has, as its paper counts: without the codes.
    pub fn parameter_count(&self) -> u64 {
        let mut shapes = self.tensor_shapes();
        shapes.retain(|tensor| !Self::is_fixed(&tensor.name));
        count(&shapes)
    }

    /// The arithmetic of one window, there and back.
    pub fn macs(&self) -> MacCount {
        let width = self.width;
        let residuals = |frames: usize| product(&[frames, self.depth, KERNEL + 1, width, width]);
        let (mut frames, mut encoder) = (
            self.frames,
            product(&[self.frames, KERNEL, self.features, width]),
        );
        for _ in 0..self.stages {
            frames /= STRIDE;
            encoder += product(&[frames, HALVING_KERNEL, width, width]) + residuals(frames);
        }
        encoder += product(&[frames, KERNEL, width, width]);
        let codes = product(&[frames, self.codes, width]);
        let mut decoder = product(&[frames, KERNEL, width, width]);
        for _ in 0..self.stages {
            decoder += residuals(frames);
            frames *= STRIDE;
            decoder += product(&[frames, KERNEL, width, width]);
        }
        decoder += product(&[frames, KERNEL, width, width + self.features]);
        MacCount {
            stages: vec![("encoder", encoder), ("codes", codes), ("decoder", decoder)],
        }
    }
}

/// `config.json` of the motion tokenizer as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVqvae {
    #[serde(default = "default_frames")]
    frames: usize,
    nfeats: usize,
    code_num: usize,
    width: usize,
    down_t: usize,
    depth: usize,
    #[serde(default = "default_growth")]
    dilation_growth: usize,
    #[serde(default = "default_decay")]
    mu: f32,
    #[serde(default)]
    statistics: bool,
    #[serde(default, skip_serializing)]
    code_dim: Option<usize>,
    #[serde(default, skip_serializing)]
    stride_t: Option<usize>,
    #[serde(default, skip_serializing)]
    dilations: Option<Vec<usize>>,
    #[serde(default, skip_serializing)]
    quantizer: Option<String>,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
}

fn default_frames() -> usize {
    64
}

fn default_growth() -> usize {
    3
}

fn default_decay() -> f32 {
    0.99
}

impl TryFrom<RawVqvae> for VqvaeConfig {
    type Error = ConfigError;

    fn try_from(raw: RawVqvae) -> Result<Self, ConfigError> {
        let config = Self {
            frames: raw.frames,
            features: raw.nfeats,
            codes: raw.code_num,
            width: raw.width,
            stages: raw.down_t,
            depth: raw.depth,
            dilation_growth: raw.dilation_growth,
            decay: raw.mu,
            statistics: raw.statistics,
        };
        config.validate()?;
        raw.batch
            .map_or(Ok(()), |batch| check_size("batch", batch, 1 << 20))?;
        agree("code_dim", raw.code_dim.as_ref(), &config.width)?;
        agree("stride_t", raw.stride_t.as_ref(), &STRIDE)?;
        agree("dilations", raw.dilations.as_ref(), &config.dilations())?;
        agree("quantizer", raw.quantizer.as_deref(), QUANTIZER)?;
        agree("params", raw.params.as_ref(), &config.parameter_count())?;
        Ok(config)
    }
}

impl From<VqvaeConfig> for RawVqvae {
    fn from(config: VqvaeConfig) -> Self {
        Self {
            frames: config.frames,
            nfeats: config.features,
            code_num: config.codes,
            width: config.width,
            down_t: config.stages,
            depth: config.depth,
            dilation_growth: config.dilation_growth,
            mu: config.decay,
            statistics: config.statistics,
            code_dim: None,
            stride_t: None,
            dilations: None,
            quantizer: None,
            batch: None,
            params: None,
        }
    }
}
