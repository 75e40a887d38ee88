//! What needs no network: a pose that never changes, and the walk that looks most alike.

use ambulo_nn::codec::lift::{CHANNELS, JOINTS, LiftCodec};
use nalgebra::{Point3, Rotation3, Vector3};

use super::Film;
use crate::batch::LiftSamples;
use crate::film::{FilmSamples, FilmSettings, heading};
use crate::motion::{Take, joints_of};

/// The mean pose of the training people, turned to the true direction of the walk.
#[derive(Debug, Clone)]
pub struct MeanPose {
    /// In units of leg and trunk, walking along X.
    joints: [Vector3<f64>; JOINTS],
}

impl MeanPose {
    /// Of recorded walks.
    pub fn of(takes: &[Take]) -> Self {
        let mut sums = [Vector3::zeros(); JOINTS];
        let mut count = 0.0;
        for take in takes {
            let size = take.length_m();
            // The direction changes along a turn: half a second has one.
            for part in take.poses.chunks(30) {
                let to_x = turn(&heading(part)).inverse();
                for pose in part {
                    let joints = joints_of(pose);
                    for (sum, joint) in sums.iter_mut().zip(&joints) {
                        *sum += to_x * (joint - joints[0]) / size;
                    }
                    count += 1.0;
                }
            }
        }
        Self {
            joints: sums.map(|sum| sum / f64::max(count, 1.0)),
        }
    }

    /// Its mean error on a film over Human3.6M's joints, in millimetres.
    pub fn error_mm(&self, film: &Film) -> f64 {
        let turned = turn(&film.heading);
        let guess = self
            .joints
            .map(|joint| Point3::from(turned * joint * film.length_m));
        let mut sum = 0.0;
        for pose in &film.truth {
            sum += (0..17).map(|j| (pose[j] - guess[j]).norm()).sum::<f64>() / 17.0;
        }
        1000.0 * sum / film.truth.len().max(1) as f64
    }
}

/// The turn about the vertical that takes X to a level direction.
fn turn(direction: &Vector3<f64>) -> Rotation3<f64> {
    Rotation3::from_axis_angle(&Vector3::y_axis(), (-direction.z).atan2(direction.x))
}

/// Windows of clean training film with their answers: asked like a network, it answers with those of the
/// most similar window.
#[derive(Debug, Clone)]
pub struct NearestNeighbour {
    codec: LiftCodec,
    inputs: Vec<f32>,
    answers: Vec<f32>,
}

impl NearestNeighbour {
    /// Looks at `windows` windows of the training people, filmed cleanly, their bodies and postures as
    /// recorded.
    pub fn of(codec: &LiftCodec, takes: Vec<Take>, windows: usize) -> Self {
        let settings = FilmSettings {
            body_diversity: 0.0,
            posture_diversity: 0.0,
            clean_share: 1.0,
            ..FilmSettings::default()
        };
        let samples = FilmSamples::new(*codec, settings, takes);
        let batch = samples.batch(super::SEED, 0, windows);
        Self {
            codec: *codec,
            inputs: batch.input,
            answers: batch.target,
        }
    }

    /// The answers for windows `[windows, frames, 21, 7]`.
    pub fn answer(&self, input: &[f32]) -> Vec<f32> {
        let mut output = Vec::new();
        let (length, answer) = (self.codec.input_len(), self.codec.output_len());
        for window in input.chunks_exact(length) {
            let mut best = (f32::INFINITY, 0);
            for (index, known) in self.inputs.chunks_exact(length).enumerate() {
                let mut sum = 0.0;
                let mut count = 0.0_f32;
                for (a, b) in window
                    .chunks_exact(CHANNELS)
                    .zip(known.chunks_exact(CHANNELS))
                {
                    if a[2] > 0.0 && b[2] > 0.0 {
                        sum += (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
                        count += 1.0;
                    }
                }
                let distance = sum / count.max(1.0);
                if count > 0.0 && distance < best.0 {
                    best = (distance, index);
                }
            }
            output.extend_from_slice(&self.answers[best.1 * answer..][..answer]);
        }
        output
    }
}
