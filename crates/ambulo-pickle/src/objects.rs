//! The names a pickle may ask for, and what is built in their place.

use crate::PickleError;
use crate::value::{Element, Kind, StorageType};

/// A name from the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Global {
    /// `numpy.core.multiarray._reconstruct`: an empty array that is filled afterwards.
    ArrayReconstruct,
    /// `numpy.core.numeric._frombuffer`: an array of bytes.
    ArrayFromBuffer,
    /// `numpy.core.multiarray.scalar`.
    ArrayScalar,
    /// `numpy.ndarray`, named by `_reconstruct`.
    ArrayClass,
    /// `numpy.dtype`.
    ArrayType,
    /// `_codecs.encode`: how protocol 2 writes bytes.
    Encode,
    /// `collections.OrderedDict` or `dict`.
    Dict,
    /// `set` or `frozenset`.
    Set,
    /// `bytearray` or `bytes`.
    ByteArray,
    /// `torch.Size`: a tuple.
    Tuple,
    /// `torch._utils._rebuild_tensor` or `_rebuild_tensor_v2`.
    Tensor,
    /// `torch._utils._rebuild_parameter`: its tensor.
    Parameter,
    /// `torch.FloatStorage` and its like.
    Storage(StorageType),
    /// Anything of `numpy.random`, and settings that training programs keep: kept as nothing.
    RandomState,
}

impl Global {
    /// Looks a name up.
    pub(crate) fn find(module: &str, name: &str) -> Result<Self, PickleError> {
        Ok(match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Self::ArrayReconstruct
            }
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Self::ArrayScalar,
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Self::ArrayFromBuffer,
            ("numpy", "ndarray") => Self::ArrayClass,
            ("numpy", "dtype") => Self::ArrayType,
            ("_codecs", "encode") => Self::Encode,
            ("collections", "OrderedDict") | ("builtins" | "__builtin__", "dict") => Self::Dict,
            ("builtins" | "__builtin__", "set" | "frozenset") => Self::Set,
            ("builtins" | "__builtin__", "bytearray" | "bytes") => Self::ByteArray,
            ("torch", "Size") => Self::Tuple,
            ("torch._utils", "_rebuild_tensor" | "_rebuild_tensor_v2") => Self::Tensor,
            ("torch._utils", "_rebuild_parameter") => Self::Parameter,
            ("torch", storage) if storage.ends_with("Storage") => {
                Self::Storage(storage_type(storage).ok_or_else(|| refused(module, name))?)
            }
            _ if is_random_state(module, name) || is_setting(module, name) => Self::RandomState,
            _ => return Err(refused(module, name)),
        })
    }
}

fn refused(module: &str, name: &str) -> PickleError {
    let shorten = |text: &str| text.chars().take(100).collect::<String>();
    PickleError::Global {
        name: format!("{}.{}", shorten(module), shorten(name)),
    }
}

fn is_random_state(module: &str, name: &str) -> bool {
    match module {
        "numpy.random" => matches!(name, "__RandomState_ctor" | "RandomState"),
        "numpy.random._pickle" => matches!(
            name,
            "__randomstate_ctor" | "__bit_generator_ctor" | "__generator_ctor"
        ),
        "numpy.random._mt19937" => name == "MT19937",
        "numpy.random._pcg64" => matches!(name, "PCG64" | "PCG64DXSM"),
        "numpy.random.bit_generator" => {
            matches!(name, "SeedSequence" | "__pyx_unpickle_SeedSequence")
        }
        _ => false,
    }
}

/// Whether this is a class of settings that training programs keep beside the weights: those of omegaconf and
/// what they are made of, and the states of PyTorch Lightning.
fn is_setting(module: &str, name: &str) -> bool {
    match module {
        "omegaconf.dictconfig" | "omegaconf.listconfig" | "omegaconf.base" | "omegaconf.nodes" => {
            true
        }
        "collections" => name == "defaultdict",
        "typing" => name == "Any",
        "pathlib" | "pathlib._local" => name.ends_with("Path"),
        "builtins" | "__builtin__" => {
            matches!(
                name,
                "list" | "tuple" | "int" | "float" | "bool" | "str" | "unicode"
            )
        }
        _ => {
            let package = module.split('.').next();
            package.is_some_and(|package| matches!(package, "pytorch_lightning" | "lightning"))
        }
    }
}

fn storage_type(name: &str) -> Option<StorageType> {
    Some(match name {
        "DoubleStorage" => StorageType::F64,
        "FloatStorage" => StorageType::F32,
        "HalfStorage" => StorageType::F16,
        "BFloat16Storage" => StorageType::Bf16,
        "LongStorage" => StorageType::I64,
        "IntStorage" => StorageType::I32,
        "ShortStorage" => StorageType::I16,
        "CharStorage" => StorageType::I8,
        "ByteStorage" => StorageType::U8,
        "BoolStorage" => StorageType::Bool,
        _ => return None,
    })
}

/// What a `numpy.dtype` describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArrayElement {
    /// Numbers or text.
    Plain(Element),
    /// Python objects.
    Object,
}

/// Reads the text that names a `numpy.dtype`, such as `f4` or `<U10`.
pub(crate) fn element(text: &str) -> Result<ArrayElement, PickleError> {
    let unknown = || PickleError::ArrayType(text.chars().take(40).collect());
    let (big_endian, code) = match text.strip_prefix(['<', '=', '|']) {
        Some(code) => (false, code),
        None => match text.strip_prefix('>') {
            Some(code) => (true, code),
            None => (false, text),
        },
    };
    let mut letters = code.chars();
    let letter = letters.next().ok_or_else(unknown)?;
    let digits = letters.as_str();
    let size: usize = match (letter, digits) {
        ('?', "") => 1,
        ('O', "" | "8" | "4") => return Ok(ArrayElement::Object),
        ('U' | 'S', "") => 0,
        _ => digits.parse().map_err(|_| unknown())?,
    };
    let (kind, fits) = match letter {
        'f' => (Kind::Float, matches!(size, 2 | 4 | 8)),
        'i' => (Kind::Int, matches!(size, 1 | 2 | 4 | 8)),
        'u' => (Kind::Uint, matches!(size, 1 | 2 | 4 | 8)),
        'b' | '?' => (Kind::Bool, size == 1),
        'U' => (Kind::Text, size < 1 << 24),
        'S' => (Kind::Bytes, size < 1 << 26),
        _ => return Err(unknown()),
    };
    if !fits {
        return Err(unknown());
    }
    let size = if kind == Kind::Text { 4 * size } else { size };
    Ok(ArrayElement::Plain(Element {
        kind,
        size,
        big_endian,
    }))
}
