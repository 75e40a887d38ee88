//! Curves over the steps of a run, on a logarithmic scale, as SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const MARGIN: f64 = 56.0;
const COLOURS: [&str; 2] = ["#1f5fa8", "#c2571a"];

/// Draws named curves of (step, value); values of 0 and below are left out.
pub(super) fn curves(curves: &[(&str, &[(f64, f64)])]) -> String {
    let points = || {
        let all = curves.iter().flat_map(|(_, points)| points.iter());
        all.filter(|(_, value)| *value > 0.0 && value.is_finite())
    };
    let steps = points().map(|(step, _)| *step).fold(1.0, f64::max);
    let low = points()
        .map(|(_, value)| value.log10())
        .fold(f64::INFINITY, f64::min);
    let high = points()
        .map(|(_, value)| value.log10())
        .fold(f64::NEG_INFINITY, f64::max);
    let (low, high) = if low < high { (low, high) } else { (-1.0, 1.0) };
    let at = |step: f64, value: f64| {
        let x = MARGIN + step / steps * (WIDTH - 2.0 * MARGIN);
        let share = (value.log10() - low) / (high - low);
        (x, HEIGHT - MARGIN - share * (HEIGHT - 2.0 * MARGIN))
    };
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>"#
    );
    for i in 0..5 {
        let value = 10_f64.powf(low + (high - low) * f64::from(i) / 4.0);
        let (x, y) = at(0.0, value);
        let _ = write!(
            svg,
            r##"<path d="M{x:.1} {y:.1}H{:.1}" stroke="#ddd"/><text x="{:.1}" y="{:.1}" text-anchor="end">{}</text>"##,
            WIDTH - MARGIN,
            x - 6.0,
            y + 4.0,
            significant(value),
        );
    }
    let _ = write!(
        svg,
        r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{steps:.0} steps</text>"#,
        WIDTH - MARGIN,
        HEIGHT - MARGIN + 20.0,
    );
    for (i, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[i % COLOURS.len()];
        let mut path = String::new();
        for (step, value) in points
            .iter()
            .filter(|(_, value)| *value > 0.0 && value.is_finite())
        {
            let (x, y) = at(*step, *value);
            let _ = write!(
                path,
                "{}{x:.1} {y:.1}",
                if path.is_empty() { 'M' } else { 'L' }
            );
        }
        let _ = write!(
            svg,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/><text x="{MARGIN}" y="{:.1}" fill="{colour}">{name}</text>"#,
            20.0 + 16.0 * i as f64,
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// About three significant digits.
fn significant(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        size if size >= 0.1 => format!("{value:.3}"),
        size if size >= 0.01 => format!("{value:.4}"),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_go_from_left_to_right_and_larger_is_higher() {
        let svg = curves(&[("a", &[(0.0, 1.0), (10.0, 0.01)]), ("b", &[])]);
        assert!(svg.contains(r#"d="M56.0 56.0L664.0 344.0""#), "{svg}");
        assert_eq!(significant(0.012_34), "0.0123");
        assert_eq!(significant(123.4), "123");
    }
}
