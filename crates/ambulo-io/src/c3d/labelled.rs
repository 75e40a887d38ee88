//! Between C3D files and labelled points, for conversion to other formats.

use ambulo::skeleton::markers::is_model_output;
use ambulo::space::{UpAxis, world_from_lab};
use ambulo::time::TimeBase;
use nalgebra::Point3;

use super::trial::{LabSpace, TrialError};
use super::{Analog, C3d, C3dError, Group, Parameter, ParameterData, Points, Processor, Storage};
use crate::points::LabelledPoints;

/// The points of a file in metres with Y up: markers and joint centres, without the angles, forces
/// and powers that models store as if they were points.
///
/// # Errors
///
/// [`TrialError`] if there is no motion, or no way to know which way is up.
pub fn to_points(c3d: &C3d) -> Result<LabelledPoints, TrialError> {
    if c3d.points.count == 0 || c3d.frames == 0 {
        return Err(TrialError::NoMotion {
            points: c3d.points.count,
            frames: c3d.frames,
        });
    }
    let mut notes = c3d.notes.clone();
    let space = LabSpace::of_file(c3d, &mut notes)?;
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
        let mut unique = match label {
            "" => format!("point_{}", point + 1),
            label => label.to_owned(),
        };
        while labels.contains(&unique) {
            unique.push('_');
        }
        labels.push(unique);
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
        labels,
        time: TimeBase::uniform(c3d.frames, rate_hz)?,
        positions_m,
        up: Some(UpAxis::PlusY),
        first_frame_number: i64::from(c3d.first_frame),
        first_frame_time_s: (f64::from(c3d.first_frame) - 1.0) / rate_hz,
        notes,
    })
}

/// A new C3D file of points: Intel, float, millimetres, Z up as laboratories have it.
///
/// # Errors
///
/// [`C3dError`] if there are more points or frames than the format can count.
pub fn of_points(points: &LabelledPoints) -> Result<C3d, C3dError> {
    let points = points.clone().with_y_up();
    let lab_from_world = world_from_lab(UpAxis::PlusZ).inverse();
    let count = points.labels.len();
    if count > usize::from(u16::MAX) {
        return Err(C3dError::TooMany {
            what: "points",
            value: count,
            largest: usize::from(u16::MAX),
        });
    }
    let values = points
        .positions_m
        .iter()
        .flat_map(|position| match position {
            Some(position) => {
                let Point3 { coords } = lab_from_world * position * 1000.0;
                [single(coords.x), single(coords.y), single(coords.z), 0.0]
            }
            // A negative fourth word marks a point that was not seen.
            None => [0.0, 0.0, 0.0, -1.0],
        })
        .collect();
    let mut group = Group::new(1, "POINT");
    let integer = |name: &str, value: usize| {
        Parameter::integer(name, u16::try_from(value).unwrap_or(u16::MAX))
    };
    let frames = points.time.frames();
    let rate_hz = single(points.time.rate_hz().unwrap_or(100.0));
    group.set(integer("USED", count));
    group.set(integer("FRAMES", frames));
    group.set(Parameter::float("SCALE", -0.1));
    group.set(Parameter::float("RATE", rate_hz));
    group.set(Parameter::integer("DATA_START", 0));
    group.set(Parameter::text("UNITS", "mm"));
    group.set(Parameter::text("X_SCREEN", "+X"));
    group.set(Parameter::text("Y_SCREEN", "+Z"));
    for (index, labels) in points.labels.chunks(255).enumerate() {
        let name = match index {
            0 => "LABELS".to_owned(),
            index => format!("LABELS{}", index + 1),
        };
        group.set(Parameter::list(&name, labels));
    }
    let mut analog = Group::new(2, "ANALOG");
    analog.set(Parameter::integer("USED", 0));
    let mut trial = Group::new(3, "TRIAL");
    let first = u32::try_from(points.first_frame_number.max(1)).unwrap_or(1);
    let last = first.saturating_add(u32::try_from(frames).unwrap_or(u32::MAX).saturating_sub(1));
    trial.set(field("ACTUAL_START_FIELD", first));
    trial.set(field("ACTUAL_END_FIELD", last));
    Ok(C3d {
        processor: Processor::Intel,
        storage: Storage::Float,
        first_frame: first,
        frames,
        rate_hz,
        point_scale: 0.1,
        max_gap: 0,
        header_events: Vec::new(),
        groups: vec![group, analog, trial],
        points: Points { count, values },
        analog: Analog::default(),
        trailing: Vec::new(),
        notes: Vec::new(),
    })
}

/// A frame number as two words, low first.
fn field(name: &str, frame: u32) -> Parameter {
    let words = [frame & 0xFFFF, frame >> 16]
        .map(|word| u16::try_from(word).unwrap_or(u16::MAX).cast_signed());
    Parameter::new(name, vec![2], ParameterData::Int(words.to_vec()))
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "C3D stores single precision"
)]
fn single(value: f64) -> f32 {
    value as f32
}
