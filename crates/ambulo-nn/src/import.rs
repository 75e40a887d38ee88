//! Checkpoints of PyTorch, HDF5 files of Keras and bare safetensors files, on their way to weights files.
//!
//! Nothing in a checkpoint is executed: its pickle is read as data, and what is not data is refused.
//! An import is strict. Every tensor is used or stands on the list of those that the published
//! code makes but never uses; every tensor of the network is there, in its shape.

mod archive;
mod hdf5;
mod keras;
mod motiongpt;

use std::collections::BTreeMap;

use ambulo_pickle::{PickleError, TensorView, Value};

use crate::config::{ConfigError, NetworkConfig};
use crate::tensors::{Tensor, TensorError, Tensors};
use crate::weights::{Misfit, Weights, WeightsError, WeightsInfo, compare};
use archive::Archive;
pub use hdf5::Hdf5Error;

/// A checkpoint: tensors by name, read when they are needed.
#[derive(Debug)]
pub struct Checkpoint<'a> {
    tensors: BTreeMap<String, Entry>,
    archive: Option<Archive<'a>>,
}

/// A tensor of a checkpoint.
#[derive(Debug)]
enum Entry {
    /// Already read.
    Read(Tensor),
    /// A view of a storage in the archive.
    View(TensorView),
}

/// What an import made.
#[derive(Debug)]
pub struct Imported {
    /// The weights.
    pub weights: Weights,
    /// Tensors of the checkpoint that the network never uses.
    pub dropped: Vec<String>,
}

/// Why a checkpoint could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The bytes are none of the formats that are read.
    #[error("neither a PyTorch checkpoint (a zip archive) nor a safetensors nor an HDF5 file")]
    Format,
    /// A checkpoint from before PyTorch 1.6.
    #[error(
        "a checkpoint in the format before PyTorch 1.6, which is not read; convert it where it is \
         trusted: python -c \"import torch; torch.save(torch.load('OLD', map_location='cpu'), 'NEW')\""
    )]
    Legacy,
    /// The archive is damaged.
    #[error("the checkpoint's zip archive is damaged: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// The archive is not as PyTorch writes it.
    #[error("the zip archive is no checkpoint: {0}")]
    Archive(String),
    /// The pickle in the archive was refused.
    #[error("the checkpoint's pickle: {0}")]
    Pickle(#[from] PickleError),
    /// The pickle holds no tensors by name.
    #[error(
        "the checkpoint holds no tensors by name; expected them at the top or under one of {}; found {found}",
        CONTAINERS.join(", ")
    )]
    NoState {
        /// What it holds.
        found: String,
    },
    /// An entry among the tensors is none.
    #[error("{name:?} among the tensors is of type {kind}")]
    NoTensor {
        /// The entry.
        name: String,
        /// What it is.
        kind: &'static str,
    },
    /// Two tensors have the same name once `module.` is taken off.
    #[error("tensor {name:?} is there twice, with and without \"module.\"")]
    Twice {
        /// The name.
        name: String,
    },
    /// A tensor that should repeat another one does not.
    #[error("tensor {name:?} should repeat {of:?}, but differs from it")]
    Copy {
        /// The tensor.
        name: String,
        /// What it should repeat.
        of: &'static str,
    },
    /// A tensor's numbers are not where it says.
    #[error("tensor {name:?} reaches beyond its storage")]
    Outside {
        /// The tensor.
        name: String,
    },
    /// The HDF5 file cannot be read.
    #[error(transparent)]
    Hdf5(#[from] Hdf5Error),
    /// The safetensors file cannot be read.
    #[error(transparent)]
    Tensors(#[from] TensorError),
    /// The settings are refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Tensors are missing, left over or of another shape.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The tensors fit, but not their numbers.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Where training programs put the tensors in a checkpoint.
const CONTAINERS: [&str; 6] = [
    "model_pos",
    "state_dict",
    "model_state_dict",
    "model",
    "network",
    "net",
];

impl<'a> Checkpoint<'a> {
    /// Opens a checkpoint of PyTorch 1.6 or later (`.pth`, `.pt`, `.bin`, `.tar`), an HDF5 file of Keras
    /// (`.h5`, `.hdf5`) or a safetensors file.
    ///
    /// # Errors
    ///
    /// [`ImportError`] says what is wrong; memory stays within a small multiple of the bytes given.
    pub fn from_bytes(bytes: &'a [u8]) -> Result<Self, ImportError> {
        if bytes.starts_with(b"PK\x03\x04") {
            return Self::from_archive(bytes);
        }
        if bytes.get(8) == Some(&b'{') {
            let (tensors, _) = Tensors::from_safetensors(bytes)?;
            let tensors = tensors.into_iter();
            return Ok(Self {
                tensors: tensors
                    .map(|(name, tensor)| (name, Entry::Read(tensor)))
                    .collect(),
                archive: None,
            });
        }
        if bytes.starts_with(hdf5::SIGNATURE) {
            let datasets = hdf5::datasets(bytes)?.into_iter();
            let named = |(path, tensor): (String, Tensor)| {
                (keras::name(&path).to_owned(), Entry::Read(tensor))
            };
            return Ok(Self {
                tensors: datasets.map(named).collect(),
                archive: None,
            });
        }
        let is_pickle = matches!(bytes, [0x80, 0..=5, ..]);
        let is_tar = bytes.get(257..262) == Some(b"ustar");
        Err(if is_pickle || is_tar {
            ImportError::Legacy
        } else {
            ImportError::Format
        })
    }

    fn from_archive(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let mut archive = Archive::open(bytes)?;
        let root = ambulo_pickle::parse(&archive.member("data.pkl")?)?;
        let mut tensors = BTreeMap::new();
        for (name, value) in state(&root)? {
            let Some(name) = name.as_str() else {
                let found = format!("a dictionary with a key of type {}", name.kind());
                return Err(ImportError::NoState { found });
            };
            match value {
                Value::Tensor(view) => {
                    tensors.insert(name.to_owned(), Entry::View(view.as_ref().clone()));
                }
                other => {
                    return Err(ImportError::NoTensor {
                        name: name.to_owned(),
                        kind: other.kind(),
                    });
                }
            }
        }
        Ok(Self {
            tensors,
            archive: Some(archive),
        })
    }

    /// Adds a tensor that the checkpoint lacks, such as `mean` and `std` of the features beside a motion
    /// tokenizer.
    ///
    /// # Errors
    ///
    /// [`ImportError::Twice`] if it is there already.
    pub fn with(mut self, name: &str, tensor: Tensor) -> Result<Self, ImportError> {
        let before = self.tensors.insert(name.to_owned(), Entry::Read(tensor));
        match before {
            None => Ok(self),
            Some(_) => Err(ImportError::Twice {
                name: name.to_owned(),
            }),
        }
    }

    /// Names and shapes of all tensors, in the order of their names.
    pub fn shapes(&self) -> impl Iterator<Item = (&str, &[usize])> {
        self.tensors
            .iter()
            .map(|(name, entry)| (name.as_str(), entry.shape()))
    }

    /// The tensors that a network of these settings has too, of the same name and shape: what a related
    /// network can begin with. Those of the pre-trained `HRNet` are the trunk of `TransPose`.
    ///
    /// # Errors
    ///
    /// [`ImportError`] if a tensor cannot be read.
    pub fn shared_with(self, config: &NetworkConfig) -> Result<Tensors, ImportError> {
        config.validate()?;
        let mut archive = self.archive;
        let expected: BTreeMap<String, Vec<usize>> = config
            .tensor_shapes()
            .into_iter()
            .map(|tensor| (tensor.name, tensor.shape))
            .collect();
        let mut tensors = Tensors::new();
        for (name, entry) in self.tensors {
            let bare = name.strip_prefix("module.").unwrap_or(&name);
            let fits = expected
                .get(bare)
                .is_some_and(|shape| shape == entry.shape());
            if fits {
                let tensor = entry.read(&name, &mut archive)?;
                tensors.insert(bare, tensor);
            }
        }
        Ok(tensors)
    }

    /// Makes weights of the checkpoint for a network of these settings.
    ///
    /// # Errors
    ///
    /// [`ImportError::Misfit`] lists tensors that are missing, left over or of another shape.
    pub fn import(
        self,
        config: &NetworkConfig,
        info: WeightsInfo,
    ) -> Result<Imported, ImportError> {
        config.validate()?;
        let mut archive = self.archive;
        let mut entries = BTreeMap::new();
        for (name, entry) in self.tensors {
            let bare = name.strip_prefix("module.").unwrap_or(&name);
            let bare = motiongpt::bare(config, bare).to_owned();
            if entries.insert(bare.clone(), entry).is_some() {
                return Err(ImportError::Twice { name: bare });
            }
        }
        if let NetworkConfig::Cnn1d(config) = config {
            entries = keras::renamed(config, entries);
        }
        check_copies(config, &entries, &mut archive)?;
        let mut dropped = Vec::new();
        entries.retain(|name, _| {
            let is_dead = never_used(config, name);
            if is_dead {
                dropped.push(name.clone());
            }
            !is_dead
        });
        let joined = joined_projections(config, &entries);
        let absent = motiongpt::absent(config, &entries);
        let mut expected = config.tensor_shapes();
        expected.retain(|tensor| !absent.contains(&tensor.name.as_str()));
        let found = entries
            .iter()
            .filter(|(name, _)| !joined.contains_key(name.as_str()))
            .map(|(name, entry)| (name.as_str(), entry.shape()));
        let split = joined.values().flatten();
        let split = split.map(|part| (part.name.as_str(), part.shape.as_slice()));
        compare(&expected, found.chain(split))?;

        let mut tensors = Tensors::new();
        for (name, entry) in entries {
            let tensor = entry.read(&name, &mut archive)?;
            match joined.get(&name) {
                None => {
                    tensors.insert(name, tensor);
                }
                Some(parts) => {
                    let mut rest = tensor.data();
                    for part in parts {
                        let length = part.shape.iter().product::<usize>().min(rest.len());
                        let (numbers, after) = rest.split_at(length);
                        rest = after;
                        let part_of = Tensor::new(part.shape.as_slice(), numbers.to_vec())?;
                        tensors.insert(part.name.as_str(), part_of);
                    }
                }
            }
        }
        if let (NetworkConfig::Vqvae(config), false) = (config, absent.is_empty()) {
            motiongpt::begin_averages(config, &mut tensors)?;
        }
        let weights = Weights::new(config.clone(), tensors, info)?;
        Ok(Imported { weights, dropped })
    }
}

impl Entry {
    fn shape(&self) -> &[usize] {
        match self {
            Self::Read(tensor) => tensor.shape(),
            Self::View(view) => &view.shape,
        }
    }

    /// Its numbers.
    fn read(&self, name: &str, archive: &mut Option<Archive<'_>>) -> Result<Tensor, ImportError> {
        match (self, archive) {
            (Self::Read(tensor), _) => Ok(tensor.clone()),
            (Self::View(view), Some(archive)) => archive.tensor(name, view),
            (Self::View(_), None) => Err(ImportError::Outside {
                name: name.to_owned(),
            }),
        }
    }
}

/// Compares the copies of T5's table of tokens with the table.
fn check_copies(
    config: &NetworkConfig,
    entries: &BTreeMap<String, Entry>,
    archive: &mut Option<Archive<'_>>,
) -> Result<(), ImportError> {
    const TABLE: &str = "shared.weight";
    let (NetworkConfig::T5(_), Some(table)) = (config, entries.get(TABLE)) else {
        return Ok(());
    };
    for name in motiongpt::COPIES {
        let Some(copy) = entries.get(name) else {
            continue;
        };
        let is_same = motiongpt::is_same_place(copy, table)
            || copy.read(name, archive)? == table.read(TABLE, archive)?;
        if !is_same {
            return Err(ImportError::Copy {
                name: name.to_owned(),
                of: TABLE,
            });
        }
    }
    Ok(())
}

/// The dictionary of tensors in a checkpoint.
fn state(root: &Value) -> Result<&[(Value, Value)], ImportError> {
    let holds_tensors = |value: &&Value| {
        let entries = value.as_dict().unwrap_or_default();
        entries
            .iter()
            .any(|(_, value)| matches!(value, Value::Tensor(_)))
    };
    let below = CONTAINERS.iter().filter_map(|key| root.get(key));
    let found = below.chain([root]).find(holds_tensors);
    found
        .and_then(Value::as_dict)
        .ok_or_else(|| ImportError::NoState {
            found: match root.as_dict() {
                None => format!("a value of type {}", root.kind()),
                Some(entries) => {
                    let keys = entries.iter().take(10);
                    let keys: Vec<_> = keys
                        .map(|(key, _)| key.as_str().unwrap_or(key.kind()))
                        .collect();
                    format!("a dictionary of {}", keys.join(", "))
                }
            },
        })
}

/// Whether the published code makes this tensor but never uses it: `RTPCA` builds the pyramid over time
/// also in spatial blocks; batch norms count their batches. Or it belongs to another network of the file.
fn never_used(config: &NetworkConfig, name: &str) -> bool {
    if motiongpt::is_other(config, name) {
        return true;
    }
    let NetworkConfig::Rtpca(config) = config else {
        return config.reads_pictures() && name.ends_with(".num_batches_tracked");
    };
    let in_spatial_block = || {
        let (block, rest) = name.strip_prefix("STEblocks.")?.split_once('.')?;
        let (layer, part) = rest.strip_prefix("attn.")?.split_once('.')?;
        let of_pyramid = ["norm", "upnorm", "up"].iter().any(|kind| {
            let level = layer.strip_prefix(kind);
            level.is_some_and(|level| matches!(level, "1" | "2" | "3" | "4"))
        });
        let exists = block
            .parse::<usize>()
            .is_ok_and(|block| block < config.depth);
        Some(exists && of_pyramid && matches!(part, "weight" | "bias"))
    };
    in_spatial_block().unwrap_or(false)
}

/// Part of a tensor that is split.
struct Part {
    name: String,
    shape: Vec<usize>,
}

/// Joined projections of MixSTE that are to be split for RTPCA: rows of queries, then of keys and values.
fn joined_projections(
    config: &NetworkConfig,
    entries: &BTreeMap<String, Entry>,
) -> BTreeMap<String, [Part; 2]> {
    let NetworkConfig::Rtpca(config) = config else {
        return BTreeMap::new();
    };
    let dim = config.dim;
    let mut joined = BTreeMap::new();
    for (name, entry) in entries {
        let Some((attention, part)) = name.split_once(".attn.qkv.") else {
            continue;
        };
        let (rows, columns) = match entry.shape() {
            [rows] => (*rows, None),
            [rows, columns] => (*rows, Some(*columns)),
            _ => continue,
        };
        if rows != 3 * dim {
            continue;
        }
        let split = |layer: &str, rows: usize| Part {
            name: format!("{attention}.attn.{layer}.{part}"),
            shape: std::iter::once(rows).chain(columns).collect(),
        };
        joined.insert(name.clone(), [split("q", dim), split("kv", 2 * dim)]);
    }
    joined
}
