//! The files that an analysis leaves behind.

use std::path::Path;

use ambulo::trial::Recording;
use ambulo_io::files::{self, NamedBytes};
use ambulo_io::keypoints::{self, KeypointError, KeypointFormat};
use ambulo_io::points::LabelledPoints;
use ambulo_io::trc;

use crate::analyze::Analysed;

/// Why the files could not be made or written.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// A file could not be written.
    #[error(transparent)]
    File(#[from] files::FileError),
    /// The folder could not be made.
    #[error("cannot make the folder {folder:?}")]
    Folder {
        /// The folder.
        folder: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The keypoints could not be put into their file.
    #[error(transparent)]
    Keypoints(#[from] KeypointError),
}

/// The files of one analysis: report, result, tables, and the recording that was analysed.
///
/// # Errors
///
/// [`ArtifactError::Keypoints`] if the keypoints cannot be written.
pub fn of(analysed: &Analysed) -> Result<Vec<NamedBytes>, ArtifactError> {
    let report = ambulo_report::html(&analysed.analysis);
    with_report(analysed, report)
}

/// The same of a video, whose report shows the walk on film.
///
/// # Errors
///
/// As [`of`].
pub fn of_filmed(
    analysed: &Analysed,
    film: &ambulo_report::Film,
) -> Result<Vec<NamedBytes>, ArtifactError> {
    let report = ambulo_report::html_with_film(&analysed.analysis, film);
    with_report(analysed, report)
}

fn with_report(analysed: &Analysed, report: String) -> Result<Vec<NamedBytes>, ArtifactError> {
    let analysis = &analysed.analysis;
    let text = |name: &str, content: String| NamedBytes {
        name: name.to_owned(),
        bytes: content.into_bytes(),
    };
    let mut files = vec![
        text("report.html", report),
        text("result.json", ambulo_report::result_json(analysis)),
        text("parameters.csv", ambulo_report::parameters_csv(analysis)),
        text("events.csv", ambulo_report::events_csv(analysis)),
        text("angles.csv", ambulo_report::angles_csv(analysis)),
    ];
    match &analysed.recording {
        Recording::Motion(motion) => files.push(NamedBytes {
            name: "motion.trc".to_owned(),
            bytes: trc::write(&LabelledPoints::from_motion(motion), "motion.trc"),
        }),
        Recording::Keypoints(recorded) => {
            for file in keypoints::write(recorded, KeypointFormat::Ambulo)? {
                files.push(NamedBytes {
                    name: "keypoints.json".to_owned(),
                    bytes: file.bytes,
                });
            }
        }
    }
    if let Some(motion) = &analysed.lifted {
        files.push(NamedBytes {
            name: "motion.trc".to_owned(),
            bytes: trc::write(&LabelledPoints::from_motion(motion), "motion.trc"),
        });
    }
    Ok(files)
}

/// Writes files into a folder, which is made if it is not there.
///
/// # Errors
///
/// [`ArtifactError`] names the path.
pub fn write(folder: &Path, files: &[NamedBytes]) -> Result<(), ArtifactError> {
    std::fs::create_dir_all(folder).map_err(|source| ArtifactError::Folder {
        folder: folder.to_owned(),
        source,
    })?;
    for file in files {
        files::write_atomically(&folder.join(&file.name), &file.bytes)?;
    }
    Ok(())
}
