//! A recording in a few numbers: what the baselines of the published study learn from.

/// Percentiles of each series, in percent; its standard deviation follows them.
const PERCENTILES: [f64; 5] = [10.0, 25.0, 50.0, 75.0, 90.0];

/// Numbers for each series.
pub const SUMMARIES: usize = PERCENTILES.len() + 1;

/// Percentiles 10, 25, 50, 75 and 90 and the standard deviation of each series, one series after the other.
///
/// # Shapes
///
/// - `frames`: `[frames, series]`, such as inputs of the 1D-CNN
/// - returns: `[series, 6]`; empty if there are no frames
///
/// # Source
///
/// Kidziński et al. (2020), doi:10.1038/s41467-020-17807-z, and its released code.
pub fn summary(frames: &[f32], series: usize) -> Vec<f64> {
    let count = frames.len() / series.max(1);
    if count == 0 {
        return Vec::new();
    }
    let mut summaries = Vec::with_capacity(series * SUMMARIES);
    for place in 0..series {
        let values = frames.iter().skip(place).step_by(series);
        let mut values: Vec<f64> = values.map(|&value| f64::from(value)).collect();
        values.sort_by(f64::total_cmp);
        let percentiles = PERCENTILES.iter();
        summaries.extend(percentiles.map(|percent| quantile(&values, percent / 100.0)));
        let mean = values.iter().sum::<f64>() / count as f64;
        let square = values.iter().map(|value| (value - mean).powi(2));
        summaries.push((square.sum::<f64>() / count as f64).sqrt());
    }
    summaries
}

/// A quantile of sorted values, between two of them by a line.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place in the slice"
    )]
    let index = place.floor() as usize;
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    sorted[index] + place.fract() * (next - sorted[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_summarised_one_by_one() {
        // The first series is 0 to 10 in disorder, the second is constant.
        let order = [5, 0, 10, 1, 9, 2, 8, 3, 7, 4, 6_u8];
        let frames: Vec<f32> = order.iter().flat_map(|&i| [f32::from(i), 3.0]).collect();
        let found = summary(&frames, 2);
        let expected = [1.0, 2.5, 5.0, 7.5, 9.0, 10.0_f64.sqrt()];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(found[SUMMARIES..], [3.0, 3.0, 3.0, 3.0, 3.0, 0.0]);
        assert!(summary(&[], 2).is_empty());
    }
}
