//! Films for the tests, and changes to their bytes.

use std::io::Cursor;

use ambulo::picture::Picture;
use ambulo_io::video::{VideoError, VideoFrame, VideoReader, VideoWarning, WriterConfig, to_bytes};

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("films are small")
}

/// The number of 32 bits at some place.
pub(super) fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes[at..at + 4].try_into();
    u32::from_be_bytes(bytes.expect("four bytes"))
}

/// A bright square that moves right over a coloured slope.
pub(super) fn picture(width_px: u32, height_px: u32, frame: usize) -> Picture {
    let mut rgb = Vec::new();
    let left = (3 * length(frame)) % width_px;
    let slope = |at: u32, of: u32| u8::try_from(at * 160 / of).unwrap_or(u8::MAX);
    for y in 0..height_px {
        for x in 0..width_px {
            let inside = (left..left + 10).contains(&x) && (8..18).contains(&y);
            rgb.extend_from_slice(&if inside {
                [250, 220, 40]
            } else {
                [slope(x, width_px), slope(y, height_px), 90]
            });
        }
    }
    Picture::new(width_px, height_px, rgb).expect("three bytes a pixel")
}

/// A film of that size with frames at those times, coded finely.
pub(super) fn film(width_px: u32, height_px: u32, times_s: &[f64]) -> Vec<u8> {
    let config = WriterConfig {
        quantizer: 12,
        key_frames_every: 8,
        ..WriterConfig::default()
    };
    let pictures: Vec<Picture> = (0..times_s.len())
        .map(|frame| picture(width_px, height_px, frame))
        .collect();
    to_bytes(pictures.iter().zip(times_s.iter().copied()), &config).expect("a film is written")
}

/// Twenty frames at 30 Hz, 64 × 48 pixels.
pub(super) fn small_film() -> Vec<u8> {
    let times_s: Vec<f64> = (0..20).map(|frame| f64::from(frame) / 30.0).collect();
    film(64, 48, &times_s)
}

/// All frames and warnings, or the first error.
pub(super) fn read(bytes: &[u8]) -> Result<(Vec<VideoFrame>, Vec<VideoWarning>), VideoError> {
    let mut reader = VideoReader::over(Cursor::new(bytes.to_vec()))?;
    let frames = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
    Ok((frames, reader.warnings().to_vec()))
}

/// The mean difference of two pictures' bytes.
#[track_caller]
pub(super) fn difference(a: &Picture, b: &Picture) -> f64 {
    assert_eq!((a.width_px(), a.height_px()), (b.width_px(), b.height_px()));
    let pairs = a.rgb().iter().zip(b.rgb());
    let sum: u64 = pairs.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.rgb().len() as f64
}

/// Where the content of the first box of that name begins.
#[track_caller]
pub(super) fn content_of(bytes: &[u8], name: [u8; 4]) -> usize {
    let place = bytes.windows(4).position(|found| found == name);
    place.expect("the film has that box") + 4
}

/// Writes over the content of a box.
pub(super) fn overwrite(bytes: &mut [u8], name: [u8; 4], offset: usize, with: &[u8]) {
    let at = content_of(bytes, name) + offset;
    bytes[at..at + with.len()].copy_from_slice(with);
}

/// Puts a box into the track, after its head, and moves what comes after.
pub(super) fn insert_into_track(bytes: &mut Vec<u8>, inserted: &[u8]) {
    let grow = |bytes: &mut [u8], name: [u8; 4]| {
        let at = content_of(bytes, name) - 8;
        let size = number(bytes, at);
        bytes[at..at + 4].copy_from_slice(&(size + length(inserted.len())).to_be_bytes());
    };
    grow(bytes, *b"moov");
    grow(bytes, *b"trak");
    let places = content_of(bytes, *b"co64");
    let count = number(bytes, places + 4);
    for chunk in 0..count as usize {
        // The lower half of the place.
        let at = places + 8 + 8 * chunk + 4;
        let place = number(bytes, at) + length(inserted.len());
        bytes[at..at + 4].copy_from_slice(&place.to_be_bytes());
    }
    let head = content_of(bytes, *b"tkhd") - 8;
    let size = number(bytes, head);
    let after = head + size as usize;
    bytes.splice(after..after, inserted.iter().copied());
}

/// An edit list of length (ms), start (ticks of 1/90000 s, or −1 for nothing) of each part.
pub(super) fn edit_list(edits: &[(u32, i32)]) -> Vec<u8> {
    let mut list = vec![0, 0, 0, 0];
    list.extend_from_slice(&length(edits.len()).to_be_bytes());
    for (length_ms, start) in edits {
        list.extend_from_slice(&length_ms.to_be_bytes());
        list.extend_from_slice(&start.to_be_bytes());
        list.extend_from_slice(&[0, 1, 0, 0]);
    }
    let boxed = |name: [u8; 4], content: &[u8]| {
        let size = (length(content.len()) + 8).to_be_bytes();
        [&size[..], &name, content].concat()
    };
    boxed(*b"edts", &boxed(*b"elst", &list))
}
