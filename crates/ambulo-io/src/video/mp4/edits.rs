//! The edit list: which part of a track is shown, and when.
//!
//! Source: ISO/IEC 14496-12:2022, 8.6.6.

use super::boxes::{Fields, Mp4Error};

/// One entry of an edit list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edit {
    /// How long it lasts, in ticks of the film; 0 to the end.
    pub(crate) film_ticks: u64,
    /// Where in the track it begins, in ticks of the track; `None` shows nothing.
    pub(crate) start_ticks: Option<i64>,
    /// Whether it plays as fast as it was recorded.
    pub(crate) plain: bool,
}

/// The entries of an `elst` box.
pub(crate) fn parse(content: &[u8]) -> Result<Vec<Edit>, Mp4Error> {
    let short = || Mp4Error::Short { name: "elst" };
    let mut fields = Fields::new(content);
    let (version, _) = fields.version().ok_or_else(short)?;
    let count = fields.u32().ok_or_else(short)?;
    let mut edits = Vec::new();
    for _ in 0..count {
        let film_ticks = fields.wide(version).ok_or_else(short)?;
        let start = if version == 0 {
            fields.i32().map(i64::from)
        } else {
            fields.u64().map(u64::cast_signed)
        };
        let start = start.ok_or_else(short)?;
        let rate = fields.u32().ok_or_else(short)?;
        edits.push(Edit {
            film_ticks,
            start_ticks: (start >= 0).then_some(start),
            plain: rate == 0x0001_0000,
        });
    }
    Ok(edits)
}

/// When frames of a track are shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Presentation {
    /// As recorded.
    Whole,
    /// Parts of the track, in its order, one after the other.
    Parts(Vec<Part>),
    /// In an order or at a speed that is no recording of a walk any more: shown as recorded.
    Unusable,
}

/// A part of a track that is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    /// First tick of the track.
    pub(crate) from_ticks: i64,
    /// The tick after the last.
    pub(crate) to_ticks: i64,
    /// When the first tick is shown, in seconds.
    pub(crate) at_s: f64,
}

impl Presentation {
    /// What a list of edits means for a track.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast from float saturates"
    )]
    pub(crate) fn of(edits: &[Edit], film_hz: u32, track_hz: u32) -> Self {
        if film_hz == 0 && !edits.is_empty() {
            return Self::Unusable;
        }
        let seconds = |film_ticks: u64| film_ticks as f64 / f64::from(film_hz);
        let mut at_s = 0.0;
        let mut parts: Vec<Part> = Vec::new();
        for edit in edits {
            let Some(from_ticks) = edit.start_ticks else {
                at_s += seconds(edit.film_ticks);
                continue;
            };
            if !edit.plain {
                return Self::Unusable;
            }
            let length_s = seconds(edit.film_ticks);
            let to_ticks = if edit.film_ticks == 0 {
                i64::MAX
            } else {
                // Ticks of the film are coarser: a frame that begins within half of one is shown.
                let ticks = (length_s - 0.5 / f64::from(film_hz)) * f64::from(track_hz);
                from_ticks.saturating_add((ticks.ceil() as i64).max(1))
            };
            if parts.last().is_some_and(|last| from_ticks < last.to_ticks) {
                return Self::Unusable;
            }
            parts.push(Part {
                from_ticks,
                to_ticks,
                at_s,
            });
            at_s += length_s;
        }
        if parts.is_empty() {
            return Self::Whole;
        }
        Self::Parts(parts)
    }

    /// When a frame is shown, in seconds; `None` if it is not.
    pub(crate) fn time_s(&self, shown_ticks: i64, track_hz: u32) -> Option<f64> {
        let seconds = |ticks: i64| ticks as f64 / f64::from(track_hz);
        match self {
            Self::Whole | Self::Unusable => Some(seconds(shown_ticks)),
            Self::Parts(parts) => {
                let after = parts.partition_point(|part| part.from_ticks <= shown_ticks);
                let part = parts.get(after.checked_sub(1)?)?;
                if shown_ticks >= part.to_ticks {
                    return None;
                }
                Some(part.at_s + seconds(shown_ticks - part.from_ticks))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(film_ticks: u64, start_ticks: Option<i64>) -> Edit {
        Edit {
            film_ticks,
            start_ticks,
            plain: true,
        }
    }

    #[test]
    fn frames_before_the_edit_are_not_shown() {
        let shown = Presentation::of(&[edit(1000, Some(1024))], 1000, 15360);
        assert_eq!(shown.time_s(1023, 15360), None);
        assert_eq!(shown.time_s(1024, 15360), Some(0.0));
        assert_eq!(shown.time_s(1024 + 512, 15360), Some(512.0 / 15360.0));
        assert_eq!(shown.time_s(1024 + 15360, 15360), None);
    }

    #[test]
    fn an_end_rounded_to_milliseconds_loses_no_frame() {
        // 100 frames at 60 Hz last 1666.67 ms; the last begins at 1650 ms.
        for film_ticks in [1666, 1667] {
            let shown = Presentation::of(&[edit(film_ticks, Some(0))], 1000, 60);
            assert!(shown.time_s(99, 60).is_some());
        }
        // One frame at 60 Hz as 16 ms.
        let shown = Presentation::of(&[edit(16, Some(0))], 1000, 60);
        assert_eq!(shown.time_s(0, 60), Some(0.0));
        assert_eq!(shown.time_s(1, 60), None);
    }

    #[test]
    fn a_delay_and_a_cut_keep_their_times() {
        let edits = [edit(500, None), edit(1000, Some(0)), edit(0, Some(3000))];
        let shown = Presentation::of(&edits, 1000, 1000);
        assert_eq!(shown.time_s(0, 1000), Some(0.5));
        assert_eq!(shown.time_s(2000, 1000), None);
        assert_eq!(shown.time_s(3000, 1000), Some(1.5));
    }

    #[test]
    fn slow_motion_and_repeats_are_not_guessed() {
        let slow = Edit {
            plain: false,
            ..edit(10, Some(0))
        };
        assert_eq!(
            Presentation::of(&[slow], 1000, 1000),
            Presentation::Unusable
        );
        let twice = [edit(10, Some(0)), edit(10, Some(0))];
        assert_eq!(Presentation::of(&twice, 1000, 1000), Presentation::Unusable);
    }
}
