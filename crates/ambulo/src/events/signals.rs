//! What the detectors look at: feet relative to the pelvis and to the ground, along the local
//! direction of walking.

use nalgebra::{Point3, Vector2, Vector3};

use super::dense::dense;
use super::{EventKind, GaitEvent};
use crate::bouts::{Path, median, stride_period_s, stride_velocity};
use crate::signal::derivative::{derivative, second_derivative};
use crate::skeleton::{Joint, on};
use crate::walk::{Surface, View, Walk};
use crate::{PerSide, Side};

/// A signal, one value a frame; `None` beside gaps.
pub(crate) type Signal = Vec<Option<f64>>;

/// Signals of one foot. Lengths are in the walk's unit, times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Foot {
    /// Heel (else ankle) ahead of the pelvis.
    pub(crate) heel_ahead: Signal,
    /// Toe (else ankle) ahead of the pelvis.
    pub(crate) toe_ahead: Signal,
    /// Ankle (else heel) ahead of the pelvis.
    pub(crate) ankle_ahead: Signal,
    /// Forward velocity of the heel over the ground.
    pub(crate) heel_forward: Signal,
    /// Forward velocity of the toe over the ground.
    pub(crate) toe_forward: Signal,
    /// Height of the heel.
    pub(crate) heel_height: Signal,
    /// Height of the middle of heel and toe.
    pub(crate) centre_height: Signal,
    /// Height of the ankle.
    pub(crate) ankle_height: Signal,
    /// Vertical acceleration of the heel.
    pub(crate) heel_lift: Signal,
    /// Vertical velocity of the middle of heel and toe.
    pub(crate) centre_rise: Signal,
    /// Forward acceleration of the toe.
    pub(crate) toe_surge: Signal,
    /// Whether heel and toe are both measured, rather than the ankle standing for one.
    pub(crate) has_sole: bool,
}

/// What the detectors look at, made from a walk.
#[derive(Debug, Clone, PartialEq)]
pub struct FootSignals {
    /// Times of the signals, from the walk's first frame.
    pub(crate) times_s: Vec<f64>,
    /// Times of the walk's own frames; the signals may be denser.
    frames_s: Vec<f64>,
    pub(crate) start_s: f64,
    pub(crate) start_frame: usize,
    pub(crate) view: View,
    pub(crate) stride_s: Option<f64>,
    /// Forward speed of the body over the ground.
    pub(crate) speed: Signal,
    pub(crate) feet: PerSide<Option<Foot>>,
    /// Size of the trunk in the picture, for frontal views.
    pub(crate) trunk: Signal,
}

impl FootSignals {
    /// The signals of a walk.
    pub fn of(walk: &Walk) -> Self {
        let frames_s = walk.time().times_s().to_vec();
        let walk = &dense(walk);
        let times_s = walk.time().times_s().to_vec();
        let frames = times_s.len();
        let pelvis = walk.trajectory(Joint::Pelvis).map(<[_]>::to_vec);
        let stride_s = rhythm(walk, pelvis.as_deref());
        let ways = local_ways(walk, pelvis.as_deref(), stride_s);
        let belt = match walk.surface() {
            Surface::Treadmill { .. } => true,
            Surface::Overground => false,
        };
        let mut feet = PerSide::from_fn(|side| foot(walk, side, pelvis.as_deref(), &ways));
        let speed = if belt {
            let belt_speed = belt_speed(walk, &feet);
            for foot in [&mut feet.left, &mut feet.right].into_iter().flatten() {
                for signal in [&mut foot.heel_forward, &mut foot.toe_forward] {
                    for value in signal.iter_mut().flatten() {
                        *value += belt_speed;
                    }
                }
            }
            vec![Some(belt_speed); frames]
        } else {
            ways.iter().map(|way| way.map(|(_, speed)| speed)).collect()
        };
        Self {
            frames_s,
            start_s: walk.start_time_s(),
            start_frame: walk.start_frame(),
            view: walk.view(),
            stride_s,
            speed,
            feet,
            trunk: trunk(walk),
            times_s,
        }
    }

    /// Duration of a stride as the feet repeat it; `None` where no rhythm was found.
    pub fn stride_period_s(&self) -> Option<f64> {
        self.stride_s
    }

    /// An event at a time of the walk.
    pub(crate) fn event(
        &self,
        side: Side,
        kind: EventKind,
        time_s: f64,
        confidence: f64,
    ) -> GaitEvent {
        let after = self.frames_s.partition_point(|&t| t < time_s);
        let last = self.frames_s.len().saturating_sub(1);
        let nearest = match after.checked_sub(1) {
            None => 0,
            Some(before) if after > last => before,
            Some(before) => {
                if time_s - self.frames_s[before] <= self.frames_s[after] - time_s {
                    before
                } else {
                    after
                }
            }
        };
        GaitEvent {
            side,
            kind,
            time_s: self.start_s + time_s,
            frame: self.start_frame + nearest,
            confidence,
            source: super::EventSource::Consensus,
        }
    }
}

/// Left minus right ankle along the way: ahead of each other from the side, up and down in front.
fn rhythm(walk: &Walk, pelvis: Option<&[Option<Point3<f64>>]>) -> Option<f64> {
    let times_s = walk.time().times_s();
    let feet = PerSide {
        left: walk.trajectory(walk.ankle(Side::Left).or(walk.foot(Side::Left))?)?,
        right: walk.trajectory(walk.ankle(Side::Right).or(walk.foot(Side::Right))?)?,
    };
    let facing = facing(walk);
    let values: Signal = (0..times_s.len())
        .map(|frame| {
            let exchange = feet.left[frame]? - feet.right[frame]?;
            if walk.view() == View::Frontal {
                return Some(exchange.y);
            }
            let way = facing[frame]
                .or_else(|| moved(times_s, pelvis?, frame))
                .unwrap_or(Vector2::x());
            Some(exchange.x * way.x + exchange.z * way.y)
        })
        .collect();
    stride_period_s(times_s, &values)
}

/// Unit displacement of the pelvis over a second.
fn moved(times_s: &[f64], pelvis: &[Option<Point3<f64>>], frame: usize) -> Option<Vector2<f64>> {
    let window = crate::bouts::frames_between(times_s, times_s[frame] - 0.5, times_s[frame] + 0.5);
    let mut known = pelvis[window].iter().flatten();
    let (first, last) = (known.next()?, known.next_back()?);
    Vector2::new(last.x - first.x, last.z - first.z).try_normalize(0.1)
}

/// Which way the pelvis faces, in a spatial walk.
fn facing(walk: &Walk) -> Vec<Option<Vector2<f64>>> {
    let none = vec![None; walk.frames()];
    if walk.view() != View::Spatial {
        return none;
    }
    let lines = [
        on::hip as fn(Side) -> Joint,
        on::asis,
        on::psis,
        on::shoulder,
    ];
    lines
        .into_iter()
        .find_map(|joint| {
            let left = walk.trajectory(joint(Side::Left))?;
            let right = walk.trajectory(joint(Side::Right))?;
            Some(
                left.iter()
                    .zip(right)
                    .map(|(left, right)| {
                        let ahead = Vector3::y().cross(&((*right)? - (*left)?));
                        Vector2::new(ahead.x, ahead.z).try_normalize(1e-6)
                    })
                    .collect(),
            )
        })
        .unwrap_or(none)
}

/// The unit direction of walking and the speed along it, for each frame.
fn local_ways(
    walk: &Walk,
    pelvis: Option<&[Option<Point3<f64>>]>,
    stride_s: Option<f64>,
) -> Vec<Option<(Vector2<f64>, f64)>> {
    let frames = walk.frames();
    let times_s = walk.time().times_s();
    let Some(pelvis) = pelvis else {
        return vec![Some((Vector2::x(), 0.0)); frames];
    };
    let flat = pelvis
        .iter()
        .map(|p| p.map(|p| Vector2::new(p.x, p.z)))
        .collect();
    let path = Path::bridged(times_s, flat, 0.5);
    let velocity = stride_velocity(&path, 0..frames, stride_s.unwrap_or(1.1));
    let on_belt = matches!(walk.surface(), Surface::Treadmill { .. });
    let facing = facing(walk);
    let fast = walk.leg_length().unwrap_or(0.85) * 0.3;
    velocity
        .into_iter()
        .zip(facing)
        .map(|(velocity, facing)| {
            let velocity = velocity?;
            if walk.view() != View::Spatial || on_belt {
                return Some((Vector2::x(), velocity.x));
            }
            let speed = velocity.norm();
            let way = if speed >= fast {
                velocity / speed
            } else {
                // Too slow for the path to show a direction: the body's facing does.
                facing.or_else(|| velocity.try_normalize(1e-6))?
            };
            Some((way, speed))
        })
        .collect()
}

fn foot(
    walk: &Walk,
    side: Side,
    pelvis: Option<&[Option<Point3<f64>>]>,
    ways: &[Option<(Vector2<f64>, f64)>],
) -> Option<Foot> {
    let times_s = walk.time().times_s();
    let heel_joint = walk.foot(side).or(walk.toe(side))?;
    let toe_joint = walk.toe(side).or(walk.foot(side))?;
    let heel = walk.trajectory(heel_joint)?;
    let toe = walk.trajectory(toe_joint)?;
    let ankle = walk.trajectory(walk.ankle(side).unwrap_or(heel_joint))?;
    let ahead = |points: &[Option<Point3<f64>>]| -> Signal {
        (0..points.len())
            .map(|frame| {
                let offset = points[frame]? - pelvis?[frame]?;
                let (way, _) = ways[frame]?;
                Some(offset.x * way.x + offset.z * way.y)
            })
            .collect()
    };
    let forward = |points: &[Option<Point3<f64>>]| -> Signal {
        let along = |axis: usize| {
            let values: Signal = points.iter().map(|p| p.map(|p| p[axis])).collect();
            derivative(times_s, &values)
        };
        let (x, z) = (along(0), along(2));
        (0..points.len())
            .map(|frame| {
                let (way, _) = ways[frame]?;
                Some(x[frame]? * way.x + z[frame]? * way.y)
            })
            .collect()
    };
    let height = |points: &[Option<Point3<f64>>]| -> Signal {
        points.iter().map(|p| p.map(|p| p.y)).collect()
    };
    let (heel_height, toe_height) = (height(heel), height(toe));
    let centre_height: Signal = heel_height
        .iter()
        .zip(&toe_height)
        .map(|(h, t)| Some(f64::midpoint((*h)?, (*t)?)))
        .collect();
    let toe_forward = forward(toe);
    Some(Foot {
        heel_ahead: ahead(heel),
        toe_ahead: ahead(toe),
        ankle_ahead: ahead(ankle),
        heel_forward: forward(heel),
        heel_lift: second_derivative(times_s, &heel_height),
        centre_rise: derivative(times_s, &centre_height),
        toe_surge: derivative(times_s, &toe_forward),
        toe_forward,
        heel_height,
        centre_height,
        ankle_height: height(ankle),
        has_sole: heel_joint == on::heel(side) && toe_joint != heel_joint,
    })
}

/// Speed of the belt: declared, else how fast the standing feet are carried back.
fn belt_speed(walk: &Walk, feet: &PerSide<Option<Foot>>) -> f64 {
    if let Surface::Treadmill {
        belt_speed_mps: Some(speed),
    } = walk.surface()
        && matches!(walk.unit(), crate::walk::LengthUnit::Metres { .. })
    {
        return speed;
    }
    // A foot stands for some three fifths of the time: the middle of that is the slowest 30 %.
    let carried: Vec<f64> = feet
        .iter()
        .filter_map(|(_, foot)| {
            let mut velocities: Vec<f64> = foot
                .as_ref()?
                .heel_forward
                .iter()
                .flatten()
                .copied()
                .collect();
            velocities.sort_by(f64::total_cmp);
            velocities.get(velocities.len() * 3 / 10).map(|v| -v)
        })
        .collect();
    median(carried).unwrap_or(0.0).max(0.0)
}

fn trunk(walk: &Walk) -> Signal {
    let shoulders: Vec<_> = Side::BOTH
        .into_iter()
        .filter_map(|side| walk.trajectory(walk.shoulder(side)?))
        .collect();
    let pelvis = walk.trajectory(Joint::Pelvis);
    (0..walk.frames())
        .map(|frame| {
            let known: Vec<f64> = shoulders.iter().filter_map(|s| Some(s[frame]?.y)).collect();
            let top = known.iter().sum::<f64>() / known.len() as f64;
            let bottom = pelvis?[frame]?.y;
            (!known.is_empty()).then_some(top - bottom)
        })
        .collect()
}
