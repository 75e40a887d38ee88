//! Blur, motion blur, coarse pixels.

use super::to_f32;

/// Blurs with a Gaussian of this standard deviation in pixels.
pub(super) fn gaussian(levels: &mut [f32], size: [usize; 2], sigma: f64) {
    let kernel = kernel(sigma);
    if kernel.len() < 2 {
        return;
    }
    across(levels, size[0], &kernel);
    down(levels, size, &kernel);
}

/// Half of a kernel: its middle and what follows.
fn kernel(sigma: f64) -> Vec<f32> {
    /// No blur reaches further.
    const FURTHEST: usize = 24;
    let at = |offset: usize| (-((offset * offset) as f64) / (2.0 * sigma * sigma)).exp();
    let mut half: Vec<f64> = vec![1.0];
    while half.len() <= FURTHEST {
        let weight = at(half.len());
        if weight > 0.02 {
            half.push(weight);
        } else {
            // Also where the deviation is 0 or no number.
            break;
        }
    }
    let sum = 2.0 * half.iter().sum::<f64>() - 1.0;
    half.iter().map(|weight| to_f32(weight / sum)).collect()
}

/// Along the rows; the edge is repeated.
fn across(levels: &mut [f32], width: usize, kernel: &[f32]) {
    let reach = kernel.len() - 1;
    let mut padded = vec![0.0; 3 * (width + 2 * reach)];
    for row in levels.chunks_exact_mut(3 * width) {
        pad(&mut padded, row, reach);
        let at = |offset: usize| &padded[3 * offset..3 * (offset + width)];
        for (level, &middle) in row.iter_mut().zip(at(reach)) {
            *level = kernel[0] * middle;
        }
        for (offset, &weight) in kernel.iter().enumerate().skip(1) {
            let sides = at(reach - offset).iter().zip(at(reach + offset));
            for (level, (before, after)) in row.iter_mut().zip(sides) {
                *level += weight * (before + after);
            }
        }
    }
}

fn pad(padded: &mut [f32], row: &[f32], reach: usize) {
    let end = 3 * reach + row.len();
    padded[3 * reach..end].copy_from_slice(row);
    for pixel in 0..reach {
        padded.copy_within(3 * reach..3 * reach + 3, 3 * pixel);
        padded.copy_within(end - 3..end, end + 3 * pixel);
    }
}

/// Along the columns; the edge is repeated.
fn down(levels: &mut [f32], [width, height]: [usize; 2], kernel: &[f32]) {
    let before = levels.to_vec();
    let row = |row: usize| &before[3 * width * row..][..3 * width];
    for (index, line) in levels.chunks_exact_mut(3 * width).enumerate() {
        for level in line.iter_mut() {
            *level *= kernel[0];
        }
        for (offset, &weight) in kernel.iter().enumerate().skip(1) {
            let above = row(index.saturating_sub(offset));
            let below = row((index + offset).min(height - 1));
            for (level, (above, below)) in line.iter_mut().zip(above.iter().zip(below)) {
                *level += weight * (above + below);
            }
        }
    }
}

/// Spreads every pixel along a line of this length in pixels, at this angle from the horizontal.
pub(super) fn motion(levels: &mut [f32], [width, height]: [usize; 2], length: f64, angle: f64) {
    /// Nothing moves further while the shutter is open.
    const LONGEST: f64 = 40.0;
    let length = length.min(LONGEST);
    let steps = crate::film::whole(length).max(1);
    let (sin, cos) = angle.sin_cos();
    let before = levels.to_vec();
    levels.fill(0.0);
    let share = 1.0 / (steps + 1) as f32;
    for step in 0..=steps {
        let along = (step as f64 / steps as f64 - 0.5) * length;
        let [dx, dy] = [along * cos, along * sin].map(|offset| to_whole(offset.round()));
        for (index, line) in levels.chunks_exact_mut(3 * width).enumerate() {
            let from = index.saturating_add_signed(dy).min(height - 1);
            let source = &before[3 * width * from..][..3 * width];
            let shift = dx.unsigned_abs().min(width - 1);
            let (plain, edge) = (3 * (width - shift), 3 * shift);
            if dx >= 0 {
                let (line, beyond) = line.split_at_mut(plain);
                add(line, &source[edge..], share);
                add_pixel(beyond, &source[3 * width - 3..], share);
            } else {
                let (beyond, line) = line.split_at_mut(edge);
                add(line, &source[..plain], share);
                add_pixel(beyond, &source[..3], share);
            }
        }
    }
}

fn add(line: &mut [f32], more: &[f32], share: f32) {
    for (level, more) in line.iter_mut().zip(more) {
        *level += share * more;
    }
}

fn add_pixel(line: &mut [f32], pixel: &[f32], share: f32) {
    for level in line.chunks_exact_mut(3) {
        add(level, pixel, share);
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast of a float saturates at both ends"
)]
fn to_whole(value: f64) -> isize {
    value as isize
}

/// As if taken with pixels larger by this factor, and enlarged again.
pub(super) fn coarse(levels: &mut [f32], size: [usize; 2], factor: f64) {
    let small = size.map(|extent| crate::film::whole(extent as f64 / factor).max(2));
    gaussian(levels, size, 0.4 * factor);
    let fewer = resized(levels, size, small);
    levels.copy_from_slice(&resized(&fewer, small, size));
}

/// Sampled between pixels at another size.
fn resized(levels: &[f32], [width, height]: [usize; 2], to: [usize; 2]) -> Vec<f32> {
    let places = |from: usize, to: usize| -> Vec<(usize, usize, f32)> {
        (0..to)
            .map(|index| {
                let at = (index as f64 + 0.5) * from as f64 / to as f64 - 0.5;
                let at = at.clamp(0.0, from as f64 - 1.0);
                let first = crate::film::whole(at);
                (first, (first + 1).min(from - 1), to_f32(at.fract()))
            })
            .collect()
    };
    let columns = places(width, to[0]);
    let mut out = Vec::with_capacity(3 * to[0] * to[1]);
    for (upper, lower, down) in places(height, to[1]) {
        let row = |row: usize| &levels[3 * width * row..][..3 * width];
        let (upper, lower) = (row(upper), row(lower));
        for &(first, second, across) in &columns {
            for colour in 0..3 {
                let (a, b) = (upper[3 * first + colour], upper[3 * second + colour]);
                let (c, d) = (lower[3 * first + colour], lower[3 * second + colour]);
                let above = a + (b - a) * across;
                let below = c + (d - c) * across;
                out.push(above + (below - above) * down);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 2] = [21, 17];

    /// One bright pixel in the middle.
    fn spot() -> Vec<f32> {
        let mut levels = vec![0.0; 21 * 17 * 3];
        levels[3 * (8 * 21 + 10)..][..3].fill(100.0);
        levels
    }

    fn spread(levels: &[f32]) -> [f64; 3] {
        let mut moments = [0.0; 3];
        for (index, pixel) in levels.chunks_exact(3).enumerate() {
            let (x, y) = (index % 21, index / 21);
            let level = f64::from(pixel[1]);
            moments[0] += level;
            moments[1] += level * (x as f64 - 10.0).powi(2);
            moments[2] += level * (y as f64 - 8.0).powi(2);
        }
        [moments[0], moments[1] / moments[0], moments[2] / moments[0]]
    }

    #[test]
    fn blur_spreads_a_spot_evenly_and_keeps_its_light() {
        let mut levels = spot();
        gaussian(&mut levels, SIZE, 1.2);
        let [light, across, down] = spread(&levels);
        assert!((light - 100.0).abs() < 1e-3);
        assert!(
            (across - 1.3).abs() < 0.15 && (down - across).abs() < 1e-4,
            "{across} {down}"
        );
    }

    #[test]
    fn motion_spreads_along_its_line_only() {
        let mut levels = spot();
        motion(&mut levels, SIZE, 6.0, 0.0);
        let [light, across, down] = spread(&levels);
        assert!((light - 100.0).abs() < 1e-3);
        assert!((across - 4.0).abs() < 0.1 && down.abs() < 1e-9, "{across}");
        let mut levels = spot();
        motion(&mut levels, SIZE, 6.0, std::f64::consts::FRAC_PI_2);
        assert!(spread(&levels)[1].abs() < 1e-9);
    }

    #[test]
    fn an_even_crop_stays_even() {
        let change: [fn(&mut [f32]); 4] = [
            |levels| gaussian(levels, SIZE, 2.0),
            |levels| motion(levels, SIZE, 100.0, 0.7),
            |levels| coarse(levels, SIZE, 2.5),
            |levels| gaussian(levels, SIZE, 0.0),
        ];
        for change in change {
            let mut levels = vec![40.0; 21 * 17 * 3];
            change(&mut levels);
            assert!(levels.iter().all(|level| (level - 40.0).abs() < 1e-3));
        }
    }
}
