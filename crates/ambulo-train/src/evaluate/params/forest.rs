//! A forest of regression trees.

use ambulo::assessment::forest;

use super::ridge::{FitError, check};
pub use crate::forest::ForestConfig;
use crate::forest::grow;

/// Trees whose mean is the estimate: [`grow`] for one number.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest(forest::Forest);

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
        check(rows, targets)?;
        let targets: Vec<Vec<f64>> = targets.iter().map(|&target| vec![target]).collect();
        let grown = grow(rows, &targets, config, threads);
        grown.map(Self).map_err(|_| FitError::Shape)
    }

    /// The estimate for a row of as many columns as were fitted.
    pub fn predict(&self, row: &[f64]) -> f64 {
        self.0.predict(row)[0]
    }
}
