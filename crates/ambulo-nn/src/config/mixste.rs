//! Settings of MixSTE, the parent of RTPCA.
//!
//! Source: Zhang et al. (2022), "MixSTE", arXiv:2203.00859.
//!
//! Differences from the paper: none known.

use serde::{Deserialize, Serialize};

use super::rtpca::{RtpcaConfig, XlrResidual, embedding, head, mlp};
use super::{
    ConfigError, MacCount, Shapes, TensorShape, agree, check, check_eps, check_size, count,
    default_block_eps, default_head_eps, default_in_channels, default_mlp_ratio, default_true,
};

/// Settings of MixSTE.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawMixste", into = "RawMixste")]
pub struct MixsteConfig {
    /// Frames of a clip, in and out.
    pub frames: usize,
    /// Joints, in and out.
    pub joints: usize,
    /// Numbers a keypoint.
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
    /// Epsilon of the norms in and between blocks.
    pub block_eps: f32,
    /// Epsilon of the head's norm.
    pub head_eps: f32,
}

impl MixsteConfig {
    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_size("frames", self.frames, 4096)?;
        check_size("joints", self.joints, 512)?;
        check_size("in_channels", self.in_channels, 16)?;
        check_size("dim", self.dim, 4096)?;
        check_size("depth", self.depth, 64)?;
        check_size("heads", self.heads, 4096)?;
        check_size("mlp_ratio", self.mlp_ratio, 16)?;
        check(
            "heads",
            &self.heads,
            self.dim.is_multiple_of(self.heads),
            &format!("it must divide dim, which is {}", self.dim),
        )?;
        check_eps("block_eps", self.block_eps)?;
        check_eps("head_eps", self.head_eps)
    }

    /// The same network as RTPCA without pyramid, memory and residual: queries, keys and values split.
    pub fn as_rtpca(&self) -> RtpcaConfig {
        RtpcaConfig {
            frames: self.frames,
            joints: self.joints,
            in_channels: self.in_channels,
            dim: self.dim,
            depth: self.depth,
            heads: self.heads,
            mlp_ratio: self.mlp_ratio,
            qkv_bias: self.qkv_bias,
            tpca: None,
            xlr: None,
            xlr_residual: XlrResidual::None,
            block_eps: self.block_eps,
            tpca_eps: default_head_eps(),
            head_eps: self.head_eps,
        }
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Shapes::default();
        embedding(&mut shapes, self);
        for block in 0..self.depth {
            for stack in ["STEblocks", "TTEblocks"] {
                let name = format!("{stack}.{block}");
                shapes.norm(&format!("{name}.norm1"), self.dim);
                let qkv = format!("{name}.attn.qkv");
                shapes.weight(&qkv, &[3 * self.dim, self.dim]);
                if self.qkv_bias {
                    shapes.bias(&qkv, 3 * self.dim);
                }
                shapes.linear(&format!("{name}.attn.proj"), self.dim, self.dim);
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

    /// How many numbers the network learns.
    pub fn parameter_count(&self) -> u64 {
        count(&self.tensor_shapes())
    }

    /// The arithmetic of one forward pass over one clip.
    pub fn macs(&self) -> MacCount {
        self.as_rtpca().macs()
    }
}

/// `config.json` of MixSTE as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMixste {
    frames: usize,
    joints: usize,
    #[serde(default = "default_in_channels")]
    in_channels: usize,
    dim: usize,
    depth: usize,
    heads: usize,
    #[serde(default = "default_mlp_ratio")]
    mlp_ratio: usize,
    #[serde(default = "default_true")]
    qkv_bias: bool,
    #[serde(default = "default_block_eps")]
    block_eps: f32,
    #[serde(default = "default_head_eps")]
    head_eps: f32,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
}

impl TryFrom<RawMixste> for MixsteConfig {
    type Error = ConfigError;

    fn try_from(raw: RawMixste) -> Result<Self, ConfigError> {
        let config = Self {
            frames: raw.frames,
            joints: raw.joints,
            in_channels: raw.in_channels,
            dim: raw.dim,
            depth: raw.depth,
            heads: raw.heads,
            mlp_ratio: raw.mlp_ratio,
            qkv_bias: raw.qkv_bias,
            block_eps: raw.block_eps,
            head_eps: raw.head_eps,
        };
        config.validate()?;
        agree("params", raw.params.as_ref(), &config.parameter_count())?;
        raw.batch
            .map_or(Ok(()), |batch| check_size("batch", batch, 1 << 20))?;
        Ok(config)
    }
}

impl From<MixsteConfig> for RawMixste {
    fn from(config: MixsteConfig) -> Self {
        Self {
            frames: config.frames,
            joints: config.joints,
            in_channels: config.in_channels,
            dim: config.dim,
            depth: config.depth,
            heads: config.heads,
            mlp_ratio: config.mlp_ratio,
            qkv_bias: config.qkv_bias,
            block_eps: config.block_eps,
            head_eps: config.head_eps,
            batch: None,
            params: None,
        }
    }
}
