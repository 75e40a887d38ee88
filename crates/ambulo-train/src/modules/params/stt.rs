//! STT: a block over joints, a block over frames, a weighted mean of the frames, a small head.
//!
//! Source: `vinuni-vishc/transformer-gait-analysis`, commit 549d58b.
//!
//! Differences from the paper: those of [`ambulo_nn::config::SttConfig`].

use ambulo_nn::config::SttConfig;
use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::ParamsNetwork;
use crate::modules::layers::{LayerNorm, Linear, Mlp};
use crate::modules::pose::Pass;
use crate::modules::tensors::zeros;
use crate::ops;

/// Numbers of a keypoint.
const CHANNELS: usize = 2;
/// Width of the head's hidden layer.
const HIDDEN: usize = 8;

/// The network. Field names are those of its tensors.
#[derive(Module, Debug)]
pub struct Stt {
    joint_embedding: Linear,
    spatial_positional_enc: Param<Tensor<3>>,
    spatial_block: Block,
    spatial_norm: LayerNorm,
    temporal_positional_enc: Param<Tensor<3>>,
    temporal_block: Block,
    temporal_norm: LayerNorm,
    weighted_mean: FrameMean,
    regression_head: (LayerNorm, Linear, Rectifier, Linear),
    #[module(skip)]
    config: SttConfig,
}

#[derive(Module, Debug)]
struct Block {
    norm1: LayerNorm,
    attn: Attention,
    norm2: LayerNorm,
    mlp: Mlp,
}

#[derive(Module, Debug)]
struct Attention {
    qkv: Linear,
    proj: Linear,
    #[module(skip)]
    heads: usize,
}

/// One weight a frame, and one offset that all numbers share.
#[derive(Module, Debug)]
struct FrameMean {
    weight: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
}

/// Holds the place of the rectifier, which counts in the names of the head's tensors.
#[derive(Module, Debug)]
struct Rectifier {
    #[module(skip)]
    floor: f32,
}

impl Stt {
    /// The network of these settings, all parameters zero.
    pub fn new(config: &SttConfig, device: &Device) -> Self {
        let (dim, wide, eps) = (config.dim, config.frame_dim(), config.block_eps);
        Self {
            joint_embedding: Linear::new(CHANNELS, dim, device),
            spatial_positional_enc: zeros([1, config.joints, dim], device),
            spatial_block: Block::new(dim, config, device),
            spatial_norm: LayerNorm::new(dim, eps, device),
            temporal_positional_enc: zeros([1, config.frames, wide], device),
            temporal_block: Block::new(wide, config, device),
            temporal_norm: LayerNorm::new(wide, eps, device),
            weighted_mean: FrameMean {
                weight: zeros([1, config.frames, 1], device),
                bias: zeros([1], device),
            },
            regression_head: (
                LayerNorm::new(wide, config.head_eps, device),
                Linear::new(wide, HIDDEN, device),
                Rectifier { floor: 0.0 },
                Linear::new(HIDDEN, 1, device),
            ),
            config: config.clone(),
        }
    }

    /// Estimates a number for each window.
    ///
    /// # Shapes
    ///
    /// - `keypoints`: `[batch, frames, joints, 2]`
    /// - returns: `[batch, 1]`
    pub fn forward(&self, keypoints: Tensor<4>) -> Tensor<2> {
        let [batch, frames, joints, _] = keypoints.dims();
        let (dim, wide) = (self.config.dim, self.config.frame_dim());
        let x = self.joint_embedding.forward(keypoints);
        let x = x + self.spatial_positional_enc.val().unsqueeze();
        // Every frame is a sequence of joints.
        let x = self
            .spatial_block
            .forward(x.reshape([batch * frames, joints, 1, dim]));
        let x = self
            .spatial_norm
            .forward(x)
            .reshape([batch, frames, 1, wide]);
        let x = x + self.temporal_positional_enc.val().unsqueeze_dim(2);
        let x = self.temporal_norm.forward(self.temporal_block.forward(x));
        let x = self.weighted_mean.forward(x.reshape([batch, frames, wide]));
        let (norm, first, rectifier, last) = &self.regression_head;
        last.forward(rectifier.forward(first.forward(norm.forward(x))))
    }
}

impl ParamsNetwork for Stt {
    fn estimate(&self, windows: Tensor<2>, _pass: &mut Pass<'_>) -> Tensor<1> {
        let [batch, _] = windows.dims();
        let (frames, joints) = (self.config.frames, self.config.joints);
        let keypoints = windows.reshape([batch, frames, joints, CHANNELS]);
        self.forward(keypoints).reshape([batch])
    }
}

impl Block {
    fn new(dim: usize, config: &SttConfig, device: &Device) -> Self {
        Self {
            norm1: LayerNorm::new(dim, config.block_eps, device),
            attn: Attention {
                qkv: Linear::new(dim, 3 * dim, device),
                proj: Linear::new(dim, dim, device),
                heads: config.heads,
            },
            norm2: LayerNorm::new(dim, config.block_eps, device),
            mlp: Mlp::new([dim, config.mlp_ratio * dim, dim], device),
        }
    }

    /// `[sequences, tokens, 1, dim]` to the same.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = x.clone() + self.attn.forward(self.norm1.forward(x));
        x.clone() + self.mlp.forward(self.norm2.forward(x))
    }
}

impl Attention {
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let dim = x.dims()[3];
        let all = self.qkv.forward(x);
        let (queries, memory) = (all.clone().narrow(3, 0, dim), all.narrow(3, dim, 2 * dim));
        self.proj
            .forward(ops::attention(queries, memory, self.heads))
    }
}

impl FrameMean {
    /// `[batch, frames, width]` to `[batch, width]`.
    fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let [batch, _, width] = x.dims();
        let sum = (x * self.weight.val()).sum_dim(1).reshape([batch, width]);
        sum + self.bias.val().unsqueeze()
    }
}

impl Rectifier {
    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        relu(x - self.floor) + self.floor
    }
}
