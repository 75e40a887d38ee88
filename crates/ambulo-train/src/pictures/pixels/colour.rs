//! Other light, other colours.

use ambulo::synth::SeededRng;

use super::to_f32;
use crate::film::jitter;

/// How bright a pixel looks.
const BRIGHTNESS: [f32; 3] = [0.299, 0.587, 0.114];

/// Draws other colours (if `colours`), or takes them away (if `greys`).
pub(super) fn change(levels: &mut [f32], colours: bool, greys: bool, rng: &mut SeededRng) {
    let saturation = if greys {
        0.0
    } else if colours {
        to_f32(0.4 + rng.unit())
    } else {
        1.0
    };
    let curves = if colours { curves(rng) } else { plain() };
    for pixel in levels.as_chunks_mut::<3>().0 {
        let grey: f32 = pixel
            .iter()
            .zip(BRIGHTNESS)
            .map(|(l, share)| l * share)
            .sum();
        for (level, curve) in pixel.iter_mut().zip(&curves) {
            *level = look_up(curve, grey + (*level - grey) * saturation);
        }
    }
}

/// What becomes of each level, for red, green and blue.
type Curve = [f32; 257];

fn plain() -> [Curve; 3] {
    [std::array::from_fn(|level| level as f32); 3]
}

/// Exposure, contrast and gamma for all, a tint for each.
fn curves(rng: &mut SeededRng) -> [Curve; 3] {
    let gamma = (0.3 * jitter(rng)).clamp(-0.6, 0.6).exp();
    let contrast = (0.2 * jitter(rng)).exp();
    let exposure = (0.15 * jitter(rng)).exp();
    let lift = 18.0 * jitter(rng);
    std::array::from_fn(|_| {
        let tint = (0.08 * jitter(rng)).exp();
        std::array::from_fn(|level| {
            let bent = 255.0 * (level as f64 / 255.0).powf(gamma);
            let lit = (bent - 128.0) * contrast + 128.0;
            to_f32((lit * exposure * tint + lift).clamp(0.0, 255.0))
        })
    })
}

fn look_up(curve: &Curve, level: f32) -> f32 {
    let level = level.clamp(0.0, 255.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 255, set just before"
    )]
    let below = level as usize;
    let beyond = level - below as f32;
    curve[below] + (curve[below + 1] - curve[below]) * beyond
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::picture_rng;

    #[test]
    fn without_colours_all_three_are_equal() {
        let mut levels = vec![200.0, 100.0, 50.0, 0.0, 255.0, 128.0];
        change(&mut levels, false, true, &mut picture_rng(1, 0));
        for pixel in levels.chunks(3) {
            assert!((pixel[0] - pixel[1]).abs() < 1e-3 && (pixel[1] - pixel[2]).abs() < 1e-3);
        }
        assert!((levels[0] - (0.299 * 200.0 + 0.587 * 100.0 + 0.114 * 50.0)).abs() < 1e-3);
    }

    #[test]
    fn brighter_stays_brighter() {
        for index in 0..50 {
            for curve in curves(&mut picture_rng(2, index)) {
                assert!(curve.windows(2).all(|pair| pair[0] <= pair[1]));
            }
        }
    }
}
