//! The folder in which a user gathers the files of the data sets.

use std::path::{Path, PathBuf};

use ambulo_io::files::{FileError, load_file};

use super::published::{DataSet, Input2d};
use crate::datasets::cameras::Cameras;
use crate::datasets::takes::Takes;
use crate::datasets::{DataSetError, h36m, humaneva, mpi_3dhp};

/// Which takes of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Those that networks are trained on.
    Train,
    /// Those that papers report.
    Test,
}

/// Why a part of a data set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Files are missing.
    #[error("needs {}", .0.join(", "))]
    Missing(Vec<String>),
    /// A file cannot be opened.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is not what its name says.
    #[error(transparent)]
    Data(#[from] DataSetError),
}

/// A folder with files of the data sets, named as in `docs/formats/pose_datasets.md`.
#[derive(Debug, Clone)]
pub struct Folder(Option<PathBuf>);

impl Folder {
    /// A folder; `None` stands for no data at all.
    pub fn new(path: Option<&Path>) -> Self {
        Self(path.map(Path::to_owned))
    }

    /// What is missing to read a part with a 2D input; empty if all is there.
    pub fn missing(&self, data: DataSet, input: Input2d, part: Part) -> Vec<String> {
        names(data, input, part)
            .iter()
            .filter(|name| !self.has(name))
            .map(|&name| name.to_owned())
            .collect()
    }

    /// Reads a part of a data set.
    ///
    /// Human3.6M's projected truth is computed if its file is missing and the camera file has lenses.
    ///
    /// # Errors
    ///
    /// [`FolderError`] names what is missing or wrong.
    pub fn read(&self, data: DataSet, input: Input2d, part: Part) -> Result<Takes, FolderError> {
        let missing = self.missing(data, input, part);
        let projected =
            data == DataSet::H36m && input != Input2d::Cpn && missing == [H36M_TRUTH.to_owned()];
        if !missing.is_empty() && !projected {
            return Err(FolderError::Missing(missing));
        }
        let bytes: Vec<Vec<u8>> = names(data, input, part)
            .iter()
            .filter(|&&name| !(projected && name == H36M_TRUTH))
            .map(|name| self.load(name))
            .collect::<Result<_, _>>()?;
        let cameras =
            |index: usize| -> Result<Cameras, DataSetError> { Ok(Cameras::parse(&bytes[index])?) };
        let takes = match (data, part) {
            (DataSet::H36m, part) => {
                let subjects: &[&str] = match part {
                    Part::Train => &h36m::TRAIN,
                    Part::Test => &h36m::TEST,
                };
                let keypoints = bytes.get(2).map(Vec::as_slice);
                h36m::read(&bytes[0], keypoints, &cameras(1)?, subjects)?
            }
            (DataSet::Humaneva, part) => {
                let subjects: &[&str] = match part {
                    Part::Train => &humaneva::TRAIN,
                    Part::Test => &humaneva::TEST,
                };
                humaneva::read(&bytes[0], &bytes[2], &cameras(1)?, subjects)?
            }
            (DataSet::Mpi3dhp, Part::Train) => mpi_3dhp::read_training(&bytes[0])?,
            (DataSet::Mpi3dhp, Part::Test) => mpi_3dhp::read_test(&bytes[0])?,
        };
        Ok(takes)
    }

    fn has(&self, name: &str) -> bool {
        self.0
            .as_ref()
            .is_some_and(|path| path.join(name).is_file())
    }

    fn load(&self, name: &str) -> Result<Vec<u8>, FileError> {
        let path = self
            .0
            .as_ref()
            .map_or_else(|| PathBuf::from(name), |path| path.join(name));
        Ok(load_file(&path)?.bytes)
    }
}

const H36M_TRUTH: &str = "data_2d_h36m_gt.npz";

/// The files of a part, positions and cameras before keypoints.
fn names(data: DataSet, input: Input2d, part: Part) -> Vec<&'static str> {
    match (data, part) {
        (DataSet::H36m, _) => vec![
            "data_3d_h36m.npz",
            "camera-parameters.json",
            match input {
                Input2d::Cpn => "data_2d_h36m_cpn_ft_h36m_dbb.npz",
                _ => H36M_TRUTH,
            },
        ],
        (DataSet::Humaneva, _) => vec![
            "data_3d_humaneva15.npz",
            "humaneva-cameras.json",
            "data_2d_humaneva15_gt.npz",
        ],
        (DataSet::Mpi3dhp, Part::Train) => vec!["data_train_3dhp.npz"],
        (DataSet::Mpi3dhp, Part::Test) => vec!["data_test_3dhp.npz"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_folder_everything_is_missing_and_named() {
        let none = Folder::new(None);
        let error = none
            .read(DataSet::H36m, Input2d::Cpn, Part::Test)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "needs data_3d_h36m.npz, camera-parameters.json, data_2d_h36m_cpn_ft_h36m_dbb.npz"
        );
    }
}
