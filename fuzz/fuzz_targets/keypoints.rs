//! Reads any bytes in every keypoint format; what can be read must be readable again as our own.

#![no_main]

use ambulo_io::files::NamedBytes;
use ambulo_io::keypoints::{KeypointFormat, ReadOptions, read, recognise, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let files = [NamedBytes {
        name: "input_7.json".to_owned(),
        bytes: bytes.to_vec(),
    }];
    let _ = recognise(&files);
    for &format in KeypointFormat::ALL {
        let options = ReadOptions {
            format: Some(format),
            fps_hz: Some(30.0),
            image_size_px: Some([640, 480]),
            ..ReadOptions::default()
        };
        let Ok(trial) = read(&files, &options) else {
            continue;
        };
        let written = write(&trial.keypoints, KeypointFormat::Ambulo).expect("our own format");
        let again = read(&written, &ReadOptions::default());
        if trial.keypoints.points().iter().any(Option::is_some) {
            let again = again.expect("what was written is readable");
            assert_eq!(again.keypoints.joints(), trial.keypoints.joints());
            assert_eq!(again.keypoints.points(), trial.keypoints.points());
        }
    }
});
