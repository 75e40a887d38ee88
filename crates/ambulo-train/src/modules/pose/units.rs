//! Convolutions and batch norms with the tensor layouts of the weights files.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::super::tensors::zeros;
use super::Pass;
use crate::ops::{self, BatchNorm as Normalise, Moments};

/// A convolution; `weight` is `[outputs, inputs, kernel height, kernel width]`.
#[derive(Module, Debug)]
pub(super) struct Conv {
    weight: Param<Tensor<4>>,
    bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    stride: usize,
}

impl Conv {
    /// Without bias, of stride 1.
    pub(super) fn new(shape: [usize; 4], device: &Device) -> Self {
        Self {
            weight: zeros(shape, device),
            bias: None,
            stride: 1,
        }
    }

    /// The same with this stride.
    pub(super) fn strided(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// The same with bias.
    pub(super) fn biased(self, device: &Device) -> Self {
        let [outputs, ..] = self.weight.val().dims();
        Self {
            bias: Some(zeros([outputs], device)),
            ..self
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let weight = self.weight.val();
        let [_, _, height, width] = weight.dims();
        let bias = self.bias.as_ref().map(Param::val);
        let padding = [height / 2, width / 2];
        ops::convolution(x, weight, bias, self.stride, padding)
    }
}

/// A convolution 3×3 of each channel with its own kernel; `weight` is `[channels, 1, 3, 3]`.
#[derive(Module, Debug)]
pub(super) struct Depthwise {
    weight: Param<Tensor<4>>,
    bias: Param<Tensor<1>>,
}

impl Depthwise {
    pub(super) fn new(channels: usize, device: &Device) -> Self {
        Self {
            weight: zeros([channels, 1, 3, 3], device),
            bias: zeros([channels], device),
        }
    }

    pub(super) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        ops::depthwise(x, self.weight.val(), self.bias.val())
    }
}

/// Normalisation of each channel over the batch; in evaluation by what it remembers.
#[derive(Module, Debug)]
pub(in crate::modules) struct BatchNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    running_mean: Param<Tensor<1>>,
    running_var: Param<Tensor<1>>,
    #[module(skip)]
    eps: f32,
}

/// What follows a normalisation.
#[derive(Debug, Clone)]
pub(in crate::modules) enum After {
    /// Nothing.
    Nothing,
    /// The rectifier.
    Relu,
    /// The sum with a residual, then the rectifier.
    AddRelu(Box<Tensor<4>>),
}

impl BatchNorm {
    pub(in crate::modules) fn new(channels: usize, eps: f32, device: &Device) -> Self {
        Self {
            weight: zeros([channels], device),
            bias: zeros([channels], device),
            running_mean: zeros([channels], device),
            running_var: zeros([channels], device),
            eps,
        }
    }

    pub(in crate::modules) fn forward(
        &self,
        x: Tensor<4>,
        after: After,
        pass: &mut Pass<'_>,
    ) -> Tensor<4> {
        let (moments, of_batch) = if let Some(training) = pass {
            let moments = ops::moments(&x);
            // What is remembered is the unbiased estimate.
            let count = moments.count as f32;
            let factor = count / (count - 1.0).max(1.0);
            let unbiased = moments.variance.iter().map(|v| v * factor).collect();
            training.note(self.running_mean.id, moments.mean.clone());
            training.note(self.running_var.id, unbiased);
            (moments, true)
        } else {
            let [mean, variance] = [&self.running_mean, &self.running_var]
                .map(|param| super::super::numbers(param.val()));
            let moments = Moments {
                mean,
                variance,
                count: 1,
            };
            (moments, false)
        };
        let (rectified, residual) = match after {
            After::Nothing => (false, None),
            After::Relu => (true, None),
            After::AddRelu(residual) => (true, Some(*residual)),
        };
        let op = Normalise {
            moments,
            of_batch,
            rectified,
            eps: self.eps,
        };
        ops::batch_norm(&op, x, [self.weight.val(), self.bias.val()], residual)
    }
}

/// A convolution, its normalisation and what follows.
pub(super) fn unit(
    (conv, norm): (&Conv, &BatchNorm),
    x: Tensor<4>,
    after: After,
    pass: &mut Pass<'_>,
) -> Tensor<4> {
    norm.forward(conv.forward(x), after, pass)
}

/// A convolution and its normalisation as the parts 0 and 1 of a name.
pub(super) type Pair = (Conv, BatchNorm);

pub(super) fn pair(conv: Conv, eps: f32, device: &Device) -> Pair {
    let [outputs, ..] = conv.weight.val().dims();
    (conv, BatchNorm::new(outputs, eps, device))
}

pub(super) fn apply(pair: &Pair, x: Tensor<4>, after: After, pass: &mut Pass<'_>) -> Tensor<4> {
    unit((&pair.0, &pair.1), x, after, pass)
}
