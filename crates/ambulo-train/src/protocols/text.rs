//! A comparison as text.

use std::fmt::Write as _;

use super::comparison::{Comparison, Figure, Row, Table};
use super::published::{DataSet, Input2d, Measure};

/// The preset whose figures by action stand beside ours.
const BESIDE: &str = "rtpca_243";

pub(super) fn of(comparison: &Comparison) -> String {
    let mut out = String::new();
    let title = comparison.data.title();
    let _ = writeln!(out, "{title}: the papers' figures and ours\n");
    let mut rows = vec![
        [
            "network", "input", "measure", "row", "paper", "ours", "gap", "",
        ]
        .map(str::to_owned),
    ];
    rows.extend(comparison.figures.iter().map(figure_row));
    columns(&mut out, &rows);
    for table in &comparison.tables {
        write_table(&mut out, comparison, table);
    }
    if !comparison.noise.is_empty() {
        let _ = writeln!(
            out,
            "\n{title}: MPJPE in mm under Gaussian noise on the keypoints\n"
        );
        let mut rows = vec![["sd", "ours"].map(str::to_owned)];
        for row in &comparison.noise {
            rows.push([row.sd.to_string(), format!("{:.1}", row.mpjpe_mm)]);
        }
        columns(&mut out, &rows);
    }
    out
}

fn figure_row(figure: &Figure) -> [String; 8] {
    let paper = &figure.paper;
    let note = figure.missing.as_deref().into_iter().chain(paper.note);
    [
        paper.preset.to_owned(),
        paper.input.title().to_owned(),
        paper.measure.title().to_owned(),
        paper.action.unwrap_or("average").to_owned(),
        format!("{:.1}", paper.value),
        number(figure.ours),
        figure.gap.map_or_else(dash, |gap| format!("{gap:+.1}")),
        note.collect::<Vec<_>>().join("; "),
    ]
}

fn write_table(out: &mut String, comparison: &Comparison, table: &Table) {
    let data = comparison.data;
    let _ = writeln!(
        out,
        "\n{} on {} keypoints, by {} (mm; frames counted as the papers do, except `unique`)\n",
        data.title(),
        table.input.title(),
        match data {
            DataSet::H36m => "action",
            DataSet::Humaneva => "action and subject",
            DataSet::Mpi3dhp => "sequence",
        }
    );
    let mut rows = vec![
        [
            "",
            "frames",
            "RTPCA",
            "MPJPE",
            "unique",
            "P-MPJPE",
            "N-MPJPE",
            "MPJVE",
            "mm/s",
            "Accel",
            "m/s²",
            "mean pose",
            "nearest",
        ]
        .map(str::to_owned),
    ];
    for row in table.rows.iter().chain([&table.average]) {
        rows.push(table_row(row, beside(comparison, table.input, &row.group)));
    }
    columns(out, &rows);
    if data == DataSet::Mpi3dhp {
        let mut rows = vec![["", "joints", "PCK150 %", "AUC %", "MPJPE mm"].map(str::to_owned)];
        for (name, correct) in [
            ("network", &table.correct),
            ("mean pose", &table.correct_mean_pose),
            ("nearest", &table.correct_nearest),
        ] {
            for (set, joints) in ["14, official", "17, MMPose"].iter().enumerate() {
                let found = correct.as_ref().map(|sets| sets[set]);
                rows.push([
                    name.to_owned(),
                    (*joints).to_owned(),
                    number(found.map(|c| c.pck_pct)),
                    number(found.map(|c| c.auc_pct)),
                    number(found.map(|c| c.mpjpe_mm)),
                ]);
            }
        }
        out.push('\n');
        columns(out, &rows);
    }
    for (what, missing) in [
        ("network", &table.network_missing),
        ("baselines", &table.baselines_missing),
    ] {
        if let Some(missing) = missing {
            let _ = writeln!(out, "  {what}: {missing}");
        }
    }
}

fn table_row(row: &Row, paper: Option<f64>) -> [String; 13] {
    let (upstream, unique) = (row.upstream, row.unique);
    [
        row.group.clone(),
        if row.frames > 0 {
            row.frames.to_string()
        } else {
            dash()
        },
        number(paper),
        number(upstream.map(|m| m.mpjpe_mm)),
        number(unique.map(|m| m.mpjpe_mm)),
        number(upstream.map(|m| m.p_mpjpe_mm)),
        number(upstream.map(|m| m.n_mpjpe_mm)),
        number(upstream.and_then(|m| m.mpjve_mm)),
        number(upstream.and_then(|m| m.mpjve_mm_per_s)),
        number(upstream.and_then(|m| m.acceleration_mm)),
        number(upstream.and_then(|m| m.acceleration_m_per_s2)),
        number(row.mean_pose_mm),
        number(row.nearest_mm),
    ]
}

/// The figure of [`BESIDE`] for a row.
fn beside(comparison: &Comparison, input: Input2d, group: &str) -> Option<f64> {
    comparison
        .figures
        .iter()
        .map(|figure| &figure.paper)
        .find(|paper| {
            paper.preset == BESIDE
                && paper.input == input
                && paper.measure == Measure::Mpjpe
                && paper.action.unwrap_or("average") == group
        })
        .map(|paper| paper.value)
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(dash, |value| format!("{value:.1}"))
}

fn dash() -> String {
    "–".to_owned()
}

/// Writes rows with columns as wide as their widest cell: words to the left, numbers to the right.
fn columns<const N: usize>(out: &mut String, rows: &[[String; N]]) {
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..N).map(width).collect();
    let numeric = |column: usize| {
        let mut cells = rows.iter().skip(1).map(|row| row[column].as_str());
        cells.all(|cell| cell == "–" || cell.parse::<f64>().is_ok())
    };
    let numeric: Vec<bool> = (0..N).map(numeric).collect();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = widths[column];
            let _ = if numeric[column] {
                write!(line, "  {cell:>width$}")
            } else {
                write!(line, "  {cell:<width$}")
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}
