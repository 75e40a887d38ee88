//! Tables for a spreadsheet, after RFC 4180: comma, CRLF, quotes only where needed.
//!
//! Numbers are written with a point and every digit that reading them back needs. A missing
//! number is an empty field. `docs/formats/result.md` describes each column.

use std::collections::BTreeMap;

use ambulo::analysis::Analysis;
use ambulo::kinematics::AngleId;
use ambulo::parameters::{ParameterId, ParameterSummary, Summary};
use ambulo::{PerSide, Side};
use serde::Serialize;

/// `parameters.csv`: one row a stride, then the summaries, one row a side and statistic.
///
/// The column `row` is `stride` for strides and the statistic's name for summaries: `value`, `sd`,
/// `cv_pct`, `n`, `ci95_low`, `ci95_high`, `status`, `reason`. Every parameter has its column,
/// measured or not, so tables of several trials can be joined.
pub fn parameters_csv(analysis: &Analysis) -> String {
    let mut table = Table::default();
    table.row(
        [
            "row",
            "side",
            "bout",
            "start_s [s]",
            "end_s [s]",
            "start_frame",
            "end_frame",
            "used",
            "reason",
        ]
        .map(str::to_owned)
        .into_iter()
        .chain(ParameterId::ALL.iter().map(|&id| {
            let unit = analysis
                .parameters
                .get(&id)
                .and_then(unit_of)
                .unwrap_or(id.unit());
            format!("{} [{unit}]", id.name())
        })),
    );
    for stride in &analysis.strides {
        let place = [
            "stride".to_owned(),
            stride.side.name().to_owned(),
            stride.bout.to_string(),
            number(stride.start_s),
            number(stride.end_s),
            stride.start_frame.to_string(),
            stride.end_frame.to_string(),
            stride.used.to_string(),
            stride.reason.clone().unwrap_or_default(),
        ];
        let values = ParameterId::ALL
            .iter()
            .map(|id| optional(stride.values.get(id).copied()));
        table.row(place.into_iter().chain(values));
    }
    for side in ["left", "right", "both"] {
        for (name, field) in STATISTICS {
            let mut place = vec![String::new(); 9];
            name.clone_into(&mut place[0]);
            side.clone_into(&mut place[1]);
            let values = ParameterId::ALL.iter().map(|id| {
                analysis
                    .parameters
                    .get(id)
                    .and_then(|summary| of_side(summary, side))
                    .map_or_else(String::new, field)
            });
            table.row(place.into_iter().chain(values));
        }
    }
    table.text
}

/// `events.csv`: one row an event, in order of time.
pub fn events_csv(analysis: &Analysis) -> String {
    let mut table = Table::default();
    table.row(
        [
            "side",
            "kind",
            "time_s",
            "frame",
            "confidence",
            "source",
            "file_time_s",
            "file_frame",
        ]
        .map(str::to_owned),
    );
    let input = &analysis.input;
    for event in &analysis.events {
        let file_frame = i64::try_from(event.frame)
            .ok()
            .and_then(|frame| frame.checked_add(input.file_number_of_first_frame));
        table.row([
            event.side.name().to_owned(),
            name(&event.kind),
            number(event.time_s),
            event.frame.to_string(),
            number(event.confidence),
            name(&event.source),
            number(event.time_s + input.file_time_of_first_frame_s),
            file_frame.map_or_else(String::new, |frame| frame.to_string()),
        ]);
    }
    table.text
}

/// `angles.csv`: one row a percent of the gait cycle, 0 to 100; columns a side, angle and statistic.
///
/// Columns are `ANGLE_SIDE_mean_deg`, `ANGLE_SIDE_sd_deg` and, where a norm is known,
/// `ANGLE_SIDE_norm_mean_deg` and `ANGLE_SIDE_norm_sd_deg`, in report order.
pub fn angles_csv(analysis: &Analysis) -> String {
    let mut names = vec!["cycle_pct".to_owned()];
    let mut columns: Vec<Option<&[f64]>> = Vec::new();
    for &angle in AngleId::ALL {
        for side in Side::BOTH {
            let Some(curve) = curve_of(&analysis.angles, angle, side) else {
                continue;
            };
            let mut add = |statistic: &str, values| {
                names.push(format!("{}_{}_{statistic}", angle.name(), side.name()));
                columns.push(values);
            };
            add("mean_deg", Some(&curve.mean_deg[..]));
            add("sd_deg", curve.sd_deg.as_deref());
            if let Some(norm) = analysis.norms.curves.get(&angle) {
                let norm = norm.get(side);
                add("norm_mean_deg", Some(&norm.mean_deg[..]));
                add("norm_sd_deg", Some(&norm.sd_deg[..]));
            }
        }
    }
    let mut table = Table::default();
    table.row(names);
    for percent in 0..=100 {
        let values = columns.iter().map(|column| {
            let value = column.and_then(|values| values.get(percent).copied());
            optional(value)
        });
        table.row(std::iter::once(percent.to_string()).chain(values));
    }
    table.text
}

/// A statistic's name and its field in a summary.
type Statistic = (&'static str, fn(&Summary) -> String);

const STATISTICS: [Statistic; 8] = [
    ("value", |s| optional(s.value)),
    ("sd", |s| optional(s.sd)),
    ("cv_pct", |s| optional(s.cv_pct)),
    ("n", |s| s.n.to_string()),
    ("ci95_low", |s| optional(s.ci95.map(|ci| ci[0]))),
    ("ci95_high", |s| optional(s.ci95.map(|ci| ci[1]))),
    ("status", |s| name(&s.status)),
    ("reason", |s| s.reason.clone().unwrap_or_default()),
];

fn of_side<'a>(summary: &'a ParameterSummary, side: &str) -> Option<&'a Summary> {
    match side {
        "left" => summary.left.as_ref(),
        "right" => summary.right.as_ref(),
        _ => summary.both.as_ref(),
    }
}

fn unit_of(summary: &ParameterSummary) -> Option<&str> {
    [&summary.both, &summary.left, &summary.right]
        .into_iter()
        .find_map(|side| side.as_ref().map(|side| side.unit.as_str()))
}

fn curve_of<T>(
    curves: &BTreeMap<AngleId, PerSide<Option<T>>>,
    angle: AngleId,
    side: Side,
) -> Option<&T> {
    curves.get(&angle)?.get(side).as_ref()
}

/// The name that `result.json` gives a variant.
fn name<T: Serialize>(variant: &T) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

fn number(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// Rows of quoted fields.
#[derive(Default)]
struct Table {
    text: String,
}

impl Table {
    fn row(&mut self, fields: impl IntoIterator<Item = String>) {
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            if field.contains(['"', ',', '\r', '\n']) {
                self.text.push('"');
                self.text.push_str(&field.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(&field);
            }
        }
        self.text.push_str("\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_only_where_needed() {
        let mut table = Table::default();
        table.row(["plain", "a,b", "say \"hi\"", "two\nlines", ""].map(str::to_owned));
        assert_eq!(
            table.text,
            "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",\r\n"
        );
    }

    #[test]
    fn numbers_read_back_exactly_and_nothing_else_is_a_number() {
        assert_eq!(number(0.1 + 0.2).parse(), Ok(0.1 + 0.2));
        assert_eq!(number(f64::NAN), "");
        assert_eq!(number(f64::NEG_INFINITY), "");
    }
}
