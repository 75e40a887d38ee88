//! Which frames have left and right exchanged: the smoothest way through two labellings a frame.

use nalgebra::Vector3;

/// One pair of joints: left and right in each frame.
pub(super) type Pair = Vec<[Option<Vector3<f64>>; 2]>;

/// How exchanges of left and right are found.
///
/// Each frame is kept or exchanged, so that the joints follow their constant-velocity prediction
/// from the two frames before: legs that cross keep their velocities, exchanged ones seem to turn
/// back. Residuals count in units of their usual size in this recording, squared and capped; a
/// change of labelling costs [`Self::switch_cost`]. Recordings faster than [`Self::rate_hz`] are
/// judged as that many slower ones, interleaved, because over shorter steps the noise of a
/// prediction outgrows what the velocities tell.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeConfig {
    /// Cost of a change of labelling, in half squared standard deviations.
    pub switch_cost: f64,
    /// Residual beyond which a joint tells nothing more, in standard deviations.
    pub largest_residual: f64,
    /// Frame rate that is judged at.
    pub rate_hz: f64,
    /// Longest time over which a position predicts the next.
    pub longest_gap_s: f64,
    /// The residual that counts as one standard deviation: this quantile of all.
    pub usual_quantile: f64,
    /// How many joints' worth of evidence a frame can give: errors of joints go together.
    pub most_evidence: f64,
    /// Exchanges matter where the pairs are further apart on average than this share of their widest.
    pub least_separation: f64,
}

impl Default for ExchangeConfig {
    fn default() -> Self {
        Self {
            switch_cost: 8.0,
            largest_residual: 5.0,
            rate_hz: 20.0,
            longest_gap_s: 0.3,
            usual_quantile: 0.5,
            most_evidence: 8.0,
            least_separation: 0.25,
        }
    }
}

/// Squared residual of a joint that has nothing to be predicted from.
const UNKNOWN: f64 = 2.0;
/// Cost of each exchanged frame.
const EXCHANGED_FRAME: f64 = 0.02;
/// Cost of each frame that is settled against what the slower recordings found.
const SETTLED_FRAME: f64 = 0.3;

/// Time before and after the end of an exchange over which limbs are seen to pass.
const PASSING_S: f64 = 0.15;
/// A difference in place counts as much as one in speed that makes it in this time.
const SPEED_COUNTS_S: f64 = 0.1;

/// Whether left and right are exchanged in each frame.
///
/// Exchanges of pairs that are less than `least_separation` apart on average do not matter.
pub(super) fn exchanged_frames(
    times_s: &[f64],
    pairs: &[Pair],
    config: &ExchangeConfig,
    least_separation: f64,
) -> Vec<bool> {
    let mut exchanged = vec![false; times_s.len()];
    if pairs.is_empty() {
        return exchanged;
    }
    let known: Vec<usize> = (0..times_s.len())
        .filter(|&frame| {
            pairs
                .iter()
                .any(|pair| pair[frame].iter().any(Option::is_some))
        })
        .collect();
    let stride = stride(times_s, config.rate_hz);
    let none = exchanged.clone();
    for phase in 0..stride {
        let frames: Vec<usize> = known.iter().copied().skip(phase).step_by(stride).collect();
        let track = Track {
            times_s,
            pairs,
            frames: &frames,
            config,
            base: &none,
            keeps_velocity: true,
            exchanged_frame: EXCHANGED_FRAME,
        };
        for (&frame, state) in frames.iter().zip(track.smoothest()) {
            exchanged[frame] = state;
        }
    }
    if stride > 1 {
        // Interleaved recordings that disagree are settled by the places of neighbouring frames.
        let track = Track {
            times_s,
            pairs,
            frames: &known,
            config,
            base: &exchanged,
            keeps_velocity: false,
            exchanged_frame: SETTLED_FRAME,
        };
        let changed = track.smoothest();
        for (&frame, changed) in known.iter().zip(changed) {
            exchanged[frame] ^= changed;
        }
    }
    let share = config.least_separation * widest(pairs).unwrap_or(0.0);
    drop_meaningless(&mut exchanged, pairs, share.max(least_separation));
    drop_passes(&mut exchanged, times_s, pairs);
    exchanged
}

/// Undoes exchanges of pairs that lie over each other, on average: noise decides there, and
/// nothing depends on it.
fn drop_meaningless(exchanged: &mut [bool], pairs: &[Pair], least_separation: f64) {
    let mut start = 0;
    while start < exchanged.len() {
        let length = exchanged[start..].iter().take_while(|&&e| e).count();
        let end = start + length;
        let apart: Vec<f64> = (start..end)
            .filter_map(|frame| separation(pairs, frame))
            .collect();
        let matters = apart.iter().sum::<f64>() > least_separation * apart.len() as f64;
        if !matters {
            exchanged[start..end].fill(false);
        }
        start = end + 1;
    }
}

/// Undoes exchanges at whose ends the limbs go on as they went, if they are seen for longer than a step from frame to
/// frame: of legs that pass each other detectors draw both at one place for some frames, and what leaves that place
/// looks, from frame to frame, as if it had turned back.
fn drop_passes(exchanged: &mut [bool], times_s: &[f64], pairs: &[Pair]) {
    let mut start = 0;
    while start < exchanged.len() {
        let length = exchanged[start..].iter().take_while(|&&e| e).count();
        let end = start + length;
        if length > 0
            && goes_on(times_s, pairs, exchanged, start) + goes_on(times_s, pairs, exchanged, end)
                > 0.0
        {
            exchanged[start..end].fill(false);
        }
        start = end + 1;
    }
}

/// How far left and right are from each other on both sides of the start of a frame, and how fast they part: positive
/// where these agree, negative where they are opposed, as if exchanged.
fn goes_on(times_s: &[f64], pairs: &[Pair], exchanged: &[bool], frame: usize) -> f64 {
    if frame == 0 || frame >= times_s.len() {
        return 0.0;
    }
    let cut_s = f64::midpoint(times_s[frame - 1], times_s[frame]);
    let line = |pair: &Pair, is_exchanged: bool, frames: &mut dyn Iterator<Item = usize>| {
        let seen: Vec<(f64, Vector3<f64>)> = frames
            .take_while(|&at| exchanged[at] == is_exchanged)
            .take_while(|&at| (times_s[at] - cut_s).abs() <= PASSING_S)
            .filter_map(|at| Some((times_s[at] - cut_s, pair[at][0]? - pair[at][1]?)))
            .collect();
        line_through(&seen)
    };
    pairs
        .iter()
        .filter_map(|pair| {
            let (place, speed) = line(pair, exchanged[frame - 1], &mut (0..frame).rev())?;
            let (next_place, next_speed) =
                line(pair, exchanged[frame], &mut (frame..times_s.len()))?;
            Some(place.dot(&next_place) + SPEED_COUNTS_S.powi(2) * speed.dot(&next_speed))
        })
        .sum()
}

/// Place at time zero and speed of what was seen; of what was seen once, it stands still there.
fn line_through(seen: &[(f64, Vector3<f64>)]) -> Option<(Vector3<f64>, Vector3<f64>)> {
    let count = seen.len() as f64;
    let mean_s = seen.iter().map(|(time_s, _)| time_s).sum::<f64>() / count;
    let mean = seen.iter().map(|(_, at)| at).sum::<Vector3<f64>>() / count;
    let spread: f64 = seen
        .iter()
        .map(|(time_s, _)| (time_s - mean_s).powi(2))
        .sum();
    let speed = seen
        .iter()
        .map(|(time_s, at)| (at - mean) * (time_s - mean_s))
        .sum::<Vector3<f64>>()
        / spread.max(1e-9);
    (!seen.is_empty()).then(|| (mean - speed * mean_s, speed))
}

/// Mean distance between left and right over the pairs that a frame shows.
fn separation(pairs: &[Pair], frame: usize) -> Option<f64> {
    let apart: Vec<f64> = pairs
        .iter()
        .filter_map(|pair| Some((pair[frame][0]? - pair[frame][1]?).norm()))
        .collect();
    (!apart.is_empty()).then(|| apart.iter().sum::<f64>() / apart.len() as f64)
}

/// Nearly the widest that left and right come apart: of legs, the stride.
fn widest(pairs: &[Pair]) -> Option<f64> {
    let frames = pairs.first().map_or(0, Vec::len);
    let mut known: Vec<f64> = (0..frames)
        .filter_map(|frame| separation(pairs, frame))
        .collect();
    quantile(&mut known, 0.9)
}

/// How many interleaved slower recordings a fast one is judged as.
fn stride(times_s: &[f64], rate_hz: f64) -> usize {
    let steps = times_s.len().saturating_sub(1);
    let duration_s =
        times_s.last().copied().unwrap_or(0.0) - times_s.first().copied().unwrap_or(0.0);
    let ratio = steps as f64 / (duration_s * rate_hz);
    (1..=64)
        .rev()
        .find(|&stride| f64::from(stride) <= ratio + 0.5)
        .map_or(1, |stride: u32| stride as usize)
}

/// The frames judged together.
struct Track<'a> {
    times_s: &'a [f64],
    pairs: &'a [Pair],
    frames: &'a [usize],
    config: &'a ExchangeConfig,
    /// Exchanges already known, by frame of the recording.
    base: &'a [bool],
    /// Whether joints are predicted by their velocity, or by their place alone.
    keeps_velocity: bool,
    /// Cost of each exchanged frame: of two equal explanations the one that changes less.
    exchanged_frame: f64,
}

/// What a joint is predicted from.
#[derive(Clone, Copy)]
enum Order {
    /// The frame before: it stays where it is.
    Place = 0,
    /// Two frames before: it keeps its velocity.
    Velocity = 1,
}

impl Track<'_> {
    /// The labelling of least cost; the one with fewer exchanged frames of it and its opposite.
    fn smoothest(&self) -> Vec<bool> {
        let count = self.frames.len();
        if count < 3 {
            return vec![false; count];
        }
        let spreads = self.spreads();
        // cost[before][now], for the labelling of the frame before and of this one.
        let switch = |before: usize, now: usize| {
            let change = if before == now {
                0.0
            } else {
                self.config.switch_cost
            };
            change + self.exchanged_frame * now as f64
        };
        let mut cost = [[0.0; 2]; 2];
        for (before, row) in cost.iter_mut().enumerate() {
            for (now, cost) in row.iter_mut().enumerate() {
                *cost = switch(before, now) + self.cost(1, [before, before, now], &spreads);
            }
        }
        let mut from: Vec<[[usize; 2]; 2]> = Vec::with_capacity(count);
        for at in 2..count {
            let mut next = [[f64::INFINITY; 2]; 2];
            let mut best = [[0; 2]; 2];
            for (earlier, row) in cost.iter().enumerate() {
                for (before, so_far) in row.iter().enumerate() {
                    for now in 0..2 {
                        let total = so_far
                            + switch(before, now)
                            + self.cost(at, [earlier, before, now], &spreads);
                        if total < next[before][now] {
                            next[before][now] = total;
                            best[before][now] = earlier;
                        }
                    }
                }
            }
            cost = next;
            from.push(best);
        }
        let mut last = (0, 0);
        for before in 0..2 {
            for now in 0..2 {
                if cost[before][now] < cost[last.0][last.1] {
                    last = (before, now);
                }
            }
        }
        let mut states = vec![false; count];
        let (mut before, mut now) = last;
        for at in (0..count).rev() {
            states[at] = now == 1;
            let earlier = if at >= 2 {
                from[at - 2][before][now]
            } else {
                0
            };
            (before, now) = (earlier, before);
        }
        let exchanged = states.iter().filter(|&&state| state).count();
        if self.keeps_velocity && 2 * exchanged > count {
            for state in &mut states {
                *state = !*state;
            }
        }
        states
    }

    /// Cost of the labellings of the frames `at - 2`, `at - 1` and `at`.
    fn cost(&self, at: usize, labels: [usize; 3], spreads: &[[f64; 2]]) -> f64 {
        let largest = self.config.largest_residual.powi(2);
        let (mut sum, mut count) = (0.0, 0_usize);
        for (pair, spread) in self.pairs.iter().zip(spreads) {
            for side in 0..2 {
                if self.place(pair, at, side, labels[2]).is_none() {
                    continue;
                }
                count += 1;
                sum += self
                    .residual(at, pair, side, labels)
                    .map_or(UNKNOWN, |(residual, order)| {
                        (residual / spread[order as usize]).powi(2)
                    })
                    .min(largest);
            }
        }
        if count == 0 {
            return 0.0;
        }
        0.5 * (count as f64).min(self.config.most_evidence) * sum / count as f64
    }

    /// Where a joint is under a labelling.
    fn place(&self, pair: &Pair, at: usize, side: usize, label: usize) -> Option<Vector3<f64>> {
        let frame = self.frames[at];
        pair[frame][side ^ label ^ usize::from(self.base[frame])]
    }

    /// How far a joint is from its prediction, for steps of usual length.
    fn residual(
        &self,
        at: usize,
        pair: &Pair,
        side: usize,
        labels: [usize; 3],
    ) -> Option<(f64, Order)> {
        let place = |back: usize| self.place(pair, at.checked_sub(back)?, side, labels[2 - back]);
        let time_s = |back: usize| self.times_s[self.frames[at - back]];
        let now = place(0)?;
        if let Some(before) = place(1) {
            let step_s = time_s(0) - time_s(1);
            if step_s > self.config.longest_gap_s {
                return None;
            }
            let usual_s = 1.0 / self.config.rate_hz;
            let stretch = (step_s / usual_s).max(1.0);
            if self.keeps_velocity
                && let Some(earlier) = place(2)
            {
                let ratio = step_s / (time_s(1) - time_s(2));
                if ratio > 0.5 {
                    let expected = before + (before - earlier) * ratio;
                    return Some(((now - expected).norm() / stretch, Order::Velocity));
                }
            }
            return Some(((now - before).norm() / stretch, Order::Place));
        }
        let earlier = place(2)?;
        let step_s = time_s(0) - time_s(2);
        (step_s <= self.config.longest_gap_s).then(|| ((now - earlier).norm() / 2.0, Order::Place))
    }

    /// The usual residual of each pair, for both orders: the median over frames of the better of
    /// the two labellings, so that exchanged frames do not widen it.
    fn spreads(&self) -> Vec<[f64; 2]> {
        // Less than this share of the joint's own median step is rounding, not noise.
        const SMALLEST: f64 = 0.1;
        let medians: Vec<[Option<f64>; 2]> = self
            .pairs
            .iter()
            .map(|pair| {
                let mut residuals: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
                for at in 1..self.frames.len() {
                    for side in 0..2 {
                        let of = |labels| self.residual(at, pair, side, labels);
                        if let Some((residual, order)) = of([0, 0, 0]) {
                            let other = of([0, 0, 1]).map_or(residual, |(other, _)| other);
                            residuals[order as usize].push(residual.min(other));
                        }
                        if let (Some(now), Some(before)) = (
                            self.place(pair, at, side, 0),
                            self.place(pair, at - 1, side, 0),
                        ) {
                            residuals[Order::Place as usize].push((now - before).norm());
                        }
                    }
                }
                residuals.map(|mut values| quantile(&mut values, self.config.usual_quantile))
            })
            .collect();
        let overall = |order: usize| {
            let mut values: Vec<f64> = medians.iter().filter_map(|m| m[order]).collect();
            quantile(&mut values, 0.5)
        };
        let place = overall(Order::Place as usize).unwrap_or(0.0);
        let floor = (SMALLEST * place).max(f64::MIN_POSITIVE.sqrt());
        let otherwise = [place, overall(Order::Velocity as usize).unwrap_or(place)];
        medians
            .iter()
            .map(|medians| {
                [0, 1].map(|order| medians[order].unwrap_or(otherwise[order]).max(floor))
            })
            .collect()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a length is a length"
)]
fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    let at = (last as f64 * share.clamp(0.0, 1.0)).round() as usize;
    Some(*values.select_nth_unstable_by(at, f64::total_cmp).1)
}
