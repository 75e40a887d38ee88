//! The log of a run: one JSON object a line.

use std::path::{Path, PathBuf};

use ambulo_io::files::{FileError, write_atomically};
use serde::{Deserialize, Serialize};

use super::plot;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Steps made.
    pub(super) step: u64,
    /// Mean loss since the last line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) loss: Option<f64>,
    /// The learning rate of the last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) learning_rate: Option<f64>,
    /// The score of a validation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) score: Option<f64>,
    /// Its other figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) figures: Vec<(String, f64)>,
}

/// The log in memory, mirrored on disk at each checkpoint.
#[derive(Debug)]
pub(super) struct Log {
    folder: PathBuf,
    lines: Vec<Line>,
}

impl Log {
    /// An empty log, or that of the folder up to a step.
    pub(super) fn open(folder: &Path, step: u64) -> Self {
        let text = std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap_or_default();
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Line>(line).ok())
            .filter(|line| line.step <= step)
            .collect();
        Self {
            folder: folder.to_owned(),
            lines,
        }
    }

    pub(super) fn push(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Writes the log and its plot.
    pub(super) fn save(&self) -> Result<(), FileError> {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(&serde_json::to_string(line).expect("a line is plain numbers"));
            text.push('\n');
        }
        write_atomically(&self.folder.join("metrics.jsonl"), text.as_bytes())?;
        let losses = self.curve(|line| line.loss);
        let scores = self.curve(|line| line.score);
        let svg = plot::curves(&[("training loss", &losses), ("validation score", &scores)]);
        write_atomically(&self.folder.join("loss.svg"), svg.as_bytes())
    }

    fn curve(&self, value: impl Fn(&Line) -> Option<f64>) -> Vec<(f64, f64)> {
        let lines = self.lines.iter();
        let points = lines.filter_map(|line| Some((line.step as f64, value(line)?)));
        points.collect()
    }
}
