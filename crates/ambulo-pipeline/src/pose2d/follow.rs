//! One person from frame to frame: where they will be, whether a look is of them, what they look like.

use ambulo::identity::sides::Sighting;
use ambulo::picture::Picture;
use nalgebra::{Point2, Vector2};

use super::Pose2dConfig;
use super::gaze::{Gaze, followed_deg};
use super::look::{KNOWN, Look};

/// Times over which the person's motion, size, shape and box are smoothed, in seconds.
const VELOCITY_S: f64 = 0.15;
const SIZE_S: f64 = 0.4;
const SHAPE_S: f64 = 0.1;
const BOX_S: f64 = 0.12;
/// Who was seen less often than one over this is new: their size is not known yet.
const YOUNG: f64 = 0.15;
/// Fastest motion, in body heights a second.
const FASTEST: f64 = 4.0;
/// Time over which their lean and their usual certainty are smoothed.
const LEAN_S: f64 = 0.4;
/// Time over which the lean is that of the camera, and how much another one must differ to be looked at too.
const TILT_S: f64 = 3.0;
const OTHER_LEAN_DEG: f64 = 8.0;
/// A look so far from what is expected, or so much less certain than usual, is doubtful.
const DOUBTFUL: f64 = 1.5;
const DOUBTFUL_SHARE: f64 = 0.85;
const USUAL_S: f64 = 1.0;
/// Deviations of a look from what is expected of the same person, and how much larger they are for each second
/// without one: the place in body heights, the size as a logarithm.
const PLACE: f64 = 0.06;
const PLACE_PER_S: f64 = 0.4;
const SIZE: f64 = 0.12;
const SIZE_PER_S: f64 = 0.15;
/// Deviation of the colours: root mean square of six levels from 0 to 1.
const COLOURS: f64 = 0.06;
/// Deviations, taken together, of a look that is another person's.
const OTHER: f64 = 3.2;
/// Somebody found anew is another person if they are further, in body heights, from where the lost one was last seen and
/// from where they went, and how much further for each second; if their size, as a logarithm, or their colours
/// differ more.
const AGAIN_WITHIN: f64 = 0.4;
const AGAIN_PER_S: f64 = 0.6;
const AGAIN_FURTHEST: f64 = 1.5;
const AGAIN_SIZE: f64 = 0.4;
const AGAIN_COLOURS: f64 = 0.11;
/// Who was seen in less than this share of the frames while they were followed is nobody to find again: what is
/// imagined on a background comes and goes.
const AGAIN_SEEN: f64 = 0.75;
/// Longest time over which somebody unseen goes on as they went.
const GOES_ON_S: f64 = 1.5;
/// Where somebody was so long ago says where they would be now, had they not stopped.
const AGO_S: f64 = 0.4;
/// Time between checks that what is followed is a person, how many more of them fail than succeed if it is none, and how
/// many successes are remembered.
const CHECK_S: f64 = 0.3;
const MOST_FAILED: i32 = 3;
const REMEMBERED: i32 = 2;
/// A person of whom less is in the picture has left it: of their box, and of its width while they go out to the
/// side, faster than this in body heights a second. What a network says of half a body at the edge is made up.
const LEAST_INSIDE: f64 = 0.35;
const LEAST_WIDTH_INSIDE: f64 = 0.75;
const GOES_OUT: f64 = 0.25;
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
    /// How far they lean to the right, and how far they did over the last seconds.
    lean_deg: f64,
    tilt_deg: f64,
    colours: Option<Colours>,
    /// When, where and how fast they were, a fraction of a second ago and since.
    recent: Vec<(f64, Point2<f64>, Vector2<f64>)>,
    /// How certain their joints usually are.
    usual: f64,
    /// The look that was taken last.
    last_look: Look,
    /// When it was last checked that this is a person, how much oftener it did not seem so than it did, and how many
    /// sightings there were when it last did.
    checked_s: f64,
    failed: i32,
    sure: usize,
    born: usize,
    /// The frame in which they were found last, and how many sightings there were before.
    found: (usize, usize),
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
        let lean_deg = look.lean_deg();
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
            lean_deg,
            tilt_deg: lean_deg,
            colours: None,
            recent: Vec::new(),
            usual: look.certainty,
            last_look: look.clone(),
            checked_s: time_s,
            failed: 0,
            sure: 0,
            born: frame,
            found: (frame, 0),
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

    /// Where to look for the person. Who stands upright is looked for inside the picture.
    fn gaze(&self, time_s: f64, picture_px: [u32; 2], lean_deg: f64) -> Gaze {
        let centre = self.expected(time_s);
        let lean_deg = followed_deg(lean_deg);
        let mut extent = self.extent.map(|share| share * self.size_px);
        if lean_deg == 0.0 {
            let room = 0.1 * self.size_px;
            for (index, edge) in extent.iter_mut().enumerate() {
                let (at, size) = (centre[index % 2], f64::from(picture_px[index % 2]));
                *edge = (at + *edge).clamp(-room, size + room) - at;
            }
        }
        Gaze::about(centre, extent, lean_deg)
    }

    /// The box where the person is expected: left, top, width, height.
    pub(super) fn box_px(&self, time_s: f64, picture_px: [u32; 2]) -> [f64; 4] {
        self.gaze(time_s, picture_px, self.lean_deg).box_px
    }

    /// Where to look: where the person is expected, and around it and where they were if they were not seen
    /// just now.
    pub(super) fn gazes(&self, time_s: f64, picture_px: [u32; 2], step_s: f64) -> Vec<Gaze> {
        let expected = self.gaze(time_s, picture_px, self.lean_deg);
        let mut gazes = vec![expected];
        if self.unseen_s(time_s) > 1.5 * step_s {
            gazes.extend([-0.25, 0.25].map(|right| expected.moved([right, 0.0], 1.0)));
            gazes.push(expected.moved([0.0, 0.0], 1.3));
            gazes.push(self.gaze(self.last_s, picture_px, self.lean_deg));
        }
        gazes
    }

    /// Where to look once more, leaning as they did before, if they lean otherwise now and what was seen of them
    /// (its distance and its certainty) is doubtful.
    pub(super) fn second_gaze(
        &self,
        seen: Option<(f64, f64)>,
        time_s: f64,
        picture_px: [u32; 2],
    ) -> Option<Gaze> {
        let [now, before] = [self.lean_deg, self.tilt_deg].map(followed_deg);
        let is_doubtful = seen.is_none_or(|(distance, certainty)| {
            distance > DOUBTFUL || certainty < DOUBTFUL_SHARE * self.usual
        });
        (is_doubtful && (now - before).abs() > OTHER_LEAN_DEG)
            .then(|| self.gaze(time_s, picture_px, self.tilt_deg))
    }

    /// Where each joint would be.
    fn expected_joints(&self, centre: Point2<f64>) -> Vec<Point2<f64>> {
        let place = |offset: &Vector2<f64>| centre + offset * self.size_px;
        self.shape.iter().map(place).collect()
    }

    /// How far a look is from what is expected of this person, in deviations of place, size and colours together;
    /// `None` for another person, or for none.
    pub(super) fn distance(
        &self,
        look: &Look,
        time_s: f64,
        picture: &Picture,
        config: &Pose2dConfig,
    ) -> Option<f64> {
        if look.certainty < config.lost_below.max(config.lost_share * self.usual)
            || self.has_walked_out(time_s, [picture.width_px(), picture.height_px()])
        {
            return None;
        }
        let unseen_s = self.unseen_s(time_s).min(config.wait_s);
        let moved = nalgebra::distance(&look.centre, &self.expected(time_s)) / self.size_px;
        let grown = (look.size_px.max(1.0) / self.size_px).ln();
        let colours = self.colour_distance(look, picture).unwrap_or(COLOURS);
        let deviations = [
            moved / (PLACE + PLACE_PER_S * unseen_s),
            grown / (SIZE + SIZE_PER_S * unseen_s),
            colours / COLOURS,
        ];
        let together = deviations.iter().map(|d| d * d).sum::<f64>().sqrt();
        (together < OTHER).then_some(together)
    }

    /// How far a person found anew is from this one who was lost; `None` if it cannot be the same.
    pub(super) fn again(&self, look: &Look, time_s: f64, picture: &Picture) -> Option<f64> {
        let (since, before) = self.found;
        let (frames, seen) = (self.last_frame - since + 1, self.sightings.len() - before);
        if (seen as f64) < AGAIN_SEEN * frames as f64 {
            return None;
        }
        let unseen_s = self.unseen_s(time_s);
        // From the way that they would have gone.
        let way = self.velocity * unseen_s.min(GOES_ON_S);
        let from = look.centre - self.centre;
        let along = (from.dot(&way) / way.norm_squared().max(1e-9)).clamp(0.0, 1.0);
        let moved = (from - way * along).norm() / self.size_px;
        let grown = (look.size_px.max(1.0) / self.size_px).ln().abs();
        let colours = self.colour_distance(look, picture)?;
        let reach = (AGAIN_WITHIN + AGAIN_PER_S * unseen_s).min(AGAIN_FURTHEST);
        (moved <= reach && grown < AGAIN_SIZE && colours < AGAIN_COLOURS)
            .then_some(colours + 0.05 * moved + 0.1 * grown)
    }

    /// Whether they would be out of the picture by now, as they went a fraction of a second ago: what is seen at its
    /// edge then is another, or nobody.
    fn has_walked_out(&self, time_s: f64, picture_px: [u32; 2]) -> bool {
        let ago = self.recent.first();
        ago.is_some_and(|(then_s, centre, velocity)| {
            let ahead_s = time_s - then_s;
            let centre = centre + velocity * ahead_s.min(GOES_ON_S);
            ahead_s >= AGO_S && self.is_outside((centre, *velocity), picture_px)
        })
    }

    /// Whether too little of the person's box would be in the picture, there and going so.
    fn is_outside(
        &self,
        (centre, velocity): (Point2<f64>, Vector2<f64>),
        picture_px: [u32; 2],
    ) -> bool {
        let [width, height] = [0, 1].map(|axis| {
            let (from, to) = (self.extent[axis], self.extent[axis + 2]);
            let [from, to] = [from, to].map(|share| centre[axis] + share * self.size_px);
            let shown = to.min(f64::from(picture_px[axis])) - from.max(0.0);
            shown.max(0.0) / (to - from).max(1.0)
        });
        let outwards = (centre.x - f64::from(picture_px[0]) / 2.0).signum() * velocity.x;
        let goes_out = outwards > GOES_OUT * self.size_px;
        (goes_out && width < LEAST_WIDTH_INSIDE) || width * height < LEAST_INSIDE
    }

    /// The look that was just taken, if it is time to check that it shows a person.
    pub(super) fn to_check(&self, time_s: f64) -> Option<&Look> {
        let is_seen = self.last_s >= time_s;
        (is_seen && !self.is_gone && time_s - self.checked_s >= CHECK_S).then_some(&self.last_look)
    }

    /// Takes the answer of a check. What fails several is no person, and was none since the last that it did not.
    pub(super) fn checked(&mut self, is_person: bool, time_s: f64) {
        self.checked_s = time_s;
        if is_person {
            self.failed = (self.failed - 1).max(-REMEMBERED);
            self.sure = self.sightings.len();
            return;
        }
        self.failed += 1;
        if self.failed >= MOST_FAILED {
            self.is_gone = true;
            self.sightings.truncate(self.sure);
        }
    }

    fn colour_distance(&self, look: &Look, picture: &Picture) -> Option<f64> {
        let own = self.colours?;
        let other = colours(look, picture)?;
        let sum: f64 = own.iter().zip(&other).map(|(a, b)| (a - b).powi(2)).sum();
        Some((sum / own.len() as f64).sqrt())
    }

    /// How much is known of this person: of two who claim one look, who was seen before keeps it.
    pub(super) fn seniority(&self) -> f64 {
        (self.sightings.len() as f64 / 10.0).min(1.0)
    }

    /// Takes a look as of this person, who was lost and is found again: how they look and stand now counts.
    pub(super) fn take_again(
        &mut self,
        look: &Look,
        (frame, time_s): (usize, f64),
        picture: &Picture,
        config: &Pose2dConfig,
    ) {
        let again = Self::new(look, (frame, time_s), picture, config);
        let mut sightings = std::mem::take(&mut self.sightings);
        let (born, seen) = (self.born, sightings.len());
        sightings.extend(again.sightings.iter().cloned());
        *self = Self {
            born,
            found: (frame, seen),
            sure: seen,
            sightings,
            ..again
        };
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
        // Of who was just found, every look says as much about the body as the ones before.
        let (_, before) = self.found;
        let young = 1.0 / (self.sightings.len() - before + 1) as f64;
        let share = |over_s: f64| 1.0 - (-step_s / over_s).exp();
        let early = |over_s: f64| share(over_s).max(young);
        let measured = (look.centre - self.centre) / step_s;
        self.velocity += (measured - self.velocity) * share(VELOCITY_S);
        let fastest = FASTEST * self.size_px;
        if self.velocity.norm() > fastest {
            self.velocity *= fastest / self.velocity.norm();
        }
        let grown = (look.size_px.max(1.0) / self.size_px).ln();
        let believed = if young > YOUNG { OTHER * SIZE } else { 0.2 };
        self.size_px *= (grown.clamp(-believed, believed) * early(SIZE_S)).exp();
        self.centre = look.centre;
        for (offset, joint) in self.shape.iter_mut().zip(&look.pose.joints) {
            if joint.confidence >= KNOWN {
                let now = (Point2::from(joint.at) - look.centre) / self.size_px;
                *offset += (now - *offset) * early(SHAPE_S);
            }
        }
        self.lean_deg += (look.lean_deg() - self.lean_deg) * share(LEAN_S);
        self.tilt_deg += (look.lean_deg() - self.tilt_deg) * share(TILT_S);
        self.usual += (look.certainty - self.usual) * early(USUAL_S);
        self.last_look.clone_from(look);
        self.recent.push((time_s, self.centre, self.velocity));
        let late = |(then_s, ..): &(f64, Point2<f64>, Vector2<f64>)| time_s - then_s > AGO_S;
        while self.recent.len() > 1 && late(&self.recent[1]) {
            self.recent.remove(0);
        }
        let extent = self.extent_of(look);
        for (kept, now) in self.extent.iter_mut().zip(extent) {
            *kept += (now - *kept) * early(BOX_S);
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
        let sighting = look.sighting(picture_px, config.least_confidence);
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
        // Of the box where they would be by now, also outside the picture.
        let centre = self.centre + self.velocity * self.unseen_s(time_s).min(GOES_ON_S);
        let unseen_s = self.unseen_s(time_s);
        self.is_gone = unseen_s > config.wait_s
            || (unseen_s > 0.2 && self.is_outside((centre, self.velocity), picture_px))
            || (self.is_on_trial(frame) && frame - self.born >= TRIAL_FRAMES);
    }

    /// Whether it is not certain yet that this is a person.
    pub(super) fn is_on_trial(&self, frame: usize) -> bool {
        self.sightings.len() < TRIAL_SEEN.min(frame - self.born + 1)
            || (frame - self.born <= TRIAL_FRAMES && self.sightings.len() < TRIAL_SEEN)
    }

    fn extent_of(&self, look: &Look) -> [f64; 4] {
        let expected = self.expected_joints(look.centre);
        look.extent_px(Some(&expected), followed_deg(self.lean_deg))
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
