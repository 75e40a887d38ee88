//! Positions in a plot: scales, ticks and paths.

use std::fmt::Write as _;

/// A linear scale from values to coordinates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// The value at `start`, and the value at `end`.
    pub(crate) values: [f64; 2],
    /// The coordinate of the first value, and of the second.
    pub(crate) coordinates: [f64; 2],
}

impl Scale {
    /// The coordinate of a value.
    pub(crate) fn at(self, value: f64) -> f64 {
        let [from, to] = self.values;
        let [start, end] = self.coordinates;
        start + (value - from) / (to - from) * (end - start)
    }

    /// The coordinate of a value, held inside the scale.
    pub(crate) fn clamped(self, value: f64) -> f64 {
        let [from, to] = self.values;
        self.at(value.clamp(from.min(to), from.max(to)))
    }

    /// Whether a value lies on the scale.
    pub(crate) fn holds(self, value: f64) -> bool {
        let [from, to] = self.values;
        (from.min(to)..=from.max(to)).contains(&value)
    }
}

/// A coordinate as SVG text, to a tenth.
pub(crate) fn coordinate(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.strip_suffix(".0") {
        Some("-0") => "0".to_owned(),
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// A path through points; it breaks where a point is not finite.
pub(crate) fn line(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let mut pen_down = false;
    for (x, y) in points {
        if !(x.is_finite() && y.is_finite()) {
            pen_down = false;
            continue;
        }
        let command = if pen_down { 'L' } else { 'M' };
        pen_down = true;
        let _ = write!(path, "{command}{} {}", coordinate(x), coordinate(y));
    }
    path
}

/// A closed path between an upper and a lower edge; points that are not finite are left out.
pub(crate) fn band(points: impl IntoIterator<Item = (f64, [f64; 2])>) -> String {
    let finite: Vec<(f64, [f64; 2])> = points
        .into_iter()
        .filter(|(x, [a, b])| x.is_finite() && a.is_finite() && b.is_finite())
        .collect();
    if finite.len() < 2 {
        return String::new();
    }
    let there = finite.iter().map(|&(x, [a, _])| (x, a));
    let back = finite.iter().rev().map(|&(x, [_, b])| (x, b));
    let mut path = line(there.chain(back));
    path.push('Z');
    path
}

/// Round values that divide a range into about `count` parts, from at or below `low` to at or
/// above `high`.
pub(crate) fn ticks(low: f64, high: f64, count: u32) -> Vec<f64> {
    let span = high - low;
    if !(span.is_finite() && span > 0.0) {
        return Vec::new();
    }
    let rough = span / f64::from(count.max(1));
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|&step| step >= rough * (1.0 - 1e-9))
        .unwrap_or(10.0 * magnitude);
    let first = (low / step + 1e-9).floor();
    let last = (high / step - 1e-9).ceil();
    let mut values = Vec::new();
    let mut index = first;
    while index <= last && values.len() < 100 {
        values.push(index * step);
        index += 1.0;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_breaks_at_a_gap() {
        let points = [(0.0, 1.0), (1.0, 2.04), (2.0, f64::NAN), (3.0, -0.01)];
        assert_eq!(line(points), "M0 1L1 2M3 0");
    }

    #[test]
    fn ticks_are_round_and_cover_the_range() {
        assert_eq!(ticks(-7.0, 63.0, 4), [-20.0, 0.0, 20.0, 40.0, 60.0, 80.0]);
        assert_eq!(ticks(0.0, 1.0, 4), [0.0, 0.5, 1.0]);
        assert_eq!(ticks(1.0, 1.0, 4), [0.0; 0]);
        assert_eq!(ticks(f64::NAN, 1.0, 4), [0.0; 0]);
    }

    #[test]
    fn a_scale_may_run_downwards() {
        let scale = Scale {
            values: [0.0, 10.0],
            coordinates: [100.0, 0.0],
        };
        assert!((scale.at(2.5) - 75.0).abs() < 1e-12);
        assert!((scale.clamped(20.0)).abs() < 1e-12);
        assert!(scale.holds(10.0) && !scale.holds(10.1));
    }
}
