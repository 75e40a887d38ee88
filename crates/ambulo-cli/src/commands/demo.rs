//! `ambulo demo`: a synthetic walker with known truth, filmed, analysed, truth beside estimate.

use std::io::Write as _;
use std::path::PathBuf;

use ambulo_pipeline::{artifacts, demo};

use crate::Outcome;
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Folder for the walker's files and both reports
    #[arg(short, long, value_name = "DIR", default_value = "ambulo-demo")]
    output: PathBuf,
    /// Seed of the walker's variability and of the camera's noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut progress = Progress::new(false);
    let demo = demo::run(args.seed, &mut |stage| progress.stage(stage))?;
    progress.stage("writing");
    artifacts::write(&args.output, &demo.files)?;
    for (folder, analysed) in &demo.analysed {
        artifacts::write(&args.output.join(folder), &artifacts::of(analysed)?)?;
    }
    progress.finish();
    std::io::stdout().write_all(demo.table.as_bytes())?;
    for (folder, _) in &demo.analysed {
        let report = args.output.join(folder).join("report.html");
        progress::say(&format!("report: {}", report.display()));
    }
    Ok(Outcome::Done)
}
