//! Reads any bytes as a calibration; cameras that can be read see something of what is before them.

#![no_main]

use ambulo_io::calibration::read;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for camera in read(bytes).unwrap_or_default() {
        let _ = camera.project(&[0.5, 0.5, 2.0].into());
    }
});
