//! Times, order and orientation of frames.

use ambulo_io::video::{VideoError, VideoReader, VideoWarning, WriterConfig, to_bytes};

use super::film::{
    content_of, difference, edit_list, film, insert_into_track, overwrite, picture, read,
    small_film,
};

#[test]
fn what_is_written_is_read_at_the_same_times() {
    let times_s: Vec<f64> = (0..20).map(|frame| f64::from(frame) / 30.0).collect();
    let (frames, warnings) = read(&film(64, 48, &times_s)).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(frames.len(), 20);
    for (number, (frame, time_s)) in frames.iter().zip(times_s).enumerate() {
        assert_eq!(frame.index, number as u64);
        assert!((frame.time_s - time_s).abs() < 1e-12);
        let off = difference(&frame.picture, &picture(64, 48, number));
        assert!(off < 3.0, "frame {number} is {off} off");
    }
}

#[test]
fn a_rate_that_varies_is_kept_exactly() {
    // Times of a phone: multiples of 1/15360 s, 20 to 50 ms apart.
    let ticks = [0_u32, 512, 1024, 1331, 2048, 2570, 3072, 3840, 4096];
    let pictures: Vec<_> = (0..ticks.len())
        .map(|frame| picture(32, 32, frame))
        .collect();
    let times_s = ticks.map(|ticks| f64::from(ticks) / 15_360.0);
    let config = WriterConfig {
        ticks_hz: 15_360,
        ..WriterConfig::default()
    };
    let bytes = to_bytes(pictures.iter().zip(times_s), &config).unwrap();
    let (frames, _) = read(&bytes).unwrap();
    let found: Vec<f64> = frames.iter().map(|frame| frame.time_s).collect();
    assert_eq!(found, times_s);
}

#[test]
fn the_same_frames_give_the_same_bytes() {
    assert_eq!(small_film(), small_film());
}

#[test]
fn frames_come_upright() {
    // Matrices that phones write for a quarter, a half and three quarters of a turn, clockwise.
    const ONE: i32 = 0x1_0000;
    let turns: [(u8, [i32; 4]); 3] = [
        (1, [0, ONE, -ONE, 0]),
        (2, [-ONE, 0, 0, -ONE]),
        (3, [0, -ONE, ONE, 0]),
    ];
    let plain = read(&small_film()).unwrap().0;
    for (quarters, [a, b, c, d]) in turns {
        let mut bytes = small_film();
        for (place, value) in [(0, a), (4, b), (12, c), (16, d)] {
            overwrite(&mut bytes, *b"tkhd", 52 + place, &value.to_be_bytes());
        }
        let reader = VideoReader::over(std::io::Cursor::new(bytes.clone())).unwrap();
        let info = reader.info().clone();
        drop(reader);
        assert_eq!(info.orientation.quarters, quarters);
        let expected = if quarters == 2 { (64, 48) } else { (48, 64) };
        assert_eq!((info.width_px, info.height_px), expected);
        let frame = &read(&bytes).unwrap().0[7];
        let upright = &plain[7].picture;
        for (x, y) in [(0, 0), (40, 10), (63, 47), (21, 12)] {
            let (turned_x, turned_y) = match quarters {
                1 => (47 - y, x),
                2 => (63 - x, 47 - y),
                _ => (y, 63 - x),
            };
            assert_eq!(frame.picture.pixel(turned_x, turned_y), upright.pixel(x, y));
        }
    }
}

#[test]
fn an_edit_list_cuts_and_delays() {
    // Shown from frame 3 (9000 ticks) for 200 ms, after a quarter of a second of nothing.
    let mut bytes = small_film();
    insert_into_track(&mut bytes, &edit_list(&[(250, -1), (200, 9000)]));
    let (frames, warnings) = read(&bytes).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(frames.len(), 6);
    assert_eq!((frames[0].index, frames[0].time_s), (0, 0.0));
    assert!((frames[5].time_s - 5.0 / 30.0).abs() < 1e-9);
    assert!(difference(&frames[0].picture, &picture(64, 48, 3)) < 3.0);
}

#[test]
fn slow_motion_in_the_edit_list_is_named() {
    let mut bytes = small_film();
    insert_into_track(&mut bytes, &edit_list(&[(1000, 0)]));
    // Half the speed.
    overwrite(&mut bytes, *b"elst", 16, &[0, 0, 0x80, 0]);
    let (frames, warnings) = read(&bytes).unwrap();
    assert_eq!(frames.len(), 20);
    assert_eq!(warnings, [VideoWarning::EditsIgnored]);
}

#[test]
fn frames_at_one_time_are_left_out_and_counted() {
    let mut bytes = small_film();
    // All 20 frames last 3000 ticks, in one run: 10 frames of 3000 ticks, 10 of none.
    let at = content_of(&bytes, *b"stts");
    assert_eq!(
        bytes[at..at + 16],
        [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0x0B, 0xB8]
    );
    overwrite(&mut bytes, *b"stts", 12, &[0; 4]);
    let (frames, warnings) = read(&bytes).unwrap();
    assert_eq!(frames.len(), 1);
    assert_eq!(warnings, [VideoWarning::TimeNotForward { frames: 19 }]);
}

#[test]
fn a_film_of_one_frame_is_read() {
    let (frames, warnings) = read(&film(32, 32, &[0.0])).unwrap();
    assert_eq!((frames.len(), warnings.len()), (1, 0));
}

#[test]
fn odd_sizes_are_padded_and_portrait_is_portrait() {
    let (frames, _) = read(&film(33, 47, &[0.0, 0.1])).unwrap();
    let picture = &frames[1].picture;
    assert_eq!((picture.width_px(), picture.height_px()), (34, 48));
    let (frames, _) = read(&film(36, 64, &[0.0])).unwrap();
    let picture = &frames[0].picture;
    assert_eq!((picture.width_px(), picture.height_px()), (36, 64));
}

#[test]
fn times_must_go_forward() {
    let path = std::env::temp_dir().join(format!("ambulo-{}-forward.mp4", std::process::id()));
    let mut writer =
        ambulo_io::video::VideoWriter::create(&path, 32, 32, &WriterConfig::default()).unwrap();
    writer.push(&picture(32, 32, 0), 1.0).unwrap();
    let error = writer.push(&picture(32, 32, 1), 1.0).unwrap_err();
    assert!(matches!(error, VideoError::TimeNotForward { frame: 1, .. }));
    writer.push(&picture(32, 32, 1), 1.5).unwrap();
    writer.finish().unwrap();
    let mut reader = VideoReader::open(
        &path,
        &ambulo_io::video::VideoConfig {
            decoder: ambulo_io::video::DecoderChoice::Builtin,
            ..Default::default()
        },
    )
    .unwrap();
    let times_s: Vec<f64> = reader.by_ref().map(|frame| frame.unwrap().time_s).collect();
    assert_eq!(times_s, [0.0, 0.5]);
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let folder = std::env::temp_dir().join(format!("ambulo-{}-dropped", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("film.mp4");
    let mut writer =
        ambulo_io::video::VideoWriter::create(&path, 32, 32, &WriterConfig::default()).unwrap();
    writer.push(&picture(32, 32, 0), 0.0).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
    std::fs::remove_dir(&folder).unwrap();
}
