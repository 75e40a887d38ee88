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
// A constant would be embedded anew wherever it is used.
static SHIPPED: &[Shipped] = &[
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
        sha256: "51f68493db52dc9b8a977edf7be4842e725c34946f2f70e18748a38dd8c027ea",
        bytes: include_bytes!("../../../../weights/pose2d_small.safetensors"),
    },
    Shipped {
        id: "params_cnn1d_gdi",
        about: "estimates GDI* of a leg from keypoints (1D-CNN)",
        sha256: "f6c450ec925d0048d7d003bca0100f6dd546f0d9bcdb1ede08fbf55a731a424d",
        bytes: include_bytes!("../../../../weights/params_cnn1d_gdi.safetensors"),
    },
    Shipped {
        id: "params_cnn1d_knee",
        about: "estimates knee flexion at maximum extension from keypoints (1D-CNN)",
        sha256: "1393125d9168e64c8f946c11e344a07e102ae2a7a183d4336b245c01a38b0f6e",
        bytes: include_bytes!("../../../../weights/params_cnn1d_knee.safetensors"),
    },
    Shipped {
        id: "params_cnn1d_speed",
        about: "estimates walking speed from keypoints (1D-CNN)",
        sha256: "425b0c37a0d6e123180296c10e3b2e0b27219a33d2f1663e6556f0b2f56f287e",
        bytes: include_bytes!("../../../../weights/params_cnn1d_speed.safetensors"),
    },
    Shipped {
        id: "params_cnn1d_cadence",
        about: "estimates cadence from keypoints (1D-CNN)",
        sha256: "8f3c3f78a55fa965025c4100b19cf3903cd1eb5f3cf7c964236c95c176e7eeeb",
        bytes: include_bytes!("../../../../weights/params_cnn1d_cadence.safetensors"),
    },
    Shipped {
        id: "params_stt_gdi",
        about: "estimates GDI* of a leg from keypoints (STT)",
        sha256: "c9a3f64e418dd7fad9904ced86f16bcc636e13e3939d3fcb0bad7cafe57ae0bb",
        bytes: include_bytes!("../../../../weights/params_stt_gdi.safetensors"),
    },
    Shipped {
        id: "params_stt_knee",
        about: "estimates knee flexion at maximum extension from keypoints (STT)",
        sha256: "a58e9305a5a407ac3901e673f88a89f2a3aadaa6b398570de64fab450c753bc0",
        bytes: include_bytes!("../../../../weights/params_stt_knee.safetensors"),
    },
    Shipped {
        id: "params_stt_speed",
        about: "estimates walking speed from keypoints (STT)",
        sha256: "6f8d33937768977533caef9ecf5d70f3d04a70c8f7fe03c66183540c2f70b77e",
        bytes: include_bytes!("../../../../weights/params_stt_speed.safetensors"),
    },
    Shipped {
        id: "params_stt_cadence",
        about: "estimates cadence from keypoints (STT)",
        sha256: "614f640a474a14d44107b3120034f75fc9dc88d0b140dcd04abd672bf079edd9",
        bytes: include_bytes!("../../../../weights/params_stt_cadence.safetensors"),
    },
    Shipped {
        id: "motion_vqvae",
        about: "turns a walk in space into tokens, one for 0.2 s, and back (VQ-VAE)",
        sha256: "f7f66d06d5ba252f97216b7db6ce53b9f4d7b08301765dbefaa6bd70d7fadd91",
        bytes: include_bytes!("../../../../weights/motion_vqvae.safetensors"),
    },
    Shipped {
        id: "assess_reasoner",
        about: "writes a gait score and its reasons from a walk's tokens and what was measured (T5)",
        sha256: "d8650c4f86be73cd7d004e5785f478302326ba636f25887f78303a6c7171347b",
        bytes: include_bytes!("../../../../weights/assess_reasoner.safetensors"),
    },
];

/// All weights that come with the program.
pub fn shipped() -> &'static [Shipped] {
    SHIPPED
}
