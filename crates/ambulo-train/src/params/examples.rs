//! Batches of windows, and how targets become numbers from 0 to 1.

use ambulo_nn::codec::params::{Legs, Recipe};
use ambulo_nn::config::NetworkConfig;

use super::ParamsRow;
use crate::datasets::takes::narrow;
use crate::film::{chance, clip_rng};

/// The range of a target in training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The smallest target.
    pub min: f64,
    /// From the smallest to the largest.
    pub range: f64,
}

impl Scale {
    /// The range of rows; `None` if their targets do not differ.
    pub fn of(rows: &[ParamsRow]) -> Option<Self> {
        let targets = || rows.iter().map(|row| row.target);
        let min = targets().reduce(f64::min)?;
        let range = targets().reduce(f64::max)? - min;
        (range > 0.0).then_some(Self { min, range })
    }

    /// From the target's unit to 0 to 1.
    pub fn scaled(&self, target: f64) -> f64 {
        (target - self.min) / self.range
    }

    /// From 0 to 1 to the target's unit.
    pub fn unscaled(&self, value: f64) -> f64 {
        self.min + self.range * value
    }
}

/// Slope and intercept of the least-squares line of the second numbers on the first; `None` if the first do
/// not differ.
pub fn line(pairs: &[[f64; 2]]) -> Option<[f64; 2]> {
    let count = pairs.len() as f64;
    let mean = |side: usize| pairs.iter().map(|pair| pair[side]).sum::<f64>() / count;
    let (x, y) = (mean(0), mean(1));
    let spread: f64 = pairs.iter().map(|pair| (pair[0] - x).powi(2)).sum();
    let shared: f64 = pairs.iter().map(|pair| (pair[0] - x) * (pair[1] - y)).sum();
    let slope = shared / spread;
    (spread > 1e-12 * (1.0 + x * x)).then_some([slope, y - slope * x])
}

/// Windows, row-major and one after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamsBatch {
    /// `[batch, numbers of a window]`.
    pub input: Vec<f32>,
    /// `[batch]`: targets, 0 to 1.
    pub target: Vec<f32>,
    /// `[batch]`: how much each window counts, 1 on the mean over all.
    pub weight: Vec<f32>,
}

/// One window.
#[derive(Debug, Clone, PartialEq)]
struct Example {
    window: Vec<f32>,
    target: f32,
    weight: f32,
    legs: Legs,
}

/// All windows of rows, in passes.
#[derive(Debug, Clone, PartialEq)]
pub struct Examples {
    all: Vec<Example>,
    /// The networks order the numbers of a frame in their own way.
    is_stt: bool,
    recipe: Recipe,
    mirrored: f64,
}

impl Examples {
    /// The windows of rows. In [`Recipe::Paper`] all windows weigh alike and come in the order of the
    /// published code: those of all left legs, then those of all right ones. In [`Recipe::Fixed`] those of
    /// a recording weigh as much as those of another, and each pass has an order of its own.
    pub fn new(rows: &[ParamsRow], scale: Scale, network: &NetworkConfig, recipe: Recipe) -> Self {
        let windows: usize = rows.iter().map(|row| row.windows.len()).sum();
        let each = windows as f64 / rows.len().max(1) as f64;
        let of_row = |row: &ParamsRow| {
            let weight = match recipe {
                Recipe::Paper => 1.0,
                Recipe::Fixed => each / row.windows.len().max(1) as f64,
            };
            let (target, legs) = (narrow(scale.scaled(row.target)), row.legs);
            let weight = narrow(weight);
            let windows = row.windows.clone().into_iter();
            windows
                .map(move |window| Example {
                    window,
                    target,
                    weight,
                    legs,
                })
                .collect::<Vec<_>>()
        };
        let mut examples: Vec<Example> = rows.iter().flat_map(of_row).collect();
        examples.sort_by_key(|example| example.legs == Legs::One(ambulo::Side::Right));
        Self {
            all: examples,
            is_stt: matches!(network, NetworkConfig::Stt(_)),
            recipe,
            mirrored: 0.0,
        }
    }

    /// The same, of which a share is shown as in a mirror.
    #[must_use]
    pub fn mirrored(self, share: f64) -> Self {
        Self {
            mirrored: share,
            ..self
        }
    }

    /// Batches of a pass; the last may be smaller.
    pub fn steps(&self, size: usize) -> u64 {
        (self.all.len().div_ceil(size.max(1)) as u64).max(1)
    }

    /// The batch of a step. The same arguments always give the same batch.
    pub fn batch(&self, seed: u64, step: u64, size: usize) -> ParamsBatch {
        let steps = self.steps(size);
        let (pass, place) = (step / steps, step % steps);
        let mut order: Vec<usize> = (0..self.all.len()).collect();
        if self.recipe == Recipe::Fixed {
            let mut rng = clip_rng(seed, pass, u64::MAX);
            for last in (1..order.len()).rev() {
                order.swap(last, rng.below(last + 1));
            }
        }
        let mut rng = clip_rng(seed, step, 0);
        let first = usize::try_from(place).unwrap_or(0) * size;
        let mut batch = ParamsBatch {
            input: Vec::new(),
            target: Vec::new(),
            weight: Vec::new(),
        };
        for &index in order.iter().skip(first).take(size) {
            let example = &self.all[index];
            let start = batch.input.len();
            batch.input.extend_from_slice(&example.window);
            if chance(&mut rng, self.mirrored) {
                mirror(&mut batch.input[start..], example.legs, self.is_stt);
            }
            batch.target.push(example.target);
            batch.weight.push(example.weight);
        }
        batch
    }
}

/// The window of the mirrored picture. Of one leg, X changes its sign: the leg goes the other way. Of both
/// legs, which go to the left in every picture, they change places.
fn mirror(window: &mut [f32], legs: Legs, is_stt: bool) {
    let width = match (is_stt, legs) {
        (true, Legs::One(_)) => 8,
        (true, Legs::Both) => 16,
        (false, Legs::One(_)) => 12,
        (false, Legs::Both) => 23,
    };
    for frame in window.chunks_exact_mut(width) {
        if legs == Legs::Both {
            let (left, right) = frame[..16].split_at_mut(8);
            left.swap_with_slice(right);
            if let [
                knee,
                other_knee,
                ankle,
                other_ankle,
                foot,
                other_foot,
                apart,
            ] = &mut frame[16..]
            {
                std::mem::swap(knee, other_knee);
                std::mem::swap(ankle, other_ankle);
                std::mem::swap(foot, other_foot);
                *apart = -*apart;
            }
        } else {
            for x in frame[..8].iter_mut().step_by(2) {
                *x = -*x;
            }
            if let Some(apart) = frame.get_mut(11) {
                *apart = -*apart;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ambulo::Side;

    use super::*;
    use crate::motion::Role;

    fn row(name: &str, legs: Legs, windows: usize, target: f64) -> ParamsRow {
        ParamsRow {
            recording: name.to_owned(),
            person: name.to_owned(),
            role: Role::Train,
            legs,
            windows: (0..windows).map(|w| vec![w as f32; 8]).collect(),
            target,
        }
    }

    fn stt() -> NetworkConfig {
        NetworkConfig::Stt(ambulo_nn::config::SttConfig::published(4))
    }

    #[test]
    fn recordings_weigh_alike_and_passes_hold_every_window_once() {
        let one = Legs::One(Side::Left);
        let rows = [row("a", one, 1, 0.0), row("b", one, 3, 10.0)];
        let scale = Scale::of(&rows).unwrap();
        let examples = Examples::new(&rows, scale, &stt(), Recipe::Fixed);
        assert_eq!(examples.steps(3), 2);
        let (first, second) = (examples.batch(1, 0, 3), examples.batch(1, 1, 3));
        assert_eq!((first.target.len(), second.target.len()), (3, 1));
        let of_b = first
            .target
            .iter()
            .chain(&second.target)
            .filter(|t| **t > 0.5);
        assert_eq!(of_b.count(), 3);
        let sum: f32 = first.weight.iter().chain(&second.weight).sum();
        assert!((sum - 4.0).abs() < 1e-6, "{sum}");
        assert_eq!(first, examples.batch(1, 0, 3));
    }

    #[test]
    fn the_published_order_is_left_then_right_in_every_pass() {
        let (left, right) = (Legs::One(Side::Left), Legs::One(Side::Right));
        let rows = [row("a", right, 2, 0.0), row("a", left, 2, 10.0)];
        let scale = Scale::of(&rows).unwrap();
        let examples = Examples::new(&rows, scale, &stt(), Recipe::Paper);
        for pass in 0..3 {
            let batch = examples.batch(1, pass, 4);
            assert_eq!(batch.target, [1.0, 1.0, 0.0, 0.0]);
            assert_eq!(batch.weight, [1.0; 4]);
        }
    }

    #[test]
    fn mirroring_twice_changes_nothing() {
        for (legs, is_stt, width) in [
            (Legs::One(Side::Left), true, 8),
            (Legs::Both, true, 16),
            (Legs::One(Side::Right), false, 12),
            (Legs::Both, false, 23),
        ] {
            let window: Vec<f32> = (0..2 * width).map(|i| i as f32 + 1.0).collect();
            let mut twice = window.clone();
            mirror(&mut twice, legs, is_stt);
            assert_ne!(twice, window);
            mirror(&mut twice, legs, is_stt);
            assert_eq!(twice, window);
        }
    }

    #[test]
    fn the_line_of_points_on_a_line_is_that_line() {
        let [slope, intercept] = line(&[[0.0, 1.0], [1.0, 3.0], [2.0, 5.0]]).unwrap();
        assert!((slope - 2.0).abs() < 1e-12 && (intercept - 1.0).abs() < 1e-12);
        assert_eq!(line(&[[1.0, 2.0], [1.0, 3.0]]), None);
    }
}
