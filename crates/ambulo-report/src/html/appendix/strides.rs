//! Every stride, used or not, and the cycles left out.

use ambulo::analysis::Analysis;
use ambulo::cycles::RejectedCycle;
use ambulo::parameters::{ParameterId, Stride};
use maud::{Markup, html};

use super::super::{scrolling, words};
use crate::number;

/// The columns that fit a page; `parameters.csv` has all.
const COLUMNS: [(ParameterId, &str); 8] = [
    (ParameterId::StrideTime, "Stride time"),
    (ParameterId::StepTime, "Step time"),
    (ParameterId::StrideLength, "Stride length"),
    (ParameterId::StepLength, "Step length"),
    (ParameterId::StepWidth, "Step width"),
    (ParameterId::StrideSpeed, "Speed"),
    (ParameterId::Stance, "Stance"),
    (ParameterId::DoubleSupport, "Double support"),
];

/// One row a stride; with its measurements unless the trial was rejected.
pub(super) fn table(analysis: &Analysis, with_values: bool) -> Markup {
    let columns: Vec<(ParameterId, &str, &str)> = COLUMNS
        .into_iter()
        .filter(|(id, _)| {
            with_values && analysis.strides.iter().any(|it| it.values.contains_key(id))
        })
        .map(|(id, title)| (id, title, unit(analysis, id)))
        .collect();
    let used = analysis.strides.iter().filter(|it| it.used).count();
    let table = html! {
        table.data.wide {
            thead { tr {
                th.number scope="col" { "#" }
                th scope="col" { "Side" }
                th.number scope="col" { "Bout" }
                th.number scope="col" { "Start, s" }
                th.number scope="col" { "End, s" }
                @for (_, title, unit) in &columns {
                    th.number scope="col" { (title) ", " (unit) }
                }
                th scope="col" { "Used" }
            } }
            tbody {
                @for (index, stride) in analysis.strides.iter().enumerate() {
                    (row(index, stride, &columns))
                }
            }
        }
    };
    html! {
        p.small {
            (used) " of " (analysis.strides.len()) " strides count in the means. "
            "Every parameter of every stride is in " code { "parameters.csv" } "."
        }
        (scrolling("Every stride", &table))
    }
}

fn row(index: usize, stride: &Stride, columns: &[(ParameterId, &str, &str)]) -> Markup {
    html! {
        tr.unused[!stride.used] {
            th.number scope="row" { (index + 1) }
            td { (stride.side.name()) }
            td.number { (stride.bout + 1) }
            td.number { (number::fixed(stride.start_s, 2)) }
            td.number { (number::fixed(stride.end_s, 2)) }
            @for (id, _, _) in columns {
                td.number { (number::optional(stride.values.get(id).copied(), id.decimals())) }
            }
            td.status {
                @if stride.used { "yes" } @else { "no" }
                @if let Some(reason) = &stride.reason { ": " (reason) }
            }
        }
    }
}

fn unit(analysis: &Analysis, id: ParameterId) -> &str {
    let summary = analysis.parameters.get(&id);
    summary
        .and_then(|it| it.left.as_ref().or(it.right.as_ref()).or(it.both.as_ref()))
        .map_or(id.unit(), |it| it.unit.as_str())
}

/// The cycles that gave no stride.
pub(super) fn rejected(cycles: &[RejectedCycle]) -> Markup {
    let table = html! {
        table.data {
            thead { tr {
                th scope="col" { "Side" }
                th.number scope="col" { "Bout" }
                th.number scope="col" { "Start, s" }
                th.number scope="col" { "End, s" }
                th scope="col" { "Why" }
            } }
            tbody {
                @for cycle in cycles {
                    tr {
                        th scope="row" { (cycle.side.name()) }
                        td.number { (cycle.bout + 1) }
                        td.number { (number::fixed(cycle.start_s, 2)) }
                        td.number { (number::fixed(cycle.end_s, 2)) }
                        td.text { (cycle.reason) }
                    }
                }
            }
        }
    };
    html! {
        p.small { (words::count(cycles.len(), "cycle", "cycles")) "." }
        (scrolling("Cycles left out", &table))
    }
}
