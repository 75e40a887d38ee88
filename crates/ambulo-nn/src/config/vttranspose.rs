//! Settings of the networks that find keypoints in the crop of a person: `TransPose` and `VTTransPose`.
//!
//! Source: Li et al. (2024), Sci. Rep. 14:7608, on Yang et al. (2021), "`TransPose`", arXiv:2012.14214, and
//! Sun et al. (2019), "`HRNet`", arXiv:1902.09212. No code of `VTTransPose` was released: the blocks that are
//! its own follow from the paper's text, receptive fields and counts.

mod encoder;
mod json;
mod layout;
mod small;
mod transpose;

use serde::{Deserialize, Serialize};

use super::{ConfigError, MacCount, TensorShape, check, check_eps, check_size};
use layout::Layout;

pub use encoder::{Axial, Encoder, EncoderNorm, TwinFeed};
pub use small::VttransposeSmallConfig;
pub use transpose::TransposeHConfig;

/// Settings of `VTTransPose`: the first three stages of `HRNet`, an encoder over their finest map, a head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "json::Raw", into = "json::Raw")]
pub struct VttransposeConfig {
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
    /// Which blocks of the coarsest branch are V blocks, and how those are made.
    pub v_blocks: VBlocks,
    /// Width of the encoder's tokens.
    pub d_model: usize,
    /// Layers of the encoder.
    pub layers: usize,
    /// Attention heads; they divide `d_model`.
    pub heads: usize,
    /// What a layer of the encoder does.
    pub encoder: Encoder,
    /// What tells the encoder where a token lies.
    pub position: Position,
    /// Keypoints that are found.
    pub joints: usize,
    /// Epsilon of batch norms.
    pub bn_eps: f32,
    /// Epsilon of layer norms.
    pub ln_eps: f32,
}

/// The V blocks among the residual blocks of a branch.
///
/// Four parts of the channels go down a chain of convolutions, each added to the next, and back up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VBlocks {
    /// Positions in the branch of each module, counted from 0; empty for none.
    pub replace: Vec<usize>,
    /// Channels of each of the four parts inside the block.
    pub width: usize,
    /// How the four parts are made.
    pub entry: VEntry,
    /// The convolutions of the chains.
    pub kernel: VKernel,
}

/// How the four parts of a V block are made of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VEntry {
    /// The channels are split and each part has a convolution 1×1 of its own, as the paper writes.
    #[default]
    PerPart,
    /// One convolution 1×1 makes all four parts, as in RSN, which inspired the block.
    Joint,
}

/// The convolutions of a V block's chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VKernel {
    /// 3×1 and then 1×3.
    #[default]
    Asymmetric,
    /// 3×3.
    Square,
}

/// What tells an encoder where a token lies. It is added to queries and keys, in every layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// A fixed table of sines: `pos_embedding`.
    Sine,
    /// A learned number for every token and channel: `pos_embedding`.
    Learnable,
    /// A learned table of rows and one of columns: `pe_row`, `pe_col`.
    Axial {
        /// Whether attention within columns and within rows both get the sum of the tables; otherwise
        /// columns get that of the rows, and rows that of the columns.
        sum: bool,
    },
    /// Nothing.
    None,
}

impl VttransposeConfig {
    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_image("image_size", self.image_size)?;
        check_size("stem", self.stem, 1024)?;
        for channels in self.stage_channels {
            check_size("stage_channels", channels, 2048)?;
        }
        check_size("blocks_per_branch", self.blocks_per_branch, 64)?;
        check_size("stage3_modules", self.stage3_modules, 64)?;
        check_size("d_model", self.d_model, 4096)?;
        check_size("layers", self.layers, 64)?;
        check_heads(self.heads, self.d_model)?;
        check_size("joints", self.joints, 512)?;
        let coarsest = self.stage_channels[2];
        self.v_blocks.validate(self.blocks_per_branch, coarsest)?;
        self.encoder.validate()?;
        if self.position == Position::Sine {
            check_sine(self.d_model)?;
        }
        check_eps("bn_eps", self.bn_eps)?;
        check_eps("ln_eps", self.ln_eps)
    }

    /// Height and width of the heat-maps: a quarter of the crop.
    pub fn grid(&self) -> [usize; 2] {
        let [width, height] = self.image_size;
        [height / 4, width / 4]
    }

    /// The tensors of the network, in the order of its data flow.
    pub fn tensor_shapes(&self) -> Vec<TensorShape> {
        self.layout().into_shapes()
    }

    /// The arithmetic of one forward pass over one crop.
    pub fn macs(&self) -> MacCount {
        self.layout().into_macs()
    }

    fn layout(&self) -> Layout {
        let mut layout = Layout::default();
        layout.backbone(self);
        layout.encoder(self);
        layout.stage("head");
        let [height, width] = self.grid();
        let outputs = [self.joints, self.d_model, 1, 1];
        layout.conv_with_bias("final_layer", outputs, height * width);
        layout
    }
}

impl VBlocks {
    /// None at all.
    pub fn none() -> Self {
        Self {
            replace: Vec::new(),
            width: 32,
            entry: VEntry::PerPart,
            kernel: VKernel::Asymmetric,
        }
    }

    /// Whether the block at this position is a V block.
    pub fn contains(&self, block: usize) -> bool {
        self.replace.contains(&block)
    }

    fn validate(&self, blocks: usize, channels: usize) -> Result<(), ConfigError> {
        check_size("v_width", self.width, 1024)?;
        let is_ordered = self.replace.windows(2).all(|pair| pair[0] < pair[1]);
        let exist = self.replace.iter().all(|&block| block < blocks);
        check(
            "v_replace",
            &format_args!("{:?}", self.replace),
            is_ordered && exist,
            &format!("it must list blocks below {blocks}, each once and in order"),
        )?;
        check(
            "stage_channels",
            &channels,
            self.replace.is_empty() || channels.is_multiple_of(4),
            "V blocks split the coarsest branch into four",
        )
    }
}

/// A crop whose coarsest map is a whole number of cells.
fn check_image(key: &'static str, [width, height]: [usize; 2]) -> Result<(), ConfigError> {
    for side in [width, height] {
        check_size(key, side, 4096)?;
        check(
            key,
            &side,
            side.is_multiple_of(16),
            "it must be a multiple of 16",
        )?;
    }
    Ok(())
}

fn check_heads(heads: usize, width: usize) -> Result<(), ConfigError> {
    check_size("heads", heads, 4096)?;
    check(
        "heads",
        &heads,
        width.is_multiple_of(heads),
        &format!("it must divide the width of a token, which is {width}"),
    )
}

fn check_sine(width: usize) -> Result<(), ConfigError> {
    check(
        "d_model",
        &width,
        width.is_multiple_of(4),
        "the table of sines needs a multiple of 4",
    )
}

/// The pairs of keypoints that change places in a mirror: those of COCO's 17, and of the 23 with feet.
/// Empty for other numbers of joints.
pub fn mirror_pairs(joints: usize) -> Vec<[usize; 2]> {
    let body = (1..16).step_by(2).map(|left| [left, left + 1]);
    match joints {
        17 => body.collect(),
        23 => body.chain((17..20).map(|left| [left, left + 3])).collect(),
        _ => Vec::new(),
    }
}

/// The fixed table of sines, `[rows · columns, width]`, row by row.
///
/// The first half of the channels follows the row, the second the column.
///
/// # Source
///
/// Yang et al. (2021), arXiv:2012.14214, released code.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the table is stored in single precision"
)]
pub fn sine_table([rows, columns]: [usize; 2], width: usize) -> Vec<f32> {
    let half = width / 2;
    let angle = |place: usize, extent: usize, channel: usize| {
        let share = (place + 1) as f64 / (extent as f64 + 1e-6);
        let rate = 10_000_f64.powf((channel - channel % 2) as f64 / half as f64);
        share * std::f64::consts::TAU / rate
    };
    let value = |angle: f64, channel: usize| {
        if channel.is_multiple_of(2) {
            angle.sin()
        } else {
            angle.cos()
        }
    };
    let mut table = Vec::with_capacity(rows * columns * width);
    for row in 0..rows {
        for column in 0..columns {
            let down = (0..half).map(|channel| value(angle(row, rows, channel), channel));
            let along = (0..half).map(|channel| value(angle(column, columns, channel), channel));
            table.extend(down.chain(along).map(|x| x as f32));
        }
    }
    table
}
