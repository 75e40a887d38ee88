//! Maps of pictures: channels innermost, one cell of zeros on every side, so that convolutions read past
//! the edge without asking.

use super::cpu::{Cpu, Task};
use super::pool::{Chunks, Pool};
use super::simd::Simd;

/// Rows, columns and channels of a map. Around them lies one cell of zeros, which nobody writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extents {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) channels: usize,
}

impl Extents {
    /// Numbers from one row to the next, edges included.
    pub(crate) fn row(self) -> usize {
        (self.columns + 2) * self.channels
    }

    /// Numbers of an image, edges included.
    pub(crate) fn image(self) -> usize {
        (self.rows + 2) * self.row()
    }

    /// Where the cell at the top left begins.
    pub(crate) fn origin(self) -> usize {
        self.row() + self.channels
    }
}

/// The place of some neighbouring channels in a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// The whole map.
    pub(crate) extents: Extents,
    /// The first of the channels.
    pub(crate) channel: usize,
}

impl From<Extents> for Place {
    fn from(extents: Extents) -> Self {
        Self {
            extents,
            channel: 0,
        }
    }
}

/// A map that is added to another.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Term<'a> {
    /// Its numbers, image after image.
    pub(crate) data: &'a [f32],
    /// Where its channels lie.
    pub(crate) place: Place,
    /// How often rows and columns are doubled before they are added; each cell is repeated.
    pub(crate) doublings: u32,
}

/// Sums of terms, of the extents of `output`; `rectified` keeps what is above 0.
///
/// # Panics
///
/// If a term is too short.
pub(crate) fn sum_on(
    (cpu, pool): (Cpu, &Pool),
    batch: usize,
    terms: &[Term<'_>],
    (output, extents): (&mut [f32], Extents),
    rectified: bool,
) {
    let rows = extents.rows + 2;
    let chunks = Chunks::new(&mut output[..batch * extents.image()], extents.row());
    pool.split(batch * rows, [chunks], |_, unit, [chunk]| {
        if let Some(row) = inner_row(unit % rows, extents.rows) {
            cpu.run(SumRow {
                terms,
                image: unit / rows,
                row,
                channels: extents.channels,
                rectified,
                output: inner_mut(chunk, extents),
            });
        }
    });
}

/// The row of a map that lies in this row of its memory; none for the edges.
pub(crate) fn inner_row(row: usize, rows: usize) -> Option<usize> {
    row.checked_sub(1).filter(|&row| row < rows)
}

/// A row without its edges.
pub(crate) fn inner(row: &[f32], extents: Extents) -> &[f32] {
    &row[extents.channels..][..extents.columns * extents.channels]
}

/// A row without its edges.
pub(crate) fn inner_mut(row: &mut [f32], extents: Extents) -> &mut [f32] {
    &mut row[extents.channels..][..extents.columns * extents.channels]
}

struct SumRow<'a> {
    terms: &'a [Term<'a>],
    image: usize,
    row: usize,
    channels: usize,
    rectified: bool,
    output: &'a mut [f32],
}

impl Task for SumRow<'_> {
    type Output = ();
    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (column, cell) in self.output.chunks_exact_mut(self.channels).enumerate() {
            for (place, part) in cell.chunks_mut(S::LANES).enumerate() {
                let mut sum = s.splat(0.0);
                for term in self.terms {
                    let extents = term.place.extents;
                    let start = self.image * extents.image()
                        + extents.origin()
                        + (self.row >> term.doublings) * extents.row()
                        + (column >> term.doublings) * extents.channels
                        + term.place.channel
                        + place * S::LANES;
                    sum = s.add(sum, s.read(&term.data[start..][..part.len()]));
                }
                if self.rectified {
                    sum = s.max(sum, s.splat(0.0));
                }
                s.write(sum, part);
            }
        }
    }
}

/// Pictures `[batch, channels, rows, columns]` become a map.
///
/// # Panics
///
/// If a slice is too short.
pub(crate) fn from_pictures(
    pool: &Pool,
    batch: usize,
    pictures: &[f32],
    (output, extents): (&mut [f32], Extents),
) {
    let Extents {
        rows,
        columns,
        channels,
    } = extents;
    let chunks = Chunks::new(&mut output[..batch * extents.image()], extents.row());
    pool.split(batch * (rows + 2), [chunks], |_, unit, [chunk]| {
        let image = unit / (rows + 2);
        let Some(row) = inner_row(unit % (rows + 2), rows) else {
            return;
        };
        let chunk = inner_mut(chunk, extents);
        for channel in 0..channels {
            let line = &pictures[((image * channels + channel) * rows + row) * columns..];
            let cells = chunk.chunks_exact_mut(channels);
            for (cell, &value) in cells.zip(&line[..columns]) {
                cell[channel] = value;
            }
        }
    });
}

/// Channels of a map become pictures `[batch, channels, rows, columns]`.
///
/// # Panics
///
/// If a slice is too short.
pub(crate) fn to_pictures(
    pool: &Pool,
    batch: usize,
    input: &[f32],
    place: Place,
    (pictures, channels): (&mut [f32], usize),
) {
    let extents = place.extents;
    let plane = extents.rows * extents.columns;
    let chunks = Chunks::new(pictures, plane);
    pool.split(batch * channels, [chunks], |_, unit, [chunk]| {
        let (image, channel) = (unit / channels, unit % channels);
        for (row, line) in chunk.chunks_exact_mut(extents.columns).enumerate() {
            let start = image * extents.image() + extents.origin() + row * extents.row();
            let cells = input[start..].chunks(extents.channels);
            for (value, cell) in line.iter_mut().zip(cells) {
                *value = cell[place.channel + channel];
            }
        }
    });
}
