//! From a recording and a bout to a walk.

use std::collections::BTreeMap;
use std::ops::Range;

use nalgebra::{Matrix3, Point3, Vector2, Vector3};

use super::{LengthUnit, Surface, View, Walk, WalkConfig, WalkParts};
use crate::Side;
use crate::bouts::{Bout, Found, frames_between, leg_length, pelvis_points};
use crate::keypoints::Keypoints2d;
use crate::motion::Motion3d;
use crate::signal::gaps::fill_gaps_points;
use crate::signal::smooth::{Smoothing, smooth_points};
use crate::skeleton::{Joint, on};
use crate::subject::Subject;
use crate::time::TimeBase;

/// What one pixel is long, in each frame of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct PixelLengths {
    /// Length of a pixel in `unit`, one a frame of the trial.
    pub per_px: Vec<f64>,
    /// What a length of 1 stands for.
    pub unit: LengthUnit,
}

impl PixelLengths {
    /// Leg lengths as the unit, for keypoints without any scale: the median leg in the image is 1.
    ///
    /// `None` if hip, knee and ankle are never seen together.
    pub fn in_leg_lengths(keypoints: &Keypoints2d, min_confidence: f64) -> Option<Self> {
        let leg_px = leg_length(|joint| image_points(keypoints, joint, min_confidence))?;
        Some(Self {
            per_px: vec![1.0 / leg_px; keypoints.frames()],
            unit: LengthUnit::LegLengths,
        })
    }
}

/// The walk of one bout of a motion.
///
/// X is zero where the pelvis is in the bout's first frame, Z is zero at its mean, and Y is zero
/// at the level that the lowest points of the feet keep in stance.
///
/// # Panics
///
/// If the bout lies outside the motion: a bug of the caller.
pub fn from_motion(
    motion: &Motion3d,
    bout: &Bout,
    config: &WalkConfig,
    surface: Surface,
    subject: &Subject,
) -> Walk {
    let unit = LengthUnit::Metres {
        relative_error: 0.0,
    };
    from_motion_in(motion, unit, bout, config, surface, subject)
}

/// The walk of one bout of a motion whose lengths are in `unit`, such as a lifted one: [`from_motion`].
///
/// # Panics
///
/// If the bout lies outside the motion: a bug of the caller.
pub fn from_motion_in(
    motion: &Motion3d,
    unit: LengthUnit,
    bout: &Bout,
    config: &WalkConfig,
    surface: Surface,
    subject: &Subject,
) -> Walk {
    let frames = bout.start_frame..bout.end_frame;
    let wide = widened(motion.time(), &frames, config.margin_s);
    let times_s = &motion.time().times_s()[wide.clone()];
    let raw = |joint| motion.trajectory_in(joint, wide.clone());
    let rotation = walking_from_world(bout.direction);
    let mut trajectories = BTreeMap::new();
    for joint in motion.joints().iter().copied() {
        let Some(points) = raw(joint) else { continue };
        let smoothing = filter_of(joint, config, &config.markers);
        trajectories.insert(joint, prepared(times_s, &points, config, smoothing));
    }
    if !trajectories.contains_key(&Joint::Pelvis)
        && let Some(points) = pelvis_points(raw)
    {
        let pelvis = prepared(times_s, &points, config, &config.pelvis);
        trajectories.insert(Joint::Pelvis, pelvis);
    }
    for trajectory in trajectories.values_mut() {
        for point in trajectory.iter_mut().flatten() {
            *point = rotation * *point;
        }
    }
    let leg_length = match unit {
        LengthUnit::Metres { .. } => subject.mean_leg_length_m().or_else(|| leg_length(raw)),
        LengthUnit::LegLengths => Some(1.0),
    };
    finished(
        motion.time(),
        &frames,
        &wide,
        trajectories,
        (View::Spatial, unit, surface, leg_length),
    )
}

/// The walk of one bout of keypoints: flipped so that X grows along the walk, Y up, Z zero.
///
/// `view` is what [`crate::bouts::BoutFacts`] says of the bout. Where the length of a pixel
/// changes over the bout (the walker comes nearer), places are taken from the middle of the
/// picture, so that the change does not look like movement.
///
/// # Panics
///
/// If the bout lies outside the keypoints or `scale` has another number of frames: a bug of the
/// caller.
pub fn from_keypoints(
    keypoints: &Keypoints2d,
    bout: &Bout,
    scale: &PixelLengths,
    config: &WalkConfig,
    view: View,
    surface: Surface,
    subject: &Subject,
) -> Walk {
    assert_eq!(
        scale.per_px.len(),
        keypoints.frames(),
        "frames of the scale"
    );
    let frames = bout.start_frame..bout.end_frame;
    let wide = widened(keypoints.time(), &frames, config.margin_s);
    let times_s = &keypoints.time().times_s()[wide.clone()];
    let flip = if bout.direction.x < 0.0 { -1.0 } else { 1.0 };
    let centre = keypoints
        .image_size_px()
        .map_or(Vector2::zeros(), |[width, height]| {
            Vector2::new(f64::from(width) / 2.0, f64::from(height) / 2.0)
        });
    let seen = keypoints.cut(wide.clone());
    let placed = |joint| -> Option<Found> {
        let points = image_points(&seen, joint, config.min_confidence)?;
        Some(
            wide.clone()
                .map(|frame| {
                    let per_px = scale.per_px[frame];
                    points[frame - wide.start].map(|p| {
                        Point3::new(
                            flip * (p.x - centre.x) * per_px,
                            (centre.y - p.y) * per_px,
                            0.0,
                        )
                    })
                })
                .collect(),
        )
    };
    let mut trajectories = BTreeMap::new();
    for joint in keypoints.joints().iter().copied() {
        let Some(points) = placed(joint) else {
            continue;
        };
        let smoothing = filter_of(joint, config, &config.keypoints);
        trajectories.insert(joint, prepared(times_s, &points, config, smoothing));
    }
    if !trajectories.contains_key(&Joint::Pelvis)
        && let Some(points) = pelvis_points(placed)
    {
        let pelvis = prepared(times_s, &points, config, &config.pelvis);
        trajectories.insert(Joint::Pelvis, pelvis);
    }
    let measured = leg_length(placed);
    let leg = match scale.unit {
        LengthUnit::Metres { .. } => subject.mean_leg_length_m().or(measured),
        LengthUnit::LegLengths => Some(1.0),
    };
    finished(
        keypoints.time(),
        &frames,
        &wide,
        trajectories,
        (view, scale.unit, surface, leg),
    )
}

/// Several bouts of one continuous stretch as one, for looking across their borders: its
/// direction is that of its longest straight part.
///
/// `None` if there are no bouts.
pub fn joined(bouts: &[Bout]) -> Option<Bout> {
    let (first, last) = (bouts.first()?, bouts.last()?);
    let longest = bouts
        .iter()
        .max_by(|a, b| {
            let weight = |bout: &Bout| {
                let straight = bout.kind == crate::bouts::BoutKind::Straight;
                (straight, bout.end_s - bout.start_s)
            };
            let (a, b) = (weight(a), weight(b));
            a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
        })
        .unwrap_or(first);
    Some(Bout {
        kind: longest.kind,
        start_frame: first.start_frame,
        end_frame: last.end_frame,
        start_s: first.start_s,
        end_s: last.end_s,
        direction: longest.direction,
        turned_deg: bouts.iter().map(|bout| bout.turned_deg).sum(),
    })
}

/// The rotation that turns the world so that `direction` (world X and Z) is X: a turn about Y.
fn walking_from_world(direction: Vector2<f64>) -> Matrix3<f64> {
    let ahead = direction.try_normalize(1e-12).unwrap_or(Vector2::x());
    let forward = Vector3::new(ahead.x, 0.0, ahead.y);
    let up = Vector3::y();
    let right = forward.cross(&up);
    let rotation = Matrix3::from_rows(&[forward.transpose(), up.transpose(), right.transpose()]);
    assert!(
        (rotation.determinant() - 1.0).abs() < 1e-9,
        "walking space is a proper rotation of the world"
    );
    rotation
}

fn image_points(keypoints: &Keypoints2d, joint: Joint, min_confidence: f64) -> Option<Found> {
    let points = keypoints.trajectory(joint)?;
    Some(
        points
            .into_iter()
            .map(|point| {
                let point = point.filter(|point| point.confidence >= min_confidence)?;
                Some(Point3::new(point.position_px.x, point.position_px.y, 0.0))
            })
            .collect(),
    )
}

fn widened(time: &TimeBase, frames: &Range<usize>, margin_s: f64) -> Range<usize> {
    assert!(
        frames.start < frames.end && frames.end <= time.frames(),
        "the bout lies inside the recording"
    );
    let times_s = time.times_s();
    frames_between(
        times_s,
        times_s[frames.start] - margin_s,
        times_s[frames.end - 1] + margin_s,
    )
}

fn filter_of<'a>(joint: Joint, config: &'a WalkConfig, other: &'a Smoothing) -> &'a Smoothing {
    match joint {
        Joint::Pelvis | Joint::Sacrum => &config.pelvis,
        _ => other,
    }
}

fn prepared(
    times_s: &[f64],
    points: &[Option<Point3<f64>>],
    config: &WalkConfig,
    smoothing: &Smoothing,
) -> Found {
    let filled = fill_gaps_points(times_s, points, &config.gaps);
    smooth_points(times_s, &filled.values, smoothing)
}

/// Cuts the margins off, moves the origin to the start of the walk on the floor, and packs it up.
fn finished(
    time: &TimeBase,
    frames: &Range<usize>,
    wide: &Range<usize>,
    mut trajectories: BTreeMap<Joint, Found>,
    (view, unit, surface, leg_length): (View, LengthUnit, Surface, Option<f64>),
) -> Walk {
    let inner = frames.start - wide.start..frames.end - wide.start;
    for trajectory in trajectories.values_mut() {
        trajectory.truncate(inner.end);
        trajectory.drain(..inner.start);
    }
    // A joint that a file names but never shows must not stand in the way of one that is seen.
    trajectories.retain(|_, trajectory| trajectory.iter().any(Option::is_some));
    let origin = origin(&trajectories);
    for trajectory in trajectories.values_mut() {
        for point in trajectory.iter_mut().flatten() {
            *point -= origin;
        }
    }
    let times_s = &time.times_s()[frames.clone()];
    Walk::new(WalkParts {
        time: TimeBase::new(times_s.to_vec()).expect("a part of increasing times increases"),
        start_time_s: times_s[0],
        start_frame: frames.start,
        view,
        unit,
        surface,
        leg_length,
        trajectories,
    })
}

fn origin(trajectories: &BTreeMap<Joint, Found>) -> Vector3<f64> {
    let pelvis: Vec<Point3<f64>> = trajectories
        .get(&Joint::Pelvis)
        .map(|pelvis| pelvis.iter().flatten().copied().collect())
        .unwrap_or_default();
    let count = pelvis.len().max(1) as f64;
    Vector3::new(
        pelvis.first().map_or(0.0, |p| p.x),
        floor_level(trajectories).unwrap_or(0.0),
        pelvis.iter().map(|p| p.z).sum::<f64>() / count,
    )
}

/// The level that the lowest point of the feet keeps while one of them stands: the lower quartile
/// over frames, which neither a single noisy frame nor a hidden foot moves.
fn floor_level(trajectories: &BTreeMap<Joint, Found>) -> Option<f64> {
    let feet: Vec<&Found> = Side::BOTH
        .into_iter()
        .flat_map(|side| {
            [
                on::heel(side),
                on::toe(side),
                on::big_toe(side),
                on::toe_tip(side),
                on::ankle(side),
                on::lateral_malleolus(side),
            ]
        })
        .filter_map(|joint| trajectories.get(&joint))
        .collect();
    let frames = feet.first()?.len();
    let mut lowest: Vec<f64> = (0..frames)
        .filter_map(|frame| {
            feet.iter()
                .filter_map(|foot| Some(foot[frame]?.y))
                .min_by(f64::total_cmp)
        })
        .collect();
    lowest.sort_by(f64::total_cmp);
    lowest.get(lowest.len() / 4).copied()
}
