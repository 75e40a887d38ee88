//! Crops: the picture under a transform, sampled between pixels.

use ambulo::picture::Picture;

use super::crop::Affine;

/// How a crop is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sampling {
    /// Between the four nearest pixels, as the papers' code does. Fine detail flickers where the picture
    /// is made much smaller.
    Bilinear,
    /// The same, after the picture has been averaged over whole pixels where it is made smaller by two or
    /// more.
    #[default]
    Averaged,
}

/// How a crop's numbers are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// `[height, width, 3]`: our engine.
    #[default]
    ChannelsLast,
    /// `[3, height, width]`: `PyTorch`.
    ChannelsFirst,
}

/// What a crop's numbers mean: level × scale + offset for red, green and blue. Outside the picture the
/// level is 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Factor of each colour.
    pub scale: [f32; 3],
    /// What is added to each colour.
    pub offset: [f32; 3],
}

/// A crop to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Crop {
    /// From the picture to the crop.
    pub from_picture: Affine,
    /// Its width and height in pixels.
    pub size: [usize; 2],
    /// How it is sampled.
    pub sampling: Sampling,
    /// How it is laid out.
    pub layout: Layout,
    /// What its numbers mean.
    pub levels: Levels,
}

const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];

impl Levels {
    /// The picture's own levels, 0 to 255.
    pub const PICTURE: Self = Self {
        scale: [1.0; 3],
        offset: [0.0; 3],
    };

    /// The mean of `ImageNet` becomes 0 and its standard deviation 1.
    pub const IMAGENET: Self = Self {
        scale: [
            1.0 / (255.0 * DEVIATION[0]),
            1.0 / (255.0 * DEVIATION[1]),
            1.0 / (255.0 * DEVIATION[2]),
        ],
        offset: [
            -MEAN[0] / DEVIATION[0],
            -MEAN[1] / DEVIATION[1],
            -MEAN[2] / DEVIATION[2],
        ],
    };
}

impl Crop {
    /// Numbers of the crop.
    pub fn len(&self) -> usize {
        self.size[0] * self.size[1] * 3
    }

    /// Whether it has no pixel.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The crop of a picture.
    pub fn of(&self, picture: &Picture) -> Vec<f32> {
        let mut out = vec![0.0; self.len()];
        self.write(picture, &mut out);
        out
    }

    /// Writes the crop of a picture. A transform that cannot be undone shows nothing.
    ///
    /// # Panics
    ///
    /// If `out` has another length than [`Self::len`].
    pub fn write(&self, picture: &Picture, out: &mut [f32]) {
        assert_eq!(
            out.len(),
            self.len(),
            "a crop is written into its own length"
        );
        let source = Source {
            width: picture.width_px() as usize,
            height: picture.height_px() as usize,
            levels: picture.rgb(),
        };
        let Some(back) = self.from_picture.inverse() else {
            return self.fill(out, &Source::NOTHING, &Affine::IDENTITY);
        };
        let shrink = 1.0 / self.from_picture.scale();
        if self.sampling == Sampling::Averaged && shrink >= 2.0 {
            let block = blocks_of(shrink);
            let (averaged, to_blocks) = averaged(&source, self.shown(&back), block);
            self.fill(out, &averaged.view(), &back.then(&to_blocks));
        } else {
            self.fill(out, &source, &back);
        }
    }

    /// The rectangle of the picture that the crop lies in: left, top, right, bottom.
    fn shown(&self, back: &Affine) -> [f64; 4] {
        let [width, height] = self.size.map(|extent| extent as f64 - 1.0);
        let corners = [[0.0, 0.0], [width, 0.0], [0.0, height], [width, height]];
        let mut shown = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
        for [x, y] in corners.map(|corner| back.apply(corner)) {
            shown = [
                shown[0].min(x),
                shown[1].min(y),
                shown[2].max(x),
                shown[3].max(y),
            ];
        }
        shown
    }

    fn fill<T: Copy + Into<f32>>(&self, out: &mut [f32], source: &Source<'_, T>, back: &Affine) {
        match self.layout {
            Layout::ChannelsLast => {
                let rows = out.chunks_exact_mut(3 * self.size[0].max(1)).enumerate();
                for (row, line) in rows {
                    let mut pixels = line.as_chunks_mut::<3>().0.iter_mut();
                    source.sample(back, row, self.size[0], &self.levels, |rgb| {
                        if let Some(pixel) = pixels.next() {
                            *pixel = rgb;
                        }
                    });
                }
            }
            Layout::ChannelsFirst => {
                let (red, rest) = out.split_at_mut(self.size[0] * self.size[1]);
                let (green, blue) = rest.split_at_mut(red.len());
                let mut planes = red.iter_mut().zip(green).zip(blue);
                for row in 0..self.size[1] {
                    source.sample(back, row, self.size[0], &self.levels, |rgb| {
                        if let Some(((red, green), blue)) = planes.next() {
                            [*red, *green, *blue] = rgb;
                        }
                    });
                }
            }
        }
    }
}

/// Pixels to sample from.
struct Source<'a, T> {
    width: usize,
    height: usize,
    levels: &'a [T],
}

/// Places are counted in 2⁻³² of a pixel.
const FRACTION_BITS: u32 = 32;
/// No picture reaches further.
const FURTHEST_PX: f64 = 1e8;

impl Source<'_, u8> {
    const NOTHING: Source<'static, u8> = Source {
        width: 0,
        height: 0,
        levels: &[],
    };
}

impl<T: Copy + Into<f32>> Source<'_, T> {
    /// Gives the pixels of a row of the crop to `put`, from left to right.
    fn sample(
        &self,
        back: &Affine,
        row: usize,
        width: usize,
        levels: &Levels,
        mut put: impl FnMut([f32; 3]),
    ) {
        let start = back.apply([0.0, row as f64]);
        let end = back.apply([width as f64, row as f64]);
        let reachable = [start, end]
            .iter()
            .flatten()
            .all(|at| at.abs() < FURTHEST_PX);
        if !reachable || self.levels.is_empty() {
            (0..width).for_each(|_| put(levels.offset));
            return;
        }
        let fixed = |value: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "below 10⁸ px, checked just before: 59 bits"
            )]
            let fixed = (value * f64::from(1_u32 << 16) * f64::from(1_u32 << 16)).round() as i64;
            fixed
        };
        let [mut x, mut y] = start.map(fixed);
        let step = [fixed(back.0[0][0]), fixed(back.0[1][0])];
        let (inner_width, inner_height) = (self.width - 1, self.height - 1);
        for _ in 0..width {
            let (column, row) = (x >> FRACTION_BITS, y >> FRACTION_BITS);
            let (across, down) = (fraction(x), fraction(y));
            let inside = usize::try_from(column).ok().zip(usize::try_from(row).ok());
            let rgb = match inside {
                Some((column, row)) if column < inner_width && row < inner_height => {
                    let upper = 3 * (row * self.width + column);
                    let lower = upper + 3 * self.width;
                    between(&self.levels[upper..], &self.levels[lower..], across, down)
                }
                _ => self.at_edge([column, row], across, down),
            };
            put(std::array::from_fn(|colour| {
                rgb[colour] * levels.scale[colour] + levels.offset[colour]
            }));
            x += step[0];
            y += step[1];
        }
    }

    /// Between four pixels of which some may lie outside; those are 0.
    #[cold]
    fn at_edge(&self, [column, row]: [i64; 2], across: f32, down: f32) -> [f32; 3] {
        let pixel = |column: i64, row: i64| -> [f32; 3] {
            match (usize::try_from(column), usize::try_from(row)) {
                (Ok(column), Ok(row)) if column < self.width && row < self.height => {
                    let first = 3 * (row * self.width + column);
                    std::array::from_fn(|colour| self.levels[first + colour].into())
                }
                _ => [0.0; 3],
            }
        };
        let [a, b] = [pixel(column, row), pixel(column + 1, row)];
        let [c, d] = [pixel(column, row + 1), pixel(column + 1, row + 1)];
        std::array::from_fn(|colour| {
            let upper = a[colour] + (b[colour] - a[colour]) * across;
            let lower = c[colour] + (d[colour] - c[colour]) * across;
            upper + (lower - upper) * down
        })
    }
}

/// The part of a place beyond its pixel.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the lower half of the bits is the fraction"
)]
fn fraction(place: i64) -> f32 {
    const UNIT: f32 = 1.0 / (1_u64 << FRACTION_BITS) as f32;
    (place as u32) as f32 * UNIT
}

/// Between the first two pixels of two rows.
fn between<T: Copy + Into<f32>>(upper: &[T], lower: &[T], across: f32, down: f32) -> [f32; 3] {
    let (Some(upper), Some(lower)) = (upper.first_chunk::<6>(), lower.first_chunk::<6>()) else {
        return [0.0; 3];
    };
    std::array::from_fn(|colour| {
        let [a, b]: [f32; 2] = [upper[colour].into(), upper[colour + 3].into()];
        let [c, d]: [f32; 2] = [lower[colour].into(), lower[colour + 3].into()];
        let above = a + (b - a) * across;
        let below = c + (d - c) * across;
        above + (below - above) * down
    })
}

/// A picture averaged over blocks of pixels.
struct Averages {
    width: usize,
    height: usize,
    levels: Vec<f32>,
}

impl Averages {
    fn view(&self) -> Source<'_, f32> {
        Source {
            width: self.width,
            height: self.height,
            levels: &self.levels,
        }
    }
}

/// Pixels along a block's side.
fn blocks_of(shrink: f64) -> usize {
    /// Sums of a column of a block fit 16 bits.
    const MOST: f64 = 256.0;
    whole(shrink.clamp(1.0, MOST))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates at both ends"
)]
fn whole(value: f64) -> usize {
    value.floor() as usize
}

/// Averages over blocks of `block` × `block` pixels where the picture is shown, and the transform from
/// its pixels to the blocks. What lies outside the picture counts as 0.
fn averaged(source: &Source<'_, u8>, shown: [f64; 4], block: usize) -> (Averages, Affine) {
    // Two blocks beyond what is shown, and whole ones: only the picture's own edge may cut a block.
    let margin = 2.0 * block as f64;
    let span = |low: f64, high: f64, extent: usize| {
        let from = whole((low - margin).max(0.0)).min(extent);
        let to = whole((high + margin).clamp(0.0, extent as f64)).max(from);
        let blocks = (to - from).div_ceil(block);
        (from, from.saturating_add(blocks * block).min(extent))
    };
    let (left, right) = span(shown[0], shown[2], source.width);
    let (top, bottom) = span(shown[1], shown[3], source.height);
    let width = right.saturating_sub(left).div_ceil(block);
    let height = bottom.saturating_sub(top).div_ceil(block);
    let mut levels = vec![0.0_f32; width * height * 3];
    let mut sums = vec![0_u16; right.saturating_sub(left) * 3];
    let share = 1.0 / (block * block) as f32;
    let rows = levels.chunks_exact_mut((width * 3).max(1));
    for (row, averages) in rows.enumerate() {
        sums.fill(0);
        let first = top + row * block;
        for y in first..(first + block).min(bottom) {
            let line = &source.levels[(y * source.width + left) * 3..][..sums.len()];
            for (sum, &level) in sums.iter_mut().zip(line) {
                *sum += u16::from(level);
            }
        }
        let blocks = averages.as_chunks_mut::<3>().0.iter_mut();
        for (average, columns) in blocks.zip(sums.chunks(3 * block)) {
            let mut total = [0_u32; 3];
            for pixel in columns.as_chunks::<3>().0 {
                for (total, &sum) in total.iter_mut().zip(pixel) {
                    *total += u32::from(sum);
                }
            }
            *average = total.map(|total| total as f32 * share);
        }
    }
    let size = block as f64;
    let middle = (size - 1.0) / 2.0;
    let to_blocks = Affine([
        [1.0 / size, 0.0, -(left as f64 + middle) / size],
        [0.0, 1.0 / size, -(top as f64 + middle) / size],
    ]);
    let averages = Averages {
        width,
        height,
        levels,
    };
    (averages, to_blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels that grow by `2x + 3y` (red), `3x + y` (green) and are even (blue).
    fn slope(width: u32, height: u32) -> Picture {
        let mut rgb = Vec::new();
        for y in 0..height {
            for x in 0..width {
                rgb.extend(
                    [2 * x + 3 * y, 3 * x + y, 100].map(|level| u8::try_from(level).unwrap()),
                );
            }
        }
        Picture::new(width, height, rgb).unwrap()
    }

    fn crop(from_picture: Affine, size: [usize; 2], sampling: Sampling) -> Crop {
        Crop {
            from_picture,
            size,
            sampling,
            layout: Layout::ChannelsLast,
            levels: Levels::PICTURE,
        }
    }

    #[test]
    fn a_slope_stays_a_slope_under_any_turn_and_scale() {
        let picture = slope(30, 20);
        for shrink in [0.7, 1.6, 3.3] {
            for sampling in [Sampling::Bilinear, Sampling::Averaged] {
                let (sin, cos) = 0.3_f64.sin_cos();
                let back = Affine([
                    [cos * shrink, -sin * shrink, 11.0],
                    [sin * shrink, cos * shrink, 7.0],
                ]);
                let there = back.inverse().unwrap();
                let crop = crop(there, [3, 2], sampling).of(&picture);
                for (index, rgb) in crop.chunks_exact(3).enumerate() {
                    let [x, y] = back.apply([(index % 3) as f64, (index / 3) as f64]);
                    let expected = [2.0 * x + 3.0 * y, 3.0 * x + y, 100.0];
                    for (found, expected) in rgb.iter().zip(expected) {
                        let apart = (f64::from(*found) - expected).abs();
                        assert!(apart < 1e-3, "{found} {expected} {shrink} {sampling:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn stripes_finer_than_the_crop_s_pixels_become_grey_when_averaged() {
        let rgb = (0..64 * 64 * 3).map(|byte| if byte / 3 % 2 == 0 { 255 } else { 0 });
        let picture = Picture::new(64, 64, rgb.collect()).unwrap();
        let half = Affine([[0.25, 0.0, 0.0], [0.0, 0.25, 0.0]]);
        let grey = crop(half, [14, 14], Sampling::Averaged).of(&picture);
        let inner = grey[3 * 15..3 * 27].iter();
        assert!(
            inner.clone().all(|level| (level - 127.5).abs() < 1.0),
            "{grey:?}"
        );
        let stripes = crop(half, [14, 14], Sampling::Bilinear).of(&picture);
        assert!(stripes.iter().all(|&level| level > 254.0));
    }

    #[test]
    fn both_layouts_hold_the_same_numbers() {
        let picture = slope(20, 20);
        let last = crop(Affine::IDENTITY, [4, 5], Sampling::Bilinear);
        let first = Crop {
            layout: Layout::ChannelsFirst,
            ..last
        };
        let (last, first) = (last.of(&picture), first.of(&picture));
        for pixel in 0..20 {
            for colour in 0..3 {
                assert_eq!(
                    last[3 * pixel + colour].to_bits(),
                    first[20 * colour + pixel].to_bits()
                );
            }
        }
    }

    #[test]
    fn outside_is_black_and_no_transform_panics() {
        let picture = slope(5, 4);
        let single = Picture::new(1, 1, vec![255; 3]).unwrap();
        for number in [0.0, 1.0, -0.3, 1e-9, 1e9, 1e300, f64::NAN, f64::INFINITY] {
            for sampling in [Sampling::Bilinear, Sampling::Averaged] {
                for matrix in [
                    [[number, 0.0, 3.0], [0.0, 1.0, -2.0]],
                    [[1.0, 0.1, number], [0.1, 1.0, number]],
                    [[number, number, number], [-number, number, 0.0]],
                ] {
                    let crop = crop(Affine(matrix), [6, 6], sampling);
                    for picture in [&picture, &single] {
                        let levels = crop.of(picture);
                        assert!(levels.iter().all(|level| (0.0..=255.0).contains(level)));
                    }
                }
            }
        }
        let away = Affine([[1.0, 0.0, 1000.0], [0.0, 1.0, 0.0]]);
        let away = crop(away, [6, 6], Sampling::Averaged).of(&picture);
        assert!(away.iter().all(|&level| level == 0.0));
    }

    #[test]
    fn levels_of_imagenet_have_its_mean_at_zero() {
        let picture = Picture::new(1, 1, vec![124, 116, 104]).unwrap();
        let crop = Crop {
            levels: Levels::IMAGENET,
            ..crop(Affine::IDENTITY, [1, 1], Sampling::Bilinear)
        };
        assert!(crop.of(&picture).iter().all(|level| level.abs() < 0.02));
    }
}
