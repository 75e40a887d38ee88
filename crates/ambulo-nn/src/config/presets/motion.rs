//! Settings of the published networks of motion and text.

use super::super::{NetworkConfig, T5Config, VqvaeConfig};

/// Rows of the table of tokens as T5 is published: 32,100 tokens and 28 that no text uses.
const PUBLISHED_ROWS: usize = 32_128;
/// 32,100 tokens and 515 of motion.
const MOTION_ROWS: usize = 32_615;
/// Seven more around reasoning and score.
const ANSWER_ROWS: usize = 32_622;

/// The motion tokenizer, and T5 with the tokens of each step.
pub(super) fn add(presets: &mut Vec<(String, NetworkConfig)>) {
    let tokenizer = NetworkConfig::Vqvae(VqvaeConfig::published());
    presets.push(("vqvae_motiongpt".to_owned(), tokenizer));
    for (name, config) in [
        ("t5_flan_small", T5Config::small(PUBLISHED_ROWS)),
        ("t5_flan_base", T5Config::base(PUBLISHED_ROWS)),
        ("t5_motiongpt", T5Config::base(MOTION_ROWS)),
        ("t5_agir", T5Config::base(ANSWER_ROWS)),
    ] {
        presets.push((name.to_owned(), NetworkConfig::T5(config)));
    }
}
