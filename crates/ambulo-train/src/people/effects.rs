//! What cameras and files do to pictures: exposure, colour cast, blur, noise, compression.

use ambulo::synth::SeededRng;

use super::compression::compress;
use super::material::Colour;
use super::wardrobe::{hsv, real, span};
use crate::film::{between, chance, jitter};

/// A picture in linear light, row by row.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) pixels: Vec<Colour>,
}

/// Turns light into the bytes of a picture as some camera and file would have them: red, green, blue.
pub(super) fn develop(rng: &mut SeededRng, mut canvas: Canvas) -> Vec<u8> {
    blur_somehow(rng, &mut canvas);
    expose(rng, &mut canvas);
    let gamma = between(rng, 0.85, 1.2) / 2.2;
    let contrast = span(rng, 0.8, 1.2);
    let saturation = if chance(rng, 0.06) {
        0.0
    } else {
        span(rng, 0.6, 1.25)
    };
    let lift = if chance(rng, 0.2) {
        span(rng, 0.0, 0.08)
    } else {
        0.0
    };
    let curve = curve(gamma);
    for pixel in &mut canvas.pixels {
        let coded = pixel.map(|light| coded(&curve, light));
        let grey = Colour::repeat(coded.dot(&Colour::new(0.3, 0.59, 0.11)));
        let coloured = grey + (coded - grey) * saturation;
        *pixel = coloured.map(|value| (value - 0.5) * contrast + 0.5 + lift);
    }
    resample(rng, &mut canvas);
    noise(rng, &mut canvas);
    if chance(rng, 0.6) {
        compress(&mut canvas, real(0.3 + 3.7 * rng.unit().powi(2)));
    }
    canvas
        .pixels
        .iter()
        .flat_map(|pixel| [byte(pixel.x), byte(pixel.y), byte(pixel.z)])
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what a byte holds"
)]
fn byte(value: f32) -> u8 {
    (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

/// Steps of the table from light to code; light up to 1 takes all of them.
const STEPS: usize = 2048;

fn curve(gamma: f64) -> Vec<f32> {
    (0..=STEPS)
        .map(|step| real((step as f64 / STEPS as f64).powf(gamma)))
        .collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the table"
)]
fn coded(curve: &[f32], light: f32) -> f32 {
    // The root makes the table's steps even where the curve is steep; highlights bend off softly.
    let light = light.max(0.0);
    let light = if light > 0.8 {
        0.8 + 0.2 * (1.0 - 0.2 / (light - 0.6))
    } else {
        light
    };
    let place = light.min(1.0) * STEPS as f32;
    let step = (place as usize).min(STEPS - 1);
    curve[step] + (curve[step + 1] - curve[step]) * (place - step as f32)
}

/// Brings the mean light to some exposure, with a cast of colour.
fn expose(rng: &mut SeededRng, canvas: &mut Canvas) {
    let count = canvas.pixels.len().max(1) as f32;
    let mean = canvas.pixels.iter().map(|p| p.x + p.y + p.z).sum::<f32>() / (3.0 * count);
    let goal = real(0.10 * 4.0_f64.powf(rng.unit()));
    let gain = (goal / mean.max(1e-3)).clamp(0.15, 6.0);
    let cast = hsv(rng.unit(), 0.3 * rng.unit().powi(2), 1.0) * gain;
    let dark_corners = if chance(rng, 0.3) {
        span(rng, 0.0, 0.5)
    } else {
        0.0
    };
    let (width, height) = (canvas.width as f32, canvas.height as f32);
    for (index, pixel) in canvas.pixels.iter_mut().enumerate() {
        let x = (index % canvas.width) as f32 / width - 0.5;
        let y = (index / canvas.width) as f32 / height - 0.5;
        *pixel = pixel.component_mul(&cast) * (1.0 - dark_corners * (x * x + y * y));
    }
}

fn blur_somehow(rng: &mut SeededRng, canvas: &mut Canvas) {
    match rng.below(10) {
        // Out of focus.
        0 | 1 => {
            let sigma = span(rng, 0.4, 1.5);
            blur(canvas, sigma, sigma);
        }
        // Shaken, or moving along.
        2 => {
            let along = span(rng, 1.0, 3.0);
            if chance(rng, 0.75) {
                blur(canvas, along, 0.3);
            } else {
                blur(canvas, 0.3, along);
            }
        }
        _ => {}
    }
}

/// Gaussian blur by these standard deviations in pixels.
fn blur(canvas: &mut Canvas, across: f32, down: f32) {
    let (width, height) = (canvas.width, canvas.height);
    let weights = kernel(across);
    let mut line = vec![Colour::zeros(); width.max(height)];
    for row in canvas.pixels.chunks_exact_mut(width) {
        smooth(&weights, row, &mut line[..width]);
        row.copy_from_slice(&line[..width]);
    }
    let weights = kernel(down);
    let mut column = vec![Colour::zeros(); height];
    for x in 0..width {
        let places = || (x..).step_by(width);
        for (value, place) in column.iter_mut().zip(places()) {
            *value = canvas.pixels[place];
        }
        smooth(&weights, &column, &mut line[..height]);
        for (value, place) in line[..height].iter().zip(places()) {
            canvas.pixels[place] = *value;
        }
    }
}

/// The middle and one side of a Gaussian's weights.
fn kernel(sigma: f32) -> Vec<f32> {
    let reach = crate::film::whole(f64::from(sigma * 2.5)) + 1;
    let mut weights: Vec<f32> = (0..=reach)
        .map(|x| (-0.5 * (x as f32 / sigma.max(0.05)).powi(2)).exp())
        .collect();
    let sum = weights[0] + 2.0 * weights[1..].iter().sum::<f32>();
    for weight in &mut weights {
        *weight /= sum;
    }
    weights
}

fn smooth(weights: &[f32], from: &[Colour], to: &mut [Colour]) {
    let last = from.len() - 1;
    for (x, to) in to.iter_mut().enumerate() {
        let mut sum = from[x] * weights[0];
        for (off, weight) in weights.iter().enumerate().skip(1) {
            sum += (from[x.saturating_sub(off)] + from[(x + off).min(last)]) * *weight;
        }
        *to = sum;
    }
}

/// As if the person had been filmed with fewer pixels.
fn resample(rng: &mut SeededRng, canvas: &mut Canvas) {
    if !chance(rng, 0.25) {
        return;
    }
    let factor = 1.2 + 2.3 * real(rng.unit().powi(2));
    let (width, height) = (canvas.width, canvas.height);
    let fewer = |size: usize| crate::film::whole(f64::from(size as f32 / factor)).max(8);
    let (small_width, small_height) = (fewer(width), fewer(height));
    let soft = chance(rng, 0.7);
    if soft {
        blur(canvas, factor * 0.4, factor * 0.4);
    }
    let small = scaled(canvas, small_width, small_height, true);
    *canvas = scaled(&small, width, height, chance(rng, 0.9));
}

/// The picture at another size: bilinear, or the nearest pixel.
fn scaled(canvas: &Canvas, width: usize, height: usize, soft: bool) -> Canvas {
    let place = |at: usize, from: usize, to: usize| {
        let place = (at as f32 + 0.5) * from as f32 / to as f32 - 0.5;
        let place = if soft { place } else { (place + 0.5).floor() };
        let place = place.clamp(0.0, from as f32 - 1.0);
        let low = crate::film::whole(f64::from(place)).min(from - 1);
        (low, (low + 1).min(from - 1), place - low as f32)
    };
    let columns: Vec<_> = (0..width).map(|x| place(x, canvas.width, width)).collect();
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let (top, bottom, down) = place(y, canvas.height, height);
        for (left, right, across) in &columns {
            let at = |y: usize, x: usize| canvas.pixels[y * canvas.width + x];
            let above = at(top, *left).lerp(&at(top, *right), *across);
            let below = at(bottom, *left).lerp(&at(bottom, *right), *across);
            pixels.push(above.lerp(&below, down));
        }
    }
    Canvas {
        width,
        height,
        pixels,
    }
}

fn noise(rng: &mut SeededRng, canvas: &mut Canvas) {
    if !chance(rng, 0.6) {
        return;
    }
    let strength = real(0.05 * rng.unit().powi(2));
    let grey = chance(rng, 0.4);
    for pixel in &mut canvas.pixels {
        if grey {
            *pixel += Colour::repeat(real(jitter(rng)) * strength);
        } else {
            *pixel += Colour::from_fn(|_, _| real(jitter(rng)) * strength);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas() -> Canvas {
        Canvas {
            width: 24,
            height: 32,
            pixels: (0..24 * 32)
                .map(|i| Colour::new((i % 7) as f32 / 7.0, (i % 5) as f32 / 5.0, 0.3))
                .collect(),
        }
    }

    #[test]
    fn blur_keeps_the_light_and_flattens_it() {
        let before = canvas();
        let mut after = before.clone();
        blur(&mut after, 1.5, 1.5);
        let mean = |c: &Canvas| c.pixels.iter().map(|p| p.x).sum::<f32>() / 768.0;
        let spread = |c: &Canvas| {
            let mean = mean(c);
            c.pixels.iter().map(|p| (p.x - mean).powi(2)).sum::<f32>()
        };
        assert!((mean(&before) - mean(&after)).abs() < 0.01);
        assert!(spread(&after) < 0.3 * spread(&before));
    }

    #[test]
    fn the_same_seed_develops_the_same_bytes() {
        for seed in 0..12 {
            let develop = |seed| develop(&mut SeededRng::new(seed), canvas());
            let bytes = develop(seed);
            assert_eq!(bytes.len(), 24 * 32 * 3);
            assert_eq!(bytes, develop(seed));
        }
    }
}
