//! Everything behind the two pages: evidence, all parameters, strides, methods, provenance.

mod methods;
mod parameters;
mod strides;

use ambulo::analysis::Analysis;
use ambulo::quality::Grade;
use maud::{Markup, html};

use super::{curves, findings, lifted, quality, scrolling, timeline};

/// One part of the appendix.
struct Part {
    id: &'static str,
    title: &'static str,
    content: Markup,
}

pub(super) fn appendix(analysis: &Analysis) -> Markup {
    let parts = parts(analysis);
    html! {
        div.appendix {
            h2.appendix-heading { "Appendix" }
            nav aria-label="Appendix" {
                ul { @for part in &parts { li { a href={ "#" (part.id) } { (part.title) } } } }
            }
            @for part in &parts {
                section id=(part.id) aria-labelledby={ (part.id) "-heading" } {
                    h3 id={ (part.id) "-heading" } { (part.title) }
                    (part.content)
                }
            }
        }
    }
}

fn parts(analysis: &Analysis) -> Vec<Part> {
    let rejected = analysis.quality.grade == Grade::Reject;
    let mut parts = Vec::new();
    let mut add = |id, title, content| parts.push(Part { id, title, content });
    let assessment = &analysis.assessment;
    if !analysis.quality.findings.is_empty() {
        let table = scrolling("Quality findings", &quality::details(&analysis.quality));
        add("quality-details", "Quality findings", table);
    }
    if !rejected {
        if !assessment.findings.is_empty() {
            let all = findings::details(&assessment.findings, "finding");
            add("findings-details", "Findings and their evidence", all);
        }
        if !assessment.rationale.is_empty() {
            let all = findings::details(&assessment.rationale, "reason");
            add(
                "rationale-details",
                "The score's sentences and their evidence",
                all,
            );
        }
        if !assessment.withheld.is_empty() {
            add(
                "withheld-rules",
                "Rules that could not judge",
                findings::withheld(assessment),
            );
        }
        if !analysis.parameters.is_empty() {
            add(
                "parameters-details",
                "All parameters",
                parameters::values(analysis),
            );
        }
        if let Some(others) = curves::others(analysis) {
            add("more-curves", "Further angles", others);
        }
        if let Some(lifting) = &analysis.lifting {
            let both = lifted::details(analysis, lifting);
            add("lifted-details", lifted::TITLE, both);
        }
    }
    if let Some(strips) = timeline::details(analysis) {
        add("timeline-details", "Steps in time, in detail", strips);
    }
    if !analysis.strides.is_empty() {
        let table = strides::table(analysis, !rejected);
        add("strides-details", "Every stride", table);
    }
    if !analysis.rejected_cycles.is_empty() {
        add(
            "rejected-details",
            "Cycles left out",
            strides::rejected(&analysis.rejected_cycles),
        );
    }
    if !analysis.methods.is_empty() {
        add("methods-details", "Methods", methods::methods(analysis));
    }
    if !rejected && !analysis.parameters.is_empty() {
        add(
            "definitions-details",
            "Definitions",
            parameters::definitions(analysis),
        );
    }
    add("provenance", "Provenance", methods::provenance(analysis));
    parts
}
