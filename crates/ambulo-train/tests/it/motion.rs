//! Recorded motion of both collections, in one form.

use ambulo_testkit::data_dir;
use ambulo_train::motion::{Origin, People, Take, at, length_of, load, mid};
use nalgebra::Vector3;

fn takes() -> Option<Vec<Take>> {
    let data = data_dir()?;
    Some(load(&data, &People::built_in().unwrap()).unwrap())
}

/// The median over frames of a number, in shares of leg and trunk.
fn share(take: &Take, of: impl Fn(&[Vector3<f64>; 23]) -> f64) -> f64 {
    let length_m = take.length_m();
    let mut values: Vec<f64> = take.poses.iter().map(|pose| of(pose) / length_m).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn both_collections_show_bodies_of_the_same_build() {
    let Some(takes) = takes() else { return };
    let bone = |a: usize, b: usize| move |pose: &[Vector3<f64>; 23]| (pose[a] - pose[b]).norm();
    let shoulders = |pose: &[Vector3<f64>; 23]| mid(pose, at::LEFT_SHOULDER, at::RIGHT_SHOULDER);
    let ears = |pose: &[Vector3<f64>; 23]| mid(pose, at::LEFT_EAR, at::RIGHT_EAR);
    let toe = |pose: &[Vector3<f64>; 23]| mid(pose, at::LEFT_BIG_TOE, at::LEFT_SMALL_TOE);
    let ahead = |pose: &[Vector3<f64>; 23]| {
        let mut across = pose[at::RIGHT_HIP] - pose[at::LEFT_HIP];
        across.y = 0.0;
        Vector3::y().cross(&across).normalize()
    };
    for take in &takes {
        println!(
            "{:>9} {:<38} L {:.2} travel {:.1} frames {:4} | thigh {:.3} shank {:.3} hips {:.3} shoulders {:.3} \
             upper arm {:.3} forearm {:.3} | neck-ears {:.3} up {:.3} ahead {:.3} nose ahead of ears {:.3} | \
             ankle-heel {:.3} ankle-toe {:.3} heel-toe {:.3} heel above toe (low 5%) {:.3}",
            take.person,
            take.name,
            take.length_m(),
            take.travel_m(),
            take.poses.len(),
            share(take, bone(at::LEFT_HIP, at::LEFT_KNEE)),
            share(take, bone(at::LEFT_KNEE, at::LEFT_ANKLE)),
            share(take, bone(at::LEFT_HIP, at::RIGHT_HIP)),
            share(take, bone(at::LEFT_SHOULDER, at::RIGHT_SHOULDER)),
            share(take, bone(at::LEFT_SHOULDER, at::LEFT_ELBOW)),
            share(take, bone(at::LEFT_ELBOW, at::LEFT_WRIST)),
            share(take, |p| (ears(p) - shoulders(p)).norm()),
            share(take, |p| (ears(p) - shoulders(p)).y),
            share(take, |p| (ears(p) - shoulders(p)).dot(&ahead(p))),
            share(take, |p| (p[at::NOSE] - ears(p)).dot(&ahead(p))),
            share(take, bone(at::LEFT_ANKLE, at::LEFT_HEEL)),
            share(take, |p| (p[at::LEFT_ANKLE] - toe(p)).norm()),
            share(take, |p| (p[at::LEFT_HEEL] - toe(p)).norm()),
            {
                let low = |of: &dyn Fn(&[Vector3<f64>; 23]) -> f64| {
                    let mut v: Vec<f64> = take.poses.iter().map(of).collect();
                    v.sort_by(f64::total_cmp);
                    v[v.len() / 20]
                };
                (low(&|p| p[at::LEFT_HEEL].y) - low(&|p| toe(p).y)) / take.length_m()
            },
        );
    }
    assert_eq!(takes.iter().filter(|t| t.origin == Origin::Cmu).count(), 64);
    let laboratory = takes.iter().filter(|t| t.origin == Origin::PlugInGait);
    assert_eq!(laboratory.count(), 12, "a straight walk and a turn of six");
    for take in &takes {
        let is = |value: f64, low: f64, high: f64, what: &str| {
            assert!(
                (low..high).contains(&value),
                "{}: {what} {value:.3}",
                take.name
            );
        };
        is(
            share(take, bone(at::LEFT_HIP, at::LEFT_KNEE)),
            0.27,
            0.33,
            "thigh",
        );
        is(
            share(take, bone(at::LEFT_KNEE, at::LEFT_ANKLE)),
            0.29,
            0.36,
            "shank",
        );
        is(
            share(take, bone(at::LEFT_ANKLE, at::LEFT_HEEL)),
            0.05,
            0.08,
            "heel",
        );
        is(
            share(take, |p| (p[at::LEFT_HEEL] - toe(p)).norm()),
            0.13,
            0.17,
            "foot",
        );
        is(
            share(take, |p| (ears(p) - shoulders(p)).y),
            0.10,
            0.22,
            "ears above shoulders",
        );
        is(
            share(take, |p| (p[at::NOSE] - ears(p)).dot(&ahead(p))),
            0.04,
            0.13,
            "nose ahead",
        );
        is(
            share(take, |p| (toe(p) - p[at::LEFT_HEEL]).dot(&ahead(p))),
            0.05,
            0.17,
            "toes ahead",
        );
        is(
            take.poses.iter().map(length_of).sum::<f64>(),
            10.0,
            2000.0,
            "poses",
        );
        let left = mid(&take.poses[0], at::LEFT_HIP, at::LEFT_HIP) - take.poses[0][at::RIGHT_HIP];
        let right_hand = left.cross(&Vector3::y()).dot(&ahead(&take.poses[0]));
        assert!(right_hand < 0.0 || right_hand > 0.0);
    }
}
