//! Kinds of videos: what is read, and how the rest is refused.

use std::io::Cursor;

use ambulo::picture::Picture;
use ambulo_io::video::{
    Codec, Container, DecoderUsed, VideoError, VideoReader, VideoWarning, WriterConfig, to_bytes,
};

use super::film::{content_of, overwrite, read, small_film};

/// The error's text.
#[track_caller]
fn refusal(bytes: &[u8]) -> String {
    read(bytes).expect_err("a refusal").to_string()
}

#[test]
fn what_is_known_before_decoding_is_said() {
    let reader = VideoReader::over(Cursor::new(small_film())).unwrap();
    let info = reader.info();
    assert_eq!((info.width_px, info.height_px), (64, 48));
    assert_eq!(info.container, Container::Mp4);
    assert_eq!(info.codec, Codec::H264);
    assert_eq!(info.frames, Some(20));
    assert_eq!(info.ticks_hz, Some(90_000));
    assert!((info.duration_s.unwrap() - 20.0 / 30.0).abs() < 1e-9);
    assert_eq!(info.decoder, DecoderUsed::Builtin);
}

#[test]
fn no_bytes_and_no_video_are_refused() {
    assert!(matches!(read(b""), Err(VideoError::Empty)));
    assert!(matches!(read(b"# a text"), Err(VideoError::Unknown)));
    // A playlist would make a player open other files.
    assert!(matches!(
        read(b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n"),
        Err(VideoError::Unknown)
    ));
}

#[test]
fn sound_alone_is_no_video() {
    let mut bytes = small_film();
    overwrite(&mut bytes, *b"hdlr", 8, b"soun");
    assert_eq!(refusal(&bytes), "the file holds no video, only sound");
}

#[test]
fn another_codec_is_named() {
    let mut bytes = small_film();
    let at = content_of(&bytes, *b"avc1");
    // The brand names it first.
    let entry = at + content_of(&bytes[at..], *b"avc1") - 4;
    bytes[entry..entry + 4].copy_from_slice(b"hvc1");
    assert_eq!(
        refusal(&bytes),
        "the built-in decoder does not read HEVC (H.265) in MP4; choose ffmpeg"
    );
    bytes[entry..entry + 4].copy_from_slice(b"encv");
    assert!(matches!(read(&bytes), Err(VideoError::Encrypted)));
}

#[test]
fn ten_bits_are_not_guessed() {
    let mut bytes = small_film();
    // The profile High 10, 4:2:0, ten bits, no lists, and the rest of a set that ends early.
    let at = content_of(&bytes, *b"avcC") + 8;
    bytes[at + 1] = 110;
    bytes[at + 4..at + 8].copy_from_slice(&[0b1010_0110, 0b1100_1111, 0xFF, 0xFF]);
    let text = refusal(&bytes);
    assert!(
        text.contains("10 bits a colour") || text.contains("damaged parameter sets"),
        "{text}"
    );
}

#[test]
fn pictures_in_other_files_are_not_opened() {
    let mut bytes = small_film();
    overwrite(&mut bytes, *b"url ", 0, &[0, 0, 0, 0]);
    let text = refusal(&bytes);
    assert!(text.contains("lie in another file"), "{text}");
}

#[test]
fn pixels_that_are_not_square_are_named() {
    // The track's own words on pixels, in place of its colours.
    let mut bytes = small_film();
    let at = content_of(&bytes, *b"colr") - 4;
    bytes[at..at + 12].copy_from_slice(b"pasp\0\0\0\x04\0\0\0\x03");
    let (frames, warnings) = read(&bytes).unwrap();
    assert_eq!(frames.len(), 20);
    assert_eq!(warnings, [VideoWarning::PixelsNotSquare { ratio: [4, 3] }]);
}

#[test]
fn ten_seconds_of_black_are_black() {
    let black = Picture::new(64, 48, vec![0; 64 * 48 * 3]).unwrap();
    let frames = (0..300).map(|frame| (&black, f64::from(frame) / 30.0));
    let bytes = to_bytes(frames, &WriterConfig::default()).unwrap();
    assert!(bytes.len() < 30_000);
    let (frames, warnings) = read(&bytes).unwrap();
    assert_eq!((frames.len(), warnings.len()), (300, 0));
    let brightest = frames.iter().flat_map(|frame| frame.picture.rgb()).max();
    assert!(brightest <= Some(&2));
}

#[test]
fn large_pictures_are_read_and_larger_ones_not_written() {
    let picture = Picture::new(3840, 2160, vec![120; 3840 * 2160 * 3]).unwrap();
    let bytes = to_bytes([(&picture, 0.0)], &WriterConfig::default()).unwrap();
    let (frames, _) = read(&bytes).unwrap();
    assert_eq!(frames[0].picture.width_px(), 3840);
    let picture = Picture::new(4096, 16, vec![0; 4096 * 16 * 3]).unwrap();
    let error = to_bytes([(&picture, 0.0)], &WriterConfig::default()).unwrap_err();
    assert!(matches!(error, VideoError::TooLarge { .. }));
}

#[test]
fn nothing_is_not_written() {
    let error = to_bytes([], &WriterConfig::default()).unwrap_err();
    assert!(matches!(error, VideoError::NothingToWrite));
}
