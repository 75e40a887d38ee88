//! Estimates of networks, kept apart from what was measured.

use ambulo::Side;
use ambulo::analysis::Analysis;
use ambulo::parameters::{ParameterId, Status};
use maud::{Markup, html};

use super::{scrolling, words};
use crate::number;

/// The section, or nothing where no network ran.
pub(super) fn section(analysis: &Analysis) -> Markup {
    if !ran(analysis) {
        return html! {};
    }
    html! {
        section.learned aria-labelledby="learned-heading" {
            h2 #learned-heading { "Estimated by networks, not measured" }
            @if !analysis.learned.is_empty() { (scrolling("Estimates of networks beside what was measured", &table(analysis))) }
            @for (reason, names) in by_reason(cautions(analysis)) { p.small { "With caution, " (names) ": " (reason) "." } }
            @for (reason, names) in by_reason(refusals(analysis)) { p.small { "Not estimated, " (names) ": " (reason) "." } }
        }
    }
}

fn table(analysis: &Analysis) -> Markup {
    html! {
        table.data.stacked role="table" {
            thead { tr {
                th scope="col" { "Estimate" }
                th.number scope="col" { "Learned" }
                th.number scope="col" { "95 % interval" }
                th.number scope="col" { "Measured" }
                th.number scope="col" { "95 % interval" }
                th scope="col" { "To go by" }
                th scope="col" { "Model" }
            } }
            tbody {
                @for (name, learned) in &analysis.learned {
                    @let (subject, measured) = (words::subject(name), measured(analysis, name));
                    @let decimals = subject.decimals.unwrap_or_else(|| number::sensible_decimals(learned.value));
                    tr role="row" {
                        th scope="row" role="rowheader" { (subject.title) }
                        td.number role="cell" data-label="Learned" { (number::with_unit(learned.value, decimals, &learned.unit)) }
                        td.number role="cell" data-label="95 % interval" { (number::range(learned.ci95, decimals)) }
                        @match &measured {
                            Some(measured) => {
                                td.number role="cell" data-label="Measured" { (number::with_unit(measured.value, decimals, &measured.unit)) }
                                td.number role="cell" data-label="95 % interval" { (measured.ci95.map_or_else(|| number::DASH.to_owned(), |ci95| number::range(ci95, decimals))) }
                            }
                            None => {
                                td.number role="cell" data-label="Measured" { (number::DASH) }
                                td.number role="cell" data-label="95 % interval" { (number::DASH) }
                            }
                        }
                        td role="cell" data-label="To go by" { @if learned.leads { "learned" } @else { "measured" } }
                        td role="cell" data-label="Model" { (learned.model) }
                    }
                }
            }
        }
    }
}

/// What was measured of the same quantity.
struct Measured {
    value: f64,
    ci95: Option<[f64; 2]>,
    unit: String,
}

fn measured(analysis: &Analysis, name: &str) -> Option<Measured> {
    let (base, side) = words::sided(name);
    if base == "gdi_star" {
        return Some(Measured {
            value: (*analysis.indices.gdi_star.get(side?))?,
            ci95: None,
            unit: "points".to_owned(),
        });
    }
    let id = ParameterId::ALL.iter().find(|id| id.name() == base)?;
    let summary = analysis.parameters.get(id)?;
    let summary = match side {
        Some(Side::Left) => &summary.left,
        Some(Side::Right) => &summary.right,
        None => &summary.both,
    };
    let given = summary
        .as_ref()
        .filter(|it| it.status != Status::Withheld)?;
    Some(Measured {
        value: given.value?,
        ci95: given.ci95,
        unit: given.unit.clone(),
    })
}

fn cautions(analysis: &Analysis) -> impl Iterator<Item = (&str, &str)> {
    let all = analysis.learned.iter();
    all.filter_map(|(name, learned)| Some((name.as_str(), learned.reason.as_deref()?)))
}

fn refusals(analysis: &Analysis) -> impl Iterator<Item = (&str, &str)> {
    let all = analysis.not_estimated.iter();
    all.map(|(name, reason)| (name.as_str(), reason.as_str()))
}

/// Each reason once, with the names of what it is about.
fn by_reason<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, String)> {
    let mut reasons: Vec<(&str, String)> = Vec::new();
    for (name, reason) in all {
        let title = words::subject(name).title;
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, names)) => {
                names.push_str(", ");
                names.push_str(&title);
            }
            None => reasons.push((reason, title)),
        }
    }
    reasons
}

/// Lines that the section takes on the sheet.
pub(super) fn lines(analysis: &Analysis) -> usize {
    const HEAD: usize = 4;
    let texts = by_reason(cautions(analysis)).len() + by_reason(refusals(analysis)).len();
    HEAD + analysis.learned.len() + 2 * texts
}

/// Whether a network ran, or was asked to.
pub(super) fn ran(analysis: &Analysis) -> bool {
    !(analysis.learned.is_empty() && analysis.not_estimated.is_empty())
}
