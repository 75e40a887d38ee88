//! Simulated impairment: healthy motion capture walked anew with shorter steps, stiller arms, a stoop and more.
//!
//! A walk is changed in this order, each change for itself and none of them where it is neutral:
//!
//! 1. *Time.* Steps follow each other faster or slower and at unlike intervals; the walk stops where it freezes.
//! 2. *Arms and trunk* are turned about the axes of shoulders and hips ([`crate::film::reshape`]).
//! 3. *Places.* Feet swing more quickly, and stand for longer. Each place where a foot stands is moved along the walk, so that steps are as long as asked for; a
//!    standing foot is moved as a whole, so it slides no more than before. Feet stand further apart.
//! 4. *Feet.* In swing a foot is lifted less and lands flatter: it turns about whichever of heel and toes is lower,
//!    so it does not enter the ground.
//! 5. *Legs.* The pelvis goes along between the feet, at the height that leaves the knees as bent as asked for; knees
//!    follow from hips and ankles, with the bones' own lengths.
//!
//! `docs/algorithm/simulated_impairment.md` says what the settings are by severity, and from where.

mod feet;
mod legs;
mod places;
mod severity;
#[cfg(test)]
mod tests;
mod timing;
mod walkers;

use ambulo::PerSide;
use ambulo::Side;
use ambulo::synth::SeededRng;
use nalgebra::Vector3;

use crate::film::{Body, Posture, reshape};
use crate::motion::{PARTS, Pose};

pub use severity::{SCORES, Severity};
pub use walkers::{
    SimulatedWalk, WalkerError, WalkerSettings, Walkers, motion_of_figures, motion_of_take,
};

/// The points of a walker: [`ambulo::skeleton::COCO_23`], then the spines of the pelvis (front left and right, back
/// left and right), in metres; X along the walk, Y up, Z to the right.
pub type Figure = [Vector3<f64>; PARTS + 4];

/// How a walk is changed. Every setting has a neutral value that changes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Length of the steps against the recorded ones; a step belongs to the foot that ends it.
    pub step_length: PerSide<f64>,
    /// Steps a minute against the recorded ones.
    pub cadence: f64,
    /// Standard deviation added to the lengths of steps, as a share of their mean.
    pub step_length_sd: f64,
    /// Standard deviation added to the times of steps, as a share of their mean.
    pub step_time_sd: f64,
    /// Height of the feet above the ground in swing against the recorded one.
    pub clearance: PerSide<f64>,
    /// Pitch of the feet away from flat, at contact as at push-off, against the recorded one.
    pub foot_pitch: PerSide<f64>,
    /// How long a foot swings against the recorded time; what is left of it the foot stands.
    pub swing_time: f64,
    /// Swing of the arms against the recorded one.
    pub arm_swing: PerSide<f64>,
    /// Added forward lean of the trunk, in radians.
    pub lean_rad: f64,
    /// Added flexion of the knees where they are straightest, in radians.
    pub knee_flexion_rad: f64,
    /// Metres by which the feet stand further apart.
    pub stance_width_m: f64,
    /// Times that the walk freezes.
    pub freezes: usize,
    /// How long a freeze lasts, in seconds.
    pub freeze_s: f64,
}

impl Impairment {
    /// The walk as it was recorded.
    pub const NONE: Self = {
        let same = PerSide {
            left: 1.0,
            right: 1.0,
        };
        Self {
            step_length: same,
            cadence: 1.0,
            step_length_sd: 0.0,
            step_time_sd: 0.0,
            clearance: same,
            foot_pitch: same,
            swing_time: 1.0,
            arm_swing: same,
            lean_rad: 0.0,
            knee_flexion_rad: 0.0,
            stance_width_m: 0.0,
            freezes: 0,
            freeze_s: 0.0,
        }
    };

    fn turns_arms_or_trunk(&self) -> bool {
        self.arm_swing != Self::NONE.arm_swing || self.lean_rad.abs() > 0.0
    }

    fn moves_legs(&self) -> bool {
        let untouched = Self {
            arm_swing: self.arm_swing,
            lean_rad: self.lean_rad,
            cadence: self.cadence,
            step_time_sd: self.step_time_sd,
            ..Self::NONE
        };
        *self != untouched
    }
}

/// Why a walk cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImpairmentError {
    /// Too few steps are seen.
    #[error("the {side:?} foot stands {found} times in the walk, at least 2 are needed", side = side.name())]
    TooFewSteps {
        /// The foot.
        side: Side,
        /// How often it stands.
        found: usize,
    },
}

/// The same walk with an impairment. What is random in it (steps' lengths and times, where it freezes) comes from
/// `rng`. With [`Impairment::NONE`] it is the walk itself.
///
/// # Shapes
///
/// `figures` are evenly spaced in time at `rate_hz`, along X. The result has as many, or more or fewer where the time
/// that the walk takes was changed.
///
/// # Errors
///
/// [`ImpairmentError`] if a foot does not stand at least twice.
pub fn impair(
    figures: &[Figure],
    rate_hz: f64,
    impairment: &Impairment,
    rng: &mut SeededRng,
) -> Result<Vec<Figure>, ImpairmentError> {
    if *impairment == Impairment::NONE {
        return Ok(figures.to_vec());
    }
    let contacts = places::contacts(&places::places(figures, rate_hz)?);
    let timed = timing::timed(figures, rate_hz, &contacts, impairment, rng);
    let mut changed = timed.figures;
    if impairment.turns_arms_or_trunk() {
        turn(&mut changed, impairment);
    }
    if impairment.moves_legs() {
        let mut places = places::places(&changed, rate_hz)?;
        feet::quicken(&mut changed, &mut places, impairment.swing_time);
        let shifts = places::shifts(&changed, &places, impairment, rng);
        legs::walk(
            &mut changed,
            rate_hz,
            &places,
            &shifts,
            &timed.frozen,
            impairment,
        );
    }
    Ok(changed)
}

/// Arms and trunk.
fn turn(figures: &mut [Figure], impairment: &Impairment) {
    let mut posture = Posture {
        lean: impairment.lean_rad,
        ..Posture::RECORDED
    };
    for side in Side::BOTH {
        let swing = *impairment.arm_swing.get(side);
        let limbs = posture.sides.get_mut(side);
        limbs.arm_swing = swing;
        limbs.elbow_swing = swing;
        // Arms hang: they do not go back with a trunk that leans forward.
        limbs.shoulder_flexion = impairment.lean_rad;
    }
    let mut poses: Vec<Pose> = figures
        .iter()
        .map(|figure| std::array::from_fn(|point| figure[point]))
        .collect();
    reshape(&mut poses, &Body::RECORDED, &posture);
    for (figure, pose) in figures.iter_mut().zip(&poses) {
        figure[..PARTS].copy_from_slice(pose);
    }
}
