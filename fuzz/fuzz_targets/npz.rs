//! Reads any bytes as an NPZ archive, and its arrays as points or keypoints.

#![no_main]

use ambulo_io::arrays::{keypoints_of, points_of};
use ambulo_io::npy::{parse_npz, write_npz};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(arrays) = parse_npz(bytes) else { return };
    let _ = keypoints_of(&arrays);
    let _ = points_of(&arrays).map(|points| points.to_trial());
    if let Ok(written) = write_npz(&arrays) {
        let again = parse_npz(&written).expect("what was written is readable");
        assert_eq!(again.len(), arrays.len());
    }
});
