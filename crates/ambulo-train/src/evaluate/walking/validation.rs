//! A quick look at held-out people while a network trains.

use ambulo_nn::codec::lift::LiftCodec;

use super::{Condition, Film, Keypoints, View, films, score};
use crate::batch::{Lift, LiftValidation, Validation};
use crate::motion::{Origin, Take};

/// Films of the tuning people, made once.
#[derive(Debug, Clone)]
pub struct WalkValidation {
    codec: LiftCodec,
    films: Vec<(String, Vec<Film>)>,
}

/// Seed of its cameras: not that of the evaluation.
const SEED: u64 = 77;
/// Frames of a film at most: half a minute of a tuning person tells no more than ten seconds.
const LONGEST: usize = 600;

impl WalkValidation {
    /// Films the tuning people from the side and from anywhere, found cleanly and badly.
    pub fn new(codec: LiftCodec, takes: &[Take]) -> Self {
        let mut groups = Vec::new();
        for people in [Origin::Cmu, Origin::PlugInGait] {
            let takes: Vec<Take> = takes
                .iter()
                .filter(|take| take.origin == people)
                .map(|take| Take {
                    poses: take.poses[..take.poses.len().min(LONGEST)].to_vec(),
                    pelvis: Vec::new(),
                    ..take.clone()
                })
                .collect();
            let takes: Vec<&Take> = takes.iter().collect();
            for (view, keypoints) in [
                (View::Side, Keypoints::Clean),
                (View::Any, Keypoints::Clean),
                (View::Any, Keypoints::Noisy),
            ] {
                let condition = Condition {
                    people,
                    view,
                    keypoints,
                };
                groups.push((condition.title(), films(&takes, &condition, 6, SEED)));
            }
        }
        Self {
            codec,
            films: groups,
        }
    }
}

impl LiftValidation for WalkValidation {
    /// The score is the mean over the conditions of the error of all 21 joints, in millimetres.
    fn validate(&mut self, lift: &mut Lift<'_>) -> Validation {
        let mut figures = Vec::new();
        let (mut sum, mut count) = (0.0, 0.0);
        for (title, films) in &self.films {
            let scores = score(&self.codec, lift, films);
            if let Some(all) = scores.mean(|film| Some(film.all_mm())) {
                sum += all;
                count += 1.0;
            }
            if let Some(h36m) = scores.mean(|film| Some(film.h36m_mm())) {
                figures.push((format!("{title}, 17 joints (mm)"), h36m));
            }
            if let Some(feet) = scores.mean(|film| Some(film.feet_mm())) {
                figures.push((format!("{title}, feet (mm)"), feet));
            }
        }
        Validation {
            score: if count > 0.0 {
                sum / count
            } else {
                f64::INFINITY
            },
            figures,
        }
    }
}
