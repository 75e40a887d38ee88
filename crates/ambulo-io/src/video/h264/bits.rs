//! Bits of H.264's headers: fixed lengths and Exp-Golomb codes.
//!
//! Source: ITU-T H.264 (08/2021), 7.2 and 9.1.

/// Reads bits from the most significant on. Every read beyond the end is `None`.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Bits read so far.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn bit(&mut self) -> Option<bool> {
        let byte = *self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(bit)
    }

    /// Up to 32 bits as a number.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0_u32;
        for _ in 0..count {
            value = value << 1 | u32::from(self.bit()?);
        }
        Some(value)
    }

    /// An unsigned Exp-Golomb code, `ue(v)`.
    pub(super) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.bit()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        let rest = self.bits(zeros)?;
        Some(((1_u32 << zeros) - 1).wrapping_add(rest))
    }

    /// A signed Exp-Golomb code, `se(v)`.
    pub(super) fn signed(&mut self) -> Option<i32> {
        let code = i64::from(self.unsigned()?);
        let magnitude = (code + 1) / 2;
        i32::try_from(if code % 2 == 1 { magnitude } else { -magnitude }).ok()
    }
}

/// Writes bits from the most significant on.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    used: usize,
}

impl BitWriter {
    pub(super) fn bit(&mut self, bit: bool) {
        if self.used.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.used % 8);
        }
        self.used += 1;
    }

    pub(super) fn bits(&mut self, bits: &[bool]) {
        for &bit in bits {
            self.bit(bit);
        }
    }

    /// What was written; the last byte is filled with zeros.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_golomb_codes_have_the_values_of_the_standard() {
        // 1 010 011 00100 00101 and, from the same bits, 0 1 -1 2 -2.
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut reader = BitReader::new(&bytes);
        let unsigned: Vec<_> = (0..5).map(|_| reader.unsigned().unwrap()).collect();
        assert_eq!(unsigned, [0, 1, 2, 3, 4]);
        let mut reader = BitReader::new(&bytes);
        let signed: Vec<_> = (0..5).map(|_| reader.signed().unwrap()).collect();
        assert_eq!(signed, [0, 1, -1, 2, -2]);
    }

    #[test]
    fn reading_beyond_the_end_is_none() {
        let mut reader = BitReader::new(&[0x00]);
        assert_eq!(reader.bits(9), None);
        assert_eq!(BitReader::new(&[0, 0, 0, 0, 0, 0]).unsigned(), None);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut writer = BitWriter::default();
        let bits: Vec<bool> = (0..21).map(|i| i % 3 == 0).collect();
        writer.bits(&bits);
        let bytes = writer.into_bytes();
        assert_eq!(bytes.len(), 3);
        let mut reader = BitReader::new(&bytes);
        assert!(bits.iter().all(|&bit| reader.bit() == Some(bit)));
    }
}
