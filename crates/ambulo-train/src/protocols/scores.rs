//! Errors of takes, and the tables made from them.

use ambulo::metrics::MetricError;
use ambulo::metrics::pose3d::{
    ActionTable, Alignment, ClipEdges, CorrectJoints, PosePair, acceleration_error, aligned_error,
    frame_weighted, mean_error, scale_aligned_error, velocity_error,
};
use nalgebra::Point3;
use serde::Serialize;

use super::judge::keep_frames;

/// Which frames of a take count, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counting {
    /// As the papers' code: frames where clips overlap and filled-up ends count again, and velocities
    /// lead from clip to clip.
    Upstream,
    /// Each frame once; where clips overlap, their answers are averaged.
    Unique,
}

/// Errors over the frames of one take, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Errors {
    /// Frames counted.
    pub frames: usize,
    /// MPJPE.
    pub mpjpe_mm: f64,
    /// P-MPJPE, with scale.
    pub p_mpjpe_mm: f64,
    /// N-MPJPE.
    pub n_mpjpe_mm: f64,
    /// MPJVE, per frame; `None` if no two frames follow each other.
    pub mpjve_mm: Option<f64>,
    /// Error of acceleration, per frame²; `None` without three frames in a row.
    pub acceleration_mm: Option<f64>,
}

/// What a take scored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TakeScore {
    /// Subject.
    pub subject: String,
    /// Recording.
    pub name: String,
    /// Camera.
    pub camera: String,
    /// Errors as the papers count; `None` if no frame counts.
    pub upstream: Option<Errors>,
    /// Errors with each frame once.
    pub unique: Option<Errors>,
    /// Correct joints on 14 and on 17 joints, of MPI-INF-3DHP only.
    pub correct: Option<[CorrectJoints; 2]>,
}

/// Scores of takes.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Scores {
    /// One a take, in the order of the takes.
    pub takes: Vec<TakeScore>,
}

impl Errors {
    /// Errors of the frames to keep; `None` if there are none. Velocities lead from a frame to the
    /// next only where both are kept, and with [`ClipEdges::Joined`] over the edges of clips.
    pub(super) fn of(
        joints: usize,
        predicted_mm: &[Point3<f64>],
        reference_mm: &[Point3<f64>],
        kept: &[bool],
    ) -> Result<Option<Self>, MetricError> {
        if !kept.contains(&true) {
            return Ok(None);
        }
        let predicted = keep_frames(joints, predicted_mm, kept);
        let reference = keep_frames(joints, reference_mm, kept);
        let pair = PosePair::new(joints, &predicted, &reference)?;
        let mut runs = Vec::new();
        let mut from = 0;
        for run in kept.chunk_by(|a, b| a == b) {
            if run[0] {
                let range = from * joints..(from + run.len()) * joints;
                runs.push(PosePair::new(
                    joints,
                    &predicted_mm[range.clone()],
                    &reference_mm[range],
                )?);
            }
            from += run.len();
        }
        Ok(Some(Self {
            frames: pair.frames(),
            mpjpe_mm: mean_error(&pair),
            p_mpjpe_mm: aligned_error(&pair, Alignment::Similarity),
            n_mpjpe_mm: scale_aligned_error(&pair),
            mpjve_mm: velocity_error(&runs, ClipEdges::Apart).ok(),
            acceleration_mm: acceleration_error(&runs, ClipEdges::Apart).ok(),
        }))
    }
}

impl TakeScore {
    /// The errors in one way of counting.
    pub fn errors(&self, counting: Counting) -> Option<&Errors> {
        match counting {
            Counting::Upstream => self.upstream.as_ref(),
            Counting::Unique => self.unique.as_ref(),
        }
    }
}

impl Scores {
    /// One error a group of takes: by action, over all subjects and cameras, where `group` gives the
    /// name of the take.
    pub fn table(
        &self,
        counting: Counting,
        group: impl Fn(&TakeScore) -> String,
        measure: impl Fn(&Errors) -> Option<f64>,
    ) -> ActionTable {
        let mut table = ActionTable::default();
        for take in &self.takes {
            if let Some(errors) = take.errors(counting)
                && let Some(error) = measure(errors)
            {
                table.add(&group(take), errors.frames, error);
            }
        }
        table
    }

    /// Correct joints on 14 joints over all sequences, weighted by frames.
    pub fn official14(&self) -> Option<CorrectJoints> {
        self.correct(0)
    }

    /// Correct joints on 17 joints over all frames.
    pub fn mmpose17(&self) -> Option<CorrectJoints> {
        self.correct(1)
    }

    fn correct(&self, set: usize) -> Option<CorrectJoints> {
        let sequences: Vec<_> = self
            .takes
            .iter()
            .filter_map(|take| take.correct.map(|sets| sets[set]))
            .collect();
        frame_weighted(&sequences)
    }
}
