//! Operations of the networks that burn has no fast gradient for.
//!
//! Each has a portable form, made of burn's own operations, that runs and differentiates anywhere, and a
//! fused form for the processor with a gradient written by hand. A test holds the two together.

mod activation;
mod adam;
mod attention;
mod batch_norm;
mod channels;
mod convolution;
mod depthwise;
mod enlarge;
mod fused;
mod gate;
mod heatmap;
mod normalise;
pub(crate) mod portable;
mod pyramid;
mod residual;
mod time;
mod tokens;
mod winograd;

use std::sync::Arc;

use burn::tensor::Tensor;

use fused::{apply, primitive, with_numbers};

pub(crate) use adam::{Adam, Slots};
pub(crate) use batch_norm::{BatchNorm, Moments};
pub(crate) use time::FrameMap;

/// Layer normalisation of the last axis.
pub(crate) fn layer_norm<const D: usize>(
    x: Tensor<D>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f32,
) -> Tensor<D> {
    let inputs = [primitive(&x), primitive(&weight), primitive(&bias)];
    let op = normalise::LayerNorm { eps };
    apply(op, inputs, x.dims()).unwrap_or_else(|| portable::layer_norm(x, weight, bias, eps))
}

/// The exact Gaussian error linear unit.
pub(crate) fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    apply(activation::Gelu, [primitive(&x)], x.dims()).unwrap_or_else(|| portable::gelu(x))
}

/// The Gaussian error linear unit of `x`, by a hyperbolic tangent, times `factor`: the gate of T5's blocks.
pub(crate) fn gate<const D: usize>(x: Tensor<D>, factor: Tensor<D>) -> Tensor<D> {
    let inputs = [primitive(&x), primitive(&factor)];
    apply(gate::Gate, inputs, x.dims()).unwrap_or_else(|| portable::gate(x, factor))
}

/// For each row of `[rows, tokens]` the logarithm of the softmax at the chosen token, `[rows]`.
pub(crate) fn log_probability(logits: Tensor<2>, chosen: Vec<usize>) -> Tensor<1> {
    let [rows, tokens] = logits.dims();
    let op = tokens::LogProbability {
        tokens,
        chosen: Arc::new(chosen),
    };
    apply(op.clone(), [primitive(&logits)], [rows])
        .unwrap_or_else(|| portable::log_probability(logits, &op.chosen))
}

/// The value after a step of Adam; what is remembered is brought up to date.
pub(crate) fn adam(
    adam: Adam,
    value: Tensor<1>,
    gradient: Tensor<1>,
    mut slots: Slots<'_>,
) -> Tensor<1> {
    match adam.step(&value, &gradient, &mut slots) {
        Some(stepped) => stepped,
        None => portable::adam(adam, value, gradient, slots),
    }
}

/// Attention of several heads over the second axis; the first and the third are sequences.
///
/// # Shapes
///
/// - `queries`: `[outer, tokens, inner, width]`, heads side by side along the width
/// - `memory`: `[outer, memory tokens, inner, 2 · width]`, keys and then values, heads side by side in each
/// - returns: `[outer, tokens, inner, width]`
pub(crate) fn attention(queries: Tensor<4>, memory: Tensor<4>, heads: usize) -> Tensor<4> {
    let [_, tokens, inner, width] = queries.dims();
    let kept = memory.dims()[1];
    let fused = attention::Attention::new([tokens, kept], inner, width, heads).and_then(|op| {
        let inputs = [primitive(&queries), primitive(&memory)];
        apply(op, inputs, queries.dims())
    });
    fused.unwrap_or_else(|| portable::attention(queries, memory, heads))
}

/// The same with something done to the probabilities, `[outer, inner · heads, tokens, memory tokens]`.
pub(crate) fn attention_leaving_out(
    queries: Tensor<4>,
    memory: Tensor<4>,
    heads: usize,
    leave_out: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> Tensor<4> {
    portable::attention_with(queries, memory, heads, leave_out)
}

/// `trunk` plus `branch`, each token of the branch times a factor of its own.
pub(crate) fn add_scaled<const D: usize>(
    trunk: Tensor<D>,
    branch: Tensor<D>,
    factors: Vec<f32>,
) -> Tensor<D> {
    let op = residual::AddScaled { factors };
    let inputs = [primitive(&trunk), primitive(&branch)];
    apply(op.clone(), inputs, trunk.dims())
        .unwrap_or_else(|| portable::add_scaled(trunk, branch, &op.factors))
}

/// A map along the frames of `[batch, frames, inner, width]`.
pub(crate) fn map_frames(map: FrameMap, x: Tensor<4>) -> Tensor<4> {
    let [batch, _, inner, width] = x.dims();
    let shape = [batch, map.outputs, inner, width];
    let op = time::ApplyMap { map, batch };
    apply(op.clone(), [primitive(&x)], shape).unwrap_or_else(|| portable::map_frames(&op.map, x))
}

/// Normalisation over the frames of `[batch, frames, inner, width]`, each number for itself, and GELU.
pub(crate) fn norm_frames_gelu(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f32,
) -> Tensor<4> {
    let inputs = [primitive(&x), primitive(&weight), primitive(&bias)];
    let op = pyramid::NormGelu {
        batch: x.dims()[0],
        eps,
    };
    apply(op, inputs, x.dims()).unwrap_or_else(|| portable::norm_frames_gelu(x, weight, bias, eps))
}

/// A transposed convolution of stride 2 along the frames of `[batch, frames, inner, width]`, each channel
/// with its kernel of `weight`, `[width, 1, kernel]`.
pub(crate) fn upsample(x: &Tensor<4>, weight: &Tensor<3>, bias: &Tensor<1>) -> Tensor<4> {
    let [batch, inputs, inner, channels] = x.dims();
    let outputs = 2 * (inputs - 1) + weight.dims()[2];
    let op = pyramid::Upsample {
        batch,
        inputs,
        outputs,
        channels,
    };
    let parts = [primitive(x), primitive(weight), primitive(bias)];
    apply(op, parts, [batch, outputs, inner, channels])
        .unwrap_or_else(|| portable::upsample(x, weight, bias))
}

/// A convolution of pictures, channels innermost.
///
/// # Shapes
///
/// - `x`: `[batch, height, width, inputs]`
/// - `weight`: `[outputs, inputs, kernel height, kernel width]`
/// - returns: `[batch, height out, width out, outputs]`
pub(crate) fn convolution(
    x: Tensor<4>,
    weight: Tensor<4>,
    bias: Option<Tensor<1>>,
    stride: usize,
    padding: [usize; 2],
) -> Tensor<4> {
    let [batch, height, width, inputs] = x.dims();
    let [outputs, _, rows, columns] = weight.dims();
    let op = convolution::Convolution {
        size: [height, width],
        inputs,
        outputs,
        kernel: [rows, columns],
        stride,
        padding,
    };
    let [rows, columns] = op.output_size();
    let shape = [batch, rows, columns, outputs];
    let parts = [primitive(&x), primitive(&weight)];
    let fused = match &bias {
        None => apply(op, parts, shape),
        Some(bias) => {
            let [x, weight] = parts;
            apply(op, [x, weight, primitive(bias)], shape)
        }
    };
    fused.unwrap_or_else(|| portable::convolution(x, weight, bias, stride, padding))
}

/// A depthwise convolution 3×3 of `[batch, height, width, channels]` with `[channels, 1, 3, 3]`.
pub(crate) fn depthwise(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>) -> Tensor<4> {
    let [_, height, width, channels] = x.dims();
    let op = depthwise::Depthwise {
        size: [height, width],
        channels,
    };
    let parts = [primitive(&x), primitive(&weight), primitive(&bias)];
    apply(op, parts, x.dims()).unwrap_or_else(|| portable::depthwise(x, weight, bias))
}

/// Mean and variance of each channel of `[batch, height, width, channels]`.
pub(crate) fn moments(x: &Tensor<4>) -> Moments {
    let channels = x.dims()[3];
    with_numbers(primitive(x), |numbers| Moments::of(numbers, channels))
        .unwrap_or_else(|| portable::moments(x))
}

/// Normalises the channels of `[batch, height, width, channels]`, adds a residual, and rectifies, as `op`
/// says.
pub(crate) fn batch_norm(
    op: &BatchNorm,
    x: Tensor<4>,
    [weight, bias]: [Tensor<1>; 2],
    residual: Option<Tensor<4>>,
) -> Tensor<4> {
    let shape = x.dims();
    let [a, b, c] = [primitive(&x), primitive(&weight), primitive(&bias)];
    let fused = match &residual {
        None => apply(op.clone(), [a, b, c], shape),
        Some(residual) => apply(op.clone(), [a, b, c, primitive(residual)], shape),
    };
    fused.unwrap_or_else(|| portable::batch_norm(op, x, [weight, bias], residual))
}

/// A fine map plus a coarse one, each cell of which is repeated `factor` times in both directions.
///
/// # Shapes
///
/// `[batch, height, width, channels]`; the coarse map, enlarged, is at least as large as the fine one.
pub(crate) fn add_enlarged(fine: Tensor<4>, coarse: Tensor<4>, factor: usize) -> Tensor<4> {
    let [_, height, width, channels] = fine.dims();
    let [_, coarse_height, coarse_width, _] = coarse.dims();
    let op = enlarge::AddEnlarged {
        fine: [height, width],
        coarse: [coarse_height, coarse_width],
        channels,
        factor,
    };
    let parts = [primitive(&fine), primitive(&coarse)];
    apply(op, parts, fine.dims()).unwrap_or_else(|| portable::add_enlarged(fine, coarse, factor))
}

/// The weighted mean of the cross-entropies of the softmax over each map, `[batch, height, width,
/// joints]`, and a Gaussian around a point. Points are `[batch, joints]`: column, row and weight.
pub(crate) fn map_cross_entropy(logits: Tensor<4>, points: Vec<[f32; 3]>, sigma: f32) -> Tensor<1> {
    let [_, height, width, joints] = logits.dims();
    let op = heatmap::MapCrossEntropy {
        size: [height, width],
        joints,
        sigma,
        points: Arc::new(points),
    };
    apply(op.clone(), [primitive(&logits)], [1])
        .unwrap_or_else(|| portable::map_cross_entropy(logits, &op.points, sigma))
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_pictures;
#[cfg(test)]
mod tests_tokens;
