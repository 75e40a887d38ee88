//! Damaged videos: the frames that are there, or an error. Never a panic, never silence.

use ambulo_io::video::{VideoError, VideoWarning};

use super::film::{content_of, number, overwrite, read, small_film};
use crate::damage::check_mutants;

/// Damaged copies of the small film that every run of the tests decodes.
const MUTANTS: u64 = 300;

#[test]
fn a_film_cut_off_gives_the_frames_it_has() {
    let whole = small_film();
    let data = content_of(&whole, *b"mdat");
    for percent in [30, 60, 95] {
        let end = data + (whole.len() - data) * percent / 100;
        let (frames, warnings) = read(&whole[..end]).unwrap();
        assert!((1..20).contains(&frames.len()), "{}", frames.len());
        let missing = 20 - frames.len() as u64;
        let bytes = (whole.len() - end) as u64;
        assert_eq!(
            warnings,
            [VideoWarning::Truncated {
                frames: missing,
                bytes
            }]
        );
    }
}

#[test]
fn a_film_cut_off_before_its_first_frame_is_refused() {
    let whole = small_film();
    let end = content_of(&whole, *b"mdat") + 12;
    let error = read(&whole[..end]).unwrap_err();
    assert!(
        matches!(error, VideoError::NoFrames { frames: 20 }),
        "{error}"
    );
}

#[test]
fn a_film_cut_off_before_its_index_says_so() {
    let whole = small_film();
    for end in [40, content_of(&whole, *b"stsz")] {
        let text = read(&whole[..end]).unwrap_err().to_string();
        assert!(text.contains("ends before its index"), "{text}");
    }
}

#[test]
fn a_damaged_frame_is_left_out_and_named() {
    let mut bytes = small_film();
    // The third frame's length goes beyond its sample.
    let sizes = content_of(&bytes, *b"stsz") + 12;
    let size = |frame: usize| number(&bytes, sizes + 4 * frame) as usize;
    let third = content_of(&bytes, *b"mdat") + 8 + size(0) + size(1);
    bytes[third..third + 4].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF]);
    let (frames, warnings) = read(&bytes).unwrap();
    let [
        VideoWarning::Lost {
            frames: lost,
            of: 20,
            first: 2,
        },
    ] = warnings[..]
    else {
        panic!("{warnings:?}");
    };
    // Frames that rest on it are lost too, up to the next that rests on none.
    assert!((1..=6).contains(&lost), "{lost}");
    assert_eq!(frames.len() as u64, 20 - lost);
    assert_eq!(frames[2].index, 2 + lost);
    assert!((frames[2].time_s - (2 + lost) as f64 / 30.0).abs() < 1e-9);
}

#[test]
fn counts_beyond_the_file_are_refused_or_bounded() {
    for (name, offset) in [
        (*b"stsz", 8),
        (*b"stts", 4),
        (*b"stts", 8),
        (*b"stsc", 4),
        (*b"stsc", 12),
        (*b"co64", 4),
        (*b"stss", 4),
    ] {
        let mut bytes = small_film();
        overwrite(&mut bytes, name, offset, &[0xFF; 4]);
        let memory = allocation_counter::measure(|| {
            // Frames, fewer frames or an error.
            let _ = read(&bytes);
        });
        assert!(memory.bytes_max < 4 << 20, "{} bytes", memory.bytes_max);
    }
    // One size for four thousand million frames.
    let mut bytes = small_film();
    overwrite(
        &mut bytes,
        *b"stsz",
        4,
        &[0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF],
    );
    assert!(read(&bytes).is_err());
}

#[test]
fn damaged_films_neither_panic_nor_hang() {
    check_mutants("film", &small_film(), MUTANTS, |bytes| {
        // Frames, fewer frames or an error.
        let _ = read(bytes);
    });
}
