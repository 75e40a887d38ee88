//! The figures of an evaluation, as SVG files of their own.

use std::fmt::Write as _;

use super::attention::{AttentionMap, AttentionPart, JOINTS_FRAME};
use super::published::{CLAIMED_REDUCTION_PCT, Sizes};

const STT: &str = "#1f5fa8";
const CNN1D: &str = "#c2571a";
/// Lowest and highest weight of a heat map.
const LIGHT: [f32; 3] = [247.0, 250.0, 253.0];
const DARK: [f32; 3] = [10.0, 48.0, 96.0];

fn open(width: f64, height: f64, about: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" font-family="sans-serif" font-size="12"><title>{about}</title><rect width="{width}" height="{height}" fill="white"/>"#
    )
}

/// Parameters of both networks in both sizes: a bar each, with its number.
pub fn sizes_svg() -> String {
    const WIDTH: f64 = 640.0;
    const LEFT: f64 = 150.0;
    const ROOM: f64 = 380.0;
    let sizes = Sizes::all();
    let most = sizes
        .iter()
        .map(|it| it.stt.max(it.cnn1d))
        .max()
        .unwrap_or(1);
    let mut svg = open(WIDTH, 250.0, "Parameters of STT and of the 1D-CNN");
    svg += r#"<text x="16" y="26" font-size="15">Parameters of the networks</text>"#;
    let mut y = 46.0;
    for size in sizes {
        let of = if size.legs == 1 {
            "one leg"
        } else {
            "both legs"
        };
        let change = format!("STT {:+.1} %", size.difference_pct()).replace('-', "−");
        let _ = write!(
            svg,
            r##"<text x="16" y="{:.0}">{of}</text><text x="16" y="{:.0}" fill="#555">{change}</text>"##,
            y + 22.0,
            y + 40.0
        );
        for (name, count, colour) in [("STT", size.stt, STT), ("1D-CNN", size.cnn1d, CNN1D)] {
            let length = ROOM * count as f64 / most as f64;
            let _ = write!(
                svg,
                r#"<text x="{:.0}" y="{:.0}" text-anchor="end">{name}</text><rect x="{LEFT}" y="{y:.0}" width="{length:.1}" height="24" fill="{colour}"/><text x="{:.1}" y="{:.0}">{}</text>"#,
                LEFT - 8.0,
                y + 17.0,
                LEFT + length + 8.0,
                y + 17.0,
                grouped(count)
            );
            y += 30.0;
        }
        y += 22.0;
    }
    let _ = write!(
        svg,
        r##"<text x="16" y="{:.0}" fill="#555">The paper says that STT has {CLAIMED_REDUCTION_PCT} % fewer; in its released code neither size has.</text></svg>"##,
        y + 6.0
    );
    svg
}

/// 89422 as `89,422`.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Heat maps of attention, joints above, frames below: rows are queries, columns keys. Each map has a scale of
/// its own, from 0 to its largest weight.
pub fn attention_svg(maps: &[AttentionMap], title: &str) -> String {
    const SIDE: f64 = 270.0;
    const MARGIN: f64 = 110.0;
    const STEP: f64 = SIDE + MARGIN;
    let of = |part: AttentionPart| maps.iter().filter(move |map| map.part == part);
    let parts = [AttentionPart::Joints, AttentionPart::Frames];
    let columns = parts
        .map(|part| of(part).count())
        .into_iter()
        .max()
        .unwrap_or(0);
    let rows = parts
        .iter()
        .filter(|&&part| of(part).next().is_some())
        .count();
    let (width, height) = (STEP * columns as f64 + 20.0, STEP * rows as f64 + 40.0);
    let mut svg = open(width, height, &escaped(title));
    let _ = write!(
        svg,
        r##"<text x="16" y="24" font-size="15">{}</text><text x="16" y="42" fill="#555">rows look at columns; joints in frame {JOINTS_FRAME} of the window, frames counted from its first</text>"##,
        escaped(title)
    );
    let mut top = 80.0;
    for part in parts {
        for (column, map) in of(part).enumerate() {
            let left = STEP * column as f64 + MARGIN - 20.0;
            heat_map(&mut svg, map, [left, top], SIDE);
        }
        if of(part).next().is_some() {
            top += STEP;
        }
    }
    svg + "</svg>"
}

fn heat_map(svg: &mut String, map: &AttentionMap, [left, top]: [f64; 2], side: f64) {
    let count = map.tokens.len().max(1);
    let cell = side / count as f64;
    let most = map
        .weights
        .iter()
        .copied()
        .fold(f32::MIN_POSITIVE, f32::max);
    let _ = write!(
        svg,
        r#"<text x="{left:.1}" y="{:.1}">over {}, head {} (darkest: {most:.3})</text>"#,
        top - 10.0,
        map.part.name(),
        map.head + 1
    );
    svg.push_str(r#"<g shape-rendering="crispEdges">"#);
    for (query, row) in map.weights.chunks_exact(count).enumerate() {
        for (key, weight) in row.iter().enumerate() {
            let (x, y) = (left + cell * key as f64, top + cell * query as f64);
            let _ = write!(
                svg,
                r#"<rect x="{x:.1}" y="{y:.1}" width="{cell:.2}" height="{cell:.2}" fill="{}"/>"#,
                shade(weight / most)
            );
        }
    }
    svg.push_str("</g>");
    // Of many tokens every tenth is named.
    let every = if count > 12 { 10 } else { 1 };
    for (place, token) in map.tokens.iter().enumerate().step_by(every) {
        let at = cell * (place as f64 + 0.5);
        let (x, y) = (left + at, top + side + 13.0);
        // Words lie aslant, for they are longer than a cell is wide; numbers do not.
        let below = if every > 1 {
            format!(r#"x="{x:.1}" y="{y:.1}" text-anchor="middle""#)
        } else {
            format!(r#"transform="translate({:.1} {y:.1}) rotate(40)""#, x - 3.0)
        };
        let _ = write!(
            svg,
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end" font-size="10">{token}</text><text {below} font-size="10">{token}</text>"#,
            left - 4.0,
            top + at + 3.0
        );
    }
}

fn shade(share: f32) -> String {
    let channel = |place: usize| {
        let value = LIGHT[place] + (DARK[place] - LIGHT[place]) * share.clamp(0.0, 1.0);
        format!("{value:.0}")
    };
    format!("rgb({},{},{})", channel(0), channel(1), channel(2))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_of_sizes_holds_the_true_numbers() {
        let svg = sizes_svg();
        for said in [
            "27,022",
            "89,422",
            "48,224",
            "51,040",
            "STT −44.0 %",
            "STT +75.2 %",
        ] {
            assert!(svg.contains(said), "{said}");
        }
        assert_eq!(svg.matches("<rect").count(), 5);
    }

    #[test]
    fn the_darkest_cell_is_the_largest_weight() {
        let map = AttentionMap {
            part: AttentionPart::Joints,
            head: 0,
            tokens: vec!["a".to_owned(), "b".to_owned()],
            weights: vec![0.0, 0.5, 0.25, 0.5],
        };
        let svg = attention_svg(&[map], "of <one>");
        assert_eq!(svg.matches("rgb(10,48,96)").count(), 2);
        assert_eq!(svg.matches("rgb(247,250,253)").count(), 1);
        assert!(svg.contains("of &lt;one&gt;") && svg.ends_with("</svg>"));
    }
}
