//! Every kernel against plain loops in f64, on random shapes, on every instruction set of this processor.

mod attention;
mod linear;
mod norms;
mod time;

use ambulo_testkit::SeededRng;

use super::{Cpu, Isa};

fn cpus() -> impl Iterator<Item = Cpu> {
    Isa::available().iter().filter_map(|&isa| Cpu::with(isa))
}

#[expect(clippy::cast_possible_truncation, reason = "test data")]
fn random(rng: &mut SeededRng, len: usize) -> Vec<f32> {
    (0..len).map(|_| rng.normal() as f32).collect()
}

#[track_caller]
fn close(found: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(found) - expected).abs();
        assert!(
            difference <= tolerance * expected.abs().max(1.0),
            "{what}: place {place} is {found}, not {expected}"
        );
    }
}

fn gelu(x: f64) -> f64 {
    x / 2.0 * (1.0 + erf(x / std::f64::consts::SQRT_2))
}

/// The error function by its series, or by the continued fraction of its complement.
fn erf(x: f64) -> f64 {
    if x.abs() > 3.0 {
        let z = x.abs();
        let fraction = (1..60)
            .rev()
            .fold(z, |below, n| z + f64::from(n) / 2.0 / below);
        let rest = (-z * z).exp() / (fraction * std::f64::consts::PI.sqrt());
        return (1.0 - rest).copysign(x);
    }
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    2.0 / std::f64::consts::PI.sqrt() * sum
}
