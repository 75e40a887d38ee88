//! Other bodies, other paces and simulated impairments.

use ambulo::PerSide;
use ambulo::Side;
use ambulo::synth::SeededRng;
use ambulo_nn::codec::lift::LENGTH_OF_HEIGHT;

use super::period::Period;
use crate::film::{Body, Posture, SidePosture, between, chance, either, jitter};

/// How a period is changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gait {
    /// The body.
    pub(crate) body: Body,
    /// The posture.
    pub(crate) posture: Posture,
    /// How long a cycle takes.
    pub(crate) duration_s: f64,
    /// Whether left and right change places.
    pub(crate) is_mirrored: bool,
}

impl Gait {
    /// A gait made from a recorded period.
    ///
    /// Time goes with the root of the body's size, as that of pendulums does. Pace changes steps and
    /// cadence by the root of its own size each, as people change both together; each is then changed
    /// a little for itself.
    pub(crate) fn draw(rng: &mut SeededRng, period: &Period) -> Self {
        let height_m = if chance(rng, 0.8) {
            between(rng, 1.5, 1.95)
        } else {
            between(rng, 1.2, 1.5)
        };
        let size = height_m * LENGTH_OF_HEIGHT / period.length_m;
        let body = Body {
            size,
            ..Body::draw(rng, 1.0)
        };
        let pace = between(rng, 0.45, 1.3);
        let own = |rng: &mut SeededRng| (0.07 * jitter(rng)).exp();
        let steps = pace.sqrt() * own(rng);
        let cadence = pace.sqrt() * own(rng);
        let mut posture = healthy(rng, steps);
        impair(rng, &mut posture);
        Self {
            body,
            posture,
            duration_s: (period.duration_s * size.sqrt() / cadence).clamp(0.75, 3.0),
            is_mirrored: chance(rng, 0.5),
        }
    }
}

/// A posture of healthy people with steps of this size.
fn healthy(rng: &mut SeededRng, steps: f64) -> Posture {
    let mut degrees = |limit: f64| either(rng, limit.to_radians());
    let both = SidePosture {
        hip_flexion: degrees(4.0),
        hip_abduction: degrees(2.0),
        knee_flexion: degrees(4.0),
        dorsiflexion: degrees(4.0),
        toe_out: degrees(5.0),
        shoulder_flexion: degrees(8.0),
        shoulder_abduction: degrees(4.0),
        elbow_flexion: degrees(15.0),
        leg_swing: steps,
        knee_swing: 0.5 + 0.5 * steps,
        arm_swing: steps,
        elbow_swing: 1.0,
    };
    let lean = degrees(5.0);
    let nod = degrees(8.0);
    Posture {
        lean,
        nod,
        sides: PerSide {
            left: both,
            right: both,
        },
        ..Posture::RECORDED
    }
}

/// Impairments, each for itself: many walkers have none, some have several.
fn impair(rng: &mut SeededRng, posture: &mut Posture) {
    // Crouch: bent knees and hips over feet that stay flat.
    if chance(rng, 0.25) {
        let (bend, hips) = (between(rng, 8.0, 35.0), between(rng, 0.4, 0.6));
        each(posture, |side| {
            let bend = (bend * between(rng, 0.8, 1.2)).to_radians();
            side.knee_flexion += bend;
            side.hip_flexion += hips * bend;
            side.dorsiflexion += between(rng, 0.7, 1.0) * (1.0 - hips) * bend;
        });
        posture.lean += between(rng, 0.0, 15.0).to_radians();
    }
    // Stiff knees: little flexion in swing.
    if chance(rng, 0.2) {
        let (range, less) = (between(rng, 0.35, 0.75), between(rng, 0.0, 12.0));
        each(posture, |side| {
            side.knee_swing *= range;
            side.knee_flexion -= less.to_radians();
        });
    }
    // Shuffling: short steps at any cadence.
    if chance(rng, 0.2) {
        let range = between(rng, 0.45, 0.8);
        each(posture, |side| {
            side.leg_swing *= range;
            side.knee_swing *= between(rng, 0.8, 1.0);
        });
    }
    // Toes that point down.
    if chance(rng, 0.15) {
        let down = between(rng, 4.0, 18.0).to_radians();
        each(posture, |side| side.dorsiflexion -= down);
    }
    // Knees that bend backward.
    if chance(rng, 0.12) {
        let back = between(rng, 3.0, 10.0).to_radians();
        each(posture, |side| side.knee_flexion -= back);
    }
    // One leg worse than the other.
    if chance(rng, 0.3) {
        let side = posture.sides.get_mut(Side::Left);
        let bend = between(rng, -8.0, 20.0).to_radians();
        side.leg_swing *= between(rng, 0.65, 0.95);
        side.knee_swing *= between(rng, 0.45, 0.95);
        side.knee_flexion += bend;
        side.hip_flexion += 0.5 * bend;
        side.dorsiflexion -= between(rng, -0.4 * bend.max(0.0), 0.25);
    }
}

fn each(posture: &mut Posture, mut change: impl FnMut(&mut SidePosture)) {
    for side in Side::BOTH {
        change(posture.sides.get_mut(side));
    }
}
