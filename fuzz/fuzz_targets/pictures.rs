//! Reads any bytes as the labels and the pictures that networks learn from.

#![no_main]

use ambulo_train::datasets::coco::{CocoFile, parse_results};
use ambulo_train::datasets::lspet::Lspet;
use ambulo_train::pictures::jpeg;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = CocoFile::parse(bytes) {
        let results = parse_results(bytes).unwrap_or_default();
        let _ = file.pictures(&results);
        let _ = file.to_learn_from();
    }
    // Bytes that are a table name pictures; each of them is these bytes again.
    if let Ok(data) = Lspet::parse(bytes, &mut |_| Ok(bytes.to_vec())) {
        for entry in &data.entries {
            let _ = entry.picture();
        }
    }
    let _ = jpeg::decode(bytes);
});
