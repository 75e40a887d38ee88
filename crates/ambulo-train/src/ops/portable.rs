//! The operations in burn's own terms.

use burn::tensor::{Tensor, TensorData, activation};

use super::time::FrameMap;

pub(crate) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f32,
) -> Tensor<D> {
    normed(x, D - 1, eps) * weight.unsqueeze() + bias.unsqueeze()
}

pub(crate) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    activation::gelu(x)
}

pub(crate) fn attention(queries: Tensor<4>, memory: Tensor<4>, heads: usize) -> Tensor<4> {
    let [outer, tokens, inner, width] = queries.dims();
    let kept = memory.dims()[1];
    let head_width = width / heads;
    let scale = 1.0 / (head_width as f64).sqrt();
    let queries = queries
        .reshape([outer, tokens, inner * heads, head_width])
        .swap_dims(1, 2);
    let memory = memory
        .reshape([outer, kept, inner, 2, heads, head_width])
        .permute([3, 0, 2, 4, 1, 5])
        .reshape([2 * outer, inner * heads, kept, head_width]);
    let keys = memory.clone().narrow(0, 0, outer);
    let values = memory.narrow(0, outer, outer);
    let scores = (queries * scale).matmul(keys.swap_dims(2, 3));
    activation::softmax(scores, 3)
        .matmul(values)
        .swap_dims(1, 2)
        .reshape([outer, tokens, inner, width])
}

pub(crate) fn add_scaled<const D: usize>(
    trunk: Tensor<D>,
    branch: Tensor<D>,
    factors: &[f32],
) -> Tensor<D> {
    let shape = branch.dims();
    let width = shape[D - 1];
    let factors = Tensor::<1>::from_floats(factors, &branch.device());
    let tokens = factors.dims()[0];
    let scaled = branch.reshape([tokens, width]) * factors.reshape([tokens, 1]);
    trunk + scaled.reshape(shape)
}

pub(crate) fn map_frames(map: &FrameMap, x: Tensor<4>) -> Tensor<4> {
    let [batch, frames, inner, width] = x.dims();
    let data = TensorData::new(map.values.clone(), [1, map.outputs, map.inputs]);
    let matrix = Tensor::<3>::from_data(data, &x.device());
    let matrix = matrix.expand([batch, map.outputs, map.inputs]);
    matrix
        .matmul(x.reshape([batch, frames, inner * width]))
        .reshape([batch, map.outputs, inner, width])
}

pub(crate) fn norm_frames_gelu(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f32,
) -> Tensor<4> {
    let frames = x.dims()[1];
    let [weight, bias] = [weight, bias].map(|numbers| numbers.reshape([1, frames, 1, 1]));
    gelu(normed(x, 1, eps) * weight + bias)
}

pub(crate) fn upsample(x: &Tensor<4>, weight: &Tensor<3>, bias: &Tensor<1>) -> Tensor<4> {
    let [batch, inputs, inner, channels] = x.dims();
    let kernel = weight.dims()[2];
    let outputs = 2 * (inputs - 1) + kernel;
    let offsets = bias
        .clone()
        .reshape([1, 1, 1, channels])
        .expand([batch, outputs, inner, channels]);
    (0..kernel).fold(offsets, |sum, tap| {
        let factors = weight
            .clone()
            .narrow(2, tap, 1)
            .reshape([1, 1, 1, channels]);
        sum + map_frames(&FrameMap::up_tap(inputs, outputs, tap), x.clone()) * factors
    })
}

fn normed<const D: usize>(x: Tensor<D>, axis: usize, eps: f32) -> Tensor<D> {
    let mean = x.clone().mean_dim(axis);
    let centred = x - mean;
    let variance = centred.clone().square().mean_dim(axis);
    centred / (variance + eps).sqrt()
}
