//! JPEG files to pictures.

use std::io::Cursor;

use ambulo::picture::{Picture, PictureError};
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

/// Larger pictures are not decoded.
const MOST_PIXELS: usize = 100_000_000;

/// Why a JPEG file is no picture.
#[derive(Debug, thiserror::Error)]
pub enum JpegError {
    /// The decoder gave up.
    #[error("not a readable JPEG file: {0}")]
    Decode(#[from] DecodeErrors),
    /// The file claims too many pixels.
    #[error("{width_px} × {height_px} pixels are more than are decoded")]
    TooLarge {
        /// Columns.
        width_px: usize,
        /// Rows.
        height_px: usize,
    },
    /// The decoder gave neither one nor three bytes a pixel.
    #[error("{bytes} bytes for {pixels} pixels")]
    Colours {
        /// Bytes decoded.
        bytes: usize,
        /// Pixels.
        pixels: usize,
    },
    /// The bytes make no picture.
    #[error(transparent)]
    Picture(#[from] PictureError),
}

/// Decodes a file; grey ones become coloured. Orientation marks are ignored, as in COCO's annotations.
///
/// # Errors
///
/// [`JpegError`]; memory is bounded before anything is decoded.
pub fn decode(bytes: &[u8]) -> Result<Picture, JpegError> {
    let mut decoder = JpegDecoder::new(Cursor::new(bytes));
    decoder.decode_headers()?;
    let (width_px, height_px) = decoder.dimensions().unwrap_or((0, 0));
    let pixels = width_px.saturating_mul(height_px);
    if pixels > MOST_PIXELS {
        return Err(JpegError::TooLarge {
            width_px,
            height_px,
        });
    }
    let levels = decoder.decode()?;
    let rgb = if levels.len() == pixels {
        levels.iter().flat_map(|&level| [level; 3]).collect()
    } else if levels.len() == 3 * pixels {
        levels
    } else {
        return Err(JpegError::Colours {
            bytes: levels.len(),
            pixels,
        });
    };
    let side = |extent: usize| u32::try_from(extent).unwrap_or(u32::MAX);
    Ok(Picture::new(side(width_px), side(height_px), rgb)?)
}
