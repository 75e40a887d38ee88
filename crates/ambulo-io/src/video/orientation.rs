//! How a picture must be turned to stand upright.

/// A turn by quarters, after a mirroring if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Orientation {
    /// Quarters of a turn, clockwise, 0 to 3.
    pub quarters: u8,
    /// Whether left and right are exchanged before turning.
    pub mirrored: bool,
    /// Whether the file asks for a turn that is no quarter, which is not followed.
    pub askew: bool,
}

/// Pixels are turned in blocks of that side, so that the rows written to stay in the cache.
const BLOCK: usize = 32;

/// The numbers a, b, c, d of a matrix that takes (x, y) to (ax + cy, bx + dy).
pub(crate) type Matrix2 = [f64; 4];

impl Orientation {
    /// Turned by degrees, clockwise.
    pub(crate) fn of_degrees(clockwise_deg: f64) -> Self {
        let quarters = (clockwise_deg / 90.0).round();
        Self {
            quarters: match quarters.rem_euclid(4.0) {
                1.0 => 1,
                2.0 => 2,
                3.0 => 3,
                _ => 0,
            },
            mirrored: false,
            askew: (clockwise_deg - 90.0 * quarters).abs() > 1.0,
        }
    }

    /// First the track's matrix, then the film's.
    pub(crate) fn of_matrices(track: Matrix2, film: Matrix2) -> Self {
        let [a, b, c, d] = track;
        let [e, f, g, h] = film;
        Self::of_matrix([a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h])
    }

    fn of_matrix([a, b, c, d]: Matrix2) -> Self {
        let largest = [a, b, c, d].iter().fold(0.0_f64, |max, v| max.max(v.abs()));
        // A matrix of zeros is one that was never written.
        if largest == 0.0 || !largest.is_finite() {
            return Self::default();
        }
        let sign = |value: f64| {
            if value.abs() < 0.1 * largest {
                0
            } else if value > 0.0 {
                1
            } else {
                -1
            }
        };
        let (quarters, mirrored) = match [a, b, c, d].map(sign) {
            [1, 0, 0, 1] => (0, false),
            [0, 1, -1, 0] => (1, false),
            [-1, 0, 0, -1] => (2, false),
            [0, -1, 1, 0] => (3, false),
            [-1, 0, 0, 1] => (0, true),
            [0, -1, -1, 0] => (1, true),
            [1, 0, 0, -1] => (2, true),
            [0, 1, 1, 0] => (3, true),
            _ => {
                return Self {
                    askew: true,
                    ..Self::default()
                };
            }
        };
        Self {
            quarters,
            mirrored,
            askew: false,
        }
    }

    /// Whether nothing has to be done.
    pub fn is_upright(self) -> bool {
        self.quarters == 0 && !self.mirrored
    }

    /// Width and height after turning.
    pub fn turned_size(self, [width, height]: [u32; 2]) -> [u32; 2] {
        if self.quarters % 2 == 1 {
            [height, width]
        } else {
            [width, height]
        }
    }

    /// Turns pixels of three bytes; `width` is that of `from`. `to` gets the same length.
    pub(crate) fn turn(self, from: &[u8], width: usize, to: &mut Vec<u8>) {
        let pixels = from.len() / 3;
        if pixels == 0 || width == 0 || !pixels.is_multiple_of(width) {
            return;
        }
        let height = pixels / width;
        to.resize(from.len(), 0);
        // Where the pixel (x, y) goes, as start + x · step_x + y · step_y, counted in pixels. Sums wrap
        // around as they would with signs.
        let (w, h) = (width, height);
        let (start, step_x, step_y) = match self.quarters % 4 {
            0 => (0, 1, w),
            1 => (h - 1, h, 1_usize.wrapping_neg()),
            2 => (w * h - 1, 1_usize.wrapping_neg(), w.wrapping_neg()),
            _ => (h * (w - 1), h.wrapping_neg(), 1),
        };
        let (start, step_x) = if self.mirrored {
            let last = step_x.wrapping_mul(w - 1);
            (start.wrapping_add(last), step_x.wrapping_neg())
        } else {
            (start, step_x)
        };
        for top in (0..height).step_by(BLOCK) {
            for left in (0..width).step_by(BLOCK) {
                for y in top..height.min(top + BLOCK) {
                    let row = start.wrapping_add(y.wrapping_mul(step_y));
                    for x in left..width.min(left + BLOCK) {
                        let place = 3 * row.wrapping_add(x.wrapping_mul(step_x));
                        let pixel = 3 * (y * width + x);
                        to[place..place + 3].copy_from_slice(&from[pixel..pixel + 3]);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Matrix2 = [1.0, 0.0, 0.0, 1.0];

    /// Turns a picture of 3 × 2 pixels named a to f.
    fn turned(orientation: Orientation) -> String {
        let from: Vec<u8> = "abcdef".bytes().flat_map(|b| [b, b, b]).collect();
        let mut to = Vec::new();
        orientation.turn(&from, 3, &mut to);
        to.chunks(3).map(|pixel| char::from(pixel[0])).collect()
    }

    #[test]
    fn matrices_of_phones_are_read() {
        // Taken with the phone upright: to be turned clockwise by a quarter.
        let upright = Orientation::of_matrices([0.0, 1.0, -1.0, 0.0], ONE);
        assert_eq!((upright.quarters, upright.mirrored), (1, false));
        assert_eq!(upright, Orientation::of_degrees(90.0));
        let upside_down = Orientation::of_matrices([-1.0, 0.0, 0.0, -1.0], ONE);
        assert_eq!(upside_down, Orientation::of_degrees(-180.0));
        let other = Orientation::of_matrices([0.0, -1.0, 1.0, 0.0], ONE);
        assert_eq!(other, Orientation::of_degrees(270.0));
        assert_eq!(Orientation::of_matrices(ONE, ONE), Orientation::default());
        let mirrored = Orientation::of_matrices([-1.0, 0.0, 0.0, 1.0], ONE);
        assert!(mirrored.mirrored && mirrored.quarters == 0);
    }

    #[test]
    fn a_turn_that_is_no_quarter_is_named() {
        let half = std::f64::consts::FRAC_1_SQRT_2;
        assert!(Orientation::of_matrices([half, half, -half, half], ONE).askew);
        assert!(Orientation::of_degrees(45.0).askew);
    }

    #[test]
    fn pixels_go_where_the_turn_takes_them() {
        let turn = |quarters, mirrored| {
            turned(Orientation {
                quarters,
                mirrored,
                askew: false,
            })
        };
        // a b c    d a        f e d    c f
        // d e f    e b        c b a    b e
        //          f c                 a d
        assert_eq!(turn(0, false), "abcdef");
        assert_eq!(turn(1, false), "daebfc");
        assert_eq!(turn(2, false), "fedcba");
        assert_eq!(turn(3, false), "cfbead");
        assert_eq!(turn(0, true), "cbafed");
    }

    #[test]
    fn a_matrix_and_its_turn_agree() {
        // The matrix takes the corners of the picture where the turned pixels lie.
        for matrix in [
            [1.0, 0.0, 0.0, 1.0],
            [0.0, 1.0, -1.0, 0.0],
            [-1.0, 0.0, 0.0, -1.0],
            [0.0, -1.0, 1.0, 0.0],
            [-1.0, 0.0, 0.0, 1.0],
            [0.0, -1.0, -1.0, 0.0],
            [1.0, 0.0, 0.0, -1.0],
            [0.0, 1.0, 1.0, 0.0],
        ] {
            let [a, b, c, d] = matrix;
            let mut pixels: Vec<(f64, f64, char)> = "abcdef"
                .chars()
                .enumerate()
                .map(|(i, name)| {
                    let (x, y) = ((i % 3) as f64, (i / 3) as f64);
                    (a * x + c * y, b * x + d * y, name)
                })
                .collect();
            pixels.sort_by(|p, q| p.1.total_cmp(&q.1).then(p.0.total_cmp(&q.0)));
            let expected: String = pixels.iter().map(|pixel| pixel.2).collect();
            let orientation = Orientation::of_matrices(matrix, ONE);
            assert_eq!(turned(orientation), expected, "{matrix:?}");
        }
    }
}
