//! Where the data lie and how many there are: the header, the parameters and the file's size each
//! say so, and do not always agree.

use super::header::Header;
use super::parameters::Group;
use super::{BLOCK, C3dError, Storage, find};

/// What was decided.
pub(super) struct Layout {
    pub(super) storage: Storage,
    pub(super) points: usize,
    pub(super) channels: usize,
    pub(super) samples_per_frame: usize,
    pub(super) frames: usize,
    pub(super) first_frame: u32,
    pub(super) start: usize,
    pub(super) point_scale: f32,
    pub(super) rate_hz: f32,
    pub(super) unsigned_samples: bool,
}

impl Layout {
    /// Bytes of one stored number.
    pub(super) fn width(&self) -> usize {
        match self.storage {
            Storage::Integer => 2,
            Storage::Float => 4,
        }
    }

    pub(super) fn point_bytes(&self) -> usize {
        self.points * 4 * self.width()
    }

    pub(super) fn analog_bytes(&self) -> usize {
        self.channels * self.samples_per_frame * self.width()
    }

    pub(super) fn frame_bytes(&self) -> usize {
        self.point_bytes() + self.analog_bytes()
    }

    fn end(&self) -> usize {
        self.start + self.frames * self.frame_bytes()
    }

    /// What follows the last frame, without the zeros that fill up a block.
    pub(super) fn trailing<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        let rest = bytes.get(self.end()..).unwrap_or_default();
        let is_padding = rest.len() < BLOCK || rest.iter().all(|&byte| byte == 0);
        if is_padding { &[] } else { rest }
    }

    /// Decides. Every choice between statements that disagree leaves a note.
    pub(super) fn of(
        bytes: &[u8],
        parameters_at: usize,
        header: &Header,
        groups: &[Group],
        notes: &mut Vec<String>,
    ) -> Result<Self, C3dError> {
        let scale = choose_scale(header, groups, notes);
        let storage = if scale < 0.0 {
            Storage::Float
        } else {
            Storage::Integer
        };
        let points = choose_points(header, groups, notes);
        let (channels, samples_per_frame) = choose_channels(header, groups, notes);
        let mut layout = Self {
            storage,
            points,
            channels,
            samples_per_frame,
            frames: 0,
            first_frame: u32::from(header.first_frame),
            start: choose_start(bytes, parameters_at, header, groups, notes),
            point_scale: scale.abs(),
            rate_hz: choose_rate(header, groups, notes),
            unsigned_samples: is_unsigned(groups),
        };
        let usable = layout.point_scale.is_finite() && layout.point_scale > 0.0;
        if !usable {
            if storage == Storage::Integer && points > 0 {
                return Err(C3dError::BadScale { scale });
            }
            layout.point_scale = 1.0;
        }
        layout.choose_frames(bytes, header, groups, notes)?;
        Ok(layout)
    }

    fn choose_frames(
        &mut self,
        bytes: &[u8],
        header: &Header,
        groups: &[Group],
        notes: &mut Vec<String>,
    ) -> Result<(), C3dError> {
        let declared = declared_frames(header, groups);
        let frame_bytes = self.frame_bytes();
        let Some(room) = bytes
            .len()
            .saturating_sub(self.start)
            .checked_div(frame_bytes)
        else {
            // Neither points nor samples: only the count itself is there.
            self.frames = declared.first().map_or(0, |d| d.frames);
            return Ok(());
        };
        let fills = |d: &&Declared| {
            d.frames <= room && bytes.len() - self.start - d.frames * frame_bytes < BLOCK
        };
        let fits = |d: &&Declared| d.frames <= room;
        let chosen = declared
            .iter()
            .find(fills)
            .or_else(|| declared.iter().find(fits));
        let said = declared.first().map_or(0, |d| d.frames);
        if let Some(chosen) = chosen {
            self.frames = chosen.frames;
            if let Some(first) = chosen.first_frame {
                self.first_frame = first;
            }
        } else if room == 0 {
            return Err(C3dError::NoFrames {
                start: self.start,
                frames: said,
                frame_bytes,
                bytes: bytes.len(),
            });
        } else {
            self.frames = room;
            if let Some(first) = declared.iter().find_map(|d| d.first_frame) {
                self.first_frame = first;
            }
            notes.push(format!(
                "the file ends early: of the {said} frames that it declares, {room} are whole and were read"
            ));
            return Ok(());
        }
        for other in declared.iter().filter(|d| d.frames != self.frames) {
            notes.push(format!(
                "{} says {} frames, the file has {}",
                other.source, other.frames, self.frames
            ));
        }
        Ok(())
    }
}

/// A statement of how many frames there are.
struct Declared {
    source: &'static str,
    frames: usize,
    first_frame: Option<u32>,
}

/// All statements, the most trustworthy first.
fn declared_frames(header: &Header, groups: &[Group]) -> Vec<Declared> {
    let mut declared = Vec::new();
    let start = field_number(groups, "ACTUAL_START_FIELD");
    let end = field_number(groups, "ACTUAL_END_FIELD");
    if let (Some(start), Some(end)) = (start, end)
        && let Some(last) = end.checked_sub(start)
    {
        declared.push(Declared {
            source: "TRIAL:ACTUAL_END_FIELD",
            frames: last as usize + 1,
            first_frame: Some(start),
        });
    }
    for (name, source) in [
        ("LONG_FRAMES", "POINT:LONG_FRAMES"),
        ("FRAMES", "POINT:FRAMES"),
    ] {
        let number = find(groups, "POINT", name)
            .and_then(|p| p.unsigned_numbers().first().copied())
            .and_then(whole);
        // 65,535 is also how a 16-bit field says "more than I can".
        if let Some(frames) = number.filter(|&n| n > 0 && n != 65_535) {
            declared.push(Declared {
                source,
                frames: frames as usize,
                first_frame: None,
            });
        }
    }
    if let Some(last) = header.last_frame.checked_sub(header.first_frame)
        && header.last_frame > 0
    {
        declared.push(Declared {
            source: "the header",
            frames: usize::from(last) + 1,
            first_frame: Some(u32::from(header.first_frame)),
        });
    }
    declared
}

/// A frame number of the `TRIAL` group: two words, the low one first, or one float.
fn field_number(groups: &[Group], name: &str) -> Option<u32> {
    match *find(groups, "TRIAL", name)?.unsigned_numbers().as_slice() {
        [low, high, ..] => whole(low + 65_536.0 * high),
        [one] => whole(one),
        [] => None,
    }
}

/// A count as a whole number, if it is one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked first"
)]
fn whole(number: f64) -> Option<u32> {
    let is_count = (0.0..=f64::from(u32::MAX)).contains(&number) && number.fract() == 0.0;
    is_count.then_some(number as u32)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the parameter was a 32-bit float in the file"
)]
fn float(groups: &[Group], group: &str, name: &str) -> Option<f32> {
    let number = *find(groups, group, name)?.numbers().first()?;
    Some(number as f32)
}

fn count(groups: &[Group], group: &str, name: &str) -> Option<usize> {
    let number = *find(groups, group, name)?.unsigned_numbers().first()?;
    whole(number).map(|n| n as usize)
}

fn choose_scale(header: &Header, groups: &[Group], notes: &mut Vec<String>) -> f32 {
    let usable = |scale: &f32| scale.is_finite() && *scale != 0.0;
    let parameter = float(groups, "POINT", "SCALE").filter(usable);
    match parameter {
        Some(scale) => {
            if usable(&header.scale) && (header.scale < 0.0) != (scale < 0.0) {
                notes.push(format!(
                    "the header's point scale is {}, POINT:SCALE is {scale}: the parameter was used",
                    header.scale
                ));
            }
            scale
        }
        None => header.scale,
    }
}

fn choose_points(header: &Header, groups: &[Group], notes: &mut Vec<String>) -> usize {
    let in_header = usize::from(header.points);
    match count(groups, "POINT", "USED") {
        Some(used) if used != in_header => {
            notes.push(format!(
                "the header says {in_header} points, POINT:USED {used}: the header was used"
            ));
            in_header
        }
        _ => in_header,
    }
}

fn choose_channels(header: &Header, groups: &[Group], notes: &mut Vec<String>) -> (usize, usize) {
    let total = usize::from(header.analog_per_frame);
    let samples = usize::from(header.samples_per_frame);
    if total == 0 {
        return (0, samples.max(1));
    }
    if samples > 0 && total.is_multiple_of(samples) {
        return (total / samples, samples);
    }
    let used = count(groups, "ANALOG", "USED")
        .filter(|&used| used > 0 && total.is_multiple_of(used))
        .unwrap_or(total);
    notes.push(format!(
        "the header says {total} samples a frame, {samples} of each channel: {used} channels were assumed"
    ));
    (used, total / used)
}

fn choose_start(
    bytes: &[u8],
    parameters_at: usize,
    header: &Header,
    groups: &[Group],
    notes: &mut Vec<String>,
) -> usize {
    let place = |block: usize| block.checked_sub(1).map(|before| before * BLOCK);
    let usable = |start: &usize| *start > parameters_at && *start <= bytes.len();
    let in_header = place(usize::from(header.data_block));
    let in_parameter = count(groups, "POINT", "DATA_START").and_then(place);
    let start = in_header
        .filter(usable)
        .or(in_parameter.filter(usable))
        .or(in_header)
        .unwrap_or(parameters_at + BLOCK);
    if in_parameter.is_some_and(|other| other != start) || in_header != Some(start) {
        notes.push(format!(
            "the header and POINT:DATA_START disagree on where the data start: byte {start} was used"
        ));
    }
    start
}

fn choose_rate(header: &Header, groups: &[Group], notes: &mut Vec<String>) -> f32 {
    let usable = |rate: &f32| rate.is_finite() && *rate > 0.0;
    let in_header = Some(header.rate_hz).filter(usable);
    let in_parameter = float(groups, "POINT", "RATE").filter(usable);
    if let (Some(parameter), Some(header)) = (in_parameter, in_header)
        && (parameter / header - 1.0).abs() > 1e-4
    {
        notes.push(format!(
            "the header says {header} frames a second, POINT:RATE {parameter}: the parameter was used"
        ));
    }
    in_parameter.or(in_header).unwrap_or(0.0)
}

/// Whether integer samples are unsigned.
pub(super) fn is_unsigned(groups: &[Group]) -> bool {
    find(groups, "ANALOG", "FORMAT")
        .and_then(|p| p.strings().into_iter().next())
        .is_some_and(|format| format.trim().eq_ignore_ascii_case("UNSIGNED"))
}
