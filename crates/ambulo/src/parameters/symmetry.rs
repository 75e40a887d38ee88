//! Left compared with right.

use super::Symmetry;

impl Symmetry {
    /// All indices of two positive values.
    ///
    /// `None` if one of them is not positive: ratios and angles of signed values mean nothing.
    ///
    /// # Source
    ///
    /// Robinson et al. (1987) for the symmetry index; Plotnik et al. (2005) for gait asymmetry;
    /// Zifchock et al. (2008) for the symmetry angle.
    pub fn of(left: f64, right: f64) -> Option<Self> {
        if !(left > 0.0 && right > 0.0 && left.is_finite() && right.is_finite()) {
            return None;
        }
        let (less, more) = (left.min(right), left.max(right));
        Some(Self {
            robinson_pct: robinson_pct(left, right)?,
            ratio: more / less,
            gait_asymmetry_pct: 100.0 * (more / less).ln(),
            symmetry_angle_pct: (45.0 - left.atan2(right).to_degrees()) / 90.0 * 100.0,
        })
    }
}

/// Robinson's index: 100 (right − left) / mean; positive where the right is larger.
///
/// `None` if the mean is zero.
///
/// # Source
///
/// Robinson, Herzog & Nigg (1987), "Use of force platform variables to quantify the effects of
/// chiropractic manipulation on gait symmetry".
pub fn robinson_pct(left: f64, right: f64) -> Option<f64> {
    let mean = f64::midpoint(left, right);
    (mean.abs() > f64::EPSILON).then(|| 100.0 * (right - left) / mean)
}

/// Asymmetry of the arms' swing: (45° − arctan(less/more))/90° in percent, 0 if alike.
///
/// `None` if a range is negative or both are zero.
///
/// # Source
///
/// Zifchock et al. (2008), doi:10.1016/j.gaitpost.2007.08.006; Lewek et al. (2010),
/// doi:10.1016/j.gaitpost.2009.10.013.
pub fn arm_swing_asymmetry_pct(left: f64, right: f64) -> Option<f64> {
    let (less, more) = (left.min(right), left.max(right));
    (less >= 0.0 && more > 0.0).then(|| (45.0 - less.atan2(more).to_degrees()) / 90.0 * 100.0)
}

/// How alike two curves over the cycle are in shape, whatever their size and offset: the largest
/// normalised cross-correlation over cyclic shifts, with the shift of the right in points.
///
/// # Shapes
///
/// Both `[points]`, over the cycle without its closing point.
///
/// `None` if the lengths differ, or a curve is constant.
pub fn curve_similarity(left: &[f64], right: &[f64]) -> Option<(f64, usize)> {
    let n = left.len();
    if n == 0 || right.len() != n {
        return None;
    }
    let centred = |curve: &[f64]| {
        let mean = curve.iter().sum::<f64>() / n as f64;
        curve.iter().map(|v| v - mean).collect::<Vec<_>>()
    };
    let (left, right) = (centred(left), centred(right));
    let energy = |curve: &[f64]| curve.iter().map(|v| v * v).sum::<f64>();
    let scale = (energy(&left) * energy(&right)).sqrt();
    if scale <= f64::EPSILON {
        return None;
    }
    let correlation = |shift: usize| {
        let shifted = right.iter().cycle().skip(shift);
        left.iter().zip(shifted).map(|(a, b)| a * b).sum::<f64>() / scale
    };
    (0..n)
        .map(|shift| (correlation(shift), shift))
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_positive_where_the_right_is_larger() {
        let symmetry = Symmetry::of(0.5, 0.6).unwrap();
        assert!(symmetry.robinson_pct > 0.0 && symmetry.symmetry_angle_pct > 0.0);
        assert!((symmetry.ratio - 1.2).abs() < 1e-12);
    }

    #[test]
    fn exchanging_the_sides_changes_the_sign_only() {
        let (one, other) = (Symmetry::of(0.5, 0.6), Symmetry::of(0.6, 0.5));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert!((one.robinson_pct + other.robinson_pct).abs() < 1e-12);
        assert!((one.symmetry_angle_pct + other.symmetry_angle_pct).abs() < 1e-12);
    }

    #[test]
    fn values_of_different_sign_have_no_ratio() {
        assert_eq!(Symmetry::of(10.0, -4.0), None);
        assert_eq!(Symmetry::of(0.0, 1.0), None);
    }

    #[test]
    fn a_shifted_and_scaled_curve_has_the_same_shape() {
        let wave = |shift: f64| -> Vec<f64> {
            (0..100)
                .map(|i| (std::f64::consts::TAU * (f64::from(i) - shift) / 100.0).sin())
                .collect()
        };
        let right: Vec<_> = wave(20.0).iter().map(|v| 3.0 * v + 7.0).collect();
        let (likeness, shift) = curve_similarity(&wave(0.0), &right).unwrap();
        assert!((likeness - 1.0).abs() < 1e-12);
        assert_eq!(shift, 20);
    }
}
