//! The share of correct keypoints (PCK): joints nearer to their place than a share of the torso.

use serde::{Deserialize, Serialize};

use crate::skeleton::{COCO_23, Joint};
use crate::synth::SeededRng;

/// What counts as the length of a torso.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Torso {
    /// From the middle of the shoulders to the middle of the hips: the stricter one.
    Midline,
    /// From a shoulder to the opposite hip, the mean of both ways: usual for Leeds Sports Poses.
    Diagonal,
}

/// Whether sides count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// Left is left.
    Strict,
    /// The whole person may be answered with left and right exchanged, where that is better.
    Better,
}

/// One picture's joints, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct PckPicture {
    /// Whether each joint is correct; `None` where the reference has none.
    strict: Vec<Option<bool>>,
    /// The same, with the answer's sides exchanged.
    exchanged: Vec<Option<bool>>,
}

/// A share of correct keypoints.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pck {
    /// The share, from 0 to 1: correct joints of all labelled ones.
    pub share: f64,
    /// Its 95 % interval, by drawing pictures anew; `None` for a single picture.
    pub interval: Option<[f64; 2]>,
    /// Labelled joints.
    pub joints: usize,
    /// Pictures with any of them.
    pub pictures: usize,
}

/// The usual share of the torso.
pub const PCK_SHARE: f64 = 0.2;
/// Draws for an interval.
const DRAWS: usize = 1000;
const SEED: u64 = 0x5043_4B32;

impl PckPicture {
    /// Judges an answer. Joints are the first of [`COCO_23`], in its order; a `None` in the answer is
    /// wrong wherever the reference has a joint.
    ///
    /// `None` if the reference's torso is unknown or has no length.
    pub fn of(
        answer: &[Option<[f64; 2]>],
        reference: &[Option<[f64; 2]>],
        share: f64,
        torso: Torso,
    ) -> Option<Self> {
        let length = torso_px(reference, torso)?;
        let judge = |joint: usize, answered: usize| {
            let reference = (*reference.get(joint)?)?;
            let Some(at) = answer.get(answered).copied().flatten() else {
                return Some(false);
            };
            let apart = (at[0] - reference[0]).hypot(at[1] - reference[1]);
            Some(apart <= share * length)
        };
        let joints = reference.len().min(COCO_23.joints.len());
        let partner = |joint: usize| {
            let mirrored = COCO_23.joints[joint].mirrored();
            COCO_23.index_of(mirrored).unwrap_or(joint)
        };
        Some(Self {
            strict: (0..joints).map(|joint| judge(joint, joint)).collect(),
            exchanged: (0..joints)
                .map(|joint| judge(joint, partner(joint)))
                .collect(),
        })
    }

    /// Correct and labelled ones of some joints.
    fn count(&self, joints: &[usize], sides: Sides) -> [usize; 2] {
        let count = |judged: &[Option<bool>]| {
            let known: Vec<bool> = joints
                .iter()
                .filter_map(|&joint| judged.get(joint).copied().flatten())
                .collect();
            [
                known.iter().filter(|&&correct| correct).count(),
                known.len(),
            ]
        };
        let all = |judged: &[Option<bool>]| judged.iter().flatten().filter(|&&ok| ok).count();
        match sides {
            Sides::Better if all(&self.exchanged) > all(&self.strict) => count(&self.exchanged),
            Sides::Better | Sides::Strict => count(&self.strict),
        }
    }
}

/// The length of the reference's torso in pixels; `None` if a shoulder or hip that it needs is not
/// labelled, or it has no length.
pub fn torso_px(reference: &[Option<[f64; 2]>], torso: Torso) -> Option<f64> {
    let at = |joint: Joint| *reference.get(COCO_23.index_of(joint)?)?;
    let apart = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]);
    let shoulders = [at(Joint::LeftShoulder), at(Joint::RightShoulder)];
    let hips = [at(Joint::LeftHip), at(Joint::RightHip)];
    let length = match torso {
        Torso::Midline => {
            let middle = |pair: [Option<[f64; 2]>; 2]| {
                let [a, b] = [pair[0]?, pair[1]?];
                Some([f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1])])
            };
            apart(middle(shoulders)?, middle(hips)?)
        }
        Torso::Diagonal => {
            let ways = [(shoulders[0], hips[1]), (shoulders[1], hips[0])];
            let known: Vec<f64> = ways
                .iter()
                .filter_map(|&(shoulder, hip)| Some(apart(shoulder?, hip?)))
                .collect();
            if known.is_empty() {
                return None;
            }
            known.iter().sum::<f64>() / known.len() as f64
        }
    };
    (length.is_finite() && length > 0.0).then_some(length)
}

/// The share of correct keypoints among some joints (places in [`COCO_23`]) of all pictures; `None` if
/// none of them is labelled. The same pictures always give the same interval.
pub fn share_correct(pictures: &[&PckPicture], joints: &[usize], sides: Sides) -> Option<Pck> {
    let counts: Vec<[usize; 2]> = pictures
        .iter()
        .map(|picture| picture.count(joints, sides))
        .filter(|&[_, labelled]| labelled > 0)
        .collect();
    if counts.is_empty() {
        return None;
    }
    let total = counts
        .iter()
        .fold([0, 0], |sum, count| [sum[0] + count[0], sum[1] + count[1]]);
    let mut rng = SeededRng::new(SEED);
    let mut drawn: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let sum = (0..counts.len()).fold([0, 0], |sum, _| {
                let count = counts[rng.below(counts.len())];
                [sum[0] + count[0], sum[1] + count[1]]
            });
            sum[0] as f64 / sum[1] as f64
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let cut = DRAWS / 40;
    Some(Pck {
        share: total[0] as f64 / total[1] as f64,
        interval: (counts.len() > 1).then(|| [drawn[cut], drawn[DRAWS - 1 - cut]]),
        joints: total[1],
        pictures: counts.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEGS: [usize; 4] = [13, 14, 15, 16];

    /// Someone 100 px from shoulders to hips, seen from the front: left is to the right.
    fn reference() -> Vec<Option<[f64; 2]>> {
        let mut joints = vec![None; 23];
        for (row, (left, right)) in [(5, 6), (11, 12), (13, 14), (15, 16)]
            .into_iter()
            .enumerate()
        {
            let y = 100.0 * row as f64;
            joints[left] = Some([60.0, y]);
            joints[right] = Some([0.0, y]);
        }
        joints
    }

    fn exchanged() -> Vec<Option<[f64; 2]>> {
        let mut joints = reference();
        for left in [5, 11, 13, 15] {
            joints.swap(left, left + 1);
        }
        joints
    }

    fn judged(answer: &[Option<[f64; 2]>]) -> PckPicture {
        PckPicture::of(answer, &reference(), PCK_SHARE, Torso::Midline).unwrap()
    }

    #[test]
    fn torso_lengths_are_along_the_middle_or_across() {
        assert_eq!(torso_px(&reference(), Torso::Midline), Some(100.0));
        let across = torso_px(&reference(), Torso::Diagonal).unwrap();
        assert!((across - 60.0_f64.hypot(100.0)).abs() < 1e-9);
        let mut armless = reference();
        armless[5] = None;
        assert_eq!(torso_px(&armless, Torso::Midline), None);
        assert!(torso_px(&armless, Torso::Diagonal).is_some());
        assert_eq!(torso_px(&[], Torso::Diagonal), None);
    }

    #[test]
    fn a_joint_is_correct_up_to_the_share_and_wrong_beyond_or_absent() {
        let mut answer = reference();
        answer[13] = Some([60.0 + 20.0, 200.0]);
        answer[14] = Some([0.0, 200.0 - 20.1]);
        answer[15] = None;
        let judged = judged(&answer);
        let of = |joint: usize| {
            share_correct(&[&judged], &[joint], Sides::Strict)
                .unwrap()
                .share
        };
        let found = [of(13), of(14), of(15), of(16)].map(|share| share > 0.5);
        assert_eq!(found, [true, false, false, true]);
        assert!(share_correct(&[&judged], &[0], Sides::Strict).is_none());
    }

    #[test]
    fn exchanged_sides_are_wrong_unless_the_better_side_counts() {
        let judged = judged(&exchanged());
        let of = |sides| share_correct(&[&judged], &LEGS, sides).unwrap().share;
        assert_eq!((of(Sides::Strict), of(Sides::Better)), (0.0, 1.0));
    }

    #[test]
    fn the_interval_draws_pictures_not_joints() {
        let (right, wrong) = (judged(&reference()), judged(&exchanged()));
        let pictures: Vec<&PckPicture> = (0..100)
            .map(|index| if index < 80 { &right } else { &wrong })
            .collect();
        let pck = share_correct(&pictures, &LEGS, Sides::Strict).unwrap();
        assert_eq!((pck.share, pck.joints, pck.pictures), (0.8, 400, 100));
        let [low, high] = pck.interval.unwrap();
        // 1.96 · √(0.8 · 0.2 / 100) is 0.078; four joints a picture that fail together change nothing.
        assert!(
            (0.70..0.74).contains(&low) && (0.86..0.90).contains(&high),
            "{low} {high}"
        );
    }
}
