//! The file of a `SentencePiece` model: a message of protocol buffers.

use super::TextError;

/// What a piece is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Words are cut into it.
    Normal,
    /// What no piece has.
    Unknown,
    /// Never made of text: padding, ends.
    Control,
    /// Never cut further.
    Whole,
    /// Not in use.
    Unused,
}

/// A piece of words.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    /// Logarithm of its probability.
    pub(super) score: f32,
    pub(super) kind: Kind,
}

/// How text is normalised before it is cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct NormaliserSpec {
    /// Replacements, in a trie.
    pub(super) charsmap: Vec<u8>,
}

/// What a file holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Model {
    pub(super) pieces: Vec<Piece>,
    pub(super) normaliser: NormaliserSpec,
}

const UNIGRAM: u64 = 1;

/// Reads the message.
pub(super) fn read(bytes: &[u8]) -> Result<Model, TextError> {
    let mut model = Model {
        pieces: Vec::new(),
        normaliser: NormaliserSpec::default(),
    };
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(piece)) => model.pieces.push(read_piece(piece)?),
            (2, Value::Bytes(trainer)) => check_trainer(trainer)?,
            (3, Value::Bytes(normaliser)) => model.normaliser = read_normaliser(normaliser)?,
            _ => {}
        }
    }
    if model.pieces.is_empty() {
        return Err(TextError::Damaged {
            what: "it has no pieces",
        });
    }
    Ok(model)
}

fn read_piece(bytes: &[u8]) -> Result<Piece, TextError> {
    let damaged = |what| TextError::Damaged { what };
    let mut piece = Piece {
        text: String::new(),
        score: 0.0,
        kind: Kind::Normal,
    };
    for field in Fields(bytes) {
        match field? {
            (1, Value::Bytes(text)) => {
                let text = std::str::from_utf8(text);
                text.map_err(|_| damaged("a piece is no text"))?
                    .clone_into(&mut piece.text);
            }
            (2, Value::Fixed(bits)) => piece.score = f32::from_bits(bits),
            (3, Value::Number(kind)) => {
                piece.kind = match kind {
                    1 => Kind::Normal,
                    2 => Kind::Unknown,
                    3 => Kind::Control,
                    4 => Kind::Whole,
                    5 => Kind::Unused,
                    6 => {
                        let what = "has pieces for single bytes";
                        return Err(TextError::Unsupported { what });
                    }
                    _ => return Err(damaged("a piece is of an unknown kind")),
                };
            }
            _ => {}
        }
    }
    if !piece.score.is_finite() {
        return Err(damaged("the score of a piece is not a number"));
    }
    Ok(piece)
}

fn check_trainer(bytes: &[u8]) -> Result<(), TextError> {
    for field in Fields(bytes) {
        let what = match field? {
            (3, Value::Number(kind)) if kind != UNIGRAM => "is not of the unigram kind",
            (24, Value::Number(1)) => "has spaces behind words",
            (35, Value::Number(1)) => "writes unknown text as bytes",
            _ => continue,
        };
        return Err(TextError::Unsupported { what });
    }
    Ok(())
}

fn read_normaliser(bytes: &[u8]) -> Result<NormaliserSpec, TextError> {
    let mut spec = NormaliserSpec::default();
    for field in Fields(bytes) {
        match field? {
            (2, Value::Bytes(charsmap)) => spec.charsmap = charsmap.to_vec(),
            (3..=5, Value::Number(0)) => {
                let what = "keeps spaces as they are";
                return Err(TextError::Unsupported { what });
            }
            _ => {}
        }
    }
    Ok(spec)
}

/// A value of a message.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed(u32),
    Wide,
}

/// The fields of a message, by number.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), TextError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(TextError::Damaged {
            what: "a field ends too early",
        }))
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Value<'a>)> {
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => {
                self.take(8)?;
                Value::Wide
            }
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                Value::Bytes(self.take(length)?)
            }
            5 => Value::Fixed(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7F).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}
