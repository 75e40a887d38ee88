//! The strip below the picture: time, frame, legend, and when each foot stood on the ground.

use ambulo::Side;
use ambulo::events::{EventKind, GaitEvent};

use super::canvas::{Canvas, Frame, Ink, Rgb};
use super::figure::{LIGHT, colour_of, mark};
use super::text::Font;

const GROUND: Rgb = [22, 26, 31];
const LANE: Rgb = [44, 50, 57];
const QUIET: Rgb = [165, 175, 185];

/// What is shown of a recording longer than this is the time around the frame.
const WINDOW_S: f64 = 8.0;

/// The steps of a recording.
pub(super) struct Steps {
    duration_s: f64,
    /// Contact and foot off of every stance.
    stances: Vec<(Side, f64, f64)>,
    events: Vec<GaitEvent>,
}

impl Steps {
    pub(super) fn of(events: &[GaitEvent], duration_s: f64) -> Self {
        let mut stances = Vec::new();
        for side in Side::BOTH {
            let own: Vec<&GaitEvent> = events.iter().filter(|event| event.side == side).collect();
            stances.extend(own.windows(2).filter_map(|pair| {
                let kinds = (pair[0].kind, pair[1].kind);
                let is_stance = kinds == (EventKind::InitialContact, EventKind::FootOff);
                is_stance.then_some((side, pair[0].time_s, pair[1].time_s))
            }));
        }
        Self {
            duration_s,
            stances,
            events: events.to_vec(),
        }
    }
}

/// How high the strip is for a height of capitals, in pixels; always even, as video likes it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a font is a few dozen pixels high"
)]
pub(super) fn height_px(capital_px: f32) -> u32 {
    ((capital_px * 8.4).ceil() as u32).next_multiple_of(2)
}

/// Draws the strip into a frame that spans the picture's width.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    frame: Frame,
    font: &mut Font,
    steps: &Steps,
    now: (f64, u64),
) {
    canvas.panel(frame, 0.0, Ink::full(GROUND));
    let cap = font.height_px();
    header(canvas, frame, font, now);
    let lanes = Lanes::of(frame, font, steps, now.0);
    for side in Side::BOTH {
        lanes.draw(canvas, font, steps, side);
    }
    lanes.seconds(canvas, font);
    let x = lanes.x(now.0);
    let ends = [[x, lanes.top - cap * 0.3], [x, lanes.bottom + cap * 0.3]];
    canvas.line(ends, (cap * 0.09).max(0.7), Ink::full(LIGHT));
}

/// Time and frame on the left; what the marks mean on the right, as much as has room.
fn header(canvas: &mut Canvas<'_>, frame: Frame, font: &mut Font, (time_s, index): (f64, u64)) {
    let cap = font.height_px();
    let y = frame.top + cap * 0.75;
    let mut room_from = frame.left + cap * 0.8;
    for (text, ink) in [
        (format!("{time_s:.2} s"), LIGHT),
        (format!("frame {index}"), QUIET),
    ] {
        font.write(canvas, [room_from, y], &text, Ink::full(ink));
        room_from += font.width_px(&text) + cap * 0.9;
    }
    let mut right = frame.right - cap * 0.8;
    let signs = [
        Sign::Off,
        Sign::Contact,
        Sign::Side(Side::Right),
        Sign::Side(Side::Left),
    ];
    for sign in signs {
        let text = sign.text();
        let width = font.width_px(text) + cap * 1.1;
        if right - width < room_from {
            break;
        }
        font.write_to(canvas, [right, y], text, Ink::full(sign.colour()));
        sign.draw(canvas, [right - width + cap * 0.45, y + cap * 0.5], cap);
        right -= width + cap * 0.9;
    }
}

/// An entry of the legend.
#[derive(Clone, Copy)]
enum Sign {
    Side(Side),
    Contact,
    Off,
}

impl Sign {
    fn text(self) -> &'static str {
        match self {
            Self::Side(side) => side.name(),
            Self::Contact => "contact",
            Self::Off => "foot off",
        }
    }

    fn colour(self) -> Rgb {
        match self {
            Self::Side(side) => colour_of(Some(side)),
            Self::Contact | Self::Off => LIGHT,
        }
    }

    fn draw(self, canvas: &mut Canvas<'_>, place: [f32; 2], cap: f32) {
        let tip = [place[0], place[1] - cap * 0.45];
        match self {
            Self::Side(side) => mark(canvas, place, Some(side), cap * 0.36, 1.0),
            Self::Contact => canvas.arrow_up(tip, cap * 0.5, None, Ink::full(LIGHT)),
            Self::Off => {
                canvas.arrow_up(tip, cap * 0.5, Some(cap * 0.14), Ink::full(LIGHT));
            }
        }
    }
}

/// The two lanes of the feet and the time that they show.
struct Lanes {
    left: f32,
    right: f32,
    top: f32,
    bottom: f32,
    cap: f32,
    from_s: f64,
    to_s: f64,
}

impl Lanes {
    fn of(frame: Frame, font: &Font, steps: &Steps, now_s: f64) -> Self {
        let cap = font.height_px();
        let (from_s, to_s) = if steps.duration_s <= WINDOW_S {
            (0.0, steps.duration_s.max(1e-3))
        } else {
            let from_s = (now_s - WINDOW_S / 2.0).clamp(0.0, steps.duration_s - WINDOW_S);
            (from_s, from_s + WINDOW_S)
        };
        Self {
            left: frame.left + cap * 0.8 + font.width_px("right") + cap * 0.7,
            right: frame.right - cap * 1.0,
            top: frame.top + cap * 2.7,
            bottom: frame.top + cap * 5.7,
            cap,
            from_s,
            to_s,
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "pixels of a picture")]
    fn x(&self, time_s: f64) -> f32 {
        let share = (time_s - self.from_s) / (self.to_s - self.from_s);
        self.left + (self.right - self.left) * share.clamp(0.0, 1.0) as f32
    }

    fn holds(&self, time_s: f64) -> bool {
        (self.from_s..=self.to_s).contains(&time_s)
    }

    fn lane(&self, side: Side) -> Frame {
        let top = match side {
            Side::Left => self.top,
            Side::Right => self.bottom - self.cap * 1.25,
        };
        Frame {
            left: self.left,
            top,
            right: self.right,
            bottom: top + self.cap * 1.25,
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>, font: &mut Font, steps: &Steps, side: Side) {
        let lane = self.lane(side);
        let colour = colour_of(Some(side));
        canvas.panel(lane, self.cap * 0.2, Ink::full(LANE));
        let label = [lane.left - self.cap * 0.6, lane.top + self.cap * 0.12];
        font.write_to(canvas, label, side.name(), Ink::full(colour));
        for &(whose, from_s, to_s) in &steps.stances {
            if whose == side && to_s >= self.from_s && from_s <= self.to_s {
                let bar = Frame {
                    left: self.x(from_s),
                    right: self.x(to_s),
                    ..lane
                };
                canvas.panel(bar, 0.0, Ink::at(colour, 0.62));
            }
        }
        let thickness = (self.cap * 0.1).max(0.8);
        for event in &steps.events {
            if event.side != side || !self.holds(event.time_s) {
                continue;
            }
            let x = self.x(event.time_s);
            let is_contact = event.kind == EventKind::InitialContact;
            let (beyond, radius) = if is_contact {
                (self.cap * 0.22, thickness)
            } else {
                (0.0, thickness * 0.6)
            };
            let ends = [[x, lane.top - beyond], [x, lane.bottom + beyond]];
            canvas.line(ends, radius, Ink::full(colour));
        }
    }

    /// The scale of time below.
    fn seconds(&self, canvas: &mut Canvas<'_>, font: &mut Font) {
        let y = self.bottom + self.cap * 0.75;
        let mut second = self.from_s.ceil();
        let mut unit = " s";
        while second <= self.to_s {
            let x = self.x(second);
            let ends = [[x, self.bottom], [x, self.bottom + self.cap * 0.4]];
            canvas.line(ends, 0.7, Ink::full(QUIET));
            let text = format!("{second:.0}{unit}");
            unit = "";
            if x + font.width_px(&text) < self.right + self.cap {
                font.write_around(canvas, [x, y], &text, Ink::full(QUIET));
            }
            second += 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ambulo::events::EventSource;
    use ambulo::picture::Picture;

    fn event(side: Side, kind: EventKind, time_s: f64) -> GaitEvent {
        GaitEvent {
            side,
            kind,
            time_s,
            frame: 0,
            confidence: 1.0,
            source: EventSource::Consensus,
        }
    }

    #[test]
    fn a_stance_runs_from_contact_to_the_same_foots_off() {
        use EventKind::{FootOff, InitialContact};
        let events = [
            event(Side::Left, InitialContact, 0.2),
            event(Side::Right, FootOff, 0.3),
            event(Side::Left, FootOff, 0.9),
            event(Side::Left, InitialContact, 1.3),
            event(Side::Left, InitialContact, 2.4),
        ];
        let steps = Steps::of(&events, 3.0);
        assert_eq!(steps.stances, [(Side::Left, 0.2, 0.9)]);
    }

    #[test]
    fn the_cursor_and_the_standing_foot_are_seen_at_every_size() {
        for (width, cap) in [(320_u32, 8.5_f32), (1920, 20.0)] {
            let high = height_px(cap);
            let bytes = (width * high * 3) as usize;
            let mut picture = Picture::new(width, high, vec![0; bytes]).unwrap();
            let frame = Frame {
                left: 0.0,
                top: 0.0,
                right: width as f32,
                bottom: high as f32,
            };
            let events = [
                event(Side::Left, EventKind::InitialContact, 18.0),
                event(Side::Left, EventKind::FootOff, 22.0),
            ];
            let steps = Steps::of(&events, 40.0);
            let mut font = Font::of_height(cap);
            draw(
                &mut Canvas::over(&mut picture),
                frame,
                &mut font,
                &steps,
                (20.0, 500),
            );
            let has = |wanted: Rgb| picture.rgb().chunks_exact(3).any(|pixel| pixel == wanted);
            assert!(has(LIGHT), "{width}");
            let bar = picture
                .rgb()
                .chunks_exact(3)
                .filter(|pixel| pixel[2] > pixel[0].saturating_add(60))
                .count();
            assert!(bar > width as usize, "{width}: {bar}");
        }
    }
}
