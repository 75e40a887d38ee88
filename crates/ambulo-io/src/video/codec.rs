//! How pictures can be coded, and the names that containers have for it.

use std::fmt;

use super::mp4::Fields;

/// How pictures are coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codec {
    /// H.264, also called AVC.
    H264,
    /// H.265, also called HEVC.
    Hevc,
    /// VP8.
    Vp8,
    /// VP9.
    Vp9,
    /// AV1.
    Av1,
    /// MPEG-1 or MPEG-2.
    Mpeg2,
    /// MPEG-4 part 2, of which `DivX` and `Xvid` are.
    Mpeg4,
    /// Apple `ProRes`.
    ProRes,
    /// JPEG pictures one after the other.
    MotionJpeg,
    /// DV, of tape cameras.
    Dv,
    /// H.263.
    H263,
    /// Windows Media Video.
    Wmv,
    /// Another, by its container's name.
    Other(String),
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::H264 => "H.264",
            Self::Hevc => "HEVC (H.265)",
            Self::Vp8 => "VP8",
            Self::Vp9 => "VP9",
            Self::Av1 => "AV1",
            Self::Mpeg2 => "MPEG-2",
            Self::Mpeg4 => "MPEG-4 part 2",
            Self::ProRes => "ProRes",
            Self::MotionJpeg => "Motion JPEG",
            Self::Dv => "DV",
            Self::H263 => "H.263",
            Self::Wmv => "Windows Media Video",
            Self::Other(name) => return write!(f, "{name:?}"),
        })
    }
}

impl Codec {
    /// The codec of an MP4 or MOV sample description; `esds` says more of the name `mp4v`.
    pub(crate) fn of_mp4(name: [u8; 4], esds: Option<&[u8]>) -> Self {
        match &name {
            b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => Self::H264,
            b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => Self::Hevc,
            b"vp08" => Self::Vp8,
            b"vp09" => Self::Vp9,
            b"av01" | b"dav1" => Self::Av1,
            b"mp4v" => match esds.and_then(object_type) {
                Some(0x60..=0x65 | 0x6A) => Self::Mpeg2,
                Some(0x6C) => Self::MotionJpeg,
                _ => Self::Mpeg4,
            },
            b"apcn" | b"apch" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => Self::ProRes,
            b"jpeg" | b"mjpa" | b"mjpb" | b"mjpg" => Self::MotionJpeg,
            b"s263" | b"h263" | b"H263" => Self::H263,
            [b'd', b'v', ..] => Self::Dv,
            [b'm' | b'h', b'x' | b'd', b'1'..=b'9', _] | b"m2v1" => Self::Mpeg2,
            _ => Self::Other(super::mp4::letters(name)),
        }
    }

    /// The codec of a Matroska or `WebM` track.
    pub(crate) fn of_matroska(id: &str) -> Self {
        match id {
            "V_MPEG4/ISO/AVC" => Self::H264,
            "V_MPEGH/ISO/HEVC" => Self::Hevc,
            "V_VP8" => Self::Vp8,
            "V_VP9" => Self::Vp9,
            "V_AV1" => Self::Av1,
            "V_MPEG1" | "V_MPEG2" => Self::Mpeg2,
            "V_PRORES" => Self::ProRes,
            "V_MJPEG" => Self::MotionJpeg,
            id if id.starts_with("V_MPEG4/ISO/") => Self::Mpeg4,
            id => Self::Other(id.to_owned()),
        }
    }

    /// The codec of an AVI stream, by its four letters in any case.
    pub(crate) fn of_avi(letters: [u8; 4]) -> Self {
        match &letters.map(|byte| byte.to_ascii_uppercase()) {
            b"H264" | b"X264" | b"AVC1" | b"DAVC" => Self::H264,
            b"HEVC" | b"H265" | b"X265" | b"HVC1" => Self::Hevc,
            b"XVID" | b"DIVX" | b"DX50" | b"FMP4" | b"MP4V" | b"DIV3" | b"MP43" | b"M4S2" => {
                Self::Mpeg4
            }
            b"MJPG" | b"JPEG" | b"AVRN" | b"LJPG" => Self::MotionJpeg,
            b"MPG1" | b"MPG2" | b"MPEG" => Self::Mpeg2,
            b"WMV1" | b"WMV2" | b"WMV3" | b"WVC1" => Self::Wmv,
            b"VP80" => Self::Vp8,
            b"VP90" => Self::Vp9,
            b"AV01" => Self::Av1,
            b"DVSD" | b"DV25" | b"DV50" => Self::Dv,
            b"H263" | b"S263" => Self::H263,
            [0, 0, 0, 0] | b"DIB " => Self::Other("uncompressed".to_owned()),
            _ => Self::Other(super::mp4::letters(letters)),
        }
    }

    /// The codec by the name that ffmpeg gives it.
    pub(crate) fn of_ffmpeg(name: &str) -> Self {
        match name {
            "h264" => Self::H264,
            "hevc" => Self::Hevc,
            "vp8" => Self::Vp8,
            "vp9" => Self::Vp9,
            "av1" => Self::Av1,
            "mpeg1video" | "mpeg2video" => Self::Mpeg2,
            "mpeg4" | "msmpeg4v3" => Self::Mpeg4,
            "prores" => Self::ProRes,
            "mjpeg" => Self::MotionJpeg,
            "dvvideo" => Self::Dv,
            "h263" => Self::H263,
            "wmv1" | "wmv2" | "wmv3" | "vc1" => Self::Wmv,
            name => Self::Other(name.to_owned()),
        }
    }
}

/// The object type of an `esds` box: the first byte of the decoder's description.
fn object_type(esds: &[u8]) -> Option<u8> {
    let mut fields = Fields::new(esds);
    fields.version()?;
    // An elementary stream's description (3), its number and flags, holds the decoder's (4).
    descriptor(&mut fields, 3)?;
    fields.bytes(3)?;
    descriptor(&mut fields, 4)?;
    fields.u8()
}

fn descriptor(fields: &mut Fields<'_>, tag: u8) -> Option<()> {
    if fields.u8()? != tag {
        return None;
    }
    // A length of one to four bytes of seven bits.
    for _ in 0..4 {
        if fields.u8()? & 0x80 == 0 {
            break;
        }
    }
    Some(())
}
