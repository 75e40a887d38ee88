//! Labelled points: what every motion-capture file holds, before anyone decides what a label means.
//!
//! Converting between file formats goes through this form, so that markers no skeleton knows are
//! kept. Analysing goes on to a [`Trial`], which keeps the joints.

use std::collections::{BTreeMap, BTreeSet};

use ambulo::motion::Motion3d;
use ambulo::skeleton::Joint;
use ambulo::skeleton::markers::{self, MarkerError, MarkerMap};
use ambulo::space::{self, BodyLevels, UpAxis};
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

/// Labels of which each stands once: the second of a name gets `_2` behind it, and so on.
pub(crate) fn unique(labels: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let number = |label: String| {
        let count = seen.entry(label.clone()).or_default();
        *count += 1;
        let mut unique = match *count {
            1 => label.clone(),
            n => format!("{label}_{n}"),
        };
        while !taken.insert(unique.clone()) {
            *count += 1;
            unique = format!("{label}_{count}");
        }
        unique
    };
    labels.into_iter().map(number).collect()
}

/// Why points could not become a trial.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PointsError {
    /// The labels are no marker set that we know.
    #[error(transparent)]
    Markers(#[from] MarkerError),
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

    /// Every position, frame-major, for formats that cannot leave one out: a missing one is the
    /// label's last, before its first the first, and the origin if it is never seen.
    pub(crate) fn held_positions_m(&self) -> Vec<Point3<f64>> {
        let width = self.labels.len();
        let mut held: Vec<Point3<f64>> = (0..width)
            .map(|label| self.trajectory(label).flatten().next().unwrap_or_default())
            .collect();
        let mut positions_m = Vec::with_capacity(self.positions_m.len());
        for row in self.positions_m.chunks(width.max(1)) {
            for (held, position) in held.iter_mut().zip(row) {
                *held = position.unwrap_or(*held);
            }
            positions_m.extend_from_slice(&held);
        }
        positions_m
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
        let guess = if self.up.is_none() {
            self.guess_up()
        } else {
            None
        };
        let up = match (self.up, guess) {
            (Some(up), _) => up,
            (None, Some(up)) => {
                self.notes.push(format!(
                    "the file does not name its vertical axis; {} points from the feet to the head",
                    up.name()
                ));
                up
            }
            (None, None) => {
                self.notes.push(
                    "the file does not name its vertical axis and the body does not show it; Y was taken as up"
                        .to_owned(),
                );
                UpAxis::PlusY
            }
        };
        if up != UpAxis::PlusY {
            let rotation = space::world_from_lab(up);
            for position in self.positions_m.iter_mut().flatten() {
                *position = rotation * *position;
            }
            self.notes.push(format!(
                "the file's {} axis is up; it was turned onto Y",
                up.name()
            ));
        }
        self.up = Some(UpAxis::PlusY);
        self
    }

    fn guess_up(&self) -> Option<UpAxis> {
        let columns = self.columns(&markers::recognise(&self.labels).ok()?);
        let mean = |joint| {
            let mut sum = Vector3::zeros();
            let mut seen = 0_u32;
            for position in self.trajectory(*columns.get(&joint)?).flatten() {
                sum += position.coords;
                seen += 1;
            }
            (seen > 0).then(|| Point3::from(sum / f64::from(seen)))
        };
        space::guess_up(&BodyLevels::find(mean)?)
    }

    /// The best column of each joint: the least rank, of equals the first.
    fn columns(&self, map: &MarkerMap) -> BTreeMap<Joint, usize> {
        let mut best: BTreeMap<Joint, (u8, usize)> = BTreeMap::new();
        for (index, column) in map.columns.iter().enumerate() {
            let Some(column) = column else { continue };
            if self.trajectory(index).all(|position| position.is_none()) {
                continue;
            }
            let entry = best.entry(column.joint).or_insert((column.rank, index));
            *entry = (*entry).min((column.rank, index));
        }
        best.into_iter()
            .map(|(joint, (_, index))| (joint, index))
            .collect()
    }

    /// The trial of these points: labels become joints, metres stay, Y is up.
    ///
    /// # Errors
    ///
    /// [`PointsError`] if no label is known.
    pub fn to_trial(&self) -> Result<Trial, PointsError> {
        let turned = self.clone().with_y_up();
        let map = markers::recognise(&turned.labels)?;
        let columns = turned.columns(&map);
        let width = turned.labels.len();
        let mut positions_m = Vec::with_capacity(turned.time.frames() * columns.len());
        for frame in 0..turned.time.frames() {
            let row = &turned.positions_m[frame * width..][..width];
            positions_m.extend(columns.values().map(|&column| row[column]));
        }
        let mut notes = turned.notes;
        notes.push(format!(
            "{} of {width} labels are points of the body ({})",
            columns.len(),
            map.set
        ));
        let joints = columns.into_keys().collect();
        let motion = Motion3d::new(joints, turned.time, positions_m)?;
        let mut trial = Trial::new(Recording::Motion(motion));
        trial.file_time_of_first_frame_s = turned.first_frame_time_s;
        trial.file_number_of_first_frame = turned.first_frame_number;
        trial.notes = notes;
        Ok(trial)
    }

    /// From the lowest point of the first frame to its highest, along Y: tells metres from millimetres.
    pub(crate) fn height(&self) -> f64 {
        let first = self.positions_m.iter().take(self.labels.len()).flatten();
        let (low, high) = first.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), p| {
            (low.min(p.y), high.max(p.y))
        });
        (high - low).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_labels_are_told_apart() {
        let labels = ["a", "a", "a_2", "b", "a"].map(str::to_owned);
        assert_eq!(unique(labels), ["a", "a_2", "a_2_2", "b", "a_3"]);
    }
}
