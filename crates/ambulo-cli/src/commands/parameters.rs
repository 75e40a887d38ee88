//! `ambulo parameters`: a recording in, its gait parameters out.

use std::path::PathBuf;

use ambulo_io::files;
use ambulo_pipeline::lifting::Lifter;
use anyhow::Context as _;

use super::input::InputArgs;
use crate::Outcome;
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Events to use instead of detected ones, as written by `ambulo events`
    #[arg(long, value_name = "FILE.csv")]
    events: Option<PathBuf>,
    /// Where to write the parameters
    #[arg(
        short,
        long,
        value_name = "FILE.json",
        default_value = "parameters.json"
    )]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut progress = Progress::new(false);
    let (mut loaded, mut config) = args.input.load()?;
    if let Some(path) = &args.events {
        let file = files::load_file(path)?;
        ambulo_pipeline::read::use_events(&mut loaded, &mut config, &file.bytes)
            .with_context(|| format!("cannot use the events in {}", path.display()))?;
    }
    let mut lifter = args.input.lifter(&config)?;
    let lifter = lifter.as_mut().map(|lifter| lifter as &mut dyn Lifter);
    let report = &mut |stage| progress.stage(stage);
    let analysed = ambulo_pipeline::analyze_with(&loaded, &config, lifter, report);
    progress.finish();
    let mut json = serde_json::to_string_pretty(&analysed.analysis.parameters)?;
    json.push('\n');
    files::write_atomically(&args.output, json.as_bytes())?;
    progress::say(&format!("parameters: {}", args.output.display()));
    if analysed.is_valid() {
        return Ok(Outcome::Done);
    }
    for reason in analysed.reasons() {
        progress::say(&format!("no valid analysis: {reason}"));
    }
    Ok(Outcome::NoValidAnalysis)
}
