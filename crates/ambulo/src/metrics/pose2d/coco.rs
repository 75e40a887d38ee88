//! Average precision and recall of people, exactly as the COCO keypoint evaluation counts them.
//!
//! # Source
//!
//! Lin et al. (2014), "Microsoft COCO", arXiv:1405.0312, and its evaluation tools (pycocotools 2.0).

use serde::{Deserialize, Serialize};

use super::similarity::exponent;
use crate::metrics::MetricError;

/// A person as annotated.
#[derive(Debug, Clone, PartialEq)]
pub struct ReferencePerson {
    /// Joints in pixels; `None` if unlabelled.
    pub joints: Vec<Option<[f64; 2]>>,
    /// Area of the person's outline in px².
    pub area_px2: f64,
    /// Left, top, width, height in pixels.
    pub box_px: [f64; 4],
    /// Whether this is a region with several people.
    pub crowd: bool,
    /// Whether nobody has to be found here: a crowd, or no labelled joint.
    pub ignored: bool,
}

/// A person as found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundPerson {
    /// Joints in pixels.
    pub joints: Vec<[f64; 2]>,
    /// How certain the finding is.
    pub score: f64,
}

/// One picture's people.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PicturePeople {
    /// As annotated, in the order of the file.
    pub reference: Vec<ReferencePerson>,
    /// As found, in the order of the file.
    pub found: Vec<FoundPerson>,
}

/// The ten numbers; `None` where nobody was to be found.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct CocoScores {
    /// Average precision: the mean over the similarities 0.50, 0.55, …, 0.95.
    pub ap: Option<f64>,
    /// At a similarity of 0.50.
    pub ap50: Option<f64>,
    /// At a similarity of 0.75.
    pub ap75: Option<f64>,
    /// Of people of medium size: 32² to 96² px².
    pub ap_medium: Option<f64>,
    /// Of large people: more than 96² px².
    pub ap_large: Option<f64>,
    /// Average recall: the mean over the same similarities.
    pub ar: Option<f64>,
    /// At a similarity of 0.50.
    pub ar50: Option<f64>,
    /// At a similarity of 0.75.
    pub ar75: Option<f64>,
    /// Of people of medium size.
    pub ar_medium: Option<f64>,
    /// Of large people.
    pub ar_large: Option<f64>,
}

/// Precision and recall at one similarity, of people of any size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ThresholdScore {
    /// The similarity that counts as found.
    pub threshold: f64,
    /// Precision, averaged over 101 recalls.
    pub precision: Option<f64>,
    /// The highest recall.
    pub recall: Option<f64>,
}

/// What the evaluation found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CocoEvaluation {
    /// The ten numbers.
    pub scores: CocoScores,
    /// By similarity.
    pub thresholds: Vec<ThresholdScore>,
}

/// Findings that count in a picture: the best.
const MOST_FOUND: usize = 20;
const THRESHOLDS: usize = 10;
const RECALLS: usize = 101;

/// Areas in px² that count: all, medium, large.
const ANY: [f64; 2] = [0.0, 1e10];
const MEDIUM: [f64; 2] = [32.0 * 32.0, 96.0 * 96.0];
const LARGE: [f64; 2] = [96.0 * 96.0, 1e10];

/// Scores the people of all pictures, given in the order of their numbers.
///
/// # Errors
///
/// [`MetricError`] if a person has another number of joints than there are sigmas, or a number is not
/// finite.
pub fn evaluate(pictures: &[PicturePeople], sigmas: &[f64]) -> Result<CocoEvaluation, MetricError> {
    for (frame, picture) in pictures.iter().enumerate() {
        check(picture, sigmas, frame)?;
    }
    let judged: Vec<Judged<'_>> = pictures
        .iter()
        .map(|picture| Judged::of(picture, sigmas))
        .collect();
    let [any, medium, large] = [ANY, MEDIUM, LARGE].map(|range| accumulate(&judged, range));
    let at = |scores: &[ThresholdScore], index: usize| scores[index];
    let scores = CocoScores {
        ap: mean(any.iter().map(|score| score.precision)),
        ap50: at(&any, 0).precision,
        ap75: at(&any, 5).precision,
        ap_medium: mean(medium.iter().map(|score| score.precision)),
        ap_large: mean(large.iter().map(|score| score.precision)),
        ar: mean(any.iter().map(|score| score.recall)),
        ar50: at(&any, 0).recall,
        ar75: at(&any, 5).recall,
        ar_medium: mean(medium.iter().map(|score| score.recall)),
        ar_large: mean(large.iter().map(|score| score.recall)),
    };
    Ok(CocoEvaluation {
        scores,
        thresholds: any,
    })
}

/// How similar each finding is to each reference: `[found, reference]`, in the orders given.
///
/// # Errors
///
/// As [`evaluate`].
pub fn similarities(picture: &PicturePeople, sigmas: &[f64]) -> Result<Vec<Vec<f64>>, MetricError> {
    check(picture, sigmas, 0)?;
    let row = |found: &FoundPerson| {
        let people = picture.reference.iter();
        people
            .map(|person| similarity(found, person, sigmas))
            .collect()
    };
    Ok(picture.found.iter().map(row).collect())
}

fn check(picture: &PicturePeople, sigmas: &[f64], frame: usize) -> Result<(), MetricError> {
    let lengths = picture
        .reference
        .iter()
        .map(|person| person.joints.len())
        .chain(picture.found.iter().map(|person| person.joints.len()));
    for values in lengths {
        if values != sigmas.len() {
            return Err(MetricError::BrokenFrame {
                values,
                joints: sigmas.len(),
            });
        }
    }
    for person in &picture.reference {
        let numbers = [person.area_px2].into_iter().chain(person.box_px);
        if !numbers.into_iter().all(f64::is_finite) {
            return Err(MetricError::NotFinite { joint: 0, frame });
        }
        for (joint, at) in person.joints.iter().enumerate() {
            if !at.iter().flatten().all(|along| along.is_finite()) {
                return Err(MetricError::NotFinite { joint, frame });
            }
        }
    }
    for person in &picture.found {
        for (joint, at) in person.joints.iter().enumerate() {
            if !at.iter().all(|along| along.is_finite()) || person.score.is_nan() {
                return Err(MetricError::NotFinite { joint, frame });
            }
        }
    }
    Ok(())
}

/// The mean of those that have a value.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let known: Vec<f64> = values.flatten().collect();
    (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
}

/// Similarity of a finding to a reference. Without labelled joints the distance is that to the box, made
/// three times as wide and high.
fn similarity(found: &FoundPerson, person: &ReferencePerson, sigmas: &[f64]) -> f64 {
    let labelled = person.joints.iter().flatten().count();
    let [left, top, width, height] = person.box_px;
    let beyond = |at: f64, low: f64, extent: f64| {
        (low - extent - at).max(0.0) + (at - (low + 2.0 * extent)).max(0.0)
    };
    let mut sum = 0.0;
    for ((at, reference), &sigma) in found.joints.iter().zip(&person.joints).zip(sigmas) {
        let apart = match reference {
            Some(reference) => [at[0] - reference[0], at[1] - reference[1]],
            None if labelled > 0 => continue,
            None => [beyond(at[0], left, width), beyond(at[1], top, height)],
        };
        let squared = apart[0] * apart[0] + apart[1] * apart[1];
        sum += (-exponent(squared, person.area_px2, sigma)).exp();
    }
    let counted = if labelled > 0 {
        labelled
    } else {
        person.joints.len()
    };
    if counted == 0 {
        0.0
    } else {
        sum / counted as f64
    }
}

/// A picture with its similarities.
struct Judged<'a> {
    reference: &'a [ReferencePerson],
    /// The best findings, best first: score and area.
    found: Vec<(f64, f64)>,
    /// `[found, reference]`.
    similarities: Vec<Vec<f64>>,
}

impl<'a> Judged<'a> {
    fn of(picture: &'a PicturePeople, sigmas: &[f64]) -> Self {
        let mut best: Vec<&FoundPerson> = picture.found.iter().collect();
        best.sort_by(|a, b| b.score.total_cmp(&a.score));
        best.truncate(MOST_FOUND);
        let row = |found: &&FoundPerson| {
            let people = picture.reference.iter();
            people
                .map(|person| similarity(found, person, sigmas))
                .collect()
        };
        Self {
            reference: &picture.reference,
            similarities: best.iter().map(row).collect(),
            found: best
                .iter()
                .map(|found| (found.score, area_of(found)))
                .collect(),
        }
    }
}

/// The area of the box around the joints.
fn area_of(found: &FoundPerson) -> f64 {
    let extent = |axis: usize| {
        let along = found.joints.iter().map(|at| at[axis]);
        let low = along.clone().fold(f64::INFINITY, f64::min);
        along.fold(f64::NEG_INFINITY, f64::max) - low
    };
    extent(0) * extent(1)
}

/// The similarities that count as found: 0.50, 0.55, …, 0.95, rounded as the evaluation's own are.
fn thresholds() -> [f64; THRESHOLDS] {
    let step = (0.95 - 0.5) / (THRESHOLDS as f64 - 1.0);
    let mut all: [f64; THRESHOLDS] = std::array::from_fn(|index| 0.5 + index as f64 * step);
    all[THRESHOLDS - 1] = 0.95;
    all
}

/// What became of a finding at one threshold.
#[derive(Clone, Copy, PartialEq)]
enum Fate {
    True,
    False,
    Ignored,
}

/// The fates of a picture's findings, and how many people were to be found.
fn fates(picture: &Judged<'_>, range: [f64; 2], threshold: f64) -> (Vec<Fate>, usize) {
    let outside = |area: f64| area < range[0] || area > range[1];
    let ignored: Vec<bool> = picture
        .reference
        .iter()
        .map(|person| person.ignored || outside(person.area_px2))
        .collect();
    // People to be found come first, each group in the order of the file.
    let mut order: Vec<usize> = (0..ignored.len()).collect();
    order.sort_by_key(|&person| ignored[person]);
    let mut taken = vec![false; ignored.len()];
    let fates = picture.found.iter().zip(&picture.similarities);
    let fates = fates.map(|(&(_, area), similarities)| {
        let mut best = threshold.min(1.0 - 1e-10);
        let mut matched = None;
        for &person in &order {
            if taken[person] && !picture.reference[person].crowd {
                continue;
            }
            // Once someone is matched, those who need not be found are not looked at.
            if matched.is_some_and(|matched: usize| !ignored[matched]) && ignored[person] {
                break;
            }
            if similarities[person] < best {
                continue;
            }
            best = similarities[person];
            matched = Some(person);
        }
        match matched {
            Some(person) => {
                taken[person] = true;
                if ignored[person] {
                    Fate::Ignored
                } else {
                    Fate::True
                }
            }
            None if outside(area) => Fate::Ignored,
            None => Fate::False,
        }
    });
    let fates = fates.collect();
    (fates, ignored.iter().filter(|&&ignored| !ignored).count())
}

/// Precision and recall over all pictures, by threshold.
fn accumulate(pictures: &[Judged<'_>], range: [f64; 2]) -> Vec<ThresholdScore> {
    let scores: Vec<f64> = pictures
        .iter()
        .flat_map(|picture| picture.found.iter().map(|&(score, _)| score))
        .collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let at = |threshold: f64| {
        let mut all = Vec::with_capacity(scores.len());
        let mut wanted = 0;
        for picture in pictures {
            let (fates, people) = fates(picture, range, threshold);
            all.extend(fates);
            wanted += people;
        }
        let sorted = order.iter().map(|&index| all[index]);
        let (precision, recall) = precision_and_recall(sorted, wanted).unzip();
        ThresholdScore {
            threshold,
            precision,
            recall,
        }
    };
    thresholds().into_iter().map(at).collect()
}

/// The mean of the precision at 101 recalls, and the highest recall; `None` if nobody was to be found.
fn precision_and_recall(fates: impl Iterator<Item = Fate>, wanted: usize) -> Option<(f64, f64)> {
    if wanted == 0 {
        return None;
    }
    let (mut found, mut wrong) = (0.0, 0.0);
    let mut curve: Vec<[f64; 2]> = Vec::new();
    for fate in fates {
        match fate {
            Fate::True => found += 1.0,
            Fate::False => wrong += 1.0,
            Fate::Ignored => {}
        }
        let precision = found / (wrong + found + f64::EPSILON);
        curve.push([found / wanted as f64, precision]);
    }
    let mut best = 0.0_f64;
    for [_, precision] in curve.iter_mut().rev() {
        best = best.max(*precision);
        *precision = best;
    }
    let sampled: f64 = (0..RECALLS)
        .map(|index| {
            let recall = if index + 1 == RECALLS {
                1.0
            } else {
                index as f64 * (1.0 / (RECALLS as f64 - 1.0))
            };
            let first = curve.partition_point(|&[reached, _]| reached < recall);
            curve.get(first).map_or(0.0, |&[_, precision]| precision)
        })
        .sum();
    let highest = curve.last().map_or(0.0, |&[recall, _]| recall);
    Some((sampled / RECALLS as f64, highest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(left: f64) -> ReferencePerson {
        ReferencePerson {
            joints: vec![Some([left, 0.0]), Some([left + 200.0, 100.0])],
            area_px2: 2e4,
            box_px: [left, 0.0, 200.0, 100.0],
            crowd: false,
            ignored: false,
        }
    }

    fn found(left: f64, score: f64) -> FoundPerson {
        FoundPerson {
            joints: vec![[left, 0.0], [left + 200.0, 100.0]],
            score,
        }
    }

    fn scores(reference: Vec<ReferencePerson>, found: Vec<FoundPerson>) -> CocoScores {
        let picture = PicturePeople { reference, found };
        evaluate(&[picture], &[0.05, 0.05]).unwrap().scores
    }

    #[test]
    fn everyone_found_is_one_and_sizes_without_people_have_no_value() {
        let scores = scores(vec![person(0.0)], vec![found(0.0, 0.4)]);
        // The evaluation adds a tiny number to what it divides by.
        for value in [scores.ap, scores.ar, scores.ap_large] {
            assert!((value.unwrap() - 1.0).abs() < 1e-12);
        }
        assert_eq!((scores.ap_medium, scores.ar_medium), (None, None));
    }

    #[test]
    fn one_found_twice_counts_once_and_a_crowd_forgives() {
        let people = vec![person(0.0), person(500.0)];
        let twice = vec![found(0.0, 0.9), found(0.0, 0.8)];
        assert_eq!(scores(people.clone(), twice.clone()).ar, Some(0.5));
        // Precision is 1 up to a recall of a half: 51 of 101.
        let ap = scores(people, twice).ap.unwrap();
        assert!((ap - 51.0 / 101.0).abs() < 1e-12);
        let crowd = ReferencePerson {
            crowd: true,
            ignored: true,
            ..person(0.0)
        };
        let twice = vec![found(0.0, 0.9), found(0.0, 0.8), found(500.0, 0.1)];
        let ap = scores(vec![crowd, person(500.0)], twice).ap.unwrap();
        assert!((ap - 1.0).abs() < 1e-12);
    }

    #[test]
    fn nobody_at_all_has_no_value_and_broken_people_are_refused() {
        assert_eq!(
            scores(Vec::new(), vec![found(0.0, 0.5)]),
            CocoScores::default()
        );
        let broken = PicturePeople {
            reference: Vec::new(),
            found: vec![FoundPerson {
                joints: vec![[f64::NAN, 0.0]; 2],
                score: 1.0,
            }],
        };
        let error = evaluate(std::slice::from_ref(&broken), &[0.1, 0.1]);
        assert_eq!(error, Err(MetricError::NotFinite { joint: 0, frame: 0 }));
        assert!(matches!(
            evaluate(&[broken], &[0.1]),
            Err(MetricError::BrokenFrame { .. })
        ));
    }
}
