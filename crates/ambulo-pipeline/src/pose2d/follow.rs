//! One person from frame to frame: where they will be, whether a look is of them, what they look like.

use ambulo::identity::sides::Sighting;
use ambulo::picture::Picture;
use nalgebra::{Point2, Vector2};

use super::Pose2dConfig;
use super::look::{KNOWN, Look};

/// Times over which the person's motion, size, shape and box are smoothed, in seconds.
const VELOCITY_S: f64 = 0.15;
const SIZE_S: f64 = 0.4;
const SHAPE_S: f64 = 0.1;
const BOX_S: f64 = 0.12;
/// Fastest motion, in body heights a second.
const FASTEST: f64 = 4.0;
/// How far from where they are expected a person may be, in body heights, and how much further for each
/// second without a look.
const FURTHEST: f64 = 0.22;
const FURTHER_PER_S: f64 = 1.2;
/// How much larger or smaller a person may be from one look to the next, and how much more for each second.
const LARGEST: f64 = 1.5;
const LARGER_PER_S: f64 = 0.3;
/// How different the same person's colours may be: root mean square of six levels from 0 to 1.
pub(super) const OTHER_COLOURS: f64 = 0.13;
/// A person of whom less is in the picture has left it.
const LEAST_INSIDE: f64 = 0.35;
/// Frames after the first in which a person must be seen again, and how often.
const TRIAL_FRAMES: usize = 6;
const TRIAL_SEEN: usize = 3;

/// Mean red, green and blue of the trunk, then of the thighs, 0 to 1.
pub(super) type Colours = [f64; 6];

/// A person who is followed.
#[derive(Debug)]
pub(super) struct Follower {
    centre: Point2<f64>,
    velocity: Vector2<f64>,
    size_px: f64,
    /// Each joint's place from the centre, in body heights.
    shape: Vec<Vector2<f64>>,
    /// Left, top, right, bottom of the box from the centre, in body heights.
    extent: [f64; 4],
    colours: Option<Colours>,
    born: usize,
    last_frame: usize,
    last_s: f64,
    /// No longer waited for where they were last seen.
    is_gone: bool,
    /// Every frame that shows them.
    pub(super) sightings: Vec<(usize, Sighting)>,
}

impl Follower {
    pub(super) fn new(
        look: &Look,
        (frame, time_s): (usize, f64),
        picture: &Picture,
        config: &Pose2dConfig,
    ) -> Self {
        let size_px = look.size_px.max(8.0);
        let mut follower = Self {
            centre: look.centre,
            velocity: Vector2::zeros(),
            size_px,
            shape: look
                .places()
                .into_iter()
                .map(|at| (Point2::from(at) - look.centre) / size_px)
                .collect(),
            extent: [0.0; 4],
            colours: None,
            born: frame,
            last_frame: frame,
            last_s: time_s,
            is_gone: false,
            sightings: Vec::new(),
        };
        follower.extent = follower.extent_of(look);
        follower.keep(look, (frame, time_s), picture, config);
        follower
    }

    /// Whether the person is waited for.
    pub(super) fn is_followed(&self) -> bool {
        !self.is_gone
    }

    /// How long nobody has been seen.
    pub(super) fn unseen_s(&self, time_s: f64) -> f64 {
        time_s - self.last_s
    }

    /// Where the middle of the trunk is expected.
    pub(super) fn expected(&self, time_s: f64) -> Point2<f64> {
        // Who is not seen may have stopped.
        let ahead_s = self.unseen_s(time_s).min(0.4);
        self.centre + self.velocity * ahead_s
    }

    /// The box where the person is expected: left, top, width, height.
    pub(super) fn box_px(&self, time_s: f64, picture_px: [u32; 2]) -> [f64; 4] {
        let centre = self.expected(time_s);
        let [left, top, right, bottom] = self.extent.map(|share| share * self.size_px);
        let room = 0.1 * self.size_px;
        let clip = |value: f64, extent: u32| value.clamp(-room, f64::from(extent) + room);
        let (left, right) = (
            clip(centre.x + left, picture_px[0]),
            clip(centre.x + right, picture_px[0]),
        );
        let (top, bottom) = (
            clip(centre.y + top, picture_px[1]),
            clip(centre.y + bottom, picture_px[1]),
        );
        [left, top, right - left, bottom - top]
    }

    /// Boxes to look into: where the person is expected, and around it if they were not seen just now.
    pub(super) fn boxes_px(&self, time_s: f64, picture_px: [u32; 2], step_s: f64) -> Vec<[f64; 4]> {
        let expected = self.box_px(time_s, picture_px);
        let mut boxes = vec![expected];
        if self.unseen_s(time_s) > 1.5 * step_s {
            let [left, top, width, height] = expected;
            for shift in [-0.3, 0.3] {
                boxes.push([left + shift * height, top, width, height]);
            }
            let grown = 1.3;
            boxes.push([
                left - (grown - 1.0) / 2.0 * width,
                top - (grown - 1.0) / 2.0 * height,
                grown * width,
                grown * height,
            ]);
        }
        boxes
    }

    /// Where each joint would be.
    fn expected_joints(&self, centre: Point2<f64>) -> Vec<Point2<f64>> {
        let place = |offset: &Vector2<f64>| centre + offset * self.size_px;
        self.shape.iter().map(place).collect()
    }

    /// How far a look is from what is expected of this person: small for the same, `None` for another.
    pub(super) fn distance(
        &self,
        look: &Look,
        time_s: f64,
        picture: &Picture,
        config: &Pose2dConfig,
    ) -> Option<f64> {
        if look.certainty < config.lost_below {
            return None;
        }
        let unseen_s = self.unseen_s(time_s).min(config.wait_s);
        let moved = nalgebra::distance(&look.centre, &self.expected(time_s)) / self.size_px;
        let grown = (look.size_px.max(1.0) / self.size_px).ln().abs();
        if moved > FURTHEST + FURTHER_PER_S * unseen_s
            || grown > LARGEST.ln() + LARGER_PER_S * unseen_s
        {
            return None;
        }
        let colours = self.colour_distance(look, picture);
        // Colours change with light and folds; they decide only after a gap.
        if unseen_s > 0.2 && colours.is_some_and(|colours| colours > OTHER_COLOURS) {
            return None;
        }
        Some(moved + grown + colours.unwrap_or(OTHER_COLOURS))
    }

    /// How far a person found anew is from this one who was lost; `None` if it cannot be the same.
    pub(super) fn again(&self, look: &Look, time_s: f64, picture: &Picture) -> Option<f64> {
        let unseen_s = self.unseen_s(time_s);
        let moved = nalgebra::distance(&look.centre, &self.centre) / self.size_px;
        let grown = (look.size_px.max(1.0) / self.size_px).ln().abs();
        let colours = self.colour_distance(look, picture)?;
        let reach = (0.5 + 2.0 * unseen_s).min(3.0);
        (moved <= reach && grown < 0.5 && colours < OTHER_COLOURS)
            .then_some(colours + 0.05 * moved + 0.1 * grown)
    }

    fn colour_distance(&self, look: &Look, picture: &Picture) -> Option<f64> {
        let own = self.colours?;
        let other = colours(look, picture)?;
        let sum: f64 = own.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum();
        Some((sum / own.len() as f64).sqrt())
    }

    /// How much is known of this person: of two who claim one look, who was seen before keeps it.
    pub(super) fn seniority(&self) -> f64 {
        0.1 * (self.sightings.len() as f64 / 10.0).min(1.0)
    }

    /// Takes a look as this person's.
    pub(super) fn take(
        &mut self,
        look: &Look,
        (frame, time_s): (usize, f64),
        picture: &Picture,
        config: &Pose2dConfig,
    ) {
        let step_s = (time_s - self.last_s).max(1e-6);
        let share = |over_s: f64| 1.0 - (-step_s / over_s).exp();
        let measured = (look.centre - self.centre) / step_s;
        self.velocity += (measured - self.velocity) * share(VELOCITY_S);
        let fastest = FASTEST * self.size_px;
        if self.velocity.norm() > fastest {
            self.velocity *= fastest / self.velocity.norm();
        }
        let grown = (look.size_px.max(1.0) / self.size_px).ln().clamp(-0.2, 0.2);
        self.size_px *= (grown * share(SIZE_S)).exp();
        self.centre = look.centre;
        for (offset, joint) in self.shape.iter_mut().zip(&look.pose.joints) {
            if joint.confidence >= KNOWN {
                let now = (Point2::from(joint.at) - look.centre) / self.size_px;
                *offset += (now - *offset) * share(SHAPE_S);
            }
        }
        let extent = self.extent_of(look);
        for (kept, now) in self.extent.iter_mut().zip(extent) {
            *kept += (now - *kept) * share(BOX_S);
        }
        self.is_gone = false;
        self.keep(look, (frame, time_s), picture, config);
    }

    fn keep(
        &mut self,
        look: &Look,
        (frame, time_s): (usize, f64),
        picture: &Picture,
        config: &Pose2dConfig,
    ) {
        if let Some(now) = colours(look, picture) {
            let kept = self.colours.get_or_insert(now);
            for (kept, now) in kept.iter_mut().zip(now) {
                *kept += (now - *kept) * 0.1;
            }
        }
        self.last_frame = frame;
        self.last_s = time_s;
        let picture_px = [picture.width_px(), picture.height_px()];
        let sighting = look.sighting(self.size_px, picture_px, config.least_confidence);
        self.sightings.push((frame, sighting));
    }

    /// Gives a person up who was not seen for too long, has left the picture, or was a mistake.
    pub(super) fn give_up(
        &mut self,
        (frame, time_s): (usize, f64),
        picture_px: [u32; 2],
        config: &Pose2dConfig,
    ) {
        if self.is_gone {
            return;
        }
        let [left, top, width, height] = self.box_px(time_s, picture_px);
        let shown = |from: f64, length: f64, extent: u32| {
            ((from + length).min(f64::from(extent)) - from.max(0.0)).max(0.0) / length.max(1.0)
        };
        let [full_width, full_height] = [
            (self.extent[2] - self.extent[0]) * self.size_px,
            (self.extent[3] - self.extent[1]) * self.size_px,
        ];
        let inside = shown(left, width, picture_px[0]) * width / full_width.max(1.0)
            * shown(top, height, picture_px[1])
            * height
            / full_height.max(1.0);
        let unseen_s = self.unseen_s(time_s);
        self.is_gone = unseen_s > config.wait_s
            || (unseen_s > 0.2 && inside < LEAST_INSIDE)
            || (self.is_on_trial(frame) && frame - self.born >= TRIAL_FRAMES);
    }

    /// Whether it is not certain yet that this is a person.
    pub(super) fn is_on_trial(&self, frame: usize) -> bool {
        self.sightings.len() < TRIAL_SEEN.min(frame - self.born + 1)
            || (frame - self.born <= TRIAL_FRAMES && self.sightings.len() < TRIAL_SEEN)
    }

    fn extent_of(&self, look: &Look) -> [f64; 4] {
        let expected = self.expected_joints(look.centre);
        let [left, top, width, height] = look.box_px(Some(&expected));
        [
            left - look.centre.x,
            top - look.centre.y,
            left + width - look.centre.x,
            top + height - look.centre.y,
        ]
        .map(|px| px / self.size_px)
    }
}

/// The colours of trunk and thighs.
fn colours(look: &Look, picture: &Picture) -> Option<Colours> {
    let at = |joint: usize| {
        look.pose
            .joints
            .get(joint)
            .map(|joint| Point2::from(joint.at))
    };
    let [
        left_shoulder,
        right_shoulder,
        left_hip,
        right_hip,
        left_knee,
        right_knee,
    ] = [at(5)?, at(6)?, at(11)?, at(12)?, at(13)?, at(14)?];
    let mean = |corners: [Point2<f64>; 4]| -> Option<[f64; 3]> {
        let [a, b, c, d] = corners;
        let mut sum = [0.0; 3];
        let mut count = 0.0;
        for down in [0.2, 0.35, 0.5, 0.65, 0.8] {
            for along in [0.0, 0.25, 0.5, 0.75, 1.0] {
                let (from, to) = (
                    a.coords.lerp(&c.coords, down),
                    b.coords.lerp(&d.coords, down),
                );
                let place = from.lerp(&to, along);
                if let Some(rgb) = pixel(picture, place) {
                    for (sum, level) in sum.iter_mut().zip(rgb) {
                        *sum += f64::from(level) / 255.0;
                    }
                    count += 1.0;
                }
            }
        }
        (count >= 8.0).then(|| sum.map(|sum| sum / count))
    };
    let trunk = mean([left_shoulder, right_shoulder, left_hip, right_hip])?;
    let thighs = mean([left_hip, right_hip, left_knee, right_knee])?;
    Some([
        trunk[0], trunk[1], trunk[2], thighs[0], thighs[1], thighs[2],
    ])
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "negative places were left out, large ones are outside the picture"
)]
fn pixel(picture: &Picture, at: Vector2<f64>) -> Option<[u8; 3]> {
    let is_inside = at.x >= 0.0 && at.y >= 0.0 && at.x.is_finite() && at.y.is_finite();
    is_inside.then(|| picture.pixel(at.x as u32, at.y as u32))?
}
