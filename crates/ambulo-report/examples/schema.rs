//! Prints the JSON Schema of `result.json`: `cargo run -p ambulo-report --example schema > docs/formats/result.schema.json`.

use std::io::Write as _;

fn main() -> std::io::Result<()> {
    let text = serde_json::to_string_pretty(&ambulo_report::schema())?;
    writeln!(std::io::stdout(), "{text}")
}
