//! Events in the picture of one camera.

use ambulo::Side;
use ambulo::bouts::{BoutConfig, BoutKind, find_bouts_2d};
use ambulo::events::{EventConfig, EventKind, GaitEvent, detect};
use ambulo::keypoints::Keypoints2d;
use ambulo::metrics::events::{EventAgreement, match_events};
use ambulo::subject::Subject;
use ambulo::synth::{Camera, Noise, SyntheticTrial, Walker, film, noise};
use ambulo::walk::{PixelLengths, Surface, WalkConfig, from_keypoints};

use super::{inner_truth, made};

fn seen(keypoints: &Keypoints2d) -> Vec<GaitEvent> {
    let search = find_bouts_2d(keypoints, &BoutConfig::default());
    let scale = PixelLengths::in_leg_lengths(keypoints, 0.2).expect("legs are seen");
    search
        .bouts
        .iter()
        .zip(&search.facts)
        .filter(|(bout, _)| bout.kind == BoutKind::Straight)
        .flat_map(|(bout, facts)| {
            let walk = from_keypoints(
                keypoints,
                bout,
                &scale,
                &WalkConfig::default(),
                facts.view,
                Surface::Overground,
                &Subject::default(),
            );
            detect(&walk, &EventConfig::default()).events
        })
        .collect()
}

/// What was seen against the truth inside the bout: outside it the border cuts the body.
fn agreement(trial: &SyntheticTrial, keypoints: &Keypoints2d, tolerance_s: f64) -> EventAgreement {
    let bouts = find_bouts_2d(keypoints, &BoutConfig::default()).bouts;
    let inside = |event: &GaitEvent| {
        bouts
            .iter()
            .any(|bout| bout.start_s + 0.15 < event.time_s && event.time_s < bout.end_s - 0.15)
    };
    let truth: Vec<GaitEvent> = inner_truth(trial).into_iter().filter(inside).collect();
    assert!(truth.len() > 10, "{bouts:?}");
    match_events(&seen(keypoints), &truth, tolerance_s)
}

#[test]
fn one_camera_from_the_side_sees_every_event_within_a_frame() {
    for hz in [25.0, 29.97, 60.0] {
        for walker in [Walker::default(), Walker::child(), Walker::shuffling()] {
            for side in Side::BOTH {
                let trial = made(&walker.clone().at_rate(hz));
                let keypoints = film(&trial, &Camera::beside(side, 9.0));
                let agreement = agreement(&trial, &keypoints, 0.0167);
                assert!(agreement.missed.is_empty(), "{walker:?} {agreement:#?}");
                assert!(agreement.invented.is_empty(), "{walker:?} {agreement:#?}");
            }
        }
    }
}

#[test]
fn five_pixels_of_noise_move_no_mean_by_ten_milliseconds() {
    let trial = made(
        &Walker {
            strides: 7,
            ..Walker::default()
        }
        .at_rate(30.0),
    );
    for seed in 0..4 {
        let noisy = noise(
            &film(&trial, &Camera::beside(Side::Right, 9.0)),
            &Noise {
                seed,
                jitter_px: 5.0,
                ..Noise::default()
            },
        );
        let agreement = agreement(&trial, &noisy, 0.08);
        assert!(
            agreement.missed.is_empty() && agreement.invented.is_empty(),
            "seed {seed}: {agreement:#?}"
        );
        for kind in [EventKind::InitialContact, EventKind::FootOff] {
            let differences = agreement.differences_s(kind);
            let mean_s = differences.iter().sum::<f64>() / differences.len() as f64;
            assert!(mean_s.abs() < 0.01, "seed {seed} {kind:?}: {mean_s}");
        }
    }
}

#[test]
fn walking_to_the_left_mirrors_walking_to_the_right() {
    let trial = made(&Walker::default().at_rate(30.0));
    let camera = Camera::orthographic(Side::Right, 9.0);
    let right = film(&trial, &camera);
    let width = f64::from(camera.image_size_px[0]);
    let flipped = Keypoints2d::new(
        right.joints().to_vec(),
        right.time().clone(),
        right.image_size_px(),
        right
            .points()
            .iter()
            .map(|point| {
                point.map(|mut point| {
                    point.position_px.x = width - point.position_px.x;
                    point
                })
            })
            .collect(),
    )
    .unwrap();
    let (plain, mirrored) = (seen(&right), seen(&flipped));
    assert_eq!(plain.len(), mirrored.len());
    for (one, other) in plain.iter().zip(&mirrored) {
        assert_eq!((one.side, one.kind), (other.side, other.kind));
        assert!((one.time_s - other.time_s).abs() < 1e-6);
    }
}

#[test]
fn lost_and_doubtful_keypoints_cost_little() {
    let trial = made(&Walker::default().at_rate(30.0));
    let spoiled = noise(
        &film(&trial, &Camera::beside(Side::Right, 9.0)),
        &Noise {
            seed: 1,
            jitter_px: 2.0,
            dropout_share: 0.08,
            ..Noise::default()
        },
    );
    let agreement = agreement(&trial, &spoiled, 0.04);
    assert!(agreement.found_share().unwrap() > 0.9, "{agreement:#?}");
    assert!(agreement.invented.is_empty(), "{agreement:#?}");
}

#[test]
fn from_the_front_and_back_most_events_are_found_within_two_frames() {
    let trial = made(&Walker::default().at_rate(30.0));
    let in_front = Camera::in_front(9.0);
    let behind = Camera {
        azimuth_deg: 180.0,
        ..in_front.clone()
    };
    // Walking away, the feet hardly fall in the picture: contacts are coarse.
    for (camera, tolerance_s) in [(in_front, 0.067), (behind, 0.13)] {
        let agreement = agreement(&trial, &film(&trial, &camera), tolerance_s);
        let share = agreement.found_share().unwrap();
        assert!(share > 0.9, "{camera:?}: {share} {agreement:#?}");
    }
}
