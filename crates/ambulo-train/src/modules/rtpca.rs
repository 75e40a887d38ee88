//! RTPCA and its parent MixSTE: whole clip in, whole clip out.
//!
//! Source: Liu et al. (2023), arXiv:2309.01365, and its released code; Zhang et al. (2022), "MixSTE",
//! arXiv:2203.00859.
//!
//! Differences from the papers: drop-path in place of dropout, as in the released code; keys and values are
//! both taken from one filtered copy of the block's input.
#![expect(
    non_snake_case,
    reason = "fields have the names of the published tensors"
)]

use ambulo_nn::config::{MixsteConfig, RtpcaConfig, XlrConfig, XlrFuse, XlrResidual};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::layers::{LayerNorm, Linear, Mlp, Noise, add_branch};
use super::pyramid::Pyramid;
use super::tensors::zeros;
use crate::ops::{self, FrameMap};

/// The network. Field names are those of its tensors.
#[derive(Module, Debug)]
pub struct Rtpca {
    Spatial_patch_to_embedding: Linear,
    Spatial_pos_embed: Param<Tensor<3>>,
    Temporal_pos_embed: Param<Tensor<3>>,
    Spatial_norm: LayerNorm,
    Temporal_norm: LayerNorm,
    STEblocks: Vec<Block>,
    TTEblocks: Vec<Block>,
    head: (LayerNorm, Linear),
    #[module(skip)]
    plan: Plan,
}

/// What the forward pass needs to know beyond the parameters.
#[derive(Debug, Clone)]
struct Plan {
    config: RtpcaConfig,
    drop_path: f64,
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
    q: Option<Linear>,
    kv: Option<Linear>,
    qkv: Option<Linear>,
    proj: Linear,
    /// Groups tensors in this code only: it has no part in their names.
    pyramid: Option<Pyramid>,
    gate: Option<Param<Tensor<3>>>,
    #[module(skip)]
    heads: usize,
}

impl Rtpca {
    /// The network of these settings, all parameters zero. `drop_path` is the largest share of branches
    /// left out in training; the share grows linearly from 0 in the first block.
    pub fn new(config: &RtpcaConfig, drop_path: f64, device: &Device) -> Self {
        Self::build(config, drop_path, false, device)
    }

    /// The same for MixSTE.
    pub fn mixste(config: &MixsteConfig, drop_path: f64, device: &Device) -> Self {
        Self::build(&config.as_rtpca(), drop_path, true, device)
    }

    fn build(config: &RtpcaConfig, drop_path: f64, is_mixste: bool, device: &Device) -> Self {
        let (dim, eps) = (config.dim, config.block_eps);
        let block = |mixes: Mixes| Block::new(config, mixes, is_mixste, device);
        Self {
            Spatial_patch_to_embedding: Linear::new(config.in_channels, dim, device),
            Spatial_pos_embed: zeros([1, config.joints, dim], device),
            Temporal_pos_embed: zeros([1, config.frames, dim], device),
            Spatial_norm: LayerNorm::new(dim, eps, device),
            Temporal_norm: LayerNorm::new(dim, eps, device),
            STEblocks: (0..config.depth).map(|_| block(Mixes::Joints)).collect(),
            TTEblocks: (0..config.depth).map(|i| block(Mixes::Frames(i))).collect(),
            head: (
                LayerNorm::new(dim, config.head_eps, device),
                Linear::new(dim, 3, device),
            ),
            plan: Plan {
                config: config.clone(),
                drop_path,
            },
        }
    }

    /// Lifts clips.
    ///
    /// # Shapes
    ///
    /// - `keypoints`: `[batch, frames, joints, channels]`
    /// - returns: `[batch, frames, joints, 3]`, metres
    pub fn forward(&self, keypoints: Tensor<4>, noise: &mut Noise<'_>) -> Tensor<4> {
        let config = &self.plan.config;
        let [batch, _, joints, _] = keypoints.dims();
        let x = self.Spatial_patch_to_embedding.forward(keypoints);
        let mut x = x + self.Spatial_pos_embed.val().unsqueeze(); // [batch, frames, joints, dim]
        let mut outputs: Vec<Tensor<4>> = Vec::new(); // of temporal blocks
        let mut handed: Vec<Tensor<4>> = Vec::new(); // their keys and values
        for (i, (spatial, temporal)) in self.STEblocks.iter().zip(&self.TTEblocks).enumerate() {
            let frames = x.dims()[1];
            // Every frame is a sequence of joints.
            let s = x.reshape([batch * frames, joints, 1, config.dim]);
            let s = spatial.over_joints(s, self.plan.drop_rate(i), noise);
            let s = self.Spatial_norm.forward(s);
            let mut s = s.reshape([batch, frames, joints, config.dim]);
            if i == 0 {
                s = s + self.Temporal_pos_embed.val().unsqueeze_dim(2);
            }
            // Every joint is a sequence of frames; sequences lie side by side.
            let memory = config.memory_of(i).map(|source| handed[source].clone());
            let (t, kept) = temporal.over_frames(s, memory, &self.plan, i, noise);
            let mut t = self.Temporal_norm.forward(t);
            if i > 0 {
                t = match config.xlr_residual {
                    XlrResidual::SelfDouble => t * 2.0,
                    XlrResidual::Prev => t + outputs[i - 1].clone(),
                    XlrResidual::None => t,
                };
            }
            if let Some(source) = config.trunk_skip_of(i) {
                t = t + outputs[source].clone();
            }
            outputs.push(t.clone());
            handed.push(kept);
            x = t;
        }
        let (norm, linear) = &self.head;
        linear.forward(norm.forward(x))
    }
}

impl Plan {
    /// The share of branches that block `index` leaves out in training.
    fn drop_rate(&self, index: usize) -> f64 {
        self.drop_path * index as f64 / (self.config.depth.max(2) - 1) as f64
    }
}

/// What a block mixes: the joints of a frame, or the frames of a joint in the temporal block of this index.
#[derive(Debug, Clone, Copy)]
enum Mixes {
    Joints,
    Frames(usize),
}

impl Block {
    fn new(config: &RtpcaConfig, mixes: Mixes, is_mixste: bool, device: &Device) -> Self {
        let (dim, eps) = (config.dim, config.block_eps);
        let mlp = match mixes {
            Mixes::Frames(index) if config.mlp_mixes_frames(index) => {
                let (before, after) = config.block_frames(index);
                Mlp::new([before, before, after], device)
            }
            _ => Mlp::new([dim, dim * config.mlp_ratio, dim], device),
        };
        Self {
            norm1: LayerNorm::new(dim, eps, device),
            attn: Attention::new(config, mixes, is_mixste, device),
            norm2: LayerNorm::new(dim, eps, device),
            mlp,
        }
    }

    /// `[batch · frames, joints, 1, dim]` to the same.
    fn over_joints(&self, x: Tensor<4>, rate: f64, noise: &mut Noise<'_>) -> Tensor<4> {
        let (queries, memory) = self.attn.project(self.norm1.forward(x.clone()));
        let mixed = ops::attention(queries, memory, self.attn.heads);
        let x = add_branch(x, self.attn.proj.forward(mixed), rate, noise);
        let branch = self.mlp.forward(self.norm2.forward(x.clone()));
        add_branch(x, branch, rate, noise)
    }

    /// `[batch, frames, joints, dim]` to the same, and the keys and values for later blocks.
    fn over_frames(
        &self,
        x: Tensor<4>,
        memory: Option<Tensor<4>>,
        plan: &Plan,
        index: usize,
        noise: &mut Noise<'_>,
    ) -> (Tensor<4>, Tensor<4>) {
        let (config, rate) = (&plan.config, plan.drop_rate(index));
        let (queries, own) = self.attn.project(self.norm1.forward(x.clone()));
        let (mixed, handed) = self.attn.mix(queries, own, memory, config);
        let x = add_branch(x, self.attn.proj.forward(mixed), rate, noise);
        let normed = self.norm2.forward(x.clone());
        if !config.mlp_mixes_frames(index) {
            return (add_branch(x, self.mlp.forward(normed), rate, noise), handed);
        }
        let branch = self.mlp.forward(normed.swap_dims(1, 3)).swap_dims(1, 3);
        let (before, after) = config.block_frames(index);
        let shortcut = match before.cmp(&after) {
            std::cmp::Ordering::Greater => ops::map_frames(FrameMap::pooling(before, after), x),
            std::cmp::Ordering::Equal => x,
            std::cmp::Ordering::Less => ops::map_frames(FrameMap::interpolation(before, after), x),
        };
        (add_branch(shortcut, branch, rate, noise), handed)
    }
}

impl Attention {
    fn new(config: &RtpcaConfig, mixes: Mixes, is_mixste: bool, device: &Device) -> Self {
        let dim = config.dim;
        let linear = |outputs| Linear::with_bias(dim, outputs, config.qkv_bias, device);
        let (pyramid, gate) = match mixes {
            Mixes::Joints => (None, None),
            Mixes::Frames(index) => {
                let fuse = config.xlr.map(|xlr| xlr.fuse);
                let gated = fuse == Some(XlrFuse::Gated) && config.memory_of(index).is_some();
                (
                    Pyramid::new(config, index, device),
                    gated.then(|| zeros([1, config.frames, 1], device)),
                )
            }
        };
        Self {
            q: (!is_mixste).then(|| linear(dim)),
            kv: (!is_mixste).then(|| linear(2 * dim)),
            qkv: is_mixste.then(|| linear(3 * dim)),
            proj: Linear::new(dim, dim, device),
            pyramid,
            gate,
            heads: config.heads,
        }
    }

    /// Queries, as wide as `x`; keys and values side by side, twice as wide.
    fn project(&self, x: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        if let (Some(q), Some(kv)) = (&self.q, &self.kv) {
            let filtered = match &self.pyramid {
                Some(pyramid) => pyramid.forward(x.clone()),
                None => x.clone(),
            };
            return (q.forward(x), kv.forward(filtered));
        }
        let all = self
            .qkv
            .as_ref()
            .map_or_else(|| x.clone(), |qkv| qkv.forward(x.clone()));
        let dim = all.dims()[3] / 3;
        (all.clone().narrow(3, 0, dim), all.narrow(3, dim, 2 * dim))
    }

    /// Attention over the block's own keys and values and those it remembers; what it hands on.
    fn mix(
        &self,
        queries: Tensor<4>,
        own: Tensor<4>,
        memory: Option<Tensor<4>>,
        config: &RtpcaConfig,
    ) -> (Tensor<4>, Tensor<4>) {
        let (Some(memory), Some(XlrConfig { fuse, .. })) = (memory, config.xlr) else {
            let mixed = ops::attention(queries, own.clone(), self.heads);
            return (mixed, own);
        };
        let remembered = memory.dims()[1];
        let pooled = ops::map_frames(
            FrameMap::pooling(remembered, config.memory_tokens()),
            memory,
        );
        if let (XlrFuse::Gated, Some(gate)) = (fuse, &self.gate) {
            let mixed = ops::attention(queries.clone(), own.clone(), self.heads);
            let recalled = ops::attention(queries, pooled, self.heads);
            return (mixed + recalled * gate.val().unsqueeze_dim(2), own);
        }
        let all = Tensor::cat(vec![own, pooled], 1);
        (ops::attention(queries, all.clone(), self.heads), all)
    }
}
