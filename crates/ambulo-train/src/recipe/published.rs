//! A published data set as the data of a recipe.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ambulo_nn::config::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::{RecipeError, Source};
use crate::batch::{Lift, LiftValidation, Validation};
use crate::datasets::examples::{Cutting, Examples, PUBLISHED_SHUFFLE_SEED};
use crate::datasets::takes::Takes;
use crate::protocols::folder::{Folder, Part};
use crate::protocols::judge::{Answers, Judging, Mirroring, RootJoint, judge};
use crate::protocols::published::{DataSet, Input2d};

/// A published data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedData {
    /// The folder of its files, as `docs/formats/pose_datasets.md` names them.
    pub folder: PathBuf,
    /// `h36m`, `humaneva` or `3dhp`.
    pub data_set: String,
    /// The 2D input.
    pub keypoints: Keypoints,
    /// Training subjects that are kept back to choose the best weights. With none, the last weights are
    /// delivered; the papers chose by the test subjects.
    #[serde(default)]
    pub held_out: Vec<String>,
    /// Frames from one example to the next, for networks that answer the centre frame. The papers use 1.
    #[serde(default = "default_stride")]
    pub stride: usize,
    /// Seed of the order of the examples.
    #[serde(default = "default_shuffle_seed")]
    pub shuffle_seed: u32,
}

/// The 2D input of a published data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keypoints {
    /// Projected truth.
    Truth,
    /// Detections of a cascaded pyramid network, fine-tuned on the data set.
    Cpn,
}

fn default_stride() -> usize {
    1
}

fn default_shuffle_seed() -> u32 {
    PUBLISHED_SHUFFLE_SEED
}

impl PublishedData {
    pub(super) fn source(&self, model: &NetworkConfig) -> Result<Source, RecipeError> {
        let Some(data_set) = DataSet::by_name(&self.data_set) else {
            return Err(RecipeError::UnknownDataSet {
                name: self.data_set.clone(),
            });
        };
        let input = match self.keypoints {
            Keypoints::Truth => Input2d::Truth,
            Keypoints::Cpn => Input2d::Cpn,
        };
        let takes = Folder::new(Some(&self.folder)).read(data_set, input, Part::Train)?;
        let is_held_out = |subject: &str| self.held_out.iter().any(|name| name == subject);
        let held_out = takes.clone().filtered(|take| is_held_out(&take.subject));
        let takes = takes.filtered(|take| !is_held_out(&take.subject));
        let [frames, ..] = model.input_shape();
        let [frames_out, ..] = model.output_shape();
        let (cutting, answers) = if frames_out == 1 {
            let stride = self.stride;
            (Cutting::Windows { stride }, Answers::Centre)
        } else {
            (Cutting::Clips, Answers::Every)
        };
        let judging = Judging {
            frames,
            answers,
            root: match data_set {
                DataSet::H36m | DataSet::Humaneva => RootJoint::Answered,
                DataSet::Mpi3dhp => RootJoint::Zeroed,
            },
            mirroring: Mirroring::Averaged,
            noise_sd: 0.0,
            noise_seed: 0,
        };
        let validation: Option<Box<dyn LiftValidation>> = if held_out.takes.is_empty() {
            None
        } else {
            Some(Box::new(HeldOut {
                takes: held_out,
                judging,
            }))
        };
        Ok(Source {
            samples: Arc::new(Examples::new(takes, frames, cutting, self.shuffle_seed)?),
            validation,
            notes: BTreeMap::from([("data_set".to_owned(), data_set.title().to_owned())]),
        })
    }
}

/// Training subjects kept back, judged by the data set's protocol.
struct HeldOut {
    takes: Takes,
    judging: Judging,
}

impl LiftValidation for HeldOut {
    /// The score is MPJPE over all frames, in millimetres; infinite if the answers are not finite.
    fn validate(&mut self, lift: &mut Lift<'_>) -> Validation {
        let scores = judge(&self.takes, &self.judging, lift);
        let (mut sum, mut frames) = (0.0, 0.0);
        for take in scores.iter().flat_map(|scores| &scores.takes) {
            if let Some(errors) = &take.unique {
                sum += errors.mpjpe_mm * errors.frames as f64;
                frames += errors.frames as f64;
            }
        }
        Validation {
            score: if frames > 0.0 {
                sum / frames
            } else {
                f64::INFINITY
            },
            figures: Vec::new(),
        }
    }
}
