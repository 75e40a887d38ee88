//! Angles of bodies built from known angles, by every way of measuring them.

mod body;
mod synthetic;

use ambulo::kinematics::{
    AngleConfig, AngleId, AngleMethod, AngleSeries, AngleTrack, FootZero, HipReference,
    PelvicOrder, angles, prefer_file,
};
use ambulo::skeleton::{H36M_17, Joint};
use ambulo::walk::View;
use ambulo::{PerSide, Side};
use body::{Body, Pose, walking};
use proptest::prelude::*;

/// The line from heel to toe as it is: the bodies here have flat soles.
fn exact() -> AngleConfig {
    AngleConfig {
        foot_zero: FootZero::HeelToToe,
        ..AngleConfig::default()
    }
}

/// Largest difference between two series of one angle; infinite where one of them has a gap.
fn largest_difference_deg(found: &AngleSeries, side: Side, angle: AngleId, truth: &[f64]) -> f64 {
    let Some(track) = found.track(side, angle) else {
        return f64::INFINITY;
    };
    assert_eq!(track.degrees.len(), truth.len());
    let differences = track.degrees.iter().zip(truth);
    differences
        .map(|(found, truth)| found.map_or(f64::INFINITY, |found| (found - truth).abs()))
        .fold(0.0, f64::max)
}

#[track_caller]
fn check(found: &AngleSeries, poses: &[Pose], angles: &[AngleId], tolerance_deg: f64) {
    for side in Side::BOTH {
        for &angle in angles {
            let truth: Vec<f64> = poses
                .iter()
                .map(|pose| pose.angle_deg(side, angle))
                .collect();
            let difference = largest_difference_deg(found, side, angle, &truth);
            assert!(
                difference < tolerance_deg,
                "{} {} is off by {difference}°",
                side.name(),
                angle.name()
            );
        }
    }
}

const MARKER_ANGLES: [AngleId; 12] = [
    AngleId::PelvicTilt,
    AngleId::PelvicObliquity,
    AngleId::PelvicRotation,
    AngleId::HipFlexion,
    AngleId::HipAdduction,
    AngleId::HipRotation,
    AngleId::KneeFlexion,
    AngleId::KneeAdduction,
    AngleId::KneeRotation,
    AngleId::AnkleDorsiflexion,
    AngleId::TrunkLean,
    AngleId::ArmSwing,
];

#[test]
fn markers_return_every_angle_they_were_built_from() {
    let poses = walking();
    let walk = Body::default().markers(&poses);
    let found = angles(&walk, &exact());
    check(&found, &poses, &MARKER_ANGLES, 1e-6);
    for (_, tracks) in found.tracks.iter() {
        for (&angle, track) in tracks {
            assert_eq!(track.method, AngleMethod::Markers, "{}", angle.name());
            // It includes the tibia's torsion.
            let expected = angle == AngleId::KneeRotation;
            assert_eq!(track.approximate, expected, "{}", angle.name());
        }
    }
}

#[test]
fn segment_markers_and_joint_widths_replace_the_medial_markers() {
    let poses = walking();
    let body = Body::default();
    let config = AngleConfig::default();
    let width_m = |half_width_m: f64| {
        let width_m = 2.0 * half_width_m - config.marker_diameter_m;
        PerSide::from_fn(|_| Some(width_m))
    };
    let config = AngleConfig {
        knee_width_m: width_m(body.knee_half_width_m),
        ankle_width_m: width_m(body.ankle_half_width_m),
        ..exact()
    };
    let found = angles(&body.wand_markers(&poses), &config);
    check(&found, &poses, &MARKER_ANGLES, 1e-6);
    // Estimated widths shift the centres by millimetres.
    let estimated = angles(&body.wand_markers(&poses), &exact());
    let sagittal = [
        AngleId::HipFlexion,
        AngleId::KneeFlexion,
        AngleId::AnkleDorsiflexion,
    ];
    check(&estimated, &poses, &sagittal, 1.0);
}

#[test]
fn bakers_order_of_the_pelvis_differs_only_when_asked() {
    let poses = walking();
    let config = AngleConfig {
        pelvic_order: PelvicOrder::RotationObliquityTilt,
        ..AngleConfig::default()
    };
    let walk = Body::default().markers(&poses);
    let found = angles(&walk, &config);
    let tilt: Vec<f64> = poses
        .iter()
        .map(|pose| pose.angle_deg(Side::Left, AngleId::PelvicTilt))
        .collect();
    let difference = largest_difference_deg(&found, Side::Left, AngleId::PelvicTilt, &tilt);
    assert!(difference > 0.1 && difference < 2.0, "{difference}");
}

#[test]
fn joint_centres_return_the_knee_and_ankle_and_flag_the_rest() {
    let poses: Vec<Pose> = walking().iter().map(Pose::without_knee_twist).collect();
    let found = angles(
        &Body::default().joint_centres(&poses, true),
        &AngleConfig::default(),
    );
    check(&found, &poses, &[AngleId::KneeFlexion], 1.5);
    check(&found, &poses, &[AngleId::AnkleDorsiflexion], 2.5);
    for side in Side::BOTH {
        assert!(found.track(side, AngleId::PelvicTilt).is_none());
        for (angle, approximate) in [
            (AngleId::KneeFlexion, false),
            (AngleId::AnkleDorsiflexion, true),
            (AngleId::HipFlexion, true),
            (AngleId::HipRotation, true),
        ] {
            let track = found.track(side, angle).unwrap();
            assert_eq!(track.method, AngleMethod::JointCentres);
            assert_eq!(track.approximate, approximate, "{}", angle.name());
        }
    }
}

#[test]
fn without_feet_the_ankle_has_no_angle_and_the_knee_keeps_its_own() {
    let poses: Vec<Pose> = walking().iter().map(Pose::without_knee_twist).collect();
    let body = Body::default();
    let walk = body.only(&body.joint_centres(&poses, true), H36M_17.joints);
    let found = angles(&walk, &AngleConfig::default());
    check(&found, &poses, &[AngleId::KneeFlexion], 1.5);
    assert!(
        found
            .track(Side::Left, AngleId::AnkleDorsiflexion)
            .is_none()
    );
    assert!(found.track(Side::Left, AngleId::FootProgression).is_none());
}

#[test]
fn one_camera_returns_the_angles_of_a_planar_walk() {
    let poses: Vec<Pose> = walking().iter().map(Pose::planar).collect();
    let walk = Body::default().side_view(&poses);
    assert_eq!(walk.view(), View::Sagittal);
    let found = angles(&walk, &AngleConfig::default());
    let planar = [
        AngleId::HipFlexion,
        AngleId::KneeFlexion,
        AngleId::AnkleDorsiflexion,
        AngleId::FootPitch,
        AngleId::TrunkLean,
        AngleId::ArmSwing,
    ];
    check(&found, &poses, &planar, 1e-6);
    assert!(found.track(Side::Right, AngleId::HipAdduction).is_none());
}

#[test]
fn against_the_trunk_the_hip_flexes_by_the_lean() {
    let poses: Vec<Pose> = walking().iter().map(Pose::planar).collect();
    let walk = Body::default().side_view(&poses);
    let config = AngleConfig {
        hip_reference: HipReference::Trunk,
        ..AngleConfig::default()
    };
    let truth: Vec<f64> = poses
        .iter()
        .map(|pose| {
            pose.angle_deg(Side::Right, AngleId::HipFlexion)
                + pose.angle_deg(Side::Right, AngleId::TrunkLean)
        })
        .collect();
    let found = angles(&walk, &config);
    assert!(largest_difference_deg(&found, Side::Right, AngleId::HipFlexion, &truth) < 1e-6);
}

#[test]
fn without_a_heel_the_foot_is_levelled_where_it_rests_and_flagged() {
    let poses: Vec<Pose> = walking().iter().map(Pose::planar).collect();
    let body = Body::default();
    let walk = body.side_view(&poses);
    let kept: Vec<Joint> = walk
        .joints()
        .filter(|joint| !matches!(joint, Joint::LeftHeel | Joint::RightHeel))
        .collect();
    let found = angles(&body.only(&walk, &kept), &AngleConfig::default());
    check(
        &found,
        &poses,
        &[AngleId::AnkleDorsiflexion, AngleId::FootPitch],
        2.0,
    );
    assert!(
        found
            .track(Side::Left, AngleId::AnkleDorsiflexion)
            .unwrap()
            .approximate
    );
    assert!(
        found
            .track(Side::Left, AngleId::FootPitch)
            .unwrap()
            .approximate
    );
    assert!(
        !found
            .track(Side::Left, AngleId::KneeFlexion)
            .unwrap()
            .approximate
    );
}

#[test]
fn the_slope_of_heel_and_toe_is_taken_off_where_the_foot_rests_flat() {
    let poses: Vec<Pose> = walking().iter().map(Pose::planar).collect();
    let body = Body {
        sole_slope_deg: 7.0,
        ..Body::default()
    };
    let walk = body.side_view(&poses);
    let config = AngleConfig::default();
    check(&angles(&walk, &config), &poses, &[AngleId::FootPitch], 1.0);
    let raw = angles(&walk, &exact());
    let pitch = |series: &AngleSeries| series.tracks.left[&AngleId::FootPitch].degrees[0].unwrap();
    assert!((pitch(&raw) - pitch(&angles(&walk, &config)) - 7.0).abs() < 1.0);
}

#[test]
fn a_foot_that_never_rests_flat_keeps_its_pitch() {
    // A toe-walker: every pitch is 25° lower, so the resting one cannot be the points' slope.
    let poses: Vec<Pose> = walking()
        .iter()
        .map(|pose| pose.planar().on_toes(25.0))
        .collect();
    let walk = Body::default().side_view(&poses);
    let found = angles(&walk, &AngleConfig::default());
    check(
        &found,
        &poses,
        &[AngleId::FootPitch, AngleId::AnkleDorsiflexion],
        1e-6,
    );
    let levelled = AngleConfig {
        foot_zero: FootZero::FlatFoot,
        ..AngleConfig::default()
    };
    let pitch = |series: &AngleSeries| series.tracks.left[&AngleId::FootPitch].degrees[0].unwrap();
    assert!((pitch(&angles(&walk, &levelled)) - pitch(&found) - 25.0).abs() < 1.0);
}

#[test]
fn a_frame_without_the_knee_has_no_knee_and_keeps_the_trunk() {
    let poses = walking();
    let walk = Body::default().markers(&poses);
    let walk = body::without(&walk, Joint::LeftLateralKnee, 30..33);
    let found = angles(&walk, &AngleConfig::default());
    let knee = &found
        .track(Side::Left, AngleId::KneeFlexion)
        .unwrap()
        .degrees;
    assert!(knee[30..33].iter().all(Option::is_none) && knee[29].is_some() && knee[33].is_some());
    assert!(found.track(Side::Left, AngleId::TrunkLean).unwrap().degrees[31].is_some());
    assert!(
        found
            .track(Side::Right, AngleId::KneeFlexion)
            .unwrap()
            .degrees[31]
            .is_some()
    );
}

#[test]
fn no_angle_of_a_walk_jumps() {
    // Steps of 1/100 s: ten degrees in one of them would be 1000°/s, twice the fastest swing.
    let poses = walking();
    let body = Body::default();
    let planar: Vec<Pose> = poses.iter().map(Pose::planar).collect();
    for walk in [
        body.markers(&poses),
        body.joint_centres(&poses, true),
        body.joint_centres(&poses, false),
        body.side_view(&planar),
    ] {
        for (side, tracks) in angles(&walk, &AngleConfig::default()).tracks.iter() {
            for (angle, track) in tracks {
                let values: Vec<f64> = track.degrees.iter().flatten().copied().collect();
                for pair in values.windows(2) {
                    let step_deg = (pair[1] - pair[0]).abs();
                    assert!(
                        step_deg < 10.0,
                        "{} {} {step_deg}",
                        side.name(),
                        angle.name()
                    );
                }
                assert!(values.iter().all(|v| v.abs() < 100.0), "{}", angle.name());
            }
        }
    }
}

#[test]
fn the_file_leads_and_ours_fill_in() {
    let track = |method, degrees: Vec<Option<f64>>| AngleTrack {
        method,
        approximate: false,
        degrees,
    };
    let series = |method, tracks: &[(AngleId, Vec<Option<f64>>)]| AngleSeries {
        tracks: PerSide::from_fn(|_| {
            let tracks = tracks.iter().cloned();
            tracks
                .map(|(angle, degrees)| (angle, track(method, degrees)))
                .collect()
        }),
    };
    let file = series(
        AngleMethod::File,
        &[
            (
                AngleId::KneeFlexion,
                vec![Some(1.0), None, Some(3.0), Some(4.0)],
            ),
            (AngleId::HipFlexion, vec![Some(1.0), None, None, None]),
        ],
    );
    let ours = series(
        AngleMethod::Markers,
        &[
            (AngleId::KneeFlexion, vec![Some(9.0), Some(9.0)]),
            (AngleId::HipFlexion, vec![Some(9.0), Some(9.0)]),
            (AngleId::ArmSwing, vec![Some(9.0), Some(9.0)]),
        ],
    );
    let merged = prefer_file(&file.cut(1..3), ours);
    let left = &merged.tracks.left;
    assert_eq!(
        left[&AngleId::KneeFlexion],
        track(AngleMethod::File, vec![None, Some(3.0)])
    );
    assert_eq!(left[&AngleId::HipFlexion].method, AngleMethod::Markers);
    assert_eq!(left[&AngleId::ArmSwing].method, AngleMethod::Markers);
    assert_eq!(
        file.cut(3..6).tracks.left[&AngleId::KneeFlexion].degrees,
        [Some(4.0), None, None]
    );
}

#[test]
fn a_file_that_measures_against_another_direction_leads_only_between_segments() {
    let walk = Body::default().markers(&walking());
    let ours = angles(&walk, &AngleConfig::default());
    let shifted = |by_deg: f64| {
        let mut file = ours.clone();
        for tracks in [&mut file.tracks.left, &mut file.tracks.right] {
            for track in tracks.values_mut() {
                track.method = AngleMethod::File;
                for degrees in track.degrees.iter_mut().flatten() {
                    *degrees += by_deg;
                }
            }
        }
        file
    };
    let method = |merged: &AngleSeries, angle| merged.tracks.right[&angle].method;
    for (by_deg, expected) in [(4.0, AngleMethod::File), (88.0, AngleMethod::Markers)] {
        let merged = prefer_file(&shifted(by_deg), ours.clone());
        assert_eq!(method(&merged, AngleId::PelvicTilt), expected);
        assert_eq!(method(&merged, AngleId::FootProgression), expected);
        assert_eq!(method(&merged, AngleId::KneeFlexion), AngleMethod::File);
    }
}

#[test]
fn a_segment_marker_in_a_wrong_place_does_not_turn_the_leg() {
    // The shank's marker on the shin: the chord would take the ankle's axis for pointing forward.
    let poses: Vec<Pose> = walking().iter().map(Pose::without_knee_twist).collect();
    let body = Body {
        shank_wand_m: [0.08, 0.0],
        ..Body::default()
    };
    let found = angles(&body.wand_markers(&poses), &exact());
    check(
        &found,
        &poses,
        &[AngleId::AnkleDorsiflexion, AngleId::KneeFlexion],
        2.0,
    );
    for side in Side::BOTH {
        assert!(found.track(side, AngleId::KneeRotation).is_none());
        assert!(found.track(side, AngleId::HipRotation).unwrap().approximate);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_mirror_swaps_sides_and_keeps_signs(lean in -5.0..20.0_f64, toe_out in -10.0..20.0_f64) {
        let poses: Vec<Pose> = walking().iter().map(|pose| pose.changed(lean, toe_out)).collect();
        let body = Body::default();
        for walk in [body.markers(&poses), body.joint_centres(&poses, true)] {
            let config = AngleConfig::default();
            let found = angles(&walk, &config);
            let mirrored = angles(&walk.mirrored(), &config);
            for side in Side::BOTH {
                for (angle, track) in found.tracks.get(side) {
                    let truth: Vec<f64> = track.degrees.iter().flatten().copied().collect();
                    let off = largest_difference_deg(&mirrored, side.opposite(), *angle, &truth);
                    prop_assert!(off < 1e-9, "{} {off}", angle.name());
                }
            }
        }
    }

    #[test]
    fn moving_the_walk_changes_nothing(x in -50.0..50.0_f64, z in -50.0..50.0_f64) {
        let poses = walking();
        let walk = Body::default().markers(&poses);
        let found = angles(&walk, &AngleConfig::default());
        let moved = angles(&body::moved(&walk, x, z), &AngleConfig::default());
        for side in Side::BOTH {
            for (angle, track) in found.tracks.get(side) {
                let truth: Vec<f64> = track.degrees.iter().flatten().copied().collect();
                let off = largest_difference_deg(&moved, side, *angle, &truth);
                prop_assert!(off < 1e-9, "{} {off}", angle.name());
            }
        }
    }
}
