//! Where the pelvis, the legs and the feet are, whatever points the recording names.

use nalgebra::{Point3, Vector3};

use super::path::median;
use crate::skeleton::{Joint, on};
use crate::{PerSide, Side};

/// A point in each frame, `None` where it is missing.
pub(crate) type Found = Vec<Option<Point3<f64>>>;

/// The middle of the pelvis: hip centres first, then spines and sacrum.
///
/// One definition serves the whole recording, so that it never jumps from one to another: the
/// first in order that is known nearly as often as the best.
pub(crate) fn pelvis_points(trajectory: impl Fn(Joint) -> Option<Found>) -> Option<Found> {
    let mean = |joints: &[Joint]| mean_of(&trajectory, joints);
    let choices = [
        mean(&[Joint::Pelvis]),
        mean(&[Joint::LeftHip, Joint::RightHip]),
        mean(&[
            Joint::LeftAsis,
            Joint::RightAsis,
            Joint::LeftPsis,
            Joint::RightPsis,
        ]),
        mean(&[Joint::LeftAsis, Joint::RightAsis])
            .zip(mean(&[Joint::Sacrum]))
            .map(|(front, back)| middle(&front, &back)),
        mean(&[Joint::Sacrum]),
        mean(&[Joint::LeftAsis, Joint::RightAsis]),
        mean(&[Joint::LeftPsis, Joint::RightPsis]),
        mean(&[Joint::LeftTrochanter, Joint::RightTrochanter]),
    ];
    let known = |found: &Found| found.iter().flatten().count();
    let best = choices.iter().flatten().map(known).max()?;
    choices
        .into_iter()
        .flatten()
        .find(|found| best > 0 && known(found) * 10 >= best * 9)
}

/// The point a foot's travel is read from, and whatever else the leg offers if that is missing.
pub(crate) fn foot_points(
    trajectory: impl Fn(Joint) -> Option<Found>,
    side: Side,
) -> Option<Found> {
    let choices = [
        on::ankle(side),
        on::lateral_malleolus(side),
        on::heel(side),
        on::toe(side),
        on::big_toe(side),
    ];
    let found: Vec<Found> = choices.into_iter().filter_map(&trajectory).collect();
    let known = |found: &Found| found.iter().flatten().count();
    let best = found.iter().map(known).max()?;
    found
        .into_iter()
        .find(|found| best > 0 && known(found) * 10 >= best * 9)
}

/// From the subject's left to right across the pelvis, else across the shoulders.
pub(crate) fn rightward(
    trajectory: impl Fn(Joint) -> Option<Found>,
) -> Option<Vec<Option<Vector3<f64>>>> {
    let pairs = [
        on::hip as fn(Side) -> Joint,
        on::asis,
        on::psis,
        on::shoulder,
        on::acromion,
    ];
    let lines: Vec<Vec<Option<Vector3<f64>>>> = pairs
        .iter()
        .filter_map(|joint| {
            let left = trajectory(joint(Side::Left))?;
            let right = trajectory(joint(Side::Right))?;
            Some(
                left.iter()
                    .zip(&right)
                    .map(|(l, r)| Some((*r)? - (*l)?))
                    .collect(),
            )
        })
        .collect();
    let known = |line: &Vec<Option<Vector3<f64>>>| line.iter().flatten().count();
    let best = lines.iter().map(known).max()?;
    lines
        .into_iter()
        .find(|line| best > 0 && known(line) * 10 >= best * 9)
}

/// The way a foot points: heel to toe, else ankle to toe.
pub(crate) fn foot_pointing(
    trajectory: impl Fn(Joint) -> Option<Found>,
    side: Side,
) -> Option<Vec<Option<Vector3<f64>>>> {
    let first = |joints: &[Joint]| joints.iter().copied().find_map(&trajectory);
    let back = first(&[on::heel(side), on::ankle(side), on::lateral_malleolus(side)])?;
    let front = first(&[on::toe(side), on::big_toe(side), on::toe_tip(side)])?;
    Some(
        back.iter()
            .zip(&front)
            .map(|(b, f)| Some((*f)? - (*b)?))
            .collect(),
    )
}

/// Hip to knee to ankle along both legs: the median over frames, then the mean of the sides.
pub(crate) fn leg_length(trajectory: impl Fn(Joint) -> Option<Found>) -> Option<f64> {
    let legs = PerSide::from_fn(|side| {
        let first = |joints: &[Joint]| joints.iter().copied().find_map(&trajectory);
        let hip = first(&[on::hip(side), on::trochanter(side), on::asis(side)])?;
        let ankle = first(&[on::ankle(side), on::lateral_malleolus(side), on::heel(side)])?;
        let knee = first(&[on::knee(side), on::lateral_knee(side)]);
        let lengths = (0..hip.len())
            .filter_map(|frame| {
                let (hip, ankle) = (hip[frame]?, ankle[frame]?);
                Some(match &knee {
                    Some(knee) => (knee[frame]? - hip).norm() + (ankle - knee[frame]?).norm(),
                    None => (ankle - hip).norm(),
                })
            })
            .collect();
        median(lengths)
    });
    match (legs.left, legs.right) {
        (Some(left), Some(right)) => Some(f64::midpoint(left, right)),
        (one, other) => one.or(other),
    }
    .filter(|&length| length > 0.0)
}

fn mean_of(trajectory: &impl Fn(Joint) -> Option<Found>, joints: &[Joint]) -> Option<Found> {
    let parts: Vec<Found> = joints
        .iter()
        .map(|&joint| trajectory(joint))
        .collect::<Option<_>>()?;
    let frames = parts.first()?.len();
    let share = 1.0 / parts.len() as f64;
    Some(
        (0..frames)
            .map(|frame| {
                parts.iter().try_fold(Point3::origin(), |sum, part| {
                    part[frame].map(|p| sum + p.coords * share)
                })
            })
            .collect(),
    )
}

fn middle(a: &Found, b: &Found) -> Found {
    a.iter()
        .zip(b)
        .map(|(a, b)| Some(nalgebra::center(&(*a)?, &(*b)?)))
        .collect()
}
