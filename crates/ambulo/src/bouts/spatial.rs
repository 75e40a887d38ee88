//! Bouts of a motion in space.

use std::ops::Range;

use nalgebra::{Point3, Vector2, Vector3};

use super::path::Path;
use super::search::{Stretch, Track, USUAL_STRIDE_S, pelvis_path_length, stretches};
use super::turning::{heading_rad, runs, turning_frames};
use super::{Bout, BoutConfig, BoutFacts, BoutKind, BoutSearch, pelvis};
use crate::motion::Motion3d;
use crate::walk::View;
use crate::{PerSide, Side};

/// Finds the bouts of a motion.
///
/// A trial without walking is no error: [`BoutSearch::why_none`] then says what was seen instead.
///
/// # Source
///
/// Turning above 20 °/s as in the literature on instrumented gait; the thresholds of
/// [`BoutConfig`] are this project's.
pub fn find_bouts(motion: &Motion3d, config: &BoutConfig) -> BoutSearch {
    let trajectory = |joint| motion.trajectory(joint);
    let leg_length = pelvis::leg_length(trajectory);
    let track = match track_of(motion, leg_length, config) {
        Ok(track) => track,
        Err(why) => return BoutSearch::none(why, leg_length),
    };
    let stretches = match stretches(&track, config) {
        Ok(stretches) => stretches,
        Err(why) => return BoutSearch::none(why, leg_length),
    };
    let pointing = pointing(motion);
    let mut search = BoutSearch {
        bouts: Vec::new(),
        facts: Vec::new(),
        looks_like_treadmill: stretches.iter().any(|stretch| stretch.on_belt),
        leg_length,
        why_none: None,
    };
    for (index, stretch) in stretches.iter().enumerate() {
        for (bout, turned) in cut(&track, stretch, config) {
            let Some(bout) = described(&track, stretch, bout, turned) else {
                continue;
            };
            search
                .facts
                .push(facts(&track, stretch, index, &bout, &pointing));
            search.bouts.push(bout);
        }
    }
    if search.bouts.is_empty() {
        search.why_none = Some("no walking found: no stretch has a direction".to_owned());
    }
    search
}

fn track_of<'a>(
    motion: &'a Motion3d,
    leg_length: Option<f64>,
    config: &BoutConfig,
) -> Result<Track<'a>, String> {
    let trajectory = |joint| motion.trajectory(joint);
    let times_s = motion.time().times_s();
    let bridged =
        |points: Vec<Option<Vector2<f64>>>| Path::bridged(times_s, points, config.max_gap_s);
    let flat = |points: Vec<Option<Point3<f64>>>| {
        bridged(points.into_iter().map(|p| p.map(horizontal)).collect())
    };
    let pelvis = pelvis::pelvis_points(trajectory)
        .ok_or("no walking found: the recording has no point of the pelvis")?;
    let missing = "no walking found: the recording has no point of a foot";
    let feet = PerSide {
        left: flat(pelvis::foot_points(trajectory, Side::Left).ok_or(missing)?),
        right: flat(pelvis::foot_points(trajectory, Side::Right).ok_or(missing)?),
    };
    let facing = pelvis::rightward(trajectory).map(|right| {
        bridged(
            right
                .into_iter()
                .map(|right| {
                    let forward = Vector3::y().cross(&right?);
                    Vector2::new(forward.x, forward.z).try_normalize(1e-6)
                })
                .collect(),
        )
    });
    Ok(Track {
        times_s,
        pelvis: flat(pelvis),
        feet,
        facing,
        leg_length: leg_length.unwrap_or(USUAL_LEG_M),
        size: None,
    })
}

/// Leg length of an adult, where the recording shows none.
const USUAL_LEG_M: f64 = 0.85;

fn horizontal(point: Point3<f64>) -> Vector2<f64> {
    Vector2::new(point.x, point.z)
}

/// Straight and turning parts of a stretch, each with the angle it turns through.
fn cut(
    track: &Track<'_>,
    stretch: &Stretch,
    config: &BoutConfig,
) -> Vec<((BoutKind, Range<usize>), f64)> {
    let frames = stretch.frames.clone();
    let stride_s = stretch.stride_s.unwrap_or(USUAL_STRIDE_S);
    let times_s = &track.times_s[frames.clone()];
    let heading = heading_rad(
        &track.pelvis,
        track.facing.as_ref(),
        frames.clone(),
        stride_s,
        MIN_PATH_SPEED_LEGS * track.leg_length,
    );
    let mut turning = turning_frames(times_s, &heading, stride_s, config);
    // A straight part too short for a single step belongs to the turns around it.
    let parts = runs(&turning, false);
    for part in parts {
        let at_an_end = part.start == 0 || part.end == turning.len();
        if !at_an_end && times_s[part.end - 1] - times_s[part.start] < stride_s / 2.0 {
            turning[part].fill(true);
        }
    }
    let mut parts: Vec<((BoutKind, Range<usize>), f64)> = Vec::new();
    for (kind, wanted) in [(BoutKind::Straight, false), (BoutKind::Turning, true)] {
        for run in runs(&turning, wanted) {
            let turned = (heading[run.end - 1] - heading[run.start]).to_degrees();
            let shifted = run.start + frames.start..run.end + frames.start;
            parts.push(((kind, shifted), turned));
        }
    }
    parts.sort_by_key(|((_, range), _)| range.start);
    parts
}

/// Speed of the pelvis above which its path shows the heading better than the body's facing.
const MIN_PATH_SPEED_LEGS: f64 = 0.3;

fn described(
    track: &Track<'_>,
    stretch: &Stretch,
    (kind, frames): (BoutKind, Range<usize>),
    turned_deg: f64,
) -> Option<Bout> {
    let direction = if stretch.on_belt {
        belt_direction(track, frames.clone())
    } else {
        net_direction(track, frames.clone(), stretch)
    }?;
    Some(Bout {
        kind,
        start_s: track.times_s[frames.start],
        end_s: track.times_s[frames.end - 1],
        start_frame: frames.start,
        end_frame: frames.end,
        direction,
        turned_deg,
    })
}

/// Direction of the net displacement, from whole strides where there are any, so that sway does
/// not tilt it.
fn net_direction(
    track: &Track<'_>,
    frames: Range<usize>,
    stretch: &Stretch,
) -> Option<Vector2<f64>> {
    let (start_s, end_s) = (track.times_s[frames.start], track.times_s[frames.end - 1]);
    let whole = stretch.stride_s.and_then(|stride_s| {
        let strides = ((end_s - start_s) / stride_s).floor();
        let span_s = strides * stride_s;
        // All placements of that many strides in the bout, averaged.
        let mut sum = Vector2::zeros();
        for frame in frames.clone() {
            let from_s = track.times_s[frame];
            if strides < 1.0 || from_s + span_s > end_s {
                break;
            }
            if let (Some(from), Some(to)) =
                (track.pelvis.get(frame), track.pelvis.at(from_s + span_s))
            {
                sum += to - from;
            }
        }
        sum.try_normalize(1e-9)
    });
    whole
        .or_else(|| track.pelvis.fitted_velocity(frames)?.try_normalize(1e-9))
        .or_else(|| mean_facing(track, 0..track.times_s.len()))
}

/// On a belt the pelvis shows no direction: the body's facing does, else the feet, which are
/// carried back while they stand and are therefore slower backward than forward.
fn belt_direction(track: &Track<'_>, frames: Range<usize>) -> Option<Vector2<f64>> {
    mean_facing(track, frames.clone()).or_else(|| {
        let mut swing = Vector2::zeros();
        for foot in [&track.feet.left, &track.feet.right] {
            for frame in frames.start..frames.end - 1 {
                if let (Some(a), Some(b)) = (foot.get(frame), foot.get(frame + 1)) {
                    let velocity = (b - a) / (track.times_s[frame + 1] - track.times_s[frame]);
                    swing += velocity * velocity.norm_squared();
                }
            }
        }
        swing.try_normalize(1e-9)
    })
}

fn mean_facing(track: &Track<'_>, frames: Range<usize>) -> Option<Vector2<f64>> {
    let facing = track.facing.as_ref()?;
    frames
        .filter_map(|frame| facing.get(frame))
        .sum::<Vector2<f64>>()
        .try_normalize(1e-9)
}

/// Horizontal unit vector each foot points along, where heel (or ankle) and toe are known.
fn pointing(motion: &Motion3d) -> Vec<Vec<Option<Vector2<f64>>>> {
    Side::BOTH
        .into_iter()
        .filter_map(|side| pelvis::foot_pointing(|joint| motion.trajectory(joint), side))
        .map(|vectors| {
            vectors
                .into_iter()
                .map(|v| v.and_then(|v| Vector2::new(v.x, v.z).try_normalize(1e-6)))
                .collect()
        })
        .collect()
}

fn facts(
    track: &Track<'_>,
    stretch: &Stretch,
    index: usize,
    bout: &Bout,
    pointing: &[Vec<Option<Vector2<f64>>>],
) -> BoutFacts {
    let frames = bout.start_frame..bout.end_frame;
    let cosines: Vec<f64> = pointing
        .iter()
        .flat_map(|foot| foot[frames.clone()].iter().flatten())
        .map(|way| way.dot(&bout.direction))
        .collect();
    let facing = if cosines.is_empty() {
        mean_facing(track, frames.clone()).map(|facing| facing.dot(&bout.direction))
    } else {
        Some(cosines.iter().sum::<f64>() / cosines.len() as f64)
    };
    let stride_s = stretch.stride_s.unwrap_or(USUAL_STRIDE_S);
    let duration_s = (bout.end_s - bout.start_s).max(1e-9);
    BoutFacts {
        stretch: index,
        stride_period_s: stretch.stride_s,
        speed_legs_per_s: pelvis_path_length(track, frames, stride_s)
            / track.leg_length
            / duration_s,
        facing,
        view: View::Spatial,
    }
}
