//! The body as a ruler: its segments in pixels, and what share of the height they are.

use nalgebra::Point2;

use crate::Side;
use crate::keypoints::Keypoints2d;
use crate::skeleton::{Joint, on};

/// Thigh and shank as a share of standing height (Winter 2009: hip 0.530, ankle 0.039).
const LEG: f64 = 0.491;
/// Hips to the midpoint of the shoulders (Winter 2009: shoulder 0.818, hip 0.530).
const TRUNK: f64 = 0.288;
/// Shoulders to the top of the head.
const HEAD_TOP: f64 = 0.182;
/// Shoulders to the ear: the head above it makes a standing person 1.08 times as tall as the ear.
const EAR: f64 = 0.110;

/// Which segments were summed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segments {
    Leg,
    LegAndTrunk,
    LegTrunkAndHead,
}

/// The body's height in pixels, from its segments, in each frame that shows them.
#[derive(Debug, Clone)]
pub(super) struct BodyLengths {
    pub(super) segments: Segments,
    /// Share of the height that the segments cover.
    pub(super) covered: f64,
    /// Thigh and shank as a share of the height in pixels, as this recording shows it.
    pub(super) leg_share: f64,
    /// Height in pixels, by frame.
    pub(super) height_px: Vec<Option<f64>>,
    /// Horizontal place of the hips, by frame.
    pub(super) hip_x_px: Vec<Option<f64>>,
}

impl BodyLengths {
    /// Frames in which the height is known.
    pub(super) fn frames(&self) -> usize {
        self.height_px.iter().flatten().count()
    }

    /// Sums the segments: leg, trunk and head where most frames show them.
    pub(super) fn measure(keypoints: &Keypoints2d) -> Self {
        let seen = Seen::new(keypoints);
        let frames = 0..keypoints.frames();
        let legs: Vec<Option<f64>> = frames.clone().map(|f| seen.leg_px(f)).collect();
        let trunks: Vec<Option<f64>> = frames.clone().map(|f| seen.trunk_px(f)).collect();
        let heads: Vec<Option<(f64, f64)>> = frames.clone().map(|f| seen.head_px(f)).collect();
        let with_leg = legs.iter().flatten().count();
        let with = |has: &dyn Fn(usize) -> bool| {
            let count = frames
                .clone()
                .filter(|&f| legs[f].is_some() && has(f))
                .count();
            count > 0 && 2 * count >= with_leg
        };
        let segments = if with(&|f| trunks[f].is_some() && heads[f].is_some()) {
            Segments::LegTrunkAndHead
        } else if with(&|f| trunks[f].is_some()) {
            Segments::LegAndTrunk
        } else {
            Segments::Leg
        };
        let mut covered = LEG;
        let mut shares = Vec::new();
        let height_px = frames
            .clone()
            .map(|f| {
                let leg_px = legs[f]?;
                let (mut sum_px, mut share) = (leg_px, LEG);
                if segments != Segments::Leg {
                    sum_px += trunks[f]?;
                    share += TRUNK;
                }
                if segments == Segments::LegTrunkAndHead {
                    let (head_px, head_share) = heads[f]?;
                    sum_px += head_px;
                    share += head_share;
                }
                covered = share;
                let height_px = sum_px / share;
                shares.push(leg_px / height_px);
                Some(height_px)
            })
            .collect();
        Self {
            segments,
            covered,
            leg_share: middle_mean(&mut shares).unwrap_or(LEG),
            height_px,
            hip_x_px: frames.map(|f| Some(seen.hips(f)?.x)).collect(),
        }
    }
}

/// Median length of thigh and shank together in pixels; `None` if no frame shows a whole leg.
pub fn leg_length_px(keypoints: &Keypoints2d) -> Option<f64> {
    let seen = Seen::new(keypoints);
    let mut legs: Vec<f64> = (0..keypoints.frames())
        .filter_map(|frame| seen.leg_px(frame))
        .filter(|&length_px| length_px > 0.0)
        .collect();
    middle_mean(&mut legs)
}

/// Mean of the middle half of the values.
pub(super) fn middle_mean(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let quarter = values.len() / 4;
    let middle = &values[quarter..values.len() - quarter];
    (!middle.is_empty()).then(|| middle.iter().sum::<f64>() / middle.len() as f64)
}

/// Places of joints, by frame.
struct Seen<'a> {
    keypoints: &'a Keypoints2d,
}

impl<'a> Seen<'a> {
    fn new(keypoints: &'a Keypoints2d) -> Self {
        Self { keypoints }
    }

    fn place(&self, joint: Joint, frame: usize) -> Option<Point2<f64>> {
        let index = self
            .keypoints
            .joints()
            .iter()
            .position(|&have| have == joint)?;
        self.keypoints.frame(frame)[index].map(|point| point.position_px)
    }

    /// The midpoint of a left and a right joint, or the one that is seen.
    fn middle(&self, joint: fn(Side) -> Joint, frame: usize) -> Option<Point2<f64>> {
        let [left, right] = Side::BOTH.map(|side| self.place(joint(side), frame));
        match (left, right) {
            (Some(left), Some(right)) => Some(nalgebra::center(&left, &right)),
            (one, other) => one.or(other),
        }
    }

    fn hips(&self, frame: usize) -> Option<Point2<f64>> {
        self.middle(on::hip, frame)
            .or_else(|| self.place(Joint::Pelvis, frame))
    }

    fn shoulders(&self, frame: usize) -> Option<Point2<f64>> {
        self.middle(on::shoulder, frame)
            .or_else(|| self.place(Joint::Neck, frame))
    }

    /// Thigh and shank: the mean of both legs, which stand on either side of the walk's plane.
    fn leg_px(&self, frame: usize) -> Option<f64> {
        let [left, right] = Side::BOTH.map(|side| {
            let knee = self.place(on::knee(side), frame)?;
            let hip = self.place(on::hip(side), frame)?;
            let ankle = self.place(on::ankle(side), frame)?;
            Some(nalgebra::distance(&hip, &knee) + nalgebra::distance(&knee, &ankle))
        });
        match (left, right) {
            (Some(left), Some(right)) => Some(f64::midpoint(left, right)),
            (one, other) => one.or(other),
        }
    }

    fn trunk_px(&self, frame: usize) -> Option<f64> {
        Some(nalgebra::distance(
            &self.hips(frame)?,
            &self.shoulders(frame)?,
        ))
    }

    /// Length of the head above the shoulders, and the share of the height that it stands for.
    fn head_px(&self, frame: usize) -> Option<(f64, f64)> {
        let shoulders = self.shoulders(frame)?;
        if let Some(top) = self.place(Joint::HeadTop, frame) {
            return Some((nalgebra::distance(&shoulders, &top), HEAD_TOP));
        }
        let ear = self.middle(on::ear, frame)?;
        Some((nalgebra::distance(&shoulders, &ear), EAR))
    }
}
