//! A point's way in the horizontal plane, with time.

use nalgebra::Vector2;

/// A point in the plane at each frame, `None` where it is not known.
#[derive(Debug, Clone)]
pub(crate) struct Path<'a> {
    times_s: &'a [f64],
    points: Vec<Option<Vector2<f64>>>,
}

impl<'a> Path<'a> {
    /// A path whose gaps up to `max_gap_s` are bridged by straight lines.
    pub(crate) fn bridged(
        times_s: &'a [f64],
        mut points: Vec<Option<Vector2<f64>>>,
        max_gap_s: f64,
    ) -> Self {
        let mut last_known: Option<usize> = None;
        for frame in 0..points.len() {
            let Some(point) = points[frame] else { continue };
            if let Some(last) = last_known
                && frame > last + 1
                && times_s[frame] - times_s[last] <= max_gap_s
                && let Some(from) = points[last]
            {
                for between in last + 1..frame {
                    let share =
                        (times_s[between] - times_s[last]) / (times_s[frame] - times_s[last]);
                    points[between] = Some(from.lerp(&point, share));
                }
            }
            last_known = Some(frame);
        }
        Self { times_s, points }
    }

    pub(crate) fn times_s(&self) -> &[f64] {
        self.times_s
    }

    pub(crate) fn points(&self) -> &[Option<Vector2<f64>>] {
        &self.points
    }

    /// The point of a frame.
    pub(crate) fn get(&self, frame: usize) -> Option<Vector2<f64>> {
        self.points.get(frame).copied().flatten()
    }

    /// The point at a time, linear between frames; `None` outside or in a gap.
    pub(crate) fn at(&self, time_s: f64) -> Option<Vector2<f64>> {
        let after = self.times_s.partition_point(|&t| t < time_s);
        let b = self.get(after)?;
        if self.times_s[after] <= time_s {
            return Some(b);
        }
        let before = after.checked_sub(1)?;
        let a = self.get(before)?;
        let share = (time_s - self.times_s[before]) / (self.times_s[after] - self.times_s[before]);
        Some(a.lerp(&b, share))
    }

    /// Frames whose time lies in `[from_s, to_s]`, half-open.
    pub(crate) fn frames_between(&self, from_s: f64, to_s: f64) -> std::ops::Range<usize> {
        frames_between(self.times_s, from_s, to_s)
    }

    /// Twice the largest distance from the mean over some frames: how far the point travels.
    pub(crate) fn travel(&self, frames: std::ops::Range<usize>) -> Option<f64> {
        let known = || self.points[frames.clone()].iter().flatten();
        let count = known().count();
        if count < 2 {
            return None;
        }
        let mean = known().sum::<Vector2<f64>>() / count as f64;
        known().map(|p| 2.0 * (p - mean).norm()).reduce(f64::max)
    }

    /// First and last known point of some frames, with their times.
    pub(crate) fn ends(&self, frames: std::ops::Range<usize>) -> Option<[(f64, Vector2<f64>); 2]> {
        let mut known = frames.filter_map(|frame| Some((self.times_s[frame], self.get(frame)?)));
        let first = known.next()?;
        let last = known.next_back()?;
        Some([first, last])
    }

    /// Velocity of the straight line that fits the path best in some frames.
    pub(crate) fn fitted_velocity(&self, frames: std::ops::Range<usize>) -> Option<Vector2<f64>> {
        let known: Vec<(f64, Vector2<f64>)> = frames
            .filter_map(|frame| Some((self.times_s[frame], self.get(frame)?)))
            .collect();
        let count = known.len() as f64;
        let mean_s = known.iter().map(|(t, _)| t).sum::<f64>() / count;
        let mean = known.iter().map(|(_, p)| p).sum::<Vector2<f64>>() / count;
        let spread: f64 = known.iter().map(|(t, _)| (t - mean_s).powi(2)).sum();
        let moment: Vector2<f64> = known.iter().map(|(t, p)| (p - mean) * (t - mean_s)).sum();
        (known.len() > 1 && spread > 0.0).then(|| moment / spread)
    }
}

/// Frames whose time lies in `[from_s, to_s]`, half-open.
pub(crate) fn frames_between(times_s: &[f64], from_s: f64, to_s: f64) -> std::ops::Range<usize> {
    let start = times_s.partition_point(|&t| t < from_s - 1e-9);
    let end = times_s.partition_point(|&t| t <= to_s + 1e-9);
    start..end.max(start)
}

/// The median; `None` of nothing.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.retain(|value| value.is_finite());
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}
