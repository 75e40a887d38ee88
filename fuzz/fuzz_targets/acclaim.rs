//! Reads any bytes as an ASF skeleton and, behind the first zero byte, an AMC motion over it.

#![no_main]

use ambulo_io::acclaim::{parse_motion, parse_skeleton, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut parts = bytes.splitn(2, |&byte| byte == 0);
    let (Some(skeleton), motion) = (parts.next(), parts.next().unwrap_or_default()) else {
        return;
    };
    let Ok(skeleton) = parse_skeleton(skeleton) else {
        return;
    };
    let Ok(points) = parse_motion(motion, &skeleton, 120.0) else {
        return;
    };
    let _ = points.to_trial();
    let (skeleton, motion) = write(&points);
    let _ = parse_skeleton(&skeleton).map(|skeleton| parse_motion(&motion, &skeleton, 120.0));
});
