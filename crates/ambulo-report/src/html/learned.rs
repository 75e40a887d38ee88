//! Estimates of networks, kept apart from what was measured.

use ambulo::analysis::Analysis;
use maud::{Markup, html};

use super::words;
use crate::number;

/// The section, or nothing where no network ran.
pub(super) fn section(analysis: &Analysis) -> Markup {
    if !ran(analysis) {
        return html! {};
    }
    let assessment = &analysis.assessment;
    html! {
        section.learned aria-labelledby="learned-heading" {
            h2 #learned-heading { "Estimated by networks, not measured" }
            @if let Some(score) = assessment.score {
                p { strong { "MDS-UPDRS gait score: " (score) } @if !assessment.probabilities.is_empty() { " (" (probabilities(&assessment.probabilities)) ")" } }
            }
            @if assessment.abstained { p { "The model was asked for a gait score and abstained: this walk is unlike those it learned from." } }
            @if !analysis.learned.is_empty() {
                table.data {
                    thead { tr {
                        th scope="col" { "Estimate" }
                        th.number scope="col" { "Value" }
                        th.number scope="col" { "95 % interval" }
                        th scope="col" { "Model" }
                    } }
                    tbody {
                        @for (name, learned) in &analysis.learned {
                            @let decimals = number::sensible_decimals(learned.value);
                            tr {
                                th scope="row" { (words::subject(name).title) }
                                td.number { (number::with_unit(learned.value, decimals, &learned.unit)) }
                                td.number { (number::range(learned.ci95, decimals)) }
                                td { (learned.model) }
                            }
                        }
                    }
                }
            }
            @if !assessment.rationale.is_empty() { p.more { a href="#rationale-details" { "The model's reasons, with their evidence" } } }
        }
    }
}

/// Whether a network ran, or was asked to.
pub(super) fn ran(analysis: &Analysis) -> bool {
    let assessment = &analysis.assessment;
    !analysis.learned.is_empty()
        || assessment.score.is_some()
        || assessment.abstained
        || !assessment.rationale.is_empty()
}

fn probabilities(values: &[f64]) -> String {
    let parts: Vec<String> = values
        .iter()
        .enumerate()
        .map(|(score, p)| format!("{score}: {}", number::with_unit(p * 100.0, 0, "%")))
        .collect();
    parts.join(", ")
}
