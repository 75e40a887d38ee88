//! A tokenizer as text, which a weights file carries among its notes.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::model::{Kind, NormaliserSpec, Piece};
use super::normal::Normaliser;
use super::{TextError, Tokenizer};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    /// Text, logarithm of the probability, kind as in the model's file.
    pieces: Vec<(String, f32, u8)>,
    /// Replacements in hexadecimal.
    charsmap: String,
    added: Vec<String>,
    sentinels: usize,
}

impl Tokenizer {
    /// The note of a weights file that holds its tokenizer.
    pub const NOTE: &'static str = "tokenizer";

    /// The tokenizer as text.
    ///
    /// # Panics
    ///
    /// Never: texts and numbers are always JSON.
    pub fn to_json(&self) -> String {
        let mut charsmap = String::new();
        for byte in self.normaliser.charsmap() {
            let _ = write!(charsmap, "{byte:02x}");
        }
        let pieces = self.pieces.iter();
        let stored = Stored {
            pieces: pieces
                .map(|p| (p.text.clone(), p.score, number(p.kind)))
                .collect(),
            charsmap,
            added: self.added.clone(),
            sentinels: self.sentinels,
        };
        serde_json::to_string(&stored).expect("texts and numbers are JSON")
    }

    /// Reads what [`Tokenizer::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// [`TextError`] if the text is anything else.
    pub fn from_json(json: &str) -> Result<Self, TextError> {
        let stored: Stored =
            serde_json::from_str(json).map_err(|error| TextError::Stored(error.to_string()))?;
        let refused = |what: &str| TextError::Stored(what.to_owned());
        let piece = |(text, score, kind): (String, f32, u8)| {
            let kind = kind_of(kind).ok_or_else(|| refused("a piece is of an unknown kind"))?;
            if !score.is_finite() {
                return Err(refused("the score of a piece is not a number"));
            }
            Ok(Piece { text, score, kind })
        };
        let pieces: Result<Vec<Piece>, TextError> = stored.pieces.into_iter().map(piece).collect();
        let (digits, rest) = stored.charsmap.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| {
            let text = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(text, 16).ok()
        };
        let charsmap: Option<Vec<u8>> = digits.iter().map(byte).collect();
        let charsmap = charsmap.filter(|_| rest.is_empty());
        let charsmap = charsmap.ok_or_else(|| refused("its replacements are not hexadecimal"))?;
        let normaliser = Normaliser::new(&NormaliserSpec { charsmap })?;
        let mut tokenizer = Self::of(pieces?, normaliser)?;
        if stored.sentinels > stored.added.len() {
            return Err(refused("there are more sentinels than added tokens"));
        }
        tokenizer.add(stored.added)?;
        tokenizer.sentinels = stored.sentinels;
        Ok(tokenizer)
    }
}

/// The number of a kind in the model's file.
fn number(kind: Kind) -> u8 {
    match kind {
        Kind::Normal => 1,
        Kind::Unknown => 2,
        Kind::Control => 3,
        Kind::Whole => 4,
        Kind::Unused => 5,
    }
}

fn kind_of(number: u8) -> Option<Kind> {
    let all = [
        Kind::Normal,
        Kind::Unknown,
        Kind::Control,
        Kind::Whole,
        Kind::Unused,
    ];
    all.into_iter().find(|&kind| self::number(kind) == number)
}
