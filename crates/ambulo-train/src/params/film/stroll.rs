//! From a period to a walk over the ground.

use ambulo::Side;
use ambulo::synth::SeededRng;
use nalgebra::Vector3;

use super::gait::Gait;
use super::period::{Figure, Period, SAMPLES};
use crate::film::{between, mirror, pose_at, reshape, whole};
use crate::motion::{PARTS, Pose, at};

/// Heels and toes of a side.
const FEET: [(Side, [usize; 2]); 2] = [
    (Side::Left, [at::LEFT_HEEL, at::LEFT_BIG_TOE]),
    (Side::Right, [at::RIGHT_HEEL, at::RIGHT_BIG_TOE]),
];
/// Height over which the weight passes from heel to toes.
const ROLL_M: f64 = 0.01;
/// Samples before and after one over which the body's speed and height are evened out.
const EVENED: usize = 4;

/// A gait that goes on for ever.
#[derive(Debug, Clone)]
pub(crate) struct Stroll {
    /// One period; the mid-hips have X 0.
    figures: Vec<Figure>,
    /// Way of the mid-hips at each phase since phase 0, with one more for the end of the period.
    way_m: Vec<f64>,
    duration_s: f64,
}

impl Stroll {
    /// The period with another body and gait, on ground at height 0.
    ///
    /// Feet do not slip: the body goes forward as fast as the standing foot goes back, heel or toes,
    /// whichever is lower, and rests on the lowest point of its feet.
    pub(crate) fn new(period: &Period, gait: &Gait) -> Self {
        let mut poses: Vec<Pose> = period
            .figures
            .iter()
            .map(|figure| std::array::from_fn(|point| figure[point]))
            .collect();
        reshape(&mut poses, &gait.body, &gait.posture);
        let mut figures: Vec<Figure> = period
            .figures
            .iter()
            .zip(&poses)
            .map(|(old, pose)| {
                let old_root = Period::root(old);
                let root = (pose[at::LEFT_HIP] + pose[at::RIGHT_HIP]) * 0.5;
                std::array::from_fn(|point| match pose.get(point) {
                    Some(place) => *place,
                    None => root + (old[point] - old_root) * gait.body.size,
                })
            })
            .collect();
        let low: Vec<f64> = figures.iter().map(lowest).collect();
        for (figure, low) in figures.iter_mut().zip(evened(&low)) {
            for point in figure {
                point.y -= low;
            }
        }
        let speed = evened(&speeds_m(period, &figures));
        let mut way_m = vec![0.0];
        for step in speed {
            way_m.push(way_m[way_m.len() - 1] + step);
        }
        if gait.is_mirrored {
            for figure in &mut figures {
                mirror_figure(figure);
            }
        }
        Self {
            figures,
            way_m,
            duration_s: gait.duration_s,
        }
    }

    /// Figures along X at `rate_hz`. Cycles take a little more or less time than the one before.
    pub(crate) fn walked(&self, rng: &mut SeededRng, frames: usize, rate_hz: f64) -> Vec<Figure> {
        let start = rng.unit();
        let waves: [[f64; 3]; 2] = std::array::from_fn(|_| {
            [
                between(rng, 0.002, 0.008),
                between(rng, 0.2, 0.45),
                between(rng, 0.0, std::f64::consts::TAU),
            ]
        });
        let phase = |time_s: f64| {
            let cycles = time_s / self.duration_s;
            let wave = |[size, rate, at]: [f64; 3]| {
                size * (std::f64::consts::TAU * rate * cycles + at).sin()
            };
            start + cycles + waves.into_iter().map(wave).sum::<f64>()
        };
        let frames = 0..frames;
        frames
            .map(|frame| self.at(phase(frame as f64 / rate_hz).max(0.0)))
            .collect()
    }

    fn at(&self, phase: f64) -> Figure {
        let place = phase.fract() * SAMPLES as f64;
        let around: [Figure; 4] = std::array::from_fn(|offset| {
            let sample = whole(place) + SAMPLES + offset - 1;
            self.figures[sample % SAMPLES]
        });
        let (sample, between) = (whole(place).min(SAMPLES - 1), place.fract());
        let step_m = self.way_m[sample + 1] - self.way_m[sample];
        let x = phase.floor() * self.way_m[SAMPLES] + self.way_m[sample] + between * step_m;
        pose_at(&around, 1.0 + between).map(|point| point + Vector3::x() * x)
    }
}

fn lowest(figure: &Figure) -> f64 {
    let feet = at::LEFT_BIG_TOE..=at::RIGHT_HEEL;
    feet.map(|point| figure[point].y)
        .fold(f64::INFINITY, f64::min)
}

/// How far the body goes forward in each sample, so that the standing foot stays where it is.
fn speeds_m(period: &Period, figures: &[Figure]) -> Vec<f64> {
    let phases = (0..figures.len()).map(|sample| (sample as f64 + 0.5) / SAMPLES as f64);
    phases
        .enumerate()
        .map(|(sample, phase)| {
            let (now, next) = (&figures[sample], &figures[(sample + 1) % figures.len()]);
            let (mut sum, mut total) = (0.0, 0.0);
            for (side, [heel, toe]) in FEET {
                let stands = standing(period, side, phase);
                let higher = now[heel].y - now[toe].y;
                let on_toes = 1.0 / (1.0 + (-higher / ROLL_M).exp());
                let back = |point: usize| now[point].x - next[point].x;
                sum += stands * (on_toes * back(toe) + (1.0 - on_toes) * back(heel));
                total += stands;
            }
            if total > 0.0 { sum / total } else { 0.0 }
        })
        .collect()
}

/// How much of the body a foot bears at a phase; it passes evenly from foot to foot while both stand.
fn standing(period: &Period, side: Side, phase: f64) -> f64 {
    let [contact, off] = *period.stance.get(side);
    let [other_contact, other_off] = *period.stance.get(side.opposite());
    // Since the contact; a foot leaves the ground less than a cycle after it.
    let since = (phase - contact).rem_euclid(1.0);
    let length = off - contact;
    let loading = (other_off - contact).rem_euclid(1.0).max(1e-3);
    let other_since = (other_contact - contact).rem_euclid(1.0);
    let unloading = (length - other_since).max(1e-3);
    (since / loading).clamp(0.0, 1.0) * ((length - since) / unloading).clamp(0.0, 1.0)
}

/// A mean over neighbours around the period.
fn evened(values: &[f64]) -> Vec<f64> {
    let count = values.len();
    (0..count)
        .map(|sample| {
            let around =
                (0..=2 * EVENED).map(|offset| values[(sample + count + offset - EVENED) % count]);
            around.sum::<f64>() / (2 * EVENED + 1) as f64
        })
        .collect()
}

fn mirror_figure(figure: &mut Figure) {
    let mut pose: Pose = std::array::from_fn(|point| figure[point]);
    mirror(&mut pose);
    figure[..PARTS].copy_from_slice(&pose);
    for spine in &mut figure[PARTS..] {
        spine.z = -spine.z;
    }
    figure.swap(PARTS, PARTS + 1);
    figure.swap(PARTS + 2, PARTS + 3);
}
