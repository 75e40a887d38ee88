//! Faults of keypoints of one camera.

use nalgebra::Point2;

use super::super::{Camera, Noise, Projection, SyntheticTrial, film, noise};
use super::{Fault, camera, length_m};
use crate::Side;
use crate::keypoints::{Keypoint, Keypoints2d};
use crate::skeleton::{Joint, on};
use crate::time::TimeBase;
use crate::trial::{Recording, Trial};

pub(super) fn recorded(fault: Fault, trial: &SyntheticTrial) -> Trial {
    let beside = camera(trial);
    let moved = match fault {
        Fault::LeavesPicture => Camera {
            projection: Projection::Pinhole { focal_px: 3400.0 },
            height_m: 0.9,
            ..beside
        },
        Fault::TiltedCamera => Camera {
            roll_deg: 12.0,
            ..beside
        },
        Fault::FrontalView => Camera::in_front(length_m(trial)),
        Fault::StrongPerspective => Camera {
            azimuth_deg: 55.0,
            distance_m: 0.55 * length_m(trial) + 1.5,
            projection: Projection::Pinhole { focal_px: 900.0 },
            ..beside
        },
        _ => beside,
    };
    let filmed = film(trial, &moved);
    Trial {
        recording: Recording::Keypoints(spoil(fault, &filmed)),
        ..trial.recorded()
    }
}

pub(super) fn spoil(fault: Fault, clean: &Keypoints2d) -> Keypoints2d {
    let leg_px = leg_px(clean);
    let noisy = |spec: Noise| noise(clean, &spec);
    match fault {
        Fault::KeypointRateHalved => {
            let times_s = clean.time().times_s().iter().map(|t| 2.0 * t).collect();
            let time = TimeBase::new(times_s).expect("scaled times increase");
            rebuilt(clean, time, clean.points().to_vec())
        }
        Fault::LegSwaps => noisy(Noise {
            seed: 3,
            swap_share: 0.12,
            swap_frames: 4,
            ..Noise::default()
        }),
        Fault::KeypointAnotherPerson => another_person(clean, leg_px),
        Fault::KeypointJitter => noisy(Noise {
            seed: 7,
            jitter_px: 0.05 * leg_px,
            ..Noise::default()
        }),
        Fault::KeypointOutliers => noisy(Noise {
            seed: 9,
            outlier_share: 0.04,
            outlier_px: leg_px,
            ..Noise::default()
        }),
        Fault::KeypointSideMissing => changed(clean, |joint, _, point| {
            point.filter(|_| {
                !(joint.side() == Some(Side::Left) && super::super::noise::is_of_leg(joint))
            })
        }),
        Fault::LowConfidence => changed(clean, |_, _, point| {
            point.map(|point| Keypoint {
                confidence: 0.35 * point.confidence,
                ..point
            })
        }),
        Fault::RotatedPicture => rotated(clean),
        Fault::KeypointReversedTime => {
            let points = (0..clean.frames())
                .rev()
                .flat_map(|frame| clean.frame(frame).iter().copied())
                .collect();
            rebuilt(clean, clean.time().clone(), points)
        }
        _ => clean.clone(),
    }
}

fn rebuilt(keypoints: &Keypoints2d, time: TimeBase, points: Vec<Option<Keypoint>>) -> Keypoints2d {
    Keypoints2d::new(
        keypoints.joints().to_vec(),
        time,
        keypoints.image_size_px(),
        points,
    )
    .expect("a spoiled recording keeps its shape")
}

fn changed(
    keypoints: &Keypoints2d,
    change: impl Fn(Joint, usize, Option<Keypoint>) -> Option<Keypoint>,
) -> Keypoints2d {
    let joints = keypoints.joints();
    let points = keypoints
        .points()
        .iter()
        .enumerate()
        .map(|(index, &point)| change(joints[index % joints.len()], index / joints.len(), point))
        .collect();
    rebuilt(keypoints, keypoints.time().clone(), points)
}

/// A taller person a leg's length behind.
fn another_person(clean: &Keypoints2d, leg_px: f64) -> Keypoints2d {
    let middle = clean.frames() / 2;
    let floor_px = clean
        .points()
        .iter()
        .flatten()
        .map(|point| point.position_px.y)
        .fold(0.0, f64::max);
    changed(clean, |_, frame, point| {
        point.map(|mut point| {
            if frame >= middle {
                let at = point.position_px;
                point.position_px = Point2::new(
                    at.x * 1.2 - 1.3 * leg_px,
                    floor_px + (at.y - floor_px) * 1.2,
                );
            }
            point
        })
    })
}

/// A picture turned by a quarter: what a phone held upright gives when its note is ignored.
fn rotated(clean: &Keypoints2d) -> Keypoints2d {
    let [width, height] = clean.image_size_px().unwrap_or([1920, 1080]);
    let points = clean
        .points()
        .iter()
        .map(|point| {
            point.map(|point| Keypoint {
                position_px: Point2::new(
                    point.position_px.y,
                    f64::from(width) - point.position_px.x,
                ),
                ..point
            })
        })
        .collect();
    Keypoints2d::new(
        clean.joints().to_vec(),
        clean.time().clone(),
        Some([height, width]),
        points,
    )
    .expect("a turned recording keeps its shape")
}

/// Hip to knee to ankle in the first frame that shows them.
fn leg_px(keypoints: &Keypoints2d) -> f64 {
    let side = Side::Right;
    let chain = [on::hip(side), on::knee(side), on::ankle(side)]
        .map(|joint| keypoints.trajectory(joint).unwrap_or_default());
    (0..keypoints.frames())
        .find_map(|frame| {
            let at = |part: &Vec<Option<Keypoint>>| {
                part.get(frame)
                    .copied()
                    .flatten()
                    .map(|point| point.position_px)
            };
            let (hip, knee, ankle) = (at(&chain[0])?, at(&chain[1])?, at(&chain[2])?);
            Some((hip - knee).norm() + (knee - ankle).norm())
        })
        .unwrap_or(100.0)
}
