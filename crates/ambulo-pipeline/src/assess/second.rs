//! What the language model says of a walk, beside the model that leads. Its sentences pass the same check as anybody's.

use std::sync::OnceLock;

use ambulo::assessment::SecondOpinion;
use ambulo::assessment::aspects::AspectReadings;
use ambulo::assessment::rationale;
use ambulo::assessment::score::likeliest;
use ambulo::motion::Motion3d;
use ambulo::trial::Recording;
use ambulo_nn::codec::motion::{Facing, features_of};
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::networks::vqvae::Vqvae;
use ambulo_nn::reasoner::{CODES_NOTE, INSTRUCTION, Reasoner};
use ambulo_nn::threads::{Engine, Threads};
use ambulo_nn::weights::shipped;

/// The weights that come with the program.
const REASONER: &str = "assess_reasoner";
const TOKENIZER: &str = "motion_vqvae";
/// The probability that the likeliest score must have.
const LEAST_CERTAIN: f64 = 0.4;

/// The language model with what turns motion into its tokens.
#[derive(Debug)]
struct Reader {
    tokenizer: Vqvae,
    reasoner: Reasoner,
    sha256: [&'static str; 2],
}

/// What the language model that comes with the program says of a motion in space; `None` without one, for keypoints, and
/// for motion that has no tokens. With it come the SHA-256 of the weights, by name.
pub(crate) fn second_opinion(
    recording: &Recording,
    readings: &AspectReadings,
) -> Option<(SecondOpinion, [(&'static str, &'static str); 2])> {
    let Recording::Motion(motion) = recording else {
        return None;
    };
    let reader = reader()?;
    let opinion = reader.opinion(motion, readings)?;
    let [reasoner, tokenizer] = reader.sha256;
    Some((opinion, [(REASONER, reasoner), (TOKENIZER, tokenizer)]))
}

fn reader() -> Option<&'static Reader> {
    static READER: OnceLock<Option<Reader>> = OnceLock::new();
    READER.get_or_init(Reader::shipped).as_ref()
}

impl Reader {
    fn shipped() -> Option<Self> {
        let of = |id: &str| shipped().iter().find(|it| it.id == id);
        let (own, codes) = (of(REASONER)?, of(TOKENIZER)?);
        let engine = Engine::new(Threads::auto());
        let weights = own.load().ok()?;
        let learned_with = weights.info().notes.get(CODES_NOTE);
        if learned_with.is_some_and(|sha256| sha256 != codes.sha256) {
            return None;
        }
        let reasoner = Reasoner::from_weights(&weights, &engine).ok()?;
        let weights = codes.load().ok()?;
        let NetworkConfig::Vqvae(config) = weights.config() else {
            return None;
        };
        Some(Self {
            tokenizer: Vqvae::from_weights(config, weights.tensors(), &engine).ok()?,
            reasoner,
            sha256: [own.sha256, codes.sha256],
        })
    }

    fn opinion(&self, motion: &Motion3d, readings: &AspectReadings) -> Option<SecondOpinion> {
        let features = features_of(motion, Facing::Upstream).ok()?;
        let codes = self.tokenizer.tokens(&features).ok()?;
        let answer = self.reasoner.answer(INSTRUCTION, &codes, readings).ok()?;
        let (score, probability) = likeliest(&answer.probabilities);
        let vetted = rationale::vetted(&answer.text, readings);
        Some(SecondOpinion {
            scorer: REASONER.to_owned(),
            reads: self.reasoner.reads().name().to_owned(),
            // A score without a reason that holds is none.
            score: (probability >= LEAST_CERTAIN && !vetted.sentences.is_empty()).then_some(score),
            probabilities: answer.probabilities,
            rationale: vetted.sentences,
            struck_sentences: vetted.struck,
        })
    }
}
