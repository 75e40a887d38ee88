//! Bouts of keypoints: walks across the picture, towards the camera or away from it.

use std::ops::Range;

use nalgebra::{Point3, Vector2};

use super::path::{Path, median};
use super::pelvis::{self, Found};
use super::search::{Stretch, Track, USUAL_STRIDE_S, pelvis_path_length, stretches};
use super::turning::{runs, stride_velocity};
use super::{Bout, BoutConfig, BoutFacts, BoutKind, BoutSearch};
use crate::keypoints::Keypoints2d;
use crate::skeleton::{Joint, on};
use crate::walk::View;
use crate::{PerSide, Side};

/// Speed across the picture below which the walker is turning round, leg lengths per second.
const REVERSAL_SPEED_LEGS: f64 = 0.12;
/// The same as a share of the walk's usual speed. Our choice.
const SLOW_SHARE: f64 = 0.5;
/// Path across the picture, in body heights, that makes a side view. Our choice.
const SIDE_VIEW_PATH: f64 = 0.5;
/// Change of body size that makes a frontal view. Our choice.
const FRONTAL_GROWTH: f64 = 0.12;
/// Exchange of the feet across the picture that makes a side view, leg lengths. Our choice.
const SIDE_VIEW_EXCHANGE_LEGS: f64 = 0.3;
/// Share of the picture's width that counts as its border. Our choice.
const BORDER_SHARE: f64 = 0.015;
/// Body height in leg lengths.
const HEIGHT_LEGS: f64 = 2.0;

/// Finds the bouts of one person's keypoints.
///
/// A bout's direction is ±1 along the image's x (the first component) in a side view; in a
/// frontal view it is ±1 in the second component, positive towards the camera. A walk there and
/// back gives two bouts of opposite direction, with the turn between them.
pub fn find_bouts_2d(keypoints: &Keypoints2d, config: &BoutConfig) -> BoutSearch {
    let trajectory = |joint| points_of(keypoints, joint, config.min_confidence);
    let leg_px = pelvis::leg_length(trajectory);
    let track = match track_of(keypoints, leg_px, config) {
        Ok(track) => track,
        Err(why) => return BoutSearch::none(why, leg_px),
    };
    let stretches = match stretches(&track, config) {
        Ok(stretches) => stretches,
        Err(why) => return BoutSearch::none(why, leg_px),
    };
    let pointing = pointing(keypoints, config);
    let cut_by_border = cut_by_border(keypoints, config);
    let mut search = BoutSearch {
        bouts: Vec::new(),
        facts: Vec::new(),
        looks_like_treadmill: stretches.iter().any(|stretch| stretch.on_belt),
        leg_length: leg_px,
        why_none: None,
    };
    for (index, stretch) in stretches.iter().enumerate() {
        let view = view_of(&track, stretch.frames.clone());
        let mut bouts = cut(&track, stretch, view, &pointing);
        if view == View::Sagittal {
            bouts = trimmed(&track, &cut_by_border, bouts, config);
        }
        for bout in bouts {
            search
                .facts
                .push(facts(&track, stretch, index, view, &bout, &pointing));
            search.bouts.push(bout);
        }
    }
    if search.bouts.is_empty() {
        search.why_none = Some(
            "no walking found: the feet move, but there is no stretch with a direction in which the \
             whole body is in the picture"
                .to_owned(),
        );
    }
    search
}

/// A keypoint's places in the image as points with Z zero, without those the detector doubts.
fn points_of(keypoints: &Keypoints2d, joint: Joint, min_confidence: f64) -> Option<Found> {
    Some(
        keypoints
            .trajectory(joint)?
            .into_iter()
            .map(|point| {
                point
                    .filter(|point| point.confidence >= min_confidence)
                    .map(|point| Point3::new(point.position_px.x, point.position_px.y, 0.0))
            })
            .collect(),
    )
}

fn track_of<'a>(
    keypoints: &'a Keypoints2d,
    leg_px: Option<f64>,
    config: &BoutConfig,
) -> Result<Track<'a>, String> {
    let trajectory = |joint| points_of(keypoints, joint, config.min_confidence);
    let times_s = keypoints.time().times_s();
    let flat = |points: Found| {
        let points = points
            .into_iter()
            .map(|p| p.map(|p| Vector2::new(p.x, p.y)));
        Path::bridged(times_s, points.collect(), config.max_gap_s)
    };
    let pelvis_path = flat(
        pelvis::pelvis_points(trajectory)
            .ok_or("no walking found: no keypoint of the pelvis or hips is seen")?,
    );
    let missing = "no walking found: no keypoint of a foot or ankle is seen";
    let feet = PerSide {
        left: flat(pelvis::foot_points(trajectory, Side::Left).ok_or(missing)?),
        right: flat(pelvis::foot_points(trajectory, Side::Right).ok_or(missing)?),
    };
    let leg_length = leg_px.ok_or(
        "no walking found: hips, knees and ankles are never seen together, so nothing gives the size",
    )?;
    let size = size_path(keypoints, config, leg_length);
    Ok(Track {
        times_s,
        pelvis: pelvis_path,
        feet,
        facing: None,
        leg_length,
        size,
    })
}

/// Trunk length relative to its median: legs fold and spread in a stride, the trunk does not.
fn size_path<'a>(keypoints: &'a Keypoints2d, config: &BoutConfig, leg_px: f64) -> Option<Path<'a>> {
    let times_s = keypoints.time().times_s();
    let trajectory = |joint| points_of(keypoints, joint, config.min_confidence);
    let shoulders: Vec<Found> = Side::BOTH
        .into_iter()
        .filter_map(|side| trajectory(on::shoulder(side)))
        .collect();
    let pelvis_points = pelvis::pelvis_points(trajectory)?;
    let lengths: Vec<Option<f64>> = (0..times_s.len())
        .map(|frame| {
            let known: Vec<_> = shoulders.iter().filter_map(|s| s[frame]).collect();
            let top = known
                .iter()
                .map(|p| p.coords)
                .sum::<nalgebra::Vector3<f64>>()
                / known.len() as f64;
            (!known.is_empty()).then_some(())?;
            Some((pelvis_points[frame]?.coords - top).norm())
        })
        .collect();
    let usual = median(lengths.iter().flatten().copied().collect())?;
    if usual < 0.1 * leg_px {
        return None;
    }
    // Averaged over half a second: single frames are noisy and the trunk nods.
    let smooth = (0..times_s.len())
        .map(|frame| {
            let window =
                super::path::frames_between(times_s, times_s[frame] - 0.25, times_s[frame] + 0.25);
            median(lengths[window].iter().flatten().copied().collect())
                .map(|length| Vector2::new(length / usual, 0.0))
        })
        .collect();
    Some(Path::bridged(times_s, smooth, config.max_gap_s))
}

fn view_of(track: &Track<'_>, frames: Range<usize>) -> View {
    let across = track
        .pelvis
        .ends(frames.clone())
        .map_or(0.0, |[a, b]| (b.1.x - a.1.x).abs())
        .max(across_range(track, frames.clone()))
        / (HEIGHT_LEGS * track.leg_length);
    let growth = track
        .size
        .as_ref()
        .and_then(|size| size.ends(frames.clone()))
        .map_or(0.0, |[a, b]| (b.1.x - a.1.x).abs());
    let mut lowest = f64::INFINITY;
    let mut highest = f64::NEG_INFINITY;
    for frame in frames {
        if let Some(exchange) = track.exchange(frame) {
            lowest = lowest.min(exchange.x);
            highest = highest.max(exchange.x);
        }
    }
    let exchange_legs = (highest - lowest) / track.leg_length;
    if across >= SIDE_VIEW_PATH && exchange_legs >= SIDE_VIEW_EXCHANGE_LEGS {
        View::Sagittal
    } else if growth >= FRONTAL_GROWTH || exchange_legs < SIDE_VIEW_EXCHANGE_LEGS {
        View::Frontal
    } else {
        View::Sagittal
    }
}

fn across_range(track: &Track<'_>, frames: Range<usize>) -> f64 {
    let known = frames.filter_map(|frame| Some(track.pelvis.get(frame)?.x));
    let (low, high) = known.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
        (low.min(x), high.max(x))
    });
    if low <= high { high - low } else { 0.0 }
}

/// The parts of a stretch that go one way, and the turns between parts that go opposite ways.
fn cut(
    track: &Track<'_>,
    stretch: &Stretch,
    view: View,
    pointing: &[Vec<Option<f64>>],
) -> Vec<Bout> {
    let frames = stretch.frames.clone();
    let whole = |direction: Vector2<f64>| {
        vec![bout_of(
            track,
            BoutKind::Straight,
            frames.clone(),
            direction,
        )]
    };
    if view == View::Frontal {
        let growth = track
            .size
            .as_ref()
            .and_then(|size| size.ends(frames.clone()))
            .map_or(0.0, |[a, b]| b.1.x - a.1.x);
        return whole(Vector2::new(0.0, if growth < 0.0 { -1.0 } else { 1.0 }));
    }
    if stretch.on_belt {
        return belt_sign(track, frames.clone(), pointing)
            .map(|sign| whole(Vector2::new(sign, 0.0)))
            .unwrap_or_default();
    }
    let stride_s = stretch.stride_s.unwrap_or(USUAL_STRIDE_S);
    let velocity = stride_velocity(&track.pelvis, frames.clone(), stride_s);
    let speeds = velocity.iter().flatten().map(|v| v.x.abs()).collect();
    let limit =
        (SLOW_SHARE * median(speeds).unwrap_or(0.0)).max(REVERSAL_SPEED_LEGS * track.leg_length);
    let signs: Vec<i8> = velocity
        .into_iter()
        .map(|velocity| match velocity {
            Some(v) if v.x > limit => 1,
            Some(v) if v.x < -limit => -1,
            _ => 0,
        })
        .collect();
    one_way_parts(track, &frames, &signs)
}

/// Whether the left or right border of the picture is at the body, for each frame.
fn cut_by_border(keypoints: &Keypoints2d, config: &BoutConfig) -> Vec<bool> {
    let Some([width, _]) = keypoints.image_size_px() else {
        return vec![false; keypoints.frames()];
    };
    let width = f64::from(width);
    (0..keypoints.frames())
        .map(|frame| {
            keypoints.frame(frame).iter().flatten().any(|point| {
                let x = point.position_px.x / width;
                point.confidence >= config.min_confidence
                    && !(BORDER_SHARE..=1.0 - BORDER_SHARE).contains(&x)
            })
        })
        .collect()
}

/// Cuts off where the subject enters and leaves the picture.
fn trimmed(
    track: &Track<'_>,
    cut_by_border: &[bool],
    mut bouts: Vec<Bout>,
    config: &BoutConfig,
) -> Vec<Bout> {
    let hidden = |frame: Option<usize>| {
        frame.is_some_and(|frame| frame < track.times_s.len() && track.pelvis.get(frame).is_none())
    };
    if let Some(first) = bouts.first_mut() {
        let inside = (first.start_frame..first.end_frame).find(|&frame| !cut_by_border[frame]);
        let inside = inside.unwrap_or(first.end_frame - 1);
        if inside > first.start_frame || hidden(first.start_frame.checked_sub(1)) {
            let from_s = track.times_s[inside] + config.border_trim_s;
            first.start_frame = track.times_s.partition_point(|&t| t < from_s);
        }
    }
    if let Some(last) = bouts.last_mut() {
        let inside = (0..last.end_frame).rfind(|&frame| !cut_by_border[frame]);
        let inside = inside.unwrap_or(0);
        if inside + 1 < last.end_frame || hidden(Some(last.end_frame)) {
            let to_s = track.times_s[inside] - config.border_trim_s;
            last.end_frame = track.times_s.partition_point(|&t| t <= to_s);
        }
    }
    bouts.retain_mut(|bout| {
        if bout.start_frame + 1 >= bout.end_frame {
            return false;
        }
        bout.start_s = track.times_s[bout.start_frame];
        bout.end_s = track.times_s[bout.end_frame - 1];
        bout.kind == BoutKind::Turning || bout.end_s - bout.start_s >= config.min_duration_s
    });
    bouts
}

fn one_way_parts(track: &Track<'_>, frames: &Range<usize>, signs: &[i8]) -> Vec<Bout> {
    let mut parts: Vec<(Range<usize>, i8)> = Vec::new();
    for sign in [1, -1] {
        let same: Vec<bool> = signs.iter().map(|&s| s == sign).collect();
        parts.extend(runs(&same, true).into_iter().map(|run| (run, sign)));
    }
    parts.sort_by_key(|(run, _)| run.start);
    // A walk that only slows down and goes on the same way is one bout.
    let mut joined: Vec<(Range<usize>, i8)> = Vec::new();
    for (run, sign) in parts {
        match joined.last_mut() {
            Some((last, last_sign)) if *last_sign == sign => last.end = run.end,
            _ => joined.push((run, sign)),
        }
    }
    if let Some((first, _)) = joined.first_mut() {
        first.start = 0;
    }
    if let Some((last, _)) = joined.last_mut() {
        last.end = signs.len();
    }
    let mut bouts = Vec::new();
    let mut previous_end = None;
    for (run, sign) in joined {
        let direction = Vector2::new(f64::from(sign), 0.0);
        if let Some(end) = previous_end
            && run.start > end
        {
            let between = end + frames.start..run.start + frames.start;
            bouts.push(bout_of(track, BoutKind::Turning, between, -direction));
        }
        previous_end = Some(run.end);
        let shifted = run.start + frames.start..run.end + frames.start;
        bouts.push(bout_of(track, BoutKind::Straight, shifted, direction));
    }
    bouts
}

fn bout_of(
    track: &Track<'_>,
    kind: BoutKind,
    frames: Range<usize>,
    direction: Vector2<f64>,
) -> Bout {
    Bout {
        kind,
        start_s: track.times_s[frames.start],
        end_s: track.times_s[frames.end - 1],
        start_frame: frames.start,
        end_frame: frames.end,
        direction,
        turned_deg: 0.0,
    }
}

/// Which way someone on a belt faces: as the feet point, else as the feet move while they are up.
fn belt_sign(
    track: &Track<'_>,
    frames: Range<usize>,
    pointing: &[Vec<Option<f64>>],
) -> Option<f64> {
    let pointed: f64 = pointing
        .iter()
        .flat_map(|foot| foot[frames.clone()].iter().flatten())
        .sum();
    if pointed.abs() > 0.0 {
        return Some(pointed.signum());
    }
    let mut swing = 0.0;
    for foot in [&track.feet.left, &track.feet.right] {
        let known: Vec<(f64, f64)> = frames
            .clone()
            .skip(1)
            .filter_map(|frame| {
                let (a, b) = (foot.get(frame - 1)?, foot.get(frame)?);
                Some((b.x - a.x, f64::midpoint(a.y, b.y)))
            })
            .collect();
        let mean_y = known.iter().map(|(_, y)| y).sum::<f64>() / known.len().max(1) as f64;
        swing += known.iter().map(|(dx, y)| dx * (mean_y - y)).sum::<f64>();
    }
    (swing != 0.0).then(|| swing.signum())
}

/// Pixels from heel (or ankle) to toe along the image's x, for each foot that shows both.
fn pointing(keypoints: &Keypoints2d, config: &BoutConfig) -> Vec<Vec<Option<f64>>> {
    let trajectory = |joint| points_of(keypoints, joint, config.min_confidence);
    Side::BOTH
        .into_iter()
        .filter_map(|side| pelvis::foot_pointing(trajectory, side))
        .map(|foot| foot.into_iter().map(|v| v.map(|v| v.x)).collect())
        .collect()
}

fn facts(
    track: &Track<'_>,
    stretch: &Stretch,
    index: usize,
    view: View,
    bout: &Bout,
    pointing: &[Vec<Option<f64>>],
) -> BoutFacts {
    let frames = bout.start_frame..bout.end_frame;
    let signs: Vec<f64> = pointing
        .iter()
        .flat_map(|foot| foot[frames.clone()].iter().flatten())
        .map(|x| x.signum() * bout.direction.x)
        .collect();
    let facing = (view == View::Sagittal && !signs.is_empty())
        .then(|| signs.iter().sum::<f64>() / signs.len() as f64);
    let duration_s = (bout.end_s - bout.start_s).max(1e-9);
    let stride_s = stretch.stride_s.unwrap_or(USUAL_STRIDE_S);
    BoutFacts {
        stretch: index,
        stride_period_s: stretch.stride_s,
        speed_legs_per_s: pelvis_path_length(track, frames, stride_s)
            / track.leg_length
            / duration_s,
        facing,
        view,
    }
}
