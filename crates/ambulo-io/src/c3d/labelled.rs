//! Between C3D files and labelled points, for conversion to other formats.

use ambulo::skeleton::markers::is_model_output;
use ambulo::space::UpAxis;
use ambulo::time::TimeBase;

use super::compose::Columns;
use super::trial::{LabSpace, TrialError};
use super::{C3d, C3dError};
use crate::points::{LabelledPoints, unique};

/// The points of a file in metres: markers and joint centres, without the angles, forces and powers
/// that models store as if they were points.
///
/// Y is up; where neither the file nor a body shows which way is up, the file's axes are kept and
/// the points name no vertical.
///
/// # Errors
///
/// [`TrialError`] if there is no motion, or no way to know its unit of length.
pub fn to_points(c3d: &C3d) -> Result<LabelledPoints, TrialError> {
    if c3d.points.count == 0 || c3d.frames == 0 {
        return Err(TrialError::NoMotion {
            points: c3d.points.count,
            frames: c3d.frames,
        });
    }
    let mut notes = c3d.notes.clone();
    let (space, knows_up) = LabSpace::of_file(c3d, &mut notes)?;
    let mut labels: Vec<String> = Vec::new();
    let mut columns = Vec::new();
    let mut dropped = 0;
    let named = c3d.point_labels();
    for point in 0..c3d.points.count {
        let label = named.get(point).map_or("", |label| label.trim());
        if is_model_output(label) {
            dropped += 1;
            continue;
        }
        labels.push(match label {
            "" => format!("point_{}", point + 1),
            label => label.to_owned(),
        });
        columns.push(point);
    }
    if dropped > 0 {
        notes.push(format!(
            "{dropped} stored angles, forces and powers are no points and were left out"
        ));
    }
    let positions_m = (0..c3d.frames)
        .flat_map(|frame| {
            let space = &space;
            columns
                .iter()
                .map(move |&point| Some(space.to_world(c3d.points.position(frame, point)?)))
        })
        .collect();
    let rate_hz = f64::from(c3d.rate_hz);
    Ok(LabelledPoints {
        labels: unique(labels),
        time: TimeBase::uniform(c3d.frames, rate_hz)?,
        positions_m,
        up: knows_up.then_some(UpAxis::PlusY),
        first_frame_number: i64::from(c3d.first_frame),
        first_frame_time_s: (f64::from(c3d.first_frame) - 1.0) / rate_hz,
        notes,
    })
}

/// A new C3D file of points: Intel, float, millimetres, Z up as laboratories have it, at the median
/// rate of their times.
///
/// # Errors
///
/// [`C3dError`] if there are more points than the format can count.
pub fn of_points(points: &LabelledPoints) -> Result<C3d, C3dError> {
    let points = points.clone().with_y_up();
    let count = points.labels.len();
    if count > usize::from(u16::MAX) {
        return Err(C3dError::TooMany {
            what: "points",
            value: count,
            largest: usize::from(u16::MAX),
        });
    }
    let mut columns = Columns::new(points.labels, points.time.frames());
    for &position_m in &points.positions_m {
        columns.push_position(position_m);
    }
    let first_frame = u32::try_from(points.first_frame_number.max(1)).unwrap_or(1);
    let rate_hz = points.time.rate_hz().unwrap_or(1.0);
    Ok(columns.finish(first_frame, rate_hz, Vec::new()))
}
