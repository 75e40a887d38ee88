//! Training examples of synthetic film.

use ambulo::skeleton::LIFT_21;
use ambulo_nn::codec::lift::{CHANNELS, JOINTS, LiftCodec};
use ambulo_testkit::data_dir;
use ambulo_train::batch::LiftSamples;
use ambulo_train::film::{
    Body, CameraPlan, FilmSamples, FilmSettings, Pitch, Posture, gravity_from_world, reshape,
};
use ambulo_train::motion::{People, Pose, Role, Take, joints_of, length_of, load};
use nalgebra::Vector3;

/// One synthetic walker, so that these tests need no recordings.
fn synthetic() -> Take {
    let walker = ambulo::synth::Walker {
        heading_deg: 30.0,
        ..ambulo::synth::Walker::default()
    };
    let trial = ambulo::synth::walk(&walker).unwrap();
    ambulo_train::motion::from_motion(&trial.motion, "synthetic", "nobody").unwrap()
}

fn recorded() -> Option<FilmSamples> {
    let data = data_dir()?;
    let people = People::built_in().unwrap();
    let mut takes = load(&data, &people).unwrap();
    takes.retain(|take| people.role(&take.person) == Role::Train);
    Some(FilmSamples::new(
        LiftCodec::default(),
        FilmSettings::default(),
        takes,
    ))
}

#[test]
fn examples_are_a_function_of_seed_step_and_index() {
    let samples = FilmSamples::new(
        LiftCodec::default(),
        FilmSettings::default(),
        vec![synthetic()],
    );
    let whole = samples.batch(1, 5, 12);
    let shape = samples.shape();
    let part = samples.batch(1, 5, 5);
    assert_eq!(part.input, whole.input[..5 * shape.input_len()]);
    assert_eq!(part.target, whole.target[..15 * shape.points_out()]);
    for (seed, step) in [(1, 6), (2, 5)] {
        let other = samples.batch(seed, step, 1);
        assert_ne!(other.input, whole.input[..shape.input_len()]);
    }
    assert_ne!(
        whole.input[..shape.input_len()],
        whole.input[shape.input_len()..][..shape.input_len()]
    );
}

#[test]
fn in_units_of_the_body_the_image_is_nearly_the_answer_s_own_x_and_y() {
    let Some(samples) = recorded() else { return };
    let batch = samples.batch(1, 5, 128);
    let all = batch.input.iter().chain(&batch.target).chain(&batch.weight);
    assert!(all.copied().all(f32::is_finite));
    let mut apart = [[0.0; 2]; JOINTS];
    let mut seen = [0.0; JOINTS];
    let tokens = batch.input.chunks_exact(CHANNELS);
    for (index, (token, target)) in tokens.zip(batch.target.chunks_exact(3)).enumerate() {
        let joint = index % JOINTS;
        if token[2] > 0.0 {
            seen[joint] += 1.0;
            for axis in 0..2 {
                apart[joint][axis] += (token[axis] - target[axis]).abs();
            }
        }
    }
    for (joint, ([x, y], seen)) in LIFT_21.joints.iter().zip(apart.iter().zip(seen)) {
        assert!(
            x / seen < 0.06 && y / seen < 0.10,
            "{joint}: {x} {y} of {seen}"
        );
        assert!(seen > 0.5 * 128.0 * 27.0, "{joint}");
    }
    let counted: f32 = batch.weight.iter().sum();
    assert!(counted > 0.9 * 128.0 * 27.0 * 21.0);
}

#[test]
fn the_recorded_body_in_the_recorded_posture_stays_as_it_is() {
    let take = synthetic();
    let mut poses = take.poses.clone();
    reshape(&mut poses, &Body::RECORDED, &Posture::RECORDED);
    for (made, recorded) in poses.iter().zip(&take.poses) {
        for (a, b) in made.iter().zip(recorded) {
            assert!((a - b).norm() < 1e-12);
        }
    }
}

#[test]
fn a_posture_bends_where_it_says_and_keeps_the_bones() {
    let take = synthetic();
    let mut posture = Posture::RECORDED;
    posture.sides.left.knee_flexion = 0.2;
    let mut poses = take.poses.clone();
    reshape(&mut poses, &Body::RECORDED, &posture);
    let knee = |pose: &Pose, hip: usize| {
        let joints = joints_of(pose);
        (joints[hip + 1] - joints[hip]).angle(&(joints[hip + 2] - joints[hip + 1]))
    };
    for (made, recorded) in poses.iter().zip(&take.poses) {
        assert!((length_of(made) - length_of(recorded)).abs() < 1e-9);
        let (left, right) = (
            knee(made, 4) - knee(recorded, 4),
            knee(made, 1) - knee(recorded, 1),
        );
        assert!((left - 0.2).abs() < 0.03, "{left}");
        assert!(right.abs() < 1e-9, "{right}");
    }
}

/// The film's camera against the camera of the synthetic walkers.
#[test]
fn the_film_s_camera_sees_what_the_synthetic_walker_s_camera_sees() {
    let walker = ambulo::synth::Walker::default();
    let trial = ambulo::synth::walk(&walker).unwrap();
    let camera = ambulo::synth::Camera {
        azimuth_deg: 60.0,
        distance_m: 7.0,
        height_m: 1.4,
        ..ambulo::synth::Camera::default()
    };
    let keypoints = ambulo::synth::film(&trial, &camera);
    let pelvis = trial.motion.trajectory(ambulo::skeleton::Joint::Pelvis);
    let (mut low, mut high) = (Vector3::repeat(1e9), Vector3::repeat(-1e9));
    for place in pelvis.unwrap().into_iter().flatten() {
        low = low.inf(&place.coords);
        high = high.sup(&place.coords);
    }
    let plan = CameraPlan {
        azimuth_rad: 60_f64.to_radians(),
        distance_m: 7.0,
        height_m: 1.4,
        off_centre: 0.0,
        pitch: Pitch::Fixed(0.0),
        roll_rad: 0.0,
        focal: 1500.0 / 1080.0,
        aspect: 1920.0 / 1080.0,
    };
    let film = plan.place(&((low + high) * 0.5), &Vector3::x(), 0.0);
    let mut compared = 0;
    for joint in [
        ambulo::skeleton::Joint::LeftKnee,
        ambulo::skeleton::Joint::RightWrist,
    ] {
        let seen = keypoints.trajectory(joint).unwrap();
        let places = trial.motion.trajectory(joint).unwrap();
        for (seen, place) in seen.iter().zip(&places) {
            let (Some(seen), Some(place)) = (seen, place) else {
                continue;
            };
            let ours = film.project(&place.coords).unwrap() * 1500.0;
            let apart =
                seen.position_px.coords - nalgebra::Vector2::new(960.0, 540.0) - ours.coords;
            assert!(apart.norm() < 1e-6, "{apart}");
            compared += 1;
        }
    }
    assert!(compared > 100);
    let axes = gravity_from_world(&film);
    assert!((axes.matrix().determinant() - 1.0).abs() < 1e-12);
    assert!((axes * Vector3::y() - Vector3::y()).norm() < 1e-12);
}
