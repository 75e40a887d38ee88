//! Tensors by name, and the safetensors files that hold them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use safetensors::tensor::Dtype;
use safetensors::{SafeTensorError, SafeTensors};

use crate::kernels::half::half;

/// Numbers in row-major order with their extents.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

/// Tensors by name, in the order of their names.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tensors(BTreeMap<String, Tensor>);

/// How numbers are stored in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Storage {
    /// 32 bits: exactly what the network uses.
    #[default]
    F32,
    /// 16 bits: half the size, three decimal digits.
    F16,
    /// bfloat16: half the size, two decimal digits, the range of 32 bits.
    Bf16,
}

/// Why tensors could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum TensorError {
    /// The bytes are no safetensors file.
    #[error(
        "not a readable safetensors file ({0}): it is damaged, cut off or of another kind; copy or download it \
         again, or make one of a checkpoint with ambulo weights import"
    )]
    Safetensors(#[from] SafeTensorError),
    /// A tensor has a type that is not read.
    #[error("tensor {name:?} is of type {found}; read are f64, f32, f16, bf16, integers and bool")]
    Type {
        /// Its name.
        name: String,
        /// Its type.
        found: String,
    },
    /// The numbers do not fill the shape.
    #[error("a tensor of shape {shape:?} cannot hold {numbers} numbers")]
    Shape {
        /// The shape.
        shape: Vec<usize>,
        /// How many numbers there are.
        numbers: usize,
    },
    /// A tensor is missing.
    #[error("there is no tensor {name:?}; there are {}", list(.present))]
    Missing {
        /// Its name.
        name: String,
        /// The names that are there.
        present: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    let mut text = names
        .iter()
        .take(10)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if names.len() > 10 {
        text.push_str(", …");
    }
    text
}

impl Tensor {
    /// A tensor of the given extents.
    ///
    /// # Errors
    ///
    /// [`TensorError::Shape`] if the numbers do not fill it exactly.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Result<Self, TensorError> {
        let shape = shape.into();
        let extent = shape
            .iter()
            .try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        if extent != Some(data.len()) {
            let numbers = data.len();
            return Err(TensorError::Shape { shape, numbers });
        }
        Ok(Self { shape, data })
    }

    /// A tensor of zeros.
    pub fn zeros(shape: impl Into<Vec<usize>>) -> Self {
        let shape = shape.into();
        let data = vec![0.0; shape.iter().product()];
        Self { shape, data }
    }

    /// Its extents.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Its numbers, row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Its numbers, row-major, to change.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Its numbers alone.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// The same numbers under other extents.
    ///
    /// # Errors
    ///
    /// [`TensorError::Shape`] if they do not fill them exactly.
    pub fn reshaped(self, shape: impl Into<Vec<usize>>) -> Result<Self, TensorError> {
        Self::new(shape, self.data)
    }

    /// How many numbers it holds.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether it holds no number.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

impl Tensors {
    /// No tensors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tensor; the one that had the name before is returned.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) -> Option<Tensor> {
        self.0.insert(name.into(), tensor)
    }

    /// The tensor of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.0.get(name)
    }

    /// The tensor of this name.
    ///
    /// # Errors
    ///
    /// [`TensorError::Missing`] names it and what is there.
    pub fn require(&self, name: &str) -> Result<&Tensor, TensorError> {
        self.get(name).ok_or_else(|| TensorError::Missing {
            name: name.to_owned(),
            present: self.0.keys().cloned().collect(),
        })
    }

    /// Takes a tensor out.
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        self.0.remove(name)
    }

    /// All tensors, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// How many tensors there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no tensor.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads a safetensors file and the texts of its `__metadata__`.
    ///
    /// Numbers of any type become f32; wider ones are rounded to the nearest.
    ///
    /// # Errors
    ///
    /// [`TensorError`]; memory stays within a small multiple of the bytes given.
    pub fn from_safetensors(bytes: &[u8]) -> Result<(Self, BTreeMap<String, String>), TensorError> {
        let (_, metadata) = SafeTensors::read_metadata(bytes)?;
        let texts = metadata
            .metadata()
            .iter()
            .flatten()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let file = SafeTensors::deserialize(bytes)?;
        let mut tensors = Self::new();
        for (name, view) in file.iter() {
            let data = numbers(view.dtype(), view.data()).ok_or_else(|| TensorError::Type {
                name: name.to_owned(),
                found: format!("{:?}", view.dtype()),
            })?;
            tensors.insert(name, Tensor::new(view.shape(), data)?);
        }
        Ok((tensors, texts))
    }

    /// Writes a safetensors file; the same tensors and texts always give the same bytes.
    ///
    /// # Errors
    ///
    /// [`TensorError::Safetensors`] if the header outgrows what the format allows.
    pub fn to_safetensors(
        &self,
        metadata: &BTreeMap<String, String>,
        storage: Storage,
    ) -> Result<Vec<u8>, TensorError> {
        let views = self.0.iter().map(|(name, tensor)| {
            let stored = Stored { tensor, storage };
            (name.as_str(), stored)
        });
        // The crate keeps metadata in a hash map, whose order would differ from run to run: written
        // without, then put into the header by hand.
        let plain = safetensors::serialize(views, None)?;
        Ok(with_metadata(&plain, metadata))
    }
}

impl FromIterator<(String, Tensor)> for Tensors {
    fn from_iter<I: IntoIterator<Item = (String, Tensor)>>(tensors: I) -> Self {
        Self(tensors.into_iter().collect())
    }
}

impl IntoIterator for Tensors {
    type Item = (String, Tensor);
    type IntoIter = std::collections::btree_map::IntoIter<String, Tensor>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// Puts texts into the header of a safetensors file that has none.
fn with_metadata(plain: &[u8], metadata: &BTreeMap<String, String>) -> Vec<u8> {
    let (Some((length, rest)), false) = (plain.split_first_chunk::<8>(), metadata.is_empty())
    else {
        return plain.to_vec();
    };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(rest.len());
    let (header, data) = rest.split_at(length.min(rest.len()));
    let entries = header.strip_prefix(b"{").unwrap_or(header).trim_ascii();
    let texts = serde_json::to_string(metadata).expect("a map of texts is JSON");
    let mut joined = format!("{{\"__metadata__\":{texts}").into_bytes();
    if entries != b"}" {
        joined.push(b',');
    }
    joined.extend_from_slice(entries);
    while joined.len() % 8 != 0 {
        joined.push(b' ');
    }
    let mut file = (joined.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(&joined);
    file.extend_from_slice(data);
    file
}

/// A tensor on its way into a file.
struct Stored<'a> {
    tensor: &'a Tensor,
    storage: Storage,
}

impl safetensors::View for Stored<'_> {
    fn dtype(&self) -> Dtype {
        match self.storage {
            Storage::F32 => Dtype::F32,
            Storage::F16 => Dtype::F16,
            Storage::Bf16 => Dtype::BF16,
        }
    }

    fn shape(&self) -> &[usize] {
        self.tensor.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let numbers = self.tensor.data().iter();
        Cow::Owned(match self.storage {
            Storage::F32 => numbers.flat_map(|value| value.to_le_bytes()).collect(),
            Storage::F16 => numbers
                .flat_map(|&value| f16_from_f32(value).to_le_bytes())
                .collect(),
            Storage::Bf16 => numbers
                .flat_map(|&value| half(value).to_le_bytes())
                .collect(),
        })
    }

    fn data_len(&self) -> usize {
        self.tensor.len() * if self.storage == Storage::F32 { 4 } else { 2 }
    }
}

/// Numbers of a stored type as f32; `None` for types that are not read.
pub(crate) fn numbers(dtype: Dtype, bytes: &[u8]) -> Option<Vec<f32>> {
    fn each<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f32) -> Vec<f32> {
        bytes
            .as_chunks::<N>()
            .0
            .iter()
            .map(|&chunk| number(chunk))
            .collect()
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "rounding to the nearest f32 is what is asked for"
    )]
    Some(match dtype {
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::F32 => each(bytes, f32::from_le_bytes),
        Dtype::F16 => each(bytes, |b| f32_from_f16(u16::from_le_bytes(b))),
        Dtype::BF16 => each(bytes, |b| {
            f32::from_bits(u32::from(u16::from_le_bytes(b)) << 16)
        }),
        Dtype::I64 => each(bytes, |b| i64::from_le_bytes(b) as f32),
        Dtype::U64 => each(bytes, |b| u64::from_le_bytes(b) as f32),
        Dtype::I32 => each(bytes, |b| i32::from_le_bytes(b) as f32),
        Dtype::U32 => each(bytes, |b| u32::from_le_bytes(b) as f32),
        Dtype::I16 => each(bytes, |b| f32::from(i16::from_le_bytes(b))),
        Dtype::U16 => each(bytes, |b| f32::from(u16::from_le_bytes(b))),
        Dtype::I8 => each(bytes, |[b]: [u8; 1]| f32::from(i8::from_le_bytes([b]))),
        Dtype::U8 | Dtype::BOOL => each(bytes, |[b]: [u8; 1]| f32::from(b)),
        _ => return None,
    })
}

/// The value of an IEEE 754 half.
pub(crate) fn f32_from_f16(half: u16) -> f32 {
    let sign = u32::from(half >> 15) << 31;
    let exponent = u32::from(half >> 10) & 0x1F;
    let fraction = u32::from(half) & 0x3FF;
    match exponent {
        0 => {
            // Zero or subnormal: the fraction counts units of 2^-24, exact in f32.
            let magnitude = fraction as f32 * f32::from_bits(0x3380_0000);
            f32::from_bits(sign | magnitude.to_bits())
        }
        31 => f32::from_bits(sign | 0x7F80_0000 | (fraction << 13)),
        _ => f32::from_bits(sign | ((exponent + 112) << 23) | (fraction << 13)),
    }
}

/// The nearest IEEE 754 half, ties to even; what is too large becomes infinite.
pub(crate) fn f16_from_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let low = |bits: u32| u16::try_from(bits & 0xFFFF).unwrap_or(0);
    let sign = low(bits >> 16) & 0x8000;
    let magnitude = bits & 0x7FFF_FFFF;
    if magnitude > 0x7F80_0000 {
        return sign | 0x7E00;
    }
    if magnitude >= 0x4780_0000 {
        // 65 536 and above. From 65 520 the rounding below carries into infinity by itself.
        return sign | 0x7C00;
    }
    if magnitude < 0x3880_0000 {
        // Below 2^-14: units of 2^-24. Adding 0.5 lets the processor round, ties to even.
        let units = f32::from_bits(magnitude) + 0.5;
        return sign | low(units.to_bits() - 0x3F00_0000);
    }
    let rebased = magnitude - (112 << 23);
    let odd = (rebased >> 13) & 1;
    sign | low((rebased + 0xFFF + odd) >> 13)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_half_survives_the_way_through_f32() {
        for half in 0..=u16::MAX {
            let value = f32_from_f16(half);
            let again = f16_from_f32(value);
            if value.is_nan() {
                assert!(f32_from_f16(again).is_nan(), "{half:#06x}");
            } else {
                assert_eq!(again, half, "{half:#06x}");
            }
        }
    }

    #[test]
    fn halves_round_to_the_nearest_and_ties_to_even() {
        let cases = [
            (1.0, 0x3C00),
            (1.0 + 1.0 / 2048.0, 0x3C00),
            (1.0 + 3.0 / 2048.0, 0x3C02),
            (65504.0, 0x7BFF),
            (65519.9, 0x7BFF),
            (65520.0, 0x7C00),
            (1e9, 0x7C00),
            (-2.0_f32.powi(-25), 0x8000),
            (2.0_f32.powi(-24) * 1.5, 0x0002),
            (6.1e-5, 0x03FF),
            (2.0_f32.powi(-14), 0x0400),
        ];
        for (value, half) in cases {
            assert_eq!(f16_from_f32(value), half, "{value}");
        }
    }

    #[test]
    fn written_tensors_and_texts_are_read_again() {
        let mut tensors = Tensors::new();
        let numbers = vec![1.0, -2.5, 0.0, f32::MIN_POSITIVE, 3.25, 1e30];
        tensors.insert("b.weight", Tensor::new([2, 3], numbers).unwrap());
        tensors.insert("a", Tensor::new([], vec![7.0]).unwrap());
        let texts: BTreeMap<String, String> = [("model", "x \"y\""), ("a", "ü")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .into();
        let bytes = tensors.to_safetensors(&texts, Storage::F32).unwrap();
        assert_eq!(bytes, tensors.to_safetensors(&texts, Storage::F32).unwrap());
        let (again, read) = Tensors::from_safetensors(&bytes).unwrap();
        assert_eq!((again, read), (tensors.clone(), texts.clone()));
        let halves = tensors.to_safetensors(&texts, Storage::F16).unwrap();
        let (again, _) = Tensors::from_safetensors(&halves).unwrap();
        assert_eq!(again.require("b.weight").unwrap().data()[..2], [1.0, -2.5]);
        let empty = Tensors::new().to_safetensors(&texts, Storage::F32).unwrap();
        assert_eq!(
            Tensors::from_safetensors(&empty).unwrap(),
            (Tensors::new(), texts)
        );
    }
}
