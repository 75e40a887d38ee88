//! The quality verdict: what was found, and what to do.

use ambulo::quality::{Grade, Quality, QualityFinding};
use maud::{Markup, html};

use super::{sheet, words};
use crate::number;

/// The verdict, with as many findings as fit into so many lines; the rest stand in the appendix.
pub(super) fn verdict(quality: &Quality, lines: usize) -> Markup {
    let (class, mark, heading) = match quality.grade {
        Grade::Pass => ("pass", "✓", "Quality: pass"),
        Grade::Caution => ("caution", "!", "Quality: use with caution"),
        Grade::Reject => ("reject", "✕", "Rejected: do not use this recording"),
    };
    let texts = texts(quality);
    let shown = sheet::fitting(texts.iter().map(String::as_str), lines);
    let hidden = quality.findings.len().saturating_sub(shown);
    html! {
        section.verdict.(class) aria-labelledby="quality-heading" {
            h2 #quality-heading { span.mark aria-hidden="true" { (mark) } (heading) }
            @if quality.findings.is_empty() {
                p { "Nothing was found that stands in the way of the numbers." }
            } @else {
                ul {
                    @for finding in quality.findings.iter().take(shown) {
                        li {
                            strong { (word(finding.grade)) ": " }
                            (finding.message)
                            @if let Some(advice) = &finding.advice { " " em.advice { (advice) } }
                        }
                    }
                }
                @if hidden > 0 {
                    p { a href="#quality-details" { (words::count(hidden, "more finding", "more findings")) " in the appendix" } }
                }
            }
        }
    }
}

/// The findings' texts on the first page, to see how long they are.
pub(super) fn texts(quality: &Quality) -> Vec<String> {
    quality
        .findings
        .iter()
        .map(|finding| {
            let advice = finding.advice.as_deref().unwrap_or_default();
            format!("{}: {} {advice}", word(finding.grade), finding.message)
        })
        .collect()
}

/// Every finding with its number, limit and frames.
pub(super) fn details(quality: &Quality) -> Markup {
    html! {
        table.data {
            thead { tr {
                th scope="col" { "Check" }
                th scope="col" { "Weight" }
                th scope="col" { "Found" }
                th.number scope="col" { "Measured" }
                th.number scope="col" { "Limit" }
                th scope="col" { "Frames" }
            } }
            tbody {
                @for finding in &quality.findings {
                    tr {
                        th scope="row" { code { (finding.code) } }
                        td { (word(finding.grade)) }
                        td.text { (finding.message) @if let Some(advice) = &finding.advice { " " em { (advice) } } }
                        td.number { (measured(finding, finding.value)) }
                        td.number { (measured(finding, finding.limit)) }
                        td.together { (finding.frames.map_or_else(|| number::DASH.to_owned(), words::frames)) }
                    }
                }
            }
        }
    }
}

fn measured(finding: &QualityFinding, value: Option<f64>) -> String {
    value.map_or_else(
        || number::DASH.to_owned(),
        |value| {
            let unit = finding.unit.as_deref().unwrap_or_default();
            number::with_unit(value, number::sensible_decimals(value), unit)
        },
    )
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Pass => "Note",
        Grade::Caution => "Caution",
        Grade::Reject => "Reject",
    }
}
