//! Which kind of file a video is, and how its pictures are coded, by its first bytes.

use std::fmt;

use super::codec::Codec;

/// A kind of video file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// MP4, M4V, 3GP.
    Mp4,
    /// `QuickTime` (MOV).
    QuickTime,
    /// Matroska (MKV).
    Matroska,
    /// `WebM`.
    WebM,
    /// AVI.
    Avi,
    /// MPEG program stream (MPG, VOB).
    MpegProgram,
    /// MPEG transport stream (TS, M2TS).
    MpegTransport,
    /// Windows Media (WMV, ASF).
    WindowsMedia,
    /// Flash video.
    Flash,
    /// Ogg.
    Ogg,
}

/// Bytes from the beginning that [`Container::recognise`] looks at.
pub const HEAD_BYTES: usize = 1 << 16;

/// The top boxes that an MP4 or MOV file begins with.
const FIRST_BOXES: [&[u8; 4]; 8] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp",
];

impl Container {
    /// The kind of file that begins so; `None` if it is no video that is known.
    pub fn recognise(head: &[u8]) -> Option<Self> {
        let at = |from: usize, bytes: &[u8]| head.get(from..from + bytes.len()) == Some(bytes);
        if let Some(name) = head.get(4..8)
            && FIRST_BOXES.iter().any(|first| &first[..] == name)
        {
            // Text could read so by chance, but a box begins with how long it is.
            let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
            let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
            if (2..8).contains(&size) || head[..4].iter().all(is_text) {
                return None;
            }
            let quick_time = name != b"ftyp" && name != b"styp" || at(8, b"qt  ");
            return Some(if quick_time {
                Self::QuickTime
            } else {
                Self::Mp4
            });
        }
        if at(0, &[0x1A, 0x45, 0xDF, 0xA3]) {
            let webm = head.windows(4).take(64).any(|name| name == b"webm");
            return Some(if webm { Self::WebM } else { Self::Matroska });
        }
        if at(0, b"RIFF") && at(8, b"AVI ") {
            return Some(Self::Avi);
        }
        if at(0, &[0, 0, 1, 0xBA]) || at(0, &[0, 0, 1, 0xB3]) {
            return Some(Self::MpegProgram);
        }
        // Packets of 188 bytes, in M2TS with four bytes before each.
        for (start, step) in [(0, 188), (4, 192)] {
            if (0..5).all(|packet| head.get(start + packet * step) == Some(&0x47)) {
                return Some(Self::MpegTransport);
            }
        }
        if at(0, &[0x30, 0x26, 0xB2, 0x75, 0x8E, 0x66, 0xCF, 0x11]) {
            return Some(Self::WindowsMedia);
        }
        if at(0, b"FLV\x01") {
            return Some(Self::Flash);
        }
        if at(0, b"OggS") {
            return Some(Self::Ogg);
        }
        None
    }

    /// How the pictures are coded, where the first bytes say so. An MP4 or MOV file has an index for
    /// that.
    pub(crate) fn codec(self, head: &[u8]) -> Option<Codec> {
        match self {
            Self::Matroska | Self::WebM => {
                // The element's number, its length in one byte, and the text.
                let is_id =
                    |bytes: &[u8]| bytes[0] == 0x86 && bytes[1] & 0x80 != 0 && &bytes[2..] == b"V_";
                let at = head.windows(4).position(is_id)?;
                let length = usize::from(head[at + 1] & 0x7F);
                let id = head.get(at + 2..at + 2 + length)?;
                let id = String::from_utf8_lossy(id);
                let id = id.trim_end_matches('\0');
                Some(Codec::of_matroska(id))
            }
            Self::Avi => {
                let at = head.windows(8).position(|bytes| &bytes[..4] == b"vids")?;
                let letters = head.get(at + 4..at + 8)?;
                Some(Codec::of_avi(letters.try_into().ok()?))
            }
            Self::MpegProgram => Some(Codec::Mpeg2),
            _ => None,
        }
    }
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mp4 => "MP4",
            Self::QuickTime => "MOV",
            Self::Matroska => "MKV",
            Self::WebM => "WebM",
            Self::Avi => "AVI",
            Self::MpegProgram => "MPEG",
            Self::MpegTransport => "MPEG transport stream",
            Self::WindowsMedia => "Windows Media",
            Self::Flash => "Flash video",
            Self::Ogg => "Ogg",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_files_are_known_by_their_first_bytes() {
        let check = |head: &[u8], expected| assert_eq!(Container::recognise(head), expected);
        check(b"\0\0\0\x18ftypisom", Some(Container::Mp4));
        check(b"\0\0\0\x14ftypqt  ", Some(Container::QuickTime));
        check(b"\0\0\0\x08wide", Some(Container::QuickTime));
        check(
            b"\x1A\x45\xDF\xA3\x9F\x42\x82\x84webm",
            Some(Container::WebM),
        );
        check(
            b"\x1A\x45\xDF\xA3\xA3\x42\x82\x88matroska",
            Some(Container::Matroska),
        );
        check(b"RIFF\0\0\0\0AVI LIST", Some(Container::Avi));
        check(b"RIFF\0\0\0\0WAVEfmt ", None);
        check(b"#EXTM3U\nfile:///etc/passwd", None);
        check(b"ffconcat version 1.0\n", None);
        check(b"", None);
        check(b"stepwide;1.0;2.0", None);
        check(&[0x47; 188 * 5], Some(Container::MpegTransport));
    }

    #[test]
    fn codecs_are_known_by_the_head() {
        let mkv = b"\x1A\x45\xDF\xA3....\x86\x90V_MPEGH/ISO/HEVC\x63\xA2";
        assert_eq!(Container::Matroska.codec(mkv), Some(Codec::Hevc));
        let avi = b"RIFF....AVI LIST....hdrlstrh8\0\0\0vidsXVID\0\0";
        assert_eq!(Container::Avi.codec(avi), Some(Codec::Mpeg4));
    }
}
