//! Tensors and arithmetic of a network, gathered in one walk along its data flow.

use super::super::{MacCount, Shapes, TensorShape, product};
use super::{VBlocks, VEntry, VKernel, VttransposeConfig};

/// What a walk has gathered.
#[derive(Debug, Default)]
pub(super) struct Layout {
    shapes: Shapes,
    stages: Vec<(&'static str, u64)>,
    current: usize,
}

impl Layout {
    pub(super) fn into_shapes(self) -> Vec<TensorShape> {
        self.shapes.0
    }

    pub(super) fn into_macs(mut self) -> MacCount {
        self.stages.retain(|(_, macs)| *macs > 0);
        MacCount {
            stages: self.stages,
        }
    }

    /// What follows belongs to this stage, which may have begun before.
    pub(super) fn stage(&mut self, name: &'static str) {
        let known = self.stages.iter().position(|(stage, _)| *stage == name);
        self.current = known.unwrap_or_else(|| {
            self.stages.push((name, 0));
            self.stages.len() - 1
        });
    }

    pub(super) fn count(&mut self, factors: &[usize]) {
        if let Some((_, macs)) = self.stages.get_mut(self.current) {
            *macs += product(factors);
        }
    }

    pub(super) fn tensor(&mut self, name: &str, shape: &[usize]) {
        self.shapes.tensor(name, shape);
    }

    pub(super) fn norm(&mut self, name: &str, width: usize) {
        self.shapes.norm(name, width);
    }

    /// A matrix `(out, in)` with bias, applied to `rows` rows.
    pub(super) fn linear(&mut self, name: &str, [outputs, inputs]: [usize; 2], rows: usize) {
        self.shapes.linear(name, outputs, inputs);
        self.count(&[rows, outputs, inputs]);
    }

    /// A convolution `(out, in / groups, height, width)` without bias, giving `pixels` pixels.
    pub(super) fn conv(&mut self, name: &str, shape: [usize; 4], pixels: usize) {
        self.shapes.weight(name, &shape);
        self.count(&[pixels, shape.iter().product()]);
    }

    /// The same with bias.
    pub(super) fn conv_with_bias(&mut self, name: &str, shape: [usize; 4], pixels: usize) {
        self.conv(name, shape, pixels);
        self.shapes.bias(name, shape[0]);
    }

    /// Factor, offset, mean and variance of a batch norm.
    pub(super) fn batch_norm(&mut self, name: &str, channels: usize) {
        self.shapes.norm(name, channels);
        self.tensor(&format!("{name}.running_mean"), &[channels]);
        self.tensor(&format!("{name}.running_var"), &[channels]);
    }

    /// A convolution and the batch norm behind it.
    pub(super) fn unit(&mut self, [conv, norm]: [&str; 2], shape: [usize; 4], pixels: usize) {
        self.conv(conv, shape, pixels);
        self.batch_norm(norm, shape[0]);
    }

    /// The same as the parts 0 and 1 of `name`.
    pub(super) fn numbered(&mut self, name: &str, shape: [usize; 4], pixels: usize) {
        let parts = [format!("{name}.0"), format!("{name}.1")];
        self.unit([&parts[0], &parts[1]], shape, pixels);
    }

    /// The same with the norm inside the convolution's name.
    fn own(&mut self, name: &str, shape: [usize; 4], pixels: usize) {
        self.unit([name, &format!("{name}.bn")], shape, pixels);
    }

    /// Two convolutions 3×3 and a residual; the first may change the number of channels and the size.
    pub(super) fn basic_block(
        &mut self,
        name: &str,
        [channels, inputs]: [usize; 2],
        is_resized: bool,
        pixels: usize,
    ) {
        for (place, inputs) in [(1, inputs), (2, channels)] {
            let parts = [format!("{name}.conv{place}"), format!("{name}.bn{place}")];
            let shape = [channels, inputs, 3, 3];
            self.unit([&parts[0], &parts[1]], shape, pixels);
        }
        if is_resized {
            let name = format!("{name}.downsample");
            self.numbered(&name, [channels, inputs, 1, 1], pixels);
        }
    }

    pub(super) fn v_block(&mut self, name: &str, blocks: &VBlocks, channels: usize, pixels: usize) {
        let width = blocks.width;
        match blocks.entry {
            VEntry::PerPart => {
                for part in 1..=4 {
                    let shape = [width, channels / 4, 1, 1];
                    self.own(&format!("{name}.P{part}"), shape, pixels);
                }
            }
            VEntry::Joint => {
                self.own(&format!("{name}.P"), [4 * width, channels, 1, 1], pixels);
            }
        }
        for step in 1..=7 {
            let name = format!("{name}.A{step}");
            match blocks.kernel {
                VKernel::Asymmetric => {
                    self.own(&format!("{name}.v"), [width, width, 3, 1], pixels);
                    self.own(&format!("{name}.h"), [width, width, 1, 3], pixels);
                }
                VKernel::Square => self.own(&name, [width, width, 3, 3], pixels),
            }
        }
        let shape = [channels, 4 * width, 1, 1];
        self.own(&format!("{name}.out"), shape, pixels);
    }

    fn bottleneck(&mut self, name: &str, [width, inputs]: [usize; 2], pixels: usize) {
        let shapes = [
            [width, inputs, 1, 1],
            [width, width, 3, 3],
            [4 * width, width, 1, 1],
        ];
        for (place, shape) in (1..).zip(shapes) {
            let parts = [format!("{name}.conv{place}"), format!("{name}.bn{place}")];
            self.unit([&parts[0], &parts[1]], shape, pixels);
        }
        if inputs != 4 * width {
            let name = format!("{name}.downsample");
            self.numbered(&name, [4 * width, inputs, 1, 1], pixels);
        }
    }

    /// The first three stages of `HRNet` and the reduction to the encoder's width.
    pub(super) fn backbone(&mut self, config: &VttransposeConfig) {
        let [height, width] = config.grid();
        let pixels: [usize; 3] = std::array::from_fn(|branch| (height * width) >> (2 * branch));
        let stem = config.stem;
        let channels = config.stage_channels;
        self.stage("stem");
        self.unit(["conv1", "bn1"], [stem, 3, 3, 3], 4 * pixels[0]);
        self.unit(["conv2", "bn2"], [stem, stem, 3, 3], pixels[0]);
        self.stage("layer1");
        for block in 0..4 {
            let inputs = if block == 0 { stem } else { 4 * stem };
            self.bottleneck(&format!("layer1.{block}"), [stem, inputs], pixels[0]);
        }
        self.stage("transitions");
        let wide = 4 * stem;
        self.numbered("transition1.0", [channels[0], wide, 3, 3], pixels[0]);
        self.numbered("transition1.1.0", [channels[1], wide, 3, 3], pixels[1]);
        self.stage("stage2");
        self.module("stage2.0", config, &channels[..2], 2, &pixels);
        self.stage("transitions");
        let shape = [channels[2], channels[1], 3, 3];
        self.numbered("transition2.2.0", shape, pixels[2]);
        self.stage("stage3");
        for module in 0..config.stage3_modules {
            let is_last = module + 1 == config.stage3_modules;
            let outputs = if is_last { 1 } else { 3 };
            let name = format!("stage3.{module}");
            self.module(&name, config, &channels, outputs, &pixels);
        }
        self.stage("reduce");
        self.conv("reduce", [config.d_model, channels[0], 1, 1], pixels[0]);
    }

    /// Branches side by side, and what each of the first `outputs` takes from the others.
    fn module(
        &mut self,
        name: &str,
        config: &VttransposeConfig,
        channels: &[usize],
        outputs: usize,
        pixels: &[usize],
    ) {
        for (branch, &width) in channels.iter().enumerate() {
            for block in 0..config.blocks_per_branch {
                let name = format!("{name}.branches.{branch}.{block}");
                if branch == 2 && config.v_blocks.contains(block) {
                    self.v_block(&name, &config.v_blocks, width, pixels[branch]);
                } else {
                    self.basic_block(&name, [width; 2], false, pixels[branch]);
                }
            }
        }
        for to in 0..outputs {
            for from in 0..channels.len() {
                let name = format!("{name}.fuse_layers.{to}.{from}");
                if from > to {
                    let shape = [channels[to], channels[from], 1, 1];
                    self.numbered(&name, shape, pixels[from]);
                }
                for step in 0..to.saturating_sub(from) {
                    let is_last = from + step + 1 == to;
                    let width = channels[if is_last { to } else { from }];
                    let shape = [width, channels[from], 3, 3];
                    let name = format!("{name}.{step}");
                    self.numbered(&name, shape, pixels[from + step + 1]);
                }
            }
        }
    }
}
