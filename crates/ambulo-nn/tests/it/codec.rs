//! The lifter's codec on synthetic walkers.

use std::convert::Infallible;
use std::f64::consts::TAU;

use ambulo::Side;
use ambulo::keypoints::{Keypoint, Keypoints2d};
use ambulo::skeleton::{COCO_17, Joint, JointMap, LIFT_21};
use ambulo::synth::{Camera, FrameTimes, SyntheticTrial, Walker, film, walk};
use ambulo::time::TimeBase;
use ambulo_nn::codec::lift::{
    AnsweredFrames, Answers, CHANNELS, JOINTS, LiftCodec, LiftError, LiftTrack, mirrored_input,
    mirrored_output,
};
use nalgebra::{Point2, Vector3};

fn filmed(rate_hz: f64) -> Keypoints2d {
    film(&walked(rate_hz), &Camera::beside(Side::Right, 6.0))
}

fn walked(rate_hz: f64) -> SyntheticTrial {
    walk(&Walker {
        strides: 4,
        frames: FrameTimes::Rate { hz: rate_hz },
        ..Walker::default()
    })
    .unwrap()
}

/// The same recording with other points.
fn changed(
    keypoints: &Keypoints2d,
    image_size_px: Option<[u32; 2]>,
    mut change: impl FnMut(usize, Joint, Option<Keypoint>) -> Option<Keypoint>,
) -> Keypoints2d {
    let joints = keypoints.joints();
    let points = keypoints
        .points()
        .iter()
        .enumerate()
        .map(|(index, &point)| change(index / joints.len(), joints[index % joints.len()], point))
        .collect();
    Keypoints2d::new(
        joints.to_vec(),
        keypoints.time().clone(),
        image_size_px,
        points,
    )
    .unwrap()
}

fn window(codec: &LiftCodec, keypoints: &Keypoints2d, start: isize) -> Vec<f32> {
    let track = LiftTrack::of(codec, keypoints);
    codec.window(&track, start).unwrap().input
}

#[track_caller]
fn check_close(one: &[f32], other: &[f32], tolerance: f32) {
    assert_eq!(one.len(), other.len());
    for (index, (a, b)) in one.iter().zip(other).enumerate() {
        let (joint, channel) = (index / CHANNELS % JOINTS, index % CHANNELS);
        assert!(
            (a - b).abs() <= tolerance,
            "{} channel {channel}: {a} {b}",
            LIFT_21.joints[joint]
        );
    }
}

/// Where a joint is at a time, for a pose that moves as walks do.
fn pose(joint: usize, time_s: f64) -> Vector3<f64> {
    if joint == 0 {
        return Vector3::zeros();
    }
    let phase = joint as f64;
    Vector3::new(
        0.3 * (TAU * 0.9 * time_s + phase).sin(),
        0.1 * phase.sin() + 0.05 * (TAU * 1.8 * time_s).cos(),
        0.2 * (TAU * 0.9 * time_s - phase).cos(),
    )
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "networks answer in single precision"
)]
fn single(place: Vector3<f64>) -> [f32; 3] {
    [place.x as f32, place.y as f32, place.z as f32]
}

#[test]
fn true_answers_come_back_as_the_true_motion_at_the_recording_s_own_times() {
    for answers in [AnsweredFrames::All, AnsweredFrames::Centre] {
        let codec = LiftCodec {
            answers,
            ..LiftCodec::default()
        };
        for rate_hz in [25.0, 50.0, 60_000.0 / 1001.0] {
            let keypoints = filmed(rate_hz);
            let track = LiftTrack::of(&codec, &keypoints);
            let mut sums = Answers::new(&codec, &track);
            for start in codec.starts(track.samples()) {
                let frames = match answers {
                    AnsweredFrames::All => 0..codec.frames,
                    AnsweredFrames::Centre => codec.frames / 2..codec.frames / 2 + 1,
                };
                let output: Vec<f32> = frames
                    .flat_map(|frame| {
                        let sample = start as f64 + (frame * codec.dilation) as f64;
                        (0..JOINTS)
                            .flat_map(move |joint| single(pose(joint, sample / codec.rate_hz)))
                    })
                    .collect();
                sums.add(start, &output);
            }
            let lifted = sums.finish(&track, keypoints.time(), 1.25).unwrap();
            let last_s = (track.samples() - 1) as f64 / codec.rate_hz;
            for (frame, &time_s) in keypoints.time().times_s().iter().enumerate() {
                for (joint, at) in lifted.motion.frame(frame).iter().enumerate() {
                    let error = at.unwrap().coords - pose(joint, time_s.min(last_s)) * 1.25;
                    assert!(error.norm() < 2e-3, "{rate_hz} Hz, {time_s} s: {error}");
                }
            }
        }
    }
}

#[test]
fn without_perspective_the_image_is_the_answer_s_own_x_and_y() {
    let trial = walked(60.0);
    let camera = Camera::orthographic(Side::Right, 6.0);
    let codec = LiftCodec::default();
    let input = window(&codec, &film(&trial, &camera), 30);
    let map = |joint: Joint| JointMap::between(trial.motion.joints(), &[joint]).ok();
    for frame in 0..codec.frames {
        let motion = trial.motion.frame(2 * (30 + frame * codec.dilation));
        let place = |joint: Joint| {
            let row = map(joint)?.rows()[0].clone();
            row.iter()
                .try_fold(Vector3::zeros(), |sum, &(index, weight)| {
                    motion[index].map(|p| sum + p.coords * weight)
                })
        };
        let (Some(root), Some(neck)) = (place(Joint::Pelvis), place(Joint::Neck)) else {
            panic!("the walker has hips and shoulders")
        };
        let bone = |a: Joint, b: Joint| (place(a).unwrap() - place(b).unwrap()).norm();
        let leg = bone(Joint::LeftHip, Joint::LeftKnee) + bone(Joint::LeftKnee, Joint::LeftAnkle);
        let length_m = leg + (neck - root).norm();
        for (token, joint) in LIFT_21.joints.iter().enumerate() {
            let token = &input[(frame * JOINTS + token) * CHANNELS..][..CHANNELS];
            let Some(at) = place(*joint) else { continue };
            if joint.name().contains("toe") || token[2] == 0.0 {
                continue;
            }
            let (x, y) = ((at.x - root.x) / length_m, (at.y - root.y) / length_m);
            let error = (f64::from(token[0]) - x).hypot(f64::from(token[1]) - y);
            // The filter rounds the feet's sharpest turns; the pelvis drop is foreshortened.
            assert!(error < 0.03, "{joint}: {error}");
        }
    }
}

#[test]
fn the_mirrored_recording_gives_the_mirrored_window() {
    let codec = LiftCodec::default();
    let keypoints = filmed(50.0);
    let width = f64::from(keypoints.image_size_px().unwrap()[0]);
    let joints: Vec<Joint> = keypoints.joints().iter().map(|j| j.mirrored()).collect();
    let points = keypoints
        .points()
        .iter()
        .map(|point| {
            point.map(|point| Keypoint {
                position_px: Point2::new(width - point.position_px.x, point.position_px.y),
                ..point
            })
        })
        .collect();
    let mirrored = Keypoints2d::new(
        joints,
        keypoints.time().clone(),
        keypoints.image_size_px(),
        points,
    )
    .unwrap();
    let (one, other) = (
        window(&codec, &keypoints, 20),
        window(&codec, &mirrored, 20),
    );
    check_close(&mirrored_input(&one), &other, 1e-5);
    assert_eq!(mirrored_input(&mirrored_input(&one)), one);
    let output: Vec<f32> = one[..JOINTS * 3 * 5].to_vec();
    assert_eq!(mirrored_output(&mirrored_output(&output)), output);
}

#[test]
fn the_frame_rate_does_not_matter() {
    let codec = LiftCodec::default();
    let reference = window(&codec, &filmed(120.0), 25);
    for rate_hz in [25.0, 30.0, 50.0, 60_000.0 / 1001.0, 100.0] {
        check_close(&window(&codec, &filmed(rate_hz), 25), &reference, 0.012);
    }
}

#[test]
fn joints_that_a_layout_lacks_are_nothing_and_are_told_apart_from_what_was_seen() {
    let codec = LiftCodec::default();
    let whole = filmed(50.0);
    let map = JointMap::between(whole.joints(), COCO_17.joints).unwrap();
    let keypoints = whole.mapped(COCO_17.joints, &map);
    let input = window(&codec, &keypoints, 10);
    for frame in input.chunks_exact(JOINTS * CHANNELS) {
        for joint in 17..JOINTS {
            assert_eq!(frame[joint * CHANNELS..][..3], [0.0; 3], "heels and toes");
        }
        assert!(frame[3 * CHANNELS + 2] > 0.0, "an ankle is seen");
    }
    let lifted = codec
        .lift(&keypoints, 1.3, |input, windows| {
            assert_eq!(input.len(), windows * codec.input_len());
            Ok::<_, Infallible>(vec![0.1; windows * codec.output_len()])
        })
        .unwrap();
    for seen in lifted.seen.chunks_exact(JOINTS) {
        assert!(seen[3] && !seen[17] && !seen[20]);
    }
    assert!(lifted.motion.positions_m().iter().all(Option::is_some));
}

#[test]
fn without_an_image_size_only_the_place_in_the_image_is_unknown() {
    let codec = LiftCodec::default();
    let keypoints = filmed(30.0);
    let unknown = changed(&keypoints, None, |_, _, point| point);
    let (known, unknown) = (window(&codec, &keypoints, 4), window(&codec, &unknown, 4));
    for (a, b) in known
        .chunks_exact(CHANNELS)
        .zip(unknown.chunks_exact(CHANNELS))
    {
        assert_eq!(a[..3], b[..3]);
        assert_eq!(b[3..5], [0.0; 2]);
        assert_eq!(a[5..], b[5..]);
    }
}

#[test]
fn a_spike_and_a_short_gap_leave_the_window_nearly_as_it_was() {
    let codec = LiftCodec::default();
    let keypoints = filmed(30.0);
    let reference = window(&codec, &keypoints, 10);
    let spoilt = changed(
        &keypoints,
        keypoints.image_size_px(),
        |frame, joint, point| {
            let mut point = point?;
            match (frame, joint) {
                (30, Joint::LeftKnee) => point.position_px.x += 80.0,
                (41..44, Joint::RightAnkle) => return None,
                _ => {}
            }
            Some(point)
        },
    );
    let cleaned = window(&codec, &spoilt, 10);
    for (index, (a, b)) in reference.iter().zip(&cleaned).enumerate() {
        if index % CHANNELS != 2 {
            assert!((a - b).abs() < 0.03, "{index}: {a} {b}");
        }
    }
}

#[test]
fn frames_without_hips_are_not_answered_and_short_recordings_are() {
    let codec = LiftCodec::default();
    let network =
        |_: &[f32], windows: usize| Ok::<_, Infallible>(vec![0.1; windows * codec.output_len()]);
    let keypoints = filmed(30.0);
    let gone = changed(&keypoints, None, |frame, _, point| {
        point.filter(|_| !(20..40).contains(&frame))
    });
    let lifted = codec.lift(&gone, 1.3, network).unwrap();
    assert!(lifted.motion.frame(30).iter().all(Option::is_none));
    assert!(lifted.motion.frame(10).iter().all(Option::is_some));
    for frames in [1, 2, 9, 53, 54] {
        let short = codec.lift(&keypoints.cut(0..frames), 1.3, network).unwrap();
        assert_eq!(short.motion.frames(), frames);
        assert!(
            short.motion.positions_m().iter().all(Option::is_some),
            "{frames}"
        );
    }
    let nobody = changed(&keypoints, None, |_, _, _| None);
    let error = codec.lift(&nobody, 1.3, network).unwrap_err();
    assert!(matches!(error, LiftError::NothingSeen), "{error}");
    let error = codec.lift(&keypoints, 0.0, network).unwrap_err();
    assert!(matches!(error, LiftError::BadSize { .. }), "{error}");
}

#[test]
fn windows_answer_every_sample() {
    for answers in [AnsweredFrames::All, AnsweredFrames::Centre] {
        let codec = LiftCodec {
            answers,
            ..LiftCodec::default()
        };
        for samples in [1, 2, 10, 53, 54, 55, 56, 80, 81, 200, 333] {
            let mut answered = vec![false; samples];
            for start in codec.starts(samples) {
                for frame in 0..codec.frames {
                    if answers == AnsweredFrames::Centre && frame != codec.frames / 2 {
                        continue;
                    }
                    let sample = start + isize::try_from(frame * codec.dilation).unwrap();
                    if let Ok(sample) = usize::try_from(sample)
                        && sample < samples
                    {
                        answered[sample] = true;
                    }
                }
            }
            assert!(
                answered.iter().all(|&is| is),
                "{answers:?}, {samples} samples"
            );
        }
    }
}

#[test]
fn time_that_is_uneven_is_followed() {
    let codec = LiftCodec::default();
    let even = filmed(50.0);
    let keep: Vec<usize> = (0..even.frames()).filter(|frame| frame % 7 != 3).collect();
    let times_s = keep.iter().map(|&f| even.time().times_s()[f]).collect();
    let points = keep.iter().flat_map(|&f| even.frame(f).to_vec()).collect();
    let uneven = Keypoints2d::new(
        even.joints().to_vec(),
        TimeBase::new(times_s).unwrap(),
        even.image_size_px(),
        points,
    )
    .unwrap();
    check_close(
        &window(&codec, &uneven, 25),
        &window(&codec, &even, 25),
        0.012,
    );
}
