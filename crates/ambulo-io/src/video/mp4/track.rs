//! The video track: how its pictures are coded, turned and timed.
//!
//! Source: ISO/IEC 14496-12:2022, 8.2 to 8.5 and 12.1.

use super::boxes::{Fields, Mp4Box, Mp4Error, Name, boxes, find, letters, need};
use super::edits::{self, Edit};
use crate::video::codec::Codec;
use crate::video::colour::{ColourTags, Matrix};
use crate::video::error::VideoError;
use crate::video::h264::AvcConfig;
use crate::video::orientation::{Matrix2, Orientation};

/// The whole film: its ticks and how it is turned.
pub(super) struct Movie {
    pub(super) ticks_hz: u32,
    turn: Matrix2,
}

impl Movie {
    pub(super) fn parse(mvhd: &[u8]) -> Result<Self, Mp4Error> {
        Self::fields(mvhd).ok_or(Mp4Error::Short { name: "mvhd" })
    }

    fn fields(mvhd: &[u8]) -> Option<Self> {
        let mut fields = Fields::new(mvhd);
        let (version, _) = fields.version()?;
        fields.wide(version)?;
        fields.wide(version)?;
        let ticks_hz = fields.u32()?;
        fields.wide(version)?;
        fields.bytes(16)?; // Rate, volume, reserved.
        let turn = matrix(&mut fields)?;
        Some(Self { ticks_hz, turn })
    }
}

/// The part of a matrix that turns; its numbers have 16 bits behind the point.
fn matrix(fields: &mut Fields<'_>) -> Option<Matrix2> {
    let a = fields.i32()?;
    let b = fields.i32()?;
    fields.i32()?;
    let c = fields.i32()?;
    let d = fields.i32()?;
    let number = |fixed: i32| f64::from(fixed) / 65_536.0;
    Some([number(a), number(b), number(c), number(d)])
}

/// The chosen track.
pub(super) struct Track<'a> {
    pub(super) number: u32,
    pub(super) codec: Codec,
    pub(super) avc: Option<AvcConfig>,
    pub(super) size_px: [u32; 2],
    pub(super) orientation: Orientation,
    pub(super) pixel_aspect: Option<[u32; 2]>,
    pub(super) colour: ColourTags,
    pub(super) ticks_hz: u32,
    pub(super) edits: Vec<Edit>,
    stbl: &'a [u8],
}

impl<'a> Track<'a> {
    /// The video track with the largest pictures.
    pub(super) fn choose(moov: &[Mp4Box<'a>], movie: &Movie) -> Result<Self, VideoError> {
        let mut best: Option<Self> = None;
        let mut others = Vec::new();
        let mut failure = None;
        for trak in moov.iter().filter(|part| part.name == *b"trak") {
            match Self::parse(trak.content, movie) {
                Ok(Kind::Video(track)) => {
                    let area =
                        |track: &Self| u64::from(track.size_px[0]) * u64::from(track.size_px[1]);
                    if best.as_ref().is_none_or(|best| area(best) < area(&track)) {
                        best = Some(*track);
                    }
                }
                Ok(Kind::Other(what)) => others.push(what),
                Err(error) => failure = Some(error),
            }
        }
        match (best, failure) {
            (Some(track), _) => Ok(track),
            (None, Some(error)) => Err(error),
            (None, None) => Err(VideoError::NoVideo {
                holds: if others.is_empty() {
                    "nothing".to_owned()
                } else {
                    others.join(", ")
                },
            }),
        }
    }

    fn parse(trak: &'a [u8], movie: &Movie) -> Result<Kind<'a>, VideoError> {
        let trak = boxes(trak)?;
        let mdia = boxes(need(&trak, "mdia")?)?;
        let mut hdlr = Fields::new(need(&mdia, "hdlr")?);
        let handler = hdlr.bytes(8).and_then(|_| hdlr.name());
        let handler = handler.ok_or(Mp4Error::Short { name: "hdlr" })?;
        if handler != *b"vide" {
            return Ok(Kind::Other(match &handler {
                b"soun" => "sound".to_owned(),
                b"text" | b"sbtl" | b"subt" => "text".to_owned(),
                _ => letters(handler),
            }));
        }
        let (number, turn) = track_head(need(&trak, "tkhd")?)?;
        let ticks_hz = media_ticks(need(&mdia, "mdhd")?)?;
        let minf = boxes(need(&mdia, "minf")?)?;
        let stbl = need(&minf, "stbl")?;
        let entry = Entry::parse(need(&boxes(stbl)?, "stsd")?)?;
        self_contained(&minf, entry.reference)?;
        let edits = match find(&trak, "edts") {
            Some(edts) => match find(&boxes(edts)?, "elst") {
                Some(elst) => edits::parse(elst)?,
                None => Vec::new(),
            },
            None => Vec::new(),
        };
        Ok(Kind::Video(Box::new(Self {
            number,
            codec: entry.codec,
            avc: entry.avc,
            size_px: entry.size_px,
            orientation: Orientation::of_matrices(turn, movie.turn),
            pixel_aspect: entry.pixel_aspect,
            colour: entry.colour,
            ticks_hz,
            edits,
            stbl,
        })))
    }

    /// The boxes of its tables.
    pub(super) fn tables(&self) -> Result<Vec<Mp4Box<'a>>, Mp4Error> {
        boxes(self.stbl)
    }
}

/// What a track holds.
enum Kind<'a> {
    Video(Box<Track<'a>>),
    Other(String),
}

fn track_head(tkhd: &[u8]) -> Result<(u32, Matrix2), Mp4Error> {
    let parse = || {
        let mut fields = Fields::new(tkhd);
        let (version, _) = fields.version()?;
        fields.wide(version)?;
        fields.wide(version)?;
        let number = fields.u32()?;
        fields.u32()?;
        fields.wide(version)?;
        fields.bytes(16)?; // Reserved, layer, group, volume.
        Some((number, matrix(&mut fields)?))
    };
    parse().ok_or(Mp4Error::Short { name: "tkhd" })
}

fn media_ticks(mdhd: &[u8]) -> Result<u32, Mp4Error> {
    let parse = || {
        let mut fields = Fields::new(mdhd);
        let (version, _) = fields.version()?;
        fields.wide(version)?;
        fields.wide(version)?;
        fields.u32()
    };
    let ticks_hz = parse().ok_or(Mp4Error::Short { name: "mdhd" })?;
    if ticks_hz == 0 {
        return Err(Mp4Error::Value {
            what: "the ticks of a second",
            value: 0,
        });
    }
    Ok(ticks_hz)
}

/// Pictures may lie in other files, named by the recording. They are not opened.
fn self_contained(minf: &[Mp4Box<'_>], reference: u16) -> Result<(), Mp4Error> {
    let Some(dinf) = find(minf, "dinf") else {
        return Ok(());
    };
    let Some(dref) = find(&boxes(dinf)?, "dref") else {
        return Ok(());
    };
    let entries = boxes(dref.get(8..).unwrap_or_default())?;
    let entry = usize::from(reference)
        .checked_sub(1)
        .and_then(|index| entries.get(index));
    let here = entry.is_none_or(|entry| entry.content.get(3).is_none_or(|flags| flags & 1 == 1));
    if here {
        Ok(())
    } else {
        Err(Mp4Error::ElsewhereStored)
    }
}

/// The description of the coding, from `stsd`.
struct Entry {
    codec: Codec,
    avc: Option<AvcConfig>,
    size_px: [u32; 2],
    pixel_aspect: Option<[u32; 2]>,
    colour: ColourTags,
    reference: u16,
}

impl Entry {
    fn parse(stsd: &[u8]) -> Result<Self, VideoError> {
        let short = Mp4Error::Short { name: "stsd" };
        let entries = boxes(stsd.get(8..).unwrap_or_default())?;
        let entry = entries.first().ok_or(short.clone())?;
        let name: Name = entry.name;
        if name == *b"encv" {
            return Err(VideoError::Encrypted);
        }
        let mut fields = Fields::new(entry.content);
        let head = || {
            fields.bytes(6)?;
            let reference = fields.u16()?;
            fields.bytes(16)?;
            let width = fields.u16()?;
            let height = fields.u16()?;
            fields.bytes(50)?;
            Some((
                reference,
                [u32::from(width), u32::from(height)],
                fields.rest(),
            ))
        };
        let mut head = head;
        let (reference, size_px, rest) = head().ok_or(short)?;
        // QuickTime files may end the description with what is no box.
        let parts = boxes(rest).unwrap_or_default();
        Ok(Self {
            codec: Codec::of_mp4(name, find(&parts, "esds")),
            avc: find(&parts, "avcC").and_then(AvcConfig::parse),
            size_px,
            pixel_aspect: find(&parts, "pasp").and_then(|content| {
                let mut fields = Fields::new(content);
                let ratio = [fields.u32()?, fields.u32()?];
                (!ratio.contains(&0)).then_some(ratio)
            }),
            colour: find(&parts, "colr").and_then(colours).unwrap_or_default(),
            reference,
        })
    }
}

fn colours(colr: &[u8]) -> Option<ColourTags> {
    let mut fields = Fields::new(colr);
    let kind = fields.name()?;
    if kind != *b"nclx" && kind != *b"nclc" {
        return None;
    }
    fields.u16()?;
    fields.u16()?;
    let matrix = Matrix::by_code(u32::from(fields.u16()?));
    let full_range = if kind == *b"nclx" {
        fields.u8().map(|byte| byte & 0x80 != 0)
    } else {
        None
    };
    Some(ColourTags { matrix, full_range })
}
