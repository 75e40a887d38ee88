//! Residual blocks.
#![expect(non_snake_case, reason = "fields have the names of the tensors")]

use ambulo_nn::config::{VBlocks, VEntry, VKernel};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::super::tensors::zeros;
use super::Pass;
use super::units::{After, BatchNorm, Conv, Pair, apply, pair, unit};
use crate::ops;

/// One block of a branch.
#[expect(
    clippy::large_enum_variant,
    reason = "there are a few dozen, and modules cannot be boxed"
)]
#[derive(Module, Debug)]
pub(super) enum Block {
    /// Two convolutions 3×3.
    Basic(BasicBlock),
    /// Four parts in a chain down and up.
    Vee(VBlock),
}

impl Block {
    pub(super) fn forward(&self, x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        match self {
            Self::Basic(block) => block.forward(x, pass),
            Self::Vee(block) => block.forward(x, pass),
        }
    }
}

/// Two convolutions 3×3 and a residual.
#[derive(Module, Debug)]
pub(super) struct BasicBlock {
    conv1: Conv,
    bn1: BatchNorm,
    conv2: Conv,
    bn2: BatchNorm,
    downsample: Option<Pair>,
}

impl BasicBlock {
    pub(super) fn new(channels: usize, eps: f32, device: &Device) -> Self {
        let conv = || Conv::new([channels, channels, 3, 3], device);
        let norm = || BatchNorm::new(channels, eps, device);
        Self {
            conv1: conv(),
            bn1: norm(),
            conv2: conv(),
            bn2: norm(),
            downsample: None,
        }
    }

    /// One that halves the size.
    pub(super) fn halving([channels, inputs]: [usize; 2], eps: f32, device: &Device) -> Self {
        let shortcut = Conv::new([channels, inputs, 1, 1], device).strided(2);
        Self {
            conv1: Conv::new([channels, inputs, 3, 3], device).strided(2),
            downsample: Some(pair(shortcut, eps, device)),
            ..Self::new(channels, eps, device)
        }
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        let y = unit((&self.conv1, &self.bn1), x.clone(), After::Relu, pass);
        let residual = match &self.downsample {
            Some(shortcut) => apply(shortcut, x, After::Nothing, pass),
            None => x,
        };
        let after = After::AddRelu(Box::new(residual));
        unit((&self.conv2, &self.bn2), y, after, pass)
    }
}

/// 1×1, 3×3, 1×1 and a residual, four times as wide.
#[derive(Module, Debug)]
pub(super) struct Bottleneck {
    conv1: Conv,
    bn1: BatchNorm,
    conv2: Conv,
    bn2: BatchNorm,
    conv3: Conv,
    bn3: BatchNorm,
    downsample: Option<Pair>,
}

impl Bottleneck {
    pub(super) fn new([width, inputs]: [usize; 2], eps: f32, device: &Device) -> Self {
        let norm = |channels| BatchNorm::new(channels, eps, device);
        let wide = 4 * width;
        let shortcut = || pair(Conv::new([wide, inputs, 1, 1], device), eps, device);
        Self {
            conv1: Conv::new([width, inputs, 1, 1], device),
            bn1: norm(width),
            conv2: Conv::new([width, width, 3, 3], device),
            bn2: norm(width),
            conv3: Conv::new([wide, width, 1, 1], device),
            bn3: norm(wide),
            downsample: (inputs != wide).then(shortcut),
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        let y = unit((&self.conv1, &self.bn1), x.clone(), After::Relu, pass);
        let y = unit((&self.conv2, &self.bn2), y, After::Relu, pass);
        let residual = match &self.downsample {
            Some(shortcut) => apply(shortcut, x, After::Nothing, pass),
            None => x,
        };
        let after = After::AddRelu(Box::new(residual));
        unit((&self.conv3, &self.bn3), y, after, pass)
    }
}

/// A convolution whose normalisation stands in its own name.
#[derive(Module, Debug)]
struct Normed {
    weight: Param<Tensor<4>>,
    bn: BatchNorm,
}

impl Normed {
    fn new(shape: [usize; 4], eps: f32, device: &Device) -> Self {
        Self {
            weight: zeros(shape, device),
            bn: BatchNorm::new(shape[0], eps, device),
        }
    }

    fn forward(&self, x: Tensor<4>, after: After, pass: &mut Pass<'_>) -> Tensor<4> {
        let weight = self.weight.val();
        let [_, _, height, width] = weight.dims();
        let x = ops::convolution(x, weight, None, 1, [height / 2, width / 2]);
        self.bn.forward(x, after, pass)
    }
}

/// One convolution of the chains: 3×1 and 1×3, or 3×3.
#[derive(Module, Debug)]
struct Link {
    v: Option<Normed>,
    h: Option<Normed>,
    /// Groups tensors in this code only: it has no part in their names.
    square: Option<Normed>,
}

impl Link {
    fn new(width: usize, kernel: VKernel, eps: f32, device: &Device) -> Self {
        let normed = |is: VKernel, [height, across]: [usize; 2]| {
            (kernel == is).then(|| Normed::new([width, width, height, across], eps, device))
        };
        Self {
            v: normed(VKernel::Asymmetric, [3, 1]),
            h: normed(VKernel::Asymmetric, [1, 3]),
            square: normed(VKernel::Square, [3, 3]),
        }
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        let x = match &self.v {
            Some(conv) => conv.forward(x, After::Nothing, pass),
            None => x,
        };
        match self.h.as_ref().or(self.square.as_ref()) {
            Some(conv) => conv.forward(x, After::Relu, pass),
            None => x,
        }
    }
}

/// The V block.
///
/// Source: Li et al. (2024), Sci. Rep. 14:7608, equation 4 and figure 5. The paper leaves open where the
/// norms and rectifiers are: here every convolution has a norm, and a rectifier follows the entries and
/// each pair of the chains.
#[derive(Module, Debug)]
pub(super) struct VBlock {
    P: Option<Normed>,
    P1: Option<Normed>,
    P2: Option<Normed>,
    P3: Option<Normed>,
    P4: Option<Normed>,
    A1: Link,
    A2: Link,
    A3: Link,
    A4: Link,
    A5: Link,
    A6: Link,
    A7: Link,
    out: Normed,
    #[module(skip)]
    width: usize,
}

impl VBlock {
    pub(super) fn new(blocks: &VBlocks, channels: usize, eps: f32, device: &Device) -> Self {
        let width = blocks.width;
        let entry = |is: VEntry, [outputs, inputs]: [usize; 2]| {
            (blocks.entry == is).then(|| Normed::new([outputs, inputs, 1, 1], eps, device))
        };
        let part = || entry(VEntry::PerPart, [width, channels / 4]);
        let link = || Link::new(width, blocks.kernel, eps, device);
        Self {
            P: entry(VEntry::Joint, [4 * width, channels]),
            P1: part(),
            P2: part(),
            P3: part(),
            P4: part(),
            A1: link(),
            A2: link(),
            A3: link(),
            A4: link(),
            A5: link(),
            A6: link(),
            A7: link(),
            out: Normed::new([channels, 4 * width, 1, 1], eps, device),
            width,
        }
    }

    /// The four parts of the input.
    fn parts(&self, x: &Tensor<4>, pass: &mut Pass<'_>) -> [Tensor<4>; 4] {
        let quarter = x.dims()[3] / 4;
        let joint = self
            .P
            .as_ref()
            .map(|entry| entry.forward(x.clone(), After::Relu, pass));
        let entries = [&self.P1, &self.P2, &self.P3, &self.P4];
        std::array::from_fn(|part| match (&joint, entries[part]) {
            (Some(joint), _) => joint.clone().narrow(3, part * self.width, self.width),
            (None, entry) => {
                let x = x.clone().narrow(3, part * quarter, quarter);
                match entry {
                    Some(entry) => entry.forward(x, After::Relu, pass),
                    None => x,
                }
            }
        })
    }

    pub(super) fn forward(&self, x: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4> {
        let [p1, p2, p3, p4] = self.parts(&x, pass);
        let f1 = self.A1.forward(p1, pass);
        let f2 = self.A2.forward(f1.clone() + p2, pass);
        let f3 = self.A3.forward(f2.clone() + p3, pass);
        let y4 = self.A4.forward(f3.clone() + p4, pass);
        let y3 = self.A5.forward(y4.clone() + f3, pass);
        let y2 = self.A6.forward(y3.clone() + f2, pass);
        let y1 = self.A7.forward(y2.clone() + f1, pass);
        let y = Tensor::cat(vec![y1, y2, y3, y4], 3);
        self.out.forward(y, After::AddRelu(Box::new(x)), pass)
    }
}
