//! Poses at exactly 20 Hz, by time.

use ambulo::signal::smooth::{Smoothing, smooth};
use ambulo::signal::spline::CubicSpline;
use nalgebra::Vector3;

use super::body::BodyClip;
use super::{JOINTS, MotionError, Pose, RATE_HZ};

/// What is faster than this is taken out before, so that it does not show as something slower.
const CUTOFF_HZ: f64 = 8.0;
/// Two times this close are one.
const ROUNDING_S: f64 = 1e-9;

impl BodyClip {
    /// The poses at 0, 1/20, 2/20, … seconds from the first, by a cubic spline through the recorded ones
    /// without what is faster than 8 Hz. The recording's times are used as they are: no rate is rounded.
    ///
    /// # Errors
    ///
    /// [`MotionError::TooShort`] if that is fewer than two poses.
    pub fn resampled(&self) -> Result<Vec<Pose>, MotionError> {
        let times_s = self.times_s();
        let end_s = times_s.last().copied().unwrap_or(0.0) + ROUNDING_S;
        let grid_s: Vec<f64> = (0..u32::MAX)
            .map(|index| f64::from(index) / RATE_HZ)
            .take_while(|&time_s| time_s <= end_s)
            .collect();
        let short = || MotionError::TooShort {
            frames: grid_s.len().min(times_s.len()),
            needed: 2,
        };
        if grid_s.len() < 2 || times_s.len() < 2 {
            return Err(short());
        }
        let mut poses = vec![[Vector3::zeros(); JOINTS]; grid_s.len()];
        let smoothing = Smoothing::with_cutoff(CUTOFF_HZ);
        for joint in 0..JOINTS {
            for axis in 0..3 {
                let places = self.poses().iter().map(|pose| Some(pose[joint][axis]));
                let signal = smooth(times_s, &places.collect::<Vec<_>>(), &smoothing);
                let signal: Vec<f64> = signal.into_iter().flatten().collect();
                let curve = CubicSpline::not_a_knot(times_s, &signal).map_err(|_| short())?;
                for (pose, &time_s) in poses.iter_mut().zip(&grid_s) {
                    pose[joint][axis] = curve.value(time_s);
                }
            }
        }
        Ok(poses)
    }
}
