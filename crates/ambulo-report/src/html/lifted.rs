//! What was estimated in three dimensions from one camera, beside what the picture gives.

use ambulo::analysis::{Analysis, Lead, Lifting};
use ambulo::kinematics::{AngleCurve, AngleId};
use ambulo::parameters::{Origin, ParameterId, ParameterSummary, Status, Summary};
use ambulo::{PerSide, Side};
use maud::{Markup, html};

use super::{curves, scrolling, words};
use crate::number;

/// Name of the section in the appendix.
pub(super) const TITLE: &str = "Estimated in three dimensions from one camera";

/// One line on the first sheet that leads to the section; nothing where nothing was lifted.
pub(super) fn pointer(analysis: &Analysis) -> Markup {
    let Some(lifting) = &analysis.lifting else {
        return html! {};
    };
    let leads = leading(lifting);
    html! {
        p.small {
            @if leads == 0 {
                "The walk was also estimated in three dimensions from this one camera; the numbers above come from the picture itself. "
            } @else {
                "Of the numbers and curves, " (leads) " come from an estimate of the walk in three dimensions and are marked so; the picture alone gives them less well or not at all. "
            }
            a href="#lifted-details" { "Both, side by side" } "."
        }
    }
}

fn leading(lifting: &Lifting) -> usize {
    let lifted = |lead: &&Lead| lead.by == Origin::Lifted;
    lifting.parameter_leads.values().filter(lifted).count()
        + lifting.angle_leads.values().filter(lifted).count()
}

/// Every number and angle of both ways, which of them leads, and why.
pub(super) fn details(analysis: &Analysis, lifting: &Lifting) -> Markup {
    html! {
        p {
            "A network estimated how the body stood in space from the points that the camera saw ("
            (lifting.model) "), and the feet that stand on the ground gave its way. The camera saw the walk "
            (lifting.view.title()) ", " (number::with_unit(lifting.out_of_picture_deg, 0, "°"))
            " out of the picture's plane. Lengths are in " (words::length_unit(lifting.length_unit)) "."
        }
        p {
            "Of two ways to one number, the one with the smaller error leads: the error measured against motion "
            "capture, from this side. Where that is not known, the picture leads. It was trained on walking; of other "
            "movements it knows nothing."
        }
        p.small {
            "How well the estimate holds together here: its standing feet slide at "
            (number::with_unit(100.0 * lifting.slip, 0, "%")) " of the walking speed (0 would be perfect)"
            @if let Some(misfit) = lifting.misfit {
                "; laid over the picture, its points lie " (number::with_unit(100.0 * misfit, 0, "%"))
                " of the body's extent beside those that were seen"
            }
            "."
        }
        @if !lifting.parameter_leads.is_empty() {
            (scrolling("Numbers of both ways", &parameters(analysis, lifting)))
        }
        @if !lifting.angle_leads.is_empty() {
            (scrolling("Angles of both ways", &angles(analysis, lifting)))
        }
        @if let Some(others) = curves::outdone(analysis, lifting) {
            h4 { "The curves that do not lead" }
            (others)
        }
    }
}

fn head(first: &str) -> Markup {
    html! {
        thead { tr {
            th scope="col" { (first) }
            th scope="col" { "Side" }
            th.number scope="col" { "From the picture" }
            th.number scope="col" { "In three dimensions" }
            th.number scope="col" { "Error, picture" }
            th.number scope="col" { "Error, three dimensions" }
            th scope="col" { "Leads" }
            th scope="col" { "Why" }
        } }
    }
}

fn parameters(analysis: &Analysis, lifting: &Lifting) -> Markup {
    html! {
        table.data.wide {
            (head("Parameter"))
            @for (&id, lead) in &lifting.parameter_leads {
                @let picture = match lead.by {
                    Origin::Lifted => lifting.outdone_parameters.get(&id),
                    Origin::Measured => analysis.parameters.get(&id),
                };
                (parameter(id, picture, lifting.parameters.get(&id), lead))
            }
        }
    }
}

fn parameter(
    id: ParameterId,
    picture: Option<&ParameterSummary>,
    lifted: Option<&ParameterSummary>,
    lead: &Lead,
) -> Markup {
    let of = |summary: Option<&ParameterSummary>, side: &str| -> Option<Summary> {
        let summary = summary?;
        match side {
            "left" => summary.left.clone(),
            "right" => summary.right.clone(),
            _ => summary.both.clone(),
        }
    };
    let sides: Vec<&str> = ["left", "right", "both"]
        .into_iter()
        .filter(|side| of(lifted, side).is_some())
        .collect();
    let decimals = id.decimals();
    let value = |summary: Option<Summary>| {
        let given = summary.filter(|summary| summary.status != Status::Withheld);
        number::optional(given.and_then(|summary| summary.value), decimals)
    };
    let unit = lifted
        .and_then(|it| [&it.left, &it.right, &it.both].into_iter().flatten().next())
        .map_or(id.unit(), |summary| summary.unit.as_str());
    html! {
        tbody {
            @for (index, side) in sides.iter().enumerate() {
                tr {
                    @if index == 0 {
                        th scope="rowgroup" rowspan=(sides.len()) {
                            (id.title())
                            @let unit = number::after_number(unit);
                            @if !unit.is_empty() { span.unit { (unit.replace('°', "\u{a0}°")) } }
                        }
                    }
                    th scope="row" { (side) }
                    td.number { (value(of(picture, side))) }
                    td.number { (value(of(lifted, side))) }
                    @if index == 0 { (verdict(lead, sides.len(), decimals)) }
                }
            }
        }
    }
}

fn angles(analysis: &Analysis, lifting: &Lifting) -> Markup {
    html! {
        table.data.wide {
            (head("Range of the angle over the cycle"))
            @for (&angle, lead) in &lifting.angle_leads {
                @let picture = match lead.by {
                    Origin::Lifted => lifting.outdone_angles.get(&angle),
                    Origin::Measured => analysis.angles.get(&angle),
                };
                (angle_rows(angle, picture, lifting.angles.get(&angle), lead))
            }
        }
    }
}

fn angle_rows(
    angle: AngleId,
    picture: Option<&PerSide<Option<AngleCurve>>>,
    lifted: Option<&PerSide<Option<AngleCurve>>>,
    lead: &Lead,
) -> Markup {
    let range = |curves: Option<&PerSide<Option<AngleCurve>>>, side: Side| {
        let curve = curves.and_then(|curves| curves.get(side).as_ref());
        number::optional(curve.and_then(range_deg), 0)
    };
    html! {
        tbody {
            @for (index, side) in Side::BOTH.into_iter().enumerate() {
                tr {
                    @if index == 0 {
                        th scope="rowgroup" rowspan="2" { (angle.title()) span.unit { "\u{a0}°" } }
                    }
                    th scope="row" { (side.name()) }
                    td.number { (range(picture, side)) }
                    td.number { (range(lifted, side)) }
                    @if index == 0 { (verdict(lead, 2, 1)) }
                }
            }
        }
    }
}

fn range_deg(curve: &AngleCurve) -> Option<f64> {
    let low = curve.mean_deg.iter().copied().reduce(f64::min)?;
    let high = curve.mean_deg.iter().copied().reduce(f64::max)?;
    Some(high - low)
}

fn verdict(lead: &Lead, rows: usize, decimals: usize) -> Markup {
    html! {
        td.number rowspan=(rows) { (number::optional(lead.picture_error, decimals)) }
        td.number rowspan=(rows) { (number::optional(lead.lifted_error, decimals)) }
        td rowspan=(rows) {
            @match lead.by {
                Origin::Measured => "the picture",
                Origin::Lifted => "three dimensions",
            }
        }
        td.status rowspan=(rows) { (lead.why) }
    }
}
