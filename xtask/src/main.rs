//! Checks and generated files of this workspace: `cargo xtask help` lists them.
#![expect(clippy::print_stderr, reason = "a tool at the terminal")]

mod boundaries;
mod check;
mod norms;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask check [--no-tests]   everything continuous integration runs
cargo xtask boundaries           which crate may use which
cargo xtask norms                the healthy adults' table, from the recorded data";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words[..] {
        ["check"] => check::run(true),
        ["check", "--no-tests"] => check::run(false),
        ["boundaries"] => boundaries::run(),
        ["norms"] => norms::run(),
        _ => {
            eprintln!("{HELP}");
            return ExitCode::from(u8::from(!matches!(words[..], ["help" | "--help"])) * 2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
