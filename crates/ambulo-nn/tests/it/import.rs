//! Checkpoints of PyTorch, whole, wrapped, hostile and damaged.

use std::fs;

use ambulo_nn::config::NetworkConfig;
use ambulo_nn::import::{Checkpoint, ImportError};
use ambulo_nn::tensors::{Storage, Tensor, Tensors};
use ambulo_nn::weights::{Weights, WeightsError, WeightsInfo, sha256, shipped};
use ambulo_testkit::{SeededRng, mutate, repository_root};

const MIXSTE: &str = r#"{"model":"mixste","frames":9,"joints":3,"dim":4,"depth":1,"heads":2}"#;

fn fixture(name: &str) -> Vec<u8> {
    fs::read(repository_root().join("testdata/checkpoints").join(name)).unwrap()
}

fn mixste() -> NetworkConfig {
    NetworkConfig::from_json(MIXSTE.as_bytes()).unwrap()
}

fn import(bytes: &[u8], config: &NetworkConfig) -> Result<Weights, ImportError> {
    let imported = Checkpoint::from_bytes(bytes)?.import(config, WeightsInfo::default())?;
    Ok(imported.weights)
}

/// The numbers that the fixtures were made of, written by NumPy.
fn expected() -> Tensors {
    let bytes = fixture("mixste-expected.npz");
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(&bytes[..])).unwrap();
    let mut tensors = Tensors::new();
    for expected in mixste().tensor_shapes() {
        let mut member = archive.by_name(&format!("{}.npy", expected.name)).unwrap();
        let mut npy = Vec::new();
        std::io::Read::read_to_end(&mut member, &mut npy).unwrap();
        let data = &npy[npy.len() - 4 * expected.len()..];
        let values = data
            .as_chunks::<4>()
            .0
            .iter()
            .map(|&bytes| f32::from_le_bytes(bytes))
            .collect();
        let mut tensor = Tensor::new(expected.shape.clone(), values).unwrap();
        let header = String::from_utf8_lossy(&npy[..128.min(npy.len())]).into_owned();
        if header.contains("'fortran_order': True") {
            let [rows, columns] = expected.shape[..] else {
                panic!("{header}")
            };
            let stored = tensor.data().to_vec();
            for row in 0..rows {
                for column in 0..columns {
                    tensor.data_mut()[row * columns + column] = stored[column * rows + row];
                }
            }
        }
        tensors.insert(expected.name, tensor);
    }
    tensors
}

#[test]
fn checkpoints_of_every_layout_give_the_same_numbers() {
    let expected = expected();
    for name in ["mixste.pth", "mixste-torch16.pth", "mixste-training.bin"] {
        let weights = import(&fixture(name), &mixste()).unwrap();
        assert_eq!(*weights.tensors(), expected, "{name}");
    }
    let halves = import(&fixture("mixste-f16.pt"), &mixste()).unwrap();
    for (name, half) in halves.tensors().iter() {
        let full = expected.require(name).unwrap();
        for (a, b) in half.data().iter().zip(full.data()) {
            assert!((a - b).abs() <= b.abs() * 0.0005 + 1e-7, "{name}: {a} {b}");
        }
    }
}

#[test]
fn joined_projections_are_split_for_rtpca() {
    let json = MIXSTE
        .replace("mixste", "rtpca")
        .replace('}', r#","tpca":false,"xlr":true}"#);
    let config = NetworkConfig::from_json(json.as_bytes()).unwrap();
    let split = import(&fixture("mixste.pth"), &config).unwrap();
    let joined = expected();
    let all = joined
        .require("TTEblocks.0.attn.qkv.weight")
        .unwrap()
        .data();
    let q = split
        .tensors()
        .require("TTEblocks.0.attn.q.weight")
        .unwrap();
    let kv = split
        .tensors()
        .require("TTEblocks.0.attn.kv.weight")
        .unwrap();
    assert_eq!((q.shape(), kv.shape()), (&[4, 4][..], &[8, 4][..]));
    assert_eq!([q.data(), kv.data()].concat(), all);
    let with_pyramid = json.replace("\"tpca\":false", "\"tpca\":true");
    let config = NetworkConfig::from_json(with_pyramid.as_bytes()).unwrap();
    let message = import(&fixture("mixste.pth"), &config)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("TTEblocks.0.attn.norm1.bias (expected [4], found none)"),
        "{message}"
    );
}

#[test]
fn misfits_are_named_ten_at_a_time_with_both_shapes() {
    let json = MIXSTE.replace("\"dim\":4", "\"dim\":6");
    let config = NetworkConfig::from_json(json.as_bytes()).unwrap();
    let error = import(&fixture("mixste.pth"), &config).unwrap_err();
    let message = error.to_string();
    let ImportError::Misfit(misfit) = error else {
        panic!("{message}")
    };
    assert!(misfit.tensors.len() > 10);
    for tensor in &misfit.tensors[..10] {
        assert!(
            message.contains(&tensor.name),
            "{} is not in {message}",
            tensor.name
        );
    }
    assert!(
        !message.contains(&format!(" {} ", misfit.tensors[10].name)),
        "{message}"
    );
    assert!(message.contains("(expected [6], found [4])"), "{message}");
    let one_less = MIXSTE.replace("\"joints\":3", "\"joints\":2");
    let config = NetworkConfig::from_json(one_less.as_bytes()).unwrap();
    let message = import(&fixture("mixste.pth"), &config)
        .unwrap_err()
        .to_string();
    let only = "1 tensor does not fit the network: Spatial_pos_embed (expected [1, 2, 4], found [1, 3, 4])";
    assert_eq!(message, only);
}

#[test]
fn a_tensor_too_many_or_too_few_is_refused() {
    let mut tensors = expected();
    tensors.insert("extra", Tensor::zeros([2]));
    tensors.remove("head.1.bias");
    let bytes = tensors.to_safetensors(&[].into(), Storage::F32).unwrap();
    let message = import(&bytes, &mixste()).unwrap_err().to_string();
    assert!(
        message.contains("extra (expected none, found [2])"),
        "{message}"
    );
    assert!(
        message.contains("head.1.bias (expected [3], found none)"),
        "{message}"
    );
    let mut tensors = expected();
    tensors.insert("module.head.1.bias", Tensor::zeros([3]));
    let bytes = tensors.to_safetensors(&[].into(), Storage::F32).unwrap();
    assert!(matches!(
        import(&bytes, &mixste()),
        Err(ImportError::Twice { .. })
    ));
}

#[test]
fn hostile_and_legacy_checkpoints_are_refused_with_a_reason() {
    let message = import(&fixture("hostile.pth"), &mixste())
        .unwrap_err()
        .to_string();
    assert!(message.contains("system"), "{message}");
    let message = import(&fixture("legacy.pth"), &mixste())
        .unwrap_err()
        .to_string();
    assert!(message.contains("torch.save(torch.load("), "{message}");
    assert!(matches!(
        import(b"no checkpoint", &mixste()),
        Err(ImportError::Format)
    ));
    assert!(matches!(import(b"", &mixste()), Err(ImportError::Format)));
}

#[test]
fn weights_survive_their_file_and_keep_what_is_known_of_them() {
    let info = WeightsInfo {
        id: "tiny".to_owned(),
        version: "1".to_owned(),
        notes: [("seed".to_owned(), "11".to_owned())].into(),
    };
    let weights = Weights::new(mixste(), expected(), info).unwrap();
    let bytes = weights.to_bytes(Storage::F32).unwrap();
    let again = Weights::from_bytes(&bytes).unwrap();
    assert_eq!(
        (again.config(), again.info()),
        (weights.config(), weights.info())
    );
    assert_eq!(again.tensors(), weights.tensors());
    assert_eq!(again.sha256(), Some(sha256(&bytes).as_str()));
    assert!(Weights::from_bytes_checked(&bytes, &sha256(&bytes)).is_ok());
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let error = Weights::from_bytes_checked(&damaged, &sha256(&bytes)).unwrap_err();
    assert!(matches!(error, WeightsError::Sha256 { .. }), "{error}");
    assert!(weights.to_bytes(Storage::F16).unwrap().len() < bytes.len());
    let bare = expected().to_safetensors(&[].into(), Storage::F32).unwrap();
    let error = Weights::from_bytes(&bare).unwrap_err();
    assert!(matches!(error, WeightsError::NoConfig), "{error}");
}

#[test]
fn a_number_that_is_not_finite_is_refused() {
    let mut tensors = expected();
    let mut bias = tensors.remove("head.1.bias").unwrap();
    bias.data_mut()[2] = f32::NAN;
    tensors.insert("head.1.bias", bias);
    let error = Weights::new(mixste(), tensors, WeightsInfo::default()).unwrap_err();
    let WeightsError::NotFinite { name, place } = error else {
        panic!("{error}")
    };
    assert_eq!((name.as_str(), place), ("head.1.bias", 2));
    let mut tensors = expected();
    tensors.insert(
        "head.1.bias",
        Tensor::new([3], vec![0.0, 7e4, 0.0]).unwrap(),
    );
    let weights = Weights::new(mixste(), tensors, WeightsInfo::default()).unwrap();
    assert!(weights.to_bytes(Storage::F32).is_ok());
    assert!(matches!(
        weights.to_bytes(Storage::F16),
        Err(WeightsError::NotFinite { .. })
    ));
}

#[test]
fn the_weights_that_ship_are_those_of_the_table() {
    let mut files = Vec::new();
    if let Ok(folder) = fs::read_dir(repository_root().join("weights")) {
        for file in folder {
            let path = file.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "safetensors")
            {
                files.push(path.file_stem().unwrap().to_str().unwrap().to_owned());
                assert!(path.with_extension("md").is_file(), "{path:?} has no card");
            }
        }
    }
    files.sort();
    let mut listed: Vec<_> = shipped().iter().map(|row| row.id.to_owned()).collect();
    listed.sort();
    assert_eq!(files, listed);
    for row in shipped() {
        assert_eq!(row.load().unwrap().info().id, row.id);
    }
}

#[test]
fn damaged_checkpoints_and_weights_never_panic() {
    let mut rng = SeededRng::new(43);
    let config = mixste();
    let weights = Weights::new(config.clone(), expected(), WeightsInfo::default()).unwrap();
    let files = [
        fixture("mixste-torch16.pth"),
        fixture("mixste-training.bin"),
        weights.to_bytes(Storage::F32).unwrap(),
    ];
    for original in &files {
        for _ in 0..700 {
            let damaged = mutate(original, &mut rng);
            let _ = import(&damaged, &config);
            let _ = Weights::from_bytes(&damaged);
        }
    }
}
