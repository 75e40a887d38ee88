//! Numbers as the three processors store them: byte order, and VAX floating point.

/// Which computer's number formats a C3D file uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Processor {
    /// Little-endian integers, IEEE 754 floats: almost every file written today.
    Intel,
    /// Little-endian integers, VAX F floats (DEC PDP-11 and VAX).
    Dec,
    /// Big-endian integers, IEEE 754 floats (SGI, MIPS, Sun).
    Sgi,
}

impl Processor {
    /// Intel, DEC, SGI.
    pub const ALL: [Self; 3] = [Self::Intel, Self::Dec, Self::Sgi];

    /// The byte that names the processor in the parameter section.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Intel => 84,
            Self::Dec => 85,
            Self::Sgi => 86,
        }
    }

    /// The processor that a byte names.
    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.code() == code)
    }

    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Intel | Self::Dec => u16::from_le_bytes(bytes),
            Self::Sgi => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn i16(self, bytes: [u8; 2]) -> i16 {
        self.u16(bytes).cast_signed()
    }

    pub(super) fn f32(self, bytes: [u8; 4]) -> f32 {
        match self {
            Self::Intel => f32::from_le_bytes(bytes),
            Self::Dec => from_vax(bytes),
            Self::Sgi => f32::from_be_bytes(bytes),
        }
    }

    pub(super) fn u16_bytes(self, value: u16) -> [u8; 2] {
        match self {
            Self::Intel | Self::Dec => value.to_le_bytes(),
            Self::Sgi => value.to_be_bytes(),
        }
    }

    pub(super) fn i16_bytes(self, value: i16) -> [u8; 2] {
        self.u16_bytes(value.cast_unsigned())
    }

    /// `None` if the processor has no such number: a VAX has neither infinities nor numbers
    /// above 1.7e38.
    pub(super) fn f32_bytes(self, value: f32) -> Option<[u8; 4]> {
        match self {
            Self::Intel => Some(value.to_le_bytes()),
            Self::Dec => to_vax(value),
            Self::Sgi => Some(value.to_be_bytes()),
        }
    }

    /// Appends four-byte floats.
    pub(super) fn read_f32s(self, bytes: &[u8], into: &mut Vec<f32>) {
        let words = bytes.as_chunks::<4>().0.iter().copied();
        match self {
            Self::Intel => into.extend(words.map(f32::from_le_bytes)),
            Self::Dec => into.extend(words.map(from_vax)),
            Self::Sgi => into.extend(words.map(f32::from_be_bytes)),
        }
    }

    /// Appends two-byte integers, signed or not, as floats.
    pub(super) fn read_integers(self, bytes: &[u8], unsigned: bool, into: &mut Vec<f32>) {
        let words = bytes.as_chunks::<2>().0.iter().copied();
        match (self, unsigned) {
            (Self::Sgi, false) => into.extend(words.map(|w| f32::from(i16::from_be_bytes(w)))),
            (Self::Sgi, true) => into.extend(words.map(|w| f32::from(u16::from_be_bytes(w)))),
            (_, false) => into.extend(words.map(|w| f32::from(i16::from_le_bytes(w)))),
            (_, true) => into.extend(words.map(|w| f32::from(u16::from_le_bytes(w)))),
        }
    }
}

/// A VAX F float: the words of an IEEE float in swapped order, with an exponent two higher.
///
/// The reserved operand (sign without exponent) is not a number.
fn from_vax([b0, b1, b2, b3]: [u8; 4]) -> f32 {
    let bits = u32::from_be_bytes([b1, b0, b3, b2]);
    match (bits >> 23) & 0xFF {
        0 if bits >> 31 == 1 => f32::NAN,
        0 => 0.0,
        // Below the smallest normal IEEE number: the division makes it subnormal.
        1 | 2 => f32::from_bits(bits) * 0.25,
        _ => f32::from_bits(bits - (2 << 23)),
    }
}

fn to_vax(value: f32) -> Option<[u8; 4]> {
    let ieee = value.to_bits();
    let bits = match (ieee >> 23) & 0xFF {
        255 if value.is_nan() => 1 << 31,
        254 | 255 => return None,
        0 => {
            let shifted = (value * 4.0).to_bits();
            let is_too_small = (shifted >> 23).trailing_zeros() >= 8;
            if is_too_small { 0 } else { shifted }
        }
        _ => ieee + (2 << 23),
    };
    let [b1, b0, b3, b2] = bits.to_be_bytes();
    Some([b0, b1, b2, b3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vax_floats_have_the_bytes_that_the_manual_gives() {
        // One is 0x4080 in the first word, 0.1 is 0x3ECC 0xCCCD.
        assert_eq!(to_vax(1.0), Some([0x80, 0x40, 0, 0]));
        assert_eq!(to_vax(0.1), Some([0xCC, 0x3E, 0xCD, 0xCC]));
        assert_eq!(to_vax(-50.0), Some([0x48, 0xC3, 0, 0]));
        assert_eq!(from_vax([0x48, 0x43, 0, 0]).to_bits(), 50_f32.to_bits());
    }

    #[test]
    fn every_processor_reads_back_what_it_wrote() {
        let values = [
            0.0,
            1.0,
            -0.1,
            1e-38,
            1e-30,
            -1e30,
            1.6e38,
            f32::MIN_POSITIVE,
        ];
        for processor in Processor::ALL {
            for value in values {
                let bytes = processor.f32_bytes(value).unwrap();
                assert_eq!(processor.f32(bytes).to_bits(), value.to_bits(), "{value}");
            }
            assert!(
                processor
                    .f32(processor.f32_bytes(f32::NAN).unwrap())
                    .is_nan()
            );
        }
    }

    #[test]
    fn a_vax_has_no_infinity() {
        assert_eq!(to_vax(f32::INFINITY), None);
        assert_eq!(to_vax(f32::MAX), None);
    }
}
