//! ConvFormer: a window of frames in, its centre frame out.
//!
//! Source: Diaz-Arias & Shin (2023), arXiv:2304.02147. No code was released: the architecture follows from
//! the paper's own counts of parameters and operations.
//!
//! Differences from the paper: none known. A bank of convolutions is blended before it is applied, which
//! is the same function at a third of the cost.

use ambulo_nn::config::{Bank, ConvFormerConfig, Eta, HeadOrder, Scale};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, activation};

use super::layers::{LayerNorm, Linear, Mlp, Noise, add_branch, dropout};
use super::tensors::zeros;
use crate::ops;

/// The network. Field names are those of its tensors.
#[derive(Module, Debug)]
pub struct ConvFormer {
    embed: Linear,
    spatial_pos: Param<Tensor<3>>,
    spatial: Vec<Block>,
    spatial_norm: LayerNorm,
    temporal_pos: Param<Tensor<3>>,
    temporal: Vec<Block>,
    temporal_norm: LayerNorm,
    head: Head,
    #[module(skip)]
    plan: Plan,
}

#[derive(Debug, Clone)]
struct Plan {
    config: ConvFormerConfig,
    drop_path: f64,
}

#[derive(Module, Debug)]
struct Block {
    norm1: LayerNorm,
    attn: Attention,
    norm2: LayerNorm,
    mlp: Mlp,
}

/// Attention whose queries, keys and values come from convolutions, or from one dense layer.
#[derive(Module, Debug)]
struct Attention {
    q: Vec<Conv>,
    k: Vec<Conv>,
    v: Vec<Conv>,
    eta: Option<Param<Tensor<1>>>,
    eta_q: Option<Weights>,
    eta_k: Option<Weights>,
    eta_v: Option<Weights>,
    qkv: Option<Linear>,
    proj: Linear,
    #[module(skip)]
    shape: AttentionShape,
}

/// Blending weights of a bank: one a kernel, or one a head and kernel.
#[derive(Module, Debug)]
enum Weights {
    /// `[kernels]`
    Whole(Param<Tensor<1>>),
    /// `[heads, kernels]`
    Heads(Param<Tensor<2>>),
}

#[derive(Debug, Clone)]
struct AttentionShape {
    heads: usize,
    /// Whether convolutions mix frames, sliding over the features of a frame, in place of mixing features,
    /// sliding over joints.
    is_temporal: bool,
    /// Shares of the blended queries, keys and values left out in training.
    dropout: f64,
    /// What queries are multiplied by beside the usual root of the head's width.
    query_factor: f64,
    softmax: bool,
}

/// A convolution of stride 1 that keeps the length. `weight` is `[out, in, kernel]`.
#[derive(Module, Debug)]
struct Conv {
    weight: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
}

#[derive(Module, Debug)]
struct Head {
    norm: LayerNorm,
    linear: Linear,
    frames: Conv,
}

impl ConvFormer {
    /// The network of these settings, all parameters zero. `drop_path` is the largest share of branches left
    /// out in training, growing linearly from 0 in the first block of each stack; `share` that of the
    /// blended queries, keys and values.
    pub fn new(config: &ConvFormerConfig, drop_path: f64, share: f64, device: &Device) -> Self {
        let (dim, wide) = (config.dim, config.frame_dim());
        let eps = config.block_eps;
        let block = |is_temporal| Block::new(config, is_temporal, share, device);
        Self {
            embed: Linear::new(config.in_channels, dim, device),
            spatial_pos: zeros([1, config.joints_in, dim], device),
            spatial: (0..config.spatial_blocks).map(|_| block(false)).collect(),
            spatial_norm: LayerNorm::new(dim, eps, device),
            temporal_pos: zeros([1, config.frames, wide], device),
            temporal: (0..config.temporal_blocks).map(|_| block(true)).collect(),
            temporal_norm: LayerNorm::new(wide, eps, device),
            head: Head {
                norm: LayerNorm::new(wide, config.head_eps, device),
                linear: Linear::new(wide, 3 * config.joints_out, device),
                frames: Conv::new(1, config.frames, 1, device),
            },
            plan: Plan {
                config: config.clone(),
                drop_path,
            },
        }
    }

    /// Lifts the centre frames of windows.
    ///
    /// # Shapes
    ///
    /// - `keypoints`: `[batch, frames, joints in, channels]`
    /// - returns: `[batch, 1, joints out, 3]`, metres
    pub fn forward(&self, keypoints: Tensor<4>, noise: &mut Noise<'_>) -> Tensor<4> {
        let [batch, frames, joints, channels] = keypoints.dims();
        let config = &self.plan.config;
        let x = keypoints.reshape([batch * frames, joints, channels]);
        let mut x = self.embed.forward(x) + self.spatial_pos.val();
        for (i, block) in self.spatial.iter().enumerate() {
            let rate = self.plan.drop_rate(i, self.spatial.len());
            x = block.forward(x, rate, noise);
        }
        let x = self.spatial_norm.forward(x);
        let mut x = x.reshape([batch, frames, config.frame_dim()]) + self.temporal_pos.val();
        for (i, block) in self.temporal.iter().enumerate() {
            let rate = self.plan.drop_rate(i, self.temporal.len());
            x = block.forward(x, rate, noise);
        }
        let x = self.temporal_norm.forward(x); // [batch, frames, joints · dim]
        let x = match config.head_order {
            HeadOrder::LinearFirst => {
                let x = self.head.linear.forward(self.head.norm.forward(x));
                self.head.frames.mean(x)
            }
            HeadOrder::MeanFirst => {
                let x = self.head.frames.mean(x);
                self.head.linear.forward(self.head.norm.forward(x))
            }
        };
        x.reshape([batch, 1, config.joints_out, 3])
    }
}

impl Plan {
    fn drop_rate(&self, index: usize, depth: usize) -> f64 {
        self.drop_path * index as f64 / (depth.max(2) - 1) as f64
    }
}

impl Block {
    fn new(config: &ConvFormerConfig, is_temporal: bool, dropout: f64, device: &Device) -> Self {
        let width = if is_temporal {
            config.frame_dim()
        } else {
            config.dim
        };
        let eps = config.block_eps;
        Self {
            norm1: LayerNorm::new(width, eps, device),
            attn: Attention::new(config, is_temporal, dropout, device),
            norm2: LayerNorm::new(width, eps, device),
            mlp: Mlp::new([width, config.mlp_ratio * width, width], device),
        }
    }

    /// `[batch, tokens, width]` to the same.
    fn forward(&self, x: Tensor<3>, rate: f64, noise: &mut Noise<'_>) -> Tensor<3> {
        let add = |x: Tensor<3>, branch: Tensor<3>, noise: &mut Noise<'_>| -> Tensor<3> {
            add_branch(x.unsqueeze_dim(2), branch.unsqueeze_dim(2), rate, noise).squeeze_dim(2)
        };
        let branch = self.attn.forward(self.norm1.forward(x.clone()), noise);
        let x = add(x, branch, noise);
        let branch = self.mlp.forward(self.norm2.forward(x.clone()));
        add(x, branch, noise)
    }
}

impl Attention {
    fn new(config: &ConvFormerConfig, is_temporal: bool, dropout: f64, device: &Device) -> Self {
        let (width, channels) = if is_temporal {
            (config.frame_dim(), config.frames)
        } else {
            (config.dim, config.dim)
        };
        let bank = config.bank.as_ref();
        let convs = || -> Vec<Conv> {
            let kernels = bank.map_or(&[][..], |bank| &bank.kernels);
            let convs = kernels
                .iter()
                .map(|&kernel| Conv::new(channels, channels, kernel, device));
            convs.collect()
        };
        let eta = |wanted: fn(Eta) -> bool| bank.filter(|bank| wanted(bank.eta));
        let own = || eta(|eta| eta != Eta::Shared).map(|bank| Weights::new(bank, config, device));
        let query_factor = match config.scale {
            Scale::HeadWidth => 1.0,
            Scale::TokenWidth => 1.0 / (config.heads as f64).sqrt(),
        };
        Self {
            q: convs(),
            k: convs(),
            v: convs(),
            eta: eta(|eta| eta == Eta::Shared).map(|bank| zeros([bank.kernels.len()], device)),
            eta_q: own(),
            eta_k: own(),
            eta_v: own(),
            qkv: bank
                .is_none()
                .then(|| Linear::new(width, 3 * width, device)),
            proj: match bank {
                Some(_) => Linear::new(channels, channels, device),
                None => Linear::new(width, width, device),
            },
            shape: AttentionShape {
                heads: config.heads,
                is_temporal,
                dropout,
                query_factor,
                softmax: bank.is_some_and(|bank| bank.softmax),
            },
        }
    }

    /// `[batch, tokens, width]` to the same.
    fn forward(&self, x: Tensor<3>, noise: &mut Noise<'_>) -> Tensor<3> {
        let width = x.dims()[2];
        if let Some(qkv) = &self.qkv {
            let all = dropout(qkv.forward(x), self.shape.dropout, noise);
            let queries = all.clone().narrow(2, 0, width) * self.shape.query_factor;
            let memory = all.narrow(2, width, 2 * width);
            return self.proj.forward(self.attend(queries, memory));
        }
        // Channels last: convolutions slide over the middle axis.
        let x = self.turned(x);
        let [queries, keys, values] = [
            (&self.q, &self.eta_q),
            (&self.k, &self.eta_k),
            (&self.v, &self.eta_v),
        ]
        .map(|(convs, eta)| {
            let blended = self.blend(&x, convs, eta.as_ref());
            self.turned(dropout(blended, self.shape.dropout, noise))
        });
        let memory = Tensor::cat(vec![keys, values], 2);
        let queries = queries * self.shape.query_factor;
        let mixed = self.attend(queries, memory);
        self.turned(self.proj.forward(self.turned(mixed)))
    }

    fn attend(&self, queries: Tensor<3>, memory: Tensor<3>) -> Tensor<3> {
        let [queries, memory] = [queries, memory].map(|x| x.unsqueeze_dim::<4>(2));
        ops::attention(queries, memory, self.shape.heads).squeeze_dim(2)
    }

    /// Swaps tokens and features in temporal blocks, whose channels are the frames.
    fn turned(&self, x: Tensor<3>) -> Tensor<3> {
        if self.shape.is_temporal {
            x.swap_dims(1, 2)
        } else {
            x
        }
    }

    /// The bank applied to `[batch, positions, channels]`.
    fn blend(&self, x: &Tensor<3>, convs: &[Conv], own: Option<&Weights>) -> Tensor<3> {
        let heads = self.shape.heads;
        match (own, &self.eta) {
            (Some(Weights::Heads(eta)), _) => {
                let [_, positions, channels] = x.dims();
                let alpha = self.alpha(eta.val()); // [heads, kernels]
                // A head is a run of features: of positions where channels are frames.
                let (along, length) = if self.shape.is_temporal {
                    ([1, heads, 1], positions)
                } else {
                    ([1, 1, heads], channels)
                };
                let outputs = convs.iter().enumerate().map(|(i, conv)| {
                    let alpha: Tensor<3> = alpha.clone().narrow(1, i, 1).reshape(along);
                    let axis = if self.shape.is_temporal { 1 } else { 2 };
                    conv.forward(x) * spread(alpha, axis, length / heads)
                });
                outputs.reduce(|a, b| a + b).unwrap_or_else(|| x.clone())
            }
            (Some(Weights::Whole(eta)), _) | (None, Some(eta)) => {
                blended(convs, &self.alpha(eta.val())).forward(x)
            }
            (None, None) => x.clone(),
        }
    }

    fn alpha<const D: usize>(&self, eta: Tensor<D>) -> Tensor<D> {
        if self.shape.softmax {
            activation::softmax(eta, D - 1)
        } else {
            eta
        }
    }
}

impl Weights {
    fn new(bank: &Bank, config: &ConvFormerConfig, device: &Device) -> Self {
        let kernels = bank.kernels.len();
        match bank.eta {
            Eta::PerHead => Self::Heads(zeros([config.heads, kernels], device)),
            Eta::PerProjection | Eta::Shared => Self::Whole(zeros([kernels], device)),
        }
    }
}

/// Each number `times` times in a row along an axis.
fn spread(x: Tensor<3>, axis: usize, times: usize) -> Tensor<3> {
    let [a, b, c] = x.dims();
    if axis == 1 {
        x.reshape([a, b, 1, c])
            .repeat_dim(2, times)
            .reshape([a, b * times, c])
    } else {
        x.reshape([a, b, c, 1])
            .repeat_dim(3, times)
            .reshape([a, b, c * times])
    }
}

impl Conv {
    fn new(outputs: usize, inputs: usize, kernel: usize, device: &Device) -> Self {
        Self {
            weight: zeros([outputs, inputs, kernel], device),
            bias: zeros([outputs], device),
        }
    }

    fn forward(&self, x: &Tensor<3>) -> Tensor<3> {
        let kernel = Kernel {
            weight: self.weight.val(),
            bias: self.bias.val(),
        };
        kernel.forward(x)
    }

    /// The weighted mean over frames of `[batch, frames, width]`, as `[batch, 1, width]`.
    fn mean(&self, x: Tensor<3>) -> Tensor<3> {
        let frames = x.dims()[1];
        (x * self.weight.val().reshape([1, frames, 1])).sum_dim(1)
            + self.bias.val().reshape([1, 1, 1])
    }
}

/// The numbers of a convolution.
struct Kernel {
    /// `[out, in, kernel]`
    weight: Tensor<3>,
    bias: Tensor<1>,
}

impl Kernel {
    /// `[batch, positions, in]` to `[batch, positions, out]`, zeros beyond the ends.
    fn forward(&self, x: &Tensor<3>) -> Tensor<3> {
        let [outputs, inputs, kernel] = self.weight.dims();
        let [batch, positions, _] = x.dims();
        let ends = Tensor::zeros([batch, kernel / 2, inputs], &x.device());
        let padded = Tensor::cat(vec![ends.clone(), x.clone(), ends], 1);
        let taps = (0..kernel).map(|tap| padded.clone().narrow(1, tap, positions));
        let columns = Tensor::cat(taps.collect(), 2); // [batch, positions, kernel · in]
        let matrix = self
            .weight
            .clone()
            .permute([2, 1, 0])
            .reshape([kernel * inputs, outputs]);
        burn::tensor::module::linear(columns, matrix, Some(self.bias.clone()))
    }
}

/// The one convolution that a bank with these weights is.
fn blended(convs: &[Conv], alpha: &Tensor<1>) -> Kernel {
    let size = |conv: &Conv| conv.weight.lazy_shape()[2];
    let largest = convs.iter().map(size).max().unwrap_or(1);
    let parts = convs.iter().enumerate().map(|(i, conv)| {
        let alpha = alpha.clone().narrow(0, i, 1);
        let weight = conv.weight.val();
        let [outputs, inputs, kernel] = weight.dims();
        let ends = Tensor::zeros([outputs, inputs, (largest - kernel) / 2], &weight.device());
        let weight = if kernel < largest {
            Tensor::cat(vec![ends.clone(), weight, ends], 2)
        } else {
            weight
        };
        Kernel {
            weight: weight * alpha.clone().reshape([1, 1, 1]),
            bias: conv.bias.val() * alpha,
        }
    });
    let sum = parts.reduce(|a, b| Kernel {
        weight: a.weight + b.weight,
        bias: a.bias + b.bias,
    });
    sum.expect("a bank has at least one convolution")
}
