//! Operations of the networks that burn has no fast gradient for.
//!
//! Each has a portable form, made of burn's own operations, that runs and differentiates anywhere, and a
//! fused form for the processor with a gradient written by hand. A test holds the two together.

mod activation;
mod attention;
mod fused;
mod normalise;
pub(crate) mod portable;
mod pyramid;
mod residual;
mod time;

use burn::tensor::Tensor;

use fused::{apply, primitive};

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

#[cfg(test)]
mod tests;
