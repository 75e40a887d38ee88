//! COCO keypoint results and annotations, and AlphaPose's files, which share their form.
//!
//! Sources: "Results format" and "Data format" of the COCO data set; the documentation of
//! AlphaPose's output.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use ambulo::keypoints::Keypoints2d;
use ambulo::skeleton::{COCO_17, COCO_23, HALPE_26};
use serde::Deserialize;

use super::json::{ImageId, Numbers, Outline};
use super::layout::Layout;
use super::{
    DetectedFrame, Detections, KeypointError, KeypointFormat, NamedBytes, Person, frames, has_feet,
    in_layout, json, openpose,
};

#[derive(Deserialize)]
struct Entry {
    image_id: ImageId,
    keypoints: Option<Numbers>,
}

#[derive(Deserialize)]
struct Annotated {
    #[serde(default)]
    images: Vec<Image>,
    annotations: Vec<Entry>,
    #[serde(default)]
    categories: Vec<Category>,
}

#[derive(Deserialize)]
struct Image {
    id: ImageId,
    file_name: Option<String>,
    width: Option<f64>,
    height: Option<f64>,
}

#[derive(Deserialize)]
struct Category {
    keypoints: Option<Vec<String>>,
}

/// Reads either format: they differ in little but names.
pub(super) fn read(files: &[&NamedBytes]) -> Result<Detections, KeypointError> {
    let file = *files.first().ok_or(KeypointError::Empty)?;
    match json::outline(&file.bytes) {
        Some(Outline::Object(keys)) if keys.contains_key("annotations") => read_annotations(file),
        None | Some(Outline::List(_) | Outline::Text(_) | Outline::Number | Outline::Other) => {
            let entries: Vec<Entry> = json::parse(file, "a list of COCO or AlphaPose results")?;
            let (frames, notes) = by_image(entries, &BTreeMap::new());
            openpose::laid_out(frames, None, &file.name, notes)
        }
        Some(Outline::Object(_)) => {
            let images: BTreeMap<String, openpose::Frame> =
                json::parse(file, "AlphaPose results in the style of OpenPose")?;
            let names: Vec<&str> = images.keys().map(String::as_str).collect();
            let numbers = frames::numbers_in(&names);
            let frames = images
                .into_values()
                .enumerate()
                .map(|(index, frame)| DetectedFrame {
                    number: numbers.as_ref().map(|numbers| numbers[index]),
                    time_s: None,
                    people: frame.people().collect(),
                })
                .collect();
            openpose::laid_out(frames, None, &file.name, Vec::new())
        }
    }
}

fn read_annotations(file: &NamedBytes) -> Result<Detections, KeypointError> {
    let file_name = &file.name;
    let Annotated {
        images,
        annotations,
        categories,
    } = json::parse(file, "COCO annotations")?;
    let names: BTreeMap<ImageId, String> = images
        .iter()
        .filter_map(|image| Some((image.id.clone(), image.file_name.clone()?)))
        .collect();
    let (mut frames, mut notes) = by_image(annotations, &names);
    let size = |image: &Image| Some([pixels(image.width?)?, pixels(image.height?)?]);
    let sizes: BTreeSet<_> = images.iter().map(size).collect();
    let image_size_px = match sizes.first() {
        Some(&only) if sizes.len() == 1 => only,
        _ => None,
    };
    let named = categories
        .into_iter()
        .find_map(|category| category.keypoints);
    let mut detections = match named {
        Some(names) => {
            let layout = Layout::of_names(&names, &mut notes)?;
            for person in frames.iter_mut().flat_map(|frame| &mut frame.people) {
                if person.points.len() != layout.points {
                    return Err(KeypointError::MixedLayouts {
                        points: person.points.len(),
                        expected: layout.points,
                        name: file_name.clone(),
                    });
                }
                person.points = layout.pick(&person.points);
            }
            Detections {
                layout,
                frames,
                image_size_px: None,
                sides_decided: false,
                notes,
            }
        }
        None => openpose::laid_out(frames, None, file_name, notes)?,
    };
    detections.image_size_px = image_size_px;
    Ok(detections)
}

/// A whole number of pixels.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be in range just before"
)]
pub(super) fn pixels(value: f64) -> Option<u32> {
    (1.0..=100_000.0).contains(&value).then_some(value as u32)
}

/// Groups the entries by image, each image a frame, and numbers them.
fn by_image(
    entries: Vec<Entry>,
    file_names: &BTreeMap<ImageId, String>,
) -> (Vec<DetectedFrame>, Vec<String>) {
    let mut notes = Vec::new();
    let mut images: BTreeMap<ImageId, Vec<Person>> = BTreeMap::new();
    for id in file_names.keys() {
        images.entry(id.clone()).or_default();
    }
    let third = || {
        let numbers = entries.iter().filter_map(|entry| entry.keypoints.as_ref());
        numbers.flat_map(|numbers| numbers.0.iter().skip(2).step_by(3))
    };
    let graded =
        third().all(|grade| [0.0, 1.0, 2.0].contains(grade)) && third().any(|&grade| grade > 1.0);
    for entry in entries {
        let people = images.entry(entry.image_id).or_default();
        let Some(Numbers(mut numbers)) = entry.keypoints else {
            continue;
        };
        if graded {
            // Annotations grade visibility: 1 is labelled but hidden, 2 is visible.
            for point in numbers.chunks_mut(3) {
                if let Some(grade) = point.get_mut(2) {
                    *grade /= 2.0;
                }
            }
        }
        if !numbers.is_empty() {
            people.push(openpose::triples(&numbers));
        }
    }
    let names: Vec<String> = images
        .keys()
        .map(|id| match (file_names.get(id), id) {
            (Some(name), _) | (None, ImageId::Name(name)) => name.clone(),
            (None, ImageId::Number(number)) => number.to_string(),
        })
        .collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let numbers =
        if images.keys().all(|id| matches!(id, ImageId::Number(_))) && file_names.is_empty() {
            let number = |id: &ImageId| match id {
                ImageId::Number(number) => *number,
                ImageId::Name(_) => 0,
            };
            Some(images.keys().map(number).collect())
        } else {
            frames::numbers_in(&names)
        };
    if numbers.is_none() {
        notes
            .push("the images carry no frame numbers; they were taken in order of name".to_owned());
    }
    let frames = images
        .into_values()
        .enumerate()
        .map(|(index, people)| DetectedFrame {
            number: numbers.as_ref().map(|numbers: &Vec<i64>| numbers[index]),
            time_s: None,
            people,
        })
        .collect();
    (frames, notes)
}

/// Writes COCO results: 17 keypoints, or 23 where the recording has feet.
pub(super) fn write_coco(keypoints: &Keypoints2d) -> Result<NamedBytes, KeypointError> {
    let skeleton = if has_feet(keypoints) {
        &COCO_23
    } else {
        &COCO_17
    };
    let points = in_layout(keypoints, skeleton.joints, KeypointFormat::Coco)?;
    Ok(NamedBytes {
        name: "keypoints_coco.json".to_owned(),
        bytes: list(&points, |frame| frame.to_string()).into_bytes(),
    })
}

/// Writes AlphaPose results: Halpe's 26 keypoints, or COCO's 17 where the recording lacks feet.
pub(super) fn write_alphapose(keypoints: &Keypoints2d) -> Result<NamedBytes, KeypointError> {
    let skeleton = if has_feet(keypoints) {
        &HALPE_26
    } else {
        &COCO_17
    };
    let points = in_layout(keypoints, skeleton.joints, KeypointFormat::AlphaPose)?;
    Ok(NamedBytes {
        name: "alphapose-results.json".to_owned(),
        bytes: list(&points, |frame| format!("\"{frame}.jpg\"")).into_bytes(),
    })
}

fn list(
    frames: &[Vec<Option<ambulo::keypoints::Keypoint>>],
    image_id: impl Fn(usize) -> String,
) -> String {
    let mut text = String::from("[");
    let mut separator = "\n";
    for (frame, points) in frames.iter().enumerate() {
        let seen: Vec<f64> = points.iter().flatten().map(|p| p.confidence).collect();
        if seen.is_empty() {
            continue;
        }
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "{separator}{{\"image_id\":{},\"category_id\":1,\"keypoints\":[{}],\"score\":{}}}",
            image_id(frame),
            openpose::flat(points),
            seen.iter().sum::<f64>() / seen.len() as f64
        );
        separator = ",\n";
    }
    text.push_str("\n]\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grades_of_visibility_become_confidences() {
        let mut numbers = vec![10.0, 20.0, 2.0, 30.0, 40.0, 1.0, 0.0, 0.0, 0.0];
        numbers.resize(51, 0.0);
        let entry = Entry {
            image_id: ImageId::Number(1),
            keypoints: Some(Numbers(numbers)),
        };
        let (frames, _) = by_image(vec![entry], &BTreeMap::new());
        let points = &frames[0].people[0].points;
        let confidences: Vec<_> = points[..3]
            .iter()
            .map(|p| p.map(|p| p.confidence))
            .collect();
        assert_eq!(confidences, [Some(1.0), Some(0.5), None]);
        assert_eq!(Layout::of_count(points.len()).unwrap().points, 17);
    }
}
