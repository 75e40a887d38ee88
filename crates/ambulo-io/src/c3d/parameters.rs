//! The parameter section: groups of named values, kept as they are, known or not.

use super::number::Processor;
use super::{BLOCK, C3dError};

/// A named group of parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The number that ties parameters to this group in the file, 1 to 127.
    pub id: u8,
    /// The name, such as `POINT`; empty if the file has parameters of a group that it never names.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Whether the file asks that it not be changed.
    pub locked: bool,
    /// The parameters, in file order.
    pub parameters: Vec<Parameter>,
}

/// One named value or table.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// The name, such as `LABELS`.
    pub name: String,
    /// What it is, for people.
    pub description: String,
    /// Whether the file asks that it not be changed.
    pub locked: bool,
    /// Size along each dimension, the fastest first; none for a single value.
    pub dimensions: Vec<u8>,
    /// The values, as many as the product of the dimensions.
    pub data: ParameterData,
}

/// The values of a parameter.
#[derive(Debug, Clone)]
pub enum ParameterData {
    /// Characters; the first dimension is the length of one string.
    Char(Vec<u8>),
    /// Bytes.
    Byte(Vec<u8>),
    /// Two-byte integers; many of them are meant unsigned.
    Int(Vec<i16>),
    /// Four-byte floats.
    Float(Vec<f32>),
}

impl PartialEq for ParameterData {
    /// Floats are equal if their bits are, so that a table with gaps (NaN) equals itself.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Char(a), Self::Char(b)) | (Self::Byte(a), Self::Byte(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a
                .iter()
                .map(|v| v.to_bits())
                .eq(b.iter().map(|v| v.to_bits())),
            _ => false,
        }
    }
}

impl Group {
    /// An empty group.
    pub fn new(id: u8, name: &str) -> Self {
        Self {
            id,
            name: name.to_owned(),
            description: String::new(),
            locked: false,
            parameters: Vec::new(),
        }
    }

    /// The first parameter of that name, in any case.
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name.eq_ignore_ascii_case(name))
    }

    /// Gives a parameter new values, or adds it.
    pub fn set(&mut self, parameter: Parameter) {
        match self
            .parameters
            .iter_mut()
            .find(|have| have.name.eq_ignore_ascii_case(&parameter.name))
        {
            Some(have) => {
                have.dimensions = parameter.dimensions;
                have.data = parameter.data;
            }
            None => self.parameters.push(parameter),
        }
    }
}

impl Parameter {
    /// A parameter with neither description nor lock.
    pub fn new(name: &str, dimensions: Vec<u8>, data: ParameterData) -> Self {
        Self {
            name: name.to_owned(),
            description: String::new(),
            locked: false,
            dimensions,
            data,
        }
    }

    /// One integer. Values above 32,767 are stored as the unsigned number of the same bits.
    pub fn integer(name: &str, value: u16) -> Self {
        Self::new(
            name,
            Vec::new(),
            ParameterData::Int(vec![value.cast_signed()]),
        )
    }

    /// One float.
    pub fn float(name: &str, value: f32) -> Self {
        Self::new(name, Vec::new(), ParameterData::Float(vec![value]))
    }

    /// One string.
    pub fn text(name: &str, value: &str) -> Self {
        let bytes: Vec<u8> = bytes_of(value).into_iter().take(255).collect();
        let length = u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        Self::new(name, vec![length], ParameterData::Char(bytes))
    }

    /// A list of at most 255 strings, padded with spaces to the longest.
    pub fn list(name: &str, values: &[String]) -> Self {
        let rows: Vec<Vec<u8>> = values.iter().take(255).map(|v| bytes_of(v)).collect();
        let width = rows.iter().map(Vec::len).max().unwrap_or(0).min(255);
        let mut bytes = Vec::with_capacity(width * rows.len());
        for row in &rows {
            bytes.extend(
                row.iter()
                    .copied()
                    .chain(std::iter::repeat(b' '))
                    .take(width),
            );
        }
        let dimensions = [width, rows.len()]
            .map(|size| u8::try_from(size).unwrap_or(u8::MAX))
            .to_vec();
        Self::new(name, dimensions, ParameterData::Char(bytes))
    }

    /// The strings of a character parameter without padding; empty for another kind.
    pub fn strings(&self) -> Vec<String> {
        let ParameterData::Char(bytes) = &self.data else {
            return Vec::new();
        };
        match self.dimensions.as_slice() {
            [] | [_] => vec![text_of(bytes)],
            [0, rows @ ..] => {
                let rows = rows.iter().map(|&n| usize::from(n)).product::<usize>();
                vec![String::new(); rows.min(255)]
            }
            [width, ..] => bytes.chunks(usize::from(*width)).map(text_of).collect(),
        }
    }

    /// The numbers of a numeric parameter; empty for characters.
    pub fn numbers(&self) -> Vec<f64> {
        match &self.data {
            ParameterData::Char(_) => Vec::new(),
            ParameterData::Byte(values) => values.iter().map(|&v| f64::from(v)).collect(),
            ParameterData::Int(values) => values.iter().map(|&v| f64::from(v)).collect(),
            ParameterData::Float(values) => values.iter().map(|&v| f64::from(v)).collect(),
        }
    }

    /// The numbers of a numeric parameter, with two-byte integers read as unsigned.
    pub fn unsigned_numbers(&self) -> Vec<f64> {
        match &self.data {
            ParameterData::Int(values) => values
                .iter()
                .map(|v| f64::from(v.cast_unsigned()))
                .collect(),
            _ => self.numbers(),
        }
    }
}

/// Text of bytes: UTF-8 where it is that, else Latin-1; trailing spaces and zeros are padding.
pub(super) fn text_of(bytes: &[u8]) -> String {
    let end = bytes
        .iter()
        .rposition(|&b| b != b' ' && b != 0)
        .map_or(0, |last| last + 1);
    whole_text_of(&bytes[..end])
}

fn whole_text_of(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(
        |_| bytes.iter().map(|&b| char::from(b)).collect(),
        str::to_owned,
    )
}

/// The bytes that [`text_of`] turns into this text again, Latin-1 where that is possible.
pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
    match latin {
        Some(latin) if !text.is_ascii() && std::str::from_utf8(&latin).is_err() => latin,
        _ => text.as_bytes().to_vec(),
    }
}

/// What reading the section found.
pub(super) struct Section {
    pub(super) groups: Vec<Group>,
    /// What had to be repaired, one sentence each.
    pub(super) notes: Vec<String>,
}

/// Reads the records that start at `start`, just behind the section's own four bytes.
pub(super) fn read(bytes: &[u8], start: usize, processor: Processor) -> Result<Section, C3dError> {
    let mut section = Section {
        groups: Vec::new(),
        notes: Vec::new(),
    };
    let mut at = start;
    while let Some(record) = Record::at(bytes, at)? {
        let body = record.body;
        let offset = processor.u16(record.offset);
        let declared_end = (offset != 0).then_some(record.offset_at + usize::from(offset));
        let end = if record.id < 0 {
            let (group, end) = read_group(bytes, &record)?;
            push_group(&mut section, group);
            end
        } else {
            let next = declared_end.filter(|&next| next > body && starts_record(bytes, next));
            let (parameter, end) =
                read_parameter(bytes, &record, processor, next, &mut section.notes)?;
            owner(&mut section.groups, record.id.unsigned_abs())
                .parameters
                .push(parameter);
            end
        };
        if declared_end.is_none() {
            break;
        }
        at = next_record(bytes, declared_end, end, body);
        if declared_end != Some(at) {
            section.notes.push(format!(
                "the parameter section's pointer behind {:?} is wrong; the next record was found by its place",
                text_of(record.name)
            ));
        }
    }
    Ok(section)
}

/// The beginning that groups and parameters share.
struct Record<'a> {
    id: i8,
    locked: bool,
    name: &'a [u8],
    offset: [u8; 2],
    offset_at: usize,
    body: usize,
}

impl<'a> Record<'a> {
    /// `None` at the end of the section.
    fn at(bytes: &'a [u8], at: usize) -> Result<Option<Self>, C3dError> {
        let Some(&[length, id]) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return Ok(None);
        };
        let (length, id) = (length.cast_signed(), id.cast_signed());
        if length == 0 || id == 0 {
            return Ok(None);
        }
        let name_at = at + 2;
        let offset_at = name_at + usize::from(length.unsigned_abs());
        let missing = || C3dError::TruncatedParameters { at };
        let name = bytes.get(name_at..offset_at).ok_or_else(missing)?;
        let &offset = bytes
            .get(offset_at..)
            .and_then(|rest| rest.first_chunk())
            .ok_or_else(missing)?;
        Ok(Some(Self {
            id,
            locked: length < 0,
            name,
            offset,
            offset_at,
            body: offset_at + 2,
        }))
    }
}

fn read_group(bytes: &[u8], record: &Record<'_>) -> Result<(Group, usize), C3dError> {
    let (description, end) = read_description(bytes, record.body)
        .ok_or(C3dError::TruncatedParameters { at: record.body })?;
    let group = Group {
        id: record.id.unsigned_abs(),
        name: whole_text_of(record.name),
        description,
        locked: record.locked,
        parameters: Vec::new(),
    };
    Ok((group, end))
}

/// Reads a parameter and where it ends. `next`, where a record follows, bounds its values.
fn read_parameter(
    bytes: &[u8],
    record: &Record<'_>,
    processor: Processor,
    next: Option<usize>,
    notes: &mut Vec<String>,
) -> Result<(Parameter, usize), C3dError> {
    let missing = || C3dError::TruncatedParameters { at: record.body };
    let &[kind, rank] = bytes
        .get(record.body..)
        .and_then(|rest| rest.first_chunk())
        .ok_or_else(missing)?;
    let sizes_at = record.body + 2;
    let data_at = sizes_at + usize::from(rank);
    let sizes = bytes.get(sizes_at..data_at).ok_or_else(missing)?;
    let name = whole_text_of(record.name);
    let width = match kind.cast_signed() {
        -1 | 1 => 1,
        2 => 2,
        4 => 4,
        kind => return Err(C3dError::ParameterKind { name, kind }),
    };
    let declared = sizes.iter().try_fold(width, |product: usize, &size| {
        product.checked_mul(usize::from(size))
    });
    let fits = |&end: &usize| end <= next.unwrap_or(usize::MAX).min(bytes.len());
    let mut dimensions = sizes.to_vec();
    let declared_end = declared
        .and_then(|size| data_at.checked_add(size))
        .filter(fits);
    let data_end = if let Some(end) = declared_end {
        end
    } else {
        // The sizes say more than the room before the next record: keep the values that are there.
        let end = next.filter(|&next| next >= data_at).ok_or_else(missing)?;
        let room = ((end - data_at) / width).min(255);
        dimensions = vec![u8::try_from(room).unwrap_or(u8::MAX)];
        notes.push(format!(
            "parameter {name:?} declares more values than it has; {room} were kept"
        ));
        data_at + room * width
    };
    let raw = &bytes[data_at..data_end];
    let data = match kind.cast_signed() {
        -1 => ParameterData::Char(raw.to_vec()),
        1 => ParameterData::Byte(raw.to_vec()),
        2 => ParameterData::Int(
            raw.as_chunks::<2>()
                .0
                .iter()
                .map(|&word| processor.i16(word))
                .collect(),
        ),
        _ => {
            let mut values = Vec::with_capacity(raw.len() / 4);
            processor.read_f32s(raw, &mut values);
            ParameterData::Float(values)
        }
    };
    // Some writers leave out the description's length; then the next record follows at once.
    let (description, end) = if next == Some(data_end) {
        (String::new(), data_end)
    } else {
        read_description(bytes, data_end)
            .filter(|&(_, end)| next.is_none_or(|next| end <= next))
            .unwrap_or((String::new(), data_end))
    };
    let parameter = Parameter {
        name,
        description,
        locked: record.locked,
        dimensions,
        data,
    };
    Ok((parameter, end))
}

fn read_description(bytes: &[u8], at: usize) -> Option<(String, usize)> {
    let length = usize::from(*bytes.get(at)?);
    let end = at + 1 + length;
    Some((whole_text_of(bytes.get(at + 1..end)?), end))
}

/// Where the next record starts: where the pointer says if that is one, else behind this one.
fn next_record(bytes: &[u8], declared: Option<usize>, end: usize, body: usize) -> usize {
    match declared {
        Some(next) if next > body && (next == end || starts_record(bytes, next)) => next,
        _ => end,
    }
}

/// Whether a record, or the end of the section, can start here.
fn starts_record(bytes: &[u8], at: usize) -> bool {
    match Record::at(bytes, at) {
        Ok(Some(record)) => record.name.iter().all(|&b| b >= b' ' && b != 0x7F),
        Ok(None) => at <= bytes.len(),
        Err(_) => false,
    }
}

fn push_group(section: &mut Section, group: Group) {
    match section.groups.iter_mut().find(|have| have.id == group.id) {
        // Its parameters came before it.
        Some(have) if have.name.is_empty() => {
            have.name = group.name;
            have.description = group.description;
            have.locked = group.locked;
        }
        Some(have) => {
            section.notes.push(format!(
                "groups {:?} and {:?} share the number {}; the parameters were given to the first",
                have.name, group.name, group.id
            ));
        }
        None => section.groups.push(group),
    }
}

fn owner(groups: &mut Vec<Group>, id: u8) -> &mut Group {
    let index = groups
        .iter()
        .position(|group| group.id == id)
        .unwrap_or_else(|| {
            groups.push(Group::new(id, ""));
            groups.len() - 1
        });
    &mut groups[index]
}

/// The whole section, its own four bytes first, padded to whole blocks.
pub(super) fn write(groups: &[Group], processor: Processor) -> Result<Vec<u8>, C3dError> {
    let mut bytes = vec![1, 80, 0, processor.code()];
    for group in groups.iter().filter(|group| !group.name.is_empty()) {
        let offset_at = write_name(&mut bytes, &group.name, group.locked, group.id, true)?;
        write_description(&mut bytes, &group.name, &group.description)?;
        write_offset(&mut bytes, offset_at, processor, &group.name)?;
    }
    for group in groups {
        for parameter in &group.parameters {
            write_parameter(&mut bytes, parameter, group.id, processor)?;
        }
    }
    // A name without length ends the section.
    bytes.extend([0, 0]);
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes[2] = u8::try_from(bytes.len() / BLOCK).unwrap_or(u8::MAX);
    Ok(bytes)
}

fn write_parameter(
    bytes: &mut Vec<u8>,
    parameter: &Parameter,
    id: u8,
    processor: Processor,
) -> Result<(), C3dError> {
    let too_long = || C3dError::ParameterTooLong {
        name: parameter.name.clone(),
    };
    let offset_at = write_name(bytes, &parameter.name, parameter.locked, id, false)?;
    let (kind, count) = match &parameter.data {
        ParameterData::Char(values) => (-1, values.len()),
        ParameterData::Byte(values) => (1, values.len()),
        ParameterData::Int(values) => (2, values.len()),
        ParameterData::Float(values) => (4, values.len()),
    };
    let product = parameter
        .dimensions
        .iter()
        .try_fold(1_usize, |product, &size| {
            product.checked_mul(usize::from(size))
        });
    if product != Some(count) {
        return Err(C3dError::ParameterShape {
            name: parameter.name.clone(),
            values: count,
        });
    }
    bytes.push(i8::cast_unsigned(kind));
    bytes.push(u8::try_from(parameter.dimensions.len()).map_err(|_| too_long())?);
    bytes.extend(&parameter.dimensions);
    match &parameter.data {
        ParameterData::Char(values) | ParameterData::Byte(values) => bytes.extend(values),
        ParameterData::Int(values) => {
            bytes.extend(values.iter().flat_map(|&v| processor.i16_bytes(v)));
        }
        ParameterData::Float(values) => {
            for &value in values {
                bytes.extend(processor.f32_bytes(value).ok_or_else(|| {
                    C3dError::NotRepresentable {
                        what: parameter.name.clone(),
                        value,
                    }
                })?);
            }
        }
    }
    write_description(bytes, &parameter.name, &parameter.description)?;
    write_offset(bytes, offset_at, processor, &parameter.name)
}

/// Writes the beginning of a record and returns where its pointer goes.
fn write_name(
    bytes: &mut Vec<u8>,
    name: &str,
    locked: bool,
    id: u8,
    is_group: bool,
) -> Result<usize, C3dError> {
    let encoded = bytes_of(name);
    let bad = || C3dError::BadName {
        name: name.to_owned(),
    };
    let length = i8::try_from(encoded.len()).map_err(|_| bad())?;
    let id = i8::try_from(id).map_err(|_| bad())?;
    if length == 0 || id == 0 {
        return Err(bad());
    }
    bytes.push((if locked { -length } else { length }).cast_unsigned());
    bytes.push((if is_group { -id } else { id }).cast_unsigned());
    bytes.extend(encoded);
    let offset_at = bytes.len();
    bytes.extend([0, 0]);
    Ok(offset_at)
}

fn write_description(bytes: &mut Vec<u8>, name: &str, description: &str) -> Result<(), C3dError> {
    let encoded = bytes_of(description);
    bytes.push(
        u8::try_from(encoded.len()).map_err(|_| C3dError::ParameterTooLong {
            name: name.to_owned(),
        })?,
    );
    bytes.extend(encoded);
    Ok(())
}

fn write_offset(
    bytes: &mut [u8],
    offset_at: usize,
    processor: Processor,
    name: &str,
) -> Result<(), C3dError> {
    let offset =
        u16::try_from(bytes.len() - offset_at).map_err(|_| C3dError::ParameterTooLong {
            name: name.to_owned(),
        })?;
    bytes[offset_at..offset_at + 2].copy_from_slice(&processor.u16_bytes(offset));
    Ok(())
}
