//! Settings of ConvFormer.
//!
//! Source: Diaz-Arias & Shin (2023), arXiv:2304.02147. No code was released: the architecture follows from
//! the paper's own counts of parameters and operations.

use serde::{Deserialize, Serialize};

use super::{
    ConfigError, MacCount, Shapes, TensorShape, agree, check, check_eps, check_size, count,
    default_block_eps, default_head_eps, default_in_channels, default_mlp_ratio, product,
};

/// Settings of ConvFormer: a window of frames in, its centre frame out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct ConvFormerConfig {
    /// Frames of the window; odd, so that it has a centre.
    pub frames: usize,
    /// Joints of the input.
    pub joints_in: usize,
    /// Joints of the output.
    pub joints_out: usize,
    /// Numbers a keypoint: 2 coordinates, or 3 with confidence.
    pub in_channels: usize,
    /// Width of a joint's token; a frame's is `joints_in` times this.
    pub dim: usize,
    /// Attention heads of both stacks; they divide both widths.
    pub heads: usize,
    /// Blocks over the joints of a frame.
    pub spatial_blocks: usize,
    /// Blocks over the frames.
    pub temporal_blocks: usize,
    /// Width of the hidden layers, as a multiple of the token's.
    pub mlp_ratio: usize,
    /// Where queries, keys and values come from.
    pub bank: Option<Bank>,
    /// Norm before or after the mean over frames.
    pub head_order: HeadOrder,
    /// What attention is divided by.
    pub scale: Scale,
    /// Epsilon of the norms in and between blocks.
    pub block_eps: f32,
    /// Epsilon of the head's norm.
    pub head_eps: f32,
}

/// A bank of convolutions, blended by learned weights. Without one, a dense layer makes queries, keys
/// and values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bank {
    /// Kernel of each convolution; one to three odd numbers.
    pub kernels: Vec<usize>,
    /// Whether the weights go through a softmax.
    pub softmax: bool,
    /// Who shares the weights.
    pub eta: Eta,
}

/// Who shares the blending weights of a bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Eta {
    /// Each of queries, keys and values has its own: `attn.eta_q`, `attn.eta_k`, `attn.eta_v`.
    #[default]
    PerProjection,
    /// A block has one set: `attn.eta`.
    Shared,
    /// Each head of each projection has its own: `attn.eta_q` and so on of shape `(heads, kernels)`.
    PerHead,
}

/// The order of the head's steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadOrder {
    /// Norm and linear layer on each frame, then the weighted mean: as the paper draws it.
    #[default]
    LinearFirst,
    /// The weighted mean first, as in PoseFormer.
    MeanFirst,
}

/// What the products of queries and keys are multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scale {
    /// One over the root of a head's width.
    #[default]
    #[serde(rename = "1/sqrt(head width)")]
    HeadWidth,
    /// One over the root of the token's width, as the paper's equation 3 reads.
    #[serde(rename = "1/sqrt(token width)")]
    TokenWidth,
}

impl ConvFormerConfig {
    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_size("frames", self.frames, 4095)?;
        check(
            "frames",
            &self.frames,
            self.frames % 2 == 1,
            "it must be odd: the centre frame is the output",
        )?;
        check_size("joints_in", self.joints_in, 512)?;
        check_size("joints_out", self.joints_out, 512)?;
        check_size("in_channels", self.in_channels, 16)?;
        check_size("dim", self.dim, 1024)?;
        check_size("heads", self.heads, 1024)?;
        check_size("spatial_blocks", self.spatial_blocks, 64)?;
        check_size("temporal_blocks", self.temporal_blocks, 64)?;
        check_size("mlp_ratio", self.mlp_ratio, 16)?;
        check(
            "heads",
            &self.heads,
            self.dim.is_multiple_of(self.heads),
            &format!("it must divide dim, which is {}", self.dim),
        )?;
        if let Some(bank) = &self.bank {
            let fits = (1..=3).contains(&bank.kernels.len())
                && bank
                    .kernels
                    .iter()
                    .all(|&kernel| kernel % 2 == 1 && kernel < 64);
            check(
                "kernels",
                &format_args!("{:?}", bank.kernels),
                fits,
                "it must be one to three odd numbers below 64",
            )?;
        }
        check_eps("block_eps", self.block_eps)?;
        check_eps("head_eps", self.head_eps)
    }

    /// Width of a frame's token: all joints behind one another.
    pub fn frame_dim(&self) -> usize {
        self.joints_in * self.dim
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Shapes::default();
        let frame_dim = self.frame_dim();
        shapes.linear("embed", self.dim, self.in_channels);
        shapes.tensor("spatial_pos", &[1, self.joints_in, self.dim]);
        for block in 0..self.spatial_blocks {
            self.block(&mut shapes, &format!("spatial.{block}"), self.dim, self.dim);
        }
        shapes.norm("spatial_norm", self.dim);
        shapes.tensor("temporal_pos", &[1, self.frames, frame_dim]);
        for block in 0..self.temporal_blocks {
            let name = format!("temporal.{block}");
            self.block(&mut shapes, &name, frame_dim, self.frames);
        }
        shapes.norm("temporal_norm", frame_dim);
        shapes.norm("head.norm", frame_dim);
        shapes.linear("head.linear", 3 * self.joints_out, frame_dim);
        shapes.conv("head.frames", 1, self.frames, 1);
        shapes.0
    }

    /// One block: tokens of `width` features; convolutions mix `channels`.
    fn block(&self, shapes: &mut Shapes, name: &str, width: usize, channels: usize) {
        shapes.norm(&format!("{name}.norm1"), width);
        if let Some(bank) = &self.bank {
            for projection in ["q", "k", "v"] {
                for (place, &kernel) in bank.kernels.iter().enumerate() {
                    let name = format!("{name}.attn.{projection}.{place}");
                    shapes.conv(&name, channels, channels, kernel);
                }
            }
            let kernels = bank.kernels.len();
            let etas: &[&str] = match bank.eta {
                Eta::Shared => &["eta"],
                Eta::PerProjection | Eta::PerHead => &["eta_q", "eta_k", "eta_v"],
            };
            for eta in etas {
                let shape: &[usize] = match bank.eta {
                    Eta::PerHead => &[self.heads, kernels],
                    Eta::PerProjection | Eta::Shared => &[kernels],
                };
                shapes.tensor(&format!("{name}.attn.{eta}"), shape);
            }
            shapes.linear(&format!("{name}.attn.proj"), channels, channels);
        } else {
            shapes.linear(&format!("{name}.attn.qkv"), 3 * width, width);
            shapes.linear(&format!("{name}.attn.proj"), width, width);
        }
        let hidden = self.mlp_ratio * width;
        shapes.norm(&format!("{name}.norm2"), width);
        shapes.linear(&format!("{name}.mlp.fc1"), hidden, width);
        shapes.linear(&format!("{name}.mlp.fc2"), width, hidden);
    }

    /// How many numbers the network learns.
    pub fn parameter_count(&self) -> u64 {
        count(&self.tensor_shapes())
    }

    /// The arithmetic of one forward pass over one window; the paper's "FLOPs" are twice its total.
    ///
    /// Banks are counted as trained, not folded into one convolution.
    pub fn macs(&self) -> MacCount {
        let (frames, joints, dim) = (self.frames, self.joints_in, self.dim);
        let frame_dim = self.frame_dim();
        let tokens = frames * joints;
        let taps = self
            .bank
            .as_ref()
            .map(|bank| bank.kernels.iter().sum::<usize>());
        let spatial = |macs: u64| macs * self.spatial_blocks as u64;
        let temporal = |macs: u64| macs * self.temporal_blocks as u64;
        let (spatial_qkv, temporal_qkv, temporal_proj) = match taps {
            Some(taps) => (
                product(&[3, tokens, dim, dim, taps]),
                product(&[3, frames, frames, frame_dim, taps]),
                product(&[frames, frames, frame_dim]),
            ),
            None => (
                product(&[3, tokens, dim, dim]),
                product(&[3, frames, frame_dim, frame_dim]),
                product(&[frames, frame_dim, frame_dim]),
            ),
        };
        let outputs = 3 * self.joints_out;
        let head = match self.head_order {
            HeadOrder::LinearFirst => product(&[frames, frame_dim + 1, outputs]),
            HeadOrder::MeanFirst => product(&[frame_dim, frames + outputs]),
        };
        MacCount {
            stages: vec![
                ("embedding", product(&[tokens, self.in_channels, dim])),
                ("spatial convolutions", spatial(spatial_qkv)),
                (
                    "spatial attention",
                    spatial(product(&[2, tokens, joints, dim])),
                ),
                ("spatial projections", spatial(product(&[tokens, dim, dim]))),
                (
                    "spatial mlp",
                    spatial(product(&[2, tokens, dim, self.mlp_ratio, dim])),
                ),
                ("temporal convolutions", temporal(temporal_qkv)),
                (
                    "temporal attention",
                    temporal(product(&[2, frames, frames, frame_dim])),
                ),
                ("temporal projections", temporal(temporal_proj)),
                (
                    "temporal mlp",
                    temporal(product(&[2, frames, frame_dim, self.mlp_ratio, frame_dim])),
                ),
                ("head", head),
            ],
        }
    }
}

/// `config.json` of ConvFormer as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    frames: usize,
    joints_in: usize,
    joints_out: usize,
    #[serde(default = "default_in_channels")]
    in_channels: usize,
    dim: usize,
    heads: usize,
    spatial_blocks: usize,
    temporal_blocks: usize,
    #[serde(default = "default_mlp_ratio")]
    mlp_ratio: usize,
    #[serde(default)]
    qkv: Qkv,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kernels: Option<Vec<usize>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bank_softmax: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    eta: Option<Eta>,
    #[serde(default)]
    head_order: HeadOrder,
    #[serde(default)]
    scale: Scale,
    #[serde(default = "default_block_eps")]
    block_eps: f32,
    #[serde(default = "default_head_eps")]
    head_eps: f32,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
}

/// Where queries, keys and values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Qkv {
    #[default]
    Conv,
    Dense,
}

impl TryFrom<Raw> for ConvFormerConfig {
    type Error = ConfigError;

    fn try_from(raw: Raw) -> Result<Self, ConfigError> {
        let bank = match raw.qkv {
            Qkv::Conv => Some(Bank {
                kernels: raw.kernels.unwrap_or_default(),
                softmax: raw.bank_softmax.unwrap_or(true),
                eta: raw.eta.unwrap_or_default(),
            }),
            Qkv::Dense => {
                let rule = "qkv is dense: leave it out";
                check("kernels", &"stated", raw.kernels.is_none(), rule)?;
                check("bank_softmax", &"stated", raw.bank_softmax.is_none(), rule)?;
                check("eta", &"stated", raw.eta.is_none(), rule)?;
                None
            }
        };
        let config = Self {
            frames: raw.frames,
            joints_in: raw.joints_in,
            joints_out: raw.joints_out,
            in_channels: raw.in_channels,
            dim: raw.dim,
            heads: raw.heads,
            spatial_blocks: raw.spatial_blocks,
            temporal_blocks: raw.temporal_blocks,
            mlp_ratio: raw.mlp_ratio,
            bank,
            head_order: raw.head_order,
            scale: raw.scale,
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

impl From<ConvFormerConfig> for Raw {
    fn from(config: ConvFormerConfig) -> Self {
        let qkv = if config.bank.is_some() {
            Qkv::Conv
        } else {
            Qkv::Dense
        };
        Self {
            frames: config.frames,
            joints_in: config.joints_in,
            joints_out: config.joints_out,
            in_channels: config.in_channels,
            dim: config.dim,
            heads: config.heads,
            spatial_blocks: config.spatial_blocks,
            temporal_blocks: config.temporal_blocks,
            mlp_ratio: config.mlp_ratio,
            qkv,
            bank_softmax: config.bank.as_ref().map(|bank| bank.softmax),
            eta: config.bank.as_ref().map(|bank| bank.eta),
            kernels: config.bank.map(|bank| bank.kernels),
            head_order: config.head_order,
            scale: config.scale,
            block_eps: config.block_eps,
            head_eps: config.head_eps,
            batch: None,
            params: None,
        }
    }
}
