//! Curves over the gait cycle.

use super::spline::CubicSpline;

/// Samples before and after the cycle that shape the curve's ends.
const CONTEXT: usize = 3;
/// How far an end may lie outside the recording, from rounding.
const ROUNDING_S: f64 = 1e-9;

/// A signal at `points` even shares of a cycle, from its start to its end, both included.
///
/// With 101 points the index is the percentage of the cycle; every second of them are the 51 points
/// of GPS and GDI. A cubic spline runs through the samples of the cycle and up to three on either
/// side. `None` if a sample of the cycle is missing, an end lies outside the recording, the cycle
/// has fewer than two samples, or fewer than two points are asked for.
pub fn normalise(
    times_s: &[f64],
    values: &[Option<f64>],
    start_s: f64,
    end_s: f64,
    points: usize,
) -> Option<Vec<f64>> {
    let frames = times_s.len().min(values.len());
    let times_s = &times_s[..frames];
    let inside = start_s < end_s
        && start_s >= times_s.first()? - ROUNDING_S
        && end_s <= times_s.last()? + ROUNDING_S;
    if !inside || points < 2 {
        return None;
    }
    let first = times_s
        .partition_point(|&t| t <= start_s + ROUNDING_S)
        .saturating_sub(1);
    let last = times_s
        .partition_point(|&t| t < end_s - ROUNDING_S)
        .min(frames - 1);
    if values[first..=last].iter().any(Option::is_none) {
        return None;
    }
    let measured = |frame: &usize| values[*frame].is_some();
    let before = (0..first).rev().take(CONTEXT).take_while(measured).count();
    let after = (last + 1..frames)
        .take(CONTEXT)
        .take_while(measured)
        .count();
    let support = first - before..last + after + 1;
    let signal: Vec<f64> = values[support.clone()].iter().flatten().copied().collect();
    let spline = CubicSpline::not_a_knot(&times_s[support], &signal).ok()?;
    let share = |point: usize| point as f64 / (points - 1) as f64;
    Some(
        (0..points)
            .map(|point| spline.value(start_s + share(point) * (end_s - start_s)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    fn sine(frames: u32) -> (Vec<f64>, Vec<Option<f64>>) {
        let times: Vec<f64> = (0..frames).map(|i| f64::from(i) / 60.0).collect();
        let values = times.iter().map(|t| Some((TAU * t).sin())).collect();
        (times, values)
    }

    #[test]
    fn both_ends_of_the_cycle_are_included() {
        let (times, values) = sine(120);
        let curve = normalise(&times, &values, 0.25, 1.25, 101).unwrap();
        assert_eq!(curve.len(), 101);
        assert!((curve[0] - 1.0).abs() < 1e-4 && (curve[100] - 1.0).abs() < 1e-4);
        assert!((curve[50] + 1.0).abs() < 1e-4);
    }

    #[test]
    fn a_missing_sample_or_an_end_outside_gives_none() {
        let (times, mut values) = sine(90);
        assert!(normalise(&times, &values, 0.5, 1.6, 101).is_none());
        assert!(normalise(&times, &values, -0.1, 1.0, 101).is_none());
        assert!(normalise(&times, &values, 1.0, 1.0, 101).is_none());
        assert!(normalise(&[], &[], 0.0, 1.0, 101).is_none());
        values[40] = None;
        assert!(normalise(&times, &values, 0.2, 1.2, 101).is_none());
        assert!(normalise(&times, &values, 0.7, 1.2, 101).is_some());
    }
}
