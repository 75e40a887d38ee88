//! Recorded videos: frames, times and sizes.

use std::path::PathBuf;

use ambulo_io::video::{DecoderChoice, VideoConfig, VideoError, VideoReader};

fn builtin() -> VideoConfig {
    VideoConfig {
        decoder: DecoderChoice::Builtin,
        ..VideoConfig::default()
    }
}

fn videos() -> Option<PathBuf> {
    Some(ambulo_testkit::data_dir()?.join("video"))
}

#[test]
fn the_sports2d_clip_has_its_frames_at_its_times() {
    let Some(videos) = videos() else { return };
    let path = videos.join("sports2d/demo_h264.mp4");
    let mut reader = VideoReader::open(&path, &builtin()).unwrap();
    let info = reader.info().clone();
    assert_eq!((info.width_px, info.height_px), (1768, 994));
    assert_eq!(info.frames, Some(230));
    assert!((info.duration_s.unwrap() - 230.0 / 30.0).abs() < 1e-9);
    // B-frames come in the order of showing. Some frames only: each takes 40 ms to decode.
    for number in 0..40_u32 {
        let frame = reader.next().unwrap().unwrap();
        assert_eq!(frame.index, u64::from(number));
        assert!((frame.time_s - f64::from(number) / 30.0).abs() < 1e-9);
        reader.give_back(frame.picture);
    }
    assert_eq!(reader.warnings(), []);
}

#[test]
fn upright_clips_are_upright() {
    let Some(videos) = videos() else { return };
    for (name, width_px) in [("cam01", 1080), ("cam03", 1088), ("cam04", 1088)] {
        let path = videos.join(format!("pose2sim_single/{name}.mp4"));
        let mut reader = VideoReader::open(&path, &builtin()).unwrap();
        let info = reader.info();
        assert_eq!((info.width_px, info.height_px), (width_px, 1920));
        assert_eq!(info.frames, Some(100));
        let times_s: Vec<f64> = reader
            .by_ref()
            .take(6)
            .map(|frame| frame.unwrap().time_s)
            .collect();
        for (number, time_s) in (0..6).zip(times_s) {
            assert!((time_s - f64::from(number) / 60.0).abs() < 1e-9);
        }
    }
}

#[test]
fn vp9_is_named_where_it_cannot_be_read() {
    let Some(videos) = videos() else { return };
    let path = videos.join("sports2d/demo.mp4");
    let error = VideoReader::open(&path, &builtin()).unwrap_err();
    assert!(matches!(error, VideoError::NotBuiltin { .. }));
    assert!(error.to_string().contains("VP9 in MP4"));
    let nowhere = VideoConfig {
        ffmpeg_folder: Some(PathBuf::from("no/such/folder")),
        ..VideoConfig::default()
    };
    let text = VideoReader::open(&path, &nowhere).unwrap_err().to_string();
    assert!(
        text.contains("VP9 in MP4, which ffmpeg reads; install it"),
        "{text}"
    );
    assert!(text.contains("brew install ffmpeg"), "{text}");
}
