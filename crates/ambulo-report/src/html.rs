//! `report.html`: two pages for the clinician, then an appendix with everything behind them.
//!
//! The page is one file without script or outside resource; its content security policy forbids
//! both. Every text from the analysis is escaped. Left and right differ in colour, in line style
//! and in the shape of their marks.

mod appendix;
mod curves;
mod film;
mod findings;
mod header;
mod key_numbers;
mod learned;
mod lifted;
mod profile;
mod quality;
mod range_bar;
mod score;
mod sheet;
mod timeline;
mod words;

use ambulo::analysis::Analysis;
use ambulo::quality::Grade;
pub use film::{Film, Still};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sheet::Room;

const STYLE: &str = concat!(
    include_str!("html/style.css"),
    include_str!("html/plots.css"),
    include_str!("html/print.css")
);

/// What a browser may load for this page: nothing but the page's own style.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The same, with the stills in the page, and the video beside it.
const FILM_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; media-src 'self' file:";

/// Lines for the reasons of a rejection: it has the sheet to itself.
const REJECTION_LINES: usize = 20;

/// The report of one analysis, as a self-contained HTML page.
///
/// A rejected trial shows why it was rejected and what to do, and no measured number.
pub fn html(analysis: &Analysis) -> String {
    page(analysis, None)
}

/// The same with the walk on film. A rejected trial has it too: it shows what went wrong.
pub fn html_with_film(analysis: &Analysis, film: &Film) -> String {
    page(analysis, Some(film))
}

fn page(analysis: &Analysis, film: Option<&Film>) -> String {
    let title = format!("Gait report: {}", analysis.input.name);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(if film.is_some() { FILM_POLICY } else { POLICY });
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { "Skip to the results" }
                main #content {
                    @if analysis.quality.grade == Grade::Reject {
                        (rejected_page(analysis))
                    } @else {
                        (first_page(analysis))
                        (second_page(analysis))
                        (score_page(analysis))
                    }
                    @if let Some(film) = film { (film::section(film)) }
                    (appendix::appendix(analysis))
                }
            }
        }
    };
    page.into_string()
}

fn first_page(analysis: &Analysis) -> Markup {
    let room = Room::of(analysis);
    html! {
        div.sheet {
            (header::header(&analysis.input))
            (quality::verdict(&analysis.quality, room.quality))
            (findings::overview(analysis, room.findings))
            (key_numbers::section(analysis))
            (lifted::pointer(analysis))
            (learned::section(analysis))
            (sheet_end(analysis, "1"))
        }
    }
}

fn second_page(analysis: &Analysis) -> Markup {
    html! {
        div.sheet {
            (curves::section(analysis))
            (profile::section(analysis))
            (timeline::overview(analysis))
            (sheet_end(analysis, "2"))
        }
    }
}

/// A sheet of its own, where a score was asked for.
fn score_page(analysis: &Analysis) -> Markup {
    html! {
        @if score::given(&analysis.assessment) {
            div.sheet {
                (score::section(analysis))
                (sheet_end(analysis, "3"))
            }
        }
    }
}

fn rejected_page(analysis: &Analysis) -> Markup {
    html! {
        div.sheet {
            (header::header(&analysis.input))
            (quality::verdict(&analysis.quality, REJECTION_LINES))
            section aria-labelledby="numbers-heading" {
                h2 #numbers-heading { "Key numbers" }
                p.withheld-note {
                    "No numbers, curves, indices or findings are given: they would mislead. \
                     Record the walk again with the advice above, then analyse it again."
                }
            }
            (timeline::overview(analysis))
            (sheet_end(analysis, "1"))
        }
    }
}

fn sheet_end(analysis: &Analysis, number: &str) -> Markup {
    html! {
        footer.sheet-end {
            span { strong { "Research use, not a diagnosis." } " Made by ambulo " (analysis.provenance.version) "." }
            span { (analysis.input.name) " · sheet " (number) }
        }
    }
}

/// A table in a box of its own, so that a narrow screen scrolls the table and not the page.
fn scrolling(label: &str, table: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" { (table) }
    }
}
