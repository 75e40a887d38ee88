//! What just happened at a foot: a triangle below it for a while.

use ambulo::events::{EventKind, GaitEvent};
use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::Joint;
use ambulo::{PerSide, Side};

use super::canvas::{Canvas, Ink};
use super::figure::{DARK, View, colour_of};
use super::text::Font;

/// How long an event stays to be seen.
const HOLD_S: f64 = 0.35;

/// Events with the place of their foot in pixels of the video.
pub(super) struct Marks(Vec<(GaitEvent, [f64; 2])>);

impl Marks {
    pub(super) fn of(events: &[GaitEvent], keypoints: &Keypoints2d) -> Self {
        let placed = |event: &GaitEvent| Some((*event, foot(keypoints, event)?));
        Self(events.iter().filter_map(placed).collect())
    }

    /// Draws the events that happened within the last moments before `now_s`.
    pub(super) fn draw(
        &self,
        canvas: &mut Canvas<'_>,
        font: &mut Font,
        view: View,
        now_s: f64,
        bottom_px: f32,
    ) {
        let cap = font.height_px();
        // The marks of one side give way to newer ones of that side.
        let mut last: PerSide<Option<(GaitEvent, [f64; 2])>> = PerSide::default();
        for &(event, place) in &self.0 {
            if (0.0..=HOLD_S).contains(&(now_s - event.time_s)) {
                *last.get_mut(event.side) = Some((event, place));
            }
        }
        let x_of = |mark: &Option<(GaitEvent, [f64; 2])>| mark.map(|(_, at)| view.place(at)[0]);
        for side in Side::BOTH {
            let Some((event, place)) = *last.get(side) else {
                continue;
            };
            let [x, y] = view.place(place);
            let size = cap * 0.75;
            let tip = [x, (y + cap * 0.5).min(bottom_px - size * 1.6 - 2.0)];
            let cover = fade((now_s - event.time_s) / HOLD_S);
            let (text, outline) = match event.kind {
                EventKind::InitialContact => ("contact", None),
                EventKind::FootOff => ("foot off", Some(cap * 0.2)),
            };
            let rim = (cap * 0.1).max(1.0);
            let above = [x, tip[1] - rim * 1.8];
            canvas.arrow_up(above, size + rim * 1.4, None, Ink::at(DARK, 0.75 * cover));
            let ink = Ink::at(colour_of(Some(side)), cover);
            canvas.arrow_up(tip, size, outline, ink);
            // Words point away from the other foot's.
            let line = tip[1] + size * 0.45;
            if x_of(last.get(side.opposite())).is_some_and(|other| other > x) {
                font.write_to(canvas, [x - size * 1.5, line], text, ink);
            } else {
                font.write(canvas, [x + size * 1.5, line], text, ink);
            }
        }
    }
}

/// Full for two thirds of the time, then less.
#[expect(clippy::cast_possible_truncation, reason = "a share")]
fn fade(share: f64) -> f32 {
    (1.0 - ((share - 0.66) / 0.34).clamp(0.0, 1.0) * 0.7) as f32
}

/// Where the foot is at an event: the heel at contact, the toe when it leaves, else the ankle.
fn foot(keypoints: &Keypoints2d, event: &GaitEvent) -> Option<[f64; 2]> {
    let wanted = match event.kind {
        EventKind::InitialContact => [Joint::LeftHeel, Joint::LeftAnkle, Joint::LeftBigToe],
        EventKind::FootOff => [Joint::LeftBigToe, Joint::LeftToe, Joint::LeftAnkle],
    };
    if event.frame >= keypoints.frames() {
        return None;
    }
    wanted.iter().find_map(|&left| {
        let joint = match event.side {
            Side::Left => left,
            Side::Right => left.mirrored(),
        };
        let index = keypoints.joints().iter().position(|&have| have == joint)?;
        let point = keypoints.frame(event.frame)[index]?;
        Some([point.position_px.x, point.position_px.y])
    })
}
