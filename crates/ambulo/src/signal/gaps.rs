//! Filling of short gaps.

use std::ops::Range;

use nalgebra::Point3;
use serde::{Deserialize, Serialize};

use super::runs;
use super::spline::CubicSpline;

/// How many samples on each side a cubic fill looks at.
const NEIGHBOURS: usize = 4;

/// The longest gaps that are filled.
///
/// A gap lasts as long as its missing frames: three missing frames at 25 Hz are 0.12 s.
///
/// # Source
///
/// Linear up to 0.12 s: Stenum, Rossi & Roemmich (2021), `PLoS` Comput. Biol. 17(4):e1008935.
/// Cubic up to 0.20 s: our choice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GapLimits {
    /// Gaps up to this long are filled by a straight line, in seconds.
    pub linear_s: f64,
    /// Longer ones up to this are filled by a cubic spline, in seconds.
    pub cubic_s: f64,
}

impl Default for GapLimits {
    fn default() -> Self {
        Self {
            linear_s: 0.12,
            cubic_s: 0.20,
        }
    }
}

/// A signal after filling.
#[derive(Debug, Clone, PartialEq)]
pub struct Filled<T = f64> {
    /// The values, one a frame; `None` is what stayed missing.
    pub values: Vec<Option<T>>,
    /// Frames that were filled.
    pub filled: Vec<Range<usize>>,
    /// Frames that stayed missing: gaps too long, and both ends.
    pub left: Vec<Range<usize>>,
}

/// How a gap is bridged.
#[derive(Clone, Copy)]
enum Bridge {
    Linear,
    Cubic,
}

/// Fills gaps between measured samples, never beyond the first or the last.
///
/// A cubic fill needs at least two measured samples next to each other on each side.
pub fn fill_gaps(times_s: &[f64], values: &[Option<f64>], limits: &GapLimits) -> Filled {
    let mut filled = Filled {
        values: values.to_vec(),
        filled: Vec::new(),
        left: Vec::new(),
    };
    for (gap, bridge) in gaps(times_s, values, limits) {
        match bridge.and_then(|bridge| bridged(times_s, values, &gap, bridge)) {
            Some(made) => {
                for (place, value) in filled.values[gap.clone()].iter_mut().zip(made) {
                    *place = Some(value);
                }
                filled.filled.push(gap);
            }
            None => filled.left.push(gap),
        }
    }
    filled
}

/// [`fill_gaps`] for each coordinate of a point.
pub fn fill_gaps_points(
    times_s: &[f64],
    points: &[Option<Point3<f64>>],
    limits: &GapLimits,
) -> Filled<Point3<f64>> {
    let [x, y, z] = [0, 1, 2].map(|axis| {
        let values: Vec<Option<f64>> = points.iter().map(|p| p.map(|p| p[axis])).collect();
        fill_gaps(times_s, &values, limits)
    });
    Filled {
        values: (0..points.len())
            .map(|f| Some(Point3::new(x.values[f]?, y.values[f]?, z.values[f]?)))
            .collect(),
        filled: x.filled,
        left: x.left,
    }
}

/// Every gap, with how to bridge it.
fn gaps(
    times_s: &[f64],
    values: &[Option<f64>],
    limits: &GapLimits,
) -> Vec<(Range<usize>, Option<Bridge>)> {
    const ROUNDING_S: f64 = 1e-6;
    let step_s = runs::median_step_s(times_s).unwrap_or(0.0);
    runs::missing(values)
        .into_iter()
        .map(|gap| {
            if gap.start == 0 || gap.end >= values.len() {
                return (gap, None);
            }
            let length_s = times_s[gap.end] - times_s[gap.start - 1] - step_s;
            let bridge = if length_s <= limits.linear_s + ROUNDING_S {
                Some(Bridge::Linear)
            } else if length_s <= limits.cubic_s + ROUNDING_S {
                Some(Bridge::Cubic)
            } else {
                None
            };
            (gap, bridge)
        })
        .collect()
}

fn bridged(
    times_s: &[f64],
    values: &[Option<f64>],
    gap: &Range<usize>,
    bridge: Bridge,
) -> Option<Vec<f64>> {
    let reach = match bridge {
        Bridge::Linear => 1,
        Bridge::Cubic => NEIGHBOURS,
    };
    let before = (0..gap.start)
        .rev()
        .take(reach)
        .take_while(|&f| values[f].is_some())
        .count();
    let after = (gap.end..values.len())
        .take(reach)
        .take_while(|&f| values[f].is_some())
        .count();
    if matches!(bridge, Bridge::Cubic) && before.min(after) < 2 {
        return None;
    }
    let support = (gap.start - before..gap.start).chain(gap.end..gap.end + after);
    let (x, y): (Vec<f64>, Vec<f64>) = support
        .filter_map(|frame| Some((times_s[frame], values[frame]?)))
        .unzip();
    Some(
        CubicSpline::not_a_knot(&x, &y)
            .ok()?
            .values(&times_s[gap.clone()]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(ranges: &[Range<usize>]) -> Vec<[usize; 2]> {
        ranges.iter().map(|r| [r.start, r.end]).collect()
    }

    fn walk_with_gap(gap: Range<usize>) -> (Vec<f64>, Vec<Option<f64>>) {
        let times: Vec<f64> = (0..50_u32).map(|i| f64::from(i) / 25.0).collect();
        let values = (0..50)
            .map(|i| (!gap.contains(&i)).then(|| (times[i] * 3.0).sin()))
            .collect();
        (times, values)
    }

    #[test]
    fn three_frames_at_25_hz_are_filled_by_a_line() {
        let (times, values) = walk_with_gap(20..23);
        let filled = fill_gaps(&times, &values, &GapLimits::default());
        assert_eq!(frames(&filled.filled), [[20, 23]]);
        assert!(filled.left.is_empty());
        let middle = f64::midpoint(values[19].unwrap(), values[23].unwrap());
        assert!((filled.values[21].unwrap() - middle).abs() < 1e-12);
    }

    #[test]
    fn five_frames_at_25_hz_are_filled_by_a_curve() {
        let (times, values) = walk_with_gap(20..25);
        let filled = fill_gaps(&times, &values, &GapLimits::default());
        assert_eq!(frames(&filled.filled), [[20, 25]]);
        for (time, value) in times.iter().zip(&filled.values).skip(20).take(5) {
            let truth = (time * 3.0).sin();
            assert!((value.unwrap() - truth).abs() < 2e-3);
        }
    }

    #[test]
    fn longer_gaps_and_both_ends_stay_missing() {
        let (times, mut values) = walk_with_gap(20..26);
        values[0] = None;
        values[49] = None;
        let filled = fill_gaps(&times, &values, &GapLimits::default());
        assert_eq!(filled.values, values);
        assert_eq!(filled.left, [0..1, 20..26, 49..50]);
    }

    #[test]
    fn a_curve_needs_two_samples_on_each_side() {
        let (times, mut values) = walk_with_gap(20..25);
        values[18] = None;
        values[26] = None;
        let filled = fill_gaps(&times, &values, &GapLimits::default());
        assert_eq!(filled.filled, [18..19, 26..27]);
        assert_eq!(frames(&filled.left), [[20, 25]]);
    }
}
