//! Motions of walking people as features at 20 Hz, with who walks, what the walk is for and its score: what the motion
//! tokenizer and the language model learn from and are judged on.
//!
//! People are split, not walks, as everywhere in this crate ([`People`]): whoever is changed into a simulated walker
//! keeps his role. All clips go one way, recorded and simulated alike: joints or markers → 22 joints → 20 Hz → features
//! ([`ambulo_nn::codec::motion::features_of`]).
//!
//! ```no_run
//! use ambulo_train::corpus::{Corpus, CorpusConfig};
//! use ambulo_train::motion::Role;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let corpus = Corpus::open("data".as_ref())?;
//! let config = CorpusConfig::default();
//! for clip in corpus.simulated(&config, &[Role::Train]).flatten() {
//!     // Gait parameters of `clip.motion` give the rationale, `clip.features` the tokens.
//!     println!("{} {:?} {}", clip.person, clip.score, clip.features.frames());
//! }
//! # Ok(())
//! # }
//! ```

mod windows;

use std::path::Path;

use ambulo::motion::Motion3d;
use ambulo::trial::Recording;
use ambulo_nn::codec::motion::{Facing, MotionError as FeatureError, MotionFeatures, features_of};
use serde::{Deserialize, Serialize};

use crate::datasets::shida::{Shida, ShidaError, ShidaWalk};
use crate::impairment::{SCORES, WalkerError, WalkerSettings, Walkers, motion_of_take};
use crate::motion::{LaboratoryTrial, MotionError, People, RATE_HZ, Role, laboratory_trials};

pub use windows::{Emphasis, MotionWindows, Statistics};

/// How simulated clips are made. The defaults are those of [`crate::assess::AssessRecipe`], so that scores by gait
/// parameters and by motion are judged on the same walks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorpusConfig {
    /// How walks are made.
    pub walkers: WalkerSettings,
    /// Walks of each person for each score.
    pub walks: u64,
    /// How the way a body faces is found.
    pub facing: Facing,
}

impl Default for CorpusConfig {
    fn default() -> Self {
        Self {
            walkers: WalkerSettings::default(),
            walks: 12,
            facing: Facing::default(),
        }
    }
}

/// Recorded people, and the walkers that are made of them.
#[derive(Debug, Clone)]
pub struct Corpus {
    walkers: Walkers,
    laboratory: Vec<LaboratoryTrial>,
    people: People,
}

/// Where a clip is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A recording, by its name.
    Recorded(String),
    /// A simulated walk, by its number; with person, score and settings it is the same walk again.
    Simulated(u64),
}

/// A walk of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Who walks; of a simulated walk, whose motion was changed.
    pub person: String,
    /// What that person's walks are for.
    pub role: Role,
    /// Where it is from.
    pub origin: Origin,
    /// The score: simulated, or an examiner's. `None` for recordings of healthy people.
    pub score: Option<u8>,
    /// The walk in space at its own rate, for gait parameters.
    pub motion: Motion3d,
    /// The walk as the tokenizer reads it.
    pub features: MotionFeatures,
}

/// Why there is no clip of a walk.
#[derive(Debug, thiserror::Error)]
pub enum ClipError {
    /// The walk could not be simulated.
    #[error(transparent)]
    Walker(#[from] WalkerError),
    /// The walk has no features.
    #[error("no features of {name:?}")]
    Features {
        /// The recording, or the person.
        name: String,
        /// Why.
        source: FeatureError,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Shida(#[from] ShidaError),
    /// The file holds no motion in space.
    #[error("{name:?} holds no motion in space")]
    NoMotion {
        /// The recording.
        name: String,
    },
}

impl Corpus {
    /// The recordings in a folder of data, `cmu` and `c3d/biomechzoo` in it.
    ///
    /// # Errors
    ///
    /// [`MotionError`] if a recording is missing or damaged.
    pub fn open(data: &Path) -> Result<Self, MotionError> {
        let people = People::built_in()?;
        let walkers = Walkers::load(data)?;
        let folder = data.join("c3d").join("biomechzoo");
        let mut laboratory = laboratory_trials(&folder, &people.plug_in_gait.folders)?;
        // Trials in which somebody stands are no takes.
        let walks = walkers.takes();
        laboratory.retain(|trial| {
            let mut same = walks.iter().filter(|take| take.person == trial.person);
            same.any(|take| take.name == trial.name)
        });
        Ok(Self {
            walkers,
            laboratory,
            people,
        })
    }

    /// The walkers that simulated clips are made of.
    pub fn walkers(&self) -> &Walkers {
        &self.walkers
    }

    /// Simulated walks of the people of these roles: one person after the other, of each the scores 0 to 3. A walk
    /// that cannot be made comes as its error.
    ///
    /// The walks are those of [`crate::assess::examples`] with the same settings.
    pub fn simulated<'a>(
        &'a self,
        config: &'a CorpusConfig,
        roles: &'a [Role],
    ) -> impl Iterator<Item = Result<Clip, ClipError>> + 'a {
        let people = self.walkers.people();
        let scores = || (0_u8..).take(SCORES);
        people
            .filter(|(_, role)| roles.contains(role))
            .flat_map(move |(person, role)| {
                let walks = scores().flat_map(|score| (0..config.walks).map(move |n| (score, n)));
                walks.map(move |(score, n)| {
                    // Walks of unlike scores are made from unlike cycles.
                    let index = n * SCORES as u64 + u64::from(score);
                    let walk = self.walkers.walk(person, score, index, &config.walkers)?;
                    let origin = Origin::Simulated(index);
                    let who = (person, role, Some(score));
                    Clip::of(who, origin, walk.motion, config.facing)
                })
            })
    }

    /// Recorded walks of the people of these roles: CMU's from their joints, the gait laboratory's from their markers.
    pub fn recorded<'a>(
        &'a self,
        facing: Facing,
        roles: &'a [Role],
    ) -> impl Iterator<Item = Result<Clip, ClipError>> + 'a {
        let takes = self.walkers.takes().iter();
        let cmu = takes
            .filter(|take| take.origin == crate::motion::Origin::Cmu)
            .filter_map(|take| {
                let motion = motion_of_take(take, RATE_HZ)?;
                Some((&take.name, &take.person, motion))
            });
        let laboratory = self.laboratory.iter();
        let laboratory = laboratory.map(|trial| (&trial.name, &trial.person, trial.motion.clone()));
        cmu.chain(laboratory)
            .map(|(name, person, motion)| (name, person, self.people.role(person), motion))
            .filter(|(_, _, role, _)| roles.contains(role))
            .map(move |(name, person, role, motion)| {
                let origin = Origin::Recorded(name.clone());
                Clip::of((person, role, None), origin, motion, facing)
            })
    }
}

/// Walks of the deposit of Shida et al. (2023), with their sessions' scores. Everybody is judged, nobody learned from,
/// until a protocol says otherwise.
pub fn deposit(shida: &Shida, facing: Facing) -> impl Iterator<Item = Result<Clip, ClipError>> {
    shida.walks.iter().map(move |walk| of_deposit(walk, facing))
}

fn of_deposit(walk: &ShidaWalk, facing: Facing) -> Result<Clip, ClipError> {
    let (subject, state) = (&walk.subject, walk.medication.name());
    let name = format!("{subject}_{state}_walk_{}", walk.number);
    let Recording::Motion(motion) = walk.read()?.recording else {
        return Err(ClipError::NoMotion { name });
    };
    let who = (subject.as_str(), Role::Test, walk.score);
    Clip::of(who, Origin::Recorded(name), motion, facing)
}

impl Clip {
    fn of(
        (person, role, score): (&str, Role, Option<u8>),
        origin: Origin,
        motion: Motion3d,
        facing: Facing,
    ) -> Result<Self, ClipError> {
        let features = features_of(&motion, facing).map_err(|source| ClipError::Features {
            name: match &origin {
                Origin::Recorded(name) => name.clone(),
                Origin::Simulated(_) => person.to_owned(),
            },
            source,
        })?;
        Ok(Self {
            person: person.to_owned(),
            role,
            origin,
            score,
            motion,
            features,
        })
    }

    /// The same walk in a mirror: left and right change places.
    ///
    /// # Errors
    ///
    /// [`ClipError::Features`], as for the clip itself.
    pub fn mirrored(&self, facing: Facing) -> Result<Self, ClipError> {
        let who = (self.person.as_str(), self.role, self.score);
        Self::of(who, self.origin.clone(), self.motion.mirrored(), facing)
    }
}
