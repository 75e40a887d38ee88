//! Growing of random forests.

use ambulo::assessment::forest::{Forest, Tree};
use ambulo::synth::SeededRng;

/// Settings of a forest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForestConfig {
    /// Trees.
    pub trees: usize,
    /// Examples that a leaf holds at least.
    pub least_leaf: usize,
    /// One column in so many is looked at for a split.
    pub one_column_in: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for ForestConfig {
    fn default() -> Self {
        Self {
            trees: 200,
            least_leaf: 3,
            one_column_in: 3,
            seed: 2020,
        }
    }
}

/// Why nothing can be learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrowError {
    /// There are no examples, or they have no columns.
    #[error("there is nothing to learn from")]
    Empty,
    /// Examples differ in their number of columns, or there is not one target for each.
    #[error("examples and targets do not form a table")]
    Shape,
    /// A number is not finite.
    #[error("a column or a target is not a number")]
    NotFinite,
}

/// Grows a forest on this many threads: any number of them gives the same forest.
///
/// Each tree learns from as many examples as there are, drawn with replacement, and looks at a few columns drawn anew
/// for each split. A column is split at one of 255 places at most, its quantiles; the split that leaves the least sum of
/// squares is taken. Of targets that are 1 for an example's class and 0 otherwise that is Gini's impurity, and the
/// answers are probabilities.
///
/// # Shapes
///
/// `rows` is `[examples, columns]`, `targets` `[examples, outputs]`.
///
/// # Errors
///
/// [`GrowError`] if that is not so.
///
/// # Source
///
/// Breiman (2001), "Random forests", doi:10.1023/A:1010933404324.
pub fn grow(
    rows: &[Vec<f64>],
    targets: &[Vec<f64>],
    config: &ForestConfig,
    threads: usize,
) -> Result<Forest, GrowError> {
    let columns = width(rows)?;
    let outputs = width(targets)?;
    if rows.len() != targets.len() {
        return Err(GrowError::Shape);
    }
    let table = Table {
        columns: (0..columns)
            .map(|column| Column::of(rows, column))
            .collect(),
        targets,
        outputs,
        config,
    };
    let numbers: Vec<usize> = (0..config.trees.max(1)).collect();
    let share = numbers.len().div_ceil(threads.max(1));
    let trees = std::thread::scope(|scope| {
        let workers: Vec<_> = numbers
            .chunks(share)
            .map(|numbers| {
                let table = &table;
                scope.spawn(move || numbers.iter().map(|&n| table.grow(n)).collect::<Vec<_>>())
            })
            .collect();
        let grown = workers.into_iter().map(|worker| {
            worker
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        grown.flatten().collect()
    });
    Ok(Forest {
        columns,
        outputs,
        trees,
    })
}

/// The columns that all rows have.
fn width(rows: &[Vec<f64>]) -> Result<usize, GrowError> {
    let width = rows.first().map_or(0, Vec::len);
    if width == 0 {
        return Err(GrowError::Empty);
    }
    if rows.iter().any(|row| row.len() != width) {
        return Err(GrowError::Shape);
    }
    if rows.iter().flatten().any(|value| !value.is_finite()) {
        return Err(GrowError::NotFinite);
    }
    Ok(width)
}

/// A column cut into ranges.
struct Column {
    /// Upper ends of all ranges but the last.
    thresholds: Vec<f64>,
    /// The range of each example.
    ranges: Vec<u8>,
}

impl Column {
    /// Ranges of a column, so many that each fits a byte.
    const MOST: usize = 256;

    fn of(rows: &[Vec<f64>], column: usize) -> Self {
        let mut sorted: Vec<f64> = rows.iter().map(|row| row[column]).collect();
        sorted.sort_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        let between = |pair: &[f64]| f64::midpoint(pair[0], pair[1]);
        let thresholds: Vec<f64> = if distinct.len() <= Self::MOST {
            distinct.windows(2).map(between).collect()
        } else {
            let cut = |i: usize| between(&sorted[i * sorted.len() / Self::MOST - 1..][..2]);
            let mut cuts: Vec<f64> = (1..Self::MOST).map(cut).collect();
            cuts.dedup();
            cuts
        };
        let range = |row: &Vec<f64>| {
            let range = thresholds.partition_point(|&threshold| threshold < row[column]);
            u8::try_from(range).unwrap_or(u8::MAX)
        };
        Self {
            ranges: rows.iter().map(range).collect(),
            thresholds,
        }
    }
}

/// What a tree grows on.
struct Table<'a> {
    columns: Vec<Column>,
    targets: &'a [Vec<f64>],
    outputs: usize,
    config: &'a ForestConfig,
}

/// Where a node is divided.
struct Cut {
    column: usize,
    /// The last range that goes left.
    range: u8,
    gain: f64,
}

impl Table<'_> {
    /// The tree of this number.
    fn grow(&self, number: usize) -> Tree {
        let mut seeds =
            SeededRng::new(self.config.seed ^ (number as u64).wrapping_mul(0x9E37_79B9));
        let mut rng = SeededRng::new(seeds.next_u64());
        let count = self.targets.len();
        let examples: Vec<usize> = (0..count).map(|_| rng.below(count)).collect();
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        let mut tree = Tree::default();
        // Each entry: examples of a node, and the split whose right child it is.
        let mut open = vec![(examples, None)];
        while let Some((examples, parent)) = open.pop() {
            let place = tree.column.len();
            if let Some(parent) = parent
                && let Some(right) = tree.right.get_mut::<usize>(parent)
            {
                *right = place;
            }
            let Some(cut) = self.cut(&examples, &mut order, &mut rng) else {
                let count = examples.len() as f64;
                let sums = self.sums(&examples);
                tree.column.push(-1);
                tree.threshold.push(0.0);
                tree.right.push(tree.leaves.len());
                tree.leaves
                    .push(sums.iter().map(|sum| sum / count).collect());
                continue;
            };
            let column = &self.columns[cut.column];
            let (left, right): (Vec<usize>, Vec<usize>) = examples
                .into_iter()
                .partition(|&example| column.ranges[example] <= cut.range);
            tree.column
                .push(i32::try_from(cut.column).unwrap_or(i32::MAX));
            tree.threshold
                .push(column.thresholds[usize::from(cut.range)]);
            tree.right.push(0);
            open.push((right, Some(place)));
            open.push((left, None));
        }
        tree
    }

    /// The sum of some examples' targets.
    fn sums(&self, examples: &[usize]) -> Vec<f64> {
        let mut sums = vec![0.0; self.outputs];
        for &example in examples {
            for (sum, value) in sums.iter_mut().zip(&self.targets[example]) {
                *sum += value;
            }
        }
        sums
    }

    /// The best division of some examples; `None` if none makes them more alike.
    fn cut(&self, examples: &[usize], order: &mut [usize], rng: &mut SeededRng) -> Option<Cut> {
        let least = self.config.least_leaf.max(1);
        if examples.len() < 2 * least {
            return None;
        }
        let sums = self.sums(examples);
        let total = examples.len() as f64;
        let whole: f64 = sums.iter().map(|sum| sum * sum / total).sum();
        // Differences below the rounding of sums of squares are none.
        let targets = examples.iter().flat_map(|&i| &self.targets[i]);
        let squares: f64 = targets.map(|target| target * target).sum();
        let mut best: Option<Cut> = None;
        let looked_at = order.len().div_ceil(self.config.one_column_in.max(1));
        let mut left = vec![0.0; self.outputs];
        for drawn in 0..looked_at {
            let other = drawn + rng.below(order.len() - drawn);
            order.swap(drawn, other);
            let column = &self.columns[order[drawn]];
            let mut counts = vec![0_usize; column.thresholds.len() + 1];
            let mut by_range = vec![0.0; counts.len() * self.outputs];
            for &example in examples {
                let range = usize::from(column.ranges[example]);
                counts[range] += 1;
                let own = &mut by_range[range * self.outputs..][..self.outputs];
                for (sum, value) in own.iter_mut().zip(&self.targets[example]) {
                    *sum += value;
                }
            }
            let mut count = 0;
            left.fill(0.0);
            let ranges = by_range.chunks_exact(self.outputs).zip(&counts);
            for (range, (own, more)) in (0_u8..=u8::MAX).zip(ranges.take(column.thresholds.len())) {
                count += more;
                for (left, value) in left.iter_mut().zip(own) {
                    *left += value;
                }
                let rest = examples.len() - count;
                if *more == 0 || count < least || rest < least {
                    continue;
                }
                let split: f64 = left
                    .iter()
                    .zip(&sums)
                    .map(|(left, sum)| {
                        let right = sum - left;
                        left * left / count as f64 + right * right / rest as f64
                    })
                    .sum();
                let gain = split - whole;
                if gain > best.as_ref().map_or(1e-12 * squares, |cut| cut.gain) {
                    best = Some(Cut {
                        column: order[drawn],
                        range,
                        gain,
                    });
                }
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: ForestConfig = ForestConfig {
        trees: 60,
        least_leaf: 1,
        one_column_in: 1,
        seed: 7,
    };

    /// A step of both targets in the first column at 0.5; the second column is noise.
    fn step(count: usize) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let mut rng = SeededRng::new(3);
        let rows: Vec<Vec<f64>> = (0..count).map(|_| vec![rng.unit(), rng.unit()]).collect();
        let target = |row: &Vec<f64>| {
            if row[0] > 0.5 {
                vec![5.0, 0.0]
            } else {
                vec![2.0, 1.0]
            }
        };
        let targets = rows.iter().map(target).collect();
        (rows, targets)
    }

    #[test]
    fn a_step_is_found_exactly_and_noise_is_not_split() {
        let (rows, targets) = step(200);
        let forest = grow(&rows, &targets, &CONFIG, 1)
            .unwrap()
            .checked()
            .unwrap();
        for (x, expected) in [(0.1, [2.0, 1.0]), (0.45, [2.0, 1.0]), (0.9, [5.0, 0.0])] {
            for noise in [0.0, 1.0] {
                let found = forest.predict(&[x, noise]);
                let near = found
                    .iter()
                    .zip(expected)
                    .all(|(a, b)| (a - b).abs() < 1e-9);
                assert!(near, "{x}: {found:?}");
            }
        }
        assert!(forest.trees.iter().all(|tree| tree.column.len() == 3));
    }

    #[test]
    fn any_number_of_threads_gives_the_same_forest_and_another_seed_another() {
        let (rows, mut targets) = step(80);
        let mut rng = SeededRng::new(5);
        for target in &mut targets {
            target[0] += rng.normal();
        }
        let config = ForestConfig {
            trees: 7,
            ..ForestConfig::default()
        };
        let forest = grow(&rows, &targets, &config, 1).unwrap();
        for threads in [2, 3, 16] {
            let other = grow(&rows, &targets, &config, threads).unwrap();
            assert_eq!(other, forest, "{threads} threads");
        }
        let other = ForestConfig { seed: 1, ..config };
        assert_ne!(grow(&rows, &targets, &other, 1).unwrap(), forest);
    }

    #[test]
    fn leaves_hold_as_many_examples_as_asked_for() {
        let (rows, targets) = step(9);
        let config = ForestConfig {
            least_leaf: 9,
            ..CONFIG
        };
        let forest = grow(&rows, &targets, &config, 1).unwrap();
        assert!(forest.trees.iter().all(|tree| tree.column.len() == 1));
        assert_eq!(grow(&[], &[], &config, 1), Err(GrowError::Empty));
        assert_eq!(
            grow(&rows, &targets[1..], &config, 1),
            Err(GrowError::Shape)
        );
    }
}
