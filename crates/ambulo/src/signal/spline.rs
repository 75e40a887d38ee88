//! Piecewise cubic curves through samples, with the results of SciPy's interpolators.

use super::SignalError;

/// A piecewise cubic curve; outside its samples the end pieces go on.
#[derive(Debug, Clone, PartialEq)]
pub struct CubicSpline {
    x: Vec<f64>,
    /// For each piece: value, slope, and the factors of the square and the cube.
    pieces: Vec<[f64; 4]>,
}

impl CubicSpline {
    /// A cubic spline whose first two pieces are one polynomial, and its last two.
    ///
    /// # Errors
    ///
    /// [`SignalError`] for fewer than two samples, unequal lengths or times that do not increase.
    ///
    /// # Source
    ///
    /// de Boor (1978), "A practical guide to splines"; two samples give a line, three a parabola.
    pub fn not_a_knot(x: &[f64], y: &[f64]) -> Result<Self, SignalError> {
        let (h, slope) = steps(x, y)?;
        let n = x.len();
        if n == 2 {
            return Ok(Self::from_slopes(x, y, &[slope[0], slope[0]]));
        }
        if n == 3 {
            let middle = (slope[0] * h[1] + slope[1] * h[0]) / (h[0] + h[1]);
            let ends = [2.0 * slope[0] - middle, middle, 2.0 * slope[1] - middle];
            return Ok(Self::from_slopes(x, y, &ends));
        }
        let end = |near: f64, far: f64, near_slope: f64, far_slope: f64| {
            let both = near + far;
            let right = ((near + 2.0 * both) * far * near_slope + near * near * far_slope) / both;
            (far, both, right)
        };
        let first = end(h[0], h[1], slope[0], slope[1]);
        let last = end(h[n - 2], h[n - 3], slope[n - 2], slope[n - 3]);
        Ok(Self::from_slopes(x, y, &solve(&h, &slope, first, last)))
    }

    /// A cubic spline that does not bend at its ends.
    ///
    /// # Errors
    ///
    /// As [`CubicSpline::not_a_knot`].
    pub fn natural(x: &[f64], y: &[f64]) -> Result<Self, SignalError> {
        let (h, slope) = steps(x, y)?;
        let last = h.len() - 1;
        let first = (2.0 * h[0], h[0], 3.0 * (y[1] - y[0]));
        let end = (2.0 * h[last], h[last], 3.0 * (y[last + 1] - y[last]));
        Ok(Self::from_slopes(x, y, &solve(&h, &slope, first, end)))
    }

    /// Hermite pieces from the slope at each sample.
    fn from_slopes(x: &[f64], y: &[f64], slopes: &[f64]) -> Self {
        let pieces = (0..x.len() - 1)
            .map(|i| {
                let h = x[i + 1] - x[i];
                let chord = (y[i + 1] - y[i]) / h;
                let twist = (slopes[i] + slopes[i + 1] - 2.0 * chord) / h;
                [y[i], slopes[i], (chord - slopes[i]) / h - twist, twist / h]
            })
            .collect();
        Self {
            x: x.to_vec(),
            pieces,
        }
    }

    /// The value at `x`.
    pub fn value(&self, x: f64) -> f64 {
        let ([c0, c1, c2, c3], t) = self.piece(x);
        c0 + t * (c1 + t * (c2 + t * c3))
    }

    /// The values at many places.
    pub fn values(&self, x: &[f64]) -> Vec<f64> {
        x.iter().map(|&x| self.value(x)).collect()
    }

    /// The first derivative at `x`.
    pub fn derivative(&self, x: f64) -> f64 {
        let ([_, c1, c2, c3], t) = self.piece(x);
        c1 + t * (2.0 * c2 + t * 3.0 * c3)
    }

    /// The second derivative at `x`.
    pub fn second_derivative(&self, x: f64) -> f64 {
        let ([_, _, c2, c3], t) = self.piece(x);
        2.0 * c2 + 6.0 * c3 * t
    }

    fn piece(&self, x: f64) -> ([f64; 4], f64) {
        let after = self.x.partition_point(|&knot| knot <= x);
        let index = after.saturating_sub(1).min(self.pieces.len() - 1);
        (self.pieces[index], x - self.x[index])
    }
}

/// A curve that never overshoots its samples (PCHIP).
///
/// # Errors
///
/// As [`CubicSpline::not_a_knot`].
///
/// # Source
///
/// Fritsch & Butland (1984), SIAM J. Sci. Stat. Comput. 5:300.
pub fn pchip(x: &[f64], y: &[f64]) -> Result<CubicSpline, SignalError> {
    let (h, slope) = steps(x, y)?;
    if slope.len() == 1 {
        return linear(x, y);
    }
    let mut slopes = vec![pchip_end(h[0], h[1], slope[0], slope[1])];
    for i in 1..slope.len() {
        let (before, after) = (slope[i - 1], slope[i]);
        slopes.push(if before * after <= 0.0 {
            0.0
        } else {
            let (w1, w2) = (2.0 * h[i] + h[i - 1], h[i] + 2.0 * h[i - 1]);
            (w1 + w2) / (w1 / before + w2 / after)
        });
    }
    let last = h.len() - 1;
    slopes.push(pchip_end(
        h[last],
        h[last - 1],
        slope[last],
        slope[last - 1],
    ));
    Ok(CubicSpline::from_slopes(x, y, &slopes))
}

/// The one-sided slope of three points, bounded to keep the shape.
fn pchip_end(h0: f64, h1: f64, slope0: f64, slope1: f64) -> f64 {
    let end = ((2.0 * h0 + h1) * slope0 - h0 * slope1) / (h0 + h1);
    if end * slope0 <= 0.0 {
        0.0
    } else if slope0 * slope1 <= 0.0 && end.abs() > 3.0 * slope0.abs() {
        3.0 * slope0
    } else {
        end
    }
}

/// A curve that follows its samples closely where they turn (Akima).
///
/// # Errors
///
/// As [`CubicSpline::not_a_knot`].
///
/// # Source
///
/// Akima (1970), J. ACM 17:589.
pub fn akima(x: &[f64], y: &[f64]) -> Result<CubicSpline, SignalError> {
    const DEFINED: f64 = 1e-9;
    let (_, slope) = steps(x, y)?;
    if slope.len() == 1 {
        return linear(x, y);
    }
    let last = slope.len() - 1;
    let before = 2.0 * slope[0] - slope[1];
    let after = 2.0 * slope[last] - slope[last - 1];
    let mut m = vec![2.0 * before - slope[0], before];
    m.extend_from_slice(&slope);
    m.extend([after, 2.0 * after - slope[last]]);
    let turns: Vec<f64> = m.windows(2).map(|w| (w[1] - w[0]).abs()).collect();
    let most = (0..x.len())
        .map(|i| turns[i] + turns[i + 2])
        .fold(0.0, f64::max);
    let slopes: Vec<f64> = (0..x.len())
        .map(|i| {
            let (left, right) = (turns[i], turns[i + 2]);
            if left + right > DEFINED * most {
                m[i + 1] + left / (left + right) * (m[i + 2] - m[i + 1])
            } else {
                f64::midpoint(m[i], m[i + 3])
            }
        })
        .collect();
    Ok(CubicSpline::from_slopes(x, y, &slopes))
}

/// Straight lines from sample to sample.
///
/// # Errors
///
/// As [`CubicSpline::not_a_knot`].
pub fn linear(x: &[f64], y: &[f64]) -> Result<CubicSpline, SignalError> {
    let (_, slope) = steps(x, y)?;
    let pieces = slope
        .iter()
        .zip(y)
        .map(|(&s, &value)| [value, s, 0.0, 0.0])
        .collect();
    Ok(CubicSpline {
        x: x.to_vec(),
        pieces,
    })
}

/// Steps in x and slopes between samples, after checking them.
fn steps(x: &[f64], y: &[f64]) -> Result<(Vec<f64>, Vec<f64>), SignalError> {
    if x.len() != y.len() {
        return Err(SignalError::LengthMismatch {
            times: x.len(),
            values: y.len(),
        });
    }
    if x.len() < 2 {
        return Err(SignalError::TooShort {
            samples: x.len(),
            needed: 2,
        });
    }
    let h: Vec<f64> = x.windows(2).map(|w| w[1] - w[0]).collect();
    if let Some(index) = h.iter().position(|&step| step.is_nan() || step <= 0.0) {
        return Err(SignalError::NotIncreasing { index: index + 1 });
    }
    let slope = h
        .iter()
        .zip(y.windows(2))
        .map(|(h, w)| (w[1] - w[0]) / h)
        .collect();
    Ok((h, slope))
}

/// Slopes at the samples of a twice differentiable curve, from the equations of its two ends:
/// (own factor, neighbour's factor, right side).
fn solve(h: &[f64], slope: &[f64], first: (f64, f64, f64), last: (f64, f64, f64)) -> Vec<f64> {
    let n = h.len() + 1;
    let mut diagonal = vec![first.0];
    let mut upper = vec![first.1];
    let mut right = vec![first.2];
    for i in 1..n {
        let (below, own, above, side) = if i == n - 1 {
            (last.1, last.0, 0.0, last.2)
        } else {
            let side = 3.0 * (h[i] * slope[i - 1] + h[i - 1] * slope[i]);
            (h[i], 2.0 * (h[i - 1] + h[i]), h[i - 1], side)
        };
        let factor = below / diagonal[i - 1];
        diagonal.push(own - factor * upper[i - 1]);
        upper.push(above);
        right.push(side - factor * right[i - 1]);
    }
    for i in (0..n).rev() {
        if i + 1 < n {
            right[i] -= upper[i] * right[i + 1];
        }
        right[i] /= diagonal[i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cubic_is_met_exactly_with_its_derivatives() {
        let x = [0.0, 0.4, 0.5, 1.3, 2.0, 2.1];
        let cubic = |x: f64| 1.0 - 2.0 * x + 0.5 * x * x + x * x * x;
        let spline = CubicSpline::not_a_knot(&x, &x.map(cubic)).unwrap();
        for step in 0..=21 {
            let t = f64::from(step) / 10.0;
            assert!((spline.value(t) - cubic(t)).abs() < 1e-12);
            assert!((spline.derivative(t) - (-2.0 + t + 3.0 * t * t)).abs() < 1e-11);
            assert!((spline.second_derivative(t) - (1.0 + 6.0 * t)).abs() < 1e-10);
        }
    }

    #[test]
    fn two_samples_give_a_line_and_three_a_parabola() {
        let line = CubicSpline::not_a_knot(&[0.0, 2.0], &[1.0, 5.0]).unwrap();
        assert!((line.value(0.5) - 2.0).abs() < 1e-12);
        let parabola = CubicSpline::not_a_knot(&[0.0, 1.0, 3.0], &[0.0, 1.0, 9.0]).unwrap();
        assert!((parabola.value(2.0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn bad_samples_are_refused() {
        assert!(CubicSpline::natural(&[0.0], &[1.0]).is_err());
        assert!(pchip(&[0.0, 0.0], &[1.0, 2.0]).is_err());
        assert!(akima(&[0.0, 1.0], &[1.0]).is_err());
        assert!(linear(&[0.0, f64::NAN], &[1.0, 2.0]).is_err());
    }
}
