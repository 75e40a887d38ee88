//! The sequence parameter set: size, colour and kind of the pictures to come.

use super::bits::{BitReader, BitWriter};
use crate::video::colour::{ColourTags, Matrix};

/// A sequence parameter set, as far as reading video must know it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sps {
    /// 66 baseline, 77 main, 88 extended, 100 high, 110 high 10, 122 high 4:2:2, 244 high 4:4:4.
    pub(crate) profile: u8,
    /// Columns shown.
    pub(crate) width_px: u32,
    /// Rows shown.
    pub(crate) height_px: u32,
    /// Bits of each luma and chroma value.
    pub(crate) bit_depths: [u32; 2],
    /// 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4.
    pub(crate) chroma_format: u32,
    /// Whether pictures may be of two fields.
    pub(crate) interlaced: bool,
    /// Width and height of a pixel, if said.
    pub(crate) pixel_aspect: Option<[u32; 2]>,
    /// How colours are coded, as far as said.
    pub(crate) colour: ColourTags,
}

/// Profiles whose sets say the format of chroma and the depth of bits.
const WITH_CHROMA_FORMAT: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/// The profile that the decoder gives pictures of in the order of decoding, with the same fields as
/// the high profile. See [`Sps::for_decoding_order`].
const SCALABLE_BASELINE: u8 = 83;

/// The ratio of pixels that a code of table E-1 stands for.
const PIXEL_ASPECTS: [[u32; 2]; 17] = [
    [0, 0],
    [1, 1],
    [12, 11],
    [10, 11],
    [16, 11],
    [40, 33],
    [24, 11],
    [20, 11],
    [32, 11],
    [80, 33],
    [18, 11],
    [15, 11],
    [64, 33],
    [160, 99],
    [4, 3],
    [3, 2],
    [2, 1],
];

/// The code of table E-1 for a ratio that is written out.
const EXTENDED_ASPECT: u32 = 255;

impl Sps {
    /// A sequence parameter set of its NAL unit. `None` if it is damaged.
    pub(crate) fn parse(nal: &[u8]) -> Option<Self> {
        let bytes = unescaped(nal);
        let profile = *bytes.get(1)?;
        let mut bits = BitReader::new(bytes.get(4..)?);
        bits.unsigned()?; // Its number.
        let mut chroma_format = 1;
        let mut bit_depths = [8, 8];
        let mut separate_planes = false;
        if WITH_CHROMA_FORMAT.contains(&profile) {
            chroma_format = bits.unsigned().filter(|&format| format <= 3)?;
            separate_planes = chroma_format == 3 && bits.bit()?;
            for depth in &mut bit_depths {
                *depth = 8 + bits.unsigned().filter(|&more| more <= 6)?;
            }
            bits.bit()?; // Whether lossless.
            if bits.bit()? {
                let lists = if chroma_format == 3 { 12 } else { 8 };
                for list in 0..lists {
                    if bits.bit()? {
                        skip_scaling_list(&mut bits, if list < 6 { 16 } else { 64 })?;
                    }
                }
            }
        }
        bits.unsigned()?; // Bits of the frame's number.
        skip_picture_order(&mut bits)?;
        bits.unsigned()?; // Frames referred to.
        bits.bit()?; // Whether numbers may be left out.
        let columns = bits.unsigned()?.checked_add(1)?;
        let rows = bits.unsigned()?.checked_add(1)?;
        let interlaced = !bits.bit()?;
        if interlaced {
            bits.bit()?; // Whether fields may change within a frame.
        }
        bits.bit()?; // How motion is derived.
        let mut crop = [0_u32; 4];
        if bits.bit()? {
            for side in &mut crop {
                *side = bits.unsigned()?;
            }
        }
        let fields = 1 + u32::from(interlaced);
        let [unit_x, unit_y] = match (chroma_format, separate_planes) {
            (1, _) => [2, 2 * fields],
            (2, _) => [2, fields],
            _ => [1, fields],
        };
        let shown = |blocks: u32, factor: u32, unit: u32, crop: [u32; 2]| {
            let cut = crop[0].checked_add(crop[1])?.checked_mul(unit)?;
            let whole = blocks.checked_mul(16)?.checked_mul(factor)?;
            whole.checked_sub(cut).filter(|&length| length > 0)
        };
        let width_px = shown(columns, 1, unit_x, [crop[0], crop[1]])?;
        let height_px = shown(rows, fields, unit_y, [crop[2], crop[3]])?;
        // What follows is advice for showing; a set that ends in it is still of use.
        let (pixel_aspect, colour) = match bits.bit() {
            Some(true) => usability(&mut bits).unwrap_or_default(),
            _ => Default::default(),
        };
        Some(Self {
            profile,
            width_px,
            height_px,
            bit_depths,
            chroma_format,
            interlaced,
            pixel_aspect,
            colour,
        })
    }

    /// What the built-in decoder cannot read in such pictures; `None` if it can read them.
    pub(crate) fn obstacle(&self) -> Option<String> {
        let depth = self.bit_depths[0].max(self.bit_depths[1]);
        if depth > 8 {
            return Some(format!("{depth} bits a colour"));
        }
        match self.chroma_format {
            0 => return Some("pictures without colour".to_owned()),
            1 => {}
            2 => return Some("4:2:2 colour".to_owned()),
            _ => return Some("4:4:4 colour".to_owned()),
        }
        if self.interlaced {
            return Some("interlaced pictures".to_owned());
        }
        if ![66, 77, 88, 100].contains(&self.profile) {
            return Some(format!("profile {}", self.profile));
        }
        let blocks = u64::from(self.width_px.div_ceil(16)) * u64::from(self.height_px.div_ceil(16));
        // Table A-1, level 5.2; the longer side is bounded by the same number.
        if blocks > 36_864 || self.width_px.max(self.height_px) > 8_688 {
            return Some(format!("{} × {} pixels", self.width_px, self.height_px));
        }
        None
    }

    /// The same set, changed so that `OpenH264` gives each picture as soon as it is decoded.
    ///
    /// By itself the decoder holds pictures back and orders them by rules that some encoders' numbers
    /// break, and does not say which coded picture one was. For one profile, scalable baseline, it
    /// keeps the order of decoding; all else it decodes alike. So the profile's number is exchanged,
    /// and where the set lacks the fields that go with it, they are put in with the values they stand
    /// for. `None` if the set is damaged; a set of the baseline profile needs no change.
    pub(crate) fn for_decoding_order(nal: &[u8]) -> Option<Vec<u8>> {
        let mut bytes = unescaped(nal);
        let profile = *bytes.get(1)?;
        if profile == 66 {
            return Some(nal.to_vec());
        }
        if !WITH_CHROMA_FORMAT.contains(&profile) {
            let (head, body) = bytes.split_at_checked(4)?;
            let mut bits = BitReader::new(body);
            bits.unsigned()?;
            let number = bits.position();
            let mut writer = BitWriter::default();
            let all = body.len() * 8;
            let mut bits = BitReader::new(body);
            for _ in 0..number {
                writer.bit(bits.bit()?);
            }
            // 4:2:0; eight bits each; not lossless; no scaling.
            writer.bits(&[false, true, false, true, true, false, false]);
            for _ in number..all {
                writer.bit(bits.bit()?);
            }
            bytes = [head, &writer.into_bytes()].concat();
        }
        bytes[1] = SCALABLE_BASELINE;
        Some(escaped(&bytes))
    }
}

fn skip_scaling_list(bits: &mut BitReader<'_>, length: usize) -> Option<()> {
    let (mut last, mut next) = (8_i32, 8_i32);
    for _ in 0..length {
        if next != 0 {
            next = (last + bits.signed()?.clamp(-256, 256)).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

fn skip_picture_order(bits: &mut BitReader<'_>) -> Option<()> {
    match bits.unsigned()? {
        0 => {
            bits.unsigned()?;
        }
        1 => {
            bits.bit()?;
            bits.signed()?;
            bits.signed()?;
            for _ in 0..bits.unsigned().filter(|&count| count <= 255)? {
                bits.signed()?;
            }
        }
        2 => {}
        _ => return None,
    }
    Some(())
}

/// The ratio of pixels and the colours of the usability information (annex E).
fn usability(bits: &mut BitReader<'_>) -> Option<(Option<[u32; 2]>, ColourTags)> {
    let mut pixel_aspect = None;
    if bits.bit()? {
        let code = bits.bits(8)?;
        let ratio = if code == EXTENDED_ASPECT {
            [bits.bits(16)?, bits.bits(16)?]
        } else {
            PIXEL_ASPECTS.get(code as usize).copied().unwrap_or([0, 0])
        };
        pixel_aspect = Some(ratio).filter(|ratio| !ratio.contains(&0));
    }
    if bits.bit()? {
        bits.bit()?; // Whether the picture may be cut at its borders.
    }
    let mut colour = ColourTags::default();
    if bits.bit()? {
        bits.bits(3)?; // The television system.
        colour.full_range = Some(bits.bit()?);
        if bits.bit()? {
            bits.bits(16)?; // Primaries, transfer.
            colour.matrix = Matrix::by_code(bits.bits(8)?);
        }
    }
    Some((pixel_aspect, colour))
}

/// A NAL unit without the bytes that keep start codes out of it.
fn unescaped(nal: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for &byte in nal {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        bytes.push(byte);
    }
    bytes
}

/// The opposite of [`unescaped`].
fn escaped(bytes: &[u8]) -> Vec<u8> {
    let mut nal = Vec::with_capacity(bytes.len() + 4);
    let mut zeros = 0;
    for &byte in bytes {
        if zeros >= 2 && byte <= 3 {
            nal.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        nal.push(byte);
    }
    nal
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A set of the main profile, 64 × 48 pixels of which 62 × 46 are shown, written by hand.
    fn main_profile() -> Vec<u8> {
        let mut bits = BitWriter::default();
        for text in [
            "1", // number 0
            "1", // frame numbers of 4 bits
            "1",
            "1", // picture order type 0, 4 bits
            "010",
            "0",     // one reference, no gaps
            "00100", // 4 blocks across
            "011",   // 3 down
            "1",
            "1", // frames only, motion
            "1", // cut:
            "1",
            "010", // nothing left, a pair of columns right
            "1",
            "010", // nothing above, a pair of rows below
            "1",   // usability follows:
            "1",
            "11111111",
            "0000000000000100",
            "0000000000000011", // pixels 4:3
            "0",
            "1",
            "101",
            "1",
            "1",
            "00000001",
            "00000001",
            "00000110", // full range, BT.601
            "1",
        ] {
            bits.bits(&text.chars().map(|c| c == '1').collect::<Vec<_>>());
        }
        let mut nal = vec![0x67, 77, 0, 30];
        nal.extend(bits.into_bytes());
        escaped(&nal)
    }

    #[test]
    fn size_colour_and_pixels_are_read() {
        let sps = Sps::parse(&main_profile()).unwrap();
        assert_eq!((sps.width_px, sps.height_px), (62, 46));
        assert_eq!(sps.pixel_aspect, Some([4, 3]));
        assert_eq!(sps.colour.full_range, Some(true));
        assert_eq!(sps.colour.matrix, Some(Matrix::Bt601));
        assert_eq!(sps.obstacle(), None);
    }

    #[test]
    fn a_set_changed_for_decoding_order_says_the_same() {
        let before = Sps::parse(&main_profile()).unwrap();
        let changed = Sps::for_decoding_order(&main_profile()).unwrap();
        let after = Sps::parse(&changed).unwrap();
        assert_eq!(after.profile, SCALABLE_BASELINE);
        let profile = before.profile;
        assert_eq!(Sps { profile, ..after }, before);
    }

    #[test]
    fn a_set_cut_anywhere_is_refused_or_says_less() {
        let whole = main_profile();
        for length in 0..whole.len() {
            if let Some(sps) = Sps::parse(&whole[..length]) {
                assert_eq!((sps.width_px, sps.height_px), (62, 46), "{length} bytes");
            }
        }
    }

    #[test]
    fn escaping_is_undone() {
        for bytes in [&[0, 0, 0, 0, 1][..], &[0, 0, 1], &[0, 0, 3, 0, 0, 2], &[7]] {
            let nal = escaped(bytes);
            assert!(!nal.windows(3).any(|w| w[..2] == [0, 0] && w[2] < 3));
            assert_eq!(unescaped(&nal), bytes);
        }
    }
}
