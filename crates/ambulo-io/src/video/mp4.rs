//! The index of MP4 and MOV files: which bytes hold which frame, and when it is shown.
//!
//! Only the index is read, never the pictures: memory grows with the number of frames (some 50 bytes
//! each), not with the size of the file. Nothing that a file says of itself is believed without bound.
//!
//! Source: ISO/IEC 14496-12:2022; ISO/IEC 14496-15:2022 for H.264; Apple, `QuickTime` File Format.

mod boxes;
mod edits;
mod fragments;
mod samples;
mod track;
mod write;

use std::io::{Read, Seek, SeekFrom};

pub use boxes::Mp4Error;
pub(crate) use boxes::{Fields, letters};
pub(crate) use samples::Sample;
pub(crate) use write::{Film, Written};

use super::codec::Codec;
use super::colour::ColourTags;
use super::error::VideoError;
use super::h264::AvcConfig;
use super::orientation::Orientation;
use edits::Presentation;
use fragments::{Defaults, Gathered};
use track::Track;

/// No index of a recording is larger: 24 hours at 60 Hz take some 120 MB.
const MAX_INDEX_BYTES: u64 = 512 << 20;
/// No fragment's index is larger.
const MAX_FRAGMENT_BYTES: u64 = 16 << 20;
/// No file has more boxes side by side.
const MAX_BOXES: u64 = 200_000;

/// The video track of an MP4 or MOV file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Index {
    /// How pictures are coded.
    pub(crate) codec: Codec,
    /// Parameter sets, for H.264.
    pub(crate) avc: Option<AvcConfig>,
    /// Columns and rows as the track says.
    pub(crate) size_px: [u32; 2],
    /// How pictures must be turned to stand upright.
    pub(crate) orientation: Orientation,
    /// Width and height of a pixel, if said.
    pub(crate) pixel_aspect: Option<[u32; 2]>,
    /// Colours, as far as said.
    pub(crate) colour: ColourTags,
    /// Ticks a second of the frames' times.
    pub(crate) ticks_hz: u32,
    /// Coded pictures that the file holds, in the order of decoding.
    pub(crate) samples: Vec<Sample>,
    /// For each sample its place in the order of showing; `None` if it is not shown.
    pub(crate) places: Vec<Option<u32>>,
    /// When each shown frame is shown, in seconds from the first, increasing.
    pub(crate) times_s: Vec<f64>,
    /// From the first frame to the end of the last, in seconds.
    pub(crate) duration_s: f64,
    /// Frames that the index names and the file does not hold.
    pub(crate) missing_frames: usize,
    /// Bytes by which the file is shorter than it says.
    pub(crate) missing_bytes: u64,
    /// Frames left out because another is shown at the same time.
    pub(crate) repeated_times: usize,
    /// Whether an edit list could not be followed.
    pub(crate) edits_ignored: bool,
    /// Whether one description of the coding stands for all frames.
    pub(crate) single_description: bool,
}

/// The parts of a file that the index is made of.
struct Parts {
    moov: Option<Vec<u8>>,
    fragments: Vec<(u64, Vec<u8>)>,
    missing_bytes: u64,
}

impl Index {
    /// Reads the index of a file of `length` bytes.
    pub(crate) fn read(file: &mut (impl Read + Seek), length: u64) -> Result<Self, VideoError> {
        let parts = Parts::read(file, length)?;
        let moov = parts.moov.as_deref().ok_or(Mp4Error::CutBeforeIndex)?;
        let moov = boxes::boxes(moov)?;
        let movie = track::Movie::parse(boxes::need(&moov, "mvhd")?)?;
        let track = Track::choose(&moov, &movie)?;
        let mut tables = samples::of_tables(&track.tables()?, length)?;
        let defaults = track_defaults(&moov, track.number)?;
        if !parts.fragments.is_empty() {
            let mut gathered = Gathered::new(length);
            for (start, content) in &parts.fragments {
                gathered.add(content, *start, track.number, defaults)?;
            }
            tables.promised += gathered.samples.len();
            tables.samples.append(&mut gathered.samples);
        }
        let within = |sample: &Sample| {
            sample.size > 0 && sample.offset.saturating_add(u64::from(sample.size)) <= length
        };
        let empty = tables.samples.iter().filter(|s| s.size == 0).count();
        let mut samples = tables.samples;
        samples.retain(within);
        let missing_frames = tables.promised - empty - samples.len();
        let presentation = Presentation::of(&track.edits, movie.ticks_hz, track.ticks_hz);
        let shown = Shown::of(&samples, &presentation, track.ticks_hz);
        Ok(Self {
            codec: track.codec,
            avc: track.avc,
            size_px: track.size_px,
            orientation: track.orientation,
            pixel_aspect: track.pixel_aspect,
            colour: track.colour,
            ticks_hz: track.ticks_hz,
            samples,
            duration_s: shown.duration_s(),
            places: shown.places,
            times_s: shown.times_s,
            missing_frames,
            missing_bytes: parts.missing_bytes,
            repeated_times: shown.repeated_times,
            edits_ignored: presentation == Presentation::Unusable,
            single_description: tables.single_description,
        })
    }
}

impl Parts {
    fn read(file: &mut (impl Read + Seek), length: u64) -> Result<Self, VideoError> {
        let mut parts = Self {
            moov: None,
            fragments: Vec::new(),
            missing_bytes: 0,
        };
        let mut at = 0_u64;
        let mut fragment_bytes = 0;
        for number in 0.. {
            if number == MAX_BOXES {
                return Err(limit("boxes", MAX_BOXES).into());
            }
            let Some((name, head, size)) = head_of_box(file, at, length)? else {
                break;
            };
            let room = length - at;
            if size > room {
                parts.missing_bytes = size - room;
            }
            let here = size.min(room);
            match &name {
                b"moov" if parts.moov.is_none() => {
                    if size > room {
                        return Err(Mp4Error::CutBeforeIndex.into());
                    }
                    if size > MAX_INDEX_BYTES {
                        return Err(limit("bytes of index", MAX_INDEX_BYTES).into());
                    }
                    parts.moov = Some(content(file, at + head, here - head)?);
                }
                b"moof" if size <= room => {
                    fragment_bytes += size;
                    if size > MAX_FRAGMENT_BYTES || fragment_bytes > MAX_INDEX_BYTES {
                        return Err(limit("bytes of index", MAX_FRAGMENT_BYTES).into());
                    }
                    parts
                        .fragments
                        .push((at, content(file, at + head, here - head)?));
                }
                _ => {}
            }
            at += here;
        }
        Ok(parts)
    }
}

fn limit(what: &'static str, limit: u64) -> Mp4Error {
    Mp4Error::Limit { what, limit }
}

/// Name, bytes of the head, and bytes in all of the box at some place; `None` where no box begins.
fn head_of_box(
    file: &mut (impl Read + Seek),
    at: u64,
    length: u64,
) -> Result<Option<(boxes::Name, u64, u64)>, VideoError> {
    if length.saturating_sub(at) < 8 {
        return Ok(None);
    }
    let head = content(file, at, 16.min(length - at))?;
    let mut fields = Fields::new(&head);
    let (Some(size), Some(name)) = (fields.u32(), fields.name()) else {
        return Ok(None);
    };
    let (size, head) = match size {
        0 => (length - at, 8),
        1 => match fields.u64() {
            Some(size) => (size, 16),
            None => return Ok(None),
        },
        size => (u64::from(size), 8),
    };
    if size < head {
        return Ok(None);
    }
    Ok(Some((name, head, size)))
}

fn content(file: &mut (impl Read + Seek), at: u64, bytes: u64) -> Result<Vec<u8>, VideoError> {
    file.seek(SeekFrom::Start(at)).map_err(VideoError::Read)?;
    let mut content = Vec::new();
    let read = file
        .take(bytes)
        .read_to_end(&mut content)
        .map_err(VideoError::Read)?;
    if (read as u64) < bytes {
        return Err(Mp4Error::CutBeforeIndex.into());
    }
    Ok(content)
}

fn track_defaults(moov: &[boxes::Mp4Box<'_>], track: u32) -> Result<Defaults, Mp4Error> {
    let Some(mvex) = boxes::find(moov, "mvex") else {
        return Ok(Defaults::default());
    };
    Ok(boxes::boxes(mvex)?
        .iter()
        .filter(|part| part.name == *b"trex")
        .filter_map(|part| Defaults::parse(part.content))
        .find(|(number, _)| *number == track)
        .map(|(_, defaults)| defaults)
        .unwrap_or_default())
}

/// Frames in the order of showing.
struct Shown {
    places: Vec<Option<u32>>,
    times_s: Vec<f64>,
    repeated_times: usize,
}

impl Shown {
    fn of(samples: &[Sample], presentation: &Presentation, ticks_hz: u32) -> Self {
        let mut order: Vec<(f64, u32)> = samples
            .iter()
            .zip(0_u32..)
            .filter_map(|(sample, number)| {
                let time_s = presentation.time_s(sample.shown_ticks, ticks_hz)?;
                Some((time_s, number))
            })
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut places = vec![None; samples.len()];
        let mut times_s: Vec<f64> = Vec::with_capacity(order.len());
        let mut repeated_times = 0;
        let first_s = order.first().map_or(0.0, |first| first.0);
        for (time_s, number) in order {
            let time_s = time_s - first_s;
            if times_s.last().is_some_and(|last| *last >= time_s) {
                repeated_times += 1;
                continue;
            }
            places[number as usize] = u32::try_from(times_s.len()).ok();
            times_s.push(time_s);
        }
        Self {
            places,
            times_s,
            repeated_times,
        }
    }

    /// To the end of the last frame, which is taken to last as long as the one before.
    fn duration_s(&self) -> f64 {
        match self.times_s[..] {
            [.., before, last] => last + (last - before),
            _ => 0.0,
        }
    }
}
