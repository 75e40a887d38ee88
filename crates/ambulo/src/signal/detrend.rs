//! Removal of a signal's mean or straight drift.

/// The signal without its mean.
pub fn constant(signal: &[f64]) -> Vec<f64> {
    let mean = signal.iter().sum::<f64>() / signal.len().max(1) as f64;
    signal.iter().map(|x| x - mean).collect()
}

/// The signal without its least-squares line over evenly spaced samples.
pub fn linear(signal: &[f64]) -> Vec<f64> {
    let indices: Vec<f64> = (0..signal.len()).map(|index| index as f64).collect();
    linear_at(&indices, signal)
}

/// The signal without its least-squares line over the times of its samples.
pub fn linear_at(times_s: &[f64], signal: &[f64]) -> Vec<f64> {
    let centred = constant(signal);
    let times = constant(times_s);
    let spread: f64 = times.iter().map(|t| t * t).sum();
    let slope = if spread > 0.0 {
        times.iter().zip(&centred).map(|(t, x)| t * x).sum::<f64>() / spread
    } else {
        0.0
    };
    centred
        .iter()
        .zip(&times)
        .map(|(x, t)| x - slope * t)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_leaves_nothing() {
        let line: Vec<f64> = (0..20).map(|i| 3.0 - 0.5 * f64::from(i)).collect();
        assert!(linear(&line).iter().all(|x| x.abs() < 1e-12));
        assert_eq!(linear(&[]), [0.0; 0]);
        assert_eq!(linear(&[7.0]), [0.0]);
    }
}
