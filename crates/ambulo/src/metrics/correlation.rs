//! Correlation of two measurements.

use super::distribution::student_two_sided;
use super::{MetricError, check_pairs, mean};

/// The two-sided 95 % point of the standard normal distribution.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// A correlation coefficient with its certainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pearson {
    /// The coefficient, −1 to 1.
    pub r: f64,
    /// The chance of one at least as far from zero if nothing were related; absent for two pairs.
    pub p: Option<f64>,
    /// 95 % interval by Fisher's transformation; absent for fewer than four pairs.
    pub ci95: Option<[f64; 2]>,
}

/// Pearson's correlation.
///
/// # Errors
///
/// [`MetricError`] for unequal lengths, fewer than two pairs or a constant side.
pub fn pearson(predicted: &[f64], reference: &[f64]) -> Result<Pearson, MetricError> {
    check_pairs(predicted.len(), reference.len(), 2)?;
    let r = coefficient(predicted, reference)?;
    let n = predicted.len() as f64;
    let degrees = n - 2.0;
    Ok(Pearson {
        r,
        p: (degrees > 0.0).then(|| {
            let t = r * (degrees / (1.0 - r * r).max(f64::MIN_POSITIVE)).sqrt();
            student_two_sided(t, degrees)
        }),
        ci95: (n > 3.0).then(|| {
            let half = NORMAL_95 / (n - 3.0).sqrt();
            [(r.atanh() - half).tanh(), (r.atanh() + half).tanh()]
        }),
    })
}

/// Spearman's rank correlation; ties share their mean rank.
///
/// # Errors
///
/// As [`pearson`].
pub fn spearman(predicted: &[f64], reference: &[f64]) -> Result<f64, MetricError> {
    check_pairs(predicted.len(), reference.len(), 2)?;
    coefficient(&ranks(predicted), &ranks(reference))
}

/// Kendall's rank correlation, corrected for ties (tau-b).
///
/// # Errors
///
/// As [`pearson`].
pub fn kendall(predicted: &[f64], reference: &[f64]) -> Result<f64, MetricError> {
    check_pairs(predicted.len(), reference.len(), 2)?;
    let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
    let (mut agreeing, mut untied_p, mut untied_r) = (0.0, 0.0, 0.0);
    for i in 1..predicted.len() {
        for j in 0..i {
            let (p, r) = (
                sign(predicted[i], predicted[j]),
                sign(reference[i], reference[j]),
            );
            agreeing += p * r;
            untied_p += p.abs();
            untied_r += r.abs();
        }
    }
    if untied_p == 0.0 || untied_r == 0.0 {
        return Err(MetricError::Constant);
    }
    Ok(agreeing / (untied_p * untied_r).sqrt())
}

fn coefficient(x: &[f64], y: &[f64]) -> Result<f64, MetricError> {
    // The mean of equal values may be rounded, which leaves differences that mean nothing.
    let is_constant = |values: &[f64]| {
        !values
            .windows(2)
            .any(|pair| pair[0] < pair[1] || pair[1] < pair[0])
    };
    if is_constant(x) || is_constant(y) {
        return Err(MetricError::Constant);
    }
    let (x_mean, y_mean) = (mean(x.iter().copied()), mean(y.iter().copied()));
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (dx, dy) = (x - x_mean, y - y_mean);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    if xx <= 0.0 || yy <= 0.0 {
        return Err(MetricError::Constant);
    }
    Ok((xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
}

/// Ranks from 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let below = |value: f64| values.iter().filter(|&&other| other < value).count() as f64;
    let not_above = |value: f64| values.iter().filter(|&&other| other <= value).count() as f64;
    values
        .iter()
        .map(|&v| f64::midpoint(below(v) + 1.0, not_above(v)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_monotone_curve_has_rank_correlation_one() {
        let x = [1.0, 2.0, 3.0, 4.0, 9.0];
        let y = x.map(f64::exp);
        assert!((spearman(&x, &y).unwrap() - 1.0).abs() < 1e-12);
        assert!((kendall(&x, &y).unwrap() - 1.0).abs() < 1e-12);
        assert!(pearson(&x, &y).unwrap().r < 0.95);
    }

    #[test]
    fn ties_share_ranks() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0]), [2.5, 1.0, 2.5]);
    }

    #[test]
    fn a_constant_side_has_no_correlation() {
        assert_eq!(
            pearson(&[1.0, 1.0], &[1.0, 2.0]),
            Err(MetricError::Constant)
        );
        assert_eq!(
            pearson(&[0.1; 3], &[1.0, 2.0, 4.0]),
            Err(MetricError::Constant)
        );
        assert_eq!(
            kendall(&[1.0, 1.0], &[1.0, 2.0]),
            Err(MetricError::Constant)
        );
    }
}
