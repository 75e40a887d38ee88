//! Checkpoints that hold a motion tokenizer and a language model together, and T5 as it is published.

use std::collections::BTreeMap;

use super::{Entry, ImportError};
use crate::config::{NetworkConfig, VqvaeConfig};
use crate::tensors::{Tensor, Tensors};

/// What stands before the names of the motion tokenizer.
const TOKENIZER: [&str; 2] = ["vae.", "motion_vae."];
/// What stands before the names of T5.
const LANGUAGE: [&str; 1] = ["lm.language_model."];
/// What is never of either: networks that score motions while training.
const SCORES: [&str; 2] = ["metrics.", "_losses."];

/// The published code keeps these beside `shared.weight`, which they repeat.
pub(super) const COPIES: [&str; 2] = ["encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
/// A table that T5's first checkpoints hold and no version uses.
const DEAD: &str = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

/// What the averages of the codes are called.
const SUM: &str = "quantizer.code_sum";
const COUNT: &str = "quantizer.code_count";

/// The name of a tensor without what stands before those of its network.
pub(super) fn bare<'a>(config: &NetworkConfig, name: &'a str) -> &'a str {
    let prefixes: &[&str] = match config {
        NetworkConfig::Vqvae(_) => &TOKENIZER,
        NetworkConfig::T5(_) => &LANGUAGE,
        _ => &[],
    };
    let found = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix));
    found.unwrap_or(name)
}

/// Whether a tensor belongs to another part of such a checkpoint, or only repeats one.
pub(super) fn is_other(config: &NetworkConfig, name: &str) -> bool {
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    match config {
        NetworkConfig::Vqvae(_) => begins(&["lm."]) || begins(&SCORES),
        NetworkConfig::T5(_) => {
            begins(&TOKENIZER) || begins(&SCORES) || COPIES.contains(&name) || name == DEAD
        }
        _ => false,
    }
}

/// Whether two entries are the same numbers of the archive, so that they need not be compared.
pub(super) fn is_same_place(a: &Entry, b: &Entry) -> bool {
    match (a, b) {
        (Entry::View(a), Entry::View(b)) => {
            a.storage.key == b.storage.key
                && (a.offset, &a.shape, &a.stride) == (b.offset, &b.shape, &b.stride)
        }
        _ => false,
    }
}

/// The tensors that a checkpoint of the published code lacks, for it does not keep them.
pub(super) fn absent(
    config: &NetworkConfig,
    entries: &BTreeMap<String, Entry>,
) -> Vec<&'static str> {
    let is_tokenizer = matches!(config, NetworkConfig::Vqvae(_));
    let both = [SUM, COUNT];
    if is_tokenizer && both.iter().all(|&name| !entries.contains_key(name)) {
        return both.to_vec();
    }
    Vec::new()
}

/// Lets the averages of the codes begin at the codes, each counted once.
pub(super) fn begin_averages(
    config: &VqvaeConfig,
    tensors: &mut Tensors,
) -> Result<(), ImportError> {
    let codes = tensors.require("quantizer.codebook")?.clone();
    tensors.insert(SUM, codes);
    tensors.insert(COUNT, Tensor::new([config.codes], vec![1.0; config.codes])?);
    Ok(())
}
