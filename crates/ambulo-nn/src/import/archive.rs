//! The zip archive of a PyTorch checkpoint: `NAME/data.pkl` and one member a storage, `NAME/data/KEY`.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::sync::Arc;

use ambulo_pickle::{Storage, StorageType, TensorView};
use safetensors::tensor::Dtype;
use zip::{CompressionMethod, ZipArchive};

use super::ImportError;
use crate::tensors::{Tensor, numbers};

/// An open archive. What has been read is kept, for tensors may share a storage.
#[derive(Debug)]
pub(super) struct Archive<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder that all members are in.
    folder: String,
    storages: BTreeMap<Arc<str>, Vec<u8>>,
    /// Bytes that may still be read. Members that claim the same bytes would else fill any memory.
    budget: usize,
}

impl<'a> Archive<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, ImportError> {
        let zip = ZipArchive::new(Cursor::new(bytes))?;
        let mut folder = None;
        for name in zip.file_names() {
            if let Some(found) = name?.strip_suffix("/data.pkl") {
                folder = Some(found.to_owned());
            }
        }
        let folder = folder.ok_or_else(|| {
            ImportError::Archive(
                "it has no member data.pkl; only state dictionaries are read".to_owned(),
            )
        })?;
        let mut archive = Self {
            zip,
            folder,
            storages: BTreeMap::new(),
            budget: bytes.len(),
        };
        let order = format!("{}/byteorder", archive.folder);
        if archive.zip.index_for_name(&order).is_some() && archive.member("byteorder")? != b"little"
        {
            return Err(ImportError::Archive(
                "its numbers are big-endian".to_owned(),
            ));
        }
        Ok(archive)
    }

    /// The bytes of a member.
    pub(super) fn member(&mut self, name: &str) -> Result<Vec<u8>, ImportError> {
        let name = format!("{}/{name}", self.folder);
        let member = self.zip.by_name(&name)?;
        if member.compression() != CompressionMethod::Stored {
            // PyTorch never compresses, and what is stored cannot outgrow the archive.
            return Err(ImportError::Archive(format!(
                "its member {name:?} is compressed"
            )));
        }
        let size = usize::try_from(member.size()).ok();
        let size = size.filter(|&size| size <= self.budget).ok_or_else(|| {
            ImportError::Archive(format!("its member {name:?} is larger than the archive"))
        })?;
        self.budget -= size;
        let mut bytes = Vec::with_capacity(size);
        member
            .take(size as u64)
            .read_to_end(&mut bytes)
            .map_err(|error| ImportError::Zip(error.into()))?;
        Ok(bytes)
    }

    /// The numbers of a tensor, row-major.
    pub(super) fn tensor(&mut self, name: &str, view: &TensorView) -> Result<Tensor, ImportError> {
        let outside = || ImportError::Outside {
            name: name.to_owned(),
        };
        let storage = &view.storage;
        if !self.storages.contains_key(&storage.key) {
            let bytes = self.member(&format!("data/{}", storage.key))?;
            self.storages.insert(storage.key.clone(), bytes);
        }
        let bytes = self.storages.get(&storage.key).ok_or_else(outside)?;
        if storage.elements.checked_mul(storage.element.size()) != Some(bytes.len()) {
            return Err(outside());
        }
        let range = extent(view).ok_or_else(outside)?;
        let size = storage.element.size();
        let bytes = bytes
            .get(range.start * size..range.end * size)
            .ok_or_else(outside)?;
        let values = numbers(dtype(storage), bytes).ok_or_else(outside)?;
        let values = gather(&values, &view.shape, &view.stride).ok_or_else(outside)?;
        Ok(Tensor::new(view.shape.as_slice(), values)?)
    }
}

/// The elements of the storage that a tensor touches; `None` if they are not all there, or fewer than
/// the tensor has.
fn extent(view: &TensorView) -> Option<std::ops::Range<usize>> {
    let mut last = view.offset;
    let mut count = 1_usize;
    for (&extent, &stride) in view.shape.iter().zip(&view.stride) {
        count = count.checked_mul(extent)?;
        last = last.checked_add(extent.saturating_sub(1).checked_mul(stride)?)?;
    }
    if count == 0 {
        return Some(0..0);
    }
    let range = view.offset..last.checked_add(1)?;
    (range.end <= view.storage.elements && count <= range.len()).then_some(range)
}

/// Numbers in the order of their indices.
fn gather(values: &[f32], shape: &[usize], stride: &[usize]) -> Option<Vec<f32>> {
    let count = shape.iter().product();
    let mut gathered = Vec::with_capacity(count);
    let mut index = vec![0_usize; shape.len()];
    let mut at = 0_usize;
    while gathered.len() < count {
        gathered.push(*values.get(at)?);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += stride[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= stride[axis] * index[axis];
            index[axis] = 0;
        }
    }
    Some(gathered)
}

fn dtype(storage: &Storage) -> Dtype {
    match storage.element {
        StorageType::F64 => Dtype::F64,
        StorageType::F32 => Dtype::F32,
        StorageType::F16 => Dtype::F16,
        StorageType::Bf16 => Dtype::BF16,
        StorageType::I64 => Dtype::I64,
        StorageType::I32 => Dtype::I32,
        StorageType::I16 => Dtype::I16,
        StorageType::I8 => Dtype::I8,
        StorageType::U8 => Dtype::U8,
        StorageType::Bool => Dtype::BOOL,
    }
}
