//! What a network shall answer: maps of Gaussians, and how much each joint counts.

use super::{JOINTS, Label};

/// What kind of answer the network is trained to give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Targets {
    /// Standard deviation of a peak in cells.
    pub sigma_cells: f64,
    /// What a joint counts that is known but hidden.
    pub hidden_weight: f32,
    /// Which joints count at the edge.
    pub edge: Edge,
}

/// Which joints count at the edge of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Those of which anything can be seen: within three standard deviations (maps of Gaussians).
    Seen,
    /// Those that lie on a cell (probabilities: what lies outside has none).
    Inside,
}

impl Targets {
    /// The paper's: hidden joints count like visible ones.
    pub const PAPER: Self = Self {
        sigma_cells: 2.0,
        hidden_weight: 1.0,
        edge: Edge::Seen,
    };

    /// Ours: probabilities, hidden joints count half.
    pub const OURS: Self = Self {
        sigma_cells: 1.6,
        hidden_weight: 0.5,
        edge: Edge::Inside,
    };

    /// Places in cells and weights of the first `joints` joints. Joints that do not count lie at (0, 0).
    pub fn points(
        &self,
        labels: &[Label; JOINTS],
        joints: usize,
        map_cells: [usize; 2],
    ) -> (Vec<[f32; 2]>, Vec<f32>) {
        let labels = labels.iter().take(joints);
        labels
            .map(|label| {
                let weight = match label {
                    Label::Unlabelled => 0.0,
                    Label::Hidden(_) => self.hidden_weight,
                    Label::Visible(_) => 1.0,
                };
                match label.position_px() {
                    Some(at) if weight > 0.0 && self.counts(at, map_cells) => {
                        #[expect(clippy::cast_possible_truncation, reason = "tensors are of f32")]
                        let at = at.map(|along| along as f32);
                        (at, weight)
                    }
                    _ => ([0.0; 2], 0.0),
                }
            })
            .unzip()
    }

    fn counts(&self, at: [f64; 2], map_cells: [usize; 2]) -> bool {
        at.iter().zip(map_cells).all(|(&at, cells)| {
            let cells = cells as f64;
            match self.edge {
                Edge::Seen => {
                    let reach = 3.0 * self.sigma_cells;
                    at - reach < cells && at + reach + 1.0 >= 0.0
                }
                Edge::Inside => (-0.5..cells - 0.5).contains(&at),
            }
        })
    }
}

/// Maps with a Gaussian of height 1 about each point, its middle between cells: `[points, height, width]`.
/// Points without weight have empty maps.
///
/// # Source
///
/// Zhang et al. (2020), arXiv:1910.06278, section 3.2: no rounding to cells.
pub fn gaussian_maps(
    points: &[[f32; 2]],
    weights: &[f32],
    map_cells: [usize; 2],
    sigma_cells: f64,
) -> Vec<f32> {
    let [width, height] = map_cells;
    let mut maps = vec![0.0; points.len() * width * height];
    #[expect(clippy::cast_possible_truncation, reason = "maps are of f32")]
    let narrow = (0.5 / (sigma_cells * sigma_cells)) as f32;
    let profile = |middle: f32, cells: usize| -> Vec<f32> {
        (0..cells)
            .map(|cell| {
                let apart = cell as f32 - middle;
                (-apart * apart * narrow).exp()
            })
            .collect()
    };
    let maps_of = maps.chunks_exact_mut((width * height).max(1));
    for ((map, &[x, y]), &weight) in maps_of.zip(points).zip(weights) {
        if weight > 0.0 {
            let (across, down) = (profile(x, width), profile(y, height));
            for (row, down) in map.chunks_exact_mut(width).zip(down) {
                for (cell, across) in row.iter_mut().zip(&across) {
                    *cell = across * down;
                }
            }
        }
    }
    maps
}

/// The same maps as probabilities: each sums to 1, empty ones stay empty.
pub fn distributions(
    points: &[[f32; 2]],
    weights: &[f32],
    map_cells: [usize; 2],
    sigma_cells: f64,
) -> Vec<f32> {
    let mut maps = gaussian_maps(points, weights, map_cells, sigma_cells);
    for map in maps.chunks_exact_mut((map_cells[0] * map_cells[1]).max(1)) {
        let sum: f32 = map.iter().sum();
        if sum > 0.0 {
            for cell in map {
                *cell /= sum;
            }
        }
    }
    maps
}

#[cfg(test)]
mod tests {
    use ambulo_nn::codec::pose2d::decode::{Refinement, peaks};
    use ambulo_nn::codec::pose2d::maps::HeatMaps;

    use super::*;

    #[test]
    fn what_is_drawn_between_cells_is_decoded_there() {
        let points = [[20.3, 30.7], [9.5, 50.1]];
        let maps = gaussian_maps(&points, &[1.0, 0.5], [48, 64], 2.0);
        assert!(maps[30 * 48 + 20] < 1.0);
        let maps = HeatMaps::new(2, [48, 64], maps).unwrap();
        for (peak, point) in peaks(&maps, Refinement::Dark).iter().zip(points) {
            for (found, drawn) in peak.at.iter().zip(point) {
                assert!((found - f64::from(drawn)).abs() < 1e-3);
            }
        }
    }

    /// Numbers in halves, to be compared exactly.
    #[expect(clippy::cast_possible_truncation, reason = "small numbers")]
    fn halves(numbers: &[f32]) -> Vec<i32> {
        numbers.iter().map(|number| (2.0 * number) as i32).collect()
    }

    #[test]
    fn unlabelled_joints_do_not_count_and_hidden_ones_less() {
        let mut labels = [Label::Unlabelled; JOINTS];
        labels[0] = Label::Visible([3.0, 4.0]);
        labels[1] = Label::Hidden([5.0, 6.0]);
        let (points, weights) = Targets::OURS.points(&labels, 17, [24, 32]);
        assert_eq!((points.len(), weights.len()), (17, 17));
        assert_eq!(halves(&weights[..3]), [2, 1, 0]);
        assert_eq!(halves(points[..3].as_flattened()), [6, 8, 10, 12, 0, 0]);
    }

    #[test]
    fn at_the_edge_gaussians_count_while_seen_and_probabilities_while_inside() {
        let weight = |targets: Targets, x: f64| {
            let mut labels = [Label::Unlabelled; JOINTS];
            labels[0] = Label::Visible([x, 10.0]);
            targets.points(&labels, 1, [48, 64]).1[0]
        };
        for (x, seen, inside) in [
            (-7.5, 0.0, 0.0),
            (-6.5, 1.0, 0.0),
            (-0.4, 1.0, 1.0),
            (47.4, 1.0, 1.0),
            (47.6, 1.0, 0.0),
            (53.9, 1.0, 0.0),
            (54.1, 0.0, 0.0),
        ] {
            let found = [weight(Targets::PAPER, x), weight(Targets::OURS, x)];
            assert_eq!(halves(&found), halves(&[seen, inside]), "{x}");
        }
    }

    #[test]
    fn distributions_sum_to_one_unless_empty() {
        let maps = distributions(&[[1.0, 2.0], [3.0, 3.0]], &[1.0, 0.0], [8, 9], 1.6);
        let sums: Vec<f32> = maps.chunks(72).map(|map| map.iter().sum()).collect();
        assert!((sums[0] - 1.0).abs() < 1e-5 && sums[1].to_bits() == 0);
    }
}
