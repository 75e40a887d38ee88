//! The fused operations against the portable ones: values and gradients.

use ambulo::synth::SeededRng;
use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::datasets::takes::narrow;

fn random<const D: usize>(rng: &mut SeededRng, shape: [usize; D]) -> Tensor<D> {
    let numbers: Vec<f32> = (0..shape.iter().product())
        .map(|_| narrow(rng.normal()))
        .collect();
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(numbers, shape), &device).require_grad()
}

/// Compares the value of two forms of an operation and their gradients for these inputs.
#[track_caller]
fn check<const D: usize, const N: usize>(
    name: &str,
    inputs: [&Tensor<D>; N],
    fused: &Tensor<D>,
    portable: &Tensor<D>,
) {
    compare(name, fused.clone(), portable.clone());
    let weights = random(&mut SeededRng::new(99), fused.dims());
    let [a, b] = [fused, portable].map(|y| (y.clone() * weights.clone()).sum().backward());
    for (i, input) in inputs.iter().enumerate() {
        let [a, b] = [&a, &b].map(|grads| input.grad(grads).expect("the input has a gradient"));
        compare(&format!("{name}, gradient {i}"), a, b);
    }
}

#[track_caller]
fn compare<const D: usize>(name: &str, a: Tensor<D>, b: Tensor<D>) {
    let difference: f32 = (a - b).abs().max().into_scalar();
    assert!(difference < 2e-5, "{name}: off by {difference}");
}

#[test]
fn gelu_is_the_exact_one() {
    let x = random(&mut SeededRng::new(1), [3, 40, 100]);
    let x = (x * 3.0).detach().require_grad();
    check("gelu", [&x], &gelu(x.clone()), &portable::gelu(x.clone()));
}

#[test]
fn layer_norm_has_the_gradient_of_its_parts() {
    let mut rng = SeededRng::new(2);
    for width in [5, 16, 64, 100] {
        let x = random(&mut rng, [7, 90, width]);
        let [w, b] = [0, 1].map(|_| random(&mut rng, [width]));
        let fused = layer_norm(x.clone(), w.clone(), b.clone(), 1e-5);
        let portable = portable::layer_norm(x.clone(), w.clone(), b.clone(), 1e-5);
        check("norm", [&x], &fused, &portable);
        let fused = layer_norm(x.clone(), w.clone(), b.clone(), 1e-5);
        let portable = portable::layer_norm(x, w.clone(), b.clone(), 1e-5);
        let [a, c] = [fused, portable].map(|y| y.sum().backward());
        for parameter in [w, b] {
            let [a, c] = [&a, &c].map(|grads| parameter.grad(grads).expect("it has a gradient"));
            compare("norm's parameters", a / 630.0, c / 630.0);
        }
    }
}

#[test]
fn attention_agrees_for_every_kernel() {
    let mut rng = SeededRng::new(3);
    for (tokens, kept, width, heads) in [
        (27, 30, 64, 8),
        (21, 21, 64, 4),
        (32, 32, 16, 4),
        (43, 48, 64, 2),
        (5, 64, 16, 1),
        (70, 70, 16, 2),
        (8, 8, 12, 2),
        (4, 7, 12, 2),
        (124, 124, 48, 2),
        (90, 101, 96, 2),
    ] {
        let q = random(&mut rng, [5, tokens, 3, width]);
        let m = random(&mut rng, [5, kept, 3, 2 * width]);
        let fused = attention(q.clone(), m.clone(), heads);
        let portable = portable::attention(q.clone(), m.clone(), heads);
        check("attention", [&q, &m], &fused, &portable);
    }
}

#[test]
fn a_scaled_branch_is_added() {
    let mut rng = SeededRng::new(4);
    let [trunk, branch] = [0, 1].map(|_| random(&mut rng, [3, 4, 5]));
    let factors = vec![0.0, 1.0, 2.5, 1.0, -1.0, 0.5, 0.0, 1.0, 2.0, 3.0, 1.0, 0.25];
    let fused = add_scaled(trunk.clone(), branch.clone(), factors.clone());
    let portable = portable::add_scaled(trunk.clone(), branch.clone(), &factors);
    check("branch", [&trunk, &branch], &fused, &portable);
}

#[test]
fn steps_of_the_pyramid_agree() {
    let mut rng = SeededRng::new(6);
    for (frames, width) in [(13, 64), (6, 8), (1, 5), (27, 30)] {
        let x = random(&mut rng, [3, frames, 4, width]);
        let [w, b] = [0, 1].map(|_| random(&mut rng, [frames]));
        let norm = |portable: bool| {
            let (x, w, b) = (x.clone(), w.clone(), b.clone());
            if portable {
                portable::norm_frames_gelu(x, w, b, 1e-2)
            } else {
                norm_frames_gelu(x, w, b, 1e-2)
            }
        };
        check("norm over frames", [&x], &norm(false), &norm(true));
        parameters("norm over frames", [&w, &b], norm(false), norm(true));

        let map = FrameMap::pooling(frames, frames.div_ceil(2));
        let pooled = map_frames(map.clone(), x.clone());
        check(
            "pooling",
            [&x],
            &pooled,
            &portable::map_frames(&map, x.clone()),
        );

        for kernel in [2, 3] {
            let w = random(&mut rng, [width, 1, kernel]);
            let b = random(&mut rng, [width]);
            let up = |portable: bool| {
                let (x, w, b) = (x.clone(), w.clone(), b.clone());
                if portable {
                    portable::upsample(&x, &w, &b)
                } else {
                    upsample(&x, &w, &b)
                }
            };
            check("upsampling", [&x], &up(false), &up(true));
            parameters("upsampling", [&w], up(false), up(true));
            parameters("upsampling", [&b], up(false), up(true));
        }
    }
}

/// Compares the gradients of parameters.
#[track_caller]
fn parameters<const D: usize, const P: usize, const N: usize>(
    name: &str,
    parameters: [&Tensor<P>; N],
    fused: Tensor<D>,
    portable: Tensor<D>,
) {
    let weights: Tensor<D> = random(&mut SeededRng::new(98), fused.dims());
    let scale = 0.1 / (weights.dims().iter().product::<usize>() as f64).sqrt();
    let [a, b] = [fused, portable].map(|y| (y * weights.clone() * scale).sum().backward());
    for parameter in parameters {
        let [a, b] = [&a, &b].map(|grads| parameter.grad(grads).expect("it has a gradient"));
        compare(name, a, b);
    }
}
