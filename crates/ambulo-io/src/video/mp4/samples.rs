//! The tables of samples: where each lies, how long it is, when it is shown.
//!
//! Source: ISO/IEC 14496-12:2022, 8.6 and 8.7.

use super::boxes::{Fields, Mp4Box, Mp4Error, find, need};

/// A coded picture in the file, in the order of decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// First byte in the file.
    pub(crate) offset: u64,
    /// Bytes.
    pub(crate) size: u32,
    /// When it is shown, in ticks of the track.
    pub(crate) shown_ticks: i64,
}

/// No recording has more frames: 37 hours at 60 Hz.
pub(crate) const MAX_SAMPLES: usize = 8_000_000;

/// The samples of a `stbl` box.
///
/// Their number is bounded by the bytes of the tables, or, where one size stands for all, by the bytes
/// of the file that they fill.
pub(crate) fn of_tables(stbl: &[Mp4Box<'_>], file_bytes: u64) -> Result<Tables, Mp4Error> {
    let sizes = sizes(stbl, file_bytes)?;
    let count = sizes.len();
    let mut samples = Vec::with_capacity(count);
    let mut sizes = sizes.into_iter();
    let mut single_description = true;
    let chunks = chunks(stbl)?;
    let mut runs = ChunkRuns::new(need(stbl, "stsc")?)?;
    'chunks: for (chunk, &start) in chunks.iter().enumerate() {
        let (in_chunk, description) = runs.of_chunk(chunk)?;
        single_description &= description == 1;
        let mut offset = start;
        for _ in 0..in_chunk {
            let Some(size) = sizes.next() else {
                break 'chunks;
            };
            samples.push(Sample {
                offset,
                size,
                shown_ticks: 0,
            });
            offset = offset.saturating_add(u64::from(size));
        }
    }
    let timed = times(stbl, &mut samples)?;
    samples.truncate(timed);
    Ok(Tables {
        promised: count,
        samples,
        single_description,
    })
}

/// The samples that the tables place and time.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) samples: Vec<Sample>,
    /// Samples that have a size.
    pub(crate) promised: usize,
    /// Whether one description of the coding stands for all.
    pub(crate) single_description: bool,
}

fn sizes(stbl: &[Mp4Box<'_>], file_bytes: u64) -> Result<Vec<u32>, Mp4Error> {
    if let Some(content) = find(stbl, "stz2") {
        return compact_sizes(content).ok_or(Mp4Error::Short { name: "stz2" })?;
    }
    let short = Mp4Error::Short { name: "stsz" };
    let mut fields = Fields::new(need(stbl, "stsz")?);
    let head = (fields.version(), fields.u32(), fields.u32());
    let (Some(_), Some(same), Some(count)) = head else {
        return Err(short);
    };
    let count = within_limit(count)?;
    if same != 0 {
        let fit = file_bytes / u64::from(same);
        let count = count.min(usize::try_from(fit).unwrap_or(usize::MAX));
        return Ok(vec![same; count]);
    }
    // A table cut short gives the samples it has.
    Ok(fields
        .rest()
        .chunks_exact(4)
        .take(count)
        .map(|size| u32::from_be_bytes([size[0], size[1], size[2], size[3]]))
        .collect())
}

fn within_limit(count: u32) -> Result<usize, Mp4Error> {
    usize::try_from(count)
        .ok()
        .filter(|&count| count <= MAX_SAMPLES)
        .ok_or(Mp4Error::Limit {
            what: "frames",
            limit: MAX_SAMPLES as u64,
        })
}

fn compact_sizes(content: &[u8]) -> Option<Result<Vec<u32>, Mp4Error>> {
    let mut fields = Fields::new(content);
    fields.version()?;
    let bits = fields.u32()? & 0xFF;
    let count = match within_limit(fields.u32()?) {
        Ok(count) => count,
        Err(error) => return Some(Err(error)),
    };
    let bytes = fields.rest();
    Some(match bits {
        4 => Ok(bytes
            .iter()
            .flat_map(|&byte| [u32::from(byte >> 4), u32::from(byte & 15)])
            .take(count)
            .collect()),
        8 => Ok(bytes
            .iter()
            .map(|&byte| u32::from(byte))
            .take(count)
            .collect()),
        16 => Ok(bytes
            .chunks_exact(2)
            .map(|size| u32::from(u16::from_be_bytes([size[0], size[1]])))
            .take(count)
            .collect()),
        bits => Err(Mp4Error::Value {
            what: "the bits of a sample's size",
            value: u64::from(bits),
        }),
    })
}

/// The first byte of each chunk.
fn chunks(stbl: &[Mp4Box<'_>]) -> Result<Vec<u64>, Mp4Error> {
    let (content, name, width) = match find(stbl, "co64") {
        Some(content) => (content, "co64", 8),
        None => (need(stbl, "stco")?, "stco", 4),
    };
    let mut fields = Fields::new(content);
    let (Some(_), Some(count)) = (fields.version(), fields.u32()) else {
        return Err(Mp4Error::Short { name });
    };
    Ok(fields
        .rest()
        .chunks_exact(width)
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .map(|bytes| {
            bytes
                .iter()
                .fold(0, |sum, &byte| sum << 8 | u64::from(byte))
        })
        .collect())
}

/// How many samples a chunk holds, run after run of chunks.
struct ChunkRuns<'a> {
    fields: Fields<'a>,
    left: u32,
    current: (u32, u32),
    next: Option<(u32, u32, u32)>,
}

impl<'a> ChunkRuns<'a> {
    fn new(content: &'a [u8]) -> Result<Self, Mp4Error> {
        let short = Mp4Error::Short { name: "stsc" };
        let mut fields = Fields::new(content);
        let (Some(_), Some(left)) = (fields.version(), fields.u32()) else {
            return Err(short);
        };
        let mut runs = Self {
            fields,
            left,
            current: (0, 1),
            next: None,
        };
        runs.next = runs.read();
        if runs.next.is_none_or(|(first, ..)| first != 1) {
            return Err(short);
        }
        Ok(runs)
    }

    fn read(&mut self) -> Option<(u32, u32, u32)> {
        self.left = self.left.checked_sub(1)?;
        Some((self.fields.u32()?, self.fields.u32()?, self.fields.u32()?))
    }

    /// Samples and description of a chunk, asked for in order from 0.
    fn of_chunk(&mut self, chunk: usize) -> Result<(u32, u32), Mp4Error> {
        let number = chunk as u64 + 1;
        while let Some((first, samples, description)) = self.next
            && u64::from(first) <= number
        {
            self.current = (samples, description);
            self.next = self.read();
            if let Some((next, ..)) = self.next
                && next <= first
            {
                return Err(Mp4Error::Value {
                    what: "the first chunk of a run",
                    value: u64::from(next),
                });
            }
        }
        Ok(self.current)
    }
}

/// Gives samples their times; returns how many the tables time.
fn times(stbl: &[Mp4Box<'_>], samples: &mut [Sample]) -> Result<usize, Mp4Error> {
    let mut fields = Fields::new(need(stbl, "stts")?);
    let (Some(_), Some(mut runs)) = (fields.version(), fields.u32()) else {
        return Err(Mp4Error::Short { name: "stts" });
    };
    let mut timed = 0;
    let mut decoded = 0_i64;
    while runs > 0 && timed < samples.len() {
        let (Some(count), Some(delta)) = (fields.u32(), fields.u32()) else {
            break;
        };
        runs -= 1;
        let end = samples.len().min(timed.saturating_add(count as usize));
        for sample in &mut samples[timed..end] {
            sample.shown_ticks = decoded;
            decoded = decoded.saturating_add(i64::from(delta));
        }
        timed = end;
    }
    let Some(content) = find(stbl, "ctts") else {
        return Ok(timed);
    };
    let mut fields = Fields::new(content);
    let (Some(_), Some(mut runs)) = (fields.version(), fields.u32()) else {
        return Err(Mp4Error::Short { name: "ctts" });
    };
    let mut shifted = 0;
    while runs > 0 && shifted < timed {
        // Version 0 has no sign by the letter, but files use it with one.
        let (Some(count), Some(offset)) = (fields.u32(), fields.i32()) else {
            break;
        };
        runs -= 1;
        let end = timed.min(shifted.saturating_add(count as usize));
        for sample in &mut samples[shifted..end] {
            sample.shown_ticks = sample.shown_ticks.saturating_add(i64::from(offset));
        }
        shifted = end;
    }
    Ok(timed)
}
