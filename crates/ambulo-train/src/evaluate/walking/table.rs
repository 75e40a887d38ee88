//! The table of all conditions, lifters beside what needs no network.

use std::fmt::Write as _;
use std::path::Path;

use ambulo_nn::codec::lift::LiftCodec;
use serde::Serialize;

use super::{
    Condition, FilmScore, Interval, MeanPose, NearestNeighbour, Scores, condition_films, score,
};
use crate::batch::Lift;
use crate::motion::{MotionError, People, Role, Take, load};

/// A lifter to be measured.
pub struct Contender<'a> {
    /// Its name in the table.
    pub name: String,
    /// How its windows are made.
    pub codec: LiftCodec,
    /// The network.
    pub lift: Box<Lift<'a>>,
}

/// Errors of one lifter in one condition: means over films.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Whose walks, from where, how well found.
    pub condition: String,
    /// Which lifter or baseline.
    pub lifter: String,
    /// Films measured.
    pub films: usize,
    /// Share of the films' frames that were not lifted.
    pub missed: f64,
    /// Root-relative error of Human3.6M's 17 joints.
    pub h36m_mm: Range,
    /// Of limbs, nose, heels and toes: the 17 joints of the prototypes.
    pub prototype_mm: Range,
    /// Of the twelve joints of the limbs.
    pub limbs_mm: f64,
    /// Of heels and toes.
    pub feet_mm: f64,
    /// Of the 17, after the best similarity.
    pub aligned_mm: f64,
    /// Of the 17, if the height is taken to be 1.70 m.
    pub size_unknown_mm: f64,
    /// Of the 17 joints' velocity, a frame of 1/30 s.
    pub velocity_mm: f64,
    /// Root mean square error of knee flexion.
    pub knee_deg: f64,
    /// The same of the angle in the image, without lifting.
    pub knee_2d_deg: Option<f64>,
    /// Mean error of each joint.
    pub joints_mm: Vec<f64>,
}

/// A mean with its 95 % interval over walks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Range {
    /// The mean.
    pub mean: f64,
    /// From.
    pub low: f64,
    /// To.
    pub high: f64,
}

impl From<Interval> for Range {
    fn from(interval: Interval) -> Self {
        Self {
            mean: interval.mean,
            low: interval.low,
            high: interval.high,
        }
    }
}

/// Every row, and the mean pose's error in each condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// People measured.
    pub people: Vec<String>,
    /// Lifters and the nearest neighbour, condition by condition.
    pub rows: Vec<Row>,
    /// Condition, and the error of the 17 joints of the training people's mean pose in the true direction.
    pub mean_pose_mm: Vec<(String, f64)>,
}

/// Windows that the nearest neighbour looks at.
const NEIGHBOURS: usize = 3000;

/// People never seen by training or tuning, and their walks.
#[derive(Debug, Clone, PartialEq)]
pub struct TestPeople {
    /// Their names.
    pub people: Vec<String>,
    /// Their walks.
    pub takes: Vec<Take>,
}

/// Reads the walks of the test people from a folder of data.
///
/// # Errors
///
/// [`MotionError`] if recordings are missing or damaged.
pub fn test_people(data: &Path) -> Result<TestPeople, MotionError> {
    let people = People::built_in()?;
    let mut takes = load(data, &people)?;
    takes.retain(|take| people.role(&take.person) == Role::Test);
    Ok(TestPeople {
        people: people.test,
        takes,
    })
}

/// Measures lifters on the test people of the recordings in a folder of data.
///
/// # Errors
///
/// [`MotionError`] if recordings are missing or damaged.
pub fn table(data: &Path, contenders: &mut [Contender<'_>]) -> Result<Table, MotionError> {
    let people = People::built_in()?;
    let takes = load(data, &people)?;
    let of = |role: Role| -> Vec<Take> {
        let takes = takes
            .iter()
            .filter(|take| people.role(&take.person) == role);
        takes.cloned().collect()
    };
    let (train, test) = (of(Role::Train), of(Role::Test));
    let mean_pose = MeanPose::of(&train);
    let codec = LiftCodec::default();
    let neighbour = NearestNeighbour::of(&codec, train, NEIGHBOURS);
    let mut table = Table {
        people: people.test.clone(),
        rows: Vec::new(),
        mean_pose_mm: Vec::new(),
    };
    for condition in Condition::all() {
        let films = condition_films(&test, &condition);
        let title = condition.title();
        for contender in contenders.iter_mut() {
            let scores = score(&contender.codec, &mut contender.lift, &films);
            table.rows.extend(row(&title, &contender.name, &scores));
        }
        let scores = score(&codec, &mut |input, _| neighbour.answer(input), &films);
        table.rows.extend(row(&title, "nearest neighbour", &scores));
        let sum: f64 = films.iter().map(|film| mean_pose.error_mm(film)).sum();
        let mean_mm = sum / films.len().max(1) as f64;
        table.mean_pose_mm.push((title, mean_mm));
    }
    Ok(table)
}

fn row(condition: &str, lifter: &str, scores: &Scores) -> Option<Row> {
    let mean = |of: fn(&FilmScore) -> f64| scores.mean(|film| Some(of(film)));
    Some(Row {
        condition: condition.to_owned(),
        lifter: lifter.to_owned(),
        films: scores.films.len(),
        missed: mean(|film| film.missed as f64 / (film.missed + film.frames) as f64)?,
        h36m_mm: scores.interval(FilmScore::h36m_mm)?.into(),
        prototype_mm: scores.interval(FilmScore::prototype_mm)?.into(),
        limbs_mm: mean(FilmScore::limbs_mm)?,
        feet_mm: mean(FilmScore::feet_mm)?,
        aligned_mm: mean(|film| film.aligned_mm)?,
        size_unknown_mm: mean(|film| film.size_unknown_mm)?,
        velocity_mm: mean(|film| film.velocity_mm)?,
        knee_deg: mean(|film| film.knee_deg)?,
        knee_2d_deg: scores.mean(|film| film.knee_2d_deg),
        joints_mm: scores.joints_mm().to_vec(),
    })
}

impl Table {
    /// The table for people.
    pub fn to_text(&self) -> String {
        let mut text = format!(
            "Lifting of filmed walks: people never seen ({}), height known. Errors in mm, means over films with \
             95 % intervals over walks.\n\
             17: root-relative error of Human3.6M's joints; 17*: limbs, nose, heels and toes; aligned: the 17 after \
             the best similarity; 1.70 m: the 17 if the height is guessed; speed: error a frame of 1/30 s; knee: RMSE of \
             flexion in degrees, lifted / in the image.\n\n",
            self.people.join(", ")
        );
        let width = self.rows.iter().map(|row| row.lifter.len()).max();
        let width = width.unwrap_or(0).max("nearest neighbour".len());
        let mut last = "";
        for row in &self.rows {
            if row.condition != last {
                last = &row.condition;
                let mean = self.mean_pose_mm.iter().find(|(title, _)| title == last);
                let mean = mean.map_or(0.0, |(_, mean_mm)| *mean_mm);
                let _ = writeln!(
                    text,
                    "{last} ({} films; mean pose in the true direction {mean:.1})",
                    row.films
                );
            }
            let knee_2d = row
                .knee_2d_deg
                .map_or_else(|| "–".to_owned(), |deg| format!("{deg:.1}"));
            let _ = writeln!(
                text,
                "  {:width$}  17 {:5.1} [{:.1}, {:.1}]  17* {:5.1} [{:.1}, {:.1}]  limbs {:5.1}  feet {:5.1}  aligned {:5.1}  \
                 1.70 m {:5.1}  speed {:4.1}  knee {:4.1} / {knee_2d}",
                row.lifter,
                row.h36m_mm.mean,
                row.h36m_mm.low,
                row.h36m_mm.high,
                row.prototype_mm.mean,
                row.prototype_mm.low,
                row.prototype_mm.high,
                row.limbs_mm,
                row.feet_mm,
                row.aligned_mm,
                row.size_unknown_mm,
                row.velocity_mm,
                row.knee_deg,
            );
        }
        text
    }
}
