//! Where walking is found, and where it leads.

use ambulo::bouts::{BoutConfig, BoutKind, find_bouts, find_bouts_2d};
use ambulo::skeleton::Joint;
use ambulo::subject::Subject;
use ambulo::synth::{Camera, FrameTimes, Path, Walker, film};
use ambulo::time::TimeBase;
use ambulo::walk::{Surface, View, WalkConfig, from_motion};
use ambulo::{Side, motion::Motion3d};
use nalgebra::Vector2;

use super::made;

#[test]
fn a_straight_walk_is_one_bout_in_its_direction() {
    for walker in [
        Walker::default(),
        Walker::child(),
        Walker::shuffling(),
        Walker::fast(),
        Walker {
            strides: 2,
            ..Walker::default()
        },
        Walker {
            sway_m: 0.06,
            pelvis_rotation_deg: 20.0,
            ..Walker::default()
        },
    ] {
        for heading_deg in [0.0_f64, 115.0] {
            let trial = made(&Walker {
                heading_deg,
                ..walker.clone()
            });
            let search = find_bouts(&trial.motion, &BoutConfig::default());
            assert_eq!(search.bouts.len(), 1, "{walker:?}: {search:?}");
            let bout = &search.bouts[0];
            assert_eq!(bout.kind, BoutKind::Straight);
            // Positive headings lie to the left of X, which is −Z.
            let heading = heading_deg.to_radians();
            let ahead = Vector2::new(heading.cos(), -heading.sin());
            assert!(bout.direction.dot(&ahead) > 0.9995, "{walker:?}: {bout:?}");
            let stride_s = search.facts[0].stride_period_s.unwrap();
            assert!((stride_s - 120.0 / walker.cadence_spm).abs() < 0.03);
            assert!(search.facts[0].facing.unwrap() > 0.9);
            assert!(!search.looks_like_treadmill);
        }
    }
}

#[test]
fn standing_is_no_walk_and_says_why() {
    let trial = made(&Walker {
        stand_before_s: 3.0,
        ..Walker::default()
    });
    let standing = part(&trial.motion, 0..250);
    let search = find_bouts(&standing, &BoutConfig::default());
    assert!(search.bouts.is_empty());
    let why = search.why_none.unwrap();
    assert!(why.starts_with("no walking found in 2.49 s"), "{why}");
}

#[test]
fn standing_before_and_after_is_not_part_of_the_walk() {
    let trial = made(&Walker {
        stand_before_s: 3.0,
        stand_after_s: 3.0,
        ..Walker::default()
    });
    let search = find_bouts(&trial.motion, &BoutConfig::default());
    assert_eq!(search.bouts.len(), 1);
    let bout = &search.bouts[0];
    let end_s = trial.motion.time().duration_s();
    assert!((1.8..=3.2).contains(&bout.start_s), "{bout:?}");
    assert!((1.8..=3.2).contains(&(end_s - bout.end_s)), "{bout:?}");
}

#[test]
fn a_right_angle_is_a_turn_and_its_sign_is_the_side() {
    for angle_deg in [90.0, -90.0] {
        let trial = made(&Walker {
            path: Path::Turn {
                before_m: 4.0,
                angle_deg,
                radius_m: 1.0,
                after_m: 4.0,
            },
            ..Walker::default()
        });
        let search = find_bouts(&trial.motion, &BoutConfig::default());
        let kinds: Vec<BoutKind> = search.bouts.iter().map(|bout| bout.kind).collect();
        assert_eq!(
            kinds,
            [BoutKind::Straight, BoutKind::Turning, BoutKind::Straight]
        );
        assert_eq!(search.stretches().len(), 1);
        let turned = search.bouts[1].turned_deg;
        assert!((turned / angle_deg - 1.0).abs() < 0.2, "{turned}");
        let after = search.bouts[2].direction;
        assert!(after.dot(&Vector2::new(0.0, -angle_deg.signum())) > 0.99);
    }
}

#[test]
fn up_and_down_are_two_walks_with_opposite_directions() {
    let trial = made(&Walker {
        path: Path::ThereAndBack {
            length_m: 5.0,
            passes: 2,
        },
        ..Walker::default()
    });
    let in_space = find_bouts(&trial.motion, &BoutConfig::default());
    let filmed = film(&trial, &Camera::beside(Side::Right, 8.0));
    let in_the_picture = find_bouts_2d(&filmed, &BoutConfig::default());
    for search in [in_space, in_the_picture] {
        let straight: Vec<_> = search
            .bouts
            .iter()
            .filter(|bout| bout.kind == BoutKind::Straight)
            .collect();
        assert_eq!(straight.len(), 2, "{search:?}");
        assert!(straight[0].direction.dot(&straight[1].direction) < -0.99);
    }
}

#[test]
fn a_treadmill_is_noticed_and_walked_on() {
    let trial = made(&Walker {
        treadmill: true,
        ..Walker::default()
    });
    let filmed = film(&trial, &Camera::beside(Side::Left, 2.0));
    let undeclared = BoutConfig::default();
    let declared = BoutConfig {
        surface: Surface::Treadmill {
            belt_speed_mps: Some(1.25),
        },
        ..BoutConfig::default()
    };
    for config in [undeclared, declared] {
        for search in [
            find_bouts(&trial.motion, &config),
            find_bouts_2d(&filmed, &config),
        ] {
            assert!(search.looks_like_treadmill);
            assert_eq!(search.bouts.len(), 1);
            assert!(search.facts[0].facing.unwrap() > 0.9, "{:?}", search.facts);
        }
    }
}

#[test]
fn time_run_backwards_shows_in_the_way_the_feet_point() {
    let trial = made(&Walker::default());
    let mut positions: Vec<Vec<_>> = (0..trial.motion.frames())
        .map(|frame| trial.motion.frame(frame).to_vec())
        .collect();
    positions.reverse();
    let reversed = Motion3d::new(
        trial.motion.joints().to_vec(),
        trial.motion.time().clone(),
        positions.concat(),
    )
    .unwrap();
    let search = find_bouts(&reversed, &BoutConfig::default());
    assert!(search.facts[0].facing.unwrap() < -0.9);
}

#[test]
fn cameras_tell_side_from_front() {
    let trial = made(&Walker::default());
    for (camera, view, direction) in [
        (Camera::beside(Side::Right, 9.0), View::Sagittal, [1.0, 0.0]),
        (Camera::beside(Side::Left, 9.0), View::Sagittal, [-1.0, 0.0]),
        (Camera::in_front(9.0), View::Frontal, [0.0, 1.0]),
    ] {
        let search = find_bouts_2d(&film(&trial, &camera), &BoutConfig::default());
        assert_eq!(search.bouts.len(), 1, "{search:?}");
        assert_eq!(search.facts[0].view, view);
        assert_eq!(search.bouts[0].direction, Vector2::from(direction));
    }
}

#[test]
fn where_the_border_cuts_the_body_is_no_bout() {
    let trial = made(&Walker {
        strides: 8,
        ..Walker::default()
    });
    let camera = Camera {
        distance_m: 4.0,
        ..Camera::beside(Side::Right, 4.0)
    };
    let filmed = film(&trial, &camera);
    let search = find_bouts_2d(&filmed, &BoutConfig::default());
    let width = f64::from(camera.image_size_px[0]);
    let bout = &search.bouts[0];
    assert!(bout.start_frame > 0 && bout.end_frame < filmed.frames());
    for frame in bout.start_frame..bout.end_frame {
        for point in filmed.frame(frame) {
            let x = point.expect("the whole body is seen").position_px.x;
            assert!((0.01 * width..0.99 * width).contains(&x));
        }
    }
}

#[test]
fn a_walk_lies_along_x_on_the_floor() {
    let trial = made(&Walker {
        heading_deg: 40.0,
        origin_m: [3.0, -7.0],
        floor_m: 0.4,
        frames: FrameTimes::Rate { hz: 100.0 },
        ..Walker::default()
    });
    let search = find_bouts(&trial.motion, &BoutConfig::default());
    let walk = from_motion(
        &trial.motion,
        &search.bouts[0],
        &WalkConfig::default(),
        Surface::Overground,
        &Subject::default(),
    );
    let last = walk.frames() - 1;
    let first = walk.position(Joint::Pelvis, 0).unwrap();
    let end = walk.position(Joint::Pelvis, last).unwrap();
    assert!(first.x.abs() < 1e-9);
    let expected = trial.truth.speed_mps * walk.time().duration_s();
    assert!((end.x - expected).abs() < 0.03, "{end} and {expected}");
    let heel = walk.trajectory(Joint::LeftHeel).unwrap();
    let lowest = heel.iter().flatten().map(|p| p.y).fold(1.0, f64::min);
    assert!(lowest.abs() < 0.01, "{lowest}");
    let left = walk.position(Joint::LeftHip, last / 2).unwrap();
    let right = walk.position(Joint::RightHip, last / 2).unwrap();
    assert!(right.z > left.z + 0.1, "Z points to the right");
    let leg = walk.leg_length().unwrap();
    assert!((leg - trial.truth.leg_length_m).abs() < 0.01, "{leg}");
}

fn part(motion: &Motion3d, frames: std::ops::Range<usize>) -> Motion3d {
    let times_s = motion.time().times_s()[frames.clone()].to_vec();
    let positions: Vec<_> = frames.map(|frame| motion.frame(frame).to_vec()).collect();
    Motion3d::new(
        motion.joints().to_vec(),
        TimeBase::new(times_s).expect("a part of increasing times"),
        positions.concat(),
    )
    .expect("a part of a motion is one")
}
