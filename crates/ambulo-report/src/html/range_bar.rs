//! Where a value lies in its norm: a small bar of one and two standard deviations with marks.

use ambulo::assessment::NormValue;
use maud::{Markup, html};

use crate::number;
use crate::svg::{Scale, coordinate};

/// How far the bar reaches to each side, in standard deviations.
const REACH_SD: f64 = 4.0;

/// Whose value a mark shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Left,
    Right,
    Both,
}

impl Mark {
    fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Both => "both",
        }
    }

    fn y(self) -> f64 {
        match self {
            Self::Left => 5.5,
            Self::Right => 14.5,
            Self::Both => 10.0,
        }
    }
}

/// One value to show, with its 95 % interval.
pub(super) struct Marked {
    pub(super) mark: Mark,
    pub(super) value: f64,
    pub(super) ci95: Option<[f64; 2]>,
}

/// The bar, or nothing where the norm has no spread to draw.
pub(super) fn range_bar(
    title: &str,
    norm: &NormValue,
    decimals: usize,
    values: &[Marked],
) -> Markup {
    if !(norm.sd > 0.0 && norm.sd.is_finite() && norm.mean.is_finite()) {
        return html! {};
    }
    let scale = Scale {
        values: [
            norm.mean - REACH_SD * norm.sd,
            norm.mean + REACH_SD * norm.sd,
        ],
        coordinates: [8.0, 152.0],
    };
    let zone = |reach: f64| {
        let start = scale.at(norm.mean - reach * norm.sd);
        let end = scale.at(norm.mean + reach * norm.sd);
        (coordinate(start), coordinate(end - start))
    };
    let (two_x, two_width) = zone(2.0);
    let (one_x, one_width) = zone(1.0);
    let middle = coordinate(scale.at(norm.mean));
    html! {
        svg.range-bar viewBox="0 0 160 20" role="img" aria-label=(label(title, norm, decimals, values)) {
            line.rail x1="8" x2="152" y1="10" y2="10" {}
            rect.two-sd x=(two_x) y="2" width=(two_width) height="16" {}
            rect.one-sd x=(one_x) y="2" width=(one_width) height="16" {}
            line.middle x1=(middle) x2=(middle) y1="1" y2="19" {}
            @for value in values.iter().filter(|value| value.value.is_finite()) { (mark(scale, value)) }
        }
    }
}

fn label(title: &str, norm: &NormValue, decimals: usize, values: &[Marked]) -> String {
    let mut parts: Vec<String> = values
        .iter()
        .map(|value| {
            format!(
                "{} {}",
                value.mark.name(),
                number::fixed(value.value, decimals)
            )
        })
        .collect();
    parts.push(format!(
        "norm {}",
        number::plus_minus(norm.mean, norm.sd, decimals)
    ));
    format!("{title}: {}", parts.join(", "))
}

fn mark(scale: Scale, marked: &Marked) -> Markup {
    let x = scale.clamped(marked.value);
    let y = marked.mark.y();
    let class = marked.mark.name();
    let at = |dx: f64, dy: f64| format!("{},{}", coordinate(x + dx), coordinate(y + dy));
    let shape = |points: &[(f64, f64)]| {
        let corners: Vec<String> = points.iter().map(|&(dx, dy)| at(dx, dy)).collect();
        corners.join(" ")
    };
    html! {
        @if let Some([low, high]) = marked.ci95.filter(|ci| ci.iter().all(|end| end.is_finite())) {
            line.interval.(class) x1=(coordinate(scale.clamped(low))) x2=(coordinate(scale.clamped(high))) y1=(coordinate(y)) y2=(coordinate(y)) {}
        }
        @if !scale.holds(marked.value) {
            // Beyond the bar: an arrow head that points outwards.
            @let out = if marked.value < scale.values[0] { -1.0 } else { 1.0 };
            polygon.(class) points=(shape(&[(out * 6.0, 0.0), (out * -2.0, -4.5), (out * -2.0, 4.5)])) {}
        } @else if marked.mark == Mark::Left {
            circle.left cx=(coordinate(x)) cy=(coordinate(y)) r="4" {}
        } @else if marked.mark == Mark::Right {
            polygon.right points=(shape(&[(0.0, -5.0), (5.0, 0.0), (0.0, 5.0), (-5.0, 0.0)])) {}
        } @else {
            rect.both x=(coordinate(x - 3.0)) y=(coordinate(y - 6.0)) width="6" height="12" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(value: f64) -> String {
        let norm = NormValue {
            mean: 10.0,
            sd: 1.0,
            source: String::new(),
        };
        let values = [Marked {
            mark: Mark::Left,
            value,
            ci95: Some([value - 0.5, value + 0.5]),
        }];
        range_bar("Step", &norm, 1, &values).into_string()
    }

    #[test]
    fn the_mean_lies_in_the_middle() {
        assert!(
            bar(10.0).contains(r#"<circle class="left" cx="80""#),
            "{}",
            bar(10.0)
        );
    }

    #[test]
    fn a_value_beyond_the_bar_is_an_arrow_at_its_end() {
        let bar = bar(99.0);
        assert!(
            !bar.contains("<circle") && bar.contains("points=\"158,5.5 150,1 150,10\""),
            "{bar}"
        );
    }

    #[test]
    fn a_norm_without_spread_draws_nothing() {
        for sd in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let norm = NormValue {
                mean: 1.0,
                sd,
                source: String::new(),
            };
            assert_eq!(range_bar("Step", &norm, 1, &[]).into_string(), "");
        }
    }
}
