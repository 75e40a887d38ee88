//! Frames in order and in time: natural order of file names, their numbers, gaps, the frame rate.

use std::cmp::Ordering;

use ambulo::time::TimeBase;

use super::{DetectedFrame, KeypointError, KeypointFormat, NamedBytes, Person};

/// Frames that a gap in the numbers may add to those that are there, besides three for each.
const LARGEST_GAPS: usize = 10_000;

/// People of each frame, missing frames filled in, with the time of each.
pub(super) struct Arranged {
    pub(super) people: Vec<Vec<Person>>,
    pub(super) time: TimeBase,
    pub(super) first_number: i64,
}

/// The files in natural order of their names. In a folder with JSON files, others are left out.
pub(super) fn in_order(files: &[NamedBytes]) -> Vec<&NamedBytes> {
    let is_json = |file: &NamedBytes| file.name.to_ascii_lowercase().ends_with(".json");
    let any_json = files.iter().any(is_json);
    let mut kept: Vec<_> = files
        .iter()
        .filter(|file| files.len() == 1 || !any_json || is_json(file))
        .collect();
    kept.sort_by(|a, b| natural(&a.name, &b.name));
    kept
}

/// Compares names with their numbers as numbers, so that `frame9` comes before `frame10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (a_parts, b_parts) = (parts(a), parts(b));
    for (x, y) in a_parts.iter().zip(&b_parts) {
        let order = match (number(x), number(y)) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.cmp(y),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a_parts.len().cmp(&b_parts.len()).then_with(|| a.cmp(b))
}

/// Alternating runs of digits and of anything else.
fn parts(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != digits)
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        parts.push(part);
        rest = after;
    }
    parts
}

fn number(part: &str) -> Option<i64> {
    part.starts_with(|c: char| c.is_ascii_digit())
        .then(|| part.parse().ok())
        .flatten()
}

/// The frame number in each name: the last run of digits that differs between all names.
/// `None` if there is no such run.
pub(super) fn numbers_in(names: &[&str]) -> Option<Vec<i64>> {
    let runs: Vec<Vec<i64>> = names
        .iter()
        .map(|name| {
            let stem = name.rsplit_once('.').map_or(*name, |(stem, _)| stem);
            parts(stem).into_iter().filter_map(number).collect()
        })
        .collect();
    let count = runs.first()?.len();
    if runs.iter().any(|run| run.len() != count) {
        return None;
    }
    (0..count).rev().find_map(|at| {
        let numbers: Vec<i64> = runs.iter().map(|run| run[at]).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        (sorted.len() == numbers.len()).then_some(numbers)
    })
}

/// Puts frames in order of number or time, fills gaps in the numbers, and gives each its time.
pub(super) fn arrange(
    mut frames: Vec<DetectedFrame>,
    fps_hz: Option<f64>,
    format: KeypointFormat,
    notes: &mut Vec<String>,
) -> Result<Arranged, KeypointError> {
    if frames.is_empty() {
        return Err(KeypointError::Empty);
    }
    let times_s: Option<Vec<f64>> = frames.iter().map(|frame| frame.time_s).collect();
    if let Some(times_s) = times_s {
        let time = match fps_hz {
            None => TimeBase::new(times_s)?,
            Some(rate_hz) => {
                notes.push(format!(
                    "the file's own times were replaced by {rate_hz} frames a second, as asked"
                ));
                TimeBase::uniform(frames.len(), rate_hz)?
            }
        };
        let first_number = frames.first().and_then(|frame| frame.number).unwrap_or(0);
        return Ok(Arranged {
            people: frames.into_iter().map(|frame| frame.people).collect(),
            time,
            first_number,
        });
    }
    let rate_hz = fps_hz.ok_or(KeypointError::NeedsFps { format })?;
    let mut first_number = 0;
    let numbered = frames.iter().all(|frame| frame.number.is_some());
    let people = if numbered {
        frames.sort_by_key(|frame| frame.number);
        first_number = frames.first().and_then(|frame| frame.number).unwrap_or(0);
        filled(frames, notes)?
    } else {
        frames.into_iter().map(|frame| frame.people).collect()
    };
    let time = TimeBase::uniform(people.len(), rate_hz)?;
    Ok(Arranged {
        people,
        time,
        first_number,
    })
}

/// Frames sorted by number, with an empty one for each number that is missing between.
fn filled(
    frames: Vec<DetectedFrame>,
    notes: &mut Vec<String>,
) -> Result<Vec<Vec<Person>>, KeypointError> {
    let numbers: Vec<i64> = frames.iter().filter_map(|frame| frame.number).collect();
    let step = numbers
        .windows(2)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .filter(|&step| step > 0)
        .min()
        .unwrap_or(1);
    let even = numbers
        .windows(2)
        .all(|pair| pair[1].saturating_sub(pair[0]) == step);
    let step = if even { step } else { 1 };
    if step > 1 {
        notes.push(format!(
            "frames are numbered in steps of {step}; the frame rate given is taken as that of the frames in the file"
        ));
    }
    let most = frames.len().saturating_mul(4).saturating_add(LARGEST_GAPS);
    let mut people: Vec<Vec<Person>> = Vec::new();
    let mut missing = 0_usize;
    let mut previous: Option<i64> = None;
    for frame in frames {
        let number = frame.number.unwrap_or(0);
        if let Some(before) = previous {
            let steps = number.saturating_sub(before) / step;
            let gap = FrameGap(before, number);
            let empty = usize::try_from(steps - 1).unwrap_or(0);
            if people.len().saturating_add(empty) > most {
                return Err(gap.into());
            }
            people.extend((0..empty).map(|_| Vec::new()));
            missing += empty;
            if steps == 0 {
                // Two entries of one frame.
                if let Some(last) = people.last_mut() {
                    last.extend(frame.people);
                    continue;
                }
            }
        }
        people.push(frame.people);
        previous = Some(number);
    }
    if missing > 0 {
        notes.push(format!(
            "{missing} frame numbers are missing from the file and were kept as empty frames"
        ));
    }
    Ok(people)
}

struct FrameGap(i64, i64);

impl From<FrameGap> for KeypointError {
    fn from(FrameGap(before, after): FrameGap) -> Self {
        Self::FrameGap { before, after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_their_numbers() {
        let mut names = ["a10.json", "a9.json", "a1.json"];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["a1.json", "a9.json", "a10.json"]);
    }

    #[test]
    fn the_frame_number_is_the_run_that_differs() {
        for (names, expected) in [
            (["cam01.0007.json", "cam01.0008.json"], Some(vec![7, 8])),
            (
                [
                    "walk2_000000000012_keypoints.json",
                    "walk2_000000000013_keypoints.json",
                ],
                Some(vec![12, 13]),
            ),
            (["3_pose2d.json", "5_pose2d.json"], Some(vec![3, 5])),
            (["a.json", "b.json"], None),
        ] {
            assert_eq!(numbers_in(&names), expected, "{names:?}");
        }
    }
}
