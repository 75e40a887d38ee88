//! Settings of STT, the transformer that estimates a gait parameter from keypoints.
//!
//! Source: `vinuni-vishc/transformer-gait-analysis`, commit 549d58b.
//!
//! Differences from the paper: the scale of attention is that of a head's width, and the second half of a
//! block reads what attention gave it, as in the code. The paper's number of parameters follows from no
//! reading of it.

use serde::{Deserialize, Serialize};

use super::{
    ConfigError, MacCount, Shapes, TensorShape, agree, check, check_eps, check_size, count,
    default_block_eps, default_head_eps, default_mlp_ratio, product,
};

/// Numbers a keypoint.
const CHANNELS: usize = 2;
/// Width of the head's hidden layer.
const HIDDEN: usize = 8;
/// What the reference cases say of the order of joints.
const JOINT_ORDER: &str = "ankle,knee,hip,big toe per side; left then right";

/// Settings of STT: a block over joints in each frame, a block over frames, a weighted mean of the frames,
/// a small head with one number out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawStt", into = "RawStt")]
pub struct SttConfig {
    /// Frames of a window.
    pub frames: usize,
    /// Joints: 4 of a leg, or 8 of both.
    pub joints: usize,
    /// Width of a joint's token; a frame's is `joints` times as wide.
    pub dim: usize,
    /// Attention heads of both blocks; they divide `dim`.
    pub heads: usize,
    /// Width of the hidden layers of blocks, as a multiple of their tokens' width.
    pub mlp_ratio: usize,
    /// Epsilon of the norms in and after blocks.
    pub block_eps: f32,
    /// Epsilon of the head's norm.
    pub head_eps: f32,
}

impl SttConfig {
    /// The published network for one leg (4 joints) or both (8).
    pub fn published(joints: usize) -> Self {
        Self {
            frames: 124,
            joints,
            dim: 12,
            heads: 2,
            mlp_ratio: 2,
            block_eps: default_block_eps(),
            head_eps: default_head_eps(),
        }
    }

    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_size("frames", self.frames, 4096)?;
        check_size("joints", self.joints, 512)?;
        check_size("dim", self.dim, 1024)?;
        check_size("heads", self.heads, 1024)?;
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

    /// Width of a frame's token.
    pub fn frame_dim(&self) -> usize {
        self.joints * self.dim
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        let mut shapes = Shapes::default();
        let (dim, wide) = (self.dim, self.frame_dim());
        shapes.linear("joint_embedding", dim, CHANNELS);
        shapes.tensor("spatial_positional_enc", &[1, self.joints, dim]);
        self.block(&mut shapes, "spatial_block", dim);
        shapes.norm("spatial_norm", dim);
        shapes.tensor("temporal_positional_enc", &[1, self.frames, wide]);
        self.block(&mut shapes, "temporal_block", wide);
        shapes.norm("temporal_norm", wide);
        shapes.conv("weighted_mean", 1, self.frames, 1);
        shapes.norm("regression_head.0", wide);
        shapes.linear("regression_head.1", HIDDEN, wide);
        shapes.linear("regression_head.3", 1, HIDDEN);
        shapes.0
    }

    fn block(&self, shapes: &mut Shapes, name: &str, dim: usize) {
        let hidden = self.mlp_ratio * dim;
        shapes.norm(&format!("{name}.norm1"), dim);
        shapes.linear(&format!("{name}.attn.qkv"), 3 * dim, dim);
        shapes.linear(&format!("{name}.attn.proj"), dim, dim);
        shapes.norm(&format!("{name}.norm2"), dim);
        shapes.linear(&format!("{name}.mlp.fc1"), hidden, dim);
        shapes.linear(&format!("{name}.mlp.fc2"), dim, hidden);
    }

    /// How many numbers the network learns.
    pub fn parameter_count(&self) -> u64 {
        count(&self.tensor_shapes())
    }

    /// The arithmetic of one window.
    pub fn macs(&self) -> MacCount {
        let (dim, wide) = (self.dim, self.frame_dim());
        let tokens = self.frames * self.joints;
        let linear = |tokens: usize, dim: usize| product(&[tokens, 4, dim, dim]);
        let mlp = |tokens: usize, dim: usize| product(&[tokens, 2 * self.mlp_ratio, dim, dim]);
        let head = product(&[wide, HIDDEN]) + product(&[HIDDEN]);
        MacCount {
            stages: vec![
                ("joint embedding", product(&[tokens, CHANNELS, dim])),
                ("spatial projections", linear(tokens, dim)),
                ("spatial attention", product(&[2, tokens, self.joints, dim])),
                ("spatial mlp", mlp(tokens, dim)),
                ("temporal projections", linear(self.frames, wide)),
                (
                    "temporal attention",
                    product(&[2, self.frames, self.frames, wide]),
                ),
                ("temporal mlp", mlp(self.frames, wide)),
                ("time mix", product(&[self.frames, wide])),
                ("head", head),
            ],
        }
    }
}

/// `config.json` of STT as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStt {
    frames: usize,
    joints: usize,
    dim: usize,
    heads: usize,
    #[serde(default = "default_mlp_ratio")]
    mlp_ratio: usize,
    #[serde(default = "default_block_eps")]
    block_eps: f32,
    #[serde(default = "default_head_eps")]
    head_eps: f32,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
    #[serde(default, skip_serializing)]
    joint_order: Option<String>,
}

impl TryFrom<RawStt> for SttConfig {
    type Error = ConfigError;

    fn try_from(raw: RawStt) -> Result<Self, ConfigError> {
        let config = Self {
            frames: raw.frames,
            joints: raw.joints,
            dim: raw.dim,
            heads: raw.heads,
            mlp_ratio: raw.mlp_ratio,
            block_eps: raw.block_eps,
            head_eps: raw.head_eps,
        };
        config.validate()?;
        agree("params", raw.params.as_ref(), &config.parameter_count())?;
        agree(
            "joint_order",
            raw.joint_order.as_ref(),
            &JOINT_ORDER.to_owned(),
        )?;
        raw.batch
            .map_or(Ok(()), |batch| check_size("batch", batch, 1 << 20))?;
        Ok(config)
    }
}

impl From<SttConfig> for RawStt {
    fn from(config: SttConfig) -> Self {
        Self {
            frames: config.frames,
            joints: config.joints,
            dim: config.dim,
            heads: config.heads,
            mlp_ratio: config.mlp_ratio,
            block_eps: config.block_eps,
            head_eps: config.head_eps,
            batch: None,
            params: None,
            joint_order: None,
        }
    }
}
