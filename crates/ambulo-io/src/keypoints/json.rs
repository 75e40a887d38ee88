//! What all JSON formats share: parsing with the numbers Python writes, and telling formats apart
//! by their outline without holding the file twice.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{KeypointError, KeypointFormat, NamedBytes};

/// Parses a file. `NaN` and `Infinity`, which Python writes but JSON forbids, become `null`.
pub(super) fn parse<T: DeserializeOwned>(
    file: &NamedBytes,
    what: &'static str,
) -> Result<T, KeypointError> {
    serde_json::from_slice(&without_nan(&file.bytes)).map_err(|source| refused(file, what, source))
}

/// Why a text is not the JSON wanted: most often the file is not all there.
fn refused(file: &NamedBytes, what: &'static str, source: serde_json::Error) -> KeypointError {
    let name = file.name.clone();
    if source.is_eof() {
        return KeypointError::EndsEarly {
            bytes: file.bytes.len(),
            line: source.line(),
            name,
        };
    }
    KeypointError::Json { what, name, source }
}

/// The same text with `NaN`, `Infinity` and `-Infinity` outside strings replaced by `null`.
fn without_nan(bytes: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [&[u8]; 3] = [b"NaN", b"-Infinity", b"Infinity"];
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let present = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
    if !present(b"NaN") && !present(b"Infinity") {
        return Cow::Borrowed(bytes);
    }
    let mut text = Vec::with_capacity(bytes.len());
    let (mut at, mut in_string) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        if in_string {
            if byte == b'\\' {
                text.push(byte);
                at += 1;
            } else if byte == b'"' {
                in_string = false;
            }
        } else if let Some(word) = WORDS.iter().find(|word| bytes[at..].starts_with(word)) {
            text.extend_from_slice(b"null");
            at += word.len();
            continue;
        } else if byte == b'"' {
            in_string = true;
        }
        text.extend(bytes.get(at));
        at += 1;
    }
    Cow::Owned(text)
}

/// Numbers in one list, whatever lists they are nested in; `null` is NaN.
#[derive(Debug, Clone, Default)]
pub(super) struct Numbers(pub(super) Vec<f64>);

impl<'de> serde::Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut numbers = Vec::new();
        Flatten(&mut numbers).deserialize(deserializer)?;
        Ok(Self(numbers))
    }
}

struct Flatten<'a>(&'a mut Vec<f64>);

impl<'de> DeserializeSeed<'de> for Flatten<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Flatten<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers, or lists of numbers")
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.push(value);
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.push(value as f64);
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.push(value as f64);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push(f64::NAN);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Flatten(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// A name or number that identifies an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum ImageId {
    /// A number.
    Number(i64),
    /// A file name, such as `12.jpg`.
    Name(String),
}

/// The form of a JSON text: keys of objects, the first element of lists.
#[derive(Debug, Clone)]
pub(super) enum Outline {
    Object(BTreeMap<String, Outline>),
    List(Option<Box<Outline>>),
    Text(String),
    Number,
    Other,
}

impl Outline {
    fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(keys) => keys.get(key),
            _ => None,
        }
    }

    fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn first(&self) -> Option<&Self> {
        match self {
            Self::List(first) => first.as_deref(),
            _ => None,
        }
    }
}

/// The outline of JSON; `None` if the bytes are not JSON.
pub(super) fn outline(bytes: &[u8]) -> Option<Outline> {
    serde_json::from_slice(&without_nan(bytes)).ok()
}

/// The outline of a file that begins as the JSON of keypoints does, or what is wrong with it; `None`
/// for a file of another kind.
pub(super) fn outline_of(file: &NamedBytes) -> Option<Result<Outline, KeypointError>> {
    let text = without_nan(&file.bytes);
    let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
    if !matches!(first, Some(b'{' | b'[')) {
        return None;
    }
    let outline = serde_json::from_slice(&text);
    Some(outline.map_err(|source| refused(file, "JSON", source)))
}

/// The format that an outline belongs to.
pub(super) fn format_of(outline: &Outline) -> Option<KeypointFormat> {
    use KeypointFormat::{AlphaPose, Ambulo, Coco, MediaPipe, MmPose, OpenPose};
    if let Outline::Object(keys) = outline {
        if matches!(outline.get("format"), Some(Outline::Text(text)) if text == super::native::FORMAT)
        {
            return Some(Ambulo);
        }
        for (key, format) in [
            ("people", OpenPose),
            ("annotations", Coco),
            ("instance_info", MmPose),
            ("predictions", MmPose),
        ] {
            if outline.has(key) {
                return Some(format);
            }
        }
        if keys
            .values()
            .any(|value| value.has("people") || value.has("bodies"))
        {
            return Some(AlphaPose);
        }
        let landmarks = super::mediapipe::KEYS.iter().any(|key| outline.has(key));
        return landmarks.then_some(MediaPipe);
    }
    let first = outline.first()?;
    if first.has("image_id") && first.has("keypoints") {
        return Some(match first.get("image_id") {
            Some(Outline::Text(_)) => AlphaPose,
            _ => Coco,
        });
    }
    if first.has("instances") || first.has("keypoint_scores") {
        return Some(MmPose);
    }
    let inner = first.first();
    if inner.is_some_and(|inner| inner.has("keypoint_scores")) {
        return Some(MmPose);
    }
    if super::mediapipe::KEYS.iter().any(|key| first.has(key)) {
        return Some(MediaPipe);
    }
    let mut deepest = first;
    while let Some(next) = deepest.first() {
        deepest = next;
    }
    let landmark = deepest.has("x") && deepest.has("y");
    (landmark || (inner.is_some() && matches!(deepest, Outline::Number))).then_some(MediaPipe)
}

impl<'de> serde::Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OutlineVisitor)
    }
}

struct OutlineVisitor;

impl<'de> Visitor<'de> for OutlineVisitor {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Outline, E> {
        Ok(Outline::Other)
    }

    fn visit_unit<E>(self) -> Result<Outline, E> {
        Ok(Outline::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Outline, E> {
        Ok(Outline::Number)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Outline, E> {
        Ok(Outline::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Outline, E> {
        Ok(Outline::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Outline, E> {
        Ok(Outline::Text(text.chars().take(32).collect()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Outline, A::Error> {
        // Frames in which nobody was seen are null or empty: the first element that says something.
        let mut first: Option<Outline> = None;
        while let Some(Outline::Other | Outline::List(None)) | None = first {
            match list.next_element()? {
                Some(element) => first = Some(element),
                None => return Ok(Outline::List(first.map(Box::new))),
            }
        }
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Outline::List(first.map(Box::new)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        const MOST_KEYS: usize = 64;
        let mut keys = BTreeMap::new();
        while keys.len() < MOST_KEYS {
            match map.next_entry()? {
                Some((key, value)) => keys.insert(key, value),
                None => return Ok(Outline::Object(keys)),
            };
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Outline::Object(keys))
    }
}
