//! Where and when feet stand, and where they are to stand.

use std::ops::Range;

use ambulo::PerSide;
use ambulo::Side;
use ambulo::synth::SeededRng;
use nalgebra::Vector3;

use super::timing::evened;
use super::{Figure, Impairment, ImpairmentError};
use crate::motion::at;

/// A foot stands while its heel or its toes are slower than this share of the walk.
const SLOW: f64 = 0.35;
/// Feet that stand are no higher than this above their lowest, in metres.
const HIGH_M: f64 = 0.06;
/// Shorter pauses between standing, and shorter standing, are none; seconds.
const PAUSE_S: f64 = 0.05;
const LEAST_S: f64 = 0.12;
/// A step keeps at least this share of its length.
const SHORTEST: f64 = 0.3;

/// Points of a foot.
#[derive(Clone, Copy)]
pub(super) struct FootPoints {
    pub(super) heel: usize,
    pub(super) big_toe: usize,
    pub(super) small_toe: usize,
    pub(super) ankle: usize,
}

impl FootPoints {
    pub(super) fn of(side: Side) -> Self {
        match side {
            Side::Left => Self {
                heel: at::LEFT_HEEL,
                big_toe: at::LEFT_BIG_TOE,
                small_toe: at::LEFT_SMALL_TOE,
                ankle: at::LEFT_ANKLE,
            },
            Side::Right => Self {
                heel: at::RIGHT_HEEL,
                big_toe: at::RIGHT_BIG_TOE,
                small_toe: at::RIGHT_SMALL_TOE,
                ankle: at::RIGHT_ANKLE,
            },
        }
    }

    pub(super) fn all(&self) -> [usize; 4] {
        [self.heel, self.big_toe, self.small_toe, self.ankle]
    }

    pub(super) fn toes(&self, figure: &Figure) -> Vector3<f64> {
        (figure[self.big_toe] + figure[self.small_toe]) * 0.5
    }

    fn middle(&self, figure: &Figure) -> Vector3<f64> {
        (self.toes(figure) + figure[self.heel]) * 0.5
    }
}

/// The frames in which each foot stands.
pub(super) type Places = PerSide<Vec<Range<usize>>>;

/// Finds where feet stand.
pub(super) fn places(figures: &[Figure], rate_hz: f64) -> Result<Places, ImpairmentError> {
    let root = |figure: &Figure| (figure[at::LEFT_HIP] + figure[at::RIGHT_HIP]) * 0.5;
    let way = match (figures.first(), figures.last()) {
        (Some(first), Some(last)) => (root(last) - root(first)).x.abs(),
        _ => 0.0,
    };
    let slow = SLOW * way / figures.len().max(2) as f64;
    let mut places = Places::default();
    for side in Side::BOTH {
        let foot = FootPoints::of(side);
        let points: [Vec<Vector3<f64>>; 2] = [
            figures.iter().map(|figure| figure[foot.heel]).collect(),
            figures.iter().map(|figure| foot.toes(figure)).collect(),
        ];
        let floors = points.each_ref().map(|points| floor(points));
        let stands = |frame: usize| {
            points.iter().zip(floors).any(|(points, floor)| {
                let (before, after) = (
                    points[frame.saturating_sub(1)],
                    points[(frame + 1).min(points.len() - 1)],
                );
                let moved = after - before;
                let frames = if frame == 0 || frame + 1 == points.len() {
                    1.0
                } else {
                    2.0
                };
                moved.x.hypot(moved.z) / frames < slow && points[frame].y < floor + HIGH_M
            })
        };
        let standing: Vec<bool> = (0..figures.len()).map(stands).collect();
        let found = runs(&standing, rate_hz);
        if found.len() < 2 {
            return Err(ImpairmentError::TooFewSteps {
                side,
                found: found.len(),
            });
        }
        *places.get_mut(side) = found;
    }
    Ok(places)
}

/// The height that a point has when it lies on the ground.
fn floor(points: &[Vector3<f64>]) -> f64 {
    points.iter().map(|p| p.y).fold(f64::INFINITY, f64::min)
}

fn runs(standing: &[bool], rate_hz: f64) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (frame, stands) in standing.iter().enumerate() {
        if !stands {
            continue;
        }
        match runs.last_mut() {
            Some(run) if (frame - run.end) as f64 <= PAUSE_S * rate_hz => run.end = frame + 1,
            _ => runs.push(frame..frame + 1),
        }
    }
    runs.retain(|run| run.len() as f64 >= LEAST_S * rate_hz);
    runs
}

/// The frames in which either foot begins to stand, the first of the walk left out.
pub(super) fn contacts(places: &Places) -> Vec<usize> {
    let mut contacts: Vec<usize> = Side::BOTH
        .iter()
        .flat_map(|&side| places.get(side).iter().map(|run| run.start))
        .filter(|&frame| frame > 0)
        .collect();
    contacts.sort_unstable();
    contacts.dedup();
    contacts
}

/// How far things are moved along the walk in each frame, in metres.
pub(super) struct Shifts {
    pub(super) feet: PerSide<Vec<f64>>,
    pub(super) pelvis: Vec<f64>,
}

/// Moves the places of the feet so that steps become as long as they should be.
pub(super) fn shifts(
    figures: &[Figure],
    places: &Places,
    impairment: &Impairment,
    rng: &mut SeededRng,
) -> Shifts {
    let mut steps: Vec<(usize, Side, usize)> = Side::BOTH
        .iter()
        .flat_map(|&side| {
            let runs = places.get(side).iter().enumerate();
            runs.map(move |(index, run)| (run.start, side, index))
        })
        .collect();
    steps.sort_unstable();
    let mut moved: PerSide<Vec<f64>> = PerSide::from_fn(|side| vec![0.0; places.get(side).len()]);
    let mut last: Option<(f64, f64)> = None;
    for &(_, side, index) in &steps {
        let run = &places.get(side)[index];
        let x = FootPoints::of(side)
            .middle(&figures[run.start.midpoint(run.end - 1)])
            .x;
        let to = match last {
            None => x,
            Some((before, before_to)) => {
                let own = 1.0 + impairment.step_length_sd * rng.normal_within(2.5);
                let ratio = (impairment.step_length.get(side) * own).max(SHORTEST);
                before_to + ratio * (x - before)
            }
        };
        moved.get_mut(side)[index] = to - x;
        last = Some((x, to));
    }
    let feet = PerSide::from_fn(|side| {
        let x: Vec<f64> = figures
            .iter()
            .map(|figure| FootPoints::of(side).middle(figure).x)
            .collect();
        let ratio = *impairment.step_length.get(side);
        foot_shift(&x, places.get(side), moved.get(side), ratio)
    });
    let step = figures.len() / steps.len().max(1);
    let between: Vec<f64> = feet
        .left
        .iter()
        .zip(&feet.right)
        .map(|(left, right)| f64::midpoint(*left, *right))
        .collect();
    let pelvis = evened(&evened(&between, step / 2), step / 4);
    Shifts { feet, pelvis }
}

/// A foot's shift: that of its place while it stands, and in between as far as it has come.
fn foot_shift(x: &[f64], runs: &[Range<usize>], moved: &[f64], ratio: f64) -> Vec<f64> {
    let mut shift = vec![0.0; x.len()];
    for (run, &moved) in runs.iter().zip(moved) {
        shift[run.clone()].fill(moved);
    }
    for (pair, moved) in runs.windows(2).zip(moved.windows(2)) {
        let (from, to) = (pair[0].end - 1, pair[1].start);
        let way = x[to] - x[from];
        for frame in from + 1..to {
            let share = if way.abs() > 1e-6 {
                ((x[frame] - x[from]) / way).clamp(0.0, 1.0)
            } else {
                0.5
            };
            let share = share * share * (3.0 - 2.0 * share);
            shift[frame] = moved[0] + share * (moved[1] - moved[0]);
        }
    }
    let (first, last) = (runs[0].start, runs[runs.len() - 1].end - 1);
    for frame in (0..first).chain(last + 1..x.len()) {
        let near = if frame < first { first } else { last };
        shift[frame] = shift[near] + (ratio - 1.0) * (x[frame] - x[near]);
    }
    shift
}
