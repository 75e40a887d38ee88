//! The 1D-CNN's tensors under the names and in the layouts of Keras.

use std::collections::BTreeMap;

use super::Entry;
use crate::config::Cnn1dConfig;
use crate::layers::swapped;
use crate::tensors::Tensor;

/// What Keras calls the tensors of a batch norm, and what we do.
const NORM: [(&str, &str); 4] = [
    ("gamma", "weight"),
    ("beta", "bias"),
    ("moving_mean", "running_mean"),
    ("moving_variance", "running_var"),
];

/// The name of a tensor by its path in an HDF5 file: without the group of the weights, and with the name of
/// its layer once.
pub(super) fn name(path: &str) -> &str {
    let path = path.strip_prefix("model_weights/").unwrap_or(path);
    match path.split_once('/') {
        Some((layer, rest)) if rest.strip_prefix(layer).is_some_and(|r| r.starts_with('/')) => rest,
        _ => path,
    }
}

/// The entries with those of Keras under our names, their axes turned. Others stay as they are.
pub(super) fn renamed(
    config: &Cnn1dConfig,
    entries: BTreeMap<String, Entry>,
) -> BTreeMap<String, Entry> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for number in 1..=config.convolutions() {
        let (conv, norm) = (
            format!("conv1d_{number}"),
            format!("batch_normalization_{number}"),
        );
        names.insert(format!("{conv}/kernel:0"), format!("conv{number}.weight"));
        names.insert(format!("{conv}/bias:0"), format!("conv{number}.bias"));
        for (keras, own) in NORM {
            names.insert(format!("{norm}/{keras}:0"), format!("norm{number}.{own}"));
        }
    }
    for number in 1..=2 {
        names.insert(
            format!("dense_{number}/kernel:0"),
            format!("dense{number}.weight"),
        );
        names.insert(
            format!("dense_{number}/bias:0"),
            format!("dense{number}.bias"),
        );
    }
    let entries = entries.into_iter();
    let renamed = entries.map(|(name, entry)| match (names.get(&name), entry) {
        (Some(own), Entry::Read(tensor)) => (own.clone(), Entry::Read(turned(tensor))),
        (_, entry) => (name, entry),
    });
    renamed.collect()
}

/// The axes in reverse: `[kernel, in, out]` becomes `[out, in, kernel]`, `[in, out]` becomes `[out, in]`.
fn turned(tensor: Tensor) -> Tensor {
    let (shape, data) = match *tensor.shape() {
        [rows, columns] => (
            vec![columns, rows],
            swapped(tensor.data(), [1, rows, columns, 1]),
        ),
        [kernel, inputs, outputs] => {
            let outputs_first = swapped(tensor.data(), [1, kernel * inputs, outputs, 1]);
            (
                vec![outputs, inputs, kernel],
                swapped(&outputs_first, [outputs, kernel, inputs, 1]),
            )
        }
        _ => return tensor,
    };
    Tensor::new(shape, data).unwrap_or(tensor)
}
