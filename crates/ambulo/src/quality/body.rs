//! One form of motion and keypoints for the checks: points over time, with Y up.

use nalgebra::Vector3;

use crate::skeleton::{Joint, on};
use crate::trial::Recording;
use crate::{PerSide, Side};

/// A point over time.
pub(super) type Track = Vec<Option<Vector3<f64>>>;

/// The recording as tracks. Keypoints have Y turned up and Z zero.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) times_s: Vec<f64>,
    /// Whether these are keypoints of one camera.
    pub(super) flat: bool,
    joints: Vec<Joint>,
    tracks: Vec<Track>,
}

impl Body {
    pub(super) fn of(recording: &Recording, min_confidence: f64) -> Self {
        match recording {
            Recording::Motion(motion) => {
                let joints = motion.joints().to_vec();
                let tracks = (0..joints.len())
                    .map(|index| {
                        (0..motion.frames())
                            .map(|frame| motion.frame(frame)[index].map(|p| p.coords))
                            .collect()
                    })
                    .collect();
                Self {
                    times_s: motion.time().times_s().to_vec(),
                    flat: false,
                    joints,
                    tracks,
                }
            }
            Recording::Keypoints(keypoints) => {
                let joints = keypoints.joints().to_vec();
                let tracks = (0..joints.len())
                    .map(|index| {
                        (0..keypoints.frames())
                            .map(|frame| {
                                keypoints.frame(frame)[index]
                                    .filter(|point| point.confidence >= min_confidence)
                                    .map(|point| {
                                        Vector3::new(point.position_px.x, -point.position_px.y, 0.0)
                                    })
                            })
                            .collect()
                    })
                    .collect();
                Self {
                    times_s: keypoints.time().times_s().to_vec(),
                    flat: true,
                    joints,
                    tracks,
                }
            }
        }
    }

    pub(super) fn frames(&self) -> usize {
        self.times_s.len()
    }

    /// The track of a joint that is seen at least once.
    pub(super) fn track(&self, joint: Joint) -> Option<&Track> {
        let index = self.joints.iter().position(|&have| have == joint)?;
        let track = &self.tracks[index];
        track.iter().any(Option::is_some).then_some(track)
    }

    /// The first of these joints that is seen at least once.
    pub(super) fn first(&self, choices: &[Joint]) -> Option<&Track> {
        choices.iter().find_map(|&joint| self.track(joint))
    }

    pub(super) fn hip(&self, side: Side) -> Option<&Track> {
        self.first(&[on::hip(side), on::trochanter(side), on::asis(side)])
    }

    pub(super) fn knee(&self, side: Side) -> Option<&Track> {
        self.first(&[on::knee(side), on::lateral_knee(side)])
    }

    pub(super) fn ankle(&self, side: Side) -> Option<&Track> {
        self.first(&[on::ankle(side), on::lateral_malleolus(side)])
    }

    pub(super) fn heel(&self, side: Side) -> Option<&Track> {
        self.track(on::heel(side))
    }

    pub(super) fn toe(&self, side: Side) -> Option<&Track> {
        self.first(&[on::toe(side), on::big_toe(side), on::toe_tip(side)])
    }

    pub(super) fn shoulder(&self, side: Side) -> Option<&Track> {
        self.first(&[on::shoulder(side), on::acromion(side)])
    }

    /// The parts of a leg from the hip down, each with its place in the order.
    pub(super) fn leg(&self, side: Side) -> [Option<&Track>; 5] {
        [
            self.hip(side),
            self.knee(side),
            self.ankle(side),
            self.heel(side),
            self.toe(side),
        ]
    }

    /// The middle of a pair, else of one side where only that is seen.
    fn middle<'a>(&'a self, pick: impl Fn(&'a Self, Side) -> Option<&'a Track>) -> Option<Track> {
        let (left, right) = (pick(self, Side::Left), pick(self, Side::Right));
        if left.is_none() && right.is_none() {
            return None;
        }
        let at = |track: Option<&Track>, frame: usize| track.and_then(|track| track[frame]);
        Some(
            (0..self.frames())
                .map(|frame| match (at(left, frame), at(right, frame)) {
                    (Some(a), Some(b)) => Some((a + b) * 0.5),
                    _ => None,
                })
                .collect(),
        )
    }

    /// The middle of the pelvis.
    pub(super) fn pelvis(&self) -> Option<Track> {
        let middle = self
            .middle(Self::hip)
            .filter(|track| track.iter().any(Option::is_some));
        middle.or_else(|| self.first(&[Joint::Pelvis, Joint::Sacrum]).cloned())
    }

    /// The upper end of the trunk.
    pub(super) fn neck(&self) -> Option<Track> {
        let middle = self
            .middle(Self::shoulder)
            .filter(|track| track.iter().any(Option::is_some));
        middle.or_else(|| {
            self.first(&[
                Joint::Neck,
                Joint::Thorax,
                Joint::C7,
                Joint::Head,
                Joint::Nose,
                Joint::HeadTop,
            ])
            .cloned()
        })
    }

    /// The middle of the ankles.
    pub(super) fn ankles(&self) -> Option<Track> {
        self.middle(Self::ankle)
    }

    /// Hip to knee to ankle in each frame: the mean of the sides that are seen.
    pub(super) fn leg_lengths(&self) -> Vec<Option<f64>> {
        (0..self.frames())
            .map(|frame| {
                let seen: Vec<f64> = Side::BOTH
                    .into_iter()
                    .filter_map(|side| {
                        let hip = self.hip(side)?[frame]?;
                        let knee = self.knee(side)?[frame]?;
                        let ankle = self.ankle(side)?[frame]?;
                        Some((hip - knee).norm() + (knee - ankle).norm())
                    })
                    .collect();
                mean(&seen)
            })
            .collect()
    }

    /// The usual leg length, in the recording's own unit; `None` if no leg is ever seen whole.
    pub(super) fn leg_length(&self) -> Option<f64> {
        let lengths: Vec<f64> = self.leg_lengths().into_iter().flatten().collect();
        median(lengths).filter(|&leg| leg > 0.0)
    }

    /// The way the body faces in each frame: along the feet, or where none are seen, towards the
    /// side to which the knees bend.
    pub(super) fn facing(&self) -> Vec<Option<Vector3<f64>>> {
        let feet = PerSide::from_fn(|side| self.heel(side).zip(self.toe(side)));
        let of_feet = feet.left.is_some() || feet.right.is_some();
        (0..self.frames())
            .map(|frame| {
                let mut sum = Vector3::zeros();
                for side in Side::BOTH {
                    let part = if of_feet {
                        let Some((heel, toe)) = feet.get(side) else {
                            continue;
                        };
                        heel[frame].zip(toe[frame]).map(|(heel, toe)| toe - heel)
                    } else {
                        self.knee_bend(side, frame)
                    };
                    sum += part.unwrap_or_default();
                }
                sum.y = 0.0;
                sum.try_normalize(1e-9)
            })
            .collect()
    }

    /// From the line between hip and ankle to the knee.
    fn knee_bend(&self, side: Side, frame: usize) -> Option<Vector3<f64>> {
        let hip = self.hip(side)?[frame]?;
        let knee = self.knee(side)?[frame]?;
        let ankle = self.ankle(side)?[frame]?;
        let line = (ankle - hip).try_normalize(1e-9)?;
        let out = knee - hip;
        Some(out - line * line.dot(&out))
    }

    /// Movement of the pelvis over the lower foot from the frame before to this one, horizontal:
    /// how far the step carries the body, on a belt too.
    pub(super) fn strides_ahead(&self) -> Vec<Option<Vector3<f64>>> {
        let pelvis = self.pelvis();
        let (Some(pelvis), Some(left), Some(right)) =
            (pelvis, self.ankle(Side::Left), self.ankle(Side::Right))
        else {
            return vec![None; self.frames()];
        };
        (0..self.frames())
            .map(|frame| {
                let before = frame.checked_sub(1)?;
                let (l0, l1, r0, r1) = (left[before]?, left[frame]?, right[before]?, right[frame]?);
                let foot = if l0.y + l1.y < r0.y + r1.y {
                    l1 - l0
                } else {
                    r1 - r0
                };
                let mut step = pelvis[frame]? - pelvis[before]? - foot;
                step.y = 0.0;
                Some(step)
            })
            .collect()
    }
}

pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The middle value; `None` if there are none.
pub(super) fn median(values: Vec<f64>) -> Option<f64> {
    quantile(values, 0.5)
}

/// The value below which this share of the values lies; `None` if there are none.
pub(super) fn quantile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length is a small positive number"
    )]
    let index = (share * (values.len() - 1) as f64).round() as usize;
    values.get(index).copied()
}

/// From low to high without the outer twentieths.
pub(super) fn inner_range(values: Vec<f64>) -> Option<f64> {
    Some(quantile(values.clone(), 0.95)? - quantile(values, 0.05)?)
}
