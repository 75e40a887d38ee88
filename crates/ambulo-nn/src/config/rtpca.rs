//! Settings of RTPCA.
//!
//! Source: Liu et al. (2023), arXiv:2309.01365, and its released code.
//!
//! Differences from the paper: see [`XlrResidual`]; switches of the ablations whose wiring is nowhere
//! stated are marked as our reading.

mod counts;
mod json;

use serde::{Deserialize, Serialize};

use super::mixste::MixsteConfig;
use super::{ConfigError, Shapes, TensorShape, check, check_eps, count};

/// Settings of RTPCA: whole clip in, whole clip out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "json::Raw", into = "json::Raw")]
pub struct RtpcaConfig {
    /// Frames of a clip, in and out.
    pub frames: usize,
    /// Joints, in and out.
    pub joints: usize,
    /// Numbers a keypoint: 2 coordinates, or 3 with confidence.
    pub in_channels: usize,
    /// Width of a token.
    pub dim: usize,
    /// Pairs of a spatial and a temporal block.
    pub depth: usize,
    /// Attention heads; they divide `dim`.
    pub heads: usize,
    /// Width of the hidden layer, as a multiple of `dim`.
    pub mlp_ratio: usize,
    /// Whether queries, keys and values have biases.
    pub qkv_bias: bool,
    /// The pyramid before the keys and values of temporal blocks.
    pub tpca: Option<TpcaConfig>,
    /// The memory of earlier temporal blocks.
    pub xlr: Option<XlrConfig>,
    /// What is added to a temporal block's output.
    pub xlr_residual: XlrResidual,
    /// Epsilon of the norms in and between blocks.
    pub block_eps: f32,
    /// Epsilon of the pyramid's norms.
    pub tpca_eps: f32,
    /// Epsilon of the head's norm.
    pub head_eps: f32,
}

/// The pyramid over time of TPCA.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TpcaConfig {
    /// The way down: to a half, a quarter and an eighth of the frames.
    pub compress: Compress,
    /// The way up again.
    pub amplify: Amplify,
}

/// How the pyramid halves the frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compress {
    /// Adaptive average pooling, then a norm over time and GELU.
    #[default]
    Pool,
    /// Depthwise convolution of stride 2 in place of the pooling (norm and GELU kept: our reading).
    Conv,
    /// Both: a convolution of the level above plus a pooling of the input, without norm and GELU.
    PoolConv,
}

/// How the pyramid doubles the frames again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amplify {
    /// Not at all: keys and values keep an eighth of the frames.
    None,
    /// Linear interpolation, ends aligned, in place of the convolution (norm and GELU kept: our reading).
    Linear,
    /// Depthwise transposed convolution of stride 2.
    #[default]
    Transconv,
}

/// The memory of earlier temporal blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct XlrConfig {
    /// Which block remembers which.
    pub topology: XlrTopology,
    /// How the memory enters attention.
    pub fuse: XlrFuse,
}

/// Which temporal block takes the keys and values of which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XlrTopology {
    /// Each block from the one before it.
    #[default]
    Adjacent,
    /// The late blocks from early ones, mirrored about the middle, with their outputs added.
    Pyramid,
    /// No memory: temporal blocks shorten and lengthen the clip, with outputs of equal length added.
    PyramidQ,
}

/// How keys and values of the memory enter attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XlrFuse {
    /// Beside the block's own, in one softmax.
    #[default]
    Concat,
    /// In an attention of their own, added with a learned weight a frame.
    Gated,
}

/// What is added to a temporal block's output, from the second block on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum XlrResidual {
    /// Itself: what the released code does. Needed for published weights.
    #[default]
    SelfDouble,
    /// The output of the block before: what was probably meant.
    Prev,
    /// Nothing.
    None,
}

/// Lengths of the pyramid's three levels over `frames` frames: a half, a quarter and an eighth.
pub(crate) fn pyramid_lengths(frames: usize) -> [usize; 3] {
    [frames / 2, frames / 4, frames / 8]
}

impl RtpcaConfig {
    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.trunk().validate()?;
        check_eps("tpca_eps", self.tpca_eps)?;
        if self.xlr.is_some() {
            check(
                "frames",
                &self.frames,
                self.memory_tokens() > 0,
                "xlr needs 8 or more",
            )?;
        }
        let mirrored = self
            .xlr
            .is_some_and(|xlr| xlr.topology != XlrTopology::Adjacent);
        if mirrored {
            check(
                "depth",
                &self.depth,
                self.depth.is_multiple_of(2) && self.depth >= 4,
                "xlr_topology pyramid and pyramid_q need an even number, 4 or more",
            )?;
            check(
                "xlr_residual",
                &format_args!("{:?}", self.xlr_residual),
                self.xlr_residual == XlrResidual::None,
                "xlr_topology pyramid and pyramid_q add outputs of other blocks: it must be none",
            )?;
        }
        for block in 0..self.depth {
            let shortest = if self.tpca.is_some() { 8 } else { 1 };
            check(
                "frames",
                &self.frames,
                self.block_frames(block).0 >= shortest,
                &format!("temporal block {block} would have fewer than {shortest} frames"),
            )?;
        }
        Ok(())
    }

    /// The same trunk without pyramid and memory.
    pub fn trunk(&self) -> MixsteConfig {
        MixsteConfig {
            frames: self.frames,
            joints: self.joints,
            in_channels: self.in_channels,
            dim: self.dim,
            depth: self.depth,
            heads: self.heads,
            mlp_ratio: self.mlp_ratio,
            qkv_bias: self.qkv_bias,
            block_eps: self.block_eps,
            head_eps: self.head_eps,
        }
    }

    /// Frames that temporal block `block` takes and gives: the clip's, but for `pyramid_q`.
    pub fn block_frames(&self, block: usize) -> (usize, usize) {
        let is_q = self
            .xlr
            .is_some_and(|xlr| xlr.topology == XlrTopology::PyramidQ);
        if !is_q {
            return (self.frames, self.frames);
        }
        let after = |block: usize| {
            let level = block.min((self.depth - 1).saturating_sub(block));
            self.frames
                .checked_shr(u32::try_from(level).unwrap_or(u32::MAX))
                .unwrap_or(0)
        };
        let before = block.checked_sub(1).map_or(self.frames, after);
        (before, after(block))
    }

    /// Whether the hidden layer of temporal block `block` mixes frames in place of channels.
    pub fn mlp_mixes_frames(&self, block: usize) -> bool {
        block > 0
            && self
                .xlr
                .is_some_and(|xlr| xlr.topology == XlrTopology::PyramidQ)
    }

    /// Lengths of the pyramid's three levels in temporal block `block`.
    pub fn pyramid_lengths(&self, block: usize) -> [usize; 3] {
        pyramid_lengths(self.block_frames(block).0)
    }

    /// Kernels of the transposed convolutions in temporal block `block`, from the shortest level up.
    pub fn up_kernels(&self, block: usize) -> [usize; 3] {
        let frames = self.block_frames(block).0;
        let [half, quarter, eighth] = pyramid_lengths(frames);
        let kernel = |to: usize, from: usize| (to + 2).saturating_sub(2 * from);
        [
            kernel(quarter, eighth),
            kernel(half, quarter),
            kernel(frames, half),
        ]
    }

    /// Kernels of the convolutions of stride 2 in temporal block `block`, from the longest level down.
    pub fn down_kernels(&self, block: usize) -> [usize; 3] {
        let frames = self.block_frames(block).0;
        let [half, quarter, _] = pyramid_lengths(frames);
        [frames, half, quarter].map(|length| if length % 2 == 1 { 3 } else { 2 })
    }

    /// Tokens that the memory of an earlier block is pooled to.
    pub fn memory_tokens(&self) -> usize {
        self.frames / 8
    }

    /// The temporal block whose keys and values block `block` remembers.
    pub fn memory_of(&self, block: usize) -> Option<usize> {
        match self.xlr?.topology {
            XlrTopology::Adjacent => block.checked_sub(1),
            XlrTopology::Pyramid if block > self.depth / 2 => (self.depth + 1).checked_sub(block),
            XlrTopology::Pyramid | XlrTopology::PyramidQ => None,
        }
    }

    /// The temporal block whose output is added to that of block `block`.
    pub fn trunk_skip_of(&self, block: usize) -> Option<usize> {
        match self.xlr?.topology {
            XlrTopology::Adjacent => None,
            XlrTopology::Pyramid | XlrTopology::PyramidQ => (block > self.depth / 2)
                .then(|| (self.depth - 1).checked_sub(block))
                .flatten(),
        }
    }

    /// Keys and values that temporal block `block` computes itself.
    pub fn own_tokens(&self, block: usize) -> usize {
        let compressed = self.tpca.is_some_and(|tpca| tpca.amplify == Amplify::None);
        if compressed {
            self.pyramid_lengths(block)[2]
        } else {
            self.block_frames(block).0
        }
    }

    /// Keys and values that temporal block `block` hands to a block that remembers it.
    pub fn handed_tokens(&self, block: usize) -> usize {
        let concatenates = self.xlr.is_some_and(|xlr| xlr.fuse == XlrFuse::Concat);
        let memory = self.memory_of(block).map_or(0, |_| self.memory_tokens());
        self.own_tokens(block) + if concatenates { memory } else { 0 }
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Shapes::default();
        embedding(&mut shapes, &self.trunk());
        for block in 0..self.depth {
            let name = format!("STEblocks.{block}");
            split_attention(&mut shapes, &name, self);
            mlp(
                &mut shapes,
                &name,
                self.dim,
                self.dim * self.mlp_ratio,
                self.dim,
            );
            let name = format!("TTEblocks.{block}");
            split_attention(&mut shapes, &name, self);
            if let Some(tpca) = self.tpca {
                self.pyramid(&mut shapes, &format!("{name}.attn"), block, tpca);
            }
            let gated = self.xlr.is_some_and(|xlr| xlr.fuse == XlrFuse::Gated);
            if gated && self.memory_of(block).is_some() {
                shapes.tensor(&format!("{name}.attn.gate"), &[1, self.frames, 1]);
            }
            let (before, after) = self.block_frames(block);
            if self.mlp_mixes_frames(block) {
                mlp_of(&mut shapes, &name, self.dim, [before, before, after]);
            } else {
                mlp(
                    &mut shapes,
                    &name,
                    self.dim,
                    self.dim * self.mlp_ratio,
                    self.dim,
                );
            }
        }
        head(&mut shapes, self.dim);
        shapes.0
    }

    fn pyramid(&self, shapes: &mut Shapes, attention: &str, block: usize, tpca: TpcaConfig) {
        let frames = self.block_frames(block).0;
        let [half, quarter, eighth] = self.pyramid_lengths(block);
        let normed = tpca.compress != Compress::PoolConv;
        if tpca.compress != Compress::Pool {
            for (level, kernel) in (1..).zip(self.down_kernels(block)) {
                shapes.conv(&format!("{attention}.conv{level}"), self.dim, 1, kernel);
            }
        }
        if normed {
            for (level, length) in (1..).zip([half, quarter, eighth]) {
                shapes.norm(&format!("{attention}.norm{level}"), length);
            }
        }
        if tpca.amplify == Amplify::Transconv {
            for (level, kernel) in (1..).zip(self.up_kernels(block)) {
                shapes.conv(&format!("{attention}.up{level}"), self.dim, 1, kernel);
            }
        }
        if normed && tpca.amplify != Amplify::None {
            for (level, length) in (1..).zip([quarter, half, frames]) {
                shapes.norm(&format!("{attention}.upnorm{level}"), length);
            }
        }
        shapes.norm(&format!("{attention}.norm4"), self.dim);
    }

    /// How many numbers the network learns.
    pub fn parameter_count(&self) -> u64 {
        count(&self.tensor_shapes())
    }
}

pub(super) fn embedding(shapes: &mut Shapes, config: &MixsteConfig) {
    shapes.linear("Spatial_patch_to_embedding", config.dim, config.in_channels);
    shapes.tensor("Spatial_pos_embed", &[1, config.joints, config.dim]);
    shapes.tensor("Temporal_pos_embed", &[1, config.frames, config.dim]);
    shapes.norm("Spatial_norm", config.dim);
    shapes.norm("Temporal_norm", config.dim);
}

fn split_attention(shapes: &mut Shapes, block: &str, config: &RtpcaConfig) {
    let dim = config.dim;
    shapes.norm(&format!("{block}.norm1"), dim);
    for (name, outputs) in [("q", dim), ("kv", 2 * dim)] {
        let name = format!("{block}.attn.{name}");
        shapes.weight(&name, &[outputs, dim]);
        if config.qkv_bias {
            shapes.bias(&name, outputs);
        }
    }
    shapes.linear(&format!("{block}.attn.proj"), dim, dim);
}

pub(super) fn mlp(shapes: &mut Shapes, block: &str, inputs: usize, hidden: usize, outputs: usize) {
    mlp_of(shapes, block, inputs, [inputs, hidden, outputs]);
}

fn mlp_of(shapes: &mut Shapes, block: &str, dim: usize, [inputs, hidden, outputs]: [usize; 3]) {
    shapes.norm(&format!("{block}.norm2"), dim);
    shapes.linear(&format!("{block}.mlp.fc1"), hidden, inputs);
    shapes.linear(&format!("{block}.mlp.fc2"), outputs, hidden);
}

pub(super) fn head(shapes: &mut Shapes, dim: usize) {
    shapes.norm("head.0", dim);
    shapes.linear("head.1", 3, dim);
}
