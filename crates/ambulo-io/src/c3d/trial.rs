//! From a C3D file to a [`Trial`].

mod angles;
mod export;
mod place;
mod subject;

pub(super) use place::LabSpace;

use std::collections::BTreeMap;

use ambulo::Side;
use ambulo::events::{EventKind, EventSource, GaitEvent};
use ambulo::keypoints::ShapeError;
use ambulo::motion::Motion3d;
use ambulo::skeleton::Joint;
use ambulo::skeleton::markers::{self, MarkerError, MarkerMap};
use ambulo::time::{TimeBase, TimeError};
use ambulo::trial::{Recording, Trial};

pub use export::from_trial;

use super::C3d;

/// Why a file holds no trial.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TrialError {
    /// There are no points, or no frames.
    #[error("the file has {points} points and {frames} frames, so no motion")]
    NoMotion {
        /// Points in one frame.
        points: usize,
        /// Frames.
        frames: usize,
    },
    /// The labels name no points of the body.
    #[error(transparent)]
    Markers(#[from] MarkerError),
    /// Frames have no times.
    #[error(transparent)]
    Time(#[from] TimeError),
    /// The motion is not one.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// A trial of keypoints in an image cannot be written as points in space.
    #[error("keypoints of one camera are no points in space")]
    NotSpatial,
    /// The file format has one rate for all frames.
    #[error("the frames are not evenly spaced in time")]
    UnevenTime,
    /// Neither the file nor the body says which way is up.
    #[error("neither the file nor the body shows which way is up")]
    NoUp,
    /// Neither the file nor the body says what a length of 1 is.
    #[error("the file names no unit of length ({unit:?}), and the body's size shows none")]
    NoUnit {
        /// What the file says.
        unit: String,
    },
}

/// The trial that a file holds: markers and joint centres in metres with Y up, its events,
/// subject and stored angles.
///
/// Each decision and repair is told in the trial's notes.
///
/// # Errors
///
/// [`TrialError`] if the file holds no recognisable motion of one person.
pub fn to_trial(c3d: &C3d) -> Result<Trial, TrialError> {
    if c3d.points.count == 0 || c3d.frames == 0 {
        return Err(TrialError::NoMotion {
            points: c3d.points.count,
            frames: c3d.frames,
        });
    }
    let mut notes = c3d.notes.clone();
    let time = TimeBase::uniform(c3d.frames, f64::from(c3d.rate_hz))?;
    let map = recognise(c3d, &mut notes)?;
    let columns = choose_columns(c3d, &map, &mut notes);
    let space = place::LabSpace::of(c3d, &columns, &mut notes)?;
    let joints: Vec<Joint> = columns.keys().copied().collect();
    let positions_m = (0..c3d.frames)
        .flat_map(|frame| {
            let space = &space;
            columns
                .values()
                .map(move |&column| Some(space.to_world(c3d.points.position(frame, column)?)))
        })
        .collect();
    let motion = Motion3d::new(joints, time, positions_m)?;
    let start_s = (f64::from(c3d.first_frame) - 1.0) / f64::from(c3d.rate_hz);
    let events = events(c3d, motion.time(), start_s, &mut notes);
    let mut trial = Trial::new(Recording::Motion(motion));
    trial.subject = subject::of(c3d);
    trial.events = events;
    trial.angles = angles::of(c3d);
    trial.file_time_of_first_frame_s = start_s;
    trial.file_number_of_first_frame = i64::from(c3d.first_frame);
    trial.notes = notes;
    Ok(trial)
}

/// What the labels name. Labels that occur twice are told apart by their descriptions.
fn recognise(c3d: &C3d, notes: &mut Vec<String>) -> Result<MarkerMap, MarkerError> {
    let labels = c3d.point_labels();
    let descriptions = c3d.strings("POINT", "DESCRIPTIONS");
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for label in &labels {
        *count.entry(label).or_default() += 1;
    }
    let distinct: Vec<&str> = labels
        .iter()
        .enumerate()
        .map(|(point, label)| match descriptions.get(point) {
            Some(text) if count[label.as_str()] > 1 && !text.is_empty() => text.as_str(),
            _ => label.as_str(),
        })
        .collect();
    let map = markers::recognise(&distinct)?;
    for label in &map.repeated {
        notes.push(format!(
            "two points are called {label:?}; neither was used, because it is unclear which is which"
        ));
    }
    Ok(map)
}

/// One column for each joint: the best rank, and of equals the one seen most often.
fn choose_columns(c3d: &C3d, map: &MarkerMap, notes: &mut Vec<String>) -> BTreeMap<Joint, usize> {
    let mut candidates: BTreeMap<Joint, Vec<(bool, u8, usize, usize)>> = BTreeMap::new();
    for (point, column) in map.columns.iter().enumerate() {
        let Some(column) = column else { continue };
        let missing = (0..c3d.frames)
            .filter(|&frame| c3d.points.position(frame, point).is_none())
            .count();
        let is_empty = missing == c3d.frames;
        candidates
            .entry(column.joint)
            .or_default()
            .push((is_empty, column.rank, missing, point));
    }
    let labels = c3d.point_labels();
    let mut chosen = BTreeMap::new();
    let mut choices = Vec::new();
    for (joint, mut columns) in candidates {
        columns.sort_unstable();
        let [(is_empty, _, _, best), others @ ..] = columns.as_slice() else {
            continue;
        };
        if *is_empty {
            notes.push(format!(
                "{:?} is never seen, so {joint} is unknown",
                labels[*best]
            ));
            continue;
        }
        let others: Vec<&str> = others
            .iter()
            .filter(|(is_empty, ..)| !is_empty)
            .map(|&(.., other)| labels[other].as_str())
            .collect();
        if !others.is_empty() {
            choices.push(format!(
                "{joint} from {} (not {})",
                labels[*best],
                others.join(", ")
            ));
        }
        chosen.insert(joint, *best);
    }
    if !choices.is_empty() {
        notes.push(format!(
            "several columns name one joint; taken were {}",
            choices.join("; ")
        ));
    }
    chosen
}

/// The gait events that lie within the recording.
fn events(c3d: &C3d, time: &TimeBase, start_s: f64, notes: &mut Vec<String>) -> Vec<GaitEvent> {
    let half_frame_s = 0.5 / f64::from(c3d.rate_hz);
    let mut events = Vec::new();
    for event in c3d.events() {
        let Some(kind) = kind_of(&event.label) else {
            notes.push(format!(
                "the event {:?} at {:.3} s is neither foot strike nor foot off",
                event.label, event.time_s
            ));
            continue;
        };
        let Some(side) = event.context.as_deref().and_then(side_of) else {
            notes.push(format!(
                "the event {:?} at {:.3} s names no side and was left out",
                event.label, event.time_s
            ));
            continue;
        };
        let time_s = event.time_s - start_s;
        if time_s < -half_frame_s || time_s > time.duration_s() + half_frame_s {
            notes.push(format!(
                "the {} event {:?} at {:.3} s lies outside the recorded frames and was left out",
                side.name(),
                event.label,
                event.time_s
            ));
            continue;
        }
        events.push(GaitEvent {
            side,
            kind,
            time_s: time_s.clamp(0.0, time.duration_s()),
            frame: time.nearest_frame(time_s),
            confidence: 1.0,
            source: EventSource::File,
        });
    }
    events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    events
}

fn kind_of(label: &str) -> Option<EventKind> {
    let label: String = label
        .chars()
        .filter(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase();
    match label.as_str() {
        "footstrike" | "heelstrike" | "initialcontact" | "footcontact" | "footon" => {
            Some(EventKind::InitialContact)
        }
        "footoff" | "toeoff" => Some(EventKind::FootOff),
        _ => None,
    }
}

fn side_of(context: &str) -> Option<Side> {
    match context.trim().to_ascii_lowercase().as_str() {
        "left" | "l" => Some(Side::Left),
        "right" | "r" => Some(Side::Right),
        _ => None,
    }
}
