//! What of a recording an estimate may rest on, and how far.

use ambulo::skeleton::Joint;

use super::{FRAMES, JOINTS, MAX_MISSING, ParamsError, ParamsTrack, ParamsWindow, RATE_HZ, place};

/// From this [`frontality`](super::WindowQuality::frontality) on, a walk is filmed from the front or back: for
/// usual steps about 65° out of the picture.
pub const FRONTAL: f64 = 1.0;
/// From this one on, it is filmed slantwise: for usual steps about 45°.
pub const OBLIQUE: f64 = 0.5;
/// The share of a window that must be a walk.
const WALKING: f64 = 0.8;
/// Bridged coordinates of less than this share are not worth a word.
const WORTH_A_WORD: f64 = 0.05;

/// The windows of a recording that estimates may rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Usable {
    /// First frames of the windows; at least one.
    pub starts: Vec<usize>,
    /// What the intervals of estimates are multiplied by: 1 for recordings like those in training, up to 2 for as
    /// many gaps as are allowed, twice as much again for a view that is almost from the front. A rule of
    /// ours, not a measurement.
    pub widening: f64,
    /// Why it is more than 1, for people.
    pub cautions: Vec<String>,
}

impl ParamsTrack {
    /// The windows that show both legs well enough from the side, four fifths of them within one of these
    /// stretches of walking (seconds from the first frame); `None` if the whole recording is a walk.
    ///
    /// # Errors
    ///
    /// - [`ParamsError::NotWalking`] if no window is within a walk
    /// - [`ParamsError::Gaps`] if some joint is missing too often in each of those
    /// - [`ParamsError::Frontal`] if all others are filmed from the front or back
    pub fn usable(&self, walking_s: Option<&[[f64; 2]]>) -> Result<Usable, ParamsError> {
        let all = self.windows();
        let is_walk = |window: &ParamsWindow| {
            let mut walks = walking_s.into_iter().flatten();
            walking_s.is_none() || walks.any(|&walk| is_within(window.start, walk))
        };
        let walk: Vec<_> = all.iter().copied().filter(is_walk).collect();
        // Where no walk was found, the reason may be that it cannot be seen.
        let windows = if walk.is_empty() { &all } else { &walk };
        let kept: Vec<_> = windows.iter().filter(|window| window.is_kept).collect();
        if kept.is_empty() {
            return Err(self.gaps(windows));
        }
        let frontality = |window: &ParamsWindow| {
            let frontality = window.quality.frontality;
            frontality.unwrap_or(f64::INFINITY)
        };
        let good: Vec<_> = kept.iter().filter(|it| frontality(it) < FRONTAL).collect();
        if good.is_empty() {
            let least = kept.iter().map(|it| frontality(it));
            return Err(ParamsError::Frontal {
                frontality: least.fold(f64::INFINITY, f64::min),
            });
        }
        if walk.is_empty() {
            let lengths = walking_s.into_iter().flatten().map(|[from, to]| to - from);
            return Err(ParamsError::NotWalking {
                longest_s: lengths.fold(0.0, f64::max),
            });
        }
        let count = good.len() as f64;
        let gaps: f64 = good.iter().map(|it| it.quality.interpolated_share).sum();
        let (gaps, view) = (
            gaps / count,
            good.iter().map(|it| frontality(it)).sum::<f64>() / count,
        );
        let beyond = ((view - OBLIQUE) / (FRONTAL - OBLIQUE)).max(0.0);
        let mut cautions = Vec::new();
        if gaps >= WORTH_A_WORD {
            cautions.push(format!(
                "{:.0} % of the legs' coordinates were not seen but bridged",
                100.0 * gaps
            ));
        }
        if beyond > 0.0 {
            cautions.push("the walk was filmed slantwise, not from the side".to_owned());
        }
        if good.len() < windows.len() {
            cautions.push(format!(
                "{} of {} stretches of 5 s could not be used",
                windows.len() - good.len(),
                windows.len()
            ));
        }
        Ok(Usable {
            starts: good.iter().map(|it| it.start).collect(),
            widening: (1.0 + gaps / MAX_MISSING) * (1.0 + beyond),
            cautions,
        })
    }

    /// The joint seen least in the window that comes nearest to being usable.
    fn gaps(&self, windows: &[ParamsWindow]) -> ParamsError {
        let least_seen = |start: usize| -> (Joint, usize) {
            let seen = |joint: Joint| {
                let axes = [0, 1].map(|axis| {
                    let column = &self.raw[2 * place(joint) + axis][start..start + FRAMES];
                    column.iter().filter(|value| value.is_some()).count()
                });
                axes[0].min(axes[1])
            };
            let each = JOINTS.map(|joint| (joint, seen(joint)));
            let least = each.into_iter().min_by_key(|(_, seen)| *seen);
            least.unwrap_or((JOINTS[0], 0))
        };
        let least = windows.iter().map(|window| least_seen(window.start));
        let (joint, seen) = least
            .max_by_key(|(_, seen)| *seen)
            .unwrap_or((JOINTS[0], 0));
        ParamsError::Gaps { joint, seen }
    }
}

/// Whether enough of the window that begins with this frame lies within a stretch of time.
fn is_within(start: usize, [from_s, to_s]: [f64; 2]) -> bool {
    let window_s = FRAMES as f64 / RATE_HZ;
    let start_s = start as f64 / RATE_HZ;
    let inside_s = to_s.min(start_s + window_s) - from_s.max(start_s);
    inside_s >= WALKING * window_s
}
