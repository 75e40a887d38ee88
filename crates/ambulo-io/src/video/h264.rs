//! What must be known of H.264 before a decoder is asked: parameter sets and NAL units.
//!
//! Source: ITU-T H.264 (08/2021), 7.3.2.1 and annex E; ISO/IEC 14496-15 for `avcC`.

mod bits;
mod sps;

pub(crate) use sps::Sps;

/// How an MP4 file holds H.264: the `avcC` box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AvcConfig {
    /// Bytes of the length before each NAL unit: 1, 2 or 4.
    pub(crate) length_bytes: usize,
    /// Sequence parameter sets, each a NAL unit.
    pub(crate) sequence_sets: Vec<Vec<u8>>,
    /// Picture parameter sets, each a NAL unit.
    pub(crate) picture_sets: Vec<Vec<u8>>,
}

/// What a NAL unit holds, as far as decoding must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NalKind {
    /// A slice of a picture.
    Slice,
    /// A slice of a picture from which decoding can begin.
    KeySlice,
    /// A sequence parameter set.
    SequenceSet,
    /// A picture parameter set.
    PictureSet,
    /// Nothing that a picture needs: messages, filler, other views and layers.
    Other,
}

impl NalKind {
    /// The kind of a NAL unit by its first byte.
    pub(crate) fn of(nal: &[u8]) -> Self {
        match nal.first().map(|byte| byte & 0x1F) {
            Some(1) => Self::Slice,
            Some(5) => Self::KeySlice,
            Some(7) => Self::SequenceSet,
            Some(8) => Self::PictureSet,
            _ => Self::Other,
        }
    }
}

impl AvcConfig {
    /// The content of an `avcC` box.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let (head, mut rest) = bytes.split_at_checked(6)?;
        let length_bytes = usize::from(head[4] & 3) + 1;
        let sequence_sets = sets(&mut rest, head[5] & 0x1F)?;
        let (&count, mut rest) = rest.split_first()?;
        let picture_sets = sets(&mut rest, count)?;
        (length_bytes != 3).then_some(Self {
            length_bytes,
            sequence_sets,
            picture_sets,
        })
    }

    /// The `avcC` box's content of parameter sets, with lengths of four bytes.
    ///
    /// `None` if a set is longer than the box can say, or there are too many.
    pub(crate) fn compose(sequence_set: &[u8], picture_sets: &[Vec<u8>]) -> Option<Vec<u8>> {
        let &[_, profile, constraints, level, ..] = sequence_set else {
            return None;
        };
        let mut bytes = vec![1, profile, constraints, level, 0xFF, 0xE1];
        bytes.extend_from_slice(&u16::try_from(sequence_set.len()).ok()?.to_be_bytes());
        bytes.extend_from_slice(sequence_set);
        bytes.push(u8::try_from(picture_sets.len()).ok()?);
        for set in picture_sets {
            bytes.extend_from_slice(&u16::try_from(set.len()).ok()?.to_be_bytes());
            bytes.extend_from_slice(set);
        }
        Some(bytes)
    }
}

fn sets(rest: &mut &[u8], count: u8) -> Option<Vec<Vec<u8>>> {
    let mut sets = Vec::new();
    for _ in 0..count {
        let (length, tail) = rest.split_first_chunk::<2>()?;
        let (set, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        sets.push(set.to_vec());
        *rest = tail;
    }
    Some(sets)
}

/// The NAL units of a sample, each after its length. The last is `Err` if its length passes the end.
pub(crate) fn nal_units(
    sample: &[u8],
    length_bytes: usize,
) -> impl Iterator<Item = Result<&[u8], Overrun>> {
    let mut rest = sample;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let Some((length, tail)) = rest.split_at_checked(length_bytes) else {
            rest = &[];
            return Some(Err(Overrun));
        };
        let length = length
            .iter()
            .fold(0_usize, |sum, &byte| sum << 8 | usize::from(byte));
        let Some((nal, tail)) = tail.split_at_checked(length) else {
            rest = &[];
            return Some(Err(Overrun));
        };
        rest = tail;
        Some(Ok(nal))
    })
}

/// A NAL unit that would reach beyond its sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overrun;

/// The NAL units of a stream with start codes (annex B).
pub(crate) fn annex_b_units(stream: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = stream[at..].windows(3).position(|bytes| bytes == [0, 0, 1]) {
        starts.push(at + found + 3);
        at += found + 3;
    }
    let mut units = Vec::new();
    for (index, &start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(stream.len(), |next| next - 3);
        let mut nal = &stream[start..end];
        while let [head @ .., 0] = nal {
            nal = head;
        }
        units.push(nal);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_composed_configuration_is_read_again() {
        let sps = vec![0x67, 66, 0xC0, 30, 1, 2, 3];
        let pps = vec![vec![0x68, 9, 9]];
        let parsed = AvcConfig::parse(&AvcConfig::compose(&sps, &pps).unwrap()).unwrap();
        assert_eq!(parsed.length_bytes, 4);
        assert_eq!(parsed.sequence_sets, [sps]);
        assert_eq!(parsed.picture_sets, pps);
    }

    #[test]
    fn a_unit_longer_than_its_sample_is_named() {
        let sample = [0, 2, 0x65, 7, 0, 9, 1];
        let units: Vec<_> = nal_units(&sample, 2).collect();
        assert_eq!(units, [Ok(&[0x65, 7][..]), Err(Overrun)]);
    }

    #[test]
    fn start_codes_of_three_and_four_bytes_divide_a_stream() {
        let stream = [0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 1, 0x65, 3];
        let units = annex_b_units(&stream);
        assert_eq!(units, [&[0x67, 1][..], &[0x68, 2], &[0x65, 3]]);
    }
}
