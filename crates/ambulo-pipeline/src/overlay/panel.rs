//! A small table of the legs' angles in the corner that the walker crosses least.

use ambulo::Side;
use ambulo::keypoints::Keypoints2d;
use ambulo::kinematics::AngleId;

use super::canvas::{Canvas, Frame, Ink};
use super::figure::{DARK, LIGHT, bounds, colour_of};
use super::text::Font;
use crate::analyze::BoutAngles;

const ROWS: [(AngleId, &str); 3] = [
    (AngleId::HipFlexion, "hip"),
    (AngleId::KneeFlexion, "knee"),
    (AngleId::AnkleDorsiflexion, "ankle"),
];

/// Where the table stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Corner {
    Left,
    Right,
}

/// Whether there is any angle to show.
pub(super) fn is_needed(angles: &[BoutAngles]) -> bool {
    angles.iter().any(|bout| {
        Side::BOTH.iter().any(|&side| {
            ROWS.iter()
                .any(|(id, _)| bout.series.track(side, *id).is_some())
        })
    })
}

/// Width and height for a height of capitals.
pub(super) fn size(capital_px: f32) -> [f32; 2] {
    [capital_px * 12.6, capital_px * 8.0]
}

/// The upper corner of a picture that the walker is in for fewer frames.
pub(super) fn corner(keypoints: &Keypoints2d, picture_px: [f64; 2], size_px: [f64; 2]) -> Corner {
    let (mut left, mut right) = (0, 0);
    for frame in 0..keypoints.frames() {
        let Some([from_x, from_y, to_x, _]) = bounds(keypoints, frame, 0.0) else {
            continue;
        };
        // A head reaches above its topmost keypoint.
        if from_y < size_px[1] * 1.3 {
            left += usize::from(from_x < size_px[0]);
            right += usize::from(to_x > picture_px[0] - size_px[0]);
        }
    }
    if right < left {
        Corner::Right
    } else {
        Corner::Left
    }
}

/// Draws the table. Angles are those of the analysis; outside the bouts there are none.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    width_px: f32,
    corner: Corner,
    font: &mut Font,
    angles: &[BoutAngles],
    frame: Option<usize>,
) {
    let cap = font.height_px();
    let [width, height] = size(cap);
    let left = match corner {
        Corner::Left => cap * 0.8,
        Corner::Right => width_px - width - cap * 0.8,
    };
    let top = cap * 0.8;
    let table = Frame {
        left,
        top,
        right: left + width,
        bottom: top + height,
    };
    canvas.panel(table, cap * 0.35, Ink::at(DARK, 0.58));
    let columns = [left + width * 0.66, left + width * 0.955];
    let line = |row: u8| top + cap * (0.75 + 1.85 * f32::from(row));
    for (side, x) in Side::BOTH.into_iter().zip(columns) {
        let ink = Ink::full(colour_of(Some(side)));
        font.write_to(canvas, [x, line(0)], side.name(), ink);
    }
    for (row, (id, name)) in (1..).zip(ROWS) {
        font.write(
            canvas,
            [left + cap * 0.6, line(row)],
            name,
            Ink::full(LIGHT),
        );
        for (side, x) in Side::BOTH.into_iter().zip(columns) {
            let degrees = frame.and_then(|frame| angle(angles, frame, side, id));
            let text = degrees.map_or_else(|| "\u{2013}".to_owned(), written);
            font.write_to(
                canvas,
                [x, line(row)],
                &text,
                Ink::full(colour_of(Some(side))),
            );
        }
    }
}

fn angle(angles: &[BoutAngles], frame: usize, side: Side, id: AngleId) -> Option<f64> {
    angles.iter().find_map(|bout| {
        let place = frame.checked_sub(bout.start_frame)?;
        bout.series.track(side, id)?.degrees.get(place).copied()?
    })
}

/// Whole degrees with a true minus sign; never a zero with a sign.
fn written(degrees: f64) -> String {
    let whole = degrees.round();
    let sign = if whole < 0.0 { "\u{2212}" } else { "" };
    format!("{sign}{:.0}\u{b0}", whole.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_are_whole_with_a_true_minus_and_no_negative_zero() {
        assert_eq!(written(-7.6), "\u{2212}8\u{b0}");
        assert_eq!(written(-0.3), "0\u{b0}");
        assert_eq!(written(61.5), "62\u{b0}");
    }
}
