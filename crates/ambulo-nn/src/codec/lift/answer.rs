//! Answers of overlapping windows, brought together and back to the recording's own times.

use ambulo::motion::Motion3d;
use ambulo::signal::spline::CubicSpline;
use ambulo::skeleton::LIFT_21;
use ambulo::time::TimeBase;
use nalgebra::{Point3, Vector3};

use super::{AnsweredFrames, JOINTS, LiftCodec, LiftTrack};

/// What a lifter found.
#[derive(Debug, Clone, PartialEq)]
pub struct Lifted {
    /// The joints of [`LIFT_21`] at the times of the recording, in metres from the mid-hips: X to the right
    /// of the image, Y up, Z towards the camera. `None` where the hips were not seen.
    pub motion: Motion3d,
    /// `[frames, joints]`: whether the joint was seen there, or is only what the network expects.
    pub seen: Vec<bool>,
}

/// Weighted sums of the answers, by sample of the track.
#[derive(Debug, Clone)]
pub struct Answers {
    codec: LiftCodec,
    /// `[samples, 21]`, times weight.
    sums: Vec<Vector3<f64>>,
    /// `[samples]`.
    weights: Vec<f64>,
}

/// What the outermost frames of a window count, against its middle ones.
const LEAST_WEIGHT: f64 = 0.05;

impl Answers {
    /// No answers yet.
    pub fn new(codec: &LiftCodec, track: &LiftTrack) -> Self {
        Self {
            codec: *codec,
            sums: vec![Vector3::zeros(); track.samples() * JOINTS],
            weights: vec![0.0; track.samples()],
        }
    }

    /// Adds the answer `[frames_out, 21, 3]` for the window that begins at `start`. Frames outside the
    /// recording are left out.
    pub fn add(&mut self, start: isize, output: &[f32]) {
        let samples = self.codec.samples_of(self.weights.len(), start);
        let answered: Vec<(Option<usize>, f64)> = match self.codec.answers {
            AnsweredFrames::Centre => vec![(samples[self.codec.frames / 2], 1.0)],
            AnsweredFrames::All => samples
                .iter()
                .enumerate()
                .map(|(frame, &sample)| (sample, weight(frame, self.codec.frames)))
                .collect(),
        };
        for ((sample, weight), joints) in answered.into_iter().zip(output.chunks_exact(JOINTS * 3))
        {
            let Some(sample) = sample else { continue };
            self.weights[sample] += weight;
            let sums = &mut self.sums[sample * JOINTS..][..JOINTS];
            for (sum, point) in sums.iter_mut().zip(joints.chunks_exact(3)) {
                *sum += weight * Vector3::from_fn(|axis, _| f64::from(point[axis]));
            }
        }
    }

    /// The mean answer of one sample, in units of the body; `None` if no window answered it.
    pub fn pose(&self, sample: usize) -> Option<[Vector3<f64>; JOINTS]> {
        let weight = self.weights[sample];
        (weight > 0.0).then(|| {
            std::array::from_fn(|joint| match joint {
                0 => Vector3::zeros(),
                _ => self.sums[sample * JOINTS + joint] / weight,
            })
        })
    }

    /// The motion at the recording's times; `None` if no frame was answered.
    pub fn finish(&self, track: &LiftTrack, time: &TimeBase, size_m: f64) -> Option<Lifted> {
        let poses: Vec<Option<[Vector3<f64>; JOINTS]>> = (0..self.weights.len())
            .map(|sample| {
                self.pose(sample)
                    .filter(|_| track.sample(sample)[0].is_some())
            })
            .collect();
        let mut positions_m: Vec<Option<Point3<f64>>> = vec![None; time.frames() * JOINTS];
        let mut seen = vec![false; time.frames() * JOINTS];
        let step_s = 1.0 / self.codec.rate_hz;
        let mut start = 0;
        while start < poses.len() {
            if poses[start].is_none() {
                start += 1;
                continue;
            }
            let length = poses[start..].iter().take_while(|p| p.is_some()).count();
            let stretch: Vec<&[Vector3<f64>; JOINTS]> =
                poses[start..start + length].iter().flatten().collect();
            let first_s = (start as f64 - 0.5) * step_s;
            let last_s = if start + length == poses.len() {
                f64::INFINITY
            } else {
                ((start + length) as f64 - 0.5) * step_s
            };
            let frames = time
                .times_s()
                .iter()
                .enumerate()
                .filter(|&(_, &t)| t >= first_s && t < last_s);
            let frames: Vec<(usize, f64)> = frames.map(|(frame, &t)| (frame, t)).collect();
            let grid_s: Vec<f64> = (start..start + length)
                .map(|sample| sample as f64 * step_s)
                .collect();
            for joint in 0..JOINTS {
                let curves = [0, 1, 2].map(|axis| {
                    let values: Vec<f64> = stretch
                        .iter()
                        .map(|pose| size_m * pose[joint][axis])
                        .collect();
                    CubicSpline::not_a_knot(&grid_s, &values).map_err(|_| values[0])
                });
                for &(frame, time_s) in &frames {
                    // Beyond the outermost samples the pose stands still.
                    let time_s = time_s.clamp(grid_s[0], grid_s[length - 1]);
                    let at = |axis: usize| match &curves[axis] {
                        Ok(curve) => curve.value(time_s),
                        Err(only) => *only,
                    };
                    positions_m[frame * JOINTS + joint] = Some(Point3::new(at(0), at(1), at(2)));
                    let sample = nearest(time_s * self.codec.rate_hz, poses.len());
                    seen[frame * JOINTS + joint] = track.sample(sample)[joint].is_some();
                }
            }
            start += length;
        }
        if positions_m.iter().all(Option::is_none) {
            return None;
        }
        let motion = Motion3d::new(LIFT_21.joints.to_vec(), time.clone(), positions_m).ok()?;
        Some(Lifted { motion, seen })
    }
}

/// Most in the middle of a window, where it sees as much before as after.
fn weight(frame: usize, frames: usize) -> f64 {
    let from_edge = (frame.min(frames - 1 - frame) + 1) as f64 / (frames as f64 / 2.0);
    LEAST_WEIGHT
        + (0.5 * std::f64::consts::PI * from_edge.min(1.0))
            .sin()
            .powi(2)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to the samples first"
)]
fn nearest(sample: f64, samples: usize) -> usize {
    sample.round().clamp(0.0, (samples.max(1) - 1) as f64) as usize
}
