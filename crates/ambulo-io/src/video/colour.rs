//! Colours: from brightness and two differences (YCbCr, as video holds them) to red, green and blue.
//!
//! Source: ITU-T H.273 (07/2021), 8.3, for matrices and ranges.

use ambulo::picture::Picture;

/// How red, green and blue were mixed into brightness and differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// ITU-R BT.601, of standard definition.
    Bt601,
    /// ITU-R BT.709, of high definition.
    Bt709,
    /// ITU-R BT.2020, of ultra high definition.
    Bt2020,
}

impl Matrix {
    /// The matrix of a code of H.273, table 4; `None` if it is another or not said.
    pub(crate) fn by_code(code: u32) -> Option<Self> {
        match code {
            1 => Some(Self::Bt709),
            4..=6 => Some(Self::Bt601),
            9 | 10 => Some(Self::Bt2020),
            _ => None,
        }
    }

    /// Shares of red and blue in brightness.
    fn shares(self) -> [f64; 2] {
        match self {
            Self::Bt601 => [0.299, 0.114],
            Self::Bt709 => [0.2126, 0.0722],
            Self::Bt2020 => [0.2627, 0.0593],
        }
    }
}

/// What a file says of its colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ColourTags {
    pub(crate) matrix: Option<Matrix>,
    /// Whether 0 is black and 255 white, rather than 16 and 235.
    pub(crate) full_range: Option<bool>,
}

impl ColourTags {
    /// What is said here, else there.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            matrix: self.matrix.or(other.matrix),
            full_range: self.full_range.or(other.full_range),
        }
    }

    /// The coding for pictures of that height. What no one said is what players assume: BT.709 from
    /// 720 rows on, BT.601 below; limited range.
    pub(crate) fn resolve(self, width_px: u32, height_px: u32) -> Colour {
        let high = width_px.min(height_px) >= 720;
        Colour {
            matrix: self
                .matrix
                .unwrap_or(if high { Matrix::Bt709 } else { Matrix::Bt601 }),
            full_range: self.full_range.unwrap_or(false),
        }
    }
}

/// How the colours of a video are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// The mixture.
    pub matrix: Matrix,
    /// Whether 0 is black and 255 white, rather than 16 and 235.
    pub full_range: bool,
}

/// Planes of a picture in 4:2:0: brightness for each pixel, differences for each two by two.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planes<'a> {
    pub(crate) width_px: usize,
    pub(crate) height_px: usize,
    pub(crate) luma: &'a [u8],
    pub(crate) blue: &'a [u8],
    pub(crate) red: &'a [u8],
    /// Bytes from row to row of luma and of both differences.
    pub(crate) strides: [usize; 2],
}

/// Fixed-point coefficients: products are the upper halves of 16 × 16 bits, with four bits behind the
/// point in the sum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ToRgb {
    black: i16,
    luma: i16,
    red_of_red: i16,
    green_of_blue: i16,
    green_of_red: i16,
    blue_of_blue: i16,
}

impl ToRgb {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no coefficient is beyond 2.2"
    )]
    pub(crate) fn new(colour: Colour) -> Self {
        let [red, blue] = colour.matrix.shares();
        let green = 1.0 - red - blue;
        let (luma, chroma, black) = if colour.full_range {
            (1.0, 1.0, 0)
        } else {
            (255.0 / 219.0, 255.0 / 224.0, 16)
        };
        // Values enter times 128; 2¹³ · 2⁷ / 2¹⁶ leaves four bits behind the point.
        let fixed = |value: f64| (value * 8192.0).round() as i16;
        Self {
            black,
            luma: fixed(luma),
            red_of_red: fixed(2.0 * (1.0 - red) * chroma),
            green_of_blue: fixed(-2.0 * blue * (1.0 - blue) / green * chroma),
            green_of_red: fixed(-2.0 * red * (1.0 - red) / green * chroma),
            blue_of_blue: fixed(2.0 * (1.0 - blue) * chroma),
        }
    }
}

/// The upper half of a product of 16 bits each: one instruction on vectors.
#[inline]
fn high(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b)) >> 16) as i16
}

#[inline]
#[expect(clippy::cast_sign_loss, reason = "clamped before")]
fn clamped(sum: i16) -> u8 {
    ((sum + 8) >> 4).clamp(0, 255) as u8
}

/// Rows of one picture width, used again for each picture.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    half: [Vec<i16>; 3],
    chroma: [Vec<i16>; 3],
    rgb: [Vec<u8>; 3],
}

impl Planes<'_> {
    /// Whether the planes hold what the size promises.
    fn fits(&self) -> bool {
        let holds = |plane: &[u8], stride: usize, width: usize, height: usize| {
            width <= stride
                && height.checked_sub(1).is_some_and(|rows| {
                    stride
                        .checked_mul(rows)
                        .and_then(|n| n.checked_add(width))
                        .is_some_and(|n| n <= plane.len())
                })
        };
        let half = [self.width_px.div_ceil(2), self.height_px.div_ceil(2)];
        self.width_px > 0
            && holds(self.luma, self.strides[0], self.width_px, self.height_px)
            && holds(self.blue, self.strides[1], half[0], half[1])
            && holds(self.red, self.strides[1], half[0], half[1])
    }

    /// Red, green and blue of each pixel into `rgb`, whose length becomes three times the pixels.
    ///
    /// `false`, and nothing written, if the planes are shorter than the size says.
    pub(crate) fn write_rgb(&self, to_rgb: ToRgb, rows: &mut Rows, rgb: &mut Vec<u8>) -> bool {
        if !self.fits() {
            return false;
        }
        let width = self.width_px;
        rgb.resize(3 * width * self.height_px, 0);
        for row in &mut rows.half {
            row.resize(width.div_ceil(2), 0);
        }
        for row in &mut rows.chroma {
            row.resize(width, 0);
        }
        for row in &mut rows.rgb {
            row.resize(width, 0);
        }
        for (row, out) in rgb.chunks_exact_mut(3 * width).enumerate() {
            if row % 2 == 0 {
                let start = row / 2 * self.strides[1];
                let half = width.div_ceil(2);
                let blue = &self.blue[start..start + half];
                let red = &self.red[start..start + half];
                spread_chroma(blue, red, to_rgb, rows);
            }
            let start = row * self.strides[0];
            let luma = &self.luma[start..start + width];
            for (chroma, colour) in rows.chroma.iter().zip(&mut rows.rgb) {
                add_luma(luma, chroma, to_rgb, colour);
            }
            interleave(&rows.rgb, out);
        }
        true
    }
}

/// What the differences of a row add to red, green and blue of its pixels.
fn spread_chroma(blue: &[u8], red: &[u8], to_rgb: ToRgb, rows: &mut Rows) {
    let [half_r, half_g, half_b] = &mut rows.half;
    let halves = half_r.iter_mut().zip(half_g).zip(half_b);
    for ((((r, g), b), &u), &v) in halves.zip(blue).zip(red) {
        let u = (i16::from(u) - 128) << 7;
        let v = (i16::from(v) - 128) << 7;
        *r = high(v, to_rgb.red_of_red);
        *g = high(u, to_rgb.green_of_blue) + high(v, to_rgb.green_of_red);
        *b = high(u, to_rgb.blue_of_blue);
    }
    for (out, half) in rows.chroma.iter_mut().zip(&rows.half) {
        let (pairs, rest) = out.as_chunks_mut::<2>();
        for (pair, &value) in pairs.iter_mut().zip(half) {
            *pair = [value; 2];
        }
        if let (Some(pixel), Some(&value)) = (rest.first_mut(), half.last()) {
            *pixel = value;
        }
    }
}

fn add_luma(luma: &[u8], chroma: &[i16], to_rgb: ToRgb, out: &mut [u8]) {
    for ((out, &luma), &chroma) in out.iter_mut().zip(luma).zip(chroma) {
        let luma = high((i16::from(luma) - to_rgb.black) << 7, to_rgb.luma);
        *out = clamped(luma + chroma);
    }
}

/// A row's red, green and blue side by side. Four pixels at a time are put together in registers, which compilers make
/// vectors of; bytes stored one by one take four times as long.
fn interleave(planes: &[Vec<u8>; 3], out: &mut [u8]) {
    let [
        (reds, last_reds),
        (greens, last_greens),
        (blues, last_blues),
    ] = planes.each_ref().map(|plane| plane.as_chunks::<4>());
    let (pixels, rest) = out.split_at_mut(12 * reds.len());
    let fours = pixels.as_chunks_mut::<12>().0.iter_mut();
    for (((out, red), green), blue) in fours.zip(reds).zip(greens).zip(blues) {
        let [r, g, b] = [red, green, blue].map(|four| u32::from_le_bytes(*four));
        let words = [
            r & 0xFF | (g & 0xFF) << 8 | (b & 0xFF) << 16 | (r & 0xFF00) << 16,
            g >> 8 & 0xFF | b & 0xFF00 | r & 0x00FF_0000 | (g & 0x00FF_0000) << 8,
            b >> 16 & 0xFF | r >> 16 & 0xFF00 | g >> 8 & 0x00FF_0000 | b & 0xFF00_0000,
        ];
        for (out, word) in out.as_chunks_mut::<4>().0.iter_mut().zip(words) {
            *out = word.to_le_bytes();
        }
    }
    let rest = rest.as_chunks_mut::<3>().0.iter_mut();
    for (((pixel, &r), &g), &b) in rest.zip(last_reds).zip(last_greens).zip(last_blues) {
        *pixel = [r, g, b];
    }
}

/// From red, green and blue to BT.709 in limited range, with 16 bits behind the point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FromRgb {
    luma: [i32; 3],
    blue: [i32; 3],
    red: [i32; 3],
}

impl FromRgb {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "no coefficient is beyond 1"
    )]
    pub(crate) fn new() -> Self {
        let [red, blue] = Matrix::Bt709.shares();
        let shares = [red, 1.0 - red - blue, blue];
        let fixed =
            |values: [f64; 3], scale: f64| values.map(|v| (v * scale * 65_536.0).round() as i32);
        let difference = |of: usize| {
            let mut values = shares.map(|share| -share);
            values[of] += 1.0;
            fixed(values, 224.0 / 255.0 / (2.0 * (1.0 - shares[of])))
        };
        Self {
            luma: fixed(shares, 219.0 / 255.0),
            blue: difference(2),
            red: difference(0),
        }
    }
}

/// Planes of a picture of even size, 4:2:0, for an encoder.
#[derive(Debug, Default)]
pub(crate) struct Planar {
    pub(crate) size_px: [usize; 2],
    pub(crate) luma: Vec<u8>,
    pub(crate) blue: Vec<u8>,
    pub(crate) red: Vec<u8>,
}

impl Planar {
    /// Takes a picture's pixels. A column or row that an even size lacks repeats the last.
    pub(crate) fn fill(&mut self, picture: &Picture, from_rgb: &FromRgb) {
        let (columns, rows) = (picture.width_px() as usize, picture.height_px() as usize);
        let [width, height] = [columns, rows].map(|length| length.next_multiple_of(2));
        self.size_px = [width, height];
        self.luma.resize(width * height, 0);
        self.blue.resize(width * height / 4, 0);
        self.red.resize(width * height / 4, 0);
        #[expect(clippy::cast_sign_loss, reason = "clamped before")]
        let mix = |weights: &[i32; 3], [r, g, b]: [i32; 3], offset: i32, bits: u32| {
            let sum = weights[0] * r + weights[1] * g + weights[2] * b;
            ((sum + (offset << bits) + (1 << (bits - 1))) >> bits).clamp(0, 255) as u8
        };
        let rgb = picture.rgb();
        let row_of = |row: usize| {
            let start = 3 * columns * row.min(rows - 1);
            &rgb[start..start + 3 * columns]
        };
        let lines = self.luma.chunks_exact_mut(2 * width);
        let chroma = self
            .blue
            .chunks_exact_mut(width / 2)
            .zip(self.red.chunks_exact_mut(width / 2));
        for (pair, (luma, (blue, red))) in lines.zip(chroma).enumerate() {
            let lines = [row_of(2 * pair), row_of(2 * pair + 1)];
            for (line, luma) in lines.iter().zip(luma.chunks_exact_mut(width)) {
                for (column, luma) in luma.iter_mut().enumerate() {
                    let at = 3 * column.min(columns - 1);
                    let pixel = [line[at], line[at + 1], line[at + 2]].map(i32::from);
                    *luma = mix(&from_rgb.luma, pixel, 16, 16);
                }
            }
            for (column, (blue, red)) in blue.iter_mut().zip(red).enumerate() {
                let mut sum = [0; 3];
                for line in lines {
                    for x in [2 * column, 2 * column + 1] {
                        let at = 3 * x.min(columns - 1);
                        for (sum, &value) in sum.iter_mut().zip(&line[at..at + 3]) {
                            *sum += i32::from(value);
                        }
                    }
                }
                *blue = mix(&from_rgb.blue, sum, 128, 18);
                *red = mix(&from_rgb.red, sum, 128, 18);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exact formula, in floating point.
    fn exact([y, u, v]: [u8; 3], colour: Colour) -> [f64; 3] {
        let [kr, kb] = colour.matrix.shares();
        let (y, u, v) = (f64::from(y), f64::from(u) - 128.0, f64::from(v) - 128.0);
        let (y, u, v) = if colour.full_range {
            (y, u, v)
        } else {
            (
                (y - 16.0) * 255.0 / 219.0,
                u * 255.0 / 224.0,
                v * 255.0 / 224.0,
            )
        };
        let r = y + 2.0 * (1.0 - kr) * v;
        let b = y + 2.0 * (1.0 - kb) * u;
        let g = (y - kr * r - kb * b) / (1.0 - kr - kb);
        [r, g, b].map(|value| value.clamp(0.0, 255.0))
    }

    fn rgb_of([y, u, v]: [u8; 3], colour: Colour) -> [u8; 3] {
        let planes = Planes {
            width_px: 1,
            height_px: 1,
            luma: &[y],
            blue: &[u],
            red: &[v],
            strides: [1, 1],
        };
        let mut rgb = Vec::new();
        assert!(planes.write_rgb(ToRgb::new(colour), &mut Rows::default(), &mut rgb));
        [rgb[0], rgb[1], rgb[2]]
    }

    #[test]
    fn every_colour_is_within_one_of_the_exact_value() {
        for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
            for full_range in [false, true] {
                let colour = Colour { matrix, full_range };
                for y in (0..=255).step_by(5) {
                    for u in (0..=255).step_by(15) {
                        for v in (0..=255).step_by(17) {
                            let found = rgb_of([y, u, v], colour);
                            for (found, exact) in found.iter().zip(exact([y, u, v], colour)) {
                                let error = (f64::from(*found) - exact).abs();
                                assert!(error <= 1.0, "{y} {u} {v} {colour:?}: {error}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_column_gets_its_own_brightness_and_its_pair_s_colour() {
        let colour = Colour {
            matrix: Matrix::Bt709,
            full_range: false,
        };
        for width in 1..=13 {
            let luma: Vec<u8> = (0..2 * width).map(|at| 30 + 7 * at).collect();
            let half = width.div_ceil(2);
            let [blue, red]: [Vec<u8>; 2] =
                [90, 200].map(|from| (0..half).map(|at| from - 9 * at).collect());
            let width = usize::from(width);
            let planes = Planes {
                width_px: width,
                height_px: 2,
                luma: &luma,
                blue: &blue,
                red: &red,
                strides: [width, usize::from(half)],
            };
            let mut rgb = Vec::new();
            assert!(planes.write_rgb(ToRgb::new(colour), &mut Rows::default(), &mut rgb));
            let expected: Vec<u8> = (0..2 * width)
                .flat_map(|at| {
                    let pair = at % width / 2;
                    rgb_of([luma[at], blue[pair], red[pair]], colour)
                })
                .collect();
            assert_eq!(rgb, expected, "{width}");
        }
    }

    #[test]
    fn black_and_white_are_black_and_white() {
        for matrix in [Matrix::Bt601, Matrix::Bt709, Matrix::Bt2020] {
            let limited = Colour {
                matrix,
                full_range: false,
            };
            assert_eq!(rgb_of([16, 128, 128], limited), [0; 3]);
            assert_eq!(rgb_of([235, 128, 128], limited), [255; 3]);
            let full = Colour {
                matrix,
                full_range: true,
            };
            assert_eq!(rgb_of([0, 128, 128], full), [0; 3]);
            assert_eq!(rgb_of([255, 128, 128], full), [255; 3]);
        }
    }

    #[test]
    fn planes_shorter_than_their_size_are_refused() {
        let planes = Planes {
            width_px: 4,
            height_px: 4,
            luma: &[0; 15],
            blue: &[0; 4],
            red: &[0; 4],
            strides: [4, 2],
        };
        let colour = ColourTags::default().resolve(4, 4);
        let mut rgb = Vec::new();
        assert!(!planes.write_rgb(ToRgb::new(colour), &mut Rows::default(), &mut rgb));
        assert!(rgb.is_empty());
    }

    #[test]
    fn a_picture_to_planes_and_back_keeps_its_colours() {
        let colours = [
            [0, 0, 0],
            [255, 255, 255],
            [200, 30, 60],
            [10, 240, 90],
            [20, 40, 250],
        ];
        for colour in colours {
            let picture = Picture::new(3, 3, colour.repeat(9)).unwrap();
            let mut planar = Planar::default();
            planar.fill(&picture, &FromRgb::new());
            assert_eq!(planar.size_px, [4, 4]);
            let planes = Planes {
                width_px: 3,
                height_px: 3,
                luma: &planar.luma,
                blue: &planar.blue,
                red: &planar.red,
                strides: [4, 2],
            };
            let said = Colour {
                matrix: Matrix::Bt709,
                full_range: false,
            };
            let mut rgb = Vec::new();
            assert!(planes.write_rgb(ToRgb::new(said), &mut Rows::default(), &mut rgb));
            for (before, after) in picture.rgb().iter().zip(&rgb) {
                assert!(before.abs_diff(*after) <= 2, "{colour:?}: {rgb:?}");
            }
        }
    }
}
