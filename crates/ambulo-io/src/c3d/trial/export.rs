//! From a [`Trial`] to a C3D file.

use ambulo::events::{EventKind, GaitEvent};
use ambulo::subject::{Sex, Subject};
use ambulo::trial::{Recording, Trial};
use ambulo::{PerSide, Side};

use super::{C3d, TrialError, angles};
use crate::c3d::compose::{Columns, lists, numbered, single};
use crate::c3d::{Group, Parameter, ParameterData};

const MILLIMETRES: f64 = 1000.0;

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
    let angles = trial
        .angles
        .as_ref()
        .map(angles::columns)
        .unwrap_or_default();
    let mut labels: Vec<String> = motion.joints().iter().map(ToString::to_string).collect();
    labels.extend(angles.iter().map(|column| column.label.clone()));
    let mut columns = Columns::new(labels, time.frames());
    for frame in 0..motion.frames() {
        for &position_m in motion.frame(frame) {
            columns.push_position(position_m);
        }
        for column in &angles {
            columns.push(column.degrees.get(frame).copied().flatten());
        }
    }
    let further = vec![
        event_group(&trial.events, start_s),
        subject_group(&trial.subject),
    ];
    Ok(columns.finish(first_frame, rate_hz, further))
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
                [single(minutes), single(time_s - 60.0 * minutes)]
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
            group.parameters.push(Parameter::float(name, single(value)));
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
