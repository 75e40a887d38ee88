//! A forest of regression trees.

use ambulo::synth::SeededRng;

use super::ridge::{FitError, check};

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

/// Trees whose mean is the estimate.
///
/// Each tree learns from as many examples as there are, drawn with replacement, and looks at a few columns
/// drawn anew for each split. A column is split at one of 255 places at most, its quantiles.
///
/// # Source
///
/// Breiman (2001), "Random forests", doi:10.1023/A:1010933404324.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    trees: Vec<Vec<Node>>,
}

/// A node of a tree; children come after their parent.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Node {
    Leaf(f64),
    Split {
        column: usize,
        /// Values up to this one go to the next node, others to `right`.
        threshold: f64,
        right: usize,
    },
}

impl Forest {
    /// Grows a forest on this many threads: any number of them gives the same forest.
    ///
    /// # Shapes
    ///
    /// `rows` is `[examples, columns]`, `targets` `[examples]`.
    ///
    /// # Errors
    ///
    /// [`FitError`] if that is not so.
    pub fn fit(
        rows: &[Vec<f64>],
        targets: &[f64],
        config: &ForestConfig,
        threads: usize,
    ) -> Result<Self, FitError> {
        let columns = check(rows, targets)?;
        let table = Table {
            columns: (0..columns)
                .map(|column| Column::of(rows, column))
                .collect(),
            targets,
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
        Ok(Self { trees })
    }

    /// The estimate for a row of as many columns as were fitted.
    pub fn predict(&self, row: &[f64]) -> f64 {
        let sum: f64 = self.trees.iter().map(|tree| of_tree(tree, row)).sum();
        sum / self.trees.len() as f64
    }
}

fn of_tree(tree: &[Node], row: &[f64]) -> f64 {
    let mut place = 0;
    loop {
        match tree[place] {
            Node::Leaf(value) => return value,
            Node::Split {
                column,
                threshold,
                right,
            } => {
                place = if row[column] <= threshold {
                    place + 1
                } else {
                    right
                }
            }
        }
    }
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
    targets: &'a [f64],
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
    fn grow(&self, number: usize) -> Vec<Node> {
        let mut seeds =
            SeededRng::new(self.config.seed ^ (number as u64).wrapping_mul(0x9E37_79B9));
        let mut rng = SeededRng::new(seeds.next_u64());
        let count = self.targets.len();
        let examples: Vec<usize> = (0..count).map(|_| rng.below(count)).collect();
        let mut order: Vec<usize> = (0..self.columns.len()).collect();
        let mut tree = Vec::new();
        // Each entry: examples of a node, and the split whose right child it is.
        let mut open = vec![(examples, None)];
        while let Some((examples, parent)) = open.pop() {
            let place = tree.len();
            if let Some(parent) = parent
                && let Some(Node::Split { right, .. }) = tree.get_mut::<usize>(parent)
            {
                *right = place;
            }
            let Some(cut) = self.cut(&examples, &mut order, &mut rng) else {
                let sum: f64 = examples.iter().map(|&i| self.targets[i]).sum();
                tree.push(Node::Leaf(sum / examples.len() as f64));
                continue;
            };
            let column = &self.columns[cut.column];
            let (left, right): (Vec<usize>, Vec<usize>) = examples
                .into_iter()
                .partition(|&example| column.ranges[example] <= cut.range);
            tree.push(Node::Split {
                column: cut.column,
                threshold: column.thresholds[usize::from(cut.range)],
                right: 0,
            });
            open.push((right, Some(place)));
            open.push((left, None));
        }
        tree
    }

    /// The best division of some examples; `None` if none makes them more alike.
    fn cut(&self, examples: &[usize], order: &mut [usize], rng: &mut SeededRng) -> Option<Cut> {
        let least = self.config.least_leaf.max(1);
        if examples.len() < 2 * least {
            return None;
        }
        let sum: f64 = examples.iter().map(|&i| self.targets[i]).sum();
        let whole = sum * sum / examples.len() as f64;
        // Differences below the rounding of sums of squares are none.
        let squares: f64 = examples.iter().map(|&i| self.targets[i].powi(2)).sum();
        let mut best: Option<Cut> = None;
        let looked_at = order.len().div_ceil(self.config.one_column_in.max(1));
        for drawn in 0..looked_at {
            let other = drawn + rng.below(order.len() - drawn);
            order.swap(drawn, other);
            let column = &self.columns[order[drawn]];
            let mut sums = vec![(0_usize, 0.0); column.thresholds.len() + 1];
            for &example in examples {
                let (count, sum) = &mut sums[usize::from(column.ranges[example])];
                *count += 1;
                *sum += self.targets[example];
            }
            let (mut count, mut left) = (0, 0.0);
            for (range, (more, value)) in (0_u8..=u8::MAX).zip(&sums[..column.thresholds.len()]) {
                count += more;
                left += value;
                let rest = examples.len() - count;
                if *more == 0 || count < least || rest < least {
                    continue;
                }
                let right = sum - left;
                let gain = left * left / count as f64 + right * right / rest as f64 - whole;
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

    /// A step from 2 to 5 in the first column at 0.5, the second column is noise.
    fn step(count: usize) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut rng = SeededRng::new(3);
        let rows: Vec<Vec<f64>> = (0..count).map(|_| vec![rng.unit(), rng.unit()]).collect();
        let targets = rows.iter().map(|row| if row[0] > 0.5 { 5.0 } else { 2.0 });
        let targets = targets.collect();
        (rows, targets)
    }

    #[test]
    fn a_step_is_found_exactly_and_noise_is_not_split() {
        let (rows, targets) = step(200);
        let forest = Forest::fit(&rows, &targets, &CONFIG, 1).unwrap();
        for (x, expected) in [(0.1, 2.0), (0.45, 2.0), (0.55, 5.0), (0.9, 5.0)] {
            for noise in [0.0, 1.0] {
                let found = forest.predict(&[x, noise]);
                assert!((found - expected).abs() < 1e-9, "{x}: {found}");
            }
        }
        assert!(forest.trees.iter().all(|tree| tree.len() == 3));
    }

    #[test]
    fn any_number_of_threads_gives_the_same_forest_and_another_seed_another() {
        let (rows, mut targets) = step(80);
        let mut rng = SeededRng::new(5);
        for target in &mut targets {
            *target += rng.normal();
        }
        let config = ForestConfig {
            trees: 7,
            ..ForestConfig::default()
        };
        let forest = Forest::fit(&rows, &targets, &config, 1).unwrap();
        for threads in [2, 3, 16] {
            let other = Forest::fit(&rows, &targets, &config, threads).unwrap();
            assert_eq!(other, forest, "{threads} threads");
        }
        let other = ForestConfig { seed: 1, ..config };
        assert_ne!(Forest::fit(&rows, &targets, &other, 1).unwrap(), forest);
    }

    #[test]
    fn leaves_hold_as_many_examples_as_asked_for() {
        let (rows, targets) = step(9);
        let config = ForestConfig {
            least_leaf: 9,
            ..CONFIG
        };
        let forest = Forest::fit(&rows, &targets, &config, 1).unwrap();
        assert!(forest.trees.iter().all(|tree| tree.len() == 1));
        assert_eq!(Forest::fit(&[], &[], &config, 1), Err(FitError::Empty));
    }
}
