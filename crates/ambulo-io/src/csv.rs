//! CSV: tables of numbers, and motion as one row a frame.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ambulo::space::UpAxis;
use ambulo::time::TimeBase;
use nalgebra::Point3;

use crate::points::LabelledPoints;
use crate::table::Table;
use crate::text::{TextError, decode, each_once, lines, unexpected};

/// Why a CSV file could not be read as motion.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CsvError {
    /// The text is not a table of numbers.
    #[error("not a valid CSV table: {0}")]
    Text(#[from] TextError),
    /// There is no column of times.
    #[error("the CSV file has no time column; name one `time_s` (or `time`)")]
    NoTime,
    /// There are no columns of positions.
    #[error(
        "the CSV file has no positions; name the columns `LABEL_x_m`, `LABEL_y_m`, `LABEL_z_m` \
         (or `_mm`, `_cm`), as `ambulo convert` writes them"
    )]
    NoPositions,
    /// A time is missing.
    #[error("row {row} of the CSV file has no time")]
    MissingTime {
        /// Row, from 1, without the header.
        row: usize,
    },
    /// Times do not increase.
    #[error("the time column of the CSV file cannot be used")]
    Time(#[from] ambulo::time::TimeError),
}

/// Reads a table: a header of names, then rows of numbers. Commas, semicolons or tabs separate;
/// with semicolons a comma may be the decimal mark. Lines that begin with `#` are skipped.
///
/// # Errors
///
/// [`TextError`] names the line.
pub fn parse_table(bytes: &[u8]) -> Result<Table, TextError> {
    let text = decode(bytes);
    let mut rows = lines(&text).filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
    let (line, header) = rows.next().ok_or(TextError::Empty)?;
    let separator = separator(header);
    let columns: Vec<String> = fields(header, separator)
        .into_iter()
        .map(|name| name.trim().to_owned())
        .collect();
    let is_number = |name: &String| name.is_empty() || name.parse::<f64>().is_ok();
    if columns.iter().any(is_number) {
        return Err(unexpected(line, "a header of column names", header));
    }
    each_once(&columns)?;
    let mut table = Table {
        columns,
        ..Table::default()
    };
    for (line, row) in rows {
        let mut fields = fields(row, separator);
        if separator == ';' {
            for field in &mut fields {
                *field = field.replace(',', ".");
            }
        }
        table.push_row(line, &fields)?;
    }
    Ok(table)
}

/// A line of text fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextRow {
    /// Line, from 1.
    pub line: usize,
    /// Its fields.
    pub fields: Vec<String>,
}

/// The rows of a CSV file as text, for tables that do not hold numbers alone. Empty lines and lines
/// that begin with `#` are skipped.
pub fn parse_rows(bytes: &[u8]) -> Vec<TextRow> {
    let text = decode(bytes);
    let mut rows = lines(&text)
        .filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'))
        .peekable();
    let separator = rows.peek().map_or(',', |(_, header)| separator(header));
    rows.map(|(line, row)| TextRow {
        line,
        fields: fields(row, separator),
    })
    .collect()
}

/// The separator of a header; what stands in quotes does not count.
fn separator(header: &str) -> char {
    [';', '\t', ',']
        .into_iter()
        .find(|&c| header.split('"').step_by(2).any(|plain| plain.contains(c)))
        .unwrap_or(',')
}

/// Splits a line; a field may stand in double quotes, with doubled quotes inside (RFC 4180).
fn fields(line: &str, separator: char) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                push(&mut fields, '"');
            }
            '"' => quoted = !quoted,
            c if c == separator && !quoted => fields.push(String::new()),
            c => push(&mut fields, c),
        }
    }
    fields
}

fn push(fields: &mut [String], c: char) {
    if let Some(last) = fields.last_mut() {
        last.push(c);
    }
}

/// Writes a table with commas.
pub fn write_table(table: &Table) -> Vec<u8> {
    let names: Vec<_> = table.columns.iter().map(|name| quote(name)).collect();
    let mut out = names.join(",");
    out.push('\n');
    for row in 0..table.rows() {
        for (index, value) in table.row(row).iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            let _ = match value {
                Some(value) => write!(out, "{value}"),
                // An empty line would not count as a row.
                None if table.columns.len() == 1 => write!(out, "nan"),
                None => Ok(()),
            };
        }
        out.push('\n');
    }
    out.into_bytes()
}

fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r', ';', '\t']) || field.starts_with('#') {
        format!(
            "\"{}\"",
            field.replace('"', "\"\"").replace(['\n', '\r'], " ")
        )
    } else {
        field.to_owned()
    }
}

/// The points of a table with columns `LABEL_x_m`, `LABEL_y_m`, `LABEL_z_m` (or `_mm`, `_cm`) and a time.
///
/// # Errors
///
/// [`CsvError`] says which columns are wanted.
pub fn points_of(table: &Table) -> Result<LabelledPoints, CsvError> {
    let places: BTreeMap<&str, usize> = (0..)
        .zip(&table.columns)
        .map(|(i, c)| (&c[..], i))
        .collect();
    let index_of = |name: &str| places.get(name).copied();
    let time_column = ["time_s", "time", "Time", "t"]
        .into_iter()
        .find_map(index_of)
        .ok_or(CsvError::NoTime)?;
    let mut labels = Vec::new();
    let mut columns = Vec::new();
    let mut taken = BTreeSet::new();
    for (x, name) in table.columns.iter().enumerate() {
        for (unit, metres) in [("m", 1.0), ("cm", 0.01), ("mm", 0.001)] {
            let Some(label) = name.strip_suffix(&format!("_x_{unit}")) else {
                continue;
            };
            let other = |axis: &str| index_of(&format!("{label}_{axis}_{unit}"));
            if let (Some(y), Some(z)) = (other("y"), other("z"))
                && taken.insert(label)
            {
                labels.push(label.to_owned());
                columns.push(([x, y, z], metres));
            }
        }
    }
    if labels.is_empty() {
        return Err(CsvError::NoPositions);
    }
    let mut times_s = Vec::with_capacity(table.rows());
    let mut positions_m = Vec::with_capacity(table.rows() * labels.len());
    for row in 0..table.rows() {
        let values = table.row(row);
        times_s.push(values[time_column].ok_or(CsvError::MissingTime { row: row + 1 })?);
        for &([x, y, z], metres) in &columns {
            positions_m.push(match (values[x], values[y], values[z]) {
                (Some(x), Some(y), Some(z)) => Some(Point3::new(x, y, z) * metres),
                _ => None,
            });
        }
    }
    let first_frame_time_s = times_s.first().copied().unwrap_or(0.0);
    Ok(LabelledPoints {
        labels,
        time: TimeBase::new(times_s)?,
        positions_m,
        up: None,
        first_frame_number: 1,
        first_frame_time_s,
        notes: Vec::new(),
    })
}

/// The table of points: a time column, then three columns a label, in metres with Y up.
pub fn table_of(points: &LabelledPoints) -> Table {
    let points = points.clone().with_y_up();
    debug_assert_eq!(points.up, Some(UpAxis::PlusY));
    let mut columns = vec!["time_s".to_owned()];
    for label in &points.labels {
        columns.extend(["x", "y", "z"].map(|axis| format!("{label}_{axis}_m")));
    }
    let mut values = Vec::with_capacity(points.time.frames() * columns.len());
    let width = points.labels.len();
    for (frame, time_s) in points.time.times_s().iter().enumerate() {
        values.push(Some(time_s + points.first_frame_time_s));
        for position in &points.positions_m[frame * width..][..width] {
            match position {
                Some(p) => values.extend(p.coords.iter().copied().map(Some)),
                None => values.extend([None; 3]),
            }
        }
    }
    Table {
        columns,
        values,
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn german_spreadsheets_are_read() {
        let table = parse_table(b"time;hip, left\n0,5;1\n1;\n").unwrap();
        assert_eq!(table.columns, ["time", "hip, left"]);
        assert_eq!(table.values, [Some(0.5), Some(1.0), Some(1.0), None]);
    }

    #[test]
    fn quoted_names_survive() {
        let table = Table {
            columns: vec!["#a,\"b\"".into(), "c;d".into()],
            values: vec![Some(1.0), None],
            ..Table::default()
        };
        assert_eq!(parse_table(&write_table(&table)), Ok(table));
    }

    #[test]
    fn a_missing_number_is_a_row_even_if_alone() {
        let table = Table {
            columns: vec!["a".into()],
            values: vec![Some(1.0), None, Some(2.0)],
            ..Table::default()
        };
        assert_eq!(parse_table(&write_table(&table)), Ok(table));
    }

    #[test]
    fn a_table_without_header_is_refused() {
        assert!(parse_table(b"1,2\n3,4\n").is_err());
    }
}
