//! A training run as a file: network, data and settings.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo_nn::codec::lift::{AnsweredFrames, LiftCodec};
use ambulo_nn::config::NetworkConfig;
use serde::{Deserialize, Serialize};

use crate::batch::{LiftSamples, LiftValidation};
use crate::evaluate::walking::WalkValidation;
use crate::film::{FilmSamples, FilmSettings};
use crate::fit::TrainConfig;
use crate::motion::{MotionError, People, Role, Take, load};

/// A recipe, as its TOML file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The network.
    pub model: NetworkConfig,
    /// What it learns from.
    pub data: DataConfig,
    /// How it learns.
    #[serde(default)]
    pub train: TrainConfig,
}

/// What a network learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum DataConfig {
    /// Synthetic film of recorded walks.
    Film(FilmData),
}

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

/// Why a recipe cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The file is not TOML, or has keys or values that are not understood.
    #[error("the recipe is not understood: {path:?}")]
    Toml {
        /// The recipe.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// The file cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The recipe.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The recordings cannot be used.
    #[error("cannot use the recordings")]
    Motion(#[from] MotionError),
}

/// Everything a run needs of its data.
pub struct Source {
    /// Training examples.
    pub samples: Arc<dyn LiftSamples>,
    /// The judge of the network, on people it does not learn from.
    pub validation: Option<Box<dyn LiftValidation>>,
    /// What to store with the weights.
    pub notes: BTreeMap<String, String>,
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the file cannot be read or is not understood.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        let text = std::fs::read_to_string(path).map_err(|source| RecipeError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| RecipeError::Toml {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }

    /// Loads the data that the recipe names.
    ///
    /// # Errors
    ///
    /// [`RecipeError::Motion`] if recordings are missing or damaged.
    pub fn source(&self) -> Result<Source, RecipeError> {
        match &self.data {
            DataConfig::Film(data) => data.source(self),
        }
    }
}

impl FilmData {
    fn source(&self, recipe: &Recipe) -> Result<Source, RecipeError> {
        let [frames, ..] = recipe.model.input_shape();
        let [frames_out, ..] = recipe.model.output_shape();
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
