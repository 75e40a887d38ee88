//! Faults of motion in space.

use nalgebra::{Point3, Vector3};

use super::super::{SeededRng, SyntheticTrial, noise_m};
use super::Fault;
use crate::Side;
use crate::motion::Motion3d;
use crate::skeleton::{Joint, on};
use crate::time::TimeBase;
use crate::trial::{Recording, Trial};

type Positions = Vec<Option<Point3<f64>>>;

pub(super) fn recorded(fault: Fault, trial: &SyntheticTrial) -> Trial {
    let mut recorded = Trial {
        recording: Recording::Motion(spoil(fault, &trial.motion)),
        ..trial.recorded()
    };
    if fault == Fault::WrongHeight {
        recorded.subject.height_m = Some(0.75 * trial.walker.height_m);
    }
    recorded
}

pub(super) fn spoil(fault: Fault, motion: &Motion3d) -> Motion3d {
    match fault {
        Fault::SidesExchanged => renamed(motion, Joint::mirrored),
        Fault::MirroredWorld => moved(motion, |p| Point3::new(p.x, p.y, -p.z)),
        Fault::WrongUpAxis => moved(motion, |p| Point3::new(p.x, -p.z, p.y)),
        Fault::MillimetresAsMetres => moved(motion, |p| p * 1000.0),
        Fault::ScaleTenth => moved(motion, |p| p * 0.1),
        Fault::ScaleDouble => moved(motion, |p| p * 2.0),
        Fault::RateDoubled => timed(motion, 0.5),
        Fault::RateHalved => timed(motion, 2.0),
        Fault::ReversedTime => picked(motion, &(0..motion.frames()).rev().collect::<Vec<_>>()),
        Fault::MissingStretch => missing(motion, |_, frame| {
            frame * 4 > motion.frames() && frame * 4 < 3 * motion.frames()
        }),
        Fault::SideMissing => missing(motion, |joint, _| is_leg(joint, Side::Left)),
        Fault::AnotherPerson => another_person(motion),
        Fault::FrozenFrames => frozen(motion),
        Fault::DroppedFrames => {
            let burst = seconds(motion, 0.12).max(2);
            let every = seconds(motion, 0.9).max(burst + 2);
            let kept: Vec<usize> = (0..motion.frames())
                .filter(|frame| frame % every >= burst || *frame < every)
                .collect();
            picked(motion, &kept)
        }
        Fault::LostFrames => lost_frames(motion),
        Fault::HeelToeExchanged => renamed(motion, heel_toe),
        Fault::Spikes => spikes(motion),
        Fault::Jitter => noise_m(motion, 0.03, 11),
        Fault::StuckFoot => stuck(motion),
        Fault::StandingOnly => standing(motion),
        Fault::TooShort => picked(motion, &(0..seconds(motion, 1.0)).collect::<Vec<_>>()),
        _ => motion.clone(),
    }
}

/// Frames in a duration, at least one and at most all.
fn seconds(motion: &Motion3d, duration_s: f64) -> usize {
    motion
        .time()
        .times_s()
        .partition_point(|&time_s| time_s < duration_s)
        .max(1)
}

fn is_leg(joint: Joint, side: Side) -> bool {
    joint.side() == Some(side) && super::super::noise::is_of_leg(joint)
}

fn rebuilt(joints: Vec<Joint>, time: TimeBase, positions_m: Positions) -> Motion3d {
    Motion3d::new(joints, time, positions_m).expect("a spoiled recording keeps its shape")
}

fn renamed(motion: &Motion3d, name: impl Fn(Joint) -> Joint) -> Motion3d {
    rebuilt(
        motion.joints().iter().map(|&joint| name(joint)).collect(),
        motion.time().clone(),
        motion.positions_m().to_vec(),
    )
}

fn moved(motion: &Motion3d, place: impl Fn(Point3<f64>) -> Point3<f64>) -> Motion3d {
    let positions = motion.positions_m().iter().map(|p| p.map(&place)).collect();
    rebuilt(motion.joints().to_vec(), motion.time().clone(), positions)
}

fn timed(motion: &Motion3d, factor: f64) -> Motion3d {
    let times_s = motion.time().times_s().iter().map(|t| t * factor).collect();
    rebuilt(
        motion.joints().to_vec(),
        TimeBase::new(times_s).expect("scaled times increase"),
        motion.positions_m().to_vec(),
    )
}

/// These frames in this order, at the recording's own rate.
fn picked(motion: &Motion3d, frames: &[usize]) -> Motion3d {
    let rate_hz = motion.time().rate_hz().unwrap_or(100.0);
    let positions = frames
        .iter()
        .flat_map(|&frame| motion.frame(frame).iter().copied())
        .collect();
    rebuilt(
        motion.joints().to_vec(),
        TimeBase::uniform(frames.len(), rate_hz).expect("a rate of a recording is possible"),
        positions,
    )
}

fn missing(motion: &Motion3d, gone: impl Fn(Joint, usize) -> bool) -> Motion3d {
    let joints = motion.joints();
    let positions = motion
        .positions_m()
        .iter()
        .enumerate()
        .map(|(index, p)| p.filter(|_| !gone(joints[index % joints.len()], index / joints.len())))
        .collect();
    rebuilt(joints.to_vec(), motion.time().clone(), positions)
}

/// A smaller person, half a metre to the side and a little behind.
fn another_person(motion: &Motion3d) -> Motion3d {
    let count = motion.joints().len();
    let middle = motion.frames() / 2;
    let positions = motion
        .positions_m()
        .iter()
        .enumerate()
        .map(|(index, p)| {
            p.map(|p| {
                if index / count < middle {
                    p
                } else {
                    p * 0.82 + Vector3::new(-0.9, 0.0, 0.6)
                }
            })
        })
        .collect();
    rebuilt(motion.joints().to_vec(), motion.time().clone(), positions)
}

fn frozen(motion: &Motion3d) -> Motion3d {
    let from = motion.frames() * 2 / 5;
    let to = from + seconds(motion, 0.5);
    let frames: Vec<usize> = (0..motion.frames())
        .map(|frame| {
            if (from..to).contains(&frame) {
                from
            } else {
                frame
            }
        })
        .collect();
    picked(motion, &frames)
}

fn lost_frames(motion: &Motion3d) -> Motion3d {
    let times_s = motion.time().times_s();
    let kept: Vec<usize> = (0..motion.frames())
        .filter(|&frame| times_s[frame] % 0.8 < 0.6 || frame == 0)
        .collect();
    let positions = kept
        .iter()
        .flat_map(|&frame| motion.frame(frame).iter().copied())
        .collect();
    let kept_s = kept.iter().map(|&frame| times_s[frame]).collect();
    rebuilt(
        motion.joints().to_vec(),
        TimeBase::new(kept_s).expect("times of kept frames increase"),
        positions,
    )
}

fn heel_toe(joint: Joint) -> Joint {
    let Some(side) = joint.side() else {
        return joint;
    };
    if joint == on::heel(side) {
        on::toe(side)
    } else if joint == on::toe(side) {
        on::heel(side)
    } else {
        joint
    }
}

fn spikes(motion: &Motion3d) -> Motion3d {
    let mut rng = SeededRng::new(23);
    let positions = motion
        .positions_m()
        .iter()
        .map(|p| {
            let thrown = rng.unit() < 0.02;
            let throw = Vector3::from_fn(|_, _| 0.5 * rng.normal());
            p.map(|p| if thrown { p + throw } else { p })
        })
        .collect();
    rebuilt(motion.joints().to_vec(), motion.time().clone(), positions)
}

fn stuck(motion: &Motion3d) -> Motion3d {
    let joints = motion.joints();
    let of_foot = |joint: Joint| {
        let side = Side::Right;
        [on::ankle(side), on::heel(side), on::toe(side)].contains(&joint)
    };
    let positions = motion
        .positions_m()
        .iter()
        .enumerate()
        .map(|(index, &p)| {
            let place = index % joints.len();
            if of_foot(joints[place]) {
                motion.positions_m()[place]
            } else {
                p
            }
        })
        .collect();
    rebuilt(joints.to_vec(), motion.time().clone(), positions)
}

/// The first frame over and over, with the small movements of someone who stands.
fn standing(motion: &Motion3d) -> Motion3d {
    let mut rng = SeededRng::new(5);
    let positions = (0..motion.frames())
        .flat_map(|frame| {
            let sway_m = 0.01 * (motion.time().times_s()[frame] * 1.5).sin();
            motion
                .frame(0)
                .iter()
                .map(|p| {
                    p.map(|p| {
                        p + Vector3::new(sway_m * p.y, 0.0, 0.0)
                            + Vector3::from_fn(|_, _| 0.0003 * rng.normal())
                    })
                })
                .collect::<Vec<_>>()
        })
        .collect();
    rebuilt(motion.joints().to_vec(), motion.time().clone(), positions)
}
