//! Keypoint files of the detectors people use, read into one person's [`Keypoints2d`] and written back.
//!
//! Reading has four parts, each in its own module: a reader of the format gives every person of
//! every frame; `layout` names the points; `frames` puts frames in order and in time; `people`
//! follows each person and chooses the walker. The page is `docs/formats/keypoints.md`.

use std::fmt;
use std::str::FromStr;

use ambulo::keypoints::{Keypoint, Keypoints2d, ShapeError};
use ambulo::skeleton::{Joint, JointMap};
use ambulo::time::TimeError;
use nalgebra::Point2;

mod coco;
mod deeplabcut;
mod frames;
mod json;
mod layout;
mod mediapipe;
mod mmpose;
mod native;
mod openpose;
mod people;
mod table;

use crate::files::NamedBytes;
use layout::Layout;

/// A format of keypoint files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeypointFormat {
    /// Our own `keypoints.json`, which loses nothing.
    Ambulo,
    /// A folder of `OpenPose` JSON, one file a frame; 25 points are told apart by their geometry.
    OpenPose,
    /// The same, with the 25 points of the `BODY_25` model.
    OpenPoseBody25,
    /// The same, with the 25 points of the `BODY_25B` model.
    OpenPoseBody25b,
    /// COCO keypoint results or annotations.
    Coco,
    /// AlphaPose or Halpe results, as a list or in the style of `OpenPose`.
    AlphaPose,
    /// MMPose predictions.
    MmPose,
    /// Landmarks of MediaPipe as JSON.
    MediaPipe,
    /// Landmarks of MediaPipe as CSV.
    MediaPipeCsv,
    /// DeepLabCut CSV.
    DeepLabCut,
}

impl KeypointFormat {
    /// Every format.
    pub const ALL: &[Self] = &[
        Self::Ambulo,
        Self::OpenPose,
        Self::OpenPoseBody25,
        Self::OpenPoseBody25b,
        Self::Coco,
        Self::AlphaPose,
        Self::MmPose,
        Self::MediaPipe,
        Self::MediaPipeCsv,
        Self::DeepLabCut,
    ];

    /// The name users write after `--format`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ambulo => "ambulo",
            Self::OpenPose => "openpose",
            Self::OpenPoseBody25 => "openpose-body25",
            Self::OpenPoseBody25b => "openpose-body25b",
            Self::Coco => "coco",
            Self::AlphaPose => "alphapose",
            Self::MmPose => "mmpose",
            Self::MediaPipe => "mediapipe",
            Self::MediaPipeCsv => "mediapipe-csv",
            Self::DeepLabCut => "deeplabcut",
        }
    }
}

impl fmt::Display for KeypointFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no keypoint format's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no keypoint format is called {0:?}; known are {known}", known = known_formats())]
pub struct UnknownFormat(pub String);

fn known_formats() -> String {
    let names: Vec<_> = KeypointFormat::ALL.iter().map(|f| f.name()).collect();
    names.join(", ")
}

impl FromStr for KeypointFormat {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .iter()
            .copied()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// Which person to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PersonChoice {
    /// The walker, by the rule of `docs/formats/keypoints.md`.
    #[default]
    Auto,
    /// The person of that number; 0 is the one that `Auto` would choose, 1 the next.
    Index(usize),
}

/// What the files themselves do not say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReadOptions {
    /// The format, where it shall not be recognised.
    pub format: Option<KeypointFormat>,
    /// Frames per second; needed by formats without time, and overrides times in the file.
    pub fps_hz: Option<f64>,
    /// Width and height of the images in pixels; needed by normalised coordinates.
    pub image_size_px: Option<[u32; 2]>,
    /// Which person to read.
    pub person: PersonChoice,
}

/// One person's keypoints, with what the reader had to decide.
#[derive(Debug, Clone, PartialEq)]
pub struct KeypointTrial {
    /// The person's keypoints.
    pub keypoints: Keypoints2d,
    /// The format that was read.
    pub format: KeypointFormat,
    /// Which points the file stores, for people.
    pub layout: String,
    /// The file's own number of the first frame.
    pub file_number_of_first_frame: i64,
    /// How many people were followed long enough to count.
    pub people_seen: usize,
    /// The number of the person read: 0 is the walker by the written rule.
    pub chosen: usize,
    /// What had to be decided or repaired, one sentence each.
    pub notes: Vec<String>,
}

/// Why keypoints could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum KeypointError {
    /// There is no file, or no frame in it.
    #[error(
        "there are no frames to read; pass a keypoint file, or a folder of one JSON file a frame"
    )]
    Empty,
    /// Not JSON, or JSON of another form.
    #[error("cannot read {name:?} as {what}")]
    Json {
        /// What was expected.
        what: &'static str,
        /// The file.
        name: String,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// JSON that breaks off.
    #[error(
        "the JSON ends early, at byte {bytes} (line {line}), with brackets still open; copy the file again, or let the detector write it again: {name:?}"
    )]
    EndsEarly {
        /// Bytes that are there.
        bytes: usize,
        /// Line of the end, from 1.
        line: usize,
        /// The file.
        name: String,
    },
    /// A table with something wrong in it.
    #[error("line {line} of the table {message}: {name:?}")]
    Table {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// The file.
        name: String,
    },
    /// No format fits.
    #[error("{name:?} is in no keypoint format known here; pass --format with one of {known}", known = known_formats())]
    Unrecognised {
        /// The first file.
        name: String,
    },
    /// 25 points fit `BODY_25` as well as `BODY_25B`.
    #[error(
        "the 25 points could be OpenPose's BODY_25 or BODY_25B; pass --format openpose-body25 or --format openpose-body25b"
    )]
    AmbiguousLayout,
    /// No layout has that many points.
    #[error(
        "no layout with {points} points is known (17 COCO, 18 OpenPose COCO, 23 COCO with feet, 25 BODY_25 or BODY_25B, 26 or 136 Halpe, 33 BlazePose, 133 COCO-WholeBody)"
    )]
    UnknownLayout {
        /// Points of a person.
        points: usize,
    },
    /// People of one file have different numbers of points.
    #[error("a person has {points} points where others have {expected}: {name:?}")]
    MixedLayouts {
        /// Points of this person.
        points: usize,
        /// Points of those before.
        expected: usize,
        /// The file.
        name: String,
    },
    /// None of the names of points is known.
    #[error(
        "none of the points is named like a joint; the names are {names}; rename them, for example left_knee, right_heel"
    )]
    NoKnownJoint {
        /// The first names.
        names: String,
    },
    /// The format carries no time.
    #[error("{format} files carry no time; pass --fps with the camera's frame rate")]
    NeedsFps {
        /// The format.
        format: KeypointFormat,
    },
    /// Coordinates are shares of the image.
    #[error(
        "the coordinates are shares of the image; pass --image-size WIDTHxHEIGHT to turn them into pixels"
    )]
    NeedsImageSize,
    /// Frame numbers jump too far to be one recording.
    #[error(
        "frame numbers jump from {before} to {after}; keep the files of one recording, or renumber them"
    )]
    FrameGap {
        /// Number before the jump.
        before: i64,
        /// Number after it.
        after: i64,
    },
    /// Nobody was detected.
    #[error("no person was detected in any frame")]
    NoPeople,
    /// The person asked for was not seen.
    #[error("there is no person {asked}; {seen} were seen, counted from 0")]
    NoSuchPerson {
        /// The number asked for.
        asked: usize,
        /// How many were seen.
        seen: usize,
    },
    /// The times of the frames are unusable.
    #[error("the times of the frames are unusable")]
    Time(#[from] TimeError),
    /// The points do not form a recording.
    #[error("the points do not form a recording")]
    Shape(#[from] ShapeError),
    /// The format has no place for any of the joints.
    #[error("{format} files have no place for any joint of this recording")]
    NothingToWrite {
        /// The format.
        format: KeypointFormat,
    },
}

/// Every person of every frame, as a file stores them.
struct Detections {
    layout: Layout,
    frames: Vec<DetectedFrame>,
    image_size_px: Option<[u32; 2]>,
    /// Whether left and right were decided over the whole clip.
    sides_decided: bool,
    notes: Vec<String>,
}

/// One frame of a file.
#[derive(Default)]
struct DetectedFrame {
    /// The file's own number of the frame.
    number: Option<i64>,
    /// The file's own time of the frame.
    time_s: Option<f64>,
    people: Vec<Person>,
}

/// One person in one frame; the points are those of the layout.
struct Person {
    /// The identity that the file itself gives, where it can be trusted.
    id: Option<u64>,
    points: Vec<Option<Keypoint>>,
}

/// A keypoint, or `None` for what detectors write when they saw nothing: no number, no confidence,
/// or the image's origin.
fn detected(x: f64, y: f64, confidence: f64) -> Option<Keypoint> {
    /// Beyond any image: a coordinate this large is damage.
    const LARGEST_PX: f64 = 1e6;
    let plausible = x.abs() < LARGEST_PX && y.abs() < LARGEST_PX && confidence > 0.0;
    let somewhere = x != 0.0 || y != 0.0;
    (plausible && somewhere).then(|| Keypoint {
        position_px: Point2::new(x, y),
        confidence: confidence.min(1.0),
    })
}

/// Tells the format from the content of the files.
///
/// # Errors
///
/// [`KeypointError::Empty`] without files, [`KeypointError::Unrecognised`] if no format fits,
/// [`KeypointError::EndsEarly`] and [`KeypointError::Json`] if JSON is cut off or damaged.
pub fn recognise(files: &[NamedBytes]) -> Result<KeypointFormat, KeypointError> {
    let files = frames::in_order(files);
    let first = files.first().ok_or(KeypointError::Empty)?;
    let unrecognised = || KeypointError::Unrecognised {
        name: first.name.clone(),
    };
    if let Some(outline) = json::outline_of(first) {
        return json::format_of(&outline?).ok_or_else(unrecognised);
    }
    table::format_of(&first.bytes).ok_or_else(unrecognised)
}

/// Reads one person's keypoints from a file, or from a folder of one file a frame.
///
/// # Errors
///
/// [`KeypointError`]; each message says what to do next.
pub fn read(files: &[NamedBytes], options: &ReadOptions) -> Result<KeypointTrial, KeypointError> {
    let format = match options.format {
        Some(format) => format,
        None => recognise(files)?,
    };
    let files = frames::in_order(files);
    let files = files.as_slice();
    let detections = match format {
        KeypointFormat::Ambulo => native::read(files)?,
        KeypointFormat::OpenPose => openpose::read(files, None)?,
        KeypointFormat::OpenPoseBody25 => openpose::read(files, Some(&layout::BODY_25))?,
        KeypointFormat::OpenPoseBody25b => openpose::read(files, Some(&layout::BODY_25B))?,
        KeypointFormat::Coco | KeypointFormat::AlphaPose => coco::read(files)?,
        KeypointFormat::MmPose => mmpose::read(files)?,
        KeypointFormat::MediaPipe => mediapipe::read(files, options.image_size_px)?,
        KeypointFormat::MediaPipeCsv => table::read_landmarks(files, options.image_size_px)?,
        KeypointFormat::DeepLabCut => deeplabcut::read(files)?,
    };
    let Detections {
        layout,
        frames: detected,
        image_size_px,
        sides_decided,
        mut notes,
    } = detections;
    let arranged = frames::arrange(detected, options.fps_hz, format, &mut notes)?;
    let followed = people::follow(&arranged.people);
    let followed = people::ranked(&arranged.people, followed);
    let chosen = match options.person {
        PersonChoice::Auto => 0,
        PersonChoice::Index(index) => index,
    };
    let track = match followed.get(chosen) {
        Some(track) => track,
        None if followed.is_empty() => return Err(KeypointError::NoPeople),
        None => {
            return Err(KeypointError::NoSuchPerson {
                asked: chosen,
                seen: followed.len(),
            });
        }
    };
    if followed.len() > 1 {
        notes.push(people::describe(&followed, chosen));
    }
    let mut points = vec![None; arranged.people.len() * layout.joints.len()];
    for &(frame, person) in &track.places {
        let from = &arranged.people[frame][person].points;
        points[frame * layout.joints.len()..][..layout.joints.len()].copy_from_slice(from);
    }
    let mut keypoints = Keypoints2d::new(
        layout.joints,
        arranged.time,
        options.image_size_px.or(image_size_px),
        points,
    )?;
    if sides_decided {
        keypoints = keypoints.with_sides_decided();
    }
    Ok(KeypointTrial {
        keypoints,
        format,
        layout: layout.title,
        file_number_of_first_frame: arranged.first_number,
        people_seen: followed.len(),
        chosen,
        notes,
    })
}

/// Writes keypoints: one file, or one a frame for `OpenPose`.
///
/// Joints that the format has no place for are left out; places that the recording cannot fill are
/// written as missing. Only [`KeypointFormat::Ambulo`] and MediaPipe's JSON keep uneven times.
///
/// # Errors
///
/// [`KeypointError::NothingToWrite`] if the format has no place for any joint of the recording.
pub fn write(
    keypoints: &Keypoints2d,
    format: KeypointFormat,
) -> Result<Vec<NamedBytes>, KeypointError> {
    Ok(match format {
        KeypointFormat::Ambulo => vec![native::write(keypoints)],
        KeypointFormat::OpenPose | KeypointFormat::OpenPoseBody25 => {
            openpose::write(keypoints, format, &layout::BODY_25)?
        }
        KeypointFormat::OpenPoseBody25b => openpose::write(keypoints, format, &layout::BODY_25B)?,
        KeypointFormat::Coco => vec![coco::write_coco(keypoints)?],
        KeypointFormat::AlphaPose => vec![coco::write_alphapose(keypoints)?],
        KeypointFormat::MmPose => vec![mmpose::write(keypoints)],
        KeypointFormat::MediaPipe => vec![mediapipe::write(keypoints)?],
        KeypointFormat::MediaPipeCsv => vec![table::write_landmarks(keypoints)?],
        KeypointFormat::DeepLabCut => vec![deeplabcut::write(keypoints)],
    })
}

/// The recording in another set of joints; what cannot be made is missing in every frame.
fn in_layout(
    keypoints: &Keypoints2d,
    joints: &[Joint],
    format: KeypointFormat,
) -> Result<Vec<Vec<Option<Keypoint>>>, KeypointError> {
    let maps: Vec<Option<JointMap>> = joints
        .iter()
        .map(|&joint| JointMap::between(keypoints.joints(), &[joint]).ok())
        .collect();
    if maps.iter().all(Option::is_none) {
        return Err(KeypointError::NothingToWrite { format });
    }
    let columns: Vec<Option<Keypoints2d>> = maps
        .iter()
        .zip(joints)
        .map(|(map, &joint)| map.as_ref().map(|map| keypoints.mapped(&[joint], map)))
        .collect();
    Ok((0..keypoints.frames())
        .map(|frame| {
            columns
                .iter()
                .map(|column| column.as_ref().and_then(|column| column.points()[frame]))
                .collect()
        })
        .collect())
}

/// Whether a recording names any joint of a foot beyond the ankle.
fn has_feet(keypoints: &Keypoints2d) -> bool {
    let feet = [
        Joint::LeftHeel,
        Joint::RightHeel,
        Joint::LeftBigToe,
        Joint::RightBigToe,
    ];
    feet.iter().any(|foot| keypoints.joints().contains(foot))
}
