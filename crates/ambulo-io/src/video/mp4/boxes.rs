//! Boxes: the parts that an MP4 or MOV file is made of.
//!
//! Source: ISO/IEC 14496-12:2022, 4.2.

/// Why the index of an MP4 or MOV file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mp4Error {
    /// A box reaches beyond what holds it.
    #[error("the box {name:?} is {size} bytes long, more than the {room} around it")]
    Overrun {
        /// Its name.
        name: String,
        /// Its size.
        size: u64,
        /// What was left.
        room: u64,
    },
    /// A box that must be there is not.
    #[error("the box {name:?} is missing")]
    Missing {
        /// Its name.
        name: &'static str,
    },
    /// A box is shorter than its own counts say.
    #[error("the box {name:?} ends early")]
    Short {
        /// Its name.
        name: &'static str,
    },
    /// A value makes no sense.
    #[error("{what} cannot be {value}")]
    Value {
        /// What.
        what: &'static str,
        /// The value.
        value: u64,
    },
    /// More boxes, frames or bytes of index than a recording has.
    #[error("more than {limit} {what}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The file ends before its index, which cameras write last.
    #[error(
        "the file ends before its index (the box moov), which cameras write when a recording is \
         stopped; it was cut off, and its pictures cannot be found. Copy it from the camera again"
    )]
    CutBeforeIndex,
    /// The pictures lie in another file.
    #[error("the pictures lie in another file, which is not opened")]
    ElsewhereStored,
}

/// Four letters that name a box or a codec.
pub(crate) type Name = [u8; 4];

/// The letters of a name, with those that cannot be shown as dots.
pub(crate) fn letters(name: Name) -> String {
    name.iter()
        .map(|&byte| {
            if byte.is_ascii_graphic() || byte == b' ' {
                char::from(byte)
            } else {
                '.'
            }
        })
        .collect()
}

/// Numbers in a box, big end first, each `None` beyond the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is not yet read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(bytes)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*bytes)
    }

    pub(crate) fn name(&mut self) -> Option<Name> {
        self.array()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A number of 32 bits, or of 64 in the second version of a box.
    pub(crate) fn wide(&mut self, version: u8) -> Option<u64> {
        if version == 0 {
            self.u32().map(u64::from)
        } else {
            self.u64()
        }
    }

    /// Version and flags, with which most boxes begin.
    pub(crate) fn version(&mut self) -> Option<(u8, u32)> {
        let word = self.u32()?;
        Some(((word >> 24) as u8, word & 0x00FF_FFFF))
    }
}

/// A box: its name and content.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mp4Box<'a> {
    pub(crate) name: Name,
    pub(crate) content: &'a [u8],
}

/// The boxes in some bytes, one after the other. Fewer than eight bytes at the end are no box:
/// `QuickTime` ends some lists with four bytes of zero.
pub(crate) fn boxes(bytes: &[u8]) -> Result<Vec<Mp4Box<'_>>, Mp4Error> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while rest.len() >= 8 {
        let mut fields = Fields::new(rest);
        let (Some(size), Some(name)) = (fields.u32(), fields.name()) else {
            break;
        };
        let (size, head) = match size {
            0 => (rest.len() as u64, 8),
            1 => match fields.u64() {
                Some(size) => (size, 16),
                None => break,
            },
            size => (u64::from(size), 8),
        };
        let whole = usize::try_from(size)
            .ok()
            .filter(|&size| size >= head)
            .and_then(|size| rest.split_at_checked(size));
        let Some((whole, tail)) = whole else {
            return Err(Mp4Error::Overrun {
                name: letters(name),
                size,
                room: rest.len() as u64,
            });
        };
        found.push(Mp4Box {
            name,
            content: &whole[head..],
        });
        rest = tail;
    }
    Ok(found)
}

/// The content of the first box of that name.
pub(crate) fn find<'a>(boxes: &[Mp4Box<'a>], name: &'static str) -> Option<&'a [u8]> {
    boxes
        .iter()
        .find(|found| found.name == name.as_bytes())
        .map(|found| found.content)
}

/// The content of the first box of that name, which must be there.
pub(crate) fn need<'a>(boxes: &[Mp4Box<'a>], name: &'static str) -> Result<&'a [u8], Mp4Error> {
    find(boxes, name).ok_or(Mp4Error::Missing { name })
}
