//! Recorded motion of both collections, in one form.

use ambulo::skeleton::Joint;
use ambulo_testkit::data_dir;
use ambulo_train::motion::{Origin, People, Pose, Take, at, from_motion, load, mid};
use nalgebra::Vector3;

fn takes() -> Option<Vec<Take>> {
    let data = data_dir()?;
    Some(load(&data, &People::built_in().unwrap()).unwrap())
}

/// The median over frames of a number, in shares of leg and trunk.
fn share(take: &Take, of: impl Fn(&Pose) -> f64) -> f64 {
    let length_m = take.length_m();
    let mut values: Vec<f64> = take.poses.iter().map(|pose| of(pose) / length_m).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn shoulders(pose: &Pose) -> Vector3<f64> {
    mid(pose, at::LEFT_SHOULDER, at::RIGHT_SHOULDER)
}

fn ears(pose: &Pose) -> Vector3<f64> {
    mid(pose, at::LEFT_EAR, at::RIGHT_EAR)
}

fn toe(pose: &Pose) -> Vector3<f64> {
    mid(pose, at::LEFT_BIG_TOE, at::LEFT_SMALL_TOE)
}

/// Where the hips face.
fn ahead(pose: &Pose) -> Vector3<f64> {
    let mut across = pose[at::RIGHT_HIP] - pose[at::LEFT_HIP];
    across.y = 0.0;
    Vector3::y().cross(&across).normalize()
}

#[test]
fn both_collections_are_whole() {
    let Some(takes) = takes() else { return };
    let count = |origin: Origin| takes.iter().filter(|take| take.origin == origin).count();
    assert_eq!(count(Origin::Cmu), 64);
    // A straight walk and a turn of six people; their static trials are left out.
    assert_eq!(count(Origin::PlugInGait), 12);
    assert!(takes.iter().all(|take| take.poses.len() > 110));
    let turns = |origin: Origin| {
        let of_origin = takes.iter().filter(|take| take.origin == origin);
        of_origin
            .filter(|take| take.travel_m() < 0.95 * take.way_m())
            .count()
    };
    assert_eq!(turns(Origin::PlugInGait), 6);
    assert!(
        (5..9).contains(&turns(Origin::Cmu)),
        "{}",
        turns(Origin::Cmu)
    );
}

#[test]
fn both_collections_show_bodies_of_the_same_build() {
    let Some(takes) = takes() else { return };
    let bone = |a: usize, b: usize| move |pose: &Pose| (pose[a] - pose[b]).norm();
    for take in &takes {
        let check = |what: &str, low: f64, high: f64, of: &dyn Fn(&Pose) -> f64| {
            let value = share(take, of);
            assert!(
                (low..high).contains(&value),
                "{}: {what} {value:.3}",
                take.name
            );
        };
        check("thigh", 0.27, 0.33, &bone(at::LEFT_HIP, at::LEFT_KNEE));
        check("shank", 0.29, 0.36, &bone(at::LEFT_KNEE, at::LEFT_ANKLE));
        check("hips", 0.08, 0.15, &bone(at::LEFT_HIP, at::RIGHT_HIP));
        check(
            "shoulders",
            0.26,
            0.33,
            &bone(at::LEFT_SHOULDER, at::RIGHT_SHOULDER),
        );
        check("heel", 0.05, 0.08, &bone(at::LEFT_ANKLE, at::LEFT_HEEL));
        check("foot", 0.13, 0.17, &|p| (p[at::LEFT_HEEL] - toe(p)).norm());
        check("ears", 0.14, 0.22, &|p| (ears(p) - shoulders(p)).y);
        check("nose", 0.04, 0.11, &|p| {
            (p[at::NOSE] - ears(p)).dot(&ahead(p))
        });
        check("toes", 0.10, 0.17, &|p| {
            (toe(p) - p[at::LEFT_HEEL]).dot(&ahead(p))
        });
    }
}

#[test]
fn people_walk_forward_and_their_heels_stand_on_the_ground() {
    let Some(takes) = takes() else { return };
    for take in &takes {
        let low = |of: &dyn Fn(&Pose) -> f64| {
            let mut heights: Vec<f64> = take.poses.iter().map(of).collect();
            heights.sort_by(f64::total_cmp);
            heights[heights.len() / 20]
        };
        let heel_m = low(&|pose| pose[at::LEFT_HEEL].y) - low(&|pose| toe(pose).y);
        let heel = heel_m / take.length_m();
        assert!((-0.035..0.01).contains(&heel), "{}: {heel}", take.name);
        let (first, last) = (&take.poses[0], &take.poses[take.poses.len() - 1]);
        let root = |pose: &Pose| mid(pose, at::LEFT_HIP, at::RIGHT_HIP);
        // Of the straight walks: where they face, there they go.
        if take.travel_m() > 3.5 {
            let way = (root(last) - root(first)).normalize();
            assert!(way.dot(&ahead(first)) > 0.8, "{}", take.name);
        }
    }
}

#[test]
fn a_motion_without_feet_and_face_gets_them_and_one_without_knees_is_refused() {
    let trial = ambulo::synth::walk(&ambulo::synth::Walker::default()).unwrap();
    let whole = from_motion(&trial.motion, "synthetic", "nobody").unwrap();
    let named = [
        Joint::LeftShoulder,
        Joint::RightShoulder,
        Joint::LeftElbow,
        Joint::RightElbow,
        Joint::LeftWrist,
        Joint::RightWrist,
        Joint::LeftHip,
        Joint::RightHip,
        Joint::LeftKnee,
        Joint::RightKnee,
        Joint::LeftAnkle,
        Joint::RightAnkle,
    ];
    let bare = |joints: &[Joint]| {
        let map = ambulo::skeleton::JointMap::between(trial.motion.joints(), joints).unwrap();
        trial.motion.mapped(joints, &map)
    };
    let made = from_motion(&bare(&named), "bare", "nobody").unwrap();
    assert_eq!(made.poses.len(), whole.poses.len());
    let size_m = whole.length_m();
    for (made, whole) in made.poses.iter().zip(&whole.poses) {
        for point in [at::LEFT_HEEL, at::RIGHT_BIG_TOE, at::LEFT_EAR, at::NOSE] {
            let apart = (made[point] - whole[point]).norm() / size_m;
            assert!(apart < 0.12, "point {point}: {apart}");
        }
        assert!((made[at::NOSE] - ears(made)).dot(&ahead(made)) > 0.0);
        assert!((toe(made) - made[at::LEFT_HEEL]).norm() > 0.1 * size_m);
    }
    let error = from_motion(&bare(&named[..8]), "no knees", "nobody").unwrap_err();
    assert_eq!(error.to_string(), "the motion lacks left_knee");
}
