//! Motion and keypoints as NumPy arrays: what `ambulo convert` writes into NPZ and NPY files.
//!
//! An NPZ of points holds `positions_m` `[frames, labels, 3]`, `labels` `[labels]` and `time_s`
//! `[frames]`; of keypoints `keypoints_px` `[frames, joints, 3]` (x, y, confidence), `joints`,
//! `time_s` and, where known, `image_size_px`. A missing value is NaN, in the file only.

use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::{Joint, SMPL_22};
use ambulo::space::UpAxis;
use ambulo::time::TimeBase;
use nalgebra::{Point2, Point3};

use crate::npy::{Array, ArrayData};
use crate::points::{LabelledPoints, unique};

/// Why arrays are not a recording.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ArraysError {
    /// An array is missing.
    #[error(
        "the archive has no array {0:?}; points need positions_m [frames, labels, 3], labels and \
         time_s, keypoints need keypoints_px [frames, joints, 3], joints and time_s"
    )]
    Missing(&'static str),
    /// An array has another shape than its place wants.
    #[error("array {name:?} has shape {shape:?}, expected {expected}")]
    Shape {
        /// Its name.
        name: &'static str,
        /// Its shape.
        shape: Vec<usize>,
        /// What is wanted.
        expected: &'static str,
    },
    /// Joints without names, in a number that does not say which they are.
    #[error(
        "an array of {joints} joints does not say which they are; save an NPZ with the arrays \
         positions_m, labels and time_s instead"
    )]
    Unnamed {
        /// Joints in the array.
        joints: usize,
    },
    /// Frames without times.
    #[error("the array holds no times; pass the frame rate with --fps")]
    NoRate,
    /// Times cannot be used.
    #[error("the array time_s cannot be used")]
    Time(#[from] ambulo::time::TimeError),
    /// A joint is unknown.
    #[error("the array of joints cannot be used")]
    Joint(#[from] ambulo::skeleton::UnknownJoint),
    /// Joints and positions disagree.
    #[error("the arrays do not form a recording")]
    Recording(#[from] ambulo::keypoints::ShapeError),
}

type Arrays = [(String, Array)];

fn find<'a>(arrays: &'a Arrays, name: &'static str) -> Result<&'a Array, ArraysError> {
    arrays
        .iter()
        .find(|(have, _)| have == name)
        .map(|(_, array)| array)
        .ok_or(ArraysError::Missing(name))
}

fn numbers<'a>(
    arrays: &'a Arrays,
    name: &'static str,
    expected: &'static str,
    fits: impl Fn(&[usize]) -> bool,
) -> Result<&'a [f64], ArraysError> {
    let array = find(arrays, name)?;
    array
        .numbers()
        .filter(|_| fits(&array.shape))
        .ok_or_else(|| ArraysError::Shape {
            name,
            shape: array.shape.clone(),
            expected,
        })
}

fn texts(arrays: &Arrays, name: &'static str, count: usize) -> Result<Vec<String>, ArraysError> {
    let array = find(arrays, name)?;
    array
        .text()
        .filter(|text| text.len() == count)
        .map(<[String]>::to_vec)
        .ok_or_else(|| ArraysError::Shape {
            name,
            shape: array.shape.clone(),
            expected: "one text a joint or label",
        })
}

/// Whether these arrays are keypoints rather than points.
pub fn holds_keypoints(arrays: &Arrays) -> bool {
    arrays.iter().any(|(name, _)| name == "keypoints_px")
}

/// The points of an NPZ archive.
///
/// # Errors
///
/// [`ArraysError`] names the array that is missing or has the wrong shape.
pub fn points_of(arrays: &Arrays) -> Result<LabelledPoints, ArraysError> {
    let times_s = numbers(arrays, "time_s", "[frames]", |shape| shape.len() == 1)?;
    let frames = times_s.len();
    let values = numbers(arrays, "positions_m", "[frames, labels, 3]", |shape| {
        shape.len() == 3 && shape[0] == frames && shape[2] == 3
    })?;
    let labels = find(arrays, "positions_m")?.shape[1];
    Ok(LabelledPoints {
        labels: unique(texts(arrays, "labels", labels)?),
        time: TimeBase::new(times_s.to_vec())?,
        positions_m: positions(values),
        up: Some(UpAxis::PlusY),
        first_frame_number: 1,
        first_frame_time_s: times_s.first().copied().unwrap_or(0.0),
        notes: Vec::new(),
    })
}

fn positions(values: &[f64]) -> Vec<Option<Point3<f64>>> {
    values
        .chunks_exact(3)
        .map(|p| {
            p.iter()
                .all(|c| c.is_finite())
                .then(|| Point3::new(p[0], p[1], p[2]))
        })
        .collect()
}

/// The joints of a bare array `[frames, 22, 3]`, which are SMPL's; other numbers are ambiguous.
///
/// # Errors
///
/// [`ArraysError`] says what is missing and what to save instead.
pub fn points_of_bare(array: &Array, fps_hz: Option<f64>) -> Result<LabelledPoints, ArraysError> {
    let ([frames, joints, 3], Some(values)) = (&array.shape[..], array.numbers()) else {
        return Err(ArraysError::Shape {
            name: "array",
            shape: array.shape.clone(),
            expected: "[frames, joints, 3]",
        });
    };
    if *joints != SMPL_22.joints.len() {
        return Err(ArraysError::Unnamed { joints: *joints });
    }
    let rate_hz = fps_hz.ok_or(ArraysError::NoRate)?;
    Ok(LabelledPoints {
        labels: SMPL_22.joints.iter().map(ToString::to_string).collect(),
        time: TimeBase::uniform(*frames, rate_hz)?,
        positions_m: positions(values),
        up: None,
        first_frame_number: 1,
        first_frame_time_s: 0.0,
        notes: vec!["22 joints without names were taken as SMPL's, in metres".to_owned()],
    })
}

/// The keypoints of an NPZ archive.
///
/// # Errors
///
/// [`ArraysError`] names the array that is missing or has the wrong shape.
pub fn keypoints_of(arrays: &Arrays) -> Result<Keypoints2d, ArraysError> {
    let times_s = numbers(arrays, "time_s", "[frames]", |shape| shape.len() == 1)?;
    let values = numbers(arrays, "keypoints_px", "[frames, joints, 3]", |shape| {
        shape.len() == 3 && shape[0] == times_s.len() && shape[2] == 3
    })?;
    let count = find(arrays, "keypoints_px")?.shape[1];
    let joints = texts(arrays, "joints", count)?
        .iter()
        .map(|name| name.parse())
        .collect::<Result<Vec<Joint>, _>>()?;
    let image_size_px = numbers(arrays, "image_size_px", "[2]", |shape| shape == [2])
        .ok()
        .and_then(|size| Some([whole(size[0])?, whole(size[1])?]));
    let points = values
        .chunks_exact(3)
        .map(|p| {
            p.iter().all(|c| c.is_finite()).then(|| Keypoint {
                position_px: Point2::new(p[0], p[1]),
                confidence: p[2],
            })
        })
        .collect();
    let time = TimeBase::new(times_s.to_vec())?;
    Ok(Keypoints2d::new(joints, time, image_size_px, points)?)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be a whole number in range"
)]
fn whole(number: f64) -> Option<u32> {
    (number.fract() == 0.0 && (1.0..1e6).contains(&number)).then_some(number as u32)
}

/// Arrays of points, with Y up.
pub fn of_points(points: &LabelledPoints) -> Vec<(String, Array)> {
    let points = points.clone().with_y_up();
    let frames = points.time.frames();
    vec![
        (
            "positions_m".to_owned(),
            Array {
                shape: vec![frames, points.labels.len(), 3],
                data: ArrayData::Numbers(
                    points
                        .positions_m
                        .iter()
                        .flat_map(|p| p.map_or([f64::NAN; 3], |p| [p.x, p.y, p.z]))
                        .collect(),
                ),
            },
        ),
        (
            "labels".to_owned(),
            Array {
                shape: vec![points.labels.len()],
                data: ArrayData::Text(points.labels.clone()),
            },
        ),
        times(&points.time, points.first_frame_time_s),
    ]
}

fn times(time: &TimeBase, start_s: f64) -> (String, Array) {
    let times_s = time.times_s().iter().map(|t| t + start_s).collect();
    (
        "time_s".to_owned(),
        Array {
            shape: vec![time.frames()],
            data: ArrayData::Numbers(times_s),
        },
    )
}

/// Arrays of keypoints.
pub fn of_keypoints(keypoints: &Keypoints2d) -> Vec<(String, Array)> {
    let joints = keypoints.joints();
    let mut arrays = vec![
        (
            "keypoints_px".to_owned(),
            Array {
                shape: vec![keypoints.frames(), joints.len(), 3],
                data: ArrayData::Numbers(
                    keypoints
                        .points()
                        .iter()
                        .flat_map(|p| {
                            p.map_or([f64::NAN; 3], |p| {
                                [p.position_px.x, p.position_px.y, p.confidence]
                            })
                        })
                        .collect(),
                ),
            },
        ),
        (
            "joints".to_owned(),
            Array {
                shape: vec![joints.len()],
                data: ArrayData::Text(joints.iter().map(ToString::to_string).collect()),
            },
        ),
        times(keypoints.time(), 0.0),
    ];
    if let Some(size) = keypoints.image_size_px() {
        arrays.push((
            "image_size_px".to_owned(),
            Array {
                shape: vec![2],
                data: ArrayData::Numbers(size.map(f64::from).to_vec()),
            },
        ));
    }
    arrays
}
