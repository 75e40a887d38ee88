//! Two limbs without sides: which places belong to one limb, and which limb of the next frame it is.

use nalgebra::{Point2, Vector2};

use super::labels::Labelling;
use super::{Limbs, Place, SeenPair, Segment, SideConfig, SideReport, Sighting};
use crate::Side;
use crate::keypoints::Keypoint;
use crate::skeleton::Joint;

/// What the two limbs of a pair are given: the index of a place each.
type Choice = [Option<usize>; 2];

/// A joint nearer the trunk is in a chain before those that hang on it; no chain is longer.
const LONGEST_CHAIN: usize = 3;

/// Ways to put limbs together that are compared over time.
const MOST_WAYS: usize = 8;
/// What the share of a place counts at least.
const TINY: f64 = 0.02;
/// Two joints at two places are so much likelier, other things equal, than both at one.
const APART: f64 = 2.0;
/// Deviation of a segment's length beyond the longest, as a share of it.
const LENGTH_DEVIATION: f64 = 0.15;
/// What an impossible segment costs at most.
const MOST_LENGTH: f64 = 4.0;
/// What two segments cost of which one has no length.
const UNEQUAL: f64 = 0.5;
/// What pairs of a chain count that lean to sides which fit each other.
const AGREEMENT: f64 = 0.5;
/// Deviation of a joint from one frame to the next, as shares of the height: that of finding it, and that
/// of its motion in a second.
const FOUND: f64 = 0.02;
const MOVED_PER_S: f64 = 0.6;
/// What the motion of one joint costs at most.
const MOST_STEP: f64 = 12.0;

/// One way to put the two limbs of a frame together.
#[derive(Debug, Clone)]
struct Way {
    /// The places of both limbs, for each pair of the chain.
    choices: [Choice; LONGEST_CHAIN],
    /// What speaks against it.
    cost: f64,
}

/// A frame that shows the limbs.
#[derive(Debug, Clone)]
pub(super) struct LimbFrame {
    /// Index of the frame in the clip.
    pub(super) frame: usize,
    /// The person's height.
    pub(super) size_px: f64,
    /// Places of the first and the second limb for each pair of the chain.
    choices: [Choice; LONGEST_CHAIN],
    /// The same as points.
    pub(super) at: [[Option<Point2<f64>>; 2]; LONGEST_CHAIN],
    /// How far the maps speak for the first limb being the left one: each pair between −1 and 1.
    pub(super) leaning: f64,
    /// What an exchange of both limbs since the frame before would have cost more.
    pub(super) margin: f64,
}

/// Two limbs over the clip: the first and the second, one of which is the left one.
#[derive(Debug, Clone)]
pub(super) struct Tracks {
    /// Indices into each frame's pairs, from the trunk outwards.
    chain: Vec<usize>,
    /// The chain's segments.
    segments: &'static [Segment],
    /// What hangs on the chain's end: indices into each frame's pairs.
    ends: Vec<(usize, &'static Segment)>,
    /// Frames that show them, in order.
    pub(super) frames: Vec<LimbFrame>,
}

impl Tracks {
    /// Finds the limbs in each frame and follows them.
    pub(super) fn of(
        limbs: &Limbs,
        joints: &[Joint],
        times_s: &[f64],
        frames: &[Option<Sighting>],
        config: &SideConfig,
    ) -> Self {
        let pairs = frames
            .iter()
            .flatten()
            .next()
            .map_or(&[][..], |seen| &seen.pairs);
        let find = |segment: &Segment| {
            let left = (segment.joint)(Side::Left);
            let left = joints.iter().position(|&have| have == left)?;
            pairs.iter().position(|pair| pair.joints[0] == left)
        };
        let mut tracks = Self {
            // A chain ends where a joint is missing.
            chain: limbs.chain.iter().map_while(find).collect(),
            segments: limbs.chain,
            ends: limbs
                .ends
                .iter()
                .filter_map(|segment| Some((find(segment)?, segment)))
                .collect(),
            frames: Vec::new(),
        };
        tracks.chain.truncate(LONGEST_CHAIN);
        if !tracks.chain.is_empty() {
            tracks.follow(times_s, frames, config);
        }
        tracks
    }

    /// Chooses a way in each frame so that all joints stay near where they were.
    fn follow(&mut self, times_s: &[f64], frames: &[Option<Sighting>], config: &SideConfig) {
        let seen: Vec<(usize, &Sighting)> = frames
            .iter()
            .enumerate()
            .filter_map(|(frame, seen)| Some((frame, seen.as_ref()?)))
            .filter(|(_, seen)| self.chain.iter().all(|&pair| pair < seen.pairs.len()))
            .collect();
        let ways: Vec<Vec<Way>> = seen.iter().map(|(_, seen)| self.ways(seen)).collect();
        let mut costs: Vec<f64> = Vec::new();
        let mut from: Vec<Vec<usize>> = Vec::with_capacity(seen.len());
        for (at, now) in ways.iter().enumerate() {
            let mut next = Vec::with_capacity(now.len());
            let mut best_from = Vec::with_capacity(now.len());
            for way in now {
                let mut best = (0, 0.0);
                if at > 0 {
                    best.1 = f64::INFINITY;
                    for (before, so_far) in costs.iter().enumerate() {
                        let step = Step::between(times_s, seen[at - 1], seen[at], config);
                        let [kept, exchanged] =
                            self.steps(&step, &ways[at - 1][before].choices, &way.choices);
                        let total = so_far + kept.min(exchanged);
                        if total < best.1 {
                            best = (before, total);
                        }
                    }
                }
                next.push(best.1 + way.cost);
                best_from.push(best.0);
            }
            costs = next;
            from.push(best_from);
        }
        let mut chosen = vec![0; seen.len()];
        let mut way = (0..costs.len()).fold(
            0,
            |best, way| {
                if costs[way] < costs[best] { way } else { best }
            },
        );
        for at in (0..seen.len()).rev() {
            chosen[at] = way;
            way = from[at][way];
        }
        // The first limb of a frame is that of the frame before.
        let mut is_exchanged = false;
        for (at, &(frame, sighting)) in seen.iter().enumerate() {
            let choices = &ways[at][chosen[at]].choices;
            let mut margin = 0.0;
            if at > 0 {
                let step = Step::between(times_s, seen[at - 1], seen[at], config);
                let before = &ways[at - 1][chosen[at - 1]].choices;
                let [kept, exchanged] = self.steps(&step, before, choices);
                margin = if step.seconds > config.longest_gap_s {
                    0.0
                } else {
                    (kept - exchanged).abs()
                };
                is_exchanged ^= exchanged < kept;
            }
            let mut choices = *choices;
            if is_exchanged {
                for choice in &mut choices {
                    choice.swap(0, 1);
                }
            }
            self.frames
                .push(self.framed(frame, sighting, choices, margin));
        }
    }

    fn framed(
        &self,
        frame: usize,
        sighting: &Sighting,
        choices: [Choice; LONGEST_CHAIN],
        margin: f64,
    ) -> LimbFrame {
        let mut at = [[None; 2]; LONGEST_CHAIN];
        let mut leaning = 0.0;
        for (level, &index) in self.chain.iter().enumerate() {
            let pair = &sighting.pairs[index];
            at[level] = choices[level].map(|place| Some(pair.places.get(place?)?.position_px));
            leaning += lean(pair, choices[level]);
        }
        LimbFrame {
            frame,
            size_px: sighting.size_px.max(1.0),
            choices,
            at,
            leaning,
            margin,
        }
    }

    /// The best ways to put the limbs of a frame together. A way and the same with both limbs exchanged
    /// are one.
    fn ways(&self, seen: &Sighting) -> Vec<Way> {
        let mut ways = vec![Way {
            choices: [[None; 2]; LONGEST_CHAIN],
            cost: 0.0,
        }];
        let mut leans = vec![0.0];
        for (level, &index) in self.chain.iter().enumerate() {
            let pair = &seen.pairs[index];
            let mut longer = Vec::new();
            let mut longer_leans = Vec::new();
            for (way, so_far) in ways.iter().zip(&leans) {
                for choice in choices(pair) {
                    // The first pair tells the limbs apart, so one order of it is enough.
                    if level == 0 && choice[0] > choice[1] {
                        continue;
                    }
                    let mut way = way.clone();
                    way.choices[level] = choice;
                    way.cost += occupancy(pair, choice);
                    if level > 0 {
                        let parent = &seen.pairs[self.chain[level - 1]];
                        let longest = self.segments[level].longest * seen.size_px.max(1.0);
                        way.cost += fit(parent, way.choices[level - 1], pair, choice, longest);
                    }
                    longer_leans.push(so_far + lean(pair, choice));
                    longer.push(way);
                }
            }
            ways = longer;
            leans = longer_leans;
        }
        for (way, lean) in ways.iter_mut().zip(&leans) {
            way.cost -= AGREEMENT * lean.abs();
        }
        ways.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        ways.truncate(MOST_WAYS);
        ways
    }

    /// What the motion from one way to another costs: with the limbs as they are, and exchanged.
    fn steps(
        &self,
        step: &Step<'_>,
        before: &[Choice; LONGEST_CHAIN],
        now: &[Choice; LONGEST_CHAIN],
    ) -> [f64; 2] {
        let mut costs = [0.0; 2];
        for (level, &index) in self.chain.iter().enumerate() {
            let (from, to) = (&step.before.pairs[index], &step.now.pairs[index]);
            for (exchange, cost) in costs.iter_mut().enumerate() {
                for limb in 0..2 {
                    let a = before[level][limb].and_then(|place| from.places.get(place));
                    let b = now[level][limb ^ exchange].and_then(|place| to.places.get(place));
                    if let (Some(a), Some(b)) = (a, b) {
                        let moved = nalgebra::distance(&a.position_px, &b.position_px);
                        *cost += (0.5 * (moved / step.deviation_px).powi(2)).min(MOST_STEP);
                    }
                }
            }
        }
        costs
    }

    /// Where the first limb's joint is from the second one's, in body heights; `None` where they are at one
    /// place, or not both seen.
    pub(super) fn apart(&self, index: usize, level: usize) -> Option<Vector2<f64>> {
        let frame = &self.frames[index];
        let [a, b] = frame.choices[level];
        if a == b {
            return None;
        }
        let [first, second] = frame.at[level];
        Some((first? - second?) / frame.size_px)
    }

    /// How many pairs the chain has.
    pub(super) fn levels(&self) -> usize {
        self.chain.len()
    }

    /// Puts the joints where the sides say.
    pub(super) fn write(
        &self,
        sides: &Labelling,
        frames: &[Option<Sighting>],
        points: &mut [Vec<Option<Keypoint>>],
    ) -> SideReport {
        let mut report = SideReport {
            frames: self.frames.len(),
            cuts: sides.cuts,
            support: sides.support,
            passage_support: sides.passage_support,
            ..SideReport::default()
        };
        for (limb, &left_is_second) in self.frames.iter().zip(&sides.left_is_second) {
            let Some(seen) = &frames[limb.frame] else {
                continue;
            };
            let points = &mut points[limb.frame];
            let mut was_exchanged = 0_usize;
            let mut end = None;
            for (level, &index) in self.chain.iter().enumerate() {
                let pair = &seen.pairs[index];
                let [first, second] = limb.choices[level];
                let choice = if left_is_second {
                    [second, first]
                } else {
                    [first, second]
                };
                was_exchanged += usize::from(choice == swapped(pair) && choice != pair.chosen);
                place(points, seen, pair, choice);
                end = Some((pair, choice));
            }
            report.exchanged += usize::from(2 * was_exchanged > self.chain.len());
            let Some((parent, held)) = end else { continue };
            for &(index, segment) in &self.ends {
                let Some(pair) = seen.pairs.get(index) else {
                    continue;
                };
                let longest = segment.longest * limb.size_px;
                let cost = |choice: Choice| {
                    occupancy(pair, choice) + fit(parent, held, pair, choice, longest)
                        - AGREEMENT * lean(pair, choice)
                };
                let best = choices(pair)
                    .into_iter()
                    .map(|choice| (cost(choice), choice))
                    .min_by(|a, b| a.0.total_cmp(&b.0));
                if let Some((_, choice)) = best {
                    place(points, seen, pair, choice);
                }
            }
        }
        report
    }
}

/// From one frame to the next that shows the limbs.
struct Step<'a> {
    before: &'a Sighting,
    now: &'a Sighting,
    seconds: f64,
    deviation_px: f64,
}

impl<'a> Step<'a> {
    fn between(
        times_s: &[f64],
        (from, before): (usize, &'a Sighting),
        (to, now): (usize, &'a Sighting),
        config: &SideConfig,
    ) -> Self {
        let seconds = times_s[to] - times_s[from];
        let moved = MOVED_PER_S * seconds.min(config.longest_gap_s);
        Self {
            before,
            now,
            seconds,
            deviation_px: (FOUND + moved) * f64::midpoint(before.size_px, now.size_px).max(1.0),
        }
    }
}

fn swapped(pair: &SeenPair) -> Choice {
    [pair.chosen[1], pair.chosen[0]]
}

/// Which places two limbs may have. Of a joint that was not seen only what is known.
fn choices(pair: &SeenPair) -> Vec<Choice> {
    if pair.chosen.contains(&None) || pair.places.is_empty() {
        return vec![pair.chosen, swapped(pair)];
    }
    let places = 0..pair.places.len();
    places
        .clone()
        .flat_map(|first| {
            places
                .clone()
                .map(move |second| [Some(first), Some(second)])
        })
        .collect()
}

/// What the maps say against two joints being at these places, sides aside.
fn occupancy(pair: &SeenPair, choice: Choice) -> f64 {
    let of = |place: Option<usize>| place.and_then(|place| pair.places.get(place));
    let ([Some(first), Some(second)], [a, b]) = (choice.map(of), choice) else {
        return 0.0;
    };
    let total = |place: &Place| place.left_share + place.right_share;
    if a == b {
        -2.0 * (total(first) / 2.0 + TINY).ln()
    } else {
        -(total(first) + TINY).ln() - (total(second) + TINY).ln() - APART.ln()
    }
}

/// How far the maps lean to the first place being the left one's: −1 to 1.
fn lean(pair: &SeenPair, choice: Choice) -> f64 {
    let of = |place: Option<usize>| {
        let Some(place) = place.and_then(|place| pair.places.get(place)) else {
            return 0.0;
        };
        (place.left_share - place.right_share) / (place.left_share + place.right_share + TINY)
    };
    f64::midpoint(of(choice[0]), -of(choice[1]))
}

/// What speaks against two segments.
fn fit(from: &SeenPair, held: Choice, to: &SeenPair, choice: Choice, longest_px: f64) -> f64 {
    let length = |limb: usize| {
        let from = from.places.get(held[limb]?)?.position_px;
        let to = to.places.get(choice[limb]?)?.position_px;
        Some(nalgebra::distance(&from, &to))
    };
    let lengths = [length(0), length(1)];
    let excess = |length: Option<f64>| {
        let over = (length.unwrap_or(0.0) / longest_px.max(1.0) - 1.0).max(0.0);
        (0.5 * (over / LENGTH_DEVIATION).powi(2)).min(MOST_LENGTH)
    };
    let unequal = match lengths {
        [Some(a), Some(b)] => (a - b) / a.max(b).max(0.1 * longest_px).max(1.0),
        _ => 0.0,
    };
    excess(lengths[0]) + excess(lengths[1]) + UNEQUAL * unequal * unequal
}

/// Gives a pair's joints these places. A choice that the frame itself had made keeps its refined points.
fn place(points: &mut [Option<Keypoint>], seen: &Sighting, pair: &SeenPair, choice: Choice) {
    let own = pair.joints.map(|joint| seen.points[joint]);
    let given = if choice == pair.chosen {
        own
    } else if choice == swapped(pair) {
        [own[1], own[0]]
    } else {
        let together = choice[0] == choice[1];
        choice.map(|place| {
            let place = pair.places.get(place?)?;
            let total = place.left_share + place.right_share;
            let confidence = if together { total / 2.0 } else { total };
            Some(Keypoint {
                position_px: place.position_px,
                confidence: confidence.clamp(0.0, 1.0),
            })
        })
    };
    for (joint, point) in pair.joints.into_iter().zip(given) {
        points[joint] = point;
    }
}
