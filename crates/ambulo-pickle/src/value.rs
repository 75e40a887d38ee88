//! What a pickle holds, as plain data.

use std::sync::Arc;

/// A value of a pickle. Clones are cheap: what is large is shared.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number of at most 64 bits.
    Int(i64),
    /// A longer whole number: little-endian two's complement.
    LongInt(Arc<[u8]>),
    /// A floating-point number.
    Float(f64),
    /// Text.
    Str(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// A list.
    List(Arc<[Value]>),
    /// A tuple.
    Tuple(Arc<[Value]>),
    /// A set, in the order of the file.
    Set(Arc<[Value]>),
    /// A dictionary, in the order of the file; a later entry of the same key replaces an earlier one.
    Dict(Arc<[(Value, Value)]>),
    /// A `NumPy` array of numbers or text.
    Array(Arc<Array>),
    /// A `NumPy` array of Python objects.
    Objects {
        /// Its extents; none for a single object.
        shape: Arc<[usize]>,
        /// Its elements, row-major.
        items: Arc<[Value]>,
    },
    /// A `PyTorch` tensor, whose numbers lie outside the pickle.
    Tensor(Arc<TensorView>),
    /// A known object of which nothing is kept, such as the state of a random generator.
    Opaque(Arc<str>),
}

impl Value {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, if it is one of at most 64 bits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float(number) => Some(*number),
            _ => self.as_i64().map(|number| number as f64),
        }
    }

    /// The elements of a list, tuple or array of objects.
    pub fn as_slice(&self) -> Option<&[Value]> {
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Objects { items, .. } => Some(items),
            _ => None,
        }
    }

    /// The entries of a dictionary, in the order of the file.
    pub fn as_dict(&self) -> Option<&[(Value, Value)]> {
        match self {
            Self::Dict(entries) => Some(entries),
            _ => None,
        }
    }

    /// The array of numbers or text.
    pub fn as_array(&self) -> Option<&Array> {
        match self {
            Self::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The entry of a dictionary under this text.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let entries = self.as_dict()?.iter().rev();
        let mut named = entries.filter(|(name, _)| name.as_str() == Some(key));
        named.next().map(|(_, value)| value)
    }

    /// The one object of an array of shape `()`, as `numpy.savez` wraps dictionaries; else itself.
    pub fn unwrapped(&self) -> &Value {
        match self {
            Self::Objects { shape, items } if shape.is_empty() => items.first().unwrap_or(self),
            _ => self,
        }
    }

    /// The word for its kind, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::LongInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Set(_) => "set",
            Self::Dict(_) => "dict",
            Self::Array(_) => "array",
            Self::Objects { .. } => "array of objects",
            Self::Tensor(_) => "tensor",
            Self::Opaque(_) => "object",
        }
    }
}

/// A `NumPy` array of numbers or text.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    pub(crate) element: Element,
    pub(crate) shape: Vec<usize>,
    pub(crate) columns_first: bool,
    pub(crate) bytes: Arc<[u8]>,
}

/// The type of an array's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    /// What they are.
    pub kind: Kind,
    /// Bytes of one.
    pub size: usize,
    /// Whether the most significant byte comes first.
    pub big_endian: bool,
}

/// What the elements of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// True or false.
    Bool,
    /// Whole numbers.
    Int,
    /// Whole numbers without sign.
    Uint,
    /// Floating-point numbers.
    Float,
    /// Text of a fixed number of characters, four bytes each.
    Text,
    /// Bytes of a fixed length.
    Bytes,
}

impl Array {
    /// The type of its elements.
    pub fn element(&self) -> Element {
        self.element
    }

    /// Its extents.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its elements as stored; in Fortran order if `columns_first`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the first index runs fastest in [`Array::bytes`].
    pub fn columns_first(&self) -> bool {
        self.columns_first
    }

    /// Its numbers, row-major, whatever the order in the file; `None` for text and bytes.
    pub fn to_f64(&self) -> Option<Vec<f64>> {
        let size = self.element.size;
        if size == 0 || matches!(self.element.kind, Kind::Text | Kind::Bytes) {
            return None;
        }
        let numbers: Option<Vec<f64>> = self
            .bytes
            .chunks_exact(size)
            .map(|bytes| self.number(bytes))
            .collect();
        Some(self.row_major(numbers?))
    }

    /// Its numbers as [`Array::to_f64`], rounded to the nearest f32.
    pub fn to_f32(&self) -> Option<Vec<f32>> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "rounding is what is asked for"
        )]
        let round = |number: f64| number as f32;
        Some(self.to_f64()?.into_iter().map(round).collect())
    }

    /// Its texts, row-major; `None` for numbers.
    pub fn to_texts(&self) -> Option<Vec<String>> {
        let size = self.element.size;
        if size == 0 {
            return None;
        }
        let text = |bytes: &[u8]| match self.element.kind {
            Kind::Text => bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|&code| {
                    let code = if self.element.big_endian {
                        u32::from_be_bytes(code)
                    } else {
                        u32::from_le_bytes(code)
                    };
                    char::from_u32(code)
                })
                .collect::<Option<String>>()
                .map(|text| text.trim_end_matches('\0').to_owned()),
            Kind::Bytes => std::str::from_utf8(bytes)
                .ok()
                .map(|text| text.trim_end_matches('\0').to_owned()),
            _ => None,
        };
        let texts: Option<Vec<String>> = self.bytes.chunks_exact(size).map(text).collect();
        Some(self.row_major(texts?))
    }

    fn number(&self, bytes: &[u8]) -> Option<f64> {
        let mut wide = [0_u8; 8];
        let size = bytes.len();
        let place = wide.get_mut(..size)?;
        place.copy_from_slice(bytes);
        if self.element.big_endian {
            place.reverse();
        }
        let raw = u64::from_le_bytes(wide);
        let low = u32::from_le_bytes([wide[0], wide[1], wide[2], wide[3]]);
        Some(match (self.element.kind, size) {
            (Kind::Bool, 1) => f64::from(u8::from(raw != 0)),
            (Kind::Float, 8) => f64::from_bits(raw),
            (Kind::Float, 4) => f64::from(f32::from_bits(low)),
            (Kind::Float, 2) => half(u16::from_le_bytes([wide[0], wide[1]])),
            (Kind::Uint, 1 | 2 | 4 | 8) => raw as f64,
            (Kind::Int, 1 | 2 | 4 | 8) => {
                // The sign bit moved to the top and back spreads it.
                let unused = 64 - 8 * u32::try_from(size).ok()?;
                ((raw << unused).cast_signed() >> unused) as f64
            }
            _ => return None,
        })
    }

    fn row_major<T: Clone>(&self, stored: Vec<T>) -> Vec<T> {
        if !self.columns_first || self.shape.len() < 2 || stored.is_empty() {
            return stored;
        }
        let mut index = vec![0_usize; self.shape.len()];
        let mut strides = Vec::with_capacity(self.shape.len());
        let mut stride = 1;
        for &extent in &self.shape {
            strides.push(stride);
            stride *= extent;
        }
        let mut ordered = Vec::with_capacity(stored.len());
        let mut at = 0_usize;
        while ordered.len() < stored.len() {
            ordered.push(stored[at].clone());
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                at -= strides[axis] * index[axis];
                index[axis] = 0;
            }
        }
        ordered
    }
}

/// The value of an IEEE 754 half.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1F);
    let fraction = f64::from(bits & 0x3FF);
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        31 if fraction > 0.0 => f64::NAN,
        31 => f64::INFINITY,
        _ => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
    }
}

/// A tensor of `PyTorch`: a view of numbers that lie in another member of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorView {
    /// Where its numbers lie.
    pub storage: Storage,
    /// The first of them, in elements.
    pub offset: usize,
    /// Its extents.
    pub shape: Vec<usize>,
    /// Elements from one index to the next, by axis.
    pub stride: Vec<usize>,
}

/// A run of numbers outside the pickle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The type of its elements.
    pub element: StorageType,
    /// Its name in the archive (`data/KEY`).
    pub key: Arc<str>,
    /// How many elements it has.
    pub elements: usize,
}

/// The element types of `PyTorch` storages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageType {
    /// 64-bit floating point.
    F64,
    /// 32-bit floating point.
    F32,
    /// IEEE 754 half.
    F16,
    /// The upper half of an f32.
    Bf16,
    /// Signed, 64 bits.
    I64,
    /// Signed, 32 bits.
    I32,
    /// Signed, 16 bits.
    I16,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 8 bits.
    U8,
    /// True or false, 8 bits.
    Bool,
}

impl StorageType {
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::Bf16 | Self::I16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
        }
    }
}
