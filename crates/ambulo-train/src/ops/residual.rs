//! The sum of a trunk and a branch whose tokens have factors of their own.

use super::fused::{FusedOp, Gradient};

#[derive(Debug, Clone)]
pub(super) struct AddScaled {
    /// One a token.
    pub(super) factors: Vec<f32>,
}

impl FusedOp<2> for AddScaled {
    fn forward(&self, [trunk, branch]: [&[f32]; 2]) -> Vec<f32> {
        let width = (trunk.len() / self.factors.len().max(1)).max(1);
        let mut output = Vec::with_capacity(trunk.len());
        let tokens = trunk.chunks_exact(width).zip(branch.chunks_exact(width));
        for ((trunk, branch), factor) in tokens.zip(&self.factors) {
            output.extend(trunk.iter().zip(branch).map(|(t, b)| t + factor * b));
        }
        output
    }

    fn backward(&self, _inputs: [&[f32]; 2], grad: &[f32]) -> [Gradient; 2] {
        let width = (grad.len() / self.factors.len().max(1)).max(1);
        let mut branch = Vec::with_capacity(grad.len());
        for (grad, factor) in grad.chunks_exact(width).zip(&self.factors) {
            branch.extend(grad.iter().map(|g| factor * g));
        }
        [Gradient::Passed, Gradient::Values(branch)]
    }
}
