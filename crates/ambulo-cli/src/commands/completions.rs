//! `ambulo completions`: completions for the user's shell.

use clap::CommandFactory as _;

use crate::Outcome;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every command has the same signature"
)]
pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut command = super::Cli::command();
    clap_complete::generate(args.shell, &mut command, "ambulo", &mut std::io::stdout());
    Ok(Outcome::Done)
}
