//! What the motion tokenizer makes small.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// First of the features that are places of joints, and how many there are.
const PLACES: [usize; 2] = [4, 63];

/// Settings of the loss of the motion tokenizer.
///
/// # Source
///
/// Jiang et al. (2023), `OpenMotionLab/MotionGPT`, commit 001aaca. What its code calls velocity are the places of the
/// joints.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MotionLossConfig {
    /// Factor of the error of the places of the joints, on top of that of all features.
    pub places: f64,
    /// Factor of the squared distance of the latents from their codes.
    pub commitment: f64,
}

impl Default for MotionLossConfig {
    fn default() -> Self {
        Self {
            places: 0.5,
            commitment: 0.02,
        }
    }
}

/// The terms of the tokenizer's loss, as tensors of one number.
#[derive(Debug, Clone)]
pub struct MotionLoss {
    /// Error of all features, without factor.
    pub features: Tensor<1>,
    /// Error of the places of the joints, without factor.
    pub places: Tensor<1>,
    /// Mean squared distance of the latents from their codes, without factor.
    pub commitment: Tensor<1>,
    config: MotionLossConfig,
}

impl MotionLoss {
    /// The loss of a batch. Frames beyond the last whole token are not compared.
    ///
    /// # Shapes
    ///
    /// - `made`, `motion`: `[batch, frames, features]`, normalised
    /// - `latents`, `codes`: `[batch, tokens, width]`; codes have no gradient
    pub fn of(
        config: &MotionLossConfig,
        [made, motion]: [Tensor<3>; 2],
        [latents, codes]: [Tensor<3>; 2],
    ) -> Self {
        let frames = made.dims()[1];
        let motion = motion.narrow(1, 0, frames);
        let errors = smooth_l1(made - motion);
        let [first, count] = PLACES;
        Self {
            places: errors.clone().narrow(2, first, count).mean(),
            features: errors.mean(),
            commitment: (latents - codes.detach()).square().mean(),
            config: *config,
        }
    }

    /// The sum of the terms, each times its factor.
    pub fn total(self) -> Tensor<1> {
        self.features + self.places * self.config.places + self.commitment * self.config.commitment
    }
}

/// Half the square of what is below 1, from there on straight.
fn smooth_l1(difference: Tensor<3>) -> Tensor<3> {
    let far = difference.abs();
    let near = far.clone().clamp_max(1.0);
    near.clone().square() * 0.5 + (far - near)
}
