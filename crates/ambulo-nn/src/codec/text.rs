//! Text and motion to the tokens of a language model, and back.
//!
//! Words are cut into the pieces of a `SentencePiece` model of the unigram kind, read from its own file
//! (`spiece.model`). Beside pieces there are whole tokens such as `<motion_id_7>`, which are found first.
//!
//! The rules, which versions of other programs disagree about:
//!
//! - Text is split at whole tokens. What lies between is trimmed; if something is left, it is normalised and
//!   begins with a space (`▁`), also behind a whole token. So a space beside a whole token changes nothing.
//! - Any run of white space, line ends and tabs too, is one space.
//! - What no piece has, such as `{`, becomes the unknown token, one for a run of them.
//! - Back to text, `▁` is a space but for one at the very beginning; whole tokens bring no space.
//!
//! # Source
//!
//! Kudo (2018), "Subword regularization", arXiv:1804.10959; the normalisation and the file are those of
//! `google/sentencepiece`.

mod model;
mod normal;
mod stored;
mod unigram;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::networks::t5::AnswerFormat;
use model::{Kind, Piece};
use normal::Normaliser;

/// What a space is among pieces.
const SPACE: char = '\u{2581}';
/// Tokens for what stands beside the codes of a motion: where it begins, where it ends, a mask.
const MOTION_EXTRA: usize = 3;

/// Pieces of words, and whole tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Tokenizer {
    pieces: Vec<Piece>,
    /// Pieces that words are cut into, by their text.
    places: BTreeMap<String, u32>,
    longest: usize,
    normaliser: Normaliser,
    unknown: u32,
    end: u32,
    /// Names of the whole tokens behind the pieces.
    added: Vec<String>,
    /// All whole tokens by name, those among the pieces too.
    named: BTreeMap<String, u32>,
    /// How many of the added ones are sentinels.
    sentinels: usize,
}

/// What becomes of tokens that are no words of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// They are written by name.
    Keep,
    /// Padding, ends, unknown words and sentinels are left out; motions and scores stay.
    Skip,
}

/// Why a tokenizer could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// The bytes are no `SentencePiece` model.
    #[error("not a readable SentencePiece model: {what}")]
    Damaged {
        /// What is wrong.
        what: &'static str,
    },
    /// The model is of a kind that is not read.
    #[error(
        "the SentencePiece model {what}; only unigram models without bytes for unknown text are read"
    )]
    Unsupported {
        /// What it is.
        what: &'static str,
    },
    /// The name of a whole token is not in angle brackets, or is there already.
    #[error("{name:?} cannot be added: whole tokens look like <name>, each once")]
    Name {
        /// The name.
        name: String,
    },
    /// The network knows fewer tokens.
    #[error("the tokenizer has {tokens} tokens, but the network only {rows} rows for them")]
    Rows {
        /// Rows of the network's table.
        rows: usize,
        /// Tokens.
        tokens: usize,
    },
    /// The text that was to hold a tokenizer does not.
    #[error("not a stored tokenizer: {0}")]
    Stored(String),
}

impl Tokenizer {
    /// Reads a `SentencePiece` model, with as many sentinels behind its pieces: 100 for T5.
    ///
    /// # Errors
    ///
    /// [`TextError`]; memory stays within a small multiple of the bytes given.
    pub fn from_sentencepiece(bytes: &[u8], sentinels: usize) -> Result<Self, TextError> {
        let model = model::read(bytes)?;
        let normaliser = Normaliser::new(&model.normaliser)?;
        let mut tokenizer = Self::of(model.pieces, normaliser)?;
        let names = (0..sentinels).rev().map(|i| format!("<extra_id_{i}>"));
        tokenizer.add(names)?;
        tokenizer.sentinels = sentinels;
        Ok(tokenizer)
    }

    /// A tokenizer of these pieces, each with the logarithm of its probability; a space is `▁` in them. Padding, the end
    /// and the unknown token come first, as tokens 0, 1 and 2. Text is not normalised but for its white space.
    ///
    /// # Errors
    ///
    /// [`TextError`] if a piece is empty or there twice, or a probability is not a number.
    pub fn from_pieces(pieces: impl IntoIterator<Item = (String, f32)>) -> Result<Self, TextError> {
        let fixed = [
            ("<pad>", Kind::Control),
            ("</s>", Kind::Control),
            ("<unk>", Kind::Unknown),
        ];
        let fixed = fixed.into_iter().map(|(text, kind)| Piece {
            text: text.to_owned(),
            score: 0.0,
            kind,
        });
        let pieces = pieces.into_iter().map(|(text, score)| Piece {
            text,
            score,
            kind: Kind::Normal,
        });
        let pieces: Vec<Piece> = fixed.chain(pieces).collect();
        if pieces.iter().any(|piece| !piece.score.is_finite()) {
            let what = "the score of a piece is not a number";
            return Err(TextError::Damaged { what });
        }
        Self::of(pieces, Normaliser::default())
    }

    fn of(pieces: Vec<Piece>, normaliser: Normaliser) -> Result<Self, TextError> {
        let damaged = |what| TextError::Damaged { what };
        let mut places = BTreeMap::new();
        let mut named = BTreeMap::new();
        let (mut unknown, mut end, mut longest) = (None, None, 0);
        for (id, piece) in (0_u32..).zip(&pieces) {
            match piece.kind {
                Kind::Normal | Kind::Whole => {
                    longest = longest.max(piece.text.chars().count());
                    if piece.text.is_empty() || places.insert(piece.text.clone(), id).is_some() {
                        return Err(damaged("a piece is empty or there twice"));
                    }
                }
                Kind::Unknown if unknown.replace(id).is_some() => {
                    return Err(damaged("there are two unknown tokens"));
                }
                Kind::Unknown | Kind::Control => {
                    named.insert(piece.text.clone(), id);
                    if piece.text == "</s>" {
                        end = Some(id);
                    }
                }
                Kind::Unused => {}
            }
        }
        Ok(Self {
            pieces,
            places,
            longest,
            normaliser,
            unknown: unknown.ok_or_else(|| damaged("it has no unknown token"))?,
            end: end.ok_or_else(|| damaged("it has no token </s>"))?,
            added: Vec::new(),
            named,
            sentinels: 0,
        })
    }

    /// Adds whole tokens behind all others; returns where they are.
    ///
    /// # Errors
    ///
    /// [`TextError::Name`] for a name that is not in angle brackets or is there already.
    pub fn add(
        &mut self,
        names: impl IntoIterator<Item = String>,
    ) -> Result<Range<u32>, TextError> {
        let first = self.next_id();
        for name in names {
            let inner = name
                .strip_prefix('<')
                .and_then(|name| name.strip_suffix('>'));
            let is_plain =
                inner.is_some_and(|inner| !inner.is_empty() && !inner.contains(['<', '>']));
            if !is_plain || self.named.contains_key(&name) {
                return Err(TextError::Name { name });
            }
            self.named.insert(name.clone(), self.next_id());
            self.added.push(name);
        }
        Ok(first..self.next_id())
    }

    /// Adds tokens for motion, `<motion_id_0>` and so on: one a code, then those where a motion begins, where
    /// it ends, and a mask.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::add`].
    pub fn add_motion(&mut self, codes: usize) -> Result<Range<u32>, TextError> {
        self.add((0..codes + MOTION_EXTRA).map(motion_name))
    }

    /// Adds the tokens around reasoning and score, and the scores 0 to `scores` - 1.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::add`].
    pub fn add_answer(&mut self, scores: usize) -> Result<Range<u32>, TextError> {
        let around = [
            "reasoning_start",
            "reasoning_end",
            "score_start",
            "score_end",
        ];
        let around = around.map(|name| format!("<{name}>"));
        let scores = (0..scores).map(|score| format!("<score_{score}>"));
        self.add(around.into_iter().chain(scores))
    }

    /// Adds the tokens that a published network with so many rows has: none, those for 512 codes of motion
    /// (515), or those and the seven around answers with three scores. More rows are rows without a token.
    ///
    /// # Errors
    ///
    /// [`TextError::Rows`] if the network has fewer rows than there are tokens.
    pub fn add_published(&mut self, rows: usize) -> Result<(), TextError> {
        const CODES: usize = 512;
        const SCORES: usize = 3;
        let tokens = self.len();
        let more = rows.checked_sub(tokens);
        let more = more.ok_or(TextError::Rows { rows, tokens })?;
        let (motion, answer) = (CODES + MOTION_EXTRA, SCORES + 4);
        if more == motion || more == motion + answer {
            self.add_motion(CODES)?;
        }
        if more == motion + answer {
            self.add_answer(SCORES)?;
        }
        Ok(())
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.pieces.len() + self.added.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn next_id(&self) -> u32 {
        u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    /// The token that ends a text.
    pub fn end(&self) -> u32 {
        self.end
    }

    /// The token that stands for what no piece has.
    pub fn unknown(&self) -> u32 {
        self.unknown
    }

    /// The whole token of this name.
    pub fn named(&self, name: &str) -> Option<u32> {
        self.named.get(name).copied()
    }

    /// The text of a token, with `▁` for a space.
    pub fn text(&self, token: u32) -> Option<&str> {
        let at = usize::try_from(token).ok()?;
        let piece = self.pieces.get(at).map(|piece| piece.text.as_str());
        piece.or_else(|| {
            self.added
                .get(at - self.pieces.len().min(at))
                .map(String::as_str)
        })
    }

    /// The tokens of a motion: where it begins, its codes, where it ends. `None` without tokens for these.
    pub fn motion(&self, codes: &[usize]) -> Option<Vec<u32>> {
        let first = self.named(&motion_name(0))?;
        let count = self.motion_codes()?;
        let token = |code: usize| Some(first + u32::try_from(code).ok()?);
        let inner = codes
            .iter()
            .map(|&code| token((code < count).then_some(code)?));
        let inner: Option<Vec<u32>> = inner.collect();
        let mut tokens = vec![token(count)?];
        tokens.extend(inner?);
        tokens.push(token(count + 1)?);
        Some(tokens)
    }

    /// The codes among tokens, in their order.
    pub fn codes(&self, tokens: &[u32]) -> Vec<usize> {
        let first = self.named(&motion_name(0));
        let count = self.motion_codes().unwrap_or(0);
        let code = |token: &u32| {
            let code = usize::try_from(token.checked_sub(first?)?).ok()?;
            (code < count).then_some(code)
        };
        tokens.iter().filter_map(code).collect()
    }

    /// How many codes of motion there are tokens for.
    pub fn motion_codes(&self) -> Option<usize> {
        let all = self
            .added
            .iter()
            .filter(|name| name.starts_with("<motion_id_"));
        all.count().checked_sub(MOTION_EXTRA)
    }

    /// The format of an answer whose reasoning has at most so many tokens; `None` without tokens for it.
    pub fn answer_format(&self, longest: usize) -> Option<AnswerFormat> {
        let named = |name: &str| self.named(name);
        let scores = (0..).map_while(|score| named(&format!("<score_{score}>")));
        let pieces = u32::try_from(self.pieces.len()).ok()?;
        let no_text =
            |&(_, piece): &(u32, &Piece)| !matches!(piece.kind, Kind::Normal | Kind::Whole);
        let barred = (0_u32..).zip(&self.pieces).filter(no_text);
        Some(AnswerFormat {
            reasoning: [named("<reasoning_start>")?, named("<reasoning_end>")?],
            score: [named("<score_start>")?, named("<score_end>")?],
            scores: scores.collect(),
            text: 0..pieces,
            barred: barred.map(|(id, _)| id).collect(),
            longest,
        })
    }

    /// The tokens of a text, without one for its end.
    pub fn encode(&self, text: &str) -> Vec<u32> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((before, token, after)) = self.next_named(rest) {
            self.encode_words(before, &mut tokens);
            tokens.push(token);
            rest = after;
        }
        self.encode_words(rest, &mut tokens);
        tokens
    }

    /// The first whole token in a text, with what stands before and after it.
    fn next_named<'a>(&self, text: &'a str) -> Option<(&'a str, u32, &'a str)> {
        for (start, _) in text.match_indices('<') {
            let length = text[start..].find('>')?;
            let end = start + length + 1;
            if let Some(token) = self.named(&text[start..end]) {
                return Some((&text[..start], token, &text[end..]));
            }
        }
        None
    }

    fn encode_words(&self, text: &str, tokens: &mut Vec<u32>) {
        let normal = self.normaliser.apply(text);
        unigram::cut(&normal, self, tokens);
    }

    /// The text of tokens. Tokens that do not exist are left out.
    pub fn decode(&self, tokens: &[u32], special: Special) -> String {
        let mut text = String::new();
        let mut is_first = true;
        for &token in tokens {
            if special == Special::Skip && self.is_special(token) {
                continue;
            }
            let Some(piece) = self.text(token) else {
                continue;
            };
            let piece = if is_first {
                piece.strip_prefix(SPACE).unwrap_or(piece)
            } else {
                piece
            };
            is_first = false;
            text.extend(piece.chars().map(|c| if c == SPACE { ' ' } else { c }));
        }
        text
    }

    fn is_special(&self, token: u32) -> bool {
        let Ok(at) = usize::try_from(token) else {
            return true;
        };
        match self.pieces.get(at) {
            Some(piece) => matches!(piece.kind, Kind::Unknown | Kind::Control),
            None => at - self.pieces.len() < self.sentinels,
        }
    }
}

fn motion_name(code: usize) -> String {
    format!("<motion_id_{code}>")
}
