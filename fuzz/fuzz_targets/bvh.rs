//! Reads any bytes as BVH and places its joints; the points must be writable as BVH again.

#![no_main]

use ambulo_io::bvh::{parse, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(bvh) = parse(bytes) else { return };
    let Ok(points) = bvh.to_points() else { return };
    let _ = points.to_trial();
    let _ = parse(&write(&points)).map(|again| again.to_points());
});
