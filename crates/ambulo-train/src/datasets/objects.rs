//! Dictionaries inside NPZ files, and errors that say where in them something is wrong.

use ambulo_io::npy::{Member, NpyError, Value, parse_npz_members};

use super::cameras::CamerasError;
use super::layout::Layout;

/// Why a data set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DataSetError {
    /// The file is not an NPZ archive that can be read.
    #[error("{file} cannot be read")]
    File {
        /// What it should be.
        file: &'static str,
        /// Why.
        source: NpyError,
    },
    /// Something is not there.
    #[error("{place} is not there")]
    Absent {
        /// File and keys.
        place: String,
    },
    /// Something is of another kind than the format says.
    #[error("{place} is a {found}, expected {expected}")]
    Kind {
        /// File and keys.
        place: String,
        /// What is there.
        found: &'static str,
        /// What the format says.
        expected: &'static str,
    },
    /// An array has another shape than the format says.
    #[error("{place} has shape {shape:?}, expected {expected}")]
    Shape {
        /// File and keys.
        place: String,
        /// Its extents.
        shape: Vec<usize>,
        /// What the format says.
        expected: String,
    },
    /// A number is not finite.
    #[error("{place} holds a number that is not finite, at index {index}")]
    NotFinite {
        /// File and keys.
        place: String,
        /// Where, in the flattened array.
        index: usize,
    },
    /// There are fewer frames of keypoints than of positions.
    #[error("{place} has {keypoints} frames of keypoints for {positions} of positions")]
    FewKeypoints {
        /// File and keys.
        place: String,
        /// Frames of keypoints.
        keypoints: usize,
        /// Frames of positions.
        positions: usize,
    },
    /// There are not as many cameras as arrays of keypoints.
    #[error("{place} has {found} cameras, but the camera file names {expected} of this subject")]
    Cameras {
        /// File and keys.
        place: String,
        /// Cameras of the keypoints.
        found: usize,
        /// Cameras of the file.
        expected: usize,
    },
    /// The camera file cannot be used.
    #[error("the cameras cannot be used")]
    CameraFile(#[from] CamerasError),
    /// Projecting needs lenses.
    #[error(
        "the camera file has no intrinsics of camera {0:?}, and there are no keypoints; add \
         intrinsics or the file of keypoints"
    )]
    Lens(String),
    /// The joints are in no known order.
    #[error("{place} names sides that belong to no known order of joints")]
    Layout {
        /// File and keys.
        place: String,
    },
}

/// A value with its place in the file.
#[derive(Debug, Clone)]
pub(crate) struct Node<'a> {
    place: String,
    value: &'a Value,
}

/// The named dictionaries of an NPZ file.
pub(crate) struct Members {
    file: &'static str,
    members: Vec<(String, Member)>,
}

impl Members {
    /// Reads those of the names that the file has.
    pub(crate) fn read(
        file: &'static str,
        bytes: &[u8],
        names: &[&str],
    ) -> Result<Self, DataSetError> {
        let members = parse_npz_members(bytes, names)
            .map_err(|source| DataSetError::File { file, source })?;
        Ok(Self { file, members })
    }

    /// The value under a name.
    pub(crate) fn get(&self, name: &str) -> Result<Node<'_>, DataSetError> {
        let place = format!("{}: {name}", self.file);
        let member = self.members.iter().find(|(have, _)| have == name);
        match member {
            Some((_, Member::Objects(value))) => Ok(Node { place, value }),
            Some((_, Member::Array(_))) => Err(DataSetError::Kind {
                place,
                found: "plain array",
                expected: "a pickled dictionary",
            }),
            None => Err(DataSetError::Absent { place }),
        }
    }

    /// Whether the file has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(have, _)| have == name)
    }
}

impl<'a> Node<'a> {
    /// File and keys, for messages.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    fn within(&self, key: &str, value: &'a Value) -> Self {
        Self {
            place: format!("{}[{key:?}]", self.place),
            value: value.unwrapped(),
        }
    }

    fn kind(&self, expected: &'static str) -> DataSetError {
        DataSetError::Kind {
            place: self.place.clone(),
            found: self.value.kind(),
            expected,
        }
    }

    /// The entries of a dictionary whose keys are text, in the order of the file.
    pub(crate) fn entries(&self) -> Result<Vec<(&'a str, Self)>, DataSetError> {
        let entries = self.value.as_dict().ok_or_else(|| self.kind("dict"))?;
        entries
            .iter()
            .map(|(key, value)| {
                let key = key.as_str().ok_or_else(|| self.kind("dict of text keys"))?;
                Ok((key, self.within(key, value)))
            })
            .collect()
    }

    /// The entry under a key.
    pub(crate) fn get(&self, key: &str) -> Result<Self, DataSetError> {
        if self.value.as_dict().is_none() {
            return Err(self.kind("dict"));
        }
        match self.value.get(key) {
            Some(value) => Ok(self.within(key, value)),
            None => Err(DataSetError::Absent {
                place: format!("{}[{key:?}]", self.place),
            }),
        }
    }

    /// The elements of a list.
    pub(crate) fn items(&self) -> Result<Vec<Self>, DataSetError> {
        let items = self.value.as_slice().ok_or_else(|| self.kind("list"))?;
        let place = |index: usize| index.to_string();
        Ok(items
            .iter()
            .enumerate()
            .map(|(index, value)| self.within(&place(index), value))
            .collect())
    }

    /// Finite numbers of shape `[frames, joints, channels]`.
    pub(crate) fn points(&self, joints: usize, channels: usize) -> Result<Vec<f32>, DataSetError> {
        let (shape, numbers) = self.numbers()?;
        if shape.len() != 3 || shape[1..] != [joints, channels] {
            return Err(DataSetError::Shape {
                place: self.place.clone(),
                shape,
                expected: format!("[frames, {joints}, {channels}]"),
            });
        }
        if let Some(index) = numbers.iter().position(|number| !number.is_finite()) {
            return Err(DataSetError::NotFinite {
                place: self.place.clone(),
                index,
            });
        }
        Ok(numbers)
    }

    /// Numbers of an array, with its shape.
    pub(crate) fn numbers(&self) -> Result<(Vec<usize>, Vec<f32>), DataSetError> {
        let array = self.value.as_array().ok_or_else(|| self.kind("array"))?;
        let numbers = array
            .to_f32()
            .ok_or_else(|| self.kind("array of numbers"))?;
        Ok((array.shape().to_vec(), numbers))
    }

    /// Whole numbers of a list or array.
    fn indices(&self) -> Option<Vec<usize>> {
        let whole = |number: f64| {
            let fits = number.fract() == 0.0 && (0.0..1e6).contains(&number);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be a whole number in range"
            )]
            fits.then_some(number as usize)
        };
        if let Some(items) = self.value.as_slice() {
            return items.iter().map(|v| v.as_f64().and_then(whole)).collect();
        }
        let numbers = self.value.as_array()?.to_f64()?;
        numbers.into_iter().map(whole).collect()
    }

    /// Which of the layouts has the sides that `keypoints_symmetry` names.
    pub(crate) fn layout(&self, known: &[Layout]) -> Result<Layout, DataSetError> {
        let symmetry = self.get("keypoints_symmetry")?;
        let unknown = || DataSetError::Layout {
            place: symmetry.place.clone(),
        };
        let sides: Option<Vec<Vec<usize>>> = match symmetry.items() {
            Ok(items) => items.iter().map(Node::indices).collect(),
            Err(_) => symmetry.indices().map(|all| {
                all.chunks(all.len().div_ceil(2).max(1))
                    .map(<[_]>::to_vec)
                    .collect()
            }),
        };
        let sides = sides.ok_or_else(unknown)?;
        known
            .iter()
            .find(|layout| sides == [layout.left, layout.right])
            .copied()
            .ok_or_else(unknown)
    }
}
