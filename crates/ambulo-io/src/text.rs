//! Text files of laboratories: lines, fields and numbers, with errors that name the line.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Why a text file could not be read.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TextError {
    /// The file has no content.
    #[error("the file is empty")]
    Empty,
    /// Something the format requires is not there.
    #[error("{what} is missing")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// A line is not what the format says.
    #[error("line {line}: expected {expected}, found {found:?}")]
    Unexpected {
        /// Line, from 1.
        line: usize,
        /// What the format wants there.
        expected: &'static str,
        /// What is there, shortened.
        found: String,
    },
    /// A line has too few or too many fields.
    #[error("line {line}: expected {expected} fields, found {found}")]
    Fields {
        /// Line, from 1.
        line: usize,
        /// Fields the header promises.
        expected: usize,
        /// Fields there.
        found: usize,
    },
    /// The file promises more than it holds.
    #[error("the header promises {promised} {what}, but only {found} are there")]
    Truncated {
        /// Frames, rows or markers.
        what: &'static str,
        /// The header's number.
        promised: usize,
        /// What was found.
        found: usize,
    },
    /// Two things carry one name.
    #[error("the name {name:?} occurs twice")]
    Repeated {
        /// The name.
        name: String,
    },
    /// A nesting or a count passes the limit of what is sensible.
    #[error("{what} passes the limit of {limit}")]
    Limit {
        /// What.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// Bytes as text: UTF-8 with or without a mark, else Latin-1, as old laboratory software writes.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

/// Lines with their numbers from 1; they end in LF, CR LF, or in a file without LF in CR.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let end = if text.contains('\n') { '\n' } else { '\r' };
    text.split(end)
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

/// Refuses names of which two are the same.
pub(crate) fn each_once(names: &[String]) -> Result<(), TextError> {
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(TextError::Repeated { name: name.clone() }),
        None => Ok(()),
    }
}

/// A finite number, or an error that names the line.
pub(crate) fn number(field: &str, line: usize) -> Result<f64, TextError> {
    optional_number(field, line)?.ok_or_else(|| unexpected(line, "a number", field))
}

/// A finite number; `None` for an empty field or `nan`, in any case.
pub(crate) fn optional_number(field: &str, line: usize) -> Result<Option<f64>, TextError> {
    let field = field.trim();
    if field.is_empty() {
        return Ok(None);
    }
    let value: f64 = field
        .parse()
        .map_err(|_| unexpected(line, "a number", field))?;
    if value.is_infinite() {
        return Err(unexpected(line, "a finite number", field));
    }
    Ok((!value.is_nan()).then_some(value))
}

/// A count that is not negative.
pub(crate) fn count(field: &str, line: usize) -> Result<usize, TextError> {
    field
        .trim()
        .parse()
        .map_err(|_| unexpected(line, "a count", field))
}

pub(crate) fn unexpected(line: usize, expected: &'static str, found: &str) -> TextError {
    let mut short: String = found.chars().take(40).collect();
    if short.len() < found.len() {
        short.push('…');
    }
    TextError::Unexpected {
        line,
        expected,
        found: short,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_missing_but_not_infinite() {
        assert_eq!(optional_number(" 1.5e-3 ", 1), Ok(Some(0.0015)));
        assert_eq!(optional_number("NaN", 1), Ok(None));
        assert_eq!(optional_number("", 1), Ok(None));
        assert!(optional_number("inf", 1).is_err());
        assert!(optional_number("1,5", 1).is_err());
    }

    #[test]
    fn latin_1_and_byte_order_marks_are_read() {
        assert_eq!(decode(b"\xEF\xBB\xBFMarker"), "Marker");
        assert_eq!(decode(b"M\xFCller"), "Müller");
    }
}
