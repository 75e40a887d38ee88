//! A pose network that is a network with its weights.

use ambulo_nn::codec::pose2d::Pose2dCodec;
use ambulo_nn::codec::pose2d::maps::HeatMaps;
use ambulo_nn::networks::Network;
use ambulo_nn::threads::Threads;
use ambulo_nn::weights::{self, Weights};

use super::{Pose2dError, PoseNetwork};
use crate::lifting::Identity;

/// A network with its weights and the settings of its codec.
#[derive(Debug)]
pub struct CropNetwork {
    identity: Identity,
    codec: Pose2dCodec,
    network: Network,
}

/// The network of a weights file.
///
/// # Errors
///
/// [`Pose2dError::Weights`] if the file is none, or of a network that does not find keypoints.
pub fn load(bytes: &[u8]) -> Result<CropNetwork, Pose2dError> {
    let weights =
        Weights::from_bytes(bytes).map_err(|error| Pose2dError::Weights(error.to_string()))?;
    CropNetwork::new(&weights)
}

/// The network that comes with the program, if one does.
///
/// # Errors
///
/// [`Pose2dError::Weights`] if the program was built with damaged weights.
pub fn shipped() -> Result<Option<CropNetwork>, Pose2dError> {
    weights::shipped()
        .iter()
        .find(|shipped| shipped.id.starts_with("pose2d"))
        .map(|shipped| load(shipped.bytes))
        .transpose()
}

impl CropNetwork {
    /// A network of weights that were read.
    ///
    /// # Errors
    ///
    /// [`Pose2dError::Weights`] if they are of another kind of network, or their codec does not fit.
    pub fn new(weights: &Weights) -> Result<Self, Pose2dError> {
        let unusable = |why: String| Err(Pose2dError::Weights(why));
        let config = weights.config();
        let info = weights.info();
        if !config.reads_pictures() {
            return unusable(format!(
                "they are of a {}, which lifts keypoints",
                config.model()
            ));
        }
        let codec = match Pose2dCodec::of_weights_or_published(weights) {
            Ok(codec) => codec,
            Err(error) => return unusable(error.to_string()),
        };
        let [width, height] = codec.crop_px;
        let [columns, rows] = codec.map_cells;
        if config.input_shape() != [3, height, width]
            || config.output_shape() != [codec.joints, rows, columns]
        {
            return unusable(format!(
                "the network takes {:?} and gives {:?}, which its codec does not fit",
                config.input_shape(),
                config.output_shape()
            ));
        }
        if !matches!(codec.joints, 17 | 23) {
            return unusable(format!("{} joints are neither 17 nor 23", codec.joints));
        }
        let network = match Network::from_weights(config, weights.tensors(), Threads::default()) {
            Ok(network) => network,
            Err(error) => return unusable(error.to_string()),
        };
        Ok(Self {
            identity: Identity {
                name: format!("{} {}", info.id, info.version).trim().to_owned(),
                network: config.model().to_owned(),
                weights_sha256: weights.sha256().map(str::to_owned),
            },
            codec,
            network,
        })
    }
}

impl PoseNetwork for CropNetwork {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn codec(&self) -> &Pose2dCodec {
        &self.codec
    }

    fn maps(&mut self, crops: &[f32], count: usize) -> Result<Vec<HeatMaps>, Pose2dError> {
        let failed = |error: String| Pose2dError::Network(error);
        let numbers = self
            .network
            .forward(crops, count)
            .map_err(|error| failed(error.to_string()))?;
        let [columns, rows] = self.codec.map_cells;
        let joints = self.codec.joints;
        numbers
            .chunks_exact(joints * columns * rows)
            .map(|maps| {
                HeatMaps::new(joints, [columns, rows], maps.to_vec())
                    .map_err(|error| failed(error.to_string()))
            })
            .collect()
    }
}
