//! Fragments: parts of a recording that each bring their own index, as browsers and streams write.
//!
//! Source: ISO/IEC 14496-12:2022, 8.8.

use super::boxes::{Fields, Mp4Error, boxes, find, need};
use super::samples::{MAX_SAMPLES, Sample};

/// What fragments leave out, from `trex`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Defaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
}

impl Defaults {
    /// The track's number and defaults of a `trex` box.
    pub(crate) fn parse(content: &[u8]) -> Option<(u32, Self)> {
        let mut fields = Fields::new(content);
        fields.version()?;
        let track = fields.u32()?;
        fields.u32()?; // The description.
        let duration = fields.u32()?;
        let size = fields.u32()?;
        Some((track, Self { duration, size }))
    }
}

/// Samples of a track gathered over fragments.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) samples: Vec<Sample>,
    /// When the next sample is decoded, where a fragment does not say.
    next_ticks: i64,
    /// Bytes that samples may still fill: none can hold more than the file.
    room: u64,
}

impl Gathered {
    pub(crate) fn new(file_bytes: u64) -> Self {
        Self {
            samples: Vec::new(),
            next_ticks: 0,
            room: file_bytes,
        }
    }

    /// Adds the samples of one `moof` box that begins at `start` in the file.
    pub(crate) fn add(
        &mut self,
        moof: &[u8],
        start: u64,
        track: u32,
        defaults: Defaults,
    ) -> Result<(), Mp4Error> {
        for part in boxes(moof)? {
            if part.name == *b"traf" {
                self.add_track(part.content, start, track, defaults)?;
            }
        }
        Ok(())
    }

    fn add_track(
        &mut self,
        traf: &[u8],
        start: u64,
        track: u32,
        defaults: Defaults,
    ) -> Result<(), Mp4Error> {
        let parts = boxes(traf)?;
        let short = Mp4Error::Short { name: "tfhd" };
        let Some(head) = Head::parse(need(&parts, "tfhd")?, defaults) else {
            return Err(short);
        };
        if head.track != track {
            return Ok(());
        }
        if let Some(ticks) = find(&parts, "tfdt").and_then(|content| {
            let mut fields = Fields::new(content);
            let (version, _) = fields.version()?;
            fields.wide(version)
        }) {
            self.next_ticks = i64::try_from(ticks).unwrap_or(i64::MAX);
        }
        let base = head.base.unwrap_or(start);
        let mut offset = base;
        for part in &parts {
            if part.name == *b"trun" {
                self.add_run(part.content, base, &mut offset, head.defaults)?;
            }
        }
        Ok(())
    }

    fn add_run(
        &mut self,
        trun: &[u8],
        base: u64,
        offset: &mut u64,
        defaults: Defaults,
    ) -> Result<(), Mp4Error> {
        let short = || Mp4Error::Short { name: "trun" };
        let mut fields = Fields::new(trun);
        let (_, flags) = fields.version().ok_or_else(short)?;
        let count = fields.u32().ok_or_else(short)?;
        if flags & 0x001 != 0 {
            let from_base = fields.i32().ok_or_else(short)?;
            *offset = base.saturating_add_signed(i64::from(from_base));
        }
        if flags & 0x004 != 0 {
            fields.u32().ok_or_else(short)?;
        }
        for _ in 0..count {
            let mut value = |flag: u32| {
                if flags & flag == 0 {
                    Some(None)
                } else {
                    fields.u32().map(Some)
                }
            };
            let values = (value(0x100), value(0x200), value(0x400), value(0x800));
            let (Some(duration), Some(size), Some(_), Some(shift)) = values else {
                // A table cut short gives the samples it has.
                return Ok(());
            };
            let size = size.unwrap_or(defaults.size);
            let Some(room) = self.room.checked_sub(u64::from(size)).filter(|_| size > 0) else {
                return Ok(());
            };
            if self.samples.len() >= MAX_SAMPLES {
                return Err(Mp4Error::Limit {
                    what: "frames",
                    limit: MAX_SAMPLES as u64,
                });
            }
            self.room = room;
            let shift = shift.map_or(0, |shift| i64::from(shift.cast_signed()));
            self.samples.push(Sample {
                offset: *offset,
                size,
                shown_ticks: self.next_ticks.saturating_add(shift),
            });
            *offset = offset.saturating_add(u64::from(size));
            let duration = duration.unwrap_or(defaults.duration);
            self.next_ticks = self.next_ticks.saturating_add(i64::from(duration));
        }
        Ok(())
    }
}

/// A `tfhd` box.
struct Head {
    track: u32,
    base: Option<u64>,
    defaults: Defaults,
}

impl Head {
    fn parse(content: &[u8], defaults: Defaults) -> Option<Self> {
        let mut fields = Fields::new(content);
        let (_, flags) = fields.version()?;
        let track = fields.u32()?;
        let base = if flags & 0x01 != 0 {
            Some(fields.u64()?)
        } else {
            None
        };
        if flags & 0x02 != 0 {
            fields.u32()?;
        }
        let mut defaults = defaults;
        if flags & 0x08 != 0 {
            defaults.duration = fields.u32()?;
        }
        if flags & 0x10 != 0 {
            defaults.size = fields.u32()?;
        }
        Some(Self {
            track,
            base,
            defaults,
        })
    }
}
