//! Labelled points: what every motion-capture file holds, before anyone decides what a label means.
//!
//! Converting between file formats goes through this form, so that markers no skeleton knows are
//! kept. Analysing goes on to a [`Trial`], which keeps the joints.

use std::collections::BTreeMap;

use ambulo::motion::Motion3d;
use ambulo::skeleton::markers::{self, MarkerMap};
use ambulo::space::{self, UpAxis};
use ambulo::time::TimeBase;
use ambulo::trial::{Recording, Trial};
use nalgebra::{Point3, Vector3};

/// Points with the labels of their file, over time, in metres.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelledPoints {
    /// The labels, in storage order, each once.
    pub labels: Vec<String>,
    /// The time of each frame.
    pub time: TimeBase,
    /// `[frames, labels]`, frame-major, in metres on the file's axes; `None` where not measured.
    pub positions_m: Vec<Option<Point3<f64>>>,
    /// The file's vertical axis, where it says so.
    pub up: Option<UpAxis>,
    /// The file's own number of the first frame.
    pub first_frame_number: i64,
    /// The file's own time of the first frame, in seconds.
    pub first_frame_time_s: f64,
    /// What the reader decided or repaired.
    pub notes: Vec<String>,
}

/// Why points could not become a trial.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PointsError {
    /// No label names a point of the body.
    #[error(
        "none of the {labels} labels names a point of the body (the first are {first}); rename \
         them to a known marker set: see docs/formats for the names"
    )]
    NothingRecognised {
        /// How many labels there are.
        labels: usize,
        /// The first few.
        first: String,
    },
    /// Joints and positions disagree.
    #[error("the points cannot form a motion")]
    Shape(#[from] ambulo::keypoints::ShapeError),
}

impl LabelledPoints {
    /// One label's positions, one a frame.
    pub fn trajectory(&self, label: usize) -> impl Iterator<Item = Option<Point3<f64>>> + '_ {
        self.positions_m
            .iter()
            .skip(label)
            .step_by(self.labels.len().max(1))
            .copied()
    }

    /// The points of a motion, labelled with the joints' names; Y is up.
    pub fn from_motion(motion: &Motion3d) -> Self {
        Self {
            labels: motion
                .joints()
                .iter()
                .map(|joint| joint.name().to_owned())
                .collect(),
            time: motion.time().clone(),
            positions_m: motion.positions_m().to_vec(),
            up: Some(UpAxis::PlusY),
            first_frame_number: 1,
            first_frame_time_s: 0.0,
            notes: Vec::new(),
        }
    }

    /// The same points turned so that Y is up, with a note of what was done.
    #[must_use]
    pub fn with_y_up(mut self) -> Self {
        let up = match self.up {
            Some(up) => up,
            None => match self.guess_up() {
                Some(up) => {
                    self.notes.push(format!(
                        "the file does not name its vertical axis; {up} points from the feet to the head"
                    ));
                    up
                }
                None => {
                    self.notes.push(
                        "the file does not name its vertical axis and the body does not show it; Y was taken as up"
                            .to_owned(),
                    );
                    UpAxis::PlusY
                }
            },
        };
        if up != UpAxis::PlusY {
            let rotation = space::world_from_lab(up);
            for position in self.positions_m.iter_mut().flatten() {
                *position = rotation * *position;
            }
            self.notes
                .push(format!("the file's {up} axis is up; it was turned onto Y"));
        }
        self.up = Some(UpAxis::PlusY);
        self
    }

    fn guess_up(&self) -> Option<UpAxis> {
        let map = markers::recognise(&self.labels);
        let joints: Vec<_> = map.joints.clone();
        space::guess_up(&joints, &self.positions_m)
    }

    /// The trial of these points: labels become joints, metres stay, Y is up.
    ///
    /// # Errors
    ///
    /// [`PointsError`] if no label is known.
    pub fn to_trial(&self) -> Result<Trial, PointsError> {
        let turned = self.clone().with_y_up();
        let map = markers::recognise(&turned.labels);
        let motion = turned.motion(&map)?;
        let mut trial = Trial::new(Recording::Motion(motion));
        trial.file_time_of_first_frame_s = turned.first_frame_time_s;
        trial.file_number_of_first_frame = turned.first_frame_number;
        trial.notes = turned.notes;
        trial.notes.push(format!(
            "{} of {} labels are points of the body ({})",
            map.joints.iter().flatten().count(),
            turned.labels.len(),
            map.set
        ));
        Ok(trial)
    }

    fn motion(&self, map: &MarkerMap) -> Result<Motion3d, PointsError> {
        let columns: BTreeMap<_, _> = map
            .joints
            .iter()
            .enumerate()
            .filter_map(|(column, joint)| joint.map(|joint| (joint, column)))
            .collect();
        if columns.is_empty() {
            let first: Vec<_> = self.labels.iter().take(5).cloned().collect();
            return Err(PointsError::NothingRecognised {
                labels: self.labels.len(),
                first: first.join(", "),
            });
        }
        let width = self.labels.len();
        let mut positions_m = Vec::with_capacity(self.time.frames() * columns.len());
        for frame in 0..self.time.frames() {
            positions_m.extend(
                columns
                    .values()
                    .map(|&column| self.positions_m[frame * width + column]),
            );
        }
        Ok(Motion3d::new(
            columns.into_keys().collect(),
            self.time.clone(),
            positions_m,
        )?)
    }

    /// The largest distance of any point from the first frame's centre: tells metres from millimetres.
    pub(crate) fn extent(&self) -> f64 {
        let mut low = Vector3::repeat(f64::INFINITY);
        let mut high = Vector3::repeat(f64::NEG_INFINITY);
        for position in self.positions_m.iter().take(self.labels.len()).flatten() {
            low = low.inf(&position.coords);
            high = high.sup(&position.coords);
        }
        if low.x.is_finite() {
            (high - low).max()
        } else {
            0.0
        }
    }
}
