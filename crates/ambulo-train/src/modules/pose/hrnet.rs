//! `TransPose` on `HRNet`, and `VTTransPose`.
//!
//! Source: Li et al. (2024), Sci. Rep. 14:7608; Yang et al. (2021), "`TransPose`", arXiv:2012.14214; Sun et al.
//! (2019), "`HRNet`", arXiv:1902.09212; and the released code of the latter two.
//!
//! Differences from the papers: none known; where the first leaves something open, see the settings.

use ambulo_nn::config::VttransposeConfig;
use burn::module::Module;
use burn::tensor::{Device, Tensor, activation};

use super::blocks::{BasicBlock, Block, Bottleneck, VBlock};
use super::encoder::{Layers, Places};
use super::units::{After, BatchNorm, Conv, Pair, apply, pair, unit};
use super::{Pass, PoseNetwork};
use crate::ops;

/// The network. Field names are those of its tensors.
#[derive(Module, Debug)]
pub struct Vttranspose {
    conv1: Conv,
    bn1: BatchNorm,
    conv2: Conv,
    bn2: BatchNorm,
    layer1: Vec<Bottleneck>,
    transition1: (Pair, Vec<Pair>),
    stage2: Vec<Stage>,
    transition2: Vec<Option<Vec<Pair>>>,
    stage3: Vec<Stage>,
    reduce: Conv,
    /// Groups tensors in this code only: it has no part in their names.
    places: Places,
    global_encoder: Layers,
    final_layer: Conv,
}

/// Branches of falling size side by side, and what each takes from the others.
#[derive(Module, Debug)]
struct Stage {
    branches: Vec<Vec<Block>>,
    fuse_layers: Vec<Vec<Option<Fuse>>>,
}

/// How a branch reaches another.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a module of burn cannot be boxed"
)]
enum Fuse {
    /// A finer one: 1×1, then enlarged.
    Up(Pair),
    /// A coarser one: 3×3 of stride 2, once for each halving.
    Down(Vec<Pair>),
}

impl Vttranspose {
    /// The network of these settings, all parameters zero.
    pub fn new(config: &VttransposeConfig, device: &Device) -> Self {
        let eps = config.bn_eps;
        let stem = config.stem;
        let [fine, middle, coarse] = config.stage_channels;
        let wide = 4 * stem;
        let halving = |outputs, inputs| {
            let conv = Conv::new([outputs, inputs, 3, 3], device).strided(2);
            pair(conv, eps, device)
        };
        let norm = || BatchNorm::new(stem, eps, device);
        let bottleneck = |block| {
            let inputs = if block == 0 { stem } else { wide };
            Bottleneck::new([stem, inputs], eps, device)
        };
        let same = pair(Conv::new([fine, wide, 3, 3], device), eps, device);
        let last = config.stage3_modules - 1;
        let stage3 = |module| {
            let outputs = if module == last { 1 } else { 3 };
            Stage::new(config, &config.stage_channels, outputs, device)
        };
        let widths = (config.d_model, config.heads);
        Self {
            conv1: Conv::new([stem, 3, 3, 3], device).strided(2),
            bn1: norm(),
            conv2: Conv::new([stem, stem, 3, 3], device).strided(2),
            bn2: norm(),
            layer1: (0..4).map(bottleneck).collect(),
            transition1: (same, vec![halving(middle, wide)]),
            stage2: vec![Stage::new(config, &[fine, middle], 2, device)],
            transition2: vec![None, None, Some(vec![halving(coarse, middle)])],
            stage3: (0..config.stage3_modules).map(stage3).collect(),
            reduce: Conv::new([config.d_model, fine, 1, 1], device),
            places: Places::new(config.position, config.grid(), config.d_model, device),
            global_encoder: Layers::new(
                config.layers,
                &config.encoder,
                widths,
                config.ln_eps,
                device,
            ),
            final_layer: Conv::new([config.joints, config.d_model, 1, 1], device).biased(device),
        }
    }

    /// The finest map, reduced to the encoder's width.
    fn reduced(&self, pictures: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        let x = unit((&self.conv1, &self.bn1), pictures, After::Relu, pass);
        let x = unit((&self.conv2, &self.bn2), x, After::Relu, pass);
        let blocks = self.layer1.iter();
        let x = blocks.fold(x, |x, block| block.forward(x, pass));
        let (same, halving) = &self.transition1;
        let mut maps = vec![
            apply(same, x.clone(), After::Relu, pass),
            chain(halving, x, &After::Relu, pass),
        ];
        for stage in &self.stage2 {
            maps = stage.forward(maps, pass);
        }
        for (place, halving) in self.transition2.iter().enumerate() {
            if let (Some(halving), true) = (halving, place >= maps.len()) {
                // From the coarsest map that there is.
                let from = maps[maps.len() - 1].clone();
                maps.push(chain(halving, from, &After::Relu, pass));
            }
        }
        for stage in &self.stage3 {
            maps = stage.forward(maps, pass);
        }
        self.reduce.forward(maps.swap_remove(0))
    }
}

impl PoseNetwork for Vttranspose {
    fn heatmaps(&self, pictures: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        let x = self.reduced(pictures, pass);
        let [_, height, width, _] = x.dims();
        let places = self.places.on([height, width]);
        let x = self.global_encoder.forward(x, &places, pass);
        self.final_layer.forward(x)
    }
}

/// Pairs one after the other, with a rectifier between them and this after the last.
fn chain(pairs: &[Pair], x: Tensor<4>, last: &After, pass: &mut Pass<'_>) -> Tensor<4> {
    let count = pairs.len();
    pairs.iter().enumerate().fold(x, |x, (place, pair)| {
        let after = if place + 1 == count {
            last.clone()
        } else {
            After::Relu
        };
        apply(pair, x, after, pass)
    })
}

impl Stage {
    fn new(
        config: &VttransposeConfig,
        channels: &[usize],
        outputs: usize,
        device: &Device,
    ) -> Self {
        let eps = config.bn_eps;
        let block = |branch: usize, block: usize| {
            if branch == 2 && config.v_blocks.contains(block) {
                let block = VBlock::new(&config.v_blocks, channels[branch], eps, device);
                Block::Vee(block)
            } else {
                Block::Basic(BasicBlock::new(channels[branch], eps, device))
            }
        };
        let branch = |branch: usize| {
            let blocks = 0..config.blocks_per_branch;
            blocks.map(|place| block(branch, place)).collect()
        };
        let fuse = |to: usize, from: usize| {
            if from > to {
                let conv = Conv::new([channels[to], channels[from], 1, 1], device);
                return Some(Fuse::Up(pair(conv, eps, device)));
            }
            let steps = (from..to).map(|step| {
                let outputs = channels[if step + 1 == to { to } else { from }];
                let conv = Conv::new([outputs, channels[from], 3, 3], device).strided(2);
                pair(conv, eps, device)
            });
            (from < to).then(|| Fuse::Down(steps.collect()))
        };
        let branches = 0..channels.len();
        Self {
            branches: branches.clone().map(branch).collect(),
            fuse_layers: (0..outputs)
                .map(|to| branches.clone().map(|from| fuse(to, from)).collect())
                .collect(),
        }
    }

    fn forward(&self, maps: Vec<Tensor<4>>, pass: &mut Pass<'_>) -> Vec<Tensor<4>> {
        let maps: Vec<Tensor<4>> = self
            .branches
            .iter()
            .zip(maps)
            .map(|(blocks, x)| blocks.iter().fold(x, |x, block| block.forward(x, pass)))
            .collect();
        self.fuse_layers
            .iter()
            .enumerate()
            .map(|(to, fuses)| {
                let mut sum = maps[to].clone();
                for (from, fuse) in fuses.iter().enumerate() {
                    let x = || maps[from].clone();
                    sum = match fuse {
                        None => sum,
                        Some(Fuse::Up(pair)) => {
                            let coarse = apply(pair, x(), After::Nothing, pass);
                            ops::add_enlarged(sum, coarse, 1 << (from - to))
                        }
                        Some(Fuse::Down(pairs)) => sum + chain(pairs, x(), &After::Nothing, pass),
                    };
                }
                activation::relu(sum)
            })
            .collect()
    }
}
