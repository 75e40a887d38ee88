//! What training of heat-maps makes small.

use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

use crate::ops;

/// How heat-maps are compared with where joints are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum HeatmapLoss {
    /// The cross-entropy of the softmax over each map and a Gaussian whose values sum to 1, averaged over
    /// joints by their weights.
    CrossEntropy {
        /// The Gaussian's standard deviation, in cells.
        sigma: f32,
    },
    /// Half the mean square of the difference from a Gaussian whose largest value is 1, each joint's map
    /// times its weight, averaged over all joints.
    SquaredError {
        /// The Gaussian's standard deviation, in cells.
        sigma: f32,
    },
}

impl Default for HeatmapLoss {
    fn default() -> Self {
        Self::CrossEntropy { sigma: 1.6 }
    }
}

impl HeatmapLoss {
    /// The loss of heat-maps.
    ///
    /// Gaussians are not rounded to cells. A joint of weight 0 is not looked at.
    ///
    /// # Shapes
    ///
    /// - `heatmaps`: `[batch, height, width, joints]`
    /// - `points`: `[batch, joints]`: column, row and weight
    ///
    /// # Source
    ///
    /// The squared error: Li et al. (2024), Sci. Rep. 14:7608, and the released code of `TransPose`.
    pub fn of(self, heatmaps: Tensor<4>, points: Vec<[f32; 3]>) -> Tensor<1> {
        match self {
            Self::CrossEntropy { sigma } => ops::map_cross_entropy(heatmaps, points, sigma),
            Self::SquaredError { sigma } => squared_error(heatmaps, &points, sigma),
        }
    }
}

fn squared_error(heatmaps: Tensor<4>, points: &[[f32; 3]], sigma: f32) -> Tensor<1> {
    let shape @ [_, height, width, joints] = heatmaps.dims();
    let count: usize = shape.iter().product();
    let mut targets = Vec::with_capacity(count);
    let mut weights = Vec::with_capacity(count);
    for person in points.chunks_exact(joints) {
        for cell in 0..height * width {
            let (x, y) = ((cell % width) as f32, (cell / width) as f32);
            for &[column, row, weight] in person {
                let square = (x - column).powi(2) + (y - row).powi(2);
                targets.push((-0.5 * square / (sigma * sigma)).exp());
                weights.push(weight);
            }
        }
    }
    let device = heatmaps.device();
    let [targets, weights] = [targets, weights]
        .map(|numbers| Tensor::<4>::from_data(TensorData::new(numbers, shape), &device));
    ((heatmaps - targets) * weights).square().mean() * 0.5
}
