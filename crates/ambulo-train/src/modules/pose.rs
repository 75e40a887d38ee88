//! The networks that find keypoints in pictures, in their trainable form.
//!
//! Maps are `[batch, height, width, channels]` throughout: channels innermost.

mod blocks;
mod encoder;
mod hrnet;
mod small;
pub(super) mod units;

#[cfg(test)]
mod tests;

use ambulo::synth::SeededRng;
use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Tensor, TensorData};

pub use hrnet::Vttranspose;
pub use small::VttransposeSmall;

/// A network that finds keypoints.
pub trait PoseNetwork: Module {
    /// Heat-maps of pictures.
    ///
    /// # Shapes
    ///
    /// - `pictures`: `[batch, height, width, 3]`, normalised; sides may differ from the settings'
    /// - returns: `[batch, height / 4, width / 4, joints]`, rounded up
    fn heatmaps(&self, pictures: Tensor<4>, pass: &mut Pass<'_>) -> Tensor<4>;
}

/// One pass in training; absent in evaluation.
pub type Pass<'a> = Option<&'a mut Training>;

/// What a pass in training draws from and leaves behind.
#[derive(Debug)]
pub struct Training {
    /// Random numbers of the step.
    pub(crate) rng: SeededRng,
    /// Share of numbers left out where the networks do so.
    pub(crate) dropout: f64,
    /// Means and variances of the batch, each with the parameter that remembers it.
    statistics: Vec<(ParamId, Vec<f32>)>,
}

impl Training {
    /// A pass with these random numbers, leaving out this share of numbers in the encoder.
    pub fn new(rng: SeededRng, dropout: f64) -> Self {
        Self {
            rng,
            dropout,
            statistics: Vec::new(),
        }
    }

    fn note(&mut self, id: ParamId, values: Vec<f32>) {
        self.statistics.push((id, values));
    }

    /// The module whose batch norms remember this pass: `memory` times what they held, plus the rest times
    /// what the batch had.
    pub fn remembered<M: Module>(&self, module: M, memory: f64) -> M {
        module.map(&mut Remember {
            statistics: &self.statistics,
            memory,
        })
    }
}

struct Remember<'a> {
    statistics: &'a [(ParamId, Vec<f32>)],
    memory: f64,
}

impl ModuleMapper for Remember<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let noted = self.statistics.iter().find(|(id, _)| *id == param.id);
        let Some((_, values)) = noted else {
            return param;
        };
        param.map(|held| {
            let held = held.inner();
            let data = TensorData::new(values.clone(), held.dims());
            let new = Tensor::from_data(data, &held.device());
            let mixed = held * self.memory + new * (1.0 - self.memory);
            mixed.autodiff().require_grad()
        })
    }
}
