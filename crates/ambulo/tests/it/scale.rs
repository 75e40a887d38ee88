//! Pixels to metres: on synthetic walkers whose size is known.

use ambulo::Side;
use ambulo::scale::{ScaleError, ScaleSource, estimate_scale};
use ambulo::skeleton::Joint;
use ambulo::synth::{Camera, Noise, Projection, Walker, film, noise, walk};
use ambulo::walk::LengthUnit;

fn noisy() -> Noise {
    Noise {
        seed: 4,
        jitter_px: 2.0,
        dropout_share: 0.02,
        ..Noise::default()
    }
}

#[test]
fn the_height_gives_the_scale_within_its_error() {
    for walker in [
        Walker::default(),
        Walker::fast(),
        Walker::child(),
        Walker::shuffling(),
    ] {
        let trial = walk(&walker).unwrap();
        let mut camera = Camera::orthographic(Side::Right, 8.0);
        camera.projection = Projection::Orthographic {
            pixels_per_metre: 150.0,
        };
        for skeleton in ["coco17", "coco23", "halpe26", "body25"] {
            camera.skeleton = skeleton.to_owned();
            let keypoints = noise(&film(&trial, &camera), &noisy());
            let source = ScaleSource::Height {
                height_m: walker.height_m,
            };
            let scale = estimate_scale(&keypoints, &source).unwrap();
            let error = scale.pixels_per_unit[10] / 150.0 - 1.0;
            println!("{skeleton} {error:+.4} {}", scale.note);
            assert!(
                error.abs() < 2.0 * scale.relative_error,
                "{skeleton}: {error}"
            );
            assert!((0.02..0.06).contains(&scale.relative_error));
            assert!(!scale.perspective_corrected);
            assert_eq!(
                scale.unit,
                LengthUnit::Metres {
                    relative_error: scale.relative_error
                }
            );
        }
    }
}

#[test]
fn a_walker_who_nears_the_camera_has_a_scale_in_each_frame() {
    let trial = walk(&Walker::default()).unwrap();
    for azimuth_deg in [60.0, 120.0] {
        let camera = Camera {
            azimuth_deg,
            ..Camera::beside(Side::Right, 8.0)
        };
        let keypoints = noise(&film(&trial, &camera), &noisy());
        let source = ScaleSource::Height {
            height_m: trial.walker.height_m,
        };
        let scale = estimate_scale(&keypoints, &source).unwrap();
        assert!(scale.perspective_corrected, "{}", scale.note);
        let first = scale.pixels_per_unit[0];
        let last = *scale.pixels_per_unit.last().unwrap();
        assert!((last > first) == (azimuth_deg < 90.0), "{first} {last}");
        // The trunk's height in pixels against its height in metres is the truth.
        let height_px = |joint| keypoints.trajectory(joint).unwrap();
        let height_m = |joint| trial.motion.trajectory(joint).unwrap();
        let hip_px = height_px(Joint::LeftHip);
        let shoulder_px = height_px(Joint::LeftShoulder);
        let hip_m = height_m(Joint::LeftHip);
        let shoulder_m = height_m(Joint::LeftShoulder);
        let mut errors: Vec<f64> = (0..keypoints.frames())
            .filter_map(|frame| {
                let px = hip_px[frame]?.position_px.y - shoulder_px[frame]?.position_px.y;
                let metres = shoulder_m[frame]?.y - hip_m[frame]?.y;
                Some((scale.pixels_per_unit[frame] * metres / px - 1.0).abs())
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        let usual = errors[errors.len() / 2];
        println!("{azimuth_deg}: usual error {usual:.3}, {}", scale.note);
        assert!(usual < 0.06, "{usual}");
    }
}

#[test]
fn without_any_length_the_unit_is_the_leg() {
    let trial = walk(&Walker::default()).unwrap();
    let mut camera = Camera::orthographic(Side::Right, 8.0);
    camera.projection = Projection::Orthographic {
        pixels_per_metre: 150.0,
    };
    let keypoints = film(&trial, &camera);
    let scale = estimate_scale(&keypoints, &ScaleSource::Unknown).unwrap();
    assert_eq!(scale.unit, LengthUnit::LegLengths);
    assert!((scale.leg_length - 1.0).abs() < 1e-9);
    let leg_px = 150.0 * trial.truth.leg_length_m;
    println!("{} {leg_px}", scale.pixels_per_unit[0]);
    assert!((scale.pixels_per_unit[0] / leg_px - 1.0).abs() < 0.05);
}

#[test]
fn a_known_distance_needs_no_body_size() {
    let trial = walk(&Walker::default()).unwrap();
    let mut camera = Camera::orthographic(Side::Right, 8.0);
    camera.projection = Projection::Orthographic {
        pixels_per_metre: 150.0,
    };
    let keypoints = film(&trial, &camera);
    let source = ScaleSource::Distance {
        distance_m: 4.0,
        between_px: [900.0, 300.0],
    };
    let scale = estimate_scale(&keypoints, &source).unwrap();
    assert!((scale.pixels_per_unit[0] - 150.0).abs() < 1e-6);
    assert!(scale.relative_error < 0.02);
}

#[test]
fn impossible_lengths_and_unseen_legs_are_refused() {
    let trial = walk(&Walker::default()).unwrap();
    let keypoints = film(&trial, &Camera::orthographic(Side::Right, 8.0));
    for source in [
        ScaleSource::Height { height_m: 17.0 },
        ScaleSource::LegLength {
            leg_length_m: f64::NAN,
        },
    ] {
        let error = estimate_scale(&keypoints, &source).unwrap_err();
        assert!(matches!(error, ScaleError::BadLength { .. }));
    }
    let source = ScaleSource::Distance {
        distance_m: 1.0,
        between_px: [5.0, 6.0],
    };
    let error = estimate_scale(&keypoints, &source).unwrap_err();
    assert!(matches!(error, ScaleError::ShortDistance { .. }));
}
