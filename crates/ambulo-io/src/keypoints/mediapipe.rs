//! MediaPipe landmarks as JSON, in the forms that people dump them: a list of frames, each a list of
//! landmarks (objects with x and y, or lists of numbers) or an object that holds one, with or
//! without the time of the frame. Coordinates are shares of the image, or pixels.
//!
//! Source: the documentation of MediaPipe's pose landmarker.

use std::fmt::{self, Write as _};

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::BLAZEPOSE_33;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};

use super::coco::pixels;
use super::layout::Layout;
use super::{
    DetectedFrame, Detections, KeypointError, KeypointFormat, NamedBytes, Person, detected,
    in_layout, json, mmpose, openpose,
};

/// Keys under which landmarks are found.
pub(super) const KEYS: [&str; 6] = [
    "frames",
    "landmarks",
    "pose_landmarks",
    "poseLandmarks",
    "keypoints",
    "poses",
];

/// Coordinates up to this are shares of the image: a body half out of it still fits, pixels do not.
const LARGEST_SHARE: f64 = 4.0;

/// Any of it.
enum Tree {
    Nothing,
    Number(f64),
    List(Vec<Tree>),
    Object(Box<Object>),
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Object {
    x: Option<f64>,
    y: Option<f64>,
    visibility: Option<f64>,
    score: Option<f64>,
    confidence: Option<f64>,
    name: Option<String>,
    #[serde(alias = "frame_number", alias = "frame_id", alias = "frame_index")]
    frame: Option<i64>,
    #[serde(alias = "time")]
    time_s: Option<f64>,
    #[serde(alias = "timestampMs")]
    timestamp_ms: Option<f64>,
    #[serde(alias = "width")]
    image_width: Option<f64>,
    #[serde(alias = "height")]
    image_height: Option<f64>,
    frames: Option<Tree>,
    landmarks: Option<Tree>,
    pose_landmarks: Option<Tree>,
    #[serde(rename = "poseLandmarks")]
    pose_landmarks_of_web: Option<Tree>,
    keypoints: Option<Tree>,
    poses: Option<Tree>,
}

impl Object {
    fn inner(&mut self) -> Option<Tree> {
        self.landmarks
            .take()
            .or(self.pose_landmarks.take())
            .or(self.pose_landmarks_of_web.take())
            .or(self.keypoints.take())
            .or(self.poses.take())
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TreeVisitor;

        impl<'de> Visitor<'de> for TreeVisitor {
            type Value = Tree;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("landmarks")
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Nothing)
            }

            fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
                Ok(Tree::Number(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
                Ok(Tree::Number(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
                Ok(Tree::Number(value as f64))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Tree::List(elements))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Tree, A::Error> {
                let object = Object::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Tree::Object(Box::new(object)))
            }
        }

        deserializer.deserialize_any(TreeVisitor)
    }
}

/// A landmark as stored, before it is known whether it is in pixels.
type Landmark = (Option<String>, f64, f64, f64);

/// Reads one file of all frames.
pub(super) fn read(
    files: &[&NamedBytes],
    image_size_px: Option<[u32; 2]>,
) -> Result<Detections, KeypointError> {
    let file = *files.first().ok_or(KeypointError::Empty)?;
    let mut tree: Tree = json::parse(file, "MediaPipe landmarks")?;
    let mut stored_size_px = None;
    if let Tree::Object(object) = &mut tree {
        if let (Some(width), Some(height)) = (object.image_width, object.image_height) {
            stored_size_px = pixels(width).zip(pixels(height)).map(|(w, h)| [w, h]);
        }
        if let Some(frames) = object.frames.take() {
            tree = frames;
        }
    }
    let frames = match tree {
        Tree::List(frames) => frames,
        single => vec![single],
    };
    let size_px = image_size_px.or(stored_size_px);
    let raw: Vec<RawFrame> = frames.into_iter().map(raw_frame).collect();
    let mut detections = in_pixels(raw, size_px, &file.name)?;
    detections.image_size_px = size_px;
    Ok(detections)
}

/// A frame with its people's landmarks as stored.
struct RawFrame {
    number: Option<i64>,
    time_s: Option<f64>,
    people: Vec<Vec<Landmark>>,
}

fn raw_frame(tree: Tree) -> RawFrame {
    let mut frame = RawFrame {
        number: None,
        time_s: None,
        people: Vec::new(),
    };
    let content = match tree {
        Tree::Object(mut object) => {
            frame.number = object.frame;
            frame.time_s = object.time_s.or(object.timestamp_ms.map(|ms| ms / 1000.0));
            object.inner()
        }
        other => Some(other),
    };
    if let Some(Tree::List(elements)) = content {
        let landmarks = elements
            .iter()
            .all(|e| is_landmark(e) || matches!(e, Tree::Nothing));
        if elements.is_empty() {
            // Nobody was seen.
        } else if landmarks && elements.iter().any(is_landmark) {
            frame.people.push(landmarks_of(elements));
        } else {
            for element in elements {
                let pose = match element {
                    Tree::Object(mut object) => object.inner(),
                    other => Some(other),
                };
                if let Some(Tree::List(landmarks)) = pose
                    && !landmarks.is_empty()
                {
                    frame.people.push(landmarks_of(landmarks));
                }
            }
        }
    }
    frame
}

fn is_landmark(tree: &Tree) -> bool {
    match tree {
        Tree::Object(object) => object.x.is_some() || object.y.is_some(),
        Tree::List(numbers) => matches!(numbers.as_slice(), [Tree::Number(_), Tree::Number(_), ..]),
        Tree::Nothing | Tree::Number(_) => false,
    }
}

fn landmarks_of(elements: Vec<Tree>) -> Vec<Landmark> {
    const MISSING: Landmark = (None, f64::NAN, f64::NAN, 0.0);
    elements
        .into_iter()
        .map(|element| match element {
            Tree::Object(object) => (
                object.name,
                object.x.unwrap_or(f64::NAN),
                object.y.unwrap_or(f64::NAN),
                object
                    .visibility
                    .or(object.score)
                    .or(object.confidence)
                    .unwrap_or(1.0),
            ),
            // x, y; x, y, confidence; or x, y, z, visibility.
            Tree::List(numbers) => {
                let at = |index: usize| match numbers.get(index) {
                    Some(&Tree::Number(number)) => number,
                    _ => f64::NAN,
                };
                let confidence = match numbers.len() {
                    0..=2 => 1.0,
                    3 => at(2),
                    _ => at(3),
                };
                (None, at(0), at(1), confidence)
            }
            Tree::Nothing | Tree::Number(_) => MISSING,
        })
        .collect()
}

/// Turns shares of the image into pixels and finds the layout.
fn in_pixels(
    raw: Vec<RawFrame>,
    image_size_px: Option<[u32; 2]>,
    name: &str,
) -> Result<Detections, KeypointError> {
    let all = || raw.iter().flat_map(|frame| frame.people.iter().flatten());
    let names: Option<Vec<String>> = raw
        .iter()
        .find_map(|frame| frame.people.first())
        .and_then(|person| person.iter().map(|landmark| landmark.0.clone()).collect());
    let [width, height] = scale(all().map(|&(_, x, y, _)| (x, y)), image_size_px)?;
    let frames: Vec<DetectedFrame> = raw
        .into_iter()
        .map(|frame| DetectedFrame {
            number: frame.number,
            time_s: frame.time_s,
            people: frame
                .people
                .into_iter()
                .map(|landmarks| Person {
                    id: None,
                    points: landmarks
                        .into_iter()
                        .map(|(_, x, y, c)| detected(x * width, y * height, c))
                        .collect(),
                })
                .collect(),
        })
        .collect();
    match names {
        Some(names) => mmpose::named(frames, &names, name),
        None => openpose::laid_out(frames, None, name, Vec::new()),
    }
}

/// What coordinates are multiplied by: 1 for pixels, the size of the image for shares of it.
pub(super) fn scale(
    coordinates: impl Iterator<Item = (f64, f64)>,
    image_size_px: Option<[u32; 2]>,
) -> Result<[f64; 2], KeypointError> {
    let largest = coordinates
        .flat_map(|(x, y)| [x.abs(), y.abs()])
        .filter(|value| value.is_finite())
        .fold(0.0, f64::max);
    if largest > LARGEST_SHARE {
        return Ok([1.0, 1.0]);
    }
    match image_size_px {
        Some([width, height]) => Ok([f64::from(width), f64::from(height)]),
        None if largest == 0.0 => Ok([1.0, 1.0]),
        None => Err(KeypointError::NeedsImageSize),
    }
}

/// The 33 landmarks in order.
pub(super) fn blazepose() -> Layout {
    Layout::of_skeleton(&BLAZEPOSE_33)
}

/// Writes the 33 landmarks with their time: shares of the image where its size is known, else pixels.
pub(super) fn write(keypoints: &Keypoints2d) -> Result<NamedBytes, KeypointError> {
    let frames = in_layout(keypoints, BLAZEPOSE_33.joints, KeypointFormat::MediaPipe)?;
    let mut text = String::from("{");
    // Writing to a string cannot fail.
    if let Some([width, height]) = keypoints.image_size_px() {
        let _ = write!(text, "\"image_width\":{width},\"image_height\":{height},");
    }
    text.push_str("\"frames\":[");
    let [width, height] = size_or_one(keypoints);
    for (frame, (points, time_s)) in frames.iter().zip(keypoints.time().times_s()).enumerate() {
        let comma = if frame == 0 { "\n" } else { ",\n" };
        let _ = write!(
            text,
            "{comma}{{\"frame\":{frame},\"time_s\":{time_s},\"landmarks\":["
        );
        if points.iter().any(Option::is_some) {
            let landmark = |point: &Option<Keypoint>| match point {
                Some(point) => format!(
                    "{{\"x\":{},\"y\":{},\"visibility\":{}}}",
                    point.position_px.x / width,
                    point.position_px.y / height,
                    point.confidence
                ),
                None => "null".to_owned(),
            };
            let landmarks: Vec<String> = points.iter().map(landmark).collect();
            text.push_str(&landmarks.join(","));
        }
        text.push_str("]}");
    }
    text.push_str("\n]}\n");
    Ok(NamedBytes {
        name: "mediapipe.json".to_owned(),
        bytes: text.into_bytes(),
    })
}

/// The size of the images, or 1 × 1 where it is not known.
pub(super) fn size_or_one(keypoints: &Keypoints2d) -> [f64; 2] {
    let size = keypoints.image_size_px().unwrap_or([1, 1]);
    size.map(|pixels| f64::from(pixels.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_of_an_image_need_its_size() {
        let shares = [(0.5, 0.2), (0.9, 1.1)];
        let error = scale(shares.into_iter(), None).unwrap_err();
        assert!(matches!(error, KeypointError::NeedsImageSize));
        let known = scale(shares.into_iter(), Some([640, 480])).unwrap();
        assert!((known[0] - 640.0).abs() < 1e-9 && (known[1] - 480.0).abs() < 1e-9);
        let pixels = scale([(300.0, 2.0)].into_iter(), None).unwrap();
        assert!(pixels.iter().all(|factor| (factor - 1.0).abs() < 1e-9));
        assert_eq!(Layout::of_count(33).unwrap(), blazepose());
    }
}
