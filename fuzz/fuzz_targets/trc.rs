//! Reads any bytes as TRC; what can be read must be writable, and readable again.

#![no_main]

use ambulo_io::trc::{parse, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(points) = parse(bytes) else { return };
    let _ = points.to_trial();
    // A carriage return inside a name becomes a space, which may make two names one.
    if points.labels.iter().any(|label| label.contains('\r')) {
        return;
    }
    if let Ok(again) = parse(&write(&points, "input.trc")) {
        assert_eq!(again.labels, points.labels);
        assert_eq!(again.time.frames(), points.time.frames());
        let gaps = |points: &ambulo_io::points::LabelledPoints| {
            points
                .positions_m
                .iter()
                .map(Option::is_none)
                .collect::<Vec<_>>()
        };
        assert_eq!(gaps(&again), gaps(&points));
    }
});
