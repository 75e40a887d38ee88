//! The lifter on filmed walks: recorded people, cameras drawn from a fixed seed.
//!
//! What is scored is the whole way that a user's keypoints take: cleaning, resampling, overlapping
//! windows, mirrored twins, and back to the recording's own times.

mod baseline;
mod film;
mod numbers;
mod score;
mod table;
mod validation;

use crate::batch::Lift;
use crate::motion::{Origin, Take};
use ambulo_nn::codec::lift::LiftCodec;

pub use baseline::{MeanPose, NearestNeighbour};
pub use film::{Film, films};
pub use numbers::{ErrorFile, Errors, Numbers, NumbersOf};
pub use score::{FilmScore, Interval, Scores};
pub use table::{Contender, Range, Row, Table, TestPeople, table, test_people};
pub use validation::WalkValidation;

/// From where the people are filmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// From the right or left, within 10°.
    Side,
    /// From anywhere.
    Any,
    /// From the front or behind, within 15°.
    Frontal,
}

/// How well the keypoints are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keypoints {
    /// Every point where it is.
    Clean,
    /// Jitter of 1 % of the height in each coordinate; 2 % of the points are thrown by 15 % of it.
    Noisy,
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    /// Whose walks.
    pub people: Origin,
    /// From where.
    pub view: View,
    /// How well found.
    pub keypoints: Keypoints,
}

impl Condition {
    /// Every row, in the order of the table.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for people in [Origin::Cmu, Origin::PlugInGait] {
            for view in [View::Side, View::Any, View::Frontal] {
                for keypoints in [Keypoints::Clean, Keypoints::Noisy] {
                    all.push(Self {
                        people,
                        view,
                        keypoints,
                    });
                }
            }
        }
        all
    }

    /// What it is, for people.
    pub fn title(&self) -> String {
        let people = match self.people {
            Origin::Cmu => "CMU",
            Origin::PlugInGait => "biomechZoo",
            Origin::Other => "other",
        };
        let view = match self.view {
            View::Side => "side",
            View::Any => "any view",
            View::Frontal => "frontal",
        };
        let keypoints = match self.keypoints {
            Keypoints::Clean => "clean",
            Keypoints::Noisy => "noisy",
        };
        format!("{people}, {view}, {keypoints}")
    }
}

/// Seed of the cameras and of the noise: never changed, so that figures stay comparable.
pub const SEED: u64 = 20_230_904;

/// A walk whose hips go less far than this share of their way has turns: it has no side and no front.
const STRAIGHT: f64 = 0.95;

/// The films of one condition: each walk from as many cameras as make the collections weigh alike. Walks
/// with turns are filmed from anywhere only.
pub fn condition_films(takes: &[Take], condition: &Condition) -> Vec<Film> {
    let cameras = match condition.people {
        Origin::Cmu => 3,
        Origin::PlugInGait | Origin::Other => 8,
    };
    let of_condition: Vec<&Take> = takes
        .iter()
        .filter(|take| take.origin == condition.people)
        .filter(|take| condition.view == View::Any || take.travel_m() >= STRAIGHT * take.way_m())
        .collect();
    films(&of_condition, condition, cameras, SEED)
}

/// Lifts every film and measures the answers.
pub fn score(codec: &LiftCodec, lift: &mut Lift<'_>, films: &[Film]) -> Scores {
    Scores::of(
        films
            .iter()
            .filter_map(|film| FilmScore::of(codec, lift, film))
            .collect(),
        films.len(),
    )
}
