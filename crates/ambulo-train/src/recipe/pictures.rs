//! Pictures of people as the data of a recipe.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ambulo_nn::codec::pose2d::maps::MapKind;
use ambulo_nn::codec::pose2d::{Convention, Pose2dCodec};
use ambulo_nn::config::NetworkConfig;
use serde::{Deserialize, Serialize};

use super::RecipeError;
use crate::batch::{PoseBatch, PoseSamples, PoseValidation};
use crate::datasets::coco::CocoPictures;
use crate::datasets::lspet::{Lspet, LspetPictures, Part};
use crate::evaluate::pictures::HeldOutPeople;
use crate::fit::PoseTrainConfig;
use crate::losses::HeatmapLoss;
use crate::motion::Role;
use crate::people::{PeopleSettings, SyntheticPeople};
use crate::pictures::Pictures;
use crate::pictures::augment::{Augmentation, HalfChoice};
use crate::pictures::batch::{Recipe as Making, batch};
use crate::pictures::mixed::Mixed;
use crate::pictures::pool::Pool;
use crate::pictures::targets::Targets;

/// A run of a network that finds keypoints, as its TOML file says it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoseRecipe {
    /// The network.
    pub model: NetworkConfig,
    /// What it learns from.
    pub data: PictureData,
    /// How it learns.
    #[serde(default)]
    pub train: PoseTrainConfig,
}

/// What a network that finds keypoints learns from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureData {
    /// The folder that those of the sources are in.
    pub folder: PathBuf,
    /// Where pictures come from.
    pub sources: Vec<SourceConfig>,
    /// How they are changed.
    #[serde(default)]
    pub augmentation: AugmentationName,
    /// How much larger than the person's box a crop is.
    #[serde(default = "default_padding")]
    pub padding: f64,
    /// Whose geometry.
    #[serde(default)]
    pub convention: Convention,
    /// What a joint counts that is known but hidden.
    #[serde(default = "default_hidden_weight")]
    pub hidden_weight: f32,
}

/// A source of pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceConfig {
    /// Leeds Sports Poses, extended; a part of it is kept back and judges the network.
    Lspet {
        /// The folder, inside that of the data.
        #[serde(default = "default_lspet")]
        folder: PathBuf,
        /// The share of the people of all sources.
        share: f64,
        /// The share of upright people among them. Left out, as many as there are.
        #[serde(default)]
        upright_share: Option<f64>,
    },
    /// COCO, or any data set in its form.
    Coco {
        /// The file of annotated people, inside the folder of the data.
        annotations: PathBuf,
        /// The folder of pictures, inside that of the data.
        images: PathBuf,
        /// The share of the people of all sources.
        share: f64,
    },
    /// Rendered people.
    Synthetic {
        /// The share of the people of all sources.
        share: f64,
        /// Pictures that are rendered once and shown again and again; 0 renders each anew.
        #[serde(default = "default_pool")]
        pool: usize,
    },
}

/// How pictures are changed, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AugmentationName {
    /// [`Augmentation::OURS`].
    #[default]
    Ours,
    /// [`Augmentation::LIGHT`].
    Light,
    /// [`Augmentation::paper`], the half of the body drawn as in the papers' code.
    Paper,
    /// The same with both halves alike.
    PaperEven,
    /// Not at all.
    None,
}

/// Everything that a run needs of its data.
pub struct PoseSource {
    /// Training examples.
    pub samples: Arc<dyn PoseSamples>,
    /// The judge of the network, on people it does not learn from.
    pub validation: Option<Box<dyn PoseValidation>>,
    /// What to store with the weights.
    pub notes: BTreeMap<String, String>,
}

fn default_padding() -> f64 {
    1.25
}

fn default_hidden_weight() -> f32 {
    Targets::OURS.hidden_weight
}

fn default_pool() -> usize {
    4000
}

fn default_lspet() -> PathBuf {
    PathBuf::from("lspet")
}

impl PictureData {
    /// Takes the data from another folder than the recipe's.
    pub fn set_folder(&mut self, folder: &Path) {
        folder.clone_into(&mut self.folder);
    }
}

impl PoseRecipe {
    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the file cannot be read or is not understood.
    pub fn read(path: &Path) -> Result<Self, RecipeError> {
        super::read(path)
    }

    /// Loads the data that the recipe names.
    ///
    /// # Errors
    ///
    /// [`RecipeError`] if the network reads no pictures, or if data are missing or damaged.
    pub fn source(&self) -> Result<PoseSource, RecipeError> {
        if !self.model.reads_pictures() {
            return Err(RecipeError::NoPictures {
                model: self.model.model(),
            });
        }
        let codec = self.codec();
        codec.check()?;
        let mut mixed = Mixed::new();
        let mut held_out = None;
        let mut counts = Vec::new();
        for source in &self.data.sources {
            match source {
                SourceConfig::Lspet {
                    folder,
                    share,
                    upright_share,
                } => {
                    let data = Lspet::load(&self.data.folder.join(folder))?;
                    let people = LspetPictures::new(&data, Part::Train, *upright_share);
                    counts.push(Some(people.len()));
                    mixed = mixed.with(*share, Arc::new(people));
                    held_out = Some(HeldOutPeople::new(codec, &data, Part::Tune)?);
                }
                SourceConfig::Coco {
                    annotations,
                    images,
                    share,
                } => {
                    let folder = &self.data.folder;
                    let people =
                        CocoPictures::load(&folder.join(annotations), &folder.join(images))?;
                    counts.push(Some(people.len()));
                    mixed = mixed.with(*share, Arc::new(people));
                }
                SourceConfig::Synthetic { share, pool } => {
                    let settings = PeopleSettings::default();
                    let people = SyntheticPeople::load(&self.data.folder, Role::Train, &settings)?;
                    let people: Arc<dyn Pictures> = Arc::new(people);
                    counts.push(None);
                    mixed = mixed.with(
                        *share,
                        if *pool > 0 {
                            Arc::new(Pool::new(people, self.train.run.seed, *pool))
                        } else {
                            people
                        },
                    );
                }
            }
        }
        let loss = self.train.loss;
        let targets = match loss {
            HeatmapLoss::CrossEntropy { .. } => Targets::OURS,
            HeatmapLoss::SquaredError { .. } => Targets::PAPER,
        };
        let samples = Examples {
            source: mixed,
            people: match counts[..] {
                [count] => count,
                _ => None,
            },
            making: Making {
                codec,
                augmentation: self.data.augmentation.resolve(),
                targets: Targets {
                    sigma_cells: codec.sigma_cells,
                    hidden_weight: self.data.hidden_weight,
                    ..targets
                },
            },
        };
        Ok(PoseSource {
            samples: Arc::new(samples),
            validation: held_out.map(|people| Box::new(people) as Box<dyn PoseValidation>),
            notes: notes(&codec),
        })
    }

    /// How pictures become crops and maps points, as it will be stored with the weights.
    fn codec(&self) -> Pose2dCodec {
        let [_, height, width] = self.model.input_shape();
        let [joints, rows, columns] = self.model.output_shape();
        let (maps, sigma) = match self.train.loss {
            HeatmapLoss::CrossEntropy { sigma } => (MapKind::Softmax, sigma),
            HeatmapLoss::SquaredError { sigma } => (MapKind::Gaussian, sigma),
        };
        Pose2dCodec {
            crop_px: [width, height],
            map_cells: [columns, rows],
            joints,
            padding: self.data.padding,
            convention: self.data.convention,
            maps,
            sigma_cells: f64::from(sigma),
        }
    }
}

impl AugmentationName {
    fn resolve(self) -> Augmentation {
        match self {
            Self::Ours => Augmentation::OURS,
            Self::Light => Augmentation::LIGHT,
            Self::Paper => Augmentation::paper(HalfChoice::Upstream),
            Self::PaperEven => Augmentation::paper(HalfChoice::Even),
            Self::None => Augmentation::NONE,
        }
    }
}

/// What is stored with weights, so that they are read as they were trained.
fn notes(codec: &Pose2dCodec) -> BTreeMap<String, String> {
    let text = serde_json::to_string(codec).expect("settings are plain numbers and words");
    BTreeMap::from([(Pose2dCodec::NOTE.to_owned(), text)])
}

/// Pictures of all sources, made into examples.
struct Examples {
    source: Mixed,
    /// How many there are, if they have an end.
    people: Option<usize>,
    making: Making,
}

impl PoseSamples for Examples {
    fn joints(&self) -> usize {
        self.making.codec.joints
    }

    /// An epoch is as many people as there are, if they come from one source that has an end.
    fn steps_per_epoch(&self, people: usize) -> Option<u64> {
        self.people.map(|all| all.div_ceil(people.max(1)) as u64)
    }

    fn batch(&self, seed: u64, step: u64, people: usize, [height, width]: [usize; 2]) -> PoseBatch {
        let codec = Pose2dCodec {
            crop_px: [width, height],
            map_cells: [width.div_ceil(4), height.div_ceil(4)],
            ..self.making.codec
        };
        let making = Making {
            codec,
            ..self.making
        };
        let first = step * people as u64;
        let numbers = first..first + people as u64;
        let made = batch(&self.source, seed, numbers, &making);
        let points = made.points.iter().zip(&made.weights);
        PoseBatch {
            size: [height, width],
            input: made.pictures,
            points: points.map(|(&[x, y], &weight)| [x, y, weight]).collect(),
        }
    }
}
