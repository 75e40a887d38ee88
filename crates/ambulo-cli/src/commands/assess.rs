//! `ambulo assess`: a recording in, its gait score with the reasons out.

use std::path::PathBuf;

use ambulo::analysis::Analysis;
use ambulo_io::files;
use ambulo_pipeline::assess;
use ambulo_pipeline::lifting::Lifter;
use anyhow::Context as _;

use super::input::InputArgs;
use crate::Outcome;
use crate::progress::{self, Progress};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Check a rationale of somebody else's (plain text) in place of our own: sentences that the measurements
    /// contradict are struck
    #[arg(long, value_name = "FILE.txt")]
    text: Option<PathBuf>,
    /// Write the question that makes any language model write a rationale
    #[arg(long, value_name = "FILE.txt")]
    prompt: Option<PathBuf>,
    /// Where to write the assessment
    #[arg(
        short,
        long,
        value_name = "FILE.json",
        default_value = "assessment.json"
    )]
    output: PathBuf,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut progress = Progress::new(false);
    let (loaded, config) = args.input.load()?;
    let mut lifter = args.input.lifter(&config)?;
    let lifter = lifter.as_mut().map(|lifter| lifter as &mut dyn Lifter);
    let report = &mut |stage| progress.stage(stage);
    let mut analysed = ambulo_pipeline::analyze_with(&loaded, &config, lifter, report);
    progress.finish();
    let is_valid = analysed.is_valid();
    let reasons = analysed.reasons();
    let analysis = &mut analysed.analysis;
    if let Some(model) = assess::shipped_model().filter(|_| is_valid) {
        if let Some(path) = &args.text {
            let file = files::load_file(path)?;
            let text = String::from_utf8_lossy(&file.bytes);
            let check = assess::with_text(analysis, &text, model, &config);
            progress::say(&format!("text: {}", check.summary()));
        }
        if let Some(path) = &args.prompt {
            let prompt = assess::prompt(analysis, model, &config);
            files::write_atomically(path, prompt.as_bytes())
                .with_context(|| format!("cannot write {}", path.display()))?;
            progress::say(&format!("prompt: {}", path.display()));
        }
    }
    let mut json = serde_json::to_string_pretty(&analysis.assessment)?;
    json.push('\n');
    files::write_atomically(&args.output, json.as_bytes())?;
    for line in lines(analysis) {
        progress::say(&line);
    }
    progress::say(&format!("assessment: {}", args.output.display()));
    if is_valid {
        return Ok(Outcome::Done);
    }
    for reason in reasons {
        progress::say(&format!("no valid analysis: {reason}"));
    }
    Ok(Outcome::NoValidAnalysis)
}

/// Score, probabilities and sentences, a line each.
fn lines(analysis: &Analysis) -> Vec<String> {
    let assessment = &analysis.assessment;
    let mut lines = Vec::new();
    match (assessment.score, &assessment.abstained_because) {
        (Some(score), _) => lines.push(format!(
            "gait score: {score} of 0 to 3 (research use, not a diagnosis)"
        )),
        (None, Some(why)) => lines.push(format!("no gait score: {why}")),
        (None, None) => {}
    }
    if let (Some(scorer), Some(why)) = (&assessment.scorer, &assessment.scorer_because) {
        lines.push(format!("given by {scorer}; {why}"));
    }
    if !assessment.probabilities.is_empty() {
        let shares = assessment.probabilities.iter().enumerate();
        let shares: Vec<String> = shares
            .map(|(score, p)| format!("{score}: {p:.2}"))
            .collect();
        lines.push(format!("probabilities: {}", shares.join(", ")));
    }
    for sentence in &assessment.rationale {
        let rests: Vec<String> = sentence
            .evidence
            .iter()
            .map(|it| {
                let norm = it.norm.as_ref().map_or_else(String::new, |norm| {
                    format!(", norm {:.3} ± {:.3}", norm.mean, norm.sd)
                });
                format!(
                    "{} {} {:.3} {}{norm}",
                    it.parameter, it.side, it.value, it.unit
                )
            })
            .collect();
        lines.push(format!("  {} [{}]", sentence.sentence, rests.join("; ")));
    }
    if let Some(other) = &assessment.second_opinion {
        let score = match (other.score, other.unscored_because()) {
            _ if assessment.scorer_because.is_some() => "the score above".to_owned(),
            (Some(score), _) => format!("score {score}"),
            (None, why) => why.unwrap_or_default().to_owned(),
        };
        lines.push(format!(
            "language model {}: {score}; {} of its sentences borne out, {} struck",
            other.scorer,
            other.rationale.len(),
            other.struck_sentences
        ));
        let own = other.rationale.iter();
        lines.extend(own.map(|it| format!("  {}", it.sentence)));
    }
    if assessment.struck_sentences > 0 {
        lines.push(format!(
            "struck, because the measurements contradict them: {} sentences",
            assessment.struck_sentences
        ));
    }
    lines
}
