//! Reads any bytes as a video, with the built-in decoder: the index of MP4 and H.264.
//!
//! The decoder is C++; run with its own address sanitizer to see what it does to memory
//! (`CXXFLAGS=-fsanitize=address`).

#![no_main]

use std::io::Cursor;

use ambulo_io::video::{Container, VideoReader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Container::recognise(bytes);
    let Ok(mut reader) = VideoReader::over(Cursor::new(bytes.to_vec())) else {
        return;
    };
    let mut last_s = None;
    for frame in reader.by_ref().take(64) {
        let Ok(frame) = frame else { return };
        assert!(
            last_s.is_none_or(|last| frame.time_s > last),
            "time goes forward"
        );
        last_s = Some(frame.time_s);
    }
    let _ = reader.warnings();
});
