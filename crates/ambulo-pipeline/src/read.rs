//! From an input to a trial, with the settings applied.

use ambulo::Side;
use ambulo::analysis::Method;
use ambulo::events::{EventKind, EventSource, GaitEvent};
use ambulo::identity::sides::SideReport;
use ambulo::keypoints::Keypoints2d;
use ambulo::time::TimeBase;
use ambulo::trial::Trial;
use ambulo_io::csv;
use ambulo_io::files::Input;
use ambulo_io::formats::{Document, Format, ReadError, ReadOptions};
use ambulo_io::keypoints::PersonChoice;

use crate::config::{Config, EventChoice, Person};

/// A trial with the identity of its input.
#[derive(Debug, Clone, PartialEq)]
pub struct LoadedTrial {
    /// The trial.
    pub trial: Trial,
    /// Name of the file or folder, without its path.
    pub name: String,
    /// Its format.
    pub format: Format,
    /// Its SHA-256.
    pub sha256: String,
    /// How its keypoints were found, if it is a video.
    pub pose2d: Option<PoseRecord>,
}

/// How keypoints were found in a video.
#[derive(Debug, Clone, PartialEq)]
pub struct PoseRecord {
    /// The method, with every setting.
    pub method: Method,
    /// SHA-256 of the network's weights.
    pub weights_sha256: Option<String>,
    /// Everybody's keypoints in the trial's frames, whose faces can be hidden.
    pub everybody: Vec<Keypoints2d>,
    /// What was decided about the legs' sides.
    pub legs: SideReport,
}

/// Why a file of events could not be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum EventFileError {
    /// The header lacks a column.
    #[error(
        "the events have no column {0:?}; they need side, kind and time_s, as `ambulo events` writes them"
    )]
    NoColumn(&'static str),
    /// A row is not an event.
    #[error("line {line}: {found:?} is not {expected}")]
    Row {
        /// Line, from 1.
        line: usize,
        /// What is there.
        found: String,
        /// What is wanted.
        expected: &'static str,
    },
    /// There are none.
    #[error("the file holds no events")]
    Empty,
}

/// Reads a trial of any format.
///
/// # Errors
///
/// [`ReadError`] says what is wrong and what to do next.
pub fn read_trial(input: &Input, config: &Config) -> Result<LoadedTrial, ReadError> {
    let options = ReadOptions {
        format: config.input.format,
        fps_hz: config.input.fps_hz,
        image_size_px: config.input.image_size_px,
        person: match config.input.person {
            Person::Auto => PersonChoice::Auto,
            Person::Index(index) => PersonChoice::Index(index),
        },
    };
    let (format, document) = Document::read(input, &options)?;
    let mut trial = document.to_trial(&input.name)?;
    let told = &config.subject;
    let read = &mut trial.subject;
    read.height_m = told.height_m.or(read.height_m);
    read.mass_kg = told.mass_kg.or(read.mass_kg);
    read.age_years = told.age_years.or(read.age_years);
    read.sex = told.sex.or(read.sex);
    for side in Side::BOTH {
        let length = told.leg_length_m.get(side).or(*read.leg_length_m.get(side));
        *read.leg_length_m.get_mut(side) = length;
    }
    Ok(LoadedTrial {
        trial,
        name: input.name.clone(),
        format,
        sha256: input.sha256(),
        pose2d: None,
    })
}

/// Puts the events of a CSV file (as `ambulo events` writes it) in the place of any others.
///
/// # Errors
///
/// [`EventFileError`] names the line.
pub fn use_events(
    loaded: &mut LoadedTrial,
    config: &mut Config,
    bytes: &[u8],
) -> Result<(), EventFileError> {
    loaded.trial.events = parse_events(bytes, loaded.trial.time())?;
    config.input.events = EventChoice::File;
    Ok(())
}

fn parse_events(bytes: &[u8], time: &TimeBase) -> Result<Vec<GaitEvent>, EventFileError> {
    let rows = csv::parse_rows(bytes);
    let (header, rows) = rows.split_first().ok_or(EventFileError::Empty)?;
    let column = |name: &'static str| {
        header
            .fields
            .iter()
            .position(|have| have.trim() == name)
            .ok_or(EventFileError::NoColumn(name))
    };
    let (side, kind, time_s) = (column("side")?, column("kind")?, column("time_s")?);
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let field = |index: usize| row.fields.get(index).map_or("", |field| field.trim());
        let wrong = |found: &str, expected| EventFileError::Row {
            line: row.line,
            found: found.chars().take(40).collect(),
            expected,
        };
        let side = match field(side) {
            "left" => Side::Left,
            "right" => Side::Right,
            found => return Err(wrong(found, "left or right")),
        };
        let kind = match field(kind) {
            "initial_contact" => EventKind::InitialContact,
            "foot_off" => EventKind::FootOff,
            found => return Err(wrong(found, "initial_contact or foot_off")),
        };
        let found = field(time_s);
        let time_s = found
            .parse::<f64>()
            .ok()
            .filter(|time_s| (0.0..=time.duration_s()).contains(time_s))
            .ok_or_else(|| wrong(found, "a time within the recording, in seconds"))?;
        events.push(GaitEvent {
            side,
            kind,
            time_s,
            frame: time.nearest_frame(time_s),
            confidence: 1.0,
            source: EventSource::File,
        });
    }
    if events.is_empty() {
        return Err(EventFileError::Empty);
    }
    events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    Ok(events)
}
