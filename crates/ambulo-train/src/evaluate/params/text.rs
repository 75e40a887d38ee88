//! Tables of parameters as text.

use std::fmt::Write as _;

use super::score::Figure;
use super::table::{ParamsTable, Row};
use crate::evaluate::columns::columns;

impl ParamsTable {
    /// The table, for people.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{} ({}): {} recordings or legs of {} people never learned from, {} recordings refused; 95 % \
             intervals by drawing people",
            self.target.title(),
            self.unit,
            self.recordings,
            self.people,
            self.refused
        );
        let head = [
            "",
            "paper r / MAE",
            "n",
            "r",
            "MAE",
            "RMSE",
            "R²",
            "ICC(A,1)",
            "bias",
            "limits",
            "in 95 %",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.rows.iter().map(Row::cells));
        columns(&mut out, &rows);
        if let Some(difference) = &self.stt_over_cnn1d {
            let _ = writeln!(
                out,
                "MAE of the 1D-CNN minus that of STT: {} (above 0: STT is better)",
                cell(difference)
            );
        }
        out
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let paper = self
            .paper
            .map_or_else(String::new, |paper| format!("{} / {}", paper.r, paper.mae));
        let mut cells = vec![self.way.clone(), paper];
        match &self.score {
            Some(score) => {
                cells.push(score.n.to_string());
                let figures = [
                    score.r,
                    score.mae,
                    score.rmse,
                    score.r_squared,
                    score.icc,
                    score.bias,
                ];
                cells.extend(figures.iter().map(cell));
                let [low, high] = [score.lower_limit, score.upper_limit].map(|it| number(it.value));
                cells.push(format!("{low} to {high}"));
                cells.extend(self.inside.map(|share| format!("{:.0} %", 100.0 * share)));
            }
            None => cells.extend(self.missing.clone()),
        }
        cells
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(
        || "–".to_owned(),
        |value| {
            let decimals = if value.abs() >= 10.0 { 1 } else { 3 };
            format!("{value:.decimals$}")
        },
    )
}

fn cell(figure: &Figure) -> String {
    match figure.ci95 {
        Some([low, high]) => format!(
            "{} ({} to {})",
            number(figure.value),
            number(Some(low)),
            number(Some(high))
        ),
        None => number(figure.value),
    }
}
