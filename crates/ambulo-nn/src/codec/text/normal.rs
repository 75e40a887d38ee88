//! Normalisation: replacements of characters from a trie, single spaces, and a space at the beginning.

use super::model::NormaliserSpec;
use super::{SPACE, TextError};

/// Replacements of characters and sequences of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Normaliser {
    /// A double-array trie over bytes, as the library Darts-clone lays it out: a unit holds the label of its
    /// edge, whether a value hangs on it, and where its children are.
    units: Vec<u32>,
    /// The replacements, each ended by a zero.
    texts: Vec<u8>,
}

impl Normaliser {
    /// Takes the replacements of a model; without any, text stays as it is.
    pub(super) fn new(spec: &NormaliserSpec) -> Result<Self, TextError> {
        if spec.charsmap.is_empty() {
            return Ok(Self::default());
        }
        let damaged = TextError::Damaged {
            what: "its replacements of characters are cut off",
        };
        let (length, rest) = spec
            .charsmap
            .split_first_chunk::<4>()
            .ok_or(damaged.clone())?;
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (trie, texts) = rest.split_at_checked(length).ok_or(damaged)?;
        let units = trie.as_chunks::<4>().0;
        if units.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self {
            units: units.iter().map(|&unit| u32::from_le_bytes(unit)).collect(),
            texts: texts.to_vec(),
        })
    }

    /// The bytes that [`Normaliser::new`] reads.
    pub(super) fn charsmap(&self) -> Vec<u8> {
        if self.units.is_empty() {
            return Vec::new();
        }
        let length = u32::try_from(4 * self.units.len()).unwrap_or(u32::MAX);
        let trie = self.units.iter().flat_map(|unit| unit.to_le_bytes());
        let head = length.to_le_bytes().into_iter();
        head.chain(trie).chain(self.texts.iter().copied()).collect()
    }

    /// The text with replacements, one `▁` before each word, and none behind the last.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut normal = String::with_capacity(text.len() + SPACE.len_utf8());
        let mut rest = text;
        let mut after_space = true;
        while !rest.is_empty() {
            let (replaced, length) = self.first(rest);
            for c in replaced.chars() {
                if c == ' ' {
                    after_space = true;
                } else {
                    if after_space {
                        normal.push(SPACE);
                    }
                    after_space = false;
                    normal.push(c);
                }
            }
            rest = &rest[length..];
        }
        normal
    }

    /// What the longest replaced beginning of a text becomes, or its first character as it is; and how many
    /// bytes that is.
    fn first<'a>(&'a self, text: &'a str) -> (&'a str, usize) {
        let found = self.longest(text.as_bytes()).and_then(|(length, value)| {
            let from = self.texts.get(value..)?;
            let end = from.iter().position(|&byte| byte == 0)?;
            // Half a character is never replaced.
            let whole = text.is_char_boundary(length);
            let replaced = std::str::from_utf8(&from[..end]).ok()?;
            whole.then_some((replaced, length))
        });
        found.unwrap_or_else(|| {
            let length = text.chars().next().map_or(0, char::len_utf8);
            (&text[..length], length)
        })
    }

    /// The longest beginning that the trie has, and its value.
    fn longest(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        let unit = |at: usize| self.units.get(at).copied();
        let mut at = offset(unit(0)?);
        let mut found = None;
        for (index, &byte) in bytes.iter().enumerate() {
            at ^= usize::from(byte);
            let Some(edge) = unit(at).filter(|edge| edge & 0x8000_00FF == u32::from(byte)) else {
                break;
            };
            at ^= offset(edge);
            if edge & 0x100 != 0 {
                let value = unit(at).map(|leaf| leaf & 0x7FFF_FFFF);
                let value = value.and_then(|value| usize::try_from(value).ok());
                found = value.map(|value| (index + 1, value)).or(found);
            }
        }
        found
    }
}

/// Where the children of a unit are, from its own place.
fn offset(unit: u32) -> usize {
    let shift = (unit & 0x200) >> 6;
    usize::try_from((unit >> 10) << shift).unwrap_or(0)
}
