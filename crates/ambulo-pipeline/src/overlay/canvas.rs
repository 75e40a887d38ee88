//! Drawing on a picture: discs, lines, rings and boxes with smooth edges.
//!
//! A pixel's centre lies at whole coordinates, as for keypoints. Everything outside the picture is cut off.

use ambulo::picture::Picture;

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

/// A colour and how much of it covers what lies below, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ink {
    pub(super) colour: Rgb,
    pub(super) cover: f32,
}

impl Ink {
    /// A colour that hides what lies below.
    pub(super) const fn full(colour: Rgb) -> Self {
        Self { colour, cover: 1.0 }
    }

    /// The same colour, so much of it.
    pub(super) const fn at(colour: Rgb, cover: f32) -> Self {
        Self { colour, cover }
    }

    /// As much of this ink as a share of it.
    pub(super) fn faded(self, share: f32) -> Self {
        Self {
            cover: self.cover * share,
            ..self
        }
    }
}

/// A place on the picture: x to the right, y down.
pub(super) type Place = [f32; 2];

/// A rectangle: left, top, right, bottom; the right and bottom edges are outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

impl Frame {
    pub(super) fn width(&self) -> f32 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f32 {
        self.bottom - self.top
    }

    fn around(place: Place, reach: f32) -> Self {
        Self {
            left: place[0] - reach,
            top: place[1] - reach,
            right: place[0] + reach + 1.0,
            bottom: place[1] + reach + 1.0,
        }
    }
}

/// A picture that is drawn on.
pub(super) struct Canvas<'a> {
    picture: &'a mut Picture,
    width: usize,
    height: usize,
}

impl<'a> Canvas<'a> {
    pub(super) fn over(picture: &'a mut Picture) -> Self {
        let (width, height) = (picture.width_px() as usize, picture.height_px() as usize);
        Self {
            picture,
            width,
            height,
        }
    }

    /// Puts ink on one pixel.
    pub(super) fn dab(&mut self, column: usize, row: usize, ink: Ink) {
        if column >= self.width || row >= self.height {
            return;
        }
        let first = (row * self.width + column) * 3;
        for (below, &colour) in self.picture.rgb_mut()[first..first + 3]
            .iter_mut()
            .zip(&ink.colour)
        {
            *below = mixed(*below, colour, ink.cover);
        }
    }

    /// Inks every pixel near a shape by its distance from the shape's edge, inside negative.
    fn shape(&mut self, frame: Frame, ink: Ink, distance: impl Fn(Place) -> f32) {
        let (columns, rows) = self.pixels(frame);
        for row in rows {
            for column in columns.clone() {
                let cover = (0.5 - distance([column as f32, row as f32])).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.dab(column, row, ink.faded(cover));
                }
            }
        }
    }

    /// The pixels of a rectangle that lie in the picture.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to the picture before"
    )]
    fn pixels(&self, frame: Frame) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let within = |value: f32, most: usize| {
            let value = if value.is_nan() { 0.0 } else { value };
            value.clamp(0.0, most as f32) as usize
        };
        let columns =
            within(frame.left.floor(), self.width)..within(frame.right.ceil(), self.width);
        let rows = within(frame.top.floor(), self.height)..within(frame.bottom.ceil(), self.height);
        (columns, rows)
    }

    /// A line with round ends.
    pub(super) fn line(&mut self, [from, to]: [Place; 2], radius: f32, ink: Ink) {
        let reach = radius + 1.0;
        let frame = Frame {
            left: from[0].min(to[0]) - reach,
            top: from[1].min(to[1]) - reach,
            right: from[0].max(to[0]) + reach + 1.0,
            bottom: from[1].max(to[1]) + reach + 1.0,
        };
        self.shape(frame, ink, |place| from_line(place, from, to) - radius);
    }

    /// A filled disc.
    pub(super) fn disc(&mut self, middle: Place, radius: f32, ink: Ink) {
        let frame = Frame::around(middle, radius + 1.0);
        self.shape(frame, ink, |place| apart(place, middle) - radius);
    }

    /// A square on its corner.
    pub(super) fn diamond(&mut self, middle: Place, radius: f32, ink: Ink) {
        let frame = Frame::around(middle, radius + 1.0);
        self.shape(frame, ink, |[x, y]| {
            let off = (x - middle[0]).abs() + (y - middle[1]).abs() - radius;
            off * std::f32::consts::FRAC_1_SQRT_2
        });
    }

    /// A triangle below a place, its tip there: pointing up; filled, or its outline of a thickness.
    pub(super) fn arrow_up(&mut self, tip: Place, size: f32, outline: Option<f32>, ink: Ink) {
        let height = size * 1.6;
        let base = tip[1] + height;
        let frame = Frame {
            left: tip[0] - size - 2.0,
            top: tip[1] - 2.0,
            right: tip[0] + size + 3.0,
            bottom: base + 3.0,
        };
        let slope = (height * height + size * size).sqrt();
        self.shape(frame, ink, |[x, y]| {
            let beside = (x - tip[0]).abs();
            let flank = (beside * height - (y - tip[1]) * size) / slope;
            let off = flank.max(y - base);
            match outline {
                Some(thickness) => (off + thickness * 0.5).abs() - thickness * 0.5,
                None => off,
            }
        });
    }

    /// A box with rounded corners.
    pub(super) fn panel(&mut self, frame: Frame, corner: f32, ink: Ink) {
        let middle = [
            f32::midpoint(frame.left, frame.right) - 0.5,
            f32::midpoint(frame.top, frame.bottom) - 0.5,
        ];
        let half = [frame.width() * 0.5 - corner, frame.height() * 0.5 - corner];
        self.shape(frame, ink, |place| {
            let x = (place[0] - middle[0]).abs() - half[0];
            let y = (place[1] - middle[1]).abs() - half[1];
            length([x.max(0.0), y.max(0.0)]) + x.max(y).min(0.0) - corner
        });
    }
}

fn mixed(below: u8, above: u8, cover: f32) -> u8 {
    let value = f32::from(below) + (f32::from(above) - f32::from(below)) * cover.clamp(0.0, 1.0);
    byte(value)
}

/// The nearest byte.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte before"
)]
pub(super) fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 255.0) + 0.5) as u8
}

fn apart(a: Place, b: Place) -> f32 {
    length([a[0] - b[0], a[1] - b[1]])
}

/// The length of an offset in pixels. Its squares do not overflow, so the slower `hypot` is not needed, and every pixel
/// that is drawn asks for it.
fn length([x, y]: Place) -> f32 {
    (x * x + y * y).sqrt()
}

/// Distance of a place from a line between two others.
pub(super) fn from_line(place: Place, from: Place, to: Place) -> f32 {
    let along = [to[0] - from[0], to[1] - from[1]];
    let off = [place[0] - from[0], place[1] - from[1]];
    let squared = along[0] * along[0] + along[1] * along[1];
    let share = if squared > 0.0 {
        ((off[0] * along[0] + off[1] * along[1]) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    length([off[0] - along[0] * share, off[1] - along[1] * share])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blank() -> Picture {
        Picture::new(20, 10, vec![0; 600]).unwrap()
    }

    #[test]
    fn a_line_is_solid_inside_and_smooth_at_its_edge() {
        let mut picture = blank();
        let ends = [[4.0, 5.0], [15.0, 5.0]];
        Canvas::over(&mut picture).line(ends, 1.25, Ink::full([200, 100, 50]));
        assert_eq!(picture.pixel(10, 5), Some([200, 100, 50]));
        assert_eq!(picture.pixel(10, 6), Some([150, 75, 38]));
        assert_eq!(picture.pixel(10, 8), Some([0, 0, 0]));
    }

    #[test]
    fn a_box_hides_what_is_below_it_up_to_its_edges() {
        let mut picture = blank();
        let frame = Frame {
            left: 2.0,
            top: 3.0,
            right: 8.0,
            bottom: 9.0,
        };
        Canvas::over(&mut picture).panel(frame, 0.0, Ink::full([90, 90, 90]));
        for (column, row, inside) in [(2, 3, true), (7, 8, true), (1, 3, false), (8, 8, false)] {
            let expected = [if inside { 90 } else { 0 }; 3];
            assert_eq!(picture.pixel(column, row), Some(expected), "{column} {row}");
        }
    }

    #[test]
    fn what_lies_outside_the_picture_is_cut_off() {
        let mut picture = blank();
        let mut canvas = Canvas::over(&mut picture);
        canvas.line([[-1e4, -1e4], [1e4, 1e4]], 1.0, Ink::full([9, 9, 9]));
        canvas.disc([f32::NAN, 4.0], 3.0, Ink::full([255, 0, 0]));
        canvas.disc([30.0, 30.0], 3.0, Ink::full([255, 0, 0]));
        canvas.diamond([19.0, 9.0], 30.0, Ink::at([0, 0, 80], 0.5));
        assert_eq!(picture.pixel(3, 9), Some([0, 0, 40]));
    }
}
