//! `OpenPose` JSON: one file a frame, `people[].pose_keypoints_2d` of x, y, confidence.
//!
//! Source: the output format in the documentation of `OpenPose`. Tools that imitate it (`Pose2Sim`,
//! `Sports2D`, exporters of RTMPose) write 17, 26 or 133 points the same way.

use std::fmt::Write as _;

use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::Skeleton;
use serde::Deserialize;

use super::json::Numbers;
use super::{
    DetectedFrame, Detections, KeypointError, KeypointFormat, NamedBytes, Person, detected, frames,
    in_layout, json, layout,
};

/// One file.
#[derive(Deserialize)]
pub(super) struct Frame {
    /// AlphaPose's style of CMU calls them bodies.
    #[serde(alias = "bodies")]
    people: Vec<Body>,
}

#[derive(Deserialize)]
struct Body {
    #[serde(alias = "pose_keypoints", alias = "joints")]
    pose_keypoints_2d: Option<Numbers>,
}

impl Frame {
    /// The people of the frame, with all points stored.
    pub(super) fn people(self) -> impl Iterator<Item = Person> {
        self.people.into_iter().filter_map(|body| {
            let numbers = body.pose_keypoints_2d?.0;
            (!numbers.is_empty()).then(|| triples(&numbers))
        })
    }
}

/// A person from x, y, confidence of each point.
pub(super) fn triples(numbers: &[f64]) -> Person {
    let points = numbers
        .chunks(3)
        .map(|point| match *point {
            [x, y, confidence] => detected(x, y, confidence),
            _ => None,
        })
        .collect();
    Person { id: None, points }
}

/// Reads a folder of `OpenPose` files.
pub(super) fn read(
    files: &[&NamedBytes],
    given: Option<&Skeleton>,
) -> Result<Detections, KeypointError> {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let mut notes = Vec::new();
    let numbers = frames::numbers_in(&names);
    if numbers.is_none() {
        notes.push(
            "the file names carry no frame numbers; the files were taken as consecutive frames"
                .to_owned(),
        );
    }
    let mut detected_frames = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        let frame: Frame = json::parse(file, "a frame of OpenPose")?;
        detected_frames.push(DetectedFrame {
            number: numbers.as_ref().map(|numbers| numbers[index]),
            time_s: None,
            people: frame.people().collect(),
        });
    }
    laid_out(detected_frames, given, &layout::name_of(files), notes)
}

/// Finds the layout of unnamed points and keeps the joints it names.
pub(super) fn laid_out(
    mut frames: Vec<DetectedFrame>,
    given: Option<&Skeleton>,
    name: &str,
    notes: Vec<String>,
) -> Result<Detections, KeypointError> {
    let people = frames.iter().flat_map(|frame| &frame.people);
    let layout = layout::of_people(people, given, name)?.ok_or(KeypointError::NoPeople)?;
    for person in frames.iter_mut().flat_map(|frame| &mut frame.people) {
        person.points = layout.pick(&person.points);
    }
    Ok(Detections {
        layout,
        frames,
        image_size_px: None,
        sides_decided: false,
        notes,
    })
}

/// Writes one file a frame.
pub(super) fn write(
    keypoints: &Keypoints2d,
    format: KeypointFormat,
    skeleton: &Skeleton,
) -> Result<Vec<NamedBytes>, KeypointError> {
    let frames = in_layout(keypoints, skeleton.joints, format)?;
    Ok(frames
        .into_iter()
        .enumerate()
        .map(|(number, points)| {
            let mut text = String::from("{\"version\":1.3,\"people\":[");
            if points.iter().any(Option::is_some) {
                text.push_str("{\"person_id\":[-1],\"pose_keypoints_2d\":[");
                text.push_str(&flat(&points));
                text.push_str("]}");
            }
            text.push_str("]}\n");
            NamedBytes {
                name: format!("{number:012}_keypoints.json"),
                bytes: text.into_bytes(),
            }
        })
        .collect())
}

/// x, y, confidence of each point; zeros for a missing one.
pub(super) fn flat(points: &[Option<ambulo::keypoints::Keypoint>]) -> String {
    let mut text = String::new();
    for (index, point) in points.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        match point {
            // Writing to a string cannot fail.
            Some(point) => {
                let _ = write!(
                    text,
                    "{comma}{},{},{}",
                    point.position_px.x, point.position_px.y, point.confidence
                );
            }
            None => {
                let _ = write!(text, "{comma}0,0,0");
            }
        }
    }
    text
}
