//! Exponential and both GELUs on vectors.

use super::simd::Simd;

/// e to the power of each lane, to about 2e-7 relative; arguments are limited to ±87.
///
/// Range reduction by powers of two and a polynomial of degree 6 (Cephes, Moshier).
#[inline(always)]
pub(super) fn exp<S: Simd>(s: S, x: S::V) -> S::V {
    let x = s.min(s.max(x, s.splat(-87.0)), s.splat(87.0));
    let n = s.round(s.mul(x, s.splat(std::f32::consts::LOG2_E)));
    // ln 2 in two parts, so that the remainder is exact.
    let r = s.fma(n, s.splat(-0.693_359_4), x);
    let r = s.fma(n, s.splat(2.121_944_4e-4), r);
    let mut p = s.splat(1.987_569_1e-4);
    for c in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_65,
        0.5,
    ] {
        p = s.fma(p, r, s.splat(c));
    }
    let y = s.add(s.fma(p, s.mul(r, r), r), s.splat(1.0));
    s.mul(y, s.pow2(n))
}

/// 2 to the power of each lane, to about 2e-7 relative, for numbers up to 126; below -126 it stays at that or
/// falls to 0.
///
/// The polynomial of degree 5 that is nearest between -1/2 and 1/2, about the nearest whole number.
#[inline(always)]
pub(super) fn exp2<S: Simd>(s: S, x: S::V) -> S::V {
    let n = s.round(x);
    let r = s.sub(x, n);
    let mut p = s.splat(1.327_647_2e-3);
    for c in [9.675_541e-3, 5.550_713e-2, 0.240_221_2, 0.693_146_94, 1.0] {
        p = s.fma(p, r, s.splat(c));
    }
    s.times_pow2(p, n)
}

/// A weight of a softmax below this share of the largest counts as nothing; it changes no sum in single precision.
///
/// The smallest weights and their products with values would be denormal, and some processors are far slower with
/// these: a network whose attention looks at few of many keys took twice as long.
const LEAST_WEIGHT: f32 = 1.0 / (1_u64 << 60) as f32;

/// Weights of a softmax: 2 to the power of how far each score lies below the largest, or 0. What is no number stays
/// none.
#[inline(always)]
pub(super) fn weight2<S: Simd>(s: S, x: S::V) -> S::V {
    // Of a number and what is none, every instruction set gives the second; so it does below.
    without_least(s, exp2(s, s.max(s.splat(-100.0), x)))
}

/// Takes from weights of a softmax what counts as nothing.
#[inline(always)]
pub(super) fn without_least<S: Simd>(s: S, weight: S::V) -> S::V {
    s.max(s.splat(0.0), s.sub(weight, s.splat(LEAST_WEIGHT)))
}

/// GELU with the error function, `x/2 · (1 + erf(x/√2))`, to about 2e-7 of the size of `x`.
///
/// Source of the error function: Abramowitz & Stegun, formula 7.1.26.
#[inline(always)]
pub(super) fn gelu<S: Simd>(s: S, x: S::V) -> S::V {
    let one = s.splat(1.0);
    let z = s.abs(s.mul(x, s.splat(std::f32::consts::FRAC_1_SQRT_2)));
    let t = s.div(one, s.fma(z, s.splat(0.327_591_1), one));
    let mut p = s.splat(1.061_405_4);
    for c in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = s.fma(p, t, s.splat(c));
    }
    let tail = s.mul(s.mul(p, t), exp(s, s.sub(s.splat(0.0), s.mul(z, z))));
    let erf = s.copy_sign(s.sub(one, tail), x);
    let half = s.mul(x, s.splat(0.5));
    s.fma(half, erf, half)
}

/// GELU as networks of text have it: `x/2 · (1 + tanh(√(2/π)·(x + 0.044715·x³)))`.
///
/// The hyperbolic tangent by the exponential: `(1 + tanh u)/2 = 1/(1 + exp(-2u))`.
#[inline(always)]
pub(super) fn gelu_tanh<S: Simd>(s: S, x: S::V) -> S::V {
    const MINUS_TWO_ROOTS: f32 = -1.595_769_2;
    let cubic = s.mul(s.mul(x, x), s.splat(0.044_715));
    let inner = s.fma(x, cubic, x);
    let power = exp(s, s.mul(inner, s.splat(MINUS_TWO_ROOTS)));
    s.div(x, s.add(power, s.splat(1.0)))
}

#[cfg(test)]
mod tests {
    use super::super::cpu::{Cpu, Isa, Task};
    use super::*;

    struct Weights<'a>(&'a mut [f32]);

    impl Task for Weights<'_> {
        type Output = ();

        fn run<S: Simd>(self, s: S) {
            for chunk in self.0.chunks_mut(S::LANES) {
                s.write(weight2(s, s.read(chunk)), chunk);
            }
        }
    }

    /// No weight is so small that it or its product with a value would be denormal.
    #[test]
    fn weights_are_powers_of_two_or_nothing() {
        let scores: Vec<f32> = (-4000..=0_i16).map(|x| f32::from(x) / 16.0).collect();
        let far = [-1e4, -1e30, f32::MIN, f32::NEG_INFINITY, f32::NAN];
        for cpu in Isa::available().iter().filter_map(|&isa| Cpu::with(isa)) {
            let mut found = [&scores[..], &far].concat();
            cpu.run(Weights(&mut found));
            for (&score, weight) in scores.iter().zip(&found) {
                let expected = f64::from(score).exp2();
                let (difference, isa) = ((f64::from(*weight) - expected).abs(), cpu.isa());
                assert!(
                    difference <= 3e-7 * expected + 1e-18,
                    "{isa:?} {score}: {weight}"
                );
                assert!(
                    *weight == 0.0 || *weight > 1e-27,
                    "{isa:?} {score}: {weight}"
                );
                assert!(
                    score > -40.0 || *weight < 2e-12,
                    "{isa:?} {score}: {weight}"
                );
            }
            let [rest @ .., none] = &found[scores.len()..] else {
                unreachable!()
            };
            assert!(rest.iter().all(|&weight| weight == 0.0), "{rest:?}");
            assert!(none.is_nan(), "{:?}", cpu.isa());
        }
    }
}
