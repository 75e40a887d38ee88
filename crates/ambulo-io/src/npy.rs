//! NPY and NPZ: arrays of NumPy. Object arrays (pickles) are refused, except by the functions that
//! read them as plain data.

use std::io::{Cursor, Read as _, Write as _};

pub use ambulo_pickle::Value;

/// Why an array could not be read.
#[derive(Debug, thiserror::Error)]
pub enum NpyError {
    /// The bytes do not begin like an NPY file.
    #[error("not an NPY file: it does not begin with \\x93NUMPY")]
    Magic,
    /// The header is not what NumPy writes.
    #[error("the NPY header is damaged: {0}")]
    Header(&'static str),
    /// The array holds Python objects, which only running code could read.
    #[error(
        "the array holds Python objects (pickled); save it again as numbers, for example with \
         numpy.save(file, array.astype(float))"
    )]
    Objects,
    /// The Python objects of an array are not plain data.
    #[error("the array's Python objects cannot be read")]
    Pickle(#[from] ambulo_pickle::PickleError),
    /// The element type is none that we read.
    #[error("arrays of type {0:?} are not read; save it as float64, float32, an integer or text")]
    Type(String),
    /// The file ends before its array does.
    #[error("the array promises {promised} bytes, but only {found} are there")]
    Truncated {
        /// By shape and type.
        promised: u64,
        /// In the file.
        found: u64,
    },
    /// The archive is damaged.
    #[error("not a readable NPZ archive")]
    Zip(#[from] zip::result::ZipError),
    /// An array of the archive could not be read.
    #[error("array {name:?} of the NPZ archive: {source}")]
    Member {
        /// Its name.
        name: String,
        /// Why.
        source: Box<NpyError>,
    },
    /// The archive's data is damaged.
    #[error("the NPZ archive's data is damaged")]
    Io(#[from] std::io::Error),
}

/// An array of numbers or of text, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its extents.
    pub shape: Vec<usize>,
    /// Its elements.
    pub data: ArrayData,
}

/// The elements of an [`Array`].
#[derive(Debug, Clone, PartialEq)]
pub enum ArrayData {
    /// Numbers of any NumPy type, as f64.
    Numbers(Vec<f64>),
    /// Text.
    Text(Vec<String>),
}

impl Array {
    /// The numbers, if it holds numbers.
    pub fn numbers(&self) -> Option<&[f64]> {
        match &self.data {
            ArrayData::Numbers(numbers) => Some(numbers),
            ArrayData::Text(_) => None,
        }
    }

    /// The text, if it holds text.
    pub fn text(&self) -> Option<&[String]> {
        match &self.data {
            ArrayData::Text(text) => Some(text),
            ArrayData::Numbers(_) => None,
        }
    }
}

const MAGIC: &[u8] = b"\x93NUMPY";

/// The most that an archive may unpack to.
const MAX_UNPACKED: u64 = 4 << 30;

/// Reads one array.
///
/// # Errors
///
/// [`NpyError`] says what is wrong; memory stays within a small multiple of the bytes given.
pub fn parse(bytes: &[u8]) -> Result<Array, NpyError> {
    let (header, data) = split(bytes)?;
    let header = Header::parse(header)?;
    let elements = header
        .shape
        .iter()
        .try_fold(1_usize, |product, &extent| product.checked_mul(extent))
        .ok_or(NpyError::Header("its shape is too large"))?;
    let promised = elements
        .checked_mul(header.element.size())
        .ok_or(NpyError::Header("its shape is too large"))?;
    let data = data.get(..promised).ok_or(NpyError::Truncated {
        promised: promised as u64,
        found: data.len() as u64,
    })?;
    // Text of zero letters takes no bytes, so its count cannot be checked against them.
    if header.element.size() == 0 && elements > bytes.len() {
        return Err(NpyError::Header("its shape is too large"));
    }
    let mut data = header.element.read(data, elements);
    if header.fortran_order && header.shape.len() > 1 {
        data = match data {
            ArrayData::Numbers(n) => ArrayData::Numbers(row_major(&n, &header.shape)),
            ArrayData::Text(t) => ArrayData::Text(row_major(&t, &header.shape)),
        };
    }
    Ok(Array {
        shape: header.shape,
        data,
    })
}

/// The header's text and the data after it.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), NpyError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(NpyError::Magic)?;
    let (&major, rest) = rest.split_first().ok_or(NpyError::Header("no version"))?;
    let rest = rest.get(1..).ok_or(NpyError::Header("no version"))?;
    let (length, rest) = if major == 1 {
        let (length, rest) = rest
            .split_first_chunk()
            .ok_or(NpyError::Header("no length"))?;
        (u32::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest
            .split_first_chunk()
            .ok_or(NpyError::Header("no length"))?;
        (u32::from_le_bytes(*length), rest)
    };
    let length = usize::try_from(length).map_err(|_| NpyError::Header("its length"))?;
    let header = rest.get(..length).ok_or(NpyError::Header("cut short"))?;
    let header = std::str::from_utf8(header).map_err(|_| NpyError::Header("not text"))?;
    Ok((header, &rest[length..]))
}

/// What a member of an NPZ archive holds, of those whose Python objects are wanted too.
#[derive(Debug, Clone, PartialEq)]
pub enum Member {
    /// Numbers or text.
    Array(Array),
    /// Python objects, read as plain data; a single object stands for itself.
    Objects(Value),
}

/// Reads one array, which may hold Python objects; nothing of them is executed.
///
/// # Errors
///
/// [`NpyError`] says what is wrong.
pub fn parse_member(bytes: &[u8]) -> Result<Member, NpyError> {
    match parse(bytes) {
        Err(NpyError::Objects) => {
            let (_, data) = split(bytes)?;
            Ok(Member::Objects(
                ambulo_pickle::parse(data)?.unwrapped().clone(),
            ))
        }
        array => Ok(Member::Array(array?)),
    }
}

/// Reads the named members of an NPZ archive and no others, in the order of the names; those that
/// the archive lacks are left out. Object arrays are read as plain data.
///
/// # Errors
///
/// As [`parse_npz`].
pub fn parse_npz_members(bytes: &[u8], names: &[&str]) -> Result<Vec<(String, Member)>, NpyError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut left = unpacked_limit(bytes);
    let mut members = Vec::new();
    for &name in names {
        let file = format!("{name}.npy");
        let Some(index) = archive.index_for_name(&file) else {
            continue;
        };
        let mut content = Vec::new();
        let read = archive
            .by_index(index)?
            .take(left)
            .read_to_end(&mut content)?;
        left = left.saturating_sub(read as u64);
        let member = parse_member(&content).map_err(|source| NpyError::Member {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        members.push((name.to_owned(), member));
    }
    Ok(members)
}

/// Deflate cannot expand more than about a thousandfold.
fn unpacked_limit(archive: &[u8]) -> u64 {
    (archive.len() as u64)
        .saturating_mul(1032)
        .saturating_add(4096)
        .min(MAX_UNPACKED)
}

fn row_major<T: Clone>(column_major: &[T], shape: &[usize]) -> Vec<T> {
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let mut index = vec![0; shape.len()];
    let mut out = Vec::with_capacity(column_major.len());
    for _ in 0..column_major.len() {
        let place: usize = index.iter().zip(&strides).map(|(i, s)| i * s).sum();
        out.push(column_major[place].clone());
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    out
}

struct Header {
    element: Element,
    fortran_order: bool,
    shape: Vec<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Element {
    kind: u8,
    size: usize,
    big_endian: bool,
}

impl Header {
    /// The header is a Python dictionary with three known keys in any order.
    fn parse(text: &str) -> Result<Self, NpyError> {
        let value = |key: &str| {
            let after = text.split_once(&format!("'{key}'"))?.1;
            Some(after.trim_start().strip_prefix(':')?.trim_start())
        };
        let descr = value("descr").ok_or(NpyError::Header("no descr"))?;
        let descr = descr
            .strip_prefix('\'')
            .and_then(|rest| rest.split_once('\''))
            .ok_or_else(|| NpyError::Type(descr.chars().take(40).collect()))?
            .0;
        let fortran_order = value("fortran_order")
            .ok_or(NpyError::Header("no fortran_order"))?
            .starts_with("True");
        let shape = value("shape")
            .and_then(|rest| rest.strip_prefix('(')?.split_once(')'))
            .ok_or(NpyError::Header("no shape"))?
            .0;
        let shape = shape
            .split(',')
            .map(str::trim)
            .filter(|extent| !extent.is_empty())
            .map(|extent| extent.parse().map_err(|_| NpyError::Header("its shape")))
            .collect::<Result<Vec<usize>, _>>()?;
        if shape.len() > 32 {
            return Err(NpyError::Header("more than 32 axes"));
        }
        Ok(Self {
            element: Element::parse(descr)?,
            fortran_order,
            shape,
        })
    }
}

impl Element {
    fn parse(descr: &str) -> Result<Self, NpyError> {
        let unknown = || NpyError::Type(descr.to_owned());
        let (order, rest) = match descr.as_bytes() {
            [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
            rest => (b'=', rest),
        };
        let (&kind, digits) = rest.split_first().ok_or_else(unknown)?;
        if kind == b'O' {
            return Err(NpyError::Objects);
        }
        let size: usize = std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse().ok())
            .ok_or_else(unknown)?;
        let size = match (kind, size) {
            (b'f', 2 | 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1) => size,
            (b'U', letters) => letters.checked_mul(4).ok_or_else(unknown)?,
            (b'S', letters) => letters,
            _ => return Err(unknown()),
        };
        Ok(Self {
            kind,
            size,
            big_endian: order == b'>',
        })
    }

    fn size(self) -> usize {
        self.size
    }

    fn read(self, data: &[u8], elements: usize) -> ArrayData {
        if matches!(self.kind, b'U' | b'S') {
            if self.size == 0 {
                return ArrayData::Text(vec![String::new(); elements]);
            }
            return ArrayData::Text(data.chunks_exact(self.size).map(|c| self.text(c)).collect());
        }
        ArrayData::Numbers(
            data.chunks_exact(self.size)
                .map(|c| self.number(c))
                .collect(),
        )
    }

    fn text(self, chunk: &[u8]) -> String {
        let letters: String = if self.kind == b'U' {
            chunk
                .chunks_exact(4)
                .map(|c| {
                    let code = self.bits(c);
                    u32::try_from(code)
                        .ok()
                        .and_then(char::from_u32)
                        .unwrap_or(char::REPLACEMENT_CHARACTER)
                })
                .collect()
        } else {
            chunk.iter().map(|&byte| char::from(byte)).collect()
        };
        letters.trim_end_matches('\0').to_owned()
    }

    fn bits(self, chunk: &[u8]) -> u64 {
        let join = |bits: u64, &byte: &u8| bits << 8 | u64::from(byte);
        if self.big_endian {
            chunk.iter().fold(0, join)
        } else {
            chunk.iter().rev().fold(0, join)
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the bits of a smaller type, widened by bits(), are narrowed back to it"
    )]
    fn number(self, chunk: &[u8]) -> f64 {
        let bits = self.bits(chunk);
        match (self.kind, self.size) {
            (b'f', 8) => f64::from_bits(bits),
            (b'f', 4) => f64::from(f32::from_bits(bits as u32)),
            (b'f', _) => half(bits as u16),
            (b'i', 8) => bits as i64 as f64,
            (b'i', 4) => f64::from(bits as i32),
            (b'i', 2) => f64::from(bits as i16),
            (b'i', _) => f64::from(bits as i8),
            _ => bits as f64,
        }
    }
}

/// An IEEE half-precision number.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3FF);
    sign * match bits >> 10 & 0x1F {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1.0 + fraction / 1024.0) * 2_f64.powi(i32::from(exponent) - 15),
    }
}

/// Writes one array: float64 or text, row-major.
pub fn write(array: &Array) -> Vec<u8> {
    let extents: Vec<_> = array.shape.iter().map(ToString::to_string).collect();
    let shape = match &extents[..] {
        [one] => format!("{one},"),
        extents => extents.join(", "),
    };
    let (descr, data) = match &array.data {
        ArrayData::Numbers(numbers) => (
            "<f8".to_owned(),
            numbers
                .iter()
                .flat_map(|n| n.to_le_bytes())
                .collect::<Vec<u8>>(),
        ),
        ArrayData::Text(texts) => {
            let letters = texts
                .iter()
                .map(|t| t.chars().count())
                .max()
                .unwrap_or(0)
                .max(1);
            let mut data = Vec::with_capacity(texts.len() * letters * 4);
            for text in texts {
                let padded = text.chars().map(u32::from).chain(std::iter::repeat(0));
                data.extend(padded.take(letters).flat_map(u32::to_le_bytes));
            }
            (format!("<U{letters}"), data)
        }
    };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    // NumPy aligns the data to 64 bytes; the header ends with a line break.
    let unpadded = MAGIC.len() + 4 + header.len() + 1;
    header.push_str(&" ".repeat(unpadded.next_multiple_of(64) - unpadded));
    header.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend([1, 0]);
    out.extend(
        u16::try_from(header.len())
            .unwrap_or(u16::MAX)
            .to_le_bytes(),
    );
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

/// Reads every array of an NPZ archive, in the archive's order.
///
/// # Errors
///
/// [`NpyError`] names the array. Deflate cannot expand more than about a thousandfold, and no more
/// than 4 GiB are unpacked, so memory stays bounded.
pub fn parse_npz(bytes: &[u8]) -> Result<Vec<(String, Array)>, NpyError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut left = unpacked_limit(bytes);
    let mut arrays = Vec::with_capacity(archive.len().min(bytes.len() / 22 + 1));
    for index in 0..archive.len() {
        let member = archive.by_index(index)?;
        let name = member.name()?.trim_end_matches(".npy").to_owned();
        let mut content = Vec::new();
        let read = member.take(left).read_to_end(&mut content)?;
        left = left.saturating_sub(read as u64);
        let array = parse(&content).map_err(|source| NpyError::Member {
            name: name.clone(),
            source: Box::new(source),
        })?;
        arrays.push((name, array));
    }
    Ok(arrays)
}

/// Writes an NPZ archive; the same arrays always give the same bytes.
///
/// # Errors
///
/// [`NpyError::Zip`] if a name is too long for an archive.
pub fn write_npz(arrays: &[(String, Array)]) -> Result<Vec<u8>, NpyError> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .last_modified_time(zip::DateTime::default());
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(&write(array))?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_back() {
        let arrays = vec![
            (
                "positions_m".to_owned(),
                Array {
                    shape: vec![2, 1, 3],
                    data: ArrayData::Numbers(vec![1.5, -2.0, 0.0, 1e300, 4.0, 5.0]),
                },
            ),
            (
                "joints".to_owned(),
                Array {
                    shape: vec![2],
                    data: ArrayData::Text(vec!["left_hip".into(), "é".into()]),
                },
            ),
        ];
        let bytes = write_npz(&arrays).unwrap();
        assert_eq!(parse_npz(&bytes).unwrap(), arrays);
        assert_eq!(bytes, write_npz(&arrays).unwrap());
    }

    #[test]
    fn pickles_are_refused() {
        let mut bytes = MAGIC.to_vec();
        let header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }";
        bytes.extend([1, 0, u8::try_from(header.len()).unwrap(), 0]);
        bytes.extend(header.as_bytes());
        bytes.extend(b"cos\nsystem\n(S'true'\ntR.");
        assert!(matches!(parse(&bytes), Err(NpyError::Objects)));
    }

    #[test]
    fn a_promise_of_terabytes_allocates_nothing() {
        let mut bytes = MAGIC.to_vec();
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999,), }";
        bytes.extend([1, 0, u8::try_from(header.len()).unwrap(), 0]);
        bytes.extend(header.as_bytes());
        assert!(matches!(parse(&bytes), Err(NpyError::Truncated { .. })));
    }

    #[test]
    fn column_major_arrays_are_turned() {
        assert_eq!(row_major(&[1, 4, 2, 5, 3, 6], &[2, 3]), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn half_precision_is_exact() {
        assert!((half(0x3C00) - 1.0).abs() < f64::EPSILON);
        assert!((half(0xC000) + 2.0).abs() < f64::EPSILON);
        assert!((half(0x0001) - 2_f64.powi(-24)).abs() < 1e-30);
    }
}
