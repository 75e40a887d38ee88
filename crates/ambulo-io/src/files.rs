//! Files on disk: the one place that opens and writes them. Parsers elsewhere take bytes.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::video::{self, Container};

/// A folder with more entries than this is not read: it is not a recording.
const MAX_FILES: usize = 1_000_000;

/// The largest input read into memory.
const MAX_BYTES: u64 = 8 << 30;

/// One file's name and content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedBytes {
    /// The file's name without its folder.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// An input as the user named it: one file, or a folder's files in natural order of their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Name of the file or folder, without its path.
    pub name: String,
    /// The content; more than one only for a folder.
    pub files: Vec<NamedBytes>,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Files beside it that its format needs, such as the ASF skeleton of an AMC motion.
    pub companions: Vec<NamedBytes>,
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Reading failed.
    #[error("cannot read {path:?}")]
    Read {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed.
    #[error("cannot write {path:?}")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is larger than memory should hold.
    #[error("{bytes} bytes are more than the {MAX_BYTES} that are read: {path:?}")]
    TooLarge {
        /// Where.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// The file is a video, which is not read into memory.
    #[error(
        "this is a video ({container}), which is not read here; find its keypoints with ambulo pose2d and \
         pass them. What the video holds is said by ambulo doctor --video {path:?}"
    )]
    Video {
        /// Where.
        path: PathBuf,
        /// Its kind.
        container: Container,
    },
    /// The folder has no files.
    #[error("the folder has no files: {path:?}")]
    EmptyFolder {
        /// Where.
        path: PathBuf,
    },
    /// The folder has too many files.
    #[error("the folder has more than {MAX_FILES} files: {path:?}")]
    TooManyFiles {
        /// Where.
        path: PathBuf,
    },
}

impl Input {
    /// Reads a file, or all files of a folder (not of folders inside it).
    ///
    /// # Errors
    ///
    /// [`FileError`] names the path. A video is not read but named: see [`crate::video`].
    pub fn load(path: &Path) -> Result<Self, FileError> {
        let read_error = |source| FileError::Read {
            path: path.to_owned(),
            source,
        };
        let name = path
            .canonicalize()
            .map_err(read_error)?
            .file_name()
            .map_or_else(
                || "input".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            );
        if !fs::metadata(path).map_err(read_error)?.is_dir() {
            if let Some(container) = video_kind(path)? {
                return Err(FileError::Video {
                    path: path.to_owned(),
                    container,
                });
            }
            return Ok(Self {
                name,
                files: vec![load_file(path)?],
                is_folder: false,
                companions: companions(path)?,
            });
        }
        let mut paths = Vec::new();
        for entry in fs::read_dir(path).map_err(read_error)? {
            let entry = entry.map_err(read_error)?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && entry.path().is_file() {
                paths.push(entry.path());
            }
            if paths.len() > MAX_FILES {
                return Err(FileError::TooManyFiles {
                    path: path.to_owned(),
                });
            }
        }
        paths.sort_by_cached_key(|path| natural_key(&path.to_string_lossy()));
        let mut files = Vec::with_capacity(paths.len());
        let mut bytes = 0_u64;
        for file in &paths {
            let file = load_file(file)?;
            bytes += file.bytes.len() as u64;
            if bytes > MAX_BYTES {
                return Err(FileError::TooLarge {
                    path: path.to_owned(),
                    bytes,
                });
            }
            files.push(file);
        }
        if files.is_empty() {
            return Err(FileError::EmptyFolder {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            name,
            files,
            is_folder: true,
            companions: Vec::new(),
        })
    }

    /// SHA-256 of the file; of a folder, that of its files' names and hashes in order.
    pub fn sha256(&self) -> String {
        if let ([file], false) = (&self.files[..], self.is_folder) {
            return hex(&Sha256::digest(&file.bytes));
        }
        let mut all = Sha256::new();
        for file in &self.files {
            all.update(file.name.as_bytes());
            all.update(Sha256::digest(&file.bytes));
        }
        hex(&all.finalize())
    }
}

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file that may be larger than memory, in hexadecimal.
///
/// # Errors
///
/// [`FileError::Read`] names the path.
pub fn sha256_of(path: &Path) -> Result<String, FileError> {
    let read_error = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = fs::File::open(path).map_err(read_error)?;
    let mut all = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part).map_err(read_error)? {
            0 => return Ok(hex(&all.finalize())),
            read => all.update(&part[..read]),
        }
    }
}

fn hex(digest: &[u8]) -> String {
    let mut text = String::with_capacity(2 * digest.len());
    for byte in digest {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Which kind of video a file is, by its first bytes; `None` if it is none.
///
/// # Errors
///
/// [`FileError`] names the path.
pub fn video_kind(path: &Path) -> Result<Option<Container>, FileError> {
    let read_error = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let mut head = Vec::new();
    fs::File::open(path)
        .map_err(read_error)?
        .take(video::HEAD_BYTES as u64)
        .read_to_end(&mut head)
        .map_err(read_error)?;
    Ok(Container::recognise(&head))
}

/// Reads one file.
///
/// # Errors
///
/// [`FileError`] names the path.
pub fn load_file(path: &Path) -> Result<NamedBytes, FileError> {
    let read_error = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::metadata(path).map_err(read_error)?.len();
    if bytes > MAX_BYTES {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            bytes,
        });
    }
    Ok(NamedBytes {
        name: path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        bytes: fs::read(path).map_err(read_error)?,
    })
}

/// The ASF skeletons beside an AMC motion, best match of the name first.
fn companions(path: &Path) -> Result<Vec<NamedBytes>, FileError> {
    let is = |path: &Path, extension: &str| {
        path.extension()
            .is_some_and(|have| have.eq_ignore_ascii_case(extension))
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    if !is(path, "amc") {
        return Ok(Vec::new());
    }
    let stem = |path: &Path| {
        path.file_stem()
            .map(|stem| stem.to_string_lossy().to_ascii_lowercase())
            .unwrap_or_default()
    };
    let motion = stem(path);
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut skeletons: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| is(path, "asf"))
        .collect();
    // "02_01.amc" belongs to "02.asf": the longest skeleton name that begins the motion's.
    skeletons.sort_by_cached_key(|path| {
        let name = stem(path);
        let fits = motion.starts_with(&name);
        (std::cmp::Reverse(if fits { name.len() } else { 0 }), name)
    });
    skeletons.truncate(1);
    skeletons.iter().map(|path| load_file(path)).collect()
}

/// A key that sorts `frame2` before `frame10`.
fn natural_key(name: &str) -> Vec<(String, u128)> {
    let mut key = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let text_end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (text, tail) = rest.split_at(text_end);
        let digits_end = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(digits_end);
        key.push((text.to_owned(), digits.parse().unwrap_or(0)));
        rest = tail;
    }
    key
}

/// Writes a file so that readers see the old content or the new, never a part: to a temporary name
/// in the same folder, synced, then renamed.
///
/// # Errors
///
/// [`FileError::Write`] names the path; the old content stays.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let write_error = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.part", std::process::id()));
    let temporary = PathBuf::from(temporary);
    let write = || -> io::Result<()> {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().map_err(|source| {
        // The part is of no use to anyone; that it cannot be removed changes nothing.
        let _ = fs::remove_file(&temporary);
        write_error(source)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_sort_by_number() {
        let mut names = ["f_10.json", "f_9.json", "a.json", "f_09b.json"];
        names.sort_by_cached_key(|name| natural_key(name));
        assert_eq!(names, ["a.json", "f_9.json", "f_09b.json", "f_10.json"]);
    }
}
