//! What an impairment of the gait looks like at each score.

use ambulo::PerSide;
use ambulo::Side;
use ambulo::synth::SeededRng;

use super::Impairment;
use crate::film::chance;

/// Scores that are simulated: 0 to 3.
pub const SCORES: usize = 4;

/// How impaired a walk is on a scale that goes on between the scores.
///
/// People with one score differ, and neighbouring scores overlap: a walk of score `s` has a severity of `s` ± 0.28
/// (standard deviation, at most 0.6 away), and each setting then differs from the severity's mean by itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Severity(f64);

/// A setting at the four scores: mean and standard deviation over people.
type ByScore = [[f64; 2]; SCORES];

/// Step length against healthy walkers. The range of the hip's flexion in the sessions of Shida et al. (2023) is 0.97,
/// 0.90 and 0.66 of the 42 healthy adults' of Fukuchi et al. (2018) at scores 0, 1 and 2 (40.1°, 37.4° and 27.4°
/// against 41.4°), and steps go with it. Score 3 is continued from there.
const STEP_LENGTH: ByScore = [[0.99, 0.07], [0.89, 0.07], [0.69, 0.10], [0.50, 0.09]];
/// Cadence: so that speed is 0.87, 0.68 and 0.48 of the healthy. In gaitpdb it is 0.88, 0.81 and 0.65 at stages 2, 2.5
/// and 3 of Hoehn and Yahr (1.09, 1.00 and 0.81 m/s against 1.24); cadence itself hardly changes (Zanardi et al. 2021).
const CADENCE: ByScore = [[1.0, 0.06], [0.98, 0.06], [0.98, 0.08], [0.95, 0.11]];
/// Standard deviation of step times, as a share: our choice.
const STEP_TIME_SD: ByScore = [
    [0.016, 0.005],
    [0.026, 0.008],
    [0.042, 0.012],
    [0.065, 0.020],
];
/// Standard deviation of step lengths, as a share: our choice.
const STEP_LENGTH_SD: ByScore = [
    [0.025, 0.008],
    [0.038, 0.010],
    [0.060, 0.016],
    [0.090, 0.025],
];
/// Height of the feet in swing, and how far they pitch: our choice, along with the ankle's range in Shida et al. (0.90,
/// 0.83 and 0.64 of the healthy adults').
const CLEARANCE: ByScore = [[1.0, 0.08], [0.88, 0.09], [0.68, 0.10], [0.48, 0.10]];
const FOOT_PITCH: ByScore = [[1.0, 0.08], [0.85, 0.09], [0.62, 0.12], [0.40, 0.12]];
/// How long feet swing: our choice; double support is longer in Parkinson's disease (Zanardi et al. 2021).
const SWING_TIME: ByScore = [[1.0, 0.02], [0.97, 0.025], [0.92, 0.03], [0.86, 0.04]];
/// Swing of both arms: our choice.
const ARM_SWING: ByScore = [[1.0, 0.15], [0.75, 0.16], [0.50, 0.15], [0.32, 0.12]];
/// The lesser arm against the other one. In early Parkinson's disease the asymmetry angle is 13.9 ± 7.9 %, in healthy
/// adults 5.1 ± 4.0 % (Lewek et al. 2010): ratios of 0.64 and 0.85.
const LESSER_ARM: ByScore = [[0.88, 0.08], [0.64, 0.16], [0.60, 0.18], [0.62, 0.18]];
/// Forward lean in degrees: our choice.
const LEAN_DEG: ByScore = [[0.0, 2.0], [4.0, 3.0], [9.0, 4.0], [15.0, 5.0]];
/// Added flexion of the straightest knee in degrees. In Shida et al. the least flexion is 3.4°, 1.5° and 7.2° at
/// scores 0, 1 and 2, and −3.6° in the healthy adults.
const KNEE_DEG: ByScore = [[0.5, 2.0], [3.0, 3.0], [8.0, 4.0], [12.0, 5.0]];
/// Added distance between the feet in metres: our choice.
const WIDTH_M: ByScore = [[0.0, 0.010], [0.003, 0.012], [0.012, 0.018], [0.030, 0.022]];
/// Difference of left and right steps, as a share: our choice.
const STEP_ASYMMETRY: ByScore = [[0.0, 0.020], [0.0, 0.045], [0.0, 0.065], [0.0, 0.080]];
/// Share of walks that freeze: our choice. Freezing is scored by an item of its own, but goes with a poor gait.
const FREEZES: ByScore = [[0.0, 0.0], [0.02, 0.0], [0.25, 0.0], [0.55, 0.0]];

impl Severity {
    /// The severity in the middle of a score; scores above 3 are 3.
    pub fn of_score(score: u8) -> Self {
        Self(f64::from(score).min((SCORES - 1) as f64))
    }

    /// A walk of this score.
    pub fn draw(rng: &mut SeededRng, score: u8) -> Self {
        let middle = Self::of_score(score).0;
        Self((middle + 0.28 * rng.normal_within(2.2)).max(0.0))
    }

    fn at(self, table: &ByScore) -> [f64; 2] {
        let most = (SCORES - 1) as f64;
        let place = self.0.clamp(0.0, most);
        let low = crate::film::whole(place).min(SCORES - 2);
        let share = place - low as f64;
        let mix = |column: usize| {
            table[low][column] + share * (table[low + 1][column] - table[low][column])
        };
        [mix(0), mix(1)]
    }

    fn value(self, rng: &mut SeededRng, table: &ByScore) -> f64 {
        let [mean, sd] = self.at(table);
        mean + sd * rng.normal_within(2.5)
    }
}

impl Impairment {
    /// An impairment of this severity.
    pub fn draw(rng: &mut SeededRng, severity: Severity) -> Self {
        // Paces differ among healthy people too: steps and cadence change together.
        let pace = 0.05 * rng.normal_within(2.0);
        let steps = severity.value(rng, &STEP_LENGTH) * (1.0 + pace);
        let uneven = 0.5 * severity.value(rng, &STEP_ASYMMETRY);
        let worse = if chance(rng, 0.5) {
            Side::Left
        } else {
            Side::Right
        };
        let arms = severity.value(rng, &ARM_SWING).max(0.05);
        let lesser = severity.value(rng, &LESSER_ARM).clamp(0.05, 1.0);
        let freezing = severity.at(&FREEZES)[0];
        let freezes = if chance(rng, freezing) {
            1 + rng.below(2)
        } else {
            0
        };
        let mut both = |table: &ByScore| {
            let mean = severity.value(rng, table).max(0.15);
            let apart = 0.03 * rng.normal_within(2.0);
            PerSide {
                left: mean * (1.0 + apart),
                right: mean * (1.0 - apart),
            }
        };
        let clearance = both(&CLEARANCE);
        let foot_pitch = both(&FOOT_PITCH);
        Self {
            step_length: PerSide {
                left: (steps * (1.0 + uneven)).max(0.25),
                right: (steps * (1.0 - uneven)).max(0.25),
            },
            cadence: (severity.value(rng, &CADENCE) * (1.0 + pace)).max(0.5),
            step_length_sd: severity.value(rng, &STEP_LENGTH_SD).max(0.0),
            step_time_sd: severity.value(rng, &STEP_TIME_SD).max(0.0),
            clearance,
            foot_pitch,
            swing_time: severity.value(rng, &SWING_TIME),
            arm_swing: PerSide::from_fn(|side| if side == worse { arms * lesser } else { arms }),
            lean_rad: severity.value(rng, &LEAN_DEG).to_radians(),
            knee_flexion_rad: severity.value(rng, &KNEE_DEG).to_radians(),
            stance_width_m: severity.value(rng, &WIDTH_M),
            freezes,
            freeze_s: 0.8 + 1.7 * rng.unit(),
        }
    }
}
