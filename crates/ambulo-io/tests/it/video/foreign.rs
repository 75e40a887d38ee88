//! ffmpeg, where it is installed: it reads what we write, we read what it writes, and both decoders
//! give the same frames.

use std::path::{Path, PathBuf};
use std::process::Command;

use ambulo_io::video::{
    Codec, DecoderChoice, DecoderUsed, VideoConfig, VideoError, VideoFrame, VideoReader,
    VideoWarning,
};

use super::film::{difference, film, small_film};

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ambulo-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("the folder of temporary files is writable");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn with(decoder: DecoderChoice) -> VideoConfig {
    VideoConfig {
        decoder,
        ..VideoConfig::default()
    }
}

#[track_caller]
fn frames(path: &Path, decoder: DecoderChoice, most: usize) -> Vec<VideoFrame> {
    let reader = VideoReader::open(path, &with(decoder)).expect("the video is read");
    let frames = reader.take(most);
    frames.map(|frame| frame.expect("a frame")).collect()
}

#[expect(clippy::print_stderr, reason = "a test that skips says so")]
/// Makes a video with ffmpeg; `None`, with a message, if it lacks what is needed for that.
fn convert(from: &Path, to: &Path, options: &[&str]) -> Option<()> {
    let status = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y", "-i"])
        .arg(from)
        .args(options)
        .arg(to)
        .status()
        .expect("ffmpeg runs");
    if !status.success() {
        eprintln!("skipped: this ffmpeg does not write {options:?}");
        return None;
    }
    Some(())
}

#[test]
fn both_decoders_give_the_same_frames_of_our_films() {
    if !ambulo_testkit::has_ffmpeg() {
        return;
    }
    let folder = Folder::new("ours");
    let path = folder.0.join("-film: of ours.mp4");
    std::fs::write(&path, small_film()).unwrap();
    let ours = frames(&path, DecoderChoice::Builtin, 99);
    let theirs = frames(&path, DecoderChoice::Ffmpeg, 99);
    assert_eq!((ours.len(), theirs.len()), (20, 20));
    assert!(ours == theirs);
    let reader = VideoReader::open(&path, &VideoConfig::default()).unwrap();
    assert!(matches!(reader.info().decoder, DecoderUsed::Ffmpeg(_)));
}

#[test]
fn b_frames_of_every_kind_come_in_order() {
    if !ambulo_testkit::has_ffmpeg() {
        return;
    }
    let folder = Folder::new("b-frames");
    let source = folder.0.join("source.mp4");
    let times_s: Vec<f64> = (0..60).map(|frame| f64::from(frame) / 30.0).collect();
    std::fs::write(&source, film(128, 96, &times_s)).unwrap();
    let kinds: [&[&str]; 5] = [
        &["-c:v", "libx264", "-preset", "slow", "-bf", "3"],
        &[
            "-c:v",
            "libx264",
            "-bf",
            "8",
            "-b_strategy",
            "0",
            "-x264-params",
            "b-pyramid=normal:open-gop=1:keyint=12",
        ],
        &[
            "-c:v",
            "libx264",
            "-profile:v",
            "main",
            "-bf",
            "2",
            "-x264-params",
            "weightp=2:ref=4",
        ],
        &[
            "-c:v",
            "libx264",
            "-preset",
            "veryslow",
            "-x264-params",
            "cqm=jvt:keyint=20",
        ],
        &[
            "-c:v",
            "libx264",
            "-tune",
            "zerolatency",
            "-profile:v",
            "baseline",
        ],
    ];
    for (number, options) in kinds.iter().enumerate() {
        let path = folder.0.join(format!("{number}.mp4"));
        let options = [&["-pix_fmt", "yuv420p"], *options].concat();
        if convert(&source, &path, &options).is_none() {
            continue;
        }
        let ours = frames(&path, DecoderChoice::Builtin, 99);
        let theirs = frames(&path, DecoderChoice::Ffmpeg, 99);
        assert_eq!(ours.len(), 60, "{options:?}");
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(
                (ours.index, ours.time_s),
                (theirs.index, theirs.time_s),
                "{options:?}"
            );
            let off = difference(&ours.picture, &theirs.picture);
            // Of B-frames, OpenH264 rounds single blocks otherwise.
            assert!(off < 0.1, "{options:?}, frame {}: {off}", ours.index);
        }
    }
}

#[test]
fn other_kinds_of_files_are_read() {
    if !ambulo_testkit::has_ffmpeg() {
        return;
    }
    let folder = Folder::new("kinds");
    let source = folder.0.join("source.mp4");
    let times_s: Vec<f64> = (0..10).map(|frame| f64::from(frame) / 25.0).collect();
    std::fs::write(&source, film(128, 96, &times_s)).unwrap();
    let original = frames(&source, DecoderChoice::Builtin, 99);
    let kinds: [(&str, Codec, &[&str]); 7] = [
        (
            "mkv",
            Codec::Hevc,
            &[
                "-c:v",
                "libx265",
                "-x265-params",
                "log-level=none",
                "-crf",
                "12",
            ],
        ),
        (
            "mp4",
            Codec::Hevc,
            &[
                "-c:v",
                "libx265",
                "-pix_fmt",
                "yuv420p10le",
                "-x265-params",
                "log-level=none",
                "-crf",
                "12",
            ],
        ),
        (
            "webm",
            Codec::Vp9,
            &["-c:v", "libvpx-vp9", "-crf", "12", "-b:v", "0"],
        ),
        ("avi", Codec::Mpeg4, &["-c:v", "mpeg4", "-q:v", "2"]),
        ("mov", Codec::ProRes, &["-c:v", "prores_ks"]),
        ("mpg", Codec::Mpeg2, &["-c:v", "mpeg2video", "-q:v", "2"]),
        ("mkv", Codec::H264, &["-c", "copy"]),
    ];
    for (ending, codec, options) in kinds {
        let path = folder.0.join(format!("film.{ending}"));
        if convert(&source, &path, options).is_none() {
            continue;
        }
        let reader = VideoReader::open(&path, &VideoConfig::default()).unwrap();
        assert_eq!(reader.info().codec, codec);
        drop(reader);
        let read = frames(&path, DecoderChoice::Auto, 99);
        assert_eq!(read.len(), 10, "{ending} {codec}");
        for (read, original) in read.iter().zip(&original) {
            // MKV counts milliseconds.
            assert!(
                (read.time_s - original.time_s).abs() < 6e-4,
                "{ending} {codec}"
            );
            let off = difference(&read.picture, &original.picture);
            assert!(off < 6.0, "{ending} {codec}, frame {}: {off}", read.index);
        }
        let text = VideoReader::open(&path, &with(DecoderChoice::Builtin))
            .unwrap_err()
            .to_string();
        assert!(text.contains(&codec.to_string()), "{text}");
    }
}

#[test]
fn a_file_that_is_no_recording_is_not_given_to_ffmpeg() {
    if !ambulo_testkit::has_ffmpeg() {
        return;
    }
    let folder = Folder::new("playlist");
    let path = folder.0.join("list.mp4");
    std::fs::write(&path, "ffconcat version 1.0\nfile /etc/hostname\n").unwrap();
    let error = VideoReader::open(&path, &with(DecoderChoice::Ffmpeg)).unwrap_err();
    assert!(matches!(error, VideoError::Unknown));
}

#[test]
fn ffmpeg_reads_what_is_left_of_a_film_and_says_what_is_missing() {
    if !ambulo_testkit::has_ffmpeg() {
        return;
    }
    let folder = Folder::new("cut");
    let path = folder.0.join("cut.mp4");
    let whole = small_film();
    std::fs::write(&path, &whole[..whole.len() * 3 / 4]).unwrap();
    let mut reader = VideoReader::open(&path, &with(DecoderChoice::Ffmpeg)).unwrap();
    let read = reader.by_ref().flatten().count();
    assert!((1..20).contains(&read));
    assert!(matches!(
        reader.warnings()[0],
        VideoWarning::Truncated { .. }
    ));
}

#[test]
fn both_decoders_give_the_same_frames_of_recorded_films() {
    let Some(data) = ambulo_testkit::data_dir() else {
        return;
    };
    if !ambulo_testkit::has_ffmpeg() {
        return;
    }
    for name in ["sports2d/demo_h264.mp4", "pose2sim_single/cam03.mp4"] {
        let path = data.join("video").join(name);
        let ours = frames(&path, DecoderChoice::Builtin, 12);
        let theirs = frames(&path, DecoderChoice::Ffmpeg, 12);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!((ours.index, ours.time_s), (theirs.index, theirs.time_s));
            let off = difference(&ours.picture, &theirs.picture);
            assert!(off < 0.01, "{name}, frame {}: {off}", ours.index);
        }
    }
    let path = data.join("video/sports2d/demo.mp4");
    let vp9 = frames(&path, DecoderChoice::Auto, 3);
    let h264 = frames(
        &data.join("video/sports2d/demo_h264.mp4"),
        DecoderChoice::Auto,
        3,
    );
    for (a, b) in vp9.iter().zip(&h264) {
        assert!((a.time_s - b.time_s).abs() < 1e-9);
        assert!(difference(&a.picture, &b.picture) < 4.0);
    }
}
