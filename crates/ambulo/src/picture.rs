//! A picture in colour: one frame of a video, or one of a person.

/// Pixels of red, green and blue, eight bits each, row by row from the top left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    width_px: u32,
    height_px: u32,
    rgb: Vec<u8>,
}

/// Why bytes cannot be a picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// A picture without pixels.
    #[error("a picture of {width_px} × {height_px} pixels shows nothing")]
    Empty {
        /// Columns.
        width_px: u32,
        /// Rows.
        height_px: u32,
    },
    /// The bytes are not three for each pixel.
    #[error("{width_px} × {height_px} pixels take three bytes each, which {bytes} bytes are not")]
    WrongLength {
        /// Columns.
        width_px: u32,
        /// Rows.
        height_px: u32,
        /// Bytes given.
        bytes: usize,
    },
}

impl Picture {
    /// A picture of given pixels.
    ///
    /// # Errors
    ///
    /// [`PictureError`] if there are no pixels, or not three bytes for each.
    pub fn new(width_px: u32, height_px: u32, rgb: Vec<u8>) -> Result<Self, PictureError> {
        if width_px == 0 || height_px == 0 {
            return Err(PictureError::Empty {
                width_px,
                height_px,
            });
        }
        let bytes = (width_px as usize)
            .checked_mul(height_px as usize)
            .and_then(|pixels| pixels.checked_mul(3));
        if bytes != Some(rgb.len()) {
            return Err(PictureError::WrongLength {
                width_px,
                height_px,
                bytes: rgb.len(),
            });
        }
        Ok(Self {
            width_px,
            height_px,
            rgb,
        })
    }

    /// Columns.
    pub fn width_px(&self) -> u32 {
        self.width_px
    }

    /// Rows.
    pub fn height_px(&self) -> u32 {
        self.height_px
    }

    /// All bytes: red, green, blue of each pixel, row by row.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The same, to be painted over.
    pub fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }

    /// The bytes alone, for their memory to be used again.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// Red, green and blue of one pixel; `None` outside the picture.
    pub fn pixel(&self, column: u32, row: u32) -> Option<[u8; 3]> {
        if column >= self.width_px || row >= self.height_px {
            return None;
        }
        let first = (row as usize * self.width_px as usize + column as usize) * 3;
        self.rgb.get(first..first + 3)?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pixel_is_found_by_column_and_row() {
        let picture = Picture::new(2, 2, (0..12).collect()).unwrap();
        assert_eq!(picture.pixel(1, 0), Some([3, 4, 5]));
        assert_eq!(picture.pixel(0, 1), Some([6, 7, 8]));
        assert_eq!(picture.pixel(2, 0), None);
        assert_eq!(picture.pixel(0, 2), None);
    }

    #[test]
    fn bytes_that_do_not_fill_the_picture_are_refused() {
        let wrong = Picture::new(2, 2, vec![0; 11]);
        assert!(matches!(
            wrong,
            Err(PictureError::WrongLength { bytes: 11, .. })
        ));
        let empty = Picture::new(0, 2, Vec::new());
        assert!(matches!(empty, Err(PictureError::Empty { .. })));
        let huge = Picture::new(u32::MAX, u32::MAX, vec![0; 3]);
        assert!(matches!(huge, Err(PictureError::WrongLength { .. })));
    }
}
