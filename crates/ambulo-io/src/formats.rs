//! Every file format under one name, and the reading of any of them.

use std::fmt;

use ambulo::keypoints::Keypoints2d;
use ambulo::trial::{Recording, Trial};
use serde::{Deserialize, Serialize};

use crate::acclaim::{self, AcclaimError};
use crate::arrays::{self, ArraysError};
use crate::bvh::{self, BvhError};
use crate::c3d::{self, C3d, C3dError};
use crate::csv::{self, CsvError};
use crate::files::Input;
use crate::keypoints::{self, KeypointError, KeypointFormat, KeypointTrial, PersonChoice};
use crate::npy::{self, NpyError};
use crate::points::{LabelledPoints, PointsError};
use crate::storage;
use crate::table::Table;
use crate::text::TextError;
use crate::trc::{self, TrcError};
use crate::video::Container;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Format {
    /// C3D.
    C3d,
    /// TRC marker positions.
    Trc,
    /// OpenSim's MOT: coordinates over time.
    Mot,
    /// OpenSim's STO: the same table with another ending.
    Sto,
    /// BVH.
    Bvh,
    /// AMC motion with its ASF skeleton.
    Amc,
    /// CSV.
    Csv,
    /// One NumPy array.
    Npy,
    /// Several NumPy arrays.
    Npz,
    /// Keypoints of a detector.
    Keypoints(KeypointFormat),
}

impl Format {
    /// Every format.
    pub const ALL: &[Self] = &[
        Self::C3d,
        Self::Trc,
        Self::Mot,
        Self::Sto,
        Self::Bvh,
        Self::Amc,
        Self::Csv,
        Self::Npy,
        Self::Npz,
        Self::Keypoints(KeypointFormat::Ambulo),
        Self::Keypoints(KeypointFormat::OpenPose),
        Self::Keypoints(KeypointFormat::OpenPoseBody25),
        Self::Keypoints(KeypointFormat::OpenPoseBody25b),
        Self::Keypoints(KeypointFormat::Coco),
        Self::Keypoints(KeypointFormat::AlphaPose),
        Self::Keypoints(KeypointFormat::MmPose),
        Self::Keypoints(KeypointFormat::MediaPipe),
        Self::Keypoints(KeypointFormat::MediaPipeCsv),
        Self::Keypoints(KeypointFormat::DeepLabCut),
    ];

    /// The name users write.
    pub fn name(self) -> &'static str {
        match self {
            Self::C3d => "c3d",
            Self::Trc => "trc",
            Self::Mot => "mot",
            Self::Sto => "sto",
            Self::Bvh => "bvh",
            Self::Amc => "amc",
            Self::Csv => "csv",
            Self::Npy => "npy",
            Self::Npz => "npz",
            Self::Keypoints(format) => format.name(),
        }
    }

    /// The format of that name.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
    }

    /// The format that a file name's ending stands for, where it is certain.
    pub fn by_ending(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
        match ending.as_str() {
            "c3d" => Some(Self::C3d),
            "trc" => Some(Self::Trc),
            "mot" => Some(Self::Mot),
            "sto" => Some(Self::Sto),
            "bvh" => Some(Self::Bvh),
            "amc" | "asf" => Some(Self::Amc),
            "npy" => Some(Self::Npy),
            "npz" => Some(Self::Npz),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Self::by_name(&name).ok_or_else(|| format!("no format is called {name:?}"))
    }
}

impl From<Format> for String {
    fn from(format: Format) -> Self {
        format.name().to_owned()
    }
}

/// What the files themselves do not say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions {
    /// The format, where it shall not be recognised.
    pub format: Option<Format>,
    /// Frames per second, for formats that hold none.
    pub fps_hz: Option<f64>,
    /// Width and height of the images in pixels.
    pub image_size_px: Option<[u32; 2]>,
    /// Which person.
    pub person: PersonChoice,
}

/// A file's content, as its format holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Document {
    /// A C3D file, whole.
    C3d(Box<C3d>),
    /// Points in space.
    Points(LabelledPoints),
    /// Numbers over time without positions, such as joint angles.
    Table(Table),
    /// Keypoints of one person.
    Keypoints(Box<KeypointTrial>),
}

/// Why an input could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The input is no file that we know.
    #[error(
        "the format of {name:?} is not recognised; name it with --format (in ambulo \
         convert --from): c3d, trc, bvh, amc, csv, npz, openpose, coco, alphapose, mmpose, mediapipe \
         or deeplabcut"
    )]
    Unknown {
        /// Name of the file.
        name: String,
    },
    /// The input is a video.
    #[error(
        "{name:?} is a video, which is not read here; find its keypoints with ambulo pose2d and pass them. \
         What the video holds is said by: ambulo doctor --video"
    )]
    Video {
        /// Name of the file.
        name: String,
    },
    /// The name is that of a video, the content is not.
    #[error(
        "{name:?} is named like a video, but its first bytes are those of no video that is known; copy it \
         from the camera again, or, if a player shows it, save it as MP4 (H.264)"
    )]
    NoVideo {
        /// Name of the file.
        name: String,
    },
    /// The file is empty.
    #[error("{name:?} is empty; copy it again from where it was recorded")]
    EmptyFile {
        /// Name of the file.
        name: String,
    },
    /// A skeleton without motion.
    #[error("{name:?} is a skeleton without motion; pass the AMC file that belongs to it")]
    SkeletonOnly {
        /// Name of the file.
        name: String,
    },
    /// A motion without its skeleton.
    #[error("{name:?} needs its ASF skeleton; put it beside the file or pass it with --skeleton")]
    NoSkeleton {
        /// Name of the file.
        name: String,
    },
    /// The file holds numbers, but no positions.
    #[error(
        "{name:?} holds a table without positions of the body (its columns begin with {columns}), \
         so it cannot be analysed; pass the markers or keypoints it was made from"
    )]
    NoPositions {
        /// Name of the file.
        name: String,
        /// The first columns.
        columns: String,
    },
    /// C3D.
    #[error(
        "not a readable C3D file: {0}; copy it again, or export it again from the laboratory's software"
    )]
    C3d(#[from] C3dError),
    /// C3D without a usable motion.
    #[error(transparent)]
    C3dTrial(#[from] c3d::TrialError),
    /// TRC.
    #[error(transparent)]
    Trc(#[from] TrcError),
    /// MOT or STO.
    #[error("not a valid MOT or STO file: {0}")]
    Storage(#[source] TextError),
    /// BVH.
    #[error(transparent)]
    Bvh(#[from] BvhError),
    /// ASF or AMC.
    #[error(transparent)]
    Acclaim(#[from] AcclaimError),
    /// CSV.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// NPY or NPZ.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// Arrays that are no recording.
    #[error(transparent)]
    Arrays(#[from] ArraysError),
    /// Keypoints.
    #[error(transparent)]
    Keypoints(#[from] KeypointError),
    /// Points that name no joint.
    #[error(transparent)]
    Points(#[from] PointsError),
}

impl ReadError {
    /// Whether the file itself could be read, and only what it holds cannot be analysed.
    pub fn was_readable(&self) -> bool {
        matches!(
            self,
            Self::NoPositions { .. } | Self::C3dTrial(_) | Self::Points(_)
        )
    }
}

/// How the names of videos end.
const VIDEO_ENDINGS: [&str; 16] = [
    "mp4", "mov", "avi", "mkv", "webm", "m4v", "mpg", "mpeg", "wmv", "3gp", "mts", "m2ts", "ts",
    "vob", "flv", "ogv",
];

/// What format an input is, by its content first and its name second.
///
/// # Errors
///
/// [`ReadError`] if no format fits, or if it is something that cannot be read.
pub fn recognise(input: &Input) -> Result<Format, ReadError> {
    let name = &input.name;
    let [file] = &input.files[..] else {
        return Ok(Format::Keypoints(keypoints::recognise(&input.files)?));
    };
    if input.is_folder {
        return Ok(Format::Keypoints(keypoints::recognise(&input.files)?));
    }
    let bytes = &file.bytes;
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| ending.to_ascii_lowercase())
        .unwrap_or_default();
    if bytes.is_empty() {
        return Err(ReadError::EmptyFile { name: name.clone() });
    }
    if Container::recognise(bytes).is_some() {
        return Err(ReadError::Video { name: name.clone() });
    }
    if VIDEO_ENDINGS.contains(&ending.as_str()) {
        return Err(ReadError::NoVideo { name: name.clone() });
    }
    if ending == "asf" {
        return Err(ReadError::SkeletonOnly { name: name.clone() });
    }
    if let Some(format) = Format::by_ending(name) {
        return Ok(format);
    }
    if bytes.starts_with(b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(Format::Npz);
    }
    // The first byte of a C3D file is the block of its parameters, the second always 0x50.
    if bytes.get(1) == Some(&0x50) && bytes[0] < 0x10 {
        return Ok(Format::C3d);
    }
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]);
    let start = head.trim_start_matches('\u{feff}').trim_start();
    if start.starts_with("PathFileType") {
        Ok(Format::Trc)
    } else if start.starts_with("HIERARCHY") {
        Ok(Format::Bvh)
    } else if start.contains("endheader") {
        Ok(Format::Mot)
    } else if start.starts_with(['{', '[']) {
        Ok(Format::Keypoints(keypoints::recognise(&input.files)?))
    } else if ending == "csv" || ending == "txt" || ending == "tsv" {
        // Detectors write CSV too, with headers of their own.
        Ok(keypoints::recognise(&input.files).map_or(Format::Csv, Format::Keypoints))
    } else {
        Err(ReadError::Unknown { name: name.clone() })
    }
}

impl Document {
    /// Reads an input of any format.
    ///
    /// # Errors
    ///
    /// [`ReadError`] says what is wrong and what to do next.
    pub fn read(input: &Input, options: &ReadOptions) -> Result<(Format, Self), ReadError> {
        let format = match options.format {
            Some(format) => format,
            None => recognise(input)?,
        };
        if let Format::Keypoints(keypoint_format) = format {
            let mut read = keypoints::read(
                &input.files,
                &keypoints::ReadOptions {
                    format: Some(keypoint_format),
                    fps_hz: options.fps_hz,
                    image_size_px: options.image_size_px,
                    person: options.person,
                },
            )?;
            read.notes
                .insert(0, format!("the points are those of {}", read.layout));
            return Ok((
                Format::Keypoints(read.format),
                Self::Keypoints(Box::new(read)),
            ));
        }
        let [file] = &input.files[..] else {
            return Err(ReadError::Unknown {
                name: input.name.clone(),
            });
        };
        let bytes = &file.bytes[..];
        let document = match format {
            Format::C3d => Self::C3d(Box::new(C3d::parse(bytes)?)),
            Format::Trc => Self::Points(trc::parse(bytes)?),
            Format::Mot | Format::Sto => {
                Self::Table(storage::parse(bytes).map_err(ReadError::Storage)?)
            }
            Format::Bvh => Self::Points(bvh::parse(bytes)?.to_points()?),
            Format::Amc => {
                let skeleton = input
                    .companions
                    .first()
                    .ok_or_else(|| ReadError::NoSkeleton {
                        name: input.name.clone(),
                    })?;
                let skeleton = acclaim::parse_skeleton(&skeleton.bytes)?;
                let rate_hz = options.fps_hz.unwrap_or(acclaim::CMU_RATE_HZ);
                Self::Points(acclaim::parse_motion(bytes, &skeleton, rate_hz)?)
            }
            Format::Csv => {
                let table = csv::parse_table(bytes).map_err(CsvError::Text)?;
                match csv::points_of(&table) {
                    Ok(points) => Self::Points(points),
                    Err(CsvError::NoPositions | CsvError::NoTime) => Self::Table(table),
                    Err(error) => return Err(error.into()),
                }
            }
            Format::Npy => {
                Self::Points(arrays::points_of_bare(&npy::parse(bytes)?, options.fps_hz)?)
            }
            Format::Npz => {
                let arrays = npy::parse_npz(bytes)?;
                if arrays::holds_keypoints(&arrays) {
                    Self::Keypoints(Box::new(native(arrays::keypoints_of(&arrays)?)))
                } else {
                    Self::Points(arrays::points_of(&arrays)?)
                }
            }
            Format::Keypoints(_) => {
                return Err(ReadError::Unknown {
                    name: input.name.clone(),
                });
            }
        };
        Ok((format, document))
    }

    /// The trial of this document, for analysis.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it holds no positions of a body.
    pub fn to_trial(&self, name: &str) -> Result<Trial, ReadError> {
        match self {
            Self::C3d(c3d) => Ok(c3d::to_trial(c3d)?),
            Self::Points(points) => Ok(points.to_trial()?),
            Self::Keypoints(read) => {
                let mut trial = Trial::new(Recording::Keypoints(read.keypoints.clone()));
                trial.file_number_of_first_frame = read.file_number_of_first_frame;
                trial.notes.clone_from(&read.notes);
                Ok(trial)
            }
            Self::Table(table) => {
                let first: Vec<_> = table.columns.iter().take(4).cloned().collect();
                Err(ReadError::NoPositions {
                    name: name.to_owned(),
                    columns: first.join(", "),
                })
            }
        }
    }
}

/// Keypoints that need no choosing: one person, all known.
fn native(keypoints: Keypoints2d) -> KeypointTrial {
    KeypointTrial {
        layout: format!("{} named joints", keypoints.joints().len()),
        keypoints,
        format: KeypointFormat::Ambulo,
        file_number_of_first_frame: 1,
        people_seen: 1,
        chosen: 0,
        notes: Vec::new(),
    }
}
