//! `result.json`: the whole analysis, written and read back.

use ambulo::analysis::{Analysis, SCHEMA_VERSION};
use serde::Deserialize;

/// Why a `result.json` could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// The text is not JSON, or it has no `schema_version`.
    #[error("not a result of ambulo: expected a JSON object with schema_version")]
    NotAResult {
        /// What the JSON reader said.
        source: serde_json::Error,
    },
    /// Another major version wrote it.
    #[error(
        "result has schema_version {found:?}, this program reads {SCHEMA_VERSION}: \
         analyse the trial again, or use the version of ambulo that wrote it"
    )]
    UnsupportedVersion {
        /// The version in the file.
        found: String,
    },
    /// The version is right, the layout is not.
    #[error("result does not follow schema_version {SCHEMA_VERSION}")]
    Layout {
        /// Where and why.
        source: serde_json::Error,
    },
}

/// The analysis as `result.json`: indented, with a final newline, the same bytes for the same value.
///
/// A number that is not finite becomes `null`.
///
/// # Panics
///
/// Never for an [`Analysis`]: all its keys are strings.
pub fn result_json(analysis: &Analysis) -> String {
    let mut text =
        serde_json::to_string_pretty(analysis).expect("an analysis has only string keys");
    text.push('\n');
    text
}

/// Results of the first layout are read too: the second only adds lifted numbers, which a reader of
/// the first would take for measured ones.
const FIRST_MAJOR: &str = "1";

/// Reads what [`result_json`] wrote, in this version or the first.
///
/// # Errors
///
/// - [`ResultError::NotAResult`] if the text is not JSON or names no schema version.
/// - [`ResultError::UnsupportedVersion`] if its major version is another.
/// - [`ResultError::Layout`] if a field is missing or of another type; the message names its line.
pub fn from_json(text: &str) -> Result<Analysis, ResultError> {
    #[derive(Deserialize)]
    struct Version {
        schema_version: String,
    }
    let Version { schema_version } =
        serde_json::from_str(text).map_err(|source| ResultError::NotAResult { source })?;
    let readable = [FIRST_MAJOR, major(SCHEMA_VERSION)];
    if !readable.contains(&major(&schema_version)) {
        return Err(ResultError::UnsupportedVersion {
            found: schema_version,
        });
    }
    serde_json::from_str(text).map_err(|source| ResultError::Layout { source })
}

fn major(version: &str) -> &str {
    version.split('.').next().unwrap_or(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_versions_are_named() {
        let error = from_json(r#"{"schema_version": "3.0"}"#).unwrap_err();
        assert!(matches!(&error, ResultError::UnsupportedVersion { found } if found == "3.0"));
        assert!(error.to_string().contains("\"3.0\""), "{error}");
    }

    #[test]
    fn what_is_no_result_is_told_apart_from_a_broken_one() {
        for text in ["", "[]", "{}", "nonsense"] {
            assert!(matches!(
                from_json(text),
                Err(ResultError::NotAResult { .. })
            ));
        }
        let broken = format!(r#"{{"schema_version": "{SCHEMA_VERSION}"}}"#);
        assert!(matches!(
            from_json(&broken),
            Err(ResultError::Layout { .. })
        ));
    }
}
