//! MMPose predictions: of the inferencer (`instances` of each frame, or lists of instances) and of
//! the demos (`instance_info` with `meta_info` that names the points).
//!
//! Source: the output of MMPose 1.x, `MMPoseInferencer` and `topdown_demo_with_mmdet.py`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ambulo::keypoints::Keypoints2d;
use serde::Deserialize;

use super::json::{Numbers, Outline};
use super::layout::Layout;
use super::{
    DetectedFrame, Detections, KeypointError, NamedBytes, Person, detected, frames, json, layout,
    openpose,
};

const WHAT: &str = "MMPose predictions";

#[derive(Deserialize)]
struct Demo {
    meta_info: Option<Meta>,
    instance_info: Vec<Frame>,
}

#[derive(Deserialize)]
struct Meta {
    keypoint_id2name: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
struct Inferred {
    predictions: Vec<Vec<Instance>>,
}

#[derive(Deserialize)]
struct Frame {
    frame_id: Option<i64>,
    instances: Option<Vec<Instance>>,
}

#[derive(Deserialize)]
struct Instance {
    keypoints: Numbers,
    keypoint_scores: Option<Numbers>,
}

/// Reads one file of all frames, or a folder of one file an image.
pub(super) fn read(files: &[&NamedBytes]) -> Result<Detections, KeypointError> {
    if files.len() > 1 {
        return read_folder(files);
    }
    let file = *files.first().ok_or(KeypointError::Empty)?;
    let mut names = None;
    let frames: Vec<Frame> = match json::outline(&file.bytes) {
        Some(Outline::Object(keys)) if keys.contains_key("predictions") => {
            let inferred: Inferred = json::parse(file, WHAT)?;
            inferred.predictions.into_iter().map(Frame::from).collect()
        }
        Some(Outline::Object(_)) => {
            let demo: Demo = json::parse(file, WHAT)?;
            names = demo.meta_info.and_then(|meta| meta.keypoint_id2name);
            demo.instance_info
        }
        Some(Outline::List(Some(first))) if matches!(*first, Outline::List(_)) => {
            let frames: Vec<Vec<Instance>> = json::parse(file, WHAT)?;
            frames.into_iter().map(Frame::from).collect()
        }
        Some(Outline::List(Some(first))) if matches!(&*first, Outline::Object(keys) if keys.contains_key("keypoints")) =>
        {
            vec![Frame::from(json::parse::<Vec<Instance>>(file, WHAT)?)]
        }
        _ => json::parse(file, WHAT)?,
    };
    let numbered = frames.iter().all(|frame| frame.frame_id.is_some());
    let frames = frames
        .into_iter()
        .map(|frame| DetectedFrame {
            number: frame.frame_id.filter(|_| numbered),
            time_s: None,
            people: people(frame.instances.unwrap_or_default()),
        })
        .collect();
    match names.and_then(ordered) {
        Some(names) => named(frames, &names, &file.name),
        None => openpose::laid_out(frames, None, &file.name, Vec::new()),
    }
}

impl From<Vec<Instance>> for Frame {
    fn from(instances: Vec<Instance>) -> Self {
        Self {
            frame_id: None,
            instances: Some(instances),
        }
    }
}

fn read_folder(files: &[&NamedBytes]) -> Result<Detections, KeypointError> {
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    let numbers = frames::numbers_in(&names);
    let mut all = Vec::with_capacity(files.len());
    for (index, file) in files.iter().enumerate() {
        let instances: Vec<Instance> = json::parse(file, WHAT)?;
        all.push(DetectedFrame {
            number: numbers.as_ref().map(|numbers| numbers[index]),
            time_s: None,
            people: people(instances),
        });
    }
    openpose::laid_out(all, None, &layout::name_of(files), Vec::new())
}

fn people(instances: Vec<Instance>) -> Vec<Person> {
    instances
        .into_iter()
        .filter(|instance| !instance.keypoints.0.is_empty())
        .map(
            |Instance {
                 keypoints,
                 keypoint_scores,
             }| {
                let Some(Numbers(scores)) = keypoint_scores else {
                    return openpose::triples(&keypoints.0);
                };
                let points = keypoints
                    .0
                    .chunks(2)
                    .enumerate()
                    .map(|(index, point)| match *point {
                        [x, y] => detected(x, y, *scores.get(index)?),
                        _ => None,
                    })
                    .collect();
                Person { id: None, points }
            },
        )
        .collect()
}

/// Names by number, if the numbers run from 0 without a gap.
fn ordered(by_number: BTreeMap<String, String>) -> Option<Vec<String>> {
    let mut names = vec![None; by_number.len()];
    for (number, name) in by_number {
        *names.get_mut(number.parse::<usize>().ok()?)? = Some(name);
    }
    names.into_iter().collect()
}

/// Keeps the named joints of people who all have those points.
pub(super) fn named(
    mut frames: Vec<DetectedFrame>,
    names: &[String],
    file_name: &str,
) -> Result<Detections, KeypointError> {
    let mut notes = Vec::new();
    let layout = Layout::of_names(names, &mut notes)?;
    for person in frames.iter_mut().flat_map(|frame| &mut frame.people) {
        if person.points.len() != layout.points {
            return Err(KeypointError::MixedLayouts {
                points: person.points.len(),
                expected: layout.points,
                name: file_name.to_owned(),
            });
        }
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

/// Writes the form of the demos, which names the points: every joint is kept.
pub(super) fn write(keypoints: &Keypoints2d) -> NamedBytes {
    let mut text = String::from("{\"meta_info\":{\"keypoint_id2name\":{");
    // Writing to a string cannot fail.
    for (index, joint) in keypoints.joints().iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(text, "{comma}\"{index}\":\"{joint}\"");
    }
    text.push_str("}},\"instance_info\":[");
    for frame in 0..keypoints.frames() {
        let comma = if frame == 0 { "\n" } else { ",\n" };
        let _ = write!(text, "{comma}{{\"frame_id\":{},\"instances\":[", frame + 1);
        let points = keypoints.frame(frame);
        if points.iter().any(Option::is_some) {
            let places: Vec<String> = points
                .iter()
                .map(|point| match point {
                    Some(point) => format!("[{},{}]", point.position_px.x, point.position_px.y),
                    None => "[0,0]".to_owned(),
                })
                .collect();
            let scores: Vec<String> = points
                .iter()
                .map(|point| point.map_or(0.0, |point| point.confidence).to_string())
                .collect();
            let _ = write!(
                text,
                "{{\"keypoints\":[{}],\"keypoint_scores\":[{}]}}",
                places.join(","),
                scores.join(",")
            );
        }
        text.push_str("]}");
    }
    text.push_str("\n]}\n");
    NamedBytes {
        name: "mmpose.json".to_owned(),
        bytes: text.into_bytes(),
    }
}
