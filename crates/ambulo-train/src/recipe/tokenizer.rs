//! Recipes of motion tokenizers.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo_nn::codec::motion::MotionFeatures;
use ambulo_nn::config::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::{RecipeError, read};
use crate::corpus::{Clip, Corpus, CorpusConfig, Emphasis, MotionWindows, Statistics};
use crate::fit::{MotionLesson, TokenizerTrainConfig};
use crate::motion::Role;

/// A recipe, as its TOML file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerRecipe {
    /// The network.
    pub model: NetworkConfig,
    /// What it learns from.
    pub data: TokenizerData,
    /// How it learns.
    #[serde(default)]
    pub train: TokenizerTrainConfig,
}

/// Walks to learn from: recorded ones, their mirror images, and simulated ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerData {
    /// Folder of the recordings, with `cmu` and `c3d/biomechzoo` in it.
    pub folder: PathBuf,
    /// How walks are simulated. They are mirrored by chance; recorded walks are shown in both ways.
    #[serde(default)]
    pub corpus: CorpusConfig,
    /// Share of the windows that are of recorded walks.
    #[serde(default = "default_recorded_share")]
    pub recorded_share: f64,
    /// What counts more.
    #[serde(default)]
    pub emphasis: Emphasis,
}

fn default_recorded_share() -> f64 {
    0.25
}

impl TokenizerRecipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the file cannot be read or is not understood.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        read(path)
    }

    /// Loads recordings, simulates walks and cuts windows. Walks without features are left out.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the recipe is for another network, recordings are missing, or no walk is as long as a window.
    pub fn lesson(&self) -> Result<MotionLesson, RecipeError> {
        let NetworkConfig::Vqvae(config) = &self.model else {
            let model = self.model.model();
            return Err(RecipeError::NoTokenizer { model });
        };
        let corpus = Corpus::open(&self.data.folder)?;
        let facing = self.data.corpus.facing;
        let of_role = |role: Role| -> [Vec<MotionFeatures>; 2] {
            let roles = [role];
            let recorded = corpus.recorded(facing, &roles).flatten();
            let recorded = recorded.flat_map(|clip: Clip| {
                let mirrored = clip.mirrored(facing).ok().map(|it| it.features);
                std::iter::once(clip.features).chain(mirrored)
            });
            let recorded: Vec<MotionFeatures> = recorded.collect();
            let simulated = corpus.simulated(&self.data.corpus, &roles).flatten();
            [recorded, simulated.map(|clip| clip.features).collect()]
        };
        let train = of_role(Role::Train);
        let statistics = Statistics::of(train.iter().flatten(), &self.data.emphasis);
        let [recorded, simulated] = train.map(|motions| {
            let rows = motions.iter().map(|motion| statistics.normalised(motion));
            rows.collect::<Vec<Vec<f32>>>()
        });
        let share = self.data.recorded_share.clamp(0.0, 1.0);
        let groups = vec![(share, recorded), (1.0 - share, simulated)];
        let train = MotionWindows::new(config.frames, groups).ok_or(RecipeError::NoWindow {
            frames: config.frames,
        })?;
        Ok(MotionLesson {
            statistics,
            train: Arc::new(train),
            tune: of_role(Role::Tune).into_iter().flatten().collect(),
        })
    }

    /// What to store with the weights.
    pub fn notes(&self) -> BTreeMap<String, String> {
        let facing = serde_json::to_string(&self.data.corpus.facing).unwrap_or_default();
        BTreeMap::from([
            ("facing".to_owned(), facing.trim_matches('"').to_owned()),
            (
                "data".to_owned(),
                "CMU motion capture and biomechZoo (Apache-2.0), recorded and with simulated impairments".to_owned(),
            ),
        ])
    }
}
