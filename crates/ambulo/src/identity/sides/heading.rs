//! Where the person walks to or faces, and what it says about left and right.

use std::ops::Range;

use nalgebra::{Point2, Vector2};

use super::limb::Tracks;
use super::{Headings, Place, SideConfig, Sighting};
use crate::Side;
use crate::skeleton::{Joint, on};

/// Time around a frame over which its heading is measured, each way.
const REACH_S: f64 = 0.5;
/// Slower than this, in body heights a second, nobody has a heading.
const SLOWEST: f64 = 0.25;
/// Focal length of an ordinary camera, as a share of the picture's longer side.
const FOCAL: f64 = 1.0;
/// Share of the speed along the picture from which a passage goes across it.
const ACROSS: f64 = 0.85;
/// Passages shorter than this tell nothing.
const LEAST_PASSAGE: usize = 8;
/// Time around a frame over which who hardly moves is measured, each way.
const SLOW_REACH_S: f64 = 1.0;
/// Time around a frame over which the trunk's facing is measured, each way.
const FACES_S: f64 = 0.75;
/// Leaning of shoulders and hips, on average, at which it is certain which way they face.
const SURE: f64 = 0.25;
/// How far shoulders and hips are apart, in body heights, and the shares of it from which a trunk shows that it is not
/// seen from a side, and plainly so.
const SHOULDERS: f64 = 0.2;
const HIPS: f64 = 0.1;
const TURNED: [f64; 2] = [0.35, 0.7];
/// Who goes less far across the picture, in body heights, makes no passage.
const LEAST_CROSSED: f64 = 0.7;
/// How far the hips' or shoulders' width shows at most, in body heights.
const WIDTH: f64 = 0.1;

/// Which way the person walks, as seen from the camera: a vector of length 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Heading {
    /// To the right of the picture.
    pub(super) right: f64,
    /// Away from the camera.
    pub(super) away: f64,
}

/// Frames in which the person walks across the picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Passage {
    /// Frames of the clip.
    pub(super) frames: Range<usize>,
    /// Whether to the right.
    pub(super) to_right: bool,
}

impl Heading {
    fn along(direction: Vector2<f64>) -> Self {
        Self {
            right: direction.x,
            away: direction.y,
        }
    }

    /// Whether it leads across the picture.
    pub(super) fn is_across(self) -> bool {
        self.right.abs() > ACROSS
    }

    /// How far the order of the limbs in the picture speaks for the first being the left one, −1 to 1: the
    /// left one is to the left of who walks away.
    pub(super) fn order(self, tracks: &Tracks, index: usize) -> f64 {
        let mut sum = 0.0;
        let mut count = 0_usize;
        for level in 0..tracks.levels() {
            if let Some(apart) = tracks.apart(index, level) {
                sum += (-apart.x / WIDTH).clamp(-1.0, 1.0);
                count += 1;
            }
        }
        if count == 0 || self.away.abs() < 0.5 {
            return 0.0;
        }
        sum / count as f64 * self.away
    }
}

/// The heading in each frame, from how the person moves and grows in the picture; `None` where they do not
/// walk, or too little is seen.
pub(super) fn headings(
    times_s: &[f64],
    image_size_px: [u32; 2],
    frames: &[Option<Sighting>],
) -> Vec<Option<Heading>> {
    motions(times_s, image_size_px, frames, REACH_S)
        .into_iter()
        .map(|motion| motion.filter(|motion| motion.norm() > SLOWEST))
        .map(|motion| motion.map(|motion| Heading::along(motion / motion.norm())))
        .collect()
}

/// How the person moves in each frame, in body heights a second: to the right and away. Measured over `reach_s` each way.
fn motions(
    times_s: &[f64],
    [width_px, height_px]: [u32; 2],
    frames: &[Option<Sighting>],
    reach_s: f64,
) -> Vec<Option<Vector2<f64>>> {
    let focal_px = FOCAL * f64::from(width_px.max(height_px));
    let seen: Vec<(f64, Point2<f64>, f64)> = frames
        .iter()
        .zip(times_s)
        .filter_map(|(frame, &time_s)| {
            let frame = frame.as_ref()?;
            Some((time_s, middle(frame)?, frame.size_px.max(1.0)))
        })
        .collect();
    times_s
        .iter()
        .map(|&now_s| {
            let from = seen.partition_point(|(time_s, _, _)| *time_s < now_s - reach_s);
            let to = seen.partition_point(|(time_s, _, _)| *time_s <= now_s + reach_s);
            let near = &seen[from..to];
            let spans_s = near.last()?.0 - near.first()?.0;
            if near.len() < 4 || spans_s < reach_s / 2.0 {
                return None;
            }
            let size_px = near.iter().map(|(_, _, size)| size).sum::<f64>() / near.len() as f64;
            let right = slope(near.iter().map(|(t, at, _)| (*t, at.x))) / size_px;
            // Distance in body heights is the focal length over the size.
            let away = slope(near.iter().map(|(t, _, size)| (*t, focal_px / size)));
            Some(Vector2::new(right, away))
        })
        .collect()
}

/// The heading where the person walks. Where they do not, how far they face away, from two hints: which way they move
/// slowly, and whether the maps of shoulders and hips lean to a back or a front, which show their sides more plainly
/// than crossing legs. `None` where they are not seen.
///
/// Upright is where the body points over the whole clip, so a camera may be tilted.
pub(super) fn facings(
    joints: &[Joint],
    times_s: &[f64],
    image_size_px: [u32; 2],
    frames: &[Option<Sighting>],
    headings: &Headings,
) -> Vec<Option<Heading>> {
    let up = upward(joints, frames);
    let right = Vector2::new(-up.y, up.x);
    let trunks: Vec<(f64, f64)> = frames
        .iter()
        .zip(times_s)
        .filter_map(|(frame, &time_s)| {
            let frame = frame.as_ref()?;
            let lean: f64 = [
                (on::shoulder(Side::Left), SHOULDERS),
                (on::hip(Side::Left), HIPS),
            ]
            .map(|(joint, width)| trunk(joints, frame, joint, width, right))
            .iter()
            .sum();
            Some((time_s, lean / 2.0))
        })
        .collect();
    let of_trunk = |now_s: f64| {
        let from = trunks.partition_point(|(time_s, _)| *time_s < now_s - FACES_S);
        let to = trunks.partition_point(|(time_s, _)| *time_s <= now_s + FACES_S);
        let near = &trunks[from..to];
        let lean = near.iter().map(|(_, lean)| lean).sum::<f64>() / near.len().max(1) as f64;
        (near.len() >= 4).then(|| (lean / SURE).clamp(-1.0, 1.0))
    };
    let slow = motions(times_s, image_size_px, frames, SLOW_REACH_S);
    headings
        .iter()
        .zip(&slow)
        .zip(times_s)
        .map(|((heading, slow), &now_s)| {
            let hints = || {
                let slow = slow.map_or(0.0, |motion| motion.y / motion.norm().max(SLOWEST));
                let away = of_trunk(now_s)? + slow;
                Some(Heading {
                    right: 0.0,
                    away: away.clamp(-1.0, 1.0),
                })
            };
            heading.or_else(hints)
        })
        .collect()
}

/// How far the maps lean to the left one of two joints being on the left of the picture, −1 to 1; 0 where they are at
/// one place, or so near that the trunk is seen from a side.
fn trunk(joints: &[Joint], frame: &Sighting, left: Joint, width: f64, right: Vector2<f64>) -> f64 {
    let Some(index) = joints.iter().position(|&have| have == left) else {
        return 0.0;
    };
    let Some(pair) = frame.pairs.iter().find(|pair| pair.joints[0] == index) else {
        return 0.0;
    };
    let total = |place: &Place| place.left_share + place.right_share;
    let mut places: Vec<&Place> = pair.places.iter().collect();
    places.sort_by(|a, b| total(b).total_cmp(&total(a)));
    let [first, second, ..] = places[..] else {
        return 0.0;
    };
    // Two of one joint's places are no pair.
    if total(second) < 0.5 * total(first) {
        return 0.0;
    }
    let lean = |place: &Place| place.left_share - place.right_share;
    let apart = (first.position_px - second.position_px).dot(&right);
    let between = (lean(first) - lean(second)) / (total(first) + total(second)).max(1e-9);
    let shown = apart.abs() / (width * frame.size_px.max(1.0));
    let [from, to] = TURNED;
    -between * apart.signum() * ((shown - from) / (to - from)).clamp(0.0, 1.0)
}

fn place(joints: &[Joint], frame: &Sighting, joint: Joint) -> Option<Point2<f64>> {
    let index = joints.iter().position(|&have| have == joint)?;
    Some((*frame.points.get(index)?)?.position_px)
}

/// Which way is up in the picture: from the ankles to the shoulders, the median over the clip.
fn upward(joints: &[Joint], frames: &[Option<Sighting>]) -> Vector2<f64> {
    let ups: Vec<Vector2<f64>> = frames
        .iter()
        .flatten()
        .filter_map(|frame| {
            let middle = |of: fn(Side) -> Joint| {
                let [left, right] = Side::BOTH.map(|side| place(joints, frame, of(side)));
                Some(nalgebra::center(&left?, &right?))
            };
            (middle(on::shoulder)? - middle(on::ankle)?).try_normalize(1e-9)
        })
        .collect();
    let upright = Vector2::new(0.0, -1.0);
    let along = |axis: usize| {
        let mut values: Vec<f64> = ups.iter().map(|up| up[axis]).collect();
        let half = values.len() / 2;
        (!values.is_empty()).then(|| *values.select_nth_unstable_by(half, f64::total_cmp).1)
    };
    let (Some(x), Some(y)) = (along(0), along(1)) else {
        return upright;
    };
    Vector2::new(x, y).try_normalize(1e-9).unwrap_or(upright)
}

/// The middle of a person: of all joints, the median.
fn middle(frame: &Sighting) -> Option<Point2<f64>> {
    let along = |axis: usize| {
        let mut values: Vec<f64> = frame
            .points
            .iter()
            .flatten()
            .map(|point| point.position_px[axis])
            .collect();
        let half = values.len() / 2;
        (!values.is_empty()).then(|| *values.select_nth_unstable_by(half, f64::total_cmp).1)
    };
    Some(Point2::new(along(0)?, along(1)?))
}

fn slope(values: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean_s = values.clone().map(|(t, _)| t).sum::<f64>() / count;
    let mean = values.clone().map(|(_, v)| v).sum::<f64>() / count;
    let (over, under) = values.fold((0.0, 0.0), |(over, under), (t, v)| {
        (
            over + (t - mean_s) * (v - mean),
            under + (t - mean_s) * (t - mean_s),
        )
    });
    if under > 0.0 { over / under } else { 0.0 }
}

/// Stretches of walking across the picture, one way, far enough to be a passage and no sidestep.
pub(super) fn passages(headings: &Headings, frames: &[Option<Sighting>]) -> Vec<Passage> {
    let across = |heading: &Option<Heading>| {
        let right = heading.as_ref()?.right;
        (right.abs() > ACROSS).then_some(right > 0.0)
    };
    let mut passages = Vec::new();
    let mut start = 0;
    while start < headings.len() {
        let way = across(&headings[start]);
        let length = headings[start..]
            .iter()
            .take_while(|heading| across(heading) == way)
            .count();
        if let Some(to_right) = way
            && length >= LEAST_PASSAGE
            && crossed(&frames[start..start + length]) >= LEAST_CROSSED
        {
            passages.push(Passage {
                frames: start..start + length,
                to_right,
            });
        }
        start += length;
    }
    widened(passages, headings.len())
}

/// How far the person goes across the picture, in body heights.
fn crossed(frames: &[Option<Sighting>]) -> f64 {
    let mut places = frames
        .iter()
        .flatten()
        .filter_map(|frame| Some((middle(frame)?.x, frame.size_px.max(1.0))));
    let Some((from, size_px)) = places.next() else {
        return 0.0;
    };
    places
        .next_back()
        .map_or(0.0, |(to, _)| (to - from).abs() / size_px)
}

/// A passage reaches from the clip's beginning, or from the middle between it and the one before, to the
/// next: who walks in or out of the picture has the same sides there.
fn widened(mut passages: Vec<Passage>, frames: usize) -> Vec<Passage> {
    let ends: Vec<Range<usize>> = passages.iter().map(|p| p.frames.clone()).collect();
    for (index, passage) in passages.iter_mut().enumerate() {
        let from = match index.checked_sub(1) {
            None => 0,
            Some(before) => usize::midpoint(ends[before].end, ends[index].start),
        };
        let to = ends
            .get(index + 1)
            .map_or(frames, |next| usize::midpoint(ends[index].end, next.start));
        passage.frames = from..to;
    }
    passages
}

/// How far the level of the feet speaks for the sides as they are: who walks to the right shows the right
/// side, and the near foot stands lower in the picture.
pub(super) fn level(
    tracks: &Tracks,
    left_is_second: &[bool],
    passage: &Passage,
    headings: &Headings,
    config: &SideConfig,
) -> f64 {
    let Some(last) = tracks.levels().checked_sub(1).filter(|&last| last > 0) else {
        return 0.0;
    };
    let mut below = [Vec::new(), Vec::new()];
    for (limb, &second) in tracks.frames.iter().zip(left_is_second) {
        if !passage.frames.contains(&limb.frame) || headings[limb.frame].is_none() {
            continue;
        }
        let roots = limb.at[0].iter().flatten();
        let (sum, count) = roots.fold((Vector2::zeros(), 0.0), |(sum, count), at| {
            (sum + at.coords, count + 1.0)
        });
        if count == 0.0 {
            continue;
        }
        for (index, foot) in limb.at[last].iter().enumerate() {
            if let Some(foot) = foot {
                let is_right = (index == 0) == second;
                below[usize::from(is_right)].push((foot.y - sum.y / count) / limb.size_px);
            }
        }
    }
    let [left, right] = below.map(lowest);
    let (Some(left), Some(right)) = (left, right) else {
        return 0.0;
    };
    let near_lower = if passage.to_right {
        right - left
    } else {
        left - right
    };
    (config.level_weight * near_lower / 0.01).clamp(-config.most_level, config.most_level)
}

/// The mean of the lowest third in the picture: where the foot stands.
fn lowest(mut values: Vec<f64>) -> Option<f64> {
    if values.len() < LEAST_PASSAGE {
        return None;
    }
    values.sort_by(|a, b| b.total_cmp(a));
    let third = values.len() / 3;
    values.truncate(third.max(1));
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// How far the arms' swing against the legs speaks for the sides of the arms as they are.
pub(super) fn swing(
    (legs, leg_sides): (&Tracks, &[bool]),
    (arms, arm_sides): (&Tracks, &[bool]),
    passage: &Passage,
    config: &SideConfig,
) -> f64 {
    let ahead = |tracks: &Tracks, sides: &[bool]| -> Vec<(usize, f64)> {
        let Some(last) = tracks.levels().checked_sub(1) else {
            return Vec::new();
        };
        (0..tracks.frames.len())
            .filter(|&index| passage.frames.contains(&tracks.frames[index].frame))
            .filter_map(|index| {
                let apart = tracks.apart(index, last)?.x;
                let left = if sides[index] { -apart } else { apart };
                Some((tracks.frames[index].frame, left))
            })
            .collect()
    };
    let (legs, arms) = (ahead(legs, leg_sides), ahead(arms, arm_sides));
    let mut products = [0.0; 3];
    let mut count = 0_usize;
    for (frame, leg) in &legs {
        if let Ok(at) = arms.binary_search_by_key(frame, |(frame, _)| *frame) {
            let arm = arms[at].1;
            products[0] += leg * arm;
            products[1] += leg * leg;
            products[2] += arm * arm;
            count += 1;
        }
    }
    if count < LEAST_PASSAGE || products[1] <= 0.0 || products[2] <= 0.0 {
        return 0.0;
    }
    -config.swing_weight * products[0] / (products[1] * products[2]).sqrt()
}
