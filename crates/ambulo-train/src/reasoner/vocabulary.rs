//! The words of the small language model.
//!
//! Its pieces are whole words and marks, for it reads and writes little else than our own instructions and our own
//! writer's sentences: every word of those, then single characters, so that any other word can be spelled. A word's
//! probability is its share of all those sentences; a spelled word is far less probable than a whole one. This is
//! simpler than the training of `SentencePiece`, and read by the same code.

use std::collections::{BTreeMap, BTreeSet};

use ambulo::assessment::aspects::Part;
use ambulo::assessment::levels::Level;
use ambulo::assessment::rationale::all_sentences;
use ambulo::assessment::score::SCORES;
use ambulo_nn::codec::text::{TextError, Tokenizer};
use ambulo_nn::reasoner::{INSTRUCTION, MOTION_PLACE};

use super::templates::Templates;
use crate::datasets::takes::narrow;

/// How much less probable than the rarest word a single character is.
const SPELLING_PENALTY: f64 = 10.0;
/// Marks that are pieces of their own behind words.
const MARKS: [char; 7] = ['.', ',', ':', ';', '?', '!', ')'];
/// Characters that any word can be spelled with.
const SPELLED: &str =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;?!()'\"-+/%&°±";

/// The tokenizer for a motion tokenizer of so many codes: pieces of words, tokens for motion, tokens around answers with
/// the scores 0 to 3. It depends on nothing but the code of this program.
///
/// # Errors
///
/// [`TextError`] never for fewer codes than 2³¹.
pub fn vocabulary(codes: usize) -> Result<Tokenizer, TextError> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |text: &str| {
        for word in text.split_whitespace() {
            let stem = word.trim_end_matches(MARKS);
            if !stem.is_empty() {
                *counts.entry(format!("\u{2581}{stem}")).or_default() += 1;
            }
            for mark in word[stem.len()..].chars() {
                *counts.entry(mark.to_string()).or_default() += 1;
            }
        }
    };
    for (sentence, ..) in all_sentences() {
        count(&sentence);
    }
    for part in Part::ALL {
        count(&format!("{}: not measured.", part.heading()));
    }
    for template in Templates::new().all().chain([INSTRUCTION]) {
        count(&template.replace(MOTION_PLACE, " "));
    }
    for level in Level::all() {
        count(&level.word());
    }
    let total = counts.values().sum::<usize>() as f64;
    let mut words: Vec<(String, usize)> = counts.into_iter().collect();
    words.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let known: BTreeSet<String> = words.iter().map(|(word, _)| word.clone()).collect();
    let score = |count: usize| narrow((count as f64 / total).ln());
    let spelled = narrow((1.0 / total).ln() - SPELLING_PENALTY);
    let characters = SPELLED
        .chars()
        .chain(['\u{2581}'])
        .map(|c| (c.to_string(), spelled))
        .filter(|(c, _)| !known.contains(c));
    let pieces = words
        .iter()
        .map(|(word, count)| (word.clone(), score(*count)))
        .chain(characters);
    let mut tokenizer = Tokenizer::from_pieces(pieces)?;
    tokenizer.add_motion(codes)?;
    tokenizer.add_answer(SCORES)?;
    Ok(tokenizer)
}

#[cfg(test)]
mod tests {
    use ambulo_nn::codec::text::Special;

    use super::*;

    #[test]
    fn every_sentence_of_the_writer_is_whole_words_and_comes_back() {
        let tokenizer = vocabulary(256).expect("the pieces are sound");
        assert!(tokenizer.len() < 1200, "{} tokens", tokenizer.len());
        for (sentence, ..) in all_sentences().step_by(7) {
            let tokens = tokenizer.encode(&sentence);
            assert_eq!(tokenizer.decode(&tokens, Special::Keep), sentence);
            let words = sentence.split_whitespace().count();
            let marks = sentence.matches(['.', ',']).count();
            assert_eq!(tokens.len(), words + marks, "{sentence}");
        }
        for level in Level::all() {
            assert_eq!(tokenizer.encode(&level.word()).len(), 1, "{level:?}");
        }
        let other = "Gangunsicherheit, mild.";
        let tokens = tokenizer.encode(other);
        assert!(!tokens.contains(&tokenizer.unknown()), "it is spelled");
        assert_eq!(tokenizer.decode(&tokens, Special::Keep), other);
        let format = tokenizer.answer_format(96).expect("it has the tokens");
        assert_eq!(format.scores.len(), SCORES);
    }
}
