//! What a language model says of walks, and how true and how near to the writer's words it is.

use std::collections::BTreeMap;

use ambulo::assessment::aspects::Aspect;
use ambulo::assessment::claims::{FactCheck, Verdict};
use ambulo::assessment::rationale::vetted;
use ambulo::assessment::score::likeliest;
use ambulo::metrics::text::{Cider, Written, cider};
use ambulo_nn::networks::t5::T5Error;
use ambulo_nn::reasoner::Reasoner;

use super::lessons::described;
use super::templates::Templates;
use super::walks::GaitText;

/// A walk with what was said of it.
#[derive(Debug, Clone)]
pub struct Said<'a> {
    /// The walk.
    pub walk: &'a GaitText,
    /// What our writer says.
    pub reference: String,
    /// What was said.
    pub text: String,
    /// Probability of each score; empty where none was asked for.
    pub probabilities: Vec<f64>,
    /// Claims that the measurements bear out, and claims that they can be held against.
    pub supported: [usize; 2],
    /// Sentences without a claim that the measurements contradict, among those with a claim that can be checked.
    pub sentences: [usize; 2],
}

/// Figures of what was said of some walks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Mean `CIDEr`.
    pub cider: f64,
    /// Mean `CIDEr-D`.
    pub cider_d: f64,
    /// Share of the walks whose likeliest score is true; 0 where none was given.
    pub accuracy: f64,
    /// Share of the checkable claims that the measurements bear out; 0 without any.
    pub supported: f64,
}

impl<'a> Said<'a> {
    /// Something said of a walk, with its claims checked.
    pub fn of(walk: &'a GaitText, reference: &str, text: String, probabilities: Vec<f64>) -> Self {
        let check = FactCheck::of(&text, &walk.measured.readings);
        let vetted = vetted(&text, &walk.measured.readings);
        let borne_out = vetted.sentences.len();
        Self {
            walk,
            reference: reference.to_owned(),
            text,
            probabilities,
            supported: [check.supported, check.supported + check.contradicted],
            sentences: [borne_out, borne_out + vetted.struck],
        }
    }
}

/// The answers to an instruction about walks.
///
/// # Errors
///
/// [`T5Error`] if a code has no token.
pub fn answered<'a>(
    reasoner: &Reasoner,
    instruction: &str,
    walks: &[&'a GaitText],
) -> Result<Vec<Said<'a>>, T5Error> {
    let mut said = Vec::with_capacity(walks.len());
    for &walk in walks {
        let codes = walk.codes.first().map_or(&[][..], Vec::as_slice);
        let answer = reasoner.answer(instruction, codes, &walk.measured.readings)?;
        said.push(Said::of(
            walk,
            &walk.text,
            answer.text,
            answer.probabilities,
        ));
    }
    Ok(said)
}

/// Descriptions of walks as the generative stage writes them.
///
/// # Errors
///
/// [`T5Error`] if a code has no token.
pub fn described_walks<'a>(
    reasoner: &Reasoner,
    walks: &[&'a GaitText],
) -> Result<Vec<Said<'a>>, T5Error> {
    let templates = Templates::new();
    let instruction = templates.describing.first().map_or("", String::as_str);
    let mut said = Vec::with_capacity(walks.len());
    for &walk in walks {
        let codes = walk.codes.first().map_or(&[][..], Vec::as_slice);
        let text = reasoner.text(instruction, codes)?;
        said.push(Said::of(walk, &described(&walk.text), text, Vec::new()));
    }
    Ok(said)
}

/// The figures of what was said; `None` of nothing.
pub fn figures(said: &[Said<'_>]) -> Option<Figures> {
    let count = said.len() as f64;
    let right = said.iter().filter(|it| {
        let (score, probability) = likeliest(&it.probabilities);
        probability > 0.0 && score == it.walk.score
    });
    let claims = said.iter().fold([0, 0], |[held, all], it| {
        [held + it.supported[0], all + it.supported[1]]
    });
    Some(Figures {
        cider: cider(&texts(said), Cider::Plain).ok()?.mean,
        cider_d: cider(&texts(said), Cider::D).ok()?.mean,
        accuracy: right.count() as f64 / count,
        supported: claims[0] as f64 / claims[1].max(1) as f64,
    })
}

/// Of which qualities a network speaks, and how truly: claims that the measurements bear out, and claims that they can be
/// held against.
pub fn claims_by_aspect(said: &[Said<'_>]) -> BTreeMap<Aspect, [usize; 2]> {
    let mut counts: BTreeMap<Aspect, [usize; 2]> = BTreeMap::new();
    for it in said {
        for claim in FactCheck::of(&it.text, &it.walk.measured.readings).claims {
            if let (Some(aspect), Verdict::Supported | Verdict::Contradicted) =
                (claim.claim.aspect, claim.verdict)
            {
                let [held, all] = counts.entry(aspect).or_default();
                *held += usize::from(claim.verdict == Verdict::Supported);
                *all += 1;
            }
        }
    }
    counts
}

/// Texts beside their references.
pub(crate) fn texts(said: &[Said<'_>]) -> Vec<Written> {
    let written = said.iter().map(|it| Written {
        hypothesis: it.text.clone(),
        references: vec![it.reference.clone()],
    });
    written.collect()
}
