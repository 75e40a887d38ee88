//! The paper's tables of score and rationale, with our figures and the gap.

use std::fmt::Write as _;

use super::judged::SaidTable;
use crate::assess::ScoreTable;

/// A row of table 1: accuracy, recall, precision, F1; and which of our runs stands for it.
const PROBES: [(&str, [f64; 4], Option<&str>); 6] = [
    ("MotionAGFormer", [0.42, 0.42, 0.42, 0.42], None),
    ("PD-STGCN", [0.49, 0.50, 0.49, 0.48], None),
    ("PoseFormerV2", [0.49, 0.50, 0.49, 0.48], None),
    (
        "VQ-VAE and generative stage",
        [0.44, 0.44, 0.39, 0.58],
        Some("assess_generative"),
    ),
    (
        "reasoning only",
        [0.49, 0.49, 0.38, 0.30],
        Some("assess_reasoning"),
    ),
    (
        "both stages",
        [0.51, 0.51, 0.46, 0.58],
        Some("assess_two_stage"),
    ),
];
const PROBE_FIGURES: [&str; 4] = ["accuracy", "macro recall", "macro precision", "macro F1"];

/// A row of table 2: `CIDEr`, F1 of `BERTScore`, accuracy, recall, precision, F1.
const ANSWERS: [(&str, [f64; 6], &str); 5] = [
    (
        "reasoning only",
        [0.78, 0.80, 0.45, 0.47, 0.66, 0.49],
        "assess_reasoning",
    ),
    (
        "reasoning, EGO",
        [0.88, 0.82, 0.49, 0.45, 0.51, 0.44],
        "assess_ego",
    ),
    (
        "reasoning, DPO",
        [0.93, 0.82, 0.38, 0.34, 0.37, 0.33],
        "assess_dpo",
    ),
    (
        "reasoning, EGO, DPO",
        [0.92, 0.82, 0.37, 0.46, 0.38, 0.36],
        "assess_ego_dpo",
    ),
    (
        "both stages",
        [0.95, 0.83, 0.49, 0.45, 0.65, 0.45],
        "assess_two_stage",
    ),
];
const ANSWER_FIGURES: [&str; 6] = [
    "CIDEr",
    "t5score_f1",
    "accuracy",
    "macro recall",
    "macro precision",
    "macro F1",
];

/// Both tables: the paper's figure, ours and the gap, for runs of these names; each with what was answered and what a
/// classifier over its tokens found.
///
/// `ours_are_of` says what our figures are of; the paper's are of 26 people with Parkinson's disease and three scores.
pub fn published_tables(
    ours_are_of: &str,
    runs: &[(String, SaidTable, Option<ScoreTable>)],
) -> String {
    let mut out = format!(
        "The paper's tables. Its figures are of patients and three scores, ours of {ours_are_of}.\n\nTable 1: a linear \
         classifier over the tokens of motion, one person left out, majority of a walk's clips (paper, ours, gap)\n",
    );
    header(&mut out, &PROBE_FIGURES);
    for (title, paper, name) in PROBES {
        let own = runs.iter().find(|(run, ..)| Some(run.as_str()) == name);
        let probe = own.and_then(|(_, _, probe)| probe.as_ref());
        let ours = PROBE_FIGURES.map(|figure| probe?.figure(figure)?.value);
        row(&mut out, title, &paper, &ours);
    }
    out.push_str(
        "\nTable 2: answers (paper, ours, gap); t5score_f1 stands beside BERTScore and is not comparable with it\n",
    );
    header(&mut out, &ANSWER_FIGURES);
    for (title, paper, name) in ANSWERS {
        let own = runs.iter().find(|(run, ..)| run == name);
        let ours = ANSWER_FIGURES.map(|figure| own?.1.figure(figure)?.value);
        row(&mut out, title, &paper, &ours);
    }
    out
}

fn header(out: &mut String, figures: &[&str]) {
    let _ = write!(out, "  {:<28}", "");
    for figure in figures {
        let _ = write!(out, "  {figure:<19}");
    }
    out.push('\n');
}

fn row(out: &mut String, title: &str, paper: &[f64], ours: &[Option<f64>]) {
    let _ = write!(out, "  {title:<28}");
    for (paper, ours) in paper.iter().zip(ours) {
        let cell = match ours {
            Some(ours) => format!("{paper:.2} {ours:.3} {:+.3}", ours - paper),
            None => format!("{paper:.2} – –"),
        };
        let _ = write!(out, "  {cell:<19}");
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}
