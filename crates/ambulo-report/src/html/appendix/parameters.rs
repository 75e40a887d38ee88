//! All parameters with their statistics, and their definitions.

use ambulo::analysis::Analysis;
use ambulo::assessment::NormValue;
use ambulo::parameters::{ParameterId, ParameterSummary, Status, Summary, Symmetry};
use maud::{Markup, html};

use super::super::{scrolling, words};
use crate::number;

/// Value, spread, interval and status of every parameter, and the symmetry of its sides.
pub(super) fn values(analysis: &Analysis) -> Markup {
    html! {
        p.small {
            "Means over the clean straight strides. SD and CV over strides; interval: 95 % confidence of the value. "
            a href="#definitions-details" { "Definitions and their sources" } " follow below."
        }
        (scrolling("All parameters", &table(analysis)))
        @let symmetries: Vec<(ParameterId, Symmetry)> = analysis.parameters.iter()
            .filter_map(|(&id, summary)| summary.symmetry.map(|symmetry| (id, symmetry))).collect();
        @if !symmetries.is_empty() {
            h4 { "Left compared with right" }
            p.small { "In the signed indices, positive means the right is larger." }
            (scrolling("Left compared with right", &symmetry(&symmetries)))
        }
    }
}

fn table(analysis: &Analysis) -> Markup {
    html! {
        table.data.wide {
            thead { tr {
                th scope="col" { "Parameter" }
                th scope="col" { "Side" }
                th.number scope="col" { "Value" }
                th.number scope="col" { "95 % interval" }
                th.number scope="col" { "n" }
                th.number scope="col" { "SD" }
                th.number scope="col" { "CV" }
                th.number scope="col" { "Norm" }
                th scope="col" { "Status" }
            } }
            @for (&id, summary) in &analysis.parameters { (group(analysis, id, summary)) }
        }
    }
}

fn group(analysis: &Analysis, id: ParameterId, summary: &ParameterSummary) -> Markup {
    let norm = norm_of(analysis, id);
    let rows: Vec<(&str, &Summary)> = [
        ("left", &summary.left),
        ("right", &summary.right),
        ("both", &summary.both),
    ]
    .into_iter()
    .filter_map(|(side, it)| it.as_ref().map(|it| (side, it)))
    .collect();
    let unit = rows.first().map_or(id.unit(), |(_, it)| it.unit.as_str());
    html! {
        tbody id=(words::parameter_anchor(id)) {
            @for (index, (side, row)) in rows.iter().enumerate() {
                tr {
                    @if index == 0 {
                        th scope="rowgroup" rowspan=(rows.len()) {
                            (id.title())
                            @let unit = number::after_number(unit);
                            @if !unit.is_empty() { span.unit { (unit.replace('°', "\u{a0}°")) } }
                        }
                    }
                    th scope="row" { (side) }
                    (cells(id, row))
                    @if index == 0 {
                        td.number rowspan=(rows.len()) {
                            @if let Some(norm) = norm.filter(|_| unit == id.unit()) {
                                (number::plus_minus(norm.mean, norm.sd, id.decimals()))
                            } @else { (number::DASH) }
                        }
                    }
                    td.status { (status(row)) }
                }
            }
        }
    }
}

fn cells(id: ParameterId, row: &Summary) -> Markup {
    let decimals = id.decimals();
    let given = row.status != Status::Withheld;
    let optional =
        |value: Option<f64>, decimals| number::optional(value.filter(|_| given), decimals);
    html! {
        td.number { strong { (optional(row.value, decimals)) } }
        td.number {
            @if let Some(ci) = row.ci95.filter(|_| given) { (number::range(ci, decimals)) } @else { (number::DASH) }
        }
        td.number { (row.n) }
        td.number { (optional(row.sd, decimals + 1)) }
        td.number {
            @if let Some(cv) = row.cv_pct.filter(|_| given) { (number::with_unit(cv, 1, "%")) } @else { (number::DASH) }
        }
    }
}

fn status(row: &Summary) -> Markup {
    let word = match row.status {
        Status::Valid => "valid",
        Status::Caution => "caution",
        Status::Withheld => "withheld",
    };
    html! {
        span.status.(word) { (word) }
        @if let Some(reason) = &row.reason { ": " (reason) }
    }
}

fn symmetry(rows: &[(ParameterId, Symmetry)]) -> Markup {
    html! {
        table.data {
            thead { tr {
                th scope="col" { "Parameter" }
                th.number scope="col" { "Robinson's index" }
                th.number scope="col" { "Ratio" }
                th.number scope="col" { "Gait asymmetry" }
                th.number scope="col" { "Symmetry angle" }
            } }
            tbody {
                @for (id, symmetry) in rows {
                    tr {
                        th scope="row" { (id.title()) }
                        td.number { (number::signed(symmetry.robinson_pct, 1)) "\u{a0}%" }
                        td.number { (number::fixed(symmetry.ratio, 2)) }
                        td.number { (number::fixed(symmetry.gait_asymmetry_pct, 1)) "\u{a0}%" }
                        td.number { (number::signed(symmetry.symmetry_angle_pct, 1)) "\u{a0}%" }
                    }
                }
            }
        }
    }
}

/// What each parameter means, where that comes from, and which norm it was compared with.
pub(super) fn definitions(analysis: &Analysis) -> Markup {
    let mut sources: Vec<&str> = Vec::new();
    let rows: Vec<(ParameterId, Option<usize>)> = analysis
        .parameters
        .keys()
        .map(|&id| {
            let norm = norm_of(analysis, id).map(|norm| place(&mut sources, &norm.source));
            (id, norm)
        })
        .collect();
    let table = html! {
        table.data.wide {
            thead { tr {
                th scope="col" { "Parameter" }
                th scope="col" { "Unit" }
                th scope="col" { "Definition" }
                th scope="col" { "Source" }
                th.number scope="col" { "Norm" }
            } }
            tbody {
                @for (id, norm) in rows {
                    tr {
                        th scope="row" { (id.title()) }
                        td { (id.unit()) }
                        td.text { (id.definition()) }
                        td.text { (id.source()) }
                        td.number { @if let Some(norm) = norm { (norm + 1) } @else { (number::DASH) } }
                    }
                }
            }
        }
    };
    html! {
        (scrolling("Definitions", &table))
        @if !sources.is_empty() {
            h4 { "Norms" }
            ol.small { @for source in sources { li { (source) } } }
        }
    }
}

fn norm_of(analysis: &Analysis, id: ParameterId) -> Option<&NormValue> {
    let norms = &analysis.norms.parameters;
    norms
        .iter()
        .find(|it| it.parameter == id)
        .map(|it| &it.norm)
}

/// The place of a text in a list that holds each once.
fn place<'a>(texts: &mut Vec<&'a str>, text: &'a str) -> usize {
    texts
        .iter()
        .position(|known| *known == text)
        .unwrap_or_else(|| {
            texts.push(text);
            texts.len() - 1
        })
}
