//! Hips between the feet, and knees between hips and feet.

use std::f64::consts::TAU;

use ambulo::PerSide;
use ambulo::Side;
use nalgebra::Vector3;

use super::places::{Places, Shifts};
use super::timing::evened;
use super::{Figure, Impairment, feet};
use crate::film::whole;
use crate::motion::at;

/// A leg is never stretched further than this share of its length.
const LONGEST: f64 = 0.9995;
/// Share of the frames in which a leg may be as straight as it ever was.
const STRAIGHTEST: f64 = 0.04;
/// Seconds over which the pelvis goes down where a leg would be too short.
const YIELD_S: f64 = 0.1;
/// Trembling of a frozen walk: how fast, and how far the pelvis goes up and down and to and fro.
const TREMBLE_HZ: f64 = 5.0;
const TREMBLE_M: f64 = 0.005;

/// Points and lengths of a leg.
struct Leg {
    hip: usize,
    knee: usize,
    ankle: usize,
    thigh_m: f64,
    shank_m: f64,
}

impl Leg {
    fn of(figures: &[Figure], side: Side) -> Self {
        let [hip, knee, ankle] = match side {
            Side::Left => [at::LEFT_HIP, at::LEFT_KNEE, at::LEFT_ANKLE],
            Side::Right => [at::RIGHT_HIP, at::RIGHT_KNEE, at::RIGHT_ANKLE],
        };
        let bone = |a: usize, b: usize| {
            let lengths = figures.iter().map(|figure| (figure[a] - figure[b]).norm());
            quantile(lengths.collect(), 0.5)
        };
        Self {
            hip,
            knee,
            ankle,
            thigh_m: bone(hip, knee),
            shank_m: bone(knee, ankle),
        }
    }

    fn length_m(&self) -> f64 {
        self.thigh_m + self.shank_m
    }
}

/// Moves feet, pelvis and all above it, then the knees.
pub(super) fn walk(
    figures: &mut [Figure],
    rate_hz: f64,
    places: &Places,
    shifts: &Shifts,
    frozen: &[f64],
    impairment: &Impairment,
) {
    let before = figures.to_vec();
    let legs = PerSide::from_fn(|side| Leg::of(&before, side));
    for side in Side::BOTH {
        feet::place(figures, side, places, shifts, impairment);
    }
    let sways = sways(&before, rate_hz, frozen, impairment);
    // Feet and knees are put by themselves.
    let own = [
        at::LEFT_KNEE,
        at::RIGHT_KNEE,
        at::LEFT_ANKLE,
        at::RIGHT_ANKLE,
    ];
    let goes_along = |point: usize| {
        !own.contains(&point) && !(at::LEFT_BIG_TOE..=at::RIGHT_HEEL).contains(&point)
    };
    for ((figure, shift), sway) in figures.iter_mut().zip(&shifts.pelvis).zip(&sways) {
        for (point, place) in figure.iter_mut().enumerate() {
            if goes_along(point) {
                *place += Vector3::new(shift + sway[0], sway[1], 0.0);
            }
        }
    }
    let heights = heights(&before, figures, &legs, rate_hz, impairment);
    for ((figure, old), height) in figures.iter_mut().zip(&before).zip(&heights) {
        for (point, place) in figure.iter_mut().enumerate() {
            if goes_along(point) {
                place.y += height;
            }
        }
        for side in Side::BOTH {
            let leg = legs.get(side);
            figure[leg.knee] = knee(leg, &figure[leg.hip], &figure[leg.ankle], old);
        }
    }
}

/// How far the pelvis is moved forward and up before its height is set: it rises and falls less with shorter steps,
/// and trembles where the walk is frozen.
fn sways(
    before: &[Figure],
    rate_hz: f64,
    frozen: &[f64],
    impairment: &Impairment,
) -> Vec<[f64; 2]> {
    let height = |figure: &Figure| f64::midpoint(figure[at::LEFT_HIP].y, figure[at::RIGHT_HIP].y);
    let mean = before.iter().map(height).sum::<f64>() / before.len().max(1) as f64;
    let steps = f64::midpoint(impairment.step_length.left, impairment.step_length.right);
    let rise = (steps * steps).min(1.2) - 1.0;
    before
        .iter()
        .zip(frozen)
        .enumerate()
        .map(|(frame, (figure, frozen))| {
            let wave = (TAU * TREMBLE_HZ * frame as f64 / rate_hz).sin() * TREMBLE_M * frozen;
            [wave, rise * (height(figure) - mean) - wave.abs()]
        })
        .collect()
}

/// How far the pelvis goes up in each frame so that the straightest knee is as bent as it should be.
fn heights(
    before: &[Figure],
    now: &[Figure],
    legs: &PerSide<Leg>,
    rate_hz: f64,
    impairment: &Impairment,
) -> Vec<f64> {
    let mut room = vec![f64::INFINITY; now.len()];
    for side in Side::BOTH {
        let leg = legs.get(side);
        let stretched = |figure: &Figure| (figure[leg.hip] - figure[leg.ankle]).norm();
        let ratios = before
            .iter()
            .map(|figure| stretched(figure) / leg.length_m());
        let straightest = quantile(ratios.collect(), 1.0 - STRAIGHTEST).min(LONGEST);
        // Of two bones of one length: the stretch is the cosine of half the flexion.
        let flexion = 2.0 * straightest.acos() + impairment.knee_flexion_rad;
        let reach_m = (0.5 * flexion).cos().min(LONGEST) * leg.length_m();
        for (room, figure) in room.iter_mut().zip(now) {
            let across = figure[leg.ankle] - figure[leg.hip];
            let level = across.x * across.x + across.z * across.z;
            let up = (reach_m * reach_m - level).max(0.0).sqrt();
            *room = room.min(up + across.y);
        }
    }
    let raise = quantile(room.clone(), STRAIGHTEST);
    let lacks: Vec<f64> = room.iter().map(|room| (raise - room).max(0.0)).collect();
    let reach = whole(YIELD_S * rate_hz);
    let most: Vec<f64> = (0..lacks.len())
        .map(|frame| {
            let around = frame.saturating_sub(reach)..(frame + reach + 1).min(lacks.len());
            lacks[around].iter().copied().fold(0.0, f64::max)
        })
        .collect();
    let yields = evened(&most, reach);
    yields.iter().map(|yields| raise - yields).collect()
}

/// The knee between hip and ankle, to the side to which the recorded knee was bent.
fn knee(leg: &Leg, hip: &Vector3<f64>, ankle: &Vector3<f64>, old: &Figure) -> Vector3<f64> {
    let line = ankle - hip;
    let stretch = line.norm().clamp(
        (leg.thigh_m - leg.shank_m).abs() + 1e-6,
        LONGEST.max(0.999_99) * leg.length_m(),
    );
    let down = line.try_normalize(1e-9).unwrap_or_else(|| -Vector3::y());
    let old_line = old[leg.ankle] - old[leg.hip];
    let old_down = old_line
        .try_normalize(1e-9)
        .unwrap_or_else(|| -Vector3::y());
    let thigh = old[leg.knee] - old[leg.hip];
    // A straight leg bends forward.
    let bent = thigh - old_down * thigh.dot(&old_down) + Vector3::x() * (0.01 * leg.length_m());
    let aside = bent - down * bent.dot(&down);
    let aside = aside.try_normalize(1e-9).unwrap_or_else(Vector3::x);
    let squares = leg.thigh_m * leg.thigh_m - leg.shank_m * leg.shank_m;
    let along = (squares + stretch * stretch) / (2.0 * stretch);
    let off = (leg.thigh_m * leg.thigh_m - along * along).max(0.0).sqrt();
    hip + down * along + aside * off
}

fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = whole(share * values.len() as f64).min(values.len().saturating_sub(1));
    values.get(place).copied().unwrap_or(0.0)
}
