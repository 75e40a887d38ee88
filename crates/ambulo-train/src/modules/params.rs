//! The networks that estimate a gait parameter from windows of keypoints, in their trainable form.

mod cnn1d;
mod stt;

use burn::module::Module;
use burn::tensor::Tensor;

pub use cnn1d::Cnn1d;
pub use stt::Stt;

use super::pose::Pass;

/// A network that estimates a gait parameter.
pub trait ParamsNetwork: Module {
    /// Estimates of windows.
    ///
    /// # Shapes
    ///
    /// - `windows`: `[batch, numbers of a window]`, row-major as the engine reads them
    /// - returns: `[batch]`, 0 to 1 for the range of the parameter in training
    fn estimate(&self, windows: Tensor<2>, pass: &mut Pass<'_>) -> Tensor<1>;

    /// The sum of squares of the numbers that training keeps small, if the network has some.
    fn penalised(&self) -> Option<Tensor<1>> {
        None
    }
}
