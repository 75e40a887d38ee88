//! Scatter over strides: within a side, and pooled over both so that asymmetry does not inflate it.

/// Arithmetic mean; `None` of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation with n − 1; `None` of fewer than two values.
pub fn sample_sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Coefficient of variation in percent; `None` of fewer than two values or of a zero mean.
pub fn cv_pct(values: &[f64]) -> Option<f64> {
    ratio_pct(sample_sd(values)?, mean(values)?)
}

/// Standard deviation within the sides: the variances of left and right averaged.
///
/// # Source
///
/// Galna, Lord & Rochester (2013), "Is gait variability reliable in older adults and Parkinson's
/// disease?", doi:10.1016/j.gaitpost.2012.09.024.
pub fn pooled_sd(left: &[f64], right: &[f64]) -> Option<f64> {
    let (left, right) = (sample_sd(left)?, sample_sd(right)?);
    Some(f64::midpoint(left * left, right * right).sqrt())
}

/// Pooled standard deviation in percent of the mean of the sides' means.
///
/// `None` if a side has fewer than two values or the mean is zero.
pub fn pooled_cv_pct(left: &[f64], right: &[f64]) -> Option<f64> {
    let centre = f64::midpoint(mean(left)?, mean(right)?);
    ratio_pct(pooled_sd(left, right)?, centre)
}

pub(super) fn ratio_pct(sd: f64, mean: f64) -> Option<f64> {
    (mean.abs() > f64::EPSILON).then(|| 100.0 * sd / mean.abs())
}

/// The 97.5 % quantile of Student's t.
///
/// Exact for one and two degrees of freedom, otherwise the expansion of Abramowitz & Stegun
/// 26.7.5 from the normal quantile, which is within 0.01 of the tables from three on.
pub(super) fn t_quantile_975(degrees: usize) -> f64 {
    const Z: f64 = 1.959_963_984_540_054;
    match degrees {
        0 => f64::INFINITY,
        1 => 12.706_204_736_432_1,
        2 => 4.302_652_729_696_142,
        3 => 3.182_446_305_284_263,
        4 => 2.776_445_105_197_799,
        _ => {
            let v = degrees as f64;
            let z2 = Z * Z;
            let g1 = (z2 + 1.0) * Z / 4.0;
            let g2 = ((5.0 * z2 + 16.0) * z2 + 3.0) * Z / 96.0;
            let g3 = (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) * Z / 384.0;
            let g4 =
                ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) * Z / 92160.0;
            Z + g1 / v + g2 / v.powi(2) + g3 / v.powi(3) + g4 / v.powi(4)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asymmetry_does_not_inflate_the_pooled_variability() {
        let (left, right) = ([0.50, 0.52, 0.51, 0.49], [0.70, 0.72, 0.71, 0.69]);
        let together: Vec<_> = left.iter().chain(&right).copied().collect();
        let pooled = pooled_cv_pct(&left, &right).unwrap();
        assert!(pooled < 2.5 && cv_pct(&together).unwrap() > 15.0);
    }

    #[test]
    fn quantiles_agree_with_the_tables() {
        for (degrees, table) in [(1, 12.706), (5, 2.571), (10, 2.228), (30, 2.042)] {
            assert!((t_quantile_975(degrees) - table).abs() < 2e-3, "{degrees}");
        }
    }

    #[test]
    fn one_value_has_no_scatter() {
        assert_eq!(sample_sd(&[1.0]), None);
        assert_eq!(cv_pct(&[]), None);
    }
}
