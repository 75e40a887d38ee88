//! Where the person walks to, and what it says about left and right.

use std::ops::Range;

use nalgebra::{Point2, Vector2};

use super::limb::Tracks;
use super::{Headings, SideConfig, Sighting};

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
    [width_px, height_px]: [u32; 2],
    frames: &[Option<Sighting>],
) -> Vec<Option<Heading>> {
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
            let from = seen.partition_point(|(time_s, _, _)| *time_s < now_s - REACH_S);
            let to = seen.partition_point(|(time_s, _, _)| *time_s <= now_s + REACH_S);
            let near = &seen[from..to];
            let spans_s = near.last()?.0 - near.first()?.0;
            if near.len() < 4 || spans_s < REACH_S / 2.0 {
                return None;
            }
            let size_px = near.iter().map(|(_, _, size)| size).sum::<f64>() / near.len() as f64;
            let right = slope(near.iter().map(|(t, at, _)| (*t, at.x))) / size_px;
            // Distance in body heights is the focal length over the size.
            let away = slope(near.iter().map(|(t, _, size)| (*t, focal_px / size)));
            let speed = right.hypot(away);
            (speed > SLOWEST).then(|| Heading {
                right: right / speed,
                away: away / speed,
            })
        })
        .collect()
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

/// Stretches of walking across the picture, one way.
pub(super) fn passages(headings: &Headings) -> Vec<Passage> {
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
