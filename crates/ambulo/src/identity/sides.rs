//! Left and right of a person's limbs, decided over a whole clip.
//!
//! A network sees one picture at a time. From the side it hardly sees which leg is the left one, and
//! where one leg hides the other it draws both at one place. Over time there is more to go by, and
//! [`decide`] takes it in this order:
//!
//! 1. **Limbs.** Of the places where each joint may be, the two limbs of a pair are put together so that
//!    segments have a body's lengths and every joint stays near where it was: two tracks without sides.
//! 2. **Runs.** Where the two tracks could as well have been exchanged from one frame to the next (limbs
//!    over each other, or not seen), they are cut.
//! 3. **Sides.** Over a cut, limbs keep the velocity they had: legs pass each other and do not turn back.
//!    Within a run the maps' evidence is summed, and what the walker's heading says: who walks away has the
//!    left leg on the left of the picture; who stands faces as the maps of shoulders and hips say. The sides of all runs are chosen together (dynamic
//!    programming).
//! 4. **One bit.** Who walks across the picture hides what tells left from right; there the near foot
//!    stands lower in the picture, and arms swing against the legs. Together with the maps that settles the
//!    sides of legs and arms in the whole passage.

mod heading;
mod labels;
mod limb;

use nalgebra::Point2;
use serde::{Deserialize, Serialize};

use crate::Side;
use crate::keypoints::Keypoint;
use crate::skeleton::{Joint, on};
use crate::time::TimeBase;

use heading::Heading;
use labels::Labelling;
use limb::Tracks;

/// A place where the left or the right joint of a pair may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// Where it is.
    pub position_px: Point2<f64>,
    /// How much speaks for the left joint being there, 0 to 1.
    pub left_share: f64,
    /// How much speaks for the right joint being there, 0 to 1.
    pub right_share: f64,
}

/// A left and a right joint as one frame shows them.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenPair {
    /// Index of the left joint, then of the right one, in the recording's joints.
    pub joints: [usize; 2],
    /// Where they may be.
    pub places: Vec<Place>,
    /// Index of the place that the left joint was given, then of the right one's; `None` if not seen.
    pub chosen: [Option<usize>; 2],
}

/// One person in one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// Every joint where it was put.
    pub points: Vec<Option<Keypoint>>,
    /// What else left and right joints may have been.
    pub pairs: Vec<SeenPair>,
    /// The person's height in the picture, standing, in pixels.
    pub size_px: f64,
}

/// How left and right are decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SideConfig {
    /// Tracks are cut where an exchange would cost less than this more, in half squared deviations.
    pub least_margin: f64,
    /// Limbs not seen for longer than this begin a new run.
    pub longest_gap_s: f64,
    /// Time over which velocities are measured on both sides of a cut.
    pub velocity_s: f64,
    /// What a turn back costs at most, in half squared deviations.
    pub most_motion: f64,
    /// What counts at a cut that limbs of who walks across the picture pass each other.
    pub passing: f64,
    /// What the maps of a tenth of a second count, for each pair that leans to a side fully.
    pub map_weight: f64,
    /// What the maps of one run count at most.
    pub most_maps: f64,
    /// What a tenth of a second of walking straight to or from the camera counts, or of facing it or away.
    pub heading_weight: f64,
    /// What the heading counts at most in one run.
    pub most_heading: f64,
    /// What one percent of the height counts by which the near foot stands lower.
    pub level_weight: f64,
    /// What the level of the feet counts at most in one passage.
    pub most_level: f64,
    /// What arms that swing fully against the legs count in one passage.
    pub swing_weight: f64,
}

impl Default for SideConfig {
    fn default() -> Self {
        Self {
            least_margin: 6.0,
            longest_gap_s: 0.3,
            velocity_s: 0.15,
            most_motion: 12.0,
            passing: 5.0,
            map_weight: 0.5,
            most_maps: 6.0,
            heading_weight: 1.0,
            most_heading: 8.0,
            level_weight: 2.0,
            most_level: 6.0,
            swing_weight: 5.0,
        }
    }
}

/// A clip whose sides were decided.
#[derive(Debug, Clone, PartialEq)]
pub struct DecidedSides {
    /// Every joint of each frame, in the order of the recording's joints; empty where nobody was seen.
    pub points: Vec<Vec<Option<Keypoint>>>,
    /// What was done to the legs.
    pub legs: SideReport,
    /// What was done to the arms.
    pub arms: SideReport,
}

/// What was decided about a pair of limbs.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SideReport {
    /// Frames that show them.
    pub frames: usize,
    /// Frames whose sides are others than the frame alone said.
    pub exchanged: usize,
    /// Places where the sides had to be told anew.
    pub cuts: usize,
    /// How far maps and heading speak for the sides as they are, in half squared deviations: below zero
    /// they speak for the other ones.
    pub support: f64,
    /// The same of the level of the feet, or of the swing of the arms.
    pub passage_support: f64,
}

/// A pair of limbs, from the trunk outwards, and what hangs on their ends.
struct Limbs {
    chain: &'static [Segment],
    ends: &'static [Segment],
}

/// A joint and how far it is from the one that it hangs on at most, as a share of the height.
#[derive(Debug)]
struct Segment {
    joint: fn(Side) -> Joint,
    longest: f64,
}

const fn segment(joint: fn(Side) -> Joint, longest: f64) -> Segment {
    Segment { joint, longest }
}

const LEGS: Limbs = Limbs {
    chain: &[
        segment(on::hip, 0.0),
        segment(on::knee, 0.27),
        segment(on::ankle, 0.27),
    ],
    ends: &[
        segment(on::big_toe, 0.17),
        segment(on::small_toe, 0.16),
        segment(on::heel, 0.09),
    ],
};

const ARMS: Limbs = Limbs {
    chain: &[
        segment(on::shoulder, 0.0),
        segment(on::elbow, 0.21),
        segment(on::wrist, 0.18),
    ],
    ends: &[],
};

const FACE: [Limbs; 2] = [
    Limbs {
        chain: &[segment(on::ear, 0.0)],
        ends: &[],
    },
    Limbs {
        chain: &[segment(on::eye, 0.0)],
        ends: &[],
    },
];

/// Decides left and right over a clip of one person.
///
/// # Shapes
///
/// `frames` has one entry for each time, `None` where the person was not seen; points and pairs follow
/// `joints`. `image_size_px` is width and height.
///
/// # Panics
///
/// If there are not as many frames as times.
pub fn decide(
    joints: &[Joint],
    time: &TimeBase,
    image_size_px: [u32; 2],
    frames: &[Option<Sighting>],
    config: &SideConfig,
) -> DecidedSides {
    assert_eq!(frames.len(), time.frames(), "a time for each frame");
    let times_s = time.times_s();
    let headings = heading::headings(times_s, image_size_px, frames);
    let facings = heading::facings(joints, times_s, image_size_px, frames, &headings);
    let mut points: Vec<Vec<Option<Keypoint>>> = frames
        .iter()
        .map(|frame| {
            frame
                .as_ref()
                .map_or_else(Vec::new, |seen| seen.points.clone())
        })
        .collect();
    let track = |limbs: &Limbs| {
        let tracks = Tracks::of(limbs, joints, times_s, frames, config);
        let labelling = Labelling::of(&tracks, times_s, [&headings, &facings], config);
        (tracks, labelling)
    };
    let (legs, mut leg_sides) = track(&LEGS);
    let (arms, mut arm_sides) = track(&ARMS);
    let passages = heading::passages(&headings, frames);
    for passage in &passages {
        let level = heading::level(&legs, &leg_sides.left_is_second, passage, &headings, config);
        let swing = heading::swing(
            (&legs, &leg_sides.left_is_second),
            (&arms, &arm_sides.left_is_second),
            passage,
            config,
        );
        let of_legs = leg_sides.own(passage, config);
        let of_arms = arm_sides.own(passage, config);
        // Legs and arms as they are, or exchanged; they swing against each other.
        let mut best = ([1.0, 1.0], f64::NEG_INFINITY);
        for signs in [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]] {
            let [leg, arm] = signs;
            let total = leg * (of_legs + level) + arm * of_arms + leg * arm * swing;
            if total > best.1 {
                best = (signs, total);
            }
        }
        let [leg, arm] = best.0;
        leg_sides.settle(passage, leg, of_legs, leg * level);
        arm_sides.settle(passage, arm, of_arms, leg * arm * swing);
    }
    let legs = legs.write(&leg_sides, frames, &mut points);
    let arms = arms.write(&arm_sides, frames, &mut points);
    for limbs in &FACE {
        let (tracks, sides) = track(limbs);
        tracks.write(&sides, frames, &mut points);
    }
    DecidedSides { points, legs, arms }
}

/// What heading is known of each frame.
type Headings = [Option<Heading>];
