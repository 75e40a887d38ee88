//! The fused operations on pictures against the portable ones: values and gradients.

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

#[track_caller]
fn compare<const D: usize>(name: &str, a: Tensor<D>, b: Tensor<D>) {
    let size: f32 = b.clone().abs().max().into_scalar();
    let difference: f32 = (a - b).abs().max().into_scalar();
    assert!(
        difference <= 2e-5 * size.max(1.0),
        "{name}: off by {difference} of {size}"
    );
}

/// Compares two forms of an operation: their values, and the gradients of these tensors.
macro_rules! check {
    ($name:expr, $fused:expr, $portable:expr, [$($input:expr),*]) => {{
        let (fused, portable) = ($fused, $portable);
        compare($name, fused.clone(), portable.clone());
        let weights = random(&mut SeededRng::new(99), fused.dims());
        let a = (fused * weights.clone()).sum().backward();
        let b = (portable * weights).sum().backward();
        for (i, pair) in [$(($input.grad(&a).map(flat), $input.grad(&b).map(flat))),*].into_iter().enumerate() {
            let name = format!("{}, gradient {i}", $name);
            compare(&name, pair.0.expect("it has a gradient"), pair.1.expect("it has a gradient"));
        }
    }};
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let count = x.dims().iter().product::<usize>();
    x.reshape([count])
}

#[test]
fn convolutions_have_the_gradients_of_their_parts() {
    let mut rng = SeededRng::new(1);
    for (size, channels, kernel, stride, padding) in [
        ([6, 5], [3, 24], [3, 3], 2, [1, 1]),
        ([8, 6], [32, 32], [3, 3], 1, [1, 1]),
        ([7, 5], [16, 48], [3, 3], 1, [1, 1]),
        ([6, 7], [20, 32], [3, 3], 1, [1, 1]),
        ([9, 5], [16, 40], [3, 3], 2, [1, 1]),
        ([9, 6], [16, 8], [1, 1], 2, [0, 0]),
        ([7, 5], [20, 23], [1, 1], 1, [0, 0]),
        ([5, 4], [8, 8], [3, 1], 1, [1, 0]),
        ([5, 4], [8, 8], [1, 3], 1, [0, 1]),
    ] {
        let x = random(&mut rng, [3, size[0], size[1], channels[0]]);
        let w = random(&mut rng, [channels[1], channels[0], kernel[0], kernel[1]]);
        let b = random(&mut rng, [channels[1]]);
        let name = format!("{kernel:?} by {stride}");
        let fused = convolution(x.clone(), w.clone(), Some(b.clone()), stride, padding);
        let portable =
            portable::convolution(x.clone(), w.clone(), Some(b.clone()), stride, padding);
        check!(&name, fused, portable, [x, w, b]);
        let fused = convolution(x.clone(), w.clone(), None, stride, padding);
        let portable = portable::convolution(x.clone(), w.clone(), None, stride, padding);
        check!(&name, fused, portable, [x, w]);
    }
}

#[test]
fn depthwise_convolutions_have_the_gradients_of_their_parts() {
    let mut rng = SeededRng::new(2);
    for (size, channels) in [([5, 4], 12), ([1, 1], 3), ([2, 7], 40)] {
        let x = random(&mut rng, [3, size[0], size[1], channels]);
        let w = random(&mut rng, [channels, 1, 3, 3]);
        let b = random(&mut rng, [channels]);
        let fused = depthwise(x.clone(), w.clone(), b.clone());
        let portable = portable::depthwise(x.clone(), w.clone(), b.clone());
        check!("depthwise", fused, portable, [x, w, b]);
    }
}

#[test]
fn batch_norm_has_the_gradient_of_its_parts() {
    let mut rng = SeededRng::new(3);
    for (channels, of_batch, rectified) in [
        (5, true, true),
        (32, true, false),
        (128, true, true),
        (24, false, true),
    ] {
        let x = random(&mut rng, [4, 5, 6, channels]);
        let [w, b] = [0, 1].map(|_| random(&mut rng, [channels]));
        let r = random(&mut rng, [4, 5, 6, channels]);
        let found = moments(&x);
        let plain = portable::moments(&x);
        for (a, b) in found.mean.iter().zip(&plain.mean) {
            assert!((a - b).abs() < 1e-5);
        }
        for (a, b) in found.variance.iter().zip(&plain.variance) {
            assert!((a - b).abs() < 1e-4);
        }
        let moments = if of_batch {
            found
        } else {
            Moments {
                mean: vec![0.3; channels],
                variance: vec![2.0; channels],
                count: 1,
            }
        };
        let op = BatchNorm {
            moments,
            of_batch,
            rectified,
            eps: 1e-5,
        };
        let name = format!("batch norm of {channels}");
        let parameters = || [w.clone(), b.clone()];
        let fused = batch_norm(&op, x.clone(), parameters(), None);
        let portable = portable::batch_norm(&op, x.clone(), parameters(), None);
        check!(&name, fused, portable, [x, w, b]);
        let fused = batch_norm(&op, x.clone(), parameters(), Some(r.clone()));
        let portable = portable::batch_norm(&op, x.clone(), parameters(), Some(r.clone()));
        check!(&name, fused, portable, [x, w, b, r]);
    }
}

#[test]
fn enlarged_maps_are_added() {
    let mut rng = SeededRng::new(4);
    for (fine, coarse, factor) in [
        ([8, 6], [4, 3], 2),
        ([9, 5], [5, 3], 2),
        ([8, 4], [2, 1], 4),
    ] {
        let f = random(&mut rng, [2, fine[0], fine[1], 7]);
        let c = random(&mut rng, [2, coarse[0], coarse[1], 7]);
        let fused = add_enlarged(f.clone(), c.clone(), factor);
        let portable = portable::add_enlarged(f.clone(), c.clone(), factor);
        check!("enlarged", fused, portable, [f, c]);
    }
}

#[test]
fn the_cross_entropy_of_maps_has_the_gradient_of_its_parts() {
    let mut rng = SeededRng::new(5);
    let x = random(&mut rng, [3, 8, 6, 5]);
    let points: Vec<[f32; 3]> = (0..15)
        .map(|i| {
            let place = [rng.unit() * 8.0 - 1.0, rng.unit() * 10.0 - 1.0].map(narrow);
            let weight = [0.0, 1.0, 0.5][i % 3];
            [place[0], place[1], weight]
        })
        .collect();
    let fused = map_cross_entropy(x.clone(), points.clone(), 1.6);
    let portable = portable::map_cross_entropy(x.clone(), &points, 1.6);
    check!("cross-entropy", fused, portable, [x]);
}

#[test]
fn steps_of_adam_are_those_of_its_parts() {
    let device = Device::flex();
    let mut rng = SeededRng::new(6);
    let mut numbers = |positive: bool| {
        let numbers: Vec<f32> = (0..40_000)
            .map(|_| {
                let x = rng.normal();
                narrow(if positive { x * x } else { x })
            })
            .collect();
        Tensor::<1>::from_floats(numbers.as_slice(), &device)
    };
    let adam = Adam {
        betas: [0.9, 0.99],
        shares: [0.1, 0.01],
        eps: 1e-6,
        rate: 0.1,
        root: 1.5,
        kept: 0.99,
        scale: 0.5,
        memory: 0.9,
    };
    for has_more in [false, true] {
        let [value, gradient, mean] = [false; 3].map(&mut numbers);
        let [square, largest, average] = [true; 3].map(&mut numbers);
        let stepped = |is_fused: bool| {
            let [mut m, mut s] = [mean.clone(), square.clone()];
            let [mut l, mut a] = [&largest, &average].map(|slot| has_more.then(|| slot.clone()));
            let mut slots = Slots {
                mean: &mut m,
                square: &mut s,
                largest: l.as_mut(),
                average: a.as_mut(),
            };
            let next = if is_fused {
                adam.step(&value, &gradient, &mut slots)
            } else {
                Some(portable::adam(adam, value.clone(), gradient.clone(), slots))
            };
            let kept = [Some(m), Some(s), l, a].into_iter().flatten();
            std::iter::once(next.expect("it is on the processor"))
                .chain(kept)
                .collect::<Vec<_>>()
        };
        for (fused, portable) in stepped(true).into_iter().zip(stepped(false)) {
            compare("adam", fused, portable);
        }
    }
}
