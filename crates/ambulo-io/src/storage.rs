//! MOT and STO: OpenSim's tables of coordinates, forces and states over time.

use std::fmt::Write as _;

use crate::table::Table;
use crate::text::{TextError, count, decode, each_once, lines, unexpected};

/// Reads an OpenSim MOT or STO file, of any of its header dialects.
///
/// # Errors
///
/// [`TextError`] names the line and what was expected there.
pub fn parse(bytes: &[u8]) -> Result<Table, TextError> {
    let text = decode(bytes);
    let mut lines = lines(&text);
    let mut table = Table::default();
    let mut promised = None;
    let mut header_seen = false;
    for (line, content) in lines.by_ref() {
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        if content.eq_ignore_ascii_case("endheader") {
            header_seen = true;
            break;
        }
        match content.split_once('=') {
            Some((key, value)) => match key.trim().to_ascii_lowercase().as_str() {
                "nrows" => promised = Some(count(value, line)?),
                "indegrees" => table.in_degrees = Some(value.trim().eq_ignore_ascii_case("yes")),
                _ => {}
            },
            None if table.title.is_empty() => content.clone_into(&mut table.title),
            // SIMM's older header: `datarows 100`, `datacolumns 7`, free text.
            None => {
                if let Some(rows) = content.strip_prefix("datarows") {
                    promised = Some(count(rows, line)?);
                }
            }
        }
    }
    if !header_seen {
        return Err(if text.trim().is_empty() {
            TextError::Empty
        } else {
            TextError::Missing { what: "endheader" }
        });
    }
    let mut rows = lines.filter(|(_, content)| !content.trim().is_empty());
    let (line, names) = rows.next().ok_or(TextError::Missing {
        what: "the line of column names",
    })?;
    table.columns = column_names(names, line)?;
    for (line, content) in rows {
        let fields: Vec<&str> = split(content).collect();
        table.push_row(line, &fields)?;
    }
    match promised {
        Some(promised) if promised > table.rows() => Err(TextError::Truncated {
            what: "rows",
            promised,
            found: table.rows(),
        }),
        _ => Ok(table),
    }
}

fn split(content: &str) -> impl Iterator<Item = &str> {
    let by_tab = content.contains('\t');
    let trimmed = if by_tab {
        content.trim_matches(['\r', '\n', ' '])
    } else {
        content.trim()
    };
    trimmed
        .split(move |c: char| if by_tab { c == '\t' } else { c.is_whitespace() })
        .filter(move |field| by_tab || !field.is_empty())
}

fn column_names(content: &str, line: usize) -> Result<Vec<String>, TextError> {
    let names: Vec<String> = split(content).map(|name| name.trim().to_owned()).collect();
    if names.iter().any(String::is_empty) {
        return Err(unexpected(line, "a column name", content));
    }
    each_once(&names)?;
    Ok(names)
}

/// Writes a file that OpenSim's strict reader accepts, as MOT or STO.
pub fn write(table: &Table) -> Vec<u8> {
    let title = if table.title.is_empty() {
        "Coordinates"
    } else {
        &table.title
    };
    let in_degrees = if table.in_degrees.unwrap_or(false) {
        "yes"
    } else {
        "no"
    };
    let mut out = format!(
        "{}\nversion=1\nnRows={}\nnColumns={}\ninDegrees={in_degrees}\nendheader\n",
        title.replace(['\n', '\r', '='], " "),
        table.rows(),
        table.columns.len()
    );
    let names: Vec<_> = table
        .columns
        .iter()
        .map(|name| name.replace(['\t', '\n', '\r'], " "))
        .collect();
    out.push_str(&names.join("\t"));
    out.push('\n');
    for row in 0..table.rows() {
        for (index, value) in table.row(row).iter().enumerate() {
            if index > 0 {
                out.push('\t');
            }
            let _ = match value {
                Some(value) => write!(out, "{value}"),
                None => write!(out, "nan"),
            };
        }
        out.push('\n');
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let table = Table {
            title: "walk".into(),
            in_degrees: Some(true),
            columns: vec!["time".into(), "knee_angle_r".into()],
            values: vec![Some(0.0), Some(12.5), Some(0.01), None],
        };
        assert_eq!(parse(&write(&table)), Ok(table));
    }

    #[test]
    fn missing_rows_are_counted() {
        let file = b"x\nversion=1\nnRows=3\nnColumns=2\ninDegrees=no\nendheader\ntime\ta\n0\t1\n";
        assert_eq!(
            parse(file),
            Err(TextError::Truncated {
                what: "rows",
                promised: 3,
                found: 1
            })
        );
    }
}
