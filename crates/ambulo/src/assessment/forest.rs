//! Decision trees that vote.

use serde::{Deserialize, Serialize};

/// Trees whose mean is the answer.
///
/// # Source
///
/// Breiman (2001), "Random forests", doi:10.1023/A:1010933404324.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Forest {
    /// Columns of a row.
    pub columns: usize,
    /// Numbers of an answer.
    pub outputs: usize,
    /// The trees; never none.
    pub trees: Vec<Tree>,
}

/// One tree. Nodes lie one after the other, a parent before its children.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The column that each node looks at; −1 for a leaf.
    pub column: Vec<i32>,
    /// Values up to this one go to the next node, others to that of `right`; 0 for a leaf.
    pub threshold: Vec<f64>,
    /// The node to the right; for a leaf, which of `leaves` it is.
    pub right: Vec<usize>,
    /// Answers of the leaves.
    pub leaves: Vec<Vec<f64>>,
}

/// A forest that is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("tree {tree} of the forest is damaged at node {node}: {what}")]
pub struct ForestError {
    /// The tree.
    pub tree: usize,
    /// The node.
    pub node: usize,
    /// What is wrong.
    pub what: &'static str,
}

impl Forest {
    /// Checks a forest that was read, so that no row can lead out of it or round in circles.
    ///
    /// # Errors
    ///
    /// [`ForestError`] names the first node that is wrong.
    pub fn checked(self) -> Result<Self, ForestError> {
        let wrong = |tree, node, what| Err(ForestError { tree, node, what });
        if self.trees.is_empty() || self.outputs == 0 {
            return wrong(0, 0, "there are no trees or no answers");
        }
        for (index, tree) in self.trees.iter().enumerate() {
            let nodes = tree.column.len();
            if nodes == 0 || tree.threshold.len() != nodes || tree.right.len() != nodes {
                return wrong(index, 0, "the lists of nodes differ in length");
            }
            for node in 0..nodes {
                let right = tree.right[node];
                let Ok(column) = usize::try_from(tree.column[node]) else {
                    let leaf = tree.leaves.get(right);
                    if leaf.is_none_or(|leaf| leaf.len() != self.outputs) {
                        return wrong(index, node, "a leaf has no answer");
                    }
                    continue;
                };
                if column >= self.columns || !tree.threshold[node].is_finite() {
                    return wrong(index, node, "it looks at no column");
                }
                if right <= node + 1 || right >= nodes {
                    return wrong(index, node, "its children are not behind it");
                }
            }
        }
        Ok(self)
    }

    /// The mean answer for a row.
    ///
    /// # Panics
    ///
    /// If the row has fewer columns than the forest, or the forest was not [`Self::checked`].
    pub fn predict(&self, row: &[f64]) -> Vec<f64> {
        let mut sums = vec![0.0; self.outputs];
        for tree in &self.trees {
            for (sum, value) in sums.iter_mut().zip(tree.answer(row)) {
                *sum += value;
            }
        }
        let count = self.trees.len() as f64;
        sums.iter().map(|sum| sum / count).collect()
    }
}

impl Tree {
    /// The answer of the leaf that a row leads to.
    fn answer(&self, row: &[f64]) -> &[f64] {
        let mut node = 0;
        loop {
            let Ok(column) = usize::try_from(self.column[node]) else {
                return &self.leaves[self.right[node]];
            };
            node = if row[column] <= self.threshold[node] {
                node + 1
            } else {
                self.right[node]
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stump() -> Forest {
        Forest {
            columns: 1,
            outputs: 2,
            trees: vec![Tree {
                column: vec![0, -1, -1],
                threshold: vec![0.5, 0.0, 0.0],
                right: vec![2, 0, 1],
                leaves: vec![vec![1.0, 0.0], vec![0.25, 0.75]],
            }],
        }
    }

    #[test]
    fn a_row_goes_left_up_to_the_threshold() {
        let forest = stump().checked().unwrap();
        assert_eq!(forest.predict(&[0.5]), [1.0, 0.0]);
        assert_eq!(forest.predict(&[0.6]), [0.25, 0.75]);
    }

    #[test]
    fn a_damaged_forest_is_refused() {
        let damages: [fn(&mut Forest); 6] = [
            |it| it.trees.clear(),
            |it| it.trees[0].right[0] = 0,
            |it| it.trees[0].right[0] = 9,
            |it| it.trees[0].right[1] = 2,
            |it| it.trees[0].column[0] = 1,
            |it| it.trees[0].leaves[1].push(0.0),
        ];
        for damage in damages {
            let mut forest = stump();
            damage(&mut forest);
            assert!(forest.checked().is_err());
        }
    }
}
