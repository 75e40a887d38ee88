//! The movement analysis profile (MAP): how far each variable lies from the norm, and the indices.

use ambulo::analysis::{Analysis, Indices};
use ambulo::assessment::NormValue;
use ambulo::{PerSide, Side};
use maud::{Markup, html};

use crate::number;
use crate::svg::{Scale, coordinate, ticks};

const LABELS_END: f64 = 118.0;
const BARS_END: f64 = 330.0;
const ROW: f64 = 23.0;

/// The axis reaches at least this far, so that a good profile looks good.
const LEAST_REACH_DEG: f64 = 15.0;

pub(super) fn section(analysis: &Analysis) -> Markup {
    let indices = &analysis.indices;
    let bars = rows(indices);
    html! {
        section.profile aria-labelledby="profile-heading" {
            h2 #profile-heading { "Movement analysis profile" }
            div.columns[!bars.is_empty()] {
                @if bars.is_empty() {
                    p.withheld-note { "No gait variable score could be computed." }
                } @else {
                    (plot(&bars))
                }
                (table(indices))
            }
        }
    }
}

/// One pair of bars: a variable, or the profile score of all.
struct Row {
    title: String,
    deg: PerSide<Option<f64>>,
    reference: Option<NormValue>,
    is_score: bool,
}

fn rows(indices: &Indices) -> Vec<Row> {
    let mut rows: Vec<Row> = indices
        .gvs_deg
        .iter()
        .filter(|(_, deg)| deg.left.is_some() || deg.right.is_some())
        .map(|(&angle, &deg)| Row {
            title: angle.title().to_owned(),
            deg,
            reference: indices.gvs_reference_deg.get(&angle).cloned(),
            is_score: false,
        })
        .collect();
    if indices.gps_deg.left.is_some() || indices.gps_deg.right.is_some() {
        rows.push(Row {
            title: "GPS, all variables".to_owned(),
            deg: indices.gps_deg,
            reference: indices.gps_reference_deg.clone(),
            is_score: true,
        });
    }
    rows
}

fn plot(rows: &[Row]) -> Markup {
    let reach = rows
        .iter()
        .flat_map(|row| {
            [
                row.deg.left,
                row.deg.right,
                row.reference.as_ref().map(|it| it.mean + it.sd),
            ]
        })
        .flatten()
        .filter(|deg| deg.is_finite())
        .fold(LEAST_REACH_DEG, f64::max);
    let ticks = ticks(0.0, reach, 4);
    let scale = Scale {
        values: [0.0, ticks.last().copied().unwrap_or(reach)],
        coordinates: [LABELS_END, BARS_END],
    };
    let bottom = ROW * rows.len() as f64 + 4.0;
    let has_reference = rows.iter().any(|row| row.reference.is_some());
    html! {
        figure.map {
            svg.map-bars viewBox={ "0 0 360 " (coordinate(bottom + 18.0)) } role="img" aria-labelledby="map-title map-about" {
                title #map-title { "Movement analysis profile" }
                desc #map-about { (description(rows)) }
                @for &tick in &ticks {
                    @let at = coordinate(scale.at(tick));
                    line.grid x1=(at) x2=(at) y1="2" y2=(coordinate(bottom)) {}
                    text.tick x=(at) y=(coordinate(bottom + 12.0)) text-anchor="middle" { (number::fixed(tick, 0)) "°" }
                }
                @for (index, row) in rows.iter().enumerate() { (bars(row, ROW * index as f64 + 4.0, scale)) }
            }
            figcaption.small {
                "Gait variable scores: RMS difference from the norm's mean, degrees; less is better."
                @if has_reference { " Grey: the reference walkers' own mean, line to +1 SD." }
            }
        }
    }
}

fn bars(row: &Row, top: f64, scale: Scale) -> Markup {
    let start = coordinate(LABELS_END);
    html! {
        @if row.is_score { line.rule x1="0" x2="360" y1=(coordinate(top - 1.5)) y2=(coordinate(top - 1.5)) {} }
        text.label.score[row.is_score] x=(coordinate(LABELS_END - 6.0)) y=(coordinate(top + 13.5)) text-anchor="end" { (row.title) }
        @if let Some(reference) = row.reference.as_ref().filter(|it| it.mean.is_finite() && it.sd.is_finite()) {
            @let end = scale.clamped(reference.mean + reference.sd);
            rect.reference x=(start) y=(coordinate(top)) width=(coordinate(scale.clamped(reference.mean) - LABELS_END)) height="19" {}
            line.reference x1=(coordinate(scale.clamped(reference.mean))) x2=(coordinate(end)) y1=(coordinate(top + 9.5)) y2=(coordinate(top + 9.5)) {}
        }
        @for (side, deg) in row.deg.iter() {
            @let y = if side == Side::Left { top + 1.0 } else { top + 10.0 };
            @if let Some(deg) = deg.filter(|deg| deg.is_finite()) {
                @let end = scale.clamped(deg);
                rect.bar.(side.name()) x=(start) y=(coordinate(y)) width=(coordinate(end - LABELS_END)) height="8" {}
                text.value x=(coordinate(end + 3.0)) y=(coordinate(y + 7.0)) { (number::fixed(deg, 1)) }
            } @else {
                text.value x=(coordinate(LABELS_END + 3.0)) y=(coordinate(y + 7.0)) { (number::DASH) }
            }
        }
    }
}

fn description(rows: &[Row]) -> String {
    let parts: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{}: left {}, right {}",
                row.title,
                number::optional(row.deg.left, 1),
                number::optional(row.deg.right, 1)
            )
        })
        .collect();
    format!("Degrees. {}.", parts.join("; "))
}

fn table(indices: &Indices) -> Markup {
    let rows = [
        ("GPS", "gait profile score, °", indices.gps_deg, 1),
        (
            "GDI*",
            "from the GPS; 100 is the norm's mean, 10 its SD",
            indices.gdi_star,
            0,
        ),
        ("GDI", "with the reference file supplied", indices.gdi, 0),
        (
            "Sagittal index",
            "sagittal variables only, on the scale of GDI*",
            indices.sagittal_deviation_index,
            0,
        ),
    ];
    let measured: Vec<_> = rows
        .into_iter()
        .filter(|(_, _, value, _)| value.left.is_some() || value.right.is_some())
        .collect();
    html! {
        div.indices {
            @if !measured.is_empty() {
                table.data {
                    thead { tr {
                        th scope="col" { "Index" }
                        th.number scope="col" { "Left" }
                        th.number scope="col" { "Right" }
                        th.number scope="col" { "Both" }
                    } }
                    tbody {
                        @for (name, about, value, decimals) in &measured {
                            tr {
                                th scope="row" { (name) span.about { (about) } }
                                td.number { (number::optional(value.left, *decimals)) }
                                td.number { (number::optional(value.right, *decimals)) }
                                td.number {
                                    @if *name == "GPS" { (number::optional(indices.gps_overall_deg, 1)) } @else { (number::DASH) }
                                }
                            }
                        }
                    }
                }
            }
            @if !indices.notes.is_empty() {
                ul.small { @for note in &indices.notes { li { (note) } } }
            }
        }
    }
}
