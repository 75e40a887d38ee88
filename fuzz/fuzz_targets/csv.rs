//! Reads any bytes as CSV; a table that can be read must be readable again and the same.

#![no_main]

use ambulo_io::csv::{parse_rows, parse_table, points_of, table_of, write_table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = parse_rows(bytes);
    let Ok(table) = parse_table(bytes) else {
        return;
    };
    if let Ok(points) = points_of(&table) {
        let _ = (points.to_trial(), table_of(&points));
    }
    // A carriage return inside a name becomes a space; a byte order mark at the start is no letter.
    let is_plain = |name: &String| !name.contains(['\r', '\u{feff}']);
    if table.columns.iter().all(is_plain) {
        assert_eq!(parse_table(&write_table(&table)), Ok(table));
    }
});
