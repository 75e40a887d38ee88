//! Synthetic film of recorded walks as the data of a recipe.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use ambulo_nn::codec::lift::{AnsweredFrames, LiftCodec};
use ambulo_nn::config::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::{RecipeError, Source};
use crate::evaluate::walking::WalkValidation;
use crate::film::{FilmSamples, FilmSettings};
use crate::motion::{People, Role, Take, load};

/// Synthetic film of recorded walks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilmData {
    /// The folder of recordings.
    pub folder: PathBuf,
    /// How recordings become windows. Frames and answers follow from the network if left out.
    #[serde(default)]
    pub codec: LiftCodec,
    /// How film differs from the recordings.
    #[serde(default)]
    pub film: FilmSettings,
}

impl FilmData {
    pub(super) fn source(&self, model: &NetworkConfig) -> Result<Source, RecipeError> {
        let [frames, ..] = model.input_shape();
        let [frames_out, ..] = model.output_shape();
        let answers = if frames_out == 1 {
            AnsweredFrames::Centre
        } else {
            AnsweredFrames::All
        };
        let codec = LiftCodec {
            frames,
            answers,
            ..self.codec
        };
        let people = People::built_in()?;
        let takes = load(&self.folder, &people)?;
        let of = |role: Role| -> Vec<Take> {
            let takes = takes
                .iter()
                .filter(|take| people.role(&take.person) == role);
            takes.cloned().collect()
        };
        let text = serde_json::to_string(&codec).expect("settings are plain numbers and words");
        Ok(Source {
            samples: Arc::new(FilmSamples::new(codec, self.film, of(Role::Train))),
            validation: Some(Box::new(WalkValidation::new(codec, &of(Role::Tune)))),
            notes: BTreeMap::from([("codec".to_owned(), text)]),
        })
    }
}
