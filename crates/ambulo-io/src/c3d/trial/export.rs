//! From a [`Trial`] to a C3D file.

use ambulo::events::{EventKind, GaitEvent};
use ambulo::motion::Motion3d;
use ambulo::space::{UpAxis, world_from_lab};
use ambulo::subject::{Sex, Subject};
use ambulo::trial::{Recording, Trial};
use ambulo::{PerSide, Side};

use super::angles::{self, AngleColumn};
use super::{C3d, TrialError};
use crate::c3d::{Analog, Group, Parameter, ParameterData, Points, Processor, Storage};

const MILLIMETRES: f64 = 1000.0;

/// The finest grid on which a room of 30 m fits 16 bits, should the file be written as integers.
const POINT_SCALE_MM: f32 = 0.5;

/// A C3D file of a trial: its joints as points in millimetres with Z up, its stored angles, events
/// and subject. Intel, floats.
///
/// Points are labelled with our own names of joints, which [`super::to_trial`] reads back.
///
/// # Errors
///
/// [`TrialError`] if the trial is no motion in space, or its frames are not evenly spaced.
pub fn from_trial(trial: &Trial) -> Result<C3d, TrialError> {
    let Recording::Motion(motion) = &trial.recording else {
        return Err(TrialError::NotSpatial);
    };
    let time = motion.time();
    if !time.is_uniform(1e-3) {
        return Err(TrialError::UnevenTime);
    }
    let rate_hz = match time.frames() {
        1 => 1.0,
        frames => (frames - 1) as f64 / time.duration_s(),
    };
    let first_frame = u32::try_from(trial.file_number_of_first_frame.max(1)).unwrap_or(1);
    let start_s = f64::from(first_frame - 1) / rate_hz;
    let columns = trial
        .angles
        .as_ref()
        .map(angles::columns)
        .unwrap_or_default();
    let points = points(motion, &columns);
    let mut labels: Vec<String> = motion.joints().iter().map(ToString::to_string).collect();
    labels.extend(columns.iter().map(|column| column.label.clone()));
    let mut groups = vec![
        point_group(&points, time.frames(), float(rate_hz), &labels),
        analog_group(),
        event_group(&trial.events, start_s),
    ];
    groups.push(subject_group(&trial.subject));
    for (id, group) in (1..).zip(&mut groups) {
        group.id = id;
    }
    groups.retain(|group| !group.parameters.is_empty());
    Ok(C3d {
        processor: Processor::Intel,
        storage: Storage::Float,
        first_frame,
        frames: time.frames(),
        rate_hz: float(rate_hz),
        point_scale: POINT_SCALE_MM,
        max_gap: 0,
        header_events: Vec::new(),
        groups,
        points,
        analog: Analog {
            samples_per_frame: 1,
            ..Analog::default()
        },
        trailing: Vec::new(),
        notes: Vec::new(),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the format stores 32-bit floats"
)]
fn float(value: f64) -> f32 {
    value as f32
}

fn points(motion: &Motion3d, angles: &[AngleColumn]) -> Points {
    let lab_from_world = world_from_lab(UpAxis::PlusZ).inverse();
    let count = motion.joints().len() + angles.len();
    let mut values = Vec::with_capacity(motion.frames() * count * 4);
    let mut push = |components: Option<[f64; 3]>| match components.map(|c| c.map(float)) {
        None => values.extend([0.0, 0.0, 0.0, -1.0]),
        Some([x, y, z]) => {
            // All zeros would read as a gap.
            let is_origin = [x, y, z].iter().all(|c| c.abs() < f32::MIN_POSITIVE);
            values.extend([x, y, z, if is_origin { 1.0 } else { 0.0 }]);
        }
    };
    for frame in 0..motion.frames() {
        for position_m in motion.frame(frame) {
            push(position_m.map(|p| {
                let lab = (lab_from_world * p) * MILLIMETRES;
                [lab.x, lab.y, lab.z]
            }));
        }
        for column in angles {
            push(column.degrees.get(frame).copied().flatten());
        }
    }
    Points { count, values }
}

fn point_group(points: &Points, frames: usize, rate_hz: f32, labels: &[String]) -> Group {
    let mut group = Group::new(0, "POINT");
    let count = u16::try_from(points.count).unwrap_or(u16::MAX);
    group.parameters = vec![
        Parameter::integer("USED", count),
        Parameter::integer("FRAMES", u16::try_from(frames).unwrap_or(u16::MAX)),
        Parameter::float("SCALE", -POINT_SCALE_MM),
        Parameter::float("RATE", rate_hz),
        Parameter::integer("DATA_START", 0),
        Parameter::text("X_SCREEN", "+X"),
        Parameter::text("Y_SCREEN", "+Z"),
        Parameter::text("UNITS", "mm"),
        Parameter::text("ANGLE_UNITS", "deg"),
    ];
    group.parameters.extend(lists("LABELS", labels));
    group
}

fn analog_group() -> Group {
    let mut group = Group::new(0, "ANALOG");
    group.parameters = vec![
        Parameter::integer("USED", 0),
        Parameter::float("GEN_SCALE", 1.0),
    ];
    group
}

fn event_group(events: &[GaitEvent], start_s: f64) -> Group {
    let mut group = Group::new(0, "EVENT");
    if events.is_empty() {
        return group;
    }
    let count = u16::try_from(events.len()).unwrap_or(u16::MAX);
    let contexts: Vec<String> = events
        .iter()
        .map(|event| match event.side {
            Side::Left => "Left".to_owned(),
            Side::Right => "Right".to_owned(),
        })
        .collect();
    let labels: Vec<String> = events
        .iter()
        .map(|event| match event.kind {
            EventKind::InitialContact => "Foot Strike".to_owned(),
            EventKind::FootOff => "Foot Off".to_owned(),
        })
        .collect();
    group.parameters.push(Parameter::integer("USED", count));
    group.parameters.extend(lists("CONTEXTS", &contexts));
    group.parameters.extend(lists("LABELS", &labels));
    for (n, chunk) in (1..).zip(events.chunks(255)) {
        let minutes_and_seconds = chunk
            .iter()
            .flat_map(|event| {
                let time_s = start_s + event.time_s;
                let minutes = (time_s / 60.0).floor();
                [float(minutes), float(time_s - 60.0 * minutes)]
            })
            .collect();
        group.parameters.push(Parameter::new(
            &numbered("TIMES", n),
            vec![2, u8::try_from(chunk.len()).unwrap_or(u8::MAX)],
            ParameterData::Float(minutes_and_seconds),
        ));
    }
    group
}

fn subject_group(subject: &Subject) -> Group {
    let mut group = Group::new(0, "PROCESSING");
    let PerSide { left, right } = subject.leg_length_m;
    for (name, value) in [
        ("Height", subject.height_m.map(|m| m * MILLIMETRES)),
        ("Bodymass", subject.mass_kg),
        ("LLegLength", left.map(|m| m * MILLIMETRES)),
        ("RLegLength", right.map(|m| m * MILLIMETRES)),
        ("Age", subject.age_years),
    ] {
        if let Some(value) = value {
            group.parameters.push(Parameter::float(name, float(value)));
        }
    }
    if let Some(sex) = subject.sex {
        let name = match sex {
            Sex::Female => "female",
            Sex::Male => "male",
        };
        group.parameters.push(Parameter::text("Sex", name));
    }
    group
}

/// A list, continued in further parameters past 255 entries.
fn lists(name: &str, values: &[String]) -> Vec<Parameter> {
    (1..)
        .zip(values.chunks(255))
        .map(|(n, chunk)| Parameter::list(&numbered(name, n), chunk))
        .collect()
}

/// `LABELS`, `LABELS2`, `LABELS3`, ….
fn numbered(name: &str, n: usize) -> String {
    if n == 1 {
        name.to_owned()
    } else {
        format!("{name}{n}")
    }
}
