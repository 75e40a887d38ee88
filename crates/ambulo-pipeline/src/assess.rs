//! The gait score and its rationale: from what was measured, by the model that comes with the program.

mod second;

pub(crate) use second::second_opinion;

use std::sync::OnceLock;

use ambulo::analysis::Analysis;
use ambulo::assessment::aspects::AspectReadings;
use ambulo::assessment::claims::FactCheck;
use ambulo::assessment::features::Features;
use ambulo::assessment::score::{ScoreModel, ScoreModelError, Scored, Unscored, score};
use ambulo::assessment::{Assessment, Measured, rationale};
use ambulo::quality::Grade;
use ambulo::trial::Recording;
use ambulo::walk::View;

use crate::config::Config;

/// The model that comes with the program.
static SHIPPED: &[u8] = include_bytes!("../../../weights/assess_forest.json");

/// Why a model could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// It is not JSON of a model.
    #[error("the file is no model of gait scores")]
    Json(#[from] serde_json::Error),
    /// It is damaged.
    #[error(transparent)]
    Model(#[from] ScoreModelError),
}

/// Reads a model file.
///
/// # Errors
///
/// [`ModelError`] if it could not be used.
pub fn read_model(bytes: &[u8]) -> Result<ScoreModel, ModelError> {
    let model: ScoreModel = serde_json::from_slice(bytes)?;
    Ok(model.checked()?)
}

/// The model that comes with the program; `None` if it was built with one that cannot be used.
pub fn shipped_model() -> Option<&'static ScoreModel> {
    static MODEL: OnceLock<Option<ScoreModel>> = OnceLock::new();
    MODEL.get_or_init(|| read_model(SHIPPED).ok()).as_ref()
}

/// SHA-256 of the model that comes with the program.
pub fn shipped_sha256() -> String {
    ambulo_io::files::sha256(SHIPPED)
}

/// What is measured of a result, for scores and rationales.
pub fn measured(analysis: &Analysis) -> Measured<'_> {
    Measured {
        subject: &analysis.input.subject,
        parameters: &analysis.parameters,
        strides: &analysis.strides,
        angles: &analysis.angles,
        indices: &analysis.indices,
        norms: &analysis.norms,
    }
}

/// What a score rests on in a result.
pub fn features(analysis: &Analysis) -> Features {
    Features::of(&analysis.parameters, &analysis.angles)
}

/// The qualities that a rationale of a result may speak of.
pub fn readings(analysis: &Analysis, model: &ScoreModel, config: &Config) -> AspectReadings {
    AspectReadings::of(&measured(analysis), &model.references, &config.assessment)
}

/// Checks what a text claims of a result.
pub fn check(text: &str, analysis: &Analysis, model: &ScoreModel, config: &Config) -> FactCheck {
    FactCheck::of(text, &readings(analysis, model, config))
}

/// The question for a language model of the user's own.
pub fn prompt(analysis: &Analysis, model: &ScoreModel, config: &Config) -> String {
    rationale::prompt(
        &readings(analysis, model, config),
        analysis.assessment.score,
    )
}

/// Puts a text's sentences in place of the rationale: those that the measurements contradict are struck and counted.
pub fn with_text(
    analysis: &mut Analysis,
    text: &str,
    model: &ScoreModel,
    config: &Config,
) -> FactCheck {
    let readings = readings(analysis, model, config);
    let vetted = rationale::vetted(text, &readings);
    analysis.assessment.rationale = vetted.sentences;
    analysis.assessment.struck_sentences = vetted.struck;
    FactCheck::of(text, &readings)
}

/// The result with its score and rationale, or why there is none.
pub(crate) fn scored(mut analysis: Analysis, recording: &Recording, config: &Config) -> Analysis {
    let Some(model) = shipped_model() else {
        return analysis;
    };
    if let Some(why) = refusal(&analysis) {
        let assessment = &mut analysis.assessment;
        assessment.abstained = true;
        assessment.abstained_because = Some(why);
        return analysis;
    }
    let found = score(&model.whole, &features(&analysis));
    let readings = readings(&analysis, model, config);
    // The writer's own sentences pass the same check as anybody's.
    let text = rationale::as_text(&rationale::write(&readings));
    let vetted = rationale::vetted(&text, &readings);
    let assessment: &mut Assessment = &mut analysis.assessment;
    assessment.rationale = vetted.sentences;
    assessment.struck_sentences = vetted.struck;
    let hashes = &mut analysis.provenance.weights_sha256;
    hashes.insert("assessment".to_owned(), shipped_sha256());
    if config.assessment.second_opinion
        && let Some((opinion, weights)) = second_opinion(recording, &readings)
    {
        assessment.second_opinion = Some(opinion);
        hashes.extend(weights.map(|(name, sha256)| (name.to_owned(), sha256.to_owned())));
    }
    lead(assessment, found, &model.version);
    analysis
}

/// The score of the forest; that of the language model where too little was measured for the forest, for there it is
/// the better one (its card).
fn lead(assessment: &mut Assessment, forest: Scored, version: &str) {
    let forest_is = format!("{} {version}", forest.scorer);
    let (why, beside) = match (forest.score, &assessment.second_opinion) {
        (Err(why @ Unscored::TooLittleMeasured { .. }), Some(beside)) if beside.score.is_some() => {
            (why, beside)
        }
        (score, _) => {
            assessment.scorer = Some(forest_is);
            assessment.probabilities = forest.probabilities;
            assessment.score = score.as_ref().ok().copied();
            assessment.abstained_because = score.err().map(|why| why.to_string());
            assessment.abstained = assessment.abstained_because.is_some();
            return;
        }
    };
    assessment.score = beside.score;
    assessment.probabilities.clone_from(&beside.probabilities);
    assessment.scorer = Some(beside.scorer.clone());
    assessment.scorer_because = Some(format!("{forest_is} gives none: {why}"));
}

/// Why a recording is not scored at all.
fn refusal(analysis: &Analysis) -> Option<String> {
    if analysis.quality.grade == Grade::Reject {
        let findings = analysis.quality.findings.iter();
        let why = findings
            .filter(|it| it.grade == Grade::Reject)
            .map(|it| it.message.as_str());
        let why: Vec<&str> = why.collect();
        return Some(format!("the recording was rejected: {}", why.join(" ")));
    }
    if analysis.input.view != View::Spatial {
        return Some(
            "the score was validated on motion in space, and this recording is of one camera"
                .to_owned(),
        );
    }
    None
}
