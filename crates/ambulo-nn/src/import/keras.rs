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

/// The same of convolutions and dense layers.
const LINEAR: [(&str, &str); 2] = [("kernel", "weight"), ("bias", "bias")];

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
///
/// Keras numbers the layers of a kind through a whole session, so those of a network may begin anywhere: they
/// are taken in the order of their numbers.
pub(super) fn renamed(
    config: &Cnn1dConfig,
    entries: BTreeMap<String, Entry>,
) -> BTreeMap<String, Entry> {
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    let mut add = |kind: &str, own: &str, layers: usize, parts: &[(&str, &str)]| {
        let found = layers_of(kind, &entries);
        if found.len() != layers {
            return;
        }
        for (index, layer) in found.iter().enumerate() {
            for (keras, part) in parts {
                let own = format!("{own}{}.{part}", index + 1);
                names.insert(format!("{layer}/{keras}:0"), own);
            }
        }
    };
    add("conv1d", "conv", config.convolutions(), &LINEAR);
    add("batch_normalization", "norm", config.convolutions(), &NORM);
    add("dense", "dense", 2, &LINEAR);
    let entries = entries.into_iter();
    let renamed = entries.map(|(name, entry)| match (names.get(&name), entry) {
        (Some(own), Entry::Read(tensor)) => (own.clone(), Entry::Read(turned(tensor))),
        (_, entry) => (name, entry),
    });
    renamed.collect()
}

/// The layers of a kind in the order of their numbers; the first of a session has none.
fn layers_of(kind: &str, entries: &BTreeMap<String, Entry>) -> Vec<String> {
    let layers = entries.keys().filter_map(|name| {
        let (layer, _) = name.split_once('/')?;
        let number: u64 = match layer.strip_prefix(kind)? {
            "" => 0,
            rest => rest.strip_prefix('_')?.parse().ok()?,
        };
        Some((number, layer.to_owned()))
    });
    let numbered: BTreeMap<u64, String> = layers.collect();
    numbered.into_values().collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_numbers_not_of_names() {
        let layers = ["conv1d_10", "conv1d", "conv1d_9", "conv1d_x", "conv2d_1"];
        let entry = |layer| {
            (
                format!("{layer}/kernel:0"),
                Entry::Read(Tensor::zeros(vec![1])),
            )
        };
        let entries = layers.map(entry).into_iter().collect();
        assert_eq!(
            layers_of("conv1d", &entries),
            ["conv1d", "conv1d_9", "conv1d_10"]
        );
    }
}
