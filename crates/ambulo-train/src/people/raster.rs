//! The software rasteriser: which face each of four samples a pixel sees, and how far away.

use nalgebra::{Matrix3, Vector3};

/// Samples a pixel along each side.
pub(super) const SPLIT: usize = 2;
/// Nothing nearer to the camera than this is drawn, in metres.
const NEAREST_M: f32 = 0.1;
/// A sample that sees no face.
pub(super) const NOTHING: u32 = u32::MAX;

/// A pinhole camera and the window of its picture that is drawn. Camera axes: X right, Y down, Z ahead.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Lens {
    /// Camera axes as rows, in world space.
    pub(super) camera_from_world: Matrix3<f32>,
    /// Where the camera is.
    pub(super) position: Vector3<f32>,
    /// Focal length in pixels.
    pub(super) focal_px: f32,
    /// Where the optical axis meets the picture; the centre of the top left pixel is (0, 0).
    pub(super) centre_px: [f32; 2],
}

impl Lens {
    /// A place in camera axes.
    pub(super) fn seen(&self, place: &Vector3<f32>) -> Vector3<f32> {
        self.camera_from_world * (place - self.position)
    }

    /// Where a place in camera axes, before the camera, appears.
    pub(super) fn project(&self, seen: &Vector3<f32>) -> [f32; 2] {
        let depth = seen.z.max(1e-4);
        [
            seen.x / depth * self.focal_px + self.centre_px[0],
            seen.y / depth * self.focal_px + self.centre_px[1],
        ]
    }

    /// The direction that a pixel looks in, in camera axes, with Z 1.
    pub(super) fn ray(&self, x_px: f32, y_px: f32) -> Vector3<f32> {
        Vector3::new(
            (x_px - self.centre_px[0]) / self.focal_px,
            (y_px - self.centre_px[1]) / self.focal_px,
            1.0,
        )
    }
}

/// What each sample sees.
#[derive(Debug, Clone)]
pub(super) struct Samples {
    /// Samples a row and rows of samples.
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// One over the depth of the nearest face; 0 where there is none.
    pub(super) nearness: Vec<f32>,
    /// The nearest face, or [`NOTHING`].
    pub(super) face: Vec<u32>,
}

impl Samples {
    /// Samples that see nothing.
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Self {
            columns,
            rows,
            nearness: vec![0.0; columns * rows],
            face: vec![NOTHING; columns * rows],
        }
    }

    /// Where a sample lies, in pixels from the centre of the top left one.
    ///
    /// Every second row of samples is shifted by half a sample, so that a pixel's four samples have four
    /// different columns.
    pub(super) fn place_px(column: usize, row: usize) -> [f32; 2] {
        let split = SPLIT as f32;
        [
            (column as f32 + 0.5 + skew(row)) / split - 0.5,
            (row as f32 + 0.5) / split - 0.5,
        ]
    }

    /// Draws a triangle of camera space; `closed` ones are not drawn from behind.
    pub(super) fn draw(
        &mut self,
        lens: &Lens,
        corners: [&Vector3<f32>; 3],
        closed: bool,
        face: u32,
    ) {
        let [a, b, c] = corners;
        if closed && (b - a).cross(&(c - a)).dot(a) >= 0.0 {
            return;
        }
        let behind = corners.map(|corner| corner.z < NEAREST_M);
        match behind.iter().filter(|b| **b).count() {
            0 => self.fill(corners.map(|corner| on_screen(lens, corner)), face),
            3 => {}
            _ => self.draw_clipped(lens, corners, face),
        }
    }

    /// Draws what of a triangle lies before the camera.
    fn draw_clipped(&mut self, lens: &Lens, corners: [&Vector3<f32>; 3], face: u32) {
        let mut kept: Vec<Vector3<f32>> = Vec::with_capacity(4);
        for index in 0..3 {
            let (from, to) = (corners[index], corners[(index + 1) % 3]);
            if from.z >= NEAREST_M {
                kept.push(*from);
            }
            if (from.z >= NEAREST_M) != (to.z >= NEAREST_M) {
                let share = (NEAREST_M - from.z) / (to.z - from.z);
                let mut cut = from + (to - from) * share;
                cut.z = NEAREST_M;
                kept.push(cut);
            }
        }
        for pair in kept.get(1..).unwrap_or_default().windows(2) {
            self.fill(
                [&kept[0], &pair[0], &pair[1]].map(|corner| on_screen(lens, corner)),
                face,
            );
        }
    }

    /// Fills a triangle of samples: column, row, nearness at each corner.
    pub(super) fn fill(&mut self, corners: [[f32; 3]; 3], face: u32) {
        let [a, b, c] = corners;
        let area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
        if area == 0.0 || !area.is_finite() {
            return;
        }
        let (b, c) = if area > 0.0 { (b, c) } else { (c, b) };
        let area = area.abs();
        // Nearness is a plane over the picture.
        let across = ((b[2] - a[2]) * (c[1] - a[1]) - (c[2] - a[2]) * (b[1] - a[1])) / area;
        let down = ((c[2] - a[2]) * (b[0] - a[0]) - (b[2] - a[2]) * (c[0] - a[0])) / area;
        let least = a[1].min(b[1]).min(c[1]);
        let most = a[1].max(b[1]).max(c[1]);
        let first = whole_up(least - 0.5).min(self.rows);
        let end = whole_up(most - 0.5).min(self.rows);
        let edges = [edge(a, b), edge(b, c), edge(c, a)];
        for row in first..end {
            let y = row as f32 + 0.5;
            let (mut low, mut high) = (f32::MIN, f32::MAX);
            for [slope, at_zero, kind] in edges {
                if kind == 0.0 {
                    continue;
                }
                let x = at_zero + slope * y;
                if kind > 0.0 {
                    low = low.max(x);
                } else {
                    high = high.min(x);
                }
            }
            let skew = skew(row);
            let from = whole_up(low - 0.5 - skew).min(self.columns);
            let to = whole_up(high - 0.5 - skew).min(self.columns);
            if from >= to {
                continue;
            }
            let x = from as f32 + 0.5 + skew;
            let mut nearness = a[2] + across * (x - a[0]) + down * (y - a[1]);
            let start = row * self.columns;
            let seen = &mut self.nearness[start + from..start + to];
            let faces = &mut self.face[start + from..start + to];
            for (seen, drawn) in seen.iter_mut().zip(faces) {
                if nearness > *seen {
                    *seen = nearness;
                    *drawn = face;
                }
                nearness += across;
            }
        }
    }
}

/// How far the samples of a row are shifted, in samples.
fn skew(row: usize) -> f32 {
    if row.is_multiple_of(2) { -0.25 } else { 0.25 }
}

/// Column, row and nearness of a place, in samples.
fn on_screen(lens: &Lens, seen: &Vector3<f32>) -> [f32; 3] {
    let [x, y] = lens.project(seen);
    let split = SPLIT as f32;
    [(x + 0.5) * split, (y + 0.5) * split, 1.0 / seen.z]
}

/// The line through two corners as a column for each row: slope, column at row 0, and whether the
/// triangle lies to its right (1), to its left (−1), or it is level (0).
fn edge(from: [f32; 3], to: [f32; 3]) -> [f32; 3] {
    let rise = to[1] - from[1];
    if rise == 0.0 {
        return [0.0; 3];
    }
    // The same two corners give the same line whichever triangle names them first.
    let (top, bottom) = if rise > 0.0 { (from, to) } else { (to, from) };
    let slope = (bottom[0] - top[0]) / (bottom[1] - top[1]);
    [slope, top[0] - slope * top[1], -rise.signum()]
}

/// The least whole number that is not less; 0 for what is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates at both ends"
)]
fn whole_up(value: f32) -> usize {
    value.ceil() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lens() -> Lens {
        Lens {
            camera_from_world: Matrix3::identity(),
            position: Vector3::zeros(),
            focal_px: 10.0,
            centre_px: [9.5, 9.5],
        }
    }

    #[test]
    fn two_triangles_of_a_square_cover_each_sample_once() {
        let mut samples = Samples::new(16, 16);
        let corner = |x: f32, y: f32| [x, y, 1.0];
        let square = [
            corner(2.3, 1.7),
            corner(13.1, 3.2),
            corner(12.4, 14.9),
            corner(1.2, 12.6),
        ];
        samples.fill([square[0], square[1], square[2]], 1);
        let first = samples.face.iter().filter(|face| **face == 1).count();
        samples.nearness.fill(0.0);
        samples.fill([square[0], square[2], square[3]], 2);
        let still = samples.face.iter().filter(|face| **face == 1).count();
        assert_eq!(first, still, "no sample belongs to both");
        let all = samples.face.iter().filter(|face| **face != NOTHING).count();
        // The square's area.
        assert!((all as f32 - 122.0).abs() < 6.0, "{all}");
    }

    #[test]
    fn the_nearer_face_is_seen_whatever_the_order() {
        let place = |x: f32, y: f32, z: f32| Vector3::new(x, y, z);
        let wall = |z: f32| {
            [
                place(-9.0, -9.0, z),
                place(9.0, -9.0, z),
                place(0.0, 20.0, z),
            ]
        };
        for order in [[0, 1], [1, 0]] {
            let mut samples = Samples::new(40, 40);
            for face in order {
                let [a, b, c] = wall(if face == 0 { 4.0 } else { 2.0 });
                samples.draw(&lens(), [&a, &b, &c], false, face);
            }
            assert_eq!(samples.face[20 * 40 + 20], 1);
            assert!((samples.nearness[20 * 40 + 20] - 0.5).abs() < 1e-5);
        }
    }

    #[test]
    fn what_lies_partly_behind_the_camera_is_cut() {
        let mut samples = Samples::new(40, 40);
        let floor = [
            Vector3::new(-50.0, 1.0, -50.0),
            Vector3::new(50.0, 1.0, -50.0),
            Vector3::new(0.0, 1.0, 90.0),
        ];
        let [a, b, c] = &floor;
        samples.draw(&lens(), [a, b, c], false, 7);
        assert_eq!(samples.face[39 * 40 + 20], 7, "below the horizon");
        assert_eq!(samples.face[20], NOTHING, "above it");
    }
}
