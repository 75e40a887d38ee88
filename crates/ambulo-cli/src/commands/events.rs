//! `ambulo events`: a recording in, its gait events out.

use std::path::PathBuf;

use ambulo_io::files;

use super::input::InputArgs;
use crate::Outcome;
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Where to write the events
    #[arg(short, long, value_name = "FILE.csv", default_value = "events.csv")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut progress = Progress::new(false);
    let (loaded, config) = args.input.load()?;
    let analysed = ambulo_pipeline::analyze(&loaded, &config, &mut |stage| progress.stage(stage));
    progress.finish();
    let csv = ambulo_report::events_csv(&analysed.analysis);
    files::write_atomically(&args.output, csv.as_bytes())?;
    let events = analysed.analysis.events.len();
    progress::say(&format!("{events} events: {}", args.output.display()));
    if events > 0 {
        return Ok(Outcome::Done);
    }
    for reason in analysed.reasons() {
        progress::say(&format!("no events: {reason}"));
    }
    Ok(Outcome::NoValidAnalysis)
}
