//! From any file format to any other that can hold the same thing.

use std::path::{Path, PathBuf};

use ambulo::bouts::find_bouts;
use ambulo::keypoints::Keypoints2d;
use ambulo::kinematics::{self, AngleId, AngleSeries};
use ambulo::motion::Motion3d;
use ambulo::trial::{Recording, Trial};
use ambulo::{Side, walk};
use ambulo_io::c3d::{self, C3d, C3dError, Storage};
use ambulo_io::files::{self, FileError, Input, NamedBytes};
use ambulo_io::formats::{Document, Format, ReadError, ReadOptions};
use ambulo_io::keypoints::{self, KeypointError, KeypointFormat};
use ambulo_io::npy::{self, NpyError};
use ambulo_io::points::LabelledPoints;
use ambulo_io::table::Table;
use ambulo_io::{acclaim, arrays, bvh, csv, storage, trc};

use crate::config::Config;

/// What the files themselves do not say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Format of the input; recognised if absent.
    pub from: Option<Format>,
    /// Format of the output; the ending's if absent.
    pub to: Option<Format>,
    /// Frame rate, for files that hold none.
    pub fps_hz: Option<f64>,
    /// Size of the video.
    pub image_size_px: Option<[u32; 2]>,
}

/// Why a file could not be converted.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// The input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The output's ending says no format.
    #[error(
        "the ending of {output:?} names no format; pass one with --to (c3d, trc, mot, sto, bvh, amc, \
         csv, npy, npz; for keypoints ambulo, openpose, coco, alphapose, mmpose, mediapipe, deeplabcut)"
    )]
    UnknownTarget {
        /// The output.
        output: PathBuf,
    },
    /// The target cannot hold what the source has.
    #[error("{from} files hold {has}, and {to} files need {needs}; {advice}")]
    Impossible {
        /// Source format.
        from: Format,
        /// What it holds.
        has: &'static str,
        /// Target format.
        to: Format,
        /// What it needs.
        needs: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// No angles can be computed for a table of coordinates.
    #[error("no joint angles can be computed from this recording: {0}")]
    NoAngles(String),
    /// Keypoints could not be written.
    #[error(transparent)]
    Keypoints(#[from] KeypointError),
    /// Arrays could not be written.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// C3D could not be written.
    #[error(transparent)]
    C3d(#[from] C3dError),
    /// Written files could not be put in place.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A converted recording, not yet written.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// Format read.
    pub from: Format,
    /// Format made.
    pub to: Format,
    /// The files.
    pub outputs: Vec<(PathBuf, Vec<u8>)>,
    /// What was decided, repaired or lost, one sentence each.
    pub notes: Vec<String>,
}

impl Converted {
    /// Writes the files; folders are made.
    ///
    /// # Errors
    ///
    /// [`FileError`] names the path.
    pub fn write(&self) -> Result<(), FileError> {
        for (path, bytes) in &self.outputs {
            if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder).map_err(|source| FileError::Write {
                    path: folder.to_owned(),
                    source,
                })?;
            }
            files::write_atomically(path, bytes)?;
        }
        Ok(())
    }
}

/// Converts an input; nothing is written yet.
///
/// # Errors
///
/// [`ConvertError`] says what is wrong, or what the target cannot hold and what to do instead.
pub fn convert(input: &Input, output: &Path, options: &Options) -> Result<Converted, ConvertError> {
    let read = ReadOptions {
        format: options.from,
        fps_hz: options.fps_hz,
        image_size_px: options.image_size_px,
        ..ReadOptions::default()
    };
    let (from, document) = Document::read(input, &read)?;
    let to = match options.to {
        Some(to) => to,
        None => target(output, &document)?,
    };
    let mut made = Maker {
        from,
        to,
        output,
        notes: Vec::new(),
    };
    let outputs = match (&document, to) {
        (Document::C3d(c3d), Format::C3d) => {
            made.notes.extend(c3d.notes.clone());
            made.single(c3d.to_bytes()?)
        }
        (Document::C3d(c3d), _) => {
            let points = c3d::to_points(c3d).map_err(ReadError::from)?;
            let events = c3d.events().len();
            if events > 0 {
                made.notes.push(format!(
                    "{to} has no place for the file's {events} events; ambulo events writes them"
                ));
            }
            made.of_points(points, || document.to_trial(&input.name))?
        }
        (Document::Points(points), _) => {
            made.of_points(points.clone(), || document.to_trial(&input.name))?
        }
        (Document::Table(table), _) => made.of_table(table)?,
        (Document::Keypoints(read), _) => {
            made.notes.extend(read.notes.clone());
            made.of_keypoints(&read.keypoints)?
        }
    };
    Ok(Converted {
        from,
        to,
        outputs,
        notes: made.notes,
    })
}

/// The files of a motion in space, in the format that the output's ending means.
///
/// # Errors
///
/// [`ConvertError::UnknownTarget`] if the ending means none that can hold it.
pub fn of_motion(
    motion: &Motion3d,
    from: Format,
    output: &Path,
) -> Result<Converted, ConvertError> {
    let is_csv = output
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"));
    let to = if is_csv {
        Some(Format::Csv)
    } else {
        Format::by_ending(&output.to_string_lossy())
    };
    let to = to.ok_or_else(|| ConvertError::UnknownTarget {
        output: output.to_owned(),
    })?;
    let mut made = Maker {
        from,
        to,
        output,
        notes: Vec::new(),
    };
    let points = LabelledPoints::from_motion(motion);
    let trial = || Ok(Trial::new(Recording::Motion(motion.clone())));
    let outputs = made.of_points(points, trial)?;
    Ok(Converted {
        from,
        to,
        outputs,
        notes: made.notes,
    })
}

/// The format that the output's ending means, given what there is to write.
fn target(output: &Path, document: &Document) -> Result<Format, ConvertError> {
    let name = output.to_string_lossy();
    let ending = output
        .extension()
        .map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match (ending.as_deref(), document) {
        (Some("json"), _) => Ok(Format::Keypoints(KeypointFormat::Ambulo)),
        (Some("csv"), _) => Ok(Format::Csv),
        (None, Document::Keypoints(_)) => Ok(Format::Keypoints(KeypointFormat::OpenPose)),
        _ => Format::by_ending(&name).ok_or_else(|| ConvertError::UnknownTarget {
            output: output.to_owned(),
        }),
    }
}

struct Maker<'a> {
    from: Format,
    to: Format,
    output: &'a Path,
    notes: Vec<String>,
}

type Outputs = Vec<(PathBuf, Vec<u8>)>;

impl Maker<'_> {
    fn single(&self, bytes: Vec<u8>) -> Outputs {
        vec![(self.output.to_owned(), bytes)]
    }

    fn impossible(
        &self,
        has: &'static str,
        needs: &'static str,
        advice: &'static str,
    ) -> ConvertError {
        ConvertError::Impossible {
            from: self.from,
            has,
            to: self.to,
            needs,
            advice,
        }
    }

    fn of_points(
        &mut self,
        points: LabelledPoints,
        trial: impl FnOnce() -> Result<Trial, ReadError>,
    ) -> Result<Outputs, ConvertError> {
        let points = if self.to == Format::C3d {
            points
        } else {
            points.with_y_up()
        };
        self.notes.extend(points.notes.clone());
        if matches!(self.to, Format::Bvh | Format::Amc)
            && points.positions_m.iter().any(Option::is_none)
        {
            self.notes.push(format!(
                "{} cannot leave a position out: missing ones repeat the last that was seen",
                self.to
            ));
        }
        let has_one_rate = matches!(self.to, Format::C3d | Format::Bvh | Format::Amc);
        if let Some(rate_hz) = points.time.rate_hz().filter(|_| has_one_rate) {
            if !points.time.is_uniform(1e-3) {
                self.notes.push(format!(
                    "{} has one rate for all frames, and these are not evenly spaced: {rate_hz:.3} Hz was written",
                    self.to
                ));
            }
            if self.to == Format::Amc && (rate_hz / acclaim::CMU_RATE_HZ - 1.0).abs() > 1e-3 {
                self.notes.push(format!(
                    "amc names no rate; read it back with --fps {rate_hz:.6}"
                ));
            }
        }
        let name = self
            .output
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        Ok(match self.to {
            Format::C3d => self.single(c3d::of_points(&points)?.to_bytes()?),
            Format::Trc => self.single(trc::write(&points, &name)),
            Format::Bvh => self.single(bvh::write(&points)),
            Format::Amc => {
                let (skeleton, motion) = acclaim::write(&points);
                vec![
                    (self.output.with_extension("asf"), skeleton),
                    (self.output.with_extension("amc"), motion),
                ]
            }
            Format::Csv => self.single(csv::write_table(&csv::table_of(&points))),
            Format::Npz => self.single(npy::write_npz(&arrays::of_points(&points))?),
            Format::Npy => {
                self.notes.push(
                    "an NPY file holds positions alone; labels and times are lost: write an NPZ to keep them"
                        .to_owned(),
                );
                let arrays = arrays::of_points(&points);
                self.single(
                    arrays
                        .first()
                        .map(|(_, array)| npy::write(array))
                        .unwrap_or_default(),
                )
            }
            Format::Mot | Format::Sto => {
                let table = self.angles(&trial()?)?;
                self.single(storage::write(&table))
            }
            Format::Keypoints(_) => {
                return Err(self.impossible(
                    "points in space",
                    "keypoints of a camera",
                    "choose trc, c3d, csv or npz",
                ));
            }
        })
    }

    fn of_table(&self, table: &Table) -> Result<Outputs, ConvertError> {
        match self.to {
            Format::Mot | Format::Sto => Ok(self.single(storage::write(table))),
            Format::Csv => Ok(self.single(csv::write_table(table))),
            _ => Err(self.impossible(
                "numbers without positions",
                "positions of the body",
                "choose mot, sto or csv",
            )),
        }
    }

    fn of_keypoints(&self, recorded: &Keypoints2d) -> Result<Outputs, ConvertError> {
        match self.to {
            Format::Keypoints(format) => {
                let written = keypoints::write(recorded, format)?;
                let many = written.len() > 1
                    || matches!(
                        format,
                        KeypointFormat::OpenPose
                            | KeypointFormat::OpenPoseBody25
                            | KeypointFormat::OpenPoseBody25b
                    );
                let place = |file: NamedBytes| {
                    if many {
                        (self.output.join(file.name), file.bytes)
                    } else {
                        (self.output.to_owned(), file.bytes)
                    }
                };
                Ok(written.into_iter().map(place).collect())
            }
            Format::Npz => Ok(self.single(npy::write_npz(&arrays::of_keypoints(recorded))?)),
            Format::Csv => Ok(self.single(csv::write_table(&keypoint_table(recorded)))),
            _ => Err(self.impossible(
                "keypoints of one camera",
                "points in space",
                "choose json (our own format), npz, csv or --to another keypoint format",
            )),
        }
    }

    /// Joint angles in OpenSim's names: the file's own where it has them, else computed.
    fn angles(&mut self, trial: &Trial) -> Result<Table, ConvertError> {
        let (series, first_frame) = match (&trial.angles, &trial.recording) {
            (Some(series), _) => {
                self.notes
                    .push("the angles are those stored in the file".to_owned());
                (series.clone(), 0)
            }
            (None, Recording::Motion(motion)) => {
                let config = Config::default();
                let search = find_bouts(motion, &config.bouts);
                let stretches = search.stretches();
                let longest = stretches.into_iter().max_by(|a, b| {
                    let length = |bouts: &[ambulo::bouts::Bout]| {
                        bouts
                            .iter()
                            .map(|b| b.end_frame - b.start_frame)
                            .sum::<usize>()
                    };
                    length(a).cmp(&length(b))
                });
                let bout = longest.and_then(walk::joined).ok_or_else(|| {
                    ConvertError::NoAngles(search.why_none.clone().unwrap_or_default())
                })?;
                let walk =
                    walk::from_motion(motion, &bout, &config.walk, config.surface, &trial.subject);
                self.notes.push(format!(
                    "the angles were computed from the markers for the longest walk, {:.2} s to {:.2} s",
                    bout.start_s, bout.end_s
                ));
                (kinematics::angles(&walk, &config.angles), bout.start_frame)
            }
            (None, Recording::Keypoints(_)) => {
                return Err(ConvertError::NoAngles(
                    "it holds keypoints of one camera; run ambulo analyze, which writes angles.csv"
                        .to_owned(),
                ));
            }
        };
        Ok(angle_table(&series, trial.time().times_s(), first_frame))
    }
}

/// Angle and side (`None` for the pelvis, which moves as one), and `OpenSim`'s name for it.
const COORDINATES: [(AngleId, Option<Side>, &str); 13] = [
    (AngleId::PelvicTilt, None, "pelvis_tilt"),
    (AngleId::PelvicObliquity, None, "pelvis_list"),
    (AngleId::PelvicRotation, None, "pelvis_rotation"),
    (AngleId::HipFlexion, Some(Side::Right), "hip_flexion_r"),
    (AngleId::HipAdduction, Some(Side::Right), "hip_adduction_r"),
    (AngleId::HipRotation, Some(Side::Right), "hip_rotation_r"),
    (AngleId::KneeFlexion, Some(Side::Right), "knee_angle_r"),
    (
        AngleId::AnkleDorsiflexion,
        Some(Side::Right),
        "ankle_angle_r",
    ),
    (AngleId::HipFlexion, Some(Side::Left), "hip_flexion_l"),
    (AngleId::HipAdduction, Some(Side::Left), "hip_adduction_l"),
    (AngleId::HipRotation, Some(Side::Left), "hip_rotation_l"),
    (AngleId::KneeFlexion, Some(Side::Left), "knee_angle_l"),
    (
        AngleId::AnkleDorsiflexion,
        Some(Side::Left),
        "ankle_angle_l",
    ),
];

/// The rows in which every angle has a value: `OpenSim` does not read a row with a hole.
fn angle_table(series: &AngleSeries, times_s: &[f64], first_frame: usize) -> Table {
    let mut columns = vec!["time".to_owned()];
    let mut tracks = Vec::new();
    for (angle, side, name) in COORDINATES {
        let tracks_of_side = series.tracks.get(side.unwrap_or(Side::Right));
        if let Some(track) = tracks_of_side.get(&angle) {
            columns.push(name.to_owned());
            tracks.push(&track.degrees);
        }
    }
    let mut values = Vec::new();
    for (offset, &time_s) in times_s.iter().skip(first_frame).enumerate() {
        let row: Option<Vec<f64>> = tracks
            .iter()
            .map(|track| track.get(offset).copied().flatten())
            .collect();
        if let Some(row) = row.filter(|row| !row.is_empty()) {
            values.push(Some(time_s));
            values.extend(row.into_iter().map(Some));
        }
    }
    Table {
        title: "Coordinates".to_owned(),
        in_degrees: Some(true),
        columns,
        values,
    }
}

fn keypoint_table(recorded: &Keypoints2d) -> Table {
    let mut columns = vec!["time_s".to_owned()];
    for joint in recorded.joints() {
        columns.extend(["x_px", "y_px", "confidence"].map(|part| format!("{joint}_{part}")));
    }
    let mut values = Vec::with_capacity(recorded.frames() * columns.len());
    for (frame, &time_s) in recorded.time().times_s().iter().enumerate() {
        values.push(Some(time_s));
        for point in recorded.frame(frame) {
            values.extend(match point {
                Some(p) => [p.position_px.x, p.position_px.y, p.confidence].map(Some),
                None => [None; 3],
            });
        }
    }
    Table {
        columns,
        values,
        ..Table::default()
    }
}

/// A large C3D file for the bench: the trial's points, and 24 channels sampled fifty times as often.
pub(crate) fn large_c3d(trial: &Trial, storage: Storage) -> Result<Vec<u8>, C3dError> {
    let Recording::Motion(motion) = &trial.recording else {
        return Ok(Vec::new());
    };
    let mut c3d: C3d = c3d::of_points(&LabelledPoints::from_motion(motion))?;
    c3d.storage = storage;
    c3d.analog.channels = 24;
    c3d.analog.samples_per_frame = 50;
    c3d.analog.values = (0..c3d.frames * 1200)
        .map(|i| (i % 4096) as f32 - 2048.0)
        .collect();
    c3d.to_bytes()
}
