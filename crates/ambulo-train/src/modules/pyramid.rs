//! The pyramid over time (TPCA) that filters the input of the keys and values of a temporal block.

use ambulo_nn::config::{Amplify, Compress, RtpcaConfig, TpcaConfig};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::layers::LayerNorm;
use super::tensors::zeros;
use crate::ops::{self, FrameMap};

/// Down to a half, a quarter and an eighth of the frames, and up again.
#[derive(Module, Debug)]
pub(super) struct Pyramid {
    conv1: Option<Depthwise>,
    conv2: Option<Depthwise>,
    conv3: Option<Depthwise>,
    norm1: Option<LayerNorm>,
    norm2: Option<LayerNorm>,
    norm3: Option<LayerNorm>,
    up1: Option<Depthwise>,
    up2: Option<Depthwise>,
    up3: Option<Depthwise>,
    upnorm1: Option<LayerNorm>,
    upnorm2: Option<LayerNorm>,
    upnorm3: Option<LayerNorm>,
    norm4: LayerNorm,
    #[module(skip)]
    tpca: TpcaConfig,
    #[module(skip)]
    levels: [usize; 3],
}

/// A convolution of each channel with its own kernel, or its transpose. `weight` is `[channels, 1, kernel]`.
#[derive(Module, Debug)]
struct Depthwise {
    weight: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
}

impl Pyramid {
    /// The pyramid of temporal block `index`, if the settings have one.
    pub(super) fn new(config: &RtpcaConfig, index: usize, device: &Device) -> Option<Self> {
        let tpca = config.tpca?;
        let frames = config.block_frames(index).0;
        let levels @ [half, quarter, eighth] = config.pyramid_lengths(index);
        let down = config.down_kernels(index);
        let up = config.up_kernels(index);
        let convolves = tpca.compress != Compress::Pool;
        let norms = tpca.compress != Compress::PoolConv;
        let upnorms = norms && tpca.amplify != Amplify::None;
        let ups = tpca.amplify == Amplify::Transconv;
        let conv =
            |exists: bool, kernel| exists.then(|| Depthwise::new(config.dim, kernel, device));
        let eps = config.tpca_eps;
        let norm = |exists: bool, length| exists.then(|| LayerNorm::new(length, eps, device));
        Some(Self {
            conv1: conv(convolves, down[0]),
            conv2: conv(convolves, down[1]),
            conv3: conv(convolves, down[2]),
            norm1: norm(norms, half),
            norm2: norm(norms, quarter),
            norm3: norm(norms, eighth),
            up1: conv(ups, up[0]),
            up2: conv(ups, up[1]),
            up3: conv(ups, up[2]),
            upnorm1: norm(upnorms, quarter),
            upnorm2: norm(upnorms, half),
            upnorm3: norm(upnorms, frames),
            norm4: LayerNorm::new(config.dim, eps, device),
            tpca,
            levels,
        })
    }

    /// Filters `[batch, frames, joints, channels]`. The result has as many frames, or an eighth if the pyramid does
    /// not go up again.
    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [half, quarter, eighth] = self.levels;
        let frames = x.dims()[1];
        let [p1, p2, p3] = self.down(&x);
        if self.tpca.amplify == Amplify::None {
            return self.norm4.forward(p3);
        }
        debug_assert_eq!(p3.dims()[1], eighth);
        let c1 = up(p3, quarter, self.up1.as_ref(), self.upnorm1.as_ref());
        let c2 = up(c1 + p2, half, self.up2.as_ref(), self.upnorm2.as_ref());
        let c3 = up(c2 + p1, frames, self.up3.as_ref(), self.upnorm3.as_ref());
        self.norm4.forward(c3 + x)
    }

    /// The three levels on the way down.
    fn down(&self, x: &Tensor<4>) -> [Tensor<4>; 3] {
        let [half, quarter, eighth] = self.levels;
        let convs = [&self.conv1, &self.conv2, &self.conv3];
        let norms = [&self.norm1, &self.norm2, &self.norm3];
        let mut level = x.clone();
        [(0, half), (1, quarter), (2, eighth)].map(|(i, length)| {
            let convolved = convs[i].as_ref().map(|conv| conv.down(&level, length));
            let next = match (self.tpca.compress, convolved) {
                // Pools take the input, not the level above.
                (Compress::PoolConv, Some(convolved)) => convolved + pooled(x.clone(), length),
                (_, Some(convolved)) => convolved,
                (_, None) => pooled(level.clone(), length),
            };
            level = activated(next, norms[i].as_ref());
            level.clone()
        })
    }
}

impl Depthwise {
    fn new(channels: usize, kernel: usize, device: &Device) -> Self {
        Self {
            weight: zeros([channels, 1, kernel], device),
            bias: zeros([channels], device),
        }
    }

    /// Stride 2, no padding.
    fn down(&self, x: &Tensor<4>, length: usize) -> Tensor<4> {
        let inputs = x.dims()[1];
        let weight = self.weight.val();
        let [channels, _, kernel] = weight.dims();
        let taps = (0..kernel).map(|tap| {
            let weight = weight
                .clone()
                .narrow(2, tap, 1)
                .reshape([1, 1, 1, channels]);
            ops::map_frames(FrameMap::down_tap(inputs, length, tap), x.clone()) * weight
        });
        let bias = self.bias.val().reshape([1, 1, 1, channels]);
        taps.fold(bias, |sum, tap| tap + sum)
    }

    /// Transposed, stride 2, no padding.
    fn up(&self, x: &Tensor<4>) -> Tensor<4> {
        ops::upsample(x, &self.weight.val(), &self.bias.val())
    }
}

fn up(
    x: Tensor<4>,
    length: usize,
    conv: Option<&Depthwise>,
    norm: Option<&LayerNorm>,
) -> Tensor<4> {
    let longer = if let Some(conv) = conv {
        conv.up(&x)
    } else {
        let inputs = x.dims()[1];
        ops::map_frames(FrameMap::interpolation(inputs, length), x)
    };
    activated(longer, norm)
}

fn pooled(x: Tensor<4>, length: usize) -> Tensor<4> {
    let inputs = x.dims()[1];
    ops::map_frames(FrameMap::pooling(inputs, length), x)
}

/// Norm over time and GELU, in the pyramids that have them.
fn activated(x: Tensor<4>, norm: Option<&LayerNorm>) -> Tensor<4> {
    match norm {
        Some(norm) => norm.over_frames_gelu(x),
        None => x,
    }
}
