//! What works on this machine: the same checks a support request would begin with.

mod video;

use std::fmt::Write as _;

use ambulo_io::formats::Format;

use crate::demo;

pub use video::examine_video;

/// The report for people, and whether everything that must work does.
pub fn examine() -> (String, bool) {
    let mut text = format!("ambulo {}\n\n", env!("CARGO_PKG_VERSION"));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    row(
        &mut text,
        "machine",
        &format!(
            "{} {}, {cores} cores",
            std::env::consts::OS,
            std::env::consts::ARCH
        ),
    );
    let formats: Vec<_> = Format::ALL.iter().map(|format| format.name()).collect();
    row(&mut text, "formats", &formats.join(", "));
    video::decoders(&mut text);
    row(
        &mut text,
        "weights",
        "none installed: no lifting to three dimensions, no learned estimates",
    );
    row(
        &mut text,
        "network",
        "never used: nothing is uploaded or fetched",
    );
    let healthy = match self_test() {
        Ok(message) => {
            row(&mut text, "self test", &message);
            true
        }
        Err(message) => {
            row(&mut text, "self test", &format!("FAILED: {message}"));
            false
        }
    };
    (text, healthy)
}

fn row(text: &mut String, name: &str, value: &str) {
    let _ = writeln!(text, "{name:<12}{value}");
}

/// Analyses the demonstration's walker and compares the speed with the truth.
fn self_test() -> Result<String, String> {
    let demo = demo::run(1, &mut |_| {}).map_err(|error| error.to_string())?;
    let again = demo::run(1, &mut |_| {}).map_err(|error| error.to_string())?;
    if demo.table != again.table {
        return Err("the same walker gave two results".to_owned());
    }
    for (folder, analysed) in &demo.analysed {
        if !analysed.is_valid() {
            return Err(format!("{folder}: {}", analysed.reasons().join("; ")));
        }
    }
    Ok("a synthetic walker was analysed in space and from one camera".to_owned())
}
