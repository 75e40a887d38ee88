//! Simulated walks as tokens of motion, with what was measured and with the rationale that our writer gives them.

use std::path::Path;

use ambulo::assessment::aspects::AspectReadings;
use ambulo::assessment::features::Features;
use ambulo::assessment::levels::levelled;
use ambulo::assessment::rationale;
use ambulo::assessment::score::SCORES;
use ambulo::motion::Motion3d;
use ambulo_nn::codec::motion::{Facing, MotionError as FeatureError, MotionFeatures, features_of};
use ambulo_nn::networks::vqvae::{TokenError, Vqvae};
use serde::{Deserialize, Serialize};

use crate::impairment::{WalkerSettings, Walkers};
use crate::motion::{MotionError, Role};

/// Settings of the walks and of what is said of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextSettings {
    /// How walks are made.
    pub walkers: WalkerSettings,
    /// Walks of each person that is learned from, for each score.
    pub walks: u64,
    /// Walks of each other person, for each score.
    pub held_walks: u64,
    /// From how many standard deviations on a rationale calls a quality out of the ordinary.
    pub departs_z: f64,
}

impl Default for TextSettings {
    fn default() -> Self {
        Self {
            walkers: WalkerSettings::default(),
            walks: 40,
            held_walks: 12,
            departs_z: 1.5,
        }
    }
}

/// What was measured of a walk.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredText {
    /// What a score rests on.
    pub features: Features,
    /// What a rationale may speak of.
    pub readings: AspectReadings,
}

/// A walk as the language model sees it, and what it is to say.
#[derive(Debug, Clone, PartialEq)]
pub struct GaitText {
    /// Whose recorded motion it was made from.
    pub person: String,
    /// What that person's recordings are for.
    pub role: Role,
    /// The score that it simulates.
    pub score: u8,
    /// Codes of the motion: begun at its first frame, at its second, and so on, as many as a code has frames.
    pub codes: Vec<Vec<usize>>,
    /// What was measured.
    pub measured: MeasuredText,
    /// The rationale: "Foot: … Arm: … Overall: …".
    pub text: String,
    /// The same in the first words of each kind, from the levels of what was measured alone.
    pub plain: String,
}

/// Why there are no walks.
#[derive(Debug, thiserror::Error)]
pub enum WalkError {
    /// The recordings cannot be used.
    #[error("cannot use the recordings")]
    Motion(#[from] MotionError),
    /// Not one walk could be measured and turned into tokens.
    #[error("no walk could be measured and turned into tokens")]
    None,
}

/// Why a motion has no codes.
#[derive(Debug, thiserror::Error)]
pub enum CodesError {
    /// It has no features.
    #[error(transparent)]
    Features(#[from] FeatureError),
    /// It has no tokens.
    #[error(transparent)]
    Tokens(#[from] TokenError),
}

/// Measures a motion; `None` where nothing could be.
pub type MeasureText<'a> = dyn FnMut(&Motion3d) -> Option<MeasuredText> + 'a;

/// Walks of everybody in a folder of recordings (`cmu` and `c3d/biomechzoo` in it) whose role is among these. Walks
/// that cannot be made, measured or tokenised are left out. `progress` is told how many of how many people are done.
///
/// # Errors
///
/// [`WalkError`] if the recordings are missing or damaged, or no walk is left.
pub fn gait_texts(
    data: &Path,
    settings: &TextSettings,
    roles: &[Role],
    tokenizer: &Vqvae,
    measure: &mut MeasureText<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<GaitText>, WalkError> {
    let walkers = Walkers::load(data)?;
    let people: Vec<(&str, Role)> = walkers
        .people()
        .filter(|(_, role)| roles.contains(role))
        .collect();
    let mut texts = Vec::new();
    for (done, &(person, role)) in people.iter().enumerate() {
        progress(done, people.len());
        let walks = if role == Role::Train {
            settings.walks
        } else {
            settings.held_walks
        };
        for score in (0_u8..).take(SCORES) {
            for index in 0..walks {
                // Walks of unlike scores are made from unlike cycles.
                let index = index * SCORES as u64 + u64::from(score);
                let Ok(walk) = walkers.walk(person, score, index, &settings.walkers) else {
                    continue;
                };
                let Some(measured) = measure(&walk.motion) else {
                    continue;
                };
                let origin = (person, role, score);
                let text = GaitText::of(
                    origin,
                    &walk.motion,
                    measured,
                    tokenizer,
                    settings.departs_z,
                );
                texts.extend(text.ok());
            }
        }
    }
    if texts.is_empty() {
        return Err(WalkError::None);
    }
    Ok(texts)
}

impl GaitText {
    /// A walk of a person (with what the person's recordings are for, and its score) from its motion and what was
    /// measured of it; from `departs_z` standard deviations on a quality is called out of the ordinary.
    ///
    /// # Errors
    ///
    /// [`CodesError`] if the motion shows too little of the body or is too short.
    pub fn of(
        (person, role, score): (&str, Role, u8),
        motion: &Motion3d,
        measured: MeasuredText,
        tokenizer: &Vqvae,
        departs_z: f64,
    ) -> Result<Self, CodesError> {
        let codes = gait_codes(motion, tokenizer)?;
        let readings = &measured.readings;
        let text = rationale::as_text(&rationale::write_departing(readings, departs_z));
        let plain = plain_text(readings, departs_z);
        Ok(Self {
            person: person.to_owned(),
            role,
            score,
            codes,
            text,
            plain,
            measured,
        })
    }
}

/// The rationale of which nothing but the levels of what was measured decides a word.
pub(super) fn plain_text(readings: &AspectReadings, departs_z: f64) -> String {
    rationale::as_text(&rationale::write_plainly(&levelled(readings), departs_z))
}

/// Codes of a motion: begun at each of the frames of the first code that leave something to encode.
///
/// # Errors
///
/// [`CodesError`] if it shows too little of the body or is too short.
pub fn gait_codes(motion: &Motion3d, tokenizer: &Vqvae) -> Result<Vec<Vec<usize>>, CodesError> {
    let features = features_of(motion, Facing::Upstream)?;
    let mut codes = vec![tokenizer.tokens(&features)?];
    let width = features.data().len() / features.frames().max(1);
    for later in 1..tokenizer.config().frames_of_token() {
        let rest = features.data().get(later * width..).unwrap_or_default();
        let Ok(rest) = MotionFeatures::from_rows(rest.to_vec()) else {
            break;
        };
        if let Ok(own) = tokenizer.tokens(&rest) {
            codes.push(own);
        }
    }
    Ok(codes)
}
