//! Reads any bytes as a `SentencePiece` model or a stored tokenizer, and cuts a text with what comes of it.

#![no_main]

use ambulo_nn::codec::text::{Special, Tokenizer};
use libfuzzer_sys::fuzz_target;

const TEXT: &str = "\u{dc}berall <1 s \u{bd} \u{fb01}ne\tcaf\u{e9} <extra_id_1>.";

fuzz_target!(|bytes: &[u8]| {
    let stored = std::str::from_utf8(bytes).ok();
    let stored = stored.and_then(|text| Tokenizer::from_json(text).ok());
    let read = Tokenizer::from_sentencepiece(bytes, 2).ok();
    for tokenizer in [stored, read].into_iter().flatten() {
        let tokens = tokenizer.encode(TEXT);
        let _ = tokenizer.decode(&tokens, Special::Keep);
        let again = Tokenizer::from_json(&tokenizer.to_json());
        assert_eq!(again.ok(), Some(tokenizer));
    }
});
