//! Weights files: a network's settings and its numbers in one safetensors file.
//!
//! The settings stand in the file's metadata under `config`, as the JSON of
//! [`NetworkConfig::to_json`]; `id`, `version` and free notes on the training stand beside them.
//! A file is taken whole or not at all: every tensor of the network, no other, each of the right shape,
//! every number finite.

mod shipped;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::config::{ConfigError, NetworkConfig, TensorShape};
use crate::tensors::{Storage, TensorError, Tensors};

pub use shipped::{Shipped, shipped};

/// A network's settings and numbers, checked against each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    config: NetworkConfig,
    tensors: Tensors,
    info: WeightsInfo,
    sha256: Option<String>,
}

/// Where weights come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightsInfo {
    /// A name for these weights, such as `lifter_rtpca`.
    pub id: String,
    /// Their version; empty if they have none.
    pub version: String,
    /// What else is known, by name: data, command, seed, measured errors.
    pub notes: BTreeMap<String, String>,
}

/// Why weights were refused.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read as tensors.
    #[error(transparent)]
    Tensors(#[from] TensorError),
    /// The file holds no settings.
    #[error(
        "the file holds tensors but not the settings of their network; make a weights file of it \
         with: ambulo weights import NETWORK FILE --config FILE.json -o OUT.safetensors"
    )]
    NoConfig,
    /// The settings are refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Tensors are missing, left over or of another shape.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// A number is infinite or not a number.
    #[error("tensor {name:?} holds a number that is not finite, at place {place}")]
    NotFinite {
        /// The tensor.
        name: String,
        /// Which of its numbers, row-major.
        place: usize,
    },
    /// The bytes are not those that were expected.
    #[error("the SHA-256 is {found}, not {expected}: the file is damaged or another version")]
    Sha256 {
        /// What was expected.
        expected: String,
        /// What the bytes give.
        found: String,
    },
}

/// Tensors that do not fit a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// All of them, in the order of their names.
    pub tensors: Vec<MisfitTensor>,
}

/// A tensor that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MisfitTensor {
    /// Its name.
    pub name: String,
    /// The shape that the network has; `None` if it has no such tensor.
    pub expected: Option<Vec<usize>>,
    /// The shape in the file; `None` if the file has no such tensor.
    pub found: Option<Vec<usize>>,
}

impl std::error::Error for Misfit {}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 10;
        let count = self.tensors.len();
        if count == 1 {
            write!(f, "1 tensor does not fit the network")?;
        } else {
            write!(f, "{count} tensors do not fit the network")?;
        }
        if count > SHOWN {
            write!(f, ", the first {SHOWN} are")?;
        }
        let shape = |shape: Option<&Vec<usize>>, none: &'static str| match shape {
            Some(shape) => format!("{shape:?}"),
            None => none.to_owned(),
        };
        for (place, tensor) in self.tensors.iter().take(SHOWN).enumerate() {
            let expected = shape(tensor.expected.as_ref(), "none");
            let found = shape(tensor.found.as_ref(), "none");
            let separator = if place == 0 { ":" } else { ";" };
            let name = &tensor.name;
            write!(f, "{separator} {name} (expected {expected}, found {found})")?;
        }
        Ok(())
    }
}

/// Compares what a network has with what a file has.
pub(crate) fn compare<'a>(
    expected: &[TensorShape],
    found: impl Iterator<Item = (&'a str, &'a [usize])>,
) -> Result<(), Misfit> {
    let mut missing: BTreeMap<&str, &[usize]> = expected
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice()))
        .collect();
    let mut tensors = Vec::new();
    for (name, shape) in found {
        let wanted = missing.remove(name);
        if wanted != Some(shape) {
            tensors.push(MisfitTensor {
                name: name.to_owned(),
                expected: wanted.map(<[usize]>::to_vec),
                found: Some(shape.to_vec()),
            });
        }
    }
    tensors.extend(missing.into_iter().map(|(name, shape)| MisfitTensor {
        name: name.to_owned(),
        expected: Some(shape.to_vec()),
        found: None,
    }));
    if tensors.is_empty() {
        return Ok(());
    }
    tensors.sort();
    Err(Misfit { tensors })
}

impl Weights {
    /// Joins settings and tensors.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] if the settings are invalid, a tensor is missing, left over or of another shape,
    /// or a number is not finite.
    pub fn new(
        config: NetworkConfig,
        tensors: Tensors,
        info: WeightsInfo,
    ) -> Result<Self, WeightsError> {
        config.validate()?;
        let found = tensors.iter().map(|(name, tensor)| (name, tensor.shape()));
        compare(&config.tensor_shapes(), found)?;
        for (name, tensor) in tensors.iter() {
            if let Some(place) = tensor.data().iter().position(|value| !value.is_finite()) {
                let name = name.to_owned();
                return Err(WeightsError::NotFinite { name, place });
            }
        }
        Ok(Self {
            config,
            tensors,
            info,
            sha256: None,
        })
    }

    /// Reads a weights file.
    ///
    /// # Errors
    ///
    /// [`WeightsError`], as for [`Weights::new`], or if the file holds no settings.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WeightsError> {
        let (tensors, mut texts) = Tensors::from_safetensors(bytes)?;
        let config = texts.remove("config").ok_or(WeightsError::NoConfig)?;
        let config = NetworkConfig::from_json(config.as_bytes())?;
        let info = WeightsInfo {
            id: texts.remove("id").unwrap_or_default(),
            version: texts.remove("version").unwrap_or_default(),
            notes: texts,
        };
        let mut weights = Self::new(config, tensors, info)?;
        weights.sha256 = Some(sha256(bytes));
        Ok(weights)
    }

    /// Reads a weights file that must have this SHA-256.
    ///
    /// # Errors
    ///
    /// [`WeightsError::Sha256`], or as [`Weights::from_bytes`].
    pub fn from_bytes_checked(bytes: &[u8], expected: &str) -> Result<Self, WeightsError> {
        let found = sha256(bytes);
        if !found.eq_ignore_ascii_case(expected) {
            let expected = expected.to_owned();
            return Err(WeightsError::Sha256 { expected, found });
        }
        Self::from_bytes(bytes)
    }

    /// Writes a weights file; the same weights always give the same bytes.
    ///
    /// # Errors
    ///
    /// [`WeightsError::NotFinite`] if a number is too large for the storage; [`WeightsError::Tensors`].
    pub fn to_bytes(&self, storage: Storage) -> Result<Vec<u8>, WeightsError> {
        // What rounds to infinity: halfway from the largest number to the next power of two.
        let largest = match storage {
            Storage::F32 => f32::INFINITY,
            Storage::F16 => 65520.0,
            Storage::Bf16 => f32::from_bits(0x7F7F_8000),
        };
        for (name, tensor) in self.tensors.iter() {
            let overflows = |value: &f32| value.abs() >= largest;
            if let Some(place) = tensor.data().iter().position(overflows) {
                let name = name.to_owned();
                return Err(WeightsError::NotFinite { name, place });
            }
        }
        let mut texts = self.info.notes.clone();
        texts.insert("config".to_owned(), self.config.to_json());
        texts.insert("id".to_owned(), self.info.id.clone());
        if !self.info.version.is_empty() {
            texts.insert("version".to_owned(), self.info.version.clone());
        }
        Ok(self.tensors.to_safetensors(&texts, storage)?)
    }

    /// The same weights with one more note, or another one of that name.
    #[must_use]
    pub fn with_note(mut self, name: &str, text: &str) -> Self {
        self.info.notes.insert(name.to_owned(), text.to_owned());
        // They are no longer those of the file.
        self.sha256 = None;
        self
    }

    /// The settings of the network.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// Its numbers: exactly the tensors of [`NetworkConfig::tensor_shapes`].
    pub fn tensors(&self) -> &Tensors {
        &self.tensors
    }

    /// Its numbers alone.
    pub fn into_tensors(self) -> Tensors {
        self.tensors
    }

    /// Where they come from.
    pub fn info(&self) -> &WeightsInfo {
        &self.info
    }

    /// SHA-256 of the file they were read from, in hexadecimal.
    pub fn sha256(&self) -> Option<&str> {
        self.sha256.as_deref()
    }
}

/// SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = String::with_capacity(64);
    for byte in digest {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
