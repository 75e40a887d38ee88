//! Reads any bytes as a Python pickle, and its arrays as numbers or text.

#![no_main]

use ambulo_pickle::{Value, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = parse(bytes) else { return };
    let entries = value.as_dict().unwrap_or_default();
    for value in entries.iter().map(|(_, value)| value).chain([&value]) {
        if let Value::Array(array) = value.unwrapped() {
            if let Some(numbers) = array.to_f64() {
                assert_eq!(numbers.len(), array.len());
            }
            let _ = array.to_texts();
        }
    }
});
