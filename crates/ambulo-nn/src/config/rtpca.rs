//! Settings of RTPCA and of its parent MixSTE.
//!
//! Source: Liu et al. (2023), arXiv:2309.01365, and its released code; Zhang et al. (2022), "MixSTE",
//! arXiv:2203.00859.
//!
//! Differences from the paper: see [`XlrResidual`]; switches of the ablations whose wiring is nowhere
//! stated are marked as our reading.

use serde::{Deserialize, Serialize};

use super::{
    ConfigError, MacCount, Shapes, TensorShape, agree, check, check_eps, check_size, count,
    default_block_eps, default_head_eps, default_in_channels, default_mlp_ratio, default_true,
    product,
};

/// Settings of RTPCA: whole clip in, whole clip out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
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

    /// The arithmetic of one forward pass over one clip.
    pub fn macs(&self) -> MacCount {
        let (joints, dim) = (self.joints, self.dim);
        let hidden = dim * self.mlp_ratio;
        let mut macs = [0_u64; 8];
        macs[0] = product(&[self.frames, joints, self.in_channels, dim]);
        for block in 0..self.depth {
            let (before, after) = self.block_frames(block);
            let tokens = before * joints;
            macs[1] += product(&[4, tokens, dim, dim]);
            macs[2] += product(&[2, tokens, joints, dim]);
            macs[3] += product(&[2, tokens, dim, hidden]);
            let memory = self.memory_of(block).map_or(0, |_| self.memory_tokens());
            let own = self.own_tokens(block);
            macs[4] += product(&[2, tokens, dim, dim]) + product(&[2, own, joints, dim, dim]);
            macs[5] += self.pyramid_macs(block);
            macs[6] += product(&[2, tokens, own + memory, dim]);
            macs[7] += if self.mlp_mixes_frames(block) {
                product(&[joints, dim, before, before + after])
            } else {
                product(&[2, tokens, dim, hidden])
            };
        }
        let [embed, sp, sa, sm, tp, pyramid, ta, tm] = macs;
        MacCount {
            stages: vec![
                ("embedding", embed),
                ("spatial projections", sp),
                ("spatial attention", sa),
                ("spatial mlp", sm),
                ("temporal pyramid", pyramid),
                ("temporal projections", tp),
                ("temporal attention", ta),
                ("temporal mlp", tm),
                ("head", product(&[self.frames, joints, dim, 3])),
            ],
        }
    }

    fn pyramid_macs(&self, block: usize) -> u64 {
        let Some(tpca) = self.tpca else { return 0 };
        let channels = self.joints * self.dim;
        let levels = self.pyramid_lengths(block);
        let mut macs = 0;
        if tpca.compress != Compress::Pool {
            for (length, kernel) in levels.into_iter().zip(self.down_kernels(block)) {
                macs += product(&[channels, length, kernel]);
            }
        }
        if tpca.amplify == Amplify::Transconv {
            for (length, kernel) in levels.into_iter().rev().zip(self.up_kernels(block)) {
                macs += product(&[channels, length, kernel]);
            }
        }
        macs
    }

    /// What the tool `thop` counts for one clip: the paper's "FLOPs".
    ///
    /// Linear layers, four a normalised number, transposed convolutions by their output, pooling by its
    /// window; matrix products of attention are not counted.
    pub fn thop_macs(&self) -> u64 {
        let macs = self.macs();
        let (joints, dim) = (self.joints, self.dim);
        let channels = joints * dim;
        let mut total = macs.total()
            - macs.stage("spatial attention")
            - macs.stage("temporal attention")
            - macs.stage("temporal pyramid");
        let pooled = |from: usize, to: usize| product(&[channels, to, from / to + 1]);
        let normed = |length: usize| product(&[4, channels, length]);
        for block in 0..self.depth {
            let (before, after) = self.block_frames(block);
            total += 4 * normed(before) + normed(before) + normed(after);
            if let Some(source) = self.memory_of(block) {
                total += 2 * pooled(self.handed_tokens(source), self.memory_tokens());
            }
            let Some(tpca) = self.tpca else { continue };
            let levels = self.pyramid_lengths(block);
            let [half, quarter, _] = levels;
            let above = if tpca.compress == Compress::PoolConv {
                [before; 3]
            } else {
                [before, half, quarter]
            };
            if tpca.compress != Compress::Conv {
                total += above
                    .into_iter()
                    .zip(levels)
                    .map(|(from, to)| pooled(from, to))
                    .sum::<u64>();
            }
            if tpca.compress != Compress::Pool {
                let convs = levels.into_iter().zip(self.down_kernels(block));
                total += convs
                    .map(|(length, kernel)| product(&[channels, length, kernel]))
                    .sum::<u64>();
            }
            let normed_levels = tpca.compress != Compress::PoolConv;
            if normed_levels {
                total += levels.into_iter().map(normed).sum::<u64>();
            }
            let targets = [quarter, half, before];
            if normed_levels && tpca.amplify != Amplify::None {
                total += targets.into_iter().map(normed).sum::<u64>();
            }
            if tpca.amplify == Amplify::Transconv {
                let ups = targets.into_iter().zip(self.up_kernels(block));
                total += ups
                    .map(|(length, kernel)| product(&[channels, length, kernel]))
                    .sum::<u64>();
            }
            total += normed(self.own_tokens(block));
        }
        total + normed(self.frames)
    }
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

fn embedding(shapes: &mut Shapes, config: &MixsteConfig) {
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

fn mlp(shapes: &mut Shapes, block: &str, inputs: usize, hidden: usize, outputs: usize) {
    mlp_of(shapes, block, inputs, [inputs, hidden, outputs]);
}

fn mlp_of(shapes: &mut Shapes, block: &str, dim: usize, [inputs, hidden, outputs]: [usize; 3]) {
    shapes.norm(&format!("{block}.norm2"), dim);
    shapes.linear(&format!("{block}.mlp.fc1"), hidden, inputs);
    shapes.linear(&format!("{block}.mlp.fc2"), outputs, hidden);
}

fn head(shapes: &mut Shapes, dim: usize) {
    shapes.norm("head.0", dim);
    shapes.linear("head.1", 3, dim);
}

/// `config.json` of RTPCA as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
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
    tpca: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compress: Option<Compress>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amplify: Option<Amplify>,
    xlr: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xlr_topology: Option<RawTopology>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    xlr_fuse: Option<XlrFuse>,
    #[serde(default)]
    xlr_residual: XlrResidual,
    #[serde(default = "default_block_eps")]
    block_eps: f32,
    #[serde(default = "default_head_eps")]
    tpca_eps: f32,
    #[serde(default = "default_head_eps")]
    head_eps: f32,
    #[serde(default, skip_serializing)]
    batch: Option<usize>,
    #[serde(default, skip_serializing)]
    params: Option<u64>,
    #[serde(default, skip_serializing)]
    pyramid_lengths: Option<[usize; 3]>,
    #[serde(default, skip_serializing)]
    up_kernels: Option<[usize; 3]>,
    #[serde(default, skip_serializing)]
    xlr_tokens: Option<usize>,
}

/// [`XlrTopology`], or the word for no memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawTopology {
    None,
    Adjacent,
    Pyramid,
    PyramidQ,
}

impl RawTopology {
    fn resolve(self) -> Option<XlrTopology> {
        match self {
            Self::None => None,
            Self::Adjacent => Some(XlrTopology::Adjacent),
            Self::Pyramid => Some(XlrTopology::Pyramid),
            Self::PyramidQ => Some(XlrTopology::PyramidQ),
        }
    }

    fn of(topology: XlrTopology) -> Self {
        match topology {
            XlrTopology::Adjacent => Self::Adjacent,
            XlrTopology::Pyramid => Self::Pyramid,
            XlrTopology::PyramidQ => Self::PyramidQ,
        }
    }
}

impl TryFrom<Raw> for RtpcaConfig {
    type Error = ConfigError;

    fn try_from(raw: Raw) -> Result<Self, ConfigError> {
        let unused = |key, is_stated: bool, needed: &str| {
            let rule = format!("{needed} is false: leave it out");
            check(key, &"stated", !is_stated, &rule)
        };
        if !raw.tpca {
            unused("compress", raw.compress.is_some(), "tpca")?;
            unused("amplify", raw.amplify.is_some(), "tpca")?;
            unused("pyramid_lengths", raw.pyramid_lengths.is_some(), "tpca")?;
            unused("up_kernels", raw.up_kernels.is_some(), "tpca")?;
        }
        if !raw.xlr {
            unused("xlr_fuse", raw.xlr_fuse.is_some(), "xlr")?;
            unused("xlr_tokens", raw.xlr_tokens.is_some(), "xlr")?;
        }
        let default = if raw.xlr {
            RawTopology::Adjacent
        } else {
            RawTopology::None
        };
        let topology = raw.xlr_topology.unwrap_or(default).resolve();
        agree("xlr", Some(&raw.xlr), &topology.is_some())?;
        let config = Self {
            frames: raw.frames,
            joints: raw.joints,
            in_channels: raw.in_channels,
            dim: raw.dim,
            depth: raw.depth,
            heads: raw.heads,
            mlp_ratio: raw.mlp_ratio,
            qkv_bias: raw.qkv_bias,
            tpca: raw.tpca.then(|| TpcaConfig {
                compress: raw.compress.unwrap_or_default(),
                amplify: raw.amplify.unwrap_or_default(),
            }),
            xlr: topology.map(|topology| XlrConfig {
                topology,
                fuse: raw.xlr_fuse.unwrap_or_default(),
            }),
            xlr_residual: raw.xlr_residual,
            block_eps: raw.block_eps,
            tpca_eps: raw.tpca_eps,
            head_eps: raw.head_eps,
        };
        config.validate()?;
        let lengths = config.pyramid_lengths(0);
        agree("pyramid_lengths", raw.pyramid_lengths.as_ref(), &lengths)?;
        agree("up_kernels", raw.up_kernels.as_ref(), &config.up_kernels(0))?;
        agree(
            "xlr_tokens",
            raw.xlr_tokens.as_ref(),
            &config.memory_tokens(),
        )?;
        agree("params", raw.params.as_ref(), &config.parameter_count())?;
        raw.batch
            .map_or(Ok(()), |batch| check_size("batch", batch, 1 << 20))?;
        Ok(config)
    }
}

impl From<RtpcaConfig> for Raw {
    fn from(config: RtpcaConfig) -> Self {
        Self {
            frames: config.frames,
            joints: config.joints,
            in_channels: config.in_channels,
            dim: config.dim,
            depth: config.depth,
            heads: config.heads,
            mlp_ratio: config.mlp_ratio,
            qkv_bias: config.qkv_bias,
            tpca: config.tpca.is_some(),
            compress: config.tpca.map(|tpca| tpca.compress),
            amplify: config.tpca.map(|tpca| tpca.amplify),
            xlr: config.xlr.is_some(),
            xlr_topology: config.xlr.map(|xlr| RawTopology::of(xlr.topology)),
            xlr_fuse: config.xlr.map(|xlr| xlr.fuse),
            xlr_residual: config.xlr_residual,
            block_eps: config.block_eps,
            tpca_eps: config.tpca_eps,
            head_eps: config.head_eps,
            batch: None,
            params: None,
            pyramid_lengths: None,
            up_kernels: None,
            xlr_tokens: None,
        }
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
