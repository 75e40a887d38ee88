//! HDF5 files as Keras writes them: groups of datasets of 32- or 64-bit numbers.
//!
//! Read are superblocks 0, 2 and 3, object headers 1 and 2, groups as symbol tables or as links in their
//! header, and datasets that lie in one piece. What else the format knows (chunks, filters, other types) is
//! refused with the name of what uses it. Every structure visited and every name and number kept is paid
//! for out of a budget of twice the file's size, so damaged files end soon and fill no memory.
//!
//! # Source
//!
//! The HDF Group, "HDF5 File Format Specification Version 3.0".

use std::collections::BTreeMap;

use safetensors::tensor::Dtype;

use crate::tensors::{Tensor, TensorError, numbers};

/// How every HDF5 file begins. A user block before it is not read.
pub(super) const SIGNATURE: &[u8] = b"\x89HDF\r\n\x1a\n";
/// Groups in groups deeper than this are damage.
const DEEPEST: usize = 12;
/// An address that points nowhere.
const UNDEFINED: u64 = u64::MAX;
/// Groups that training programs keep beside the weights.
const SKIPPED: &str = "optimizer_weights";

/// Why an HDF5 file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Hdf5Error {
    /// A structure is not where it should be, or does not fit the file.
    #[error("the HDF5 file is damaged: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
    /// A part of the format that is not read.
    #[error("{name:?} in the HDF5 file has {what}, which is not read")]
    Unread {
        /// The group or dataset; empty for the file itself.
        name: String,
        /// What it has.
        what: String,
    },
    /// Numbers do not fill the shape of a dataset.
    #[error(transparent)]
    Tensor(#[from] TensorError),
}

/// All datasets by their paths, without those of optimisers.
pub(super) fn datasets(bytes: &[u8]) -> Result<BTreeMap<String, Tensor>, Hdf5Error> {
    let mut file = File {
        bytes,
        budget: bytes.len().saturating_mul(2),
        datasets: BTreeMap::new(),
    };
    let root = file.root()?;
    file.visit(root, "", 0)?;
    Ok(file.datasets)
}

struct File<'a> {
    bytes: &'a [u8],
    budget: usize,
    datasets: BTreeMap<String, Tensor>,
}

/// What the messages of an object header say.
#[derive(Default)]
struct Header<'a> {
    space: Option<&'a [u8]>,
    number: Option<&'a [u8]>,
    layout: Option<&'a [u8]>,
    /// Addresses of the tree and of the names of a group.
    table: Option<(u64, u64)>,
    /// Links in the header itself: name, address.
    links: Vec<(&'a [u8], u64)>,
}

impl<'a> File<'a> {
    /// The address of the root group's header.
    fn root(&self) -> Result<u64, Hdf5Error> {
        let version = self.slice(8, 1)?[0];
        let (sizes, base, root) = match version {
            0 => (13, 24, 64),
            2 | 3 => (9, 12, 36),
            _ => return Err(unread("", format!("a superblock of version {version}"))),
        };
        if self.slice(sizes, 2)? != [8, 8] {
            return Err(unread("", "addresses that are not of 8 bytes".to_owned()));
        }
        if u64_at(self.slice(base, 8)?, 0)? != 0 {
            return Err(unread("", "a base address".to_owned()));
        }
        u64_at(self.slice(root, 8)?, 0)
    }

    fn slice(&self, at: u64, length: u64) -> Result<&'a [u8], Hdf5Error> {
        let outside = damaged("an address lies outside the file");
        let (Ok(at), Ok(length)) = (usize::try_from(at), usize::try_from(length)) else {
            return Err(outside);
        };
        let rest = self
            .bytes
            .get(at..)
            .ok_or(damaged("an address lies outside the file"))?;
        rest.get(..length).ok_or(outside)
    }

    fn pay(&mut self, bytes: usize) -> Result<(), Hdf5Error> {
        let rest = self.budget.checked_sub(bytes);
        self.budget = rest.ok_or(damaged("its parts are more than its bytes can hold"))?;
        Ok(())
    }

    /// Reads a group with all in it, or a dataset.
    fn visit(&mut self, at: u64, path: &str, depth: usize) -> Result<(), Hdf5Error> {
        if depth > DEEPEST {
            return Err(damaged("groups within groups without an end"));
        }
        let header = self.header(at, path)?;
        if let Some(layout) = header.layout {
            return self.dataset(&header, layout, path);
        }
        let mut members = header.links;
        if let Some((tree, heap)) = header.table {
            let head = self.slice(heap, 32)?;
            expect(head, b"HEAP")?;
            let names = self.slice(u64_at(head, 24)?, u64_at(head, 8)?)?;
            self.tree(tree, names, &mut members, 0)?;
        }
        for (name, address) in members {
            let name = str::from_utf8(name).map_err(|_| damaged("a name is not text"))?;
            if depth == 0 && name == SKIPPED {
                continue;
            }
            let below = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}/{name}")
            };
            self.pay(below.len())?;
            self.visit(address, &below, depth + 1)?;
        }
        Ok(())
    }

    /// Collects the members of a group from a node of its tree.
    fn tree(
        &mut self,
        at: u64,
        names: &'a [u8],
        members: &mut Vec<(&'a [u8], u64)>,
        depth: usize,
    ) -> Result<(), Hdf5Error> {
        if depth > DEEPEST {
            return Err(damaged("a tree without an end"));
        }
        self.pay(24)?;
        let head = self.slice(at, 24)?;
        expect(head, b"TREE")?;
        let (kind, level, used) = (head[4], head[5], u16_at(head, 6)?);
        if kind != 0 {
            return Err(damaged("the tree of a group is not one of names"));
        }
        let children = self.slice(offset(at, 24)?, 16 * u64::from(used) + 8)?;
        for child in 0..usize::from(used) {
            let child = u64_at(children, 16 * child + 8)?;
            if level > 0 {
                self.tree(child, names, members, depth + 1)?;
                continue;
            }
            let head = self.slice(child, 8)?;
            expect(head, b"SNOD")?;
            let count = u16_at(head, 6)?;
            let entries = self.slice(offset(child, 8)?, 40 * u64::from(count))?;
            self.pay(8 + entries.len())?;
            for entry in entries.chunks_exact(40) {
                let start = usize::try_from(u64_at(entry, 0)?).unwrap_or(usize::MAX);
                let name = names
                    .get(start..)
                    .ok_or(damaged("a name lies outside its heap"))?;
                let end = name.iter().position(|&byte| byte == 0);
                let end = end.ok_or(damaged("a name has no end"))?;
                members.push((&name[..end], u64_at(entry, 8)?));
            }
        }
        Ok(())
    }

    fn header(&mut self, at: u64, path: &str) -> Result<Header<'a>, Hdf5Error> {
        self.pay(16)?;
        let mut header = Header::default();
        let start = self.slice(at, 16)?;
        let is_new = start.starts_with(b"OHDR");
        let mut flags = 0;
        let first = if is_new {
            if start[4] != 2 {
                return Err(unread(
                    path,
                    format!("an object header of version {}", start[4]),
                ));
            }
            flags = start[5];
            let skipped =
                6 + if flags & 0x20 == 0 { 0 } else { 16 } + if flags & 0x10 == 0 { 0 } else { 4 };
            let width = 1_u64 << (flags & 3);
            let at = offset(at, skipped)?;
            let size = self.slice(at, width)?.iter().rev();
            let size = size.fold(0_u64, |size, &byte| (size << 8) | u64::from(byte));
            (offset(at, width)?, size)
        } else {
            if start[0] != 1 {
                return Err(damaged("an object has no header"));
            }
            (offset(at, 16)?, u64::from(u32_at(start, 8)?))
        };
        let mut blocks = vec![first];
        while let Some((at, size)) = blocks.pop() {
            let mut rest = self.slice(at, size)?;
            self.pay(rest.len())?;
            let head = match (is_new, flags & 4) {
                (false, _) => 8,
                (true, 0) => 4,
                (true, _) => 6,
            };
            while rest.len() >= head {
                let (kind, size, flags) = if is_new {
                    (u16::from(rest[0]), u16_at(rest, 1)?, rest[3])
                } else {
                    (u16_at(rest, 0)?, u16_at(rest, 2)?, rest[4])
                };
                let end = head + usize::from(size);
                let data = rest
                    .get(head..end)
                    .ok_or(damaged("a message reaches beyond its header"))?;
                rest = &rest[end..];
                if kind == 0x10 {
                    let (at, size) = (u64_at(data, 0)?, u64_at(data, 8)?);
                    blocks.push(if is_new {
                        expect(self.slice(at, 4)?, b"OCHK")?;
                        let size = size
                            .checked_sub(8)
                            .ok_or(damaged("a header goes on nowhere"))?;
                        (offset(at, 4)?, size)
                    } else {
                        (at, size)
                    });
                } else {
                    header.take(kind, flags, data, path)?;
                }
            }
        }
        Ok(header)
    }

    fn dataset(&mut self, header: &Header<'_>, layout: &[u8], path: &str) -> Result<(), Hdf5Error> {
        let missing = || damaged("a dataset does not say its shape and type");
        let shape = shape(header.space.ok_or_else(missing)?)?;
        let number = header.number.ok_or_else(missing)?;
        let Some((dtype, width)) = float(number) else {
            let what = "numbers that are not little-endian floats of 32 or 64 bits";
            return Err(unread(path, what.to_owned()));
        };
        let data = match (layout.first(), layout.get(1)) {
            (Some(3 | 4), Some(0)) => {
                let size = usize::from(u16_at(layout, 2)?);
                layout
                    .get(4..4 + size)
                    .ok_or(damaged("a dataset is cut off"))?
            }
            (Some(3 | 4), Some(1)) => {
                let (at, size) = (u64_at(layout, 2)?, u64_at(layout, 10)?);
                if at == UNDEFINED {
                    &[]
                } else {
                    self.slice(at, size)?
                }
            }
            (Some(3 | 4), Some(2)) => return Err(unread(path, "chunks".to_owned())),
            _ => return Err(unread(path, "a layout of another version".to_owned())),
        };
        let length = shape
            .iter()
            .try_fold(width, |length, &extent| length.checked_mul(extent));
        if length != Some(data.len()) {
            return Err(damaged("the numbers of a dataset do not fill its shape"));
        }
        self.pay(data.len())?;
        let tensor = Tensor::new(shape, numbers(dtype, data).unwrap_or_default())?;
        self.datasets.insert(path.to_owned(), tensor);
        Ok(())
    }
}

impl<'a> Header<'a> {
    fn take(&mut self, kind: u16, flags: u8, data: &'a [u8], path: &str) -> Result<(), Hdf5Error> {
        const SHARED: u8 = 2;
        if flags & SHARED != 0 && matches!(kind, 0x01 | 0x03 | 0x08) {
            return Err(unread(path, "a shared type or shape".to_owned()));
        }
        match kind {
            0x01 => self.space = Some(data),
            0x03 => self.number = Some(data),
            0x08 => self.layout = Some(data),
            0x11 => self.table = Some((u64_at(data, 0)?, u64_at(data, 8)?)),
            0x06 => self.links.push(link(data, path)?),
            0x02 => {
                let skipped = if data.get(1).is_some_and(|flags| flags & 1 != 0) {
                    10
                } else {
                    2
                };
                if u64_at(data, skipped)? != UNDEFINED {
                    return Err(unread(path, "links in a fractal heap".to_owned()));
                }
            }
            0x07 => return Err(unread(path, "numbers in another file".to_owned())),
            0x0B => return Err(unread(path, "filters".to_owned())),
            _ => {}
        }
        Ok(())
    }
}

/// Name and address of a link that stands in a header.
fn link<'a>(data: &'a [u8], path: &str) -> Result<(&'a [u8], u64), Hdf5Error> {
    let cut_off = || damaged("a link is cut off");
    let &[1, flags, ..] = data else {
        return Err(unread(path, "a link of another version".to_owned()));
    };
    let mut at = 2;
    if flags & 0x08 != 0 {
        if data.get(at) != Some(&0) {
            return Err(unread(path, "a link that is not a hard one".to_owned()));
        }
        at += 1;
    }
    at += if flags & 0x04 == 0 { 0 } else { 8 };
    at += usize::from(flags & 0x10 != 0);
    let width = 1_usize << (flags & 3);
    let length = data.get(at..at + width).ok_or_else(cut_off)?.iter().rev();
    let length = length.fold(0_u64, |length, &byte| (length << 8) | u64::from(byte));
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let rest = &data[at + width..];
    let name = rest.get(..length).ok_or_else(cut_off)?;
    Ok((name, u64_at(rest, length)?))
}

/// The extents that a dataspace states.
fn shape(space: &[u8]) -> Result<Vec<usize>, Hdf5Error> {
    let &[version @ (1 | 2), rank, ..] = space else {
        return Err(damaged("a shape of another version"));
    };
    let start = if version == 1 { 8 } else { 4 };
    let extents = (0..usize::from(rank)).map(|i| u64_at(space, start + 8 * i));
    extents
        .map(|extent| usize::try_from(extent?).map_err(|_| damaged("a shape is too large")))
        .collect()
}

/// The type of little-endian IEEE numbers and their width; `None` for any other type.
fn float(number: &[u8]) -> Option<(Dtype, usize)> {
    const FLOAT: u8 = 1;
    // Byte order and padding, normalisation, sign; then offset, precision, places of exponent and mantissa.
    let f32s = [
        0x20, 31, 0, 4, 0, 0, 0, 0, 0, 32, 0, 23, 8, 0, 23, 127, 0, 0, 0,
    ];
    let f64s = [
        0x20, 63, 0, 8, 0, 0, 0, 0, 0, 64, 0, 52, 11, 0, 52, 255, 3, 0, 0,
    ];
    let (&kind, rest) = number.split_first()?;
    if kind & 0x0F != FLOAT {
        return None;
    }
    let is = |known: &[u8]| rest.starts_with(known);
    let single = is(&f32s).then_some((Dtype::F32, 4));
    single.or(is(&f64s).then_some((Dtype::F64, 8)))
}

fn damaged(what: &'static str) -> Hdf5Error {
    Hdf5Error::Damaged { what }
}

fn unread(name: &str, what: String) -> Hdf5Error {
    let name = name.to_owned();
    Hdf5Error::Unread { name, what }
}

fn expect(head: &[u8], signature: &[u8]) -> Result<(), Hdf5Error> {
    if head.starts_with(signature) {
        return Ok(());
    }
    Err(damaged("a structure does not begin with its signature"))
}

fn offset(at: u64, by: u64) -> Result<u64, Hdf5Error> {
    at.checked_add(by)
        .ok_or(damaged("an address lies outside the file"))
}

fn array<const N: usize>(data: &[u8], at: usize) -> Result<[u8; N], Hdf5Error> {
    let part = data.get(at..).and_then(|rest| rest.first_chunk::<N>());
    part.copied().ok_or(damaged("a structure is cut off"))
}

fn u16_at(data: &[u8], at: usize) -> Result<u16, Hdf5Error> {
    array(data, at).map(u16::from_le_bytes)
}

fn u32_at(data: &[u8], at: usize) -> Result<u32, Hdf5Error> {
    array(data, at).map(u32::from_le_bytes)
}

fn u64_at(data: &[u8], at: usize) -> Result<u64, Hdf5Error> {
    array(data, at).map(u64::from_le_bytes)
}
