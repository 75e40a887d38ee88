//! `ambulo analyze`: a recording in, a report out.

use std::io::Write as _;
use std::path::PathBuf;

use ambulo_pipeline::artifacts;
use ambulo_pipeline::lifting::Lifter;

use super::input::InputArgs;
use super::overlay::OverlayArgs;
use crate::Outcome;
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    overlay: OverlayArgs,
    /// Folder for the results, made if it is not there
    #[arg(short, long, value_name = "DIR", default_value = "ambulo-out")]
    output: PathBuf,
    /// Print result.json on standard output
    #[arg(long)]
    json: bool,
    /// Say nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut progress = Progress::new(args.quiet);
    progress.stage("reading");
    let (loaded, mut config) = args.input.load_with(&mut progress)?;
    args.overlay.apply(&mut config);
    let mut lifter = args.input.lifter(&config)?;
    let lifter = lifter.as_mut().map(|lifter| lifter as &mut dyn Lifter);
    let report = &mut |stage| progress.stage(stage);
    let analysed = ambulo_pipeline::analyze_with(&loaded, &config, lifter, report);
    let (video, results) = (args.input.path(), &args.output);
    let told = (&loaded, &analysed);
    let overlay = args
        .overlay
        .draw(video, told, results, &config, &mut progress);
    progress.stage("writing");
    let files = match &overlay {
        Some(overlay) => artifacts::of_filmed(&analysed, &overlay.film)?,
        None => artifacts::of(&analysed)?,
    };
    artifacts::write(&args.output, &files)?;
    progress.finish();
    if args.json {
        let json = ambulo_report::result_json(&analysed.analysis);
        std::io::stdout().write_all(json.as_bytes())?;
    }
    if !args.quiet {
        for line in ambulo_pipeline::summary_lines(&analysed.analysis) {
            progress::say(&line);
        }
        progress::say(&format!(
            "report: {}",
            args.output.join("report.html").display()
        ));
        if let Some(path) = overlay.and_then(|overlay| overlay.path) {
            progress::say(&format!("overlay: {}", path.display()));
        }
    }
    if analysed.is_valid() {
        return Ok(Outcome::Done);
    }
    for reason in analysed.reasons() {
        progress::say(&format!("no valid analysis: {reason}"));
    }
    Ok(Outcome::NoValidAnalysis)
}
