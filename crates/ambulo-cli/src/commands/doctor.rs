//! `ambulo doctor`: what works on this machine.

use std::io::Write as _;

use crate::Outcome;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_args: &Args) -> anyhow::Result<Outcome> {
    let (report, healthy) = ambulo_pipeline::doctor::examine();
    std::io::stdout().write_all(report.as_bytes())?;
    Ok(if healthy {
        Outcome::Done
    } else {
        Outcome::NoValidAnalysis
    })
}
