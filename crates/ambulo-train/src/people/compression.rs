//! What compression does to a picture: blocks of 8 × 8 cosines, their high frequencies coarsely kept.

use super::effects::Canvas;
use super::material::Colour;

/// Side of a block.
const SIDE: usize = 8;

/// Compresses and unpacks, colour at half the resolution. Greater `loss` keeps less: 1 is like JPEG of
/// quality 50.
pub(super) fn compress(canvas: &mut Canvas, loss: f32) {
    let (width, height) = (canvas.width, canvas.height);
    let cosines = cosines();
    let (wide, high) = (width.div_ceil(SIDE) * SIDE, height.div_ceil(SIDE) * SIDE);
    let at = |x: usize, y: usize| canvas.pixels[y.min(height - 1) * width + x.min(width - 1)];
    let mut bright = plane(wide, high, |x, y| {
        at(x, y).dot(&Colour::new(0.299, 0.587, 0.114))
    });
    let (half_wide, half_high) = (
        (wide / 2).div_ceil(SIDE) * SIDE,
        (high / 2).div_ceil(SIDE) * SIDE,
    );
    let mean = |x: usize, y: usize| {
        (at(2 * x, 2 * y) + at(2 * x + 1, 2 * y) + at(2 * x, 2 * y + 1) + at(2 * x + 1, 2 * y + 1))
            * 0.25
    };
    let mut blue = plane(half_wide, half_high, |x, y| {
        mean(x, y).dot(&Colour::new(-0.1687, -0.3313, 0.5))
    });
    let mut red = plane(half_wide, half_high, |x, y| {
        mean(x, y).dot(&Colour::new(0.5, -0.4187, -0.0813))
    });
    quantise(&mut bright, wide, &cosines, |u, v| {
        loss * (10.0 + 4.5 * (u + v) as f32) / 255.0
    });
    for plane in [&mut blue, &mut red] {
        quantise(plane, half_wide, &cosines, |u, v| {
            loss * (14.0 + 10.0 * (u + v) as f32).min(99.0) / 255.0
        });
    }
    for y in 0..height {
        for x in 0..width {
            let luma = bright[y * wide + x];
            let place = y / 2 * half_wide + x / 2;
            let (blue, red) = (blue[place], red[place]);
            canvas.pixels[y * width + x] = Colour::new(
                luma + 1.402 * red,
                luma - 0.344_14 * blue - 0.714_14 * red,
                luma + 1.772 * blue,
            );
        }
    }
}

fn plane(width: usize, height: usize, value: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let mut plane = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            plane.push(value(x, y));
        }
    }
    plane
}

/// The orthonormal cosine transform of eight values, row by row of frequencies.
fn cosines() -> [[f32; SIDE]; SIDE] {
    std::array::from_fn(|frequency| {
        std::array::from_fn(|place| {
            let scale = if frequency == 0 {
                0.125_f32.sqrt()
            } else {
                0.5
            };
            let angle = std::f32::consts::PI / 8.0 * (place as f32 + 0.5) * frequency as f32;
            scale * angle.cos()
        })
    })
}

/// Rounds each block's cosines to multiples of a step.
fn quantise(
    plane: &mut [f32],
    width: usize,
    cosines: &[[f32; SIDE]; SIDE],
    step: impl Fn(usize, usize) -> f32,
) {
    let steps: [[f32; SIDE]; SIDE] =
        std::array::from_fn(|v| std::array::from_fn(|u| step(u, v).max(1e-4)));
    let height = plane.len() / width;
    let mut block = [[0.0_f32; SIDE]; SIDE];
    for top in (0..height).step_by(SIDE) {
        for left in (0..width).step_by(SIDE) {
            for (y, row) in block.iter_mut().enumerate() {
                let start = (top + y) * width + left;
                row.copy_from_slice(&plane[start..start + SIDE]);
            }
            let mut kept = sandwich(cosines, &block, false);
            for (row, steps) in kept.iter_mut().zip(&steps) {
                for (value, step) in row.iter_mut().zip(steps) {
                    *value = (*value / step).round_ties_even() * step;
                }
            }
            let back = sandwich(cosines, &kept, true);
            for (y, row) in back.iter().enumerate() {
                let start = (top + y) * width + left;
                plane[start..start + SIDE].copy_from_slice(row);
            }
        }
    }
}

/// `A · block · Aᵀ`, or `Aᵀ · block · A` to go back.
fn sandwich(
    cosines: &[[f32; SIDE]; SIDE],
    block: &[[f32; SIDE]; SIDE],
    back: bool,
) -> [[f32; SIDE]; SIDE] {
    let turned = transposed(cosines);
    let (left, right) = if back {
        (&turned, cosines)
    } else {
        (cosines, &turned)
    };
    product(&product(left, block), right)
}

fn transposed(matrix: &[[f32; SIDE]; SIDE]) -> [[f32; SIDE]; SIDE] {
    std::array::from_fn(|i| std::array::from_fn(|j| matrix[j][i]))
}

fn product(left: &[[f32; SIDE]; SIDE], right: &[[f32; SIDE]; SIDE]) -> [[f32; SIDE]; SIDE] {
    let mut product = [[0.0_f32; SIDE]; SIDE];
    for (sums, factors) in product.iter_mut().zip(left) {
        for (factor, row) in factors.iter().zip(right) {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += factor * value;
            }
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient() -> Canvas {
        Canvas {
            width: 20,
            height: 12,
            pixels: (0..240)
                .map(|i| {
                    let x = (i % 20) as f32 / 20.0;
                    Colour::new(x, 0.5, 1.0 - x)
                })
                .collect(),
        }
    }

    #[test]
    fn little_loss_changes_little_and_much_loss_more() {
        let change = |loss: f32| {
            let before = gradient();
            let mut after = before.clone();
            compress(&mut after, loss);
            before
                .pixels
                .iter()
                .zip(&after.pixels)
                .map(|(a, b)| (a.y - b.y).abs())
                .fold(0.0_f32, f32::max)
        };
        assert!(change(0.01) < 0.03, "{}", change(0.01));
        assert!(change(5.0) > change(0.01));
        assert!(change(5.0) < 0.5);
    }
}
