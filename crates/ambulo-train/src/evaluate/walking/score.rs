//! Errors of lifted walks.

use std::collections::BTreeMap;
use std::convert::Infallible;

use ambulo::metrics::pose3d::{
    Alignment, ClipEdges, PosePair, aligned_error, joint_errors, mean_error, velocity_error,
};
use ambulo::synth::SeededRng;
use ambulo_nn::codec::lift::{JOINTS, LENGTH_OF_HEIGHT, LiftCodec, LiftTrack, Lifted};
use nalgebra::Point3;

use super::Film;
use crate::batch::Lift;
use crate::film::whole;

/// Joints of Human3.6M: the first 17.
const H36M: usize = 17;
/// Shoulders, elbows, wrists, hips, knees, ankles.
const LIMBS: [usize; 12] = [1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16];
/// Limbs, nose, heels and toes: the joints of the prototypes.
const PROTOTYPE: [usize; 17] = [1, 2, 3, 4, 5, 6, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
/// Heels and toes.
const FEET: [usize; 4] = [17, 18, 19, 20];
/// Height of a person of whom nothing is known.
const GUESSED_HEIGHT_M: f64 = 1.70;

/// Errors of one film, in millimetres and degrees.
#[derive(Debug, Clone, PartialEq)]
pub struct FilmScore {
    /// The walk's name.
    pub take: String,
    /// Who walks.
    pub person: String,
    /// Frames that were lifted.
    pub frames: usize,
    /// Frames that were not.
    pub missed: usize,
    /// Mean error of each joint.
    pub joints_mm: [f64; JOINTS],
    /// After the best similarity, of Human3.6M's joints.
    pub aligned_mm: f64,
    /// Of Human3.6M's joints if the person's height is taken to be 1.70 m.
    pub size_unknown_mm: f64,
    /// Of the velocity, a frame of 1/30 s.
    pub velocity_mm: f64,
    /// Along each axis: across the image, up, towards the camera; mean absolute.
    pub axes_mm: [f64; 3],
    /// Root mean square error of knee flexion, both knees.
    pub knee_deg: f64,
    /// The same of the angle in the image, cleaned and low-passed but not lifted; `None` where a leg is not seen.
    pub knee_2d_deg: Option<f64>,
}

/// A mean with the range that 95 % of resamples of the walks give.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean over films.
    pub mean: f64,
    /// 2.5th percentile.
    pub low: f64,
    /// 97.5th percentile.
    pub high: f64,
}

/// Errors over the films of a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Scores {
    /// One a film that could be lifted.
    pub films: Vec<FilmScore>,
    /// Films made.
    pub made: usize,
}

impl FilmScore {
    /// Lifts a film and measures; `None` if nothing could be lifted.
    pub fn of(codec: &LiftCodec, lift: &mut Lift<'_>, film: &Film) -> Option<Self> {
        let lifted = codec
            .lift(&film.keypoints, film.length_m, |input, windows| {
                Ok::<_, Infallible>(lift(input, windows))
            })
            .ok()?;
        Self::of_lifted(codec, film, &lifted)
    }

    fn of_lifted(codec: &LiftCodec, film: &Film, lifted: &Lifted) -> Option<Self> {
        let mut predicted: Vec<[Point3<f64>; JOINTS]> = Vec::new();
        let mut truth: Vec<[Point3<f64>; JOINTS]> = Vec::new();
        let mut frames = Vec::new();
        for (frame, reference) in film.truth.iter().enumerate() {
            let joints: Vec<Point3<f64>> = lifted
                .motion
                .frame(frame)
                .iter()
                .flatten()
                .copied()
                .collect();
            if let Ok(joints) = <[Point3<f64>; JOINTS]>::try_from(joints) {
                predicted.push(joints);
                truth.push(*reference);
                frames.push(frame);
            }
        }
        let all = PosePair::new(JOINTS, predicted.as_flattened(), truth.as_flattened()).ok()?;
        let joints_mm: Vec<f64> = joint_errors(&all).iter().map(|e| 1000.0 * e).collect();
        let first = |poses: &[[Point3<f64>; JOINTS]], size: f64| -> Vec<Point3<f64>> {
            poses
                .iter()
                .flat_map(|pose| pose[..H36M].iter().map(|p| p * size))
                .collect()
        };
        let (h36m, h36m_truth) = (first(&predicted, 1.0), first(&truth, 1.0));
        let h36m = PosePair::new(H36M, &h36m, &h36m_truth).ok()?;
        let guessed = GUESSED_HEIGHT_M * LENGTH_OF_HEIGHT / film.length_m;
        let guessed = first(&predicted, guessed);
        let guessed = PosePair::new(H36M, &guessed, &h36m_truth).ok()?;
        let mut axes_mm = [0.0; 3];
        for (p, t) in predicted.iter().zip(&truth) {
            for joint in 0..H36M {
                for (axis, sum) in axes_mm.iter_mut().enumerate() {
                    *sum += 1000.0 * (p[joint][axis] - t[joint][axis]).abs();
                }
            }
        }
        let count = (predicted.len() * H36M) as f64;
        let knees = |poses: &[[Point3<f64>; JOINTS]]| -> Vec<f64> {
            poses
                .iter()
                .flat_map(|pose| [flexion_deg(pose, 1), flexion_deg(pose, 4)])
                .collect()
        };
        let true_knees = knees(&truth);
        let in_image = knees_in_image(codec, film);
        let seen: Option<Vec<f64>> = frames.iter().flat_map(|&frame| in_image[frame]).collect();
        Some(Self {
            take: film.take.clone(),
            person: film.person.clone(),
            frames: predicted.len(),
            missed: film.truth.len() - predicted.len(),
            joints_mm: joints_mm.try_into().ok()?,
            aligned_mm: 1000.0 * aligned_error(&h36m, Alignment::Similarity),
            size_unknown_mm: 1000.0 * mean_error(&guessed),
            velocity_mm: 1000.0 * velocity_error(&[h36m], ClipEdges::Apart).ok()?,
            axes_mm: axes_mm.map(|sum| sum / count),
            knee_deg: root_mean_square(&knees(&predicted), &true_knees),
            knee_2d_deg: seen.map(|seen| root_mean_square(&seen, &true_knees)),
        })
    }

    /// Mean error over some joints.
    fn over(&self, joints: impl IntoIterator<Item = usize>) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for joint in joints {
            sum += self.joints_mm[joint];
            count += 1.0;
        }
        sum / count
    }

    /// Mean error of Human3.6M's 17 joints.
    pub fn h36m_mm(&self) -> f64 {
        self.over(0..H36M)
    }

    /// Mean error of limbs, nose, heels and toes.
    pub fn prototype_mm(&self) -> f64 {
        self.over(PROTOTYPE)
    }

    /// Mean error of the twelve joints of the limbs.
    pub fn limbs_mm(&self) -> f64 {
        self.over(LIMBS)
    }

    /// Mean error of heels and toes.
    pub fn feet_mm(&self) -> f64 {
        self.over(FEET)
    }

    /// Mean error of all 21 joints.
    pub fn all_mm(&self) -> f64 {
        self.over(0..JOINTS)
    }
}

/// How often walks are drawn again for an interval.
const RESAMPLES: usize = 1000;

impl Scores {
    /// Of these films, out of so many made.
    pub fn of(films: Vec<FilmScore>, made: usize) -> Self {
        Self { films, made }
    }

    /// The mean over films, and its interval from resampling whole walks; `None` without films.
    pub fn interval(&self, of: impl Fn(&FilmScore) -> f64) -> Option<Interval> {
        let mut by_take: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for film in &self.films {
            let (sum, count) = by_take.entry(&film.take).or_default();
            *sum += of(film);
            *count += 1.0;
        }
        let takes: Vec<(f64, f64)> = by_take.into_values().collect();
        if takes.is_empty() {
            return None;
        }
        let mean_of = |draw: &mut dyn FnMut(usize) -> usize| {
            let (mut sum, mut count) = (0.0, 0.0);
            for index in 0..takes.len() {
                let (s, c) = takes[draw(index)];
                sum += s;
                count += c;
            }
            sum / count
        };
        let mut rng = SeededRng::new(super::SEED);
        let mut means: Vec<f64> = (0..RESAMPLES)
            .map(|_| mean_of(&mut |_| rng.below(takes.len())))
            .collect();
        means.sort_by(f64::total_cmp);
        Some(Interval {
            mean: mean_of(&mut |index| index),
            low: means[RESAMPLES / 40],
            high: means[RESAMPLES - 1 - RESAMPLES / 40],
        })
    }

    /// The mean over films; `None` without films or where a film lacks it.
    pub fn mean(&self, of: impl Fn(&FilmScore) -> Option<f64>) -> Option<f64> {
        let values: Vec<f64> = self.films.iter().filter_map(of).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// The mean error of each joint over films.
    pub fn joints_mm(&self) -> [f64; JOINTS] {
        std::array::from_fn(|joint| self.mean(|film| Some(film.joints_mm[joint])).unwrap_or(0.0))
    }
}

/// Flexion of the knee after the hip at `hip` in the lifter's order: 0 for a straight leg.
fn flexion_deg(pose: &[Point3<f64>; JOINTS], hip: usize) -> f64 {
    let thigh = pose[hip + 1] - pose[hip];
    let shank = pose[hip + 2] - pose[hip + 1];
    thigh.angle(&shank).to_degrees()
}

/// Right and left knee flexion as the cleaned keypoints show it in the image, in the frames that show the leg.
fn knees_in_image(codec: &LiftCodec, film: &Film) -> Vec<[Option<f64>; 2]> {
    let times_s = film.keypoints.time().times_s();
    let track = LiftTrack::of(codec, &film.keypoints);
    times_s
        .iter()
        .map(|time_s| {
            let sample = whole((time_s * codec.rate_hz).round());
            let joints = track.sample(sample.min(track.samples() - 1));
            [1, 4].map(|hip| {
                let [hip, knee, ankle] = [0, 1, 2].map(|next| joints[hip + next]);
                let (hip, knee, ankle) = (hip?.place, knee?.place, ankle?.place);
                Some((knee - hip).angle(&(ankle - knee)).to_degrees())
            })
        })
        .collect()
}

fn root_mean_square(values: &[f64], reference: &[f64]) -> f64 {
    let sum: f64 = values
        .iter()
        .zip(reference)
        .map(|(v, r)| (v - r).powi(2))
        .sum();
    (sum / values.len().max(1) as f64).sqrt()
}
