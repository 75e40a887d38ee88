//! Derivatives at uneven times.

use std::ops::Range;

use super::runs;

/// The first derivative by the parabola through each sample and its two neighbours.
///
/// At the ends of a run the parabola of the nearest three samples is used, in a run of two the line;
/// `None` for a lone sample and where nothing was measured.
pub fn derivative(times_s: &[f64], values: &[Option<f64>]) -> Vec<Option<f64>> {
    over_runs(times_s, values, |t, y, index| {
        match nearest_three(t.len(), index) {
            Some(three) => {
                let (slope, bend) = parabola(&t[three.clone()], &y[three.clone()]);
                Some(slope + bend * (2.0 * t[index] - t[three.start] - t[three.start + 1]))
            }
            None if t.len() == 2 => Some((y[1] - y[0]) / (t[1] - t[0])),
            None => None,
        }
    })
}

/// The second derivative by the same parabola; `None` in runs of fewer than three samples.
pub fn second_derivative(times_s: &[f64], values: &[Option<f64>]) -> Vec<Option<f64>> {
    over_runs(times_s, values, |t, y, index| {
        let three = nearest_three(t.len(), index)?;
        Some(2.0 * parabola(&t[three.clone()], &y[three]).1)
    })
}

fn over_runs(
    times_s: &[f64],
    values: &[Option<f64>],
    at: impl Fn(&[f64], &[f64], usize) -> Option<f64>,
) -> Vec<Option<f64>> {
    let mut derived = vec![None; values.len()];
    for run in runs::of(times_s, values) {
        let signal: Vec<f64> = values[run.clone()].iter().flatten().copied().collect();
        let times = &times_s[run.clone()];
        for (index, place) in derived[run].iter_mut().enumerate() {
            *place = at(times, &signal, index);
        }
    }
    derived
}

fn nearest_three(samples: usize, index: usize) -> Option<Range<usize>> {
    let last_start = samples.checked_sub(3)?;
    let start = index.saturating_sub(1).min(last_start);
    Some(start..start + 3)
}

/// Slope from the first to the second of three samples, and the second divided difference.
fn parabola(t: &[f64], y: &[f64]) -> (f64, f64) {
    let first = (y[1] - y[0]) / (t[1] - t[0]);
    let second = (y[2] - y[1]) / (t[2] - t[1]);
    (first, (second - first) / (t[2] - t[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_is_differentiated_exactly_at_uneven_times() {
        let times = [0.0, 0.1, 0.15, 0.3, 0.31, 0.5];
        let values = times.map(|t: f64| Some(1.0 + 2.0 * t - 3.0 * t * t));
        let (first, second) = (
            derivative(&times, &values),
            second_derivative(&times, &values),
        );
        for (index, t) in times.iter().enumerate() {
            assert!((first[index].unwrap() - (2.0 - 6.0 * t)).abs() < 1e-12);
            assert!((second[index].unwrap() + 6.0).abs() < 1e-9);
        }
    }

    #[test]
    fn missing_samples_are_not_bridged() {
        let values = [Some(0.0), Some(1.0), None, Some(5.0)];
        let times = [0.0, 0.1, 0.2, 0.3];
        assert_eq!(
            derivative(&times, &values),
            [Some(10.0), Some(10.0), None, None]
        );
        assert_eq!(second_derivative(&times, &values), [None; 4]);
    }
}
