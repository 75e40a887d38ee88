//! What tells attention where a cell lies.
//!
//! Queries and keys are projections of a cell plus its place. The places' share of them is the same for all
//! pictures and is computed when the network is made; where places are sums of rows' and columns', so is
//! their share, and the tables stay small.

use crate::config::Position;
use crate::kernels::Cpu;
use crate::kernels::gemm::{Finish, Linear};
use crate::kernels::maps::Extents;
use crate::kernels::norm::add_to_rows;
use crate::layers::Checked;

/// Places of all cells.
#[derive(Debug)]
pub(super) enum Places {
    /// The sum of a table of rows and one of columns; empty tables count as zeros.
    Sum { rows: Vec<f32>, columns: Vec<f32> },
    /// For attention within columns a table of rows, for that within rows one of columns.
    Apart { rows: Vec<f32>, columns: Vec<f32> },
    /// A table of all cells.
    Whole(Vec<f32>),
}

/// Which attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    Columns,
    Rows,
}

impl Places {
    pub(super) fn new(position: Position, extents: Extents, weights: Checked<'_>) -> Self {
        let axial = || ["pe_row", "pe_col"].map(|name| weights.data(name).to_vec());
        match position {
            Position::Axial { sum: true } => {
                let [rows, columns] = axial();
                Self::Sum { rows, columns }
            }
            Position::Axial { sum: false } => {
                let [rows, columns] = axial();
                Self::Apart { rows, columns }
            }
            Position::Sine => Self::halves(weights.data("pos_embedding"), extents),
            Position::Learnable => Self::Whole(weights.data("pos_embedding").to_vec()),
            Position::None => Self::Sum {
                rows: Vec::new(),
                columns: Vec::new(),
            },
        }
    }

    /// A table whose first half of channels follows the row and whose second the column, if it is one.
    fn halves(table: &[f32], extents: Extents) -> Self {
        let Extents {
            rows,
            columns,
            channels,
        } = extents;
        let half = channels / 2;
        let cell =
            |row: usize, column: usize| &table[(row * columns + column) * channels..][..channels];
        let follows = |row: usize, column: usize| {
            cell(row, column)[..half] == cell(row, 0)[..half]
                && cell(row, column)[half..] == cell(0, column)[half..]
        };
        if !(0..rows).all(|row| (0..columns).all(|column| follows(row, column))) {
            return Self::Whole(table.to_vec());
        }
        let mut of_rows = vec![0.0; rows * channels];
        for (row, place) in of_rows.chunks_exact_mut(channels).enumerate() {
            place[..half].copy_from_slice(&cell(row, 0)[..half]);
        }
        let mut of_columns = vec![0.0; columns * channels];
        for (column, place) in of_columns.chunks_exact_mut(channels).enumerate() {
            place[half..].copy_from_slice(&cell(0, column)[half..]);
        }
        Self::Sum {
            rows: of_rows,
            columns: of_columns,
        }
    }
}

/// The places' share of queries and keys, and the bias of all: what a projection begins with.
#[derive(Debug)]
pub(super) enum Shift {
    /// A row of the map has the table of columns plus its own row of the other.
    Sum {
        cpu: Cpu,
        /// Numbers for each row and each column.
        width: usize,
        rows: Vec<f32>,
        columns: Vec<f32>,
    },
    /// Of all cells.
    Whole(Vec<f32>),
}

impl Shift {
    /// For a projection `[3 · channels, channels]` with bias.
    pub(super) fn new(
        cpu: Cpu,
        (weights, bias): (&[f32], &[f32]),
        places: &Places,
        within: Within,
        extents: Extents,
    ) -> Self {
        let Extents {
            rows,
            columns,
            channels,
        } = extents;
        let of_places = &weights[..2 * channels * channels];
        let projection = Linear::new(cpu, of_places, None, 2 * channels);
        let projected = |table: &[f32], count: usize, bias: Option<&[f32]>| {
            let mut shift = vec![0.0; count * 3 * channels];
            if !table.is_empty() {
                let (from, to) = ((table, channels), (&mut *shift, 3 * channels));
                projection.apply(count, from, to, Finish::Set);
            }
            if let Some(bias) = bias {
                for cell in shift.chunks_exact_mut(3 * channels) {
                    cell.iter_mut().zip(bias).for_each(|(x, bias)| *x += bias);
                }
            }
            shift
        };
        let sum = |of_rows: &[f32], of_columns: &[f32]| Self::Sum {
            cpu,
            width: 3 * channels,
            rows: projected(of_rows, rows, Some(bias)),
            columns: projected(of_columns, columns, None),
        };
        match places {
            Places::Sum { rows, columns } => sum(rows, columns),
            Places::Apart { rows, columns } => match within {
                Within::Columns => sum(rows, &[]),
                Within::Rows => sum(&[], columns),
            },
            Places::Whole(table) => Self::Whole(projected(table, rows * columns, Some(bias))),
        }
    }

    /// Writes the shift of a row of the map.
    pub(super) fn write(&self, row: usize, qkv: &mut [f32]) {
        match self {
            Self::Sum {
                cpu,
                width,
                rows,
                columns,
            } => add_to_rows(*cpu, columns, &rows[row * width..][..*width], qkv),
            Self::Whole(table) => qkv.copy_from_slice(&table[row * qkv.len()..][..qkv.len()]),
        }
    }
}
