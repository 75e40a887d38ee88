//! Is the recording long, fast and whole enough, and is the body in it?

use super::body::{Body, Track, median};
use super::{Grade, QualityConfig, QualityFinding};
use crate::Side;
use crate::keypoints::Keypoints2d;
use crate::trial::{Recording, Trial};

pub(super) fn check_time(trial: &Trial, config: &QualityConfig) -> Vec<QualityFinding> {
    let time = trial.time();
    let mut findings = Vec::new();
    let duration_s = time.duration_s();
    if duration_s < config.min_duration_s {
        let grade = if duration_s < config.reject_duration_s {
            Grade::Reject
        } else {
            Grade::Caution
        };
        findings.push(
            QualityFinding::new(
                "too_short",
                grade,
                format!(
                    "The recording lasts {duration_s:.1} s; two strides of each leg take at least \
                     {:.1} s.",
                    config.min_duration_s
                ),
            )
            .measured(duration_s, config.min_duration_s, "s")
            .advised("Record at least five strides: about ten seconds of walking."),
        );
    }
    let (Some(rate_hz), Some(step_s)) = (time.rate_hz(), time.median_step_s()) else {
        return findings;
    };
    if rate_hz < config.min_rate_hz {
        findings.push(
            QualityFinding::new(
                "low_rate",
                Grade::Caution,
                format!(
                    "There are {rate_hz:.1} frames a second: one frame is {:.0} ms, as long as a \
                     tenth of a stride.",
                    1000.0 * step_s
                ),
            )
            .measured(rate_hz, config.min_rate_hz, "Hz")
            .advised("Film with 30 frames a second or more; 60 are better."),
        );
    }
    let limit_s = config.max_time_gap_s.max(3.0 * step_s);
    let gaps: Vec<(usize, f64)> = time
        .times_s()
        .windows(2)
        .enumerate()
        .map(|(frame, w)| (frame, w[1] - w[0]))
        .filter(|&(_, gap_s)| gap_s > limit_s)
        .collect();
    if let Some(&(frame, longest_s)) = gaps.iter().max_by(|a, b| a.1.total_cmp(&b.1)) {
        findings.push(
            QualityFinding::new(
                "time_gaps",
                Grade::Caution,
                format!(
                    "Frames are lost in {}: the longest gap lasts {longest_s:.2} s.",
                    places(gaps.len())
                ),
            )
            .measured(longest_s, limit_s, "s")
            .at([frame, frame + 2])
            .advised("Use the original file of the camera; copies and streams lose frames."),
        );
    }
    findings
}

/// "one place", "3 places".
pub(super) fn places(count: usize) -> String {
    if count == 1 {
        "one place".to_owned()
    } else {
        format!("{count} places")
    }
}

pub(super) fn check_presence(
    recording: &Recording,
    body: &Body,
    config: &QualityConfig,
) -> Vec<QualityFinding> {
    let mut findings = Vec::new();
    findings.extend(side_missing(body, config));
    let seen = seen_frames(body);
    let (Some(first), Some(last)) = (
        seen.iter().position(|&seen| seen),
        seen.iter().rposition(|&seen| seen),
    ) else {
        return findings;
    };
    findings.extend(missing_inside(body, &seen[..=last], first, config));
    if let Recording::Keypoints(keypoints) = recording {
        findings.extend(absent_at_the_ends(body, first, last, config));
        findings.extend(unsure(keypoints, config));
    }
    findings
}

/// Whether most of the named hips, knees and ankles are seen.
fn seen_frames(body: &Body) -> Vec<bool> {
    let tracks: Vec<&Track> = Side::BOTH
        .into_iter()
        .flat_map(|side| [body.hip(side), body.knee(side), body.ankle(side)])
        .flatten()
        .collect();
    (0..body.frames())
        .map(|frame| {
            let seen = tracks.iter().filter(|t| t[frame].is_some()).count();
            seen > 0 && 2 * seen >= tracks.len()
        })
        .collect()
}

fn missing_inside(
    body: &Body,
    seen: &[bool],
    first: usize,
    config: &QualityConfig,
) -> Option<QualityFinding> {
    let mut longest: Option<[usize; 2]> = None;
    let mut start = None;
    let mut missing_s = 0.0;
    let length_s = |[from, to]: [usize; 2]| body.times_s[to] - body.times_s[from - 1];
    for (frame, &seen) in seen.iter().enumerate().skip(first) {
        match (seen, start) {
            (false, None) => start = Some(frame),
            (true, Some(from)) => {
                let gap = [from, frame];
                missing_s += length_s(gap);
                if longest.is_none_or(|other| length_s(other) < length_s(gap)) {
                    longest = Some(gap);
                }
                start = None;
            }
            _ => {}
        }
    }
    let longest = longest?;
    let longest_s = length_s(longest);
    (longest_s > config.max_missing_s).then(|| {
        let duration_s = body.times_s.last().copied().unwrap_or(0.0);
        QualityFinding::new(
            "missing_frames",
            Grade::Caution,
            format!(
                "The body is not seen for {longest_s:.1} s in the middle of the recording, and for \
                 {missing_s:.1} s of {duration_s:.1} s in all."
            ),
        )
        .measured(longest_s, config.max_missing_s, "s")
        .at(longest)
        .advised("What was walked in the gap is not measured; look for what hid the subject.")
    })
}

fn side_missing(body: &Body, config: &QualityConfig) -> Option<QualityFinding> {
    let share = |side: Side| {
        let tracks: Vec<&Track> = [body.knee(side), body.ankle(side)]
            .into_iter()
            .flatten()
            .collect();
        let seen = (0..body.frames())
            .filter(|&frame| tracks.iter().any(|track| track[frame].is_some()))
            .count();
        seen as f64 / body.frames() as f64
    };
    Side::BOTH.into_iter().find_map(|side| {
        let (mine, other) = (share(side), share(side.opposite()));
        (mine < config.min_side_share && other > 2.0 * config.min_side_share).then(|| {
            QualityFinding::new(
                "side_missing",
                Grade::Reject,
                format!(
                    "The {} leg is seen in {:.0} % of the frames, the {} leg in {:.0} %.",
                    side.name(),
                    100.0 * mine,
                    side.opposite().name(),
                    100.0 * other
                ),
            )
            .measured(100.0 * mine, 100.0 * config.min_side_share, "%")
            .advised("Steps need both legs: film so that each is seen, or choose another detector.")
        })
    })
}

fn absent_at_the_ends(
    body: &Body,
    first: usize,
    last: usize,
    config: &QualityConfig,
) -> Option<QualityFinding> {
    let present = (last + 1 - first) as f64 / body.frames() as f64;
    let absent = 1.0 - present;
    (absent > config.max_absent_share).then(|| {
        QualityFinding::new(
            "leaves_picture",
            Grade::Caution,
            format!(
                "The subject is out of the picture in {:.0} % of the video, before frame {first} \
                 or after frame {last}.",
                100.0 * absent
            ),
        )
        .measured(100.0 * absent, 100.0 * config.max_absent_share, "%")
        .at([first, last + 1])
        .advised("Stand further away or use a wider lens, so that the whole walk is seen.")
    })
}

fn unsure(keypoints: &Keypoints2d, config: &QualityConfig) -> Option<QualityFinding> {
    let joints = keypoints.joints();
    let of_legs: Vec<bool> = joints
        .iter()
        .map(|joint| {
            ["hip", "knee", "ankle"]
                .iter()
                .any(|part| joint.name().ends_with(part))
        })
        .collect();
    let confidences = keypoints
        .points()
        .iter()
        .enumerate()
        .filter(|(index, _)| of_legs[index % joints.len()])
        .filter_map(|(_, point)| point.map(|point| point.confidence))
        .collect();
    let confidence = median(confidences)?;
    (confidence < config.min_median_confidence).then(|| {
        let grade = if confidence < config.min_confidence {
            Grade::Reject
        } else {
            Grade::Caution
        };
        QualityFinding::new(
            "low_confidence",
            grade,
            format!(
                "The detector is unsure of the legs: its median confidence is {confidence:.2}, \
                 usual are 0.6 and more."
            ),
        )
        .measured(confidence, config.min_median_confidence, "1")
        .advised("Better light, tight clothing and a clear background help; check the overlay.")
    })
}
