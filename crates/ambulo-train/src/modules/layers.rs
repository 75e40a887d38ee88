//! Layers that both networks share, with the tensor layouts of the weights files.

use burn::module::{Module, Param};
use burn::tensor::module::linear;
use burn::tensor::{Device, Tensor, TensorData};

use super::tensors::zeros;
use crate::datasets::takes::narrow as single;
use crate::ops;

/// An affine map of the last axis. `weight` is `[out, in]`.
#[derive(Module, Debug)]
pub(super) struct Linear {
    weight: Param<Tensor<2>>,
    bias: Option<Param<Tensor<1>>>,
}

impl Linear {
    pub(super) fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self::with_bias(inputs, outputs, true, device)
    }

    pub(super) fn with_bias(inputs: usize, outputs: usize, bias: bool, device: &Device) -> Self {
        Self {
            weight: zeros([outputs, inputs], device),
            bias: bias.then(|| zeros([outputs], device)),
        }
    }

    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let bias = self.bias.as_ref().map(Param::val);
        Self::apply(x, self.weight.val(), bias)
    }

    /// An affine map with this matrix, `[out, in]`.
    pub(super) fn apply<const D: usize>(
        x: Tensor<D>,
        weight: Tensor<2>,
        bias: Option<Tensor<1>>,
    ) -> Tensor<D> {
        let mut shape = x.dims();
        let inputs = shape[D - 1];
        let rows = shape[..D - 1].iter().product();
        // As one matrix: burn would make one small product for each of the outer indices.
        let x: Tensor<2> = x.reshape([rows, inputs]);
        shape[D - 1] = weight.dims()[0];
        linear(x, weight.swap_dims(0, 1), bias).reshape(shape)
    }

    /// Matrix and bias; without one, zeros.
    pub(super) fn parts(&self) -> (Tensor<2>, Tensor<1>) {
        let weight = self.weight.val();
        let bias = match &self.bias {
            Some(bias) => bias.val(),
            None => Tensor::zeros([weight.dims()[0]], &weight.device()),
        };
        (weight, bias)
    }
}

/// Layer normalisation of the last axis.
#[derive(Module, Debug)]
pub(super) struct LayerNorm {
    weight: Param<Tensor<1>>,
    bias: Param<Tensor<1>>,
    #[module(skip)]
    eps: f32,
}

impl LayerNorm {
    pub(super) fn new(width: usize, eps: f32, device: &Device) -> Self {
        Self {
            weight: zeros([width], device),
            bias: zeros([width], device),
            eps,
        }
    }

    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        ops::layer_norm(x, self.weight.val(), self.bias.val(), self.eps)
    }

    /// Normalises over the frames of `[batch, frames, joints, channels]`, each number for itself, and
    /// applies GELU.
    pub(super) fn over_frames_gelu(&self, x: Tensor<4>) -> Tensor<4> {
        ops::norm_frames_gelu(x, self.weight.val(), self.bias.val(), self.eps)
    }
}

/// Two linear layers with a GELU between them.
#[derive(Module, Debug)]
pub(super) struct Mlp {
    fc1: Linear,
    fc2: Linear,
}

impl Mlp {
    /// Of these widths: in, hidden, out.
    pub(super) fn new([inputs, hidden, outputs]: [usize; 3], device: &Device) -> Self {
        Self {
            fc1: Linear::new(inputs, hidden, device),
            fc2: Linear::new(hidden, outputs, device),
        }
    }

    pub(super) fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        self.fc2.forward(ops::gelu(self.fc1.forward(x)))
    }
}

/// Random numbers of one training step; absent in evaluation.
pub type Noise<'a> = Option<&'a mut ambulo::synth::SeededRng>;

/// Adds a branch to its trunk, leaving it out for a share `rate` of the sequences in training; the branches
/// that stay are scaled up so that the mean is kept.
///
/// # Shapes
///
/// `[outer, tokens, inner, width]`; the first and the third axis are sequences.
pub(super) fn add_branch(
    trunk: Tensor<4>,
    branch: Tensor<4>,
    rate: f64,
    noise: &mut Noise<'_>,
) -> Tensor<4> {
    match noise {
        Some(rng) if rate > 0.0 => {
            let keep = 1.0 - rate;
            let [outer, tokens, inner, _] = branch.dims();
            let of_sequences: Vec<f32> = (0..outer * inner)
                .map(|_| {
                    if rng.unit() < keep {
                        single(1.0 / keep)
                    } else {
                        0.0
                    }
                })
                .collect();
            let factors = of_sequences
                .chunks_exact(inner)
                .flat_map(|group| group.iter().cycle().take(tokens * inner))
                .copied()
                .collect();
            ops::add_scaled(trunk, branch, factors)
        }
        _ => trunk + branch,
    }
}

/// Leaves out a share of the numbers in training and scales the others up so that the mean is kept.
pub(super) fn dropout(x: Tensor<3>, share: f64, noise: &mut Noise<'_>) -> Tensor<3> {
    match noise {
        Some(rng) if share > 0.0 => {
            let kept = single(1.0 / (1.0 - share));
            let count: usize = x.dims().iter().product();
            let factors: Vec<f32> = (0..count)
                .map(|_| if rng.unit() < share { 0.0 } else { kept })
                .collect();
            let factors = TensorData::new(factors, x.dims());
            let device = x.device();
            x * Tensor::from_data(factors, &device)
        }
        _ => x,
    }
}
