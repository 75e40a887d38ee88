//! Tables of numbers over time: what OpenSim's MOT and STO files and plain CSV files hold.

use crate::text::{TextError, optional_number};

/// Named columns of numbers, row by row; `None` where a field is empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Title, where the format has one.
    pub title: String,
    /// Whether angles are in degrees, where the format says so.
    pub in_degrees: Option<bool>,
    /// Column names, each once; the first is usually `time`.
    pub columns: Vec<String>,
    /// `[rows, columns]`, row-major.
    pub values: Vec<Option<f64>>,
}

impl Table {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.values
            .len()
            .checked_div(self.columns.len())
            .unwrap_or(0)
    }

    /// Appends a row of text fields; empty and `nan` are missing.
    pub(crate) fn push_row(
        &mut self,
        line: usize,
        fields: &[impl AsRef<str>],
    ) -> Result<(), TextError> {
        if fields.len() != self.columns.len() {
            return Err(TextError::Fields {
                line,
                expected: self.columns.len(),
                found: fields.len(),
            });
        }
        for field in fields {
            self.values.push(optional_number(field.as_ref(), line)?);
        }
        Ok(())
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[Option<f64>] {
        &self.values[row * self.columns.len()..][..self.columns.len()]
    }

    /// One column by name.
    pub fn column(&self, name: &str) -> Option<Vec<Option<f64>>> {
        let index = self.columns.iter().position(|have| have == name)?;
        Some(
            self.values[index..]
                .iter()
                .step_by(self.columns.len())
                .copied()
                .collect(),
        )
    }
}
