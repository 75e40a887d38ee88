//! Bouts, walks, events and cycles of walkers that are known exactly.

use ambulo::bouts::{BoutConfig, BoutKind, find_bouts};
use ambulo::motion::Motion3d;
use ambulo::skeleton::Joint;
use ambulo::subject::Subject;
use ambulo::time::TimeBase;
use ambulo::walk::{Surface, WalkConfig, from_motion};
use nalgebra::{Point3, Rotation3, Vector3};

/// A walker reduced to hips, knees, ankles, heels and toes; stops where `standing` says.
fn plain_walker(speed_mps: f64, stride_s: f64, duration_s: f64, heading_rad: f64) -> Motion3d {
    let rate_hz = 100.0;
    let joints = vec![
        Joint::LeftHip,
        Joint::RightHip,
        Joint::LeftKnee,
        Joint::RightKnee,
        Joint::LeftAnkle,
        Joint::RightAnkle,
        Joint::LeftHeel,
        Joint::RightHeel,
        Joint::LeftToe,
        Joint::RightToe,
    ];
    let mut positions = Vec::new();
    let mut frames = 0;
    while frames as f64 / rate_hz <= duration_s {
        let t = frames as f64 / rate_hz;
        frames += 1;
        let pelvis_x = speed_mps * t;
        let sway = 0.02 * (std::f64::consts::TAU * t / stride_s).sin();
        let feet = [0.0, 0.5].map(|offset| {
            let cycles = t / stride_s + offset;
            let (whole, phase) = (cycles.floor(), cycles.fract());
            let plant = (whole - offset) * stride_s * speed_mps + 0.3 * speed_mps * stride_s;
            if phase < 0.6 {
                (plant, 0.0)
            } else {
                let u = (phase - 0.6) / 0.4;
                let moved = u * u * (3.0 - 2.0 * u) * speed_mps * stride_s;
                (plant + moved, 0.08 * (std::f64::consts::PI * u).sin())
            }
        });
        let hips = [-0.1, 0.1].map(|z| Point3::new(pelvis_x, 0.9, z + sway));
        positions.extend(hips.map(Some));
        for side in 0..2 {
            let (x, y) = feet[side];
            positions.push(Some(Point3::new(
                f64::midpoint(pelvis_x, x) + 0.03,
                0.48 + y / 2.0,
                hips[side].z,
            )));
        }
        for (ahead, up) in [(0.05, 0.08), (0.0, 0.02), (0.2, 0.02)] {
            for (side, z) in [-0.06, 0.06].into_iter().enumerate() {
                let (x, y) = feet[side];
                positions.push(Some(Point3::new(x + ahead, y + up, z)));
            }
        }
    }
    // Storage order is frame-major in the order of `joints`: hips, knees, ankles, heels, toes.
    Motion3d::new(
        joints,
        TimeBase::uniform(frames, rate_hz).expect("a rate above zero"),
        positions,
    )
    .expect("as many positions as joints in every frame")
    .transformed(
        &Rotation3::from_axis_angle(&Vector3::y_axis(), heading_rad),
        &Vector3::new(3.0, 0.2, -1.0),
    )
}

#[test]
fn a_straight_walk_is_one_bout_in_its_direction() {
    for (speed_mps, stride_s) in [(0.3, 1.3), (0.8, 0.75), (1.25, 1.1), (2.0, 0.9)] {
        for heading in [0.0_f64, 2.0] {
            let motion = plain_walker(speed_mps, stride_s, 4.0, heading);
            let search = find_bouts(&motion, &BoutConfig::default());
            assert_eq!(search.bouts.len(), 1, "{speed_mps} m/s: {search:?}");
            let bout = &search.bouts[0];
            assert_eq!(bout.kind, BoutKind::Straight);
            // Turning about Y by an angle takes X to (cos, −sin) in X and Z.
            let along = bout.direction.x * heading.cos() - bout.direction.y * heading.sin();
            assert!(along > 0.999, "{speed_mps} m/s: {bout:?}");
            let stride = search.facts[0].stride_period_s.unwrap();
            assert!((stride - stride_s).abs() < 0.05, "{stride} for {stride_s}");
            assert!(search.facts[0].facing.unwrap() > 0.95);
            assert!(!search.looks_like_treadmill);
        }
    }
}

#[test]
fn standing_is_no_walk_and_says_why() {
    let motion = plain_walker(0.0, 1.1, 0.5, 0.0);
    let search = find_bouts(&motion, &BoutConfig::default());
    assert!(search.bouts.is_empty());
    assert!(
        search
            .why_none
            .unwrap()
            .contains("no walking found in 0.50 s")
    );
}

#[test]
fn a_walk_lies_along_x_on_the_floor() {
    let motion = plain_walker(1.25, 1.1, 4.0, 2.0);
    let search = find_bouts(&motion, &BoutConfig::default());
    let walk = from_motion(
        &motion,
        &search.bouts[0],
        &WalkConfig::default(),
        Surface::Overground,
        &Subject::default(),
    );
    let last = walk.frames() - 1;
    let first = walk.position(Joint::Pelvis, 0).unwrap();
    let end = walk.position(Joint::Pelvis, last).unwrap();
    assert!(first.x.abs() < 1e-9);
    assert!(
        (end.x - 1.25 * walk.time().duration_s()).abs() < 0.02,
        "{end}"
    );
    assert!(
        (end.y - 0.88).abs() < 0.01,
        "hips above the heels' level: {end}"
    );
    let left = walk.position(Joint::LeftHip, last / 2).unwrap();
    let right = walk.position(Joint::RightHip, last / 2).unwrap();
    assert!(right.z - left.z > 0.19, "Z points to the right");
    assert!((walk.leg_length().unwrap() - 0.85).abs() < 0.1);
}
