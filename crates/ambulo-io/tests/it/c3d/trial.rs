//! From C3D files to trials and back.

use ambulo::Side;
use ambulo::events::EventKind;
use ambulo::kinematics::AngleId;
use ambulo::skeleton::Joint;
use ambulo::trial::{Recording, Trial};
use ambulo_io::c3d::{C3d, Parameter, TrialError, from_trial, of_points, to_points, to_trial};
use ambulo_io::points::LabelledPoints;

use super::{fixtures, recorded};

#[track_caller]
fn mean_height(trial: &Trial, joint: Joint) -> f64 {
    let Recording::Motion(motion) = &trial.recording else {
        panic!("a motion was expected");
    };
    let heights: Vec<f64> = motion
        .trajectory(joint)
        .expect("the joint is there")
        .into_iter()
        .flatten()
        .map(|p| p.y)
        .collect();
    heights.iter().sum::<f64>() / heights.len() as f64
}

fn with_text(c3d: &C3d, name: &str, text: &str) -> C3d {
    let mut c3d = c3d.clone();
    let point = c3d.groups.iter_mut().find(|group| group.name == "POINT");
    point
        .expect("the fixture has points")
        .set(Parameter::text(name, text));
    c3d
}

#[test]
fn a_trial_has_metres_with_y_up_and_its_events() {
    let trial = to_trial(&fixtures::small()).unwrap();
    assert!((mean_height(&trial, Joint::C7) - 1.4).abs() < 1e-9);
    assert!((trial.file_time_of_first_frame_s - 0.1).abs() < 1e-9);
    let events: Vec<_> = trial
        .events
        .iter()
        .map(|e| (e.side, e.kind, e.frame))
        .collect();
    assert_eq!(
        events,
        [
            (Side::Right, EventKind::InitialContact, 15),
            (Side::Left, EventKind::FootOff, 21)
        ]
    );
    assert!((trial.events[0].time_s - 0.15).abs() < 1e-6);
    let angles = trial.angles.unwrap();
    let flexion = &angles.tracks.left[&AngleId::HipFlexion].degrees;
    assert_eq!(flexion[3], Some(37.5));
}

#[test]
fn without_words_the_body_shows_up_and_unit() {
    let spoken = to_trial(&fixtures::small()).unwrap();
    let c3d = with_text(&fixtures::small(), "Y_SCREEN", "");
    let mute = to_trial(&with_text(&c3d, "UNITS", "")).unwrap();
    assert_eq!(mute.recording, spoken.recording);
    assert_eq!(mute.notes.len(), spoken.notes.len() + 2, "{:?}", mute.notes);
    // A wrong word is overruled by the body.
    let wrong = to_trial(&with_text(&fixtures::small(), "Y_SCREEN", "+Y")).unwrap();
    assert_eq!(wrong.recording, spoken.recording);
    assert!(wrong.notes.iter().any(|note| note.contains("believed")));
}

#[test]
fn events_without_side_or_outside_are_left_out_with_a_note() {
    let mut c3d = fixtures::small();
    let event = c3d.groups.iter_mut().find(|g| g.name == "EVENT").unwrap();
    event.parameters.retain(|p| p.name != "CONTEXTS");
    let trial = to_trial(&c3d).unwrap();
    assert!(trial.events.is_empty());
    assert_eq!(trial.notes.iter().filter(|n| n.contains("side")).count(), 2);

    let mut late = fixtures::small();
    late.first_frame = 29;
    let trial = to_trial(&late).unwrap();
    assert_eq!(trial.events.len(), 1);
    assert_eq!(
        trial.notes.iter().filter(|n| n.contains("outside")).count(),
        1
    );
}

#[test]
fn a_file_without_markers_of_a_person_is_refused() {
    let error = to_trial(&fixtures::many_points()).unwrap_err();
    assert!(matches!(error, TrialError::Markers(_)), "{error}");
}

#[test]
fn a_trial_survives_being_written() {
    let mut original = to_trial(&fixtures::small()).unwrap();
    original.subject.height_m = Some(1.72);
    original.subject.age_years = Some(71.0);
    original.subject.leg_length_m.right = Some(0.91);
    original.subject.sex = Some(ambulo::subject::Sex::Female);
    original.notes.clear();
    let bytes = from_trial(&original).unwrap().to_bytes().unwrap();
    let again = to_trial(&C3d::parse(&bytes).unwrap()).unwrap();
    assert_eq!(again.subject, original.subject);
    assert_eq!(again.events.len(), original.events.len());
    assert_eq!(again.file_number_of_first_frame, 11);
    for (a, b) in again.events.iter().zip(&original.events) {
        assert_eq!((a.side, a.kind, a.frame), (b.side, b.kind, b.frame));
        assert!((a.time_s - b.time_s).abs() < 1e-6);
    }
    assert_eq!(again.angles, original.angles);
    let (Recording::Motion(a), Recording::Motion(b)) = (&again.recording, &original.recording)
    else {
        panic!("motions were expected");
    };
    assert_eq!(a.joints(), b.joints());
    for (p, q) in a.positions_m().iter().zip(b.positions_m()) {
        match (p, q) {
            (Some(p), Some(q)) => assert!(nalgebra::distance(p, q) < 1e-6),
            (p, q) => assert_eq!(p, q),
        }
    }
}

#[test]
fn recorded_trials_stand_upright_in_metres() {
    for (name, bytes) in recorded::all() {
        let Ok(trial) = C3d::parse(&bytes).as_ref().map(to_trial) else {
            continue;
        };
        let is_person = name.contains("biomechzoo") || name.contains("PiG");
        match trial {
            Ok(trial) if is_person => {
                assert!(
                    (0.5..1.1).contains(&mean_height(&trial, Joint::LeftHip)),
                    "{name}"
                );
                assert!(mean_height(&trial, Joint::LeftAnkle) < 0.25, "{name}");
                assert!(trial.angles.is_some(), "{name}");
                assert!(trial.subject.height_m.is_some(), "{name}");
            }
            Ok(trial) => assert!(mean_height(&trial, Joint::LeftHeel) < 0.25, "{name}"),
            Err(error) => assert!(!is_person, "{name}: {error}"),
        }
    }
}

#[test]
fn a_recorded_walk_has_its_events_and_subject() {
    let Some(bytes) = recorded::one("HC002D06.c3d") else {
        return;
    };
    let trial = to_trial(&C3d::parse(&bytes).unwrap()).unwrap();
    assert_eq!(trial.file_number_of_first_frame, 125);
    assert!((trial.file_time_of_first_frame_s - 1.24).abs() < 1e-9);
    assert_eq!(trial.subject.height_m, Some(1.45));
    assert_eq!(trial.subject.mass_kg, Some(32.1));
    assert_eq!(trial.subject.leg_length_m.left, Some(0.74));
    let first = trial.events.first().unwrap();
    assert_eq!(
        (first.side, first.kind, first.frame),
        (Side::Right, EventKind::InitialContact, 59)
    );
    assert!((first.time_s - (1.83 - 1.24)).abs() < 1e-3);
}

/// The angle between thigh and shank, from the joint centres, is the stored knee flexion.
#[test]
fn stored_knee_angles_match_the_joint_centres() {
    for name in ["HC002D06.c3d", "PiG_Motion-FlatFoot-Full.c3d"] {
        let Some(bytes) = recorded::one(name) else {
            return;
        };
        let trial = to_trial(&C3d::parse(&bytes).unwrap()).unwrap();
        let Recording::Motion(motion) = &trial.recording else {
            panic!("a motion was expected");
        };
        let angles = trial.angles.unwrap();
        let [hip, knee, ankle] = [Joint::RightHip, Joint::RightKnee, Joint::RightAnkle]
            .map(|joint| motion.trajectory(joint).unwrap());
        let mut compared = 0;
        for (frame, stored) in angles.tracks.right[&AngleId::KneeFlexion]
            .degrees
            .iter()
            .enumerate()
        {
            let (Some(h), Some(k), Some(a), Some(stored)) =
                (hip[frame], knee[frame], ankle[frame], *stored)
            else {
                continue;
            };
            // Both bend: what the centres show is the flexion with the small varus angle.
            let bend = (k - h).angle(&(a - k)).to_degrees();
            assert!(
                (bend - stored.abs()).abs() < 8.0,
                "{name} {frame}: {bend} {stored}"
            );
            compared += 1;
        }
        assert!(compared > 100, "{name}");
    }
}

#[test]
fn points_of_no_body_keep_the_axes_of_a_file_that_names_no_vertical() {
    let time = ambulo::time::TimeBase::uniform(2, 100.0).unwrap();
    let corner = nalgebra::Point3::new(1.0, 2.0, 3.0);
    let cube = LabelledPoints {
        labels: vec!["corner".into(), "origin".into()],
        time,
        positions_m: vec![Some(corner), Some(nalgebra::Point3::origin()), None, None],
        up: Some(ambulo::space::UpAxis::PlusY),
        first_frame_number: 7,
        first_frame_time_s: 0.06,
        notes: Vec::new(),
    };
    let mut c3d = of_points(&cube).unwrap();
    let again = to_points(&c3d).unwrap();
    assert_eq!(again, cube);
    for group in &mut c3d.groups {
        group
            .parameters
            .retain(|have| !have.name.ends_with("SCREEN"));
    }
    let bare = to_points(&c3d).unwrap();
    assert_eq!(bare.up, None);
    // On the file's axes, where Z was up.
    assert_eq!(
        bare.positions_m[0],
        Some(nalgebra::Point3::new(1.0, -3.0, 2.0))
    );
    assert_eq!(bare.with_y_up().notes.len(), 1);
}
