//! What pictures of people must show, whatever is drawn.

use std::sync::OnceLock;

use super::*;
use crate::motion::Pose;
use crate::pictures::{Label, picture_rng};

/// The people of the recorded data, read once; `None` where there is no data.
fn people() -> Option<&'static SyntheticPeople> {
    static PEOPLE: OnceLock<Option<SyntheticPeople>> = OnceLock::new();
    PEOPLE
        .get_or_init(|| {
            let data = ambulo_testkit::data_dir()?;
            let settings = PeopleSettings {
                width_px: 96,
                height_px: 128,
                ..PeopleSettings::default()
            };
            Some(SyntheticPeople::load(&data, Role::Train, &settings).unwrap())
        })
        .as_ref()
}

/// A camera at the height of the hips, this far around the person: 0 in front, a quarter turn at the
/// person's left.
fn view(azimuth: f32) -> View {
    let position = Vector3::new(azimuth.sin() * 4.0, 0.9, azimuth.cos() * 4.0);
    View::looking(azimuth, position, &Vector3::new(0.0, 0.9, 0.0), [0.0; 3])
}

fn filmed(people: &SyntheticPeople, somebody: &Somebody, view: &View) -> [Label; PARTS] {
    let mut scene = Scene::default();
    let person = people.person(somebody, SUBJECT);
    person.add_to(&mut scene);
    let framing = Framing {
        size_px: [192, 256],
        margin: [1.3, 1.3],
    };
    let places = scene.vertices.iter().map(|v| v.place);
    // A seed whose picture is not cut.
    let lens = view.frame(&mut SeededRng::new(3), &framing, places);
    let (_, samples) = look(&scene, &lens, framing.size_px);
    labels::labels(
        &scene,
        &samples,
        &lens,
        &person.points(),
        somebody.shape.stature_m / 1.7,
    )
}

fn x(label: Label) -> f64 {
    label.position_px().expect("in the picture")[0]
}

#[test]
fn the_persons_left_is_on_the_right_of_a_view_from_the_front_and_on_the_left_from_behind() {
    let Some(people) = people() else { return };
    for seed in 0..12 {
        let somebody = people.somebody(&mut SeededRng::new(seed));
        let points = people.person(&somebody, SUBJECT).points();
        for (azimuth, sign) in [(0.0, 1.0), (std::f32::consts::PI, -1.0)] {
            let lens = view(azimuth).frame(
                &mut SeededRng::new(1),
                &people.framing,
                points.iter().copied(),
            );
            let across = |joint: usize| lens.project(&lens.seen(&points[joint]))[0];
            let apart = across(at::LEFT_HIP) - across(at::RIGHT_HIP);
            assert!(apart * sign > 0.0, "seed {seed}: hips {apart}");
            let apart = across(at::LEFT_SHOULDER) - across(at::RIGHT_SHOULDER);
            assert!(apart * sign > 0.0, "seed {seed}: shoulders {apart}");
        }
        // Anatomy: faces and feet look ahead, ears are where left and right are.
        let [left, up] = [
            points[at::LEFT_EAR] - points[at::RIGHT_EAR],
            points[at::LEFT_EAR] - points[at::LEFT_SHOULDER],
        ];
        let nose = points[at::NOSE] - (points[at::LEFT_EAR] + points[at::RIGHT_EAR]) * 0.5;
        assert!(left.cross(&up).dot(&nose) > 0.0, "seed {seed}: the nose");
    }
}

#[test]
fn feet_stand_on_the_ground_and_limbs_point_as_recorded() {
    let Some(people) = people() else { return };
    for seed in 0..10 {
        let rng = &mut SeededRng::new(seed);
        let shape = Shape::draw(rng);
        let look = Look::draw(rng, &people.assets, &shape);
        let moment = people.motions.draw(rng);
        let somebody = people.place(shape, look, &moment);
        let person = people.person(&somebody, SUBJECT);
        assert!(person.lowest().abs() < 1e-4, "seed {seed}");
        let points = person.points();
        for (from, to) in [
            (at::LEFT_HIP, at::LEFT_KNEE),
            (at::RIGHT_KNEE, at::RIGHT_ANKLE),
            (at::LEFT_SHOULDER, at::LEFT_ELBOW),
            (at::RIGHT_ELBOW, at::RIGHT_WRIST),
        ] {
            let own = (points[to] - points[from]).map(f64::from).normalize();
            let pose: &Pose = &moment.pose;
            let recorded = (pose[to] - pose[from]).normalize();
            assert!(own.dot(&recorded) > 0.999, "seed {seed}: {from} to {to}");
        }
    }
}

/// Somebody of the middle who stands straight.
fn standing(people: &SyntheticPeople) -> Somebody {
    let mut rng = SeededRng::new(4);
    let shape = Shape {
        child: 0.0,
        weight: 0.0,
        female: 0.0,
        stature_m: 1.75,
        ..Shape::draw(&mut rng)
    };
    let mut look = Look::draw(&mut rng, &people.assets, &shape);
    look.hat = None;
    people.place(shape, look, &activity::standing_straight())
}

#[test]
fn from_the_side_the_near_leg_hides_the_far_one() {
    let Some(people) = people() else { return };
    let somebody = standing(people);
    let quarter = std::f32::consts::FRAC_PI_2;
    let left = filmed(people, &somebody, &view(quarter));
    let right = filmed(people, &somebody, &view(-quarter));
    for (seen, hidden) in [
        (at::LEFT_HIP, at::RIGHT_HIP),
        (at::LEFT_KNEE, at::RIGHT_KNEE),
        (at::LEFT_SHOULDER, at::RIGHT_SHOULDER),
        (at::LEFT_EAR, at::RIGHT_EAR),
    ] {
        assert!(left[seen].is_visible(), "{seen} from the left");
        assert!(!left[hidden].is_visible(), "{hidden} from the left");
        assert!(!right[seen].is_visible(), "{seen} from the right");
        assert!(right[hidden].is_visible(), "{hidden} from the right");
    }
    // Facing the left of the picture when the left side is seen.
    assert!(x(left[at::NOSE]) < x(left[at::LEFT_EAR]));
    assert!(x(right[at::NOSE]) > x(right[at::RIGHT_EAR]));
}

#[test]
fn from_the_front_all_joints_are_seen_and_from_behind_the_face_is_not() {
    let Some(people) = people() else { return };
    let somebody = standing(people);
    let front = filmed(people, &somebody, &view(0.0));
    let back = filmed(people, &somebody, &view(std::f32::consts::PI));
    for joint in [
        at::NOSE,
        at::LEFT_EYE,
        at::RIGHT_EYE,
        at::LEFT_SHOULDER,
        at::RIGHT_HIP,
        at::LEFT_KNEE,
        at::RIGHT_ANKLE,
        at::LEFT_BIG_TOE,
        at::RIGHT_SMALL_TOE,
    ] {
        assert!(front[joint].is_visible(), "{joint} from the front");
    }
    for joint in [at::NOSE, at::LEFT_EYE, at::RIGHT_EYE] {
        assert!(!back[joint].is_visible(), "{joint} from behind");
    }
    for joint in [at::LEFT_HIP, at::RIGHT_KNEE, at::LEFT_HEEL] {
        assert!(back[joint].is_visible(), "{joint} from behind");
    }
}

#[test]
fn joints_lie_on_the_persons_own_picture() {
    let Some(people) = people() else { return };
    for seed in 0..6 {
        let somebody = people.somebody(&mut SeededRng::new(seed));
        let mut scene = Scene::default();
        let person = people.person(&somebody, SUBJECT);
        person.add_to(&mut scene);
        let framing = Framing {
            size_px: [96, 128],
            margin: [1.3, 1.3],
        };
        let places = scene.vertices.iter().map(|v| v.place);
        let lens = view(0.7 * seed as f32).frame(&mut SeededRng::new(3), &framing, places);
        let (_, samples) = look(&scene, &lens, framing.size_px);
        let labels = labels::labels(&scene, &samples, &lens, &person.points(), 1.0);
        for (joint, label) in labels.iter().enumerate() {
            let Some([x, y]) = label.position_px() else {
                continue;
            };
            // Noses, toes and heels lie on the outline: a pixel beside them may be the person's last.
            let near = |value: f64| {
                let sample = crate::film::whole((value + 0.5) * SPLIT as f64);
                sample.saturating_sub(SPLIT)..=sample + SPLIT
            };
            let on_person = near(y).any(|row| {
                near(x).any(|column| {
                    let sample = row.min(samples.rows - 1) * samples.columns;
                    samples.face[sample + column.min(samples.columns - 1)] != raster::NOTHING
                })
            });
            assert!(on_person, "seed {seed}: {joint} at {x}, {y}");
        }
    }
}

#[test]
fn the_same_generator_draws_the_same_picture_on_any_thread() {
    let Some(people) = people() else { return };
    let alone: Vec<LabelledPicture> = (0..2)
        .map(|number| people.draw(&mut picture_rng(5, number)))
        .collect();
    let together: Vec<LabelledPicture> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|number| scope.spawn(move || people.draw(&mut picture_rng(5, number))))
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(alone, together);
    assert_ne!(alone[0], alone[1]);
    for labelled in &alone {
        assert_eq!(labelled.picture.width_px(), 96);
        assert!(labelled.joints.iter().any(|label| label.is_visible()));
        let [x, y, width, height] = labelled.person_box;
        assert!(x >= 0.0 && y >= 0.0 && width > 10.0 && height > 30.0);
        assert!(x + width <= 95.0 && y + height <= 127.0);
    }
}

#[test]
fn what_cannot_work_is_refused_with_a_reason() {
    let nowhere = Path::new("no/such/folder");
    let load = |settings: &PeopleSettings| SyntheticPeople::load(nowhere, Role::Train, settings);
    let error = load(&PeopleSettings::default()).unwrap_err();
    assert!(matches!(error, PeopleError::NoBodies { .. }), "{error}");
    let small = PeopleSettings {
        width_px: 8,
        ..PeopleSettings::default()
    };
    assert!(matches!(
        load(&small).unwrap_err(),
        PeopleError::Size { .. }
    ));
    let narrow = PeopleSettings {
        margin: [0.5, 1.0],
        ..PeopleSettings::default()
    };
    assert!(matches!(
        load(&narrow).unwrap_err(),
        PeopleError::Margin { .. }
    ));
}
