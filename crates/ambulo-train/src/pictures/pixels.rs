//! How a crop looks: colours, blur, coarse pixels, things in front, noise.
//!
//! Crops are levels from 0 to 255, `[height, width, 3]`.

mod blur;
mod colour;

use ambulo::synth::SeededRng;
use ambulo_nn::codec::pose2d::crop::Affine;

use crate::film::jitter;

/// Probabilities and strengths of what is done to a crop's pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Appearance {
    /// Probability of other colours.
    pub colour: f64,
    /// Probability that colours are taken away altogether.
    pub grey: f64,
    /// Probability of a Gaussian blur, and its largest standard deviation at a height of 128 pixels.
    pub blur: (f64, f64),
    /// Probability of motion blur, and its largest length at a height of 128 pixels.
    pub motion: (f64, f64),
    /// Probability of coarse pixels, and their largest size.
    pub coarse: (f64, f64),
    /// Probability of rectangles in front, and the most of them.
    pub rectangles: (f64, usize),
    /// Probability of noise, and its largest standard deviation in levels.
    pub noise: (f64, f64),
}

/// A rectangle in front of the person: left, top, right, bottom in pixels of the crop.
pub type Rectangle = [f64; 4];

impl Appearance {
    /// As bad as videos are.
    pub const OURS: Self = Self {
        colour: 0.8,
        grey: 0.06,
        blur: (0.25, 1.4),
        motion: (0.15, 7.0),
        coarse: (0.2, 2.6),
        rectangles: (0.3, 3),
        noise: (0.4, 14.0),
    };

    /// Half as often, and less of it.
    pub const LIGHT: Self = Self {
        colour: 0.5,
        grey: 0.03,
        blur: (0.12, 1.0),
        motion: (0.07, 5.0),
        coarse: (0.1, 2.0),
        rectangles: (0.15, 2),
        noise: (0.15, 10.0),
    };

    /// Changes a crop's pixels and says which rectangles were put in front.
    pub fn apply(
        &self,
        levels: &mut [f32],
        size: [usize; 2],
        rng: &mut SeededRng,
    ) -> Vec<Rectangle> {
        let unit = size[1] as f64 / 128.0;
        let mut happens = |probability: f64| rng.unit() < probability;
        let (blurs, moves, coarsens) = (
            happens(self.blur.0),
            happens(self.motion.0),
            happens(self.coarse.0),
        );
        let (colours, greys, covers, noisy) = (
            happens(self.colour),
            happens(self.grey),
            happens(self.rectangles.0),
            happens(self.noise.0),
        );
        if coarsens {
            blur::coarse(
                levels,
                size,
                1.3 + rng.unit() * (self.coarse.1 - 1.3).max(0.0),
            );
        }
        if blurs {
            blur::gaussian(levels, size, (0.3 + rng.unit() * self.blur.1) * unit);
        }
        if moves {
            let length = (2.0 + rng.unit() * self.motion.1) * unit;
            // What moves while walking moves mostly sideways.
            let angle = rng.normal() * 0.6;
            blur::motion(levels, size, length, angle);
        }
        if colours || greys {
            colour::change(levels, colours, greys, rng);
        }
        let rectangles = if covers {
            let count = 1 + rng.below(self.rectangles.1.max(1));
            (0..count).map(|_| cover(levels, size, rng)).collect()
        } else {
            Vec::new()
        };
        if noisy {
            noise(levels, rng.unit() * self.noise.1, rng);
        }
        for level in levels {
            *level = level.clamp(0.0, 255.0);
        }
        rectangles
    }
}

/// Puts a rectangle of one colour, or of noise, somewhere.
fn cover(levels: &mut [f32], [width, height]: [usize; 2], rng: &mut SeededRng) -> Rectangle {
    let extent = |size: usize, rng: &mut SeededRng| size as f64 * (0.08 + 0.22 * rng.unit());
    let (across, down) = (extent(width, rng), extent(height, rng));
    let left = rng.unit() * (width as f64 - across);
    let top = rng.unit() * (height as f64 - down);
    let rectangle = [left, top, left + across, top + down];
    let colour = random_colour(rng);
    let grain = if rng.unit() < 0.3 { 60.0 } else { 4.0 };
    for (row, line) in levels.chunks_exact_mut(3 * width).enumerate() {
        let y = row as f64;
        if y < rectangle[1] || y > rectangle[3] {
            continue;
        }
        for (column, pixel) in line.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let x = column as f64;
            if (rectangle[0]..=rectangle[2]).contains(&x) {
                let shade = to_f32(grain * jitter(rng));
                *pixel = colour.map(|level| level + shade);
            }
        }
    }
    rectangle
}

fn random_colour(rng: &mut SeededRng) -> [f32; 3] {
    let grey = rng.unit() * 255.0;
    let tint = 90.0 * rng.unit();
    std::array::from_fn(|_| to_f32((grey + tint * jitter(rng)).clamp(0.0, 255.0)))
}

/// Noise of brightness and, weaker, of each colour.
fn noise(levels: &mut [f32], deviation: f64, rng: &mut SeededRng) {
    let (bright, coloured) = (to_f32(deviation), to_f32(0.5 * deviation));
    for pixel in levels.as_chunks_mut::<3>().0 {
        let all = bright * to_f32(jitter(rng));
        for level in pixel {
            *level += all + coloured * to_f32(jitter(rng));
        }
    }
}

/// What lies outside the picture is black, which no video shows: another colour is put there, most often
/// one of the picture's own.
pub(super) fn fill_outside(
    levels: &mut [f32],
    size: [usize; 2],
    crop_from_picture: &Affine,
    picture_px: [u32; 2],
    rng: &mut SeededRng,
) {
    let Some(back) = crop_from_picture.inverse() else {
        return;
    };
    let last = picture_px.map(|extent| f64::from(extent) - 1.0);
    let outside = |x: usize, y: usize| {
        let at = back.apply([x as f64, y as f64]);
        !(0..2).all(|axis| (0.0..=last[axis]).contains(&at[axis]))
    };
    let corners = [
        [0, 0],
        [size[0] - 1, 0],
        [0, size[1] - 1],
        [size[0] - 1, size[1] - 1],
    ];
    if !corners.iter().any(|&[x, y]| outside(x, y)) {
        return;
    }
    let choice = rng.unit();
    let mut colour = random_colour(rng);
    let slope: [f32; 3] = std::array::from_fn(|_| to_f32(40.0 * jitter(rng)));
    let grain = to_f32(10.0 * rng.unit());
    if choice < 0.5 {
        let pixel = |index: usize| 3 * index..3 * index + 3;
        let inside: Vec<usize> = (0..64)
            .map(|_| rng.below(size[0] * size[1]))
            .filter(|&index| !outside(index % size[0], index / size[0]))
            .collect();
        let mut sum = [0.0_f32; 3];
        for &index in &inside {
            for (sum, level) in sum.iter_mut().zip(&levels[pixel(index)]) {
                *sum += level;
            }
        }
        if !inside.is_empty() {
            colour = sum.map(|sum| sum / inside.len() as f32);
        }
    } else if choice < 0.65 {
        return;
    }
    for (row, line) in levels.chunks_exact_mut(3 * size[0]).enumerate() {
        let down = row as f32 / size[1] as f32 - 0.5;
        for (column, pixel) in line.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            if outside(column, row) {
                let shade = grain * to_f32(jitter(rng));
                *pixel = std::array::from_fn(|c| {
                    (colour[c] + slope[c] * down + shade).clamp(0.0, 255.0)
                });
            }
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "levels are of f32")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::picture_rng;

    const SIZE: [usize; 2] = [48, 64];

    fn crop() -> Vec<f32> {
        (0..48 * 64 * 3).map(|index| (index % 251) as f32).collect()
    }

    #[test]
    fn levels_stay_levels_and_the_same_generator_gives_the_same_crop() {
        for index in 0..60 {
            let change = || {
                let mut levels = crop();
                let rng = &mut picture_rng(4, index);
                let rectangles = Appearance::OURS.apply(&mut levels, SIZE, rng);
                (levels, rectangles)
            };
            let (levels, rectangles) = change();
            assert!(levels.iter().all(|level| (0.0..=255.0).contains(level)));
            let inside = |r: &Rectangle| r[0] >= 0.0 && r[2] <= 48.0 && r[3] <= 64.0;
            assert!(rectangles.iter().all(inside));
            assert_eq!(change(), (levels, rectangles));
        }
    }

    #[test]
    fn only_what_lies_outside_the_picture_is_filled() {
        let half = Affine([[1.0, 0.0, 24.0], [0.0, 1.0, 0.0]]);
        let mut changed = 0;
        for index in 0..20 {
            let mut levels = vec![7.0; 48 * 64 * 3];
            let rng = &mut picture_rng(5, index);
            fill_outside(&mut levels, SIZE, &half, [200, 200], rng);
            let right = |index: usize| (index / 3) % 48 >= 24;
            let kept = levels
                .iter()
                .enumerate()
                .all(|(i, level)| !right(i) || (level - 7.0).abs() < 1e-6);
            assert!(kept);
            changed += usize::from(levels[0].to_bits() != 7.0_f32.to_bits());
        }
        assert!((12..20).contains(&changed), "{changed}");
    }
}
