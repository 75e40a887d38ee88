//! The key numbers beside their norms.

use ambulo::analysis::Analysis;
use ambulo::assessment::NormValue;
use ambulo::parameters::{ParameterId, ParameterSummary, Quantity, Status, Summary};
use maud::{Markup, html};

use super::range_bar::{Mark, Marked, range_bar};
use super::{sheet, words};
use crate::number;

/// How a parameter is shown: a value a side, or one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Show {
    Sides,
    Both,
}

/// What a clinician looks for first, in that order.
const KEY: [(ParameterId, Show); 12] = [
    (ParameterId::Speed, Show::Both),
    (ParameterId::Cadence, Show::Both),
    (ParameterId::StrideLength, Show::Sides),
    (ParameterId::StepLength, Show::Sides),
    (ParameterId::StepTime, Show::Sides),
    (ParameterId::StepWidth, Show::Both),
    (ParameterId::Stance, Show::Sides),
    (ParameterId::SingleSupport, Show::Sides),
    (ParameterId::DoubleSupport, Show::Both),
    (ParameterId::StrideTimeCv, Show::Both),
    (ParameterId::KneeFlexionMaximumExtension, Show::Sides),
    (ParameterId::ArmSwingAsymmetry, Show::Both),
];

/// Characters that the notes below the table may take; every reason stands in the appendix too.
const NOTES_ROOM: usize = 600;

pub(super) fn section(analysis: &Analysis) -> Markup {
    let rows: Vec<Row> = KEY
        .iter()
        .filter_map(|&(id, show)| Row::of(analysis, id, show))
        .collect();
    let mut notes = Notes::default();
    let mut sources = Notes::default();
    let body: Vec<Markup> = rows
        .iter()
        .map(|row| row.markup(&mut notes, &mut sources))
        .collect();
    let shown = sheet::fitting_in_a_row(notes.0.iter().map(String::as_str), NOTES_ROOM);
    html! {
        section.key-numbers aria-labelledby="numbers-heading" {
            h2 #numbers-heading { "Key numbers" }
            @if rows.is_empty() {
                p.withheld-note { "Nothing could be measured." }
            } @else {
                table.key.without-norms[sources.0.is_empty()] role="table" {
                    caption {
                        "Value, and its 95 % interval."
                        @if !sources.0.is_empty() {
                            " Bar: the norm's mean, ±1 SD (dark) and ±2 SD (light); "
                            span.key-left { "● left" } ", " span.key-right { "◆ right" } ", "
                            span.key-both { "▮ both" } "; an arrow lies beyond ±4 SD."
                        }
                    }
                    thead role="rowgroup" { tr role="row" {
                        th role="columnheader" scope="col" { "Parameter" }
                        th.number role="columnheader" scope="col" { "Left" }
                        th.number role="columnheader" scope="col" { "Right" }
                        th.number role="columnheader" scope="col" { abbr title="Robinson's index: 100 (R − L) / mean" { "R − L" } }
                        th.number.norm role="columnheader" scope="col" { "Norm" }
                        th.bar role="columnheader" scope="col" { "Place in the norm" }
                    } }
                    tbody role="rowgroup" { @for row in &body { (row) } }
                }
                div.notes {
                    @for (index, note) in notes.0.iter().enumerate().take(shown) {
                        p { sup { (letter(index)) } " " (note) }
                    }
                    @for (index, source) in sources.0.iter().enumerate() {
                        p { sup { (index + 1) } " Norm: " (source) }
                    }
                    @if shown < notes.0.len() { p { "Further notes: see the status of each parameter in the appendix." } }
                    @if sources.0.is_empty() { p { "No norm fits this walk." } }
                    p { a href="#parameters-details" { "All parameters" } ", with definitions, are in the appendix." }
                }
            }
        }
    }
}

/// One row of the table.
struct Row<'a> {
    id: ParameterId,
    unit: &'a str,
    summary: &'a ParameterSummary,
    /// Left and right, or the one value of both.
    cells: Vec<(Mark, &'a Summary)>,
    norm: Option<&'a NormValue>,
}

impl<'a> Row<'a> {
    fn of(analysis: &'a Analysis, id: ParameterId, show: Show) -> Option<Self> {
        let summary = analysis.parameters.get(&id)?;
        let both: Vec<_> = summary.both.iter().map(|it| (Mark::Both, it)).collect();
        let left = summary.left.iter().map(|it| (Mark::Left, it));
        let right = summary.right.iter().map(|it| (Mark::Right, it));
        let sides: Vec<_> = left.chain(right).collect();
        let cells = match show {
            Show::Both if !both.is_empty() => both,
            Show::Sides if sides.is_empty() => both,
            _ => sides,
        };
        let unit = cells.first()?.1.unit.as_str();
        let norm = analysis
            .norms
            .parameters
            .iter()
            .find(|norm| norm.parameter == id && unit == id.unit())
            .map(|norm| &norm.norm);
        Some(Self {
            id,
            unit,
            summary,
            cells,
            norm,
        })
    }

    fn markup(&self, notes: &mut Notes, sources: &mut Notes) -> Markup {
        let id = self.id;
        let marked: Vec<Marked> = self.cells.iter().filter_map(|cell| marked(*cell)).collect();
        let source = self.norm.map(|norm| sources.index(&norm.source) + 1);
        html! {
            tr role="row" {
                th.name role="rowheader" scope="row" {
                    a href={ "#" (words::parameter_anchor(id)) } { (id.title()) }
                    @let unit = number::after_number(self.unit);
                    @if !unit.is_empty() { span.unit { (unit.replace('°', "\u{a0}°")) } }
                }
                @if self.is_of_both() {
                    td.number.both-sides role="cell" colspan="2" data-label="Both sides" { (self.cell(Mark::Both, notes)) }
                } @else {
                    td.number role="cell" data-label="Left" { (self.cell(Mark::Left, notes)) }
                    td.number role="cell" data-label="Right" { (self.cell(Mark::Right, notes)) }
                }
                td.number.difference role="cell" data-label="R − L" {
                    @if self.is_of_both() { } @else { (self.difference()) }
                }
                td.number.norm role="cell" data-label="Norm" {
                    @if let (Some(norm), Some(source)) = (self.norm, source) {
                        (number::plus_minus(norm.mean, norm.sd, id.decimals())) sup { (source) }
                    } @else { (number::DASH) }
                }
                td.bar role="cell" data-label="" {
                    @if let Some(norm) = self.norm.filter(|_| !marked.is_empty()) {
                        (range_bar(id.title(), norm, id.decimals(), &marked))
                    }
                }
            }
        }
    }

    fn is_of_both(&self) -> bool {
        self.cells.iter().all(|(mark, _)| *mark == Mark::Both)
    }

    fn cell(&self, mark: Mark, notes: &mut Notes) -> Markup {
        let found = self.cells.iter().find(|(whose, _)| *whose == mark);
        let Some((_, summary)) = found else {
            return html! { (number::DASH) };
        };
        let note = match summary.status {
            Status::Valid => None,
            Status::Caution | Status::Withheld => summary
                .reason
                .as_deref()
                .map(|reason| letter(notes.index(&format!("{}: {reason}", word(summary.status))))),
        };
        html! {
            span.value { (number::optional(shown(summary), self.id.decimals())) @if let Some(note) = note { sup { (note) } } }
            @if let Some(ci) = summary.ci95.filter(|_| shown(summary).is_some()) {
                " " span.interval { (number::range(ci, self.id.decimals())) }
            }
        }
    }

    /// How unlike the sides are; of degrees, whose zero is a convention, a share says nothing.
    fn difference(&self) -> String {
        self.summary
            .symmetry
            .filter(|_| self.id.quantity() != Quantity::Angle)
            .map_or_else(
                || number::DASH.to_owned(),
                |symmetry| format!("{}\u{a0}%", number::signed(symmetry.robinson_pct, 0)),
            )
    }
}

/// The value to print: none if withheld, whatever the summary holds.
fn shown(summary: &Summary) -> Option<f64> {
    summary
        .value
        .filter(|value| value.is_finite() && summary.status != Status::Withheld)
}

fn marked((mark, summary): (Mark, &Summary)) -> Option<Marked> {
    Some(Marked {
        mark,
        value: shown(summary)?,
        ci95: summary.ci95,
    })
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Valid => "Valid",
        Status::Caution => "Caution",
        Status::Withheld => "Withheld",
    }
}

/// Notes below the table, each text once.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn index(&mut self, note: &str) -> usize {
        if let Some(index) = self.0.iter().position(|known| known == note) {
            return index;
        }
        self.0.push(note.to_owned());
        self.0.len() - 1
    }
}

/// `a`, `b`, …, `z`, then `aa`.
fn letter(index: usize) -> String {
    const LETTERS: &[u8; 26] = b"abcdefghijklmnopqrstuvwxyz";
    let letter = char::from(LETTERS[index % 26]).to_string();
    letter.repeat(index / 26 + 1)
}
