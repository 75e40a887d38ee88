//! Findings: each sentence with the numbers it rests on.

use ambulo::analysis::Analysis;
use ambulo::assessment::{Assessment, Evidence, Finding};
use maud::{Markup, html};

use super::{sheet, words};
use crate::number;

/// Strides whose frames are listed; a long walk has hundreds.
const FRAMES_SHOWN: usize = 12;

/// The findings that fit into so many lines; all of them stand in the appendix.
pub(super) fn overview(analysis: &Analysis, lines: usize) -> Markup {
    let assessment = &analysis.assessment;
    let norms = &analysis.norms;
    let has_norms = !(norms.parameters.is_empty() && norms.curves.is_empty());
    let sentences = assessment.findings.iter().map(|it| it.sentence.as_str());
    let shown = sheet::fitting(sentences, lines);
    let hidden = assessment.findings.len().saturating_sub(shown);
    let withheld = assessment.withheld.len();
    html! {
        section.findings aria-labelledby="findings-heading" {
            h2 #findings-heading { "What stands out" }
            @if assessment.findings.is_empty() {
                p {
                    @if has_norms && !analysis.parameters.is_empty() {
                        "Nothing that could be judged lies outside its norm."
                    } @else {
                        "Nothing could be judged: there is no number with a norm."
                    }
                }
            } @else {
                ol {
                    @for (index, finding) in assessment.findings.iter().take(shown).enumerate() {
                        li {
                            span.sentence { (finding.sentence) }
                            " "
                            a.more href={ "#finding-" (index + 1) } aria-label={ "Evidence for finding " (index + 1) } { "evidence" }
                        }
                    }
                }
            }
            @if hidden > 0 || withheld > 0 {
                p.small {
                    @if hidden > 0 { a href="#findings-details" { (words::count(hidden, "more finding", "more findings")) " in the appendix" } ". " }
                    @if withheld > 0 { a href="#withheld-rules" { (words::count(withheld, "rule", "rules")) " could not judge" } ". " }
                }
            }
        }
    }
}

/// Every finding with its evidence; `anchor` starts the ids.
pub(super) fn details(findings: &[Finding], anchor: &str) -> Markup {
    html! {
        ol.evidence {
            @for (index, finding) in findings.iter().enumerate() {
                li id={ (anchor) "-" (index + 1) } {
                    p { strong { (finding.sentence) } }
                    ul {
                        @for evidence in &finding.evidence { li { (measurement(evidence)) } }
                    }
                    p.small { "Rule " code { (finding.rule) } @if let Some(z) = finding.z { "; " (number::signed(z, 1)) " SD from the norm" } }
                }
            }
        }
    }
}

/// The rules that could not judge.
pub(super) fn withheld(assessment: &Assessment) -> Markup {
    html! {
        ul {
            @for rule in &assessment.withheld {
                li { code { (rule.rule) } ": " (rule.reason) }
            }
        }
    }
}

pub(super) fn measurement(evidence: &Evidence) -> Markup {
    let subject = words::subject(&evidence.parameter);
    let decimals = subject
        .decimals
        .unwrap_or_else(|| number::sensible_decimals(evidence.value));
    let title = format!("{}, {}", subject.title, evidence.side);
    html! {
        @if let Some(anchor) = &subject.anchor {
            a href={ "#" (anchor) } { (title) }
        } @else {
            (title)
        }
        ": " (number::with_unit(evidence.value, decimals, &evidence.unit))
        @if let Some(norm) = &evidence.norm {
            "; norm " (number::plus_minus(norm.mean, norm.sd, decimals)) (number::after_number(&evidence.unit))
            " (" (norm.source) ")"
        }
        @if !evidence.frames.is_empty() { "; " (frames(&evidence.frames)) }
    }
}

fn frames(ranges: &[[usize; 2]]) -> String {
    let shown: Vec<String> = ranges
        .iter()
        .take(FRAMES_SHOWN)
        .map(|&range| words::frames(range))
        .collect();
    let rest = match ranges.len().saturating_sub(FRAMES_SHOWN) {
        0 => String::new(),
        rest => format!(" and {rest} more"),
    };
    format!("frames {}{rest}", shown.join(", "))
}
