//! The weights that come with the program: embedded, so that one file is all a user needs.

use super::{Weights, WeightsError};

/// Weights that come with the program.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Name of the file in `weights/`, without its ending.
    pub id: &'static str,
    /// What they do, in a line.
    pub about: &'static str,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: &'static str,
    /// The file.
    pub bytes: &'static [u8],
}

impl Shipped {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`WeightsError`] if the program was built from other bytes than the table says.
    pub fn load(&self) -> Result<Weights, WeightsError> {
        Weights::from_bytes_checked(self.bytes, self.sha256)
    }
}

/// To ship weights, put `ID.safetensors` and its card `ID.md` into `weights/` and add a row here:
///
/// ```text
/// Shipped {
///     id: "ID",
///     about: "…",
///     sha256: "…",
///     bytes: include_bytes!("../../../../weights/ID.safetensors"),
/// },
/// ```
const SHIPPED: &[Shipped] = &[];

/// All weights that come with the program.
pub fn shipped() -> &'static [Shipped] {
    SHIPPED
}
