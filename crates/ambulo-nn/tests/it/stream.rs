//! Lifting as frames arrive, against lifting the whole recording, with a network that is a plain function.

use std::convert::Infallible;

use ambulo::keypoints::Keypoints2d;
use ambulo::synth::{self, Camera, Walker};
use ambulo::trial::Recording;
use ambulo_nn::codec::lift::{
    AnsweredFrames, CHANNELS, JOINTS, LiftCodec, LiftStream, StreamedPose,
};

/// No filter: it would look further than any window.
fn codec(answers: AnsweredFrames) -> LiftCodec {
    LiftCodec {
        frames: 9,
        dilation: 2,
        cutoff_hz: 15.0,
        answers,
        ..LiftCodec::default()
    }
}

/// Answers each frame with what the window shows there, moved by what its neighbours show.
fn network(codec: LiftCodec) -> impl FnMut(&[f32], usize) -> Result<Vec<f32>, Infallible> {
    move |input, batch| {
        let frame = JOINTS * CHANNELS;
        let mut output = Vec::with_capacity(batch * codec.output_len());
        for window in input.chunks_exact(codec.input_len()) {
            let frames: Vec<&[f32]> = window.chunks_exact(frame).collect();
            let answered = match codec.answers {
                AnsweredFrames::All => 0..codec.frames,
                AnsweredFrames::Centre => codec.frames / 2..codec.frames / 2 + 1,
            };
            for index in answered {
                let (before, after) = (index.saturating_sub(1), (index + 1).min(codec.frames - 1));
                for joint in 0..JOINTS {
                    let at = joint * CHANNELS;
                    let depth = frames[after][at + 1] - frames[before][at + 1];
                    output.extend([frames[index][at], frames[index][at + 1], depth]);
                }
            }
        }
        Ok(output)
    }
}

fn film(rate_hz: f64) -> Keypoints2d {
    let walker = Walker::default().at_rate(rate_hz);
    let trial = synth::walk(&walker).expect("a healthy adult");
    match trial.filmed(&Camera::default()).recording {
        Recording::Keypoints(keypoints) => keypoints,
        Recording::Motion(_) => panic!("a film holds keypoints"),
    }
}

fn streamed(
    mut stream: LiftStream,
    codec: LiftCodec,
    keypoints: &Keypoints2d,
) -> Vec<StreamedPose> {
    let mut forward = network(codec);
    let mut poses = Vec::new();
    for (frame, &time_s) in keypoints.time().times_s().iter().enumerate() {
        for pose in stream
            .push(time_s, keypoints.frame(frame), &mut forward)
            .expect("it runs")
        {
            let late_s = time_s - pose.time_s;
            assert!(late_s + 1e-6 >= stream.latency_s(), "{late_s}");
            assert!(late_s <= stream.latency_s() + 0.05, "{late_s}");
            poses.push(pose);
        }
    }
    poses.extend(stream.finish(&mut forward).expect("it runs"));
    poses
}

#[test]
fn a_stream_answers_every_frame_once_and_equals_the_whole_recording() {
    let codec = codec(AnsweredFrames::Centre);
    let keypoints = film(30.0);
    let whole = codec
        .lift(&keypoints, 1.0, network(codec))
        .expect("it runs");
    let joints = keypoints.joints().to_vec();
    let stream = LiftStream::centred(codec, joints, keypoints.image_size_px());
    let poses = streamed(stream, codec, &keypoints);
    assert_eq!(poses.len(), keypoints.frames());
    let (mut compared, mut seen) = (0, 0);
    for (frame, pose) in poses.iter().enumerate() {
        let is = pose.joints;
        let was = whole.motion.frame(frame);
        seen += usize::from(is.is_some());
        let Some(is) = is else { continue };
        for (is, was) in is.iter().zip(was) {
            if let Some(was) = was {
                assert!((is - was.coords).norm() < 1e-5, "frame {frame}: {is} {was}");
                compared += 1;
            }
        }
    }
    assert!(
        seen > keypoints.frames() / 2 && compared > 15 * seen,
        "{seen} {compared}"
    );
}

#[test]
fn a_causal_stream_answers_at_once_and_never_looks_ahead() {
    let codec = codec(AnsweredFrames::All);
    let keypoints = film(50.0);
    let stream = || {
        LiftStream::causal(
            codec,
            keypoints.joints().to_vec(),
            keypoints.image_size_px(),
        )
    };
    assert!(stream().latency_s().abs() < 1e-12);
    let poses = streamed(stream(), codec, &keypoints);
    assert_eq!(poses.len(), keypoints.frames());
    let begun = streamed(stream(), codec, &keypoints.cut(0..120));
    assert_eq!(begun[..], poses[..120]);
}

#[test]
fn the_latency_is_half_a_window_and_a_little() {
    let codec = LiftCodec::default();
    let stream = LiftStream::centred(codec, Vec::new(), None);
    assert!((stream.latency_s() - (13.0 * 2.0 / 30.0 + 0.2)).abs() < 1e-9);
}
