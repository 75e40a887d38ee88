//! Angles of synthetic walkers, whole and filmed, against their truth.

use ambulo::Side;
use ambulo::bouts::{Bout, BoutConfig, BoutKind, find_bouts, find_bouts_2d};
use ambulo::kinematics::{AngleConfig, AngleId, AngleSeries, angles};
use ambulo::signal::smooth::Smoothing;
use ambulo::skeleton::{H36M_17, JointMap, SMPL_22};
use ambulo::synth::{Camera, FrameTimes, Projection, SyntheticTrial, Walker, walk};
use ambulo::walk::{
    LengthUnit, PixelLengths, Surface, View, Walk, WalkConfig, from_keypoints, from_motion,
};

const SAGITTAL: [AngleId; 4] = [
    AngleId::HipFlexion,
    AngleId::KneeFlexion,
    AngleId::AnkleDorsiflexion,
    AngleId::FootPitch,
];
const PIXELS_PER_METRE: f64 = 250.0;

fn walker(heading_deg: f64) -> SyntheticTrial {
    let walker = Walker {
        frames: FrameTimes::Rate { hz: 200.0 },
        heading_deg,
        origin_m: [3.0, -1.0],
        ..Walker::default()
    };
    walk(&walker).expect("a healthy adult can walk")
}

/// So light a filter that only the angles themselves can differ.
fn unfiltered() -> WalkConfig {
    let light = Smoothing::with_cutoff(70.0);
    WalkConfig {
        markers: light,
        keypoints: light,
        pelvis: light,
        ..WalkConfig::default()
    }
}

fn straight(bouts: &[Bout]) -> &Bout {
    let straight = bouts.iter().filter(|bout| bout.kind == BoutKind::Straight);
    straight
        .max_by_key(|bout| bout.end_frame - bout.start_frame)
        .expect("the walker walks")
}

fn in_space(trial: &SyntheticTrial, config: &WalkConfig) -> Walk {
    let search = find_bouts(&trial.motion, &BoutConfig::default());
    let bout = straight(&search.bouts);
    from_motion(
        &trial.motion,
        bout,
        config,
        Surface::Overground,
        &trial.subject(),
    )
}

fn filmed(trial: &SyntheticTrial, azimuth_deg: f64, config: &WalkConfig) -> Walk {
    let camera = Camera {
        azimuth_deg,
        projection: Projection::Orthographic {
            pixels_per_metre: PIXELS_PER_METRE,
        },
        image_size_px: [4000, 1000],
        skeleton: "body25".to_owned(),
        ..Camera::default()
    };
    let keypoints = ambulo::synth::film(trial, &camera);
    let search = find_bouts_2d(&keypoints, &BoutConfig::default());
    let scale = PixelLengths {
        per_px: vec![1.0 / PIXELS_PER_METRE; keypoints.frames()],
        unit: LengthUnit::Metres {
            relative_error: 0.0,
        },
    };
    let (view, surface) = (View::Sagittal, Surface::Overground);
    from_keypoints(
        &keypoints,
        straight(&search.bouts),
        &scale,
        config,
        view,
        surface,
        &trial.subject(),
    )
}

/// RMS and largest difference of an angle to the truth over the walk, both sides.
fn errors_deg(walk: &Walk, found: &AngleSeries, truth: &AngleSeries, angle: AngleId) -> (f64, f64) {
    let truth = truth.cut(walk.start_frame()..walk.start_frame() + walk.frames());
    let mut differences = Vec::new();
    for side in Side::BOTH {
        let found = &found
            .track(side, angle)
            .expect("the walk has this angle")
            .degrees;
        let truth = &truth
            .track(side, angle)
            .expect("the truth has this angle")
            .degrees;
        for (found, truth) in found.iter().zip(truth) {
            differences.push(found.expect("no gaps") - truth.expect("truth has no gaps"));
        }
    }
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    let largest = differences.iter().map(|d| d.abs()).fold(0.0, f64::max);
    ((squares / differences.len() as f64).sqrt(), largest)
}

#[track_caller]
fn check(walk: &Walk, trial: &SyntheticTrial, angle: AngleId, rms_deg: f64, largest_deg: f64) {
    let found = angles(walk, &AngleConfig::default());
    let (rms, largest) = errors_deg(walk, &found, &trial.truth.angles, angle);
    assert!(
        rms < rms_deg && largest < largest_deg,
        "{}: {rms:.3}° RMS, {largest:.3}° at most",
        angle.name()
    );
}

#[test]
fn in_space_they_are_the_truth_whatever_the_heading() {
    for heading_deg in [0.0, 90.0, -137.0] {
        let trial = walker(heading_deg);
        let walk = in_space(&trial, &unfiltered());
        for angle in SAGITTAL {
            check(&walk, &trial, angle, 0.5, 1.5);
        }
    }
}

#[test]
fn from_the_side_they_are_the_truth_in_either_direction() {
    let trial = walker(0.0);
    for azimuth_deg in [90.0, -90.0] {
        let walk = filmed(&trial, azimuth_deg, &unfiltered());
        check(&walk, &trial, AngleId::HipFlexion, 0.5, 1.5);
        check(&walk, &trial, AngleId::KneeFlexion, 0.5, 1.5);
        // The truth's foot ends at the ball; detectors mark the big toe, which stays on the ground
        // while the heel rises.
        check(&walk, &trial, AngleId::AnkleDorsiflexion, 7.0, 17.0);
    }
}

#[test]
fn the_usual_filters_cost_little() {
    let trial = walker(0.0);
    let walk = in_space(&trial, &WalkConfig::default());
    for angle in SAGITTAL {
        check(&walk, &trial, angle, 1.5, 6.0);
    }
    let walk = filmed(&trial, 90.0, &WalkConfig::default());
    check(&walk, &trial, AngleId::HipFlexion, 1.0, 4.0);
    check(&walk, &trial, AngleId::KneeFlexion, 1.5, 8.0);
}

#[test]
fn walking_left_to_right_and_right_to_left_are_the_same() {
    let trial = walker(0.0);
    let config = AngleConfig::default();
    let right = angles(&filmed(&trial, 90.0, &unfiltered()), &config);
    let left = angles(&filmed(&trial, -90.0, &unfiltered()), &config);
    for side in Side::BOTH {
        for (angle, track) in right.tracks.get(side) {
            let other = left.track(side, *angle).expect("both directions show it");
            for (a, b) in track.degrees.iter().zip(&other.degrees) {
                let difference = (a.expect("no gaps") - b.expect("no gaps")).abs();
                assert!(
                    difference < 0.05,
                    "{} differs by {difference}°",
                    angle.name()
                );
            }
        }
    }
}

#[test]
fn turning_the_world_changes_nothing() {
    let config = AngleConfig::default();
    let (first, turned) = (walker(0.0), walker(63.0));
    let (first, turned) = (
        in_space(&first, &unfiltered()),
        in_space(&turned, &unfiltered()),
    );
    assert_eq!(first.frames(), turned.frames());
    let (first, turned) = (angles(&first, &config), angles(&turned, &config));
    for side in Side::BOTH {
        for (angle, track) in first.tracks.get(side) {
            let other = turned.track(side, *angle).expect("both show it");
            for (a, b) in track.degrees.iter().zip(&other.degrees) {
                let difference = (a.expect("no gaps") - b.expect("no gaps")).abs();
                assert!(
                    difference < 1e-6,
                    "{} differs by {difference}°",
                    angle.name()
                );
            }
        }
    }
}

#[test]
fn skeletons_of_lifted_and_fitted_bodies_give_the_same_hip_and_knee() {
    let trial = walker(20.0);
    for skeleton in [&H36M_17, &SMPL_22] {
        let have = trial.motion.joints();
        let kept: Vec<_> = skeleton
            .joints
            .iter()
            .copied()
            .filter(|&j| JointMap::between(have, &[j]).is_ok())
            .collect();
        let map = JointMap::between(have, &kept).expect("only those that map");
        let reduced = SyntheticTrial {
            motion: trial.motion.mapped(&kept, &map),
            ..trial.clone()
        };
        let walk = in_space(&reduced, &unfiltered());
        let found = angles(&walk, &AngleConfig::default());
        for angle in [AngleId::HipFlexion, AngleId::KneeFlexion] {
            let (rms, _) = errors_deg(&walk, &found, &trial.truth.angles, angle);
            assert!(
                rms < 0.5,
                "{} {}: {rms:.3}° RMS",
                skeleton.name,
                angle.name()
            );
        }
        assert!(
            found
                .track(Side::Left, AngleId::HipFlexion)
                .expect("measured")
                .approximate
        );
    }
}
