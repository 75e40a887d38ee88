//! When steps are made.

use ambulo::synth::SeededRng;

use super::{Figure, Impairment};
use crate::film::{pose_at, whole};

/// Seconds before and after a frame over which the pace is evened out.
const EVENED_S: f64 = 0.08;
/// How suddenly a walk freezes: the standard deviation of the recorded time that a freeze is spent on.
const STOP_S: f64 = 0.03;
/// Steps at the beginning and the end in which no walk freezes.
const FREE_STEPS: usize = 3;
/// A step takes at least this share of its time.
const QUICKEST: f64 = 0.5;

/// A walk at its new times.
pub(super) struct Timed {
    pub(super) figures: Vec<Figure>,
    /// How far each figure is frozen, 0 to 1.
    pub(super) frozen: Vec<f64>,
}

/// Resamples a walk so that its steps come when they should; `contacts` are frames of contacts of either foot.
pub(super) fn timed(
    figures: &[Figure],
    rate_hz: f64,
    contacts: &[usize],
    impairment: &Impairment,
    rng: &mut SeededRng,
) -> Timed {
    let freezes = if impairment.freeze_s > 0.0 {
        impairment.freezes
    } else {
        0
    };
    let is_neutral = (impairment.cadence - 1.0).abs() <= 0.0
        && impairment.step_time_sd.abs() <= 0.0
        && freezes == 0;
    if is_neutral || figures.len() < 2 {
        return Timed {
            figures: figures.to_vec(),
            frozen: vec![0.0; figures.len()],
        };
    }
    // How long each recorded frame takes, in frames.
    let mut pace = vec![1.0 / impairment.cadence; figures.len()];
    for step in contacts.windows(2) {
        let longer = (1.0 + impairment.step_time_sd * rng.normal_within(2.5)).max(QUICKEST);
        for frame in &mut pace[step[0]..step[1]] {
            *frame *= longer;
        }
    }
    let pace = evened(&pace, whole(EVENED_S * rate_hz));
    let mut stop = vec![0.0; figures.len()];
    let last = contacts.len().saturating_sub(FREE_STEPS);
    for _ in 0..freezes {
        if last <= FREE_STEPS {
            break;
        }
        let at = contacts[FREE_STEPS + rng.below(last - FREE_STEPS)] as f64;
        let sd = STOP_S * rate_hz;
        let bell = |frame: f64| (-0.5 * ((frame - at) / sd).powi(2)).exp();
        let total: f64 = (0..stop.len()).map(|frame| bell(frame as f64)).sum();
        for (frame, stop) in stop.iter_mut().enumerate() {
            *stop += impairment.freeze_s * rate_hz * bell(frame as f64) / total;
        }
    }
    // The new time of each recorded frame.
    let mut times = vec![0.0];
    for (pace, stop) in pace.iter().zip(&stop) {
        times.push(times[times.len() - 1] + pace + stop);
    }
    times.truncate(figures.len());
    let count = whole(times[times.len() - 1]) + 1;
    let mut timed = Timed {
        figures: Vec::with_capacity(count),
        frozen: Vec::with_capacity(count),
    };
    for frame in 0..count {
        let time = frame as f64;
        let next = times.partition_point(|&t| t <= time).min(times.len() - 1);
        let before = next.saturating_sub(1);
        let between = (time - times[before]) / (times[next] - times[before]).max(1e-12);
        let place = before as f64 + between.clamp(0.0, 1.0);
        timed.figures.push(pose_at(figures, place));
        timed
            .frozen
            .push(stop[before] / (stop[before] + 2.0 * pace[before]));
    }
    timed
}

/// A mean over neighbours; at the ends over those that there are.
pub(super) fn evened(values: &[f64], reach: usize) -> Vec<f64> {
    let mut sums = vec![0.0];
    for value in values {
        sums.push(sums[sums.len() - 1] + value);
    }
    (0..values.len())
        .map(|place| {
            // As far to either side, so that a straight line stays one.
            let reach = reach.min(place).min(values.len() - 1 - place);
            (sums[place + reach + 1] - sums[place - reach]) / (2 * reach + 1) as f64
        })
        .collect()
}
