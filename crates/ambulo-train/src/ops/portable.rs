//! The operations in burn's own terms.

use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Int, Tensor, TensorData, activation};

use super::adam::{Adam, Slots};
use super::batch_norm::{BatchNorm, Moments};
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

pub(crate) fn gate<const D: usize>(x: Tensor<D>, factor: Tensor<D>) -> Tensor<D> {
    let cubic = x.clone() + x.clone().powi_scalar(3) * 0.044_715;
    let slope = (2.0 / std::f64::consts::PI).sqrt();
    ((cubic * slope).tanh() + 1.0) * x * 0.5 * factor
}

pub(crate) fn log_probability(logits: Tensor<2>, chosen: &[usize]) -> Tensor<1> {
    let rows = logits.dims()[0];
    let places: Vec<i64> = chosen
        .iter()
        .map(|&token| i64::try_from(token).unwrap_or(i64::MAX))
        .collect();
    let places = Tensor::<2, Int>::from_data(TensorData::new(places, [rows, 1]), &logits.device());
    activation::log_softmax(logits, 1)
        .gather(1, places)
        .reshape([rows])
}

pub(crate) fn attention(queries: Tensor<4>, memory: Tensor<4>, heads: usize) -> Tensor<4> {
    attention_with(queries, memory, heads, |probabilities| probabilities)
}

pub(crate) fn attention_with(
    queries: Tensor<4>,
    memory: Tensor<4>,
    heads: usize,
    change: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> Tensor<4> {
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
    change(activation::softmax(scores, 3))
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

pub(crate) fn convolution(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: [usize; 2],
) -> Tensor<4> {
    let options = ConvOptions::new([stride; 2], padding, [1, 1], 1);
    conv2d(x.permute([0, 3, 1, 2]), weight, bias, options).permute([0, 2, 3, 1])
}

pub(crate) fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let channels = x.dims()[3];
    let options = ConvOptions::new([1; 2], [1; 2], [1, 1], channels);
    conv2d(x.permute([0, 3, 1, 2]), weight, Some(bias), options).permute([0, 2, 3, 1])
}

/// Mean and mean square of the difference from it, as `[1, 1, 1, channels]`.
fn mean_and_variance(x: &Tensor<4>) -> [Tensor<4>; 2] {
    let over_pixels = |x: Tensor<4>| x.mean_dim(0).mean_dim(1).mean_dim(2);
    let mean = over_pixels(x.clone());
    let variance = over_pixels((x.clone() - mean.clone()).square());
    [mean, variance]
}

pub(crate) fn moments(x: &Tensor<4>) -> Moments {
    let [batch, height, width, _] = x.dims();
    let [mean, variance] = mean_and_variance(x).map(crate::modules::numbers);
    Moments {
        mean,
        variance,
        count: batch * height * width,
    }
}

pub(crate) fn batch_norm(
    op: &BatchNorm,
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    residual: Option<Tensor<4>>,
) -> Tensor<4> {
    let channels = x.dims()[3];
    let [mean, variance] = if op.of_batch {
        mean_and_variance(&x)
    } else {
        [&op.moments.mean, &op.moments.variance].map(|numbers| {
            Tensor::<1>::from_floats(numbers.as_slice(), &x.device()).reshape([1, 1, 1, channels])
        })
    };
    let [weight, bias] = [weight, bias].map(|numbers| numbers.reshape([1, 1, 1, channels]));
    let y = (x - mean) / (variance + op.eps).sqrt() * weight + bias;
    let y = match residual {
        Some(residual) => y + residual,
        None => y,
    };
    if op.rectified { activation::relu(y) } else { y }
}

pub(crate) fn add_enlarged(fine: Tensor<4>, coarse: Tensor<4>, factor: usize) -> Tensor<4> {
    let [batch, height, width, channels] = fine.dims();
    let [_, rows, columns, _] = coarse.dims();
    let enlarged = coarse
        .reshape([batch, rows, 1, columns, 1, channels])
        .expand([batch, rows, factor, columns, factor, channels])
        .reshape([batch, rows * factor, columns * factor, channels]);
    fine + enlarged.narrow(1, 0, height).narrow(2, 0, width)
}

pub(crate) fn map_cross_entropy(logits: Tensor<4>, points: &[[f32; 3]], sigma: f32) -> Tensor<1> {
    let [batch, height, width, joints] = logits.dims();
    let device = logits.device();
    let cells = height * width;
    let part = |part: usize| {
        let numbers: Vec<f32> = points.iter().map(|point| point[part]).collect();
        Tensor::<3>::from_data(TensorData::new(numbers, [batch, 1, joints]), &device)
    };
    let place = |of: &dyn Fn(usize) -> usize| {
        let numbers: Vec<f32> = (0..cells).map(|cell| of(cell) as f32).collect();
        Tensor::<3>::from_data(TensorData::new(numbers, [1, cells, 1]), &device)
    };
    let squares = (part(0) - place(&|cell| cell % width)).square()
        + (part(1) - place(&|cell| cell / width)).square();
    let targets = activation::softmax(squares * (-0.5 / (sigma * sigma)), 1);
    let logs = activation::log_softmax(logits.reshape([batch, cells, joints]), 1);
    let total = points.iter().map(|point| point[2]).sum::<f32>().max(1e-6);
    (targets * logs * part(2)).sum() * (-1.0 / total)
}

pub(crate) fn adam(
    adam: Adam,
    value: Tensor<1>,
    gradient: Tensor<1>,
    slots: Slots<'_>,
) -> Tensor<1> {
    let [beta1, beta2] = adam.betas;
    let [share1, share2] = adam.shares;
    let gradient = gradient * adam.scale;
    slots
        .mean
        .inplace(|mean| mean * beta1 + gradient.clone() * share1);
    slots
        .square
        .inplace(|square| square * beta2 + gradient.square() * share2);
    let spread = match slots.largest {
        Some(largest) => {
            largest.inplace(|largest| largest.max_pair(slots.square.clone()));
            largest.clone()
        }
        None => slots.square.clone(),
    };
    let divisor = spread.sqrt() * adam.root + adam.eps;
    let value = value * adam.kept - slots.mean.clone() * adam.rate / divisor;
    if let Some(average) = slots.average {
        average.inplace(|average| average * adam.memory + value.clone() * (1.0 - adam.memory));
    }
    value
}
