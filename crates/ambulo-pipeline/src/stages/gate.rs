//! The quality gate: what stands in the way of trusting a trial.

use ambulo::Side;
use ambulo::bouts::BoutSearch;
use ambulo::cycles::GaitCycle;
use ambulo::parameters::GaitParameters;
use ambulo::quality::{self, Grade, QualityFinding, WalkEvidence};
use ambulo::trial::{Recording, Trial};

use super::{Prepared, Walked};
use crate::config::Config;

/// What stands in the way of trusting the trial.
pub(crate) fn quality(
    trial: &Trial,
    prepared: &Prepared,
    search: &BoutSearch,
    walked: &Walked,
    parameters: &GaitParameters,
    config: &Config,
) -> Vec<QualityFinding> {
    let repaired = Trial {
        recording: prepared.recording.clone(),
        subject: prepared.subject.clone(),
        ..trial.clone()
    };
    let mut findings = quality::check_recording(&repaired, config.surface, &config.quality);
    if let Some(why) = &search.why_none {
        // The search says more than the gate's own check, and it is the first thing to know.
        findings.retain(|finding| finding.code != "no_walking");
        let none = QualityFinding::new("no_walking", Grade::Reject, sentence(why))
            .advised("Record at least two strides of each foot without a break.");
        findings.insert(0, none);
        return findings;
    }
    spare_the_walk(&mut findings, search);
    let straight: Vec<GaitCycle> = walked
        .cycles
        .iter()
        .filter(|cycle| cycle.straight)
        .copied()
        .collect();
    findings.extend(quality::check_walk(
        &WalkEvidence {
            subject: &prepared.subject,
            walks: &walked.walks,
            cycles: &straight,
            rejected: &walked.rejected,
            parameters: Some(parameters),
            frames: trial.time().frames(),
            repaired_frames: prepared.exchanged.iter().map(|[a, b]| b - a).sum(),
            filled_share: filled_share(prepared, walked),
        },
        &config.quality,
    ));
    findings.extend(removed_jumps(prepared, config));
    findings.extend(uncertain_sides(prepared));
    if let Some(error) = &prepared.scale_error {
        findings.push(QualityFinding::new(
            "no_scale",
            Grade::Caution,
            format!("No scale could be found: {error}."),
        ));
    }
    findings
}

/// Another person before the first bout or after the last touches no number: nothing is measured of them.
fn spare_the_walk(findings: &mut [QualityFinding], search: &BoutSearch) {
    let (Some(first), Some(last)) = (search.bouts.first(), search.bouts.last()) else {
        return;
    };
    for finding in findings {
        let is_outside = finding
            .frames
            .is_some_and(|[start, end]| end <= first.start_frame || start >= last.end_frame);
        if finding.code == "another_person" && is_outside {
            finding.grade = Grade::Caution;
            finding.message += " What is measured ends before that, or begins after it.";
            finding.advice = None;
        }
    }
}

/// Sides of a video that the other ones are not much less likely than: 1 to 20.
const CERTAIN_SIDES: f64 = 3.0;

/// A video in which it is hard to tell which leg is the left one.
fn uncertain_sides(prepared: &Prepared) -> Option<QualityFinding> {
    let support = prepared.side_support?;
    (support < CERTAIN_SIDES).then(|| {
        QualityFinding::new(
            "sides_uncertain",
            Grade::Caution,
            "Which leg is the left one is not certain: seen from a side, both look alike.".to_owned(),
        )
        .measured(support, CERTAIN_SIDES, "half squared deviations")
        .advised(
            "Look at one frame of the overlay, in which the left leg is blue; if it is the right one, \
             read left as right.",
        )
    })
}

/// Many keypoints that jumped: removed before the gate looked, but worth telling.
fn removed_jumps(prepared: &Prepared, config: &Config) -> Option<QualityFinding> {
    let Recording::Keypoints(keypoints) = &prepared.recording else {
        return None;
    };
    let left = keypoints.points().iter().flatten().count();
    let share = prepared.jumps as f64 / (left + prepared.jumps).max(1) as f64;
    let limit = config.quality.max_repaired_share;
    (share > limit).then(|| {
        QualityFinding::new(
            "outliers",
            Grade::Caution,
            format!(
                "{:.1} % of the keypoints ({}) jumped away and back; they were removed and filled in \
                 from their neighbours in time.",
                100.0 * share,
                prepared.jumps
            ),
        )
        .measured(100.0 * share, 100.0 * limit, "%")
        .advised("Look at the overlay; better light or a plainer background helps the detector.")
    })
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    let mut sentence: String = first.into_iter().flatten().chain(letters).collect();
    if !sentence.ends_with('.') {
        sentence.push('.');
    }
    sentence
}

/// Share of the feet's and knees' points in the walks that gap filling made.
fn filled_share(prepared: &Prepared, walked: &Walked) -> f64 {
    let (mut filled, mut all) = (0_usize, 0_usize);
    for walk in &walked.walks {
        for joint in Side::BOTH
            .into_iter()
            .flat_map(|side| [walk.ankle(side), walk.knee(side), walk.foot(side)])
        {
            let Some(joint) = joint else { continue };
            let seen: Option<Vec<bool>> = match &prepared.recording {
                Recording::Motion(motion) => motion
                    .trajectory(joint)
                    .map(|t| t.iter().map(Option::is_some).collect()),
                Recording::Keypoints(keypoints) => keypoints
                    .trajectory(joint)
                    .map(|t| t.iter().map(Option::is_some).collect()),
            };
            let Some(seen) = seen else { continue };
            for frame in 0..walk.frames() {
                if walk.position(joint, frame).is_some() {
                    all += 1;
                    filled += usize::from(!seen[walk.start_frame() + frame]);
                }
            }
        }
    }
    if all == 0 {
        0.0
    } else {
        filled as f64 / all as f64
    }
}
