//! The deposit of Shida et al. (2023): walks of 26 people with Parkinson's disease, on and off medication.
//!
//! Layout: `C3Dfiles/SUBxx_{on,off}/SUBxx_{on,off}_walk_n.c3d`, anywhere below the folder, and the metadata as
//! `PDGinfo.csv` (the spreadsheet saved as CSV). Markers are recognised by their labels. The label of a walk is that of
//! its session, so walks of one person are not independent: split by person.
//!
//! Source: Shida et al. (2023), doi:10.3389/fnins.2023.992585; Figshare 14896881, CC BY 4.0.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ambulo::trial::Trial;
use ambulo_io::c3d::{C3d, C3dError, TrialError, to_trial};
use ambulo_io::csv::parse_rows;

/// Folders below the deposit's that are searched.
const DEPTH: usize = 4;
/// The metadata.
const METADATA: &str = "PDGinfo.csv";

/// Whether a person was on or off medication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Medication {
    /// On levodopa.
    On,
    /// Off it.
    Off,
}

impl Medication {
    /// As file names spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    fn column(self) -> &'static str {
        match self {
            Self::On => "ON - UPDRS-III - walking",
            Self::Off => "OFF - UPDRS-III - walking",
        }
    }
}

/// One recorded walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShidaWalk {
    /// Who walks: `SUB01`.
    pub subject: String,
    /// On or off medication.
    pub medication: Medication,
    /// Its number as written: `12` or `12b`.
    pub number: String,
    /// The score of the session's gait item; `None` where the deposit has none.
    pub score: Option<u8>,
    /// Its file.
    pub path: PathBuf,
}

/// The walks of the deposit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shida {
    /// In order of subject, session and number.
    pub walks: Vec<ShidaWalk>,
}

/// Why the deposit could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ShidaError {
    /// A file or folder cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The metadata are missing.
    #[error("there is no {METADATA} (save the deposit's spreadsheet as CSV): {folder:?}")]
    NoMetadata {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// The metadata lack a column.
    #[error("there is no column {column:?}: {path:?}")]
    NoColumn {
        /// The column.
        column: &'static str,
        /// The metadata.
        path: PathBuf,
    },
    /// No walk was found.
    #[error("there are no files SUBxx_on_walk_n.c3d or SUBxx_off_walk_n.c3d: {folder:?}")]
    NoWalks {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// A C3D file is damaged.
    #[error("not a usable C3D file: {path:?}")]
    C3d {
        /// The file.
        path: PathBuf,
        /// Why.
        source: C3dError,
    },
    /// A C3D file holds no markers that are known.
    #[error("the file holds no motion that is understood: {path:?}")]
    Trial {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TrialError,
    },
}

impl Shida {
    /// Finds the walks below a folder and their sessions' scores.
    ///
    /// # Errors
    ///
    /// [`ShidaError`] if there are no walks or no metadata.
    pub fn open(folder: &Path) -> Result<Self, ShidaError> {
        let mut files = Vec::new();
        files_below(folder, DEPTH, &mut files)?;
        let is_metadata = |path: &&PathBuf| path.file_name().is_some_and(|name| name == METADATA);
        let Some(metadata) = files.iter().find(is_metadata) else {
            return Err(ShidaError::NoMetadata {
                folder: folder.to_owned(),
            });
        };
        let scores = session_scores(metadata)?;
        let mut walks: Vec<ShidaWalk> = files
            .iter()
            .filter_map(|path| {
                let (subject, medication, number) = named(path)?;
                let score = scores.get(&(subject.clone(), medication)).copied();
                Some(ShidaWalk {
                    subject,
                    medication,
                    number,
                    score,
                    path: path.clone(),
                })
            })
            .collect();
        if walks.is_empty() {
            return Err(ShidaError::NoWalks {
                folder: folder.to_owned(),
            });
        }
        let count = |number: &str| -> u32 {
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(0)
        };
        walks.sort_by(|a, b| {
            let key = |it: &ShidaWalk| {
                let place = (it.subject.clone(), it.medication, count(&it.number));
                (place, it.number.clone(), it.path.clone())
            };
            key(a).cmp(&key(b))
        });
        Ok(Self { walks })
    }

    /// The people, each a fold of leave-one-subject-out.
    pub fn subjects(&self) -> Vec<&str> {
        let mut subjects: Vec<&str> = self.walks.iter().map(|it| it.subject.as_str()).collect();
        subjects.dedup();
        subjects
    }
}

impl ShidaWalk {
    /// Reads its markers.
    ///
    /// # Errors
    ///
    /// [`ShidaError`] if the file is damaged or its markers are not known.
    pub fn read(&self) -> Result<Trial, ShidaError> {
        let bytes = read(&self.path)?;
        let c3d = C3d::parse(&bytes).map_err(|source| ShidaError::C3d {
            path: self.path.clone(),
            source,
        })?;
        to_trial(&c3d).map_err(|source| ShidaError::Trial {
            path: self.path.clone(),
            source,
        })
    }
}

/// Score of the gait item by subject and session, from the deposit's metadata. Sessions without one are left out.
///
/// # Errors
///
/// [`ShidaError`] if the file cannot be read or lacks a column.
pub fn session_scores(metadata: &Path) -> Result<BTreeMap<(String, Medication), u8>, ShidaError> {
    let rows = parse_rows(&read(metadata)?);
    let mut rows = rows.iter().map(|row| &row.fields);
    let header = rows.next();
    let column = |name: &'static str| {
        let fields = header.into_iter().flatten();
        let mut plain = fields.map(|field| field.trim().trim_start_matches('\u{feff}'));
        plain
            .position(|field| field == name)
            .ok_or_else(|| ShidaError::NoColumn {
                column: name,
                path: metadata.to_owned(),
            })
    };
    let id = column("ID")?;
    let columns = [Medication::On, Medication::Off]
        .map(|medication| column(medication.column()).map(|place| (medication, place)));
    let mut scores = BTreeMap::new();
    let mut known = Vec::new();
    for found in columns {
        known.push(found?);
    }
    for row in rows {
        for &(medication, place) in &known {
            if let (Some(subject), Some(Ok(score))) = (
                row.get(id),
                row.get(place).map(|field| field.trim().parse()),
            ) {
                scores.insert((subject.trim().to_owned(), medication), score);
            }
        }
    }
    Ok(scores)
}

/// Subject, session and number of a walk's file; `None` for any other file.
fn named(path: &Path) -> Option<(String, Medication, String)> {
    let is_c3d = path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("c3d"));
    let mut parts = path.file_stem()?.to_str()?.split('_');
    let (subject, state, walk, number) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let medication = match state.to_ascii_lowercase().as_str() {
        "on" => Medication::On,
        "off" => Medication::Off,
        _ => return None,
    };
    let is_walk = walk.eq_ignore_ascii_case("walk") && subject.starts_with("SUB");
    let is_whole = parts.next().is_none() && number.starts_with(|c: char| c.is_ascii_digit());
    (is_c3d && is_walk && is_whole).then(|| (subject.to_owned(), medication, number.to_owned()))
}

fn files_below(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), ShidaError> {
    let unreadable = |source| ShidaError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut entries: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        entries.push(entry.map_err(unreadable)?.path());
    }
    entries.sort();
    for path in entries {
        if !path.is_dir() {
            files.push(path);
        } else if depth > 0 {
            files_below(&path, depth - 1, files)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, ShidaError> {
    std::fs::read(path).map_err(|source| ShidaError::Read {
        path: path.to_owned(),
        source,
    })
}
