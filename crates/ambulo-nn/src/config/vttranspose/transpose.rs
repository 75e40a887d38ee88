//! Settings of `TransPose` on `HRNet`, the parent of `VTTransPose`.
//!
//! Source: Yang et al. (2021), "`TransPose`", arXiv:2012.14214, and its released code.
//!
//! Differences from the paper: none known.

use serde::{Deserialize, Serialize};

use super::super::{ConfigError, MacCount, TensorShape};
use super::json::RawTransposeH;
use super::{Encoder, EncoderNorm, Position, VBlocks, VttransposeConfig};

/// Settings of `TransPose` on `HRNet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawTransposeH", into = "RawTransposeH")]
pub struct TransposeHConfig {
    /// Width and height of the crop in pixels; multiples of 16.
    pub image_size: [usize; 2],
    /// Channels of the stem; the first stage has four times as many.
    pub stem: usize,
    /// Channels of the branches at a quarter, an eighth and a sixteenth of the crop.
    pub stage_channels: [usize; 3],
    /// Residual blocks of a branch in each module.
    pub blocks_per_branch: usize,
    /// Modules of the third stage.
    pub stage3_modules: usize,
    /// Width of the encoder's tokens.
    pub d_model: usize,
    /// Width of the hidden layer of the encoder.
    pub ffn: usize,
    /// Layers of the encoder.
    pub layers: usize,
    /// Attention heads; they divide `d_model`.
    pub heads: usize,
    /// What tells the encoder where a token lies.
    pub position: Position,
    /// Keypoints that are found.
    pub joints: usize,
    /// Epsilon of batch norms.
    pub bn_eps: f32,
    /// Epsilon of layer norms.
    pub ln_eps: f32,
}

impl TransposeHConfig {
    /// The same network as `VTTransPose` without V blocks and twin attention: the same tensors.
    pub fn as_vttranspose(&self) -> VttransposeConfig {
        VttransposeConfig {
            image_size: self.image_size,
            stem: self.stem,
            stage_channels: self.stage_channels,
            blocks_per_branch: self.blocks_per_branch,
            stage3_modules: self.stage3_modules,
            v_blocks: VBlocks::none(),
            d_model: self.d_model,
            layers: self.layers,
            heads: self.heads,
            encoder: Encoder::SelfAttention {
                ffn: self.ffn,
                norm: EncoderNorm::Post,
            },
            position: self.position,
            joints: self.joints,
            bn_eps: self.bn_eps,
            ln_eps: self.ln_eps,
        }
    }

    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.as_vttranspose().validate()
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        self.as_vttranspose().tensor_shapes()
    }

    /// The arithmetic of one forward pass over one crop.
    pub fn macs(&self) -> MacCount {
        self.as_vttranspose().macs()
    }
}
