//! The state of a run on disk: written whole or not at all, checked when read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ambulo_io::files::{FileError, sha256, write_atomically};
use ambulo_nn::tensors::{Storage, TensorError, Tensors};

/// Marks a checkpoint and its version.
const MAGIC: &[u8] = b"ambulo checkpoint 1\n";
/// Characters of a checksum.
const CHECKSUM: usize = 64;
/// Checkpoints that stay on disk.
const KEPT: usize = 2;

/// A run between two steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Steps made.
    pub step: u64,
    /// What else a run must remember: seed, settings, best score.
    pub notes: BTreeMap<String, String>,
    /// Weights, averages and moments.
    pub tensors: Tensors,
}

/// Why checkpoints could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The folder or a file could not be used.
    #[error("cannot use {path:?}")]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot save the checkpoint")]
    Write(#[from] FileError),
    /// The tensors do not fit into a file.
    #[error("cannot save the checkpoint's tensors")]
    Tensors(#[from] TensorError),
}

impl Checkpoint {
    /// Writes the checkpoint into a folder and removes all but the two newest there.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] if the folder cannot be written.
    pub fn save(&self, folder: &Path) -> Result<(), CheckpointError> {
        std::fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
        let mut notes = self.notes.clone();
        notes.insert("step".to_owned(), self.step.to_string());
        let body = self.tensors.to_safetensors(&notes, Storage::F32)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(sha256(&body).as_bytes());
        bytes.extend(body);
        write_atomically(
            &folder.join(format!("step-{:010}.checkpoint", self.step)),
            &bytes,
        )?;
        for old in steps_in(folder)?.into_iter().rev().skip(KEPT) {
            std::fs::remove_file(&old).map_err(|source| io(&old, source))?;
        }
        Ok(())
    }

    /// The newest checkpoint of a folder that is whole, and the files that are not.
    ///
    /// # Errors
    ///
    /// [`CheckpointError`] if the folder exists but cannot be read.
    pub fn newest(folder: &Path) -> Result<(Option<Self>, Vec<PathBuf>), CheckpointError> {
        let mut damaged = Vec::new();
        if !folder.exists() {
            return Ok((None, damaged));
        }
        for path in steps_in(folder)?.into_iter().rev() {
            let bytes = std::fs::read(&path).map_err(|source| io(&path, source))?;
            match Self::parse(&bytes) {
                Some(checkpoint) => return Ok((Some(checkpoint), damaged)),
                None => damaged.push(path),
            }
        }
        Ok((None, damaged))
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (checksum, body) = rest.split_at_checked(CHECKSUM)?;
        if sha256(body).as_bytes() != checksum {
            return None;
        }
        let (tensors, mut notes) = Tensors::from_safetensors(body).ok()?;
        let step = notes.remove("step")?.parse().ok()?;
        Some(Self {
            step,
            notes,
            tensors,
        })
    }
}

/// The checkpoints of a folder, oldest first.
fn steps_in(folder: &Path) -> Result<Vec<PathBuf>, CheckpointError> {
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|source| io(folder, source))? {
        let path = entry.map_err(|source| io(folder, source))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "checkpoint")
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn io(path: &Path, source: std::io::Error) -> CheckpointError {
    CheckpointError::Io {
        path: path.to_owned(),
        source,
    }
}
