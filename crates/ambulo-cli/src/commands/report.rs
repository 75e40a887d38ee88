//! `ambulo report`: a result in, its report out.

use std::path::PathBuf;

use ambulo_io::files;
use anyhow::Context as _;

use crate::Outcome;
use crate::progress;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Result, as written by `ambulo analyze`
    result: PathBuf,
    /// Where to write the report
    #[arg(short, long, value_name = "FILE.html", default_value = "report.html")]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let file = files::load_file(&args.result)?;
    let text = String::from_utf8(file.bytes)
        .with_context(|| format!("{} is not UTF-8 text", args.result.display()))?;
    let analysis = ambulo_report::from_json(&text)
        .with_context(|| format!("cannot use {} as a result", args.result.display()))?;
    let html = ambulo_report::html(&analysis);
    files::write_atomically(&args.output, html.as_bytes())?;
    progress::say(&format!("report: {}", args.output.display()));
    Ok(Outcome::Done)
}
