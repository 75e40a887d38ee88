//! Networks that find keypoints: `TransPose` on `HRNet`, `VTTransPose`, and the small network of the family.
//!
//! Source: Li et al. (2024), Sci. Rep. 14:7608; Yang et al. (2021), "`TransPose`", arXiv:2012.14214; Sun et al.
//! (2019), "`HRNet`", arXiv:1902.09212; and the released code of the latter two.
//!
//! Maps have their channels innermost and one cell of zeros around them. Batch norms are folded into the
//! convolutions; rectifiers, residuals and enlarged maps are added before a sum is stored. Sums of branches
//! follow another order than the source's, which changes the last digits.

mod blocks;
mod build;
mod encoder;
mod hrnet;
mod program;
mod small;
#[cfg(test)]
mod tests;

use program::Program;

use crate::config::{TransposeHConfig, VttransposeConfig, VttransposeSmallConfig};
use crate::layers::{Checked, Trace};
use crate::threads::Engine;

/// The network and its memory.
#[derive(Debug)]
pub struct Pose {
    program: Program,
}

impl Pose {
    pub(super) fn of_transpose_h(config: &TransposeHConfig, weights: Checked<'_>) -> Self {
        Self::of_vttranspose(&config.as_vttranspose(), weights)
    }

    pub(super) fn of_vttranspose(config: &VttransposeConfig, weights: Checked<'_>) -> Self {
        Self {
            program: hrnet::program(config, weights),
        }
    }

    pub(super) fn of_small(config: &VttransposeSmallConfig, weights: Checked<'_>) -> Self {
        Self {
            program: small::program(config, weights),
        }
    }

    /// Makes heat-maps of `batch` pictures; slices have been checked.
    pub(super) fn run(
        &mut self,
        engine: &Engine,
        input: &[f32],
        batch: usize,
        output: &mut [f32],
        trace: &mut Trace,
    ) {
        self.program.run(engine, input, batch, output, trace);
    }
}
