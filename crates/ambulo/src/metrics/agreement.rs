//! Agreement of two measurements of the same quantity.

use serde::{Deserialize, Serialize};

use super::{MetricError, check_pairs, mean};

/// The two-sided 95 % point of the standard normal distribution, as published limits use it.
const LIMITS_OF_AGREEMENT_SDS: f64 = 1.96;

/// Bias and limits of agreement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BlandAltman {
    /// Mean of predicted minus reference.
    pub bias: f64,
    /// Sample standard deviation of the differences.
    pub sd: f64,
    /// Bias − 1.96 SD.
    pub lower: f64,
    /// Bias + 1.96 SD.
    pub upper: f64,
    /// Pairs compared.
    pub n: usize,
}

/// Bias and limits of agreement of two measurements.
///
/// # Errors
///
/// [`MetricError`] for unequal lengths or fewer than two pairs.
///
/// # Source
///
/// Bland & Altman (1986), Lancet 327:307.
pub fn bland_altman(predicted: &[f64], reference: &[f64]) -> Result<BlandAltman, MetricError> {
    check_pairs(predicted.len(), reference.len(), 2)?;
    let differences: Vec<f64> = predicted
        .iter()
        .zip(reference)
        .map(|(p, r)| p - r)
        .collect();
    let bias = mean(differences.iter().copied());
    let sd = (sum_of_squares(&differences, bias) / (differences.len() - 1) as f64).sqrt();
    Ok(BlandAltman {
        bias,
        sd,
        lower: bias - LIMITS_OF_AGREEMENT_SDS * sd,
        upper: bias + LIMITS_OF_AGREEMENT_SDS * sd,
        n: differences.len(),
    })
}

/// Mean absolute error, in the unit of the values.
///
/// # Errors
///
/// [`MetricError`] for unequal lengths or no pairs.
pub fn mean_absolute_error(predicted: &[f64], reference: &[f64]) -> Result<f64, MetricError> {
    check_pairs(predicted.len(), reference.len(), 1)?;
    Ok(mean(
        predicted.iter().zip(reference).map(|(p, r)| (p - r).abs()),
    ))
}

/// Root mean square error, in the unit of the values.
///
/// # Errors
///
/// [`MetricError`] for unequal lengths or no pairs.
pub fn root_mean_square_error(predicted: &[f64], reference: &[f64]) -> Result<f64, MetricError> {
    check_pairs(predicted.len(), reference.len(), 1)?;
    Ok(mean(
        predicted
            .iter()
            .zip(reference)
            .map(|(p, r)| (p - r).powi(2)),
    )
    .sqrt())
}

/// The mean absolute error of always predicting the reference's mean: what an estimate must beat.
///
/// # Errors
///
/// [`MetricError::TooFew`] if there are no values.
pub fn mean_predictor_error(reference: &[f64]) -> Result<f64, MetricError> {
    check_pairs(reference.len(), reference.len(), 1)?;
    let centre = mean(reference.iter().copied());
    Ok(mean(reference.iter().map(|r| (r - centre).abs())))
}

/// Share of the reference's variance that the prediction explains (R²); negative if it is worse
/// than the reference's mean.
///
/// # Errors
///
/// [`MetricError`] for unequal lengths, fewer than two pairs or a constant reference.
pub fn r_squared(predicted: &[f64], reference: &[f64]) -> Result<f64, MetricError> {
    check_pairs(predicted.len(), reference.len(), 2)?;
    let total = sum_of_squares(reference, mean(reference.iter().copied()));
    if total <= 0.0 {
        return Err(MetricError::Constant);
    }
    let residual: f64 = predicted
        .iter()
        .zip(reference)
        .map(|(p, r)| (r - p).powi(2))
        .sum();
    Ok(1.0 - residual / total)
}

/// A straight line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Change of the reference for a change of 1 in the prediction.
    pub slope: f64,
    /// Reference where the prediction is 0.
    pub intercept: f64,
}

impl Line {
    /// The line's value.
    pub fn at(&self, x: f64) -> f64 {
        self.slope * x + self.intercept
    }
}

/// The least-squares line from the prediction to the reference.
///
/// # Errors
///
/// [`MetricError`] for unequal lengths, fewer than two pairs or a constant prediction.
pub fn calibration_line(predicted: &[f64], reference: &[f64]) -> Result<Line, MetricError> {
    check_pairs(predicted.len(), reference.len(), 2)?;
    let (p_mean, r_mean) = (
        mean(predicted.iter().copied()),
        mean(reference.iter().copied()),
    );
    let spread = sum_of_squares(predicted, p_mean);
    if spread <= 0.0 {
        return Err(MetricError::Constant);
    }
    let together: f64 = predicted
        .iter()
        .zip(reference)
        .map(|(p, r)| (p - p_mean) * (r - r_mean))
        .sum();
    let slope = together / spread;
    Ok(Line {
        slope,
        intercept: r_mean - slope * p_mean,
    })
}

/// Mean absolute error after [`calibration_line`], fitted to the same pairs: an optimistic figure.
///
/// # Errors
///
/// As [`calibration_line`].
pub fn calibrated_error(predicted: &[f64], reference: &[f64]) -> Result<f64, MetricError> {
    let line = calibration_line(predicted, reference)?;
    let calibrated: Vec<f64> = predicted.iter().map(|&p| line.at(p)).collect();
    mean_absolute_error(&calibrated, reference)
}

/// Lin's concordance correlation coefficient, with variances over n.
///
/// # Errors
///
/// [`MetricError`] for unequal lengths, fewer than two pairs, or two constant sides.
///
/// # Source
///
/// Lin (1989), Biometrics 45:255.
pub fn concordance(predicted: &[f64], reference: &[f64]) -> Result<f64, MetricError> {
    check_pairs(predicted.len(), reference.len(), 2)?;
    let n = predicted.len() as f64;
    let (p_mean, r_mean) = (
        mean(predicted.iter().copied()),
        mean(reference.iter().copied()),
    );
    let together: f64 = predicted
        .iter()
        .zip(reference)
        .map(|(p, r)| (p - p_mean) * (r - r_mean))
        .sum();
    let spread = sum_of_squares(predicted, p_mean) + sum_of_squares(reference, r_mean);
    let whole = spread / n + (p_mean - r_mean).powi(2);
    if whole <= 0.0 {
        return Err(MetricError::Constant);
    }
    Ok(2.0 * together / n / whole)
}

/// Intraclass correlation of single measurements in a two-way model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Icc {
    /// ICC(A,1): absolute agreement.
    pub agreement: f64,
    /// ICC(C,1): consistency, blind to a constant offset between the columns.
    pub consistency: f64,
}

/// Intraclass correlation of several measurements of each subject.
///
/// # Shapes
///
/// `measurements` is `[subjects, methods]`.
///
/// # Errors
///
/// [`MetricError`] for fewer than two subjects or methods, rows of unequal length, or values that
/// are all equal.
///
/// # Source
///
/// `McGraw` & Wong (1996), Psychol. Methods 1:30.
pub fn intraclass_correlation(measurements: &[Vec<f64>]) -> Result<Icc, MetricError> {
    let methods = measurements.first().map_or(0, Vec::len);
    for row in measurements {
        check_pairs(row.len(), methods, 2)?;
    }
    check_pairs(measurements.len(), measurements.len(), 2)?;
    let (n, k) = (measurements.len() as f64, methods as f64);
    let grand = mean(measurements.iter().map(|row| row.iter().sum::<f64>() / k));
    let total: f64 = measurements
        .iter()
        .flatten()
        .map(|x| (x - grand).powi(2))
        .sum();
    let between_rows: f64 = measurements
        .iter()
        .map(|row| k * (row.iter().sum::<f64>() / k - grand).powi(2))
        .sum();
    let between_columns: f64 = (0..methods)
        .map(|column| {
            let mean = measurements.iter().map(|row| row[column]).sum::<f64>() / n;
            n * (mean - grand).powi(2)
        })
        .sum();
    let rows = between_rows / (n - 1.0);
    let columns = between_columns / (k - 1.0);
    let error = (total - between_rows - between_columns) / ((n - 1.0) * (k - 1.0));
    let whole = rows + (k - 1.0) * error;
    let whole_with_columns = whole + k / n * (columns - error);
    if whole <= 0.0 || whole_with_columns <= 0.0 {
        return Err(MetricError::Constant);
    }
    Ok(Icc {
        agreement: (rows - error) / whole_with_columns,
        consistency: (rows - error) / whole,
    })
}

fn sum_of_squares(values: &[f64], centre: f64) -> f64 {
    values.iter().map(|x| (x - centre).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_offset_is_bias_without_spread() {
        let reference = [1.0, 2.0, 4.0];
        let predicted = reference.map(|r| r + 0.5);
        let agreement = bland_altman(&predicted, &reference).unwrap();
        assert!((agreement.bias - 0.5).abs() < 1e-12 && agreement.sd < 1e-12);
        let pairs: Vec<Vec<f64>> = predicted
            .iter()
            .zip(reference)
            .map(|(&p, r)| vec![p, r])
            .collect();
        let icc = intraclass_correlation(&pairs).unwrap();
        assert!((icc.consistency - 1.0).abs() < 1e-12);
        assert!(icc.agreement < 0.97);
    }

    #[test]
    fn nothing_to_compare_is_an_error_not_a_perfect_score() {
        assert_eq!(
            mean_absolute_error(&[], &[]),
            Err(MetricError::TooFew {
                pairs: 0,
                needed: 1
            })
        );
        assert!(bland_altman(&[1.0], &[1.0]).is_err());
        assert!(root_mean_square_error(&[1.0], &[]).is_err());
        assert_eq!(
            r_squared(&[1.0, 2.0], &[3.0, 3.0]),
            Err(MetricError::Constant)
        );
        assert!(intraclass_correlation(&[vec![1.0, 2.0], vec![1.0]]).is_err());
    }
}
