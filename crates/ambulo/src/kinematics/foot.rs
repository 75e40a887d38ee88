//! The foot's long axis, and the pitch at which it rests flat.

use nalgebra::{Point3, Rotation3, Vector3};

use super::FootZero;
use super::space::{SegmentSpace, unit};
use crate::Side;
use crate::skeleton::{Joint, on};
use crate::walk::Walk;

/// Share of the samples that the flattest stretch must hold: the foot rests flat for more than a
/// quarter of every cycle of ordinary walking, at any speed.
const FLAT_SHARE: f64 = 0.25;

/// Resting pitches that the places of the heel's and the toe's point explain, degrees: markers on
/// the forefoot lie up to 9° above the heel's in Plug-in Gait recordings, detected heels above toes.
const SLOPE_OF_POINTS_DEG: std::ops::RangeInclusive<f64> = -5.0..=12.0;

/// The long axis of one foot in every frame, and how it was found.
pub(super) struct Foot {
    /// From heel (or ankle) to forefoot, in walking space.
    pub axis: Vec<Option<Vector3<f64>>>,
    /// What to subtract from its sagittal pitch, radians.
    pub flat_pitch_rad: f64,
    /// Whether the zero is an estimate: the ankle stood in for the heel.
    pub approximate: bool,
}

impl Foot {
    /// The foot's space in one frame: X along its axis with the flat pitch taken off, Z as near to
    /// `right` as that allows.
    pub(super) fn space(&self, frame: usize, right: Vector3<f64>) -> Option<SegmentSpace> {
        let turn = Rotation3::new(unit(right)? * -self.flat_pitch_rad);
        let forward = turn * self.axis[frame]?;
        SegmentSpace::facing(forward, right)
    }
}

/// The foot of one side, or `None` if the walk lacks its points.
pub(super) fn foot(walk: &Walk, side: Side, zero: FootZero) -> Option<Foot> {
    let heel = walk.first_present(&[on::heel(side)]);
    let back = heel.or_else(|| walk.ankle(side))?;
    let axis: Vec<Option<Vector3<f64>>> = (0..walk.frames())
        .map(|frame| Some(forefoot(walk, side, frame)? - walk.position(back, frame)?))
        .collect();
    let approximate = heel.is_none();
    let pitches: Vec<f64> = axis.iter().flatten().map(|&axis| pitch_rad(axis)).collect();
    let resting_rad = resting(pitches)?;
    let level = match zero {
        _ if approximate => true,
        FootZero::FlatFoot => true,
        FootZero::HeelToToe => false,
        FootZero::Auto => SLOPE_OF_POINTS_DEG.contains(&resting_rad.to_degrees()),
    };
    let flat_pitch_rad = if level { resting_rad } else { 0.0 };
    Some(Foot {
        axis,
        flat_pitch_rad,
        approximate,
    })
}

/// Pitch of a foot's axis as seen from the side: toes above the heel are positive.
pub(super) fn pitch_rad(axis: Vector3<f64>) -> f64 {
    axis.y.atan2(axis.x)
}

/// The forefoot: the toe, else the middle of the first and fifth metatarsal heads, else the big toe.
fn forefoot(walk: &Walk, side: Side, frame: usize) -> Option<Point3<f64>> {
    let ball = [on::first_metatarsal(side), on::fifth_metatarsal(side)];
    if walk.trajectory(on::toe(side)).is_none()
        && ball.iter().all(|&joint| walk.trajectory(joint).is_some())
    {
        let at = |joint: Joint| walk.position(joint, frame);
        return Some(nalgebra::center(&at(ball[0])?, &at(ball[1])?));
    }
    walk.position(walk.toe(side)?, frame)
}

/// Middle of the narrowest interval that holds [`FLAT_SHARE`] of the values: where the foot stays
/// longest, which is flat on the ground.
fn resting(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a length, rounded up, is a length"
    )]
    let held = ((count as f64 * FLAT_SHARE).ceil() as usize).max(1);
    let narrowest = values
        .windows(held)
        .min_by(|a, b| (a[held - 1] - a[0]).total_cmp(&(b[held - 1] - b[0])))?;
    Some(narrowest[held / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foot_rests_where_it_stays_longest() {
        let mut pitches: Vec<f64> = (0..60).map(|i| -1.0 + f64::from(i) * 0.02).collect();
        pitches.extend(vec![-0.4; 40]);
        assert!((resting(pitches).unwrap() + 0.4).abs() < 0.02);
        assert_eq!(resting(Vec::new()), None);
    }
}
