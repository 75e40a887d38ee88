//! Videos given to the command: what is said of them, and how they are refused.

use std::fs;

use ambulo::picture::Picture;
use ambulo_io::video::{WriterConfig, to_bytes};

use super::{Scratch, ambulo, assert_code, stderr, text};

/// Twelve frames at 25 Hz.
fn film() -> Vec<u8> {
    let picture = Picture::new(48, 32, vec![90; 48 * 32 * 3]).unwrap();
    let frames = (0..12).map(|frame| (&picture, f64::from(frame) / 25.0));
    to_bytes(frames, &WriterConfig::default()).unwrap()
}

#[test]
fn doctor_says_what_a_video_holds() {
    let scratch = Scratch::new("doctor-video");
    let path = scratch.path("walk.mp4");
    fs::write(&path, film()).unwrap();
    let output = ambulo(&["doctor", "--video", &text(&path), "--decoder", "builtin"]);
    assert_code(&output, 0);
    let report = String::from_utf8(output.stdout).unwrap();
    for line in [
        "file        MP4, H.264",
        "size        48 × 32 pixels",
        "frames      12 read of 12 in the file",
        "duration    0.480 s",
        "rate        25.000 Hz (40.00 ms), constant",
        "decoder     built-in (OpenH264): ",
    ] {
        assert!(report.contains(line), "{line}\n{report}");
    }
    assert!(!report.contains("warning"), "{report}");

    let whole = film();
    fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    let output = ambulo(&["doctor", "--video", &text(&path), "--decoder", "builtin"]);
    assert_code(&output, 0);
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(
        report.contains("warning     the file is cut off"),
        "{report}"
    );
}

#[test]
fn a_file_that_is_only_named_like_a_video_is_told_so() {
    let scratch = Scratch::new("named-video");
    let path = scratch.path("walk.mp4");
    fs::write(&path, "not a video").unwrap();
    let output = ambulo(&["analyze", &text(&path), "-o", &text(&scratch.path("out"))]);
    assert_code(&output, 2);
    let message = stderr(&output);
    assert!(message.contains("named like a video"), "{message}");
    assert!(message.contains("copy it from the camera"), "{message}");
}

#[test]
fn a_video_is_refused_by_name_and_with_what_to_do() {
    let scratch = Scratch::new("refused-video");
    // The content decides, not the name.
    let path = scratch.path("walk.c3d");
    fs::write(&path, film()).unwrap();
    let out = text(&scratch.path("out.csv"));
    let video = text(&path);
    let output = ambulo(&["convert", &video, &out]);
    assert_code(&output, 2);
    let message = stderr(&output);
    assert!(message.contains("this is a video (MP4)"), "{message}");
    assert!(message.contains("ambulo pose2d"), "{message}");
    // Weights that lift keypoints do not find any.
    let weights = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../weights/lifter_rtpca.safetensors"
    );
    for (command, option) in [("pose2d", "--weights"), ("analyze", "--pose-weights")] {
        let output = ambulo(&[command, &video, "-o", &out, option, weights]);
        assert_code(&output, 2);
        let message = stderr(&output);
        assert!(message.contains("lifts keypoints"), "{message}");
    }
    let output = ambulo(&["doctor", "--video", &text(&scratch.path("none.mp4"))]);
    assert_code(&output, 2);
    let empty = scratch.path("empty.mp4");
    fs::write(&empty, b"").unwrap();
    let output = ambulo(&["doctor", "--video", &text(&empty)]);
    assert_code(&output, 2);
    assert!(stderr(&output).contains("the video is empty"));
}
