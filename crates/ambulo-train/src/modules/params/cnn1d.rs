//! The 1D-CNN: three groups of two convolutions over frames and a pooling, two dense layers.
//!
//! Source: Kidziński et al. (2020), doi:10.1038/s41467-020-17807-z, and its released code.
//!
//! Differences from that code: none in the network; tensors have layouts of `PyTorch`.

use ambulo_nn::config::Cnn1dConfig;
use burn::module::{Module, Param};
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor};

use super::ParamsNetwork;
use crate::modules::layers::{Linear, dropout};
use crate::modules::pose::Pass;
use crate::modules::pose::units::{After, BatchNorm};
use crate::modules::tensors::zeros;
use crate::ops;

/// Groups that the module has.
const GROUPS: usize = 3;
/// The first of the convolutions whose kernels training keeps small.
const FIRST_PENALISED: usize = 2;

/// The network. Field names are those of its tensors.
#[derive(Module, Debug)]
pub struct Cnn1d {
    conv1: Conv,
    conv2: Conv,
    conv3: Conv,
    conv4: Conv,
    conv5: Conv,
    conv6: Conv,
    norm1: BatchNorm,
    norm2: BatchNorm,
    norm3: BatchNorm,
    norm4: BatchNorm,
    norm5: BatchNorm,
    norm6: BatchNorm,
    dense1: Linear,
    dense2: Linear,
    #[module(skip)]
    config: Cnn1dConfig,
}

/// A convolution over frames; `weight` is `[outputs, inputs, kernel]`.
#[derive(Module, Debug)]
struct Conv {
    weight: Param<Tensor<3>>,
    bias: Param<Tensor<1>>,
}

impl Cnn1d {
    /// The network of these settings, all parameters zero; `None` if it does not have three groups.
    pub fn new(config: &Cnn1dConfig, device: &Device) -> Option<Self> {
        let (filters, kernel) = (config.filters, config.kernel);
        let conv = |inputs| Conv {
            weight: zeros([filters, inputs, kernel], device),
            bias: zeros([filters], device),
        };
        let norm = || BatchNorm::new(filters, config.bn_eps, device);
        (config.pools.len() == GROUPS).then(|| Self {
            conv1: conv(config.features),
            conv2: conv(filters),
            conv3: conv(filters),
            conv4: conv(filters),
            conv5: conv(filters),
            conv6: conv(filters),
            norm1: norm(),
            norm2: norm(),
            norm3: norm(),
            norm4: norm(),
            norm5: norm(),
            norm6: norm(),
            dense1: Linear::new(config.flat(), config.dense, device),
            dense2: Linear::new(config.dense, 2, device),
            config: config.clone(),
        })
    }

    /// Estimates two numbers for each window; the second means nothing.
    ///
    /// # Shapes
    ///
    /// - `features`: `[batch, frames, features]`
    /// - returns: `[batch, 2]`
    pub fn forward(&self, features: Tensor<3>, pass: &mut Pass<'_>) -> Tensor<2> {
        let mut x = features;
        let stages = self.convolutions().into_iter().zip(self.norms());
        for (index, (conv, norm)) in stages.enumerate() {
            let convolved = relu(conv.forward(x));
            let normed = norm.forward(convolved.unsqueeze_dim(2), After::Nothing, pass);
            x = normed.squeeze_dim(2);
            if index % 2 == 1 {
                x = pooled(x, self.config.pools[index / 2]);
                if let Some(training) = pass {
                    x = dropout(x, training.dropout, &mut Some(&mut training.rng));
                }
            }
        }
        let [batch, frames, channels] = x.dims();
        let flat = x.reshape([batch, frames * channels]);
        self.dense2.forward(relu(self.dense1.forward(flat)))
    }

    fn convolutions(&self) -> [&Conv; 2 * GROUPS] {
        [
            &self.conv1,
            &self.conv2,
            &self.conv3,
            &self.conv4,
            &self.conv5,
            &self.conv6,
        ]
    }

    fn norms(&self) -> [&BatchNorm; 2 * GROUPS] {
        [
            &self.norm1,
            &self.norm2,
            &self.norm3,
            &self.norm4,
            &self.norm5,
            &self.norm6,
        ]
    }
}

impl ParamsNetwork for Cnn1d {
    fn estimate(&self, windows: Tensor<2>, pass: &mut Pass<'_>) -> Tensor<1> {
        let [batch, _] = windows.dims();
        let features = windows.reshape([batch, self.config.frames, self.config.features]);
        self.forward(features, pass)
            .narrow(1, 0, 1)
            .reshape([batch])
    }

    fn penalised(&self) -> Option<Tensor<1>> {
        let kernels = &self.convolutions()[FIRST_PENALISED..];
        let squares = kernels.iter().map(|conv| conv.weight.val().square().sum());
        squares.reduce(|sum, next| sum + next)
    }
}

impl Conv {
    /// With zeros around, one more behind than before if the kernel is even.
    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let frames = x.dims()[1];
        let weight = self.weight.val();
        let kernel = weight.dims()[2];
        let (half, before) = (kernel / 2, (kernel - 1) / 2);
        let x = ops::convolution(
            x.unsqueeze_dim(2),
            weight.unsqueeze_dim(3),
            Some(self.bias.val()),
            1,
            [half, 0],
        );
        // As many zeros before as behind give a frame too many.
        x.squeeze_dim::<3>(2).narrow(1, half - before, frames)
    }
}

/// The largest of every `size` frames; what is left over is dropped.
fn pooled(x: Tensor<3>, size: usize) -> Tensor<3> {
    let [batch, frames, channels] = x.dims();
    let kept = frames / size;
    x.narrow(1, 0, kept * size)
        .reshape([batch, kept, size, channels])
        .max_dim(2)
        .squeeze_dim(2)
}
