//! Our own `keypoints.json`: joints by name, time of each frame, size of the image, any number of
//! people. It loses nothing.

use std::fmt::Write as _;

use ambulo::keypoints::{Keypoint, Keypoints2d};
use nalgebra::Point2;
use serde::Deserialize;

use super::layout::Layout;
use super::{DetectedFrame, Detections, KeypointError, NamedBytes, Person, json};

/// What the file calls itself.
pub(super) const FORMAT: &str = "ambulo-keypoints";

#[derive(Deserialize)]
struct File {
    #[expect(dead_code, reason = "required to be there and a number")]
    version: u32,
    image_size_px: Option<[u32; 2]>,
    #[serde(default)]
    sides_decided: bool,
    joints: Vec<String>,
    frames: Vec<Frame>,
}

#[derive(Deserialize)]
struct Frame {
    time_s: f64,
    people: Vec<StoredPerson>,
}

#[derive(Deserialize)]
struct StoredPerson {
    id: Option<u64>,
    points: Vec<Option<[f64; 3]>>,
}

pub(super) fn read(files: &[&NamedBytes]) -> Result<Detections, KeypointError> {
    let file = *files.first().ok_or(KeypointError::Empty)?;
    let stored: File = json::parse(file, "keypoints.json")?;
    let mut notes = Vec::new();
    let layout = Layout::of_names(&stored.joints, &mut notes)?;
    let mut frames = Vec::with_capacity(stored.frames.len());
    for frame in stored.frames {
        let mut people = Vec::with_capacity(frame.people.len());
        for person in frame.people {
            if person.points.len() != layout.points {
                return Err(KeypointError::MixedLayouts {
                    points: person.points.len(),
                    expected: layout.points,
                    name: file.name.clone(),
                });
            }
            let points: Vec<Option<Keypoint>> = person
                .points
                .iter()
                .map(|point| {
                    point.map(|[x, y, confidence]| Keypoint {
                        position_px: Point2::new(x, y),
                        confidence,
                    })
                })
                .collect();
            people.push(Person {
                id: person.id,
                points: layout.pick(&points),
            });
        }
        frames.push(DetectedFrame {
            number: None,
            time_s: Some(frame.time_s),
            people,
        });
    }
    Ok(Detections {
        layout,
        frames,
        image_size_px: stored.image_size_px,
        sides_decided: stored.sides_decided,
        notes,
    })
}

pub(super) fn write(keypoints: &Keypoints2d) -> NamedBytes {
    let names: Vec<String> = keypoints
        .joints()
        .iter()
        .map(|joint| format!("\"{joint}\""))
        .collect();
    let size = keypoints
        .image_size_px()
        .map_or("null".to_owned(), |[width, height]| {
            format!("[{width},{height}]")
        });
    let sides = if keypoints.are_sides_decided() {
        "\"sides_decided\":true,"
    } else {
        ""
    };
    let mut text = format!(
        "{{\"format\":\"{FORMAT}\",\"version\":1,\"image_size_px\":{size},{sides}\"joints\":[{}],\"frames\":[",
        names.join(",")
    );
    // Writing to a string cannot fail.
    for (frame, time_s) in keypoints.time().times_s().iter().enumerate() {
        let comma = if frame == 0 { "\n" } else { ",\n" };
        let _ = write!(text, "{comma}{{\"time_s\":{time_s},\"people\":[");
        let points = keypoints.frame(frame);
        if points.iter().any(Option::is_some) {
            let stored: Vec<String> = points
                .iter()
                .map(|point| match point {
                    Some(point) => format!(
                        "[{},{},{}]",
                        point.position_px.x, point.position_px.y, point.confidence
                    ),
                    None => "null".to_owned(),
                })
                .collect();
            let _ = write!(text, "{{\"id\":0,\"points\":[{}]}}", stored.join(","));
        }
        text.push_str("]}");
    }
    text.push_str("\n]}\n");
    NamedBytes {
        name: "keypoints.json".to_owned(),
        bytes: text.into_bytes(),
    }
}
