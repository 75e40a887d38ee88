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
const SHIPPED: &[Shipped] = &[
    Shipped {
        id: "lifter_rtpca",
        about: "lifts keypoints of one camera to 21 joints: all frames of a window (RTPCA)",
        sha256: "eb4b16ed1357ced825464aaeef89984a3a4c8e81d2f4db5694f7dc17bdc72ddb",
        bytes: include_bytes!("../../../../weights/lifter_rtpca.safetensors"),
    },
    Shipped {
        id: "lifter_convformer",
        about: "the same, the middle frame of a window (ConvFormer)",
        sha256: "c0f82b110934bc80488a5b86559604e258f1e89b9c41bd71245b7ddda4f26a7d",
        bytes: include_bytes!("../../../../weights/lifter_convformer.safetensors"),
    },
    Shipped {
        id: "pose2d_small",
        about: "finds 23 keypoints of a person in a picture (the small VTTransPose); short of its goals",
        sha256: "9138546402d471fe80729d4f142f6a6879ecaa7a7307ea64cdb8471749264267",
        bytes: include_bytes!("../../../../weights/pose2d_small.safetensors"),
    },
];

/// All weights that come with the program.
pub fn shipped() -> &'static [Shipped] {
    SHIPPED
}
