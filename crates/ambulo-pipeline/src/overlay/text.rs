//! Text for pictures of any size: letters drawn with a round pen and a dark rim, so that they can be read
//! on any ground.

use std::collections::BTreeMap;

use super::canvas::{Canvas, Ink, Place, Rgb, from_line};
use super::glyphs::{Stroke, glyph};

/// How thick the pen is, in units of a tenth of a capital's height.
const PEN: f32 = 1.3;
/// How far the dark rim reaches beyond the pen, in the same unit; at least a pixel.
const RIM: f32 = 0.9;
const DARK: Rgb = [8, 10, 12];

/// The font in one size.
pub(super) struct Font {
    /// Height of capitals and digits in pixels.
    capital_px: f32,
    masks: BTreeMap<char, Mask>,
}

/// How much of each pixel a letter and its rim cover.
struct Mask {
    /// Columns from the pen's place, rows from the top of capitals.
    off: [i32; 2],
    width: usize,
    pen: Vec<u8>,
    rim: Vec<u8>,
}

impl Font {
    pub(super) fn of_height(capital_px: f32) -> Self {
        Self {
            capital_px: capital_px.clamp(5.0, 200.0),
            masks: BTreeMap::new(),
        }
    }

    /// Height of capitals and digits.
    pub(super) fn height_px(&self) -> f32 {
        self.capital_px
    }

    /// How far a text reaches.
    pub(super) fn width_px(&self, text: &str) -> f32 {
        let units: f32 = text.chars().map(|it| glyph(it).advance).sum();
        units * self.capital_px / 10.0
    }

    /// Writes a text whose capitals' top left corner is at a place, rounded to whole pixels.
    pub(super) fn write(&mut self, canvas: &mut Canvas<'_>, place: Place, text: &str, ink: Ink) {
        for rim in [true, false] {
            let mut x = place[0];
            for character in text.chars() {
                let unit = self.capital_px / 10.0;
                let capital_px = self.capital_px;
                let mask = self
                    .masks
                    .entry(character)
                    .or_insert_with(|| Mask::of(character, capital_px));
                mask.put(canvas, [x, place[1]], rim, ink);
                x += glyph(character).advance * unit;
            }
        }
    }

    /// Writes a text that ends at a place.
    pub(super) fn write_to(&mut self, canvas: &mut Canvas<'_>, place: Place, text: &str, ink: Ink) {
        let from = [
            place[0] - self.width_px(text) + self.capital_px * 0.2,
            place[1],
        ];
        self.write(canvas, from, text, ink);
    }

    /// Writes a text around a place.
    pub(super) fn write_around(
        &mut self,
        canvas: &mut Canvas<'_>,
        place: Place,
        text: &str,
        ink: Ink,
    ) {
        let half = (self.width_px(text) - self.capital_px * 0.2) * 0.5;
        self.write(canvas, [place[0] - half, place[1]], text, ink);
    }
}

impl Mask {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a letter is at most some hundred pixels wide and high"
    )]
    fn of(character: char, capital_px: f32) -> Self {
        let unit = capital_px / 10.0;
        let lines = lines_of(glyph(character).strokes, unit);
        let pen = (PEN * unit * 0.5).max(0.55);
        let reach = (RIM * unit).max(1.0);
        let margin = (pen + reach + 1.0).ceil();
        let points = || lines.iter().flatten();
        let right = points().map(|p| p[0]).fold(0.0, f32::max);
        let left = points().map(|p| p[0]).fold(0.0, f32::min);
        let top = points().map(|p| p[1]).fold(0.0, f32::min);
        let bottom = points().map(|p| p[1]).fold(0.0, f32::max);
        let off = [
            (left - margin).floor() as i32,
            (top - margin).floor() as i32,
        ];
        let width = (right + margin).ceil() as i32 - off[0] + 1;
        let height = (bottom + margin).ceil() as i32 - off[1] + 1;
        let mut mask = Self {
            off,
            width: width as usize,
            pen: Vec::new(),
            rim: Vec::new(),
        };
        for row in 0..height {
            for column in 0..width {
                let place = [(column + off[0]) as f32, (row + off[1]) as f32];
                let apart = lines
                    .iter()
                    .map(|[from, to]| from_line(place, *from, *to))
                    .fold(f32::INFINITY, f32::min);
                let cover = |radius: f32| (255.0 * (radius + 0.5 - apart).clamp(0.0, 1.0)) as u8;
                mask.pen.push(cover(pen));
                mask.rim.push(cover(pen + reach));
            }
        }
        mask
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "places lie in or near the picture"
    )]
    fn put(&self, canvas: &mut Canvas<'_>, place: Place, rim: bool, ink: Ink) {
        let cover = if rim { &self.rim } else { &self.pen };
        let ink = if rim {
            Ink::at(DARK, 0.75 * ink.cover)
        } else {
            ink
        };
        let [x, y] = [place[0].round() as i32, place[1].round() as i32];
        for (row, line) in (0..).zip(cover.chunks(self.width.max(1))) {
            for (column, &cover) in (0..).zip(line) {
                let column = usize::try_from(x + self.off[0] + column);
                let row = usize::try_from(y + self.off[1] + row);
                if let (true, Ok(column), Ok(row)) = (cover > 0, column, row) {
                    canvas.dab(column, row, ink.faded(f32::from(cover) / 255.0));
                }
            }
        }
    }
}

/// Strokes as short straight lines.
fn lines_of(strokes: &[Stroke], unit: f32) -> Vec<[Place; 2]> {
    let mut lines = Vec::new();
    for stroke in strokes {
        let points: Vec<Place> = match *stroke {
            Stroke::Line(points) => points.to_vec(),
            Stroke::Arc([x, y, rx, ry, from, to]) => {
                let pieces = 4 + u8::from(to - from > 100.0) * 8 + u8::from(to - from > 200.0) * 12;
                (0..=pieces)
                    .map(|piece| {
                        let share = f32::from(piece) / f32::from(pieces);
                        let angle = (from + (to - from) * share).to_radians();
                        [x + rx * angle.cos(), y + ry * angle.sin()]
                    })
                    .collect()
            }
        };
        let scaled = |[x, y]: Place| [x * unit, y * unit];
        lines.extend(
            points
                .windows(2)
                .map(|ends| [scaled(ends[0]), scaled(ends[1])]),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambulo::picture::Picture;

    #[test]
    fn letters_are_written_where_they_should_be_with_a_dark_rim() {
        let mut picture = Picture::new(60, 30, vec![128; 60 * 30 * 3]).unwrap();
        let mut font = Font::of_height(16.0);
        let mut canvas = Canvas::over(&mut picture);
        font.write(&mut canvas, [10.0, 7.0], "I", Ink::full([255, 255, 255]));
        assert_eq!(picture.pixel(10, 15), Some([255, 255, 255]));
        assert!(picture.pixel(12, 15).unwrap()[0] < 60);
        assert_eq!(picture.pixel(20, 15), Some([128, 128, 128]));
        assert!(font.width_px("10") > font.width_px("1"));
        assert!((font.width_px("10") - font.width_px("77")).abs() < 1e-3);
    }
}
