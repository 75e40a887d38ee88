//! Which frames are walking, for points in space and in the image alike.

use std::ops::Range;

use nalgebra::Vector2;

use super::path::Path;
use super::turning::runs;
use super::{BoutConfig, stride_period_s};
use crate::PerSide;
use crate::walk::Surface;

/// What the search looks at: the horizontal plane for a motion, the image for keypoints.
#[derive(Debug)]
pub(crate) struct Track<'a> {
    pub(crate) times_s: &'a [f64],
    pub(crate) pelvis: Path<'a>,
    pub(crate) feet: PerSide<Path<'a>>,
    /// The way the subject faces, where the points show it.
    pub(crate) facing: Option<Path<'a>>,
    pub(crate) leg_length: f64,
    /// Body size relative to the mean; constant in space, growing when walking towards a camera.
    pub(crate) size: Option<Path<'a>>,
}

/// A stretch of walking before it is cut into straight and turning parts.
#[derive(Debug, Clone)]
pub(crate) struct Stretch {
    pub(crate) frames: Range<usize>,
    pub(crate) stride_s: Option<f64>,
    pub(crate) on_belt: bool,
}

/// Net change of relative size a second that weighs like one leg length of travel a second.
/// [choice: at 5 leg lengths from the camera]
const SIZE_AS_TRAVEL: f64 = 5.0;
/// Exchange of the feet that is a step on a belt, leg lengths.
const BELT_EXCHANGE_LEGS: f64 = 0.15;
/// Stride assumed where no rhythm can be measured.
pub(crate) const USUAL_STRIDE_S: f64 = 1.1;

impl Track<'_> {
    /// Left foot minus right foot.
    pub(crate) fn exchange(&self, frame: usize) -> Option<Vector2<f64>> {
        Some(self.feet.left.get(frame)? - self.feet.right.get(frame)?)
    }

    /// Left foot minus right foot along the way the subject goes or faces: the rhythm of the walk.
    pub(crate) fn rhythm(&self, frames: Range<usize>, window_s: f64) -> Vec<Option<f64>> {
        let spread = self.principal_exchange(frames.clone());
        frames
            .map(|frame| {
                let exchange = self.exchange(frame)?;
                let axis = self
                    .moved(frame, window_s)
                    .filter(|moved| moved.norm() > 0.3 * self.leg_length)
                    .or_else(|| self.facing.as_ref().and_then(|facing| facing.get(frame)))
                    .or(spread)?;
                Some(exchange.dot(&axis.try_normalize(1e-9)?))
            })
            .collect()
    }

    /// Displacement of the pelvis over the window around a frame.
    fn moved(&self, frame: usize, window_s: f64) -> Option<Vector2<f64>> {
        let window = self.window(frame, window_s);
        let [first, last] = self.pelvis.ends(window)?;
        Some(last.1 - first.1)
    }

    fn window(&self, frame: usize, window_s: f64) -> Range<usize> {
        let time_s = self.times_s[frame];
        self.pelvis
            .frames_between(time_s - window_s / 2.0, time_s + window_s / 2.0)
    }

    /// The axis along which the feet exchange places most, of either sign.
    fn principal_exchange(&self, frames: Range<usize>) -> Option<Vector2<f64>> {
        let known: Vec<Vector2<f64>> = frames.filter_map(|f| self.exchange(f)).collect();
        let mean = known.iter().sum::<Vector2<f64>>() / known.len().max(1) as f64;
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for p in &known {
            let d = p - mean;
            xx += d.x * d.x;
            xy += d.x * d.y;
            yy += d.y * d.y;
        }
        if xx + yy <= 0.0 {
            return None;
        }
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        Some(Vector2::new(angle.cos(), angle.sin()))
    }

    fn exchange_travel(&self, frames: Range<usize>) -> Option<f64> {
        let points = frames.map(|frame| self.exchange(frame)).collect();
        let count = self.times_s.len();
        let path = Path::bridged(self.times_s, points, 0.0);
        path.travel(0..path.points().len().min(count))
    }

    /// Net progress a second, leg lengths: of the pelvis, and of the size for a camera.
    fn progress(&self, window: Range<usize>) -> Option<f64> {
        let [first, last] = self.pelvis.ends(window.clone())?;
        let span_s = last.0 - first.0;
        if span_s <= 0.0 {
            return None;
        }
        let travel = (last.1 - first.1).norm() / self.leg_length;
        let growth = self
            .size
            .as_ref()
            .and_then(|size| size.ends(window))
            .map_or(0.0, |[a, b]| SIZE_AS_TRAVEL * (b.1.x - a.1.x).abs());
        Some(travel.hypot(growth) / span_s)
    }
}

/// What was seen in the whole recording, for the message when there is no walking.
#[derive(Debug, Default)]
struct Seen {
    progress: f64,
    foot_travel: f64,
    exchange: f64,
    pelvis_frames: usize,
}

/// The stretches of walking, or why there is none.
pub(crate) fn stretches(track: &Track<'_>, config: &BoutConfig) -> Result<Vec<Stretch>, String> {
    let count = track.times_s.len();
    let belt_declared = matches!(config.surface, Surface::Treadmill { .. });
    let mut seen = Seen::default();
    let mut walking = vec![false; count];
    for (frame, walking) in walking.iter_mut().enumerate() {
        if track.pelvis.get(frame).is_none() {
            continue;
        }
        seen.pelvis_frames += 1;
        let window = track.window(frame, config.window_s);
        let legs = |length: Option<f64>| length.unwrap_or(0.0) / track.leg_length;
        let travels = track
            .feet
            .as_ref()
            .map(|foot| foot.travel(window.clone()).map(|d| d / track.leg_length));
        let foot_travel = match (travels.left, travels.right) {
            (Some(left), Some(right)) => f64::midpoint(left, right),
            (one, other) => one.or(other).unwrap_or(0.0),
        };
        let one_foot_hidden = travels.left.is_none() || travels.right.is_none();
        let exchange = legs(track.exchange_travel(window.clone()));
        let progress = track.progress(window).unwrap_or(0.0);
        seen.progress = seen.progress.max(progress);
        seen.foot_travel = seen.foot_travel.max(foot_travel);
        seen.exchange = seen.exchange.max(exchange);
        let feet_walk = foot_travel >= config.min_foot_travel_legs
            && (exchange >= config.min_foot_exchange_legs || one_foot_hidden);
        let goes = progress >= config.min_speed_legs_per_s
            || belt_declared
            || exchange >= BELT_EXCHANGE_LEGS;
        *walking = feet_walk && goes;
    }
    bridge_interruptions(&mut walking, track, config);
    let found: Vec<Stretch> = runs(&walking, true)
        .into_iter()
        .filter_map(|frames| confirmed(track, frames, config))
        .collect();
    if found.is_empty() {
        return Err(why_none(track, &seen));
    }
    Ok(found)
}

fn bridge_interruptions(walking: &mut [bool], track: &Track<'_>, config: &BoutConfig) {
    for pause in runs(walking, false) {
        let inner = pause.start > 0 && pause.end < walking.len();
        let known = pause.clone().all(|frame| track.pelvis.get(frame).is_some());
        if inner
            && known
            && track.times_s[pause.end] - track.times_s[pause.start - 1]
                <= config.max_interruption_s
        {
            walking[pause].fill(true);
        }
    }
}

/// Keeps a stretch that is long enough, covers ground or runs on a belt, and in which the feet
/// take turns at least twice.
fn confirmed(track: &Track<'_>, frames: Range<usize>, config: &BoutConfig) -> Option<Stretch> {
    let duration_s = track.times_s[frames.end - 1] - track.times_s[frames.start];
    if duration_s < config.min_duration_s {
        return None;
    }
    let times_s = &track.times_s[frames.clone()];
    let rhythm = track.rhythm(frames.clone(), config.window_s);
    let stride_s = stride_period_s(times_s, &rhythm);
    let path = pelvis_path_length(track, frames.clone(), stride_s.unwrap_or(USUAL_STRIDE_S));
    let grown = track
        .size
        .as_ref()
        .and_then(|size| size.ends(frames.clone()))
        .map_or(0.0, |[a, b]| SIZE_AS_TRAVEL * (b.1.x - a.1.x).abs());
    let covered = path / track.leg_length + grown;
    let speed = covered / duration_s;
    let on_belt =
        speed < config.min_speed_legs_per_s || matches!(config.surface, Surface::Treadmill { .. });
    let changes = sign_changes(&rhythm, 0.03 * track.leg_length);
    let enough = if on_belt {
        changes >= 3
    } else {
        covered >= config.min_path_legs && changes >= 2
    };
    let mostly_hidden = rhythm.iter().flatten().count() * 2 < rhythm.len();
    (enough || (mostly_hidden && !on_belt && covered >= 2.0 * config.min_path_legs)).then_some(
        Stretch {
            frames,
            stride_s,
            on_belt,
        },
    )
}

/// Length of the pelvis path in steps of half a stride, so that sway and noise add nothing.
pub(crate) fn pelvis_path_length(track: &Track<'_>, frames: Range<usize>, stride_s: f64) -> f64 {
    let (start_s, end_s) = (track.times_s[frames.start], track.times_s[frames.end - 1]);
    let pieces = ((end_s - start_s) / (stride_s / 2.0))
        .round()
        .clamp(1.0, 1e5);
    let mut length = 0.0;
    let mut last: Option<Vector2<f64>> = None;
    let mut piece = 0.0;
    while piece <= pieces {
        if let Some(point) = track
            .pelvis
            .at(start_s + (end_s - start_s) * piece / pieces)
        {
            length += last.map_or(0.0, |last| (point - last).norm());
            last = Some(point);
        }
        piece += 1.0;
    }
    length
}

/// How often a signal goes from clearly positive to clearly negative or back.
fn sign_changes(values: &[Option<f64>], clear: f64) -> usize {
    let mut changes = 0;
    let mut state = 0.0;
    for value in values.iter().flatten() {
        if value.abs() >= clear {
            if value * state < 0.0 {
                changes += 1;
            }
            state = *value;
        }
    }
    changes
}

fn why_none(track: &Track<'_>, seen: &Seen) -> String {
    let duration_s = track.times_s.last().copied().unwrap_or(0.0);
    if seen.pelvis_frames == 0 {
        return "no walking found: the pelvis is not seen in any frame".to_owned();
    }
    format!(
        "no walking found in {duration_s:.2} s: at its fastest the pelvis moved {:.2} leg lengths \
         a second, the feet travelled {:.2} leg lengths and changed their distance by {:.2}",
        seen.progress, seen.foot_travel, seen.exchange
    )
}
