//! Writes MP4: H.264 frames with their own times, the index first, so that playing can begin at once.
//!
//! Source: ISO/IEC 14496-12:2022; ISO/IEC 14496-15:2022.

use crate::video::h264::AvcConfig;

/// A coded frame, as the index must know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// Bytes.
    pub(crate) size: u32,
    /// When it is shown, in ticks from the first frame.
    pub(crate) ticks: u64,
    /// Whether decoding can begin with it.
    pub(crate) is_key: bool,
}

/// What the index says of all frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Film<'a> {
    pub(crate) size_px: [u16; 2],
    pub(crate) ticks_hz: u32,
    pub(crate) sequence_set: &'a [u8],
    pub(crate) picture_sets: &'a [Vec<u8>],
    pub(crate) frames: &'a [Written],
}

/// Frames in each chunk: an index entry for each some hundred kilobytes.
const FRAMES_PER_CHUNK: u32 = 16;

/// Ticks a second of the film, beside the track's own.
const FILM_HZ: u32 = 1000;

impl Film<'_> {
    /// All that comes before the frames' bytes: brand, index, and the head of the box that holds them.
    ///
    /// `None` if the frames cannot be described: parameter sets or counts beyond what the format holds.
    pub(crate) fn head(&self) -> Option<Vec<u8>> {
        let brand = boxed(*b"ftyp", &[b"isom", &[0, 0, 2, 0], b"isomiso2avc1mp41"]);
        // Where the frames lie depends on how long the index is, which does not depend on where.
        let length = self.index(0)?.len() + brand.len();
        let bytes: u64 = self.frames.iter().map(|frame| u64::from(frame.size)).sum();
        let mut data = Vec::new();
        data.extend_from_slice(&1_u32.to_be_bytes());
        data.extend_from_slice(b"mdat");
        data.extend_from_slice(&(bytes + 16).to_be_bytes());
        u32::try_from(length).ok()?;
        let index = self.index((length + data.len()) as u64)?;
        Some([brand, index, data].concat())
    }

    fn index(&self, first_byte: u64) -> Option<Vec<u8>> {
        let duration = self.duration();
        let film_duration = u128::from(duration) * u128::from(FILM_HZ) / u128::from(self.ticks_hz);
        let film_duration = u64::try_from(film_duration).ok()?.to_be_bytes();
        let unit = matrix();
        let movie = boxed(
            *b"mvhd",
            &[
                &[1, 0, 0, 0],
                &[0; 16],
                &FILM_HZ.to_be_bytes(),
                &film_duration,
                &[0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                &unit,
                &[0; 24],
                &2_u32.to_be_bytes(),
            ],
        );
        let [width, height] = self
            .size_px
            .map(|length| (u32::from(length) << 16).to_be_bytes());
        let track_head = boxed(
            *b"tkhd",
            &[
                &[1, 0, 0, 3],
                &[0; 16],
                &1_u32.to_be_bytes(),
                &[0; 4],
                &film_duration,
                &[0; 16],
                &unit,
                &width,
                &height,
            ],
        );
        let media_head = boxed(
            *b"mdhd",
            &[
                &[1, 0, 0, 0],
                &[0; 16],
                &self.ticks_hz.to_be_bytes(),
                &duration.to_be_bytes(),
                &[0x55, 0xC4, 0, 0],
            ],
        );
        let handler = boxed(*b"hdlr", &[&[0; 8], b"vide", &[0; 12], b"ambulo\0"]);
        let reference = boxed(
            *b"dref",
            &[
                &[0, 0, 0, 0, 0, 0, 0, 1],
                &boxed(*b"url ", &[&[0, 0, 0, 1]]),
            ],
        );
        let tables = boxed(
            *b"stbl",
            &[
                &self.description()?,
                &self.durations()?,
                &self.keys(),
                &self.chunk_runs(),
                &self.sizes()?,
                &self.chunk_places(first_byte),
            ],
        );
        let information = boxed(
            *b"minf",
            &[
                &boxed(*b"vmhd", &[&[0, 0, 0, 1], &[0; 8]]),
                &boxed(*b"dinf", &[&reference]),
                &tables,
            ],
        );
        let media = boxed(*b"mdia", &[&media_head, &handler, &information]);
        let track = boxed(*b"trak", &[&track_head, &media]);
        Some(boxed(*b"moov", &[&movie, &track]))
    }

    /// Ticks that a frame lasts: to the next one; the last as long as the one before it.
    fn lasting(&self, frame: usize) -> u64 {
        let between = |a: usize, b: usize| match (self.frames.get(a), self.frames.get(b)) {
            (Some(a), Some(b)) => Some(b.ticks - a.ticks),
            _ => None,
        };
        between(frame, frame + 1)
            .or_else(|| between(frame.checked_sub(1)?, frame))
            .unwrap_or_else(|| u64::from(self.ticks_hz / 25))
    }

    fn duration(&self) -> u64 {
        let Some(last) = self.frames.last() else {
            return 0;
        };
        last.ticks + self.lasting(self.frames.len() - 1)
    }

    fn description(&self) -> Option<Vec<u8>> {
        let sets = AvcConfig::compose(self.sequence_set, self.picture_sets)?;
        let [width, height] = self.size_px.map(u16::to_be_bytes);
        // BT.709 primaries, transfer and matrix; limited range.
        let colour = boxed(*b"colr", &[b"nclx", &[0, 1, 0, 1, 0, 1, 0]]);
        let entry = boxed(
            *b"avc1",
            &[
                &[0, 0, 0, 0, 0, 0, 0, 1],
                &[0; 16],
                &width,
                &height,
                &[0, 0x48, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 1],
                &[0; 32],
                &[0, 0x18, 0xFF, 0xFF],
                &boxed(*b"avcC", &[&sets]),
                &colour,
            ],
        );
        Some(boxed(*b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &entry]))
    }

    fn durations(&self) -> Option<Vec<u8>> {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for frame in 0..self.frames.len() {
            let lasting = u32::try_from(self.lasting(frame)).ok()?;
            match runs.last_mut() {
                Some((count, same)) if *same == lasting => *count += 1,
                _ => runs.push((1, lasting)),
            }
        }
        let entries = runs.iter().flat_map(|(count, ticks)| [*count, *ticks]);
        Some(table(*b"stts", runs.len(), entries))
    }

    fn keys(&self) -> Vec<u8> {
        let numbered = self.frames.iter().zip(1_u32..);
        let keys: Vec<u32> = numbered
            .filter(|(frame, _)| frame.is_key)
            .map(|(_, number)| number)
            .collect();
        table(*b"stss", keys.len(), keys.iter().copied())
    }

    fn sizes(&self) -> Option<Vec<u8>> {
        let count = u32::try_from(self.frames.len()).ok()?;
        let sizes: Vec<u8> = self
            .frames
            .iter()
            .flat_map(|frame| frame.size.to_be_bytes())
            .collect();
        Some(boxed(*b"stsz", &[&[0; 8], &count.to_be_bytes(), &sizes]))
    }

    fn chunk_runs(&self) -> Vec<u8> {
        let frames = number(self.frames.len());
        let full = frames / FRAMES_PER_CHUNK;
        let rest = frames % FRAMES_PER_CHUNK;
        let mut runs = Vec::new();
        if full > 0 {
            runs.extend([1, FRAMES_PER_CHUNK, 1]);
        }
        if rest > 0 {
            runs.extend([full + 1, rest, 1]);
        }
        table(*b"stsc", runs.len() / 3, runs.iter().copied())
    }

    fn chunk_places(&self, first_byte: u64) -> Vec<u8> {
        let mut at = first_byte;
        let mut places = Vec::new();
        for chunk in self.frames.chunks(FRAMES_PER_CHUNK as usize) {
            places.push(at);
            at += chunk.iter().map(|frame| u64::from(frame.size)).sum::<u64>();
        }
        let halves = places
            .iter()
            .flat_map(|place| [number(place >> 32), number(place & 0xFFFF_FFFF)]);
        table(*b"co64", places.len(), halves)
    }
}

/// A number of 32 bits; an index that needs more is not written (see [`Film::head`]).
fn number(value: impl TryInto<u32>) -> u32 {
    value.try_into().unwrap_or(u32::MAX)
}

fn boxed(name: [u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 8);
    bytes.extend_from_slice(&number(length + 8).to_be_bytes());
    bytes.extend_from_slice(&name);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// A box of a count and numbers.
fn table(name: [u8; 4], count: usize, numbers: impl Iterator<Item = u32>) -> Vec<u8> {
    let numbers: Vec<u8> = numbers.flat_map(u32::to_be_bytes).collect();
    boxed(name, &[&[0; 4], &number(count).to_be_bytes(), &numbers])
}

/// The matrix that leaves pictures as they are.
fn matrix() -> [u8; 36] {
    let mut matrix = [0; 36];
    matrix[1] = 1;
    matrix[17] = 1;
    matrix[32] = 0x40;
    matrix
}
