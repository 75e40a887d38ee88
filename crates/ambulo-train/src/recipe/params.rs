//! Recipes of networks that estimate gait parameters: one data set, a run for each network and target.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ambulo_nn::codec::params::{Recipe, Target};
use ambulo_nn::config::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::{RecipeError, read};
use crate::fit::{ParamsLesson, ParamsTrainConfig};
use crate::motion::Role;
use crate::params::{
    ParamsClip, ParamsFilm, ParamsRow, Segment, Split, film, published_rows, read_segments,
    read_split, read_targets, rows,
};
use crate::schedule::Schedule;

/// A recipe of several runs, as its TOML file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamsRecipe {
    /// What the networks learn from.
    pub data: ParamsData,
    /// How they learn.
    #[serde(default)]
    pub train: ParamsTrainConfig,
    /// The networks, each for one target.
    pub runs: Vec<ParamsRun>,
}

/// One network for one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParamsRun {
    /// The name of the weights.
    pub name: String,
    /// The network.
    pub model: NetworkConfig,
    /// What it estimates.
    pub target: Target,
    /// Steps, in place of those of all runs.
    #[serde(default)]
    pub steps: Option<u64>,
    /// The learning rate, in place of that of all runs.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// The learning rate that a cosine falls to, in place of that of all runs.
    #[serde(default)]
    pub lowest_rate: Option<f64>,
}

/// What networks that estimate gait parameters learn from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "snake_case", deny_unknown_fields)]
pub enum ParamsData {
    /// Films of motion capture.
    Film {
        /// The folder of recordings.
        folder: PathBuf,
        /// How they are filmed.
        #[serde(default)]
        film: ParamsFilm,
    },
    /// The tables and windows of the published code, under their published names.
    Published {
        /// The folder of the files.
        folder: PathBuf,
    },
}

/// Names of published files.
const SPLIT: &str = "train_test_valid_id_split.csv";
const TARGETS: &str = "alldata_processed.csv";
const BOTH_LEGS: &str = "all_processed_video_segments.pickle";
const ONE_LEG: &str = "all_processed_video_segments_doublesided.pickle";

/// Recordings to learn from and to choose by, ready for any network and target.
#[derive(Debug)]
pub struct ParamsSource {
    kept: Kept,
}

#[derive(Debug)]
enum Kept {
    Film(Vec<ParamsClip>, ParamsFilm),
    Published {
        both: Vec<Segment>,
        one: Vec<Segment>,
        split: Split,
        targets: Vec<u8>,
    },
}

impl ParamsRecipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the file cannot be read or is not understood.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        read(path)
    }

    /// The settings of one run.
    pub fn train_of(&self, run: &ParamsRun) -> ParamsTrainConfig {
        let mut train = self.train.clone();
        train.run.steps = run.steps.or(train.run.steps);
        let optimizer = &mut train.run.optimizer;
        if let Some(rate) = run.learning_rate {
            optimizer.learning_rate = rate;
        }
        if let (
            Some(lowest),
            Schedule::CosineRestarts { floor, .. }
            | Schedule::Cosine { floor, .. }
            | Schedule::CosineByEpoch { floor },
        ) = (run.lowest_rate, &mut train.run.schedule)
        {
            *floor = lowest / optimizer.learning_rate;
        }
        train
    }
}

impl ParamsData {
    /// Takes the data from another folder than the recipe's.
    pub fn set_folder(&mut self, new: &Path) {
        match self {
            Self::Film { folder, .. } | Self::Published { folder } => new.clone_into(folder),
        }
    }

    /// Loads the recordings.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if something is missing or damaged.
    pub fn source(&self) -> Result<ParamsSource, RecipeError> {
        let kept = match self {
            Self::Film {
                folder,
                film: settings,
            } => {
                let threads = std::thread::available_parallelism().map_or(1, usize::from);
                let roles = [Role::Train, Role::Tune];
                Kept::Film(film(folder, settings, &roles, threads)?, *settings)
            }
            Self::Published { folder } => {
                let bytes = |name: &str| {
                    let path = folder.join(name);
                    std::fs::read(&path).map_err(|source| RecipeError::Read { path, source })
                };
                Kept::Published {
                    split: read_split(&bytes(SPLIT)?)?,
                    targets: bytes(TARGETS)?,
                    both: read_segments(&bytes(BOTH_LEGS)?)?,
                    one: read_segments(&bytes(ONE_LEG)?)?,
                }
            }
        };
        Ok(ParamsSource { kept })
    }
}

impl ParamsSource {
    /// What a run learns from.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the published table lacks the target, or the network estimates nothing.
    pub fn lesson(
        &self,
        run: &ParamsRun,
        train: &ParamsTrainConfig,
    ) -> Result<ParamsLesson, RecipeError> {
        if !matches!(run.model, NetworkConfig::Stt(_) | NetworkConfig::Cnn1d(_)) {
            return Err(RecipeError::NoParams {
                model: run.model.model(),
            });
        }
        let all = match &self.kept {
            Kept::Film(clips, _) => rows(clips, &run.model, run.target, train.recipe),
            Kept::Published {
                both,
                one,
                split,
                targets,
            } => {
                let segments = if run.target.is_sided() { one } else { both };
                let targets = read_targets(targets, run.target)?;
                published_rows(segments, split, &targets, &run.model, run.target)
            }
        };
        let of = |role: Role| -> Vec<ParamsRow> {
            all.iter().filter(|row| row.role == role).cloned().collect()
        };
        Ok(ParamsLesson {
            target: run.target,
            train: of(Role::Train),
            tune: of(Role::Tune),
        })
    }

    /// What to store with the weights of a run.
    ///
    /// # Panics
    ///
    /// Never: settings are plain numbers and words.
    pub fn notes(&self, run: &ParamsRun, train: &ParamsTrainConfig) -> BTreeMap<String, String> {
        let data = match &self.kept {
            Kept::Film(_, film) => serde_json::to_string(film).expect("settings are plain"),
            Kept::Published { .. } => "published".to_owned(),
        };
        let recipe = serde_json::to_string(&train.recipe).expect("a recipe is a word");
        BTreeMap::from([
            (Target::NOTE.to_owned(), run.target.name().to_owned()),
            (Recipe::NOTE.to_owned(), recipe.trim_matches('"').to_owned()),
            ("data".to_owned(), data),
        ])
    }
}
