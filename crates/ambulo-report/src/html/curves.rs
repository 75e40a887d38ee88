//! Angle curves over the norm band, as small multiples.

use ambulo::analysis::{Analysis, Lifting};
use ambulo::assessment::{CurveNorm, SidedCurveNorm};
use ambulo::kinematics::{AngleCurve, AngleId, AngleMethod};
use ambulo::parameters::{Origin, ParameterId};
use ambulo::{PerSide, Side};
use maud::{Markup, html};

use super::words;
use crate::number;
use crate::svg::{Scale, band, coordinate, line, ticks};

/// Plots on the second page; further angles stand in the appendix.
const SHOWN: usize = 9;

const LEFT_EDGE: f64 = 30.0;
const RIGHT_EDGE: f64 = 254.0;
const TOP: f64 = 6.0;
const BOTTOM: f64 = 112.0;

/// The smallest range of an axis in degrees, so that noise does not look like motion.
const LEAST_RANGE_DEG: f64 = 20.0;

pub(super) fn section(analysis: &Analysis) -> Markup {
    let angles = on_second_page(analysis);
    html! {
        section aria-labelledby="curves-heading" {
            h2 #curves-heading { "Joint angles over the gait cycle" }
            @if angles.is_empty() {
                p.withheld-note { "No angle could be measured over a whole cycle." }
            } @else {
                (legend(analysis))
                (plots(analysis, &angles))
            }
        }
    }
}

/// The angles that the second page has no room for.
pub(super) fn others(analysis: &Analysis) -> Option<Markup> {
    let shown = on_second_page(analysis);
    let others: Vec<AngleId> = measured(analysis)
        .filter(|angle| !shown.contains(angle))
        .collect();
    (!others.is_empty()).then(|| plots(analysis, &others))
}

/// The nine of the gait profile first, then whatever else was measured, in report order.
fn on_second_page(analysis: &Analysis) -> Vec<AngleId> {
    let (profile, other): (Vec<AngleId>, Vec<AngleId>) =
        measured(analysis).partition(|angle| AngleId::GAIT_PROFILE.contains(angle));
    let mut shown: Vec<AngleId> = profile.into_iter().chain(other).take(SHOWN).collect();
    shown.sort();
    shown
}

fn measured(analysis: &Analysis) -> impl Iterator<Item = AngleId> {
    analysis
        .angles
        .iter()
        .filter(|(_, sides)| sides.left.is_some() || sides.right.is_some())
        .map(|(&angle, _)| angle)
}

fn legend(analysis: &Analysis) -> Markup {
    html! {
        p.legend {
            span { (swatch("left")) "left" }
            span { (swatch("right")) "right" }
            span.shade { "shaded: ±1 SD over strides" }
            @if !analysis.norms.curves.is_empty() {
                span { svg.swatch viewBox="0 0 28 10" aria-hidden="true" { rect.norm-band width="28" height="10" {} } "norm, mean ±1 SD" }
            }
            span { "vertical lines: foot off (grey: norm)" }
            @if any(analysis, |curve| curve.approximate && !is_lifted(curve)) { span { strong { "≈" } " approximate, kept out of the indices" } }
            @if any(analysis, is_lifted) { span { strong { "3D" } " estimated in three dimensions from one camera, kept out of the indices" } }
        }
        @if !analysis.norms.curves.is_empty() { p.small { "Norm: " (analysis.norms.curves_source) } }
    }
}

fn any(analysis: &Analysis, is_so: impl Fn(&AngleCurve) -> bool) -> bool {
    analysis
        .angles
        .values()
        .flat_map(|sides| [&sides.left, &sides.right])
        .flatten()
        .any(is_so)
}

fn is_lifted(curve: &AngleCurve) -> bool {
    curve.method == AngleMethod::Lifted
}

fn swatch(side: &str) -> Markup {
    html! {
        svg.swatch viewBox="0 0 28 10" aria-hidden="true" { path.curve.(side) d="M0 5L28 5" {} }
    }
}

fn plots(analysis: &Analysis, angles: &[AngleId]) -> Markup {
    let foot_off = FootOff::of(analysis);
    html! {
        div.plots {
            @for &angle in angles {
                @if let Some(curves) = analysis.angles.get(&angle) {
                    (figure("", angle, curves, analysis.norms.curves.get(&angle), &foot_off))
                }
            }
        }
    }
}

/// Of each angle that the picture and the lifted motion both give, the curves that do not lead.
pub(super) fn outdone(analysis: &Analysis, lifting: &Lifting) -> Option<Markup> {
    let foot_off = FootOff::of(analysis);
    let others: Vec<(AngleId, &PerSide<Option<AngleCurve>>)> = lifting
        .angle_leads
        .iter()
        .filter_map(|(&angle, lead)| {
            let other = match lead.by {
                Origin::Lifted => lifting.outdone_angles.get(&angle),
                Origin::Measured => lifting.angles.get(&angle),
            };
            Some((angle, other?))
        })
        .collect();
    (!others.is_empty()).then(|| {
        html! {
            div.plots {
                @for (angle, curves) in others {
                    (figure("other-", angle, curves, analysis.norms.curves.get(&angle), &foot_off))
                }
            }
        }
    })
}

/// Foot off in percent of the cycle: where stance ends.
struct FootOff {
    sides: PerSide<Option<f64>>,
    norm: Option<f64>,
}

impl FootOff {
    fn of(analysis: &Analysis) -> Self {
        let on_axis = |value: &f64| (0.0..=100.0).contains(value);
        let stance = analysis.parameters.get(&ParameterId::Stance);
        let sides = PerSide::from_fn(|side| {
            let summary = match side {
                Side::Left => stance?.left.as_ref()?,
                Side::Right => stance?.right.as_ref()?,
            };
            summary.value.filter(on_axis)
        });
        let norm = analysis
            .norms
            .parameters
            .iter()
            .find(|it| it.parameter == ParameterId::Stance)
            .map(|it| it.norm.mean)
            .filter(on_axis);
        Self { sides, norm }
    }
}

fn figure(
    prefix: &str,
    angle: AngleId,
    curves: &PerSide<Option<AngleCurve>>,
    norm: Option<&SidedCurveNorm>,
    foot_off: &FootOff,
) -> Markup {
    let approximate = curves
        .iter()
        .any(|(_, curve)| curve.as_ref().is_some_and(|curve| curve.approximate));
    let lifted = curves
        .iter()
        .any(|(_, curve)| curve.as_ref().is_some_and(is_lifted));
    let id = words::curve_anchor(angle);
    html! {
        figure.plot id={ (prefix) (id) } {
            figcaption {
                strong { (angle.title()) }
                @if lifted { abbr.approximate title=(words::angle_method(AngleMethod::Lifted)) { "3D" } }
                @else if approximate { abbr.approximate title="approximate, kept out of the indices" { "≈" } }
                span.unit { "° + " (angle.positive()) }
            }
            (plot(prefix, angle, curves, norm, foot_off))
        }
    }
}

fn plot(
    prefix: &str,
    angle: AngleId,
    curves: &PerSide<Option<AngleCurve>>,
    norm: Option<&SidedCurveNorm>,
    foot_off: &FootOff,
) -> Markup {
    let ticks = degree_ticks(curves, norm);
    let (Some(&low), Some(&high)) = (ticks.first(), ticks.last()) else {
        return html! { p.withheld-note { "No finite value." } };
    };
    let x = Scale {
        values: [0.0, 100.0],
        coordinates: [LEFT_EDGE, RIGHT_EDGE],
    };
    let y = Scale {
        values: [low, high],
        coordinates: [BOTTOM, TOP],
    };
    let title_id = format!("{prefix}plot-title-{}", angle.name());
    let about_id = format!("{prefix}plot-about-{}", angle.name());
    let edges = [LEFT_EDGE, RIGHT_EDGE].map(coordinate);
    html! {
        svg.curves viewBox="0 0 260 130" role="img" aria-labelledby={ (title_id) " " (about_id) } {
            title id=(title_id) { (angle.title()) " over the gait cycle" }
            desc id=(about_id) { (description(curves)) }
            @if let Some(norm) = norm { (norm_bands(norm, x, y)) }
            @for &tick in &ticks {
                line.(if tick == 0.0 { "zero" } else { "grid" }) x1=(edges[0]) x2=(edges[1]) y1=(coordinate(y.at(tick))) y2=(coordinate(y.at(tick))) {}
                text.tick x="26" y=(coordinate(y.at(tick) + 3.5)) text-anchor="end" { (number::fixed(tick, 0)) }
            }
            @for (percent, anchor, unit) in [(0.0, "middle", ""), (25.0, "middle", ""), (50.0, "middle", ""), (75.0, "middle", ""), (100.0, "end", " %")] {
                line.mark x1=(coordinate(x.at(percent))) x2=(coordinate(x.at(percent))) y1=(coordinate(BOTTOM)) y2=(coordinate(BOTTOM + 3.0)) {}
                text.tick x=(coordinate(x.at(percent))) y="126" text-anchor=(anchor) { (number::fixed(percent, 0)) (unit) }
            }
            @if let Some(foot_off) = foot_off.norm.filter(|_| norm.is_some()) {
                @let at = coordinate(x.at(foot_off));
                line.foot-off.of-norm x1=(at) x2=(at) y1=(coordinate(TOP)) y2=(coordinate(BOTTOM)) {}
            }
            @for side in Side::BOTH { (side_marks(side, curves.get(side).as_ref(), *foot_off.sides.get(side), x, y)) }
        }
    }
}

fn side_marks(
    side: Side,
    curve: Option<&AngleCurve>,
    foot_off: Option<f64>,
    x: Scale,
    y: Scale,
) -> Markup {
    let Some(curve) = curve else {
        return html! {};
    };
    let class = side.name();
    let spread = spread_around(
        &curve.mean_deg,
        curve.sd_deg.as_deref().unwrap_or_default(),
        x,
        y,
    );
    html! {
        @if !spread.is_empty() { path.spread.(class) d=(spread) {} }
        @if let Some(foot_off) = foot_off {
            @let at = coordinate(x.at(foot_off));
            line.foot-off.(class) x1=(at) x2=(at) y1=(coordinate(TOP)) y2=(coordinate(BOTTOM)) {}
        }
        path.curve.(class) d=(through(&curve.mean_deg, x, y)) {}
    }
}

/// The band of the norm: one shade for both sides, also where they were measured apart.
fn norm_bands(norm: &SidedCurveNorm, x: Scale, y: Scale) -> Markup {
    let sides: &[&CurveNorm] = if norm.left == norm.right {
        &[&norm.left]
    } else {
        &[&norm.left, &norm.right]
    };
    html! {
        g.norm-band {
            @for norm in sides { path d=(spread_around(&norm.mean_deg, &norm.sd_deg, x, y)) {} }
        }
        @for norm in sides { path.norm-mean d=(through(&norm.mean_deg, x, y)) {} }
    }
}

/// The path of a curve over the cycle.
fn through(mean_deg: &[f64], x: Scale, y: Scale) -> String {
    let points = percents().zip(mean_deg);
    line(points.map(|(percent, &mean)| (x.at(percent), y.clamped(mean))))
}

/// The path around the band of one standard deviation to each side of a curve.
fn spread_around(mean_deg: &[f64], sd_deg: &[f64], x: Scale, y: Scale) -> String {
    let points = percents().zip(mean_deg.iter().zip(sd_deg));
    band(
        points.map(|(percent, (mean, sd))| {
            (x.at(percent), [y.clamped(mean + sd), y.clamped(mean - sd)])
        }),
    )
}

/// 0, 1, …, 100.
fn percents() -> impl Iterator<Item = f64> {
    (0..=100_u32).map(f64::from)
}

/// Ticks that hold the curves and the norm, at least [`LEAST_RANGE_DEG`] apart.
fn degree_ticks(curves: &PerSide<Option<AngleCurve>>, norm: Option<&SidedCurveNorm>) -> Vec<f64> {
    let measured = curves
        .iter()
        .filter_map(|(_, curve)| curve.as_ref())
        .flat_map(|curve| curve.mean_deg.iter().copied());
    let finite: Vec<f64> = measured.filter(|value| value.is_finite()).collect();
    if finite.is_empty() {
        return Vec::new();
    }
    let edges = norm
        .into_iter()
        .flat_map(|norm| [&norm.left, &norm.right])
        .flat_map(norm_edges)
        .filter(|value| value.is_finite());
    let (low, high) = finite
        .iter()
        .copied()
        .chain(edges)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    let missing = ((LEAST_RANGE_DEG - (high - low)) / 2.0).max(0.0);
    ticks(low - missing, high + missing, 4)
}

fn norm_edges(norm: &CurveNorm) -> impl Iterator<Item = f64> {
    norm.mean_deg
        .iter()
        .zip(&norm.sd_deg)
        .flat_map(|(mean, sd)| [mean - sd, mean + sd])
}

fn description(curves: &PerSide<Option<AngleCurve>>) -> String {
    let sides: Vec<String> = curves
        .iter()
        .map(|(side, curve)| match curve {
            None => format!("{}: not measured", side.name()),
            Some(curve) => {
                let finite = || curve.mean_deg.iter().copied().filter(|v| v.is_finite());
                let low = finite().fold(f64::INFINITY, f64::min);
                let high = finite().fold(f64::NEG_INFINITY, f64::max);
                format!(
                    "{}: {} at contact, from {} to {} over {}, {}",
                    side.name(),
                    number::with_unit(curve.mean_deg.first().copied().unwrap_or(f64::NAN), 0, "°"),
                    number::with_unit(low, 0, "°"),
                    number::with_unit(high, 0, "°"),
                    words::count(curve.n, "cycle", "cycles"),
                    words::angle_method(curve.method)
                )
            }
        })
        .collect();
    format!("{}.", sides.join("; "))
}
