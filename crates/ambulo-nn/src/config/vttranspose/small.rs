//! Settings of the small network of the family: what runs by default.
//!
//! It keeps `VTTransPose`'s twin attention and, where asked for, its V blocks, on a trunk of dense 3×3
//! residual blocks in place of `HRNet`: at equal arithmetic those train and run faster on processors.

use serde::{Deserialize, Serialize};

use super::super::{ConfigError, MacCount, TensorShape, check, check_eps, check_size};
use super::json::RawSmall;
use super::layout::Layout;
use super::{Encoder, Position, VBlocks, check_heads, check_image};

/// Settings of the small network: a stem, three stages, twin attention, a decoder, a head.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSmall", into = "RawSmall")]
pub struct VttransposeSmallConfig {
    /// Width and height of the crop in pixels; multiples of 16.
    pub image_size: [usize; 2],
    /// Channels at half the crop's size.
    pub stem: usize,
    /// Channels at a quarter, an eighth and a sixteenth of the crop's size.
    pub channels: [usize; 3],
    /// Residual blocks at each of those sizes; the first of each halves the size.
    pub blocks: [usize; 3],
    /// Which blocks of the last stage are V blocks; the first cannot be one.
    pub v_blocks: VBlocks,
    /// Twin layers at a sixteenth of the crop's size.
    pub layers: usize,
    /// Attention heads; they divide the last number of channels.
    pub heads: usize,
    /// What a twin layer does; always [`Encoder::Twin`].
    pub encoder: Encoder,
    /// What tells the twin layers where a token lies: [`Position::Axial`] or [`Position::None`].
    pub position: Position,
    /// Channels of the decoder.
    pub decoder: usize,
    /// Keypoints that are found.
    pub joints: usize,
    /// Epsilon of batch norms.
    pub bn_eps: f32,
    /// Epsilon of layer norms.
    pub ln_eps: f32,
}

impl VttransposeSmallConfig {
    /// Checks every value and how they fit together.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Value`] names the first key that is wrong.
    pub fn validate(&self) -> Result<(), ConfigError> {
        check_image("image_size", self.image_size)?;
        check_size("stem", self.stem, 1024)?;
        for (channels, blocks) in self.channels.into_iter().zip(self.blocks) {
            check_size("channels", channels, 2048)?;
            check_size("blocks", blocks, 64)?;
        }
        let [_, _, width] = self.channels;
        self.v_blocks.validate(self.blocks[2], width)?;
        check(
            "v_replace",
            &format_args!("{:?}", self.v_blocks.replace),
            !self.v_blocks.contains(0),
            "block 0 halves the size and cannot be a V block",
        )?;
        if self.layers > 0 {
            check_size("layers", self.layers, 64)?;
            check_heads(self.heads, width)?;
        }
        self.encoder.validate()?;
        check(
            "encoder",
            &"self",
            matches!(self.encoder, Encoder::Twin { .. }),
            "the small network has twin layers only",
        )?;
        check(
            "position",
            &format_args!("{:?}", self.position),
            matches!(self.position, Position::Axial { .. } | Position::None),
            "it must be axial or none",
        )?;
        check_size("decoder", self.decoder, 2048)?;
        check_size("joints", self.joints, 512)?;
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
        let [height, width] = self.grid();
        let pixels: [usize; 3] = std::array::from_fn(|stage| (height * width) >> (2 * stage));
        let mut layout = Layout::default();
        layout.stage("stem");
        layout.unit(
            ["stem.conv", "stem.bn"],
            [self.stem, 3, 3, 3],
            4 * pixels[0],
        );
        let mut inputs = self.stem;
        let names = ["stage 1", "stage 2", "stage 3"];
        for (stage, (&channels, &blocks)) in self.channels.iter().zip(&self.blocks).enumerate() {
            layout.stage(names[stage]);
            for block in 0..blocks {
                let name = format!("stages.{stage}.{block}");
                if stage == 2 && self.v_blocks.contains(block) {
                    layout.v_block(&name, &self.v_blocks, channels, pixels[stage]);
                } else {
                    let shape = [channels, inputs];
                    layout.basic_block(&name, shape, block == 0, pixels[stage]);
                }
                inputs = channels;
            }
        }
        if self.layers > 0 {
            let grid = [height / 4, width / 4];
            layout.stage("encoder");
            layout.position(self.position, grid, inputs);
            layout.twin_layers(self.layers, &self.encoder, grid, inputs);
        }
        self.decode(&mut layout, &pixels);
        layout
    }

    /// From the coarsest map up: the stage's map through a convolution 1×1, plus the enlarged sum so far,
    /// through a convolution 3×3; and the head.
    fn decode(&self, layout: &mut Layout, pixels: &[usize; 3]) {
        let width = self.decoder;
        layout.stage("decoder");
        for (stage, &channels) in self.channels.iter().enumerate().rev() {
            let name = format!("decoder.lateral.{stage}");
            layout.conv_with_bias(&name, [width, channels, 1, 1], pixels[stage]);
        }
        for stage in [1, 0] {
            let parts = ["conv", "bn"].map(|part| format!("decoder.smooth.{stage}.{part}"));
            let shape = [width, width, 3, 3];
            layout.unit([&parts[0], &parts[1]], shape, pixels[stage]);
        }
        layout.stage("head");
        layout.conv_with_bias("final_layer", [self.joints, width, 1, 1], pixels[0]);
    }
}
