//! Time of each frame.

use serde::{Deserialize, Serialize};

/// The time of each frame in seconds from the first, strictly increasing.
///
/// Made once with [`TimeBase::new`] or [`TimeBase::uniform`], so no caller checks again. Times are
/// the recording's own: nothing here rounds a rate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f64>", into = "Vec<f64>")]
pub struct TimeBase {
    times_s: Vec<f64>,
}

/// Why times of frames are not usable.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TimeError {
    /// There is no frame.
    #[error("the recording has no frames")]
    Empty,
    /// A time is infinite or not a number.
    #[error("the time of frame {frame} is not a number")]
    NotFinite {
        /// Index of the frame.
        frame: usize,
    },
    /// A frame is not later than the one before.
    #[error("frame {frame} is at {time_s} s, not after the frame before it ({previous_s} s)")]
    NotIncreasing {
        /// Index of the frame.
        frame: usize,
        /// Its time.
        time_s: f64,
        /// The time of the frame before.
        previous_s: f64,
    },
    /// The rate is not a positive number.
    #[error("a frame rate of {rate_hz} Hz is not possible")]
    BadRate {
        /// The rate.
        rate_hz: f64,
    },
}

impl TimeBase {
    /// Times as they were measured; the first frame becomes zero.
    ///
    /// # Errors
    ///
    /// [`TimeError`] if there are none, or if they do not strictly increase.
    pub fn new(mut times_s: Vec<f64>) -> Result<Self, TimeError> {
        let &start_s = times_s.first().ok_or(TimeError::Empty)?;
        for frame in 0..times_s.len() {
            let time_s = times_s[frame];
            if !time_s.is_finite() {
                return Err(TimeError::NotFinite { frame });
            }
            if frame > 0 && time_s <= times_s[frame - 1] {
                return Err(TimeError::NotIncreasing {
                    frame,
                    time_s,
                    previous_s: times_s[frame - 1],
                });
            }
        }
        for time_s in &mut times_s {
            *time_s -= start_s;
        }
        Ok(Self { times_s })
    }

    /// Evenly spaced frames.
    ///
    /// # Errors
    ///
    /// [`TimeError`] if there are no frames or the rate is not a positive number.
    pub fn uniform(frames: usize, rate_hz: f64) -> Result<Self, TimeError> {
        if !(rate_hz.is_finite() && rate_hz > 0.0) {
            return Err(TimeError::BadRate { rate_hz });
        }
        Self::new((0..frames).map(|frame| frame as f64 / rate_hz).collect())
    }

    /// Seconds from the first frame, one a frame.
    pub fn times_s(&self) -> &[f64] {
        &self.times_s
    }

    /// How many frames there are; never zero.
    pub fn frames(&self) -> usize {
        self.times_s.len()
    }

    /// Time from the first frame to the last.
    pub fn duration_s(&self) -> f64 {
        self.times_s.last().copied().unwrap_or(0.0)
    }

    /// Median time between frames; `None` for a single frame.
    pub fn median_step_s(&self) -> Option<f64> {
        let mut steps: Vec<f64> = self.times_s.windows(2).map(|w| w[1] - w[0]).collect();
        if steps.is_empty() {
            return None;
        }
        steps.sort_by(f64::total_cmp);
        Some(steps[steps.len() / 2])
    }

    /// Median frame rate, for people and filters; `None` for a single frame.
    pub fn rate_hz(&self) -> Option<f64> {
        self.median_step_s().map(|step_s| 1.0 / step_s)
    }

    /// Whether every step is within `tolerance` (relative) of the median step.
    pub fn is_uniform(&self, tolerance: f64) -> bool {
        let Some(step_s) = self.median_step_s() else {
            return true;
        };
        self.times_s
            .windows(2)
            .all(|w| ((w[1] - w[0]) / step_s - 1.0).abs() <= tolerance)
    }

    /// The frame nearest in time.
    pub fn nearest_frame(&self, time_s: f64) -> usize {
        let after = self.times_s.partition_point(|&t| t < time_s);
        if after == 0 {
            return 0;
        }
        if after == self.times_s.len() {
            return after - 1;
        }
        let (before_s, after_s) = (self.times_s[after - 1], self.times_s[after]);
        if time_s - before_s <= after_s - time_s {
            after - 1
        } else {
            after
        }
    }
}

impl TryFrom<Vec<f64>> for TimeBase {
    type Error = TimeError;

    fn try_from(times_s: Vec<f64>) -> Result<Self, Self::Error> {
        Self::new(times_s)
    }
}

impl From<TimeBase> for Vec<f64> {
    fn from(time: TimeBase) -> Self {
        time.times_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ntsc_rate_is_not_rounded() {
        let time = TimeBase::uniform(1000, 30_000.0 / 1001.0).unwrap();
        assert!((time.duration_s() - 999.0 * 1001.0 / 30_000.0).abs() < 1e-9);
    }

    #[test]
    fn time_that_stands_still_is_refused() {
        let error = TimeBase::new(vec![0.0, 0.1, 0.1]).unwrap_err();
        assert!(matches!(error, TimeError::NotIncreasing { frame: 2, .. }));
    }

    #[test]
    fn the_nearest_frame_is_found_between_and_outside() {
        let time = TimeBase::new(vec![5.0, 5.1, 5.4]).unwrap();
        assert_eq!(time.nearest_frame(-1.0), 0);
        assert_eq!(time.nearest_frame(0.24), 1);
        assert_eq!(time.nearest_frame(0.26), 2);
        assert_eq!(time.nearest_frame(9.0), 2);
    }
}
