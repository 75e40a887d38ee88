//! How much fits on a printed sheet, so that the clinician's pages stay two.

use ambulo::analysis::Analysis;

use super::{learned, quality};

/// Characters of a line of running text across the sheet, in the widest of the usual fonts.
const LINE: usize = 100;

/// Lines that the first sheet has for what was found about the recording and the walk together.
const FOUND: usize = 18;

/// Of these, the most lines that estimates of networks take.
const LEARNED: usize = 11;

/// The most lines for what was found about the recording.
const QUALITY: usize = 6;

/// Lines of the first sheet for texts whose length is not known beforehand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// For what was found about the recording.
    pub(super) quality: usize,
    /// For what was found about the walk: what the recording leaves.
    pub(super) findings: usize,
}

impl Room {
    /// The room beside everything else on the sheet.
    pub(super) fn of(analysis: &Analysis) -> Self {
        let learned = if learned::ran(analysis) {
            learned::lines(analysis).clamp(7, LEARNED)
        } else {
            0
        };
        let texts = quality::texts(&analysis.quality);
        let used: usize = texts.iter().map(|text| lines_of(text)).sum();
        Self {
            quality: QUALITY,
            findings: FOUND - learned - used.min(QUALITY),
        }
    }
}

fn lines_of(text: &str) -> usize {
    text.chars().count().div_ceil(LINE).max(1)
}

/// How many of these texts fit into so many lines, one below the other; at least one.
pub(super) fn fitting<'a>(texts: impl IntoIterator<Item = &'a str>, lines: usize) -> usize {
    let mut used = 0;
    let fit = texts
        .into_iter()
        .take_while(|text| {
            used += lines_of(text);
            used <= lines
        })
        .count();
    fit.max(1)
}

/// How many of these notes fit into so many characters, one after the other.
pub(super) fn fitting_in_a_row<'a>(notes: impl IntoIterator<Item = &'a str>, room: usize) -> usize {
    let mut used = 0;
    notes
        .into_iter()
        .take_while(|note| {
            used += note.chars().count() + 4;
            used <= room
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_takes_several_lines() {
        let long = "x".repeat(201);
        assert_eq!(fitting(["short", &long, "short"], 4), 2);
        assert_eq!(fitting(["short", &long, "short"], 5), 3);
    }

    #[test]
    fn the_first_text_is_always_shown() {
        let endless = "x".repeat(10_000);
        assert_eq!(fitting([endless.as_str()], 3), 1);
    }

    #[test]
    fn notes_share_lines() {
        assert_eq!(fitting_in_a_row(["123456", "123456", "123456"], 20), 2);
    }
}
