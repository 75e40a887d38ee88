//! The pelvis' path from the feet that stand, and the motion along it.

use nalgebra::Vector3;

use super::banded::Course;
use super::standing::{ContactPoint, contact_points, phases, slip, weights};
use crate::PerSide;
use crate::bouts::{BoutConfig, find_bouts, leg_length};
use crate::events::{EventConfig, GaitEvent, detect};
use crate::keypoints::ShapeError;
use crate::motion::Motion3d;
use crate::subject::Subject;
use crate::walk::{Surface, WalkConfig, from_motion, joined};

/// What else is known beside the poses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evidence<'a> {
    /// The ground. On a belt the pelvis stays where it is, and the feet are carried.
    pub surface: Surface,
    /// Contacts and foot offs in order of time, of whatever source: [`events_of`] where nothing else
    /// tells them.
    pub events: &'a [GaitEvent],
    /// Place of the pelvis along X in each frame, as the camera saw it, in the unit of the poses:
    /// what [`super::seen_across`] finds. It takes the drift out of the path across the picture.
    pub seen_x: Option<&'a [Option<f64>]>,
}

/// A motion on the floor.
#[derive(Debug, Clone, PartialEq)]
pub struct Grounded {
    /// The poses at their places: X, Y up from the floor, Z as in the poses.
    pub motion: Motion3d,
    /// How much each foot stands in each frame, 0 to 1.
    pub standing: PerSide<Vec<f64>>,
    /// Speed over the ground of the feet that stand, as a share of the pelvis' speed: 0 for perfect
    /// poses; large where the poses slide.
    pub slip: f64,
}

/// Why poses cannot be put on the ground.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum GroundingError {
    /// No point of a foot is known.
    #[error("the lifted poses hold no point of a foot")]
    NoFoot,
    /// No leg is known.
    #[error("the lifted poses never hold hip, knee and ankle together")]
    NoLeg,
    /// One frame has no motion.
    #[error("{frames} frames are too few to follow a foot; at least 3 are needed")]
    TooShort {
        /// Frames there are.
        frames: usize,
    },
    /// The places do not form a motion.
    #[error(transparent)]
    Shape(#[from] ShapeError),
}

/// Time over which the pelvis' velocity is held where no foot stands.
const HOLD_S: f64 = 0.03;
/// Below this time the feet say how the pelvis moves, above it the picture says where it is.
const SEEN_OVER_S: f64 = 0.3;
/// Mean velocities that feet must rest against: first over about a stride, then within one.
const WINDOWS_S: [f64; 2] = [1.0, 0.4];

/// Puts poses on the ground.
///
/// `poses` are places relative to the pelvis in a right-handed space at rest: X to the image's
/// right, Y up, Z to the camera; in any unit of length, which the result keeps. The pelvis' velocity
/// is that of the feet's points with the sign changed, each weighted by how much it stands: the heel
/// from contact until it rises, the forefoot from when it is down until the foot leaves; over double
/// support the feet share. Where no event tells, low points stand. The path begins where the camera
/// saw the pelvis, else at zero; the points of the standing feet lie at Y zero.
///
/// # Errors
///
/// [`GroundingError`] if the poses hold no leg or no foot, or are too few.
pub fn grounded(poses: &Motion3d, evidence: &Evidence<'_>) -> Result<Grounded, GroundingError> {
    let frames = poses.frames();
    if frames < 3 {
        return Err(GroundingError::TooShort { frames });
    }
    let leg = leg_length(|joint| poses.trajectory(joint)).ok_or(GroundingError::NoLeg)?;
    let points = contact_points(poses);
    if points.is_empty() {
        return Err(GroundingError::NoFoot);
    }
    let times_s = poses.time().times_s();
    // On a belt the feet are tracked as over ground too, to know which of them stand.
    let walked = Evidence {
        seen_x: match evidence.surface {
            Surface::Overground => evidence.seen_x,
            Surface::Treadmill { .. } => None,
        },
        ..*evidence
    };
    let phase_of = PerSide::from_fn(|side| phases(times_s, evidence.events, side));
    let phase = |side, interval: usize| phase_of.get(side)[interval];
    let mut standing = weights(&points, leg, phase, None);
    let mut path = path_of(times_s, &points, &standing, &walked);
    for window_s in WINDOWS_S {
        let pelvis = mean_velocities(times_s, &path, window_s);
        standing = weights(&points, leg, phase, Some(&pelvis));
        path = path_of(times_s, &points, &standing, &walked);
    }
    let slip = slip(&points, &standing, &mean_velocities(times_s, &path, 0.0));
    if matches!(evidence.surface, Surface::Treadmill { .. }) {
        let across = Course {
            times_s,
            velocities: vec![(0.0, 0.0); frames - 1],
            places: seen_places(evidence.seen_x),
            hold_s: HOLD_S,
        };
        let across = across.solved();
        for (place, x) in path.iter_mut().zip(across) {
            *place = Vector3::new(x, place.y, 0.0);
        }
    }
    let joints = poses.joints().len();
    let positions = poses
        .positions_m()
        .iter()
        .enumerate()
        .map(|(index, position)| position.map(|p| p + path[index / joints]))
        .collect();
    Ok(Grounded {
        motion: Motion3d::new(poses.joints().to_vec(), poses.time().clone(), positions)?,
        standing: by_side(&points, &standing, frames),
        slip,
    })
}

/// The events of poses without a place: someone whose pelvis stays walks as on a belt.
pub fn events_of(poses: &Motion3d) -> Vec<GaitEvent> {
    let surface = Surface::Treadmill {
        belt_speed_mps: None,
    };
    let settings = BoutConfig {
        surface,
        ..BoutConfig::default()
    };
    let search = find_bouts(poses, &settings);
    let stretches = search.stretches().into_iter().filter_map(joined);
    let mut events: Vec<GaitEvent> = stretches
        .flat_map(|stretch| {
            let config = WalkConfig::default();
            let walk = from_motion(poses, &stretch, &config, surface, &Subject::default());
            detect(&walk, &EventConfig::default()).events
        })
        .collect();
    events.sort_by(|a, b| a.time_s.total_cmp(&b.time_s));
    events
}

/// The pelvis' place in each frame.
fn path_of(
    times_s: &[f64],
    points: &[ContactPoint],
    standing: &[Vec<f64>],
    evidence: &Evidence<'_>,
) -> Vec<Vector3<f64>> {
    let along = |axis: usize| {
        let velocities = (0..times_s.len() - 1)
            .map(|interval| {
                let (mut sum, mut weight) = (0.0, 0.0);
                for (point, standing) in points.iter().zip(standing) {
                    if let Some(velocity) = point.velocities[interval] {
                        sum -= standing[interval] * velocity[axis];
                        weight += standing[interval];
                    }
                }
                (if weight > 0.0 { sum / weight } else { 0.0 }, weight)
            })
            .collect();
        let places = match axis {
            0 => seen_places(evidence.seen_x),
            1 => heights(points, standing, times_s.len()),
            _ => Vec::new(),
        };
        let course = Course {
            times_s,
            velocities,
            places,
            hold_s: HOLD_S,
        };
        course.solved()
    };
    let [x, y, z] = [0, 1, 2].map(along);
    x.into_iter()
        .zip(y)
        .zip(z)
        .map(|((x, y), z)| Vector3::new(x, y, z))
        .collect()
}

fn seen_places(seen_x: Option<&[Option<f64>]>) -> Vec<(f64, f64)> {
    let weight = SEEN_OVER_S.powi(-2);
    seen_x
        .unwrap_or_default()
        .iter()
        .map(|x| x.map_or((0.0, 0.0), |x| (x, weight)))
        .collect()
}

/// Height of the pelvis over the points that stand, in each frame.
fn heights(points: &[ContactPoint], standing: &[Vec<f64>], frames: usize) -> Vec<(f64, f64)> {
    let weight_unit = SEEN_OVER_S.powi(-2);
    (0..frames)
        .map(|frame| {
            let interval = frame.min(frames - 2);
            let (mut sum, mut weight) = (0.0, 0.0);
            for (point, standing) in points.iter().zip(standing) {
                if let Some(place) = point.places[frame] {
                    sum -= standing[interval] * place.y;
                    weight += standing[interval];
                }
            }
            if weight > 0.0 {
                (sum / weight, weight_unit * weight)
            } else {
                (0.0, 0.0)
            }
        })
        .collect()
}

/// Mean velocity of the path around each interval, over at least the interval.
fn mean_velocities(times_s: &[f64], path: &[Vector3<f64>], window_s: f64) -> Vec<Vector3<f64>> {
    (0..times_s.len() - 1)
        .map(|interval| {
            let middle_s = f64::midpoint(times_s[interval], times_s[interval + 1]);
            let first = times_s.partition_point(|&t| t < middle_s - window_s / 2.0);
            let last = times_s.partition_point(|&t| t <= middle_s + window_s / 2.0);
            let first = first.min(interval);
            let last = last.saturating_sub(1).max(interval + 1);
            (path[last] - path[first]) / (times_s[last] - times_s[first])
        })
        .collect()
}

/// The strongest of each foot's points, in each frame.
fn by_side(points: &[ContactPoint], standing: &[Vec<f64>], frames: usize) -> PerSide<Vec<f64>> {
    PerSide::from_fn(|side| {
        (0..frames)
            .map(|frame| {
                let interval = frame.min(frames - 2);
                points
                    .iter()
                    .zip(standing)
                    .filter(|(point, _)| point.side == side)
                    .map(|(_, standing)| standing[interval])
                    .fold(0.0, f64::max)
            })
            .collect()
    })
}
