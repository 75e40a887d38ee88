//! Reads any bytes as an NPY array; what can be read must be readable again and the same.

#![no_main]

use ambulo_io::arrays::points_of_bare;
use ambulo_io::npy::{ArrayData, parse, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(array) = parse(bytes) else { return };
    let _ = points_of_bare(&array, Some(50.0)).map(|points| points.to_trial());
    let again = parse(&write(&array)).expect("what was written is readable");
    assert_eq!(again.shape, array.shape);
    match (&again.data, &array.data) {
        (ArrayData::Numbers(a), ArrayData::Numbers(b)) => {
            assert!(a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()));
        }
        (a, b) => assert_eq!(a, b),
    }
});
