//! Pictures as PNG.

use ambulo::picture::Picture;

use super::OverlayError;

/// How much work goes into making the file small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effort {
    /// For many pictures.
    Little,
    /// For a few that are embedded.
    Most,
}

pub(super) fn encoded(picture: &Picture, effort: Effort) -> Result<Vec<u8>, OverlayError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width_px(), picture.height_px());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(match effort {
        Effort::Little => png::Compression::Fast,
        Effort::Most => png::Compression::High,
    });
    let mut writer = encoder.write_header().map_err(OverlayError::Png)?;
    writer
        .write_image_data(picture.rgb())
        .map_err(OverlayError::Png)?;
    writer.finish().map_err(OverlayError::Png)?;
    Ok(bytes)
}
