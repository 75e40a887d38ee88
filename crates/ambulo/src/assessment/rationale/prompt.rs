//! The question for a language model of the user's own.

use std::fmt::Write as _;

use super::super::aspects::{AspectReadings, Part};
use super::{as_text, write};

/// What each score means, in our own words.
const SCORES: [&str; 4] = [
    "0: walks without any problem",
    "1: walks alone, with a small disturbance of the gait",
    "2: walks alone, with a clear disturbance of the gait",
    "3: a strong disturbance; on the clinical scale, people who need a stick or a frame to walk safely",
];

/// The text to give to any language model, so that it writes a rationale; check what comes back with
/// [`super::vetted`]. `score` is asked to be explained where there is one.
pub fn prompt(readings: &AspectReadings, score: Option<u8>) -> String {
    let mut text = String::from(
        "You describe how a person walks, from measurements alone. Write three short paragraphs, on one line each, \
         that begin with \"Foot:\", \"Arm:\" and \"Overall:\". Say in plain words which measurements are as in \
         healthy walkers and which are not, and by how much (slightly, clearly, markedly). Give no numbers. Say \
         nothing that the measurements do not show, name no disease and no cause, and give no advice.\n\n",
    );
    text.push_str("Scores of the gait:\n");
    for meaning in SCORES {
        let _ = writeln!(text, "- {meaning}");
    }
    if let Some(score) = score {
        let _ = writeln!(text, "\nThe score to explain is {score}.");
    }
    text.push_str(
        "\nMeasurements, each with the mean and standard deviation of healthy walkers:\n",
    );
    for reading in readings.iter() {
        let evidence = &reading.evidence;
        let name = reading.aspect.name().replace('_', " ");
        let _ = write!(
            text,
            "- {name}, {}: {:.3} {}",
            evidence.side, evidence.value, evidence.unit
        );
        if let Some(norm) = &evidence.norm {
            let _ = write!(text, " (healthy {:.3} ± {:.3})", norm.mean, norm.sd);
        }
        text.push('\n');
    }
    let parts = Part::ALL.map(Part::heading).join(", ");
    let _ = write!(
        text,
        "\nAn answer in the right form, made by rule from the same measurements ({parts}):\n{}\n",
        as_text(&write(readings))
    );
    text
}
