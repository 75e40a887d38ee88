//! Parts of pictures in other sizes.

use ambulo::picture::Picture;

use super::canvas::byte;

/// A rectangle of a picture in pixels, which may reach beyond it: left, top, width, height.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Part {
    pub(super) fn whole(picture: &Picture) -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            width: f64::from(picture.width_px()),
            height: f64::from(picture.height_px()),
        }
    }
}

/// Fills the first rows of `target`, as many as `height_px`, with a part of `source`: means of the pixels
/// below each where it becomes smaller, mixtures of neighbours where it becomes larger. Beyond the
/// border the last pixels go on.
pub(super) fn fill(target: &mut Picture, height_px: usize, source: &Picture, part: Part) {
    let width_px = target.width_px() as usize;
    let height_px = height_px.min(target.height_px() as usize);
    let columns = weights(width_px, part.left, part.width, source.width_px() as usize);
    let rows = weights(
        height_px,
        part.top,
        part.height,
        source.height_px() as usize,
    );
    let stride = source.width_px() as usize * 3;
    let size = [source.width_px() as usize, source.height_px() as usize];
    let same_size = [width_px, height_px] == size;
    if same_size && part == Part::whole(source) {
        target.rgb_mut()[..height_px * stride].copy_from_slice(source.rgb());
        return;
    }
    let mut line = vec![0.0_f32; stride];
    for (row, taps) in rows.iter().enumerate() {
        line.fill(0.0);
        for &(from, weight) in taps {
            let from = &source.rgb()[from * stride..(from + 1) * stride];
            for (sum, &value) in line.iter_mut().zip(from) {
                *sum += weight * f32::from(value);
            }
        }
        let into = &mut target.rgb_mut()[row * width_px * 3..(row + 1) * width_px * 3];
        for (pixel, taps) in into.chunks_exact_mut(3).zip(&columns) {
            for (channel, value) in pixel.iter_mut().enumerate() {
                let sum: f32 = taps
                    .iter()
                    .map(|&(from, weight)| weight * line[from * 3 + channel])
                    .sum();
                *value = byte(sum);
            }
        }
    }
}

/// For each pixel along one axis, the source's pixels and their shares.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the picture before"
)]
fn weights(pixels: usize, start: f64, length: f64, have: usize) -> Vec<Vec<(usize, f32)>> {
    let step = length / pixels.max(1) as f64;
    let last = have.saturating_sub(1) as f64;
    let clamped = |place: f64| place.clamp(0.0, last) as usize;
    (0..pixels)
        .map(|pixel| {
            let middle = start + (pixel as f64 + 0.5) * step - 0.5;
            if step <= 1.0 {
                let low = middle.floor();
                let share = (middle - low) as f32;
                return vec![(clamped(low), 1.0 - share), (clamped(low + 1.0), share)];
            }
            let (from, to) = (middle + 0.5 - step / 2.0, middle + 0.5 + step / 2.0);
            let (first, end) = (from.floor() as i64, to.ceil() as i64);
            let mut taps = Vec::new();
            for place in first..end {
                let cover = (to.min(place as f64 + 1.0) - from.max(place as f64)) / step;
                if cover > 0.0 {
                    taps.push((clamped(place as f64), cover as f32));
                }
            }
            taps
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> Picture {
        let rgb = (0..8_u8).flat_map(|it| [it * 10; 3]).collect();
        Picture::new(4, 2, rgb).unwrap()
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let source = ramp();
        let mut target = Picture::new(4, 3, vec![7; 36]).unwrap();
        fill(&mut target, 2, &source, Part::whole(&source));
        assert_eq!(&target.rgb()[..24], source.rgb());
        assert_eq!(target.pixel(0, 2), Some([7; 3]));
    }

    #[test]
    fn half_the_size_is_the_mean_of_four() {
        let source = ramp();
        let mut target = Picture::new(2, 1, vec![0; 6]).unwrap();
        fill(&mut target, 1, &source, Part::whole(&source));
        assert_eq!(target.rgb(), [25, 25, 25, 45, 45, 45]);
    }

    #[test]
    fn beyond_the_border_the_last_pixels_go_on() {
        let source = ramp();
        let mut target = Picture::new(2, 2, vec![0; 12]).unwrap();
        let part = Part {
            left: 3.0,
            top: 1.0,
            width: 2.0,
            height: 2.0,
        };
        fill(&mut target, 2, &source, part);
        assert_eq!(target.rgb(), [70; 12]);
    }
}
