//! The whole body's centre of mass, from its segments.

use nalgebra::{Point3, Vector3};
use serde::{Deserialize, Serialize};

use crate::parameters::{hips_at, pelvis_at, shoulders_at};
use crate::skeleton::{Joint, on};
use crate::walk::Walk;
use crate::{PerSide, Side};

/// Where the centre of mass comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method")]
pub enum CentreOfMassMethod {
    /// The laboratory's own model, as stored in the file.
    File,
    /// The weighted mean of the segments.
    Segments {
        /// Share of the body's mass whose segments are measured.
        mass_share: f64,
    },
    /// The pelvis stands for it: too few segments are measured.
    Pelvis,
}

/// The centre of mass over a bout.
#[derive(Debug, Clone, PartialEq)]
pub struct CentreOfMass {
    /// Where it comes from.
    pub method: CentreOfMassMethod,
    /// Its position in each frame of the walk, in the walk's unit.
    pub positions: Vec<Option<Point3<f64>>>,
}

// Shares of the body's mass, and where along the segment its centre lies from the first end.
// Source: Winter (2009), "Biomechanics and motor control of human movement", table 4.1.
const HEAD_AND_NECK: f64 = 0.081;
const TRUNK: (f64, f64) = (0.497, 0.5);
const UPPER_ARM: (f64, f64) = (0.028, 0.436);
const FOREARM: (f64, f64) = (0.016, 0.430);
const HAND: f64 = 0.006;
const THIGH: (f64, f64) = (0.100, 0.433);
const SHANK: (f64, f64) = (0.0465, 0.433);
const FOOT: f64 = 0.0145;

/// Least share of the mass that makes a centre: trunk, thighs and shanks together have 0.79.
const LEAST_SHARE: f64 = 0.75;

/// The centre of mass: the file's own, else from segments, else the pelvis.
///
/// Segments that are not measured are left out and their mass is not replaced; the method says
/// how much of the body was measured. One set of segments serves the whole bout, so that a wrist
/// that vanishes for a frame makes a gap, not a jump.
pub fn centre_of_mass(walk: &Walk) -> CentreOfMass {
    if let Some(positions) = walk.trajectory(Joint::CentreOfMass) {
        return CentreOfMass {
            method: CentreOfMassMethod::File,
            positions: positions.to_vec(),
        };
    }
    let sides = PerSide::from_fn(|side| limbs(walk, side));
    let middle = middle_segments(walk);
    let groups = [&middle, &sides.left, &sides.right];
    let mass_share: f64 = groups.into_iter().flatten().map(Segment::mass).sum();
    let times_s = walk.time().times_s();
    if mass_share < LEAST_SHARE {
        return CentreOfMass {
            method: CentreOfMassMethod::Pelvis,
            positions: times_s.iter().map(|&t| pelvis_at(walk, t)).collect(),
        };
    }
    let at = |time_s: f64| {
        let moment = |group: &[Segment]| {
            group.iter().try_fold(Vector3::zeros(), |sum, segment| {
                Some(sum + segment.centre(walk, time_s)?.coords * segment.mass())
            })
        };
        // Left and right are added to each other first: a mirrored walk then has the same bits.
        let limbs = moment(&sides.left)? + moment(&sides.right)?;
        Some(Point3::from((moment(&middle)? + limbs) / mass_share))
    };
    CentreOfMass {
        method: CentreOfMassMethod::Segments { mass_share },
        positions: times_s.iter().map(|&t| at(t)).collect(),
    }
}

/// A segment that the walk can show.
enum Segment {
    /// From the shoulders' middle to the hips' middle.
    Trunk,
    /// The mean of these points.
    Head(Vec<Joint>),
    /// Between two joints: mass, share of the way from the first.
    Limb(Joint, Joint, (f64, f64)),
}

impl Segment {
    fn mass(&self) -> f64 {
        match self {
            Self::Trunk => TRUNK.0,
            Self::Head(_) => HEAD_AND_NECK,
            Self::Limb(_, _, (mass, _)) => *mass,
        }
    }

    fn centre(&self, walk: &Walk, time_s: f64) -> Option<Point3<f64>> {
        let (from, to, share) = match self {
            Self::Head(points) => {
                let sum = points.iter().try_fold(Vector3::zeros(), |sum, &point| {
                    Some(sum + walk.position_at(point, time_s)?.coords)
                })?;
                return Some(Point3::from(sum / points.len() as f64));
            }
            Self::Trunk => (shoulders_at(walk, time_s)?, hips_at(walk, time_s)?, TRUNK.1),
            Self::Limb(from, to, (_, share)) => (
                walk.position_at(*from, time_s)?,
                walk.position_at(*to, time_s)?,
                *share,
            ),
        };
        Some(from + (to - from) * share)
    }
}

fn middle_segments(walk: &Walk) -> Vec<Segment> {
    let has = |point: fn(&Walk, f64) -> Option<Point3<f64>>| {
        walk.time()
            .times_s()
            .iter()
            .any(|&t| point(walk, t).is_some())
    };
    let mut segments = Vec::new();
    if has(shoulders_at) && has(hips_at) {
        segments.push(Segment::Trunk);
    }
    segments.extend(head(walk).map(Segment::Head));
    segments
}

/// Points whose mean is the head's centre: the ears, markers all round, or what stands for it.
fn head(walk: &Walk) -> Option<Vec<Joint>> {
    let ears = [Joint::LeftEar, Joint::RightEar];
    let markers = [
        Joint::LeftFrontHead,
        Joint::RightFrontHead,
        Joint::LeftBackHead,
        Joint::RightBackHead,
    ];
    [&ears[..], &markers[..]]
        .into_iter()
        .find(|all| all.iter().all(|&joint| walk.trajectory(joint).is_some()))
        .map(<[Joint]>::to_vec)
        .or_else(|| {
            let choices = [
                Joint::Head,
                Joint::Nose,
                Joint::HeadTop,
                Joint::Neck,
                Joint::C7,
                Joint::Thorax,
            ];
            Some(vec![walk.first_present(&choices)?])
        })
}

fn limbs(walk: &Walk, side: Side) -> Vec<Segment> {
    let hip = walk.first_present(&[on::hip(side), on::trochanter(side)]);
    let (knee, ankle) = (walk.knee(side), walk.ankle(side));
    let elbow = walk.first_present(&[on::elbow(side), on::lateral_elbow(side)]);
    let wrist = walk.first_present(&[
        on::wrist(side),
        on::thumb_wrist(side),
        on::little_wrist(side),
    ]);
    let foot = walk.toe(side).zip(walk.foot(side));
    let hand = walk.first_present(&[on::hand(side)]).or(wrist);
    let chain = [
        (hip.zip(knee), THIGH),
        (knee.zip(ankle), SHANK),
        (foot.or(ankle.zip(ankle)), (FOOT, 0.5)),
        (walk.shoulder(side).zip(elbow), UPPER_ARM),
        (elbow.zip(wrist), FOREARM),
        (hand.zip(hand), (HAND, 0.5)),
    ];
    chain
        .into_iter()
        .filter_map(|(ends, part)| {
            let (from, to) = ends?;
            Some(Segment::Limb(from, to, part))
        })
        .collect()
}
