//! When each foot stood on the ground, and where the walk turned.

use ambulo::Side;
use ambulo::analysis::Analysis;
use ambulo::bouts::{Bout, BoutKind};
use ambulo::events::{EventKind, GaitEvent};
use maud::{Markup, html};

use super::words;
use crate::number;
use crate::svg::{Scale, coordinate, ticks};

const START: f64 = 44.0;
const END: f64 = 712.0;

/// A trial longer than this is shown again in the appendix, in strips of this length.
const STRIP_S: f64 = 15.0;

/// Beyond this, one strip shows the bars alone: marks of single events would merge.
const DENSE_S: f64 = 45.0;

/// The most strips in the appendix: 15 minutes.
const STRIPS: u32 = 60;

pub(super) fn overview(analysis: &Analysis) -> Markup {
    let span = span_s(analysis);
    html! {
        section.timeline aria-labelledby="timeline-heading" {
            h2 #timeline-heading { "Steps in time" }
            @if analysis.events.is_empty() {
                p.withheld-note { "No step was found." }
            } @else {
                (strip(analysis, span, "overview"))
                p.small {
                    (summary(analysis)) " Bars: foot on the ground, from initial contact to foot off."
                    @if span[1] - span[0] <= DENSE_S { " Lines along them: strides used (solid) and left out (dotted)." }
                    @if has_turn(analysis) { " Hatched: turns, kept out of the means." }
                    @if span[1] - span[0] > STRIP_S { " " a href="#timeline-details" { "In detail." } }
                }
            }
        }
    }
}

/// The whole trial in strips, where one strip is too dense to read.
pub(super) fn details(analysis: &Analysis) -> Option<Markup> {
    let [start, end] = span_s(analysis);
    if analysis.events.is_empty() || end - start <= STRIP_S {
        return None;
    }
    let starts = (0..STRIPS)
        .map(|index| start + STRIP_S * f64::from(index))
        .take_while(|&strip_start| strip_start < end);
    Some(html! {
        @for (index, strip_start) in starts.enumerate() {
            (strip(analysis, [strip_start, strip_start + STRIP_S], &index.to_string()))
        }
    })
}

/// The trial's time, widened to hold every event.
fn span_s(analysis: &Analysis) -> [f64; 2] {
    let duration = Some(analysis.input.duration_s).filter(|it| it.is_finite() && *it > 0.0);
    let times = analysis.events.iter().map(|event| event.time_s);
    let end = times
        .filter(|time| time.is_finite())
        .fold(duration.unwrap_or(0.0), f64::max);
    [0.0, end.max(1e-3)]
}

fn summary(analysis: &Analysis) -> String {
    let of = |side, kind| {
        analysis
            .events
            .iter()
            .filter(|event| event.side == side && event.kind == kind)
            .count()
    };
    let contacts = |side| of(side, EventKind::InitialContact);
    let mut sources: Vec<_> = analysis.events.iter().map(|event| event.source).collect();
    sources.sort();
    sources.dedup();
    let sources: Vec<&str> = sources.into_iter().map(words::event_source).collect();
    format!(
        "{} left and {} right; events from: {}.",
        words::count(contacts(Side::Left), "contact", "contacts"),
        contacts(Side::Right),
        sources.join(", ")
    )
}

fn has_turn(analysis: &Analysis) -> bool {
    analysis
        .bouts
        .iter()
        .any(|bout| bout.kind == BoutKind::Turning)
}

fn strip(analysis: &Analysis, span: [f64; 2], name: &str) -> Markup {
    let x = Scale {
        values: span,
        coordinates: [START, END],
    };
    let title_id = format!("timeline-title-{name}");
    let pattern = format!("turn-{name}");
    html! {
        div.scroll role="region" aria-label="Steps in time" tabindex="0" {
            svg.timeline viewBox="0 0 720 82" role="img" aria-labelledby=(title_id) {
                title id=(title_id) { "Ground contact of each foot from " (number::fixed(span[0], 1)) " s to " (number::fixed(span[1], 1)) " s" }
                desc { "The events are listed in the table of events." }
                defs { pattern id=(pattern) width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" { line.hatch x1="0" x2="0" y1="0" y2="6" {} } }
                @for bout in &analysis.bouts { (turn(bout, x, &pattern)) }
                @for tick in ticks(span[0], span[1], 10).into_iter().filter(|&tick| x.holds(tick)) {
                    @let at = coordinate(x.at(tick));
                    line.grid x1=(at) x2=(at) y1="4" y2="64" {}
                    text.tick x=(at) y="76" text-anchor="middle" { (number::fixed(tick, usize::from(span[1] - span[0] < 5.0))) }
                }
                text.tick x="712" y="76" text-anchor="end" { "s" }
                @for side in Side::BOTH { (lane(analysis, side, x)) }
            }
        }
    }
}

fn turn(bout: &Bout, x: Scale, pattern: &str) -> Markup {
    let start = x.clamped(bout.start_s);
    let width = x.clamped(bout.end_s) - start;
    if bout.kind != BoutKind::Turning || width.is_nan() || width <= 0.0 {
        return html! {};
    }
    html! {
        rect.turn x=(coordinate(start)) y="4" width=(coordinate(width)) height="60" {}
        rect x=(coordinate(start)) y="4" width=(coordinate(width)) height="60" fill={ "url(#" (pattern) ")" } {}
        @if width > 44.0 && bout.turned_deg != 0.0 {
            text.turn-label x=(coordinate(start + width / 2.0)) y="37" text-anchor="middle" {
                "turn " (number::with_unit(bout.turned_deg.abs(), 0, "°"))
            }
        }
    }
}

/// One foot's stance bars, its events, and its strides.
fn lane(analysis: &Analysis, side: Side, x: Scale) -> Markup {
    let (top, strides_y) = match side {
        Side::Left => (13.0, 9.0),
        Side::Right => (43.0, 60.0),
    };
    let events: Vec<&GaitEvent> = analysis
        .events
        .iter()
        .filter(|event| event.side == side)
        .collect();
    let stances = stances(&events, &analysis.bouts);
    let dense = x.values[1] - x.values[0] > DENSE_S;
    let visible = |start: f64, end: f64| end >= x.values[0] && start <= x.values[1];
    html! {
        text.label x="38" y=(coordinate(top + 10.0)) text-anchor="end" { @if side == Side::Left { "Left" } @else { "Right" } }
        @for &(start, end) in stances.iter().filter(|stance| visible(stance.0, stance.1)) {
            @let from = x.clamped(start);
            rect.stance.(side.name()) x=(coordinate(from)) y=(coordinate(top)) width=(coordinate((x.clamped(end) - from).max(0.5))) height="13" {}
        }
        @for event in events.iter().filter(|event| !dense && x.holds(event.time_s)) {
            @let at = coordinate(x.at(event.time_s));
            line.event.(side.name()).contact[event.kind == EventKind::InitialContact] x1=(at) x2=(at) y1=(coordinate(top - 2.0)) y2=(coordinate(top + 15.0)) {}
        }
        @for stride in analysis.strides.iter().filter(|stride| !dense && stride.side == side && visible(stride.start_s, stride.end_s)) {
            line.stride.unused[!stride.used] x1=(coordinate(x.clamped(stride.start_s) + 1.0)) x2=(coordinate(x.clamped(stride.end_s) - 1.0)) y1=(coordinate(strides_y)) y2=(coordinate(strides_y)) {}
        }
    }
}

/// Contact to the next foot off of one foot, where both lie in one stretch of walking.
fn stances(events: &[&GaitEvent], bouts: &[Bout]) -> Vec<(f64, f64)> {
    events
        .windows(2)
        .filter_map(|pair| {
            let [contact, off] = pair else { return None };
            let is_stance =
                contact.kind == EventKind::InitialContact && off.kind == EventKind::FootOff;
            let interrupted = bouts.iter().any(|bout| {
                let gap_after = !bouts.iter().any(|other| {
                    other.start_frame <= bout.end_frame && other.end_frame > bout.end_frame
                });
                gap_after && contact.time_s <= bout.end_s && off.time_s > bout.end_s
            });
            (is_stance && !interrupted && off.time_s > contact.time_s)
                .then_some((contact.time_s, off.time_s))
        })
        .collect()
}
