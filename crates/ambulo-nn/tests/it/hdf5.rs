//! Weights in HDF5 files of Keras.

use std::fs;

use ambulo_nn::config::NetworkConfig;
use ambulo_nn::import::{Checkpoint, ImportError};
use ambulo_nn::weights::{Weights, WeightsInfo};
use ambulo_testkit::{SeededRng, mutate, repository_root};

fn file(name: &str) -> Vec<u8> {
    let case = repository_root().join("testdata/parity/stt/cnn1d_f12");
    fs::read(case.join(name)).unwrap()
}

fn import(bytes: &[u8]) -> Result<Weights, ImportError> {
    let config = NetworkConfig::preset("cnn1d_12").unwrap();
    let checkpoint = Checkpoint::from_bytes(bytes)?;
    Ok(checkpoint.import(&config, WeightsInfo::default())?.weights)
}

#[test]
fn a_file_of_keras_holds_the_same_weights_as_safetensors() {
    let read = import(&file("weights.h5")).unwrap();
    let same = import(&file("weights.safetensors")).unwrap();
    assert_eq!(read.tensors(), same.tensors());
}

#[test]
fn layers_are_taken_in_the_order_of_their_numbers_wherever_those_begin() {
    let mut bytes = file("weights.h5");
    for number in (1..=6).rev() {
        for kind in ["conv1d", "batch_normalization"] {
            replace(
                &mut bytes,
                &format!("{kind}_{number}"),
                &format!("{kind}_{}", number + 3),
            );
        }
    }
    for (from, to) in [("dense_2", "dense_8"), ("dense_1", "dense_4")] {
        replace(&mut bytes, from, to);
    }
    let same = import(&file("weights.safetensors")).unwrap();
    assert_eq!(import(&bytes).unwrap().tensors(), same.tensors());
    replace(&mut bytes, "dense_8", "dense_x");
    let message = import(&bytes).unwrap_err().to_string();
    assert!(message.contains("dense_x/kernel:0"), "{message}");
}

/// Writes another text of the same length wherever one stands.
#[track_caller]
fn replace(bytes: &mut [u8], from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut found = 0;
    while let Some(at) = bytes
        .windows(from.len())
        .position(|window| window == from.as_bytes())
    {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        found += 1;
    }
    assert!(found > 0, "{from}");
}

#[test]
fn datasets_in_chunks_are_refused_by_name() {
    let mut bytes = file("weights.h5");
    // The message of a layout: its kind and size, flags, then version 3 and the class of one piece.
    let layout = [8, 0, 24, 0];
    let is_layout = |window: &[u8]| window.starts_with(&layout) && window[8..] == [3, 1];
    let at = bytes.windows(10).position(is_layout).unwrap();
    bytes[at + 9] = 2;
    let message = import(&bytes).unwrap_err().to_string();
    assert!(
        message.contains("has chunks") && message.contains("model_weights/"),
        "{message}"
    );
}

#[test]
fn damaged_files_never_panic_and_take_little_memory() {
    let whole = file("weights.h5");
    let mut rng = SeededRng::new(3);
    for length in [0, 8, 9, 64, 95, 96, 136, 700, 2000, 9000, whole.len() - 1] {
        assert!(import(&whole[..length]).is_err(), "{length} bytes");
    }
    // Structures stand between the numbers of small layers: damage there, one byte at a time.
    for _ in 0..120 {
        let mut damaged = whole.clone();
        let at = rng.below(9000);
        damaged[at] ^= 1 << rng.below(8);
        let info = allocation_counter::measure(|| {
            let _ = import(&damaged);
        });
        assert!(
            info.bytes_max < 12 * whole.len() as u64,
            "byte {at}: {}",
            info.bytes_max
        );
    }
    for _ in 0..20 {
        let _ = import(&mutate(&whole, &mut rng));
    }
}

#[test]
fn groups_in_a_circle_come_to_an_end() {
    let mut bytes = file("weights.h5");
    // The only member of the root becomes the root itself.
    let node = bytes
        .windows(4)
        .position(|window| window == b"SNOD")
        .unwrap();
    let root: [u8; 8] = 96_u64.to_le_bytes();
    let header = node + 8 + 8;
    bytes[header..header + 8].copy_from_slice(&root);
    let message = import(&bytes).unwrap_err().to_string();
    assert!(message.contains("damaged"), "{message}");
}
