//! From the joints of several people to people: scores, and the same person found twice.

use ambulo::metrics::pose2d::{KEYPOINT_SIGMAS, suppressed};

use super::decode::Peak;

/// Joints with a smaller confidence do not count for the person's score.
pub const LEAST_CONFIDENCE: f64 = 0.2;
/// Two findings that are more similar than this are one person.
pub const SAME_PERSON_OKS: f64 = 0.9;

/// A person as found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Joints in the picture's pixels: the first of [`ambulo::skeleton::COCO_23`].
    pub joints: Vec<Peak>,
    /// The score of the box the person was found in; 1 where it was given.
    pub box_score: f64,
    /// The area of the region that was looked at, in px² ([`super::crop::Region::area_px2`]).
    pub area_px2: f64,
}

impl Found {
    /// The person's score: the mean of the confidences above [`LEAST_CONFIDENCE`], times the box's; 0 if
    /// there is none.
    pub fn score(&self) -> f64 {
        let counted: Vec<f64> = self
            .joints
            .iter()
            .map(|joint| joint.confidence)
            .filter(|&confidence| confidence > LEAST_CONFIDENCE)
            .collect();
        if counted.is_empty() {
            return 0.0;
        }
        counted.iter().sum::<f64>() / counted.len() as f64 * self.box_score
    }
}

/// Which of the people to keep, best first: a person more similar than `most_oks` to a better one is left
/// out ([`suppressed`]).
pub fn distinct(people: &[Found], most_oks: f64) -> Vec<usize> {
    let places: Vec<Vec<[f64; 2]>> = people
        .iter()
        .map(|person| person.joints.iter().map(|joint| joint.at).collect())
        .collect();
    let candidates: Vec<_> = people
        .iter()
        .zip(&places)
        .map(|(person, places)| (places.as_slice(), person.score(), person.area_px2))
        .collect();
    suppressed(&candidates, &KEYPOINT_SIGMAS, most_oks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(offset: f64, confidence: f64) -> Found {
        let joint = |index: usize| Peak {
            at: [10.0 * index as f64 + offset, 5.0 * index as f64],
            confidence,
        };
        Found {
            joints: (0..17).map(joint).collect(),
            box_score: 1.0,
            area_px2: 1e4,
        }
    }

    #[test]
    fn the_same_person_found_twice_is_kept_once_and_others_stay() {
        let people = [found(0.0, 0.7), found(0.5, 0.9), found(80.0, 0.3)];
        assert_eq!(distinct(&people, SAME_PERSON_OKS), [1, 2]);
    }

    #[test]
    fn only_confident_joints_count_for_the_score() {
        let mut person = found(0.0, 0.6);
        person.joints[3].confidence = 0.1;
        person.box_score = 0.5;
        assert!((person.score() - 0.3).abs() < 1e-12);
        assert!(found(0.0, 0.2).score().abs() < 1e-12);
    }
}
