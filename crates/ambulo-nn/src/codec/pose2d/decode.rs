//! From a map to a point: the highest cell, refined between cells.

use super::crop::Affine;
use super::maps::{HeatMaps, MapKind};

/// How a peak is placed between cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refinement {
    /// The cell itself.
    None,
    /// A quarter of a cell towards the higher neighbour (`HRNet`).
    Quarter,
    /// A Taylor expansion of the logarithm of the blurred map (DARK).
    ///
    /// # Source
    ///
    /// Zhang et al. (2020), "Distribution-aware coordinate representation for human pose estimation",
    /// arXiv:1910.06278, section 3.2.
    Dark,
}

/// A joint as its map shows it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Peak {
    /// Its place: cells of the map, or pixels of the picture, as the function says.
    pub at: [f64; 2],
    /// How certain it is: see [`confidence`].
    pub confidence: f64,
}

/// The cell with the highest number: column, row and the number. Of equal ones the first, row by row. A
/// map without a positive number has its highest cell at (0, 0).
///
/// # Panics
///
/// If the map is no whole rows.
pub fn highest_cell(map: &[f32], width: usize) -> ([usize; 2], f32) {
    let mut best = (0, f32::NEG_INFINITY);
    for (cell, &value) in map.iter().enumerate() {
        if value > best.1 {
            best = (cell, value);
        }
    }
    let (cell, value) = best;
    if value > 0.0 {
        ([cell % width, cell / width], value)
    } else {
        ([0, 0], value)
    }
}

/// Every joint's highest cell, refined: places in cells, confidence the number there.
///
/// The maps are those that [`HeatMaps::interpret`] leaves.
pub fn peaks(maps: &HeatMaps, refinement: Refinement) -> Vec<Peak> {
    let [width, _] = maps.size();
    let mut blur = Blur::default();
    (0..maps.joints())
        .map(|joint| {
            let map = maps.map(joint);
            let (cell, value) = highest_cell(map, width);
            let at = if value > 0.0 {
                blur.refined(map, maps.size(), cell, refinement)
            } else {
                [0.0, 0.0]
            };
            Peak {
                at,
                confidence: f64::from(value),
            }
        })
        .collect()
}

/// Peaks in the picture's pixels, with the confidences of [`confidence`]. `maps_from_picture` is the
/// transform to the maps' own grid.
///
/// A transform that cannot be undone leaves the places as they are.
pub fn keypoints(
    maps: &HeatMaps,
    refinement: Refinement,
    kind: MapKind,
    sigma_cells: f64,
    maps_from_picture: &Affine,
) -> Vec<Peak> {
    let back = maps_from_picture.inverse().unwrap_or(Affine::IDENTITY);
    let mut found = peaks(maps, refinement);
    for (joint, peak) in found.iter_mut().enumerate() {
        peak.confidence = confidence(maps.map(joint), maps.size(), peak.at, kind, sigma_cells);
        peak.at = back.apply(peak.at);
    }
    found
}

/// How certain a map is of a place, from 0 to 1: the height there for maps of Gaussians, the share of the
/// map that lies within two standard deviations (and what such a window misses of a Gaussian added) for
/// maps of probabilities.
pub fn confidence(
    map: &[f32],
    size: [usize; 2],
    at: [f64; 2],
    kind: MapKind,
    sigma_cells: f64,
) -> f64 {
    let value = match kind {
        MapKind::Gaussian => near(map, size, at, 1.0).fold(0.0, f64::max),
        MapKind::Softmax => mass(map, size, at, 2.0 * sigma_cells) / WITHIN_TWO_SIGMA,
    };
    value.clamp(0.0, 1.0)
}

/// The share of a Gaussian within two standard deviations of its middle: 1 − e⁻².
pub(super) const WITHIN_TWO_SIGMA: f64 = 0.864_664_716_763_387_3;

/// The sum of the positive cells within `radius` of a place.
pub(super) fn mass(map: &[f32], size: [usize; 2], at: [f64; 2], radius: f64) -> f64 {
    near(map, size, at, radius)
        .map(|value| value.max(0.0))
        .sum()
}

/// The numbers of the cells whose centres lie within `radius` of a place.
fn near(
    map: &[f32],
    size: [usize; 2],
    at: [f64; 2],
    radius: f64,
) -> impl Iterator<Item = f64> + '_ {
    cells_near(size, at, radius).map(|cell| f64::from(map[cell]))
}

/// Indices of the cells whose centres lie within `radius` of a place, row by row.
pub(super) fn cells_near(
    [width, height]: [usize; 2],
    at: [f64; 2],
    radius: f64,
) -> impl Iterator<Item = usize> {
    let span = move |middle: f64, extent: usize| {
        let first = (middle - radius).ceil().max(0.0);
        let last = (middle + radius).floor().min(extent as f64 - 1.0);
        index(first)..index(last + 1.0).max(index(first))
    };
    let columns = span(at[0], width);
    span(at[1], height).flat_map(move |row| {
        columns.clone().filter_map(move |column| {
            let [x, y] = [column as f64 - at[0], row as f64 - at[1]];
            (x * x + y * y <= radius * radius).then_some(row * width + column)
        })
    })
}

/// A number that is not negative as an index.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast of a float saturates at both ends"
)]
fn index(value: f64) -> usize {
    value as usize
}

/// Cells to each side of the blur's middle.
const REACH: usize = 5;
/// Standard deviation of the blur in cells: what `OpenCV` takes for 11 cells.
const BLUR_SIGMA: f64 = 2.0;
/// Below this, logarithms mean nothing.
const FLOOR: f64 = 1e-10;

/// The blur of DARK, with its memory.
#[derive(Debug, Clone)]
pub(super) struct Blur {
    kernel: [f64; 2 * REACH + 1],
    rows: Vec<f64>,
    blurred: Vec<f64>,
}

impl Default for Blur {
    fn default() -> Self {
        let at = |index: usize| {
            let apart = index as f64 - REACH as f64;
            (-apart * apart / (2.0 * BLUR_SIGMA * BLUR_SIGMA)).exp()
        };
        let mut kernel: [f64; 2 * REACH + 1] = std::array::from_fn(at);
        let sum: f64 = kernel.iter().sum();
        kernel = kernel.map(|weight| weight / sum);
        Self {
            kernel,
            rows: Vec::new(),
            blurred: Vec::new(),
        }
    }
}

impl Blur {
    /// A cell's place, refined.
    pub(super) fn refined(
        &mut self,
        map: &[f32],
        size: [usize; 2],
        [column, row]: [usize; 2],
        refinement: Refinement,
    ) -> [f64; 2] {
        let cell = [column as f64, row as f64];
        let [width, height] = size;
        // The sources leave out the second cell from the edge too.
        let inside = |margin: usize| {
            1 < column && column + margin < width && 1 < row && row + margin < height
        };
        match refinement {
            Refinement::Quarter if inside(1) => {
                let at = |column: usize, row: usize| map[row * width + column];
                let towards = |after: f32, before: f32| match after.partial_cmp(&before) {
                    Some(std::cmp::Ordering::Greater) => 0.25,
                    Some(std::cmp::Ordering::Less) => -0.25,
                    _ => 0.0,
                };
                [
                    cell[0] + towards(at(column + 1, row), at(column - 1, row)),
                    cell[1] + towards(at(column, row + 1), at(column, row - 1)),
                ]
            }
            Refinement::Dark if inside(2) => {
                let step = self.taylor(map, size, [column, row]);
                [cell[0] + step[0], cell[1] + step[1]]
            }
            Refinement::None | Refinement::Quarter | Refinement::Dark => cell,
        }
    }

    /// The step from a cell to the top of the parabola through the logarithms around it.
    fn taylor(&mut self, map: &[f32], size: [usize; 2], [column, row]: [usize; 2]) -> [f64; 2] {
        // The source rescales the blurred map to its old height and cuts it off at the floor. Rescaling
        // moves no peak, and never makes less of a number: so unless one of the cells that count is
        // tiny, the blur of these cells is all there is to do.
        let mut cells = [[0.0; 5]; 5];
        let mut tiny = false;
        for (dy, line) in cells.iter_mut().enumerate() {
            for (dx, cell) in line.iter_mut().enumerate() {
                if dx.abs_diff(2) + dy.abs_diff(2) <= 2 {
                    *cell = self.at(map, size, [column + dx - 2, row + dy - 2]);
                    tiny |= *cell < FLOOR;
                }
            }
        }
        if tiny {
            self.whole(map, size);
            for (dy, line) in cells.iter_mut().enumerate() {
                let from = (row + dy - 2) * size[0] + column - 2;
                line.copy_from_slice(&self.blurred[from..from + 5]);
            }
        }
        let log = |dx: usize, dy: usize| cells[dy][dx].max(FLOOR).ln();
        let dx = 0.5 * (log(3, 2) - log(1, 2));
        let dy = 0.5 * (log(2, 3) - log(2, 1));
        let dxx = 0.25 * (log(4, 2) - 2.0 * log(2, 2) + log(0, 2));
        let dyy = 0.25 * (log(2, 4) - 2.0 * log(2, 2) + log(2, 0));
        let dxy = 0.25 * (log(3, 3) - log(3, 1) - log(1, 3) + log(1, 1));
        let determinant = dxx * dyy - dxy * dxy;
        if determinant == 0.0 {
            return [0.0, 0.0];
        }
        let step = [
            -(dyy * dx - dxy * dy) / determinant,
            -(dxx * dy - dxy * dx) / determinant,
        ];
        if step.iter().all(|along| along.is_finite()) {
            step
        } else {
            [0.0, 0.0]
        }
    }

    /// One cell of the blurred map.
    fn at(&self, map: &[f32], [width, height]: [usize; 2], [column, row]: [usize; 2]) -> f64 {
        let first = column.saturating_sub(REACH);
        let last = (column + REACH).min(width - 1);
        let mut sum = 0.0;
        for y in row.saturating_sub(REACH)..=(row + REACH).min(height - 1) {
            let line = &map[y * width + first..=y * width + last];
            let weights = &self.kernel[first + REACH - column..];
            let along: f64 = line
                .iter()
                .zip(weights)
                .map(|(&value, weight)| f64::from(value) * weight)
                .sum();
            sum += along * self.kernel[y + REACH - row];
        }
        sum
    }

    /// The whole blurred map, rescaled to the height of the map.
    fn whole(&mut self, map: &[f32], [width, height]: [usize; 2]) {
        self.rows.clear();
        self.rows.resize(width * height, 0.0);
        self.blurred.clear();
        self.blurred.resize(width * height, 0.0);
        for row in 0..height {
            let line = &map[row * width..][..width];
            for column in 0..width {
                let first = column.saturating_sub(REACH);
                let last = (column + REACH).min(width - 1);
                self.rows[row * width + column] = line[first..=last]
                    .iter()
                    .zip(&self.kernel[first + REACH - column..])
                    .map(|(&value, weight)| f64::from(value) * weight)
                    .sum();
            }
        }
        for row in 0..height {
            for y in row.saturating_sub(REACH)..=(row + REACH).min(height - 1) {
                let weight = self.kernel[y + REACH - row];
                for column in 0..width {
                    self.blurred[row * width + column] += self.rows[y * width + column] * weight;
                }
            }
        }
        let highest = |highest: f64, value: f64| highest.max(value);
        let before = map.iter().copied().map(f64::from).fold(f64::MIN, highest);
        let after = self.blurred.iter().copied().fold(f64::MIN, highest);
        let ratio = before / after;
        if ratio.is_finite() {
            for cell in &mut self.blurred {
                *cell *= ratio;
            }
        }
    }
}

/// A map blurred as DARK blurs it, rescaled to its old height: `[height, width]`. `size` is width, height.
///
/// # Panics
///
/// If the map has another size.
pub fn blurred(map: &[f32], size: [usize; 2]) -> Vec<f64> {
    assert_eq!(map.len(), size[0] * size[1], "the map has this size");
    let mut blur = Blur::default();
    blur.whole(map, size);
    blur.blurred
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaussian(size: [usize; 2], at: [f64; 2], sigma: f64) -> Vec<f32> {
        let [width, height] = size;
        let mut map = Vec::new();
        for row in 0..height {
            for column in 0..width {
                let apart = (column as f64 - at[0]).powi(2) + (row as f64 - at[1]).powi(2);
                #[expect(clippy::cast_possible_truncation, reason = "a map is of f32")]
                map.push((-apart / (2.0 * sigma * sigma)).exp() as f32);
            }
        }
        map
    }

    #[expect(clippy::cast_possible_truncation, reason = "a few cells")]
    fn to_quarters(cells: f64) -> i32 {
        (4.0 * cells).round() as i32
    }

    #[test]
    fn refinement_finds_a_gaussian_between_cells() {
        let map = gaussian([48, 64], [20.3, 30.7], 2.0);
        let maps = HeatMaps::new(1, [48, 64], map).unwrap();
        let at = |refinement| peaks(&maps, refinement)[0].at;
        let quarters = |refinement| at(refinement).map(to_quarters);
        assert_eq!(quarters(Refinement::None), [80, 124]);
        assert_eq!(quarters(Refinement::Quarter), [81, 123]);
        let dark = at(Refinement::Dark);
        assert!((dark[0] - 20.299_84).abs() < 1e-4, "{dark:?}");
        assert!((dark[1] - 30.700_16).abs() < 1e-4, "{dark:?}");
    }

    #[test]
    fn blurring_a_few_cells_and_the_whole_map_place_a_peak_alike() {
        let map = gaussian([20, 24], [7.4, 12.2], 1.7);
        let mut blur = Blur::default();
        let few = blur.taylor(&map, [20, 24], [7, 12]);
        blur.whole(&map, [20, 24]);
        let at = |column: usize, row: usize| blur.blurred[row * 20 + column].max(FLOOR).ln();
        let dx = 0.5 * (at(8, 12) - at(6, 12));
        let dxx = 0.25 * (at(9, 12) - 2.0 * at(7, 12) + at(5, 12));
        // A Gaussian has no mixed term.
        assert!((few[0] + dx / dxx).abs() < 1e-6, "{few:?}");
    }

    #[test]
    fn confidence_is_the_height_or_the_share_of_the_map() {
        let size = [48, 64];
        let map = gaussian(size, [20.3, 30.7], 2.0);
        let height = confidence(&map, size, [20.3, 30.7], MapKind::Gaussian, 2.0);
        assert!((0.9..=1.0).contains(&height), "{height}");
        let sum: f32 = map.iter().sum();
        let half: Vec<f32> = map.iter().map(|value| 0.5 * value / sum).collect();
        let share = confidence(&half, size, [20.3, 30.7], MapKind::Softmax, 2.0);
        assert!((share - 0.5).abs() < 0.02, "{share}");
        let away = confidence(&half, size, [-90.0, 1e9], MapKind::Softmax, 2.0);
        assert!(away.abs() < 1e-12);
    }

    #[test]
    fn maps_of_any_numbers_give_finite_places() {
        for value in [0.0, -1.0, f32::NAN, f32::INFINITY, f32::MIN_POSITIVE] {
            for size in [[2, 2], [9, 7]] {
                let maps = HeatMaps::new(1, size, vec![value; size[0] * size[1]]).unwrap();
                for refinement in [Refinement::None, Refinement::Quarter, Refinement::Dark] {
                    let [x, y] = peaks(&maps, refinement)[0].at;
                    assert!(x.is_finite() && y.is_finite(), "{value}");
                }
            }
        }
    }
}
