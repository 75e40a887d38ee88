//! Peaks: local maxima with their prominence and width, as SciPy's `find_peaks` gives them.

use super::runs;

/// Limits that a property of a peak must keep; both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Limits {
    /// The least allowed.
    pub min: Option<f64>,
    /// The most allowed.
    pub max: Option<f64>,
}

impl Limits {
    /// At least this much.
    pub fn at_least(min: f64) -> Self {
        Self {
            min: Some(min),
            max: None,
        }
    }

    fn hold(&self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }
}

/// What counts as a peak. Without any setting, every local maximum does.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PeakConfig {
    /// Limits of the value at the peak.
    pub height: Limits,
    /// Limits of the fall to the next samples: the smaller against `min`, the larger against `max`.
    pub threshold: Limits,
    /// Samples that must lie between two peaks; the higher one wins.
    pub distance: Option<f64>,
    /// Limits of how far the signal falls on the way to higher ground.
    pub prominence: Limits,
    /// Samples around a peak that its prominence is measured in; all of them if absent.
    pub window: Option<usize>,
    /// Limits of the width, in samples.
    pub width: Limits,
    /// The share of the prominence below the top where the width is measured; half if absent.
    pub relative_height: Option<f64>,
    /// Limits of the number of equal samples at the top.
    pub plateau: Limits,
}

/// A local maximum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// Index of the sample; the middle of a plateau, rounded down.
    pub index: usize,
    /// The value there.
    pub height: f64,
    /// First sample of the plateau.
    pub left_edge: usize,
    /// Last sample of the plateau.
    pub right_edge: usize,
    /// How far the signal falls, on both sides, before it rises above the peak.
    pub prominence: f64,
    /// The lowest sample on the left that the prominence was measured to.
    pub left_base: usize,
    /// The lowest sample on the right that the prominence was measured to.
    pub right_base: usize,
    /// Width in samples at `width_height`.
    pub width: f64,
    /// The height at which the width was measured.
    pub width_height: f64,
    /// Where the signal crosses `width_height` on the left, in samples.
    pub left_crossing: f64,
    /// Where the signal crosses `width_height` on the right, in samples.
    pub right_crossing: f64,
}

/// The peaks of a signal, in order.
///
/// Conditions apply in this order: plateau, height, threshold, distance, prominence, width.
pub fn find_peaks(signal: &[f64], config: &PeakConfig) -> Vec<Peak> {
    let mut peaks = local_maxima(signal);
    peaks.retain(|peak| {
        let plateau = (peak.right_edge - peak.left_edge + 1) as f64;
        let falls = [peak.index - 1, peak.index + 1].map(|next| peak.height - signal[next]);
        config.plateau.hold(plateau)
            && config.height.hold(peak.height)
            && config
                .threshold
                .min
                .is_none_or(|min| falls[0].min(falls[1]) >= min)
            && config
                .threshold
                .max
                .is_none_or(|max| falls[0].max(falls[1]) <= max)
    });
    if let Some(distance) = config.distance {
        keep_distant(&mut peaks, distance);
    }
    peaks.retain_mut(|peak| {
        measure_prominence(signal, peak, config.window);
        config.prominence.hold(peak.prominence)
    });
    peaks.retain_mut(|peak| {
        measure_width(signal, peak, config.relative_height.unwrap_or(0.5));
        config.width.hold(peak.width)
    });
    peaks
}

/// Time and value of a peak or trough between samples: the vertex of the parabola through a sample
/// and its two neighbours.
///
/// The sample itself where there is no neighbour on one side, or where the parabola has its vertex
/// elsewhere. `None` if `index` lies outside.
pub fn refine(times_s: &[f64], values: &[f64], index: usize) -> Option<(f64, f64)> {
    let (&time_s, &value) = (times_s.get(index)?, values.get(index)?);
    let sample = Some((time_s, value));
    if index == 0 || index + 1 >= times_s.len().min(values.len()) {
        return sample;
    }
    let (before_s, after_s) = (times_s[index - 1] - time_s, times_s[index + 1] - time_s);
    let slope_before = (values[index - 1] - value) / before_s;
    let slope_after = (values[index + 1] - value) / after_s;
    let bend = (slope_after - slope_before) / (after_s - before_s);
    let slope = slope_before - bend * before_s;
    let shift_s = -slope / (2.0 * bend);
    if bend == 0.0 || !(before_s..=after_s).contains(&shift_s) {
        return sample;
    }
    Some((time_s + shift_s, value + shift_s * (slope + bend * shift_s)))
}

/// Peaks of a signal with missing samples: each unbroken run is searched on its own.
pub fn find_peaks_in_runs(
    times_s: &[f64],
    values: &[Option<f64>],
    config: &PeakConfig,
) -> Vec<Peak> {
    let mut peaks = Vec::new();
    for run in runs::of(times_s, values) {
        let signal: Vec<f64> = values[run.clone()].iter().flatten().copied().collect();
        peaks.extend(find_peaks(&signal, config).into_iter().map(|peak| Peak {
            index: peak.index + run.start,
            left_edge: peak.left_edge + run.start,
            right_edge: peak.right_edge + run.start,
            left_base: peak.left_base + run.start,
            right_base: peak.right_base + run.start,
            left_crossing: peak.left_crossing + run.start as f64,
            right_crossing: peak.right_crossing + run.start as f64,
            ..peak
        }));
    }
    peaks
}

/// Samples, or runs of equal samples, with lower ones on both sides.
fn local_maxima(signal: &[f64]) -> Vec<Peak> {
    let mut peaks = Vec::new();
    let mut at = 1;
    while at + 1 < signal.len() {
        let mut ahead = at + 1;
        if signal[at - 1] < signal[at] {
            let level = |x: &&f64| (**x - signal[at]).abs() <= 0.0;
            ahead += signal[ahead..signal.len() - 1]
                .iter()
                .take_while(level)
                .count();
            if signal[ahead] < signal[at] {
                let index = usize::midpoint(at, ahead - 1);
                peaks.push(Peak {
                    index,
                    height: signal[index],
                    left_edge: at,
                    right_edge: ahead - 1,
                    prominence: 0.0,
                    left_base: index,
                    right_base: index,
                    width: 0.0,
                    width_height: signal[index],
                    left_crossing: index as f64,
                    right_crossing: index as f64,
                });
            }
        }
        at = ahead;
    }
    peaks
}

/// Drops peaks nearer than `distance` to a higher one; of equal ones the later stays.
fn keep_distant(peaks: &mut Vec<Peak>, distance: f64) {
    let apart = |a: &Peak, b: &Peak| (a.index.abs_diff(b.index) as f64) >= distance.ceil();
    let mut order: Vec<usize> = (0..peaks.len()).collect();
    order.sort_by(|&i, &j| peaks[i].height.total_cmp(&peaks[j].height));
    let mut keep = vec![true; peaks.len()];
    for &highest in order.iter().rev() {
        if !keep[highest] {
            continue;
        }
        let crowd = |&other: &usize| !apart(&peaks[highest], &peaks[other]);
        for lower in (0..highest).rev().take_while(crowd) {
            keep[lower] = false;
        }
        for lower in (highest + 1..peaks.len()).take_while(crowd) {
            keep[lower] = false;
        }
    }
    let mut keep = keep.into_iter();
    peaks.retain(|_| keep.next().unwrap_or(false));
}

fn measure_prominence(signal: &[f64], peak: &mut Peak, window: Option<usize>) {
    let half = window.map_or(signal.len(), |window| window.max(2) / 2);
    let lowest = |indices: &mut dyn Iterator<Item = usize>| {
        let mut base = peak.index;
        for index in indices.take_while(|&i| signal[i] <= peak.height) {
            if signal[index] < signal[base] {
                base = index;
            }
        }
        base
    };
    let left = lowest(&mut (peak.index.saturating_sub(half)..=peak.index).rev());
    let right = lowest(&mut (peak.index..signal.len().min(peak.index.saturating_add(half + 1))));
    peak.left_base = left;
    peak.right_base = right;
    peak.prominence = peak.height - signal[left].max(signal[right]);
}

fn measure_width(signal: &[f64], peak: &mut Peak, relative_height: f64) {
    let height = peak.height - peak.prominence * relative_height;
    let left = (peak.left_base + 1..=peak.index)
        .rev()
        .find(|&i| signal[i] <= height)
        .unwrap_or(peak.left_base);
    let right = (peak.index..peak.right_base)
        .find(|&i| signal[i] <= height)
        .unwrap_or(peak.right_base);
    peak.width_height = height;
    peak.left_crossing = left as f64;
    if signal[left] < height {
        peak.left_crossing += (height - signal[left]) / (signal[left + 1] - signal[left]);
    }
    peak.right_crossing = right as f64;
    if signal[right] < height {
        peak.right_crossing -= (height - signal[right]) / (signal[right - 1] - signal[right]);
    }
    peak.width = peak.right_crossing - peak.left_crossing;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_flat_signals_have_no_peaks() {
        for signal in [&[][..], &[1.0], &[1.0, 2.0], &[2.0; 9], &[1.0, 2.0, 2.0]] {
            assert_eq!(find_peaks(signal, &PeakConfig::default()), []);
        }
    }

    #[test]
    fn a_parabola_is_refined_to_its_vertex_at_uneven_times() {
        let times = [0.0, 0.03, 0.10];
        let values = times.map(|t: f64| 5.0 - (t - 0.042).powi(2));
        let (time, value) = refine(&times, &values, 1).unwrap();
        assert!((time - 0.042).abs() < 1e-12 && (value - 5.0).abs() < 1e-12);
        assert_eq!(refine(&times, &values, 0), Some((0.0, values[0])));
        assert_eq!(refine(&times, &values, 3), None);
    }

    #[test]
    fn a_peak_is_not_sought_across_a_gap() {
        let times: Vec<f64> = (0..7).map(f64::from).collect();
        let values = [
            Some(0.0),
            Some(1.0),
            None,
            Some(1.0),
            Some(0.0),
            Some(2.0),
            Some(1.0),
        ];
        let peaks = find_peaks_in_runs(&times, &values, &PeakConfig::default());
        assert_eq!(peaks.iter().map(|p| p.index).collect::<Vec<_>>(), [5]);
    }
}
