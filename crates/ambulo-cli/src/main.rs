//! The `ambulo` command: measures how a person walks, on this computer, and explains what it found.
//!
//! Exit codes: 0 done; 1 the input could be read but no valid analysis was possible; 2 usage, or
//! an input that could not be read. Results go to files or standard output, messages to standard error.

mod commands;
mod progress;

use std::process::ExitCode;

use ambulo_io::formats::ReadError;
use ambulo_pipeline::pose2d::Pose2dError;
use clap::Parser as _;

fn main() -> ExitCode {
    let cli = commands::Cli::parse();
    match commands::run(&cli.command) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::NoValidAnalysis) => ExitCode::from(1),
        // Whoever reads has had enough, as `head` has.
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            progress::error(&error);
            let was_readable = error
                .downcast_ref::<ReadError>()
                .is_some_and(ReadError::was_readable)
                || error
                    .downcast_ref::<Pose2dError>()
                    .is_some_and(Pose2dError::was_readable);
            ExitCode::from(if was_readable { 1 } else { 2 })
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|it| it.kind() == std::io::ErrorKind::BrokenPipe)
}

/// How a command ended, if it could read its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Done,
    /// The input could be read, but it allows no valid analysis.
    NoValidAnalysis,
}
