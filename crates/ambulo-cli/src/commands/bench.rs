//! `ambulo bench`: the time of every stage on this machine.

use std::io::Write as _;

use crate::Outcome;
use crate::progress::Progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fewer repetitions
    #[arg(long)]
    quick: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut progress = Progress::new(false);
    let table = ambulo_pipeline::bench::run(args.quick, &mut |stage| progress.stage(stage))?;
    progress.finish();
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(Outcome::Done)
}
