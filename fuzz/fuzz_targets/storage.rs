//! Reads any bytes as MOT or STO; what can be read must be readable again and the same.

#![no_main]

use ambulo_io::storage::{parse, write};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(table) = parse(bytes) else { return };
    // A carriage return inside a name becomes a space, which may make two names one.
    if table.columns.iter().any(|name| name.contains('\r')) {
        return;
    }
    let again = parse(&write(&table)).expect("what was written is readable");
    assert_eq!(again.columns, table.columns);
    assert_eq!(again.values, table.values);
});
