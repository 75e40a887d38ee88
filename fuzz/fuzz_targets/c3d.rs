//! Reads any bytes as C3D; what can be read must be writable or refused, and readable again.

#![no_main]

use ambulo_io::c3d::{C3d, Processor, Storage, to_trial};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(c3d) = C3d::parse(bytes) else { return };
    let _ = to_trial(&c3d);
    let _ = (c3d.events(), c3d.force_plates(), c3d.analysis_values());
    let _ = (c3d.analog_channel(0), c3d.analog_labels());
    for processor in Processor::ALL {
        for storage in [Storage::Integer, Storage::Float] {
            if let Ok(written) = c3d.to_bytes_as(processor, storage) {
                C3d::parse(&written).expect("what was written is readable");
            }
        }
    }
});
