//! Linear regression with a penalty on large weights.

use nalgebra::{DMatrix, DVector};

/// A fitted line through many columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    /// The penalty.
    pub alpha: f64,
    means: Vec<f64>,
    /// Of each column in its own unit; 0 for columns that never vary.
    weights: Vec<f64>,
    offset: f64,
}

/// Why nothing can be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
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

/// Penalties that are tried: 10⁻⁴ to 10⁴.
const EXPONENTS: std::ops::RangeInclusive<i32> = -4..=4;

impl Ridge {
    /// Fits columns, each brought to a standard deviation of 1 first.
    ///
    /// # Shapes
    ///
    /// `rows` is `[examples, columns]`, `targets` `[examples]`.
    ///
    /// # Errors
    ///
    /// [`FitError`] if that is not so.
    pub fn fit(rows: &[Vec<f64>], targets: &[f64], alpha: f64) -> Result<Self, FitError> {
        let columns = check(rows, targets)?;
        let table = Standard::of(rows, columns);
        Ok(table.fit(&table.products(), targets, alpha))
    }

    /// The fit whose penalty, of 10⁻⁴ to 10⁴, errs least on examples for tuning (mean squares); of equals
    /// the smallest penalty.
    ///
    /// # Errors
    ///
    /// [`FitError`] as for [`Self::fit`], for either set.
    pub fn tuned(
        (rows, targets): (&[Vec<f64>], &[f64]),
        (tuning_rows, tuning_targets): (&[Vec<f64>], &[f64]),
    ) -> Result<Self, FitError> {
        let columns = check(rows, targets)?;
        if check(tuning_rows, tuning_targets)? != columns {
            return Err(FitError::Shape);
        }
        let table = Standard::of(rows, columns);
        let products = table.products();
        let fits = EXPONENTS.map(|exponent| table.fit(&products, targets, 10.0_f64.powi(exponent)));
        let error = |fit: &Self| -> f64 {
            let pairs = tuning_rows.iter().zip(tuning_targets);
            pairs
                .map(|(row, target)| (fit.predict(row) - target).powi(2))
                .sum()
        };
        let best = fits.min_by(|a, b| error(a).total_cmp(&error(b)));
        best.ok_or(FitError::Empty)
    }

    /// The estimate for a row of as many columns as were fitted.
    pub fn predict(&self, row: &[f64]) -> f64 {
        let terms = row.iter().zip(&self.means).zip(&self.weights);
        self.offset
            + terms
                .map(|((x, mean), weight)| weight * (x - mean))
                .sum::<f64>()
    }
}

/// Checks a table and returns its columns.
pub(super) fn check(rows: &[Vec<f64>], targets: &[f64]) -> Result<usize, FitError> {
    let columns = rows.first().map_or(0, Vec::len);
    if columns == 0 {
        return Err(FitError::Empty);
    }
    if rows.len() != targets.len() || rows.iter().any(|row| row.len() != columns) {
        return Err(FitError::Shape);
    }
    let mut numbers = rows.iter().flatten().chain(targets);
    if numbers.any(|number| !number.is_finite()) {
        return Err(FitError::NotFinite);
    }
    Ok(columns)
}

/// Columns with a mean of 0 and a standard deviation of 1.
struct Standard {
    means: Vec<f64>,
    spreads: Vec<f64>,
    table: DMatrix<f64>,
}

impl Standard {
    fn of(rows: &[Vec<f64>], columns: usize) -> Self {
        let count = rows.len() as f64;
        let means: Vec<f64> = (0..columns)
            .map(|column| rows.iter().map(|row| row[column]).sum::<f64>() / count)
            .collect();
        let spread = |column: usize| {
            let squares = rows.iter().map(|row| (row[column] - means[column]).powi(2));
            (squares.sum::<f64>() / count).sqrt()
        };
        let spreads: Vec<f64> = (0..columns).map(spread).collect();
        let cell = |row: usize, column: usize| {
            let spread = spreads[column];
            let offset = rows[row][column] - means[column];
            if varies(spread, means[column]) {
                offset / spread
            } else {
                0.0
            }
        };
        let table = DMatrix::from_fn(rows.len(), columns, cell);
        Self {
            means,
            spreads,
            table,
        }
    }

    fn products(&self) -> DMatrix<f64> {
        self.table.tr_mul(&self.table)
    }

    fn fit(&self, products: &DMatrix<f64>, targets: &[f64], alpha: f64) -> Ridge {
        let mean = targets.iter().sum::<f64>() / targets.len() as f64;
        let centred = targets.iter().map(|target| target - mean);
        let centred = DVector::from_iterator(targets.len(), centred);
        let penalised = products + DMatrix::identity(products.nrows(), products.ncols()) * alpha;
        let together = self.table.tr_mul(&centred);
        // A positive penalty makes the matrix positive definite; without one there may be no solution.
        let weights = penalised
            .cholesky()
            .map_or_else(|| DVector::zeros(together.len()), |c| c.solve(&together));
        let own_unit = |column: usize| {
            let spread = self.spreads[column];
            if varies(spread, self.means[column]) {
                weights[column] / spread
            } else {
                0.0
            }
        };
        Ridge {
            alpha,
            weights: (0..weights.len()).map(own_unit).collect(),
            means: self.means.clone(),
            offset: mean,
        }
    }
}

/// Whether a column says anything beyond rounding.
fn varies(spread: f64, mean: f64) -> bool {
    spread > 1e-12 * mean.abs().max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(columns: &[&[f64]]) -> Vec<Vec<f64>> {
        let row = |place: usize| columns.iter().map(|column| column[place]).collect();
        (0..columns[0].len()).map(row).collect()
    }

    #[test]
    fn the_penalty_shrinks_the_slope_by_the_known_factor() {
        // Of two examples at ±1 with targets ±2 about 5 the slope is 4 / (2 + alpha).
        let table = rows(&[&[-1.0, 1.0]]);
        let fit = Ridge::fit(&table, &[3.0, 7.0], 2.0).unwrap();
        assert!((fit.predict(&[1.0]) - 6.0).abs() < 1e-12);
        assert!((fit.predict(&[-3.0]) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn columns_of_any_unit_are_treated_alike_and_constant_ones_ignored() {
        let x = [0.0, 1.0, 2.0, 5.0];
        let targets = [1.0, 0.0, 2.0, 4.0];
        let in_m = Ridge::fit(&rows(&[&x, &[7.0; 4]]), &targets, 0.5).unwrap();
        let in_mm = x.map(|x| 1000.0 * x);
        let in_mm = Ridge::fit(&rows(&[&in_mm, &[7.0; 4]]), &targets, 0.5).unwrap();
        let [a, b] = [in_m.predict(&[3.0, -9.0]), in_mm.predict(&[3000.0, 9.0])];
        assert!((a - b).abs() < 1e-12);
    }

    #[test]
    fn tuning_takes_the_penalty_that_errs_least() {
        let x = [-1.0, -0.5, 0.5, 1.0];
        let train = rows(&[&x]);
        let steep = x.map(|x| 3.0 * x);
        let own = Ridge::tuned((&train, &steep), (&train, &steep)).unwrap();
        assert!((own.alpha - 1e-4).abs() < 1e-18);
        let flat = Ridge::tuned((&train, &steep), (&train, &[0.0; 4])).unwrap();
        assert!((flat.alpha - 1e4).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(Ridge::fit(&[], &[], 1.0), Err(FitError::Empty));
        let ragged = [vec![1.0], vec![1.0, 2.0]];
        assert_eq!(Ridge::fit(&ragged, &[0.0, 0.0], 1.0), Err(FitError::Shape));
        let nan = [vec![f64::NAN]];
        assert_eq!(Ridge::fit(&nan, &[0.0], 1.0), Err(FitError::NotFinite));
    }
}
