//! Operations of the language model: fused against portable.

use ambulo::synth::SeededRng;
use burn::tensor::{Device, Tensor, TensorData};

use super::*;
use crate::datasets::takes::narrow;

fn random<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    let mut rng = SeededRng::new(seed);
    let numbers: Vec<f32> = (0..shape.iter().product())
        .map(|_| narrow(2.0 * rng.normal()))
        .collect();
    let device = Device::flex().autodiff();
    Tensor::from_data(TensorData::new(numbers, shape), &device).require_grad()
}

#[track_caller]
fn near<const D: usize>(a: Tensor<D>, b: Tensor<D>) {
    let difference: f32 = (a - b).abs().max().into_scalar();
    assert!(difference < 2e-5, "off by {difference}");
}

#[test]
fn the_gate_is_that_of_its_parts() {
    let (x, factor) = (random(1, [3, 7, 50]), random(2, [3, 7, 50]));
    let weights = random(3, [3, 7, 50]).detach();
    let forms = [
        gate(x.clone(), factor.clone()),
        portable::gate(x.clone(), factor.clone()),
    ];
    near(forms[0].clone(), forms[1].clone());
    let [a, b] = forms.map(|y| (y * weights.clone()).sum().backward());
    for input in [x, factor] {
        let [a, b] = [&a, &b].map(|grads| input.grad(grads).expect("it has a gradient"));
        near(a, b);
    }
}

#[test]
fn probabilities_of_tokens_are_those_of_the_softmax() {
    for tokens in [3, 16, 37] {
        let logits = random(4, [5, tokens]);
        let chosen = vec![0, 1, tokens - 1, 2, 1];
        // One row does not count.
        let weights = Tensor::<1>::from_floats([1.0, 0.5, 0.0, -2.0, 1.0], &logits.device());
        let forms = [
            log_probability(logits.clone(), chosen.clone()),
            portable::log_probability(logits.clone(), &chosen),
        ];
        near(forms[0].clone(), forms[1].clone());
        let [a, b] = forms.map(|y| (y * weights.clone()).sum().backward());
        let [a, b] = [&a, &b].map(|grads| logits.grad(grads).expect("it has a gradient"));
        near(a, b);
    }
}
