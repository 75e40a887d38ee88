//! The encoder's settings and tensors.

use serde::{Deserialize, Serialize};

use super::super::{ConfigError, check, check_size};
use super::layout::Layout;
use super::{Position, VttransposeConfig};

/// What a layer of an encoder does.
#[derive(Debug, Clone, PartialEq)]
pub enum Encoder {
    /// Attention among all tokens and two linear layers, as in `TransPose`.
    SelfAttention {
        /// Width of the hidden layer.
        ffn: usize,
        /// Where the norms are.
        norm: EncoderNorm,
    },
    /// Attention within columns, attention within rows, two depthwise separable convolutions.
    Twin {
        /// How the two attentions follow each other.
        axial: Axial,
        /// Where the norms are.
        norm: EncoderNorm,
        /// What comes after attention.
        feed: TwinFeed,
    },
}

/// What comes after the attentions of a twin layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwinFeed {
    /// Slope of the leaky rectifier between the two convolutions.
    pub leaky_slope: f32,
    /// Width of the hidden layer of two more linear layers; the paper has none.
    pub ffn: Option<usize>,
}

/// Where an encoder's norms are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncoderNorm {
    /// After each residual sum.
    #[default]
    Post,
    /// Before each branch.
    Pre,
    /// Nowhere: each branch has a learned factor instead, `gate1` and so on, which begins with 0.
    Rezero,
}

/// How attention within columns and within rows follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axial {
    /// Columns first, then rows of what they gave.
    #[default]
    Sequential,
    /// Both of the same tokens; their results are added.
    Parallel,
}

impl Encoder {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::SelfAttention { ffn, .. } => check_size("ffn", *ffn, 1 << 16),
            Self::Twin { feed, .. } => {
                check(
                    "leaky_slope",
                    &feed.leaky_slope,
                    (0.0..1.0).contains(&feed.leaky_slope),
                    "it must be at least 0 and below 1",
                )?;
                feed.ffn
                    .map_or(Ok(()), |ffn| check_size("ffn", ffn, 1 << 16))
            }
        }
    }
}

impl Layout {
    /// Tables of places and all layers.
    pub(super) fn encoder(&mut self, config: &VttransposeConfig) {
        let grid = config.grid();
        let width = config.d_model;
        self.stage("encoder");
        self.position(config.position, grid, width);
        for layer in 0..config.layers {
            let name = format!("global_encoder.layers.{layer}");
            self.encoder_layer(&name, &config.encoder, grid, width);
        }
    }

    pub(super) fn position(
        &mut self,
        position: Position,
        [rows, columns]: [usize; 2],
        width: usize,
    ) {
        match position {
            Position::Sine | Position::Learnable => {
                self.tensor("pos_embedding", &[rows * columns, 1, width]);
            }
            Position::Axial { .. } => {
                self.tensor("pe_row", &[rows, width]);
                self.tensor("pe_col", &[columns, width]);
            }
            Position::None => {}
        }
    }

    fn encoder_layer(&mut self, name: &str, encoder: &Encoder, grid: [usize; 2], width: usize) {
        let tokens = grid[0] * grid[1];
        match encoder {
            Encoder::SelfAttention { ffn, norm } => {
                self.stage("encoder projections");
                let attention = format!("{name}.self_attn");
                self.tensor(&format!("{attention}.in_proj_weight"), &[3 * width, width]);
                self.tensor(&format!("{attention}.in_proj_bias"), &[3 * width]);
                self.count(&[3, tokens, width, width]);
                self.linear(&format!("{attention}.out_proj"), [width, width], tokens);
                self.stage("encoder attention");
                self.count(&[2, tokens, tokens, width]);
                self.feed_forward(name, *ffn, width, tokens);
                self.sublayer(name, *norm, &[1, 2], width);
            }
            Encoder::Twin { axial, norm, feed } => {
                for (attention, length) in [("col", grid[0]), ("row", grid[1])] {
                    self.stage("encoder projections");
                    let attention = format!("{name}.{attention}");
                    self.linear(&format!("{attention}.in_proj"), [3 * width, width], tokens);
                    self.linear(&format!("{attention}.out"), [width, width], tokens);
                    self.stage("encoder attention");
                    self.count(&[2, tokens, length, width]);
                }
                self.stage("encoder feed");
                for convolution in ["dsc_a", "dsc_b"] {
                    let depthwise = format!("{name}.{convolution}.dw");
                    self.conv_with_bias(&depthwise, [width, 1, 3, 3], tokens);
                    let pointwise = format!("{name}.{convolution}.pw");
                    self.conv_with_bias(&pointwise, [width, width, 1, 1], tokens);
                }
                let mut branches = vec![1, 2, 3];
                // In parallel, the two attentions share a sum and its norm, but not a gate.
                if *axial == Axial::Parallel && *norm != EncoderNorm::Rezero {
                    branches.remove(1);
                }
                if let Some(ffn) = feed.ffn {
                    self.feed_forward(name, ffn, width, tokens);
                    branches.push(4);
                }
                self.sublayer(name, *norm, &branches, width);
            }
        }
    }

    fn feed_forward(&mut self, name: &str, hidden: usize, width: usize, tokens: usize) {
        self.stage("encoder feed");
        self.linear(&format!("{name}.linear1"), [hidden, width], tokens);
        self.linear(&format!("{name}.linear2"), [width, hidden], tokens);
    }

    /// The norm or gate of each branch.
    fn sublayer(&mut self, name: &str, norm: EncoderNorm, branches: &[usize], width: usize) {
        for branch in branches {
            match norm {
                EncoderNorm::Post | EncoderNorm::Pre => {
                    self.norm(&format!("{name}.norm{branch}"), width);
                }
                EncoderNorm::Rezero => self.tensor(&format!("{name}.gate{branch}"), &[1]),
            }
        }
    }

    /// Twin layers as `VTTransPose` has them.
    pub(super) fn twin_layers(
        &mut self,
        layers: usize,
        encoder: &Encoder,
        grid: [usize; 2],
        width: usize,
    ) {
        for layer in 0..layers {
            let name = format!("global_encoder.layers.{layer}");
            self.encoder_layer(&name, encoder, grid, width);
        }
    }
}
