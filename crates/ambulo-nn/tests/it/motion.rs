//! Motion features: the reference's numbers, the way back, mirrors, times, and the 22 joints of markers.

use std::fs;

use ambulo::motion::Motion3d;
use ambulo::skeleton::{Joint, SMPL_22, markers};
use ambulo::time::TimeBase;
use ambulo_nn::codec::motion::{
    BodyClip, Calibration, FEATURES, Facing, JOINTS, MotionError, MotionFeatures, Pose, Prepared,
};
use ambulo_nn::tensors::{Tensor, Tensors};
use ambulo_testkit::parity_dir;
use nalgebra::{Point3, Rotation3, Vector3};

const CASES: [&str; 2] = ["walk_straight", "walk_turning"];

fn case(name: &str) -> Option<(Vec<Pose>, Tensors)> {
    let folder = parity_dir()?.join("motion_features").join(name);
    let read = |file: &str| {
        Tensors::from_safetensors(&fs::read(folder.join(file)).unwrap())
            .unwrap()
            .0
    };
    let input = read("input.safetensors").remove("input").unwrap();
    Some((poses(&input), read("expected.safetensors")))
}

fn poses(tensor: &Tensor) -> Vec<Pose> {
    let frames = tensor.data().chunks_exact(3 * JOINTS);
    frames
        .map(|frame| {
            std::array::from_fn(|joint| {
                Vector3::from_fn(|axis, _| f64::from(frame[3 * joint + axis]))
            })
        })
        .collect()
}

#[track_caller]
fn close(found: &[Pose], expected: &[Pose], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let most = found
        .iter()
        .flatten()
        .zip(expected.iter().flatten())
        .map(|(a, b)| (a - b).amax())
        .fold(0.0, f64::max);
    assert!(most <= tolerance, "{what} differ by {most}");
}

#[test]
fn features_and_the_way_back_are_those_of_the_reference() {
    for name in CASES {
        let Some((input, expected)) = case(name) else {
            return;
        };
        let prepared = Prepared::of(&input, Facing::Upstream).unwrap();
        let places = |tensor: &str| poses(expected.require(tensor).unwrap());
        close(
            &prepared.uniform,
            &places("uniform_skeleton"),
            5e-5,
            "bones",
        );
        close(
            &prepared.placed,
            &places("global_positions"),
            5e-5,
            "places",
        );
        let features = MotionFeatures::of_prepared(&prepared, Facing::Upstream);
        let output = expected.require("output").unwrap();
        assert_eq!(features.frames(), output.shape()[0]);
        let rows = features.data().chunks_exact(FEATURES);
        for (frame, (row, wanted)) in rows.zip(output.data().chunks_exact(FEATURES)).enumerate() {
            for (column, (a, b)) in row.iter().zip(wanted).enumerate() {
                let tolerance = match column {
                    0..4 => 1e-5,
                    4..67 | 193..259 => 2e-5,
                    67..193 => 2e-4,
                    _ => 0.0,
                };
                let far = (a - b).abs();
                assert!(
                    far <= tolerance,
                    "{name}: {far} in column {column} of {frame}"
                );
            }
        }
        let reference = MotionFeatures::from_rows(output.data().to_vec()).unwrap();
        close(
            &reference.joints(),
            &places("recovered_joints"),
            5e-5,
            "joints",
        );
        let turned = places("recovered_joints_from_rotations");
        close(
            &reference.joints_from_rotations(),
            &turned,
            5e-5,
            "turned joints",
        );
    }
}

#[test]
fn features_give_back_the_motion_that_they_were_made_of() {
    let Some((input, _)) = case("walk_turning") else {
        return;
    };
    for facing in [Facing::Upstream, Facing::Anatomical] {
        let prepared = Prepared::of(&input, facing).unwrap();
        let features = MotionFeatures::of_prepared(&prepared, facing);
        let shown = &prepared.placed[..features.frames()];
        // The body's own turn is smoothed and begins at none, so it is no part of the places.
        close(&features.joints(), shown, 2e-5, "places");
        close(&features.joints_from_rotations(), shown, 2e-4, "rotations");
        let hips = shown.iter().map(|pose| pose[1].x - pose[2].x);
        assert!(hips.take(1).all(|across| across > 0.0), "left is +x");
    }
}

#[test]
fn the_upstream_facing_differs_and_only_in_what_follows_from_it() {
    let Some((input, _)) = case("walk_straight") else {
        return;
    };
    let of = |facing| MotionFeatures::of(&input, facing).unwrap();
    let (upstream, correct) = (of(Facing::Upstream), of(Facing::Anatomical));
    let largest = |columns: std::ops::Range<usize>| {
        let rows = (0..upstream.frames()).map(|f| (upstream.row(f), correct.row(f)));
        rows.flat_map(|(a, b)| a[columns.clone()].iter().zip(&b[columns.clone()]))
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max)
    };
    assert!(largest(4..67) > 1e-3, "places depend on the facing");
    assert!(largest(3..4) < 1e-6, "heights do not");
}

/// The mirror image, left and right exchanged.
fn mirrored(poses: &[Pose]) -> Vec<Pose> {
    let partner = |joint: usize| {
        let mirror = SMPL_22.joints[joint].mirrored();
        SMPL_22.index_of(mirror).unwrap()
    };
    let turn = |pose: &Pose| -> Pose {
        std::array::from_fn(|joint| {
            let place = pose[partner(joint)];
            Vector3::new(-place.x, place.y, place.z)
        })
    };
    poses.iter().map(turn).collect()
}

#[test]
fn a_mirrored_walker_has_mirrored_features() {
    let Some((input, _)) = case("walk_turning") else {
        return;
    };
    // Lengths of left and right differ in the skeleton that all are given: give them to the mirror image.
    let placed = Prepared::of(&input, Facing::Anatomical).unwrap().placed;
    let own = Prepared {
        scale: 1.0,
        uniform: Vec::new(),
        placed: placed.clone(),
    };
    let mirror = Prepared {
        placed: mirrored(&placed),
        ..own.clone()
    };
    let of = |prepared| MotionFeatures::of_prepared(prepared, Facing::Anatomical);
    let (own, mirror) = (of(&own), of(&mirror));
    close(&mirror.joints(), &mirrored(&own.joints()), 1e-4, "joints");
    for frame in 0..own.frames() {
        let (a, b) = (own.row(frame), mirror.row(frame));
        assert!((a[0] + b[0]).abs() < 1e-5, "turns are opposite");
        let rests = |row: &[f32], feet: [usize; 4]| feet.map(|column| row[column] > 0.5);
        assert_eq!(
            rests(a, [259, 260, 261, 262]),
            rests(b, [261, 262, 259, 260])
        );
    }
}

#[test]
fn turning_and_moving_the_room_changes_nothing_and_exchanged_sides_are_refused() {
    let Some((input, _)) = case("walk_turning") else {
        return;
    };
    let turn = Rotation3::from_axis_angle(&Vector3::y_axis(), 2.1);
    let moved: Vec<Pose> = input
        .iter()
        .map(|pose| pose.map(|place| turn * place + Vector3::new(3.0, -0.4, 1.0)))
        .collect();
    let of = |poses: &[Pose]| MotionFeatures::of(poses, Facing::Anatomical).unwrap();
    let (a, b) = (of(&input), of(&moved));
    let most = a.data().iter().zip(b.data()).map(|(a, b)| (a - b).abs());
    assert!(most.fold(0.0, f32::max) < 1e-4);
    let mut exchanged = input.clone();
    for pose in &mut exchanged {
        pose.swap(1, 2);
        pose.swap(4, 5);
        pose.swap(7, 8);
    }
    let refused = MotionFeatures::of(&exchanged, Facing::Anatomical);
    assert_eq!(refused, Err(MotionError::Sides));
}

#[test]
fn bad_motions_are_refused_with_a_reason() {
    let still = [[Vector3::zeros(); JOINTS]; 3];
    let of = |poses: &[Pose]| MotionFeatures::of(poses, Facing::Upstream);
    assert_eq!(of(&still), Err(MotionError::NoLeg));
    assert!(matches!(
        of(&still[..1]),
        Err(MotionError::TooShort { frames: 1, .. })
    ));
    let mut broken = still;
    broken[2][7].x = f64::NAN;
    assert_eq!(of(&broken), Err(MotionError::NotFinite { frame: 2 }));
    assert!(MotionFeatures::from_rows(vec![0.0; FEATURES + 1]).is_err());
    assert!(MotionFeatures::from_rows(vec![f32::NAN; FEATURES]).is_err());
}

/// A standing body that sways and walks along +z, at any rate.
fn body(rate_hz: f64, frames: usize, joints: &[(Joint, [f64; 3])]) -> Motion3d {
    let places = (0..frames).flat_map(|frame| {
        let time_s = frame as f64 / rate_hz;
        let sway = Vector3::new(0.02 * (4.0 * time_s).sin(), 0.0, 1.2 * time_s);
        joints
            .iter()
            .map(move |(_, [x, y, z])| Some(Point3::new(*x, *y, *z) + sway))
    });
    let time = TimeBase::uniform(frames, rate_hz).unwrap();
    let names = joints.iter().map(|(joint, _)| *joint).collect();
    Motion3d::new(names, time, places.collect()).unwrap()
}

/// Markers of the 44-marker set, by its own labels, in metres: x to the left, y up, z ahead.
const SHIDA: [(&str, [f64; 3]); 22] = [
    ("CLAV", [0.0, 1.40, 0.10]),
    ("STRN", [0.0, 1.25, 0.12]),
    ("C7", [0.0, 1.45, -0.05]),
    ("T10", [0.0, 1.22, -0.10]),
    ("R.SHO", [-0.18, 1.43, 0.0]),
    ("R.EL", [-0.26, 1.10, 0.0]),
    ("R.EM", [-0.20, 1.10, 0.0]),
    ("R.WL", [-0.25, 0.85, 0.03]),
    ("R.WM", [-0.25, 0.85, -0.03]),
    ("R.ASIS", [-0.12, 1.00, 0.10]),
    ("R.PSIS", [-0.05, 1.02, -0.10]),
    ("R.GTR", [-0.17, 0.90, 0.0]),
    ("R.KNEE", [-0.14, 0.50, 0.0]),
    ("R.HF", [-0.13, 0.45, -0.02]),
    ("R.TT", [-0.09, 0.44, 0.05]),
    ("R.ANKLE", [-0.12, 0.08, 0.0]),
    ("R.HEEL", [-0.09, 0.03, -0.07]),
    ("R.MT1", [-0.06, 0.03, 0.13]),
    ("R.MT5", [-0.13, 0.03, 0.10]),
    ("R.KNEE.MEDIAL", [-0.04, 0.50, 0.0]),
    ("R.ANKLE.MEDIAL", [-0.05, 0.09, 0.0]),
    ("R.MT2", [-0.08, 0.03, 0.14]),
];

/// The set's joints as a file's labels are understood, both sides.
fn shida() -> Vec<(Joint, [f64; 3])> {
    let both = SHIDA.iter().flat_map(|&(label, [x, y, z])| {
        let right = (label.to_owned(), [x, y, z]);
        let left = label
            .strip_prefix("R.")
            .map(|rest| (format!("L.{rest}"), [-x, y, z]));
        [Some(right), left].into_iter().flatten()
    });
    let (labels, places): (Vec<String>, Vec<[f64; 3]>) = both.unzip();
    let map = markers::recognise(&labels).unwrap();
    let columns = map.columns.iter().zip(places);
    columns
        .filter_map(|(column, place)| Some((column.as_ref()?.joint, place)))
        .collect()
}

#[test]
fn the_44_markers_become_22_joints() {
    let motion = body(150.0, 301, &shida());
    let clip = BodyClip::of(&motion, None).unwrap();
    assert!(clip.head_synthetic(), "the set has no head marker");
    // The middle of the clip, one second from its start.
    let pose = clip.poses()[150];
    let sway = Vector3::new(0.02 * 4.0_f64.sin(), 0.0, 1.2);
    let at = |joint| pose[SMPL_22.index_of(joint).unwrap()] - sway;
    assert!((at(Joint::LeftKnee) - Vector3::new(0.09, 0.50, 0.0)).norm() < 1e-3);
    assert!((at(Joint::RightAnkle) - Vector3::new(-0.085, 0.085, 0.0)).norm() < 1e-3);
    assert!((at(Joint::Neck) - Vector3::new(0.0, 1.425, 0.025)).norm() < 1e-3);
    assert!((at(Joint::LeftElbow) - Vector3::new(0.23, 1.10, 0.0)).norm() < 1e-3);
    let hip = at(Joint::LeftHip);
    assert!(
        (0.06..0.11).contains(&hip.x) && (0.85..0.97).contains(&hip.y),
        "{hip}"
    );
    assert!(at(Joint::Spine1).y < at(Joint::Spine2).y && at(Joint::Spine2).y < at(Joint::Spine3).y);
    let features = MotionFeatures::of(&clip.resampled().unwrap(), Facing::Upstream).unwrap();
    assert_eq!(features.frames(), 40, "two seconds at 20 Hz");
    let speed = 20.0 * features.row(20)[2] / (0.815_832 / leg(&pose));
    assert!((speed - 1.2).abs() < 0.01, "1.2 m/s ahead: {speed}");
}

#[expect(clippy::cast_possible_truncation, reason = "a length")]
fn leg(pose: &Pose) -> f32 {
    ((pose[5] - pose[2]).norm() + (pose[8] - pose[5]).norm()) as f32
}

#[test]
fn a_standing_trial_gives_the_centres_that_a_walk_without_medial_markers_lacks() {
    let all = shida();
    let medial = [
        Joint::LeftMedialKnee,
        Joint::RightMedialKnee,
        Joint::LeftMedialMalleolus,
        Joint::RightMedialMalleolus,
    ];
    let fewer: Vec<_> = all
        .iter()
        .filter(|(joint, _)| !medial.contains(joint))
        .copied()
        .collect();
    let truth = BodyClip::of(&body(100.0, 50, &all), None).unwrap();
    let calibration = Calibration::of(&body(100.0, 20, &all));
    let walk = body(100.0, 50, &fewer);
    let calibrated = BodyClip::of(&walk, Some(&calibration)).unwrap();
    close(calibrated.poses(), truth.poses(), 1e-6, "calibrated joints");
    let guessed = BodyClip::of(&walk, None).unwrap();
    close(guessed.poses(), truth.poses(), 0.02, "guessed joints");
}

#[test]
fn a_marker_hidden_for_long_is_placed_by_others_of_its_segment() {
    let all = shida();
    let whole = body(100.0, 200, &all);
    let hidden = whole
        .joints()
        .iter()
        .position(|&j| j == Joint::RightAsis)
        .unwrap();
    let mut places = whole.positions_m().to_vec();
    for frame in 60..160 {
        places[frame * whole.joints().len() + hidden] = None;
    }
    let broken = Motion3d::new(whole.joints().to_vec(), whole.time().clone(), places).unwrap();
    let truth = BodyClip::of(&whole, None).unwrap();
    close(
        BodyClip::of(&broken, None).unwrap().poses(),
        truth.poses(),
        1e-6,
        "joints",
    );
}

#[test]
fn what_the_body_lacks_is_named() {
    let legs: Vec<_> = shida()
        .into_iter()
        .filter(|(_, [_, y, _])| *y < 1.05)
        .collect();
    let refused = BodyClip::of(&body(100.0, 20, &legs), None);
    let missing = |refused| match refused {
        Err(MotionError::Missing { what, .. }) => what,
        _ => "nothing",
    };
    assert_eq!(missing(refused), "the neck");
}

#[test]
fn poses_come_at_20_hz_whatever_the_recording_s_rate() {
    for rate_hz in [150.0, 100.0, 60.0, 29.97, 120.0] {
        let clip = BodyClip::of(&body(rate_hz, 400, &shida()), None).unwrap();
        let poses = clip.resampled().unwrap();
        let end_s = 399.0 / rate_hz;
        let expected = (end_s * 20.0 + 1e-9).floor() + 1.0;
        assert!((poses.len() as f64 - expected).abs() < 0.5, "{rate_hz} Hz");
        for (sample, pose) in poses.iter().enumerate().skip(10).take(poses.len() - 20) {
            let time_s = (sample - 10) as f64 / 20.0;
            let ahead = pose[4].z - poses[10][4].z;
            assert!(
                (ahead - 1.2 * time_s).abs() < 1e-3,
                "{rate_hz} Hz: {ahead} at {time_s}"
            );
        }
    }
}
