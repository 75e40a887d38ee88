//! The small network of the family: residual stages, twin attention on the coarsest map, a decoder.

use ambulo_nn::config::VttransposeSmallConfig;
use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::blocks::{BasicBlock, Block, VBlock};
use super::encoder::{Layers, Places};
use super::units::{After, BatchNorm, Conv, unit};
use super::{Pass, PoseNetwork};
use crate::ops;

/// The small network.
#[derive(Module, Debug)]
pub struct VttransposeSmall {
    stem: ConvNorm,
    stages: Vec<Vec<Block>>,
    /// Groups tensors in this code only: it has no part in their names.
    places: Option<Places>,
    global_encoder: Option<Layers>,
    decoder: Decoder,
    final_layer: Conv,
}

#[derive(Module, Debug)]
struct ConvNorm {
    conv: Conv,
    bn: BatchNorm,
}

impl ConvNorm {
    fn new(conv: Conv, channels: usize, eps: f32, device: &Device) -> Self {
        Self {
            conv,
            bn: BatchNorm::new(channels, eps, device),
        }
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        unit((&self.conv, &self.bn), x, After::Relu, pass)
    }
}

/// Sums from coarse to fine.
#[derive(Module, Debug)]
struct Decoder {
    lateral: Vec<Conv>,
    smooth: Vec<ConvNorm>,
}

impl VttransposeSmall {
    /// The network of these settings, all parameters zero.
    pub fn new(config: &VttransposeSmallConfig, device: &Device) -> Self {
        let eps = config.bn_eps;
        let mut inputs = config.stem;
        let mut stages = Vec::new();
        for (stage, (&channels, &count)) in config.channels.iter().zip(&config.blocks).enumerate() {
            let mut blocks = Vec::new();
            for block in 0..count {
                blocks.push(if block == 0 {
                    Block::Basic(BasicBlock::halving([channels, inputs], eps, device))
                } else if stage == 2 && config.v_blocks.contains(block) {
                    Block::Vee(VBlock::new(&config.v_blocks, channels, eps, device))
                } else {
                    Block::Basic(BasicBlock::new(channels, eps, device))
                });
            }
            inputs = channels;
            stages.push(blocks);
        }
        let [_, _, width] = config.channels;
        let grid = config.grid().map(|extent| extent / 4);
        let attends = config.layers > 0;
        let encoder = || {
            let widths = (width, config.heads);
            Layers::new(
                config.layers,
                &config.encoder,
                widths,
                config.ln_eps,
                device,
            )
        };
        let decoder = config.decoder;
        let stem = Conv::new([config.stem, 3, 3, 3], device).strided(2);
        let lateral =
            |&channels: &usize| Conv::new([decoder, channels, 1, 1], device).biased(device);
        let smooth = |_| {
            let conv = Conv::new([decoder, decoder, 3, 3], device);
            ConvNorm::new(conv, decoder, eps, device)
        };
        Self {
            stem: ConvNorm::new(stem, config.stem, eps, device),
            stages,
            places: attends.then(|| Places::new(config.position, grid, width, device)),
            global_encoder: attends.then(encoder),
            decoder: Decoder {
                lateral: config.channels.iter().map(lateral).collect(),
                smooth: (0..2).map(smooth).collect(),
            },
            final_layer: Conv::new([config.joints, decoder, 1, 1], device).biased(device),
        }
    }
}

impl PoseNetwork for VttransposeSmall {
    fn heatmaps(&self, pictures: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        let mut x = self.stem.forward(pictures, pass);
        let mut maps = Vec::new();
        for stage in &self.stages {
            x = stage.iter().fold(x, |x, block| block.forward(x, pass));
            maps.push(x.clone());
        }
        if let (Some(places), Some(encoder)) = (&self.places, &self.global_encoder) {
            let [_, height, width, _] = x.dims();
            x = encoder.forward(x, &places.on([height, width]), pass);
        }
        let mut lateral = self.decoder.lateral.iter().zip(maps).rev();
        let mut sum = match lateral.next() {
            Some((conv, _)) => conv.forward(x),
            None => x,
        };
        for ((conv, map), smooth) in lateral.zip(self.decoder.smooth.iter().rev()) {
            sum = smooth.forward(ops::add_enlarged(conv.forward(map), sum, 2), pass);
        }
        self.final_layer.forward(sum)
    }
}
