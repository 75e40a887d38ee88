//! Which of two tracks is the left one: runs of frames, cut where the tracks may have been exchanged.

use std::ops::Range;

use nalgebra::Vector2;

use super::heading::{Heading, Passage};
use super::limb::Tracks;
use super::{Headings, SideConfig};

/// Deviation of where limbs are from each other, over a cut, in body heights.
const PLACE: f64 = 0.08;
/// Deviation of how fast they move from each other, in body heights a second.
const SPEED: f64 = 0.8;
/// A limb that is further ahead, in body heights on average, is ahead.
const CLEARLY_AHEAD: f64 = 0.05;
/// Frames of maps that err together count as much as one.
const SAME_ERROR_S: f64 = 0.1;

/// Sides of two tracks.
#[derive(Debug, Clone)]
pub(super) struct Labelling {
    /// For each frame of the tracks whether the second limb is the left one.
    pub(super) left_is_second: Vec<bool>,
    /// How often the sides were told anew.
    pub(super) cuts: usize,
    /// What speaks for these sides rather than their opposite, within runs.
    pub(super) support: f64,
    /// What spoke for the sides of passages, after they were settled.
    pub(super) passage_support: f64,
    /// For each frame of the tracks what speaks for the first limb being the left one.
    evidence: Vec<f64>,
    /// The tracks' frames as numbers of the clip's.
    clip_frames: Vec<usize>,
}

impl Labelling {
    /// Decides the sides of all runs together.
    pub(super) fn of(
        tracks: &Tracks,
        times_s: &[f64],
        [headings, facings]: [&Headings; 2],
        config: &SideConfig,
    ) -> Self {
        let clip_frames: Vec<usize> = tracks.frames.iter().map(|limb| limb.frame).collect();
        let runs = runs(tracks, times_s, config);
        let mut evidence = vec![0.0; clip_frames.len()];
        // What speaks for the first limb being the left one, for each run.
        let votes: Vec<f64> = runs
            .iter()
            .map(|run| {
                let maps = |index: usize| {
                    let leaning = tracks.frames[index].leaning;
                    config.map_weight * leaning * share(&clip_frames, times_s, index)
                };
                let heads = |index: usize| {
                    let facing = facings[clip_frames[index]];
                    let order = facing.map_or(0.0, |facing| facing.order(tracks, index));
                    config.heading_weight * order * share(&clip_frames, times_s, index)
                };
                let capped = |of: &dyn Fn(usize) -> f64, most: f64, evidence: &mut [f64]| {
                    let sum: f64 = run.clone().map(of).sum();
                    let kept = sum.clamp(-most, most);
                    let scale = if sum == 0.0 { 0.0 } else { kept / sum };
                    for index in run.clone() {
                        evidence[index] += of(index) * scale;
                    }
                    kept
                };
                capped(&maps, config.most_maps, &mut evidence)
                    + capped(&heads, config.most_heading, &mut evidence)
            })
            .collect();
        let turns: Vec<f64> = runs
            .windows(2)
            .map(|pair| {
                let [before, after] = [&pair[0], &pair[1]];
                turned(tracks, times_s, before, after, config)
                    + passed(tracks, times_s, headings, before, after, config)
            })
            .collect();
        let labels = best(&votes, &turns);
        let mut left_is_second = vec![false; clip_frames.len()];
        let mut support = 0.0;
        for ((run, &label), &vote) in runs.iter().zip(&labels).zip(&votes) {
            left_is_second[run.clone()].fill(label);
            support += if label { -vote } else { vote };
        }
        Self {
            left_is_second,
            cuts: runs.len().saturating_sub(1),
            support,
            passage_support: 0.0,
            evidence,
            clip_frames,
        }
    }

    /// What the frames of a passage say for their sides as they are. Their errors go together, so it counts
    /// no more than one run.
    pub(super) fn own(&self, passage: &Passage, config: &SideConfig) -> f64 {
        let own: f64 = self
            .within(passage)
            .map(|index| {
                let sign = if self.left_is_second[index] {
                    -1.0
                } else {
                    1.0
                };
                sign * self.evidence[index]
            })
            .sum();
        own.clamp(-config.most_maps, config.most_maps)
    }

    /// Exchanges the sides of a passage, of which `own` and `passage_support` spoke for them, or keeps them.
    pub(super) fn settle(&mut self, passage: &Passage, sign: f64, own: f64, passage_support: f64) {
        if sign < 0.0 {
            for index in self.within(passage) {
                self.left_is_second[index] = !self.left_is_second[index];
            }
            self.support -= 2.0 * own;
        }
        self.passage_support += passage_support;
    }

    /// Frames of the tracks in a passage.
    fn within(&self, passage: &Passage) -> Range<usize> {
        let index = |frame: usize| self.clip_frames.partition_point(|&have| have < frame);
        index(passage.frames.start)..index(passage.frames.end)
    }
}

/// How many independent pictures' worth a frame is.
fn share(clip_frames: &[usize], times_s: &[f64], index: usize) -> f64 {
    let step_s = if index > 0 {
        times_s[clip_frames[index]] - times_s[clip_frames[index - 1]]
    } else {
        SAME_ERROR_S
    };
    (step_s / SAME_ERROR_S).min(1.0)
}

/// Runs of frames whose limbs were followed without doubt. Cuts that lie close together are one.
fn runs(tracks: &Tracks, times_s: &[f64], config: &SideConfig) -> Vec<Range<usize>> {
    let time_s = |index: usize| times_s[tracks.frames[index].frame];
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    let mut index = 1;
    while index < tracks.frames.len() {
        if tracks.frames[index].margin >= config.least_margin {
            index += 1;
            continue;
        }
        // The weakest link of a doubtful stretch.
        let mut weakest = index;
        let mut last = index;
        while index < tracks.frames.len() && time_s(index) - time_s(last) < config.velocity_s {
            if tracks.frames[index].margin < config.least_margin {
                last = index;
                if tracks.frames[index].margin < tracks.frames[weakest].margin {
                    weakest = index;
                }
            }
            index += 1;
        }
        runs.push(start..weakest);
        start = weakest;
    }
    runs.push(start..tracks.frames.len());
    runs.retain(|run| !run.is_empty());
    runs
}

/// What speaks for the tracks not having been exchanged between two runs: positive for, negative against.
fn turned(
    tracks: &Tracks,
    times_s: &[f64],
    before: &Range<usize>,
    after: &Range<usize>,
    config: &SideConfig,
) -> f64 {
    let time_s = |index: usize| times_s[tracks.frames[index].frame];
    let (last_s, first_s) = (time_s(before.end - 1), time_s(after.start));
    if first_s - last_s > config.longest_gap_s {
        return 0.0;
    }
    let middle_s = f64::midpoint(last_s, first_s);
    let [mut kept, mut exchanged] = [0.0; 2];
    for level in 0..tracks.levels() {
        let line = |run: &mut dyn Iterator<Item = usize>| {
            // Joints at one place say nothing of where each of them goes.
            let mut seen: Vec<(f64, Vector2<f64>)> = Vec::new();
            for index in run {
                let from_cut_s = (time_s(index) - middle_s).abs();
                let first_s = seen.first().map_or(from_cut_s, |(time_s, _)| time_s.abs());
                if from_cut_s > first_s + config.velocity_s || first_s > config.longest_gap_s {
                    break;
                }
                if let Some(apart) = tracks.apart(index, level) {
                    seen.push((time_s(index) - middle_s, apart));
                }
            }
            Line::through(&seen)
        };
        let (Some(from), Some(to)) = (line(&mut before.clone().rev()), line(&mut after.clone()))
        else {
            continue;
        };
        let speed = (from.speed.is_some() && to.speed.is_some()).then_some(());
        let cost = |sign: f64| {
            let place = (from.at - to.at * sign).norm() / PLACE;
            let speed = speed.map_or(0.0, |()| {
                let (a, b) = (from.speed.unwrap_or_default(), to.speed.unwrap_or_default());
                (a - b * sign).norm() / SPEED
            });
            0.5 * (place * place + speed * speed)
        };
        kept += cost(1.0);
        exchanged += cost(-1.0);
    }
    (exchanged - kept).clamp(-config.most_motion, config.most_motion)
}

/// Who walks across the picture has one limb pass the other from one side of a cut to the other: what that
/// says for the tracks not having been exchanged.
fn passed(
    tracks: &Tracks,
    times_s: &[f64],
    headings: &Headings,
    before: &Range<usize>,
    after: &Range<usize>,
    config: &SideConfig,
) -> f64 {
    let time_s = |index: usize| times_s[tracks.frames[index].frame];
    let is_across = headings[tracks.frames[after.start].frame].is_some_and(Heading::is_across);
    let Some(last) = tracks.levels().checked_sub(1).filter(|&last| last > 0) else {
        return 0.0;
    };
    let cut_s = f64::midpoint(time_s(before.end - 1), time_s(after.start));
    let ahead = |run: &Range<usize>| {
        let near: Vec<f64> = run
            .clone()
            .filter(|&index| (time_s(index) - cut_s).abs() <= config.longest_gap_s)
            .filter_map(|index| Some(tracks.apart(index, last)?.x))
            .collect();
        near.iter().sum::<f64>() / near.len().max(1) as f64
    };
    let (was, is) = (ahead(before), ahead(after));
    if !is_across || was.abs() < CLEARLY_AHEAD || is.abs() < CLEARLY_AHEAD {
        return 0.0;
    }
    // A track that was ahead and still is has been exchanged.
    if (was > 0.0) == (is > 0.0) {
        -config.passing
    } else {
        config.passing
    }
}

/// A straight motion.
struct Line {
    at: Vector2<f64>,
    speed: Option<Vector2<f64>>,
}

impl Line {
    /// Least squares; of one point, or of points at one time, only the place.
    fn through(seen: &[(f64, Vector2<f64>)]) -> Option<Self> {
        if seen.is_empty() {
            return None;
        }
        let count = seen.len() as f64;
        let mean_s = seen.iter().map(|(time_s, _)| time_s).sum::<f64>() / count;
        let mean = seen
            .iter()
            .fold(Vector2::zeros(), |sum, (_, at)| sum + at / count);
        let spread: f64 = seen
            .iter()
            .map(|(time_s, _)| (time_s - mean_s).powi(2))
            .sum();
        if seen.len() < 2 || spread <= 0.0 {
            return Some(Self {
                at: mean,
                speed: None,
            });
        }
        let speed = seen.iter().fold(Vector2::zeros(), |sum, (time_s, at)| {
            sum + (at - mean) * ((time_s - mean_s) / spread)
        });
        Some(Self {
            at: mean - speed * mean_s,
            speed: Some(speed),
        })
    }
}

/// The labels (whether the second limb is the left one) of greatest agreement. `votes` speak for the first
/// being the left one, `turns` for two neighbours having the same label.
fn best(votes: &[f64], turns: &[f64]) -> Vec<bool> {
    let vote = |run: usize, label: usize| if label == 0 { votes[run] } else { -votes[run] };
    let mut worth = [0.0; 2];
    let mut from: Vec<[usize; 2]> = Vec::with_capacity(votes.len());
    for run in 0..votes.len() {
        let mut next = [0.0; 2];
        let mut best_from = [0, 1];
        for label in 0..2 {
            if run > 0 {
                let of = |before: usize| {
                    let turn = turns[run - 1];
                    worth[before] + if before == label { turn } else { -turn }
                };
                best_from[label] = if of(1 - label) > of(label) {
                    1 - label
                } else {
                    label
                };
                next[label] = of(best_from[label]);
            }
            next[label] += vote(run, label);
        }
        worth = next;
        from.push(best_from);
    }
    let mut label = usize::from(worth[1] > worth[0]);
    let mut labels = vec![false; votes.len()];
    for run in (0..votes.len()).rev() {
        labels[run] = label == 1;
        label = from[run][label];
    }
    labels
}
