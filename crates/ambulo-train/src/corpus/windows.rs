//! Windows of normalised features to learn from.

use ambulo::synth::SeededRng;
use ambulo_nn::codec::motion::{FEATURES, MotionFeatures};
use serde::{Deserialize, Serialize};

use crate::datasets::takes::narrow;

/// Features that are spread alike: turn, way and height of the pelvis, places, rotations, ways of the joints, contacts.
const GROUPS: [std::ops::Range<usize>; 7] = [0..1, 1..3, 3..4, 4..67, 67..193, 193..259, 259..263];
/// Groups of the pelvis.
const ROOT: usize = 3;
/// The group of contacts.
const CONTACTS: usize = 6;
/// Features that hardly vary are not enlarged beyond what this spread does.
const LEAST_STD: f64 = 1e-4;

/// How much more some features count than the others: their standard deviations are divided by this.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Emphasis {
    /// Turn, way and height of the pelvis: their errors add up along the walk.
    pub root: f64,
    /// Whether feet rest.
    pub contacts: f64,
}

impl Default for Emphasis {
    fn default() -> Self {
        Self {
            root: 5.0,
            contacts: 1.0,
        }
    }
}

/// Mean and standard deviation by which features are normalised.
///
/// The mean is each feature's own, the standard deviation that of its group, as published statistics are made; walks
/// vary far less than motion at large, so these are taken from walks.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Of each feature.
    pub mean: Vec<f32>,
    /// Of each feature, never 0.
    pub std: Vec<f32>,
}

impl Statistics {
    /// Over all rows of all motions. Without rows, mean 0 and standard deviation 1.
    pub fn of<'a>(
        motions: impl IntoIterator<Item = &'a MotionFeatures>,
        emphasis: &Emphasis,
    ) -> Self {
        let (mut rows, mut sums, mut squares) = (0_u64, vec![0.0; FEATURES], vec![0.0; FEATURES]);
        for motion in motions {
            for row in motion.data().chunks_exact(FEATURES) {
                rows += 1;
                for ((sum, square), &x) in sums.iter_mut().zip(&mut squares).zip(row) {
                    let x = f64::from(x);
                    *sum += x;
                    *square += x * x;
                }
            }
        }
        if rows == 0 {
            return Self {
                mean: vec![0.0; FEATURES],
                std: vec![1.0; FEATURES],
            };
        }
        let count = rows as f64;
        let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let spread = |feature: usize| {
            let variance = squares[feature] / count - mean[feature] * mean[feature];
            variance.max(0.0).sqrt()
        };
        let std = GROUPS.iter().enumerate().flat_map(|(group, features)| {
            let spreads: Vec<f64> = features.clone().map(spread).collect();
            let all = spreads.iter().sum::<f64>() / spreads.len() as f64;
            let emphasis = match group {
                0..ROOT => emphasis.root,
                CONTACTS => emphasis.contacts,
                _ => 1.0,
            };
            let std = narrow(all.max(LEAST_STD) / emphasis);
            features.clone().map(move |_| std)
        });
        Self {
            std: std.collect(),
            mean: mean.iter().map(|&mean| narrow(mean)).collect(),
        }
    }

    /// Normalised features, `[frames, 263]`.
    pub fn normalised(&self, motion: &MotionFeatures) -> Vec<f32> {
        let rows = motion.data().chunks_exact(FEATURES);
        rows.flat_map(|row| {
            let terms = row.iter().zip(&self.mean).zip(&self.std);
            terms.map(|((x, mean), std)| (x - mean) / std)
        })
        .collect()
    }

    /// Features of what [`Statistics::normalised`] gave, `[frames, 263]`.
    pub fn restored(&self, normalised: &[f32]) -> Vec<f32> {
        let rows = normalised.chunks_exact(FEATURES);
        rows.flat_map(|row| {
            let terms = row.iter().zip(&self.mean).zip(&self.std);
            terms.map(|((x, mean), std)| x * std + mean)
        })
        .collect()
    }
}

/// Normalised motions of at least a window's length.
#[derive(Debug, Clone, PartialEq)]
pub struct MotionWindows {
    frames: usize,
    /// Groups of motions, each with its share of the windows.
    groups: Vec<(f64, Vec<Vec<f32>>)>,
}

impl MotionWindows {
    /// Windows of so many frames from groups of normalised motions, each group with its share of the windows. Shorter
    /// motions are left out. `None` if nothing is left.
    pub fn new(frames: usize, groups: Vec<(f64, Vec<Vec<f32>>)>) -> Option<Self> {
        let groups = groups.into_iter().filter_map(|(share, mut motions)| {
            motions.retain(|rows| rows.len() >= frames * FEATURES);
            (share > 0.0 && !motions.is_empty()).then_some((share, motions))
        });
        let groups: Vec<_> = groups.collect();
        (frames > 0 && !groups.is_empty()).then_some(Self { frames, groups })
    }

    /// Frames of a window.
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Motions that windows are taken from.
    pub fn motions(&self) -> usize {
        self.groups.iter().map(|(_, motions)| motions.len()).sum()
    }

    /// Windows that start at unlike frames, in all motions together.
    pub fn count(&self) -> usize {
        let motions = self.groups.iter().flat_map(|(_, motions)| motions);
        motions.map(|rows| self.starts(rows)).sum()
    }

    /// `size` windows `[size, frames, 263]` for a step of the run with this seed. The same arguments always give the
    /// same windows. Within a group every window is as likely as any other.
    pub fn batch(&self, seed: u64, step: u64, size: usize) -> Vec<f32> {
        let mut rng = SeededRng::new(seed ^ 0x6D6F_7469_6F6E_0000);
        let mut rng = SeededRng::new(rng.next_u64().wrapping_add(step));
        let length = self.frames * FEATURES;
        let mut batch = Vec::with_capacity(size * length);
        for _ in 0..size {
            let motions = self.drawn(&mut rng);
            let windows = motions.iter().map(|rows| self.starts(rows)).sum();
            let mut place = rng.below(windows);
            for rows in motions {
                let starts = self.starts(rows);
                if place < starts {
                    batch.extend_from_slice(&rows[place * FEATURES..][..length]);
                    break;
                }
                place -= starts;
            }
        }
        batch
    }

    fn drawn(&self, rng: &mut SeededRng) -> &[Vec<f32>] {
        let all: f64 = self.groups.iter().map(|(share, _)| share).sum();
        let mut left = all * rng.unit();
        for (share, motions) in &self.groups {
            left -= share;
            if left < 0.0 {
                return motions;
            }
        }
        self.groups.last().map_or(&[], |(_, motions)| motions)
    }

    fn starts(&self, rows: &[f32]) -> usize {
        (rows.len() / FEATURES + 1).saturating_sub(self.frames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn motion(frames: usize, value: impl Fn(usize, usize) -> f32) -> MotionFeatures {
        let rows = (0..frames).flat_map(|frame| (0..FEATURES).map(move |at| (frame, at)));
        let data = rows.map(|(frame, at)| value(frame, at)).collect();
        MotionFeatures::from_rows(data).expect("the rows are whole")
    }

    #[test]
    fn spread_is_shared_in_a_group_and_smaller_where_errors_count_more() {
        // ±1 in all features, but ±3 in one of the two of the pelvis' way.
        let wide = |at: usize| if at == 1 { 3.0 } else { 1.0 };
        let motion = motion(8, |frame, at| {
            0.5 + if frame % 2 == 0 { wide(at) } else { -wide(at) }
        });
        let statistics = Statistics::of([&motion], &Emphasis::default());
        assert!(statistics.mean.iter().all(|mean| (mean - 0.5).abs() < 1e-6));
        for (at, std) in [(0, 0.2), (1, 0.4), (2, 0.4), (3, 0.2), (4, 1.0), (260, 1.0)] {
            assert!((statistics.std[at] - std).abs() < 1e-6, "{at}");
        }
        let normalised = statistics.normalised(&motion);
        assert!((normalised[1] - 7.5).abs() < 1e-5 && (normalised[4] - 1.0).abs() < 1e-5);
    }

    #[test]
    fn features_that_never_change_have_a_spread_too() {
        let still = motion(4, |_, _| 2.0);
        let statistics = Statistics::of([&still], &Emphasis::default());
        assert!(statistics.std.iter().all(|&std| std > 0.0));
        assert!(Statistics::of([], &Emphasis::default()).std[7] > 0.9);
    }

    #[test]
    fn windows_are_whole_stretches_and_the_same_again() {
        let rows = |first: usize, frames: usize| -> Vec<f32> {
            let at = |frame: usize| vec![narrow((first + frame) as f64); FEATURES];
            (0..frames).flat_map(at).collect()
        };
        let groups = vec![
            (1.0, vec![rows(0, 10), rows(100, 3)]),
            (1.0, vec![rows(200, 5)]),
            (1.0, vec![rows(300, 2)]),
        ];
        let windows = MotionWindows::new(4, groups).expect("two motions are long enough");
        assert_eq!((windows.motions(), windows.count()), (2, 9));
        let batch = windows.batch(7, 3, 200);
        assert_eq!(batch, windows.batch(7, 3, 200));
        assert_ne!(batch, windows.batch(7, 4, 200));
        let mut seen = std::collections::BTreeSet::new();
        for window in batch.chunks_exact(4 * FEATURES) {
            let first = window[0];
            for (frame, row) in window.chunks_exact(FEATURES).enumerate() {
                let expected = first + narrow(frame as f64);
                assert!(row.iter().all(|x| (x - expected).abs() < 1e-6));
            }
            seen.insert(first.to_bits());
        }
        assert_eq!(seen.len(), 9, "every window is drawn");
        assert_eq!(MotionWindows::new(11, vec![(1.0, vec![rows(0, 10)])]), None);
    }
}
