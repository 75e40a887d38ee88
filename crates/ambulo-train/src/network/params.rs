//! How networks that estimate gait parameters begin.

use ambulo::synth::SeededRng;
use ambulo_nn::config::NetworkConfig;
use ambulo_nn::tensors::{Tensor as Array, Tensors};

use super::initial_weights;
use crate::datasets::takes::narrow;

/// Random parameters to start from, the same for the same seed: STT as `PyTorch` begins, the 1D-CNN as Keras
/// does, with biases of zero and matrices uniform within the root of 6 over the inputs and outputs of a number.
///
/// # Panics
///
/// Never: the shapes are the network's own.
pub fn initial_params_weights(config: &NetworkConfig, seed: u64) -> Tensors {
    if !matches!(config, NetworkConfig::Cnn1d(_)) {
        return initial_weights(config, seed);
    }
    let mut rng = SeededRng::new(seed);
    let tensors = config.tensor_shapes().into_iter().map(|tensor| {
        let is_matrix = tensor.shape.len() > 1;
        let values = if is_matrix {
            let taps: usize = tensor.shape[2..].iter().product();
            let ends = (tensor.shape[0] + tensor.shape[1]) * taps.max(1);
            let bound = (6.0 / ends as f64).sqrt();
            let mut draw = || narrow(bound * (2.0 * rng.unit() - 1.0));
            (0..tensor.len()).map(|_| draw()).collect()
        } else if tensor.name.starts_with("norm")
            && (tensor.name.ends_with(".weight") || tensor.name.ends_with(".running_var"))
        {
            vec![1.0; tensor.len()]
        } else {
            vec![0.0; tensor.len()]
        };
        let array = Array::new(tensor.shape.clone(), values).expect("the shape is the tensor's");
        (tensor.name, array)
    });
    tensors.collect()
}
