//! Smoothing by a Gaussian kernel.

use super::{SignalError, positive};

/// What lies beyond the ends of the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// The signal reflected about the edge of its last sample: `d c b a | a b c d | d c b a`.
    Reflect,
    /// The last sample, repeated.
    Nearest,
}

/// The signal convolved with a Gaussian of `sigma` samples, cut off at four sigma.
///
/// # Errors
///
/// [`SignalError::NotPositive`] if `sigma` is not.
///
/// # Source
///
/// The kernel and edges of `scipy.ndimage.gaussian_filter1d`.
pub fn gaussian_filter1d(signal: &[f64], sigma: f64, edge: Edge) -> Result<Vec<f64>, SignalError> {
    const TRUNCATE: f64 = 4.0;
    const LONGEST_RADIUS: u32 = 1_000_000;
    positive("sigma", sigma)?;
    let samples = signal.len();
    let reach = (TRUNCATE * sigma + 0.5).floor();
    let radius = (0..LONGEST_RADIUS)
        .take_while(|&r| f64::from(r) < reach)
        .count();
    let weight = |offset: usize| (-0.5 * (offset as f64 / sigma).powi(2)).exp();
    let half: Vec<f64> = (0..=radius).map(weight).collect();
    let total = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    let kernel: Vec<f64> = half.iter().map(|w| w / total).collect();
    let before = |index: usize, offset: usize| match edge {
        Edge::Nearest => index.saturating_sub(offset),
        Edge::Reflect if offset <= index => index - offset,
        Edge::Reflect => folded(offset - index - 1, samples),
    };
    let after = |index: usize, offset: usize| match edge {
        Edge::Nearest => (index + offset).min(samples - 1),
        Edge::Reflect => folded(index + offset, samples),
    };
    Ok((0..samples)
        .map(|index| {
            let pairs = kernel.iter().enumerate().skip(1);
            signal[index] * kernel[0]
                + pairs
                    .map(|(offset, w)| {
                        w * (signal[before(index, offset)] + signal[after(index, offset)])
                    })
                    .sum::<f64>()
        })
        .collect())
}

/// The index of a signal reflected again and again at both edges.
fn folded(index: usize, samples: usize) -> usize {
    let place = index % (2 * samples);
    place.min(2 * samples - 1 - place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_even_under_a_kernel_longer_than_the_signal() {
        for edge in [Edge::Reflect, Edge::Nearest] {
            for y in gaussian_filter1d(&[2.0; 5], 7.0, edge).unwrap() {
                assert!((y - 2.0).abs() < 1e-12);
            }
        }
        assert_eq!(gaussian_filter1d(&[], 1.0, Edge::Reflect), Ok(vec![]));
        assert!(gaussian_filter1d(&[1.0], f64::NAN, Edge::Reflect).is_err());
    }
}
