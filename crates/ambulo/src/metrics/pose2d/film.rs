//! The keypoints of a film against given ones, frame by frame.
//!
//! Given keypoints are another detector's, or places in space as a calibrated camera sees them. They are no
//! truth: what they disagree about among themselves is printed beside.

use serde::Serialize;

use super::super::MetricError;
use super::pck::PCK_SHARE;
use crate::Side;
use crate::keypoints::Keypoints2d;
use crate::skeleton::{Joint, on};

/// How far one joint is from where it was given, over a film.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct JointDistance {
    /// Places given with enough confidence.
    pub given: usize,
    /// Of these, places at which the film's keypoints have the joint.
    pub found: usize,
    /// Median distance where both have it.
    pub median_px: Option<f64>,
}

/// Legs that are where they were given.
///
/// A joint is right within [`PCK_SHARE`] of the given torso, from the middle of the shoulders to that of the
/// hips, the median over the film. A joint that the film's keypoints lack is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LegShares {
    /// Share of knees and ankles.
    pub joints: f64,
    /// Share of legs, with knee and ankle both right.
    pub legs: f64,
    /// Share of frames, with all of both legs right.
    pub frames: f64,
}

/// Legs with the sides as they are, and with the film's sides exchanged: the second tells wrong sides from
/// wrong places.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LegAgreement {
    /// Sides as they are.
    pub strict: LegShares,
    /// The film's left and right exchanged in every frame.
    pub exchanged: LegShares,
    /// In each frame the better of both.
    pub better: LegShares,
    /// Legs that were given, knee and ankle, in all frames.
    pub given: usize,
}

/// Share of the frames in which any joint was found.
pub fn share_found(found: &Keypoints2d) -> f64 {
    let frames = found.frames();
    let shown = (0..frames)
        .filter(|&frame| found.frame(frame).iter().any(Option::is_some))
        .count();
    shown as f64 / frames.max(1) as f64
}

/// How far these joints, taken together, are from where they were given with `least` confidence.
///
/// # Errors
///
/// [`MetricError::LengthMismatch`] if the films differ in length.
pub fn distance(
    found: &Keypoints2d,
    given: &Keypoints2d,
    joints: &[Joint],
    least: f64,
) -> Result<JointDistance, MetricError> {
    let index_of = |of: &Keypoints2d, joint: Joint| of.joints().iter().position(|&j| j == joint);
    check(found, given)?;
    let mut distances = Vec::new();
    let mut places = 0;
    for &joint in joints {
        let Some(given_at) = index_of(given, joint) else {
            continue;
        };
        let found_at = index_of(found, joint);
        for frame in 0..given.frames() {
            let Some(place) = given.frame(frame)[given_at].filter(|p| p.confidence >= least) else {
                continue;
            };
            places += 1;
            if let Some(point) = found_at.and_then(|at| found.frame(frame)[at]) {
                let apart = nalgebra::distance(&point.position_px, &place.position_px);
                distances.push(apart);
            }
        }
    }
    Ok(JointDistance {
        given: places,
        found: distances.len(),
        median_px: median(distances),
    })
}

/// How often the legs are where they were given with `least` confidence; `None` if no leg or no torso was
/// given.
///
/// # Errors
///
/// [`MetricError::LengthMismatch`] if the films differ in length.
pub fn legs(
    found: &Keypoints2d,
    given: &Keypoints2d,
    least: f64,
) -> Result<Option<LegAgreement>, MetricError> {
    check(found, given)?;
    let at = |of: &Keypoints2d, frame: usize, joint: Joint, least: f64| {
        let index = of.joints().iter().position(|&have| have == joint)?;
        of.frame(frame)[index]
            .filter(|point| point.confidence >= least)
            .map(|point| point.position_px)
    };
    let torso = |frame: usize| {
        let middle = |of: fn(Side) -> Joint| {
            let [left, right] = Side::BOTH.map(|side| at(given, frame, of(side), least));
            Some(nalgebra::center(&left?, &right?))
        };
        Some(nalgebra::distance(
            &middle(on::shoulder)?,
            &middle(on::hip)?,
        ))
    };
    let Some(torso_px) = median((0..given.frames()).filter_map(torso).collect()) else {
        return Ok(None);
    };
    let mut counts = [Count::default(); 3];
    for frame in 0..given.frames() {
        // Strict, then exchanged: for each leg whether knee and ankle are right, where given.
        let judged = [false, true].map(|exchanged| {
            Side::BOTH.map(|side| {
                [on::knee, on::ankle].map(|joint: fn(Side) -> Joint| {
                    let place = at(given, frame, joint(side), least)?;
                    let ours = if exchanged { side.opposite() } else { side };
                    let found = at(found, frame, joint(ours), f64::NEG_INFINITY);
                    let apart = found.map(|found| nalgebra::distance(&found, &place));
                    Some(apart.is_some_and(|apart| apart <= PCK_SHARE * torso_px))
                })
            })
        });
        let right = |legs: &[[Option<bool>; 2]; 2]| {
            let all = legs.iter().flatten().flatten();
            all.filter(|&&right| right).count()
        };
        let better = if right(&judged[1]) > right(&judged[0]) {
            judged[1]
        } else {
            judged[0]
        };
        for (count, legs) in counts.iter_mut().zip([judged[0], judged[1], better]) {
            count.add(legs);
        }
    }
    let [strict, exchanged, better] = counts;
    let (Some(strict_shares), Some(exchanged), Some(better)) =
        (strict.shares(), exchanged.shares(), better.shares())
    else {
        return Ok(None);
    };
    Ok(Some(LegAgreement {
        strict: strict_shares,
        exchanged,
        better,
        given: strict.legs[1],
    }))
}

/// Right ones and given ones.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    joints: [usize; 2],
    legs: [usize; 2],
    frames: [usize; 2],
}

impl Count {
    fn add(&mut self, legs: [[Option<bool>; 2]; 2]) {
        let put = |count: &mut [usize; 2], right: bool| {
            count[0] += usize::from(right);
            count[1] += 1;
        };
        for joint in legs.iter().flatten().flatten() {
            put(&mut self.joints, *joint);
        }
        let whole = |leg: &[Option<bool>; 2]| Some(leg[0]? && leg[1]?);
        for right in legs.iter().filter_map(whole) {
            put(&mut self.legs, right);
        }
        if let [Some(left), Some(right)] = [whole(&legs[0]), whole(&legs[1])] {
            put(&mut self.frames, left && right);
        }
    }

    fn shares(self) -> Option<LegShares> {
        let share = |[right, given]: [usize; 2]| (given > 0).then(|| right as f64 / given as f64);
        Some(LegShares {
            joints: share(self.joints)?,
            legs: share(self.legs)?,
            frames: share(self.frames)?,
        })
    }
}

fn check(found: &Keypoints2d, given: &Keypoints2d) -> Result<(), MetricError> {
    let (predicted, reference) = (found.frames(), given.frames());
    if predicted == reference {
        Ok(())
    } else {
        Err(MetricError::LengthMismatch {
            predicted,
            reference,
        })
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keypoints::Keypoint;
    use crate::skeleton::COCO_23;
    use crate::time::TimeBase;
    use nalgebra::Point2;

    /// Somebody with a torso of 100 px, legs 40 px apart; `edit` moves or drops a joint.
    fn film(edit: impl Fn(usize, Joint, [f64; 2]) -> Option<[f64; 2]>) -> Keypoints2d {
        let place = |joint: Joint| {
            let side = if joint.name().starts_with("left") {
                40.0
            } else {
                0.0
            };
            let down = match joint {
                Joint::LeftShoulder | Joint::RightShoulder => 0.0,
                Joint::LeftHip | Joint::RightHip => 100.0,
                Joint::LeftKnee | Joint::RightKnee => 200.0,
                Joint::LeftAnkle | Joint::RightAnkle => 300.0,
                _ => 50.0,
            };
            [side, down]
        };
        let points = (0..4)
            .flat_map(|frame| COCO_23.joints.iter().map(move |&joint| (frame, joint)))
            .map(|(frame, joint)| {
                edit(frame, joint, place(joint)).map(|at| Keypoint {
                    position_px: Point2::from(at),
                    confidence: 0.8,
                })
            })
            .collect();
        let time = TimeBase::uniform(4, 30.0).unwrap();
        Keypoints2d::new(COCO_23.joints.to_vec(), time, None, points).unwrap()
    }

    fn as_given() -> Keypoints2d {
        film(|_, _, at| Some(at))
    }

    #[test]
    fn distances_are_medians_over_the_places_that_both_have() {
        let moved = film(|frame, joint, [x, y]| match (frame, joint) {
            (0, Joint::LeftKnee) => None,
            (_, Joint::LeftKnee) => Some([x + 3.0, y + 4.0]),
            _ => Some([x, y]),
        });
        let of = |joints: &[Joint]| distance(&moved, &as_given(), joints, 0.5).unwrap();
        let knee = of(&[Joint::LeftKnee]);
        assert_eq!(
            (knee.given, knee.found, knee.median_px),
            (4, 3, Some(5.0)),
            "{knee:?}"
        );
        assert_eq!(
            of(&[Joint::LeftKnee, Joint::RightKnee]).median_px,
            Some(0.0)
        );
        let unsure = distance(&moved, &as_given(), &[Joint::LeftKnee], 0.9).unwrap();
        assert_eq!((unsure.given, unsure.median_px), (0, None));
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "shares of a few frames are exact")]
    fn exchanged_legs_are_wrong_unless_exchanged_back() {
        let mirrored = film(|frame, _, [x, y]| {
            let legs = y >= 200.0;
            let exchanged = legs && (frame == 1 || frame == 2);
            Some(if exchanged { [40.0 - x, y] } else { [x, y] })
        });
        let agreement = legs(&mirrored, &as_given(), 0.5).unwrap().unwrap();
        assert_eq!(agreement.strict.frames, 0.5);
        assert_eq!(agreement.exchanged.frames, 0.5);
        assert_eq!(agreement.better.frames, 1.0);
        assert_eq!(agreement.given, 8);
    }

    #[test]
    fn a_leg_is_wrong_if_its_ankle_is_missing_or_far() {
        let lame = film(|frame, joint, [x, y]| match (frame, joint) {
            (0, Joint::LeftAnkle) => None,
            (1, Joint::LeftAnkle) => Some([x + 21.0, y]),
            (2, Joint::LeftAnkle) => Some([x + 19.0, y]),
            _ => Some([x, y]),
        });
        let shares = legs(&lame, &as_given(), 0.5).unwrap().unwrap().strict;
        assert_eq!(
            (shares.joints, shares.legs, shares.frames),
            (14.0 / 16.0, 6.0 / 8.0, 0.5)
        );
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "shares of a few frames are exact")]
    fn films_of_other_lengths_are_refused_and_empty_ones_show_nobody() {
        let short = as_given().cut(0..3);
        assert!(distance(&short, &as_given(), &[], 0.5).is_err());
        assert!(legs(&short, &as_given(), 0.5).is_err());
        let nobody = film(|frame, _, at| (frame == 3).then_some(at));
        assert_eq!(share_found(&nobody), 0.25);
        let torsoless = film(|_, joint, at| (joint != Joint::LeftHip).then_some(at));
        assert_eq!(legs(&as_given(), &torsoless, 0.5).unwrap(), None);
    }
}
