//! What training makes small.

mod answer;
mod heatmaps;
mod motion;

use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

pub use answer::{
    AnswerLoss, AnswerLossConfig, FormLoss, PreferenceConfig, ScoreLoss, Targets, preference_loss,
    text_log_probabilities,
};
pub use heatmaps::HeatmapLoss;
pub use motion::{MotionLoss, MotionLossConfig};

/// Below this many square metres a distance has no direction: keeps the gradient of a root finite.
const SMALLEST_SQUARE: f32 = 1e-12;

/// Settings of the loss of a lifter.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossConfig {
    /// How much each joint counts in the error of places and in the smoothness.
    pub joint_weights: JointWeights,
    /// Factor of the squared steps of the prediction from frame to frame: `L_t`.
    pub smoothness: f64,
    /// Factor of the error of the steps from frame to frame: `L_m`.
    pub velocity: f64,
    /// Whether half the square of the loss is made small in place of the loss: the published training
    /// does so, by taking the loss itself as the gradient above it.
    pub square: bool,
}

impl Default for LossConfig {
    /// As MixSTE and RTPCA were trained, but for the square.
    fn default() -> Self {
        Self {
            joint_weights: JointWeights::default(),
            smoothness: 0.5,
            velocity: 2.0,
            square: false,
        }
    }
}

/// How much each joint counts.
///
/// # Source
///
/// Zhang et al. (2022), "MixSTE", arXiv:2203.00859; Liu et al. (2023), arXiv:2309.01365, section 3.4.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JointWeights {
    /// All alike.
    #[default]
    Uniform,
    /// As the released code of MixSTE and RTPCA has it for Human3.6M: shoulders and head 1.5, knees and
    /// ankles 2.5, elbows and wrists 4.
    Mixste,
    /// As RTPCA's text has it: neck and head 1.5, elbows and knees 2.5, wrists and ankles 4.
    Paper,
    /// One number a joint, in the order of the output.
    Listed(Vec<f32>),
}

/// Why joints have no weights.
#[derive(Debug, thiserror::Error)]
pub enum LossError {
    /// The weights are for another number of joints.
    #[error("there are {weights} joint weights for {joints} joints")]
    JointCount {
        /// How many weights there are.
        weights: usize,
        /// How many joints the network answers.
        joints: usize,
    },
}

impl JointWeights {
    /// One weight a joint.
    ///
    /// The named sets are for joints that begin with the 17 of Human3.6M; heels and toes after those count
    /// like ankles.
    ///
    /// # Errors
    ///
    /// [`LossError::JointCount`] if there are too few weights, or too many.
    pub fn for_joints(&self, joints: usize) -> Result<Vec<f32>, LossError> {
        const MIXSTE: [f32; 17] = [
            1.0, 1.0, 2.5, 2.5, 1.0, 2.5, 2.5, 1.0, 1.0, 1.0, 1.5, 1.5, 4.0, 4.0, 1.5, 4.0, 4.0,
        ];
        const PAPER: [f32; 17] = [
            1.0, 1.0, 2.5, 4.0, 1.0, 2.5, 4.0, 1.0, 1.0, 1.5, 1.5, 1.0, 2.5, 4.0, 1.0, 2.5, 4.0,
        ];
        let of_17 = |table: [f32; 17]| {
            let mut weights = table.to_vec();
            let ankle = table[3];
            weights.resize(if joints == 21 { 21 } else { 17 }, ankle);
            weights
        };
        let weights = match self {
            Self::Uniform => vec![1.0; joints],
            Self::Mixste => of_17(MIXSTE),
            Self::Paper => of_17(PAPER),
            Self::Listed(weights) => weights.clone(),
        };
        if weights.len() == joints {
            Ok(weights)
        } else {
            Err(LossError::JointCount {
                weights: weights.len(),
                joints,
            })
        }
    }
}

/// The terms of a lifter's loss, as tensors of one number.
#[derive(Debug, Clone)]
pub struct LiftLoss {
    /// Mean weighted distance: `L_w`.
    pub places: Tensor<1>,
    /// Weighted squared steps of the prediction, times their factor: `L_t`. Absent with one frame.
    pub smoothness: Option<Tensor<1>>,
    /// Mean error of the steps, times its factor: `L_m`. Absent with one frame.
    pub velocity: Option<Tensor<1>>,
}

impl LiftLoss {
    /// The loss of predictions.
    ///
    /// With one frame and equal weights this is the mean joint position error.
    ///
    /// # Shapes
    ///
    /// - `predicted`, `target`: `[batch, frames, joints, 3]`, metres
    /// - `counted`: `[batch, frames, joints]`; 0 where the target is missing
    /// - `joint_weights`: `[joints]`
    pub fn of(
        config: &LossConfig,
        joint_weights: &[f32],
        predicted: Tensor<4>,
        target: Tensor<4>,
        counted: Tensor<3>,
    ) -> Self {
        let [batch, frames, joints, _] = predicted.dims();
        let weights = weights_tensor(joint_weights, &predicted.device());
        let error = predicted.clone() - target;
        let places = mean_of(lengths(error.clone()) * weights.clone(), counted.clone());
        if frames < 2 {
            return Self {
                places,
                smoothness: None,
                velocity: None,
            };
        }
        let steps = differences(predicted).square() * weights.unsqueeze_dim::<4>(3);
        let count = (batch * (frames - 1) * joints * 3) as f64;
        let both = counted.clone().narrow(1, 1, frames - 1) * counted.narrow(1, 0, frames - 1);
        Self {
            places,
            smoothness: Some(steps.sum() * (config.smoothness / count)),
            velocity: Some(mean_of(lengths(differences(error)), both) * config.velocity),
        }
    }

    /// All terms together.
    pub fn total(&self) -> Tensor<1> {
        let terms = [&self.smoothness, &self.velocity];
        let terms = terms.into_iter().flatten();
        terms.fold(self.places.clone(), |sum, term| sum + term.clone())
    }
}

fn weights_tensor(weights: &[f32], device: &Device) -> Tensor<3> {
    Tensor::<1>::from_floats(weights, device).reshape([1, 1, weights.len()])
}

/// Steps from frame to frame.
fn differences(x: Tensor<4>) -> Tensor<4> {
    let frames = x.dims()[1];
    x.clone().narrow(1, 1, frames - 1) - x.narrow(1, 0, frames - 1)
}

fn lengths(x: Tensor<4>) -> Tensor<3> {
    (x.square().sum_dim(3) + SMALLEST_SQUARE)
        .sqrt()
        .squeeze_dim(3)
}

/// The mean over what counts; 0 if nothing does.
fn mean_of(values: Tensor<3>, counted: Tensor<3>) -> Tensor<1> {
    let total = counted.clone().sum().clamp_min(1e-6);
    (values * counted).sum() / total
}
