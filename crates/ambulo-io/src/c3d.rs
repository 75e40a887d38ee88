//! C3D: the binary format of motion-capture laboratories. Points in space, analog channels, and
//! named parameters, in the number formats of three kinds of computer.
//!
//! A [`C3d`] holds all that a file says, known or not, so that reading and writing loses nothing.
//! [`to_trial`] makes a [`Trial`](ambulo::trial::Trial) of it.
//!
//! Source: "The C3D File Format: a technical user guide", Motion Lab Systems, 2021 edition.

mod compose;
mod data;
mod events;
mod header;
mod labelled;
mod layout;
mod number;
mod parameters;
mod trial;
mod write;

pub use data::{Analog, Points};
pub use events::{AnalysisValue, FileEvent, ForcePlate};
pub use header::HeaderEvent;
pub use labelled::{of_points, to_points};
pub use number::Processor;
pub use parameters::{Group, Parameter, ParameterData};
pub use trial::{TrialError, from_trial, to_trial};

use header::Header;
use layout::Layout;

/// Bytes of one block; sections start at whole blocks.
const BLOCK: usize = 512;

/// A C3D file in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct C3d {
    /// Whose number formats the file used, and [`C3d::to_bytes`] will use.
    pub processor: Processor,
    /// How the file stored points and samples, and [`C3d::to_bytes`] will.
    pub storage: Storage,
    /// The number of the first frame; 1 in a file that was not cropped.
    pub first_frame: u32,
    /// How many frames there are.
    pub frames: usize,
    /// Frames a second; 0 if the file does not say.
    pub rate_hz: f32,
    /// What an integer coordinate of 1 stands for, in the unit of the points; positive.
    pub point_scale: f32,
    /// The longest gap, in frames, over which points were interpolated.
    pub max_gap: u16,
    /// Events of the header; newer files use the `EVENT` group ([`C3d::events`]).
    pub header_events: Vec<HeaderEvent>,
    /// All parameters, in file order.
    pub groups: Vec<Group>,
    /// The points.
    pub points: Points,
    /// The analog channels.
    pub analog: Analog,
    /// Bytes behind the last frame that no part of the format explains.
    pub trailing: Vec<u8>,
    /// What the reader had to decide or repair, one sentence each.
    pub notes: Vec<String>,
}

/// How points and samples are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storage {
    /// Two-byte integers with a scale.
    Integer,
    /// Four-byte floats.
    Float,
}

/// Why bytes are not a C3D file, or a [`C3d`] cannot be written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum C3dError {
    /// There is no header.
    #[error("a C3D header has {BLOCK} bytes, the file has {bytes}")]
    NoHeader {
        /// Bytes of the file.
        bytes: usize,
    },
    /// The second byte is not 80.
    #[error("not a C3D file: its second byte is {found}, not 80")]
    NotC3d {
        /// The second byte.
        found: u8,
    },
    /// The parameter section lies behind the end.
    #[error("the parameters should start at byte {start}, the file has {bytes}")]
    NoParameters {
        /// Where they should start.
        start: usize,
        /// Bytes of the file.
        bytes: usize,
    },
    /// The processor is none of the three.
    #[error("unknown number format {code}: 84 (Intel), 85 (DEC) or 86 (SGI) was expected")]
    UnknownProcessor {
        /// The byte found.
        code: u8,
    },
    /// The parameter section ends inside a record.
    #[error("the file ends inside a parameter that starts at byte {at}")]
    TruncatedParameters {
        /// Where the record starts.
        at: usize,
    },
    /// A parameter's values are of no known kind.
    #[error("parameter {name:?} holds values of unknown kind {kind}")]
    ParameterKind {
        /// Its name.
        name: String,
        /// The kind.
        kind: i8,
    },
    /// The point scale is no positive number, so integer coordinates mean nothing.
    #[error("integer points need a scale, the file's is {scale}")]
    BadScale {
        /// The scale.
        scale: f32,
    },
    /// The data section lies behind the end, or there is not one whole frame in it.
    #[error(
        "the file says that {frames} frames of {frame_bytes} bytes start at byte {start}, \
         but it ends at byte {bytes}, before one whole frame"
    )]
    NoFrames {
        /// Where the data should start.
        start: usize,
        /// Frames declared.
        frames: usize,
        /// Bytes of one frame.
        frame_bytes: usize,
        /// Bytes of the file.
        bytes: usize,
    },
    /// Counts and values disagree, so nothing was written.
    #[error("{what}: {expected} values were expected, there are {found}")]
    Shape {
        /// What has the wrong size.
        what: &'static str,
        /// Values expected.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A parameter's sizes and its values disagree, so nothing was written.
    #[error("the dimensions of parameter {name:?} do not match its {values} values")]
    ParameterShape {
        /// Its name.
        name: String,
        /// Values found.
        values: usize,
    },
    /// A count does not fit the field that the format has for it.
    #[error("{what} is {value}, the format's largest is {largest}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        value: usize,
        /// The most that fits.
        largest: usize,
    },
    /// A parameter's values or description need more bytes than a record can have.
    #[error("parameter {name:?} is too long for a C3D file")]
    ParameterTooLong {
        /// Its name.
        name: String,
    },
    /// A name is empty, longer than 127 bytes, or its group's number is outside 1 to 127.
    #[error("a group or parameter cannot be called {name:?}")]
    BadName {
        /// The name.
        name: String,
    },
    /// A number that the chosen number format lacks.
    #[error("{what}: the chosen number format cannot hold {value}")]
    NotRepresentable {
        /// Where it stands.
        what: String,
        /// The number.
        value: f32,
    },
}

impl C3d {
    /// Reads a file.
    ///
    /// Files with wrong counts or pointers are read where their meaning is still clear, and each
    /// repair is told in [`C3d::notes`]. A file that ends early gives its whole frames, with a note.
    ///
    /// # Errors
    ///
    /// [`C3dError`] if the bytes are not a C3D file or not one whole frame can be found.
    pub fn parse(bytes: &[u8]) -> Result<Self, C3dError> {
        let &raw = bytes
            .first_chunk::<BLOCK>()
            .ok_or(C3dError::NoHeader { bytes: bytes.len() })?;
        if raw[1] != 80 {
            return Err(C3dError::NotC3d { found: raw[1] });
        }
        // A block of 0 appears in files that mean the one behind the header.
        let start = (usize::from(raw[0].max(2)) - 1) * BLOCK;
        let &[_, _, _, code] = bytes
            .get(start..)
            .and_then(|rest| rest.first_chunk())
            .ok_or(C3dError::NoParameters {
                start,
                bytes: bytes.len(),
            })?;
        let processor = Processor::from_code(code).ok_or(C3dError::UnknownProcessor { code })?;
        let header = Header::read(&raw, processor);
        let section = parameters::read(bytes, start + 4, processor)?;
        let mut notes = section.notes;
        let groups = section.groups;
        let layout = Layout::of(bytes, start, &header, &groups, &mut notes)?;
        let (points, analog) = data::read(bytes, processor, &layout);
        Ok(Self {
            processor,
            storage: layout.storage,
            first_frame: layout.first_frame,
            frames: layout.frames,
            rate_hz: layout.rate_hz,
            point_scale: layout.point_scale,
            max_gap: header.max_gap,
            header_events: header.events,
            groups,
            points,
            analog,
            trailing: layout.trailing(bytes).to_vec(),
            notes,
        })
    }

    /// The first group of that name, in any case.
    pub fn group(&self, name: &str) -> Option<&Group> {
        find_group(&self.groups, name)
    }

    /// The first parameter of that name in any group of that name, in any case.
    pub fn parameter(&self, group: &str, name: &str) -> Option<&Parameter> {
        find(&self.groups, group, name)
    }

    /// The first string of a parameter.
    pub fn text(&self, group: &str, name: &str) -> Option<String> {
        self.parameter(group, name)?.strings().into_iter().next()
    }

    /// The first number of a parameter.
    pub fn number(&self, group: &str, name: &str) -> Option<f64> {
        self.parameter(group, name)?.numbers().first().copied()
    }

    /// The strings of a parameter and of those that continue it past 255: `LABELS`, `LABELS2`, ….
    pub fn strings(&self, group: &str, name: &str) -> Vec<String> {
        continued(&self.groups, group, name)
            .flat_map(Parameter::strings)
            .collect()
    }

    /// The numbers of a parameter and of those that continue it past 255: `TIMES`, `TIMES2`, ….
    pub fn numbers(&self, group: &str, name: &str) -> Vec<f64> {
        continued(&self.groups, group, name)
            .flat_map(Parameter::numbers)
            .collect()
    }

    /// The label of each point, without padding; empty where the file has none.
    pub fn point_labels(&self) -> Vec<String> {
        let mut labels = self.strings("POINT", "LABELS");
        labels.resize(self.points.count, String::new());
        labels
    }

    /// The label of each analog channel, without padding; empty where the file has none.
    pub fn analog_labels(&self) -> Vec<String> {
        let mut labels = self.strings("ANALOG", "LABELS");
        labels.resize(self.analog.channels, String::new());
        labels
    }
}

fn find_group<'a>(groups: &'a [Group], name: &str) -> Option<&'a Group> {
    groups
        .iter()
        .find(|group| group.name.eq_ignore_ascii_case(name))
}

fn find<'a>(groups: &'a [Group], group: &str, name: &str) -> Option<&'a Parameter> {
    groups
        .iter()
        .filter(|have| have.name.eq_ignore_ascii_case(group))
        .find_map(|have| have.get(name))
}

/// A parameter and its continuations.
fn continued<'a>(
    groups: &'a [Group],
    group: &'a str,
    name: &'a str,
) -> impl Iterator<Item = &'a Parameter> {
    let first = find(groups, group, name);
    let more = (2..=255)
        .map(move |n| find(groups, group, &format!("{name}{n}")))
        .take_while(Option::is_some);
    std::iter::once(first).chain(more).flatten()
}
