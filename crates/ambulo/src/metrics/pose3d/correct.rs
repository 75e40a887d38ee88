//! Shares of joints that are near enough (PCK) and their mean over thresholds (AUC).

use serde::{Deserialize, Serialize};

use super::PosePair;
use crate::metrics::MetricError;

/// A joint nearer than this is correct.
pub const PCK_THRESHOLD_MM: f64 = 150.0;
/// The area under the curve is the mean over thresholds this far apart, from 0 to
/// [`PCK_THRESHOLD_MM`], both included.
pub const AUC_STEP_MM: f64 = 5.0;

/// Which of the 17 joints of MPI-INF-3DHP count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JointSet {
    /// The first 14 (head top, neck, shoulders, elbows, wrists, hips, knees, ankles), as the data
    /// set's own evaluation: without pelvis, spine and head.
    Official14,
    /// All 17, as `MMPose`: the root, which is zero on both sides, adds a perfect joint.
    Mmpose17,
}

impl JointSet {
    /// How many of the leading joints count.
    pub fn joints(self) -> usize {
        match self {
            Self::Official14 => 14,
            Self::Mmpose17 => 17,
        }
    }
}

/// Shares of correct joints, in percent, and the error beside them.
///
/// # Source
///
/// Mehta et al. (2017), "Monocular 3D human pose estimation in the wild", arXiv:1611.09813.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CorrectJoints {
    /// Frames counted.
    pub frames: usize,
    /// Share of joints strictly nearer than [`PCK_THRESHOLD_MM`].
    pub pck_pct: f64,
    /// Mean share over the 31 thresholds 0, 5, …, 150 mm. The threshold 0 is never met, so that even
    /// perfection reaches only 96.8.
    pub auc_pct: f64,
    /// MPJPE of the joints counted.
    pub mpjpe_mm: f64,
}

impl CorrectJoints {
    /// Counts the leading joints of `pair`, which is in millimetres.
    ///
    /// # Errors
    ///
    /// [`MetricError::BrokenFrame`] if a frame has fewer joints than the set.
    pub fn of(pair: &PosePair, set: JointSet) -> Result<Self, MetricError> {
        let joints = set.joints();
        if pair.joints < joints {
            return Err(MetricError::BrokenFrame {
                values: pair.joints,
                joints,
            });
        }
        let mut below = [0_usize; 31];
        let (mut correct, mut count, mut sum_mm) = (0_usize, 0_usize, 0.0);
        for (index, distance_mm) in pair.distances().enumerate() {
            if index % pair.joints >= joints {
                continue;
            }
            count += 1;
            sum_mm += distance_mm;
            correct += usize::from(distance_mm < PCK_THRESHOLD_MM);
            for (step, below) in below.iter_mut().enumerate() {
                *below += usize::from(distance_mm < AUC_STEP_MM * step as f64);
            }
        }
        let share_pct = |met: usize| 100.0 * met as f64 / count as f64;
        Ok(Self {
            frames: pair.frames(),
            pck_pct: share_pct(correct),
            auc_pct: below.iter().map(|&met| share_pct(met)).sum::<f64>() / below.len() as f64,
            mpjpe_mm: sum_mm / count as f64,
        })
    }
}

/// The mean over sequences, each weighted by its frames; `None` without frames.
pub fn frame_weighted(sequences: &[CorrectJoints]) -> Option<CorrectJoints> {
    let frames: usize = sequences.iter().map(|sequence| sequence.frames).sum();
    let mean = |get: fn(&CorrectJoints) -> f64| {
        let sum: f64 = sequences.iter().map(|s| get(s) * s.frames as f64).sum();
        sum / frames as f64
    };
    (frames > 0).then(|| CorrectJoints {
        frames,
        pck_pct: mean(|s| s.pck_pct),
        auc_pct: mean(|s| s.auc_pct),
        mpjpe_mm: mean(|s| s.mpjpe_mm),
    })
}

#[cfg(test)]
mod tests {
    use nalgebra::Point3;

    use super::*;

    #[test]
    fn exactly_150_mm_is_wrong_and_perfection_reaches_30_of_31() {
        let reference = vec![Point3::origin(); 17];
        let mut predicted = reference.clone();
        let perfect = PosePair::new(17, &predicted, &reference).unwrap();
        let found = CorrectJoints::of(&perfect, JointSet::Official14).unwrap();
        assert!((found.pck_pct - 100.0).abs() < 1e-12);
        assert!((found.auc_pct - 100.0 * 30.0 / 31.0).abs() < 1e-12);

        predicted[3] = Point3::new(90.0, 120.0, 0.0);
        predicted[15] = Point3::new(1000.0, 0.0, 0.0);
        let pair = PosePair::new(17, &predicted, &reference).unwrap();
        let official = CorrectJoints::of(&pair, JointSet::Official14).unwrap();
        assert!((official.pck_pct - 100.0 * 13.0 / 14.0).abs() < 1e-12);
        let all = CorrectJoints::of(&pair, JointSet::Mmpose17).unwrap();
        assert!((all.pck_pct - 100.0 * 15.0 / 17.0).abs() < 1e-12);
        assert!((all.mpjpe_mm - 1150.0 / 17.0).abs() < 1e-12);
    }

    #[test]
    fn longer_sequences_weigh_more() {
        let of = |frames, pck_pct| CorrectJoints {
            frames,
            pck_pct,
            auc_pct: 0.0,
            mpjpe_mm: 0.0,
        };
        let mean = frame_weighted(&[of(1, 100.0), of(3, 60.0)]).unwrap();
        assert_eq!((mean.frames, mean.pck_pct), (4, 70.0));
        assert_eq!(frame_weighted(&[]), None);
    }
}
