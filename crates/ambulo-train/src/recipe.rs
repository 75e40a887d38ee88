//! A training run as a file: network, data and settings.

mod film;
mod params;
mod pictures;
mod published;
mod reasoner;
mod tokenizer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo_nn::codec::pose2d::Pose2dCodecError;
use ambulo_nn::config::NetworkConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::batch::{LiftSamples, LiftValidation};
use crate::datasets::coco::CocoError;
use crate::datasets::examples::ExamplesError;
use crate::datasets::lspet::LspetError;
use crate::fit::TrainConfig;
use crate::motion::MotionError;
use crate::params::PublishedError;
use crate::people::PeopleError;
use crate::protocols::folder::FolderError;

pub use film::FilmData;
pub use params::{ParamsData, ParamsRecipe, ParamsRun, ParamsSource};
pub use pictures::{AugmentationName, PictureData, PoseRecipe, PoseSource, SourceConfig};
pub use published::{Keypoints, PublishedData};
pub use reasoner::{ReasonerData, ReasonerModel, ReasonerRecipe, ReasonerRun};
pub use tokenizer::{TokenizerData, TokenizerRecipe};

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
    /// A published data set.
    Published(PublishedData),
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
    /// The data set cannot be used.
    #[error("cannot use the data set")]
    Folder(#[from] FolderError),
    /// No examples can be drawn from the data set.
    #[error("cannot draw examples from the data set")]
    Examples(#[from] ExamplesError),
    /// Crops of these settings are impossible.
    #[error(transparent)]
    Codec(#[from] Pose2dCodecError),
    /// Leeds Sports Poses cannot be used.
    #[error("cannot use Leeds Sports Poses")]
    Lspet(#[from] LspetError),
    /// Pictures in the form of COCO cannot be used.
    #[error("cannot use the pictures in the form of COCO")]
    Coco(#[from] CocoError),
    /// People cannot be rendered.
    #[error("cannot render people")]
    People(#[from] PeopleError),
    /// The network is not one for pictures.
    #[error("{model} finds no keypoints in pictures")]
    NoPictures {
        /// The network.
        model: &'static str,
    },
    /// The network is not one for gait parameters.
    #[error("{model} estimates no gait parameter")]
    NoParams {
        /// The network.
        model: &'static str,
    },
    /// The network is no motion tokenizer.
    #[error("{model} is no motion tokenizer")]
    NoTokenizer {
        /// The network.
        model: &'static str,
    },
    /// No walk is as long as a window.
    #[error("no walk has {frames} frames at 20 Hz")]
    NoWindow {
        /// Frames of a window.
        frames: usize,
    },
    /// The published data of gait parameters cannot be used.
    #[error("cannot use the published data")]
    Published(#[from] PublishedError),
    /// No data set has this name.
    #[error("no data set is called {name:?}; there are h36m, humaneva and 3dhp")]
    UnknownDataSet {
        /// The name in the recipe.
        name: String,
    },
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

impl DataConfig {
    /// Takes the data from another folder than the recipe's.
    pub fn set_folder(&mut self, folder: &Path) {
        match self {
            Self::Film(data) => folder.clone_into(&mut data.folder),
            Self::Published(data) => folder.clone_into(&mut data.folder),
        }
    }
}

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the file cannot be read or is not understood.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        read(path)
    }

    /// Loads the data that the recipe names.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if data are missing or damaged.
    pub fn source(&self) -> Result<Source, RecipeError> {
        match &self.data {
            DataConfig::Film(data) => data.source(&self.model),
            DataConfig::Published(data) => data.source(&self.model),
        }
    }
}

/// Reads a TOML file.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, RecipeError> {
    let text = std::fs::read_to_string(path).map_err(|source| RecipeError::Read {
        path: path.to_owned(),
        source,
    })?;
    toml::from_str(&text).map_err(|source| RecipeError::Toml {
        path: path.to_owned(),
        source: Box::new(source),
    })
}
